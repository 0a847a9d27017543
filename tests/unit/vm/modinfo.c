/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "fake_module.h"
#include "vm/bzimage.h"
#include "vm/modinfo.h"

#define INFO "license=GPL\0depends=virtio,virtio_ring\0softdep=pre: a\0softdep=post: b\0name=virtio_net"

static void test_values(void **state)
{
	struct fake_elf e;
	size_t len = fake_module(&e, INFO, sizeof(INFO));
	struct modinfo m;
	struct err err;

	(void) state;
	assert_int_equal(modinfo_find(&m, &e, len, &err), 0);
	assert_string_equal(modinfo_get(&m, "depends", 0), "virtio,virtio_ring");
	assert_string_equal(modinfo_get(&m, "softdep", 1), "post: b");
	assert_null(modinfo_get(&m, "softdep", 2));
	assert_null(modinfo_get(&m, "depend", 0));
	assert_null(modinfo_get(&m, "nothing", 0));
}

/* Whatever the cut, an answer: never a read outside (ASan watches), never success without the section. */
static void test_every_cut(void **state)
{
	struct fake_elf e;
	size_t len = fake_module(&e, INFO, sizeof(INFO));

	(void) state;
	for (size_t cut = 0; cut < len; cut++) {
		char *copy = malloc(cut ? cut : 1);
		struct modinfo m;
		struct err err;

		memcpy(copy, &e, cut);
		assert_int_equal(modinfo_find(&m, copy, cut, &err), -ENOEXEC);
		assert_true(strlen(err.text) > 10);
		free(copy);
	}
}

/* One damaged field each; the sentence tells which kind of damage. */
static void test_damage(void **state)
{
	struct fake_elf e;
	size_t len;
	struct modinfo m;
	struct err err;

	(void) state;
	len = fake_module(&e, INFO, sizeof(INFO));
	e.head.e_type = ET_DYN;
	assert_int_equal(modinfo_find(&m, &e, len, &err), -ENOEXEC);
	assert_non_null(strstr(err.text, "not a kernel module"));
	len = fake_module(&e, INFO, sizeof(INFO));
	e.head.e_shoff = UINT64_MAX - 8;
	assert_int_equal(modinfo_find(&m, &e, len, &err), -ENOEXEC);
	assert_non_null(strstr(err.text, "section table"));
	len = fake_module(&e, INFO, sizeof(INFO));
	e.section[2].sh_size = UINT64_MAX;
	assert_int_equal(modinfo_find(&m, &e, len, &err), -ENOEXEC);
	assert_non_null(strstr(err.text, "outside the file"));
	len = fake_module(&e, INFO, sizeof(INFO) - 1);
	assert_int_equal(modinfo_find(&m, &e, len, &err), -ENOEXEC);
	assert_non_null(strstr(err.text, "NUL"));
	len = fake_module(&e, INFO, sizeof(INFO));
	e.head.e_shstrndx = 7;
	assert_int_equal(modinfo_find(&m, &e, len, &err), -ENOEXEC);
	e.head.e_shstrndx = 1;
	e.section[1].sh_size = 5; /* the name lies outside the string table */
	assert_int_equal(modinfo_find(&m, &e, len, &err), -ENOEXEC);
	assert_non_null(strstr(err.text, ".modinfo"));
}

static void test_paths(void **state)
{
	static const struct {
		const char *path, *name;
		enum module_packing packing;
	} good[] = {
		{ "kernel/drivers/net/virtio-net.ko", "virtio_net", MODULE_PLAIN },
		{ "virtio_net.ko.xz", "virtio_net", MODULE_XZ },
		{ "/a/b.c/i2c-algo-bit.ko.zst", "i2c_algo_bit", MODULE_ZSTD },
		{ "x.ko.gz", "x", MODULE_GZIP },
	};
	static const char *const bad[] = { "", ".ko", "x.so", "a/.ko.xz", "x.ko.", "x.ko.bz2", "ko" };
	enum module_packing packing;
	char name[16];

	(void) state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_true(module_of_path(good[i].path, name, sizeof(name), &packing));
		assert_string_equal(name, good[i].name);
		assert_int_equal(packing, good[i].packing);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(module_of_path(bad[i], name, sizeof(name), &packing));
	assert_false(module_of_path("sixteen-letters-.ko", name, sizeof(name), &packing));
}

static void make_bzimage(unsigned char *p, size_t len, unsigned at, const char *version)
{
	memset(p, 0, len);
	memcpy(p + 0x202, "HdrS", 4);
	p[0x20e] = (unsigned char) (at & 0xff);
	p[0x20f] = (unsigned char) (at >> 8);
	if (0x200 + at + strlen(version) + 1 <= len)
		memcpy(p + 0x200 + at, version, strlen(version) + 1);
}

static void test_bzimage(void **state)
{
	unsigned char image[4096];
	char version[32] = "unchanged";
	struct err err;

	(void) state;
	make_bzimage(image, sizeof(image), 0x300, "6.1.0-56-cloud-amd64 (debian) #1 SMP");
	assert_int_equal(bzimage_version(image, sizeof(image), version, sizeof(version), &err), 0);
	assert_string_equal(version, "6.1.0-56-cloud-amd64");
	for (size_t cut = 0; cut < 0x510; cut++)
		assert_int_equal(bzimage_version(image, cut, version, sizeof(version), &err), -ENOEXEC);
	make_bzimage(image, sizeof(image), 0xffff, "");
	assert_int_equal(bzimage_version(image, sizeof(image), version, sizeof(version), &err), -ENOEXEC);
	make_bzimage(image, sizeof(image), 0x300, "../../etc");
	assert_int_equal(bzimage_version(image, sizeof(image), version, sizeof(version), &err), -ENOEXEC);
	make_bzimage(image, sizeof(image), 0x300, "a-version-that-is-longer-than-its-buffer x");
	assert_int_equal(bzimage_version(image, sizeof(image), version, sizeof(version), &err), -ENOEXEC);
	image[0x202] = 'h';
	assert_int_equal(bzimage_version(image, sizeof(image), version, sizeof(version), &err), -ENOEXEC);
	assert_non_null(strstr(err.text, "bzImage"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values), cmocka_unit_test(test_every_cut), cmocka_unit_test(test_damage),
		cmocka_unit_test(test_paths),  cmocka_unit_test(test_bzimage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
