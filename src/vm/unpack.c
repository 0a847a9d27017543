/* SPDX-License-Identifier: Apache-2.0 */
#include "vm/unpack.h"

#include <errno.h>
#include <fcntl.h>
#include <lzma.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fs.h"
#include "base/spawn.h"
#include "base/vec.h"
#include "late/late.h"

#define XZ_MEMORY_MAX (256ull << 20)

#define XZ_FUNCTIONS(X) X(lzma_code) X(lzma_end) X(lzma_stream_decoder)

struct xz {
	XZ_FUNCTIONS(LATE_MEMBER)
};

static const struct late_function xz_functions[] = {
#define ROW_(name_) LATE_ROW(struct xz, name_)
	XZ_FUNCTIONS(ROW_)
#undef ROW_
};

static const struct late_library xz_library = {
	.soname = "liblzma.so.5",
	.packages = "Debian: liblzma5, Fedora: xz-libs",
	.needed_by = "packed kernel modules need",
	.least = "liblzma 5.2",
	.functions = xz_functions,
	.n_functions = ARRAY_SIZE(xz_functions),
};

static int xz_error(lzma_ret r, struct err *err)
{
	switch (r) {
	case LZMA_BUF_ERROR:
	case LZMA_OK:
		return err_set(err, -EBADMSG, "the .xz data end too early");
	case LZMA_MEMLIMIT_ERROR:
		return err_set(err, -EFBIG, "the .xz data ask for more than %llu MiB of memory", XZ_MEMORY_MAX >> 20);
	case LZMA_FORMAT_ERROR:
		return err_set(err, -EBADMSG, "not .xz data");
	case LZMA_MEM_ERROR:
		return err_set(err, -ENOMEM, "out of memory for .xz data");
	default:
		return err_set(err, -EBADMSG, "the .xz data are damaged");
	}
}

/* Decode until the end, doubling the room as needed, up to the limit. */
static int xz_loop(const struct xz *xz, lzma_stream *z, char **out, size_t *out_len, struct err *err)
{
	size_t cap = 0;
	lzma_ret r = LZMA_OK;

	while (r == LZMA_OK) {
		if (z->avail_out == 0) {
			char *more;

			if (cap >= MODULE_BYTES_MAX)
				return err_set(err, -EFBIG, "unpacks to more than %zu MiB", MODULE_BYTES_MAX >> 20);
			z->avail_out = cap ? cap : 1 << 20;
			more = realloc(*out, cap + z->avail_out);
			if (!more)
				return err_set(err, -ENOMEM, "out of memory for .xz data");
			*out = more;
			z->next_out = (uint8_t *) more + cap;
			cap += z->avail_out;
		}
		r = xz->lzma_code(z, LZMA_FINISH);
	}
	if (r != LZMA_STREAM_END)
		return xz_error(r, err);
	*out_len = cap - z->avail_out;
	return 0;
}

int xz_unpack(const void *data, size_t len, char **ret, size_t *ret_len, struct err *err)
{
	lzma_stream z = LZMA_STREAM_INIT;
	AUTO_FREE char *out = NULL;
	struct xz xz;
	size_t n = 0;
	int r = late_load(&xz_library, &xz, err);

	if (r < 0)
		return r;
	if (xz.lzma_stream_decoder(&z, XZ_MEMORY_MAX, LZMA_CONCATENATED) != LZMA_OK)
		return err_set(err, -ENOMEM, "out of memory for .xz data");
	z.next_in = data;
	z.avail_in = len;
	r = xz_loop(&xz, &z, &out, &n, err);
	xz.lzma_end(&z);
	if (r < 0)
		return r;
	*ret = TAKE(out);
	*ret_len = n;
	return 0;
}

static int read_fd(int fd, char **ret, size_t *ret_len, struct err *err)
{
	AUTO_FREE char *data = NULL;
	struct stat st;
	size_t n = 0;

	if (fstat(fd, &st) < 0)
		return err_sys(err, -errno, "cannot read what was unpacked");
	if ((uint64_t) st.st_size > MODULE_BYTES_MAX)
		return err_set(err, -EFBIG, "unpacks to more than %zu MiB", MODULE_BYTES_MAX >> 20);
	data = xalloc((size_t) st.st_size + 1, 1);
	while (n < (size_t) st.st_size) {
		ssize_t got = pread(fd, data + n, (size_t) st.st_size - n, (off_t) n);

		if (got <= 0)
			return err_sys(err, got < 0 ? -errno : -EIO, "cannot read what was unpacked");
		n += (size_t) got;
	}
	*ret = TAKE(data);
	*ret_len = n;
	return 0;
}

/* "zstd -dcq < path", its output kept in memory. */
static int unpack_by_program(const char *program, const char *path, char **ret, size_t *ret_len, struct err *err)
{
	AUTO_CLOSE int in = open(path, O_RDONLY | O_CLOEXEC), out = memfd_create("module", MFD_CLOEXEC);
	struct spawn_opts opts = SPAWN_OPTS_INIT;
	AUTO(argv_free) struct argv argv = { 0 };
	struct child child = CHILD_INIT;
	struct child_end end = { 0 };
	int r;

	if (in < 0 || out < 0)
		return err_sys(err, -errno, "cannot open %s", path);
	argv_add(&argv, program);
	argv_add(&argv, "-dcq");
	opts.in = in;
	opts.out = out;
	opts.die_with_parent = true;
	r = spawn(&child, &argv, &opts, err);
	if (r < 0)
		return err_in(err, "unpacking needs the program %s (package %s)", program, program);
	r = child_wait(&child, clock_ns() + 120 * NS_PER_S, &end);
	child_stop(&child, 0);
	if (r < 0 || end.signalled || end.code != 0)
		return err_set(err, -EBADMSG, "%s cannot unpack it: it is damaged", program);
	return read_fd(out, ret, ret_len, err);
}

int module_read(const char *path, enum module_packing packing, char **ret, size_t *ret_len, struct err *err)
{
	AUTO_FREE char *data = NULL;
	size_t len = 0;
	int r;

	if (packing == MODULE_ZSTD || packing == MODULE_GZIP)
		r = unpack_by_program(packing == MODULE_ZSTD ? "zstd" : "gzip", path, ret, ret_len, err);
	else
		r = file_read_all(path, MODULE_BYTES_MAX, &data, &len, err);
	if (r >= 0 && packing == MODULE_XZ)
		r = xz_unpack(data, len, ret, ret_len, err);
	if (r >= 0 && packing == MODULE_PLAIN) {
		*ret = TAKE(data);
		*ret_len = len;
	}
	return r < 0 ? err_in(err, "kernel module %s", path) : 0;
}
