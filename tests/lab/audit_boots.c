/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every boot knob on real boots: audit_boots VLAT-LAB VLAT.
 *
 * The first boot is as bad as the knob table allows: each kernel parameter that
 * some knob wants absent is given, isolcpus= has a bad token, two lists contradict
 * each other.  The second gets exactly the kernel parameters that the cures of
 * the first one's audit name; so that a cure cures is tested, too.  The third is
 * a real-time kernel.  Every knob of the table that takes effect at boot must
 * once say "differs" and once "ok" in the same role, or, when it is only shown,
 * must show two values.  A new boot knob is covered by itself; where its
 * parameter cannot be read from its row or its cure, it is a word in the lists
 * below, and the test says so.
 */
#include <ctype.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/sink.h"
#include "base/text.h"
#include "base/vec.h"
#include "knob/knob.h"
#include "lab_test.h"

/* What no row of the table can tell. */
static const char *const bad_words[] = { "isolcpus=domain;2-3", "nohz_full=3", "rcu_nocbs=2", "intremap=off", "iommu=nopt" };
/* A flag of isolcpus= is added too, for what container hosts do not want. */
static const char *const good_words[] = { "hugepagesz=1G", "hugepages=1", "rcutree.use_softirq=0" };
#define ISOLCPUS_FLAG "domain,"

/* Knobs that no boot of ours makes differ, or be ok. */
static const struct {
	const char *id, *why;
} excused[] = {
	{ "fw.kernel_config", "all kernels that the lab has were built with what it asks for" },
	{ "iso.tsc", "the lab boots with tsc=reliable: without it an emulated clock is soon found wrong" },
	{ "pwr.max_cstate", "an emulated CPU has no sleep states to forbid: no driver, no parameter" },
};

/* A disk with four queues, one a CPU; and with one for all of them. */
#define NVME     "-blockdev null-co,node-name=disk,size=16777216,read-zeroes=on -device nvme,serial=lab,drive=disk"
#define NVME_ONE NVME ",max_ioqpairs=1"

enum { BAD, GOOD, REALTIME, BOOTS };

static struct {
	const char *name, *kernel, *qemu;
	struct sink cmdline;
	json_t *audit[ROLE_COUNT];
	char *isolated;
} boots[BOOTS] = {
	[BAD] = { .name = "bad", .kernel = "backports", .qemu = NVME },
	[GOOD] = { .name = "good", .kernel = "backports", .qemu = NVME_ONE },
	[REALTIME] = { .name = "realtime", .kernel = "backports-rt", .qemu = NVME },
};

static const char *vlat;

/* Is a word for this parameter there already?  The first one given wins here. */
static bool has_word(const struct sink *words, const char *word)
{
	size_t n = strcspn(word, "=");

	for (const char *at = words->text; at && *at; at = strchr(at, ' '), at += at != NULL) {
		if (strncmp(at, word, n) == 0 && (at[n] == '=' || at[n] == ' ' || at[n] == '\0'))
			return true;
	}
	return false;
}

static void add_word(struct sink *words, const char *word)
{
	if (!has_word(words, word))
		sink_printf(words, "%s%s", words->len ? " " : "", word);
}

/* What the role does not want of a parameter, or, of one that is only shown, anything. */
static void add_unwanted(const struct knob *k, struct sink *words)
{
	char word[128] = "";

	for (unsigned r = 0; r < ROLE_COUNT && !word[0]; r++) {
		const char *want = k->role[r].want;

		if (want && want[0] == '!')
			text_print(word, sizeof(word), "%s=%s", k->boot.name, want + 1);
		else if (want && (text_eq(want, "?") || text_eq(want, k->boot.absent)))
			text_print(word, sizeof(word), "%s=1", k->boot.name);
	}
	if (word[0])
		add_word(words, word);
}

static void make_bad(struct sink *words)
{
	const struct knob *k;

	for (size_t i = 0; i < ARRAY_SIZE(bad_words); i++)
		add_word(words, bad_words[i]);
	for (size_t i = 0; (k = knob_at(i)); i++) {
		if (k->boot.name)
			add_unwanted(k, words);
	}
}

/* "kernel parameter A=B, or", "kernel parameters A=B C=D", "add A=B to the kernel command line": the words. */
static void add_cure(const char *cure, struct sink *words)
{
	static const char *const heads[] = { "kernel parameters ", "kernel parameter ", "add " };

	for (size_t h = 0; h < ARRAY_SIZE(heads); h++) {
		const char *at = strstr(cure, heads[h]);

		if (!at || (text_eq(heads[h], "add ") && !strstr(cure, "to the kernel command line")))
			continue;
		at += strlen(heads[h]);
		for (bool first = true; first || h == 0; first = false) {
			size_t n = strcspn(at, " ");
			AUTO_FREE char *word = xstrndup(at, n);

			word[strcspn(word, ";")] = '\0';
			if (n && word[strlen(word) - 1] == ',')
				word[strlen(word) - 1] = '\0';
			if (!first && !strchr(word, '='))
				return;
			if (word[0])
				add_word(words, word);
			at += n + (at[n] == ' ');
			if (!*at)
				return;
		}
		return;
	}
}

static const char *member(const json_t *o, const char *name)
{
	const char *text = json_string_value(json_object_get(o, name));

	return text ? text : "";
}

static const json_t *finding(unsigned boot, unsigned role, const char *id)
{
	json_t *list = json_object_get(boots[boot].audit[role], "findings"), *f;
	size_t i;

	json_array_foreach (list, i, f) {
		if (text_eq(member(f, "knob"), id))
			return f;
	}
	return NULL;
}

static bool is_boot(const json_t *f)
{
	return text_eq(member(f, "takes_effect"), "at boot");
}

static void make_good(struct sink *words)
{
	for (unsigned r = 0; r < ROLE_COUNT; r++) {
		json_t *list = json_object_get(boots[BAD].audit[r], "findings"), *f;
		size_t i;

		json_array_foreach (list, i, f) {
			if (is_boot(f) && text_eq(member(f, "state"), "differs"))
				add_cure(member(f, "cure"), words);
		}
	}
	for (size_t i = 0; i < ARRAY_SIZE(good_words); i++)
		add_word(words, good_words[i]);
}

static void read_audits(unsigned boot, const char *dir)
{
	for (unsigned r = 0; r < ROLE_COUNT; r++) {
		AUTO_FREE char *path = xprintf("%s/%s.json", dir, role_names[r]);
		json_error_t e;

		boots[boot].audit[r] = json_load_file(path, 0, &e);
		if (!boots[boot].audit[r]) {
			printf("FAILED %s: line %d: %s\n", path, e.line, e.text);
			exit(1);
		}
	}
}

/* What the kernel needs no telling: modules that are not there by themselves, and a process that is called so. */
#define SCRIPT                                                                                                                   \
	"modprobe nvme; until test -e /sys/block/nvme0n1; do sleep 0.2; done; cp /bin/sleep /run/auditd;"                        \
	"test $0 = bad && { /run/auditd 900 & until grep -qx auditd /proc/$!/comm; do sleep 0.2; done; };"                       \
	"for role in vm-host container-host guest realtime; do"                                                                  \
	"  \"$1\" audit --json --role $role >\"$LAB_OUT/$role.json\"; test $? -le 1 || exit 9; done;"                            \
	"echo isolated=$(cat /sys/devices/system/cpu/isolated)"

static void boot(unsigned b)
{
	AUTO_FREE char *out = xstrdup(lab_folder(boots[b].name));
	struct lab_said s;

	printf("# %s boot: %s\n", boots[b].name, boots[b].cmdline.text ? boots[b].cmdline.text : "no parameters");
	s = LAB("--kernel", boots[b].kernel, "--smp", "sockets=1,cores=2,threads=2", "--memory", "4G", "--nic", "virtio",
		"--cmdline", boots[b].cmdline.text ? boots[b].cmdline.text : "quiet", "--out", out, "--qemu", boots[b].qemu,
		"--timeout", "10m", "--", "sh", "-c", SCRIPT, boots[b].name, vlat);
	lab_exited(&s, 0);
	boots[b].isolated = xstrdup(lab_value(&s, "isolated"));
	lab_said_free(&s);
	read_audits(b, out);
}

/* In words, for the one who has to find out why. */
static const char *state_of(unsigned boot, unsigned role, const char *id)
{
	const json_t *f = finding(boot, role, id);

	return f ? member(f, "state") : "not there";
}

static const char *now_of(unsigned boot, unsigned role, const char *id)
{
	return member(json_array_get(json_object_get(finding(boot, role, id), "targets"), 0), "now");
}

static bool both_seen(const char *id)
{
	for (unsigned r = 0; r < ROLE_COUNT; r++) {
		unsigned differs = 0, ok = 0;

		for (unsigned b = 0; b < BOOTS; b++) {
			differs += text_eq(state_of(b, r, id), "differs");
			ok += text_eq(state_of(b, r, id), "ok");
		}
		if (differs && ok)
			return true;
	}
	return false;
}

/* Only shown: no role ever objects, and what is shown follows the boot. */
static bool shown_twice(const struct knob *k)
{
	bool two = false;

	for (unsigned r = 0; r < ROLE_COUNT; r++) {
		if (!k->role[r].want)
			continue;
		if (!text_eq(k->role[r].want, "?"))
			return false;
		two = two || !text_eq(now_of(BAD, r, k->id), now_of(GOOD, r, k->id));
	}
	return two;
}

static const char *excuse(const char *id)
{
	for (size_t i = 0; i < ARRAY_SIZE(excused); i++) {
		if (text_eq(excused[i].id, id))
			return excused[i].why;
	}
	return NULL;
}

static void tell(const char *id)
{
	for (unsigned b = 0; b < BOOTS; b++) {
		for (unsigned r = 0; r < ROLE_COUNT; r++)
			printf("#   %-8s %-14s %s: %s\n", boots[b].name, role_names[r], state_of(b, r, id), now_of(b, r, id));
	}
}

static void check_knobs(void)
{
	unsigned failed = 0, good = 0;
	const struct knob *k;

	for (size_t i = 0; (k = knob_at(i)); i++) {
		if (k->when != KNOB_BOOT || k->of_vm || k->of_container)
			continue;
		if (both_seen(k->id) || shown_twice(k)) {
			good++;
		} else if (excuse(k->id)) {
			printf("# %s is not tried: %s\n", k->id, excuse(k->id));
		} else {
			printf("FAILED %s was not seen both as wanted and not: does its cure name the kernel parameter?\n",
			       k->id);
			tell(k->id);
			failed++;
		}
	}
	printf("# %u boot knobs differ on one boot and are ok on another\n", good);
	check(failed == 0 && good >= 20);
}

/* The kernel threw isolcpus= away, nothing else says so, and the audit does. */
static void check_broken_isolcpus(void)
{
	for (unsigned r = 0; r < ROLE_COUNT; r++) {
		lab_is(state_of(BAD, r, "iso.isolcpus_token"), "differs");
		lab_has(now_of(BAD, r, "iso.isolcpus_token"), "thrown away by the kernel");
		lab_is(state_of(GOOD, r, "iso.isolcpus_token"), "ok");
	}
	lab_is(boots[BAD].isolated, "");
	lab_is(boots[GOOD].isolated, "2-3");
}

/* isolcpus=managed_irq,LIST of the cure, and CPUs out of load balancing as well: what container hosts do not want. */
static void add_isolcpus_flag(struct sink *words)
{
	const char *at = strstr(words->text, "isolcpus=managed_irq,");
	struct sink more = { 0 };

	check(at);
	at += strlen("isolcpus=managed_irq,");
	sink_putn(&more, words->text, (size_t) (at - words->text));
	sink_printf(&more, ISOLCPUS_FLAG "%s", at);
	sink_free(words);
	*words = more;
}

int main(int argc, char **argv)
{
	check(argc == 3);
	lab_begin(argc, argv);
	vlat = argv[2];
	make_bad(&boots[BAD].cmdline);
	boot(BAD);
	make_good(&boots[GOOD].cmdline);
	add_isolcpus_flag(&boots[GOOD].cmdline);
	boot(GOOD);
	boot(REALTIME);
	check_broken_isolcpus();
	check_knobs();
	for (unsigned b = 0; b < BOOTS; b++) {
		for (unsigned r = 0; r < ROLE_COUNT; r++)
			json_decref(boots[b].audit[r]);
		sink_free(&boots[b].cmdline);
		free(boots[b].isolated);
	}
	return 0;
}
