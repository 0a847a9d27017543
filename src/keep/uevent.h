/* SPDX-License-Identifier: Apache-2.0 */
/* uevent - what the kernel says when a device comes or goes (kobject_uevent(), netlink family NETLINK_KOBJECT_UEVENT). */
#ifndef KEEP_UEVENT_H
#define KEEP_UEVENT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

struct uevent {
	char action[16];    /* "add" "remove" "online" "offline" "bind" "unbind" "change" ... */
	char subsystem[32]; /* "cpu" "net" "pci" */
	char devpath[512];  /* "/devices/system/cpu/cpu3" */
	char interface[24]; /* of "net"; "" */
	char address[16];   /* of the PCI device it is or hangs on, from its path; "" */
	int cpu;            /* of "cpu"; -1 */
};

/* One message: "online@/devices/system/cpu/cpu3", then "KEY=value" words, each ended by a NUL. */
bool uevent_parse(const char *message, size_t len, struct uevent *ret);

int uevent_open(int *ret_fd, struct err *err); /* does not block */
/* 1 = one was read, 0 = none is waiting, -ENOBUFS = some were lost. */
int uevent_next(int fd, struct uevent *ret);

#endif
