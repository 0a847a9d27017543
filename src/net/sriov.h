/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sriov - virtual functions of one port: made, set up, handed out one by one,
 * removed.  Order and reasons: sriov.c.  Functions that somebody else made
 * are used when they are free, but never changed and never removed.
 */
#ifndef NET_SRIOV_H
#define NET_SRIOV_H

#include <stdbool.h>

#include "base/err.h"
#include "base/fs.h"
#include "host/pci.h"
#include "journal/journal.h"
#include "net/vf.h"

/* What the port's own driver is asked by rtnetlink, in the namespace its netdev is in; replaced in tests. */
struct sriov_ops {
	int (*await)(void *arg, const char *netdev, struct err *err);  /* bring it up, wait for the carrier */
	int (*set)(void *arg, const char *netdev, unsigned vf, const struct vf_wish *wish, struct err *err); /* and read back */
	int (*get)(void *arg, const char *netdev, unsigned vf, struct vf_wish *ret, struct err *err);
};

struct sriov_wish {
	const char *pf;                 /* address of the port */
	const char *netdev;             /* its netdev, as ops know it */
	unsigned need;                  /* how many this run will take */
	unsigned make;                  /* how many to make when it has none; 0 = need */
	struct vf_wish attributes;      /* of those that are made; the MAC is the first one's */
	bool force;
	const struct sriov_ops *ops;    /* NULL = rtnetlink */
	void *arg;                      /* rtnetlink: int *, the namespace of netdev; NULL = this one */
};

struct sriov;
struct vf {
	char address[PCI_ADDRESS_MAX];
	unsigned nr;
	bool ours;                      /* made by this run */
	struct mac mac;                 /* all zeros: it will choose one of its own */
	int lease;                      /* fd; no other run takes it meanwhile.  -1 = none */
	bool bound;                     /* vf_bind_network() gave it a driver */
};

/* Could the port give `n`, or when it has none make `make` (0 = n)?  Every refusal names the port, the reason and the cure. */
int sriov_check(const struct fs *fs, const char *pf, unsigned n, unsigned make, bool force, struct err *err);
/* A port that could, for when none was named: the lowest address. */
int sriov_find(const struct fs *fs, unsigned n, unsigned make, char ret[PCI_ADDRESS_MAX], struct err *err);

int sriov_open(struct sriov **ret, const struct fs *fs, struct journal *j, const struct sriov_wish *wish, struct err *err);
/* The next free one. */
int sriov_take(struct sriov *s, struct vf *ret, struct err *err);
/* A network driver for it; its netdev's name, in this namespace. */
int vf_bind_network(struct sriov *s, struct vf *vf, char netdev[16], struct err *err);
/* Its driver is taken away again if vf_bind_network() gave it one; accepts what sriov_take() has not filled (lease -1). */
void vf_give_back(struct sriov *s, struct vf *vf);
/* Removes those that this run made; what cannot be removed now stays in the journal.  Accepts NULL. */
void sriov_close(struct sriov *s);

#endif
