/* SPDX-License-Identifier: Apache-2.0 */
/* offload - SIOCETHTOOL's old on/off commands: every driver answers them (linux/ethtool.h). */
#include <errno.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "net/netns.h"
#include "net/offload.h"

static const struct offload table[] = {
	{ .name = "gro", .get = ETHTOOL_GGRO, .set = ETHTOOL_SGRO },
	{ .name = "gso", .get = ETHTOOL_GGSO, .set = ETHTOOL_SGSO },
	{ .name = "rx", .get = ETHTOOL_GRXCSUM, .set = ETHTOOL_SRXCSUM },
	{ .name = "sg", .get = ETHTOOL_GSG, .set = ETHTOOL_SSG },
	{ .name = "tso", .get = ETHTOOL_GTSO, .set = ETHTOOL_STSO },
	{ .name = "tx", .get = ETHTOOL_GTXCSUM, .set = ETHTOOL_STXCSUM },
};

const struct offload *offload_table(size_t *ret_n)
{
	*ret_n = ARRAY_SIZE(table);
	return table;
}

const struct offload *offload_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(table); i++)
		if (text_eq(table[i].name, name))
			return &table[i];
	return NULL;
}

struct request {
	const char *link, *name;
	struct ethtool_value value;
};

static int ask_here(void *arg, struct err *err)
{
	struct request *q = arg;
	struct ifreq req = { .ifr_data = (void *) &q->value };
	AUTO_CLOSE int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return err_sys(err, -errno, "cannot open a socket");
	if (text_print(req.ifr_name, sizeof(req.ifr_name), "%s", q->link))
		return err_set(err, -ENAMETOOLONG, "\"%.64s\" is too long for the name of a link", q->link);
	if (ioctl(fd, SIOCETHTOOL, &req) < 0)
		return err_sys(err, -errno, "offload %s of link %s", q->name, q->link);
	return 0;
}

int offload_get(int ns_fd, const char *link, const struct offload *o, bool *ret, struct err *err)
{
	struct request q = { .link = link, .name = o->name, .value = { .cmd = o->get } };
	int r = netns_run(ns_fd, ask_here, &q, err);

	if (r < 0)
		return r;
	*ret = q.value.data != 0;
	return 0;
}

int offload_set(int ns_fd, const char *link, const struct offload *o, bool on, struct err *err)
{
	struct request q = { .link = link, .name = o->name, .value = { .cmd = o->set, .data = on } };
	bool now;
	int r = netns_run(ns_fd, ask_here, &q, err);

	if (r < 0)
		return r;
	r = offload_get(ns_fd, link, o, &now, err);
	if (r < 0)
		return r;
	if (now != on)
		return err_set(err, -EPROTO, "offload %s of link %s stayed %s", o->name, link, now ? "on" : "off");
	return 0;
}
