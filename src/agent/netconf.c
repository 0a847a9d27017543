/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/netconf.h"

#include <errno.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/text.h"
#include "workload/configure.h"

#define APPEAR_NS (5 * NS_PER_S)

static bool has_mac(int fd, const char *name, const uint8_t *mac)
{
	struct ifreq ifr = { 0 };

	memcpy(ifr.ifr_name, name, strnlen(name, IFNAMSIZ - 1));
	return ioctl(fd, SIOCGIFHWADDR, &ifr) == 0 && ifr.ifr_hwaddr.sa_family == ARPHRD_ETHER &&
	       !memcmp(ifr.ifr_hwaddr.sa_data, mac, MAC_BYTES);
}

/* Fills w->name when the interface is there. */
static bool interface_find(int fd, struct configure *w)
{
	struct if_nameindex *all = if_nameindex();
	bool found = false;

	for (struct if_nameindex *i = all; i && i->if_index && !found; i++) {
		found = w->by_mac ? has_mac(fd, i->if_name, w->mac) : text_eq(i->if_name, w->name);
		if (found)
			text_print(w->name, sizeof(w->name), "%s", i->if_name);
	}
	if (all)
		if_freenameindex(all);
	return found;
}

static int address_set(int fd, const char *name, unsigned long request, struct in_addr address)
{
	struct sockaddr_in sa = { .sin_family = AF_INET, .sin_addr = address };
	struct ifreq ifr = { 0 };

	memcpy(ifr.ifr_name, name, strnlen(name, IFNAMSIZ - 1));
	memcpy(&ifr.ifr_addr, &sa, sizeof(sa));
	return ioctl(fd, request, &ifr) < 0 ? -errno : 0;
}

static int interface_up(int fd, const char *name)
{
	struct ifreq ifr = { 0 };

	memcpy(ifr.ifr_name, name, strnlen(name, IFNAMSIZ - 1));
	if (ioctl(fd, SIOCGIFFLAGS, &ifr) < 0)
		return -errno;
	ifr.ifr_flags |= IFF_UP;
	return ioctl(fd, SIOCSIFFLAGS, &ifr) < 0 ? -errno : 0;
}

static int configure_apply(int fd, const struct configure *w, struct err *err)
{
	int r = interface_up(fd, "lo");

	if (r < 0)
		return err_sys(err, r, "configure: bring up lo");
	r = address_set(fd, w->name, SIOCSIFADDR, w->address);
	if (r == 0)
		r = address_set(fd, w->name, SIOCSIFNETMASK, w->mask);
	if (r == 0)
		r = interface_up(fd, w->name);
	return r < 0 ? err_sys(err, r, "configure: set up %s", w->name) : 0;
}

int netconf_from_json(const json_t *msg, char *ret_name, size_t cap, struct err *err)
{
	uint64_t deadline = clock_ns() + APPEAR_NS;
	AUTO_CLOSE int fd = -1;
	struct configure w;
	int r = configure_from_json(msg, &w, err);

	if (r < 0)
		return r;
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return err_sys(err, -errno, "configure: socket");
	while (!interface_find(fd, &w)) {
		if (clock_ns() >= deadline)
			return err_set(err, -ENODEV,
				       "configure: no interface with %s %.40s appeared; is its driver in /modules/order?",
				       w.by_mac ? "mac" : "name",
				       json_string_value(json_object_get(msg, w.by_mac ? "mac" : "interface")));
		clock_sleep_ns(10 * NS_PER_MS);
	}
	r = configure_apply(fd, &w, err);
	if (r == 0)
		text_print(ret_name, cap, "%s", w.name);
	return r;
}
