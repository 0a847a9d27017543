/* SPDX-License-Identifier: Apache-2.0 */
/* Plans for the machines of tests/hosts: what they say, and what options change. */
#include "tune/plan.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../golden/golden.h"
#include "../../hosts/tree.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "knob/own.h"

struct lab {
	char dir[64];
	struct fs fs;
	struct host_facts facts;
	struct cpu_split split;
};

static void lab_open(struct lab *lab, const char *host)
{
	struct err err = { 0 };

	unsetenv("VLAT_LEAVE_ALONE");
	tree_open(host, lab->dir, &lab->fs);
	if (host_facts_read(&lab->fs, &lab->facts, &err) < 0)
		fail_msg("%s", err.text);
	split_propose(&lab->facts.cpu, &lab->split);
}

static void lab_close(struct lab *lab)
{
	host_facts_free(&lab->facts);
	tree_close(lab->dir, &lab->fs);
}

static struct plan *make(struct lab *lab, const struct plan_options *o)
{
	struct plan *p = NULL;
	struct err err = { 0 };

	if (plan_make(&p, &lab->fs, &lab->facts, &lab->split, o, &err) < 0)
		fail_msg("%s", err.text);
	return p;
}

static void says(const char *host, const struct plan_options *o, const char *golden)
{
	struct sink out = { 0 };
	struct lab lab;
	struct plan *p;

	lab_open(&lab, host);
	p = make(&lab, o);
	plan_text(p, &out);
	golden_check(golden, out.text);
	sink_free(&out);
	plan_free(p);
	lab_close(&lab);
}

static void test_goldens(void **state)
{
	static const struct plan_options vm = { .vm_memory_mb = 256 }, all = { .allow_insecure = true, .vm_memory_mb = 4096 };

	(void) state;
	says("two-cpu-vm", &vm, "plan/two-cpu-vm.txt");
	says("server-v2", &all, "plan/server-v2.txt");
	says("rt-v2-old", NULL, "plan/rt-v2-old.txt");
	says("container", NULL, "plan/container.txt");
}

static const char *group_after(const json_t *steps, const char *end)
{
	const json_t *one;
	size_t i;

	json_array_foreach (steps, i, one)
		if (text_ends(json_string_value(json_object_get(one, "target")), end))
			return json_string_value(json_object_get(one, "after"));
	return "";
}

/* systemd switches a controller off that none of its units needs; it cannot while a group of vlat's passes it on. */
static void test_controller_stays_on(void **state)
{
	for (int systemd = 0; systemd < 2; systemd++) {
		AUTO_FREE char *run = NULL;
		struct err err = { 0 };
		struct plan *p;
		struct lab lab;
		json_t *steps;

		(void) state;
		lab_open(&lab, "rt-v2-old");
		run = xprintf("%s/run/systemd/system", lab.dir);
		if (systemd)
			assert_int_equal(dir_make_all(run, 0755, &err), 0);
		p = make(&lab, NULL);
		steps = plan_json(p);
		assert_non_null(strstr(group_after(steps, ".hk"), "cpuset.cpus "));
		assert_int_equal(strstr(group_after(steps, ".hk"), "cgroup.subtree_control +cpuset") != NULL, systemd);
		json_decref(steps);
		plan_free(p);
		lab_close(&lab);
	}
}

static void test_one_cpu(void **state)
{
	struct plan *p = NULL;
	struct err err = { 0 };
	struct lab lab;

	(void) state;
	lab_open(&lab, "one-cpu");
	assert_int_equal(plan_make(&p, &lab.fs, &lab.facts, &lab.split, NULL, &err), -EOPNOTSUPP);
	assert_non_null(strstr(err.text, "one CPU"));
	lab_close(&lab);
}

/* Every step of the JSON has what docs/results.md promises. */
static void test_json(void **state)
{
	static const char *const members[] = { "knob", "target", "before", "after", "state", "why", "cost" };
	struct lab lab;
	struct plan *p;
	json_t *steps, *one;
	size_t i;

	(void) state;
	lab_open(&lab, "server-v2");
	p = make(&lab, NULL);
	steps = plan_json(p);
	assert_true(json_array_size(steps) > 20);
	json_array_foreach (steps, i, one) {
		for (size_t m = 0; m < ARRAY_SIZE(members); m++)
			assert_true(json_is_string(json_object_get(one, members[m])));
		assert_true(json_is_false(json_object_get(one, "security")));
	}
	json_decref(steps);
	plan_free(p);
	lab_close(&lab);
}

static size_t count_knob(struct plan *p, const char *id, const char *state)
{
	json_t *steps = plan_json(p), *one;
	size_t i, n = 0;

	json_array_foreach (steps, i, one) {
		n += text_eq(json_string_value(json_object_get(one, "knob")), id) &&
		     (!state || text_eq(json_string_value(json_object_get(one, "state")), state));
	}
	json_decref(steps);
	return n;
}

static void test_choosing_knobs(void **state)
{
	static const char *const only[] = { "iso.stat_interval", "mem.ksm", NULL }, *const wrong[] = { "iso.stat_intervall",
												       NULL };
	struct plan_options just = { .only = only }, but = { .except = only }, bad = { .except = wrong };
	struct err err = { 0 };
	struct lab lab;
	struct plan *p;

	(void) state;
	lab_open(&lab, "two-cpu-vm");
	p = make(&lab, &just);
	assert_int_equal(plan_changes(p), 2);
	plan_free(p);
	p = make(&lab, &but);
	assert_int_equal(count_knob(p, "mem.ksm", NULL), 0);
	assert_true(count_knob(p, "mem.swap", NULL) > 0);
	plan_free(p);
	assert_int_equal(plan_make(&p, &lab.fs, &lab.facts, &lab.split, &bad, &err), -EINVAL);
	assert_non_null(strstr(err.text, "iso.stat_interval?"));
	lab_close(&lab);
}

/* A value of a profile's own stands in place of the table's, and the plan says whose it is. */
static void own_value_says(struct lab *lab, const char *name, const char *value, const char *wanted)
{
	AUTO_FREE char *id = xstrndup(name, strcspn(name, "/")), *text = xstrdup(value);
	const char *const only[] = { id, NULL };
	struct knob_own own;
	const struct plan_options o = { .only = only, .own = &own, .n_own = 1 };
	struct sink out = { 0 };
	struct err err = { 0 };
	struct plan *p;

	if (own_find(name, &own, &err) < 0 || own_check(&own, value, &err) < 0)
		fail_msg("%s", err.text);
	own.value = text;
	p = make(lab, &o);
	plan_text(p, &out);
	if (!strstr(out.text, wanted))
		fail_msg("%s: %s: not \"%s\" in: %s", name, value, wanted, out.text);
	sink_free(&out);
	plan_free(p);
}

/* Of rows, and of knobs that are worked out but take a value all the same. */
static void test_own_value(void **state)
{
	struct lab lab;

	(void) state;
	lab_open(&lab, "two-cpu-vm");
	tree_put(lab.dir, "dev/cpu_dma_latency", "");
	tree_put(lab.dir, "sys/devices/system/cpu/cpuidle/current_driver", "intel_idle\n");
	own_value_says(&lab, "mem.swap", "5", "swappiness: 60 -> 5 (a value of the profile's own)");
	own_value_says(&lab, "mem.dirty/dirty_ratio", "40", "dirty_ratio: 20 -> 40 (a value of the profile's own)");
	own_value_says(&lab, "mem.dirty/dirty_ratio", "40", "dirty_background_ratio: 10 -> 3\n");
	own_value_says(&lab, "mem.huge_2m", "77", "nr_hugepages: 0 -> 77 (a value of the profile's own)");
	own_value_says(&lab, "pwr.cpu_dma_latency", "20", "(us): no limit -> 20 (a value of the profile's own)");
	own_value_says(&lab, "mem.swap", "60", "As wanted already\n  mem.swap"); /* equal: no step */
	tree_put(lab.dir, "proc/sys/vm/dirty_bytes", "4096\n");
	own_value_says(&lab, "mem.dirty/dirty_ratio", "40", "this host limits dirty memory in bytes");
	lab_close(&lab);
}

static void test_security_is_opt_in(void **state)
{
	struct plan_options insecure = { .allow_insecure = true };
	struct lab lab;
	struct plan *p;

	(void) state;
	lab_open(&lab, "server-v2");
	p = make(&lab, NULL);
	assert_int_equal(count_knob(p, "kvm.nx_huge_pages", NULL), 0);
	plan_free(p);
	p = make(&lab, &insecure);
	assert_int_equal(count_knob(p, "kvm.nx_huge_pages", "todo"), 1);
	plan_free(p);
	lab_close(&lab);
}

/* In the container there are no groups, so tasks are listed one by one. */
static size_t user_tasks(const struct plan_options *o)
{
	struct lab lab;
	struct plan *p;
	size_t n;

	lab_open(&lab, "container");
	p = make(&lab, o);
	n = count_knob(p, "sch.task_affinity", "todo");
	plan_free(p);
	lab_close(&lab);
	return n;
}

static void test_leave_alone(void **state)
{
	static const char *const by_name[] = { "app", NULL }, *const by_pid[] = { "7", "1", NULL };

	(void) state;
	assert_int_equal(user_tasks(NULL), 2);
	assert_int_equal(user_tasks(&(struct plan_options){ .leave_alone = by_name }), 1);
	assert_int_equal(user_tasks(&(struct plan_options){ .leave_alone = by_pid }), 0);
}

static void test_placement(void **state)
{
	static const char *const pins[] = { "vm.thread_pin", "sch.vcpu_policy", "mem.mlock", NULL };
	struct plan_options vm = { .vm_memory_mb = 128 }, bare = { .except = pins };
	struct placement place;
	struct lab lab;
	struct plan *p;

	(void) state;
	lab_open(&lab, "two-cpu-vm");
	p = make(&lab, &vm);
	plan_placement(p, &place);
	assert_true(cpuset_has(&place.sut_cpus, 1));
	assert_int_equal(cpuset_count(&place.sut_cpus), 1);
	assert_int_equal(place.hugepage_kb, 2048);
	assert_true(place.lock_memory);
	assert_true(place.sut_fifo > 0 && place.sut_fifo < 50);
	assert_string_equal(place.cgroup, ""); /* not applied: the group does not exist */
	plan_free(p);
	p = make(&lab, &bare);
	plan_placement(p, &place);
	assert_true(cpuset_empty(&place.sut_cpus));
	assert_int_equal(place.sut_fifo, 0);
	assert_false(place.lock_memory);
	assert_int_equal(place.hugepage_kb, 0);
	plan_free(p);
	lab_close(&lab);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_goldens),
		cmocka_unit_test(test_controller_stays_on),
		cmocka_unit_test(test_one_cpu),
		cmocka_unit_test(test_json),
		cmocka_unit_test(test_choosing_knobs),
		cmocka_unit_test(test_own_value),
		cmocka_unit_test(test_security_is_opt_in),
		cmocka_unit_test(test_leave_alone),
		cmocka_unit_test(test_placement),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
