/* SPDX-License-Identifier: Apache-2.0 */
#include "keep/author.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/cursor.h"
#include "base/proc_stat.h"
#include "base/text.h"
#include "base/value.h"
#include "base/vec.h"
#include "keep/arrival.h"

/* Who is known to write below a path; comms as /proc cuts them, NULL-terminated, the likeliest first. */
#define SUSPECTS 10
static const struct {
	const char *begins, *holds; /* of the path; holds NULL = anything */
	const char *comms[SUSPECTS];
} habits[] = {
	{ "/proc/irq/", NULL, { "irqbalance", "tuned", "crio", "set_irq_affinit" } },
	{ "/sys/devices/system/cpu/",
	  "cpufreq",
	  { "power-profiles-", "tuned-ppd", "tuned", "tlp", "auto-cpufreq", "thermald", "cpufreqd" } },
	{ "/sys/devices/system/cpu/", NULL, { "tuned", "power-profiles-", "tlp", "thermald" } },
	{ "/sys/kernel/mm/ksm/", NULL, { "ksmtuned", "uksmd", "tuned" } },
	{ "/sys/kernel/mm/", NULL, { "tuned", "libvirtd", "virtqemud", "kubelet" } },
	{ "/proc/sys/net/", NULL, { "NetworkManager", "systemd-network", "dockerd", "kubelet", "tuned", "tlp" } },
	{ "/proc/sys/kernel/numa", NULL, { "numad", "tuned" } },
	{ "/proc/sys/vm/", NULL, { "tuned", "tlp", "laptop_mode" } },
	{ "/proc/sys/", NULL, { "tuned", "stalld", "kubelet" } },
	{ "/sys/class/net/", NULL, { "NetworkManager", "systemd-network", "irqbalance", "tuned" } },
	{ "/sys/fs/cgroup/", NULL, { "kubelet", "crio", "containerd", "dockerd", "libvirtd", "virtqemud", "pvestatd", "tuned" } },
	{ "/sys/module/pcie_aspm/", NULL, { "tlp", "powertop", "tuned" } },
	{ "/sys/", NULL, { "tuned", "tlp" } },
	{ "network card ", NULL, { "NetworkManager", "tuned" } },
	{ "task ", NULL, { "numad", "tuned", "libvirtd", "virtqemud", "pvestatd", "stalld", "irqbalance" } },
};

static const char *const sysctl_folders[] = { "etc/sysctl.d", "run/sysctl.d", "usr/local/lib/sysctl.d", "usr/lib/sysctl.d" };

bool author_stamp(const char *created, int64_t *ret_s)
{
	struct tm tm = { 0 };
	const char *end = strptime(created, "%Y-%m-%dT%H-%M-%S", &tm);

	if (!end || *end)
		return false;
	*ret_s = (int64_t) timegm(&tm);
	return true;
}

static bool boot_line(void *arg, const char *line)
{
	int64_t *boot = arg;
	uint64_t s;

	if (!take_text(&line, "btime "))
		return true;
	if (take_u64(&line, &s) && s < INT64_MAX)
		*boot = (int64_t) s;
	return false;
}

void author_open(struct author *a, const struct fs *fs, const char *created)
{
	*a = (struct author){ .fs = fs };
	if (!author_stamp(created, &a->since_s))
		a->since_s = 0;
	fs_lines(fs, "proc/stat", boot_line, &a->boot_s);
	process_names_read(fs, &a->names);
}

void author_close(struct author *a)
{
	process_names_free(&a->names);
}

/* "vm.swappiness" and "vm/swappiness" are the same; a leading '-' means "do not mind when it fails" (sysctl.d(5)). */
static bool is_key(const char *word, const char *path)
{
	static const char root[] = "/proc/sys/";

	word += *word == '-';
	path += strlen(root);
	for (; *word && *path; word++, path++)
		if (*word != *path && !(*word == '.' && *path == '/'))
			return false;
	return !*word && !*path;
}

struct sysctl_search {
	const char *path; /* of the setting */
	const char *now;
	bool found;
};

static bool sysctl_line(void *arg, const char *line)
{
	struct sysctl_search *s = arg;
	AUTO_FREE char *copy = xstrdup(line);
	char *equals = strchr(copy, '='), *word;

	if (!equals)
		return true;
	*equals = '\0';
	word = text_trim(copy);
	if (*word != '#' && *word != ';' && is_key(word, s->path))
		s->found = value_same(VALUE_TEXT, text_trim(equals + 1), s->now); /* the last one counts */
	return true;
}

static bool says_so(const struct author *a, const char *file, const char *path, const char *now)
{
	struct sysctl_search s = { .path = path, .now = now };

	return fs_lines(a->fs, file, sysctl_line, &s) >= 0 && s.found;
}

/* A file of sysctl.d that has just the value that is there now. */
static bool guess_sysctl(const struct author *a, const char *path, char *buf, size_t cap)
{
	char now[VALUE_MAX], file[300] = "etc/sysctl.conf";

	if (!text_starts(path, "/proc/sys/") || fs_read(a->fs, path + 1, now, sizeof(now)) < 0)
		return false;
	if (says_so(a, file, path, now)) {
		text_print(buf, cap, "probably sysctl: /%s says this value", file);
		return true;
	}
	for (size_t i = 0; i < ARRAY_SIZE(sysctl_folders); i++) {
		struct fs_names names = { 0 };
		bool found = false;

		if (fs_list(a->fs, sysctl_folders[i], &names) < 0)
			continue;
		for (size_t k = 0; k < names.n && !found; k++)
			found = text_ends(names.at[k], ".conf") &&
				!text_print(file, sizeof(file), "%s/%s", sysctl_folders[i], names.at[k]) &&
				says_so(a, file, path, now);
		fs_list_free(&names);
		if (found) {
			text_print(buf, cap, "probably sysctl: /%s says this value", file);
			return true;
		}
	}
	return false;
}

/* A CPU that was taken away takes its settings along; one that came back has the kernel's own. */
static bool guess_cpu(const struct author *a, const char *path, char *buf, size_t cap)
{
	const char *at = strstr(path, "/cpu/cpu");
	char online[64];
	uint64_t cpu, is = 1;

	if (!at)
		return false;
	at += strlen("/cpu/cpu");
	if (!take_u64(&at, &cpu) || *at != '/' ||
	    text_print(online, sizeof(online), "sys/devices/system/cpu/cpu%llu/online", (unsigned long long) cpu))
		return false;
	if (fs_read_u64(a->fs, online, &is) < 0 || is)
		return false;
	text_print(buf, cap, "probably the kernel: CPU %llu was taken offline", (unsigned long long) cpu);
	return true;
}

static bool fits(size_t habit, const char *what)
{
	return text_starts(what, habits[habit].begins) && (!habits[habit].holds || strstr(what, habits[habit].holds));
}

static const struct process_name *running(const struct author *a, const char *comm)
{
	for (size_t i = 0; i < a->names.n; i++)
		if (text_eq(a->names.at[i].comm, comm))
			return &a->names.at[i];
	return NULL;
}

bool author_started_after(const struct author *a, pid_t pid)
{
	char text[2048];
	struct proc_stat s;

	if (!a->since_s || !a->boot_s || fs_readf(a->fs, text, sizeof(text), "proc/%d/stat", (int) pid) < 0 ||
	    !proc_stat_parse(text, &s))
		return false;
	return a->boot_s + (int64_t) (s.start_time / (uint64_t) sysconf(_SC_CLK_TCK)) > a->since_s;
}

/* One that was started since the tuning sets everything once: likelier than those that were there before. */
static bool guess_running(const struct author *a, const char *what, char *buf, size_t cap)
{
	const struct process_name *first = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(habits); i++) {
		for (size_t k = 0; fits(i, what) && k < SUSPECTS && habits[i].comms[k]; k++) {
			const struct process_name *p = running(a, habits[i].comms[k]);

			if (p && author_started_after(a, p->pid)) {
				text_print(buf, cap, "probably %s (process %d), which was started after the tuning", p->comm,
					   (int) p->pid);
				return true;
			}
			first = first ? first : p;
		}
	}
	if (first)
		text_print(buf, cap, "probably %s (process %d), which is running and writes such settings", first->comm,
			   (int) first->pid);
	return first != NULL;
}

void author_guess(const struct author *a, const char *what, char *buf, size_t cap)
{
	if (guess_cpu(a, what, buf, cap) || arrival_guess(a, what, buf, cap) || guess_sysctl(a, what, buf, cap) ||
	    guess_running(a, what, buf, cap))
		return;
	text_print(buf, cap, "unknown: no program that is known to write this is running; a person or a script");
}
