/* SPDX-License-Identifier: Apache-2.0 */
#include "host/nic_ethtool.h"

#include <errno.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/cursor.h"
#include "base/text.h"

static int call(const char *nic, void *request)
{
	AUTO_CLOSE int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq ifr = { .ifr_data = request };

	if (fd < 0)
		return -errno;
	if (text_print(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", nic))
		return -ENODEV;
	return ioctl(fd, SIOCETHTOOL, &ifr) < 0 ? -errno : 0;
}

static int ask_coalesce(void *arg, char *buf, size_t cap)
{
	struct ethtool_coalesce c = { .cmd = ETHTOOL_GCOALESCE };
	int r = call(arg, &c);

	if (r < 0)
		return r;
	return text_print(buf, cap, "rx_usecs=%u rx_frames=%u tx_usecs=%u tx_frames=%u adaptive_rx=%u adaptive_tx=%u",
			  c.rx_coalesce_usecs, c.rx_max_coalesced_frames, c.tx_coalesce_usecs, c.tx_max_coalesced_frames,
			  c.use_adaptive_rx_coalesce, c.use_adaptive_tx_coalesce)
		       ? -ENOSPC
		       : (int) strlen(buf);
}

static int ask_channels(void *arg, char *buf, size_t cap)
{
	struct ethtool_channels c = { .cmd = ETHTOOL_GCHANNELS };
	int r = call(arg, &c);

	if (r < 0)
		return r;
	return text_print(buf, cap, "max=%u combined=%u", c.max_combined ? c.max_combined : c.max_rx, c.combined_count)
		       ? -ENOSPC
		       : (int) strlen(buf);
}

static int ask_ring(void *arg, char *buf, size_t cap)
{
	struct ethtool_ringparam p = { .cmd = ETHTOOL_GRINGPARAM };
	int r = call(arg, &p);

	if (r < 0)
		return r;
	return text_print(buf, cap, "rx=%u tx=%u rx_max=%u", p.rx_pending, p.tx_pending, p.rx_max_pending)
		       ? -ENOSPC
		       : (int) strlen(buf);
}

static int ask_offloads(void *arg, char *buf, size_t cap)
{
	static const struct {
		const char *name;
		unsigned cmd, mask;
	} rows[] = {
		{ "gro", ETHTOOL_GGRO, 1 },
		{ "gso", ETHTOOL_GGSO, 1 },
		{ "tso", ETHTOOL_GTSO, 1 },
		{ "lro", ETHTOOL_GFLAGS, ETH_FLAG_LRO },
	};
	size_t used = 0;
	int r = 0;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct ethtool_value v = { .cmd = rows[i].cmd };
		int one = call(arg, &v);

		r = one < 0 ? one : r;
		if (one < 0)
			continue;
		text_print(buf + used, cap - used, "%s%s=%d", used ? " " : "", rows[i].name, (v.data & rows[i].mask) != 0);
		used = strlen(buf);
	}
	return used ? (int) used : r;
}

int64_t ethtool_word(const char *text, const char *key)
{
	size_t n = strlen(key);

	for (const char *at = text; *at; at += strcspn(at, " "), at += *at == ' ') {
		const char *value = at + n + 1;
		uint64_t number;

		if (strncmp(at, key, n) == 0 && at[n] == '=')
			return take_u64(&value, &number) && number <= INT32_MAX ? (int64_t) number : -1;
	}
	return -1;
}

static bool ask(const struct fs *fs, struct nic_fact *n, const char *what, fs_ask *fn, char *buf, size_t cap)
{
	char name[64];

	text_print(name, sizeof(name), "ethtool/%s/%s", n->name, what);
	return fs_answer(fs, name, fn, n->name, buf, cap) > 0;
}

void nic_ethtool_read(const struct fs *fs, struct nic_fact *n)
{
	char t[192];

	n->coalesce_known = ask(fs, n, "coalesce", ask_coalesce, t, sizeof(t));
	if (n->coalesce_known)
		n->coalesce = (struct nic_coalesce){
			.rx_usecs = ethtool_word(t, "rx_usecs"),
			.rx_frames = ethtool_word(t, "rx_frames"),
			.tx_usecs = ethtool_word(t, "tx_usecs"),
			.tx_frames = ethtool_word(t, "tx_frames"),
			.adaptive_rx = (int) ethtool_word(t, "adaptive_rx"),
			.adaptive_tx = (int) ethtool_word(t, "adaptive_tx"),
		};
	n->offloads_known = ask(fs, n, "offloads", ask_offloads, t, sizeof(t));
	if (n->offloads_known)
		n->offloads = (struct nic_offloads){
			.gro = (int) ethtool_word(t, "gro"),
			.lro = (int) ethtool_word(t, "lro"),
			.gso = (int) ethtool_word(t, "gso"),
			.tso = (int) ethtool_word(t, "tso"),
		};
	n->queues_max = n->combined = n->rx_ring = n->rx_ring_max = -1;
	if (ask(fs, n, "channels", ask_channels, t, sizeof(t))) {
		n->queues_max = (int) ethtool_word(t, "max");
		n->combined = (int) ethtool_word(t, "combined");
	}
	if (!ask(fs, n, "ring", ask_ring, t, sizeof(t)))
		return;
	n->rx_ring = (int) ethtool_word(t, "rx");
	n->rx_ring_max = (int) ethtool_word(t, "rx_max");
	text_print(n->ring, sizeof(n->ring), "%d/%d", n->rx_ring, (int) ethtool_word(t, "tx"));
}
