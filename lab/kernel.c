/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The lab's kernels are packages of this distribution, unpacked into the cache
 * that guests use too.  Those of its backports are asked for by an apt
 * configuration of their own (scripts/install-deps lab makes it): the
 * machine's own sources stay as they are.
 *
 * Or it is a file of the user's, say the kernel this machine is going to boot.
 *
 * A package has no modules.dep; depmod makes it in the cache, so that modprobe
 * works in the lab and the kernel can ask for modules itself.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/spawn.h"
#include "base/text.h"
#include "base/vec.h"
#include "lab.h"
#include "vm/cache.h"
#include "vm/modules.h"

#define DEPMOD_NS (120 * NS_PER_S)

/* Every apt that is started from here on reads the lab's configuration, when there is one. */
static int use_backports(const struct lab_kernel_row *row, struct err *err)
{
	char dir[512], conf[600];
	int r = cache_dir("lab/apt", dir, sizeof(dir), err);

	if (r < 0)
		return r;
	if (text_print(conf, sizeof(conf), "%s/apt.conf", dir))
		return err_set(err, -ENAMETOOLONG, "cache folder %s: the path is too long", dir);
	if (access(conf, R_OK) < 0)
		return err_set(err, -ENOENT,
			       "the kernel '%s' comes from the distribution's backports, which are not set up: run"
			       " scripts/install-deps lab once",
			       row->name);
	return setenv("APT_CONFIG", conf, 1) < 0 ? err_sys(err, -errno, "cannot set APT_CONFIG") : 0;
}

/* TREE/lib/modules/VERSION -> depmod -b TREE VERSION */
static int depmod(const struct vm_kernel *k, struct err *err)
{
	AUTO_FREE char *base = xstrdup(k->modules), *dep = xprintf("%s/modules.dep", k->modules);
	AUTO(argv_free) struct argv argv = { 0 };
	AUTO(run_result_free) struct run_result said = { 0 };
	struct spawn_opts opts = SPAWN_OPTS_INIT;
	char *tail = NULL;
	int r;

	if (!k->modules[0] || access(dep, R_OK) == 0)
		return 0;
	for (char *p = base; (p = strstr(p, "/lib/modules/")); p++)
		tail = p;
	if (!tail)
		return 0;
	*tail = '\0';
	argv_add(&argv, "depmod");
	argv_add(&argv, "-b");
	argv_add(&argv, *base ? base : "/");
	argv_add(&argv, k->version);
	opts.heed_stop = opts.die_with_parent = true;
	r = run(&said, &argv, &opts, DEPMOD_NS, err);
	if (r < 0)
		return r == -ENOENT ? err_set(err, r, "depmod is missing: install kmod") : r;
	if (said.end.signalled || said.end.code)
		return err_set(err, -EIO, "depmod of kernel %s failed: %.200s", k->version, said.err);
	return 0;
}

static int find(struct vm_kernel *ret, const struct lab_kernel_row *row, struct err *err)
{
	struct err absent;
	int r;

	if (!row->backports)
		return kernel_find(ret, row->flavour, NULL, NULL, false, err);
	if (kernel_of_package(ret, row->name, row->package, true, &absent) >= 0)
		return 0;
	r = use_backports(row, err);
	return r < 0 ? r : kernel_of_package(ret, row->name, row->package, false, err);
}

int lab_kernel_own(struct lab_spec *spec, const char *image, const char *modules, struct err *err)
{
	AUTO(modules_close) struct modules m = { 0 };
	AUTO_FREE char *dep = NULL;
	struct vm_kernel k;
	struct err no_9p;
	int r = kernel_find(&k, KERNEL_GENERIC, image, modules, true, err);

	if (r < 0)
		return r;
	if (!k.modules[0])
		return err_set(err, -ENOENT, "--kernel %.200s: no folder of modules was found for it; name it by --modules", image);
	dep = xprintf("%s/modules.dep", k.modules);
	if (access(dep, R_OK) < 0)
		return err_set(err, -ENOENT, "%.200s has no modules.dep: call depmod for it", k.modules);
	r = modules_open(&m, k.modules, err);
	if (r < 0)
		return r;
	spec->own = (struct lab_kernel_row){ .name = "own", .virtiofs = modules_add(&m, "9p", k.version, &no_9p) < 0 };
	spec->kernel = &spec->own;
	spec->image = image;
	spec->modules = modules;
	return 0;
}

static int find_any(struct vm_kernel *ret, const struct lab_spec *spec, struct err *err)
{
	if (spec->image)
		return kernel_find(ret, KERNEL_GENERIC, spec->image, spec->modules, true, err);
	return find(ret, spec->kernel, err);
}

int lab_kernel_find(struct lab_parts *ret, const struct lab_spec *spec, struct err *err)
{
	const struct lab_kernel_row *row = spec->kernel;
	AUTO_CLOSE int lock = -1;
	char dir[512];
	int r = find_any(&ret->kernel, spec, err);

	if (r < 0)
		return err_in(err, "kernel '%s'", row->name);
	if (!ret->kernel.modules[0])
		return err_set(err, -ENOENT, "kernel '%s' (%s) came without modules, which the lab needs", row->name,
			       ret->kernel.source);
	r = cache_dir("lab", dir, sizeof(dir), err);
	if (r >= 0)
		r = cache_lock(dir, clock_ns() + DEPMOD_NS, &lock, err);
	return r < 0 ? r : depmod(&ret->kernel, err);
}
