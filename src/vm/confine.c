/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether a kernel, a container around us, or a security module allows each
 * step can only be found out by doing it.  So confine_plan() rehearses: a child
 * goes through confine_enter() and opens what QEMU will open; it says at which
 * step it failed.  First with a /dev of its own, then with the host's, then not
 * at all; each time with the reason.
 *
 * mlockall() and VFIO's pinning count against RLIMIT_MEMLOCK.  Where it cannot
 * be raised, CAP_IPC_LOCK alone is kept, in the ambient set: it allows nothing
 * but to lock memory.
 */
#include "vm/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <sched.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fs.h"
#include "base/spawn.h"
#include "base/text.h"
#include "vm/cache.h"

/* Between the users of distributions and nobody; systemd takes those of its dynamic users from here, and looks first too. */
#define UID_FIRST 61184u
#define UID_LAST  65519u

/* ---- in the child ---- */

static int make_node(const char *path, mode_t mode, dev_t rdev, uid_t owner)
{
	if (mknod(path, S_IFCHR | mode, rdev) < 0 || chmod(path, mode) < 0 || chown(path, owner, owner) < 0)
		return -errno;
	return 0;
}

static int enter_dev(const struct confine *c)
{
	static const struct {
		const char *path;
		unsigned minor;
	} plain[] = { { "/dev/null", 3 }, { "/dev/zero", 5 }, { "/dev/full", 7 }, { "/dev/random", 8 }, { "/dev/urandom", 9 } };
	int r = 0;

	umask(022);
	/* A slave, not private: what the host unmounts must not stay busy for as long as the machine runs. */
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) < 0 ||
	    mount("vlat-dev", "/dev", "tmpfs", MS_NOSUID | MS_NOEXEC, "mode=0755,size=64k") < 0 || mkdir("/dev/vfio", 0755) < 0)
		return -errno;
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(plain); i++)
		r = make_node(plain[i].path, 0666, makedev(1, plain[i].minor), 0);
	for (unsigned i = 0; r == 0 && i < c->n_nodes; i++)
		r = make_node(c->nodes[i].path, 0600, c->nodes[i].rdev, c->uid);
	return r;
}

static int drop_bounding(const struct confine *c)
{
	for (unsigned cap = 0; cap <= 63; cap++) {
		if (c->keep_lock && cap == CAP_IPC_LOCK)
			continue;
		if (prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) < 0 && errno != EINVAL)
			return -errno;
	}
	return 0;
}

static int become_user(const struct confine *c)
{
	/* The raw calls: those of the C library would signal the other threads of the parent, which are not here. */
	if (syscall(SYS_setgroups, c->group ? 1 : 0, &c->group) < 0 || syscall(SYS_setresgid, c->uid, c->uid, c->uid) < 0 ||
	    syscall(SYS_setresuid, c->uid, c->uid, c->uid) < 0)
		return -errno;
	return 0;
}

static int keep_only_lock(void)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = { 0 };

	data[0].effective = data[0].permitted = data[0].inheritable = 1u << CAP_IPC_LOCK;
	if (syscall(SYS_capset, &head, data) < 0 || prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_IPC_LOCK, 0, 0) < 0)
		return -errno;
	return 0;
}

static int raise_lock(void)
{
	struct rlimit all = { .rlim_cur = RLIM_INFINITY, .rlim_max = RLIM_INFINITY };

	return setrlimit(RLIMIT_MEMLOCK, &all) < 0 ? -errno : 0;
}

enum step { STEP_LIMIT, STEP_DEV, STEP_BOUNDING, STEP_USER, STEP_KEEP, STEP_LOCKED, STEP_OPEN };

static const char *const step_names[] = {
	[STEP_LIMIT] = "raise the limit of locked memory",
	[STEP_DEV] = "make a /dev of its own",
	[STEP_BOUNDING] = "give up capabilities",
	[STEP_USER] = "change to another user",
	[STEP_KEEP] = "keep the right to lock memory",
	[STEP_LOCKED] = "bar the way back",
	[STEP_OPEN] = "open its devices",
};

static int enter(const struct confine *c, enum step *at)
{
	int r = 0;

	*at = STEP_LIMIT;
	if (c->lock && !c->keep_lock)
		r = raise_lock();
	if (r == 0 && c->own_dev)
		*at = STEP_DEV, r = enter_dev(c);
	if (r == 0)
		*at = STEP_BOUNDING, r = drop_bounding(c);
	if (r == 0 && c->keep_lock)
		r = prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0 ? -errno : 0;
	if (r == 0)
		*at = STEP_USER, r = become_user(c);
	if (r == 0 && c->keep_lock)
		*at = STEP_KEEP, r = keep_only_lock();
	if (r == 0)
		*at = STEP_LOCKED, r = prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ? -errno : 0;
	return r;
}

int confine_enter(void *arg)
{
	enum step at;

	return enter(arg, &at);
}

/* ---- rehearsal ---- */

struct verdict {
	enum step at;
	int code;
};

struct rehearsal {
	struct confine confine;
	struct verdict verdict;
};

/* Never goes on to exec; the memory is shared with the parent. */
static int rehearse_enter(void *arg)
{
	struct rehearsal *r = arg;
	struct verdict *v = &r->verdict;

	v->code = enter(&r->confine, &v->at);
	for (unsigned i = 0; v->code == 0 && i < r->confine.n_nodes; i++) {
		const struct confine_node *n = &r->confine.nodes[i];

		v->at = STEP_OPEN;
		if (n->shared && open(n->path, O_RDWR | O_CLOEXEC) < 0)
			v->code = -errno;
	}
	return -ECANCELED;
}

static struct verdict rehearse(const struct confine *c)
{
	struct spawn_opts opts = SPAWN_OPTS_INIT;
	AUTO(argv_free) struct argv self = { 0 };
	struct verdict v = { .at = STEP_LOCKED, .code = -ENOMEM };
	struct rehearsal *r = mmap(NULL, sizeof(*r), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct child child = CHILD_INIT;
	struct err ignored;

	if (r == MAP_FAILED)
		return v;
	r->confine = *c;
	r->verdict = (struct verdict){ .at = STEP_LOCKED, .code = -ECHILD };
	opts.prepare = rehearse_enter;
	opts.prepare_arg = r;
	argv_add(&self, "/proc/self/exe");
	spawn(&child, &self, &opts, &ignored);
	v = r->verdict;
	munmap(r, sizeof(*r));
	return v;
}

/* ---- plan ---- */

static bool uid_runs(uid_t uid)
{
	AUTO(fs_close) struct fs fs = { .root = -1 };
	AUTO(fs_list_free) struct fs_names names = { 0 };
	struct err ignored;

	if (fs_open_root(&fs, "/", &ignored) < 0 || fs_list(&fs, "proc", &names) < 0)
		return false;
	for (size_t i = 0; i < names.n; i++) {
		char path[300];
		struct stat st;
		uint64_t pid;

		if (text_u64(names.at[i], &pid) == 0 && !text_print(path, sizeof(path), "/proc/%s", names.at[i]) &&
		    stat(path, &st) == 0 && st.st_uid == uid)
			return true;
	}
	return false;
}

/* One that no account has and no process runs under: two machines cannot touch each other either. */
static uid_t pick_uid(const char *name)
{
	unsigned range = UID_LAST - UID_FIRST + 1;
	unsigned from = (unsigned) (cache_hash(CACHE_HASH, name, strlen(name)) % range);

	for (unsigned i = 0; i < range; i++) {
		uid_t uid = UID_FIRST + (from + i) % range;

		if (!getpwuid(uid) && !getgrgid(uid) && !uid_runs(uid))
			return uid;
	}
	return 0;
}

static void add_node(struct confine *c, const char *path, bool shared)
{
	struct confine_node *n = &c->nodes[c->n_nodes];
	struct stat st;

	if (c->n_nodes == CONFINE_NODES_MAX || stat(path, &st) < 0 || !S_ISCHR(st.st_mode) ||
	    text_print(n->path, sizeof(n->path), "%s", path))
		return; /* QEMU will miss it, and says so better than we could */
	n->rdev = st.st_rdev;
	n->shared = shared;
	c->n_nodes++;
}

static void add_nodes(struct confine *c, const struct confine_wish *wish)
{
	if (wish->kvm)
		add_node(c, "/dev/kvm", true);
	if (wish->n_vfio)
		add_node(c, "/dev/vfio/vfio", true);
	for (unsigned i = 0; i < wish->n_vfio; i++)
		add_node(c, wish->vfio[i], false);
}

/* The group of the host's /dev/kvm, where membership opens it. */
static gid_t kvm_group(void)
{
	struct stat st;

	return stat("/dev/kvm", &st) == 0 && (st.st_mode & 060) == 060 ? st.st_gid : 0;
}

static bool try(struct confine *c, struct verdict *v)
{
	*v = rehearse(c);
	if (v->code < 0 && v->at == STEP_LIMIT && c->lock && !c->keep_lock) {
		c->keep_lock = true;
		*v = rehearse(c);
	}
	return v->code == 0;
}

void confine_plan(struct confine *ret, const struct confine_wish *wish)
{
	struct confine c = { .on = true, .own_dev = true, .lock = wish->lock };
	struct verdict first, second;

	if (geteuid() != 0) {
		*ret = (struct confine){ 0 }; /* no more rights than the user who calls */
		return;
	}
	c.uid = pick_uid(wish->name);
	add_nodes(&c, wish);
	if (!c.uid) {
		*ret = (struct confine){ 0 };
		text_print(ret->why, sizeof(ret->why), "QEMU keeps the rights of root: no user id from %u to %u is free",
			   UID_FIRST, UID_LAST);
		return;
	}
	if (try(&c, &first)) {
		*ret = c;
		return;
	}
	c.own_dev = c.keep_lock = false;
	c.group = wish->kvm ? kvm_group() : 0;
	/* Nodes of assigned devices belong to root: without a /dev of its own there is no way to them. */
	if (!wish->n_vfio && try(&c, &second)) {
		text_print(c.why, sizeof(c.why), "it sees the host's /dev, because this system did not let it %s: %s",
			   step_names[first.at], strerror(-first.code));
		*ret = c;
		return;
	}
	*ret = (struct confine){ 0 };
	text_print(ret->why, sizeof(ret->why), "QEMU keeps the rights of root, because this system did not let it %s: %s",
		   step_names[first.at], strerror(-first.code));
}
