/* SPDX-License-Identifier: Apache-2.0 */
/*
 * route - whoever takes the device of the default route away logs himself out.
 * Formats: net/ipv4/fib_trie.c (fib_route_seq_show), net/ipv6/route.c (rt6_info_route).
 */
#include "net/route.h"

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/cursor.h"
#include "base/text.h"

#define UPPERS_DEEP 4 /* a VLAN on a bridge on a bond on the card */

enum { FLAG_GATEWAY = 0x2, FLAG_REJECT = 0x200 }; /* RTF_* of linux/route.h */

static bool take_column(const char **at, char *buf, unsigned cap)
{
	return take_blanks(at) && take_word(at, buf, cap);
}

static bool take_hex_column(const char **at, uint64_t *ret)
{
	return take_blanks(at) && take_hex(at, ret);
}

/* eth0 00000000 010200C0 0003 0 0 0 00000000 ...: name, destination, gateway, flags, 3 counters, mask. */
static void line_four(const char *line, const char *netdev, struct route_use *use)
{
	uint64_t destination, gateway, flags, skipped, mask;
	char name[64];

	if (!take_column(&line, name, sizeof(name)) || !text_eq(name, netdev) || !take_hex_column(&line, &destination) ||
	    !take_hex_column(&line, &gateway) || !take_hex_column(&line, &flags) || !take_hex_column(&line, &skipped) ||
	    !take_hex_column(&line, &skipped) || !take_hex_column(&line, &skipped) || !take_hex_column(&line, &mask))
		return;
	if (destination == 0 && mask == 0)
		use->is_default = true;
	else if (flags & FLAG_GATEWAY)
		use->gateways++;
}

/* destination length source length router metric references uses flags name, all hexadecimal. */
static void line_six(const char *line, const char *netdev, struct route_use *use)
{
	char destination[40], skipped[40], name[64];
	uint64_t length, number, flags;

	if (!take_column(&line, destination, sizeof(destination)) || !take_hex_column(&line, &length) ||
	    !take_column(&line, skipped, sizeof(skipped)) || !take_hex_column(&line, &number) ||
	    !take_column(&line, skipped, sizeof(skipped)) || !take_hex_column(&line, &number) ||
	    !take_hex_column(&line, &number) || !take_hex_column(&line, &number) || !take_hex_column(&line, &flags) ||
	    !take_column(&line, name, sizeof(name)) || !text_eq(name, netdev) || (flags & FLAG_REJECT))
		return;
	if (length == 0 && strspn(destination, "0") == strlen(destination))
		use->is_default = true;
	else if (flags & FLAG_GATEWAY)
		use->gateways++;
}

static void each_line(const char *text, const char *netdev, struct route_use *use,
		      void (*fn)(const char *line, const char *netdev, struct route_use *use))
{
	char line[512];

	while (text && take_line(&text, line, sizeof(line)))
		fn(line, netdev, use);
}

void route_parse(const char *four, const char *six, const char *netdev, struct route_use *ret)
{
	*ret = (struct route_use){ 0 };
	each_line(four, netdev, ret, line_four);
	each_line(six, netdev, ret, line_six);
}

struct tables {
	char *four, *six;
};

static void tables_free(struct tables *t)
{
	free(t->four);
	free(t->six);
}

/* The device itself, or the first thing on top of it that the default route leaves by. */
static bool find_default(const struct fs *fs, const struct tables *t, const char *netdev, unsigned deep, char *by, size_t cap)
{
	struct fs_names names = { 0 };
	struct route_use use;
	char path[96];
	bool found;

	route_parse(t->four, t->six, netdev, &use);
	if (use.is_default)
		return !text_print(by, cap, "%s", netdev);
	text_print(path, sizeof(path), "sys/class/net/%s", netdev);
	if (deep == 0 || fs_list(fs, path, &names) < 0)
		return false;
	found = false;
	for (size_t i = 0; i < names.n && !found; i++)
		if (text_starts(names.at[i], "upper_"))
			found = find_default(fs, t, names.at[i] + strlen("upper_"), deep - 1, by, cap);
	fs_list_free(&names);
	return found;
}

static int check_default(const struct fs *fs, const struct tables *t, const char *netdev, struct err *err)
{
	char by[64];

	if (!find_default(fs, t, netdev, UPPERS_DEEP, by, sizeof(by)))
		return 0;
	return err_set(
		err, -EBUSY,
		"%s carries this host's default route%s%s: taking it could cut you off; name another device, or say \"force\"",
		netdev, text_eq(by, netdev) ? "" : " by way of ", text_eq(by, netdev) ? "" : by);
}

static int check_movable(const struct fs *fs, const char *netdev, struct err *err)
{
	struct fs_names names = { 0 };
	char path[96];
	int r = 0;

	text_print(path, sizeof(path), "sys/class/net/%s", netdev);
	if (fs_list(fs, path, &names) < 0)
		return 0;
	for (size_t i = 0; i < names.n && r == 0; i++)
		if (text_starts(names.at[i], "upper_"))
			r = err_set(err, -EBUSY, "%s is part of %s, which vlat could not put back: take it out of there first",
				    netdev, names.at[i] + strlen("upper_"));
	fs_list_free(&names);
	return r;
}

int route_check_free(const struct fs *fs, const char *netdev, bool moved, bool force, struct err *err)
{
	AUTO(tables_free) struct tables t = { 0 };
	struct route_use use;
	int r = moved ? check_movable(fs, netdev, err) : 0;

	if (r < 0 || force)
		return r;
	(void) fs_read_all(fs, "proc/net/route", 4 << 20, &t.four, NULL);
	(void) fs_read_all(fs, "proc/net/ipv6_route", 16 << 20, &t.six, NULL);
	r = check_default(fs, &t, netdev, err);
	if (r < 0 || !moved)
		return r;
	route_parse(t.four, t.six, netdev, &use);
	if (use.gateways)
		return err_set(
			err, -EBUSY,
			"%s carries %u routes by way of routers, which vlat would not put back: name another device, or say "
			"\"force\"",
			netdev, use.gateways);
	return 0;
}
