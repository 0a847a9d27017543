/* SPDX-License-Identifier: Apache-2.0 */
#include "vm/platform.h"

#include <errno.h>

#include "base/cleanup.h"
#include "base/vec.h"
#include "vm/accel.h"
#include "vm/initramfs.h"

static void platform_freep(struct vm_platform **p)
{
	vm_platform_free(*p);
}

int vm_platform_prepare(struct vm_platform **ret, const struct vm_wish *wish, struct journal *j, struct err *err)
{
	AUTO(platform_freep) struct vm_platform *p = xalloc(1, sizeof(*p));
	int r = qemu_find(&p->qemu, wish->qemu, err);

	if (r >= 0)
		r = kernel_find(&p->kernel, wish->flavour, wish->kernel, wish->modules, wish->offline, err);
	if (r >= 0)
		r = initramfs_file(wish->agent, &p->kernel, p->initrd, sizeof(p->initrd), err);
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
