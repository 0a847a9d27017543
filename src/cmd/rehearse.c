/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The emulated host counts as many CPUs as this machine has (QEMU's maxcpus), so
 * that lists of CPUs mean what they will mean, but only a few are there:
 * binary translation of a hundred would take minutes.  Huge pages that are asked
 * for at boot are left out where this machine has not the memory to show them.
 */
#include "cmd/rehearse.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/companion.h"
#include "base/cursor.h"
#include "base/fs.h"
#include "base/jsonx.h"
#include "base/log.h"
#include "base/spawn.h"
#include "base/text.h"
#include "base/vec.h"
#include "boot/params.h"
#include "vm/bzimage.h"

#define FORMAT       1
#define CPUS_SHOWN   8u
#define CPUS_WAITED  32u  /* when the first isolated one is among them */
#define CPUS_MOST    255u /* q35 without more trouble */
#define MEMORY_MB    2048u
#define CONSOLE_TAIL 1500u

/* ---- what is needed ---- */

static int find_lab(char ret[PATH_MAX], struct err *err)
{
	static const char *const beside[] = { "/../lab/vlat-lab", "/../libexec/vlat/vlat-lab" };
	const char *named = getenv("VLAT_LAB");
	char self[PATH_MAX];

	if (named)
		return text_print(ret, PATH_MAX, "%s", named) || access(ret, X_OK) < 0
			       ? err_set(err, -ENOENT, "VLAT_LAB names '%.200s', which is no program", named)
			       : 0;
	if (companion_find(beside, ARRAY_SIZE(beside), VLAT_LIBEXECDIR "/vlat-lab", X_OK, ret, PATH_MAX) == 0)
		return 0;
	companion_folder(self);
	return err_set(err, -ENOENT,
		       "vlat-lab, which emulates the host, was found neither beside vlat (%.200s) nor in %s: build it, "
		       "install it, or name it in VLAT_LAB",
		       self, VLAT_LIBEXECDIR);
}

static int named_kernel(const char *named, char *buf, size_t cap, struct err *err)
{
	char version[128];

	if (text_print(buf, cap, "%s", named))
		return err_set(err, -ENAMETOOLONG, "--kernel: the path is too long");
	return bzimage_file_version(named, version, sizeof(version), err);
}

static int find_kernel(const char *named, char *buf, size_t cap, struct err *err)
{
	static const struct {
		const char *before, *after;
	} places[] = { { "/boot/vmlinuz-", "" }, { "/lib/modules/", "/vmlinuz" }, { "/usr/lib/modules/", "/vmlinuz" } };
	struct utsname u;

	if (named)
		return named_kernel(named, buf, cap, err);
	uname(&u);
	for (size_t i = 0; i < ARRAY_SIZE(places); i++)
		if (!text_print(buf, cap, "%s%s%s", places[i].before, u.release, places[i].after) && access(buf, R_OK) == 0)
			return 0;
	return err_set(err, -ENOENT,
		       "the image of the running kernel (%s) is neither in /boot nor in /lib/modules: name the file of the "
		       "kernel that you are going to boot by --kernel",
		       u.release);
}

/* ---- what it is booted with ---- */

/* A number after "NAME=", and what follows it: the kernel's "G", "M" or "K", or nothing. */
static bool is_huge(const char *word, size_t len, const char *name, uint64_t *ret, char *suffix)
{
	size_t n = strlen(name);
	const char *at = word + n + 1;

	if (len <= n || strncmp(word, name, n) != 0 || word[n] != '=' || !take_u64(&at, ret))
		return false;
	*suffix = (char) toupper((unsigned char) *at);
	return true;
}

static uint64_t size_mb(uint64_t n, char suffix)
{
	if (suffix == 'G')
		return n < UINT32_MAX ? n << 10 : UINT32_MAX;
	return suffix == 'M' ? n : n >> (suffix == 'K' ? 10 : 20);
}

/* MiB that "hugepagesz=1G hugepages=4" sets aside; per-node forms ("0:2") count their first number only. */
static uint64_t huge_mb(const char *words)
{
	uint64_t size = 2, n, sum = 0;
	const char *word;
	char suffix;
	size_t len;

	while (params_next(&words, &word, &len)) {
		if (is_huge(word, len, "hugepagesz", &n, &suffix) || is_huge(word, len, "default_hugepagesz", &n, &suffix))
			size = size_mb(n, suffix);
		else if (is_huge(word, len, "hugepages", &n, &suffix))
			sum += n < UINT32_MAX && size < UINT32_MAX ? n * size : UINT32_MAX;
	}
	return sum;
}

static bool wants_memory(const char *word, size_t len)
{
	static const char *const names[] = { "hugepagesz=", "hugepages=", "default_hugepagesz=", "hugetlb_cma=" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (len >= strlen(names[i]) && strncmp(word, names[i], strlen(names[i])) == 0)
			return true;
	return false;
}

/* At most half of what this machine has free goes into the rehearsal. */
static unsigned divide_words(const struct rehearsal *r, struct rehearsed *ret)
{
	uint64_t huge = huge_mb(r->words), free_mb = r->tuner->facts.memory.available_bytes >> 20;
	bool fits = huge + 2 * MEMORY_MB <= free_mb / 2;
	struct sink tried = { 0 }, untried = { 0 };
	const char *at = r->words, *word;
	size_t len;

	sink_put(&tried, "");
	sink_put(&untried, "");
	while (params_next(&at, &word, &len)) {
		struct sink *s = fits || !wants_memory(word, len) ? &tried : &untried;

		sink_printf(s, "%s%.*s", s->len ? " " : "", (int) len, word);
	}
	ret->words = tried.text;
	ret->untried = untried.text;
	/* A page of 1 GiB finds room only where memory goes beyond the hole below 4 GiB. */
	return !fits || !huge ? MEMORY_MB : (unsigned) (huge + 2 * MEMORY_MB);
}

/* As many CPUs as it takes to have an isolated one, and no more than are worth the wait. */
static int count_cpus(const struct tuner *t, struct rehearsed *ret, struct err *err)
{
	unsigned possible = t->facts.cpu.n_possible, n = possible < CPUS_SHOWN ? possible : CPUS_SHOWN;
	int first = cpuset_next(&t->split.isolated, -1);

	if (possible > CPUS_MOST)
		return err_set(err, -E2BIG,
			       "this machine counts %u CPUs, and an emulated host at most %u: it cannot be rehearsed", possible,
			       CPUS_MOST);
	if (first >= (int) n && first < (int) CPUS_WAITED)
		n = (unsigned) first + 1;
	ret->cpus = n;
	ret->possible = possible;
	for (int cpu = first; cpu >= 0 && cpu < (int) n; cpu = cpuset_next(&t->split.isolated, cpu))
		ret->isolated++;
	ret->beyond = ret->isolated ? -1 : first;
	return 0;
}

/* ---- the emulated host ---- */

static char *job_text(const struct rehearsal *r, const struct rehearsed *done)
{
	struct tune_wish wish = *r->tuner->wish;
	AUTO_JSON json_t *o = NULL;

	for (unsigned cpu = 0; cpu < done->cpus; cpu++)
		if (cpuset_has(&r->tuner->split.isolated, cpu))
			cpuset_add(&wish.cpus, cpu);
	for (int cpu = -1; (cpu = cpuset_next(&wish.cpus, cpu)) >= 0;)
		if (cpu >= (int) done->cpus)
			cpuset_del(&wish.cpus, (unsigned) cpu);
	wish.take_over = false;
	o = json_pack("{s:s, s:o}", "words", done->words, "wish", wish_to_json(&wish));
	return o ? jx_line(o) : NULL;
}

static void add_words(struct argv *a, const struct rehearsal *r, const struct rehearsed *done, unsigned memory_mb,
		      const char *out)
{
	AUTO_FREE char *job = job_text(r, done);

	argv_add(a, "--kernel");
	argv_add(a, done->kernel);
	if (r->modules) {
		argv_add(a, "--modules");
		argv_add(a, r->modules);
	}
	argv_add(a, "--smp");
	argv_addf(a, "%u,maxcpus=%u", done->cpus, done->possible);
	argv_add(a, "--memory");
	argv_addf(a, "%uM", memory_mb);
	if (done->words[0]) {
		argv_add(a, "--cmdline");
		argv_add(a, done->words);
	}
	argv_add(a, "--timeout");
	argv_addf(a, "%llus", (unsigned long long) (r->timeout_ns / NS_PER_S));
	argv_add(a, "--out");
	argv_add(a, out);
	argv_add(a, "--");
	argv_add(a, "/proc/self/exe");
	argv_add(a, "rehearse");
	argv_add(a, "--inside");
	argv_add(a, job ? job : "{}");
}

/* From the panic on, or the last of it. */
static char *end_of(const char *folder, const char *name)
{
	AUTO_FREE char *path = xprintf("%s/%s", folder, name), *text = NULL;
	struct err ignored = { 0 };
	const char *at;
	size_t len = 0;

	if (file_read_all(path, 4u << 20, &text, &len, &ignored) < 0)
		return NULL;
	at = strstr(text, "Kernel panic");
	if (!at)
		at = len > CONSOLE_TAIL ? text + len - CONSOLE_TAIL : text;
	return xstrndup(at, CONSOLE_TAIL);
}

/* Its last line is ours; before it the kernel or a library may have said something. */
static int read_inside(const struct run_result *said, struct rehearsed *ret, struct err *err)
{
	size_t len = strlen(said->out);
	const char *line;

	while (len > 0 && said->out[len - 1] == '\n')
		len--;
	for (line = said->out + len; line > said->out && line[-1] != '\n';)
		line--;
	return jx_parse(line, (size_t) (said->out + len - line), "the emulated host's answer", &ret->inside, err);
}

static int boot(const struct rehearsal *r, struct rehearsed *ret, const char *lab, unsigned memory_mb, const char *out,
		struct err *err)
{
	AUTO(argv_free) struct argv argv = { 0 };
	AUTO(run_result_free) struct run_result said = { 0 };
	struct spawn_opts opts = SPAWN_OPTS_INIT;
	char self[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	int code;

	if (n < 0)
		return err_sys(err, -errno, "cannot tell which program this is");
	self[n] = '\0';
	argv_add(&argv, lab);
	add_words(&argv, r, ret, memory_mb, out);
	for (size_t i = 0; i < argv.n; i++) {
		if (text_eq(argv.at[i], "/proc/self/exe")) {
			free(argv.at[i]);
			argv.at[i] = xstrdup(self);
		}
	}
	opts.heed_stop = opts.die_with_parent = true;
	log_note("booting %s on an emulated host of %u CPUs (half a minute or more)", ret->kernel, ret->cpus);
	code = run(&said, &argv, &opts, r->timeout_ns + 30 * NS_PER_S, err);
	if (code < 0)
		return code;
	ret->boots = !said.end.signalled && said.end.code <= 1;
	if (ret->boots)
		return read_inside(&said, ret, err);
	ret->console = end_of(out, "console.log");
	/* It never started: QEMU, kernel or modules are missing, which says nothing of the boot. */
	if (!ret->console || !ret->console[0])
		return err_set(err, -EIO, "the emulated host could not be started: %.300s",
			       said.err[0] ? said.err : "it said nothing");
	return 0;
}

int rehearse(const struct rehearsal *r, struct rehearsed *ret, struct err *err)
{
	char lab[PATH_MAX], out[] = "/tmp/vlat-rehearse-XXXXXX";
	unsigned memory_mb;
	int code;

	*ret = (struct rehearsed){ .boots = false };
	code = find_lab(lab, err);
	if (code == 0)
		code = find_kernel(r->kernel, ret->kernel, sizeof(ret->kernel), err);
	if (code == 0)
		code = count_cpus(r->tuner, ret, err);
	if (code < 0)
		return code;
	memory_mb = divide_words(r, ret);
	if (!mkdtemp(out))
		return err_sys(err, -errno, "cannot make %s", out);
	code = boot(r, ret, lab, memory_mb, out, err);
	dir_remove_all(out);
	return code;
}

void rehearsed_free(struct rehearsed *r)
{
	free(r->words);
	free(r->untried);
	free(r->console);
	json_decref(r->inside);
	*r = (struct rehearsed){ .boots = false };
}
