/* SPDX-License-Identifier: Apache-2.0 */
/* Names of runs: taken once, listed, dead when their owner is, gone after the journal is undone. */
#include "run/registry.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fs.h"
#include "base/text.h"
#include "journal/undo.h"

struct lab {
	char state[64];
	struct journal *j;
};

static int set_up(void **state)
{
	struct lab *l = test_calloc(1, sizeof(*l));
	struct err e = { 0 };

	text_print(l->state, sizeof(l->state), "/tmp/vlat-registry.XXXXXX");
	if (!mkdtemp(l->state))
		return -1;
	setenv("VLAT_STATE", l->state, 1);
	if (journal_open(&l->j, "unit test", &e) < 0)
		return -1;
	*state = l;
	return 0;
}

static int tear_down(void **state)
{
	struct lab *l = *state;
	struct err e = { 0 };
	int r = l->j ? journal_close(l->j, &e) : 0;

	dir_remove_all(l->state);
	test_free(l);
	return r;
}

static struct run_record sample(const char *name)
{
	struct run_record r = { .kind = RUN_VM,
				.state = RUN_RUNNING,
				.pid = 77,
				.start = 12345,
				.workload = 78,
				.memory_mb = 512,
				.hugepage_kb = 2048,
				.vhost_threads = 2,
				.irqs = 5,
				.started_wall_ns = 1234567890123456789 };

	text_print(r.name, sizeof(r.name), "%s", name);
	text_print(r.policy, sizeof(r.policy), "fifo 1");
	text_print(r.what, sizeof(r.what), "a disk with blanks, \"quotes\"\nand a \xff");
	cpuset_add(&r.cpus, 3);
	cpuset_add(&r.vhost_cpus, 1);
	cpuset_add(&r.irq_cpus, 2);
	return r;
}

static void there_and_gone(void **state)
{
	struct lab *l = *state;
	struct registry_claim c = REGISTRY_CLAIM_INIT, again = REGISTRY_CLAIM_INIT;
	struct run_record r = sample("db"), got;
	struct run_records all = { 0 };
	struct err e = { 0 };

	assert_int_equal(registry_list(&all, &e), 0);
	assert_int_equal(all.n, 0);
	assert_int_equal(registry_take(&c, "db", l->j, &e), 0);
	assert_int_equal(registry_write(&c, &r, &e), 0);
	assert_int_equal(registry_take(&again, "db", l->j, &e), -EEXIST);
	assert_non_null(strstr(e.text, "vlat stop db"));
	assert_int_equal(registry_find("db", &got, &e), 0);
	assert_int_equal(got.state, RUN_RUNNING);
	assert_int_equal(got.workload, 78);
	assert_int_equal(got.hugepage_kb, 2048);
	assert_int_equal(got.vhost_threads, 2);
	assert_int_equal(got.irqs, 5);
	assert_true(cpuset_equal(&got.vhost_cpus, &r.vhost_cpus));
	assert_true(cpuset_equal(&got.irq_cpus, &r.irq_cpus));
	assert_true(got.started_wall_ns == r.started_wall_ns);
	assert_true(cpuset_equal(&got.cpus, &r.cpus));
	assert_string_equal(got.policy, "fifo 1");
	assert_int_equal(registry_find("nix", &got, &e), -ENOENT);
	assert_non_null(strstr(e.text, "there is db"));
	assert_int_equal(journal_close(l->j, &e), 0);
	l->j = NULL;
	registry_release(&c);
	assert_int_equal(registry_list(&all, &e), 0);
	assert_int_equal(all.n, 0);
}

static void dead(void **state)
{
	struct lab *l = *state;
	struct registry_claim c = REGISTRY_CLAIM_INIT, again = REGISTRY_CLAIM_INIT;
	struct run_record r = sample("db"), got;
	struct err e = { 0 };
	char c_dir[300], path[320];
	int looker;

	assert_int_equal(registry_take(&c, "db", l->j, &e), 0);
	assert_int_equal(registry_write(&c, &r, &e), 0);
	text_print(c_dir, sizeof(c_dir), "%s", c.dir);
	registry_release(&c); /* as the kernel does it for a killed supervisor: the lock goes, the folder stays */
	assert_int_equal(registry_find("db", &got, &e), 0);
	assert_int_equal(got.state, RUN_DEAD);
	text_print(path, sizeof(path), "%s/lock", c_dir);
	looker = open(path, O_RDWR | O_CLOEXEC); /* another `vlat ps` at the same moment is no supervisor */
	assert_int_equal(flock(looker, LOCK_SH | LOCK_NB), 0);
	assert_int_equal(registry_find("db", &got, &e), 0);
	assert_int_equal(got.state, RUN_DEAD);
	close(looker);
	assert_int_equal(registry_take(&again, "db", l->j, &e), -EUCLEAN);
	assert_non_null(strstr(e.text, "vlat revert"));
}

static void names(void **state)
{
	static const char *const bad[] = { "", ".", "..", "a/b", "../x", "a b", "a\nb", "-a", ".hidden", "a..b" };
	struct lab *l = *state;
	struct registry_claim c = REGISTRY_CLAIM_INIT;
	struct err e = { 0 };

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (registry_take(&c, bad[i], l->j, &e) != -EINVAL)
			fail_msg("the name \"%s\" was taken", bad[i]);
}

/* Every member that is missing, of another type or out of range is refused by name. */
static void torn_records(void **state)
{
	struct run_record r = sample("db"), got;
	json_t *whole = run_record_json(&r), *value;
	const char *member;
	struct err e = { 0 };

	(void) state;
	assert_int_equal(run_record_parse(whole, &got, &e), 0);
	json_object_foreach (whole, member, value) {
		json_t *torn = json_copy(whole);

		json_object_del(torn, member);
		if (run_record_parse(torn, &got, &e) >= 0)
			fail_msg("a record without \"%s\" was read", member);
		json_object_set_new(torn, member, json_null());
		if (run_record_parse(torn, &got, &e) >= 0)
			fail_msg("a record with \"%s\": null was read", member);
		json_decref(torn);
	}
	json_object_set_new(whole, "pid", json_integer(1ll << 40));
	assert_int_equal(run_record_parse(whole, &got, &e), -ERANGE);
	json_decref(whole);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(there_and_gone, set_up, tear_down),
		cmocka_unit_test_setup_teardown(dead, set_up, tear_down),
		cmocka_unit_test_setup_teardown(names, set_up, tear_down),
		cmocka_unit_test(torn_records),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
