/* SPDX-License-Identifier: Apache-2.0 */
/*
 * oci - config.json.
 *
 * The container holds one program that needs little: CAP_SYS_NICE to be
 * SCHED_FIFO and choose its CPU, CAP_IPC_LOCK to lock its memory.  With these
 * no rlimit has to be raised, which the runtime itself may have no right to.
 * No seccomp filter: it would add to every system call that is measured.
 */
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "base/vec.h"
#include "container/container.h"
#include "container/oci.h"

/* Builders give NULL when a word is no UTF-8 text, and json_pack() passes it on: no config with a word missing. */
static json_t *words(const char *const *w)
{
	json_t *a = json_array();

	for (; w && *w; w++) {
		if (json_array_append_new(a, json_string(*w)) < 0) {
			json_decref(a);
			return NULL;
		}
	}
	return a;
}

/* A user's program gets what Docker and Podman give, and the right to choose CPU and priority of its own threads. */
static json_t *capabilities(const struct oci_spec *spec)
{
	static const char *const agent[] = { "CAP_IPC_LOCK", "CAP_SYS_NICE", NULL };
	static const char *const usual[] = {
		"CAP_AUDIT_WRITE", "CAP_CHOWN",	     "CAP_DAC_OVERRIDE", "CAP_FOWNER",	"CAP_FSETID",
		"CAP_IPC_LOCK",	   "CAP_KILL",	     "CAP_MKNOD",	 "CAP_NET_RAW", "CAP_NET_BIND_SERVICE",
		"CAP_SETFCAP",	   "CAP_SETGID",     "CAP_SETPCAP",	 "CAP_SETUID",	"CAP_SYS_CHROOT",
		"CAP_SYS_NICE",	   NULL,
	};
	const char *const *kept = spec->user ? usual : agent;

	return json_pack("{s:o, s:o, s:o}", "bounding", words(kept), "effective", words(kept), "permitted", words(kept));
}

static json_t *process(const struct oci_spec *spec)
{
	const struct oci_user *u = spec->user;

	return json_pack("{s:b, s:{s:I, s:I}, s:o, s:o, s:s, s:o, s:b}", "terminal", spec->terminal, "user", "uid",
			 (json_int_t) (u ? u->uid : 0), "gid", (json_int_t) (u ? u->gid : 0), "args", words(spec->args), "env",
			 words(spec->env), "cwd", u && u->cwd ? u->cwd : "/", "capabilities", capabilities(spec),
			 "noNewPrivileges", !u);
}

static json_t *mount_of(const char *at, const char *type, const char *source, const char *const *options)
{
	return json_pack("{s:s, s:s, s:s, s:o}", "destination", at, "type", type, "source", source, "options", words(options));
}

static json_t *mounts(const struct oci_spec *spec)
{
	enum { AGENT = 1, WRITABLE = 2, READONLY = 4, USER = WRITABLE | READONLY, ALL = AGENT | USER };
	static const char *const bind[] = { "bind", "rw", NULL };
	static const struct {
		const char *at, *type;
		unsigned who;           /* which kinds of container have it */
		const char *options[8];
	} rows[] = {
		{ .at = "/proc", .type = "proc", .who = ALL, .options = { "nosuid", "noexec", "nodev" } },
		{ .at = "/dev", .type = "tmpfs", .who = ALL,
		  .options = { "nosuid", "noexec", "strictatime", "mode=755", "size=64k" } },
		{ .at = "/dev/pts", .type = "devpts", .who = USER,
		  .options = { "nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620" } },
		{ .at = "/dev/shm", .type = "tmpfs", .who = USER, .options = { "nosuid", "noexec", "nodev", "mode=1777" } },
		{ .at = "/sys", .type = "sysfs", .who = ALL, .options = { "nosuid", "noexec", "nodev", "ro" } },
		{ .at = "/tmp", .type = "tmpfs", .who = AGENT, .options = { "nosuid", "nodev", "mode=1777", "size=1m" } },
		{ .at = "/tmp", .type = "tmpfs", .who = READONLY, .options = { "nosuid", "nodev", "mode=1777" } },
		{ .at = "/run", .type = "tmpfs", .who = READONLY, .options = { "nosuid", "nodev", "mode=755" } },
	};
	const unsigned who = !spec->user ? AGENT : spec->user->writable ? WRITABLE : READONLY;
	json_t *a = json_array();

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (rows[i].who & who)
			json_array_append_new(a, mount_of(rows[i].at, rows[i].type, rows[i].type, rows[i].options));
	if (spec->threads_file &&
	    json_array_append_new(a, mount_of(CONTAINER_THREADS_FILE, "bind", spec->threads_file, bind)) < 0) {
		json_decref(a);
		return NULL;
	}
	return a;
}

static json_t *namespaces(const struct oci_spec *spec)
{
	static const char *const plain[] = { "pid", "ipc", "uts", "mount" };
	json_t *a = json_array();

	for (size_t i = 0; i < ARRAY_SIZE(plain); i++)
		json_array_append_new(a, json_pack("{s:s}", "type", plain[i]));
	if (spec->own_cgroups)
		json_array_append_new(a, json_pack("{s:s}", "type", "cgroup"));
	if (spec->user && spec->user->host_network)
		return a;
	if (json_array_append_new(a, json_pack("{s:s, s:s*}", "type", "network", "path", spec->netns)) < 0) {
		json_decref(a);
		return NULL;
	}
	return a;
}

static json_t *cpu(const struct oci_spec *spec)
{
	json_t *o = json_object();
	char list[4096];

	if (!cpuset_empty(&spec->cpus))
		json_object_set_new(o, "cpus", json_string(cpuset_list(&spec->cpus, list, sizeof(list))));
	if (spec->mems)
		json_object_set_new(o, "mems", json_string(spec->mems));
	if (spec->rt.runtime_us) {
		json_object_set_new(o, "realtimeRuntime", json_integer(spec->rt.runtime_us));
		json_object_set_new(o, "realtimePeriod", json_integer((json_int_t) spec->rt.period_us));
	}
	return o;
}

static json_t *raw_files(const struct oci_spec *spec)
{
	json_t *o = json_object();

	for (const struct oci_pair *p = spec->unified; p && p->key; p++) {
		if (json_object_set_new(o, p->key, json_string(p->value)) < 0) {
			json_decref(o);
			return NULL;
		}
	}
	return o;
}

static json_t *resources(const struct oci_spec *spec)
{
	json_t *o = json_pack("{s:[{s:b, s:s}], s:o, s:o}", "devices", "allow", 0, "access", "rwm", "cpu", cpu(spec), "unified",
			      raw_files(spec));

	if (o && !spec->unified)
		json_object_del(o, "unified");
	if (o && spec->memory)
		json_object_set_new(o, "memory", json_pack("{s:I}", "limit", (json_int_t) spec->memory));
	return o;
}

static json_t *confinement(const struct oci_spec *spec)
{
	static const char *const masked[] = { "/proc/kcore", "/proc/keys", "/proc/sched_debug", "/sys/firmware", NULL };
	static const char *const readonly[] = { "/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger", NULL };

	return json_pack("{s:s, s:o, s:o, s:o, s:o}", "cgroupsPath", spec->cgroup, "namespaces", namespaces(spec), "resources",
			 resources(spec), "maskedPaths", words(masked), "readonlyPaths", words(readonly));
}

json_t *oci_config(const struct oci_spec *spec)
{
	const struct oci_user *u = spec->user;

	return json_pack("{s:s, s:o, s:{s:s, s:b}, s:s, s:o, s:o}", "ociVersion", "1.0.0", "process", process(spec), "root",
			 "path", u ? u->rootfs : "rootfs", "readonly", !u || !u->writable, "hostname", spec->hostname, "mounts",
			 mounts(spec), "linux", confinement(spec));
}

char *oci_config_text(const struct oci_spec *spec)
{
	json_t *config = oci_config(spec);
	AUTO_FREE char *text = config ? json_dumps(config, JSON_INDENT(2)) : NULL;

	json_decref(config);
	return text ? xprintf("%s\n", text) : NULL;
}
