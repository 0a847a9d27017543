/* SPDX-License-Identifier: Apache-2.0 */
/* PCI devices of made-up machines: addresses, names, groups. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "host/iommu.h"
#include "host/pci.h"

#include "../net/machine_tree.h"

static void test_address(void **state)
{
	static const struct {
		const char *text, *full;
	} good[] = { { "01:10.0", "0000:01:10.0" }, { "0000:01:1f.7", "0000:01:1f.7" }, { "FFFF:AB:0C.1", "ffff:ab:0c.1" } };
	static const char *const bad[] = {
		"",         "eth0",         "1:10.0",        "01:10",       "01:10.8",     "01:20.0",     "0000:01:10.0 ",
		" 01:10.0", "0000-01:10.0", "00000:01:10.0", "0000:01:10.", "../:01:10.0", "0000:01:1/.0"
	};
	char address[PCI_ADDRESS_MAX] = "kept";

	(void) state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_false(pci_address_parse(bad[i], address));
		assert_string_equal(address, "kept");
	}
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		assert_true(pci_address_parse(good[i].text, address));
		assert_string_equal(address, good[i].full);
	}
}

static int set_up(void **state)
{
	struct machine *m = xalloc(1, sizeof(*m));

	machine_open(m);
	*state = m;
	return 0;
}

static int tear_down(void **state)
{
	machine_close(*state);
	free(*state);
	return 0;
}

static void test_read(void **state)
{
	struct machine *m = *state;
	struct pci_device d;
	struct err err = { 0 };
	char list[32];

	assert_int_equal(pci_read(&m->fs, PF, &d, &err), 0);
	assert_int_equal(d.vendor, 0x8086);
	assert_int_equal(d.device, 0x10c9);
	assert_int_equal(d.class_code >> 16, PCI_CLASS_NET);
	assert_string_equal(d.driver, "igb");
	assert_string_equal(d.override, "");
	assert_string_equal(d.netdev, "eth1");
	assert_string_equal(cpuset_list(&d.local_cpus, list, sizeof(list)), "0-3");
	assert_int_equal(d.group, 1);
	assert_int_equal(d.vfs_total, 7);
	assert_false(d.is_vf);
	machine_device(m, "0000:01:10.0", NULL, -1);
	machine_link(m, "../" PF, DEV "0000:01:10.0/physfn");
	assert_int_equal(pci_read(&m->fs, "01:10.0", &d, &err), 0);
	assert_true(d.is_vf);
	assert_string_equal(d.pf, PF);
	assert_int_equal(d.group, -1);
	assert_string_equal(d.driver, "");
}

/* By address, by the name of its netdev, and of a virtio one, whose netdev lies one level deeper. */
static void test_resolve(void **state)
{
	static const struct {
		const char *text;
		int code;
		const char *why;
	} bad[] = { { "eth9", -ENODEV, "no network device eth9" },
		    { "0000:77:00.0", -ENODEV, "no PCI device 0000:77:00.0" },
		    { "../eth1", -EINVAL, "neither a name" },
		    { "eth1\n", -EINVAL, "neither a name" },
		    { "", -EINVAL, "neither a name" },
		    { "veth0", -ENODEV, "veth0 is no PCI device" } };
	struct machine *m = *state;
	char address[PCI_ADDRESS_MAX];
	struct err err = { 0 };

	machine_put(m, "", "sys/devices/virtual/net/veth0/flags");
	machine_link(m, "../../devices/virtual/net/veth0", "sys/class/net/veth0");
	machine_put(m, "", "sys/devices/pci0000:00/0000:00:03.0/virtio1/net/eth5/flags");
	machine_link(m, "../../devices/pci0000:00/0000:00:03.0/virtio1/net/eth5", "sys/class/net/eth5");
	assert_int_equal(pci_resolve(&m->fs, "eth1", address, &err), 0);
	assert_string_equal(address, PF);
	assert_int_equal(pci_resolve(&m->fs, "01:00.0", address, &err), 0);
	assert_string_equal(address, PF);
	assert_int_equal(pci_resolve(&m->fs, "eth5", address, &err), 0);
	assert_string_equal(address, "0000:00:03.0");
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_int_equal(pci_resolve(&m->fs, bad[i].text, address, &err), bad[i].code);
		if (!strstr(err.text, bad[i].why))
			fail_msg("\"%s\" does not say \"%s\"", err.text, bad[i].why);
	}
}

static void test_list(void **state)
{
	struct machine *m = *state;
	struct pci_devices all;
	struct err err = { 0 };

	machine_device(m, "0000:00:1f.0", "lpc_ich", 3);
	machine_put(m, "0x060100\n", DEV "0000:00:1f.0/class");
	machine_device(m, "0000:02:00.0", "e1000e", 2);
	assert_int_equal(pci_network_devices(&m->fs, &all, &err), 0);
	assert_int_equal(all.n, 2);
	assert_string_equal(all.at[0].address, PF);
	assert_string_equal(all.at[1].address, "0000:02:00.0");
	pci_devices_free(&all);
}

static void test_group(void **state)
{
	struct machine *m = *state;
	struct iommu_group *g = xalloc(1, sizeof(*g));
	struct err err = { 0 };

	machine_device(m, "0000:00:1f.0", "lpc_ich", 1);
	machine_put(m, "", "sys/kernel/iommu_groups/1/devices/platform-thing");
	assert_int_equal(iommu_group_read(&m->fs, 1, g, &err), 0);
	assert_int_equal(g->n, 2);
	assert_int_equal(iommu_group_viable(g, PF, &err), -EBUSY);
	assert_non_null(strstr(err.text, "0000:00:1f.0 (lpc_ich)"));
	assert_int_equal(iommu_group_read(&m->fs, 99, g, &err), -ENOENT);
	free(g);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_address),
		cmocka_unit_test_setup_teardown(test_read, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_resolve, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_list, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_group, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
