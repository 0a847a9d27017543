/* SPDX-License-Identifier: Apache-2.0 */
/* vlat measure: every system under test once, and every way to ask for the impossible. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fs.h"
#include "base/text.h"
#include "e2e.h"
#include "program.h"

#define IS_MISSING 127

static double number(const json_t *cell, const char *object, const char *member)
{
	const json_t *x = object[0] ? json_object_get(cell, object) : cell;

	x = json_object_get(x, member);
	if (!json_is_number(x))
		printf("# no number %s.%s\n", object, member);
	check(json_is_number(x));
	return json_number_value(x);
}

static const char *word(const json_t *cell, const char *object, const char *member)
{
	const json_t *x = object[0] ? json_object_get(cell, object) : cell;
	const char *s = json_string_value(json_object_get(x, member));

	if (!s)
		printf("# no text %s.%s\n", object, member);
	check(s);
	return s;
}

/* The numbers a result of times holds, and their order among themselves. */
static void check_times(const json_t *cell, const char *object)
{
	static const char *const rising[] = { "min_ns", "p50_ns", "p90_ns", "p99_ns", "p999_ns", "p9999_ns", "max_ns" };

	check(number(cell, object, "count") > 0);
	check(number(cell, object, "stddev_ns") >= 0);
	check(number(cell, object, "mean_ns") >= number(cell, object, "min_ns"));
	for (size_t i = 1; i < ARRAY_SIZE(rising); i++)
		check(number(cell, object, rising[i]) >= number(cell, object, rising[i - 1]));
}

static void check_cell(const json_t *cell, const char *sut, const char *workload)
{
	check(number(cell, "", "format") == 2);
	check(text_eq(word(cell, "", "sut"), sut));
	check(text_eq(word(cell, "", "workload"), workload));
	check(text_eq(word(cell, "", "arm"), "main"));
	check(json_is_null(json_object_get(cell, "error")));
	check(number(cell, "client", "cpu_s") >= 0);
	check(text_eq(word(cell, "platform", "accelerator"), "none") == !text_eq(sut, "vm"));
	check(word(cell, "platform", "clocksource")[0]);
	check(number(cell, "platform", "steal_percent") >= 0);
	check(json_is_boolean(json_object_get(json_object_get(cell, "platform"), "disturbed")));
}

/* Skips what this machine has not, saying so; everything else must work. */
static json_t *measure_ok(const char *const *words)
{
	struct said s = vlat(words);
	json_t *cell;

	if (s.end.code == 1 && (strstr(s.err, "is installed") || strstr(s.err, "apt-get install"))) {
		printf("not tested: %s", s.err);
		said_free(&s);
		return NULL;
	}
	check(said_exit(&s, 0));
	cell = said_json(&s);
	said_free(&s);
	return cell;
}
#define MEASURE(...) measure_ok((const char *const[]){ "measure", __VA_ARGS__, "--json", "--duration", "0.5", NULL })

static void test_wakeup_needs_no_rights(void)
{
	static const char *const words[] = { "measure", "wakeup", "--duration", "300ms", "--json", NULL };
	struct said s = vlat_as_nobody(words);
	json_t *cell;

	if (s.end.code == IS_MISSING) {
		printf("not tested: nobody cannot run the vlat under test: %s", s.err);
		said_free(&s);
		return;
	}
	check(said_exit(&s, 0));
	cell = said_json(&s);
	check_cell(cell, "native", "wakeup");
	check_times(cell, "response");
	json_decref(cell);
	said_free(&s);
}

static void test_other_workloads_say_why_they_need_root(void)
{
	static const char *const words[] = { "measure", "tcp-rr", NULL };
	struct said s = vlat_as_nobody(words);

	if (s.end.code != IS_MISSING) {
		check(said_exit(&s, 3));
		check(said_has(&s, "network namespaces"));
		check(said_has(&s, "vlat measure wakeup"));
	}
	said_free(&s);
}

static void test_tuning_needs_root(void)
{
	static const char *const words[] = { "measure", "wakeup", "--tuning", "vlat", NULL };
	struct said s = vlat_as_nobody(words);

	if (s.end.code != IS_MISSING) {
		check(said_exit(&s, 3));
		check(said_has(&s, "tuning vlat needs root"));
	}
	said_free(&s);
}

static void test_every_sut(void)
{
	static const char *const suts[] = { "native", "container", "vm" };

	for (size_t i = 0; i < ARRAY_SIZE(suts); i++) {
		json_t *cell = MEASURE("tcp-rr", "--sut", suts[i]);

		if (!cell)
			continue;
		check_cell(cell, suts[i], "tcp-rr");
		check_times(cell, "response");
		check(number(cell, "", "transactions_per_s") > 0);
		check(number(cell, "", "lost") == 0);
		check(text_eq(word(cell, "client", "policy"), "fifo")); /* the peer is an instrument, also in stock arms */
		check(text_eq(word(cell, "server", "policy"), "other"));
		json_decref(cell);
	}
}

static void test_stream_and_open_loop(void)
{
	json_t *cell = MEASURE("tcp-stream", "--direction", "both");

	check_cell(cell, "native", "tcp-stream");
	check(!json_object_get(cell, "response"));
	check(number(cell, "throughput", "p50_bps") >= 0);
	check(number(cell, "throughput", "up_bps") > 0);
	check(number(cell, "throughput", "down_bps") > 0);
	json_decref(cell);
	cell = MEASURE("udp-rr", "--rate", "400");
	check_times(cell, "response");
	check_times(cell, "service");
	json_decref(cell);
}

static void test_text(void)
{
	struct said s = VLAT("measure", "wakeup", "--duration", "200ms");

	check(said_exit(&s, 0));
	check(said_has(&s, "p99.9"));
	check(said_has(&s, "response time"));
	check(said_has(&s, "clocksource"));
	said_free(&s);
}

static void test_bad_input(void)
{
	static const struct {
		const char *words[8];
		const char *says;
	} cases[] = {
		{ { "measure" }, "WORKLOAD" },
		{ { "measure", "tcp-r" }, "tcp-rr" },
		{ { "measure", "tcp-rr", "--sut", "contaner" }, "container" },
		{ { "measure", "tcp-rr", "--tuning", "fast" }, "stock" },
		{ { "measure", "tcp-rr", "--interference", "heavy" }, "busy" },
		{ { "measure", "tcp-rr", "--duration", "-1" }, "--duration" },
		{ { "measure", "tcp-rr", "--duration", "0" }, "--duration" },
		{ { "measure", "tcp-rr", "--duration", "900h" }, "--duration" },
		{ { "measure", "tcp-rr", "--rate", "-5" }, "rate" },
		{ { "measure", "tcp-stream", "--rate", "100" }, "rate" },
		{ { "measure", "tcp-rr", "--request-bytes", "9000000000" }, "request-bytes" },
		{ { "measure", "wakeup", "--interval", "0" }, "interval" },
		{ { "measure", "tcp-rr", "--vcpus", "0" }, "vcpus" },
		{ { "measure", "tcp-rr", "--datapath", "bridg" }, "bridge" },
		{ { "measure", "tcp-rr", "--datapath", "macvlan" }, "native" },
		{ { "measure", "tcp-rr", "--sut", "vm", "--datapath", "e1000e,speed=fast" }, "speed" },
		{ { "measure", "wakeup", "--datapath", "host" }, "--datapath" },
		{ { "measure", "tcp-rr", "--pages", "2m" }, "--sut vm" },
		{ { "measure", "tcp-rr", "--sut", "vm", "--pages", "3m" }, "2m" },
		{ { "measure", "tcp-rr", "--sut", "vm", "--guest-kernel", "real" }, "standard" },
		{ { "measure", "tcp-rr", "--turbo" }, "--turbo" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct said s = vlat(cases[i].words);

		check(said_exit(&s, 2));
		check(said_has(&s, cases[i].says));
		said_free(&s);
	}
}

/* A kernel that is none: reported with its name, nothing left running. */
static void test_bad_kernel(void)
{
	struct said s = VLAT("measure", "tcp-rr", "--sut", "vm", "--kernel", "/etc/hostname", "--offline", "--duration", "0.2");

	check(said_exit(&s, 1));
	check(said_has(&s, "/etc/hostname"));
	said_free(&s);
}

/* The pid of a process whose comm is the given one and that is of this run; 0 = none. */
static pid_t find_marked(const char *comm, const char *run)
{
	AUTO_FREE char *mark = xprintf("VLAT_RUN=%s", run);
	struct fs fs;
	struct fs_names names = { 0 };
	struct err e = { 0 };
	pid_t found = 0;

	must(fs_open_root(&fs, "/proc", &e));
	fs_list(&fs, ".", &names);
	for (size_t i = 0; i < names.n && !found; i++) {
		char is[64] = "", path[300];
		char *env = NULL;
		size_t len = 0;

		fs_readf(&fs, is, sizeof(is), "%s/comm", names.at[i]);
		(void) text_print(path, sizeof(path), "%s/environ", names.at[i]);
		if (text_eq(is, comm) && fs_read_all(&fs, path, 1 << 20, &env, &len) == 0 && memmem(env, len, mark, strlen(mark)))
			found = (pid_t) atol(names.at[i]);
		free(env);
	}
	fs_list_free(&names);
	fs_close(&fs);
	return found;
}

/* An agent that is killed in the middle: a sentence at once, exit 1, and a clean machine. */
static void test_agent_killed(void)
{
	static const char *const words[] = { "measure", "tcp-rr", "--duration", "300", NULL };
	struct snapshot before;
	struct child_end end;
	struct child child;
	char output[64], run[16];
	struct said s = { 0 };
	struct err e = { 0 };
	pid_t agent = 0;
	size_t n;

	(void) text_print(output, sizeof(output), "%s/said", getenv("VLAT_STATE"));
	snapshot_take(&before, NULL);
	child = vlat_start(words, output);
	for (int i = 0; i < 3000 && !agent; i++) {
		clock_sleep_ns(20 * NS_PER_MS);
		if (runs_left() == 0)
			continue;
		run_now(run);
		agent = find_marked("vlat-agent", run);
	}
	check(agent);
	kill(agent, SIGKILL);
	check(child_wait(&child, clock_ns() + 180 * NS_PER_S, &end) == 0);
	must(file_read_all(output, 1 << 20, &s.err, &n, &e));
	s.out = strdup("");
	s.end = end;
	check(said_exit(&s, 1));
	check(said_has(&s, "agent"));
	check(said_has(&s, "SIGKILL"));
	said_free(&s);
	unlink(output);
	e2e_clean(&before, run);
	check(runs_left() == 0);
	snapshot_free(&before);
}

int main(int argc, char **argv)
{
	if (argc < 2)
		e2e_skip("usage: measure VLAT");
	program_is(argv[1]);
	test_bad_input();
	e2e_begin("measure");
	e2e_alone();
	test_wakeup_needs_no_rights();
	test_other_workloads_say_why_they_need_root();
	test_tuning_needs_root();
	test_every_sut();
	test_stream_and_open_loop();
	test_text();
	test_bad_kernel();
	test_agent_killed();
	e2e_end();
	return 0;
}
