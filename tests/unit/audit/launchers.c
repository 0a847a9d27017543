/* SPDX-License-Identifier: Apache-2.0 */
/* Running VMs and containers of every launcher: told apart, looked at, and cured in the launcher's own words. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lab.h"

#include "knob/vm_cure.h"

static void put_thread(struct lab *lab, int pid, int tid, const char *comm, const char *cpus)
{
	AUTO_FREE char *stat =
		xprintf("%d (%s) S 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 %d 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 17 0 0 0 "
			"0 0 0 0 0 0 0 0 0 0\n",
			tid, comm, 100 + tid);
	AUTO_FREE char *status = xprintf("Name:\t%s\nVmLck:\t       0 kB\nCpus_allowed_list:\t%s\n", comm, cpus);
	char path[96];

	text_print(path, sizeof(path), "proc/%d/task/%d/stat", pid, tid);
	lab_put(lab, path, stat);
	text_print(path, sizeof(path), "proc/%d/task/%d/status", pid, tid);
	lab_put(lab, path, status);
	text_print(path, sizeof(path), "proc/%d/status", pid);
	lab_put(lab, path, status);
}

/* Words parted by '|': names and JSON have spaces. */
static void put_words(struct lab *lab, int pid, const char *words)
{
	AUTO_FREE char *path = xprintf("%s/proc/%d/cmdline", lab->dir, pid), *copy = xstrdup(words);
	AUTO_FILE FILE *f = NULL;
	size_t n = strlen(copy) + 1;

	for (char *c = copy; *c; c++)
		*c = *c == '|' ? '\0' : *c;
	tree_folders(path);
	f = fopen(path, "w");
	assert_non_null(f);
	assert_int_equal(fwrite(copy, 1, n, f), n);
}

static void put_vm(struct lab *lab, int pid, const char *comm, const char *words, const char *cgroup)
{
	char path[48];

	put_thread(lab, pid, pid, comm, "0-15");
	put_thread(lab, pid, pid + 1, "CPU 0/KVM", "0-15");
	put_words(lab, pid, words);
	text_print(path, sizeof(path), "proc/%d/cgroup", pid);
	lab_put(lab, path, cgroup);
}

static const struct {
	const char *comm, *words, *cgroup, *says; /* says: part of vm.thread_pin's cure */
} launchers[] = {
	{ "qemu-system-x86", "qemu-system-x86_64|-name|web|-accel|kvm", "0::/user.slice\n", "taskset -cp CPU TID" },
	{ "qemu-system-x86",
	  "/usr/bin/qemu-system-x86_64|-name|guest=web,debug-threads=on|-object|"
	  "{\"qom-type\":\"secret\",\"id\":\"s\",\"file\":\"/var/lib/libvirt/qemu/domain-1-web/master-key.aes\"}|-accel|kvm",
	  "0::/machine.slice/machine-qemu\\x2d1\\x2dweb.scope/libvirt/emulator\n", "virsh vcpupin web VCPU CPU --live" },
	{ "kvm", "/usr/bin/kvm|-id|104|-name|web,debug-threads=on|-chardev|socket,id=qmp,path=/var/run/qemu-server/104.qmp",
	  "0::/qemu.slice/104.scope\n", "qm set 104 --affinity" },
	{ "qemu-kvm",
	  "/usr/libexec/"
	  "qemu-kvm|-name|guest=instance-0000001a,debug-threads=on|-smbios|type=1,manufacturer=RDO,product=OpenStack "
	  "Compute|-object|secret,file=/var/lib/libvirt/qemu/domain-3/master-key.aes",
	  "0::/machine.slice/machine-qemu\\x2d3.scope\n", "hw:cpu_policy=dedicated" },
	{ "qemu-kvm",
	  "/usr/libexec/qemu-kvm|-name|guest=default_web,debug-threads=on|-object|secret,file=/var/run/libvirt/qemu/x",
	  "0::/kubepods.slice/kubepods-pod1.slice/cri-containerd-1.scope\n", "dedicatedCpuPlacement: true" },
	{ "vlat-r1",
	  "qemu-system-x86_64|-name|guest=r1,process=vlat-r1,debug-threads=on|-device|virtserialport,name=org.vlat.ctl",
	  "0::/vlat-r1\n", "vlat run vm --cpus COUNT" },
};

static void test_launchers(void **state)
{
	(void) state;
	for (size_t i = 0; i < ARRAY_SIZE(launchers); i++) {
		struct sink cure = { 0 };
		const struct finding *f;
		struct lab lab;

		lab_open(&lab, "server-v2");
		put_vm(&lab, 500, launchers[i].comm, launchers[i].words, launchers[i].cgroup);
		f = lab_finding(&lab, "vm-host", "vm.thread_pin");
		assert_int_equal(f->state, AUDIT_DIFFERS);
		audit_cure(lab.audit, f, &cure);
		if (!strstr(cure.text, launchers[i].says))
			fail_msg("%s: the cure is \"%s\"", launchers[i].words, cure.text);
		/* One language: nobody else's words stand beside it. */
		for (size_t n = 0; n < ARRAY_SIZE(launchers); n++) {
			if (n != i && !text_eq(launchers[n].says, "taskset -cp CPU TID") && strstr(cure.text, launchers[n].says))
				fail_msg("%s: the cure speaks for another launcher: \"%s\"", launchers[i].words, cure.text);
		}
		assert_null(strchr(cure.text, '@'));
		sink_free(&cure);
		lab_close(&lab);
	}
}

/* Two launchers on one host: each finding has its own words, also in the JSON. */
static void test_two_launchers(void **state)
{
	struct lab lab;
	json_t *all, *targets;

	(void) state;
	lab_open(&lab, "server-v2");
	put_vm(&lab, 500, launchers[1].comm, launchers[1].words, launchers[1].cgroup);
	put_vm(&lab, 600, launchers[2].comm, launchers[2].words, launchers[2].cgroup);
	lab_cure(&lab, "vm-host", "vm.cpu_host", "virsh edit web: <cpu mode='host-passthrough'/>; qm set 104 --cpu host");
	lab_audit(&lab, "vm-host", "vm.cpu_host");
	all = lab_json(lab.audit, false);
	targets = json_object_get(json_array_get(json_object_get(all, "findings"), 0), "targets");
	assert_int_equal(json_array_size(targets), 2);
	assert_string_equal(json_string_value(json_object_get(json_array_get(targets, 1), "cure")), "qm set 104 --cpu host");
	json_decref(all);
	lab_close(&lab);
}

/* No judged knob of a VM or a container without words in every language, and no words for a knob that is none. */
static void test_every_language(void **state)
{
	const struct knob *k;
	size_t n = 0;

	(void) state;
	for (size_t i = 0; (k = knob_at(i)); i++) {
		const char *vm = k->role[ROLE_VM_HOST].want, *container = k->role[ROLE_REALTIME].want;

		/* A kernel thread of the host's, which no launcher knows. */
		bool nobodys = text_eq(k->id, "irq.pit_thread");

		if (k->of_vm && !nobodys && vm && !text_eq(vm, "?") && (k->when != KNOB_LIVE || text_starts(k->id, "vm."))) {
			for (unsigned l = 0; l < LAUNCHER_COUNT; l++) {
				if (!vm_cure(k->id, (enum launcher) l))
					fail_msg("%s has no cure for %s", k->id, launcher_name((enum launcher) l));
			}
			n++;
			assert_non_null(cure_source(k->id));
		}
		for (unsigned e = 0; k->of_container && container && e < ENGINE_COUNT; e++) {
			if (!container_cure(k->id, (enum engine) e))
				fail_msg("%s has no cure for engine %u", k->id, e);
			assert_non_null(cure_source(k->id));
		}
	}
	assert_true(n >= 15);
	assert_null(vm_cure("vm.no_such", LAUNCHER_HAND));
}

/* libvirt writes JSON where QEMU takes it. */
static void test_json_options(void **state)
{
	static const char words[] =
		"/usr/bin/qemu-system-x86_64|-name|guest=web,debug-threads=on|-accel|kvm|"
		"-object|{\"qom-type\":\"memory-backend-file\",\"id\":\"pc.ram\",\"mem-path\":\"/dev/hugepages/libvirt/1\"}|"
		"-netdev|{\"type\":\"tap\",\"fd\":\"27\",\"vhost\":true,\"vhostfd\":\"29\",\"id\":\"hostnet0\"}|"
		"-device|{\"driver\":\"virtio-net-pci\",\"netdev\":\"hostnet0\",\"id\":\"net0\"}";
	struct lab lab;

	(void) state;
	lab_open(&lab, "server-v2");
	put_vm(&lab, 500, "qemu-system-x86", words, "0::/\n");
	lab_is(&lab, "vm-host", "vm.memory", AUDIT_OK, "huge pages");
	lab_is(&lab, "vm-host", "vm.net_backend", AUDIT_OK, "tap with vhost");
	put_vm(&lab, 500, "qemu-system-x86", "qemu|-device|{\"driver\":\"e1000e\"}|-netdev|{\"type\":\"user\"", "0::/\n");
	lab_is(&lab, "vm-host", "vm.net_backend", AUDIT_DIFFERS, NULL);
	lab_close(&lab);
}

static void test_accel(void **state)
{
	struct lab lab;

	(void) state;
	lab_open(&lab, "server-v2");
	put_vm(&lab, 500, "qemu-system-x86", "qemu-system-x86_64|-name|web", "0::/\n");
	lab_is(&lab, "vm-host", "vm.accel", AUDIT_OK, "KVM");
	put_thread(&lab, 500, 501, "CPU 0/TCG", "0-15");
	lab_is(&lab, "vm-host", "vm.accel", AUDIT_DIFFERS, "TCG");
	/* Threads without names: what was asked for, and for "kvm" nobody can tell. */
	put_thread(&lab, 500, 501, "qemu", "0-15");
	lab_is(&lab, "vm-host", "vm.accel", AUDIT_DIFFERS, "TCG");
	put_words(&lab, 500, "/usr/bin/kvm|-name|web");
	lab_is(&lab, "vm-host", "vm.accel", AUDIT_UNSEEN, NULL);
	put_words(&lab, 500, "/usr/bin/kvm|-name|web|-machine|q35,accel=tcg");
	lab_is(&lab, "vm-host", "vm.accel", AUDIT_DIFFERS, "TCG");
	lab_close(&lab);
}

/* server-v2 has CPUs 2 and 10 on one core. */
static void test_placement(void **state)
{
	struct lab lab;

	(void) state;
	lab_open(&lab, "server-v2");
	put_vm(&lab, 500, "qemu-system-x86", "qemu-system-x86_64|-name|web", "0::/\n");
	put_thread(&lab, 500, 501, "CPU 0/KVM", "2");
	lab_is(&lab, "vm-host", "vm.smt_share", AUDIT_OK, "CPU 2");
	lab_is(&lab, "vm-host", "vm.emulator_place", AUDIT_DIFFERS, "CPUs 0-15");
	put_thread(&lab, 500, 500, "qemu-system-x86", "0,8");
	lab_is(&lab, "vm-host", "vm.emulator_place", AUDIT_OK, NULL);
	put_thread(&lab, 500, 502, "IO io0", "2");
	lab_is(&lab, "vm-host", "vm.emulator_place", AUDIT_DIFFERS, "CPUs 2");
	put_vm(&lab, 600, "qemu-system-x86", "qemu-system-x86_64|-name|db", "0::/\n");
	put_thread(&lab, 600, 601, "CPU 0/KVM", "10");
	lab_is(&lab, "vm-host", "vm.smt_share", AUDIT_DIFFERS, "CPU 2, beside db");
	/* Both threads of a core in one VM are its own business. */
	put_thread(&lab, 600, 601, "CPU 0/KVM", "11");
	put_thread(&lab, 500, 503, "CPU 1/KVM", "10");
	lab_is(&lab, "vm-host", "vm.smt_share", AUDIT_OK, NULL);
	lab_close(&lab);
}

#define A "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define B "fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210"

static void put_container(struct lab *lab, const char *group, const char *cpus)
{
	AUTO_FREE char *procs = xprintf("sys/fs/cgroup/%s/cgroup.procs", group);
	AUTO_FREE char *max = xprintf("sys/fs/cgroup/%s/cpu.max", group);
	AUTO_FREE char *set = xprintf("sys/fs/cgroup/%s/cpuset.cpus.effective", group);

	lab_put(lab, procs, "900\n");
	lab_put(lab, max, "50000 100000\n");
	lab_put(lab, set, cpus);
}

static int look_at(struct lab *lab, const char *which, struct err *err)
{
	struct audit_options o = { .role = "container-host", .scope = AUDIT_CONTAINERS, .which = which, .names = true };

	return lab_try(lab, &o, err);
}

static const struct finding *quota_of(const struct lab *lab)
{
	for (size_t i = 0; i < lab->audit->n; i++) {
		if (text_eq(lab->audit->at[i].knob->id, "ctr.quota"))
			return &lab->audit->at[i];
	}
	fail_msg("ctr.quota was not asked");
	return NULL;
}

static const struct {
	const char *group, *file, *text, *name, *cure;
} engines[] = {
	{ "system.slice/docker-" A ".scope", "var/lib/docker/containers/" A "/config.v2.json", "{\"Name\":\"/web\"}", "web",
	  "docker update --cpu-quota -1 web," },
	{ "machine.slice/libpod-" A ".scope", "var/lib/containers/storage/overlay-containers/containers.json",
	  "[{\"id\":\"x\",\"names\":[\"no\"]},{\"id\":\"" A "\",\"names\":[\"shop\"]}]", "shop",
	  "podman update --cpu-quota -1 shop," },
	{ "kubepods.slice/kubepods-pod1.slice/cri-containerd-" A ".scope",
	  "run/containerd/io.containerd.runtime.v2.task/k8s.io/" A "/config.json",
	  "{\"annotations\":{\"io.kubernetes.cri.sandbox-namespace\":\"default\",\"io.kubernetes.cri.sandbox-name\":\"p\","
	  "\"io.kubernetes.cri.container-name\":\"c\"}}",
	  "default/p/c", "no limits.cpu in the pod" },
	{ "kubepods.slice/crio-" A ".scope", "run/containers/storage/overlay-containers/" A "/userdata/config.json",
	  "{\"annotations\":{\"io.kubernetes.pod.name\":\"p\"}}", "p", "cpu-quota.crio.io: disable" },
	{ "lxc.payload.box", NULL, NULL, "box", "no lxc.cgroup2.cpu.max (Proxmox: pct set box" },
	{ "machine.slice/machine-deb.scope", NULL, NULL, "deb", "systemctl set-property machine-deb.scope CPUQuota=" },
	{ "machine.slice/systemd-nspawn@a-long-name-of-one.service", NULL, NULL, "a-long-name-of-one",
	  "systemctl set-property systemd-nspawn@a-long-name-of-one.service CPUQuota=" },
};

static void test_engines(void **state)
{
	(void) state;
	for (size_t i = 0; i < ARRAY_SIZE(engines); i++) {
		struct sink cure = { 0 };
		struct err err = { 0 };
		struct lab lab;

		lab_open(&lab, "server-v2");
		put_container(&lab, engines[i].group, "0\n");
		if (engines[i].file)
			lab_put(&lab, engines[i].file, engines[i].text);
		if (look_at(&lab, engines[i].name, &err) < 0)
			fail_msg("%s: %s", engines[i].group, err.text);
		audit_cure(lab.audit, quota_of(&lab), &cure);
		if (!cure.text || !strstr(cure.text, engines[i].cure))
			fail_msg("%s: the cure is \"%s\"", engines[i].group, cure.text ? cure.text : "");
		sink_free(&cure);
		lab_close(&lab);
	}
}

/* A machine of libvirt's is registered like one of systemd-nspawn's; a broken or a lying file gives no name. */
static void test_no_container(void **state)
{
	struct err err = { 0 };
	struct lab lab;

	(void) state;
	lab_open(&lab, "server-v2");
	put_container(&lab, "machine.slice/machine-qemu\\x2d1\\x2dweb.scope", "0\n");
	assert_int_equal(look_at(&lab, "qemu", &err), -ENOENT);
	put_container(&lab, engines[0].group, "0\n");
	lab_put(&lab, engines[0].file, "{\"Name\":\"/we");
	assert_int_equal(look_at(&lab, "web", &err), -ENOENT);
	assert_non_null(strstr(err.text, "give the id"));
	lab_put(&lab, engines[0].file, "{\"Name\":\"/we\\u001b[31mb\"}");
	assert_int_equal(look_at(&lab, A, &err), 0);
	assert_null(strchr(quota_of(&lab)->settings.at[0].target, '\033'));
	lab_put(&lab, engines[0].file, engines[0].text);
	assert_int_equal(look_at(&lab, "wep", &err), -ENOENT);
	assert_non_null(strstr(err.text, "did you mean web?"));
	lab_close(&lab);
}

/* Those files hold secrets too: unasked, as by a capture, they are not opened. */
static void test_names_only_when_asked(void **state)
{
	struct audit_options o = { .role = "container-host", .scope = AUDIT_CONTAINERS };
	struct err err = { 0 };
	struct lab lab;

	(void) state;
	lab_open(&lab, "server-v2");
	put_container(&lab, engines[0].group, "0\n");
	lab_put(&lab, engines[0].file, engines[0].text);
	assert_int_equal(lab_try(&lab, &o, &err), 0);
	assert_null(strstr(quota_of(&lab)->settings.at[0].target, "web"));
	o.names = true;
	assert_int_equal(lab_try(&lab, &o, &err), 0);
	assert_non_null(strstr(quota_of(&lab)->settings.at[0].target, "(web)"));
	lab_close(&lab);
}

static void test_overlap(void **state)
{
	struct lab lab;

	(void) state;
	lab_open(&lab, "server-v2");
	put_container(&lab, "system.slice/docker-" A ".scope", "2-3\n");
	put_container(&lab, "system.slice/docker-" B ".scope", "0\n");
	lab_is(&lab, "container-host", "ctr.overlap", AUDIT_OK, "CPUs 2-3");
	put_container(&lab, "system.slice/docker-" B ".scope", "3,5\n");
	lab_is(&lab, "container-host", "ctr.overlap", AUDIT_DIFFERS, "CPUs 3 are those of");
	lab_close(&lab);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_launchers),      cmocka_unit_test(test_two_launchers),
		cmocka_unit_test(test_every_language), cmocka_unit_test(test_json_options),
		cmocka_unit_test(test_accel),          cmocka_unit_test(test_placement),
		cmocka_unit_test(test_engines),        cmocka_unit_test(test_no_container),
		cmocka_unit_test(test_overlap),        cmocka_unit_test(test_names_only_when_asked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
