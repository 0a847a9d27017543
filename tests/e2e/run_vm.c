/* SPDX-License-Identifier: Apache-2.0 */
/*
 * run_vm - a Debian disk image of the kind that clouds have, made by
 * run_image.sh, is booted by `vlat run vm --disk`, asks for its address over the
 * datapath, answers ssh there, shows its console, and is shut down by
 * `vlat stop`; then once more with kill -9 of its QEMU.
 *
 *	run_vm VLAT RUN_IMAGE.SH
 *
 * The image is kept in $VLAT_CACHE/test-image (default /var/cache/vlat).
 * Skipped, with the reason, where the tools that make it are missing.
 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fs.h"
#include "base/text.h"
#include "base/vec.h"
#include "e2e.h"
#include "program.h"

#define MAKE_NS   (500 * NS_PER_S) /* downloads a root file system; later runs find it */
#define ANSWER_NS (600 * NS_PER_S) /* a whole boot of Debian under translation, on a busy machine */

static char image[300], disk[300], peer[64];

static struct run_result tool(const char *const *words, uint64_t ns)
{
	AUTO(argv_free) struct argv argv = { 0 };
	struct run_result got = { 0 };
	struct err e = { 0 };

	argv_add_all(&argv, words);
	must(run(&got, &argv, NULL, ns, &e));
	return got;
}
#define TOOL(ns, ...) tool((const char *const[]){ __VA_ARGS__, NULL }, (ns))

static void make_image(const char *script)
{
	const char *cache = getenv("VLAT_CACHE");
	struct run_result got;

	text_print(image, sizeof(image), "%s/test-image", cache && *cache ? cache : "/var/cache/vlat");
	got = TOOL(MAKE_NS, script, image);
	if (got.end.code == 77)
		e2e_skip("%s", text_starts(got.out, "skipped: ") ? text_trim(got.out + 9) : got.out);
	if (got.end.code != 0)
		printf("# %s\n%s\n", got.out, got.err);
	check(!got.end.signalled && got.end.code == 0);
	run_result_free(&got);
	/* The guest writes to its disk: a copy of this test's own. */
	text_print(disk, sizeof(disk), "%s/a disk.img", getenv("VLAT_STATE"));
	got = TOOL(120 * NS_PER_S, "cp", "--sparse=always", xprintf("%s/disk.img", image), disk);
	check(got.end.code == 0);
	run_result_free(&got);
}

static json_t *record(void)
{
	struct said s = VLAT("ps", "--json");
	json_t *all = said_json(&s), *one = json_incref(json_array_get(json_object_get(all, "runs"), 0));

	json_decref(all);
	said_free(&s);
	check(one);
	return one;
}

static void start_guest(void)
{
	struct said s = VLAT("run", "vm", "--name", "debian", "--cpus", "1", "--memory", "512M", "--disk", disk, "--net",
			     "bridge", "--accelerator", "auto", "--detach");
	json_t *r;

	check(said_exit(&s, 0));
	check(said_has(&s, "isolated"));
	said_free(&s);
	r = record();
	text_print(peer, sizeof(peer), "vlat-%s-p", json_string_value(json_object_get(r, "run")));
	check(text_eq(json_string_value(json_object_get(r, "state")), "running"));
	json_decref(r);
}

/* Somebody at the other end of the wire hands out addresses. */
static struct child serve_dhcp(void)
{
	AUTO_FREE char *conf = xprintf("%s/udhcpd.conf", getenv("VLAT_STATE"));
	AUTO_FREE char *leases = xprintf("%s/udhcpd.leases", getenv("VLAT_STATE"));
	AUTO_FREE char *text = xprintf("start 198.18.0.2\nend 198.18.0.2\nmax_leases 1\ninterface eth0\nlease_file %s\n"
				       "pidfile %s.pid\noption subnet 255.255.255.0\n",
				       leases, leases);
	struct spawn_opts how = SPAWN_OPTS_INIT;
	AUTO(argv_free) struct argv argv = { 0 };
	struct child c = CHILD_INIT;
	struct err e = { 0 };

	must(file_write_atomic(conf, text, strlen(text), 0600, &e));
	must(file_write_atomic(leases, "", 0, 0600, &e));
	how.die_with_parent = true;
	argv_add_all(&argv, (const char *const[]){ "ip", "netns", "exec", peer, "busybox", "udhcpd", "-f", conf, NULL });
	must(spawn(&c, &argv, &how, &e));
	return c;
}

static bool answers(const char *key)
{
	struct run_result got = TOOL(40 * NS_PER_S, "timeout", "30", "ip", "netns", "exec", peer, "ssh", "-i", key, "-o",
				     "BatchMode=yes", "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null",
				     "-o", "ConnectTimeout=5", "root@198.18.0.2", "cat /proc/sys/kernel/hostname; nproc");
	bool yes = !got.end.signalled && got.end.code == 0 && text_eq(text_trim(got.out), "guest\n1");

	run_result_free(&got);
	return yes;
}

static void await_ssh(void)
{
	AUTO_FREE char *key = xprintf("%s/key", image);
	uint64_t began = clock_ns(), deadline = began + ANSWER_NS;

	while (!answers(key)) {
		check(clock_ns() < deadline);
		clock_sleep_ns(NS_PER_S);
	}
	printf("# ssh answered after %.0f s\n", (double) (clock_ns() - began) / 1e9);
}

static void power_button(void)
{
	struct said s = VLAT("stop", "debian");

	check(said_exit(&s, 0));
	said_free(&s);
	s = VLAT("ps");
	check(said_has(&s, "nothing runs"));
	said_free(&s);
}

static void dead_qemu(void)
{
	json_t *r;
	pid_t pid;

	start_guest();
	r = record();
	pid = (pid_t) json_integer_value(json_object_get(r, "workload_pid"));
	json_decref(r);
	check(pid > 1 && kill(pid, SIGKILL) == 0);
	for (int i = 0; i < 1800 && runs_left() > 0; i++)
		clock_sleep_ns(100 * NS_PER_MS); /* the supervisor, and then the holder, put everything back */
	check(runs_left() == 0);
}

int main(int argc, char **argv)
{
	struct snapshot before;
	struct sink left = { 0 };
	struct child dhcp;

	check(argc == 3);
	program_is(argv[1]);
	e2e_begin("run_vm");
	make_image(argv[2]);
	if (access("/usr/bin/busybox", X_OK) < 0 && access("/bin/busybox", X_OK) < 0)
		e2e_skip("busybox is not installed: its udhcpd hands the guest its address");
	e2e_alone();
	snapshot_take(&before, NULL);
	start_guest();
	dhcp = serve_dhcp();
	await_ssh();
	child_stop(&dhcp, NS_PER_S);
	power_button();
	dead_qemu();
	if (snapshot_settle(&before, NULL, 60000, &left)) {
		printf("FAILED: left behind or changed:\n%.8000s\n", left.text);
		return 1;
	}
	snapshot_free(&before);
	check(unlink(disk) == 0);
	e2e_end();
	return 0;
}
