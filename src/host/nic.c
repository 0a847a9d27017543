/* SPDX-License-Identifier: Apache-2.0 */
#include "host/nic.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/cursor.h"
#include "base/text.h"
#include "base/value.h"
#include "base/vec.h"
#include "host/nic_ethtool.h"

#define NET_DIR "sys/class/net"

static int64_t number(const struct fs *fs, const char *nic, const char *file)
{
	char buf[32];
	int64_t n;

	if (fs_readf(fs, buf, sizeof(buf), NET_DIR "/%s/%s", nic, file) < 0 || text_i64(text_trim(buf), &n) < 0)
		return -1;
	return n < 0 ? -1 : n;
}

static bool last_part(const struct fs *fs, const char *path, char *buf, size_t cap)
{
	char target[512];
	const char *slash;

	if (fs_readlink(fs, path, target, sizeof(target)) < 0)
		return false;
	slash = strrchr(target, '/');
	return !text_print(buf, cap, "%s", slash ? slash + 1 : target);
}

/* "0000:00:03.0" */
static bool is_pci_address(const char *word, size_t len)
{
	return len >= 12 && len <= 16 && word[4] == ':' && word[7] == ':' && word[len - 2] == '.';
}

/* The device's folder runs over its bus: the last PCI address on the way is the card, also of a virtio device. */
static void read_device(const struct fs *fs, struct nic_fact *n)
{
	char path[96], target[512];

	text_print(path, sizeof(path), NET_DIR "/%s/device", n->name);
	if (!last_part(fs, path, n->device, sizeof(n->device)))
		return;
	text_print(path, sizeof(path), NET_DIR "/%s/device/driver", n->name);
	last_part(fs, path, n->driver, sizeof(n->driver));
	text_print(path, sizeof(path), NET_DIR "/%s", n->name);
	if (fs_readlink(fs, path, target, sizeof(target)) < 0)
		return;
	for (const char *at = target; *at; at += strcspn(at, "/"), at += *at == '/') {
		size_t len = strcspn(at, "/");

		if (is_pci_address(at, len))
			text_print(n->device, sizeof(n->device), "%.*s", (int) len, at);
	}
}

static void read_kind(const struct fs *fs, struct nic_fact *n)
{
	const char *kind = "virtual";

	if (number(fs, n->name, "type") == 772)
		kind = "loopback";
	else if (n->device[0])
		kind = "device";
	else if (fs_existsf(fs, NET_DIR "/%s/bridge", n->name))
		kind = "bridge";
	else if (fs_existsf(fs, NET_DIR "/%s/tun_flags", n->name))
		kind = "tap";
	text_print(n->kind, sizeof(n->kind), "%s", kind);
}

/* A mask with any bit: some queue is steered by software. */
static bool mask_set(const struct fs *fs, const char *nic, const char *queue, const char *file)
{
	char path[128];
	struct cpuset s;

	return !text_print(path, sizeof(path), NET_DIR "/%s/queues/%s/%s", nic, queue, file) &&
	       fs_read_cpumask(fs, path, &s) == 0 && !cpuset_empty(&s);
}

static void read_queues(const struct fs *fs, struct nic_fact *n)
{
	struct fs_names names;
	char path[96];

	text_print(path, sizeof(path), NET_DIR "/%s/queues", n->name);
	if (fs_list(fs, path, &names) < 0)
		return;
	for (size_t i = 0; i < names.n; i++) {
		if (text_starts(names.at[i], "rx-")) {
			n->rx_queues++;
			n->rps |= mask_set(fs, n->name, names.at[i], "rps_cpus");
		} else if (text_starts(names.at[i], "tx-")) {
			n->tx_queues++;
			n->xps |= mask_set(fs, n->name, names.at[i], "xps_cpus");
		}
	}
	fs_list_free(&names);
}

/* Per-device switches of the link's sleep states, Linux 5.5 and later. */
static void read_aspm(const struct fs *fs, struct nic_fact *n)
{
	static const char *const states[] = { "l0s_aspm", "l1_aspm", "l1_1_aspm", "l1_2_aspm" };
	bool told = false;
	size_t used = 0;

	for (size_t i = 0; i < ARRAY_SIZE(states); i++) {
		char buf[8];

		if (fs_readf(fs, buf, sizeof(buf), NET_DIR "/%s/device/link/%s", n->name, states[i]) <= 0)
			continue;
		told = true;
		if (buf[0] == '1')
			text_print(n->aspm + used, sizeof(n->aspm) - used, "%s%.*s", used ? " " : "",
				   (int) (strlen(states[i]) - strlen("_aspm")), states[i]);
		used = strlen(n->aspm);
	}
	if (told && !used)
		text_print(n->aspm, sizeof(n->aspm), "none");
}

static void read_nic(const struct fs *fs, const char *name, struct nic_fact *n)
{
	*n = (struct nic_fact){ .node = -1 };
	text_print(n->name, sizeof(n->name), "%s", name);
	read_device(fs, n);
	read_kind(fs, n);
	if (fs_readf(fs, n->state, sizeof(n->state), NET_DIR "/%s/operstate", name) < 0)
		n->state[0] = '\0';
	n->speed_mbps = text_eq(n->state, "up") ? number(fs, name, "speed") : -1;
	n->mtu = (unsigned) (number(fs, name, "mtu") & 0x7fffffff);
	n->node = (int) number(fs, name, "device/numa_node");
	if (n->node < 0)
		n->node = (int) number(fs, name, "device/../numa_node");
	n->gro_flush_ns = number(fs, name, "gro_flush_timeout");
	n->defer_hard_irqs = number(fs, name, "napi_defer_hard_irqs");
	n->threaded = (int) number(fs, name, "threaded");
	read_queues(fs, n);
	read_aspm(fs, n);
	nic_ethtool_read(fs, n);
}

void nic_facts_read(const struct fs *fs, struct nic_facts *ret)
{
	VEC(struct nic_fact) list = { 0 };
	struct nic_facts f = { 0 };
	struct fs_names names;
	char text[128];

	if (fs_read(fs, "sys/module/pcie_aspm/parameters/policy", text, sizeof(text)) > 0 &&
	    !value_clean(VALUE_CHOICE, text, f.aspm_policy, sizeof(f.aspm_policy)))
		f.aspm_policy[0] = '\0';
	if (fs_list(fs, NET_DIR, &names) == 0) {
		for (size_t i = 0; i < names.n; i++) {
			char path[96];
			struct nic_fact *n;

			/* bonding_masters and the like are files */
			if (strlen(names.at[i]) >= sizeof(n->name) || !fs_existsf(fs, NET_DIR "/%s/ifindex", names.at[i]))
				continue;
			n = vec_add(&list);
			read_nic(fs, names.at[i], n);
			text_print(path, sizeof(path), NET_DIR "/%s/master", n->name);
			last_part(fs, path, n->master, sizeof(n->master));
		}
		fs_list_free(&names);
	}
	f.at = list.at;
	f.n = list.n;
	*ret = f;
}

void nic_facts_free(struct nic_facts *f)
{
	free(f->at);
	*f = (struct nic_facts){ 0 };
}
