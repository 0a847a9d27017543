/* SPDX-License-Identifier: Apache-2.0 */
#include "keep/hotplug.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/cursor.h"
#include "base/log.h"
#include "base/text.h"
#include "base/vec.h"
#include "host/facts.h"

/* After the last event: at once, so to say; and for interrupts that are asked for when an interface goes up. */
static const uint64_t looks_ns[] = { 500 * NS_PER_MS, 5 * NS_PER_S, 30 * NS_PER_S };

struct hotplug {
	int fd;
	struct came came;
	uint64_t last_ns; /* of the last event that concerned us */
	size_t looks;     /* done since */
};

static bool is_one_of(const char *word, const char *const *words, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (text_eq(word, words[i]))
			return true;
	return false;
}

static bool note_card(struct came *c, const char *address)
{
	if (!address[0])
		return false;
	for (unsigned i = 0; i < c->n_cards; i++)
		if (text_eq(c->cards[i], address))
			return true;
	if (c->n_cards == ARRAY_SIZE(c->cards))
		c->all = true;
	else
		text_print(c->cards[c->n_cards++], sizeof(c->cards[0]), "%s", address);
	return true;
}

bool came_note(struct came *c, const struct uevent *e)
{
	static const char *const cpu_actions[] = { "online", "offline", "add" };
	static const char *const card_actions[] = { "add", "bind", "move" };

	if (text_eq(e->subsystem, "cpu") && e->cpu >= 0 && is_one_of(e->action, cpu_actions, ARRAY_SIZE(cpu_actions))) {
		cpuset_add(&c->cpus, (unsigned) e->cpu);
		return true;
	}
	if (!text_eq(e->subsystem, "net") && !text_eq(e->subsystem, "pci") && !text_eq(e->subsystem, "virtio"))
		return false;
	return is_one_of(e->action, card_actions, ARRAY_SIZE(card_actions)) && note_card(c, e->address);
}

/* ".../cpu3/..." */
static bool names_cpu(const struct came *c, const char *path)
{
	for (const char *at = path; (at = strstr(at, "/cpu"));) {
		uint64_t cpu;

		at += strlen("/cpu");
		if (take_u64(&at, &cpu) && (*at == '/' || !*at) && cpu < CPUSET_MAX && cpuset_has(&c->cpus, (unsigned) cpu))
			return true;
	}
	return false;
}

/* A policy of cpufreq is made anew when the first of its CPUs comes back. */
static bool names_policy(const struct came *c, const struct fs *fs, const char *path)
{
	static const char folder[] = "sys/devices/system/cpu/cpufreq/policy";
	const char *at = path;
	char list[96];
	struct cpuset cpus;
	uint64_t n;

	if (!take_text(&at, folder) || !take_u64(&at, &n) || *at != '/' ||
	    text_print(list, sizeof(list), "%s%llu/related_cpus", folder, (unsigned long long) n))
		return false;
	if (fs_read_cpulist(fs, list, &cpus) < 0)
		return true;
	cpus = cpuset_and(&cpus, &c->cpus);
	return !cpuset_empty(&cpus);
}

static bool is_of_card(const struct fs *fs, const char *address, uint64_t irq)
{
	char path[80];
	uint64_t pin;

	if (fs_existsf(fs, "sys/bus/pci/devices/%s/msi_irqs/%llu", address, (unsigned long long) irq))
		return true;
	text_print(path, sizeof(path), "sys/bus/pci/devices/%s/irq", address);
	return fs_read_u64(fs, path, &pin) == 0 && pin == irq;
}

/* Taking a CPU away moves the interrupts that it had to any other, isolated ones too: then all are looked at. */
static bool names_interrupt(const struct came *c, const struct fs *fs, const char *path)
{
	const char *at = path;
	uint64_t irq;

	if (!take_text(&at, "proc/irq/") || !take_u64(&at, &irq))
		return false;
	if (!cpuset_empty(&c->cpus))
		return true;
	for (unsigned i = 0; i < c->n_cards; i++)
		if (is_of_card(fs, c->cards[i], irq))
			return true;
	return false;
}

static bool names_interface(const struct came *c, const struct fs *fs, const char *path)
{
	const char *at = path;
	char link[96], target[512];

	if (!take_text(&at, "sys/class/net/") ||
	    text_print(link, sizeof(link), "sys/class/net/%.*s", (int) strcspn(at, "/"), at) ||
	    fs_readlink(fs, link, target, sizeof(target)) < 0)
		return false;
	for (unsigned i = 0; i < c->n_cards; i++) {
		char folder[24];

		text_print(folder, sizeof(folder), "/%s/", c->cards[i]);
		if (strstr(target, folder))
			return true;
	}
	return false;
}

static bool names_card(const struct came *c, const char *path)
{
	const char *at = path;

	if (!take_text(&at, "sys/bus/pci/devices/"))
		return false;
	for (unsigned i = 0; i < c->n_cards; i++)
		if (text_eq(at, c->cards[i]))
			return true;
	return false;
}

bool came_concerns(const struct came *c, const struct fs *fs, const char *path)
{
	return c->all || names_cpu(c, path) || names_policy(c, fs, path) || names_interrupt(c, fs, path) ||
	       names_interface(c, fs, path) || names_card(c, path);
}

int hotplug_open(struct hotplug **ret, int *ret_fd, struct err *err)
{
	struct hotplug *h = xalloc(1, sizeof(*h));
	int r;

	h->fd = -1;
	h->looks = ARRAY_SIZE(looks_ns);
	r = uevent_open(&h->fd, err);
	if (r < 0) {
		hotplug_close(h);
		return r;
	}
	*ret = h;
	*ret_fd = h->fd;
	return 0;
}

void hotplug_close(struct hotplug *h)
{
	if (h && h->fd >= 0)
		close(h->fd);
	free(h);
}

static void hear(struct hotplug *h)
{
	struct uevent e;
	bool heard = false;
	int r;

	while ((r = uevent_next(h->fd, &e)) > 0)
		heard = came_note(&h->came, &e) || heard;
	if (r == -ENOBUFS)
		h->came.all = heard = true;
	if (!heard)
		return;
	h->last_ns = clock_ns();
	h->looks = 0;
}

struct concern {
	const struct came *came;
	const struct fs *fs;
};

static bool concerns(void *arg, const char *knob, const char *path)
{
	const struct concern *c = arg;

	(void) knob;
	return came_concerns(c->came, c->fs, path);
}

static void renew(struct hotplug *h, struct plan *plan)
{
	struct concern c = { .came = &h->came, .fs = plan_fs(plan) };
	struct host_facts facts = { 0 };
	struct err err = { 0 };
	char cpus[256];
	int r = host_facts_read(c.fs, &facts, &err);

	if (r == 0)
		r = plan_renew(plan, &facts, concerns, &c, &err);
	host_facts_free(&facts);
	if (r < 0)
		log_warn("what came to this host could not be tuned: %s", err.text);
	else if (r > 0)
		log_note("tuned what came (CPUs %s, %u cards): %d settings", cpuset_list(&h->came.cpus, cpus, sizeof(cpus)),
			 h->came.n_cards, r);
}

int hotplug_tick(struct hotplug *h, struct plan *plan, bool readable)
{
	uint64_t due;

	if (readable)
		hear(h);
	if (h->looks == ARRAY_SIZE(looks_ns))
		return -1;
	due = h->last_ns + looks_ns[h->looks];
	if (clock_ns() < due)
		return clock_left_ms(due);
	renew(h, plan);
	if (++h->looks < ARRAY_SIZE(looks_ns))
		return clock_left_ms(h->last_ns + looks_ns[h->looks]);
	h->came = (struct came){ 0 };
	return -1;
}
