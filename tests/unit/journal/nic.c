/* SPDX-License-Identifier: Apache-2.0 */
/* The words of a card's settings, and the lines of the journal that hold them. */
#include "journal/nic.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/jsonx.h"
#include "journal/entry.h"
#include "journal/internal.h"

static void test_words(void **state)
{
	static const char *const good[] = { "ring rx=512", "coalesce adaptive-rx=0 rx-usecs=8", "coalesce rx-usecs=0",
					    "channels combined=2", "lro on=0" };
	static const char *const bad[] = { "", "ring", "ring ", "ring rx", "ring rx=", "ring rx=a", "ring rx=5b",
					   "ring rx=4294967296", "ring rx=-1", "ring rx=1 rx=1", "ring tx=5", "lro on=2", "wheel rx=1", "ring rx=1 " };
	char said[NIC_WORDS_MAX];
	struct nic_words w, other;

	(void) state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		assert_int_equal(nic_words_parse(good[i], &w), 0);
		assert_string_equal(nic_words_text(&w, said), good[i]);
	}
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		if (nic_words_parse(bad[i], &w) != -EINVAL)
			fail_msg("\"%s\" was taken", bad[i]);
	assert_int_equal(nic_words_parse("coalesce rx-usecs=0", &w), 0);
	assert_int_equal(nic_words_parse("coalesce adaptive-rx=0 rx-usecs=0", &other), 0);
	assert_false(nic_words_same(&w, &other));
	assert_int_equal(nic_words_read("no-such-card", &w, &other), -ENODEV);
	assert_int_equal(nic_words_write("a-name-too-long-for-a-link", &w), -ENODEV);
}

static bool taken(const char *path)
{
	static const char rest[] = "\"before\":\"- ring rx=1\",\"after\":\"ring rx=2\"}";
	AUTO_FREE char *line = xprintf("{\"seq\":1,\"kind\":\"nic\",\"path\":\"%s\",%s", path, rest);
	AUTO_JSON json_t *o = NULL;
	struct err err = { 0 };
	struct entry e;

	assert_int_equal(jx_parse(line, strlen(line), "line", &o, &err), 0);
	if (entry_parse(o, &e, &err) < 0)
		return false;
	entry_free(&e);
	return true;
}

static void test_entry(void **state)
{
	(void) state;
	assert_true(taken("/sys/bus/pci/devices/0000:00:03.0"));
	assert_false(taken("/sys/bus/pci/devices/0000:00:03.0/net"));
	assert_false(taken("/sys/class/net/eth0"));
	assert_false(taken("/sys/bus/pci/devices/../../etc"));
}

/* A card that is gone is nobody's to put back; words that say nothing stay in the journal. */
static void test_undo(void **state)
{
	char path[] = "/sys/bus/pci/devices/ffff:ff:1f.7", before[] = "52:54:00:12:34:56 ring rx=256", after[] = "ring rx=512";
	char other[] = "lro on=0";
	struct entry e = { .kind = ENTRY_NIC, .path = path, .before = before, .after = after };
	struct undo_ctx c = { .dry = true };
	struct undo_item item = { 0 };

	(void) state;
	assert_int_equal(undo_nic(&c, &e, &item), UNDO_VOID);
	assert_string_equal(item.text, "is gone");
	e.after = other;
	assert_int_equal(undo_nic(&c, &e, &item), UNDO_FAILED);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_words), cmocka_unit_test(test_entry), cmocka_unit_test(test_undo) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
