/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nic - settings of a network card that no file shows, as words: "ring rx=512",
 * "coalesce adaptive-rx=0 rx-usecs=8", "channels combined=2", "lro on=0".  Read
 * and written by SIOCETHTOOL (linux/ethtool.h), which every driver answers, in
 * the network namespace of the caller.
 */
#ifndef JOURNAL_NIC_H
#define JOURNAL_NIC_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/fs.h"

#define NIC_KEYS_MAX  2
#define NIC_WORDS_MAX 128

struct journal;
struct nic_group; /* "ring" and its keys */

struct nic_words {
	const struct nic_group *group;
	bool given[NIC_KEYS_MAX];
	uint32_t value[NIC_KEYS_MAX];
};

/* -EINVAL: an unknown group or key, a number that is none, no key at all, or one twice. */
int nic_words_parse(const char *text, struct nic_words *ret);
char *nic_words_text(const struct nic_words *w, char buf[NIC_WORDS_MAX]);
bool nic_words_same(const struct nic_words *a, const struct nic_words *b);

/* The keys of `like` as they are now; negative errno: -ENODEV, -EOPNOTSUPP. */
int nic_words_read(const char *netdev, const struct nic_words *like, struct nic_words *ret);
/* All that is not named stays as it is. */
int nic_words_write(const char *netdev, const struct nic_words *want);

/* The address that the card was made with, which no bond and no person changes; "" when it tells none. */
void nic_made_with(const char *netdev, char mac[18]);

/*
 * An intent: the card is known by its PCI address and by the address it was
 * made with ("" = it tells none), whatever it is called later.
 */
int journal_nic(struct journal *j, const struct fs *fs, const char *address, const char *mac, const char *before,
		const char *after, struct err *err);
/* What the card has made of it, where that is not what was written; as before = it was refused. */
int journal_nic_left(struct journal *j, const char *address, const struct nic_words *left, struct err *err);

#endif
