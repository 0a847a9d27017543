/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The lab's root: the machine's own, read only, below a layer of memory.
 *
 * What the machine has below /proc, /sys, /dev and /run is its own business
 * and covered; /tmp is not, so that a build tree there is visible.  Writes go
 * to memory and are gone at the end, but for the shared folders.
 *
 * The rest is what systemd would have made: one tree of control groups with
 * init and the job in groups of their own, and the usual kernel file systems.
 */
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/cursor.h"
#include "base/fs.h"
#include "base/text.h"
#include "init.h"
#include "wire.h"

/* The root never changes behind the lab's back, or nobody minds: cache it.  Shared folders are written through. */
#define ROOT_9P  "trans=virtio,version=9p2000.L,msize=512000,cache=loose"
#define SHARE_9P "trans=virtio,version=9p2000.L,msize=512000,cache=none"

/* After the root; those that a kernel does not have are done without. */
static const struct mount_row {
	const char *type, *where, *options;
	unsigned long flags;
} mounts[] = {
	{ .type = "tmpfs", .where = "/run", .options = "mode=755", .flags = MS_NOSUID | MS_NODEV },
	{ .type = "devpts", .where = "/dev/pts", .options = "gid=5,mode=620,ptmxmode=666", .flags = MS_NOSUID | MS_NOEXEC },
	{ .type = "tmpfs", .where = "/dev/shm", .options = "mode=1777", .flags = MS_NOSUID | MS_NODEV },
	{ .type = "mqueue", .where = "/dev/mqueue", .flags = MS_NOSUID | MS_NODEV | MS_NOEXEC },
	{ .type = "hugetlbfs", .where = "/dev/hugepages" },
	{ .type = "cgroup2", .where = "/sys/fs/cgroup", .options = "nsdelegate,memory_recursiveprot" },
	{ .type = "debugfs", .where = "/sys/kernel/debug" },
	{ .type = "tracefs", .where = "/sys/kernel/tracing" },
	{ .type = "bpf", .where = "/sys/fs/bpf", .options = "mode=700" },
	{ .type = "securityfs", .where = "/sys/kernel/security" },
};

static void write_text(const char *path, const char *text)
{
	AUTO_CLOSE int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		init_say(path, -errno);
}

static int mount_shared(const char *tag, const char *where, const char *type, bool root)
{
	const char *options = text_eq(type, "9p") ? (root ? ROOT_9P : SHARE_9P) : NULL;

	return mount(tag, where, type, root ? MS_RDONLY : 0, options) < 0 ? -errno : 0;
}

static int mount_overlay(const char *type, const char **what)
{
	static const char *const folders[] = { "/r", "/r/lower", "/r/rw", "/new", NULL };
	int r;

	for (size_t i = 0; folders[i]; i++)
		mkdir(folders[i], 0755);
	*what = "cannot mount this machine's root";
	r = mount_shared(LAB_ROOT_TAG, "/r/lower", type, true);
	if (r < 0)
		return r;
	*what = "cannot make a layer to write to";
	if (mount("rw", "/r/rw", "tmpfs", 0, "mode=755") < 0 || mkdir("/r/rw/upper", 0755) < 0 || mkdir("/r/rw/work", 0755) < 0)
		return -errno;
	*what = "cannot lay it over the root";
	return mount("root", "/new", "overlay", 0, "lowerdir=/r/lower,upperdir=/r/rw/upper,workdir=/r/rw/work") < 0 ? -errno : 0;
}

/* Kernel file systems come along; then /new becomes the root, and the initramfs is out of sight. */
static int change_root(const char **what)
{
	static const char *const along[] = { "/proc", "/sys", "/dev" };

	*what = "cannot change the root";
	for (size_t i = 0; i < ARRAY_SIZE(along); i++) {
		char to[32];

		text_print(to, sizeof(to), "/new%s", along[i]);
		mkdir(to, 0755);
		if (mount(along[i], to, NULL, MS_MOVE, NULL) < 0)
			return -errno;
	}
	return chdir("/new") < 0 || mount(".", "/", NULL, MS_MOVE, NULL) < 0 || chroot(".") < 0 || chdir("/") < 0 ? -errno : 0;
}

static void mount_rest(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(mounts); i++) {
		const struct mount_row *m = &mounts[i];

		mkdir(m->where, 0755);
		if (mount(m->type, m->where, m->type, m->flags, m->options) < 0 && errno != ENODEV && errno != ENOENT)
			init_say(m->where, -errno);
	}
}

static void make_links(void)
{
	static const char *const links[][2] = {
		{ "/proc/self/fd", "/dev/fd" },
		{ "/proc/self/fd/0", "/dev/stdin" },
		{ "/proc/self/fd/1", "/dev/stdout" },
		{ "/proc/self/fd/2", "/dev/stderr" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(links); i++) {
		if (symlink(links[i][0], links[i][1]) < 0 && errno != EEXIST)
			init_say(links[i][1], -errno);
	}
	mkdir("/run/lock", 01777);
}

/* As on a machine with systemd: nothing but kernel threads in the root group. */
static void make_groups(void)
{
	static const char *const folders[] = { "/sys/fs/cgroup/init.scope", "/sys/fs/cgroup/lab.slice",
					       "/sys/fs/cgroup/lab.slice/job.scope" };

	for (size_t i = 0; i < ARRAY_SIZE(folders); i++)
		mkdir(folders[i], 0755);
	write_text("/sys/fs/cgroup/init.scope/cgroup.procs", "1");
	write_text("/sys/fs/cgroup/cgroup.subtree_control", "+cpu +memory +pids");
}

static void lo_up(void)
{
	AUTO_CLOSE int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq ifr = { .ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING };

	if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &ifr) < 0)
		init_say("lo", -errno);
}

/* Where modprobe looks for the modules of the kernel that runs. */
static void bind_modules(const char *from)
{
	struct utsname u;
	char to[300];
	struct err err;

	if (!from || uname(&u) < 0 || text_print(to, sizeof(to), "/lib/modules/%s", u.release))
		return;
	if (dir_make_all(to, 0755, &err) < 0)
		init_say(err.text, 0);
	else if (mount(from, to, NULL, MS_BIND, NULL) < 0)
		init_say(to, -errno);
}

static int mount_shares(const struct job *job, const char **what)
{
	for (unsigned i = 0; i < job->n_shares; i++) {
		const char *path = job->shares[i];
		char tag[32];
		struct err err;
		int r;

		*what = "cannot mount a shared folder";
		if (!take_word(&path, tag, sizeof(tag)) || !take_char(&path, ' '))
			return -EBADMSG;
		r = dir_make_all(path, 0755, &err);
		if (r >= 0)
			r = mount_shared(tag, path, job->root_type, false);
		if (r < 0)
			return r;
	}
	return 0;
}

int root_make(const struct job *job, const char **ret_what)
{
	int r = mount_overlay(job->root_type, ret_what);

	if (r >= 0)
		r = change_root(ret_what);
	if (r < 0)
		return r;
	mount_rest();
	make_links();
	make_groups();
	lo_up();
	bind_modules(job->modules);
	if (sethostname("lab", 3) < 0)
		init_say("host name", -errno);
	return mount_shares(job, ret_what);
}

void root_leave(const struct job *job)
{
	for (unsigned i = job->n_shares; i-- > 0;) {
		const char *path = strchr(job->shares[i], ' ');

		if (path && umount2(path + 1, MNT_DETACH) < 0)
			init_say(path + 1, -errno);
	}
	sync();
}
