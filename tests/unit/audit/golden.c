/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every machine of tests/hosts in every role: a new NAME.tree or capture
 * NAME.tar.zst there becomes a test by itself (VLAT_GOLDEN=write makes what it should say).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../golden/golden.h"
#include "../../hosts/big.h"
#include "capture/capture.h"
#include "lab.h"

#define MOST 6

static void put_group(const struct audit_group *g, struct sink *out)
{
	char now[VALUE_MAX + 64], want[VALUE_MAX + 64];

	audit_now(g->first, now, sizeof(now));
	audit_wanted(g->first, want, sizeof(want));
	sink_printf(out, "    %s%s%zu x %s: %s -> %s%s%s\n", audit_state_name(g->state), ", ", g->n, g->first->target, now, want,
		    g->first->reason[0] ? "; " : "", g->first->reason);
}

static void put_finding(const struct audit *a, const struct finding *f, struct sink *out)
{
	struct sink cure = { 0 };

	sink_printf(out, "%s %s %s\n", audit_state_name(f->state), severity_name(severity_of(f->effect)), f->knob->id);
	if (f->state == AUDIT_ABSENT || f->state == AUDIT_OK)
		return;
	for (size_t i = 0; i < f->n_groups && i < MOST; i++)
		put_group(&f->groups[i], out);
	if (f->n_groups > MOST)
		sink_printf(out, "    and %zu more\n", f->n_groups - MOST);
	if (f->state != AUDIT_UNSEEN) {
		audit_cure(a, f, &cure);
		sink_printf(out, "    cure: %s\n", cure.text ? cure.text : "");
	}
	sink_free(&cure);
}

static void check_fs(const struct fs *fs, const char *host, const char *role)
{
	struct audit_options o = { .role = role };
	struct machine_facts machine;
	struct sink out = { 0 };
	struct audit *a = NULL;
	struct err err = { 0 };
	char name[128];

	if (machine_facts_read(fs, &machine, &err) < 0 || audit_make(&a, fs, &machine, &o, &err) < 0)
		fail_msg("%s: %s", host, err.text);
	sink_printf(&out, "isolated \"%s\"\n", a->split.why);
	for (size_t i = 0; i < a->n; i++)
		put_finding(a, &a->at[i], &out);
	audit_summary(a, &out);
	sink_char(&out, '\n');
	text_print(name, sizeof(name), "audit/%s.%s.txt", host, role);
	golden_check(name, out.text);
	sink_free(&out);
	audit_free(a);
	machine_facts_free(&machine);
}

static void check_roles(const struct fs *fs, const char *host)
{
	for (unsigned r = 0; r < ROLE_COUNT; r++)
		check_fs(fs, host, role_names[r]);
}

static void check_tree(const char *host)
{
	char dir[64];
	struct fs fs;

	tree_open(host, dir, &fs);
	check_roles(&fs, host);
	tree_close(dir, &fs);
}

static void check_capture(const char *host, const char *file)
{
	AUTO_FREE char *path = xprintf(SOURCE_ROOT "/tests/hosts/%s", file);
	struct err err = { 0 };
	struct fs fs;

	if (capture_open(&fs, path, &err) < 0)
		fail_msg("%s", err.text);
	check_roles(&fs, host);
	fs_close(&fs);
}

static void test_hosts(void **state)
{
	static const char *const ends[] = { ".tree", ".tar.zst" };
	struct fs_names names;
	struct err err = { 0 };
	size_t hosts = 0;
	struct fs fs;

	(void) state;
	if (fs_open_root(&fs, SOURCE_ROOT "/tests/hosts", &err) < 0 || fs_list(&fs, ".", &names) < 0)
		fail_msg("cannot list tests/hosts: %s", err.text);
	for (size_t i = 0; i < names.n; i++) {
		for (size_t e = 0; e < ARRAY_SIZE(ends); e++) {
			char host[64];

			if (!text_ends(names.at[i], ends[e]))
				continue;
			text_print(host, sizeof(host), "%.*s", (int) (strlen(names.at[i]) - strlen(ends[e])), names.at[i]);
			if (e == 0)
				check_tree(host);
			else
				check_capture(host, names.at[i]);
			hosts++;
		}
	}
	assert_true(hosts >= 5);
	fs_list_free(&names);
	fs_close(&fs);
}

static void test_big_hosts(void **state)
{
	(void) state;
	for (size_t i = 0; i < ARRAY_SIZE(big_hosts); i++) {
		struct fs fs;

		big_open(&big_hosts[i], &fs);
		check_roles(&fs, big_hosts[i].name);
		fs_close(&fs);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_hosts), cmocka_unit_test(test_big_hosts) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
