/* SPDX-License-Identifier: Apache-2.0 */
/* unpack - kernel module files as distributions pack them: plain, .xz (here), .zst and .gz (by their programs). */
#ifndef VM_UNPACK_H
#define VM_UNPACK_H

#include <stddef.h>

#include "base/err.h"
#include "vm/modinfo.h"

#define MODULE_BYTES_MAX ((size_t) 64 << 20)

/* The unpacked bytes, malloc'ed; at most MODULE_BYTES_MAX (-EFBIG above). */
int xz_unpack(const void *data, size_t len, char **ret, size_t *ret_len, struct err *err);
int module_read(const char *path, enum module_packing packing, char **ret, size_t *ret_len, struct err *err);

#endif
