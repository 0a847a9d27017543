/* SPDX-License-Identifier: Apache-2.0 */
/*
 * inside - `vlat audit vm NAME --inside` on real guests with Debian's own QEMU guest agent: one of a QEMU started by hand, and
 * one of `vlat run vm` whose agent may not run programs, so that its files are read one by one.
 *
 *	inside VLAT VLAT-AGENT INSIDE_INIT
 *
 * The guests boot vlat's kernel and initramfs with a second archive behind it: init, the agent, a shell, head, readlink,
 * stat, and the libraries that they ask for.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/cursor.h"
#include "base/fs.h"
#include "base/text.h"
#include "base/vec.h"
#include "e2e.h"
#include "program.h"
#include "vm/initramfs.h"
#include "vm/kernel.h"
#include "vm/newc.h"

#define TRIES 8 /* each waits for the guest's agent by itself */

static struct vm_kernel kernel;
static char initrd[256], agent_socket[256];

static void pack_file(struct newc *n, const char *from, const char *to)
{
	AUTO_FREE char *data = NULL;
	struct err e = { 0 };
	size_t len = 0;

	must(file_read_all(from, 64 << 20, &data, &len, &e));
	newc_file(n, to[0] == '/' ? to + 1 : to, 0755, data, (uint32_t) len);
}

/* Each library once: the words of ldd that begin with a slash. */
static void pack_libraries(struct newc *n, const char *program, struct argv *packed)
{
	AUTO(argv_free) struct argv argv = { 0 };
	struct run_result ldd = { 0 };
	struct err e = { 0 };
	char word[512];

	argv_add_all(&argv, (const char *const[]){ "ldd", program, NULL });
	must(run(&ldd, &argv, NULL, 240 * NS_PER_S, &e));
	for (char *at = strtok(ldd.out, " \t\n"); at; at = strtok(NULL, " \t\n")) {
		bool known = at[0] != '/' || text_ends(at, ":");

		for (size_t i = 0; i < packed->n; i++)
			known = known || text_eq(packed->at[i], at);
		if (known || text_print(word, sizeof(word), "%s", at))
			continue;
		argv_add(packed, word);
		pack_file(n, word, word);
	}
	run_result_free(&ldd);
}

/* Folders of an initramfs are not made by what is in them. */
static void pack(const char *init, struct newc *n)
{
	static const char *const dirs[] = {
		"usr", "usr/sbin", "bin", "lib", "lib64", "lib/x86_64-linux-gnu", "usr/lib", "usr/lib/x86_64-linux-gnu", "usr/bin"
	};
	static const struct {
		const char *from, *to;
	} programs[] = { { "/usr/sbin/qemu-ga", "usr/sbin/qemu-ga" },
			 { "/bin/sh", "bin/sh" },
			 { "/usr/bin/head", "usr/bin/head" },
			 { "/usr/bin/readlink", "usr/bin/readlink" },
			 { "/usr/bin/stat", "usr/bin/stat" } };
	AUTO(argv_free) struct argv packed = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(dirs); i++)
		newc_dir(n, dirs[i], 0755);
	for (size_t i = 0; i < ARRAY_SIZE(programs); i++) {
		pack_file(n, programs[i].from, programs[i].to);
		pack_libraries(n, programs[i].from, &packed);
	}
	pack_file(n, init, "init");
	newc_end(n);
}

static void make_initrd(const char *agent, const char *init)
{
	struct initramfs_wish wish = { .agent = agent, .kernel = &kernel };
	AUTO(sink_free) struct sink all = { 0 };
	AUTO(newc_free) struct newc own = { 0 };
	struct err e = { 0 };

	must(initramfs_build(&all, &wish, NULL, &e));
	pack(init, &own);
	sink_putn(&all, own.out.text, own.out.len);
	text_print(initrd, sizeof(initrd), "%s/inside.cpio", getenv("VLAT_STATE"));
	must(file_write_atomic(initrd, all.text, all.len, 0644, &e));
}

/* ---- looking ---- */

static json_t *finding(const json_t *all, const char *part, const char *id)
{
	json_t *list = json_object_get(json_object_get(all, part), "findings"), *f;
	size_t i;

	json_array_foreach (list, i, f) {
		if (text_eq(json_string_value(json_object_get(f, "knob")), id))
			return f;
	}
	printf("%s has no finding %s\n", part, id);
	return NULL;
}

static bool state_is(const json_t *all, const char *part, const char *id, const char *state)
{
	const char *is = json_string_value(json_object_get(finding(all, part, id), "state"));

	if (is && text_eq(is, state))
		return true;
	printf("%s: %s is \"%s\", not \"%s\"\n", part, id, is ? is : "missing", state);
	return false;
}

/* A guest on a loaded machine may not have started its agent when the patience of one look ends. */
static json_t *look(const char *name)
{
	for (int i = 0; i < TRIES; i++) {
		struct said s = VLAT("audit", "vm", name, "--inside", "--json");

		if (!s.end.signalled && s.end.code == 1) {
			json_t *all = said_json(&s);

			said_free(&s);
			return all;
		}
		printf("# look %d: %s", i + 1, s.err);
		said_free(&s);
	}
	e2e_failed(__FILE__, __LINE__, "the guest was looked into");
}

static void check_inside(const json_t *all, size_t files)
{
	const json_t *inside = json_object_get(all, "inside");

	printf("# by %s: %lld files, %lld bytes\n", json_string_value(json_object_get(all, "by")),
	       json_integer_value(json_object_get(all, "files")), json_integer_value(json_object_get(all, "bytes")));
	check((size_t) json_integer_value(json_object_get(all, "files")) >= files);
	check(text_eq(json_string_value(json_object_get(inside, "role")), "guest"));
	check(text_eq(json_string_value(json_object_get(inside, "kernel")), kernel.version));
	check(state_is(all, "both", "pair.vcpus", "ok"));
	check(state_is(all, "both", "pair.hint", "not applicable") == state_is(all, "both", "pair.pvspin", "not applicable"));
	check(finding(all, "outside", "vm.accel"));
}

/* ---- a QEMU of somebody's own ---- */

static struct child start_by_hand(void)
{
	AUTO(argv_free) struct argv argv = { 0 };
	struct spawn_opts how = SPAWN_OPTS_INIT;
	struct child c = CHILD_INIT;
	struct err e = { 0 };

	text_print(agent_socket, sizeof(agent_socket), "%s/ga", getenv("VLAT_STATE"));
	argv_add_all(&argv, (const char *const[]){ "qemu-system-x86_64",
						   "-name",
						   "guest=byhand,debug-threads=on",
						   "-accel",
						   "tcg",
						   "-cpu",
						   "max",
						   "-machine",
						   "q35,hpet=off",
						   "-smp",
						   "2",
						   "-m",
						   "256",
						   "-nodefaults",
						   "-no-user-config",
						   "-display",
						   "none",
						   "-kernel",
						   kernel.image,
						   "-initrd",
						   initrd,
						   "-append",
						   "quiet panic=-1 no_timer_check tsc=reliable isolcpus=1",
						   "-no-reboot",
						   NULL });
	argv_add(&argv, "-device");
	argv_add(&argv, "virtio-serial-pci");
	argv_add(&argv, "-chardev");
	argv_addf(&argv, "socket,path=%s,server=on,wait=off,id=ga0", agent_socket);
	argv_add(&argv, "-device");
	argv_add(&argv, "virtserialport,chardev=ga0,name=org.qemu.guest_agent.0");
	how.die_with_parent = true;
	must(spawn(&c, &argv, &how, &e));
	return c;
}

/* A QEMU on a busy machine takes its time until it listens. */
static void await_socket(void)
{
	uint64_t deadline_ns = clock_ns() + 240 * NS_PER_S;

	while (access(agent_socket, F_OK) < 0 && clock_ns() < deadline_ns)
		clock_sleep_ns(50 * NS_PER_MS);
	check(access(agent_socket, F_OK) == 0);
}

/* What only a list of names can tell was seen too: tasks, interrupts, devices. */
static void test_by_hand(void)
{
	struct child qemu = start_by_hand();
	struct said s;
	json_t *all;

	await_socket();
	all = look("byhand");
	check_inside(all, 100);
	check(text_eq(json_string_value(json_object_get(json_object_get(all, "inside"), "isolated_cpus")), "1"));
	check(state_is(all, "both", "pair.isolated", "differs"));
	check(text_eq(json_string_value(json_object_get(all, "launcher")), "by hand"));
	check(text_eq(json_string_value(json_object_get(all, "left_out")), ""));
	check(finding(all, "inside", "gst.virtio_irq") && state_is(all, "inside", "gst.virtio_irq", "differs"));
	json_decref(all);
	s = VLAT("audit", "vm", "byhand", "--inside", "--explain", "pair.isolated");
	check(said_exit(&s, 1) && said_has(&s, "isolated inside: 1") && said_has(&s, "taskset -cp"));
	said_free(&s);
	child_stop(&qemu, 0);
	printf("ok by hand\n");
}

/* ---- a machine of vlat run ---- */

static void test_vlat_run(void)
{
	json_t *all;
	struct said s = VLAT("run", "vm", "--name", "within", "--cpus", "1", "--tuning", "none", "--memory", "256M", "--kernel",
			     kernel.image, "--initrd", initrd, "--append",
			     "quiet panic=-1 no_timer_check tsc=reliable ga_block=guest-exec", "--detach");

	check(said_exit(&s, 0));
	said_free(&s);
	all = look("within");
	check_inside(all, 40);
	check(text_eq(json_string_value(json_object_get(all, "launcher")), "vlat"));
	check(strstr(json_string_value(json_object_get(all, "left_out")), "may not run programs"));
	json_decref(all);
	s = VLAT("stop", "within", "--now");
	check(said_exit(&s, 0));
	said_free(&s);
	printf("ok vlat run vm\n");
}

static void test_refusals(void)
{
	struct said s = VLAT("audit", "vm", "nobody-here", "--inside");

	check(said_exit(&s, 2) && said_has(&s, "no virtual machine \"nobody-here\" runs here"));
	said_free(&s);
	s = VLAT("audit", "vm", "--inside");
	check(said_exit(&s, 2) && said_has(&s, "vlat audit vm NAME --inside"));
	said_free(&s);
	s = VLAT("audit", "container", "x", "--inside");
	check(said_exit(&s, 2));
	said_free(&s);
	printf("ok refusals\n");
}

int main(int argc, char **argv)
{
	struct err e = { 0 };
	int r;

	e2e_begin("inside");
	check(argc == 4);
	program_is(argv[1]);
	setenv("VLAT_AGENT", argv[2], 1);
	test_refusals();
	if (access("/usr/sbin/qemu-ga", X_OK) < 0)
		e2e_skip("qemu-ga is not installed: apt install qemu-guest-agent");
	r = kernel_find(&kernel, KERNEL_FASTEST, NULL, NULL, false, &e);
	if (r == -ENOENT || r == -ENETUNREACH)
		e2e_skip("%s", e.text);
	e2e_must(r, &e, "kernel_find");
	make_initrd(argv[2], argv[3]);
	test_by_hand();
	test_vlat_run();
	e2e_end();
	return 0;
}
