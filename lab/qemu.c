/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which QEMU emulates the lab: the one named by VLAT_LAB_QEMU; one that
 * scripts/install-deps lab unpacked into CACHE/lab/qemu/VERSION; the installed
 * one.  Only the card igb is picky: QEMU has it from 8.0 on.
 */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/spawn.h"
#include "base/text.h"
#include "base/vec.h"
#include "lab.h"
#include "vm/cache.h"

#define PROGRAM "qemu-system-x86_64"
#define ASK_NS  (60 * NS_PER_S)

/* The tree brings the libraries that this system lacks or has too old. */
static bool use_tree(struct lab_parts *ret, const char *tree)
{
	if (text_print(ret->qemu, sizeof(ret->qemu), "%s/usr/bin/" PROGRAM, tree) || access(ret->qemu, X_OK) < 0)
		return false;
	return !text_print(ret->qemu_data, sizeof(ret->qemu_data), "%s/usr/share", tree) &&
	       !text_print(ret->libraries, sizeof(ret->libraries),
			   "LD_LIBRARY_PATH=%s/usr/lib/x86_64-linux-gnu:%s/lib/x86_64-linux-gnu", tree, tree);
}

/* The newest complete tree in the cache. */
static bool from_cache(struct lab_parts *ret)
{
	AUTO_DIR DIR *d = NULL;
	struct lab_parts best = { 0 };
	time_t newest = 0;
	struct err ignored;
	char dir[512];

	if (cache_dir("lab/qemu", dir, sizeof(dir), &ignored) == 0)
		d = opendir(dir);
	for (struct dirent *e; d && (e = readdir(d));) {
		AUTO_FREE char *tree = xprintf("%s/%s", dir, e->d_name);
		struct lab_parts p = { 0 };
		struct stat st;

		if (e->d_name[0] == '.' || text_starts(e->d_name, "making-") || stat(tree, &st) < 0 ||
		    st.st_mtim.tv_sec < newest || !use_tree(&p, tree))
			continue;
		newest = st.st_mtim.tv_sec;
		best = p;
	}
	if (!best.qemu[0])
		return false;
	memcpy(ret->qemu, best.qemu, sizeof(ret->qemu));
	memcpy(ret->qemu_data, best.qemu_data, sizeof(ret->qemu_data));
	memcpy(ret->libraries, best.libraries, sizeof(ret->libraries));
	return true;
}

static int locate(struct lab_parts *ret, struct err *err)
{
	const char *named = getenv("VLAT_LAB_QEMU");

	if (named && *named) {
		if (program_find(named, ret->qemu, sizeof(ret->qemu)) < 0)
			return err_set(err, -ENOENT, "VLAT_LAB_QEMU names %.300s, which is no program", named);
		return 0;
	}
	if (from_cache(ret) || program_find(PROGRAM, ret->qemu, sizeof(ret->qemu)) == 0)
		return 0;
	return err_set(err, -ENOENT,
		       "there is no QEMU: run scripts/install-deps lab, or name a " PROGRAM " 8.0 or newer in VLAT_LAB_QEMU");
}

/* The exit status says nothing: QEMU 7.2 has 0 for a card that it does not know, too. */
static int check_igb(const struct lab_parts *p, struct err *err)
{
	AUTO(argv_free) struct argv argv = { 0 };
	AUTO(run_result_free) struct run_result said = { 0 };
	struct spawn_opts opts = SPAWN_OPTS_INIT;
	int r;

	argv_add(&argv, p->qemu);
	argv_add(&argv, "-device");
	argv_add(&argv, "igb,help");
	opts.mark = p->libraries[0] ? p->libraries : NULL;
	opts.heed_stop = opts.die_with_parent = true;
	r = run(&said, &argv, &opts, ASK_NS, err);
	if (r < 0)
		return r;
	if (strstr(said.out, "igb options"))
		return 0;
	if (strstr(said.err, "igb"))
		return err_set(err, -EOPNOTSUPP,
			       "--nic igb: %s does not know that card, which QEMU has from 8.0 on: run scripts/install-deps lab,"
			       " or name a newer QEMU in VLAT_LAB_QEMU",
			       p->qemu);
	return err_set(err, -ENOEXEC, "%s does not run here: %.200s", p->qemu, text_trim(said.err));
}

int lab_qemu_find(struct lab_parts *ret, const struct lab_spec *spec, struct err *err)
{
	int r = locate(ret, err);

	for (unsigned i = 0; r >= 0 && i < spec->n_nics; i++) {
		if (spec->nics[i] == LAB_IGB)
			return check_igb(ret, err);
	}
	return r;
}
