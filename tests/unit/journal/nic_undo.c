/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What undo does to a network card, on a machine of one card that is made up:
 * its folders in a tree, its setting in memory that the processes share.  The
 * linker hands undo this card instead of a driver (--wrap).
 */
#include "journal/undo.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/fs.h"
#include "base/text.h"
#include "base/vec.h"
#include "journal/internal.h"
#include "journal/nic.h"

#define ADDRESS "0000:00:03.0"

enum death { NEVER, BEFORE_WRITE, AFTER_WRITE };

/* Shared with children that die. */
struct card {
	uint32_t rx;
	int refuses;        /* errno of a write */
	uint32_t rounds_to; /* 0 = takes what it is given */
	uint32_t most;      /* takes no more than this; 0 = as much as one likes */
	enum death dies;
};

struct lab {
	char dir[64];
	struct card *card;
};

static struct lab *here; /* for what the linker put in place */

int __real_fs_open_root(struct fs *ret, const char *path, struct err *err);
int __wrap_fs_open_root(struct fs *ret, const char *path, struct err *err);
int __wrap_nic_words_read(const char *netdev, const struct nic_words *like, struct nic_words *ret);
int __wrap_nic_words_write(const char *netdev, const struct nic_words *want);
void __wrap_nic_made_with(const char *netdev, char mac[18]);

int __wrap_fs_open_root(struct fs *ret, const char *path, struct err *err)
{
	AUTO_FREE char *tree = xprintf("%s/machine", here->dir);

	return __real_fs_open_root(ret, text_eq(path, "/") ? tree : path, err);
}

int __wrap_nic_words_read(const char *netdev, const struct nic_words *like, struct nic_words *ret)
{
	if (!text_eq(netdev, "eth0"))
		return -ENODEV;
	*ret = *like;
	ret->value[0] = here->card->rx;
	return 0;
}

int __wrap_nic_words_write(const char *netdev, const struct nic_words *want)
{
	struct card *card = here->card;

	if (!text_eq(netdev, "eth0"))
		return -ENODEV;
	if (card->refuses)
		return -card->refuses;
	if (card->dies == BEFORE_WRITE)
		_exit(9);
	card->rx = card->rounds_to ? card->rounds_to : want->value[0];
	if (card->most && card->rx > card->most)
		card->rx = card->most;
	if (card->dies == AFTER_WRITE)
		_exit(9);
	return 0;
}

void __wrap_nic_made_with(const char *netdev, char mac[18])
{
	(void) netdev;
	text_print(mac, 18, "52:54:00:12:34:56");
}

static char *in(const char *name)
{
	return xprintf("%s/%s", here->dir, name);
}

static void make_machine(void)
{
	static const char *const folders[] = { "proc/sys/kernel/random", "sys/bus/pci/drivers/igb",
					       "sys/bus/pci/devices/" ADDRESS "/net/eth0" };
	AUTO_FREE char *driver = in("machine/sys/bus/pci/devices/" ADDRESS "/driver");
	AUTO_FREE char *boot = in("machine/proc/sys/kernel/random/boot_id");
	struct err err = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(folders); i++) {
		AUTO_FREE char *path = xprintf("%s/machine/%s", here->dir, folders[i]);

		assert_int_equal(dir_make_all(path, 0755, &err), 0);
	}
	assert_int_equal(symlink("../../drivers/igb", driver), 0);
	assert_int_equal(file_write_atomic(boot, "11111111-2222-3333-4444-555555555555\n", 37, 0644, &err), 0);
}

static int set_up(void **state)
{
	AUTO_FREE char *st = NULL;

	here = xalloc(1, sizeof(*here));
	strcpy(here->dir, "/tmp/vlat-unit-XXXXXX");
	if (!mkdtemp(here->dir))
		return -1;
	here->card = mmap(NULL, sizeof(*here->card), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (here->card == MAP_FAILED)
		return -1;
	st = in("state");
	setenv("VLAT_STATE", st, 1);
	make_machine();
	*state = here;
	return 0;
}

static int tear_down(void **state)
{
	(void) state;
	dir_remove_all(here->dir);
	munmap(here->card, sizeof(*here->card));
	free(here);
	return 0;
}

static const struct {
	const char *name;
	struct card card;
	bool dry, forced, done;
	enum undo_state state;
	const char *text;
	uint32_t left;
} cases[] = {
	{ "as vlat left it", { .rx = 512 }, .state = UNDO_DONE, .text = "ring rx=256 again", .left = 256 },
	{ "only asked", { .rx = 512 }, .dry = true, .state = UNDO_DONE, .text = "ring rx=256 again", .left = 512 },
	{ "never written", { .rx = 256 }, .state = UNDO_SAME, .text = "", .left = 256 },
	{ "somebody else's", { .rx = 1024 }, .state = UNDO_FOREIGN, .text = "has ring rx=1024 now", .left = 1024 },
	{ "somebody else's, forced", { .rx = 1024 }, .forced = true, .state = UNDO_DONE, .text = "again", .left = 256 },
	{ "refuses", { .rx = 512, .refuses = EBUSY }, .state = UNDO_FAILED, .text = "cannot be set: ", .left = 512 },
	{ "less, not noted", { .rx = 400, .most = 400 }, .state = UNDO_DONE, .text = "ring rx=256 again", .left = 256 },
	{ "less, only asked", { .rx = 400, .most = 400 }, .dry = true, .state = UNDO_DONE, .text = "again", .left = 400 },
	{ "less, later", { .rx = 400, .most = 400 }, .done = true, .state = UNDO_FOREIGN, .text = "rx=400 now", .left = 400 },
	{ "another's, less", { .rx = 300, .most = 400 }, .state = UNDO_FOREIGN, .text = "rx=300 now", .left = 300 },
	{ "has its own mind", { .rx = 512, .rounds_to = 320 }, .state = UNDO_FAILED, .text = "kept its own value", .left = 320 },
};

static void test_card(void **state)
{
	static const char *const force[] = { "net.ring", NULL };
	char path[] = "/sys/bus/pci/devices/" ADDRESS, before[] = "52:54:00:12:34:56 ring rx=256", after[] = "ring rx=512";
	char knob[] = "net.ring";
	struct entry e = { .kind = ENTRY_NIC, .path = path, .before = before, .after = after, .knob = knob };

	(void) state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct undo_ctx c = { .dry = cases[i].dry, .force = cases[i].forced ? force : NULL };
		struct undo_item item = { 0 };

		*here->card = cases[i].card;
		e.done = cases[i].done;
		if (undo_nic(&c, &e, &item) != cases[i].state || !strstr(item.text, cases[i].text) ||
		    here->card->rx != cases[i].left)
			fail_msg("%s: %s, \"%s\", rx=%u", cases[i].name, undo_state_name(item.state), item.text, here->card->rx);
	}
}

/* Neither another card in the same slot nor one that a guest has is touched. */
static void test_other_card(void **state)
{
	char path[] = "/sys/bus/pci/devices/" ADDRESS, before[] = "52:54:00:ff:ff:ff ring rx=256", after[] = "ring rx=512";
	struct entry e = { .kind = ENTRY_NIC, .path = path, .before = before, .after = after };
	AUTO_FREE char *driver = in("machine/sys/bus/pci/devices/" ADDRESS "/driver");
	struct undo_item item = { 0 };
	struct undo_ctx c = { 0 };

	(void) state;
	here->card->rx = 512;
	assert_int_equal(undo_nic(&c, &e, &item), UNDO_VOID);
	assert_non_null(strstr(item.text, "is another card now"));
	assert_int_equal(unlink(driver), 0);
	assert_int_equal(symlink("../../drivers/vfio-pci", driver), 0);
	assert_int_equal(undo_nic(&c, &e, &item), UNDO_VOID);
	assert_non_null(strstr(item.text, "no network driver any more"));
	assert_int_equal(here->card->rx, 512);
}

/* In a child: a run that changes the card, and dies where it is told to. */
static void change_and_die(void)
{
	char path[] = "/sys/bus/pci/devices/" ADDRESS, before[] = "52:54:00:12:34:56 ring rx=256", after[] = "ring rx=512";
	struct entry e = { .kind = ENTRY_NIC, .path = path, .before = before, .after = after };
	struct journal *j = NULL;
	struct nic_words want;
	struct err err = { 0 };

	e.path = xstrdup(path);
	e.before = xstrdup(before);
	e.after = xstrdup(after);
	if (journal_open(&j, "unit test", &err) < 0)
		_exit(1);
	journal_for(j, "net.ring");
	if (journal_note(j, &e, &err) < 0 || nic_words_parse(after, &want) < 0)
		_exit(1);
	nic_words_write("eth0", &want);
	_exit(9);
}

static bool revert(void)
{
	const struct revert_options o = { .run = NULL };
	struct revert_report r = { .n = 0 };
	struct err err = { 0 };
	bool clean = journal_revert(&o, &r, &err) == 0 && revert_clean(&r);

	revert_report_free(&r);
	return clean;
}

static void in_child(void (*fn)(void), enum death dies)
{
	int status;
	pid_t pid;

	here->card->dies = dies;
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		fn();
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 9);
	here->card->dies = NEVER;
}

static void revert_and_die(void)
{
	revert();
	_exit(1);
}

/* The run dies before its write, after it, and so does the one that undoes it: the next puts the card back. */
static void test_killed_anywhere(void **state)
{
	static const enum death deaths[] = { BEFORE_WRITE, AFTER_WRITE };
	static const uint32_t made[] = { 512, 400 }; /* what it was given, and less */

	(void) state;
	for (size_t i = 0; i < ARRAY_SIZE(deaths) * ARRAY_SIZE(made); i++) {
		uint32_t makes = made[i / ARRAY_SIZE(deaths)];
		enum death dies = deaths[i % ARRAY_SIZE(deaths)];

		for (size_t k = 0; k < ARRAY_SIZE(deaths); k++) {
			*here->card = (struct card){ .rx = 256, .most = makes };
			in_child(change_and_die, dies);
			assert_int_equal(here->card->rx, dies == BEFORE_WRITE ? 256 : makes);
			if (dies == AFTER_WRITE)
				in_child(revert_and_die, deaths[k]);
			assert_true(revert());
			assert_int_equal(here->card->rx, 256);
			here->card->rx = 1024; /* somebody's, later: nothing of the run is left that would touch it */
			assert_true(revert());
			assert_int_equal(here->card->rx, 1024);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_card, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_other_card, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_killed_anywhere, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
