/* SPDX-License-Identifier: Apache-2.0 */
#include "workload/configure.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "base/cursor.h"
#include "base/text.h"

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
static bool address_parse(const char *text, struct configure *w)
{
	const char *slash = strchr(text, '/'), *at = slash ? slash + 1 : "";
	char host[INET_ADDRSTRLEN];
	uint64_t bits;

	if (!slash || text_print(host, sizeof(host), "%.*s", (int) (slash - text), text) ||
	    inet_pton(AF_INET, host, &w->address) != 1)
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

int configure_from_json(const json_t *msg, struct configure *ret, struct err *err)
{
	const char *mac = text_member(msg, "mac"), *name = text_member(msg, "interface"), *address = text_member(msg, "address");
	const char *at = mac;
	struct configure w = { .by_mac = *mac };

	if (*mac && (!take_mac(&at, w.mac) || *at))
		return err_set(err, -EINVAL, "configure: mac '%.40s' is not six bytes such as 52:54:00:12:34:56", mac);
	if (!*mac && (!*name || text_print(w.name, sizeof(w.name), "%s", name)))
		return err_set(err, -EINVAL, "configure: give a mac, or an interface name of at most %d letters",
			       IF_NAMESIZE - 1);
	if (!address_parse(address, &w))
		return err_set(err, -EINVAL,
			       "configure: address '%.40s' is not an IPv4 address with prefix such as 198.18.0.2/24", address);
	*ret = w;
	return 0;
}
