/* SPDX-License-Identifier: Apache-2.0 */
/*
 * system - what a launch starts: a kind of SUT, the way packets reach it, and
 * for a VM the guest's kernel and the pages behind its memory.  Each is a
 * factor of studies and an option of `vlat measure`; names are the ones that
 * study files, cells and options use.
 */
#ifndef SUT_SYSTEM_H
#define SUT_SYSTEM_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

enum sut_kind { SUT_NATIVE, SUT_CONTAINER, SUT_VM, SUT_KINDS };
enum guest_kernel { GUEST_STANDARD, GUEST_RT, GUEST_KERNELS };          /* "standard", "rt" */
/* tuning: what the tuning makes of it; auto: the largest that can be had. */
enum guest_pages { PAGES_TUNING, PAGES_4K, PAGES_2M, PAGES_1G, PAGES_AUTO, PAGES_SIZES };

struct sut_system {
	enum sut_kind kind;
	const char *datapath;     /* NAME[,key=value...], net/datapath.h; NULL = SUT_DATAPATH */
	enum guest_kernel kernel; /* of a VM; zeroed elsewhere */
	enum guest_pages pages;
};
#define SUT_DATAPATH "bridge"

const char *sut_kind_name(enum sut_kind kind);
const char *guest_kernel_name(enum guest_kernel kernel);
const char *guest_pages_name(enum guest_pages pages);

/* -EINVAL: lists what there is, guesses what was meant. */
int sut_parse(const char *name, enum sut_kind *ret, struct err *err);
int guest_kernel_parse(const char *name, enum guest_kernel *ret, struct err *err);
int guest_pages_parse(const char *name, enum guest_pages *ret, struct err *err);

/* For option tables, whose choices are lists. */
const char *const *guest_kernel_names(size_t *ret_n);
const char *const *guest_pages_names(size_t *ret_n);
const char *const *sut_datapath_names(size_t *ret_n);

/* -EINVAL: no such datapath, or none that this SUT can have; it lists those that are, and guesses. */
int sut_datapath_check(enum sut_kind kind, const char *datapath, struct err *err);
int sut_datapath_parse(const char *datapath, struct err *err);  /* the same for any SUT */
bool sut_has_datapath(enum sut_kind kind, const char *datapath);
/* The name alone, without its options: what cells and reports hold. */
const char *sut_datapath(const struct sut_system *s);

bool sut_wants_drivers(const struct sut_system *s);             /* the guest sees a real, or emulated, NIC: not virtio */

/* "" where a SUT has none: what cells and reports hold. */
static inline const char *sut_guest_kernel(const struct sut_system *s)
{
	return s->kind == SUT_VM ? guest_kernel_name(s->kernel) : "";
}

static inline const char *sut_guest_pages(const struct sut_system *s)
{
	return s->kind == SUT_VM ? guest_pages_name(s->pages) : "";
}

#endif
