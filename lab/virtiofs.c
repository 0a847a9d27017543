/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For kernels without 9p: one virtiofsd a shared folder.
 *
 * It may be told to share a folder, but not to share it read only, and the
 * machine's own root must never be writable from the lab.  So this program
 * starts itself in between (virtiofs_serve): that copy makes every mount of a
 * name space of its own read only and then becomes virtiofsd.
 *
 * The socket has no name: it listens under an address that the kernel picks,
 * QEMU gets the connected end.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "lab.h"

static int locate(char *buf, size_t cap, struct err *err)
{
	static const char *const places[] = { "virtiofsd", "/usr/libexec/virtiofsd", "/usr/lib/qemu/virtiofsd" };

	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		if (program_find(places[i], buf, cap) == 0)
			return 0;
	}
	return err_set(err, -ENOENT,
		       "this kernel knows no 9p, and virtiofsd, which would stand in, is missing: install virtiofsd"
		       " (qemu-system-common on Debian 12), or use another kernel");
}

/* Both ends of one connection that nobody else can find: -1 on failure, errno set. */
static int connect_ends(int *ret_listening)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	socklen_t len = sizeof(address);
	AUTO_CLOSE int listening = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	AUTO_CLOSE int ours = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (listening < 0 || ours < 0 || bind(listening, (struct sockaddr *) &address, sizeof(sa_family_t)) < 0 ||
	    listen(listening, 1) < 0 || getsockname(listening, (struct sockaddr *) &address, &len) < 0 ||
	    connect(ours, (struct sockaddr *) &address, len) < 0)
		return -1;
	*ret_listening = TAKE_FD(listening);
	return TAKE_FD(ours);
}

int virtiofs_start(struct child *ret, int *ret_fd, const char *folder, bool read_only, struct err *err)
{
	struct spawn_opts opts = SPAWN_OPTS_INIT;
	AUTO(argv_free) struct argv argv = { 0 };
	AUTO_CLOSE int listening = -1, ours = -1;
	char program[PATH_MAX];
	int r = locate(program, sizeof(program), err);

	if (r < 0)
		return r;
	ours = connect_ends(&listening);
	if (ours < 0)
		return err_sys(err, -errno, "cannot make a socket");
	if (read_only) {
		argv_add(&argv, "/proc/self/exe");
		argv_add(&argv, VIRTIOFS_SERVE);
	}
	argv_add(&argv, program);
	argv_addf(&argv, "--fd=%d", listening);
	argv_add(&argv, "--rlimit-nofile=0");
	argv_add(&argv, "-o");
	argv_addf(&argv, "source=%s", folder);
	argv_add(&argv, "-o");
	argv_addf(&argv, "cache=%s", read_only ? "always" : "none");
	argv_add(&argv, "-o");
	argv_add(&argv, "sandbox=chroot");
	opts.keep_fds = &listening;
	opts.n_keep_fds = 1;
	opts.new_session = opts.die_with_parent = true;
	r = spawn(ret, &argv, &opts, err);
	if (r >= 0)
		*ret_fd = TAKE_FD(ours);
	return r;
}

int virtiofs_serve(char **argv)
{
	struct mount_attr read_only = { .attr_set = MOUNT_ATTR_RDONLY };

	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    syscall(SYS_mount_setattr, -1, "/", AT_RECURSIVE, &read_only, sizeof(read_only)) < 0) {
		fprintf(stderr, "lab: cannot make this machine's root read only for the lab: %s\n", strerror(errno));
		return LAB_FAILED;
	}
	execv(argv[0], argv);
	return LAB_FAILED;
}
