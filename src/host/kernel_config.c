/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/cleanup.h"
#include "base/cursor.h"
#include "base/text.h"
#include "base/vec.h"
#include "host/kernel.h"

#define CONFIG_MAX (4u << 20)

/* Sorted: a configuration has thousands of lines, each of which is looked for here. */
const char *const kernel_option_names[] = {
	"CPUSETS",
	"CPU_IDLE_GOV_HALTPOLL",
	"HAVE_PREEMPT_DYNAMIC",
	"HUGETLBFS",
	"HZ",
	"INTEL_IDLE",
	"IRQ_FORCED_THREADING",
	"KSM",
	"KVM",
	"NO_HZ_FULL",
	"NUMA_BALANCING",
	"PCIEASPM",
	"PREEMPT",
	"PREEMPT_DYNAMIC",
	"PREEMPT_LAZY",
	"PREEMPT_NONE",
	"PREEMPT_RT",
	"PREEMPT_VOLUNTARY",
	"RCU_NOCB_CPU",
	"RT_GROUP_SCHED",
	"SCHED_AUTOGROUP",
	"SCHED_CORE",
	"TRANSPARENT_HUGEPAGE",
	"VFIO_PCI",
	"VHOST_NET",
	"VIRT_CPU_ACCOUNTING_GEN",
	"X86_X2APIC",
};
const size_t n_kernel_option_names = ARRAY_SIZE(kernel_option_names);

static struct kernel_option *option_of(struct kernel_facts *k, const char *name, size_t len)
{
	size_t low = 0, high = k->n_options;

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		const char *known = k->options[mid].name;
		int order = strncmp(name, known, len);

		if (order == 0 && !known[len])
			return &k->options[mid];
		if (order > 0)
			low = mid + 1;
		else
			high = mid;
	}
	return NULL;
}

static void options_begin(struct kernel_facts *k)
{
	free(k->options);
	k->n_options = n_kernel_option_names;
	k->options = xalloc(k->n_options, sizeof(*k->options));
	for (size_t i = 0; i < k->n_options; i++)
		k->options[i] = (struct kernel_option){ .name = kernel_option_names[i], .value = "n" };
}

static void take_option(struct kernel_facts *k, const char *name, const char *end)
{
	struct kernel_option *o;
	const char *value;
	size_t len;

	if (!take_text(&name, "CONFIG_"))
		return;
	value = memchr(name, '=', (size_t) (end - name));
	o = value ? option_of(k, name, (size_t) (value - name)) : NULL;
	if (!o)
		return;
	len = (size_t) (end - value - 1);
	if (len >= sizeof(o->value))
		len = sizeof(o->value) - 1;
	memcpy(o->value, value + 1, len);
	o->value[len] = '\0';
}

/* All lines that have an end; returns what begins after the last of them.  text[len] is 0. */
static const char *take_lines(struct kernel_facts *k, const char *text)
{
	for (const char *end; (end = strchr(text, '\n')); text = end + 1)
		if (*text == 'C')
			take_option(k, text, end);
	return text;
}

void kernel_config_parse(const char *text, struct kernel_facts *k)
{
	options_begin(k);
	text = take_lines(k, text);
	take_option(k, text, text + strlen(text));
}

const char *kernel_option(const struct kernel_facts *k, const char *name)
{
	for (size_t i = 0; i < k->n_options; i++) {
		if (text_eq(k->options[i].name, name))
			return k->options[i].value;
	}
	return NULL;
}

struct kernel_config {
	char *packed;
	size_t len;
	int error;
	bool whole; /* what was unpacked was sound to the end */
	z_stream z;
	struct kernel_facts found; /* its options only */
	char window[32769];
};

/* At most CONFIG_MAX bytes come out, whatever the file claims.  A line longer than the window tells nothing. */
void kernel_config_look(struct kernel_config *c)
{
	size_t kept = 0, room = sizeof(c->window) - 1;
	int r;

	if (c->error < 0)
		return;
	do {
		const char *rest;

		c->z.next_out = (Bytef *) c->window + kept;
		c->z.avail_out = (uInt) (room - kept);
		r = inflate(&c->z, Z_NO_FLUSH);
		c->window[room - c->z.avail_out] = '\0';
		rest = take_lines(&c->found, c->window);
		kept = strlen(rest) == room ? 0 : strlen(rest);
		memmove(c->window, rest, kept + 1);
	} while (r == Z_OK && c->z.total_out <= CONFIG_MAX);
	take_option(&c->found, c->window, c->window + kept);
	c->whole = r == Z_STREAM_END && c->z.total_out <= CONFIG_MAX;
	inflateEnd(&c->z);
}

struct kernel_config *kernel_config_begin(const struct fs *fs)
{
	struct kernel_config *c = xalloc(1, sizeof(*c));

	c->error = fs_read_all(fs, "proc/config.gz", 1 << 20, &c->packed, &c->len);
	if (c->error < 0)
		return c;
	c->z = (z_stream){ .next_in = (Bytef *) c->packed, .avail_in = (uInt) c->len };
	if (inflateInit2(&c->z, 16 + MAX_WBITS) != Z_OK) {
		c->error = -ENOMEM;
		return c;
	}
	options_begin(&c->found);
	return c;
}

static int read_text_config(const struct fs *fs, struct kernel_facts *k, char **ret)
{
	static const char *const places[] = { "boot/config-%s", "lib/modules/%s/config", "usr/lib/modules/%s/config" };
	int r = -ENOENT;

	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		const char *rest = strstr(places[i], "%s");
		char path[160];

		if (strchr(k->release, '/') ||
		    text_print(path, sizeof(path), "%.*s%s%s", (int) (rest - places[i]), places[i], k->release, rest + 2))
			continue;
		r = fs_read_all(fs, path, CONFIG_MAX, ret, NULL);
		if (r == 0) {
			text_print(k->config_from, sizeof(k->config_from), "%s", path);
			return 0;
		}
	}
	return r;
}

/* Before the model could be switched while running, it was built in. */
static void guess_preempt(struct kernel_facts *k)
{
	static const struct {
		const char *option, *model;
	} rows[] = {
		{ "PREEMPT_RT", "rt" },     { "PREEMPT_LAZY", "lazy" },
		{ "PREEMPT", "full" },      { "PREEMPT_VOLUNTARY", "voluntary" },
		{ "PREEMPT_NONE", "none" },
	};

	if (k->preempt[0] && !text_eq(k->preempt, "dynamic"))
		return;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const char *value = kernel_option(k, rows[i].option);

		if (value && text_eq(value, "y")) {
			text_print(k->preempt, sizeof(k->preempt), "%s", rows[i].model);
			return;
		}
	}
}

int kernel_config_end(struct kernel_config *c, const struct fs *fs, struct kernel_facts *k)
{
	AUTO_FREE char *text = NULL;
	int r;

	if (c->whole) {
		r = 0;
		text_print(k->config_from, sizeof(k->config_from), "proc/config.gz");
		free(k->options);
		k->options = TAKE(c->found.options);
		k->n_options = c->found.n_options;
	} else {
		r = read_text_config(fs, k, &text);
		if (r == 0)
			kernel_config_parse(text, k);
	}
	if (r == 0)
		guess_preempt(k);
	free(c->found.options);
	free(c->packed);
	free(c);
	return r;
}
