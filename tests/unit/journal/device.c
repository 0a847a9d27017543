/* SPDX-License-Identifier: Apache-2.0 */
/* A network device's state as text, and put back for real in a namespace of this test's own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "base/vec.h"
#include "journal/device.h"
#include "journal/netdev.h"
#include "journal/undo.h"
#include "net/link.h"
#include "net/netns.h"

static void test_text(void **state)
{
	static const char *const good[] = {
		"eth1 mtu 1500 mac 02:00:00:00:00:0a up",
		"enp1s0f0 mtu 9000 mac 52:54:00:12:34:56 down addr 192.0.2.7/24 addr 2001:db8::1/64",
	};
	static const char *const bad[] = {
		"",
		"eth1",
		"eth1 mtu 1500",
		"eth1 mtu 1500 mac 02:00:00:00:00:0a",
		"eth1 mtu 1500 mac 02:00:00:00:00:0a sideways",
		"eth1 mtu x mac 02:00:00:00:00:0a up",
		"eth1 mtu 1500 mac 02:00:00:00:0:0a up",
		"../e mtu 1500 mac 02:00:00:00:00:0a up",
		"eth1 mtu 1500 mac 02:00:00:00:00:0a up addr 192.0.2.7",
		"eth1 mtu 1500 mac 02:00:00:00:00:0a up addr 192.0.2.7/33",
		"eth1 mtu 1500 mac 02:00:00:00:00:0a up addr ::1/129",
		"eth1 mtu 1500 mac 02:00:00:00:00:0a up ",
		"0123456789abcdef mtu 1500 mac 02:00:00:00:00:0a up",
	};
	struct netdev_state s = { .mtu = 77 };
	char text[NETDEV_TEXT_MAX];

	(void) state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_int_equal(netdev_parse(bad[i], &s), -EINVAL);
		assert_int_equal(s.mtu, 77);
	}
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		assert_int_equal(netdev_parse(good[i], &s), 0);
		assert_string_equal(netdev_text(&s, text), good[i]);
	}
}

/* ---- in a namespace that ends with its thread ---- */

static int own_net(struct net **ret, struct err *err)
{
	AUTO_CLOSE int here = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);

	return net_open(ret, here, err);
}

static int make_pair(const char *name, struct err *err)
{
	const struct veth_end a = { .name = name, .ns_fd = -1, .mac = { { 2, 0, 0, 0, 0, 1 } } };
	const struct veth_end b = { .name = "far", .ns_fd = -1, .mac = { { 2, 0, 0, 0, 0, 2 } } };
	struct net *net = NULL;
	int r = own_net(&net, err);

	if (r == 0)
		r = link_veth(net, &a, &b, err);
	net_close(net);
	return r;
}

/* What a device comes back as: another name, down, nothing on it. */
static int restore_there(void *arg, struct err *err)
{
	struct netdev_state *want = arg, now;
	int r = make_pair("dev7", err);

	if (r == 0)
		r = netdev_restore("dev7", want, err);
	if (r == 0)
		r = netdev_read(want->name, &now, err);
	if (r == 0 && !netdev_is(&now, want))
		r = err_set(err, -EPROTO, "%s", netdev_text(&now, (char[NETDEV_TEXT_MAX]){ 0 }));
	if (r == 0) /* nothing to do is nothing done */
		r = netdev_restore(want->name, want, err);
	return r;
}

static bool may_try(void)
{
	if (geteuid() == 0)
		return true;
	print_message("skipped: making a network namespace needs root\n");
	return false;
}

static void test_restore(void **state)
{
	static const char *const texts[] = {
		"eth1 mtu 1400 mac 02:00:00:00:00:77 up addr 192.0.2.7/24 addr 192.0.2.8/24 addr 2001:db8::1/64",
		"eth1 mtu 1500 mac 02:00:00:00:00:01 down addr 10.1.2.3/32",
	};
	struct netdev_state want;
	struct err err = { 0 };

	(void) state;
	for (size_t i = 0; may_try() && i < ARRAY_SIZE(texts); i++) {
		assert_int_equal(netdev_parse(texts[i], &want), 0);
		if (netns_try(restore_there, &want, &err) < 0)
			fail_msg("%s: %s", texts[i], err.text);
	}
}

/* The undo of the journal, which finds the device by its PCI address in (a made-up) sysfs. */
struct undone {
	char dir[64];
	struct undo_report report;
};

static int undo_there(void *arg, struct err *err)
{
	struct undone *u = arg;
	struct netdev_state want, now;
	struct journal *j = NULL;
	struct fs fs;
	int r = fs_open_root(&fs, u->dir, err);

	if (r == 0)
		r = make_pair("dev7", err);
	if (r == 0)
		r = journal_open(&j, "unit test", err);
	if (r == 0)
		r = netdev_parse("eth1 mtu 1400 mac 02:00:00:00:00:77 up addr 192.0.2.7/24", &want);
	if (r == 0)
		r = journal_netdev(j, &fs, "0000:01:00.0", &want, err);
	if (r == 0)
		r = journal_undo_report(j, 0, &u->report, err);
	if (r == 0)
		r = netdev_read("eth1", &now, err);
	if (r == 0 && !netdev_is(&now, &want))
		r = err_set(err, -EPROTO, "%s", netdev_text(&now, (char[NETDEV_TEXT_MAX]){ 0 }));
	fs_close(&fs);
	return r < 0 ? r : journal_close(j, err);
}

static void test_undo_netdev(void **state)
{
	AUTO_FREE char *net = NULL, *journal = NULL;
	struct undone u = { .dir = "/tmp/vlat-unit-XXXXXX" };
	struct err err = { 0 };

	(void) state;
	if (!may_try())
		return;
	assert_non_null(mkdtemp(u.dir));
	net = xprintf("%s/sys/bus/pci/devices/0000:01:00.0/net/dev7", u.dir);
	journal = xprintf("%s/state", u.dir);
	assert_int_equal(dir_make_all(net, 0755, &err), 0);
	setenv("VLAT_STATE", journal, 1);
	if (netns_try(undo_there, &u, &err) < 0)
		fail_msg("%s", err.text);
	assert_int_equal(u.report.count[UNDO_DONE], 1);
	undo_report_free(&u.report);
	dir_remove_all(u.dir);
}

/* The lease of one device: a second one is refused while the first is open, in the same process too. */
static void test_lease(void **state)
{
	char dir[] = "/tmp/vlat-unit-XXXXXX";
	AUTO_FREE char *device = NULL;
	struct err err = { 0 };
	int one = -1, two = -1;
	struct fs fs;

	(void) state;
	assert_non_null(mkdtemp(dir));
	device = xprintf("%s/sys/bus/pci/devices/0000:01:00.0", dir);
	assert_int_equal(dir_make_all(device, 0755, &err), 0);
	assert_int_equal(fs_open_root(&fs, dir, &err), 0);
	assert_int_equal(device_lease(&fs, "0000:01:00.0", &one, &err), 0);
	assert_int_equal(device_lease(&fs, "0000:01:00.0", &two, &err), -EBUSY);
	assert_non_null(strstr(err.text, "in use by another run"));
	close(one);
	assert_int_equal(device_lease(&fs, "0000:01:00.0", &two, &err), 0);
	close(two);
	fs_close(&fs);
	dir_remove_all(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_restore),
		cmocka_unit_test(test_undo_netdev),
		cmocka_unit_test(test_lease),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
