/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Finding and fetching a kernel with a package archive of our own making:
 * apt-cache, apt-get and dpkg-deb on PATH are scripts of three lines, so that
 * every failure of theirs can be had at will and no network is needed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fs.h"
#include "base/vec.h"
#include "vm/cache.h"
#include "vm/kernel.h"

#define VERSION "6.1.0-7-cloud-amd64"
#define PACKAGE "linux-image-" VERSION
#define LABEL   PACKAGE "_6.1.7-1"

static char dir[64], old_path[4096];

static char *at(const char *name)
{
	return xprintf("%s/%s", dir, name);
}

static void put(const char *name, const char *text, size_t len, unsigned mode)
{
	AUTO_FREE char *path = at(name), *folder = xstrndup(path, (size_t) (strrchr(path, '/') - path));
	struct err err;

	assert_int_equal(dir_make_all(folder, 0755, &err), 0);
	assert_int_equal(file_write_atomic(path, text, len, mode, &err), 0);
}

static void put_script(const char *name, const char *text)
{
	AUTO_FREE char *all = xprintf("#!/bin/sh\n%s", text), *path = xprintf("bin/%s", name);

	put(path, all, strlen(all), 0755);
}

static void put_kernel(const char *name, const char *version)
{
	char image[4096] = { 0 };

	memcpy(image + 0x202, "HdrS", 4);
	image[0x20f] = 3;
	snprintf(image + 0x500, 64, "%s (x@y) #1", version);
	put(name, image, sizeof(image), 0644);
}

/* The archive: one metapackage, one kernel whose .deb is the text "package". */
static void make_archive(void)
{
	AUTO_FREE char *unpack =
		xprintf("echo unpack >> %s/log; [ \"$1\" = -x ] || exit 9; mkdir -p $3/boot $3/lib/modules/" VERSION
			"; cp %s/image $3/boot/vmlinuz-" VERSION "\n",
			dir, dir);
	AUTO_FREE char *get =
		xprintf("echo get >> %s/log; [ $1 = download ] || exit 9; printf package > " LABEL "_amd64.deb\n", dir);

	put_kernel("image", VERSION);
	put_script("apt-cache",
		   "[ \"$LC_ALL\" = C ] || exit 9\n"
		   "case \"$1 $2 $3\" in\n"
		   "\"depends --important linux-image-cloud-amd64\") printf 'm\\n  Depends: " PACKAGE "\\n' ;;\n"
		   "\"depends --important " PACKAGE "\") printf 'm\\n  Depends: kmod\\n' ;;\n"
		   "\"show --no-all-versions " PACKAGE "\") printf 'Package: " PACKAGE "\\nVersion: 6.1.7-1\\nSize: 7\\n"
		   "SHA256: bc4a71180870f7945155fbb02f4b0a2e3faa2a62d6d31b7039013055ed19869a\\n' ;;\n"
		   "*) echo 'E: No packages found' >&2; exit 100 ;;\nesac\n");
	put_script("apt-get", get);
	put_script("dpkg-deb", unpack);
}

static int set_up(void **state)
{
	AUTO_FREE char *path = NULL, *cache = NULL;

	(void) state;
	snprintf(dir, sizeof(dir), "/tmp/vlat-kernel-XXXXXX");
	if (!mkdtemp(dir))
		return -1;
	snprintf(old_path, sizeof(old_path), "%s", getenv("PATH"));
	path = xprintf("%s/bin:%s", dir, old_path);
	cache = at("cache");
	setenv("PATH", path, 1);
	setenv("VLAT_CACHE", cache, 1);
	make_archive();
	return 0;
}

static int tear_down(void **state)
{
	(void) state;
	setenv("PATH", old_path, 1);
	return dir_remove_all(dir);
}

static unsigned logged(const char *word)
{
	AUTO_FREE char *path = at("log"), *text = NULL;
	unsigned n = 0;
	struct err err;
	size_t len;

	if (file_read_all(path, 65536, &text, &len, &err) < 0)
		return 0;
	for (const char *p = text; (p = strstr(p, word)); p++)
		n++;
	return n;
}

static void assert_no_scratch(void)
{
	AUTO_FREE char *path = at("cache/kernels/cloud");
	AUTO_DIR DIR *d = opendir(path);

	for (struct dirent *e; d && (e = readdir(d));)
		assert_null(strstr(e->d_name, "making-"));
}

static void test_fetched_once(void **state)
{
	AUTO_FREE char *image = at("cache/kernels/cloud/" LABEL "/boot/vmlinuz-" VERSION);
	struct vm_kernel k;
	struct err err;

	(void) state;
	assert_int_equal(kernel_find(&k, KERNEL_FASTEST, NULL, NULL, false, &err), 0);
	assert_string_equal(k.version, VERSION);
	assert_string_equal(k.image, image);
	assert_string_equal(k.source, "package " LABEL);
	assert_non_null(strstr(k.modules, "/lib/modules/" VERSION));
	assert_no_scratch();
	/* From now on nobody is asked any more, not even offline. */
	assert_int_equal(kernel_find(&k, KERNEL_CLOUD, NULL, NULL, true, &err), 0);
	assert_int_equal(kernel_find(&k, KERNEL_FASTEST, NULL, NULL, false, &err), 0);
	assert_int_equal(logged("get"), 1);
}

static void *find_one(void *result)
{
	struct vm_kernel k;
	struct err err;

	*(int *) result = kernel_find(&k, KERNEL_CLOUD, NULL, NULL, false, &err);
	return NULL;
}

static void test_two_at_once(void **state)
{
	pthread_t threads[3];
	int results[3];

	(void) state;
	for (size_t i = 0; i < 3; i++)
		pthread_create(&threads[i], NULL, find_one, &results[i]);
	for (size_t i = 0; i < 3; i++) {
		pthread_join(threads[i], NULL);
		assert_int_equal(results[i], 0);
	}
	assert_int_equal(logged("get"), 1);
}

/* What another vlat left when it was killed is neither used nor kept. */
static void test_leftover(void **state)
{
	struct vm_kernel k;
	struct err err;

	(void) state;
	put_kernel("cache/kernels/cloud/making-abcdef/tree/boot/vmlinuz-9", "9");
	assert_int_equal(kernel_find(&k, KERNEL_CLOUD, NULL, NULL, true, &err), -ENOENT);
	assert_int_equal(kernel_find(&k, KERNEL_CLOUD, NULL, NULL, false, &err), 0);
	assert_string_equal(k.version, VERSION);
	assert_no_scratch();
}

static void expect(const char *word)
{
	struct vm_kernel k;
	struct err err;

	assert_int_equal(kernel_find(&k, KERNEL_CLOUD, NULL, NULL, false, &err), -ENOENT);
	if (!strstr(err.text, word))
		fail_msg("no '%s' in: %s", word, err.text);
	assert_non_null(strstr(err.text, "connect this machine"));
	assert_no_scratch();
}

static void test_failures(void **state)
{
	(void) state;
	put_script("apt-get", "printf packag > a.deb\n");
	expect("has 6 bytes, the package index says 7");
	put_script("apt-get", "printf Package > a.deb\n");
	expect("SHA-256");
	put_script("apt-get", "exit 0\n");
	expect("left no package");
	put_script("apt-get", "echo 'E: Failed to fetch: Temporary failure resolving' >&2; exit 100\n");
	expect("Temporary failure resolving");
	put_script("apt-cache", "echo 'E: No packages found' >&2; exit 100\n");
	expect("apt-get update");
	make_archive();
	put_script("dpkg-deb", "echo 'dpkg-deb: error: corrupt' >&2; exit 2\n");
	expect("corrupt");
	put_script("dpkg-deb", "mkdir -p $3/boot\n");
	expect("holds no kernel");
	/* And when the trouble is over, it works. */
	make_archive();
	assert_int_equal(kernel_find(&(struct vm_kernel){ 0 }, KERNEL_CLOUD, NULL, NULL, false, &(struct err){ 0 }), 0);
}

static void test_own_kernel(void **state)
{
	AUTO_FREE char *image = at("mine/boot/vmlinuz"), *modules = at("mine/lib/modules/6.9-mine"), *text = at("text");
	struct vm_kernel k;
	struct err err;

	(void) state;
	put_kernel("mine/boot/vmlinuz", "6.9-mine");
	put("text", "no kernel", 9, 0644);
	assert_int_equal(kernel_find(&k, KERNEL_FASTEST, image, NULL, true, &err), 0);
	assert_string_equal(k.modules, ""); /* none: everything must be built in */
	assert_int_equal(dir_make_all(modules, 0755, &err), 0);
	assert_int_equal(kernel_find(&k, KERNEL_FASTEST, image, NULL, true, &err), 0);
	assert_string_equal(k.modules, modules);
	assert_int_equal(kernel_find(&k, KERNEL_FASTEST, image, dir, true, &err), 0);
	assert_string_equal(k.modules, dir);
	assert_int_equal(kernel_find(&k, KERNEL_FASTEST, image, text, true, &err), -ENOTDIR);
	assert_int_equal(kernel_find(&k, KERNEL_FASTEST, text, NULL, true, &err), -ENOEXEC);
	assert_non_null(strstr(err.text, text));
	assert_int_equal(kernel_find(&k, KERNEL_FASTEST, "/nonexistent", NULL, true, &err), -ENOENT);
}

static void test_flavours(void **state)
{
	enum kernel_flavour f = KERNEL_CLOUD;

	(void) state;
	assert_int_equal(kernel_flavour_parse("rt", &f), 0);
	assert_int_equal(f, KERNEL_RT);
	assert_string_equal(kernel_flavour_name(f), "rt");
	assert_int_equal(kernel_flavour_parse("RT", &f), -EINVAL);
	assert_int_equal(f, KERNEL_RT);
}

static void test_cache_lock(void **state)
{
	AUTO_CLOSE int first = -1;
	int second = -1;
	char kind[256], file[300];
	struct err err;

	(void) state;
	assert_int_equal(cache_dir("some/kind", kind, sizeof(kind), &err), 0);
	assert_int_equal(cache_lock(kind, 0, &first, &err), 0);
	assert_int_equal(cache_lock(kind, clock_ns() + 60 * NS_PER_MS, &second, &err), -ETIME);
	assert_int_equal(second, -1);
	/* Pruning: by age and by name. */
	snprintf(file, sizeof(file), "%s/a.img", kind);
	assert_int_equal(file_write_atomic(file, "x", 1, 0644, &err), 0);
	cache_prune(kind, "", 3600 * NS_PER_S);
	cache_prune(kind, "b", 0);
	assert_int_equal(access(file, F_OK), 0);
	cache_prune(kind, "a", 0);
	assert_int_equal(access(file, F_OK), -1);
	setenv("VLAT_CACHE", "/proc/nowhere", 1);
	assert_true(cache_dir("k", kind, sizeof(kind), &err) < 0);
	assert_non_null(strstr(err.text, "VLAT_CACHE"));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_fetched_once), TEST(test_two_at_once), TEST(test_leftover),   TEST(test_failures),
		TEST(test_own_kernel),   TEST(test_flavours),    TEST(test_cache_lock),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
