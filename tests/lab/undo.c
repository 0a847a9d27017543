/* SPDX-License-Identifier: Apache-2.0 */
/*
 * That it can always be undone, where it may be tried: every knob there and
 * back, tuning while CPUs come and go, and files on a real filesystem whose
 * machine loses its power while they are written, while they are put back and
 * while the boot loader's are written; and while the running host is tuned,
 * while it is reverted, and in between.  When is drawn; VLAT_SEED draws it again.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fs.h"
#include "base/text.h"
#include "base/vec.h"
#include "lab_test.h"

#define DISK_BYTES (48 << 20)
#define BOOT_NS    (300 * NS_PER_S)

static const char *inside, *vlat; /* programs; set once by main() */

/* Cards that gather packets into large ones, or for 50 us, and let themselves be told not to. */
#define LRO_CARD "-netdev hubport,id=lro,hubid=0 -device vmxnet3,netdev=lro,mac=52:54:00:aa:02:01,romfile="

static void test_knobs(void)
{
	AUTO_FREE char *job = xprintf("modprobe -r e1000e && modprobe e1000e InterruptThrottleRate=20000 && exec %s knobs", inside);
	struct lab_said s = LAB("--kernel", "backports", "--cpus", "4", "--nic", "virtio,igb,e1000e", "--qemu", LRO_CARD,
				"--timeout", "10m", "--", "sh", "-c", job);

	printf("%s", s.out);
	lab_exited(&s, 0);
	check(atoi(lab_value(&s, "knobs-changed")) >= 15); /* or nobody looked */
	lab_said_free(&s);
}

/* Timers, soft interrupts and RCU run in threads there, whose priorities go up and down again. */
static void test_rt(void)
{
	struct lab_said s = LAB("--kernel", "rt", "--cpus", "2", "--timeout", "5m", "--", inside, "knob", "sch.prio_map");

	printf("%s", s.out);
	lab_exited(&s, 0);
	lab_said_free(&s);
}

/* What the emulated host's own cache holds is lost with it; what it has flushed is on the disk. */
#define WITH_DISK "modprobe virtio_blk && modprobe ext4 && mkdir -p /tmp/disk && mount /dev/vda /tmp/disk && "

static char *job(const char *step)
{
	return xprintf(WITH_DISK "exec %s disk %s /tmp/disk", inside, step);
}

/* The user's own way: what there is to revert is told, and reverted. */
static char *live_job(const char *step)
{
	return xprintf(WITH_DISK "export VLAT_DATA=" SOURCE_ROOT "/data; exec sh " SOURCE_ROOT "/tests/lab/undo_live.sh %s /tmp/disk %s",
		       vlat, step);
}

static char *last_job(void)
{
	AUTO_FREE char *look = live_job("end");

	return xprintf("( %s ) && exec %s disk end /tmp/disk", look, inside);
}

static char *make_disk(const char *dir)
{
	AUTO_FREE char *path = xprintf("%s/disk", dir);
	AUTO_CLOSE int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	AUTO(argv_free) struct argv argv = { 0 };
	struct spawn_opts how = SPAWN_OPTS_INIT;
	struct run_result result = { 0 };
	struct err e = { 0 };

	check(fd >= 0 && ftruncate(fd, DISK_BYTES) == 0);
	argv_add_all(&argv, (const char *const[]){ "mkfs.ext4", "-q", "-F", path, NULL }); /* found in /sbin, too */
	if (run(&result, &argv, &how, BOOT_NS, &e) < 0 || result.end.signalled || result.end.code != 0) {
		printf("FAILED (scripts/install-deps lab) %s%s\n", e.text, result.err ? result.err : "");
		exit(1);
	}
	run_result_free(&result);
	return xprintf("-drive file=%s,format=raw,if=virtio,cache=writethrough", path);
}

static void await_text(const char *path, const char *text, struct child *lab)
{
	uint64_t deadline = clock_ns() + BOOT_NS;

	for (;;) {
		AUTO_FREE char *now = NULL;
		struct err e;

		if (file_read_all(path, 8 << 20, &now, NULL, &e) >= 0 && strstr(now, text))
			return;
		if (clock_ns() > deadline || !child_alive(lab)) {
			printf("FAILED no \"%s\" in:\n%s\n", text, now ? now : "nothing");
			exit(1);
		}
		clock_sleep_ns(20 * NS_PER_MS);
	}
}

/* QEMU ends with the lab, but a moment after it: until then it has the disk locked, and would not let the next one have it. */
static void await_unlocked(const char *dir)
{
	AUTO_FREE char *path = xprintf("%s/disk", dir);
	AUTO_CLOSE int fd = open(path, O_RDWR | O_CLOEXEC);
	uint64_t deadline = clock_ns() + BOOT_NS;
	struct flock lock;

	do {
		check(clock_ns() < deadline);
		clock_sleep_ns(20 * NS_PER_MS);
		lock = (struct flock){ .l_type = F_WRLCK, .l_whence = SEEK_SET };
		check(fcntl(fd, F_OFD_GETLK, &lock) == 0);
	} while (lock.l_type != F_UNLCK);
}

/* Boot, and cut the power some time after the program said `mark`.  What was said: malloc'ed. */
static char *cut(const char *dir, const char *drive, const char *words, const char *mark, unsigned after_ms)
{
	AUTO_FREE char *output = xprintf("%s/said", dir);
	struct child lab = LAB_START(output, "--qemu", drive, "--timeout", "5m", "--", "sh", "-c", words);
	struct err e = { 0 };
	char *said;

	await_text(output, mark, &lab);
	clock_sleep_ns(after_ms * NS_PER_MS);
	check(child_kill(&lab, SIGKILL) == 0);
	child_stop(&lab, NS_PER_S);
	await_unlocked(dir);
	check(file_read_all(output, 8 << 20, &said, NULL, &e) == 0);
	printf("# after %s and %u ms the power was cut:\n%s", mark, after_ms, said);
	lab_hasnt(said, "FAILED");
	return said;
}

static void cut_files(const char *dir, const char *drive, const char *step, const char *mark, unsigned after_ms)
{
	AUTO_FREE char *words = job(step), *said = cut(dir, drive, words, mark, after_ms);

	lab_has(said, "\nequal=yes");
	lab_has(said, "boot-equal=yes");
}

/* A host that was tuned when its power went is not tuned when it comes back: that is told, nothing is written, no run is left. */
static void is_voided(char *said)
{
	const struct lab_said s = { .out = said };
	bool any = atoi(lab_value(&s, "runs-left")) > 0;

	lab_is(lab_value(&s, "interval"), "1");
	lab_is(lab_value(&s, "status"), any ? "1" : "0");
	lab_is(lab_value(&s, "revert"), "0");
	lab_is(lab_value(&s, "undone"), "0");
	lab_is(lab_value(&s, "status-then"), "0");
	lab_is(lab_value(&s, "runs-then"), "0");
}

static void cut_live(const char *dir, const char *drive, const char *step, const char *mark, unsigned after_ms)
{
	AUTO_FREE char *words = live_job(step), *said = cut(dir, drive, words, mark, after_ms);

	is_voided(said);
}

/* What the cuts before have left of files is put back first: the live ones begin with nothing. */
static void first_live(const char *dir, const char *drive, const char *mark, unsigned after_ms)
{
	AUTO_FREE char *live = live_job("tune"), *words = NULL, *said = NULL;

	words = xprintf("( " WITH_DISK "%s disk end /tmp/disk && umount /tmp/disk ) && %s", inside, live);
	said = cut(dir, drive, words, mark, after_ms);
	lab_has(said, "boot-equal=yes");
	is_voided(said);
}

/* A tuning that was in force for sure. */
static void was_held(const struct lab_said *s)
{
	lab_is(lab_value(s, "runs-left"), "1");
	check(atoi(lab_value(s, "void")) > 10);
	lab_has(s->out, "its process is dead; vlat revert puts back what it left");
	is_voided(s->out);
}

static void test_power_cut(void)
{
	const char *dir = lab_folder("power");
	AUTO_FREE char *kept = xstrdup(dir), *drive = NULL, *words = last_job();
	const char *given = getenv("VLAT_SEED");
	unsigned seed = given ? (unsigned) atoi(given) : (unsigned) clock_ns();
	struct lab_said s;

	drive = make_disk(kept);
	printf("# VLAT_SEED=%u\n", seed);
	srand(seed);
	cut_files(kept, drive, "new", "writing=1", (unsigned) rand() % 400);
	cut_files(kept, drive, "revert", "reverting=1", (unsigned) rand() % 300);
	cut_files(kept, drive, "boot", "booting=2", (unsigned) rand() % 600);
	first_live(kept, drive, "tuning=0", (unsigned) rand() % 900);
	cut_live(kept, drive, "tune", "reverting=0", (unsigned) rand() % 600);
	cut_live(kept, drive, "hold", "held=1", 0);
	s = LAB("--qemu", drive, "--timeout", "5m", "--", "sh", "-c", words);
	printf("%s", s.out);
	lab_exited(&s, 0);
	was_held(&s);
	lab_is(lab_value(&s, "reverted-runs"), "0"); /* vlat revert has left none */
	lab_is(lab_value(&s, "equal"), "yes");
	lab_is(lab_value(&s, "boot-equal"), "yes");
	lab_said_free(&s);
}

static const struct lab_test tests[] = {
	{ "knobs", test_knobs },
	{ "rt", test_rt },
	{ "power-cut", test_power_cut },
};

int main(int argc, char **argv)
{
	/* VLAT-LAB UNDO_INSIDE VLAT [TEST] */
	check(argc > 3);
	inside = argv[2];
	vlat = argv[3];
	argv[3] = argv[1];
	return lab_main(argc - 2, argv + 2, tests, ARRAY_SIZE(tests));
}
