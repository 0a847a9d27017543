/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a guest kernel comes from, the first that works:
 *
 *	1. the file the user named;
 *	2. the cache: CACHE/kernels/FLAVOUR/PACKAGE_VERSION/, whole because it was
 *	   renamed there when complete (remove the folder to get a newer kernel);
 *	3. a package of this distribution, by apt;
 *	4. this host's own kernel, where its image and modules can be read.
 *
 * Each that does not work leaves its reason; only when none works are the
 * reasons shown, with the cure.
 */
#include "vm/kernel.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fs.h"
#include "base/sink.h"
#include "base/text.h"
#include "base/vec.h"
#include "vm/bzimage.h"
#include "vm/cache.h"
#include "vm/package.h"

#define LOCK_WAIT_NS (1200 * NS_PER_S)

/* The fastest to boot first. */
static const struct stock {
	enum kernel_flavour flavour;
	const char *package;
} stocks[] = {
	{ .flavour = KERNEL_CLOUD, .package = "linux-image-cloud-amd64" },
	{ .flavour = KERNEL_CLOUD, .package = "linux-image-virtual" },
	{ .flavour = KERNEL_GENERIC, .package = "linux-image-amd64" },
	{ .flavour = KERNEL_GENERIC, .package = "linux-image-generic" },
	{ .flavour = KERNEL_RT, .package = "linux-image-rt-amd64" },
};

static const char *const flavour_names[] = {
	[KERNEL_FASTEST] = "fastest",
	[KERNEL_CLOUD] = "cloud",
	[KERNEL_GENERIC] = "standard",
	[KERNEL_RT] = "rt",
};

const char *kernel_flavour_name(enum kernel_flavour f)
{
	return flavour_names[f];
}

int kernel_flavour_parse(const char *s, enum kernel_flavour *ret)
{
	for (size_t i = 0; i < ARRAY_SIZE(flavour_names); i++) {
		if (text_eq(s, flavour_names[i])) {
			*ret = (enum kernel_flavour) i;
			return 0;
		}
	}
	return -EINVAL;
}

static bool fits(enum kernel_flavour wanted, enum kernel_flavour offered)
{
	return wanted == offered || (wanted == KERNEL_FASTEST && offered != KERNEL_RT);
}

static bool is_dir(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* The modules of a version below root, into k->modules; false when there are none. */
static bool modules_below(struct vm_kernel *k, const char *root)
{
	static const char *const places[] = { "lib/modules", "usr/lib/modules" };

	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		if (!text_print(k->modules, sizeof(k->modules), "%s/%s/%s", root, places[i], k->version) && is_dir(k->modules))
			return true;
	}
	k->modules[0] = '\0';
	return false;
}

/* The first boot/vmlinuz-* below root that is a kernel and has its modules there. */
static int kernel_below(struct vm_kernel *ret, const char *root, struct err *err)
{
	AUTO_FREE char *boot = xprintf("%s/boot", root);
	AUTO_DIR DIR *d = opendir(boot);
	struct vm_kernel k = { 0 };

	for (struct dirent *e; d && (e = readdir(d));) {
		struct err ignored;

		if (!text_starts(e->d_name, "vmlinuz-") || text_print(k.image, sizeof(k.image), "%s/%s", boot, e->d_name))
			continue;
		if (bzimage_file_version(k.image, k.version, sizeof(k.version), &ignored) < 0 || !modules_below(&k, root))
			continue;
		*ret = k;
		return 0;
	}
	return err_set(err, -ENOENT, "%s holds no kernel with its modules", root);
}

/* The newest in CACHE/kernels/FLAVOUR. */
static int from_cache(struct vm_kernel *ret, const char *dir, struct err *err)
{
	AUTO_DIR DIR *d = opendir(dir);
	time_t best = 0;

	for (struct dirent *e; d && (e = readdir(d));) {
		AUTO_FREE char *tree = xprintf("%s/%s", dir, e->d_name);
		struct vm_kernel k = { 0 };
		struct err ignored;
		struct stat st;

		if (!text_starts(e->d_name, "linux-") || stat(tree, &st) < 0 || st.st_mtim.tv_sec < best)
			continue;
		if (kernel_below(&k, tree, &ignored) < 0)
			continue;
		text_print(k.source, sizeof(k.source), "package %s", e->d_name);
		best = st.st_mtim.tv_sec;
		*ret = k;
	}
	return best ? 0 : err_set(err, -ENOENT, "not in the cache");
}

/* What was unpacked must be on the disk before its name says so. */
static int publish(const char *tree, const char *path, struct err *err)
{
	AUTO_CLOSE int fd = open(tree, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 || syncfs(fd) < 0)
		return err_sys(err, -errno, "cannot sync %s", tree);
	if (utimensat(AT_FDCWD, tree, NULL, 0) < 0 || rename(tree, path) < 0)
		return err_sys(err, -errno, "cannot rename %s to %s", tree, path);
	return 0;
}

static int fetch_locked(struct vm_kernel *ret, const char *package, const char *dir, struct err *err)
{
	char scratch[600], label[256];
	int r = cache_scratch(dir, scratch, sizeof(scratch), err);

	if (r < 0)
		return r;
	r = package_unpack(package, scratch, label, sizeof(label), err);
	if (r >= 0) {
		AUTO_FREE char *tree = xprintf("%s/tree", scratch), *path = xprintf("%s/%s", dir, label);

		r = kernel_below(ret, tree, err);
		if (r >= 0)
			r = publish(tree, path, err);
	}
	dir_remove_all(scratch);
	return r < 0 ? r : from_cache(ret, dir, err);
}

int kernel_of_package(struct vm_kernel *ret, const char *folder, const char *package, bool offline, struct err *err)
{
	AUTO_FREE char *kind = xprintf("kernels/%s", folder);
	AUTO_CLOSE int lock = -1;
	struct err ignored;
	char dir[512];
	int r = cache_dir(kind, dir, sizeof(dir), err);

	if (r < 0 || from_cache(ret, dir, &ignored) == 0)
		return r;
	if (offline)
		return err_set(err, -ENETUNREACH, "not in the cache, and downloads are off");
	r = cache_lock(dir, clock_ns() + LOCK_WAIT_NS, &lock, err);
	if (r < 0)
		return r;
	if (from_cache(ret, dir, &ignored) == 0) /* made by whom we waited for */
		return 0;
	return fetch_locked(ret, package, dir, err);
}

/* The kernel this host runs, from where distributions keep the image. */
static int from_host(struct vm_kernel *ret, struct err *err)
{
	static const char *const places[] = { "/boot/vmlinuz-%s", "/lib/modules/%s/vmlinuz", "/usr/lib/modules/%s/vmlinuz" };
	struct vm_kernel k = { 0 };
	struct utsname host;

	uname(&host);
	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		const char *percent = strchr(places[i], '%');

		if (text_print(k.image, sizeof(k.image), "%.*s%s%s", (int) (percent - places[i]), places[i], host.release,
			       percent + 2))
			continue;
		if (access(k.image, F_OK) < 0)
			continue;
		if (bzimage_file_version(k.image, k.version, sizeof(k.version), err) < 0)
			return err->code;
		if (!modules_below(&k, ""))
			return err_set(err, -ENOENT, "%s has no modules folder", k.version);
		text_print(k.source, sizeof(k.source), "this host's own kernel");
		*ret = k;
		return 0;
	}
	return err_set(err, -ENOENT, "the image of %s is neither in /boot nor in /lib/modules", host.release);
}

/* Modules for a user's kernel: as given, else beside it, below the folder it was unpacked in, or this host's. */
static int from_user(struct vm_kernel *ret, const char *image, const char *modules, struct err *err)
{
	AUTO_FREE char *real = realpath(image, NULL);
	struct vm_kernel k = { 0 };

	if (!real)
		return err_sys(err, -errno, "kernel %s", image);
	if (text_print(k.image, sizeof(k.image), "%s", real))
		return err_set(err, -ENAMETOOLONG, "kernel %s: the path is too long", image);
	if (bzimage_file_version(k.image, k.version, sizeof(k.version), err) < 0)
		return err->code;
	text_print(k.source, sizeof(k.source), "named by the user");
	if (modules) {
		if (!is_dir(modules) || text_print(k.modules, sizeof(k.modules), "%s", modules))
			return err_set(err, -ENOTDIR, "modules folder %s is no folder: give .../lib/modules/%s", modules,
				       k.version);
	} else {
		for (char *slash; !k.modules[0] && (slash = strrchr(real, '/'));) {
			*slash = '\0';
			modules_below(&k, real);
		}
	}
	*ret = k;
	return 0;
}

/* Why one source failed; several often fail for one reason. */
static void note_reason(struct sink *reasons, const char *source, const struct err *why)
{
	if (reasons->len && strstr(reasons->text, why->text))
		return;
	sink_printf(reasons, "%s%s: %s", reasons->len ? "; " : "", source, why->text);
}

/* The cure comes first: the list of reasons may be long, and the end of a long sentence is cut. */
static int none(const struct sink *reasons, enum kernel_flavour flavour, bool offline, struct err *err)
{
	return err_set(err, -ENOENT,
		       "no %s guest kernel: connect this machine to its package archive once%s, or name a kernel file"
		       " of yours (tried: %s)",
		       flavour == KERNEL_FASTEST ? "stock" : kernel_flavour_name(flavour), offline ? " and allow downloads" : "",
		       reasons->text ? reasons->text : "nothing");
}

int kernel_find(struct vm_kernel *ret, enum kernel_flavour flavour, const char *image, const char *modules, bool offline,
		struct err *err)
{
	AUTO(sink_free) struct sink reasons = { 0 };
	struct err why;
	int r;

	if (image)
		return from_user(ret, image, modules, err);
	for (size_t i = 0; i < ARRAY_SIZE(stocks); i++) {
		if (!fits(flavour, stocks[i].flavour))
			continue;
		r = kernel_of_package(ret, kernel_flavour_name(stocks[i].flavour), stocks[i].package, offline, &why);
		if (r >= 0)
			return 0;
		if (r == -EINTR)
			return err_set(err, r, "%s", why.text);
		note_reason(&reasons, stocks[i].package, &why);
	}
	if (fits(flavour, KERNEL_GENERIC)) {
		if (from_host(ret, &why) >= 0)
			return 0;
		note_reason(&reasons, "this host's own kernel", &why);
	}
	return none(&reasons, flavour, offline, err);
}
