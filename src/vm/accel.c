/* SPDX-License-Identifier: Apache-2.0 */
#include "vm/accel.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fs.h"
#include "base/ids.h"
#include "base/jsonx.h"
#include "base/log.h"
#include "base/stop.h"
#include "base/text.h"
#include "kvm/probe.h"
#include "vm/cache.h"
#include "vm/vm.h"

#define QUICK_NS       (15 * NS_PER_S) /* for some instructions of a guest without QEMU: seldom more than a second */
#define PROBE_NS       (10 * NS_PER_S) /* real KVM takes one or two */
#define PATIENT_NS     (180 * NS_PER_S) /* where the CPU was seen running guest code, a slow boot is a slow host */
#define CONTROL_NS     (60 * NS_PER_S) /* the same under TCG on a busy machine */
#define PROBE_MB       256
#define HELLO_MAX      65536
#define KEEP_UNUSED_NS (7 * 24 * 3600 * NS_PER_S)

/* KVM hosts differ in what they refuse; each set gives up one thing more. */
static const struct attempt {
	const char *cpu;
	bool split_irqchip;
} attempts[] = {
	{ .cpu = "host,migratable=off" },
	{ .cpu = "host,migratable=off,-arch-capabilities" },
	{ .cpu = "host,migratable=off,-arch-capabilities", .split_irqchip = true },
};

static int read_exactly(struct vm *vm, void *buf, size_t len, uint64_t deadline_ns, struct err *err)
{
	for (size_t done = 0; done < len;) {
		int r = vm_watch(vm, vm_control_fd(vm), deadline_ns, err);
		ssize_t n;

		if (r < 0)
			return r;
		n = recv(vm_control_fd(vm), (char *) buf + done, len - done, MSG_DONTWAIT);
		if (n <= 0)
			return err_set(err, -EPIPE, "QEMU closed the control channel");
		done += (size_t) n;
	}
	return 0;
}

/* A frame of docs/agent-protocol.md: big-endian length, then JSON. */
int accel_await_hello(struct vm *vm, uint64_t deadline_ns, struct err *err)
{
	AUTO_FREE char *text = malloc(HELLO_MAX);
	AUTO_JSON json_t *frame = NULL;
	const char *type;
	uint32_t len;
	int r = read_exactly(vm, &len, sizeof(len), deadline_ns, err);

	if (r < 0 || !text)
		return r;
	len = ntohl(len);
	if (len > HELLO_MAX)
		return err_set(err, -EBADMSG, "what the guest says on the control channel is no agent's hello");
	r = read_exactly(vm, text, len, deadline_ns, err);
	if (r >= 0)
		r = jx_parse(text, len, "the agent's hello", &frame, err);
	if (r >= 0)
		r = jx_str(frame, "type", &type, err);
	if (r >= 0 && !text_eq(type, "hello"))
		return err_set(err, -EBADMSG, "the guest's agent said '%s' before hello", type);
	return r < 0 ? r : 0;
}

static int boot_once(const struct vm_platform *p, uint64_t allowed_ns, struct journal *j, uint64_t *ret_ns, struct err *err)
{
	AUTO(vm_freep) struct vm *vm = NULL;
	struct vm_spec spec = { .platform = p, .name = "probe", .vcpus = 1, .memory_mb = PROBE_MB };
	int r = vm_start(&vm, &spec, NULL, j, err);
	uint64_t began = clock_ns(); /* how fast QEMU is read from the disk says nothing about KVM */

	if (r >= 0)
		r = accel_await_hello(vm, began + allowed_ns, err);
	*ret_ns = clock_ns() - began;
	return r;
}

/* Why there is no point in trying; "" = worth a try. */
static void why_not(const struct vm_platform *p, char *buf, size_t cap)
{
	buf[0] = '\0';
	if (!qemu_has(&p->qemu.caps, QEMU_CAP_KVM))
		text_print(buf, cap, "this QEMU was built without KVM");
	else if (access("/dev/kvm", F_OK) < 0)
		text_print(
			buf, cap,
			"there is no /dev/kvm: virtualization is off in the firmware or in the hypervisor above, or kvm_intel or"
			" kvm_amd is not loaded");
	else if (access("/dev/kvm", R_OK | W_OK) < 0)
		text_print(buf, cap, "/dev/kvm is not yours to open: become a member of group kvm");
}

static bool stopping(void *ctx)
{
	(void) ctx;
	return stop_wanted();
}

/* How long a guest may take; 0 = there is no point in trying, accel.why says why; -EINTR. */
static int ask_kvm(struct vm_platform *p, struct kvm_probe *quick, uint64_t *ret_ns, struct err *err)
{
	int r;

	*ret_ns = 0;
	why_not(p, p->accel.why, sizeof(p->accel.why));
	if (p->accel.why[0])
		return 0;
	r = kvm_probe(QUICK_NS, stopping, NULL, quick, err);
	if (r < 0)
		return r;
	if (quick->verdict == KVM_NOT_USABLE)
		text_print(p->accel.why, sizeof(p->accel.why), "/dev/kvm opens, but %s", quick->why);
	else
		*ret_ns = quick->verdict == KVM_USABLE ? PATIENT_NS : PROBE_NS;
	return 0;
}

/* 1 = KVM works, 0 = it does not, accel.why says why, *ret_late whether it was for the time; -EINTR. */
static int try_kvm(struct vm_platform *p, uint64_t allowed, struct journal *j, bool *ret_late, struct err *err)
{
	char why[sizeof(p->accel.why)] = "";
	uint64_t took = 0;
	int r;

	*ret_late = false;
	log_note("probing KVM: booting a guest for at most %u s (once per boot of this host)", (unsigned) (allowed / NS_PER_S));
	for (size_t i = 0; i < ARRAY_SIZE(attempts); i++) {
		struct err failed;

		p->accel = (struct vm_accel){ .kind = VM_KVM, .split_irqchip = attempts[i].split_irqchip };
		text_print(p->accel.cpu, sizeof(p->accel.cpu), "%s", attempts[i].cpu);
		r = boot_once(p, allowed, j, &took, &failed);
		if (r >= 0) {
			text_print(p->accel.why, sizeof(p->accel.why), "KVM: a guest booted in %.1f s",
				   (double) took / (double) NS_PER_S);
			return 1;
		}
		if (r == -EINTR)
			return err_set(err, r, "%s", failed.text);
		log_debug("KVM with -cpu %s: %s", attempts[i].cpu, failed.text);
		/* The last is the most telling: the ones before died of something it gave up. */
		text_print(why, sizeof(why), "/dev/kvm opens, but a stock kernel does not boot: %s", failed.text);
		*ret_late = r == -ETIME;
		if (*ret_late) /* other flags do not wake a guest that hangs */
			break;
	}
	text_print(p->accel.why, sizeof(p->accel.why), "%s", why);
	return 0;
}

static void use_tcg(struct vm_platform *p, const char *reason)
{
	p->accel = (struct vm_accel){ .kind = VM_TCG, .cpu = "max" };
	text_print(p->accel.why, sizeof(p->accel.why), "binary translation (TCG): %s", reason);
}

/* ---- the cache ---- */

static json_t *verdict_key(const struct vm_platform *p)
{
	AUTO(fs_close) struct fs fs = { .root = -1 };
	struct stat qemu = { 0 }, kernel = { 0 };
	char boot[BOOT_ID_CAP] = "";
	struct err ignored;

	if (fs_open_root(&fs, "/", &ignored) < 0 || boot_id_of(&fs, boot) < 0)
		return NULL;
	if (stat(p->qemu.path, &qemu) < 0 || stat(p->kernel.image, &kernel) < 0)
		return NULL;
	return json_pack("{s:s, s:i, s:s, s:I, s:I, s:s, s:I, s:I}", "boot_id", boot, "uid", (int) geteuid(), "qemu",
			 p->qemu.path, "qemu_size", (json_int_t) qemu.st_size, "qemu_mtime_s", (json_int_t) qemu.st_mtim.tv_sec,
			 "kernel", p->kernel.image, "kernel_size", (json_int_t) kernel.st_size, "kernel_mtime_s",
			 (json_int_t) kernel.st_mtim.tv_sec);
}

static bool verdict_file(const json_t *key, char *buf, size_t cap)
{
	AUTO_FREE char *line = jx_line(key);
	struct err ignored;
	char dir[512];

	if (cache_dir("accelerator", dir, sizeof(dir), &ignored) < 0)
		return false;
	return !text_print(buf, cap, "%s/%016llx.json", dir, (unsigned long long) cache_hash(CACHE_HASH, line, strlen(line)));
}

static bool recall(struct vm_accel *ret, const char *file, const json_t *key)
{
	AUTO_JSON json_t *kept = NULL;
	struct vm_accel a = { 0 };
	const char *kind, *cpu, *why;
	struct err ignored;

	if (access(file, R_OK) < 0 || jx_load(file, 65536, &kept, &ignored) < 0 || !json_equal(json_object_get(kept, "of"), key))
		return false;
	if (jx_str(kept, "kind", &kind, &ignored) < 0 || jx_str(kept, "cpu", &cpu, &ignored) < 0 ||
	    jx_bool(kept, "split_irqchip", &a.split_irqchip, &ignored) < 0 || jx_str(kept, "why", &why, &ignored) < 0)
		return false;
	a.kind = text_eq(kind, "kvm") ? VM_KVM : VM_TCG;
	if (text_print(a.cpu, sizeof(a.cpu), "%s", cpu) || text_print(a.why, sizeof(a.why), "%s", why))
		return false;
	*ret = a;
	return true;
}

static void remember(const struct vm_accel *a, const char *file, json_t *key)
{
	AUTO_JSON json_t *kept = json_pack("{s:O, s:s, s:s, s:b, s:s}", "of", key, "kind", a->kind == VM_KVM ? "kvm" : "tcg",
					   "cpu", a->cpu, "split_irqchip", a->split_irqchip, "why", a->why);
	AUTO_FREE char *dir = strndup(file, (size_t) (strrchr(file, '/') - file));
	struct err err;

	if (dir)
		cache_prune(dir, "", KEEP_UNUSED_NS);
	if (jx_save(file, kept, 0644, &err) < 0)
		log_debug("the accelerator verdict is not cached: %s", err.text);
}

/*
 * The control: where the same guest does not boot under TCG either, it is not KVM that is to blame.  And where that
 * takes long, a KVM that was too late may have been as short of CPU time: it is given that time, too.
 */
static int try_again(struct vm_platform *p, uint64_t allowed, bool late, struct journal *j, struct err *err)
{
	char reason[sizeof(p->accel.why)];
	uint64_t took;
	int r;

	text_print(reason, sizeof(reason), "%s", p->accel.why);
	use_tcg(p, reason);
	r = boot_once(p, CONTROL_NS, j, &took, err);
	if (r < 0)
		return err_in(err, "a probe guest boots neither under KVM nor under TCG");
	if (late && 2 * took > allowed) {
		r = try_kvm(p, 2 * took, j, &late, err);
		if (r == 0)
			use_tcg(p, reason);
	}
	return r < 0 ? r : 0;
}

/* By whole guests, or where there is no kernel to boot by some instructions: 1 = found out, 0 = to be looked at again. */
static int find_out(struct vm_platform *p, struct journal *j, struct err *err)
{
	char reason[sizeof(p->accel.why)];
	struct kvm_probe quick;
	uint64_t allowed;
	bool late;
	int r = ask_kvm(p, &quick, &allowed, err);

	if (r < 0)
		return r;
	if (allowed && p->kernel.image[0]) {
		r = try_kvm(p, allowed, j, &late, err);
		if (r == 0)
			r = try_again(p, allowed, late, j, err);
		return r < 0 ? r : 1;
	}
	if (allowed && quick.verdict == KVM_USABLE) {
		p->accel = (struct vm_accel){ .kind = VM_KVM };
		text_print(p->accel.cpu, sizeof(p->accel.cpu), "%s", attempts[0].cpu);
		text_print(p->accel.why, sizeof(p->accel.why), "KVM: %s", quick.why);
		return 0;
	}
	/* What a module or a group membership cures. */
	text_print(reason, sizeof(reason), "%s", allowed ? quick.why : p->accel.why);
	use_tcg(p, reason);
	return 0;
}

static int probe(struct vm_platform *p, struct journal *j, struct err *err)
{
	AUTO_JSON json_t *key = p->kernel.image[0] ? verdict_key(p) : NULL;
	char file[600];
	bool cached = key && verdict_file(key, file, sizeof(file));
	int r;

	if (cached && recall(&p->accel, file, key))
		return 0;
	r = find_out(p, j, err);
	if (r > 0 && cached)
		remember(&p->accel, file, key);
	return r < 0 ? r : 0;
}

int accel_choose(struct vm_platform *p, const char *wanted, struct journal *j, struct err *err)
{
	bool any = !wanted || text_eq(wanted, "auto");
	int r;

	if (!any && !text_eq(wanted, "kvm") && !text_eq(wanted, "tcg"))
		return err_set(err, -EINVAL, "no accelerator '%s': there are auto, kvm and tcg", wanted);
	if (!any && text_eq(wanted, "tcg")) {
		use_tcg(p, "asked for by name");
	} else {
		r = probe(p, j, err);
		if (r < 0)
			return r;
	}
	if (!any && text_eq(wanted, "kvm") && p->accel.kind != VM_KVM)
		return err_set(err, -ENODEV, "no KVM here: %s", p->accel.why);
	if (p->accel.kind == VM_TCG && !qemu_has(&p->qemu.caps, QEMU_CAP_TCG))
		return err_set(err, -ENODEV, "QEMU %s was built without TCG, and %s", p->qemu.path, p->accel.why);
	return 0;
}
