/* SPDX-License-Identifier: Apache-2.0 */
/* Guests seen from within: the reader, what is made of its words, and agents of every kind, honest and not. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fake_agent.h"
#include "lab.h"

#include "audit/inside.h"
#include "base/clock.h"
#include "base/fs_tree.h"
#include "base/jsonx.h"
#include "base/spawn.h"

/* ---- the reader ---- */

/* The script itself, in a folder instead of a guest. */
static char *read_folder(const char *dir, size_t *ret_len)
{
	AUTO(sink_free) struct sink script = { 0 };
	AUTO(argv_free) struct argv argv = { 0 };
	struct run_result said = { 0 };
	struct err err = { 0 };
	char *out;

	inside_script(&script);
	assert_true(text_starts(script.text, "cd / "));
	argv_add(&argv, "/bin/sh");
	argv_add(&argv, "-c");
	argv_addf(&argv, "cd %s %s", dir, script.text + strlen("cd / "));
	if (run(&said, &argv, NULL, 60 * NS_PER_S, &err) < 0)
		fail_msg("%s", err.text);
	out = TAKE(said.out);
	*ret_len = strlen(out);
	run_result_free(&said);
	return out;
}

static json_t *audit_of(const struct fs *fs)
{
	struct audit_options o = { .role = "guest" };
	struct machine_facts machine = { 0 };
	struct audit *a = NULL;
	struct err err = { 0 };
	json_t *all;

	if (machine_facts_read(fs, &machine, &err) < 0 || audit_make(&a, fs, &machine, &o, &err) < 0)
		fail_msg("%s", err.text);
	all = lab_json(a, false);
	audit_free(a);
	machine_facts_free(&machine);
	return all;
}

static json_t *of_knob(const json_t *all, const char *id)
{
	json_t *list = json_object_get(all, "findings"), *f;
	size_t i;

	json_array_foreach (list, i, f) {
		if (text_eq(json_string_value(json_object_get(f, "knob")), id))
			return f;
	}
	fail_msg("no finding %s", id);
	return NULL;
}

static void same_findings(const char *host, const json_t *a, const json_t *b)
{
	json_t *list = json_object_get(a, "findings"), *f;
	size_t i;

	assert_int_equal(json_array_size(list), json_array_size(json_object_get(b, "findings")));
	json_array_foreach (list, i, f) {
		const char *id = json_string_value(json_object_get(f, "knob"));
		AUTO_FREE char *is = jx_line(f), *through = jx_line(of_knob(b, id));

		if (!text_eq(is, through)) {
			fprintf(stderr, "by its files:\n%s\nthrough the reader:\n%s\n", is, through);
			fail_msg("%s: %s is not the same", host, id);
		}
	}
}

/* Nothing that the guest role looks at is missing from the list: through the reader a machine is what it is by its files. */
static void test_same_through_reader(void **state)
{
	static const char *const hosts[] = { "server-v2", "two-cpu-vm", "one-cpu", "rt-v2-old", "container" };

	(void) state;
	for (size_t i = 0; i < ARRAY_SIZE(hosts); i++) {
		struct fs_tree *t = fs_tree_new();
		AUTO_FREE char *text = NULL;
		AUTO_JSON json_t *is = NULL, *through = NULL;
		char dir[64];
		struct fs fs, guest;
		size_t len = 0;

		tree_open(hosts[i], dir, &fs);
		text = read_folder(dir, &len);
		assert_true(inside_take(t, text, len) > 5);
		fs_of_tree(&guest, t, dir);
		is = audit_of(&fs);
		through = audit_of(&guest);
		same_findings(hosts[i], is, through);
		fs_close(&guest);
		fs_close(&fs);
		dir_remove_all(dir);
	}
}

/* What runs here, through links and all, as far as it does not change while we look. */
static void test_this_machine(void **state)
{
	static const char *const same[] = { "sys/devices/system/cpu/online",
					    "proc/sys/kernel/osrelease",
					    "proc/cmdline",
					    "sys/devices/system/clocksource/clocksource0/current_clocksource",
					    "sys/class/net/lo/mtu",
					    "usr/lib/os-release" };
	struct fs_tree *t = fs_tree_new();
	AUTO_FREE char *text = NULL;
	struct err err = { 0 };
	struct fs live, guest;
	size_t len = 0;

	(void) state;
	assert_int_equal(fs_open_root(&live, "/", &err), 0);
	text = read_folder("/", &len);
	assert_true(inside_take(t, text, len) > 50);
	fs_of_tree(&guest, t, "guest");
	for (size_t i = 0; i < ARRAY_SIZE(same); i++) {
		char a[8192], b[8192];
		int n = fs_read(&live, same[i], a, sizeof(a));

		if (n < 0) {
			print_message("# this machine has no %s\n", same[i]);
			continue;
		}
		if (fs_read(&guest, same[i], b, sizeof(b)) != n || !text_eq(a, b))
			fail_msg("%s differs through the reader", same[i]);
	}
	fs_close(&guest);
	fs_close(&live);
}

/* ---- what a hostile guest prints ---- */

static void tell(struct fs *ret, const char *text)
{
	struct fs_tree *t = fs_tree_new();

	inside_take(t, text, strlen(text));
	fs_of_tree(ret, t, "guest");
}

static void test_hostile_words(void **state)
{
	struct fs fs;
	char text[256];

	(void) state;
	tell(&fs, "l sys/class/net/eth0\t../../../../../../etc\nl sys/class/net/eth1\t/../../.vlat/answers\n"
		  "l sys/class/net/eth2\teth3\nl sys/class/net/eth3\teth2\nf etc/shadow\nf ../etc/passwd\nf proc/cmdline\n"
		  "x dev/kvm\nl proc/self\t../../../../../root\n=\n"
		  "==> etc/shadow <==\nroot\n\n==> ../etc/passwd <==\nroot\n\n==> sys/class/net/eth1/mtu <==\n1\n"
		  "\n==> sys/class/net/eth2/mtu <==\n2\n\n==> proc/cmdline <==\nquiet \033[31m\x07 \xc2\x9b\n\n==> proc/cpuinfo "
		  "<==\n");
	assert_int_equal(fs_read(&fs, "etc/shadow", text, sizeof(text)), -ENOENT);
	assert_int_equal(fs_read(&fs, "etc/passwd", text, sizeof(text)), -ENOENT);
	assert_false(fs_exists(&fs, ".vlat"));
	assert_false(fs_exists(&fs, "sys/class/net/eth2/mtu"));
	assert_true(fs_read(&fs, "proc/cmdline", text, sizeof(text)) > 0);
	assert_string_equal(text, "quiet ?[31m? ??");
	assert_int_equal(fs_read(&fs, "proc/cpuinfo", text, sizeof(text)), 0);
	assert_int_equal(fs_read(&fs, "dev/kvm", text, sizeof(text)), -EACCES);
	/* A link that leads up and out ends at the guest's own root. */
	assert_true(fs_readlink(&fs, "sys/class/net/eth0", text, sizeof(text)) > 0);
	fs_close(&fs);
}

static void test_base64(void **state)
{
	static const struct {
		const char *text, *is;
	} good[] = { { "", "" }, { "YQ==", "a" }, { "YWI=", "ab" }, { "YWJj", "abc" }, { "L+/=", NULL } };
	static const char *const bad[] = { "Y", "Y===", "YQ=a", "Y Q=", "YQ\n=", "YWJjZ" };
	AUTO_FREE char *out = NULL;
	size_t len;

	(void) state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		char *is = NULL;

		assert_int_equal(inside_base64(good[i].text, &is, &len), 0);
		if (good[i].is)
			assert_string_equal(is, good[i].is);
		else
			assert_true(len == 2 && (unsigned char) is[0] == 0x2f && (unsigned char) is[1] == 0xef);
		free(is);
	}
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(inside_base64(bad[i], &out, &len), -EBADMSG);
}

/* ---- agents ---- */

#define SYNC                                                                                                                     \
	{                                                                                                                        \
		.to = "guest-sync-delimited", .says = "\xff{\"return\": %s}\n"                                                   \
	}
#define LONG_NS  (20 * NS_PER_S)
#define SHORT_NS (300 * NS_PER_MS)

/* Looks into a guest whose agent is the fake; the tree is given back when that went well. */
static int look(const struct answer *answers, uint64_t sync_ns, uint64_t patience_ns, struct fs *ret, struct inside *in,
		struct err *err)
{
	struct fs_tree *t = fs_tree_new();
	struct inside_socket s;
	struct inside_line line = { .call = inside_socket_call, .arg = &s, .who = "the guest agent in VM web" };
	struct fake f = { .answers = answers };
	int fds[2], r;

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
	f.fd = fds[1];
	assert_int_equal(pthread_create(&f.thread, NULL, fake_main, &f), 0);
	*in = (struct inside){ .fs.root = -1 };
	r = inside_socket_open(&s, fds[0], "/run/web.sock", clock_ns() + sync_ns, err);
	if (r == 0) {
		r = inside_read(&line, t, clock_ns() + patience_ns, in, err);
		inside_socket_close(&s);
	}
	pthread_join(f.thread, NULL);
	close(fds[1]);
	fs_of_tree(ret, t, "guest");
	return r;
}

/* "f proc/cmdline\n=\n==> proc/cmdline <==\nquiet\n" */
#define CMDLINE "ZiBwcm9jL2NtZGxpbmUKPQo9PT4gcHJvYy9jbWRsaW5lIDw9PQpxdWlldAo="
#define DONE    "{\"return\": {\"exited\": true, \"exitcode\": 0, \"out-data\": \"" CMDLINE "\"}}\n"
#define EXEC                                                                                                                     \
	{                                                                                                                        \
		.to = "guest-exec\"", .says = "{\"return\": {\"pid\": 7}}\n"                                                     \
	}
#define REFUSED "{\"error\": {\"class\": \"CommandNotFound\", \"desc\": \"Command guest-exec has been disabled\"}}\n"

static void works(const struct answer *answers)
{
	struct err err = { 0 };
	struct inside in;
	struct fs fs;
	char text[64];

	if (look(answers, LONG_NS, LONG_NS, &fs, &in, &err) < 0)
		fail_msg("%s", err.text);
	assert_int_equal(fs_read(&fs, "proc/cmdline", text, sizeof(text)), 5);
	assert_string_equal(text, "quiet");
	assert_false(in.partial);
	fs_close(&fs);
}

static void test_good_agents(void **state)
{
	static const struct answer plain[] = { SYNC, EXEC, { .to = "guest-exec-status", .says = DONE }, { 0 } };
	static const struct answer busy[] = {
		SYNC,
		EXEC,
		{ .to = "guest-exec-status", .says = "{\"return\": {\"exited\": false}}\n", .times = 2 },
		{ .to = "guest-exec-status", .says = DONE, .in_pieces = true },
		{ 0 },
	};
	/* Left on the line by who was there before: half a line, an old answer, words that are no JSON. */
	static const struct answer dirty[] = {
		{ .to = "guest-sync-delimited",
		  .says = "urn\": 3}\n{\"return\": {}}\n{\"return\": 123456789012}\n\xff\xff{\"return\": %s}\n",
		  .in_pieces = true },
		EXEC,
		{ .to = "guest-exec-status", .says = DONE },
		{ 0 },
	};

	(void) state;
	works(plain);
	works(busy);
	works(dirty);
}

static void fails(const struct answer *answers, uint64_t sync_ns, uint64_t patience_ns, int code, const char *says)
{
	struct err err = { 0 };
	struct inside in;
	struct fs fs;
	int r = look(answers, sync_ns, patience_ns, &fs, &in, &err);

	if (r != code || !strstr(err.text, says))
		fail_msg("%d \"%s\" instead of %d with \"%s\"", r, err.text, code, says);
	fs_close(&fs);
}

static void test_bad_agents(void **state)
{
	static const struct answer silent[] = { { 0 } };
	static const struct answer wrong_number[] = { { .to = "guest-sync", .says = "\xff{\"return\": 1}\n" }, { 0 } };
	static const struct answer hangs_up[] = { SYNC, { .to = "guest-exec", .hang_up = true }, { 0 } };
	static const struct answer endless_line[] = { SYNC, { .to = "guest-exec", .flood = true }, { 0 } };
	static const struct answer never_ends[] = {
		SYNC, EXEC, { .to = "guest-exec-status", .says = "{\"return\": {\"exited\": false}}\n" }, { 0 }
	};
	static const struct answer no_number[] = { SYNC,
						   { .to = "guest-exec", .says = "{\"return\": {\"pid\": \"x\"}}\n" },
						   { 0 } };
	static const struct answer no_base64[] = { SYNC,
						   EXEC,
						   { .to = "guest-exec-status",
						     .says = "{\"return\": {\"exited\": true, \"out-data\": \"!!!!\"}}\n" },
						   { 0 } };
	static const struct answer neither[] = { SYNC, { .to = "guest-exec", .says = "{\"event\": 1}\n" }, { 0 } };
	static const struct answer other_words[] = { SYNC,
						     EXEC,
						     { .to = "guest-exec-status",
						       .says = "{\"return\": {\"exited\": true, \"out-data\": \"YWJj\"}}\n" },
						     { 0 } };

	(void) state;
	fails(silent, SHORT_NS, LONG_NS, -ETIMEDOUT, "install qemu-guest-agent");
	fails(wrong_number, SHORT_NS, LONG_NS, -ETIMEDOUT, "nobody answers");
	fails(hangs_up, LONG_NS, LONG_NS, -EPIPE, "the line was closed");
	fails(endless_line, LONG_NS, LONG_NS, -EMSGSIZE, "that is no answer");
	fails(never_ends, LONG_NS, SHORT_NS, -ETIMEDOUT, "did not end in time");
	fails(no_number, LONG_NS, LONG_NS, -EBADMSG, "does not say its number");
	fails(no_base64, LONG_NS, LONG_NS, -EBADMSG, "no base64");
	fails(neither, LONG_NS, LONG_NS, -EBADMSG, "neither");
	fails(other_words, LONG_NS, LONG_NS, -EBADMSG, "no file of a machine");
}

/* Programs may not be run: files one by one; what is missing is told from what is refused. */
static void test_without_exec(void **state)
{
	static const struct answer answers[] = {
		SYNC,
		{ .to = "guest-exec", .says = REFUSED },
		{ .to = "cpu/online\"", .says = "{\"return\": 11}\n" },
		{ .to = "isolated\"",
		  .says = "{\"error\": {\"desc\": \"failed to open file '/x': No such file or directory\"}}\n" },
		{ .to = "guest-file-open", .says = "{\"error\": {\"desc\": \"failed to open file '/x': Permission denied\"}}\n" },
		{ .to = "guest-file-read", .says = "{\"return\": {\"count\": 4, \"buf-b64\": \"MC0xCg==\", \"eof\": true}}\n" },
		{ .to = "guest-file-close", .says = "{\"return\": {}}\n" },
		{ 0 },
	};
	static const struct answer all_refused[] = { SYNC, { .to = "guest-", .says = REFUSED }, { 0 } };
	struct err err = { 0 };
	struct inside in;
	struct fs fs;
	char text[64];

	(void) state;
	if (look(answers, LONG_NS, LONG_NS, &fs, &in, &err) < 0)
		fail_msg("%s", err.text);
	assert_true(in.partial && in.files == 1 && strstr(in.less, "only 1 single files"));
	assert_int_equal(fs_read(&fs, "sys/devices/system/cpu/online", text, sizeof(text)), 3);
	fs_note_gaps(&fs);
	assert_false(fs_exists(&fs, "sys/devices/system/cpu/isolated"));
	assert_int_equal(fs.gaps->n, 0);
	assert_false(fs_exists(&fs, "sys/devices/system/cpu/nohz_full"));
	assert_int_equal(fs.gaps->n, 1);
	fs_close(&fs);
	fails(all_refused, LONG_NS, LONG_NS, -EPERM, "take guest-exec and guest-exec-status off the list of blocked commands");
}

/* ---- which way ---- */

static void way_is(enum launcher launcher, const char *words, int code, const char *says)
{
	AUTO_FREE char *copy = xstrdup(words);
	struct qemu vm = { .launcher = launcher, .name = "web", .pid = 5 };
	struct inside_way way;
	struct err err = { 0 };
	size_t len = strlen(copy);
	int r;

	for (size_t i = 0; i < len; i++)
		copy[i] = copy[i] == '|' ? '\0' : copy[i];
	vm.argc = qemu_line_words(copy, len + 1, &vm.argv);
	r = inside_find_way(&vm, NULL, &way, &err);
	if (r != code || !strstr(r < 0 ? err.text : way.at, says))
		fail_msg("%s: %d, \"%s\"", words, r, r < 0 ? err.text : way.at);
	free(vm.argv);
}

static void test_ways(void **state)
{
	static const char port[] = "qemu|-device|virtserialport,chardev=ga0,name=org.qemu.guest_agent.0|-chardev|socket,";
	static const char json[] =
		"qemu|-chardev|socket,id=charchannel0,fd=23,server=on,wait=off|-device|{\"driver\":\"virtserialport\","
		"\"chardev\":\"charchannel0\",\"id\":\"channel0\",\"name\":\"org.qemu.guest_agent.0\"}";
	AUTO_FREE char *path = xprintf("%spath=/run/web.ga,server=on,wait=off,id=ga0", port),
		       *fd = xprintf("%sfd=3,id=ga0", port), *relative = xprintf("%spath=web.ga,server=on,id=ga0", port),
		       *other = xprintf("%spath=/x,id=ga1", port);

	(void) state;
	way_is(LAUNCHER_HAND, path, 0, "/run/web.ga");
	way_is(LAUNCHER_PROXMOX, path, 0, "/run/web.ga");
	way_is(LAUNCHER_LIBVIRT, json, 0, "web");
	way_is(LAUNCHER_OPENSTACK, json, 0, "web");
	way_is(LAUNCHER_HAND, fd, -ENOENT, "no unix socket");
	way_is(LAUNCHER_HAND, relative, -ENOENT, "with a full path");
	way_is(LAUNCHER_HAND, other, -ENOENT, "no unix socket");
	way_is(LAUNCHER_HAND, "qemu|-device|virtserialport,chardev=x,name=org.vlat.ctl", -ENOENT, "-chardev socket,path=");
	way_is(LAUNCHER_LIBVIRT, "qemu", -ENOENT, "virsh edit");
	way_is(LAUNCHER_PROXMOX, "qemu", -ENOENT, "qm set NAME --agent enabled=1");
	way_is(LAUNCHER_OPENSTACK, "qemu", -ENOENT, "hw_qemu_guest_agent=yes");
	way_is(LAUNCHER_KUBEVIRT, json, -ENOENT, "virtctl");
	way_is(LAUNCHER_VLAT, "qemu", -ENOENT, "vlat run vm");
}

/* A virsh that prints what it got, and one for each way it fails. */
static void virsh_says(const char *dir, const char *script)
{
	AUTO_FREE char *path = xprintf("%s/virsh", dir), *text = xprintf("#!/bin/sh\n%s\n", script);
	struct err err = { 0 };

	if (file_write_atomic(path, text, strlen(text), 0755, &err) < 0)
		fail_msg("%s", err.text);
}

static void test_virsh(void **state)
{
	static const struct {
		const char *script, *says;
		int code;
	} rows[] = {
		{ "echo 'error: Domain not found' >&2; exit 1", "Domain not found", -EIO },
		{ "echo 'error: argument unsupported: QEMU guest agent is not configured' >&2; exit 1", "<channel type='unix'>",
		  -ENOENT },
		{ "echo 'error: Guest agent is not responding: not connected' >&2; exit 1", "install qemu-guest-agent", -EIO },
		{ "echo \"error: internal error: unable to execute QEMU agent command 'guest-exec': disabled\" >&2; exit 1",
		  "disabled", -EPERM },
		{ "echo hello", "no JSON", -EBADMSG },
		{ "exit 0", "nothing", -EBADMSG },
	};
	char dir[] = "/tmp/vlat-virsh-XXXXXX", name[] = "web";
	AUTO_FREE char *before = xstrdup(getenv("PATH")), *path = NULL;
	AUTO_JSON json_t *reply = NULL;
	struct err err = { 0 };

	(void) state;
	assert_non_null(mkdtemp(dir));
	path = xprintf("%s:%s", dir, before);
	setenv("PATH", path, 1);
	virsh_says(dir, "[ \"$1 $2 $3 $5 $6 $7\" = '-q qemu-agent-command --timeout --domain web --cmd' ] && printf "
			"'{\"return\": %s}' \"$8\"");
	if (inside_virsh_call(name, "{\"execute\":1}", clock_ns() + LONG_NS, &reply, &err) < 0)
		fail_msg("%s", err.text);
	assert_int_equal(json_integer_value(json_object_get(json_object_get(reply, "return"), "execute")), 1);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		json_t *none = NULL;

		virsh_says(dir, rows[i].script);
		assert_int_equal(inside_virsh_call(name, "{}", clock_ns() + LONG_NS, &none, &err), rows[i].code);
		if (!strstr(err.text, rows[i].says))
			fail_msg("%s: \"%s\"", rows[i].script, err.text);
	}
	setenv("PATH", before, 1);
	dir_remove_all(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_same_through_reader),
		cmocka_unit_test(test_this_machine),
		cmocka_unit_test(test_hostile_words),
		cmocka_unit_test(test_base64),
		cmocka_unit_test(test_good_agents),
		cmocka_unit_test(test_bad_agents),
		cmocka_unit_test(test_without_exec),
		cmocka_unit_test(test_ways),
		cmocka_unit_test(test_virsh),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
