/* SPDX-License-Identifier: Apache-2.0 */
/* Virtual functions and VFIO on a made-up machine: the order of what is written, what is refused and how, what undo leaves. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "journal/undo.h"
#include "net/link.h"
#include "net/route.h"
#include "net/sriov.h"
#include "net/vfio.h"

#include "machine.h"

struct lab {
	struct machine m;
	struct journal *j;
	char state[64];
	unsigned awaited, set; /* how often the port was asked */
	struct vf_wish attributes[8];
	int refuse; /* what await() or set() says */
};

static int lab_await(void *arg, const char *netdev, struct err *err)
{
	struct lab *lab = arg;

	assert_string_equal(netdev, "eth1");
	snprintf(kernel.log[kernel.n_log++], sizeof(kernel.log[0]), "await");
	lab->awaited++;
	return lab->refuse == -ENOLINK ? err_set(err, -ENOLINK, "no carrier") : 0;
}

static int lab_set(void *arg, const char *netdev, unsigned vf, const struct vf_wish *wish, struct err *err)
{
	struct lab *lab = arg;

	assert_string_equal(netdev, "eth1");
	snprintf(kernel.log[kernel.n_log++], sizeof(kernel.log[0]), "set %u", vf);
	if (lab->refuse == -EPROTO && vf == 1)
		return err_set(err, -EPROTO, "kept its own");
	lab->attributes[vf] = *wish;
	lab->set++;
	return 0;
}

static int lab_get(void *arg, const char *netdev, unsigned vf, struct vf_wish *ret, struct err *err)
{
	struct lab *lab = arg;

	(void) netdev;
	(void) err;
	*ret = lab->attributes[vf];
	return 0;
}

static const struct sriov_ops lab_ops = { .await = lab_await, .set = lab_set, .get = lab_get };

static int set_up(void **state)
{
	struct lab *lab = xalloc(1, sizeof(*lab));
	struct err err = { 0 };

	machine_open(&lab->m);
	kernel = (struct kernel){ .m = &lab->m };
	strcpy(lab->state, "/tmp/vlat-unit-XXXXXX");
	if (!mkdtemp(lab->state))
		return -1;
	setenv("VLAT_STATE", lab->state, 1);
	*state = lab;
	return journal_open(&lab->j, "unit test", &err);
}

static int tear_down(void **state)
{
	struct lab *lab = *state;
	struct err err = { 0 };
	int r = journal_close(lab->j, &err);

	if (r < 0)
		print_error("%s\n", err.text);
	kernel.m = NULL;
	machine_close(&lab->m);
	dir_remove_all(lab->state);
	free(lab);
	return r;
}

static struct sriov *make(struct lab *lab, unsigned n)
{
	const struct sriov_wish wish = { .pf = PF, .need = n, .ops = &lab_ops, .arg = lab };
	struct err err = { 0 };
	struct sriov *s = NULL;

	if (sriov_open(&s, &lab->m.fs, lab->j, &wish, &err) < 0)
		fail_msg("%s", err.text);
	return s;
}

/* The port ready, no probing, functions, the port ready again, their attributes, probing as it was. */
static void test_order(void **state)
{
	static const char *const order[] = { "await", "sriov_drivers_autoprobe=0", "sriov_numvfs=2", "await", "set 0",
					     "set 1", "sriov_drivers_autoprobe=1" };
	struct lab *lab = *state;
	struct sriov *s = make(lab, 2);
	char buf[256];

	for (unsigned i = 0; i < ARRAY_SIZE(order); i++)
		assert_string_equal(kernel_did(i), order[i]);
	assert_true(lab->attributes[0].set & VF_MAC);
	assert_int_equal(lab->attributes[0].mac.at[0], 0x02);
	assert_memory_not_equal(&lab->attributes[0].mac, &lab->attributes[1].mac, sizeof(struct mac));
	sriov_close(s);
	assert_string_equal(machine_read(&lab->m, buf, DEV PF "/sriov_numvfs"), "0");
}

/* Two different ones; the third is not there. */
static void test_take(void **state)
{
	struct lab *lab = *state;
	struct sriov *s = make(lab, 2);
	struct err err = { 0 };
	struct vf a, b, c = { .lease = -1 };

	assert_int_equal(sriov_take(s, &a, &err), 0);
	assert_int_equal(sriov_take(s, &b, &err), 0);
	assert_string_equal(a.address, "0000:01:10.0");
	assert_string_equal(b.address, "0000:01:10.2");
	assert_memory_equal(&a.mac, &lab->attributes[0].mac, sizeof(a.mac));
	assert_int_equal(sriov_take(s, &c, &err), -EBUSY);
	assert_non_null(strstr(err.text, "all 2 are in use"));
	vf_give_back(s, &a);
	vf_give_back(s, &b);
	sriov_close(s);
}

/* A network driver for one, vfio-pci for the other; each undone by what follows. */
static void test_bind(void **state)
{
	struct lab *lab = *state;
	struct sriov *s = make(lab, 2);
	struct vfio_device v = { 0 };
	struct err err = { 0 };
	char netdev[16], buf[256];
	struct vf a, b;

	assert_int_equal(sriov_take(s, &a, &err), 0);
	assert_int_equal(sriov_take(s, &b, &err), 0);
	assert_int_equal(vf_bind_network(s, &a, netdev, &err), 0);
	assert_string_equal(netdev, "vf00");
	if (vfio_bind_on(&v, &lab->m.fs, lab->j, b.address, false, &err) < 0)
		fail_msg("%s", err.text);
	assert_int_equal(v.group, 11);
	assert_string_equal(v.node, "/dev/vfio/11");
	assert_string_equal(machine_read(&lab->m, buf, DEV "0000:01:10.2/driver_override"), "vfio-pci");
	vf_give_back(s, &a);
	assert_false(fs_existsf(&lab->m.fs, DEV "%s/driver", a.address));
	vf_give_back(s, &b);
	sriov_close(s);
	assert_false(fs_exists(&lab->m.fs, DEV "0000:01:10.0"));
}

/* The driver was loaded meanwhile and took the function by itself: taken away all the same, so nothing keeps it from going. */
static void test_bound_by_itself(void **state)
{
	struct lab *lab = *state;
	struct sriov *s = make(lab, 1);
	struct err err = { 0 };
	char netdev[16];
	struct vf a;

	assert_int_equal(sriov_take(s, &a, &err), 0);
	kernel_bind(&kernel, a.address);
	assert_int_equal(vf_bind_network(s, &a, netdev, &err), 0);
	vf_give_back(s, &a);
	assert_false(fs_existsf(&lab->m.fs, DEV "%s/driver", a.address));
	sriov_close(s);
}

/* As after kill -9: nothing is given back, only the journal is there. */
static void test_undo(void **state)
{
	struct lab *lab = *state;
	struct sriov *s = make(lab, 3);
	struct undo_report report = { 0 };
	struct vfio_device v;
	struct err err = { 0 };
	char buf[256];
	struct vf a;

	assert_int_equal(sriov_take(s, &a, &err), 0);
	assert_int_equal(vfio_bind_on(&v, &lab->m.fs, lab->j, a.address, false, &err), 0);
	close(a.lease);
	assert_int_equal(journal_undo_report(lab->j, 0, &report, &err), 0);
	assert_int_equal(report.count[UNDO_DONE], 2); /* driver, functions */
	assert_int_equal(report.count[UNDO_SAME], 1); /* autoprobe was switched back at once */
	assert_int_equal(report.count[UNDO_FOREIGN], 0);
	assert_string_equal(machine_read(&lab->m, buf, DEV PF "/sriov_numvfs"), "0");
	assert_string_equal(machine_read(&lab->m, buf, DEV PF "/sriov_drivers_autoprobe"), "1");
	undo_report_free(&report);
	sriov_close(s);
}

/* Killed when some have their attributes and probing is still off: the failing set() leaves things just so. */
static void test_half_made(void **state)
{
	struct lab *lab = *state;
	const struct sriov_wish wish = { .pf = PF, .need = 4, .ops = &lab_ops, .arg = lab };
	struct err err = { 0 };
	struct sriov *s = NULL;
	char buf[256];

	lab->refuse = -EPROTO;
	assert_int_equal(sriov_open(&s, &lab->m.fs, lab->j, &wish, &err), -EPROTO);
	assert_null(s);
	assert_non_null(strstr(err.text, "virtual function 1 of " PF));
	assert_int_equal(journal_undo_to(lab->j, 0, &err), 0);
	assert_string_equal(machine_read(&lab->m, buf, DEV PF "/sriov_numvfs"), "0");
	assert_string_equal(machine_read(&lab->m, buf, DEV PF "/sriov_drivers_autoprobe"), "1");
}

/* A process that has the group open: undo says who, waits for nobody, and can be tried again. */
static void test_undo_in_use(void **state)
{
	struct lab *lab = *state;
	struct sriov *s = make(lab, 1);
	struct vfio_device v;
	struct err err = { 0 };
	char path[512], buf[256];
	struct vf a;

	assert_int_equal(sriov_take(s, &a, &err), 0);
	assert_int_equal(vfio_bind_on(&v, &lab->m.fs, lab->j, a.address, false, &err), 0);
	close(a.lease);
	machine_put(&lab->m, "qemu-system-x86\n", "proc/812/comm");
	machine_link(&lab->m, "/dev/vfio/10", "proc/812/fd/27");
	assert_true(journal_undo_to(lab->j, 0, &err) < 0);
	assert_non_null(strstr(err.text, "IOMMU group 10 is open in process 812 (qemu-system-x86)"));
	assert_string_equal(machine_read(&lab->m, buf, DEV PF "/sriov_numvfs"), "1");
	snprintf(path, sizeof(path), "%s/proc/812", lab->m.dir);
	dir_remove_all(path);
	assert_int_equal(journal_undo_to(lab->j, 0, &(struct err){ 0 }), 0);
	assert_string_equal(machine_read(&lab->m, buf, DEV PF "/sriov_numvfs"), "0");
	sriov_close(s);
}

/* Made by somebody else: used when free, never changed, never removed. */
static void test_foreign(void **state)
{
	struct lab *lab = *state;
	struct err err = { 0 };
	struct sriov *s;
	char buf[256], netdev[16];
	struct vf a, b, c = { .lease = -1 };

	kernel_functions(&kernel, 3);
	machine_put(&lab->m, "3\n", DEV PF "/sriov_numvfs");
	kernel_bind(&kernel, "0000:01:10.0");
	machine_put(&lab->m, "0x1003\n", "sys/devices/pci0000:00/0000:01:10.0/net/vf00/flags"); /* up: in use */
	s = make(lab, 2);
	assert_int_equal(lab->set, 0);
	assert_int_equal(kernel.n_log, 0);
	assert_int_equal(sriov_take(s, &a, &err), 0);
	assert_int_equal(sriov_take(s, &b, &err), 0);
	assert_string_equal(a.address, "0000:01:10.2");
	assert_false(a.ours);
	assert_int_equal(sriov_take(s, &c, &err), -EBUSY);
	assert_int_equal(vf_bind_network(s, &a, netdev, &err), 0);
	vf_give_back(s, &a);
	vf_give_back(s, &b);
	sriov_close(s);
	assert_int_equal(journal_undo_to(lab->j, 0, &err), 0);
	assert_string_equal(machine_read(&lab->m, buf, DEV PF "/sriov_numvfs"), "3");
	assert_false(fs_existsf(&lab->m.fs, DEV "%s/driver", a.address));
	assert_true(fs_exists(&lab->m.fs, DEV "0000:01:10.0/driver"));
}

/* Somebody made it five since: left alone. */
static void test_undo_foreign(void **state)
{
	struct lab *lab = *state;
	struct undo_report report = { 0 };
	struct err err = { 0 };
	struct sriov *s = make(lab, 2);
	char buf[256];

	kernel_functions(&kernel, 5);
	machine_put(&lab->m, "5\n", DEV PF "/sriov_numvfs");
	assert_int_equal(journal_undo_report(lab->j, 0, &report, &err), 0);
	assert_int_equal(report.count[UNDO_FOREIGN], 1);
	assert_string_equal(machine_read(&lab->m, buf, DEV PF "/sriov_numvfs"), "5");
	undo_report_free(&report);
	kernel_functions(&kernel, 0);
	machine_put(&lab->m, "0\n", DEV PF "/sriov_numvfs");
	sriov_close(s);
}

static void refused(struct lab *lab, unsigned n, int code, const char *why)
{
	struct err err = { 0 };

	assert_int_equal(sriov_check(&lab->m.fs, PF, n, 0, false, &err), code);
	if (!strstr(err.text, why))
		fail_msg("\"%s\" does not say \"%s\"", err.text, why);
}

static void test_refusals(void **state)
{
	struct lab *lab = *state;
	struct err err = { 0 };

	refused(lab, 8, -ERANGE, "it has 7 at most");
	machine_put(&lab->m, "Iface\teth1\neth1\t00000000\t0102A8C0\t0003\t0\t0\t0\t00000000\t0\t0\t0\n", "proc/net/route");
	refused(lab, 1, -EBUSY, "eth1 carries this host's default route");
	assert_int_equal(sriov_check(&lab->m.fs, PF, 1, 0, true, &err), 0);
	machine_put(&lab->m, "br0\t00000000\t0102A8C0\t0003\t0\t0\t0\t00000000\t0\t0\t0\n", "proc/net/route");
	machine_put(&lab->m, "", "sys/devices/pci0000:00/" PF "/net/eth1/upper_br0");
	refused(lab, 1, -EBUSY, "by way of br0");
	machine_put(&lab->m, "", "proc/net/route");
	assert_int_equal(sriov_check(&lab->m.fs, PF, 1, 0, false, &err), 0);
	machine_link(&lab->m, "../../drivers/vfio-pci", DEV PF "/driver");
	refused(lab, 1, -EBUSY, "given away to vfio-pci");
	machine_put(&lab->m, "0\n", DEV PF "/sriov_totalvfs");
	refused(lab, 1, -ENODEV, "has no virtual functions (SR-IOV)");
	machine_link(&lab->m, "../0000:02:00.0", DEV PF "/physfn");
	refused(lab, 1, -EINVAL, "name the port it belongs to, 0000:02:00.0");
	assert_int_equal(sriov_check(&lab->m.fs, "0000:09:00.0", 1, 0, false, &err), -ENODEV);
}

/* No carrier: nothing was made, probing is not switched. */
static void test_no_carrier(void **state)
{
	struct lab *lab = *state;
	const struct sriov_wish wish = { .pf = PF, .need = 1, .ops = &lab_ops, .arg = lab };
	struct err err = { 0 };
	struct sriov *s = NULL;
	char buf[256];

	lab->refuse = -ENOLINK;
	assert_int_equal(sriov_open(&s, &lab->m.fs, lab->j, &wish, &err), -ENOLINK);
	assert_int_equal(kernel.n_log, 1);
	assert_string_equal(machine_read(&lab->m, buf, DEV PF "/sriov_drivers_autoprobe"), "1");
}

/* The firmware has left no room for them: said with its cure, probing is as it was, nothing is left to undo. */
static void test_no_room(void **state)
{
	static const int answers[] = { -ENOMEM, -ENOSPC };
	struct lab *lab = *state;
	const struct sriov_wish wish = { .pf = PF, .need = 2, .ops = &lab_ops, .arg = lab };
	char buf[256];

	for (size_t i = 0; i < ARRAY_SIZE(answers); i++) {
		struct err err = { 0 };
		struct sriov *s = NULL;

		kernel.refuse = answers[i];
		assert_int_equal(sriov_open(&s, &lab->m.fs, lab->j, &wish, &err), answers[i]);
		assert_non_null(strstr(err.text, PF " cannot make 2 virtual functions: the firmware has left no memory window"));
		assert_non_null(strstr(err.text, "pci=realloc"));
		kernel.refuse = 0;
		assert_int_equal(journal_undo_to(lab->j, 0, &err), 0);
		assert_string_equal(machine_read(&lab->m, buf, DEV PF "/sriov_drivers_autoprobe"), "1");
		assert_string_equal(machine_read(&lab->m, buf, DEV PF "/sriov_numvfs"), "0");
	}
}

static void not_for_vm(struct lab *lab, const char *address, int code, const char *why)
{
	struct err err = { 0 };

	assert_int_equal(vfio_check(&lab->m.fs, address, false, &err), code);
	if (!strstr(err.text, why))
		fail_msg("\"%s\" does not say \"%s\"", err.text, why);
}

static void test_vfio_refusals(void **state)
{
	struct lab *lab = *state;
	struct err err = { 0 };
	char path[512];

	assert_int_equal(vfio_check(&lab->m.fs, PF, false, &err), 0);
	machine_device(&lab->m, "0000:01:00.1", "igb", 1);
	machine_netdev(&lab->m, "0000:01:00.1", "eth2", "0x1002\n");
	not_for_vm(lab, PF, -EBUSY,
		   "IOMMU group 1 is not viable while the host drives its other members: 0000:01:00.1 (igb, eth2)");
	machine_link(&lab->m, "../../drivers/pcieport", DEV "0000:01:00.1/driver");
	assert_int_equal(vfio_check(&lab->m.fs, PF, false, &err), 0);
	machine_put(&lab->m, "0x00000000000e0000 0x00000000000effff direct\n", "sys/kernel/iommu_groups/1/reserved_regions");
	not_for_vm(lab, PF, -EOPNOTSUPP, "the firmware has reserved memory");
	machine_put(&lab->m, "0x00000000000e0000 0x00000000000effff direct-relaxable\n",
		    "sys/kernel/iommu_groups/1/reserved_regions");
	assert_int_equal(vfio_check(&lab->m.fs, PF, false, &err), 0);
	machine_put(&lab->m, "vfio-noiommu\n", "sys/kernel/iommu_groups/1/name");
	not_for_vm(lab, PF, -EOPNOTSUPP, "\"noiommu\"");
	machine_put(&lab->m, "\n", "sys/kernel/iommu_groups/1/name");
	machine_put(&lab->m, "pci-stub\n", DEV PF "/driver_override");
	not_for_vm(lab, PF, -EBUSY, "reserved 0000:01:00.0 for the driver pci-stub");
	machine_put(&lab->m, "(null)\n", DEV PF "/driver_override");
	machine_put(&lab->m, "  0:  3  IO-APIC    2-edge      timer\n", "proc/interrupts");
	not_for_vm(lab, PF, -EOPNOTSUPP, "does not remap interrupts");
	machine_put(&lab->m, "Y\n", "sys/module/vfio_iommu_type1/parameters/allow_unsafe_interrupts");
	assert_int_equal(vfio_check(&lab->m.fs, PF, false, &err), 0);
	snprintf(path, sizeof(path), "%s/sys/module/vfio_iommu_type1", lab->m.dir);
	dir_remove_all(path);
	not_for_vm(lab, PF, -ENOENT, "modprobe vfio_iommu_type1");
	snprintf(path, sizeof(path), "%s/sys/bus/pci/drivers/vfio-pci", lab->m.dir);
	dir_remove_all(path);
	not_for_vm(lab, PF, -ENOENT, "modprobe vfio-pci");
	snprintf(path, sizeof(path), "%s/sys/kernel/iommu_groups", lab->m.dir);
	dir_remove_all(path);
	not_for_vm(lab, PF, -ENODEV, "boot with intel_iommu=on");
	machine_put(&lab->m, "intel_iommu=on quiet intel_iommu=off\n", "proc/cmdline");
	not_for_vm(lab, PF, -ENODEV, "told intel_iommu=off");
	machine_put(&lab->m, "intel_iommu=off quiet intel_iommu=on,sm_on\n", "proc/cmdline");
	not_for_vm(lab, PF, -ENODEV, "switch on \"VT-d\" in the firmware");
	machine_put(&lab->m, "vendor_id : AuthenticAMD\n", "proc/cpuinfo");
	not_for_vm(lab, PF, -ENODEV, "\"AMD-Vi\"");
}

/* Tables as the kernel prints them; IPv6 in hexadecimal without any heading. */
static void test_routes(void **state)
{
	static const char six[] = "00000000000000000000000000000000 00 00000000000000000000000000000000 00 "
				  "fe800000000000000000000000000001 00000400 "
				  "00000001 00000000 00000003     eth3\n"
				  "00000000000000000000000000000000 00 00000000000000000000000000000000 00 "
				  "00000000000000000000000000000000 ffffffff "
				  "00000001 00000000 00200200       lo\n"
				  "20010db8000000000000000000000000 20 00000000000000000000000000000000 00 "
				  "fe800000000000000000000000000001 00000400 "
				  "00000001 00000000 00000003     eth4\n";
	static const char four[] = "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n"
				   "eth0\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\t0\t0\t0\n"
				   "eth1\t000200C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n"
				   "eth2\t0000000A\t010200C0\t0003\t0\t0\t0\t000000FF\t0\t0\t0\n"
				   "eth5\t00000000\t010200C0\t0003\t0\t0\t0\t00000080\t0\t0\t0\n";
	static const struct {
		const char *dev;
		bool is_default;
		unsigned gateways;
	} want[] = { { "eth0", true, 0 },  { "eth1", false, 0 }, { "eth2", false, 1 }, { "eth3", true, 0 },  { "lo", false, 0 },
		     { "eth4", false, 1 }, { "eth5", false, 1 }, { "eth", false, 0 },  { "Iface", false, 0 } };

	(void) state;
	for (size_t i = 0; i < ARRAY_SIZE(want); i++) {
		struct route_use use;

		route_parse(four, six, want[i].dev, &use);
		assert_int_equal(use.is_default, want[i].is_default);
		assert_int_equal(use.gateways, want[i].gateways);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_order, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_take, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_bind, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_bound_by_itself, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_undo, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_half_made, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_undo_in_use, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_foreign, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_undo_foreign, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_refusals, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_no_carrier, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_no_room, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_vfio_refusals, set_up, tear_down),
		cmocka_unit_test(test_routes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
