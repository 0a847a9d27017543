/* SPDX-License-Identifier: Apache-2.0 */
/* The table, what a user writes, and what a made-up machine lacks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "net/datapath.h"
#include "net/link.h"

#include "machine_tree.h"

static void test_rows(void **state)
{
	unsigned suts = 0;

	(void) state;
	for (int i = 0; i < DATAPATHS; i++) {
		const struct datapath *d = datapath_row((enum datapath_kind) i);
		enum datapath_kind kind;

		assert_non_null(d->name);
		assert_true(strlen(d->brief) > 20 && strlen(d->needs) > 5);
		assert_true(d->suts != 0 && d->suts < 1u << WIRE_SUTS);
		assert_int_equal(datapath_find(d->name, &kind, NULL), 0);
		assert_int_equal(kind, i);
		suts |= d->suts;
	}
	assert_int_equal(suts, (1u << WIRE_SUTS) - 1);
}

static void test_fits(void **state)
{
	struct err err = { 0 };

	(void) state;
	assert_int_equal(datapath_fits(DATAPATH_MACVTAP, WIRE_VM, &err), 0);
	assert_int_equal(datapath_fits(DATAPATH_IPVLAN, WIRE_CONTAINER, &err), 0);
	assert_int_equal(datapath_fits(DATAPATH_VF, WIRE_NATIVE, &err), 0);
	assert_int_equal(datapath_fits(DATAPATH_MACVLAN, WIRE_VM, &err), -EINVAL);
	assert_non_null(strstr(err.text, "a VM, which can have bridge, vhost-net, macvtap"));
	assert_int_equal(datapath_fits(DATAPATH_PF, WIRE_NATIVE, &err), -EINVAL);
}

/* What is written is what is meant, and comes back as text that means the same. */
static void test_parse(void **state)
{
	static const char *const good[] = {
		"bridge",
		"host,peer=none",
		"macvtap-vhost-net,dev=eth1,queues=4",
		"vf,dev=0000:01:00.0,peer=pf,vlan=7,qos=3",
		"vf,dev=enp1s0f0,peer=enp1s0f1,vfs=7,mac=02:00:00:00:00:01,spoofchk=off,trust=on,rate=100,link=up,force",
		"pf,dev=01:00.0,peer=eth2,force",
	};
	struct datapath_wish w, again;
	struct err err = { 0 };
	char text[DATAPATH_TEXT_MAX];

	(void) state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		if (datapath_parse(good[i], &w, &err) < 0)
			fail_msg("%s: %s", good[i], err.text);
		assert_string_equal(datapath_text(&w, text), good[i]);
		assert_int_equal(datapath_parse(text, &again, &err), 0);
		assert_memory_equal(&w, &again, sizeof(w));
	}
	assert_int_equal(datapath_parse("vf,dev=eth1,trust=on,spoofchk=no,vlan=4094", &w, &err), 0);
	assert_int_equal(w.kind, DATAPATH_VF);
	assert_string_equal(w.dev, "eth1");
	assert_true(w.vf.trust);
	assert_false(w.vf.spoofchk);
	assert_int_equal(w.vf.vlan, 4094);
	assert_int_equal(w.vf.set, VF_TRUST | VF_SPOOFCHK | VF_VLAN);
	assert_false(w.force);
}

static void test_parse_refuses(void **state)
{
	static const struct {
		const char *text, *why;
	} bad[] = {
		{ "", "no datapath ''" },
		{ "brigde", "did you mean 'bridge'" },
		{ "vf,dev=", "datapath option dev" },
		{ "vf,dev=../../etc", "datapath option dev" },
		{ "vf,dev=eth 1", "datapath option dev" },
		{ "vf,dev=eth1\n", "datapath option dev" },
		{ "vf,dev=a/b", "datapath option dev" },
		{ "vf,dev=abcdefghijklmnop", "datapath option dev" },
		{ "vf,dev=0000:01:20.0", "datapath option dev" },
		{ "vf,dev=0000:01:00.8", "datapath option dev" },
		{ "vf,dev", "needs a value" },
		{ "vf,vlan=4095", "1 to 4094" },
		{ "vf,vlan=-1", "1 to 4094" },
		{ "vf,qos=8", "0 to 7" },
		{ "vf,vfs=0", "1 to 256" },
		{ "vhost-net,queues=0", "1 to 8" },
		{ "bridge,queues=9", "1 to 8" },
		{ "e1000e,queues=2", "has no option 'queues'" },
		{ "vf,mac=01:00:00:00:00:01", "odd first byte" },
		{ "vf,trust=perhaps", "on or off" },
		{ "vf,link=sideways", "auto, up or down" },
		{ "vf,rate=fast", "Mbit/s" },
		{ "bridge,vlan=7", "has no option 'vlan'" },
		{ "host,dev=eth0", "has no option 'dev'" },
		{ "macvlan,force", "has no option 'force'" },
		{ "bridge,peer=pf", "peer=pf is for vf" },
		{ "bridge,peer=eth1", "makes its own peer" },
		{ "pf,dev=eth1,peer=eth1", "a cable has two ends" },
		{ "vf,,", "has no option ''" },
		{ "vf,dev=eth1,dev=eth2", "dev is given twice" },
	};
	struct datapath_wish w = { .vfs = 77 };

	(void) state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct err err = { 0 };

		assert_int_equal(datapath_parse(bad[i].text, &w, &err), -EINVAL);
		if (!strstr(err.text, bad[i].why))
			fail_msg("%s: \"%s\" does not say \"%s\"", bad[i].text, err.text, bad[i].why);
		assert_int_equal(w.vfs, 77);
	}
}

static int set_up(void **state)
{
	struct machine *m = xalloc(1, sizeof(*m));

	machine_open(m);
	machine_device(m, "0000:02:00.0", "e1000e", 2);
	machine_netdev(m, "0000:02:00.0", "eth2", "0x1003\n");
	*state = m;
	return 0;
}

static int tear_down(void **state)
{
	machine_close(*state);
	free(*state);
	return 0;
}

static void says(const struct machine *m, enum wire_sut sut, const char *wish, const char *why)
{
	struct datapath_wish w;
	struct err err = { 0 };
	int r;

	if (datapath_parse(wish, &w, &err) < 0)
		fail_msg("%s: %s", wish, err.text);
	r = datapath_available(&m->fs, &w, sut, &err);
	if ((r < 0) != (why != NULL) || (why && !strstr(err.text, why)))
		fail_msg("%s: \"%s\", not \"%s\"", wish, r < 0 ? err.text : "available", why ? why : "available");
}

static void test_available(void **state)
{
	struct machine *m = *state;
	char path[512];

	says(m, WIRE_VM, "macvlan", "is not for a VM");
	says(m, WIRE_VM, "bridge", "no /dev/net/tun");
	machine_put(m, "", "dev/net/tun");
	says(m, WIRE_VM, "bridge", NULL);
	says(m, WIRE_VM, "vhost-net", "modprobe vhost_net");
	says(m, WIRE_VM, "macvtap-vhost-net", "modprobe vhost_net");
	machine_put(m, "", "dev/vhost-net");
	says(m, WIRE_VM, "vhost-net", NULL);
	says(m, WIRE_CONTAINER, "bridge,dev=eth1", "eth1 is no bridge");
	says(m, WIRE_CONTAINER, "macvlan,dev=eth9", "no network device eth9");
	says(m, WIRE_CONTAINER, "macvlan,dev=eth1", NULL);
	says(m, WIRE_CONTAINER, "vf", NULL);
	says(m, WIRE_VM, "vf,dev=eth1,vfs=8", "it has 7 at most");
	says(m, WIRE_VM, "vf,dev=eth2", "0000:02:00.0 has no virtual functions");
	says(m, WIRE_VM, "vf,dev=0000:07:00.0", "there is no PCI device 0000:07:00.0");
	says(m, WIRE_VM, "vf,dev=eth1,peer=eth2", NULL);
	says(m, WIRE_VM, "vf,dev=eth1,peer=eth3", "no network device eth3");
	says(m, WIRE_VM, "pf", "say which");
	says(m, WIRE_VM, "pf,dev=eth1", "needs a peer");
	says(m, WIRE_VM, "pf,dev=eth1,peer=eth2", NULL);
	machine_put(m, "eth2\t00000000\t0102A8C0\t0003\t0\t0\t0\t00000000\t0\t0\t0\n", "proc/net/route");
	says(m, WIRE_VM, "pf,dev=eth1,peer=eth2", "eth2 carries this host's default route");
	says(m, WIRE_VM, "pf,dev=eth2,peer=eth1", "eth2 carries this host's default route");
	says(m, WIRE_VM, "pf,dev=eth2,peer=eth1,force", NULL);
	snprintf(path, sizeof(path), "%s/sys/kernel/iommu_groups", m->dir);
	dir_remove_all(path);
	says(m, WIRE_VM, "vf", "no IOMMU is in use");
	says(m, WIRE_CONTAINER, "vf", NULL);
	machine_put(m, "4\n", DEV PF "/sriov_numvfs");
	says(m, WIRE_CONTAINER, "pf,dev=eth1,peer=none", "has 4 virtual functions, which would lose their port");
	says(m, WIRE_CONTAINER, "vf,dev=eth1", "0 of them are free, but 2 are needed");
	machine_put(m, "0\n", DEV PF "/sriov_totalvfs");
	says(m, WIRE_CONTAINER, "vf", "no network card of this machine has virtual functions");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_fits),
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_parse_refuses),
		cmocka_unit_test_setup_teardown(test_available, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
