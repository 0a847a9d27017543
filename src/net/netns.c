/* SPDX-License-Identifier: Apache-2.0 */
/*
 * netns - named network namespaces.
 *
 * A namespace lives as long as something refers to it; its name is a file in
 * /run/netns with the namespace bind-mounted over it (journal/netns_folder.h).
 *
 * setns(2) works on one thread.  Whatever must happen inside a namespace
 * happens in a thread made for it: no error path can leave the program in the
 * wrong network.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/text.h"
#include "journal/netns_folder.h"
#include "net/netns.h"

struct visit {
	int ns_fd; /* -1: a new namespace instead of a known one */
	int (*fn)(void *arg, struct err *err);
	void *arg;
	struct err *err;
	int result;
};

static void *visit_thread(void *arg)
{
	struct visit *v = arg;

	if (v->ns_fd < 0 && unshare(CLONE_NEWNET) < 0)
		v->result = err_sys(v->err, -errno, "cannot make a network namespace (root is needed for that)");
	else if (v->ns_fd >= 0 && setns(v->ns_fd, CLONE_NEWNET) < 0)
		v->result = err_sys(v->err, -errno, "cannot enter a network namespace");
	else
		v->result = v->fn(v->arg, v->err);
	return NULL;
}

static int visit(int ns_fd, int (*fn)(void *arg, struct err *err), void *arg, struct err *err)
{
	struct visit v = { .ns_fd = ns_fd, .fn = fn, .arg = arg, .err = err };
	sigset_t all, old;
	pthread_t thread;
	int r;

	sigfillset(&all); /* signals are for the main thread */
	pthread_sigmask(SIG_SETMASK, &all, &old);
	r = pthread_create(&thread, NULL, visit_thread, &v);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (r)
		return err_sys(err, -r, "cannot start a thread");
	pthread_join(thread, NULL);
	return v.result;
}

int netns_run(int ns_fd, int (*fn)(void *arg, struct err *err), void *arg, struct err *err)
{
	if (ns_fd < 0)
		return err_set(err, -EBADF, "no network namespace given");
	return visit(ns_fd, fn, arg, err);
}

int netns_try(int (*fn)(void *arg, struct err *err), void *arg, struct err *err)
{
	return visit(-1, fn, arg, err);
}

int netns_own_sysfs(struct err *err)
{
	if (unshare(CLONE_NEWNS) < 0)
		return err_sys(err, -errno, "cannot make a mount namespace to look at the devices of a network namespace in");
	if (mount("none", "/", NULL, MS_REC | MS_SLAVE, NULL) < 0 || mount("sysfs", "/sys", "sysfs", 0, NULL) < 0)
		return err_sys(err, -errno, "cannot mount the sysfs of a network namespace");
	return 0;
}

static int name_path(const char *name, char path[NETNS_PATH_MAX], struct err *err)
{
	if (!text_is_name(name))
		return err_set(err, -EINVAL, "\"%.64s\" is no name for a network namespace", name);
	if (text_print(path, NETNS_PATH_MAX, "%s/%s", NETNS_FOLDER, name))
		return err_set(err, -ENAMETOOLONG, "network namespace \"%.64s\": the name is too long", name);
	return 0;
}

static int own_namespace(void *arg, struct err *err)
{
	int *ret_fd = arg;

	*ret_fd = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	return *ret_fd < 0 ? err_sys(err, -errno, "cannot open a new network namespace") : 0;
}

/* A mount of its own?  Kernels before 5.8 cannot say: then nothing is added to what is there. */
static bool is_mount(const char *path)
{
	struct statx st;

	if (statx(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW, 0, &st) < 0 || !(st.stx_attributes_mask & STATX_ATTR_MOUNT_ROOT))
		return true;
	return (st.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0;
}

/* Names that somebody keeps there without a mount stay as they are. */
static int folder_make(struct err *err)
{
	if (is_mount(NETNS_FOLDER) || !netns_folder_empty())
		return 0;
	if (mount(NETNS_TMPFS, NETNS_FOLDER, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=755,size=1m") < 0)
		return err_sys(err, -errno, "cannot mount " NETNS_FOLDER);
	if (mount("none", NETNS_FOLDER, NULL, MS_SHARED | MS_REC, NULL) < 0)
		log_debug("%s is not shared between mount namespaces: %s", NETNS_FOLDER, strerror(errno));
	return 0;
}

static int bind_name(int ns_fd, const char *path, struct err *err)
{
	char from[48];
	int fd = open(path, O_RDONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0);

	if (fd < 0 && errno == EEXIST)
		return err_set(err, -EEXIST, "%s exists already: another run uses it, or `vlat revert` has to clean up first",
			       path);
	if (fd < 0)
		return err_sys(err, -errno, "cannot make %s", path);
	close(fd);
	(void) text_print(from, sizeof(from), "/proc/self/fd/%d", ns_fd);
	if (mount(from, path, "none", MS_BIND, NULL) < 0) {
		int r = err_sys(err, -errno, "cannot mount a network namespace on %s", path);

		unlink(path);
		return r;
	}
	return 0;
}

static const char *const quiet[][2] = {
	{ "ipv6/conf/all/disable_ipv6", "1" }, /* no router solicitations, no duplicate address detection */
	{ "ipv6/conf/default/disable_ipv6", "1" },
	{ "ipv4/conf/all/rp_filter", "0" }, /* no routing look-up to check a sender */
	{ "ipv4/conf/default/rp_filter", "0" },
	{ "bridge/bridge-nf-call-iptables", "0" }, /* bridged frames stay out of netfilter */
	{ "bridge/bridge-nf-call-ip6tables", "0" },
	{ "bridge/bridge-nf-call-arptables", "0" },
};

/* A namespace without these still works, a little less quietly: said, not fatal. */
static void quieten(int ns_fd, const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(quiet); i++) {
		struct err e = { 0 };

		if (netns_sysctl(ns_fd, quiet[i][0], quiet[i][1], &e) < 0)
			log_warn("network namespace %s: %s", name, e.text);
	}
}

int netns_make(struct journal *j, const char *name, int *ret_fd, struct err *err)
{
	AUTO_CLOSE int fd = -1, lock = -1;
	char path[NETNS_PATH_MAX];
	int r;

	r = name_path(name, path, err);
	if (r < 0)
		return r;
	r = visit(-1, own_namespace, &fd, err);
	if (r < 0)
		return r;
	quieten(fd, name);
	r = j ? journal_netns(j, name, err) : 0;
	if (r < 0)
		return r;
	r = netns_folder_lock(&lock, err);
	if (r < 0)
		return r;
	r = folder_make(err);
	if (r < 0)
		return r;
	r = bind_name(fd, path, err);
	if (r < 0)
		return r;
	*ret_fd = TAKE_FD(fd);
	return 0;
}

int netns_open(const char *name, int *ret_fd, struct err *err)
{
	char path[NETNS_PATH_MAX];
	int r, fd;

	r = name_path(name, path, err);
	if (r < 0)
		return r;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_sys(err, -errno, "cannot open the network namespace %s", path);
	*ret_fd = fd;
	return 0;
}

int netns_delete(const char *name, struct err *err)
{
	char path[NETNS_PATH_MAX];
	int r;

	r = name_path(name, path, err);
	if (r < 0)
		return r;
	if (umount2(path, MNT_DETACH | UMOUNT_NOFOLLOW) < 0 && errno != EINVAL && errno != ENOENT)
		return err_sys(err, -errno, "cannot unmount %s", path);
	if (unlink(path) < 0 && errno != ENOENT)
		return err_sys(err, -errno, "cannot remove %s", path);
	return netns_folder_tidy(err);
}

struct sysctl {
	const char *name, *value;
};

static int sysctl_write(void *arg, struct err *err)
{
	const struct sysctl *s = arg;
	char path[160];
	AUTO_CLOSE int fd = -1;

	if (text_print(path, sizeof(path), "/proc/sys/net/%s", s->name))
		return err_set(err, -ENAMETOOLONG, "sysctl net/%.64s: the name is too long", s->name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT)
		return 1;
	if (fd < 0 || write(fd, s->value, strlen(s->value)) < 0)
		return err_sys(err, -errno, "cannot write \"%s\" to %s", s->value, path);
	return 0;
}

int netns_sysctl(int ns_fd, const char *name, const char *value, struct err *err)
{
	struct sysctl s = { .name = name, .value = value };

	return netns_run(ns_fd, sysctl_write, &s, err);
}
