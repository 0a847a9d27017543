/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cards that refuse, that make something else of it, that go, and that are
 * called otherwise by the time they are set: three made-up ones, handed to vlat
 * by the linker (--wrap) in place of drivers.  What each has, and that the
 * others are set all the same and everything is put back from the journal.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "journal/nic.h"
#include "keep/force.h"
#include "tune/internal.h"

#define CARDS 3
#define SEATS "sys/bus/pci/devices/"

struct fake {
	char name[16], mac[18];
	bool gone;
	uint32_t rx, rounds_to;
	int refuses, refuses_read; /* errno */
	bool once;                 /* what it rounds to is for the first write alone */
	unsigned writes;
};

struct lab {
	char dir[64];
	struct fs fs;
	struct journal *j;
	struct plan p;
	struct step step;
	struct fake cards[CARDS];
};

static struct lab *here; /* for what the linker put in place */

int __real_fs_open_root(struct fs *ret, const char *path, struct err *err);
int __wrap_fs_open_root(struct fs *ret, const char *path, struct err *err);
int __wrap_nic_words_read(const char *netdev, const struct nic_words *like, struct nic_words *ret);
int __wrap_nic_words_write(const char *netdev, const struct nic_words *want);
void __wrap_nic_made_with(const char *netdev, char mac[18]);

int __wrap_fs_open_root(struct fs *ret, const char *path, struct err *err)
{
	return __real_fs_open_root(ret, text_eq(path, "/") ? here->dir : path, err);
}

static struct fake *called(const char *name)
{
	for (size_t i = 0; i < CARDS; i++)
		if (!here->cards[i].gone && text_eq(here->cards[i].name, name))
			return &here->cards[i];
	return NULL;
}

int __wrap_nic_words_read(const char *netdev, const struct nic_words *like, struct nic_words *ret)
{
	const struct fake *card = called(netdev);

	if (!card || card->refuses_read)
		return card ? -card->refuses_read : -ENODEV;
	*ret = *like;
	ret->value[0] = card->rx;
	return 0;
}

int __wrap_nic_words_write(const char *netdev, const struct nic_words *want)
{
	struct fake *card = called(netdev);

	if (!card)
		return -ENODEV;
	card->writes++;
	if (card->refuses)
		return -card->refuses;
	card->rx = card->rounds_to && !(card->once && card->writes > 1) ? card->rounds_to : want->value[0];
	return 0;
}

void __wrap_nic_made_with(const char *netdev, char mac[18])
{
	const struct fake *card = called(netdev);

	text_print(mac, 18, "%s", card ? card->mac : "");
}

static void folder(const char *fmt, const char *address, const char *name)
{
	AUTO_FREE char *inner = xprintf(fmt, address, name), *path = xprintf("%s/%s", here->dir, inner);
	struct err err = { 0 };

	assert_int_equal(dir_make_all(path, 0755, &err), 0);
}

static void seat(size_t i, char address[16])
{
	text_print(address, 16, "0000:00:%02zx.0", i + 3);
}

/* As the kernel shows a card under a name. */
static void show(size_t i)
{
	char address[16];
	AUTO_FREE char *link = NULL;

	seat(i, address);
	folder(SEATS "%s/net/%s", address, here->cards[i].name);
	folder("sys/bus/pci/drivers/igb", "", "");
	link = xprintf("%s/" SEATS "%s/driver", here->dir, address);
	assert_true(symlink("../../drivers/igb", link) == 0 || errno == EEXIST);
}

static void hide(size_t i, bool seat_too)
{
	char address[16];
	AUTO_FREE char *path = NULL;

	seat(i, address);
	path = xprintf("%s/" SEATS "%s%s", here->dir, address, seat_too ? "" : "/net");
	assert_int_equal(dir_remove_all(path), 0);
}

static void add_setting(size_t i)
{
	char address[16];
	AUTO_FREE char *path = NULL;
	struct setting *s;

	seat(i, address);
	path = xprintf(SEATS "%s", address);
	s = settings_add(&here->step.settings, SETTING_NIC, path);
	s->before = xstrdup("ring rx=256");
	s->after = xstrdup("ring rx=512");
	s->whose = xstrdup(here->cards[i].name);
	text_print(s->target, sizeof(s->target), "%s (%s)", here->cards[i].name, address);
}

static int set_up(void **state)
{
	AUTO_FREE char *st = NULL, *boot = NULL;
	struct err err = { 0 };

	(void) state;
	here = xalloc(1, sizeof(*here));
	strcpy(here->dir, "/tmp/vlat-unit-XXXXXX");
	if (!mkdtemp(here->dir))
		return -1;
	st = xprintf("%s/state", here->dir);
	boot = xprintf("%s/proc/sys/kernel/random/boot_id", here->dir);
	setenv("VLAT_STATE", st, 1);
	folder("proc/sys/kernel/random", "", "");
	if (file_write_atomic(boot, "11111111-2222-3333-4444-555555555555\n", 37, 0644, &err) < 0 ||
	    __real_fs_open_root(&here->fs, here->dir, &err) < 0 || journal_open(&here->j, "unit test", &err) < 0)
		return -1;
	here->fs.live = true;
	here->p = (struct plan){ .fs = here->fs, .journal = here->j, .lease = -1, .mounter = -1 };
	for (size_t i = 0; i < CARDS; i++) {
		here->cards[i].rx = 256;
		text_print(here->cards[i].name, sizeof(here->cards[i].name), "eth%zu", i);
		text_print(here->cards[i].mac, sizeof(here->cards[i].mac), "52:54:00:00:00:%02zx", i);
		show(i);
		add_setting(i);
	}
	nic_know(&here->p, &here->step);
	return 0;
}

static int tear_down(void **state)
{
	struct err err = { 0 };

	(void) state;
	journal_close(here->j, &err);
	settings_free(&here->step.settings);
	fs_close(&here->fs);
	dir_remove_all(here->dir);
	free(here);
	return 0;
}

static void intents(void)
{
	struct err err = { 0 };

	for (size_t i = 0; i < CARDS; i++)
		if (setting_intent(&here->p, &here->step.settings.at[i], &err) < 0)
			fail_msg("%s", err.text);
}

static void deeds(void)
{
	struct err err = { 0 };

	for (size_t i = 0; i < CARDS; i++)
		if (setting_do(&here->p, &here->step.settings.at[i], &err) < 0)
			fail_msg("%s", err.text);
}

/* Of the card in the middle; the two others are set in any case. */
static void became(enum setting_state state, const char *reason)
{
	const struct setting *s = here->step.settings.at;

	assert_int_equal(s[0].state, SETTING_DONE);
	assert_int_equal(here->cards[0].rx, 512);
	assert_int_equal(s[2].state, SETTING_DONE);
	assert_int_equal(here->cards[2].rx, 512);
	if (s[1].state != state || !text_eq(s[1].reason, reason))
		fail_msg("%s: \"%s\"", setting_state_name(s[1].state), s[1].reason);
}

/* What a look at the journal says of the middle card, by its name then; "" = that name is not in it. */
static enum undo_state look(const char *name, bool *drifted)
{
	struct revert_report report = { 0 };
	enum undo_state state = UNDO_FAILED;
	struct err err = { 0 };
	bool found = false;

	if (force_look(&report, &err) < 0)
		fail_msg("%s", err.text);
	for (size_t i = 0; i < report.n; i++) {
		for (size_t k = 0; k < report.at[i].report.n; k++) {
			const struct undo_item *it = &report.at[i].report.at[k];

			if (!strstr(it->what, name))
				continue;
			found = true;
			state = it->state;
			*drifted = force_drifted(it);
		}
	}
	revert_report_free(&report);
	if (!found)
		fail_msg("the journal tells nothing of %s", name);
	return state;
}

static void undo(uint32_t middle)
{
	struct undo_report report = { 0 };
	struct err err = { 0 };

	if (journal_undo_report(here->j, 0, &report, &err) < 0)
		fail_msg("%s", err.text);
	assert_int_equal(report.count[UNDO_FOREIGN] + report.count[UNDO_FAILED], 0);
	undo_report_free(&report);
	assert_int_equal(here->cards[0].rx, 256);
	assert_int_equal(here->cards[2].rx, 256);
	assert_int_equal(here->cards[1].rx, middle);
}

static void all_are_set(void **state)
{
	bool drifted;

	(void) state;
	intents();
	deeds();
	became(SETTING_DONE, "");
	assert_int_equal(look("eth1", &drifted), UNDO_DONE);
	assert_false(drifted);
	here->cards[1].rx = 256; /* its driver was loaded again and has forgotten it */
	assert_int_equal(look("eth1", &drifted), UNDO_SAME);
	assert_true(drifted);
	here->cards[1].rx = 512;
	undo(256);
}

static void a_refusal_is_told(void **state)
{
	static const struct {
		int code;
		const char *reason;
	} refusals[] = {
		{ EOPNOTSUPP, "its driver cannot change this: Operation not supported" },
		{ EINVAL, "its driver does not take \"ring rx=512\": Invalid argument" },
		{ EBUSY, "its driver does not take \"ring rx=512\": Device or resource busy" },
	};
	bool drifted;

	(void) state;
	for (size_t i = 0; i < ARRAY_SIZE(refusals); i++) {
		for (size_t k = 0; k < CARDS; k++)
			here->step.settings.at[k].state = SETTING_TODO;
		here->cards[1].refuses = refusals[i].code;
		intents();
		deeds();
		became(SETTING_BLOCKED, refusals[i].reason);
		assert_int_equal(look("eth1", &drifted), UNDO_SAME);
		assert_false(drifted); /* it was never changed, so nobody has changed it back */
		undo(256);
	}
}

static void a_card_that_cannot_be_asked(void **state)
{
	(void) state;
	intents();
	here->cards[1].refuses_read = EOPNOTSUPP;
	deeds();
	became(SETTING_BLOCKED, "its driver cannot change this: Operation not supported");
	assert_int_equal(here->cards[1].writes, 0);
	here->cards[1].refuses_read = 0;
	undo(256);
}

static void a_card_with_its_own_mind(void **state)
{
	bool drifted;

	(void) state;
	here->cards[1].rounds_to = 320;
	here->cards[1].once = true;
	intents();
	deeds();
	became(SETTING_FAILED, "the card made \"ring rx=320\" of it; put back");
	assert_int_equal(here->cards[1].rx, 256);
	assert_int_equal(look("eth1", &drifted), UNDO_SAME);
	assert_false(drifted);
	undo(256);
}

/* What it made of it is vlat's doing: that is still put back once the card takes it. */
static void a_card_that_does_not_go_back(void **state)
{
	bool drifted;

	(void) state;
	here->cards[1].rounds_to = 320;
	intents();
	deeds();
	became(SETTING_FAILED, "the card made \"ring rx=320\" of it; and it cannot be put back: Input/output error");
	assert_int_equal(look("eth1", &drifted), UNDO_DONE);
	here->cards[1].rounds_to = 0;
	undo(256);
}

static void a_card_that_goes(void **state)
{
	bool drifted;

	(void) state;
	intents();
	here->cards[1].gone = true;
	hide(1, true);
	deeds();
	became(SETTING_ABSENT, "went away meanwhile: unplugged, moved, or without its driver");
	assert_int_equal(look("0000:00:04.0", &drifted), UNDO_VOID);
	assert_false(drifted);
	undo(256);
}

/* The three change names in a ring, as udev may do it after a driver was loaded: each is still set once, and put back. */
static void cards_that_are_renamed(void **state)
{
	bool drifted;

	(void) state;
	for (size_t i = 0; i < CARDS; i++) {
		hide(i, false);
		text_print(here->cards[i].name, sizeof(here->cards[i].name), "eth%zu", (i + 1) % CARDS);
		show(i);
	}
	here->cards[1].refuses = EINVAL;
	intents();
	deeds();
	became(SETTING_BLOCKED, "its driver does not take \"ring rx=512\": Invalid argument");
	assert_string_equal(here->step.settings.at[0].whose, "eth1");
	assert_int_equal(look("eth2 (0000:00:04.0)", &drifted), UNDO_SAME);
	for (size_t i = 0; i < CARDS; i++) {
		hide(i, false);
		text_print(here->cards[i].name, sizeof(here->cards[i].name), "lan%zu", i);
		show(i);
	}
	assert_true(nic_holds(&here->p, &here->step.settings.at[0]));
	undo(256);
}

/* The one that was listed is gone, and another is called so: it is none of ours, neither now nor when undoing. */
static void another_card_of_that_name(void **state)
{
	bool drifted;

	(void) state;
	intents();
	text_print(here->cards[1].mac, sizeof(here->cards[1].mac), "52:54:00:ff:ff:ff");
	here->cards[1].rx = 1024;
	deeds();
	became(SETTING_ABSENT, "another card has come into its place meanwhile");
	assert_int_equal(here->cards[1].writes, 0);
	assert_int_equal(look("0000:00:04.0", &drifted), UNDO_VOID);
	undo(1024);
}

#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(all_are_set),
		T(a_refusal_is_told),
		T(a_card_that_cannot_be_asked),
		T(a_card_with_its_own_mind),
		T(a_card_that_does_not_go_back),
		T(a_card_that_goes),
		T(cards_that_are_renamed),
		T(another_card_of_that_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
