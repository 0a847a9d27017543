/* SPDX-License-Identifier: Apache-2.0 */
#include "net/sriov_ask.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/text.h"
#include "net/link.h"

#define CARRIER_NS (30 * NS_PER_S) /* some ports negotiate their link for seconds after a reset */
#define STEADY_NS  NS_PER_S        /* the carrier drops a moment after functions were made: one look is not enough */

static int open_in(const int *namespace, struct net **ret, struct err *err)
{
	AUTO_CLOSE int own = -1;

	if (*namespace >= 0)
		return net_open(ret, *namespace, err);
	own = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	return own < 0 ? err_sys(err, -errno, "cannot open the host's network namespace") : net_open(ret, own, err);
}

static int await_steady(struct net *net, const char *netdev, struct err *err)
{
	uint64_t start = clock_ns(), since = 0;
	struct link_fact f;

	for (;;) {
		uint64_t now = clock_ns();
		int r = link_get(net, netdev, &f, err);

		if (r < 0)
			return r;
		if (!f.up || !f.carrier)
			since = 0;
		else if (!since)
			since = now;
		if (since && now - since >= STEADY_NS)
			return 0;
		if (now - start > CARRIER_NS)
			return err_set(err, -ENOLINK,
				       "%s has no carrier: plug the cable in, or name another port; virtual functions of a port "
				       "without a link get no answer from it",
				       netdev);
		clock_sleep_ns(20 * NS_PER_MS);
	}
}

static int await_port(void *arg, const char *netdev, struct err *err)
{
	struct net *net = NULL;
	int r;

	if (!netdev[0])
		return err_set(err, -ENODEV, "the port has no network device here: somebody has moved it to another namespace");
	r = open_in(arg, &net, err);
	if (r == 0)
		r = link_set(net, netdev, &(struct link_wish){ .up = true }, err);
	if (r == 0)
		r = await_steady(net, netdev, err);
	net_close(net);
	return r;
}

static int read_function(struct net *net, const char *netdev, unsigned vf, struct vf_wish *ret, struct err *err)
{
	AUTO_FREE void *answer = NULL;
	struct link_fact fact;
	struct rtbuf m;
	size_t len;
	int r = link_get(net, netdev, &fact, err);

	if (r == 0)
		r = net_ask(net, rtmsg_vf_get(&m, fact.ifindex), "ask for the virtual functions of a port", &answer, &len, err);
	if (r == 0 && !rtmsg_vf_parse(answer, len, vf, ret))
		r = err_set(err, -EPROTO, "%s says nothing of its virtual function %u", netdev, vf);
	return r;
}

static int get_function(void *arg, const char *netdev, unsigned vf, struct vf_wish *ret, struct err *err)
{
	struct net *net = NULL;
	int r = open_in(arg, &net, err);

	if (r == 0)
		r = read_function(net, netdev, vf, ret, err);
	net_close(net);
	return r;
}

static int set_in(struct net *net, const char *netdev, unsigned vf, const struct vf_wish *wish, struct err *err)
{
	struct vf_wish got = { 0 };
	struct link_fact fact;
	struct rtbuf m;
	int r = link_get(net, netdev, &fact, err);

	if (r == 0)
		r = net_do(net, rtmsg_vf_set(&m, fact.ifindex, vf, wish), "set the attributes of a virtual function", err);
	if (r == -EOPNOTSUPP)
		return err_set(err, r,
			       "%s: the card's driver cannot set one of these attributes of a virtual function; leave it out",
			       netdev);
	if (r == 0)
		r = read_function(net, netdev, vf, &got, err);
	return r < 0 ? r : vf_compare(wish, &got, err);
}

static int set_function(void *arg, const char *netdev, unsigned vf, const struct vf_wish *wish, struct err *err)
{
	struct net *net = NULL;
	int r = open_in(arg, &net, err);

	if (r == 0)
		r = set_in(net, netdev, vf, wish, err);
	net_close(net);
	return r;
}

const struct sriov_ops sriov_rtnetlink = {
	.await = await_port,
	.set = set_function,
	.get = get_function,
};
