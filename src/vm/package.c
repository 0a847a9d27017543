/* SPDX-License-Identifier: Apache-2.0 */
#include "vm/package.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fs.h"
#include "base/log.h"
#include "base/spawn.h"
#include "base/text.h"
#include "base/vec.h"
#include "vm/aptout.h"

#define ASK_NS       (60 * NS_PER_S)
#define DOWNLOAD_NS  (900 * NS_PER_S)
#define UNPACK_NS    (300 * NS_PER_S)
#define PACKAGES_MAX 8

struct names {
	char at[PACKAGES_MAX][128];
	size_t n;
};

/* The last line that a program said on stderr, without the prefix apt gives it. */
static const char *complaint(struct run_result *r, char *buf, size_t cap)
{
	char *text = text_trim(r->err), *line = strrchr(text, '\n');

	line = line ? line + 1 : text;
	text_print(buf, cap, "%s", text_starts(line, "E: ") ? line + 3 : line);
	return *buf ? buf : "it did not say why";
}

/* Run and demand exit status 0; the output goes to *ret (run_result_free it even then). */
static int tool(struct run_result *ret, const char *const *words, const char *dir, uint64_t timeout_ns, struct err *err)
{
	struct spawn_opts opts = SPAWN_OPTS_INIT;
	AUTO(argv_free) struct argv argv = { 0 };
	char why[200];
	int r;

	argv_add_all(&argv, words);
	opts.chdir = dir;
	opts.mark = "LC_ALL=C"; /* apt translates even the words its output is made of */
	opts.heed_stop = opts.die_with_parent = opts.new_session = true;
	r = run(ret, &argv, &opts, timeout_ns, err);
	if (r < 0)
		return r;
	if (ret->end.signalled || ret->end.code != 0)
		return err_set(err, -EIO, "%s %s: %s", words[0], words[1], complaint(ret, why, sizeof(why)));
	return 0;
}

/* Kernels may be spread over several packages; what else they depend on concerns an installed system. */
static bool is_kernel_part(const char *name)
{
	static const char *const prefixes[] = { "linux-image-", "linux-modules-", "linux-binary-" };

	for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++) {
		if (text_starts(name, prefixes[i]))
			return !strstr(name, "-extra-") && !strstr(name, "-dbg");
	}
	return false;
}

static void note_name(struct names *names, const char *name)
{
	for (size_t i = 0; i < names->n; i++) {
		if (text_eq(names->at[i], name))
			return;
	}
	if (names->n < PACKAGES_MAX)
		text_print(names->at[names->n++], sizeof(names->at[0]), "%s", name);
}

/* names->at[i] and everything of the kernel that it depends on, appended. */
static int follow(struct names *names, size_t i, struct err *err)
{
	const char *words[] = { "apt-cache", "depends", "--important", names->at[i], NULL };
	AUTO(run_result_free) struct run_result out = { 0 };
	int r = tool(&out, words, NULL, ASK_NS, err);
	char name[128];
	const char *at = out.out;

	while (r >= 0 && at && apt_next_depends(&at, name, sizeof(name))) {
		if (is_kernel_part(name))
			note_name(names, name);
	}
	return r;
}

static int check_sum(const char *path, const struct apt_package *p, struct err *err)
{
	const char *words[] = { "sha256sum", "--", path, NULL };
	AUTO(run_result_free) struct run_result out = { 0 };
	struct stat st;
	int r;

	if (stat(path, &st) < 0)
		return err_sys(err, -errno, "downloaded package %s", path);
	if ((uint64_t) st.st_size != p->size)
		return err_set(err, -EBADMSG, "downloaded package %s has %lld bytes, the package index says %llu", p->name,
			       (long long) st.st_size, (unsigned long long) p->size);
	r = tool(&out, words, NULL, UNPACK_NS, err);
	if (r < 0)
		return r;
	if (strncmp(out.out, p->sha256, 64) != 0)
		return err_set(err, -EBADMSG, "downloaded package %s does not have the SHA-256 of the package index", p->name);
	return 0;
}

/* The one .deb in dir: its name has the version escaped in apt's own way. */
static int find_deb(const char *dir, char *buf, size_t cap, struct err *err)
{
	AUTO_DIR DIR *d = opendir(dir);

	for (struct dirent *e; d && (e = readdir(d));) {
		if (text_ends(e->d_name, ".deb") && !text_print(buf, cap, "%s/%s", dir, e->d_name))
			return 0;
	}
	return err_set(err, -ENOENT, "apt-get download left no package in %s", dir);
}

static int ask(const char *name, struct apt_package *ret, struct err *err)
{
	const char *words[] = { "apt-cache", "show", "--no-all-versions", name, NULL };
	AUTO(run_result_free) struct run_result out = { 0 };
	int r = tool(&out, words, NULL, ASK_NS, err);

	return r < 0 ? r : apt_show_parse(out.out, ret, err);
}

static int fetch(const struct apt_package *p, const char *dir, struct err *err)
{
	AUTO_FREE char *wanted = xprintf("%s=%s", p->name, p->version);
	AUTO_FREE char *tree = xprintf("%s/tree", dir);
	const char *download[] = { "apt-get", "download", "-qq", wanted, NULL };
	char deb[900], size[32];
	const char *unpack[] = { "dpkg-deb", "-x", deb, tree, NULL };
	AUTO(run_result_free) struct run_result got = { 0 };
	AUTO(run_result_free) struct run_result unpacked = { 0 };
	int r;

	log_note("downloading guest kernel package %s (%s)", wanted, text_bytes(size, sizeof(size), (double) p->size));
	r = tool(&got, download, dir, DOWNLOAD_NS, err);
	if (r >= 0)
		r = find_deb(dir, deb, sizeof(deb), err);
	if (r >= 0)
		r = check_sum(deb, p, err);
	if (r >= 0)
		r = tool(&unpacked, unpack, NULL, UNPACK_NS, err);
	if (r >= 0)
		unlink(deb);
	return r;
}

static bool have_tools(void)
{
	static const char *const needed[] = { "apt-cache", "apt-get", "dpkg-deb", "sha256sum" };
	char path[512];

	for (size_t i = 0; i < ARRAY_SIZE(needed); i++) {
		if (program_find(needed[i], path, sizeof(path)) < 0)
			return false;
	}
	return true;
}

int package_unpack(const char *meta, const char *dir, char *label, size_t cap, struct err *err)
{
	struct names names = { 0 };
	int r = 0;

	if (!have_tools())
		return err_set(err, -ENOSYS, "this host has no apt");
	note_name(&names, meta);
	for (size_t i = 0; r >= 0 && i < names.n; i++)
		r = follow(&names, i, err);
	if (r < 0)
		return r == -EIO ? err_set(err, -ENOENT, "apt knows no package %s (apt-get update reads the package lists)", meta)
				 : r;
	/* A metapackage is only its dependencies; one without any holds the kernel itself. */
	for (size_t i = names.n > 1; r >= 0 && i < names.n; i++) {
		struct apt_package p;

		r = ask(names.at[i], &p, err);
		if (r >= 0)
			r = fetch(&p, dir, err);
		if (r >= 0 && i <= 1 && text_print(label, cap, "%s_%s", p.name, p.version))
			r = err_set(err, -ENAMETOOLONG, "package name %s is too long", p.name);
	}
	return r;
}
