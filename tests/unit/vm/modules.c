/* SPDX-License-Identifier: Apache-2.0 */
/* Closures over made-up modules folders, and the initramfs made of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <lzma.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fs.h"
#include "base/spawn.h"
#include "base/vec.h"
#include "fake_module.h"
#include "vm/initramfs.h"
#include "vm/modules.h"
#include "vm/unpack.h"

#define MAGIC "vermagic=6.1.0-test SMP mod_unload\0"

static char dir[64];

static int make_dir(void **state)
{
	(void) state;
	snprintf(dir, sizeof(dir), "/tmp/vlat-modules-XXXXXX");
	return mkdtemp(dir) ? 0 : -1;
}

static int remove_dir(void **state)
{
	(void) state;
	return dir_remove_all(dir);
}

static void put(const char *name, const void *data, size_t len)
{
	AUTO_FREE char *path = xprintf("%s/%s", dir, name);
	AUTO_FREE char *folder = xstrndup(path, (size_t) (strrchr(path, '/') - path));
	struct err err;

	assert_int_equal(dir_make_all(folder, 0755, &err), 0);
	assert_int_equal(file_write_atomic(path, data, len, 0644, &err), 0);
}

static void put_module(const char *name, const void *info, size_t len)
{
	struct fake_elf e;

	put(name, &e, fake_module(&e, info, len));
}
#define PUT(name, info) put_module(name, info, sizeof(info))

static void assert_order(const struct modules *m, const char *wanted)
{
	struct sink s = { 0 };

	sink_put(&s, "");
	for (size_t i = 0; i < m->order.n; i++)
		sink_printf(&s, "%s%s", i ? " " : "", m->order.at[i]->name);
	assert_string_equal(s.text, wanted);
	sink_free(&s);
}

static void test_closure(void **state)
{
	struct modules m;
	struct err err;

	(void) state;
	PUT("kernel/virtio/virtio-net.ko", MAGIC "depends=net_failover,virtio");
	PUT("kernel/virtio/virtio.ko", MAGIC "depends=virtio_ring");
	PUT("kernel/virtio/virtio_ring.ko", MAGIC "depends=");
	PUT("kernel/net/net_failover.ko", MAGIC "depends=failover");
	PUT("kernel/net/failover.ko", "license=GPL");
	put("modules.builtin", "kernel/a/virtio-pci.ko\nkernel/b/x.ko\n", 38);
	assert_int_equal(modules_open(&m, dir, &err), 0);
	assert_int_equal(modules_add(&m, "virtio_net", "6.1.0-test", &err), 0);
	assert_order(&m, "failover net_failover virtio_ring virtio virtio_net");
	/* Built in, or there already: nothing more. */
	assert_int_equal(modules_add(&m, "virtio_pci", NULL, &err), 0);
	assert_int_equal(modules_add(&m, "virtio-net", NULL, &err), 0);
	assert_int_equal(m.order.n, 5);
	assert_true(modules_is_builtin(&m, "virtio-pci"));
	assert_false(modules_is_builtin(&m, "virtio"));
	modules_close(&m);
}

static void test_soft_dependencies(void **state)
{
	struct modules m;
	struct err err;

	(void) state;
	PUT("a.ko", "depends=\0softdep=pre: b missing c post: d");
	PUT("b.ko", "depends=");
	PUT("c.ko", "depends=nowhere"); /* cannot be had: done without, as modprobe does */
	PUT("d.ko", "depends=");
	assert_int_equal(modules_open(&m, dir, &err), 0);
	assert_int_equal(modules_add(&m, "a", NULL, &err), 0);
	assert_order(&m, "b a");
	modules_close(&m);
}

static void test_refusals(void **state)
{
	struct modules m;
	struct err err;

	(void) state;
	PUT("a.ko", "depends=b");
	PUT("b.ko", "depends=a");
	PUT("c.ko", "depends=gone");
	PUT("e.ko", MAGIC "depends=");
	put("d.ko", "this is no module", 17);
	assert_int_equal(modules_open(&m, dir, &err), 0);
	assert_int_equal(modules_add(&m, "a", NULL, &err), -ELOOP);
	assert_non_null(strstr(err.text, "circle"));
	assert_int_equal(modules_add(&m, "c", NULL, &err), -ENOENT);
	assert_non_null(strstr(err.text, "needed by c"));
	assert_non_null(strstr(err.text, "gone"));
	assert_int_equal(modules_add(&m, "d", NULL, &err), -ENOEXEC);
	assert_non_null(strstr(err.text, "d.ko"));
	assert_int_equal(modules_add(&m, "e", "6.1.0-tes", &err), -ENOEXEC);
	assert_non_null(strstr(err.text, "6.1.0-test"));
	assert_int_equal(m.order.n, 0);
	modules_close(&m);
	assert_int_equal(modules_open(&m, "/nonexistent", &err), -ENOENT);
}

/* As distributions pack them: equal contents whatever the packing. */
static void test_packed(void **state)
{
	struct fake_elf e;
	size_t len = fake_module(&e, "depends=", 9), packed_len = 0;
	uint8_t packed[4096];
	struct modules m;
	struct err err;

	(void) state;
	assert_int_equal(lzma_easy_buffer_encode(6, LZMA_CHECK_CRC32, NULL, (const uint8_t *) &e, len, packed, &packed_len,
						 sizeof(packed)),
			 LZMA_OK);
	put("x.ko.xz", packed, packed_len);
	put("cut.ko.xz", packed, packed_len / 2);
	put("no.ko.xz", "no xz at all", 12);
	assert_int_equal(modules_open(&m, dir, &err), 0);
	assert_int_equal(modules_add(&m, "x", NULL, &err), 0);
	assert_int_equal(m.order.at[0]->len, len);
	assert_memory_equal(m.order.at[0]->data, &e, len);
	assert_int_equal(modules_add(&m, "cut", NULL, &err), -EBADMSG);
	assert_non_null(strstr(err.text, "cut.ko.xz"));
	assert_int_equal(modules_add(&m, "no", NULL, &err), -EBADMSG);
	modules_close(&m);
}

/* 100 MiB of zeros in 15 kB: refused, not unpacked. */
static void test_bomb(void **state)
{
	size_t big = 100u << 20, packed_len = 0, len;
	uint8_t *zeros = calloc(1, big), *packed = malloc(1 << 20);
	struct err err;
	char *out = NULL;

	(void) state;
	assert_int_equal(lzma_easy_buffer_encode(0, LZMA_CHECK_NONE, NULL, zeros, big, packed, &packed_len, 1 << 20), LZMA_OK);
	assert_int_equal(xz_unpack(packed, packed_len, &out, &len, &err), -EFBIG);
	assert_null(out);
	free(zeros);
	free(packed);
}

static void test_packed_by_programs(void **state)
{
	static const struct {
		const char *program, *suffix;
	} packers[] = { { "zstd", ".zst" }, { "gzip", ".gz" } };

	(void) state;
	for (size_t i = 0; i < ARRAY_SIZE(packers); i++) {
		AUTO_FREE char *plain = xprintf("%s/p%zu.ko", dir, i), *packed = xprintf("%s%s", plain, packers[i].suffix);
		AUTO_FREE char *name = xprintf("p%zu.ko", i), *module = xprintf("p%zu", i);
		struct argv argv = { 0 };
		struct run_result r = { 0 };
		struct modules m;
		char path[256];
		struct err err;

		if (program_find(packers[i].program, path, sizeof(path)) < 0) {
			print_message("not tried: no %s here\n", packers[i].program);
			continue;
		}
		put_module(name, "depends=", 9);
		argv_add_all(&argv, (const char *const[]){ packers[i].program, "-q", plain, NULL });
		assert_int_equal(run(&r, &argv, NULL, 10 * NS_PER_S, &err), 0);
		assert_int_equal(access(packed, R_OK), 0);
		unlink(plain);
		assert_int_equal(modules_open(&m, dir, &err), 0);
		assert_int_equal(modules_add(&m, module, NULL, &err), 0);
		modules_close(&m);
		assert_int_equal(truncate(packed, 20), 0);
		assert_int_equal(modules_open(&m, dir, &err), 0);
		assert_int_equal(modules_add(&m, module, NULL, &err), -EBADMSG);
		modules_close(&m);
		run_result_free(&r);
		argv_free(&argv);
	}
}

static int build(struct sink *ret, const char *agent, const char *const *drivers, struct sink *ret_drivers, struct err *err)
{
	struct vm_kernel k = { .version = "6.1.0-test" };

	snprintf(k.modules, sizeof(k.modules), "%s", dir);
	return initramfs_build(ret, &(struct initramfs_wish){ .agent = agent, .kernel = &k, .drivers = drivers }, ret_drivers,
			       err);
}

static void test_initramfs(void **state)
{
	AUTO(sink_free) struct sink drivers = { 0 };
	AUTO_FREE char *agent = xprintf("%s/init", dir);
	struct sink a, b;
	struct err err;

	(void) state;
	PUT("virtio_pci.ko", MAGIC "depends=");
	PUT("virtio_console.ko", MAGIC "depends=virtio_pci");
	PUT("virtio-net.ko", MAGIC "depends=");
	PUT("e1000e.ko", MAGIC "depends=");
	PUT("mlx5_core.ko", MAGIC "depends=");
	/* This very test is linked dynamically: as init it would die without a word. */
	assert_int_equal(build(&a, "/proc/self/exe", NULL, NULL, &err), -ENOEXEC);
	assert_non_null(strstr(err.text, "dynamically"));
	assert_int_equal(build(&a, "/etc/passwd", NULL, NULL, &err), -ENOEXEC);
	assert_int_equal(build(&a, "/nonexistent", NULL, NULL, &err), -ENOENT);
	put_module("init", "", 1); /* ELF enough */
	/* A card of the user's must have its driver; the usual ones are taken where the kernel has them. */
	assert_int_equal(build(&a, agent, (const char *const[]){ "bnxt_en", NULL }, NULL, &err), -ENOENT);
	assert_non_null(strstr(err.text, "bnxt_en"));
	assert_int_equal(build(&a, agent, (const char *const[]){ "mlx5_core", NULL }, &drivers, &err), 0);
	assert_string_equal(drivers.text, "mlx5_core e1000e");
	sink_free(&a);
	assert_int_equal(build(&a, agent, NULL, NULL, &err), 0);
	assert_int_equal(build(&b, agent, NULL, NULL, &err), 0);
	assert_int_equal(a.len, b.len);
	assert_memory_equal(a.text, b.text, a.len);
	assert_non_null(
		memmem(a.text, a.len, "000-virtio_pci.ko\n001-virtio_net.ko\n002-virtio_console.ko\n003-e1000e.ko\n", 72));
	sink_free(&a);
	sink_free(&b);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, make_dir, remove_dir)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_closure), TEST(test_soft_dependencies),  TEST(test_refusals),  TEST(test_packed),
		TEST(test_bomb),    TEST(test_packed_by_programs), TEST(test_initramfs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
