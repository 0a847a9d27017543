/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PCI devices: their driver again, their network device as it was, virtual
 * functions gone.  The order in the journal is: virtual functions, netdev,
 * driver; so on the way back the driver comes first, which brings the netdev,
 * and functions are removed when nobody holds one any more.
 */
#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "journal/device.h"
#include "journal/internal.h"
#include "journal/netdev.h"

#define RETURN_NS (20 * NS_PER_S)

/* The machine, and the address on it, that a path of the journal names. */
struct place {
	struct fs fs;
	char address[32];
};

static bool place_of(const struct entry *e, struct place *ret, struct undo_item *item)
{
	const char *at = strstr(e->path, DEVICE_FOLDER);
	char root[256];
	struct err err = { 0 };

	text_print(item->what, sizeof(item->what), "%.240s", e->path);
	if (!at || text_print(root, sizeof(root), "%.*s", (int) (at - e->path), e->path) ||
	    text_print(ret->address, sizeof(ret->address), "%s", at + strlen(DEVICE_FOLDER)) || strchr(ret->address, '/')) {
		text_print(item->text, sizeof(item->text), "names no PCI device");
		return false;
	}
	text_print(item->what, sizeof(item->what), "PCI device %s", ret->address);
	if (fs_open_root(&ret->fs, root[0] ? root : "/", &err) == 0)
		return true;
	text_print(item->text, sizeof(item->text), "%.300s", err.text);
	return false;
}

typedef enum undo_state device_undo(const struct undo_ctx *c, const struct place *p, const struct entry *e,
				    struct undo_item *item);

static enum undo_state with_place(const struct undo_ctx *c, const struct entry *e, struct undo_item *item, device_undo *undo)
{
	enum undo_state state;
	struct place p;

	if (!place_of(e, &p, item))
		return UNDO_FAILED;
	if (fs_existsf(&p.fs, "sys/bus/pci/devices/%s", p.address)) {
		state = undo(c, &p, e, item);
	} else {
		text_print(item->text, sizeof(item->text), "is gone");
		state = UNDO_VOID;
	}
	fs_close(&p.fs);
	return state;
}

/* Item and sentence both begin with the device: once is enough. */
static enum undo_state failed(const struct place *p, struct undo_item *item, const struct err *err)
{
	size_t n = strlen(p->address);
	bool again = text_starts(err->text, p->address) && err->text[n] == ' ';

	text_print(item->text, sizeof(item->text), "%.300s", err->text + (again ? n + 1 : 0));
	return UNDO_FAILED;
}

static bool override_is(const struct place *p, const char *driver)
{
	char now[64] = "";

	return fs_readf(&p->fs, now, sizeof(now), "sys/bus/pci/devices/%s/driver_override", p->address) >= 0 &&
	       text_eq(now, driver);
}

static int clear_override(const struct place *p)
{
	char path[96];

	text_print(path, sizeof(path), "sys/bus/pci/devices/%s/driver_override", p->address);
	return fs_write(&p->fs, path, "\n");
}

static enum undo_state driver_again(const struct place *p, const struct entry *e, struct undo_item *item)
{
	struct err err = { 0 };
	char now[64];

	if (device_give(&p->fs, p->address, e->before[0] ? NULL : "", &err) < 0)
		return failed(p, item, &err);
	device_driver(&p->fs, p->address, now, sizeof(now));
	if (text_eq(now, e->before))
		return UNDO_DONE;
	text_print(item->text, sizeof(item->text), "has the driver %.40s now, not %.40s", now[0] ? now : "none", e->before);
	return UNDO_FAILED;
}

static enum undo_state undo_driver_at(const struct undo_ctx *c, const struct place *p, const struct entry *e,
				      struct undo_item *item)
{
	bool ours = e->after[0] && override_is(p, e->after);
	char now[64];

	device_driver(&p->fs, p->address, now, sizeof(now));
	if (text_eq(now, e->before) && !ours)
		return UNDO_SAME;
	if (now[0] && e->after[0] && !text_eq(now, e->before) && !text_eq(now, e->after)) {
		text_print(item->text, sizeof(item->text),
			   "has the driver %.40s now; vlat found %.40s and gave it to %.40s; left alone", now,
			   e->before[0] ? e->before : "none", e->after);
		return UNDO_FOREIGN;
	}
	text_print(item->text, sizeof(item->text), "has %.40s for a driver again", e->before[0] ? e->before : "nobody");
	if (c->dry)
		return UNDO_DONE;
	if (text_eq(now, e->before)) /* killed between the override and the change */
		return clear_override(p) < 0 ? UNDO_FAILED : UNDO_DONE;
	return driver_again(p, e, item);
}

static enum undo_state undo_vfs_at(const struct undo_ctx *c, const struct place *p, const struct entry *e, struct undo_item *item)
{
	struct err err = { 0 };
	char now[32] = "";
	int r = fs_readf(&p->fs, now, sizeof(now), "sys/bus/pci/devices/%s/sriov_numvfs", p->address);

	text_print(item->what, sizeof(item->what), "virtual functions of %s", p->address);
	if (r < 0) {
		text_print(item->text, sizeof(item->text), "cannot be counted: %s", strerror(-r));
		return UNDO_FAILED;
	}
	if (text_eq(now, e->before))
		return UNDO_SAME;
	if (!text_eq(now, e->after)) {
		text_print(item->text, sizeof(item->text),
			   "are %.16s now; vlat made %.16s; somebody changed that since, left alone", now, e->after);
		return UNDO_FOREIGN;
	}
	text_print(item->text, sizeof(item->text), "removed");
	if (c->dry || device_set_vfs(&p->fs, p->address, 0, &err) == 0)
		return UNDO_DONE;
	return failed(p, item, &err);
}

static enum undo_state undo_netdev_at(const struct undo_ctx *c, const struct place *p, const struct entry *e,
				      struct undo_item *item)
{
	struct netdev_state want, now;
	struct err err = { 0 };
	char name[32];

	if (netdev_parse(e->before, &want) < 0) {
		text_print(item->text, sizeof(item->text), "was \"%.100s\", which says nothing", e->before);
		return UNDO_FAILED;
	}
	text_print(item->what, sizeof(item->what), "network device %s (%s)", want.name, p->address);
	text_print(item->text, sizeof(item->text), "here again, as it was");
	if (!device_await_netdev(&p->fs, p->address, name, sizeof(name), c->dry ? 0 : RETURN_NS)) {
		if (c->dry)
			return UNDO_DONE;
		text_print(
			item->text, sizeof(item->text),
			"is not here: some process keeps it in its network namespace (lsns -t net), or it has no network driver");
		return UNDO_FAILED;
	}
	if (netdev_read(name, &now, &err) < 0)
		return failed(p, item, &err);
	if (netdev_is(&now, &want))
		return UNDO_SAME;
	return c->dry || netdev_restore(name, &want, &err) == 0 ? UNDO_DONE : failed(p, item, &err);
}

enum undo_state undo_driver(const struct undo_ctx *c, const struct entry *e, struct undo_item *item)
{
	return with_place(c, e, item, undo_driver_at);
}

enum undo_state undo_vfs(const struct undo_ctx *c, const struct entry *e, struct undo_item *item)
{
	return with_place(c, e, item, undo_vfs_at);
}

enum undo_state undo_netdev(const struct undo_ctx *c, const struct entry *e, struct undo_item *item)
{
	return with_place(c, e, item, undo_netdev_at);
}
