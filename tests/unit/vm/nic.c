/* SPDX-License-Identifier: Apache-2.0 */
/* The VM's end of a wire: which card it becomes, with which fds; CPUs for the workers of its queues. */
#include "vm/nic.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void test_of_wire(void **state)
{
	struct wire w = { .datapath = DATAPATH_VHOST_NET, .queues = 2, .tap_fd = { 5, 6 }, .vhost_fd = { 7, 8 } };
	struct vm_nic nic;

	(void) state;
	memcpy(w.sut_mac.at, (const uint8_t[]){ 2, 0, 0, 0, 0, 9 }, 6);
	nic_of_wire(&nic, &w);
	assert_int_equal(nic.kind, VM_NIC_VIRTIO);
	assert_true(nic.vhost && nic.queues == 2);
	assert_true(nic.tap_fd[1] == 6 && nic.vhost_fd[1] == 8);
	assert_string_equal(nic.mac, "02:00:00:00:00:09");
	w.datapath = DATAPATH_E1000E;
	w.queues = 1;
	nic_of_wire(&nic, &w);
	assert_true(nic.kind == VM_NIC_E1000E && !nic.vhost && nic.tap_fd[0] == 5);
	w.datapath = DATAPATH_PF;
	w.queues = 0;
	strcpy(w.vfio.address, "0000:01:00.0");
	nic_of_wire(&nic, &w);
	assert_int_equal(nic.kind, VM_NIC_VFIO);
	assert_string_equal(nic.host, "0000:01:00.0");
}

static void spreads(const char *sut, const char *emulator, unsigned vcpus, unsigned queues, const char *sut_then,
		    const char *emulator_then)
{
	struct placement p = { .housekeeping = cpuset_one(0) };
	char list[64];

	assert_int_equal(cpuset_parse_list(sut, &p.sut_cpus), 0);
	assert_int_equal(cpuset_parse_list(emulator, &p.emulator_cpus), 0);
	nic_spread(&p, vcpus, queues);
	assert_string_equal(cpuset_list(&p.sut_cpus, list, sizeof(list)), sut_then);
	assert_string_equal(cpuset_list(&p.emulator_cpus, list, sizeof(list)), emulator_then);
}

static void test_spread(void **state)
{
	(void) state;
	spreads("1-4", "5", 2, 2, "1-3", "4-5");
	spreads("1-4", "5", 2, 4, "1-2", "3-5"); /* two of them share */
	spreads("1-2", "5", 2, 2, "1-2", "5");
	spreads("1-4", "5", 1, 1, "1-4", "5");
	spreads("1-4", "0", 1, 4, "1-4", "0"); /* not on both sides of the isolation */
	spreads("", "", 1, 4, "", "");         /* not tuned */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_of_wire),
		cmocka_unit_test(test_spread),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
