/* SPDX-License-Identifier: Apache-2.0 */
/*
 * netns - network namespaces with a name under /run/netns, as iproute2 keeps
 * them, so that `ip netns exec NAME ...` works on what vlat has made.
 */
#ifndef NET_NETNS_H
#define NET_NETNS_H

#include "base/err.h"
#include "journal/journal.h"

#define NETNS_PATH_MAX 96

/*
 * Make NAME, loopback down, IPv6 off, no reverse-path filter; its fd
 * (close-on-exec) into *ret_fd.  Journalled first; j NULL = the caller has
 * done so, for several at once.
 */
int netns_make(struct journal *j, const char *name, int *ret_fd, struct err *err);
int netns_open(const char *name, int *ret_fd, struct err *err);
/* Unmount and unlink; a name that is gone already is fine. */
int netns_delete(const char *name, struct err *err);

/* Run fn(arg) in a thread of its own inside the namespace, so the caller never leaves his; returns what fn returned. */
int netns_run(int ns_fd, int (*fn)(void *arg, struct err *err), void *arg, struct err *err);

/* The same in a nameless namespace that ends with it: to try what this kernel can do, leaving nothing. */
int netns_try(int (*fn)(void *arg, struct err *err), void *arg, struct err *err);

/*
 * In a thread of netns_run(): from here on this thread alone sees the /sys of its namespace, in a mount namespace that
 * ends with it.
 */
int netns_own_sysfs(struct err *err);

/* Write a file below /proc/sys/net as the namespace sees it ("ipv4/conf/all/rp_filter"); 0 done, 1 = it has no such file. */
int netns_sysctl(int ns_fd, const char *name, const char *value, struct err *err);

#endif
