/* SPDX-License-Identifier: Apache-2.0 */
#include "journal/nic.h"

#include <errno.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "base/cursor.h"
#include "base/text.h"
#include "journal/device.h"
#include "journal/internal.h"

struct nic_key {
	const char *name;
	size_t offset; /* of a __u32 in the request */
	uint32_t mask; /* one bit of it, as 0 or 1; 0 = the whole number */
};

struct nic_group {
	const char *name;
	uint32_t get, set;
	struct nic_key keys[NIC_KEYS_MAX];
};

/* The kernel copies as much of it as the command needs. */
union request {
	uint32_t cmd;
	struct ethtool_ringparam ring;
	struct ethtool_coalesce coalesce;
	struct ethtool_channels channels;
	struct ethtool_value flags;
};

static const struct nic_group groups[] = {
	{ "ring", ETHTOOL_GRINGPARAM, ETHTOOL_SRINGPARAM, { { "rx", offsetof(struct ethtool_ringparam, rx_pending), 0 } } },
	{ "coalesce",
	  ETHTOOL_GCOALESCE,
	  ETHTOOL_SCOALESCE,
	  { { "adaptive-rx", offsetof(struct ethtool_coalesce, use_adaptive_rx_coalesce), 0 },
	    { "rx-usecs", offsetof(struct ethtool_coalesce, rx_coalesce_usecs), 0 } } },
	{ "channels",
	  ETHTOOL_GCHANNELS,
	  ETHTOOL_SCHANNELS,
	  { { "combined", offsetof(struct ethtool_channels, combined_count), 0 } } },
	{ "lro", ETHTOOL_GFLAGS, ETHTOOL_SFLAGS, { { "on", offsetof(struct ethtool_value, data), ETH_FLAG_LRO } } },
};

static const struct nic_group *find_group(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(groups); i++)
		if (text_eq(groups[i].name, name))
			return &groups[i];
	return NULL;
}

/* "rx=512" */
static int take_key(char *word, struct nic_words *w)
{
	char *value = strchr(word, '=');
	const char *digits;
	uint64_t number;

	if (!value)
		return -EINVAL;
	*value++ = '\0';
	digits = value;
	if (!take_u64(&digits, &number) || *digits || number > UINT32_MAX)
		return -EINVAL;
	for (size_t k = 0; k < NIC_KEYS_MAX && w->group->keys[k].name; k++) {
		if (!text_eq(w->group->keys[k].name, word))
			continue;
		if (w->given[k] || (w->group->keys[k].mask && number > 1))
			return -EINVAL;
		w->given[k] = true;
		w->value[k] = (uint32_t) number;
		return 0;
	}
	return -EINVAL;
}

int nic_words_parse(const char *text, struct nic_words *ret)
{
	struct nic_words w = { 0 };
	char word[64];
	int r, n = 0;

	if (!take_word(&text, word, sizeof(word)))
		return -EINVAL;
	w.group = find_group(word);
	if (!w.group)
		return -EINVAL;
	while (*text) {
		if (!take_blanks(&text) || !take_word(&text, word, sizeof(word)))
			return -EINVAL;
		r = take_key(word, &w);
		if (r < 0)
			return r;
		n++;
	}
	if (n == 0)
		return -EINVAL;
	*ret = w;
	return 0;
}

char *nic_words_text(const struct nic_words *w, char buf[NIC_WORDS_MAX])
{
	size_t used;

	text_print(buf, NIC_WORDS_MAX, "%s", w->group->name);
	for (size_t k = 0; k < NIC_KEYS_MAX; k++) {
		used = strlen(buf);
		if (w->given[k])
			text_print(buf + used, NIC_WORDS_MAX - used, " %s=%u", w->group->keys[k].name, w->value[k]);
	}
	return buf;
}

bool nic_words_same(const struct nic_words *a, const struct nic_words *b)
{
	if (a->group != b->group)
		return false;
	for (size_t k = 0; k < NIC_KEYS_MAX; k++)
		if (a->given[k] != b->given[k] || (a->given[k] && a->value[k] != b->value[k]))
			return false;
	return true;
}

static int call(const char *netdev, void *request)
{
	AUTO_CLOSE int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq ifr = { .ifr_data = request };

	if (fd < 0)
		return -errno;
	if (text_print(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", netdev))
		return -ENODEV;
	return ioctl(fd, SIOCETHTOOL, &ifr) < 0 ? -errno : 0;
}

static uint32_t field_get(const union request *q, const struct nic_key *k)
{
	uint32_t v;

	memcpy(&v, (const char *) q + k->offset, sizeof(v));
	return k->mask ? (v & k->mask) != 0 : v;
}

static void field_set(union request *q, const struct nic_key *k, uint32_t value)
{
	uint32_t v;

	memcpy(&v, (const char *) q + k->offset, sizeof(v));
	if (k->mask)
		v = value ? v | k->mask : v & ~k->mask;
	else
		v = value;
	memcpy((char *) q + k->offset, &v, sizeof(v));
}

int nic_words_read(const char *netdev, const struct nic_words *like, struct nic_words *ret)
{
	union request q = { .cmd = like->group->get };
	int r = call(netdev, &q);

	if (r < 0)
		return r;
	*ret = *like;
	for (size_t k = 0; k < NIC_KEYS_MAX; k++)
		if (like->given[k])
			ret->value[k] = field_get(&q, &like->group->keys[k]);
	return 0;
}

int nic_words_write(const char *netdev, const struct nic_words *want)
{
	union request q = { .cmd = want->group->get };
	int r = call(netdev, &q);

	if (r < 0)
		return r;
	q.cmd = want->group->set;
	for (size_t k = 0; k < NIC_KEYS_MAX; k++)
		if (want->given[k])
			field_set(&q, &want->group->keys[k], want->value[k]);
	return call(netdev, &q);
}

void nic_made_with(const char *netdev, char mac[18])
{
	union {
		struct ethtool_perm_addr head;
		uint8_t bytes[sizeof(struct ethtool_perm_addr) + 32];
	} q = { .head = { .cmd = ETHTOOL_GPERMADDR, .size = 32 } };
	const uint8_t *at = q.bytes + sizeof(q.head);
	static const uint8_t none[6];

	mac[0] = '\0';
	if (call(netdev, &q) == 0 && q.head.size == sizeof(none) && memcmp(at, none, sizeof(none)) != 0)
		text_print(mac, 18, "%02x:%02x:%02x:%02x:%02x:%02x", at[0], at[1], at[2], at[3], at[4], at[5]);
}

int journal_nic(struct journal *j, const struct fs *fs, const char *address, const char *mac, const char *before,
		const char *after, struct err *err)
{
	struct entry e = { .kind = ENTRY_NIC };

	if (!fs->live)
		return err_set(err, -EINVAL, "%s: a card of a copied machine cannot be changed", address);
	e.path = xprintf(DEVICE_FOLDER "%s", address);
	e.before = xprintf("%s %s", mac[0] ? mac : "-", before);
	e.after = xstrdup(after);
	return journal_note(j, &e, err);
}

static struct entry *last_of(struct journal *j, const char *address, const struct nic_group *group)
{
	AUTO_FREE char *path = xprintf(DEVICE_FOLDER "%s", address);

	for (size_t i = j->entries.n; i-- > 0;) {
		struct entry *e = &j->entries.at[i];
		struct nic_words after;

		if (e->kind == ENTRY_NIC && !e->settled && text_eq(e->path, path) && nic_words_parse(e->after, &after) == 0 &&
		    after.group == group)
			return e;
	}
	return NULL;
}

int journal_nic_left(struct journal *j, const char *address, const struct nic_words *left, struct err *err)
{
	struct entry *e = last_of(j, address, left->group);
	char text[NIC_WORDS_MAX];

	return e ? journal_later(j, e, "left", nic_words_text(left, text), &e->left, false, err)
		 : err_set(err, -ENOENT, "the journal knows no such change of the card at %s", address);
}
