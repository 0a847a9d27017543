/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What can go wrong with a guest, and where it shows:
 *
 *	kernel panic            "Kernel panic" on the console; with panic=-1 and
 *	                        -no-reboot QEMU ends at once, with exit status 0
 *	accelerator gives up    STOP event, then status "internal-error"; QEMU lives on
 *	QEMU aborts             its pidfd; the reason is the end of its stderr
 *	hang                    nothing at all: only the deadline tells
 *
 * So no exit status and no QMP reply ever means success here; watching is
 * over when the awaited fd has something to read.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/cursor.h"
#include "base/fs.h"
#include "base/stop.h"
#include "base/text.h"
#include "base/vec.h"
#include "vm/vm_parts.h"

#define LOOK_NS       (200 * NS_PER_MS) /* the console has no fd that wakes */
#define STATUS_NS     NS_PER_S
#define CONSOLE_BYTES 16384
#define CONSOLE_KEPT  (1 << 20) /* of what a machine that lives for months has said */
#define WORDS_MAX     170

bool console_panic(const char *text, size_t len, char *buf, size_t cap)
{
	static const char mark[] = "Kernel panic - not syncing: ";
	const char *at = memmem(text, len, mark, sizeof(mark) - 1), *end;
	size_t n;

	if (!at)
		return false;
	at += sizeof(mark) - 1;
	end = memchr(at, '\n', len - (size_t) (at - text));
	n = end ? (size_t) (end - at) : len - (size_t) (at - text);
	text_print(buf, cap, "%.*s", (int) (n < cap ? n : cap - 1), at);
	return true;
}

/* The last two lines of the console, joined. */
char *vm_last_words(const struct vm *vm)
{
	AUTO_FREE char *tail = tail_text(vm->l.console, 4096);
	char *last = strrchr(tail, '\n'), *before;
	size_t n;

	if (!last)
		return xstrndup(tail, WORDS_MAX);
	*last = '\0';
	before = strrchr(tail, '\n');
	before = before ? before + 1 : tail;
	n = strlen(last + 1);
	if (n >= WORDS_MAX)
		return xstrndup(last + 1, WORDS_MAX);
	return xprintf("%.*s | %s", (int) (WORDS_MAX - n), before, last + 1);
}

char *vm_console_tail(const struct vm *vm, unsigned lines)
{
	AUTO_FREE char *tail = tail_text(vm->l.console, CONSOLE_BYTES);
	char *p = tail + strlen(tail);

	while (p > tail && (p[-1] != '\n' || --lines))
		p--;
	return xstrdup(p);
}

static int with_words(const struct vm *vm, int code, const char *what, struct err *err)
{
	AUTO_FREE char *words = vm_last_words(vm);

	if (*words)
		return err_set(err, code, "%s; the guest's last words: %s", what, words);
	return err_set(err, code, "%s; its console is silent", what);
}

static int check_panic(const struct vm *vm, struct err *err)
{
	AUTO_FREE char *tail = tail_text(vm->l.console, CONSOLE_BYTES);
	char why[160];

	if (!console_panic(tail, strlen(tail), why, sizeof(why)))
		return 0;
	return err_set(err, -EIO, "the guest kernel panicked: %s", why);
}

/* The recorded console is a file in memory: let go of what nobody will look at. */
static void trim_console(const struct vm *vm)
{
	struct stat st;

	if (fstat(vm->l.console, &st) == 0 && st.st_blocks > 4 * CONSOLE_KEPT / 512)
		fallocate(vm->l.console, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, st.st_size - CONSOLE_KEPT);
}

static int check_ended(struct vm *vm, struct err *err)
{
	AUTO_FREE char *said = NULL, *what = NULL;
	char how[64];

	/* A closed control connection is the beginning of the end: give the rest a moment. */
	if (!launch_ended(&vm->l, vm->qmp_gone ? clock_ns() + LAUNCH_DYING_NS : 1))
		return vm->qmp_gone ? with_words(vm, -EIO, "QEMU closed its control connection", err) : 0;
	said = tail_text(vm->l.said, 200);
	child_end_text(vm->l.end, how, sizeof(how));
	if (qmp_seen(vm->qmp, "SHUTDOWN", NULL) && !*said)
		what = xstrdup("the guest switched itself off");
	else
		what = xprintf("QEMU ended (%s)%s%s", how, *said ? ": " : "", said);
	return with_words(vm, -EIO, what, err);
}

static int check_stopped(struct vm *vm, struct err *err)
{
	AUTO_FREE char *said = NULL, *what = NULL;
	char status[32];
	struct err ignored;

	if (vm->qmp_gone || qmp_seen(vm->qmp, "STOP", NULL) == 0)
		return 0;
	if (qmp_status(vm->qmp, clock_ns() + STATUS_NS, status, sizeof(status), &ignored) < 0 || text_eq(status, "running"))
		return 0;
	said = tail_text(vm->l.said, 4096);
	said[strcspn(said, "\n")] = '\0'; /* "KVM internal error. Suberror: 1"; registers follow */
	what = xprintf("QEMU stopped the guest (%s%s%s)", status, *said ? ": " : "", said);
	return with_words(vm, -EIO, what, err);
}

int vm_check(struct vm *vm, struct err *err)
{
	struct err gone;
	int r;

	if (vm->stopped)
		return err_set(err, -ESHUTDOWN, "the VM was stopped");
	if (!vm->qmp_gone && qmp_pump(vm->qmp, &gone) < 0)
		vm->qmp_gone = true;
	trim_console(vm);
	r = vm->own ? 0 : check_panic(vm, err); /* a system of its own may reboot, and write to its console what it likes */
	if (r >= 0)
		r = check_stopped(vm, err);
	if (r >= 0)
		r = check_ended(vm, err);
	return r;
}

static int has_bytes(int fd)
{
	int n = 0;

	return ioctl(fd, FIONREAD, &n) == 0 && n > 0;
}

/* One nap: 1 = the fd has something to read, 0 = look around, negative = stop. */
static int nap(struct vm *vm, int fd, uint64_t deadline_ns, struct err *err)
{
	uint64_t until = clock_ns() + LOOK_NS;
	struct pollfd fds[] = {
		{ .fd = fd, .events = POLLIN },
		{ .fd = vm->qmp_gone ? -1 : vm->l.qmp, .events = POLLIN },
		{ .fd = vm->l.ended ? -1 : vm->l.child.pidfd, .events = POLLIN },
		{ .fd = stop_fd(), .events = POLLIN },
	};

	if (poll(fds, ARRAY_SIZE(fds), clock_left_ms(until < deadline_ns ? until : deadline_ns)) < 0 && errno != EINTR)
		return err_sys(err, -errno, "waiting for the guest");
	if (stop_wanted())
		return err_set(err, -EINTR, "interrupted while waiting for the guest");
	/* What was said before the end counts; the mere end of the stream does not. */
	if (fds[0].revents & POLLNVAL)
		return err_set(err, -EBADF, "waiting for the guest on a closed fd");
	return fds[0].revents && (has_bytes(fd) || !(fds[0].revents & (POLLHUP | POLLERR)));
}

/* Nanoseconds that the vCPU threads have run, by /proc/TID/schedstat; 0 when the kernel does not count. */
static uint64_t vcpus_ran(const struct vm *vm)
{
	AUTO(fs_close) struct fs fs = { .root = -1 };
	struct err ignored;
	uint64_t sum = 0;

	if (fs_open_root(&fs, "/", &ignored) < 0)
		return 0;
	for (unsigned i = 0; i < vm->vcpus; i++) {
		char text[128];
		const char *at = text;
		uint64_t ns;

		if (fs_readf(&fs, text, sizeof(text), "proc/%d/schedstat", (int) vm->vcpu_tid[i]) > 0 && take_u64(&at, &ns))
			sum += ns;
	}
	return sum;
}

/* A guest that hangs and a host that leaves it no time look alike from outside: the CPU time tells them apart. */
static int too_late(const struct vm *vm, uint64_t began_ns, uint64_t ran_before, struct err *err)
{
	AUTO_FREE char *what = xprintf("the guest did not answer within %.0f s, in which its vCPUs got %.1f s of CPU time",
				       (double) (clock_ns() - began_ns) / (double) NS_PER_S,
				       (double) (vcpus_ran(vm) - ran_before) / (double) NS_PER_S);

	return with_words(vm, -ETIME, what, err);
}

int vm_watch(struct vm *vm, int fd, uint64_t deadline_ns, struct err *err)
{
	uint64_t began = clock_ns(), ran = vcpus_ran(vm);

	for (;;) {
		int r = nap(vm, fd, deadline_ns, err);

		if (r != 0)
			return r < 0 ? r : 0;
		r = vm_check(vm, err);
		if (r < 0)
			return r;
		if (clock_ns() >= deadline_ns)
			return too_late(vm, began, ran, err);
	}
}
