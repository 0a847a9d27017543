/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the lab needs before it has a root: its init, and modules in load
 * order.  "early" ones make the control line and the root; "late" ones are
 * loaded beside that.  All others come by modprobe, once there is a root.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fs.h"
#include "base/sink.h"
#include "base/text.h"
#include "base/vec.h"
#include "lab.h"
#include "vm/cache.h"
#include "vm/modules.h"
#include "vm/newc.h"

#define INIT_BYTES_MAX (16u << 20)
#define KEEP_UNUSED_NS (7 * 24 * 3600 * NS_PER_S)

/* Device nodes that only appear with their driver, and what makes assigned devices work. */
static const char *const host_modules[] = { "kvm_amd", "vfio_pci", "vfio_iommu_type1", "vhost_net", "tun", NULL };
static const char *const disk_modules[] = { "virtio_blk", "ext4", NULL };
static const char *const p9_modules[] = { "virtio_pci", "virtio_console", "9pnet_virtio", "9p", "overlay", NULL };
static const char *const virtiofs_modules[] = { "virtio_pci", "virtio_console", "virtiofs", "overlay", NULL };
static const char *const nic_modules[LAB_NIC_KINDS][3] = {
	[LAB_IGB] = { "igb", "igbvf" },
	[LAB_E1000E] = { "e1000e" },
	[LAB_VIRTIO] = { "virtio_net" },
};

struct image {
	struct modules modules;
	size_t n_early; /* of modules.order */
};

static void image_free(struct image *i)
{
	modules_close(&i->modules);
}

static int add_all(struct image *i, const struct vm_kernel *k, const char *const *names, struct err *err)
{
	int r = 0;

	for (; r >= 0 && *names; names++)
		r = modules_add(&i->modules, *names, k->version, err);
	return r;
}

static int collect(struct image *i, const struct lab_parts *p, const struct lab_spec *s, struct err *err)
{
	int r = modules_open(&i->modules, p->kernel.modules, err);

	if (r >= 0)
		r = add_all(i, &p->kernel, s->kernel->virtiofs ? virtiofs_modules : p9_modules, err);
	i->n_early = i->modules.order.n;
	for (unsigned n = 0; r >= 0 && n < s->n_nics; n++)
		r = add_all(i, &p->kernel, nic_modules[s->nics[n]], err);
	if (r >= 0)
		r = add_all(i, &p->kernel, host_modules, err);
	if (r >= 0 && s->disk_bytes)
		r = add_all(i, &p->kernel, disk_modules, err);
	return r;
}

static void put_modules(struct newc *n, const struct image *image)
{
	struct sink early = { 0 }, late = { 0 };

	newc_dir(n, "modules", 0755);
	sink_put(&early, "");
	sink_put(&late, "");
	for (size_t i = 0; i < image->modules.order.n; i++) {
		const struct module_file *f = image->modules.order.at[i];
		AUTO_FREE char *path = xprintf("modules/%s.ko", f->name);

		newc_file(n, path, 0644, f->data, (uint32_t) f->len);
		sink_printf(i < image->n_early ? &early : &late, "/%s\n", path);
	}
	newc_file(n, "modules/early", 0644, early.text, (uint32_t) early.len);
	newc_file(n, "modules/late", 0644, late.text, (uint32_t) late.len);
	sink_free(&early);
	sink_free(&late);
}

static int build(struct newc *n, const struct lab_parts *p, const struct lab_spec *s, const char *init, size_t len,
		 struct err *err)
{
	AUTO(image_free) struct image image = { 0 };
	int r = collect(&image, p, s, err);

	if (r < 0)
		return r;
	newc_dir(n, "dev", 0755);
	newc_char_node(n, "dev/console", 0600, 5, 1);
	newc_file(n, "init", 0755, init, (uint32_t) len);
	put_modules(n, &image);
	newc_end(n);
	return 0;
}

/* What the image is made of, told without making it: unpacking modules takes longer than booting with them. */
static uint64_t recipe(const struct lab_parts *p, const struct lab_spec *s, const char *init, size_t len)
{
	uint64_t h = cache_hash(CACHE_HASH, init, len);
	AUTO_FREE char *rest = xprintf("%s %s %d", p->kernel.modules, p->kernel.source, s->disk_bytes != 0);
	struct stat st = { 0 };
	unsigned kinds = 0;

	for (unsigned i = 0; i < s->n_nics; i++)
		kinds |= 1u << s->nics[i];
	if (stat(p->kernel.image, &st) == 0)
		h = cache_hash(h, &st.st_mtim, sizeof(st.st_mtim));
	h = cache_hash(h, &kinds, sizeof(kinds));
	return cache_hash(h, rest, strlen(rest));
}

int lab_image(struct lab_parts *ret, const struct lab_spec *spec, struct err *err)
{
	AUTO_FREE char *init = NULL;
	struct newc n = { 0 };
	char dir[512];
	size_t len = 0;
	int r = file_read_all(ret->init, INIT_BYTES_MAX, &init, &len, err);

	if (r < 0)
		return err_in(err, "the lab's init");
	r = cache_dir("lab/initramfs", dir, sizeof(dir), err);
	if (r < 0)
		return r;
	if (text_print(ret->initrd, sizeof(ret->initrd), "%s/%016llx.img", dir,
		       (unsigned long long) recipe(ret, spec, init, len)))
		return err_set(err, -ENAMETOOLONG, "cache folder %s: the path is too long", dir);
	if (utimensat(AT_FDCWD, ret->initrd, NULL, 0) == 0) /* touched on every use: what nobody uses for a week is removed */
		return 0;
	cache_prune(dir, "", KEEP_UNUSED_NS);
	r = build(&n, ret, spec, init, len, err);
	if (r >= 0)
		r = file_write_atomic(ret->initrd, n.out.text, n.out.len, 0644, err);
	newc_free(&n);
	return r;
}
