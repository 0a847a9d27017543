/* SPDX-License-Identifier: Apache-2.0 */
#include "host/kernel.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/cursor.h"
#include "base/text.h"
#include "base/value.h"
#include "host/mount.h"

static void read_text(const struct fs *fs, const char *path, char *buf, size_t cap)
{
	int n = fs_read(fs, path, buf, cap);

	/* The list of clock sources has a blank behind each. */
	while (n > 0 && buf[n - 1] == ' ')
		n--;
	buf[n > 0 ? n : 0] = '\0';
}

/* The value of NAME= on the command line; the last one counts, as in the kernel. */
static bool cmdline_value(const char *cmdline, const char *name, char *buf, size_t cap)
{
	size_t n = strlen(name);
	bool found = false;

	for (const char *at = cmdline; *at; at += strcspn(at, " "), at += *at == ' ') {
		if (strncmp(at, name, n) == 0 && at[n] == '=')
			found = !text_print(buf, cap, "%.*s", (int) strcspn(at + n + 1, " "), at + n + 1);
	}
	return found;
}

/* "none voluntary (full) lazy": the one in round brackets. */
static bool bracketed(const char *text, char *buf, size_t cap)
{
	const char *open = strchr(text, '('), *close = open ? strchr(open, ')') : NULL;

	return close && !text_print(buf, cap, "%.*s", (int) (close - open - 1), open + 1);
}

/* What debugfs says is so; else what uname -v lets guess. */
static void read_preempt(const struct fs *fs, struct kernel_facts *k)
{
	char text[128];

	k->realtime = strstr(k->version, "PREEMPT_RT") != NULL ||
		      (fs_read(fs, "sys/kernel/realtime", text, sizeof(text)) > 0 && text[0] == '1');
	if (k->realtime) {
		text_print(k->preempt, sizeof(k->preempt), "rt");
	} else if (k->debugfs[0] && fs_readf(fs, text, sizeof(text), "%s/sched/preempt", k->debugfs) > 0 &&
		   bracketed(text, k->preempt, sizeof(k->preempt))) {
		return;
	} else if (strstr(k->version, "PREEMPT_DYNAMIC")) {
		if (!cmdline_value(k->cmdline, "preempt", k->preempt, sizeof(k->preempt)))
			text_print(k->preempt, sizeof(k->preempt), "dynamic");
	} else if (strstr(k->version, "PREEMPT_LAZY")) {
		text_print(k->preempt, sizeof(k->preempt), "lazy");
	} else if (strstr(k->version, "PREEMPT")) {
		text_print(k->preempt, sizeof(k->preempt), "full");
	}
}

static void read_lockdown(const struct fs *fs, struct kernel_facts *k)
{
	char text[64];

	if (fs_read(fs, "sys/kernel/security/lockdown", text, sizeof(text)) > 0)
		value_clean(VALUE_CHOICE, text, k->lockdown, sizeof(k->lockdown));
}

static void find_debugfs(const struct fs *fs, struct kernel_facts *k)
{
	AUTO_FREE char *mounts = NULL;
	struct mount_line m;

	if (fs_read_all(fs, "proc/self/mountinfo", 1 << 22, &mounts, NULL) < 0)
		return;
	for (const char *at = mounts; take_mount(&at, &m);) {
		if (text_eq(m.type, "debugfs") && !text_print(k->debugfs, sizeof(k->debugfs), "%s", m.dir + 1))
			return;
	}
}

bool kernel_sees_hypervisor(const struct fs *fs)
{
	AUTO_FREE char *text = NULL;
	const char *flags, *end, *found;

	if (fs_read_all(fs, "proc/cpuinfo", 1 << 24, &text, NULL) < 0)
		return false;
	flags = strstr(text, "\nflags");
	if (!flags)
		return false;
	end = flags + 1 + strcspn(flags + 1, "\n");
	found = strstr(flags, " hypervisor");
	return found && found < end;
}

static void read_platform(const struct fs *fs, struct kernel_facts *k)
{
	char vendor[32], product[32];

	k->virtual_machine = kernel_sees_hypervisor(fs) || fs_exists(fs, "sys/hypervisor/type");
	if (!k->virtual_machine)
		return;
	read_text(fs, "sys/hypervisor/type", k->hypervisor, sizeof(k->hypervisor));
	if (k->hypervisor[0])
		return;
	read_text(fs, "sys/class/dmi/id/sys_vendor", vendor, sizeof(vendor));
	read_text(fs, "sys/class/dmi/id/product_name", product, sizeof(product));
	text_print(k->hypervisor, sizeof(k->hypervisor), "%s%s%s", vendor, vendor[0] && product[0] ? " " : "", product);
}

/* "Linux version 6.1.0-9-amd64 (builder) (gcc ...) #1 SMP ..." */
static void by_proc_version(const char *text, struct kernel_facts *k)
{
	const char *at = text, *version = strstr(text, " #");

	if (!take_text(&at, "Linux version ") || !take_word(&at, k->release, sizeof(k->release)))
		return;
	if (version)
		text_print(k->version, sizeof(k->version), "%s", version + 1);
}

/* "Linux host 6.1.0-9-amd64 #1 SMP ... x86_64 ...": what `uname -a` left in a support archive. */
static void by_uname(const char *text, struct kernel_facts *k)
{
	const char *at = text, *version = strstr(text, " #");
	char host[128];

	if (!take_text(&at, "Linux ") || !take_word(&at, host, sizeof(host)) || !take_blanks(&at) ||
	    !take_word(&at, k->release, sizeof(k->release)))
		return;
	if (version)
		text_print(k->version, sizeof(k->version), "%s", version + 1);
}

/* The kernel's own files; else what support archives hold instead. False when none of them is there. */
static int read_release(const struct fs *fs, struct kernel_facts *k)
{
	static const char *const unames[] = { "uname", "sos_commands/kernel/uname_-a" };
	char text[512];
	int r = fs_read(fs, "proc/sys/kernel/osrelease", k->release, sizeof(k->release));

	read_text(fs, "proc/sys/kernel/version", k->version, sizeof(k->version));
	if (r >= 0)
		return r;
	if (fs_read(fs, "proc/version", text, sizeof(text)) > 0)
		by_proc_version(text, k);
	for (size_t i = 0; i < ARRAY_SIZE(unames) && !k->release[0]; i++) {
		if (fs_read(fs, unames[i], text, sizeof(text)) > 0)
			by_uname(text, k);
	}
	return k->release[0] ? 0 : r;
}

int kernel_facts_read(const struct fs *fs, struct kernel_facts *ret, struct err *err)
{
	struct kernel_facts k = { .rt_group = RT_GROUP_UNKNOWN };
	int r = read_release(fs, &k);

	if (r < 0)
		return err_sys(err, r, "cannot read proc/sys/kernel/osrelease below %s", fs->path);
	r = fs_read(fs, "proc/cmdline", k.cmdline, sizeof(k.cmdline));
	if (r < 0) {
		k.cmdline[0] = '\0';
		k.cmdline_error = r == -ENOENT && !fs->gaps ? 0 : r;
	}
	read_text(fs, "proc/sys/kernel/arch", k.machine, sizeof(k.machine));
	read_text(fs, "sys/devices/system/clocksource/clocksource0/current_clocksource", k.clocksource, sizeof(k.clocksource));
	read_text(fs, "sys/devices/system/clocksource/clocksource0/available_clocksource", k.clocksources,
		  sizeof(k.clocksources));
	find_debugfs(fs, &k);
	read_preempt(fs, &k);
	read_lockdown(fs, &k);
	read_platform(fs, &k);
	*ret = k;
	return 0;
}

void kernel_facts_free(struct kernel_facts *k)
{
	free(k->options);
	*k = (struct kernel_facts){ 0 };
}
