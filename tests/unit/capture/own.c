/* SPDX-License-Identifier: Apache-2.0 */
/* What names this machine and who uses it, hunted for in an anonymised capture of it: nothing of it may be found. */
#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "audit/audit.h"
#include "base/cleanup.h"
#include "base/fs_tree.h"
#include "base/text.h"
#include "base/vec.h"
#include "capture/capture.h"
#include "host/facts.h"

#define SECRET_NAME "tradingbot"
#define SECRET_WORD "--token=hunter2"

/* Names that are words of the kernel's own files as well: vlat cannot look for them, and says so in docs/inspect.md. */
static const char *const plain_names[] = { "localhost", "host", "debian", "linux", "kernel" };

struct secrets {
	VEC(char *) at;
};

static void add(struct secrets *s, const char *what, const char *text)
{
	for (size_t i = 0; i < s->at.n; i++) {
		if (text_eq(s->at.at[i], text))
			return;
	}
	print_message("hunted: %s %s\n", what, text);
	*vec_add(&s->at) = xstrdup(text);
}

static void add_file(struct secrets *s, const char *path)
{
	AUTO_FREE char *text = NULL;
	struct err ignored = { 0 };

	if (file_read_all(path, 4096, &text, NULL, &ignored) >= 0 && strlen(text_trim(text)) >= 8)
		add(s, path, text_trim(text));
}

static void add_hostname(struct secrets *s)
{
	char name[80] = "";

	gethostname(name, sizeof(name) - 1);
	for (size_t i = 0; i < ARRAY_SIZE(plain_names); i++) {
		if (text_eq(name, plain_names[i]) || strlen(name) < 3) {
			print_message("not hunted: the host name \"%s\", which is no name but a word\n", name);
			return;
		}
	}
	add(s, "host name", name);
}

static void add_macs(struct secrets *s)
{
	struct fs_names links;
	struct err err = { 0 };
	struct fs fs;
	char mac[64];

	if (fs_open_root(&fs, "/", &err) < 0 || fs_list(&fs, "sys/class/net", &links) < 0)
		fail_msg("%s", err.text);
	for (size_t i = 0; i < links.n; i++) {
		if (fs_readf(&fs, mac, sizeof(mac), "sys/class/net/%s/address", links.at[i]) >= 17 &&
		    !text_starts(mac, "00:00:00:00"))
			add(s, links.at[i], mac);
	}
	fs_list_free(&links);
	fs_close(&fs);
}

/* Loopback's tell nothing. */
static void add_addresses(struct secrets *s)
{
	struct ifaddrs *all, *a;

	assert_int_equal(getifaddrs(&all), 0);
	for (a = all; a; a = a->ifa_next) {
		char text[INET6_ADDRSTRLEN];
		const void *at = NULL;

		if (a->ifa_addr && a->ifa_addr->sa_family == AF_INET)
			at = &((const struct sockaddr_in *) (const void *) a->ifa_addr)->sin_addr;
		if (a->ifa_addr && a->ifa_addr->sa_family == AF_INET6)
			at = &((const struct sockaddr_in6 *) (const void *) a->ifa_addr)->sin6_addr;
		if (at && inet_ntop(a->ifa_addr->sa_family, at, text, sizeof(text)) && !text_starts(text, "127.") &&
		    !text_eq(text, "::1") && !text_starts(text, "192.0.2.")) /* which is what addresses become */
			add(s, a->ifa_name, text);
	}
	freeifaddrs(all);
}

static void add_all(struct secrets *s)
{
	static const char *const ids[] = {
		"/etc/machine-id",
		"/proc/sys/kernel/random/boot_id",
		"/sys/class/dmi/id/product_uuid",
		"/sys/class/dmi/id/product_serial",
		"/sys/class/dmi/id/board_serial",
		"/sys/class/dmi/id/chassis_serial",
	};

	add_hostname(s);
	add_macs(s);
	add_addresses(s);
	for (size_t i = 0; i < ARRAY_SIZE(ids); i++)
		add_file(s, ids[i]);
	add(s, "a process", SECRET_NAME);
	add(s, "its words", SECRET_WORD);
}

struct hunt {
	const struct secrets *secrets;
	size_t entries, found;
};

static int hunt(void *arg, const struct fs_tree_entry *e)
{
	struct hunt *h = arg;

	h->entries++;
	for (size_t i = 0; i < h->secrets->at.n; i++) {
		const char *word = h->secrets->at.at[i];

		if (strstr(e->path, word) || (e->data && memmem(e->data, e->len, word, strlen(word)))) {
			print_message("\"%s\" is in %s\n", word, e->path);
			h->found++;
		}
	}
	return 0;
}

/* A user's process, with a name and words of its own; it stops itself when it has them. */
static pid_t start_secret(void)
{
	pid_t child = fork();
	int status;

	assert_true(child >= 0);
	if (child == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		execl("/bin/sh", SECRET_NAME, "-c", "echo " SECRET_NAME " >/proc/$$/comm; kill -STOP $$; true", SECRET_WORD,
		      NULL);
		_exit(127);
	}
	assert_int_equal(waitpid(child, &status, WUNTRACED), child);
	assert_true(WIFSTOPPED(status));
	return child;
}

static void see_all(const struct fs *fs)
{
	struct machine_facts m;
	struct err err = { 0 };

	if (machine_facts_read(fs, &m, &err) < 0)
		fail_msg("%s", err.text);
	for (unsigned r = 0; r < ROLE_COUNT; r++) {
		struct audit_options o = { .role = role_names[r] };
		struct audit *a = NULL;

		if (audit_make(&a, fs, &m, &o, &err) < 0)
			fail_msg("%s", err.text);
		audit_free(a);
	}
	machine_facts_free(&m);
}

static size_t found_in(const struct fs *recorded, bool anonymise, const struct secrets *secrets, size_t *entries)
{
	char path[64] = "/tmp/vlat-own-XXXXXX";
	struct hunt h = { .secrets = secrets };
	struct capture_sum sum;
	struct err err = { 0 };
	struct fs fs;
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	close(fd);
	if (capture_write(recorded, path, anonymise, &sum, &err) < 0 || capture_open(&fs, path, &err) < 0)
		fail_msg("%s", err.text);
	fs_tree_walk(fs.tree, hunt, &h);
	fs_close(&fs);
	unlink(path);
	*entries = h.entries;
	return h.found;
}

static void nothing_of_this_machine(void **state)
{
	struct secrets secrets = { 0 };
	struct err err = { 0 };
	struct fs live, recorded;
	size_t entries;
	pid_t child;

	(void) state;
	add_all(&secrets);
	child = start_secret();
	assert_int_equal(fs_open_root(&live, "/", &err), 0);
	fs_record(&recorded, &live);
	see_all(&recorded);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	/* without the mask there is something to find: the hunt can fail */
	assert_true(found_in(&recorded, false, &secrets, &entries) > 0);
	assert_int_equal(found_in(&recorded, true, &secrets, &entries), 0);
	assert_true(entries > 200);
	fs_close(&recorded);
	fs_close(&live);
	for (size_t i = 0; i < secrets.at.n; i++)
		free(secrets.at.at[i]);
	vec_free(&secrets.at);
}

/* A capture written again is the same machine; anonymised later it is as if it had been at once; it does not lose that mark. */
static void written_again(void **state)
{
	char first[64] = "/tmp/vlat-first-XXXXXX", second[64] = "/tmp/vlat-second-XXXXXX", mark[256];
	int a = mkstemp(first), b = mkstemp(second);
	struct fs_tree_entry mac = {
		.path = "sys/class/net/eth0/address", .kind = FS_FILE, .mode = 0644, .data = "52:54:00:ab:cd:ef"
	};
	struct capture_sum sum;
	struct err err = { 0 };
	struct fs fs;
	char text[64];

	(void) state;
	close(a);
	close(b);
	fs_of_tree(&fs, fs_tree_new(), "machine");
	mac.len = strlen(mac.data);
	assert_int_equal(fs_tree_add(fs.tree, &mac), 0);
	assert_int_equal(fs_tree_fail(fs.tree, "sys/kernel/debug", -EACCES), 0);
	assert_int_equal(capture_write(&fs, first, false, &sum, &err), 0);
	fs_close(&fs);
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(capture_open(&fs, i ? second : first, &err), 0);
		assert_int_equal(capture_write(&fs, second, i == 0, &sum, &err), 0);
		assert_int_equal(sum.missing, 1);
		fs_close(&fs);
	}
	assert_int_equal(capture_open(&fs, second, &err), 0);
	assert_true(fs_read(&fs, "sys/class/net/eth0/address", text, sizeof(text)) > 0);
	assert_string_equal(text, "02:00:00:00:00:01");
	assert_true(fs_read(&fs, ".vlat/capture", mark, sizeof(mark)) > 0);
	assert_non_null(strstr(mark, "anonymised yes"));
	assert_int_equal(fs_read(&fs, "sys/kernel/debug", text, sizeof(text)), -EACCES);
	fs_close(&fs);
	unlink(first);
	unlink(second);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(nothing_of_this_machine), cmocka_unit_test(written_again) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
