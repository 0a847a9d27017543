/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/netconf.h"

#include <arpa/inet.h>
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
#include "base/cursor.h"
#include "base/text.h"

#define APPEAR_NS (5 * NS_PER_S)
#define MAC_BYTES 6

struct wish {
	char name[IFNAMSIZ];
	uint8_t mac[MAC_BYTES];
	bool by_mac;
	struct in_addr address, mask;
};

static bool take_mac(const char **at, uint8_t ret[MAC_BYTES])
{
	const char *p = *at;
	uint8_t mac[MAC_BYTES];

	for (int i = 0; i < MAC_BYTES; i++) {
		uint64_t byte;

		if ((i && !take_char(&p, ':')) || !take_hex(&p, &byte) || byte > 255)
			return false;
		mac[i] = (uint8_t) byte;
	}
	memcpy(ret, mac, MAC_BYTES);
	*at = p;
	return true;
}

/* "198.18.0.2/24" */
static bool address_parse(const char *text, struct wish *w)
{
	const char *slash = strchr(text, '/'), *at = slash ? slash + 1 : "";
	char host[INET_ADDRSTRLEN];
	uint64_t bits;

	if (!slash || text_print(host, sizeof(host), "%.*s", (int) (slash - text), text) || inet_pton(AF_INET, host, &w->address) != 1)
		return false;
	if (!take_u64(&at, &bits) || *at || bits < 1 || bits > 32)
		return false;
	w->mask.s_addr = htonl((uint32_t) (UINT64_MAX << (32 - bits)));
	return true;
}

static const char *text_member(const json_t *msg, const char *name)
{
	const char *s = json_string_value(json_object_get(msg, name));

	return s ? s : "";
}

static int wish_read(const json_t *msg, struct wish *w, struct err *err)
{
	const char *mac = text_member(msg, "mac"), *name = text_member(msg, "interface"), *address = text_member(msg, "address");
	const char *at = mac;

	*w = (struct wish){ .by_mac = *mac };
	if (*mac && (!take_mac(&at, w->mac) || *at))
		return err_set(err, -EINVAL, "configure: mac '%.40s' is not six bytes such as 52:54:00:12:34:56", mac);
	if (!*mac && (!*name || text_print(w->name, sizeof(w->name), "%s", name)))
		return err_set(err, -EINVAL, "configure: give a mac, or an interface name of at most %d letters", IFNAMSIZ - 1);
	if (!address_parse(address, w))
		return err_set(err, -EINVAL, "configure: address '%.40s' is not an IPv4 address with prefix such as 198.18.0.2/24", address);
	return 0;
}

static bool has_mac(int fd, const char *name, const uint8_t *mac)
{
	struct ifreq ifr = { 0 };

	memcpy(ifr.ifr_name, name, strnlen(name, IFNAMSIZ - 1));
	return ioctl(fd, SIOCGIFHWADDR, &ifr) == 0 && ifr.ifr_hwaddr.sa_family == ARPHRD_ETHER &&
	       !memcmp(ifr.ifr_hwaddr.sa_data, mac, MAC_BYTES);
}

/* Fills w->name when the interface is there. */
static bool interface_find(int fd, struct wish *w)
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

static int wish_apply(int fd, const struct wish *w, struct err *err)
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
	struct wish w;
	int r = wish_read(msg, &w, err);

	if (r < 0)
		return r;
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return err_sys(err, -errno, "configure: socket");
	while (!interface_find(fd, &w)) {
		if (clock_ns() >= deadline)
			return err_set(err, -ENODEV, "configure: no interface with %s %.40s appeared; is its driver in /modules/order?",
				       w.by_mac ? "mac" : "name", text_member(msg, w.by_mac ? "mac" : "interface"));
		clock_sleep_ns(10 * NS_PER_MS);
	}
	r = wish_apply(fd, &w, err);
	if (r == 0)
		text_print(ret_name, cap, "%s", w.name);
	return r;
}
