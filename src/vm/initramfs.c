/* SPDX-License-Identifier: Apache-2.0 */
#include "vm/initramfs.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fs.h"
#include "base/text.h"
#include "vm/cache.h"
#include "vm/drivers.h"
#include "vm/modules.h"
#include "vm/newc.h"

#define AGENT_BYTES_MAX (64u << 20)
#define KEEP_UNUSED_NS  (7 * 24 * 3600 * NS_PER_S)

/* What a guest of vlat's has: virtio devices on PCI, a network card, the control channel. */
static const char *const wanted[] = { "virtio_pci", "virtio_net", "virtio_console" };

static void note_driver(struct sink *drivers, const char *name)
{
	if (drivers)
		sink_printf(drivers, "%s%s", drivers->len ? " " : "", name);
}

/* Drivers that a kernel may do without: the cloud kernel has none of them. */
static void add_cards(struct modules *m, const struct vm_kernel *kernel, struct sink *drivers)
{
	for (size_t i = 0; driver_modules[i]; i++) {
		struct err ignored;

		if (modules_add(m, driver_modules[i], kernel->version, &ignored) >= 0)
			note_driver(drivers, driver_modules[i]);
	}
}

static int closure(struct modules *m, const struct initramfs_wish *wish, struct sink *drivers, struct err *err)
{
	const struct vm_kernel *kernel = wish->kernel;
	int r = 0;

	if (!kernel->modules[0])
		return 0;
	r = modules_open(m, kernel->modules, err);
	for (size_t i = 0; r >= 0 && i < ARRAY_SIZE(wanted); i++)
		r = modules_add(m, wanted[i], kernel->version, err);
	for (size_t i = 0; r >= 0 && wish->drivers && wish->drivers[i]; i++) {
		r = modules_add(m, wish->drivers[i], kernel->version, err);
		if (r >= 0)
			note_driver(drivers, wish->drivers[i]);
	}
	if (r >= 0)
		add_cards(m, kernel, drivers);
	return r;
}

static void put_modules(struct newc *n, const struct modules *m)
{
	struct sink order = { 0 };

	newc_dir(n, "modules", 0755);
	for (size_t i = 0; i < m->order.n; i++) {
		const struct module_file *f = m->order.at[i];
		AUTO_FREE char *name = xprintf("%03zu-%s.ko", i, f->name);
		AUTO_FREE char *path = xprintf("modules/%s", name);

		newc_file(n, path, 0644, f->data, (uint32_t) f->len);
		sink_printf(&order, "%s\n", name);
	}
	newc_file(n, "modules/order", 0644, order.text ? order.text : "", (uint32_t) order.len);
	sink_free(&order);
}

/* A dynamically linked agent would die in the guest without a word: there is no loader there. */
static int check_static(const char *agent, const char *elf, size_t len, struct err *err)
{
	if (len < 64 || memcmp(elf, "\177ELF", 4) != 0)
		return err_set(err, -ENOEXEC, "%s is no program: give the vlat-agent that was built with vlat", agent);
	if (memmem(elf, len < 65536 ? len : 65536, "/ld-linux", 9))
		return err_set(err, -ENOEXEC,
			       "%s is linked dynamically, a guest has no libraries: build it with -Dstatic_agent=true", agent);
	return 0;
}

int initramfs_build(struct sink *ret, const struct initramfs_wish *wish, struct sink *ret_drivers, struct err *err)
{
	AUTO(modules_close) struct modules m = { 0 };
	AUTO_FREE char *init = NULL;
	struct newc n = { 0 };
	size_t len = 0;
	int r = file_read_all(wish->agent, AGENT_BYTES_MAX, &init, &len, err);

	if (r < 0)
		return err_in(err, "the guest's init");
	r = check_static(wish->agent, init, len, err);
	if (r >= 0)
		r = closure(&m, wish, ret_drivers, err);
	if (r < 0)
		return r;
	newc_dir(&n, "dev", 0755);
	newc_char_node(&n, "dev/console", 0600, 5, 1);
	newc_file(&n, "init", 0755, init, (uint32_t) len);
	put_modules(&n, &m);
	newc_end(&n);
	*ret = n.out;
	return 0;
}

static bool is_there(const char *path, size_t len)
{
	struct stat st;

	/* Touched on every use: what nobody used for a week is removed. */
	return stat(path, &st) == 0 && (size_t) st.st_size == len && utimensat(AT_FDCWD, path, NULL, 0) == 0;
}

int initramfs_file(const struct initramfs_wish *wish, char *buf, size_t cap, struct sink *ret_drivers, struct err *err)
{
	AUTO(sink_free) struct sink image = { 0 };
	char dir[512];
	int r = cache_dir("initramfs", dir, sizeof(dir), err);

	if (r >= 0)
		r = initramfs_build(&image, wish, ret_drivers, err);
	if (r < 0)
		return r;
	if (text_print(buf, cap, "%s/%016llx.img", dir, (unsigned long long) cache_hash(CACHE_HASH, image.text, image.len)))
		return err_set(err, -ENAMETOOLONG, "cache folder %s: the path is too long", dir);
	if (is_there(buf, image.len))
		return 0;
	cache_prune(dir, "", KEEP_UNUSED_NS);
	return file_write_atomic(buf, image.text, image.len, 0644, err);
}
