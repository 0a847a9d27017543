/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A network card's rings, queues, and how long it gathers packets: as they
 * were.  The card is looked for by PCI address, and must be the one that was
 * changed: a driver that was loaded again may have called it otherwise, and
 * another card in the same slot is none of ours.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/cursor.h"
#include "base/text.h"
#include "journal/device.h"
#include "journal/internal.h"
#include "journal/nic.h"

struct card {
	const char *address;
	char netdev[32], mac[18];
	struct nic_words before, after, left, now;
	bool has_left; /* the card had made something else of it */
};

static enum undo_state __attribute__((format(printf, 3, 4)))
say(struct undo_item *item, enum undo_state state, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(item->text, sizeof(item->text), fmt, ap);
	va_end(ap);
	return state;
}

/* before: "52:54:00:12:34:56 ring rx=256", or "-" for a card that tells no address. */
static bool read_entry(const struct entry *e, struct card *c)
{
	const char *at = e->before;

	c->has_left = e->left && nic_words_parse(e->left, &c->left) == 0;
	return text_starts(e->path, DEVICE_FOLDER) && take_word(&at, c->mac, sizeof(c->mac)) && take_text(&at, " ") &&
	       nic_words_parse(at, &c->before) == 0 && nic_words_parse(e->after, &c->after) == 0 &&
	       c->before.group == c->after.group;
}

/* UNDO_DONE = it is there, and is called c->netdev. */
static enum undo_state find_card(const struct fs *fs, struct card *c, struct undo_item *item)
{
	char driver[64], mac[18];

	if (!fs_existsf(fs, "sys/bus/pci/devices/%s", c->address))
		return say(item, UNDO_VOID, "is gone");
	device_driver(fs, c->address, driver, sizeof(driver));
	if (!driver[0] || text_starts(driver, "vfio") || text_eq(driver, "pci-stub"))
		return say(item, UNDO_VOID, "has no network driver any more, which had kept the setting");
	if (!device_netdev(fs, c->address, c->netdev, sizeof(c->netdev)))
		return say(item, UNDO_FAILED, "is in another network namespace now: bring it back, then revert again");
	nic_made_with(c->netdev, mac);
	if (!text_eq(mac[0] ? mac : "-", c->mac))
		return say(item, UNDO_VOID, "is another card now (%s, not %s)", mac[0] ? mac : "without an address", c->mac);
	return UNDO_DONE;
}

static enum undo_state put_back(const struct card *c, struct undo_item *item)
{
	struct nic_words got;
	int r = nic_words_write(c->netdev, &c->before);

	if (r < 0)
		return say(item, UNDO_FAILED, "cannot be set: %s", strerror(-r));
	r = nic_words_read(c->netdev, &c->before, &got);
	if (r < 0)
		return say(item, UNDO_FAILED, "cannot be read back: %s", strerror(-r));
	return nic_words_same(&got, &c->before) ? UNDO_DONE : say(item, UNDO_FAILED, "was set, but the card kept its own value");
}

static bool is_ours(const struct card *c)
{
	return nic_words_same(&c->now, &c->after) || (c->has_left && nic_words_same(&c->now, &c->left));
}

/*
 * As of files (undo_value.c): a run that was killed before it looked cannot say what the card has made of a setting, so the card
 * is given it once more.
 */
static bool makes_the_same(const struct card *c)
{
	struct nic_words made;

	if (nic_words_write(c->netdev, &c->after) < 0 || nic_words_read(c->netdev, &c->after, &made) < 0)
		return false;
	if (nic_words_same(&made, &c->now))
		return true;
	nic_words_write(c->netdev, &c->now); /* somebody else's; it was taken before */
	return false;
}

static enum undo_state undo_card(const struct undo_ctx *c, const struct entry *e, struct card *card, struct undo_item *item)
{
	char now[NIC_WORDS_MAX], before[NIC_WORDS_MAX];
	int r = nic_words_read(card->netdev, &card->before, &card->now);

	text_print(item->what, sizeof(item->what), "network card %s (%s)", card->netdev, card->address);
	if (r < 0)
		return say(item, UNDO_FAILED, "cannot be asked: %s", strerror(-r));
	if (nic_words_same(&card->now, &card->before))
		return say(item, UNDO_SAME, "%s",
			   card->has_left && nic_words_same(&card->left, &card->before) ? UNDO_REFUSED : "");
	nic_words_text(&card->now, now);
	if (!is_ours(card) && !undo_is_forced(c, e) && !(undo_may_be_unnoted(e) && (c->dry || makes_the_same(card))))
		return say(item, UNDO_FOREIGN, "has %s now; vlat made it %s; somebody changed that since, left alone", now,
			   e->after);
	say(item, UNDO_DONE, "%s again", nic_words_text(&card->before, before));
	return c->dry ? UNDO_DONE : put_back(card, item);
}

enum undo_state undo_nic(const struct undo_ctx *c, const struct entry *e, struct undo_item *item)
{
	enum undo_state state;
	struct card card;
	struct err err = { 0 };
	struct fs fs;

	text_print(item->what, sizeof(item->what), "network card at %.200s", e->path);
	if (!read_entry(e, &card))
		return say(item, UNDO_FAILED, "was \"%.100s\", which says nothing", e->before);
	card.address = e->path + strlen(DEVICE_FOLDER);
	if (fs_open_root(&fs, "/", &err) < 0)
		return say(item, UNDO_FAILED, "%.300s", err.text);
	state = find_card(&fs, &card, item);
	if (state == UNDO_DONE)
		state = undo_card(c, e, &card, item);
	fs_close(&fs);
	return state;
}
