/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fake_agent - the other end of an agent_client: a thread that answers as a
 * test wants.  Each order that arrives is looked up in a list of replies;
 * a reply may be a frame, raw bytes, silence, or the end of the stream.
 */
#ifndef TESTS_SUT_FAKE_AGENT_H
#define TESTS_SUT_FAKE_AGENT_H

#include <jansson.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"
#include "sut/agent_client.h"

struct reply {
	const char *to;         /* type of the order it answers; NULL = said at once, unasked */
	const char *json;       /* a frame; NULL = nothing */
	const char *raw;        /* bytes that are no frame */
	bool hang_up;
};

struct fake_agent {
	const struct reply *replies;
	size_t n;
	int fd;                 /* its end */
	int client_fd;          /* vlat's end */
	json_t *orders;         /* array of every frame it got */
	pthread_t thread;
};

static inline bool fake_answer(struct fake_agent *f, const char *order)
{
	struct err err = { 0 };

	for (size_t i = 0; i < f->n; i++) {
		const struct reply *r = &f->replies[i];

		if (!(order ? r->to && text_eq(r->to, order) : !r->to))
			continue;
		if (r->json) {
			json_t *frame = json_loads(r->json, 0, NULL);

			if (!frame || frame_send(f->fd, frame, clock_ns() + NS_PER_S, &err) < 0)
				abort(); /* a test with a typing error */
			json_decref(frame);
		}
		if (r->raw && write(f->fd, r->raw, strlen(r->raw)) < 0)
			abort();
		if (r->hang_up)
			return false;
	}
	return true;
}

static inline void *fake_main(void *arg)
{
	struct fake_agent *f = arg;
	struct frame_reader reader = { .max = FRAME_MAX };
	struct err err = { 0 };
	json_t *order;

	bool on = fake_answer(f, NULL);

	while (on && frame_receive(&reader, f->fd, clock_ns() + 20 * NS_PER_S, &order, &err) > 0) {
		json_array_append_new(f->orders, order);
		on = fake_answer(f, frame_type(order)) && !text_eq(frame_type(order), "bye");
	}
	shutdown(f->fd, SHUT_RDWR);
	frame_reader_free(&reader);
	return NULL;
}

static inline void fake_start(struct fake_agent *f, const struct reply *replies, size_t n)
{
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
		abort();
	*f = (struct fake_agent){ .replies = replies, .n = n, .fd = ends[0], .client_fd = ends[1], .orders = json_array() };
	if (pthread_create(&f->thread, NULL, fake_main, f) != 0)
		abort();
}

/* Ends its stream and waits for the thread; f->orders stays for the test to read. */
static inline void fake_join(struct fake_agent *f)
{
	shutdown(f->client_fd, SHUT_RDWR);
	pthread_join(f->thread, NULL);
	close(f->client_fd);
	close(f->fd);
}

static inline void fake_free(struct fake_agent *f)
{
	json_decref(f->orders);
}

/* The n-th order of a type that it got, or NULL. */
static inline json_t *fake_order(const struct fake_agent *f, const char *type, size_t nth)
{
	json_t *order;
	size_t i;

	json_array_foreach(f->orders, i, order)
		if (text_eq(frame_type(order), type) && nth-- == 0)
			return order;
	return NULL;
}

#define HELLO_JSON                                                                                                             \
	"{\"type\":\"hello\",\"protocol\":1,\"version\":\"0.1.0\",\"pid\":7,\"kernel\":\"6.1.0\",\"ncpus\":2,"                  \
	"\"clocksource\":\"tsc\",\"workloads\":[\"tcp-rr\"]}"

#endif
