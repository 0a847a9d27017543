/* SPDX-License-Identifier: Apache-2.0 */
/*
 * netdev - what a network device loses when it is moved to another network
 * namespace or to another driver, as one line of text, and how it gets it
 * back: "eth1 mtu 1500 mac 02:00:00:00:00:01 up addr 192.0.2.7/24".
 */
#ifndef JOURNAL_NETDEV_H
#define JOURNAL_NETDEV_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

#define NETDEV_ADDRESSES_MAX 16
#define NETDEV_TEXT_MAX      1280

struct netdev_state {
	char name[16];
	unsigned mtu;
	uint8_t mac[6];
	bool up;
	char addresses[NETDEV_ADDRESSES_MAX][64];       /* "192.0.2.7/24", "2001:db8::1/64"; none that the kernel makes itself */
	unsigned n_addresses;
};

/* As this thread's namespace has it. */
int netdev_read(const char *name, struct netdev_state *ret, struct err *err);
/* Bring the device that is called `now` to that state: name, MTU, MAC, addresses that are missing, up or down. */
int netdev_restore(const char *now, const struct netdev_state *want, struct err *err);
bool netdev_is(const struct netdev_state *now, const struct netdev_state *want);        /* nothing to restore */

char *netdev_text(const struct netdev_state *s, char buf[NETDEV_TEXT_MAX]);
int netdev_parse(const char *text, struct netdev_state *ret);   /* -EINVAL */

#endif
