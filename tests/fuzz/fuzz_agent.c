/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an agent says, and a guest may hold any agent: each line of the input is
 * one frame of its stream.  Whatever becomes a cell can be read back.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/vec.h"
#include "record/record.h"
#include "study/cell.h"
#include "sut/agent_client.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MOST_BYTES (64u << 10) /* fits into the socket, so that one thread can be both ends */

static void say_lines(int fd, const char *at, size_t left)
{
	while (left) {
		const char *end = memchr(at, '\n', left);
		size_t n = end ? (size_t) (end - at) : left;
		const unsigned char head[4] = { (unsigned char) (n >> 24), (unsigned char) (n >> 16), (unsigned char) (n >> 8),
						(unsigned char) n };

		if (send(fd, head, sizeof(head), MSG_DONTWAIT | MSG_NOSIGNAL) != sizeof(head) ||
		    send(fd, at, n, MSG_DONTWAIT | MSG_NOSIGNAL) != (ssize_t) n)
			return;
		at += n + (end != NULL);
		left -= n + (end != NULL);
	}
}

static void try_cell(json_t *frame)
{
	static const struct tuning_host host;
	static const struct sut_system vm = { .kind = SUT_VM };
	const struct cell_label label = {
		.id = 1, .block = 1, .group = 1, .system = &vm, .tuning = "stock", .interference = "idle",
		.workload = "tcp-rr", .arm = "main", .duration_s = 1,
	};
	struct launch_result got = {
		.records = { .client = json_incref(frame), .server = json_incref(frame) },
		.facts = json_pack("{s:s}", "guest_clocksource", "tsc"),
		.plan = json_null(),
	};
	struct record_cell cell = { 0 };
	struct err err = { 0 };
	json_t *json = NULL;

	if (cell_make(&label, &got, &host, &json, &err) == 0) {
		if (record_cell_parse(&cell, json, "cell", &err) < 0)
			abort();
		record_cell_clear(&cell);
		json_decref(json);
	}
	launch_result_free(&got);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct agent *agent;
	struct err err = { 0 };
	json_t *frame = NULL;
	int ends[2];

	if (size > MOST_BYTES || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
		return 0;
	say_lines(ends[0], (const char *) data, size);
	shutdown(ends[0], SHUT_WR);
	agent = agent_open(&(struct agent_opts){ .who = "the fuzzer", .to = ends[1], .from = ends[1] });
	agent_hello(agent, clock_ns() + NS_PER_S, &err);
	while (agents_wait(&agent, 1, clock_ns() + NS_PER_S, &frame, &err) == 0) {
		agent_error(agent, frame, &err);
		try_cell(frame);
		json_decref(frame);
	}
	agent_close(agent);
	close(ends[0]);
	close(ends[1]);
	return 0;
}
