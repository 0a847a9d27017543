/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Logins are found twice over: SSH_CONNECTION names the one that runs us, but
 * sudo drops it and a terminal multiplexer keeps an old one; so every
 * connection of an ssh server counts, whoever it belongs to.
 */
#include "host/lifeline.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/cursor.h"
#include "base/proc_stat.h"
#include "base/text.h"

#define STACK_DEEP 8 /* a VLAN on a bridge on a bond on two cards */
#define TCP_MAX    ((size_t) 16 << 20)

struct reading {
	const struct fs *fs;
	struct lifelines *to;
	const char *why;
};

static void add_one(struct lifelines *l, const char *netdev, const char *why)
{
	struct lifeline *new;

	if (lifeline_of(l, netdev) || strlen(netdev) >= sizeof(new->netdev))
		return;
	new = vec_add(&l->list);
	text_print(new->netdev, sizeof(new->netdev), "%s", netdev);
	text_print(new->why, sizeof(new->why), "%s", why);
}

static void add_below(const struct fs *fs, struct lifelines *l, const char *netdev, const char *why, unsigned deep)
{
	struct fs_names names;
	char path[96];

	add_one(l, netdev, why);
	if (deep == 0 || text_print(path, sizeof(path), "sys/class/net/%s", netdev) || fs_list(fs, path, &names) < 0)
		return;
	for (size_t i = 0; i < names.n; i++)
		if (text_starts(names.at[i], "lower_"))
			add_below(fs, l, names.at[i] + strlen("lower_"), why, deep - 1);
	fs_list_free(&names);
}

void lifeline_add(const struct fs *fs, struct lifelines *l, const char *netdev, const char *why)
{
	char by[160];

	add_one(l, netdev, why);
	text_print(by, sizeof(by), "%s, by way of %s", why, netdev);
	add_below(fs, l, netdev, by, STACK_DEEP);
}

static void add_index(void *arg, unsigned ifindex)
{
	struct reading *r = arg;
	char name[IF_NAMESIZE];

	if (if_indextoname(ifindex, name))
		lifeline_add(r->fs, r->to, name, r->why);
}

struct question {
	struct nlmsghdr h;
	struct rtmsg m;
	char attributes[32];
};

static void ask_all(struct question *q, int family)
{
	*q = (struct question){ .h = { .nlmsg_type = RTM_GETROUTE, .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP, .nlmsg_seq = 1 },
				.m = { .rtm_family = (unsigned char) family } };
	q->h.nlmsg_len = offsetof(struct question, attributes);
}

static void ask_way(struct question *q, const struct lifeline_peer *peer)
{
	size_t size = peer->family == AF_INET ? 4 : 16;
	struct rtattr a = { .rta_type = RTA_DST, .rta_len = (unsigned short) (sizeof(a) + size) };

	*q = (struct question){ .h = { .nlmsg_type = RTM_GETROUTE, .nlmsg_flags = NLM_F_REQUEST, .nlmsg_seq = 1 },
				.m = { .rtm_family = (unsigned char) peer->family, .rtm_dst_len = (unsigned char) (size * 8) } };
	memcpy(q->attributes, &a, sizeof(a));
	memcpy(q->attributes + sizeof(a), peer->at, size);
	q->h.nlmsg_len = (uint32_t) (offsetof(struct question, attributes) + sizeof(a) + size);
}

/* *answer: 0, or the -errno by which the kernel ended its answer. */
static int routes(const struct question *q, bool every, struct reading *to, int *answer, struct err *err)
{
	static const struct timeval patience = { .tv_sec = 10 };
	AUTO_CLOSE int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	AUTO_FREE char *buf = xalloc(1 << 16, 1);
	int more = 1;

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) < 0)
		return err_sys(err, -errno, "cannot open rtnetlink");
	if (send(fd, q, q->h.nlmsg_len, 0) < 0)
		return err_sys(err, -errno, "cannot ask the kernel for its routes");
	while (more > 0) {
		ssize_t n = recv(fd, buf, 1 << 16, 0);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(err, -errno, "the kernel does not tell its routes");
		more = lifeline_routes(buf, (size_t) n, every, add_index, to);
	}
	*answer = more;
	return 0;
}

/* A kernel without the family has no routes of it; any other refusal could hide the way home. */
static int default_routes(int family, struct reading *to, struct err *err)
{
	struct question q;
	int answer, r;

	ask_all(&q, family);
	r = routes(&q, false, to, &answer, err);
	if (r < 0 || answer == 0 || answer == -EOPNOTSUPP || answer == -EAFNOSUPPORT)
		return r;
	return err_sys(err, answer, "the kernel does not tell its IPv%d routes", family == AF_INET ? 4 : 6);
}

static int add_peer(const struct fs *fs, struct lifelines *l, const struct lifeline_peer *peer, struct err *err)
{
	char text[INET6_ADDRSTRLEN], why[96];
	struct reading to = { .fs = fs, .to = l, .why = why };
	struct question q;
	int no_way;

	if (!inet_ntop(peer->family, peer->at, text, sizeof(text)))
		return 0;
	text_print(why, sizeof(why), "the login from %s comes in by it", text);
	ask_way(&q, peer);
	return routes(&q, true, &to, &no_way, err);
}

static int add_own_login(const struct fs *fs, struct lifelines *l, struct err *err)
{
	const char *text = getenv("SSH_CONNECTION");
	struct lifeline_peer peer;
	char device[24];

	if (!text || !lifeline_login(text, &peer, device))
		return 0;
	if (device[0])
		lifeline_add(fs, l, device, "the login comes in by it");
	return add_peer(fs, l, &peer, err);
}

static bool is_ssh_server(const char *comm)
{
	return text_starts(comm, "sshd") || text_eq(comm, "dropbear");
}

struct connections {
	char *four, *six;
};

static int add_socket(const struct fs *fs, struct lifelines *l, const struct connections *c, const char *link, struct err *err)
{
	struct lifeline_peer peer;
	uint64_t inode;

	if (!take_text(&link, "socket:[") || !take_u64(&link, &inode))
		return 0;
	if ((c->four && lifeline_connection(c->four, inode, &peer)) || (c->six && lifeline_connection(c->six, inode, &peer)))
		return add_peer(fs, l, &peer, err);
	return 0;
}

static int add_process(const struct fs *fs, struct lifelines *l, const struct connections *c, const char *pid, struct err *err)
{
	struct fs_names fds;
	char path[64], link[64];
	int r = 0;

	text_print(path, sizeof(path), "proc/%.20s/fd", pid);
	if (fs_list(fs, path, &fds) < 0)
		return 0;
	for (size_t i = 0; r == 0 && i < fds.n; i++) {
		text_print(path, sizeof(path), "proc/%.20s/fd/%.20s", pid, fds.at[i]);
		if (fs_readlink(fs, path, link, sizeof(link)) >= 0)
			r = add_socket(fs, l, c, link, err);
	}
	fs_list_free(&fds);
	return r;
}

static int add_logins(const struct fs *fs, struct lifelines *l, const struct connections *c, struct err *err)
{
	struct fs_names pids;
	char comm[64];
	int r = fs_list(fs, "proc", &pids);

	if (r < 0)
		return err_sys(err, r, "cannot list /proc");
	for (size_t i = 0; r == 0 && i < pids.n; i++)
		if (pids.at[i][0] >= '0' && pids.at[i][0] <= '9' &&
		    fs_readf(fs, comm, sizeof(comm), "proc/%.20s/comm", pids.at[i]) > 0 && is_ssh_server(text_trim(comm)))
			r = add_process(fs, l, c, pids.at[i], err);
	fs_list_free(&pids);
	return r;
}

int lifelines_read(const struct fs *fs, struct lifelines *ret, struct err *err)
{
	static const int families[] = { AF_INET, AF_INET6 };
	struct reading to = { .fs = fs, .to = ret, .why = "the default route leaves by it" };
	struct connections c = { .four = NULL };
	int r = 0;

	*ret = (struct lifelines){ .list = { .n = 0 } };
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(families); i++)
		r = default_routes(families[i], &to, err);
	if (r == 0)
		r = add_own_login(fs, ret, err);
	(void) fs_read_all(fs, "proc/net/tcp", TCP_MAX, &c.four, NULL);
	(void) fs_read_all(fs, "proc/net/tcp6", TCP_MAX, &c.six, NULL);
	if (r == 0)
		r = add_logins(fs, ret, &c, err);
	free(c.four);
	free(c.six);
	if (r < 0)
		lifelines_free(ret);
	return r;
}

void lifelines_free(struct lifelines *l)
{
	vec_free(&l->list);
}

const struct lifeline *lifeline_of(const struct lifelines *l, const char *netdev)
{
	for (size_t i = 0; i < l->list.n; i++)
		if (text_eq(l->list.at[i].netdev, netdev))
			return &l->list.at[i];
	return NULL;
}
