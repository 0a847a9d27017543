/* SPDX-License-Identifier: Apache-2.0 */
/* What must not be reset: taken apart from recorded words, and asked of a network namespace of our own. */
#include "host/lifeline.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/fs_tree.h"
#include "base/text.h"

static bool is_four(const struct lifeline_peer *p, const char *address)
{
	char text[INET_ADDRSTRLEN];

	return p->family == AF_INET && inet_ntop(AF_INET, p->at, text, sizeof(text)) && text_eq(text, address);
}

static void test_logins(void **state)
{
	struct lifeline_peer p;
	char device[24];

	(void) state;
	assert_true(lifeline_login("192.0.2.7 51812 192.0.2.1 22", &p, device));
	assert_true(is_four(&p, "192.0.2.7"));
	assert_string_equal(device, "");
	assert_true(lifeline_login("::ffff:192.0.2.8 51812 ::ffff:192.0.2.1 22", &p, device));
	assert_true(is_four(&p, "192.0.2.8"));
	assert_true(lifeline_login("fe80::1%eth1 5 fe80::2%eth1 22", &p, device));
	assert_int_equal(p.family, AF_INET6);
	assert_string_equal(device, "eth1");
	assert_true(lifeline_login("fe80::1%../../etc 5", &p, device));
	assert_string_equal(device, "");
	assert_false(lifeline_login("", &p, device));
	assert_false(lifeline_login("somewhere 22", &p, device));
}

static const char tcp[] =
	"  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
	"   0: 00000000:0016 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 100 1 0 100 0 0 10 0\n"
	"   1: 010200C0:0016 070200C0:CA64 01 00000000:00000000 02:00000000 00000000     0        0 101 2 0 20 4 30 10 -1\n";
static const char tcp6[] =
	"  sl  local_address                         remote_address                        st tx_queue rx_queue\n"
	"   0: 0000000000000000FFFF0000010200C0:0016 0000000000000000FFFF0000090200C0:CA64 01 00000000:00000000 02:0 0 0 0 7 2\n"
	"   1: B80D0120000000000000000001000000:0016 B80D0120000000000000000002000000:CA64 01 00000000:00000000 02:0 0 0 0 8 2\n";

static void test_connections(void **state)
{
	const uint32_t one = 1;
	struct lifeline_peer p;
	char text[INET6_ADDRSTRLEN];

	(void) state;
	if (*(const uint8_t *) &one != 1) {
		print_message("skipped: the recorded words are those of a little-endian machine\n");
		skip();
	}
	assert_true(lifeline_connection(tcp, 101, &p));
	assert_true(is_four(&p, "192.0.2.7"));
	assert_false(lifeline_connection(tcp, 100, &p)); /* it listens */
	assert_false(lifeline_connection(tcp, 99, &p));
	assert_true(lifeline_connection(tcp6, 7, &p));
	assert_true(is_four(&p, "192.0.2.9"));
	assert_true(lifeline_connection(tcp6, 8, &p));
	assert_string_equal(inet_ntop(AF_INET6, p.at, text, sizeof(text)), "2001:db8::2");
	assert_false(lifeline_connection("   1: 01:02 03:04 01 9\n", 9, &p));
}

struct answer {
	struct nlmsghdr h;
	struct rtmsg m;
	struct rtattr out;
	uint32_t index;
	struct rtattr multi;
	struct rtnexthop hops[2];
};

static void answer_make(struct answer *a, unsigned char length)
{
	*a = (struct answer){
		.h = { .nlmsg_len = sizeof(*a), .nlmsg_type = RTM_NEWROUTE, .nlmsg_flags = NLM_F_MULTI },
		.m = { .rtm_family = AF_INET, .rtm_dst_len = length, .rtm_type = RTN_UNICAST },
		.out = { .rta_len = sizeof(struct rtattr) + 4, .rta_type = RTA_OIF },
		.index = 2,
		.multi = { .rta_len = sizeof(struct rtattr) + 2 * sizeof(struct rtnexthop), .rta_type = RTA_MULTIPATH },
		.hops = { { .rtnh_len = sizeof(struct rtnexthop), .rtnh_ifindex = 4 },
			  { .rtnh_len = sizeof(struct rtnexthop), .rtnh_ifindex = 8 } },
	};
}

static void sum(void *arg, unsigned ifindex)
{
	*(unsigned *) arg += ifindex;
}

static void test_routes(void **state)
{
	struct answer a[2];
	unsigned seen = 0;

	(void) state;
	answer_make(&a[0], 0);
	answer_make(&a[1], 24);
	assert_int_equal(lifeline_routes(a, sizeof(a), false, sum, &seen), 1); /* more is to come */
	assert_int_equal(seen, 2 + 4 + 8);
	seen = 0;
	lifeline_routes(a, sizeof(a), true, sum, &seen);
	assert_int_equal(seen, 2 * (2 + 4 + 8));
	a[0].m.rtm_type = RTN_UNREACHABLE;
	seen = 0;
	lifeline_routes(a, sizeof(a), false, sum, &seen);
	assert_int_equal(seen, 0);
	a[1].h.nlmsg_type = NLMSG_DONE;
	a[1].h.nlmsg_len = sizeof(a[1].h);
	assert_int_equal(lifeline_routes(a, sizeof(a), false, sum, &seen), 0);
	answer_make(&a[0], 0);
	for (size_t n = 0; n < sizeof(a[0]); n++) /* torn anywhere: no more than is there */
		assert_int_equal(lifeline_routes(a, n, false, sum, &seen), -EBADMSG);
	assert_int_equal(seen, 0);
}

/* A refusal is not "no routes": who takes it for that resets the card of the login. */
static void test_refused(void **state)
{
	struct {
		struct nlmsghdr h;
		int32_t error;
	} a = { .h = { .nlmsg_len = sizeof(a), .nlmsg_type = NLMSG_ERROR }, .error = -EPERM };
	unsigned seen = 0;

	(void) state;
	assert_int_equal(lifeline_routes(&a, sizeof(a), false, sum, &seen), -EPERM);
	a.h.nlmsg_type = NLMSG_DONE; /* a dump that was given up ends so */
	assert_int_equal(lifeline_routes(&a, sizeof(a), false, sum, &seen), -EPERM);
	a.error = 0;
	assert_int_equal(lifeline_routes(&a, sizeof(a), false, sum, &seen), 0);
	a.error = INT32_MIN;
	assert_int_equal(lifeline_routes(&a, sizeof(a), false, sum, &seen), -EBADMSG);
	a.h.nlmsg_len = sizeof(a.h);
	assert_int_equal(lifeline_routes(&a, sizeof(a.h), false, sum, &seen), 0);
	a.h.nlmsg_type = NLMSG_ERROR;
	assert_int_equal(lifeline_routes(&a, sizeof(a.h), false, sum, &seen), -EBADMSG);
	assert_int_equal(seen, 0);
}

/* A machine of its own: no device but lo. */
static bool alone(void)
{
	struct ifreq up = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	AUTO_CLOSE int fd = -1;

	if (unshare(CLONE_NEWNET) < 0) {
		print_message("skipped: no network namespace of our own: %s\n", strerror(errno));
		return false;
	}
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	assert_int_equal(ioctl(fd, SIOCSIFFLAGS, &up), 0);
	return true;
}

static void default_by_lo(void)
{
	struct {
		struct nlmsghdr h;
		struct rtmsg m;
		struct rtattr out;
		uint32_t index;
	} q = { .h = { .nlmsg_len = sizeof(q),
		       .nlmsg_type = RTM_NEWROUTE,
		       .nlmsg_flags = NLM_F_REQUEST | NLM_F_CREATE | NLM_F_ACK },
		.m = { .rtm_family = AF_INET,
		       .rtm_table = RT_TABLE_MAIN,
		       .rtm_type = RTN_UNICAST,
		       .rtm_protocol = RTPROT_STATIC,
		       .rtm_scope = RT_SCOPE_LINK },
		.out = { .rta_len = sizeof(struct rtattr) + 4, .rta_type = RTA_OIF },
		.index = if_nametoindex("lo") };
	AUTO_CLOSE int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	struct {
		struct nlmsghdr h;
		struct nlmsgerr e;
		char rest[512];
	} a;

	assert_int_equal(send(fd, &q, sizeof(q), 0), sizeof(q));
	assert_true(recv(fd, &a, sizeof(a), 0) > (ssize_t) sizeof(a.h));
	assert_int_equal(a.e.error, 0);
}

static void test_namespace(void **state)
{
	struct lifelines lines;
	struct err err = { 0 };
	struct fs fs;

	(void) state;
	if (!alone())
		skip();
	assert_int_equal(fs_open_root(&fs, "/", &err), 0);
	unsetenv("SSH_CONNECTION");
	assert_int_equal(lifelines_read(&fs, &lines, &err), 0);
	assert_int_equal(lines.list.n, 0);
	lifelines_free(&lines);

	default_by_lo();
	assert_int_equal(lifelines_read(&fs, &lines, &err), 0);
	assert_non_null(lifeline_of(&lines, "lo"));
	assert_string_equal(lifeline_of(&lines, "lo")->why, "the default route leaves by it");
	assert_null(lifeline_of(&lines, "eth0"));
	lifelines_free(&lines);

	setenv("SSH_CONNECTION", "fe80::1%eth7 9 fe80::2%eth7 22", 1);
	assert_int_equal(lifelines_read(&fs, &lines, &err), 0);
	assert_non_null(lifeline_of(&lines, "eth7"));
	lifelines_free(&lines);
	fs_close(&fs);
}

/* A VLAN on a bond on two cards. */
static void test_stack(void **state)
{
	static const char *const below[] = { "sys/class/net/bond0.5/lower_bond0", "sys/class/net/bond0/lower_eth0",
					     "sys/class/net/bond0/lower_eth1", "sys/class/net/eth0/upper_bond0" };
	struct lifelines lines = { .list = { .n = 0 } };
	struct fs_tree *tree = fs_tree_new();
	struct fs fs;

	(void) state;
	for (size_t i = 0; i < ARRAY_SIZE(below); i++) {
		const struct fs_tree_entry e = { .path = below[i], .kind = FS_LINK, .mode = 0777, .data = "..", .len = 2 };

		assert_int_equal(fs_tree_add(tree, &e), 0);
	}
	fs_of_tree(&fs, tree, "a machine");
	lifeline_add(&fs, &lines, "bond0.5", "somebody is there");
	assert_int_equal(lines.list.n, 4);
	assert_string_equal(lifeline_of(&lines, "bond0.5")->why, "somebody is there");
	assert_string_equal(lifeline_of(&lines, "eth1")->why, "somebody is there, by way of bond0.5");
	assert_null(lifeline_of(&lines, "eth2"));
	lifelines_free(&lines);
	fs_close(&fs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_logins),  cmocka_unit_test(test_connections), cmocka_unit_test(test_routes),
		cmocka_unit_test(test_refused), cmocka_unit_test(test_stack),       cmocka_unit_test(test_namespace),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
