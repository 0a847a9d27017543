/* SPDX-License-Identifier: Apache-2.0 */
#include "keep/hotplug.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/cursor.h"
#include "base/log.h"
#include "base/text.h"
#include "base/vec.h"
#include "host/facts.h"
#include "keep/groups.h"
#include "keep/identity.h"

/* After the last event: at once, so to say; and for interrupts that are asked for when an interface goes up. */
static const uint64_t looks_ns[] = { 500 * NS_PER_MS, 5 * NS_PER_S, 30 * NS_PER_S };

struct hotplug {
	int both;   /* of the two below, to be waited for */
	int events; /* the kernel's, of devices */
	int groups; /* of control groups; -1 where the others need not be confined */
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

void came_note_group(struct came *c, const char *name)
{
	for (unsigned i = 0; i < c->n_groups; i++)
		if (text_eq(c->groups[i], name))
			return;
	if (c->n_groups == ARRAY_SIZE(c->groups) || text_print(c->groups[c->n_groups], sizeof(c->groups[0]), "%s", name))
		c->any_group = true;
	else
		c->n_groups++;
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
		if (card_has_interrupt(fs, c->cards[i], irq))
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

/* The CPUs of a group, or of one below it. */
static bool names_group(const struct came *c, const char *path)
{
	if (!text_ends(path, "/cpuset.cpus"))
		return false;
	for (unsigned i = 0; i < c->n_groups; i++) {
		char part[88];

		text_print(part, sizeof(part), "/%s/", c->groups[i]);
		if (strstr(path, part))
			return true;
	}
	return c->any_group;
}

bool came_concerns(const struct came *c, const struct fs *fs, const char *path)
{
	return c->all || names_cpu(c, path) || names_policy(c, fs, path) || names_interrupt(c, fs, path) ||
	       names_interface(c, fs, path) || names_card(c, path) || names_group(c, path);
}

static int add(const struct hotplug *h, int fd, struct err *err)
{
	struct epoll_event e = { .events = EPOLLIN };

	return epoll_ctl(h->both, EPOLL_CTL_ADD, fd, &e) < 0 ? err_sys(err, -errno, "events cannot be waited for") : 0;
}

/*
 * Those that came while the tuning was applied have been told by nobody: the first look is for all of them.  Without it (a user
 * has few inotify instances) devices are watched all the same.
 */
static void watch_groups(struct hotplug *h, const struct plan *p)
{
	struct err err = { 0 };
	char dir[512];

	if (!plan_confined_groups(p, dir, sizeof(dir)))
		return;
	if (groups_open(dir, &h->groups, &err) < 0 || add(h, h->groups, &err) < 0) {
		log_warn("control groups that come will not be confined: %s", err.text);
		return;
	}
	h->came.any_group = true;
	h->last_ns = clock_ns();
	h->looks = 0;
}

int hotplug_open(struct hotplug **ret, const struct plan *plan, int *ret_fd, struct err *err)
{
	struct hotplug *h = xalloc(1, sizeof(*h));
	int r;

	h->events = h->groups = -1;
	h->looks = ARRAY_SIZE(looks_ns);
	h->both = epoll_create1(EPOLL_CLOEXEC);
	r = h->both < 0 ? err_sys(err, -errno, "events cannot be waited for") : uevent_open(&h->events, err);
	if (r == 0)
		r = add(h, h->events, err);
	if (r < 0) {
		hotplug_close(h);
		return r;
	}
	watch_groups(h, plan);
	*ret = h;
	*ret_fd = h->both;
	return 0;
}

void hotplug_close(struct hotplug *h)
{
	if (!h)
		return;
	for (size_t i = 0; i < 3; i++) {
		int fd = (const int[]){ h->groups, h->events, h->both }[i];

		if (fd >= 0)
			close(fd);
	}
	free(h);
}

static void group_came(void *arg, const char *name)
{
	struct hotplug *h = arg;

	if (text_starts(name, "vlat-"))
		return;
	came_note_group(&h->came, name);
	h->last_ns = clock_ns();
	h->looks = 0;
}

static void hear(struct hotplug *h)
{
	struct uevent e;
	bool heard = false;
	int r;

	while ((r = uevent_next(h->events, &e)) > 0)
		heard = came_note(&h->came, &e) || heard;
	if (r == -ENOBUFS)
		h->came.all = heard = true;
	if (h->groups >= 0 && groups_hear(h->groups, group_came, h) == -ENOBUFS)
		h->came.any_group = heard = true;
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
		log_note("tuned what came (CPUs %s, %u cards, %u groups): %d settings",
			 cpuset_list(&h->came.cpus, cpus, sizeof(cpus)), h->came.n_cards, h->came.n_groups, r);
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
