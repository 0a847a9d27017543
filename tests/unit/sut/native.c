/* SPDX-License-Identifier: Apache-2.0 */
/* The real agent as a native SUT without a peer: needs no rights, makes nothing that has to be undone. */
#include <errno.h>
#include <limits.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/text.h"
#include "net/datapath.h"
#include "sut/sut.h"

static char agent[PATH_MAX];

/* tests/unit/unit-sut-native and src/agent/vlat-agent of one build tree. */
static bool find_agent(void)
{
	char self[PATH_MAX] = "";
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (n <= 0 || !strrchr(self, '/'))
		return false;
	*strrchr(self, '/') = '\0';
	return !text_print(agent, sizeof(agent), "%s/../../src/agent/vlat-agent", self) && access(agent, X_OK) == 0;
}

static const struct sut_spec native = { .system = { .kind = SUT_NATIVE } };

static struct job quick_job(const char *workload)
{
	struct job job = JOB_INIT;

	job.workload = workload_find(workload);
	job.duration_s = 0.05;
	job.warmup_s = 0;
	job.interval_us = 500;
	return job;
}

static struct sut *start(struct sut_kit **kit)
{
	const struct sut_wish wish = { .agent = agent };
	struct sut *s = NULL;
	struct err err = { 0 };

	if (sut_kit_open(kit, &wish, NULL, &err) < 0 || sut_start(&s, *kit, &native, &err) < 0)
		fail_msg("%s", err.text);
	return s;
}

static void test_measure_twice(void **state)
{
	struct job job = quick_job("wakeup");
	struct sut_kit *kit = NULL;
	struct sut *s = start(&kit);
	struct err err = { 0 };
	json_t *facts;

	(void) state;
	for (int i = 0; i < 2; i++) {
		struct measurement m = { 0 };

		(void) text_print(job.id, sizeof(job.id), "%d", i);
		if (sut_measure(s, &job, NULL, &m, &err) < 0)
			fail_msg("%s", err.text);
		assert_string_equal(json_string_value(json_object_get(m.client, "id")), job.id);
		assert_true(json_integer_value(json_object_get(m.client, "transactions")) > 0);
		assert_null(m.server);
		measurement_free(&m);
	}
	facts = sut_facts(s);
	assert_string_equal(json_string_value(json_object_get(facts, "accelerator")), "none");
	json_decref(facts);
	sut_stop(s, false);
	sut_kit_close(kit);
}

static void test_what_was_not_started_is_not_measured(void **state)
{
	struct job job = quick_job("tcp-rr");
	struct measurement m = { 0 };
	struct sut_kit *kit = NULL;
	struct sut *s = start(&kit);
	struct err err = { 0 };

	(void) state;
	assert_int_equal(sut_measure(s, &job, NULL, &m, &err), -EINVAL);
	assert_non_null(strstr(err.text, "needs a peer"));
	assert_true(sut_usable(s));
	sut_stop(s, false);
	sut_kit_close(kit);
}

static void test_death(void **state)
{
	struct job job = quick_job("wakeup");
	struct measurement m = { 0 };
	struct sut_kit *kit = NULL;
	struct sut *s = start(&kit);
	struct err err = { 0 };
	pid_t *tids = NULL;
	size_t n = 0;

	(void) state;
	assert_int_equal(sut_host_tids(s, &tids, &n, &err), 0);
	assert_true(n >= 1);
	kill(tids[0], SIGKILL);
	free(tids);
	job.duration_s = 60; /* only the death can end it */
	assert_int_equal(sut_measure(s, &job, NULL, &m, &err), -EPIPE);
	assert_non_null(strstr(err.text, "the agent on the host"));
	assert_non_null(strstr(err.text, "SIGKILL"));
	assert_false(sut_usable(s));
	assert_int_equal(sut_measure(s, &job, NULL, &m, &err), -EPIPE);
	sut_stop(s, false);
	sut_kit_close(kit);
}

static void test_names(void **state)
{
	enum sut_kind kind = SUT_KINDS;
	struct err err = { 0 };

	(void) state;
	for (unsigned i = 0; i < SUT_KINDS; i++) {
		assert_int_equal(sut_parse(sut_kind_name((enum sut_kind) i), &kind, &err), 0);
		assert_int_equal(kind, i);
		assert_true(sut_cure(&(struct sut_system){ .kind = kind }, PART_SUT)[0] && sut_brief(kind)[0]);
	}
	assert_int_equal(sut_parse("contaner", &kind, &err), -EINVAL);
	assert_non_null(strstr(err.text, "did you mean 'container'"));
	assert_int_equal(sut_datapath_check(SUT_VM, "bridge", &err), 0);
	assert_int_equal(sut_datapath_check(SUT_VM, "bride", &err), -EINVAL);
	assert_non_null(strstr(err.text, "bridge"));
	assert_int_equal(sut_datapath_check(SUT_VM, "macvlan", &err), -EINVAL);
}

/* The list that options show is net's table. */
static void test_datapaths_are_those_of_net(void **state)
{
	size_t n = 0;
	const char *const *names = sut_datapath_names(&n);

	(void) state;
	assert_int_equal(n, DATAPATHS);
	for (size_t i = 0; i < n; i++) {
		struct sut_system s = { .kind = SUT_CONTAINER, .datapath = names[i] };

		assert_string_equal(names[i], datapath_row((enum datapath_kind) i)->name);
		assert_string_equal(sut_datapath(&s), names[i]);
		assert_int_equal(sut_has_datapath(s.kind, names[i]), datapath_row((enum datapath_kind) i)->suts >> WIRE_CONTAINER & 1);
	}
	assert_string_equal(sut_datapath(&(struct sut_system){ .datapath = "macvtap,dev=eth1" }), "macvtap");
	assert_string_equal(sut_datapath(&(struct sut_system){ .datapath = NULL }), "bridge");
}

static void test_levels(void **state)
{
	enum guest_kernel kernel = GUEST_STANDARD;
	enum guest_pages pages = PAGES_TUNING;
	const struct sut_system bare = { .kind = SUT_NATIVE }, vm = { .kind = SUT_VM, .kernel = GUEST_RT, .pages = PAGES_1G };
	const struct sut_system emulated = { .kind = SUT_VM, .datapath = "e1000e" }, given = { .kind = SUT_VM, .datapath = "vf" };
	struct err err = { 0 };

	(void) state;
	assert_int_equal(guest_kernel_parse("rt", &kernel, &err), 0);
	assert_int_equal(kernel, GUEST_RT);
	assert_int_equal(guest_kernel_parse("standart", &kernel, &err), -EINVAL);
	assert_non_null(strstr(err.text, "did you mean 'standard'?"));
	assert_int_equal(guest_pages_parse("2m", &pages, &err), 0);
	assert_int_equal(pages, PAGES_2M);
	assert_int_equal(guest_pages_parse("2M", &pages, &err), -EINVAL);
	assert_string_equal(sut_guest_kernel(&bare), ""); /* has none */
	assert_string_equal(sut_guest_kernel(&vm), "rt");
	assert_string_equal(sut_guest_pages(&vm), "1g");
	assert_true(sut_wants_drivers(&emulated) && sut_wants_drivers(&given) && !sut_wants_drivers(&vm));
}

static void test_missing_agent_is_named(void **state)
{
	const struct sut_wish wish = { .agent = "/no/such/agent" };
	enum sut_part part = PART_PAGES;
	struct sut_kit *kit = NULL;
	struct err err = { 0 };

	(void) state;
	assert_int_equal(sut_available(&native.system, &wish, false, &part, &err), -ENOENT);
	assert_int_equal(part, PART_SUT);
	assert_non_null(strstr(err.text, "/no/such/agent"));
	assert_int_equal(sut_kit_open(&kit, &wish, NULL, &err), -ENOENT);
	assert_null(kit);
}

int main(void)
{
	const struct CMUnitTest names[] = { cmocka_unit_test(test_names), cmocka_unit_test(test_datapaths_are_those_of_net),
					    cmocka_unit_test(test_levels), cmocka_unit_test(test_missing_agent_is_named) };
	const struct CMUnitTest runs[] = {
		cmocka_unit_test(test_measure_twice),
		cmocka_unit_test(test_what_was_not_started_is_not_measured),
		cmocka_unit_test(test_death),
	};
	int failed;

	signal(SIGPIPE, SIG_IGN); /* as vlat does (stop_install): a dead agent is an error, not a death */
	failed = cmocka_run_group_tests(names, NULL, NULL);
	if (!find_agent()) {
		printf("not tested: a running SUT, since this build has no vlat-agent at %s\n", agent);
		return failed;
	}
	return failed + cmocka_run_group_tests(runs, NULL, NULL);
}
