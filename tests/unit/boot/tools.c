/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The loaders' own programs when they fail, are missing, hang, or die: what is
 * said names the program and its complaint, and the configuration is as it was
 * or, where their undoing fails too, both errors are told and revert ends it.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "boot/internal.h"
#include "machine.h"

#define LONG_NS (60 * NS_PER_S) /* never reached */

/* A script that ends badly, by itself or not: its end and its complaint are told, with its words. */
static void test_ends(void **state)
{
	static const struct {
		const char *script;
		uint64_t within;
		int code;
		const char *says;
	} cases[] = {
		{ "exit 0", LONG_NS, 0, "" },
		{ "echo no such entry >&2; exit 1", LONG_NS, -EIO, "exit status 1: no such entry" },
		{ "exit 2", LONG_NS, -EIO, "exit status 2" },
		{ "kill -9 $$", LONG_NS, -EIO, "SIGKILL" },
		{ "exec sleep 600", NS_PER_S / 5, -ETIME, "did not end within" },
		{ "trap '' TERM; while :; do sleep 1; done", NS_PER_S / 5, -ETIME, "did not end within" },
	};

	(void) state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const char *const words[] = { "/bin/sh", "-c", cases[i].script, NULL };
		struct err err = { 0 };

		assert_int_equal(tool_run(words, cases[i].within, &err), cases[i].code);
		if (!strstr(err.text, cases[i].says) || (cases[i].code && !strstr(err.text, "/bin/sh -c")))
			fail_msg("\"%s\" says \"%s\"", cases[i].script, err.text);
	}
}

static void test_missing(void **state)
{
	static const char *const words[] = { "/nowhere/grub-editenv", "list", NULL };
	struct err err = { 0 };

	(void) state;
	assert_int_equal(tool_run(words, LONG_NS, &err), -ENOENT);
	assert_non_null(strstr(err.text, "/nowhere/grub-editenv"));
}

static void grub(struct machine *m)
{
	machine_grub(m, true);
}

/* What an own program does in the place of the real one.  $2 is the verb. */
static const struct {
	void (*kind)(struct machine *m);
	const char *program, *script;   /* NULL = it is not there */
	bool once, undoable;
	const char *says[2];
} bad[] = {
	{ grub, "usr/bin/grub-editenv", "echo 'invalid block' >&2; exit 1", true, false,
	  { "set next_entry=", "exit status 1: invalid block" } },
	{ grub, "usr/bin/grub-editenv", "[ \"$2\" = unset ] || echo \"$3\" >>\"$1\"; exit 5", true, false,
	  { "exit status 5", "not all could be undone" } },
	{ grub, "usr/bin/grub-editenv", "[ \"$2\" = unset ] || { echo 'full disk' >&2; exit 1; }", true, true,
	  { "exit status 1: full disk", "everything is as it was" } },
	{ grub, "usr/bin/grub-editenv", "kill -9 $$", true, false, { "SIGKILL", "not all could be undone" } },
	{ grub, "usr/bin/grub-editenv", NULL, true, true, { "grub-editenv", "everything is as it was" } },
	{ grub, "usr/sbin/grub-mkconfig", "# /default/grub.d\necho 'no root device' >&2; exit 1", false, true,
	  { "grub-mkconfig: exit status 1: no root device", "everything is as it was" } },
	{ grub, "usr/sbin/grub-mkconfig", "# /default/grub.d\necho 'an empty menu'", false, true,
	  { "lacks the parameters", "everything is as it was" } },
	{ grub, "usr/sbin/grub-mkconfig", "# /default/grub.d\nkill -9 $$", false, true, { "SIGKILL", "everything is as it was" } },
	{ machine_systemd, "usr/bin/bootctl", "[ -z \"$2\" ] || { echo 'no EFI variables' >&2; exit 1; }", true, true,
	  { "set-oneshot", "no EFI variables; everything is as it was" } },
	{ machine_systemd, "usr/bin/bootctl", "echo 'no EFI variables' >&2; exit 1", true, false,
	  { "no EFI variables", "not all could be undone" } },
	{ machine_systemd, "usr/bin/bootctl", NULL, true, true, { "bootctl is not installed", "everything is as it was" } },
};

static void put_bad(struct machine *m, size_t i)
{
	AUTO_FREE char *path = xprintf("%s/%s", m->dir, bad[i].program), *text = NULL;

	if (bad[i].script) {
		text = xprintf("#!/bin/sh\n%s\n", bad[i].script);
		put_program(m, bad[i].program, text);
	} else if (unlink(path) < 0) {
		abort();
	}
}

/* A program that works again: what it could not undo before, the next revert does. */
static void mend(struct machine *m, size_t i)
{
	put_program(m, bad[i].program, "#!/bin/sh\n[ \"$2\" != unset ] || sed -i \"/^$3=/d\" \"$1\"\n");
}

static void test_loaders(void **state)
{
	(void) state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		AUTO_FREE char *before = NULL, *after = NULL;
		struct machine m;
		struct err err = { 0 };

		machine_open(&m);
		bad[i].kind(&m);
		before = snapshot(&m);
		put_bad(&m, i);
		assert_true(machine_apply(&m, bad[i].once, &err) < 0);
		for (size_t k = 0; k < ARRAY_SIZE(bad[i].says); k++)
			if (!strstr(err.text, bad[i].says[k]))
				fail_msg("case %zu: \"%s\" lacks \"%s\"", i, err.text, bad[i].says[k]);
		if (!bad[i].undoable)
			assert_false(machine_revert()); /* it fails still */
		mend(&m, i);
		assert_true(machine_revert());
		after = snapshot(&m);
		assert_string_equal(after, before);
		machine_close(&m);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ends),
		cmocka_unit_test(test_missing),
		cmocka_unit_test(test_loaders),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
