/* SPDX-License-Identifier: Apache-2.0 */
/*
 * modules - which module files a guest needs and in which order to load them.
 *
 * A kernel package has no modules.dep (depmod makes it at installation), so
 * the closure is computed from each file's own .modinfo: depends= and
 * softdep= "pre:".  Modules built into the kernel (modules.builtin) are left out.
 */
#ifndef VM_MODULES_H
#define VM_MODULES_H

#include <stddef.h>

#include "base/err.h"
#include "base/vec.h"
#include "vm/modinfo.h"

struct module_file {
	char name[64]; /* folded: "virtio_net" */
	char *path;
	enum module_packing packing;
	char *data; /* unpacked; NULL until wanted */
	size_t len;
};

struct modules {
	VEC(struct module_file) files;   /* every one below the folder, sorted by name */
	VEC(struct module_file *) order; /* the closure: each after all it depends on */
	char *builtin;                   /* modules.builtin as read; "" when absent */
};

/* dir = .../lib/modules/VERSION */
int modules_open(struct modules *ret, const char *dir, struct err *err);
void modules_close(struct modules *m);

/*
 * Add name and all it needs to the order.  -ENOENT names the missing module
 * and who needs it.  version, when not NULL, must be the first word of vermagic.
 */
int modules_add(struct modules *m, const char *name, const char *version, struct err *err);
bool modules_is_builtin(const struct modules *m, const char *name);

#endif
