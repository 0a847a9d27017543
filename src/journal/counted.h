/* SPDX-License-Identifier: Apache-2.0 */
/*
 * counted - files that a boot loader renames at each boot: an entry's tries stand before its ".conf"
 * ("9a3c..-6.9+3.conf", then "..-6.9+2-1.conf", and "..-6.9.conf" once it was found good; systemd's
 * Automatic Boot Assessment, Boot Loader Specification "Boot counting").
 */
#ifndef JOURNAL_COUNTED_H
#define JOURNAL_COUNTED_H

#include <stddef.h>

/* Pure: the length of an entry's name without ".conf" and the counter before it. */
size_t counted_stem(const char *name);

/* An entry that is not there, but under one other name that differs in the counter alone: that.  malloc'ed; NULL: none. */
char *counted_now(const char *path);

#endif
