/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From the wish to the exit code.  The emulated host dies with this process,
 * however that ends (PR_SET_PDEATHSIG), and everything it needs while it lives
 * has no name in the file system: socket pairs, memory files, an unlinked disk.
 */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fs.h"
#include "base/log.h"
#include "base/text.h"
#include "base/vec.h"
#include "lab.h"
#include "session.h"
#include "vm/launch.h"
#include "wire.h"

#define LOG_BYTES (1u << 20)

/* lab-init lies beside this program. */
static int find_init(struct lab_parts *p, struct err *err)
{
	char self[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (n < 0)
		return err_sys(err, -errno, "cannot tell where this program lies");
	self[n] = '\0';
	if (text_print(p->init, sizeof(p->init), "%s/lab-init", dirname(self)))
		return err_set(err, -ENAMETOOLONG, "the folder of this program has too long a path");
	if (access(p->init, R_OK) < 0)
		return err_sys(err, -errno, "%s, which is built together with this program", p->init);
	return 0;
}

static int make_disk(struct lab_parts *p, const struct lab_spec *spec, struct err *err)
{
	const char *folder = getenv("TMPDIR");

	p->disk_fd = -1;
	if (!spec->disk_bytes)
		return 0;
	folder = folder && *folder ? folder : "/tmp";
	p->disk_fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (p->disk_fd < 0)
		return err_sys(err, -errno, "cannot make a disk in %s (TMPDIR names another folder)", folder);
	return ftruncate(p->disk_fd, (off_t) spec->disk_bytes) < 0 ? err_sys(err, -errno, "cannot make a disk of that size") : 0;
}

static int find_parts(struct lab_parts *p, const struct lab_spec *spec, struct err *err)
{
	int r = find_init(p, err);

	if (r >= 0)
		r = lab_qemu_find(p, spec, err);
	if (r >= 0)
		r = lab_kernel_find(p, spec, err);
	if (r >= 0)
		r = lab_image(p, spec, err);
	if (r < 0)
		return r;
	lab_vmlinux(p);
	return make_disk(p, spec, err);
}

static int make_shares(struct lab_parts *p, const struct lab_spec *spec, struct err *err)
{
	int r = 0;

	p->shares[LAB_SHARE_ROOT] = (struct lab_share){ .tag = LAB_ROOT_TAG, .path = "/", .read_only = true };
	p->shares[LAB_SHARE_OUT] = (struct lab_share){ .tag = "out", .path = spec->out };
	p->shares[LAB_SHARE_PERSIST] = (struct lab_share){ .tag = "persist", .path = spec->persist };
	for (size_t i = 0; i < LAB_SHARES; i++) {
		struct lab_share *s = &p->shares[i];

		s->fd = -1;
		s->server = (struct child) CHILD_INIT;
		if (r >= 0 && s->path && spec->kernel->virtiofs)
			r = virtiofs_start(&s->server, &s->fd, s->path, s->read_only, err);
	}
	return r;
}

static void end_shares(struct lab_parts *p)
{
	for (size_t i = 0; i < LAB_SHARES; i++) {
		child_stop(&p->shares[i].server, 0);
		if (p->shares[i].fd >= 0)
			close(p->shares[i].fd);
	}
}

static int boot(struct launch *l, struct lab_parts *p, const struct lab_spec *spec, struct err *err)
{
	AUTO(argv_free) struct argv argv = { 0 };
	int r = launch_prepare(l, err), fds[1 + LAB_SHARES];
	size_t n = 0;

	if (r < 0)
		return r;
	p->control_fd = l->control_theirs;
	p->console_fd = l->console_theirs;
	lab_argv(&argv, spec, p);
	if (spec->qemu_words) {
		AUTO_FREE char *words = argv_text(&argv);

		log_debug("%s", words);
	}
	if (p->disk_fd >= 0)
		fds[n++] = p->disk_fd;
	for (size_t i = 0; i < LAB_SHARES; i++) {
		if (p->shares[i].fd >= 0)
			fds[n++] = p->shares[i].fd;
	}
	return launch_start(l, &argv, fds, n, p->libraries[0] ? p->libraries : NULL, err);
}

static int boot_and_run(struct launch *l, struct lab_parts *p, const struct lab_spec *spec, struct err *err)
{
	int r = boot(l, p, spec, err);

	return r < 0 ? r : session_run(l, spec, p, clock_ns() + spec->timeout_ns, err);
}

static void keep_log(const char *folder, const char *name, int fd)
{
	AUTO_FREE char *text = tail_text(fd, LOG_BYTES), *path = xprintf("%s/%s", folder, name);
	struct err err;

	if (file_write_atomic(path, text, strlen(text), 0644, &err) < 0)
		log_warn("%s", err.text);
}

int lab_run(const struct lab_spec *spec, struct err *err)
{
	struct lab_parts parts = {
		.disk_fd = -1, .shares = { { .fd = -1, .server = CHILD_INIT }, { .fd = -1, .server = CHILD_INIT },
					   { .fd = -1, .server = CHILD_INIT } } };
	struct launch l = LAUNCH_INIT;
	int r = find_parts(&parts, spec, err);

	if (r >= 0)
		r = make_shares(&parts, spec, err);
	if (r >= 0)
		r = boot_and_run(&l, &parts, spec, err);
	/*
	 * Seen once in some hundred boots: QEMU fails an assertion about memory
	 * regions, or loses a CPU's timer and the kernel starves.  Nothing has been
	 * run yet.
	 */
	if (r == LAB_CRASHED && !spec->kernel->virtiofs) {
		log_note("%s; booting once more", err->text);
		launch_free(&l);
		l = (struct launch) LAUNCH_INIT;
		r = boot_and_run(&l, &parts, spec, err);
	}
	child_stop(&l.child, 0);
	if (spec->out && l.console >= 0) {
		keep_log(spec->out, "console.log", l.console);
		keep_log(spec->out, "qemu.log", l.said);
	}
	launch_free(&l);
	end_shares(&parts);
	if (parts.disk_fd >= 0)
		close(parts.disk_fd);
	return r;
}
