/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A QEMU process is told by the name of its program, not by who started it.
 * vCPU threads are "CPU 0/KVM" (or "CPU 0/TCG") with -name debug-threads=on,
 * which libvirt and Proxmox give; the "N/KVM" form is what remains of it where
 * comm is cut.  vhost workers are threads of QEMU named vhost-PID since 6.4,
 * kernel threads of that name before.
 */
#include "knob/qemu.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/cursor.h"
#include "base/text.h"
#include "base/vec.h"

#define CMDLINE_MAX (1u << 20)

const char *launcher_name(enum launcher l)
{
	static const char *const names[] = {
		[LAUNCHER_HAND] = "by hand",      [LAUNCHER_LIBVIRT] = "libvirt",     [LAUNCHER_PROXMOX] = "Proxmox",
		[LAUNCHER_KUBEVIRT] = "KubeVirt", [LAUNCHER_OPENSTACK] = "OpenStack", [LAUNCHER_VLAT] = "vlat",
	};

	return names[l];
}

size_t qemu_line_words(const char *text, size_t n, char ***ret)
{
	size_t words = 0, at = 0;
	char **argv, *copy;

	for (size_t i = 0; i < n; i++)
		words += text[i] == '\0' || i + 1 == n;
	argv = xalloc(1, (words + 1) * sizeof(*argv) + n + 1);
	copy = (char *) (argv + words + 1);
	memcpy(copy, text, n);
	for (size_t w = 0; w < words; w++) {
		argv[w] = copy + at;
		at += strlen(copy + at) + 1;
	}
	*ret = argv;
	return words;
}

const char *qemu_option(const struct qemu *q, const char *name, size_t *at)
{
	for (size_t i = *at ? *at : 1; i + 1 < q->argc; i++) {
		const char *word = q->argv[i];

		if (word[0] != '-')
			continue;
		word += word[1] == '-' ? 2 : 1;
		if (text_eq(word, name)) {
			*at = i + 2;
			return q->argv[i + 1];
		}
	}
	return NULL;
}

/* One "key=value", up to a single comma; moves past it. */
static bool take_pair(const char **at, char *buf, size_t cap)
{
	size_t n = 0;
	const char *p = *at;

	if (!*p)
		return false;
	for (; *p && (*p != ',' || p[1] == ','); p++) {
		if (*p == ',')
			p++;
		if (n + 1 < cap)
			buf[n++] = *p;
	}
	buf[n] = '\0';
	*at = p + (*p == ',');
	return true;
}

static bool json_text(const json_t *v, char *buf, size_t cap)
{
	switch (json_typeof(v)) {
	case JSON_STRING:
		return !text_print(buf, cap, "%s", json_string_value(v));
	case JSON_INTEGER:
		return !text_print(buf, cap, "%lld", (long long) json_integer_value(v));
	case JSON_TRUE:
	case JSON_FALSE:
		return !text_print(buf, cap, "%s", json_is_true(v) ? "on" : "off");
	case JSON_OBJECT:
	case JSON_ARRAY:
	case JSON_REAL:
	case JSON_NULL:
		break;
	}
	return false;
}

/* libvirt writes -device, -netdev, -object and -blockdev this way where QEMU takes it. */
static bool key_of_json(const char *text, const char *key, char *buf, size_t cap)
{
	static const char *const first[] = { "driver", "qom-type", "type" };
	json_t *o = json_loads(text, 0, NULL);
	const json_t *v = *key ? json_object_get(o, key) : NULL;
	bool found;

	for (size_t i = 0; !*key && !v && i < ARRAY_SIZE(first); i++)
		v = json_object_get(o, first[i]);
	found = v && json_text(v, buf, cap);
	json_decref(o);
	return found;
}

bool qemu_key(const char *text, const char *key, char *buf, size_t cap)
{
	char pair[512];
	bool found = false, first = true;

	if (*text == '{')
		return key_of_json(text, key, buf, cap);
	while (take_pair(&text, pair, sizeof(pair))) {
		const char *at = pair;

		if (!*key) {
			if (first && !strchr(pair, '='))
				return !text_print(buf, cap, "%s", pair);
		} else if ((pair[0] == '+' || pair[0] == '-') && text_eq(pair + 1, key)) {
			found = !text_print(buf, cap, "%s", pair[0] == '+' ? "on" : "off");
		} else if (take_text(&at, key) && (*at == '=' || *at == '\0')) {
			found = !text_print(buf, cap, "%s", *at ? at + 1 : "on");
		}
		first = false;
	}
	return found;
}

bool qemu_value(const struct qemu *q, const char *name, const char *key, char *buf, size_t cap)
{
	bool found = false;
	const char *text;
	size_t at = 0;

	while ((text = qemu_option(q, name, &at)))
		found = qemu_key(text, key, buf, cap) || found;
	return found;
}

static bool says(const struct qemu *q, const char *part)
{
	for (size_t i = 0; i < q->argc; i++) {
		if (strstr(q->argv[i], part))
			return true;
	}
	return false;
}

static enum launcher guess_launcher(const struct qemu *q, const char *cgroup)
{
	if (strstr(cgroup, "kubepods") || says(q, "/var/run/kubevirt"))
		return LAUNCHER_KUBEVIRT;
	if (says(q, "product=OpenStack"))
		return LAUNCHER_OPENSTACK;
	if (says(q, "/var/run/qemu-server/") || strstr(cgroup, "qemu.slice"))
		return LAUNCHER_PROXMOX;
	if (says(q, "/var/lib/libvirt/qemu/") || says(q, "/run/libvirt/"))
		return LAUNCHER_LIBVIRT;
	/* Not by its group: while a tuning is in force everything of this host is in one of vlat's. */
	return says(q, "name=org.vlat.ctl") || says(q, "process=vlat-") ? LAUNCHER_VLAT : LAUNCHER_HAND;
}

/* "kvm" and "qemu-kvm" try KVM first when nothing is said (QEMU's vl.c goes by the program's name). */
static bool program_is_kvm(const struct qemu *q)
{
	char accel[64];

	return q->argc && text_ends(q->argv[0], "kvm") && !qemu_value(q, "accel", "", accel, sizeof(accel)) &&
	       !qemu_value(q, "machine", "accel", accel, sizeof(accel));
}

static bool asks_kvm(const struct qemu *q)
{
	char accel[64] = "";

	for (size_t i = 1; i < q->argc; i++) {
		if (text_eq(q->argv[i], "-enable-kvm") || text_eq(q->argv[i], "--enable-kvm"))
			return true;
	}
	if (!qemu_value(q, "accel", "", accel, sizeof(accel)))
		qemu_value(q, "machine", "accel", accel, sizeof(accel));
	return text_starts(accel, "kvm");
}

static enum qemu_thread thread_kind(const struct qemu *q, const struct task_fact *t, unsigned *ret_index)
{
	const char *at = t->stat.comm;
	uint64_t n;

	if (take_text(&at, "CPU ") && take_u64(&at, &n) && take_char(&at, '/') && n < CPUSET_MAX) {
		*ret_index = (unsigned) n;
		return QEMU_VCPU;
	}
	if (text_starts(t->stat.comm, "vhost-"))
		return QEMU_VHOST;
	if (t->stat.tid == q->pid)
		return QEMU_EMULATOR;
	return text_starts(t->stat.comm, "IO ") || text_starts(t->stat.comm, "iothread") ? QEMU_IOTHREAD : QEMU_OTHER;
}

/* Kernel threads vhost-PID of older kernels belong to the process PID. */
static bool old_vhost_of(const struct task_fact *t, pid_t pid)
{
	const char *at = t->stat.comm;
	uint64_t owner;

	return task_is_kernel(t) && take_text(&at, "vhost-") && take_u64(&at, &owner) && owner == (uint64_t) pid;
}

static void find_threads(const struct task_facts *tasks, struct qemu *q)
{
	VEC(struct qemu_task) list = { 0 };

	for (size_t i = 0; i < tasks->n; i++) {
		const struct task_fact *t = &tasks->at[i];
		struct qemu_task one = { .task = t };

		if (t->pid == q->pid)
			one.kind = thread_kind(q, t, &one.index);
		else if (old_vhost_of(t, q->pid))
			one.kind = QEMU_VHOST;
		else
			continue;
		q->named_threads = q->named_threads || one.kind == QEMU_VCPU;
		*vec_add(&list) = one;
	}
	q->tasks = list.at;
	q->n_tasks = list.n;
}

/* 15 letters of the program's name: qemu-system-x86_64, qemu-kvm, kvm (Proxmox). */
static bool looks_like_qemu(const char *comm)
{
	return text_starts(comm, "qemu-system") || text_eq(comm, "qemu-kvm") || text_eq(comm, "kvm");
}

/* -name process=NAME: vlat gives its VMs one, and libvirt where its set_process_name is on; the program tells then. */
static bool may_be_renamed(const char *comm)
{
	return text_starts(comm, "vlat-") || text_starts(comm, "qemu:");
}

static bool program_is_qemu(const struct qemu *q)
{
	const char *slash = q->argc ? strrchr(q->argv[0], '/') : NULL;

	return q->argc && looks_like_qemu(slash ? slash + 1 : q->argv[0]);
}

static void read_one(const struct fs *fs, const struct task_facts *tasks, pid_t pid, bool renamed, struct qemus *out)
{
	AUTO_FREE char *text = NULL;
	char path[48], cgroup[1024] = "";
	struct qemu q = { .pid = pid };
	size_t n = 0;

	text_print(path, sizeof(path), "proc/%d/cmdline", (int) pid);
	if (fs_read_all(fs, path, CMDLINE_MAX, &text, &n) < 0 || n == 0) {
		out->hidden = out->hidden || !renamed;
		return;
	}
	q.argc = qemu_line_words(text, n, &q.argv);
	if (renamed && !program_is_qemu(&q)) {
		free(q.argv);
		return;
	}
	fs_readf(fs, cgroup, sizeof(cgroup), "proc/%d/cgroup", (int) pid);
	if (!qemu_value(&q, "name", "guest", q.name, sizeof(q.name)))
		qemu_value(&q, "name", "", q.name, sizeof(q.name));
	q.launcher = guess_launcher(&q, cgroup);
	q.kvm = asks_kvm(&q);
	q.default_kvm = !q.kvm && program_is_kvm(&q);
	find_threads(tasks, &q);
	*vec_add(out) = q;
}

void qemus_read(const struct fs *fs, const struct task_facts *tasks, pid_t only, struct qemus *ret)
{
	struct qemus out = { 0 };

	for (size_t i = 0; i < tasks->n; i++) {
		const struct task_fact *t = &tasks->at[i];

		bool plain = looks_like_qemu(t->stat.comm), renamed = !plain && may_be_renamed(t->stat.comm);

		if (t->stat.tid != t->pid || task_is_kernel(t) || (only ? t->pid != only : !plain && !renamed))
			continue;
		read_one(fs, tasks, t->pid, renamed, &out);
	}
	*ret = out;
}

void qemus_free(struct qemus *q)
{
	for (size_t i = 0; i < q->n; i++) {
		free(q->at[i].argv);
		free(q->at[i].tasks);
	}
	vec_free(q);
}

void qemu_handle(const struct qemu *q, char *buf, size_t cap)
{
	size_t at = 0;
	const char *id = q->launcher == LAUNCHER_PROXMOX ? qemu_option(q, "id", &at) : NULL;

	text_print(buf, cap, "%s", id ? id : q->name[0] ? q->name : "NAME");
}

struct cpuset qemu_vcpu_cpus(const struct qemu *q)
{
	struct cpuset all = { 0 };

	for (size_t i = 0; i < q->n_tasks; i++) {
		if (q->tasks[i].kind == QEMU_VCPU)
			all = cpuset_or(&all, &q->tasks[i].task->allowed);
	}
	return all;
}
