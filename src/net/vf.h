/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vf - the attributes that a physical function holds for each of its virtual
 * functions, as pure messages: IFLA_VFINFO_LIST of linux/if_link.h.
 */
#ifndef NET_VF_H
#define NET_VF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "net/rtmsg.h"

enum vf_link { VF_LINK_AUTO, VF_LINK_UP, VF_LINK_DOWN };       /* as the kernel numbers them */

enum {
	VF_MAC = 1 << 0,
	VF_VLAN = 1 << 1,
	VF_SPOOFCHK = 1 << 2,
	VF_TRUST = 1 << 3,
	VF_RATE = 1 << 4,
	VF_LINK = 1 << 5,
};

struct vf_wish {
	unsigned set;                   /* VF_MAC | ...: the others stay as they are */
	struct mac mac;
	uint16_t vlan;                  /* 0 = none, .. 4094 */
	uint8_t qos;
	bool spoofchk, trust;
	uint32_t min_mbps, max_mbps;    /* 0 = no limit */
	enum vf_link link;
};

struct nlmsghdr *rtmsg_vf_set(struct rtbuf *m, uint32_t ifindex, unsigned vf, const struct vf_wish *wish);
struct nlmsghdr *rtmsg_vf_get(struct rtbuf *m, uint32_t ifindex);      /* RTEXT_FILTER_VF */

/* What the physical function says of VF number vf; `set` = which it said.  False when the answer is torn or lacks it. */
bool rtmsg_vf_parse(const void *bytes, size_t len, unsigned vf, struct vf_wish *ret);
/* -EPROTO: names the first attribute that reads back otherwise, and why that may be. */
int vf_compare(const struct vf_wish *want, const struct vf_wish *got, struct err *err);

#endif
