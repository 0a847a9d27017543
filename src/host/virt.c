/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A hypervisor names itself in CPUID leaf 0x40000000 (and KVM its paravirtual
 * features in 0x40000001, Documentation/virt/kvm/x86/cpuid.rst); where there is
 * no CPUID, firmware tables tell, as far as somebody filled them in.
 */
#include "host/virt.h"

#include <errno.h>
#include <string.h>

#if defined(__x86_64__) || defined(__i386__)
#include <cpuid.h>
#endif

#include "base/cleanup.h"
#include "base/cursor.h"
#include "base/text.h"
#include "host/kernel.h"

struct name_of {
	const char *told, *name;
};

static const struct name_of signatures[] = {
	{ "KVMKVMKVM", "kvm" },         { "Linux KVM Hv", "kvm" },    { "TCGTCGTCGTCG", "qemu-tcg" },
	{ "Microsoft Hv", "hyperv" },   { "VMwareVMware", "vmware" }, { "XenVMMXenVMM", "xen" },
	{ "bhyve bhyve ", "bhyve" },    { "ACRNACRNACRN", "acrn" },   { "VBoxVBoxVBox", "virtualbox" },
	{ "JailhouseJa", "jailhouse" }, { "QNXQVMBSQG", "qnx" },      { " lrpepyh  vr", "parallels" },
};

/* What DMI's vendor or product begins with. */
static const struct name_of firmware[] = {
	{ "QEMU", "kvm" },
	{ "KVM", "kvm" },
	{ "Amazon EC2", "kvm" },
	{ "Google", "kvm" },
	{ "OpenStack", "kvm" },
	{ "VMware", "vmware" },
	{ "Microsoft Corporation", "hyperv" },
	{ "Xen", "xen" },
	{ "innotek GmbH", "virtualbox" },
	{ "Parallels", "parallels" },
	{ "BHYVE", "bhyve" },
	{ "RHEV", "kvm" },
	{ "Red Hat", "kvm" },
	{ "Alibaba Cloud", "kvm" },
	{ "DigitalOcean", "kvm" },
	{ "Hetzner", "kvm" },
};

static const char *find_name(const struct name_of *rows, size_t n, const char *text)
{
	for (size_t i = 0; i < n; i++) {
		if (text_starts(text, rows[i].told))
			return rows[i].name;
	}
	return NULL;
}

/* "signature|features|hints", hexadecimal numbers. */
static int ask_cpuid(void *arg, char *buf, size_t cap)
{
#if defined(__x86_64__) || defined(__i386__)
	unsigned a, b, c, d, words[3];
	char name[13] = "";

	(void) arg;
	if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & 1u << 31))
		return -ENOENT; /* no hypervisor shows itself */
	__cpuid(0x40000000, a, words[0], words[1], words[2]);
	memcpy(name, words, 12);
	b = c = d = 0;
	if (a >= 0x40000001 || text_starts(name, "KVMKVMKVM"))
		__cpuid(0x40000001, a, b, c, d);
	else
		a = 0;
	return text_print(buf, cap, "%s|%x|%x", name, a, d) ? -ENOSPC : (int) strlen(buf);
#else
	(void) arg;
	(void) buf;
	(void) cap;
	return -ENOENT;
#endif
}

static void name_features(uint64_t bits, char *buf, size_t cap)
{
	static const char *const names[] = {
		[0] = "clocksource",      [1] = "nop_io_delay", [3] = "clocksource2",  [4] = "async_pf",
		[5] = "steal_time",       [6] = "pv_eoi",       [7] = "pv_unhalt",     [9] = "pv_tlb_flush",
		[10] = "async_pf_vmexit", [11] = "pv_send_ipi", [12] = "poll_control", [13] = "pv_sched_yield",
		[14] = "async_pf_int",
	};
	size_t used = 0;

	buf[0] = '\0';
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (!names[i] || !(bits >> i & 1))
			continue;
		text_print(buf + used, cap - used, "%s%s", used ? " " : "", names[i]);
		used = strlen(buf);
	}
}

static void read_cpuid(const struct fs *fs, struct virt_facts *v)
{
	char text[96], *bar, *second;
	const char *at, *name;
	uint64_t features, hints;

	v->kvm_hints_dedicated = -1;
	if (fs_answer(fs, "cpuid/hypervisor", ask_cpuid, NULL, text, sizeof(text)) < 0)
		return;
	bar = strchr(text, '|');
	second = bar ? strchr(bar + 1, '|') : NULL;
	if (!second)
		return;
	*bar = *second = '\0';
	v->guest = true;
	name = find_name(signatures, ARRAY_SIZE(signatures), text);
	text_print(v->hypervisor, sizeof(v->hypervisor), "%s", name ? name : "unknown");
	if (!name || !text_eq(name, "kvm") || !text_starts(text, "KVM"))
		return;
	at = bar + 1;
	if (take_hex(&at, &features))
		name_features(features, v->kvm_features, sizeof(v->kvm_features));
	at = second + 1;
	if (take_hex(&at, &hints))
		v->kvm_hints_dedicated = hints & 1;
}

static void read_text(const struct fs *fs, const char *path, char *buf, size_t cap)
{
	if (fs_read(fs, path, buf, cap) < 0)
		buf[0] = '\0';
}

static void read_firmware(const struct fs *fs, struct virt_facts *v)
{
	char vendor[40], product[48], type[32];
	const char *name;

	read_text(fs, "sys/class/dmi/id/sys_vendor", vendor, sizeof(vendor));
	read_text(fs, "sys/class/dmi/id/product_name", product, sizeof(product));
	text_print(v->product, sizeof(v->product), "%s%s%s", vendor, vendor[0] && product[0] ? " " : "", product);
	read_text(fs, "sys/hypervisor/type", type, sizeof(type));
	v->guest |= type[0] || kernel_sees_hypervisor(fs);
	if (v->hypervisor[0] || !v->guest)
		return;
	name = find_name(firmware, ARRAY_SIZE(firmware), product);
	name = name ? name : find_name(firmware, ARRAY_SIZE(firmware), vendor);
	text_print(v->hypervisor, sizeof(v->hypervisor), "%s", type[0] ? type : name ? name : "unknown");
}

static void read_container(const struct fs *fs, struct virt_facts *v)
{
	AUTO_FREE char *groups = NULL;

	if (fs_read(fs, "run/systemd/container", v->container, sizeof(v->container)) > 0)
		return;
	v->container[0] = '\0';
	if (fs_read_all(fs, "proc/self/cgroup", 1 << 16, &groups, NULL) == 0 && strstr(groups, "kubepods"))
		text_print(v->container, sizeof(v->container), "kubernetes");
	else if (fs_exists(fs, "run/.containerenv"))
		text_print(v->container, sizeof(v->container), "podman");
	else if (fs_exists(fs, ".dockerenv"))
		text_print(v->container, sizeof(v->container), "docker");
	else if (groups && strstr(groups, "/lxc/"))
		text_print(v->container, sizeof(v->container), "lxc");
}

bool stat_steal_percent(const char *text, double *ret)
{
	uint64_t sum = 0, field[8];
	char line[512];

	while (take_line(&text, line, sizeof(line))) {
		const char *at = line;

		if (!take_text(&at, "cpu "))
			continue;
		for (int i = 0; i < 8; i++) {
			/* guests have run less than 2^53 ticks */
			if (!take_blanks(&at) || !take_u64(&at, &field[i]) || field[i] >> 53)
				return false;
			sum += field[i];
		}
		*ret = sum ? 100.0 * (double) field[7] / (double) sum : 0;
		return true;
	}
	return false;
}

void virt_facts_read(const struct fs *fs, struct virt_facts *ret)
{
	struct virt_facts v = { 0 };
	AUTO_FREE char *text = NULL;

	read_cpuid(fs, &v);
	read_firmware(fs, &v);
	read_container(fs, &v);
	if (fs_read_all(fs, "proc/stat", 1 << 22, &text, NULL) == 0)
		v.steal_known = stat_steal_percent(text, &v.steal_percent);
	*ret = v;
}
