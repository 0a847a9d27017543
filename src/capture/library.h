/* SPDX-License-Identifier: Apache-2.0 */
/*
 * library - libarchive and libzstd, loaded when an archive is at hand and not before.
 *
 * libarchive brings a dozen libraries along (an XML parser, ICU, C++), whose relocation
 * takes longer than a fifth of an audit; most commands never see an archive.
 */
#ifndef CAPTURE_LIBRARY_H
#define CAPTURE_LIBRARY_H

#include <archive.h>
#include <archive_entry.h>
#include <zstd.h>

#include "base/err.h"
#include "late/late.h"

#define LIBRARY_FUNCTIONS(X)                                                                                                     \
	X(archive_entry_filetype)                                                                                                \
	X(archive_entry_free)                                                                                                    \
	X(archive_entry_hardlink)                                                                                                \
	X(archive_entry_new)                                                                                                     \
	X(archive_entry_pathname)                                                                                                \
	X(archive_entry_pathname_utf8)                                                                                           \
	X(archive_entry_perm)                                                                                                    \
	X(archive_entry_set_filetype)                                                                                            \
	X(archive_entry_set_mtime)                                                                                               \
	X(archive_entry_set_pathname)                                                                                            \
	X(archive_entry_set_perm)                                                                                                \
	X(archive_entry_set_size)                                                                                                \
	X(archive_entry_set_symlink)                                                                                             \
	X(archive_entry_size)                                                                                                    \
	X(archive_entry_symlink)                                                                                                 \
	X(archive_errno)                                                                                                         \
	X(archive_error_string)                                                                                                  \
	X(archive_read_data)                                                                                                     \
	X(archive_read_free)                                                                                                     \
	X(archive_read_new)                                                                                                      \
	X(archive_read_next_header)                                                                                              \
	X(archive_read_open)                                                                                                     \
	X(archive_read_support_filter_gzip)                                                                                      \
	X(archive_read_support_format_tar)                                                                                       \
	X(archive_set_error)                                                                                                     \
	X(archive_write_add_filter_zstd)                                                                                         \
	X(archive_write_close)                                                                                                   \
	X(archive_write_data)                                                                                                    \
	X(archive_write_free)                                                                                                    \
	X(archive_write_header)                                                                                                  \
	X(archive_write_new)                                                                                                     \
	X(archive_write_open_fd)                                                                                                 \
	X(archive_write_set_format_pax_restricted)

struct library {
	LIBRARY_FUNCTIONS(LATE_MEMBER)
};

#define ZSTD_FUNCTIONS(X)                                                                                                        \
	X(ZSTD_DCtx_setParameter)                                                                                                \
	X(ZSTD_createDStream)                                                                                                    \
	X(ZSTD_decompressStream)                                                                                                 \
	X(ZSTD_freeDStream)                                                                                                      \
	X(ZSTD_getErrorName)                                                                                                     \
	X(ZSTD_isError)

struct zstd_library {
	ZSTD_FUNCTIONS(LATE_MEMBER)
};

/* They stay loaded until the program ends. */
int library_load(struct library *ret, struct err *err);
int zstd_load(struct zstd_library *ret, struct err *err);

#endif
