/* SPDX-License-Identifier: Apache-2.0 */
/* Parameters into each loader's configuration and out again, byte by byte; once, and for every boot. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "loading.h"

/* What the next boot's command line is, now that it was made with these words. */
static void boot_with(struct machine *m, const char *path, const char *begin)
{
	AUTO_FREE char *text = content(m, path), *line = NULL;
	const char *at = strstr(text, begin);

	assert_non_null(at);
	line = xprintf("%.*s\n", (int) strcspn(at, "\n\""), at);
	tree_put(m->dir, "proc/cmdline", line);
	tree_put(m->dir, "proc/sys/kernel/random/boot_id", "second\n");
	host_facts_free(&m->facts);
	assert_int_equal(host_facts_read(&m->fs, &m->facts, NULL), 0);
}

static void verify(struct machine *m, enum boot_state state, bool booted)
{
	struct boot_report r;
	struct err err = { 0 };

	if (boot_verify(&m->fs, &r, &err) < 0)
		fail_msg("%s", err.text);
	assert_int_equal(r.state, state);
	assert_int_equal(r.booted, booted);
	boot_report_free(&r);
}

static void says(struct machine *m, const char *text)
{
	struct boot_report r;
	struct sink out = { 0 };

	assert_int_equal(boot_verify(&m->fs, &r, NULL), 0);
	boot_report_text(&r, &out);
	if (!strstr(out.text, text))
		fail_msg("no \"%s\" in: %s", text, out.text);
	sink_free(&out);
	boot_report_free(&r);
}

static const char nohz[] = "nohz_full=";

static void test_grub_keep(void **state)
{
	struct machine m;
	AUTO_FREE char *before = NULL, *after = NULL;
	char run[16];

	(void) state;
	machine_open(&m);
	machine_grub(&m, true);
	before = snapshot(&m);
	apply(&m, false, run);
	has(&m, "etc/default/grub.d/99-vlat.cfg", "GRUB_CMDLINE_LINUX_DEFAULT=\"$GRUB_CMDLINE_LINUX_DEFAULT vlat.boot=");
	has(&m, "boot/grub/grub.cfg", nohz);
	verify(&m, BOOT_KEPT, false);
	boot_with(&m, "etc/default/grub.d/99-vlat.cfg", "vlat.boot=");
	verify(&m, BOOT_KEPT, true);
	revert(run);
	verify(&m, BOOT_NONE, false);
	after = snapshot(&m);
	assert_string_equal(after, before);
	machine_close(&m);
}

/* No drop-ins, and a file of defaults whose last line has no newline. */
static void test_grub_defaults(void **state)
{
	struct machine m;
	AUTO_FREE char *before = NULL, *after = NULL;
	char run[16];

	(void) state;
	machine_open(&m);
	machine_grub(&m, false);
	before = snapshot(&m);
	apply(&m, false, run);
	has(&m, "etc/default/grub",
	    "GRUB_CMDLINE_LINUX=\"\"\nGRUB_CMDLINE_LINUX_DEFAULT=\"$GRUB_CMDLINE_LINUX_DEFAULT vlat.boot=");
	has(&m, "boot/grub/grub.cfg", nohz);
	revert(run);
	after = snapshot(&m);
	assert_string_equal(after, before);
	machine_close(&m);
}

/* The menu stays as it was; the entry of its own is for one boot, and becomes the default when it was good. */
static void test_grub_once(void **state)
{
	struct machine m;
	AUTO_FREE char *before = NULL, *after = NULL;
	struct err err = { 0 };
	char run[16], kept[16];

	(void) state;
	machine_open(&m);
	machine_grub(&m, true);
	tree_put(m.dir, "boot/grub/custom.cfg", "# mine\n");
	before = snapshot(&m);
	apply(&m, true, run);
	lacks(&m, "boot/grub/grub.cfg", nohz);
	has(&m, "boot/grub/custom.cfg", "# mine\n");
	has(&m, "boot/grub/custom.cfg", "\tlinux\t/vmlinuz-6.1 root=UUID=1 ro  quiet vlat.boot=");
	has(&m, "boot/grub/custom.cfg", "panic=30 vlat.end");
	has(&m, "boot/grub/custom.cfg", "initrd\t/initrd.img-6.1");
	has(&m, "boot/grub/grubenv", "next_entry=vlat-once\n");
	verify(&m, BOOT_TRYING, false);
	says(&m, "they are for the next boot");
	tree_put(m.dir, "proc/sys/kernel/random/boot_id", "second\n");
	says(&m, "did not last");
	assert_int_equal(boot_complete(&m.fs, kept, &err), -EINVAL);
	boot_with(&m, "boot/grub/custom.cfg", "root=UUID=1");
	tree_put(m.dir, "sys/devices/system/cpu/nohz_full", "nothing\n");
	assert_int_equal(boot_complete(&m.fs, kept, &err), -EINVAL);
	assert_non_null(strstr(err.text, "did not take effect"));
	revert(run);
	after = snapshot(&m);
	assert_string_equal(after, before);
	machine_close(&m);
}

static void effective(struct machine *m)
{
	char iso[1024], line[1100];

	text_print(line, sizeof(line), "%s\n", cpuset_list(&m->split.isolated, iso, sizeof(iso)));
	tree_put(m->dir, "sys/devices/system/cpu/nohz_full", line);
	tree_put(m->dir, "sys/module/workqueue/parameters/power_efficient", "Y\n");
	cpuset_mask(&m->split.housekeeping, m->facts.cpu.n_possible, iso, sizeof(iso));
	tree_put(m->dir, "proc/irq/default_smp_affinity", iso);
}

static void test_grub_complete(void **state)
{
	struct machine m;
	AUTO_FREE char *before = NULL, *after = NULL;
	struct err err = { 0 };
	char run[16], kept[16];

	(void) state;
	machine_open(&m);
	machine_grub(&m, true);
	before = snapshot(&m);
	apply(&m, true, run);
	boot_with(&m, "boot/grub/custom.cfg", "root=UUID=1");
	effective(&m);
	if (boot_complete(&m.fs, kept, &err) < 0)
		fail_msg("%s", err.text);
	lacks(&m, "boot/grub/custom.cfg", "vlat");
	lacks(&m, "boot/grub/grubenv", "next_entry");
	has(&m, "boot/grub/grub.cfg", nohz);
	lacks(&m, "boot/grub/grub.cfg", "panic=");
	verify(&m, BOOT_KEPT, true);
	revert(kept);
	after = snapshot(&m);
	assert_string_equal(after, before);
	machine_close(&m);
}

/* A kernel's update has made the menu anew, with vlat's words in it: somebody else's file, which revert leaves and settle mends.
 */
static void test_grub_settle(void **state)
{
	const struct revert_options o = { .lasting = true };
	struct revert_report report = { 0 };
	struct sink said = { 0 };
	AUTO_FREE char *menu = NULL;
	struct err err = { 0 };
	struct machine m;
	char run[16];

	(void) state;
	machine_open(&m);
	machine_grub(&m, true);
	apply(&m, false, run);
	menu = content(&m, "boot/grub/grub.cfg");
	{
		AUTO_FREE char *more = xprintf("%s# a new kernel\n", menu), *path = xprintf("%s/boot/grub/grub.cfg", m.dir);

		assert_int_equal(file_write_atomic(path, more, strlen(more), 0444, &err), 0);
	}
	assert_int_equal(journal_revert(&o, &report, &err), 0);
	assert_false(revert_clean(&report));
	has(&m, "boot/grub/grub.cfg", "a new kernel");
	assert_int_equal(boot_settle(&m.fs, &said, &err), 1);
	lacks(&m, "boot/grub/grub.cfg", "vlat.");
	assert_int_equal(boot_settle(&m.fs, &said, &err), 0);
	sink_free(&said);
	revert_report_free(&report);
	machine_close(&m);
}

#define ENTRIES "boot/loader/entries/" ID

static void test_bls(void **state)
{
	struct machine m;
	AUTO_FREE char *before = NULL, *after = NULL;
	char run[16];

	(void) state;
	machine_open(&m);
	machine_bls(&m);
	before = snapshot(&m);
	apply(&m, false, run);
	has(&m, ENTRIES "-5.14.0-70.el9.x86_64.conf", "ro crashkernel=1G vlat.boot=");
	has(&m, ENTRIES "-5.14.0-9.el9.x86_64.conf", "options $kernelopts vlat.boot=");
	lacks(&m, ENTRIES "-0-rescue.conf", "vlat");
	has(&m, "etc/kernel/cmdline", "crashkernel=1G vlat.boot=");
	has(&m, "etc/kernel/cmdline", "vlat.end\n");
	revert(run);
	after = snapshot(&m);
	assert_string_equal(after, before);
	free(TAKE(after));
	apply(&m, true, run);
	has(&m, ENTRIES "-0-vlat.conf", "title tuned by vlat for vm-host, one boot\nversion 0\nlinux /vmlinuz-5.14.0-70\n");
	has(&m, "boot/grub2/grubenv", "next_entry=" ID "-0-vlat\n");
	lacks(&m, ENTRIES "-5.14.0-70.el9.x86_64.conf", "vlat");
	revert(run);
	after = snapshot(&m);
	assert_string_equal(after, before);
	machine_close(&m);
}

static void test_none(void **state)
{
	struct machine m;
	struct boot_plan p;
	struct err err = { 0 };
	struct sink out = { 0 };
	char run[16];

	(void) state;
	machine_open(&m);
	plan_for(&m, NULL, &p);
	assert_null(p.loader);
	boot_plan_text(&p, &out);
	assert_non_null(strstr(out.text, "add by hand to the kernel's parameters: irqaffinity="));
	assert_int_equal(boot_apply(&p, &m.fs, "vm-host", false, run, &err), -ENOSYS);
	assert_non_null(strstr(err.text, "by hand: irqaffinity="));
	sink_free(&out);
	boot_plan_free(&p);
	machine_close(&m);
}

static const struct boot_word *word(const struct boot_plan *p, const char *knob)
{
	for (size_t i = 0; i < p->words.n; i++) {
		if (text_eq(p->words.at[i].knob, knob))
			return &p->words.at[i];
	}
	fail_msg("no word of %s", knob);
	return NULL;
}

/* The user's own isolcpus= is reported and not doubled; what he gives already as wanted is not added. */
static void test_foreign(void **state)
{
	struct machine m;
	struct boot_plan p;

	(void) state;
	machine_open(&m);
	tree_put(m.dir, "etc/kernel/cmdline", "x\n");
	machine_systemd(&m);
	tree_put(m.dir, "efi/loader/entries/" ID "-6.9.conf", "title A\noptions ro isolcpus=domain,1 skew-tick=1 nohz_full=1\n");
	plan_for(&m, "mitigations=auto,nosmt", &p);
	assert_int_equal(word(&p, "iso.managed_irq")->state, BOOT_CONFLICT);
	assert_int_equal(word(&p, "iso.nohz_full")->state, BOOT_CONFLICT);
	assert_non_null(strstr(word(&p, "iso.nohz_full")->reason, "nohz_full=1 is given already"));
	assert_int_equal(word(&p, "iso.skew_tick")->state, BOOT_SAME);
	assert_int_equal(word(&p, "")->state, BOOT_ADD);
	assert_null(strstr(p.block, "isolcpus"));
	assert_non_null(strstr(p.block, "mitigations=auto,nosmt"));
	boot_plan_free(&p);
	machine_close(&m);
}

static void test_too_long(void **state)
{
	AUTO_FREE char *entry = xprintf("title A\noptions ro long=%01900d\n", 1);
	const struct boot_options o = { .role = ROLE_VM_HOST, .level = 1 };
	struct boot_words words = { 0 };
	struct boot_plan p;
	struct err err = { 0 };
	struct machine m;

	(void) state;
	machine_open(&m);
	machine_systemd(&m);
	tree_put(m.dir, "efi/loader/entries/" ID "-6.9.conf", entry);
	assert_int_equal(boot_wanted(&words, &m.fs, &m.facts, &m.split, &o, &err), 0);
	assert_int_equal(boot_plan_make(&p, &m.fs, &m.facts, &words, &err), -E2BIG);
	assert_non_null(strstr(err.text, "takes 2047"));
	machine_close(&m);
}

static bool asks_for(const struct machine *m, enum role role, unsigned level, const char *knob)
{
	const struct boot_options o = { .role = role, .level = level };
	struct boot_words words = { 0 };
	struct err err = { 0 };
	bool found = false;

	assert_int_equal(boot_wanted(&words, &m->fs, &m->facts, &m->split, &o, &err), 0);
	for (size_t i = 0; i < words.n; i++)
		found |= text_eq(words.at[i].knob, knob);
	boot_words_free(&words);
	return found;
}

/* Its profile goes no further than `standard`, lest it reset network cards. */
static void test_realtime_level(void **state)
{
	static const char *const knobs[] = { "irq.threadirqs", "iso.rcu_kthread_prio", "iso.rcu_nocb_poll", "iso.tsc" };
	struct machine m;

	(void) state;
	machine_open(&m);
	for (size_t i = 0; i < ARRAY_SIZE(knobs); i++) {
		assert_false(asks_for(&m, ROLE_REALTIME, 0, knobs[i]));
		assert_true(asks_for(&m, ROLE_REALTIME, 1, knobs[i]));
		assert_false(asks_for(&m, ROLE_VM_HOST, 1, knobs[i]));
	}
	machine_close(&m);
}

static void refuses(struct machine *m, const char *extra, const char *says)
{
	const struct boot_options o = { .role = ROLE_VM_HOST, .level = 1, .extra = extra };
	struct boot_words words = { 0 };
	struct err err = { 0 };

	assert_int_equal(boot_wanted(&words, &m->fs, &m->facts, &m->split, &o, &err), -EINVAL);
	assert_non_null(strstr(err.text, says));
}

static void test_refused(void **state)
{
	struct boot_plan p;
	struct err err = { 0 };
	struct machine m;
	char run[16], again[16];

	(void) state;
	machine_open(&m);
	refuses(&m, "a=\"b\"", "cannot be a boot parameter");
	refuses(&m, "a -- b", "ends the kernel's parameters");
	refuses(&m, "vlat.end", "marks its own");
	machine_bls(&m);
	apply(&m, false, run);
	plan_for(&m, NULL, &p);
	assert_int_equal(boot_apply(&p, &m.fs, "vm-host", false, again, &err), -EEXIST);
	assert_non_null(strstr(err.text, run));
	boot_plan_free(&p);
	revert(run);
	/* Somebody else's promise of the next boot is not broken. */
	tree_put(m.dir, "boot/grub2/grubenv", "# GRUB Environment Block\nnext_entry=other\n");
	plan_for(&m, NULL, &p);
	assert_int_equal(boot_apply(&p, &m.fs, "vm-host", true, again, &err), -EBUSY);
	assert_non_null(strstr(err.text, "everything is as it was"));
	lacks(&m, ENTRIES "-0-vlat.conf", "vlat");
	/* GRUB reads only there: it could never forget the entry. */
	tree_put(m.dir, "boot/grub2/grubenv", "# GRUB Environment Block\n");
	tree_put(m.dir, "proc/mounts", "/dev/sda2 / ext4 rw 0 0\n/dev/sda1 /boot btrfs rw 0 0\n");
	assert_int_equal(boot_apply(&p, &m.fs, "vm-host", true, again, &err), -ENOSYS);
	assert_non_null(strstr(err.text, "cannot write to btrfs"));
	boot_plan_free(&p);
	machine_close(&m);
}

/* A menu that something after the drop-in sets without the words: seen, and undone. */
static void test_not_in_menu(void **state)
{
	AUTO_FREE char *before = NULL, *after = NULL;
	struct boot_plan p;
	struct err err = { 0 };
	struct machine m;
	char run[16];

	(void) state;
	machine_open(&m);
	machine_grub(&m, true);
	tree_put(m.dir, "etc/default/grub.d/zz-own.cfg", "GRUB_CMDLINE_LINUX_DEFAULT=splash\n");
	before = snapshot(&m);
	plan_for(&m, NULL, &p);
	assert_int_equal(boot_apply(&p, &m.fs, "vm-host", false, run, &err), -EILSEQ);
	assert_non_null(strstr(err.text, "lacks the parameters"));
	boot_plan_free(&p);
	after = snapshot(&m);
	assert_string_equal(after, before);
	machine_close(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_grub_keep),     cmocka_unit_test(test_grub_defaults), cmocka_unit_test(test_grub_once),
		cmocka_unit_test(test_grub_complete), cmocka_unit_test(test_grub_settle),   cmocka_unit_test(test_bls),
		cmocka_unit_test(test_none),          cmocka_unit_test(test_foreign),       cmocka_unit_test(test_realtime_level),
		cmocka_unit_test(test_too_long),      cmocka_unit_test(test_refused),       cmocka_unit_test(test_not_in_menu),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
