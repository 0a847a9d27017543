/* SPDX-License-Identifier: Apache-2.0 */
#include "vm/platform.h"

#include <errno.h>

#include "base/cleanup.h"
#include "base/sink.h"
#include "base/text.h"
#include "base/vec.h"
#include "vm/accel.h"
#include "vm/initramfs.h"

static void platform_freep(struct vm_platform **p)
{
	vm_platform_free(*p);
}

static int put_initramfs(struct vm_platform *p, const struct vm_wish *wish, struct err *err)
{
	AUTO(sink_free) struct sink drivers = { 0 };
	struct initramfs_wish w = { .agent = wish->agent, .kernel = &p->kernel, .drivers = wish->drivers };
	int r = initramfs_file(&w, p->initrd, sizeof(p->initrd), &drivers, err);

	if (r >= 0 && text_print(p->drivers, sizeof(p->drivers), "%s", drivers.text ? drivers.text : ""))
		r = err_set(err, -E2BIG, "too many drivers for the guest's network cards");
	return r;
}

static int find_kernel(struct vm_platform *p, const struct vm_wish *wish, struct err *err)
{
	int r = kernel_find(&p->kernel, wish->flavour, wish->kernel, wish->modules, wish->offline || wish->own, err);

	if (r >= 0)
		r = put_initramfs(p, wish, err);
	if (r >= 0 || !wish->own)
		return r;
	p->kernel = (struct vm_kernel){ .image = "" };
	return 0;
}

int vm_platform_prepare(struct vm_platform **ret, const struct vm_wish *wish, struct journal *j, struct err *err)
{
	AUTO(platform_freep) struct vm_platform *p = xalloc(1, sizeof(*p));
	int r = qemu_find(&p->qemu, wish->qemu, err);

	if (r >= 0)
		r = find_kernel(p, wish, err);
	if (r >= 0)
		r = accel_choose(p, wish->accelerator, j, err);
	if (r < 0)
		return r;
	*ret = TAKE(p);
	return 0;
}

void vm_platform_free(struct vm_platform *p)
{
	free(p);
}
