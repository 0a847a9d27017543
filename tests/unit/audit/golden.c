/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every machine of tests/hosts in every role: a new NAME.tree there becomes a
 * test by itself (VLAT_GOLDEN=write makes what it should say).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../golden/golden.h"
#include "lab.h"

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
	for (size_t i = 0; i < f->n_groups; i++)
		put_group(&f->groups[i], out);
	if (f->state != AUDIT_UNSEEN) {
		audit_cure(a, f, &cure);
		sink_printf(out, "    cure: %s\n", cure.text ? cure.text : "");
	}
	sink_free(&cure);
}

static void check_host(const char *host, const char *role)
{
	struct sink out = { 0 };
	struct lab lab;
	char name[128];

	lab_open(&lab, host);
	lab_audit(&lab, role, NULL);
	sink_printf(&out, "isolated \"%s\"\n", lab.audit->split.why);
	for (size_t i = 0; i < lab.audit->n; i++)
		put_finding(lab.audit, &lab.audit->at[i], &out);
	audit_summary(lab.audit, &out);
	sink_char(&out, '\n');
	text_print(name, sizeof(name), "audit/%s.%s.txt", host, role);
	golden_check(name, out.text);
	sink_free(&out);
	lab_close(&lab);
}

static void test_hosts(void **state)
{
	struct fs_names names;
	struct err err = { 0 };
	size_t hosts = 0;
	struct fs fs;

	(void) state;
	if (fs_open_root(&fs, SOURCE_ROOT "/tests/hosts", &err) < 0 || fs_list(&fs, ".", &names) < 0)
		fail_msg("cannot list tests/hosts: %s", err.text);
	for (size_t i = 0; i < names.n; i++) {
		char host[64];

		if (!text_ends(names.at[i], ".tree"))
			continue;
		text_print(host, sizeof(host), "%.*s", (int) (strlen(names.at[i]) - strlen(".tree")), names.at[i]);
		for (unsigned r = 0; r < ROLE_COUNT; r++)
			check_host(host, role_names[r]);
		hosts++;
	}
	assert_true(hosts >= 5);
	fs_list_free(&names);
	fs_close(&fs);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_hosts) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
