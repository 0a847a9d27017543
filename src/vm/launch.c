/* SPDX-License-Identifier: Apache-2.0 */
#include "vm/launch.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/sink.h"
#include "base/text.h"
#include "base/vec.h"
#include "vm/confine.h"

#define SAID_BYTES 2000

/* What QEMU says when it cannot start, and what helps. */
static const struct advice {
	const char *said, *cure;
} advices[] = {
	{ .said = "unable to map backing store",
	  .cure = "free huge pages are missing, or a control group limits them (hugetlb.*.max): reserve more, or do without" },
	{ .said = "Insufficient free host memory", .cure = "this NUMA node is short of free memory: give the guest less" },
	{ .said = "cannot bind memory to host NUMA nodes: Operation not permitted",
	  .cure = "mbind(2) is refused: inside a container give it CAP_SYS_NICE" },
	{ .said = "cannot bind memory to host NUMA nodes",
	  .cure = "the cpuset group of vlat does not hold that node (cpuset.mems): choose another" },
	{ .said = "locking memory failed", .cure = "raise the memlock limit (ulimit -l), or run as root" },
	{ .said = "No available IOMMU models", .cure = "load vfio_iommu_type1 on the host" },
	{ .said = "is not viable", .cure = "every device of its IOMMU group has to be at vfio-pci or without a driver" },
	{ .said = "vfio_dma_map", .cure = "the memlock limit is below the guest's memory: raise it, or run as root" },
	{ .said = "failed to setup container", .cure = "another program holds the device's IOMMU group: end it first" },
	{ .said = "open vhost char device failed", .cure = "load vhost_net on the host" },
	{ .said = "Failed to get \"write\" lock", .cure = "another program uses this disk image: end it, or copy the image" },
	{ .said = "Failed to get shared \"write\" lock",
	  .cure = "another program uses this disk image: end it, or copy the image" },
	{ .said = "Cannot allocate memory", .cure = "the host is short of memory: give the guest less" },
	{ .said = "Could not access KVM kernel module", .cure = "load kvm_intel or kvm_amd, and be a member of group kvm" },
	{ .said = "could not open kernel file", .cure = "the guest kernel vanished: run again" },
};

int launch_prepare(struct launch *l, struct err *err)
{
	int qmp[2], control[2];
	char self[32];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, qmp) < 0)
		return err_sys(err, -errno, "cannot make a socket pair");
	l->qmp = qmp[0];
	l->qmp_theirs = qmp[1];
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, control) < 0)
		return err_sys(err, -errno, "cannot make a socket pair");
	l->control = control[0];
	l->control_theirs = control[1];
	l->console = memfd_create("vlat-console", MFD_CLOEXEC);
	l->said = memfd_create("vlat-qemu-stderr", MFD_CLOEXEC);
	if (l->console < 0 || l->said < 0)
		return err_sys(err, -errno, "cannot make a memory file");
	/* -add-fd hands a fd out only to who opens with the very same access mode, and a log is opened for writing. */
	text_print(self, sizeof(self), "/proc/self/fd/%d", l->console);
	l->console_theirs = open(self, O_WRONLY | O_APPEND | O_CLOEXEC);
	return l->console_theirs < 0 ? err_sys(err, -errno, "cannot reopen a memory file") : 0;
}

void launch_add_qmp(struct argv *a, int fd)
{
	argv_add(a, "-chardev");
	argv_addf(a, "socket,id=qmp,fd=%d", fd);
	argv_add(a, "-mon");
	argv_add(a, "chardev=qmp,mode=control");
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

int launch_start(struct launch *l, const struct argv *argv, const int *extra, size_t n, const char *mark, struct err *err)
{
	struct spawn_opts opts = SPAWN_OPTS_INIT;
	VEC(int) keep = { 0 };
	int r;

	*vec_add(&keep) = l->qmp_theirs;
	*vec_add(&keep) = l->control_theirs;
	*vec_add(&keep) = l->console_theirs;
	for (size_t i = 0; i < n; i++)
		*vec_add(&keep) = extra[i];
	opts.out = opts.err = l->said;
	opts.keep_fds = keep.at;
	opts.n_keep_fds = keep.n;
	opts.new_session = opts.die_with_parent = true;
	opts.mark = mark;
	if (l->confine && l->confine->on) {
		opts.prepare = confine_enter;
		opts.prepare_arg = l->confine;
	}
	r = spawn(&l->child, argv, &opts, err);
	vec_free(&keep);
	/* With only QEMU holding its ends, its death reads as end of file here. */
	close_fd(&l->qmp_theirs);
	close_fd(&l->control_theirs);
	close_fd(&l->console_theirs);
	return r;
}

bool launch_ended(struct launch *l, uint64_t deadline_ns)
{
	if (!l->ended && l->child.pid > 0 && child_wait(&l->child, deadline_ns, &l->end) == 0)
		l->ended = true;
	return l->ended;
}

static const char *cure_for(const char *said)
{
	for (size_t i = 0; i < ARRAY_SIZE(advices); i++) {
		if (strstr(said, advices[i].said))
			return advices[i].cure;
	}
	return NULL;
}

/* Of a text that begins in the middle of a line, the next one. */
static const char *whole_line(const char *said)
{
	const char *next = strlen(said) + 1 < SAID_BYTES ? NULL : strchr(said, '\n');

	return next ? next + 1 : said;
}

void launch_explain(struct launch *l, struct err *err)
{
	uint64_t patience = err->code == -EPIPE ? LAUNCH_DYING_NS : NS_PER_S / 2;
	AUTO_FREE char *said = NULL;
	char how[64], was[sizeof(err->text)];
	const char *start, *line, *cure;

	if (err->code == -EINTR || !launch_ended(l, clock_ns() + patience))
		return;
	said = tail_text(l->said, SAID_BYTES);
	start = whole_line(said);
	cure = cure_for(said);
	line = strstr(start, ": "); /* after "qemu-system-x86_64" */
	line = line && text_starts(start, "qemu") ? line + 2 : start;
	text_print(was, sizeof(was), "%s", err->text);
	child_end_text(l->end, how, sizeof(how));
	if (*line)
		err_set(err, -EIO, "QEMU ended (%s), saying: %.300s%s%s", how, line, cure ? "; " : "", cure ? cure : "");
	else
		err_set(err, -EIO, "QEMU ended (%s) without a word: %s", how, was);
}

void launch_free(struct launch *l)
{
	child_stop(&l->child, 0);
	close_fd(&l->qmp);
	close_fd(&l->control);
	close_fd(&l->qmp_theirs);
	close_fd(&l->control_theirs);
	close_fd(&l->console_theirs);
	close_fd(&l->console);
	close_fd(&l->said);
}

/* Past a terminal's escape sequence (ESC [ digits letter) that starts at p. */
static const char *skip_escape(const char *p, const char *end)
{
	p++;
	if (p < end && *p == '[') {
		p++;
		while (p < end && ((*p >= '0' && *p <= '9') || *p == ';' || *p == '?'))
			p++;
	}
	return p < end ? p + 1 : p;
}

static char *harmless(const char *p, size_t n)
{
	const char *end = p + n;
	struct sink out = { 0 };

	sink_put(&out, "");
	while (p < end) {
		if (*p == '\033') {
			p = skip_escape(p, end);
			continue;
		}
		if (*p == '\n' && out.len && out.text[out.len - 1] != '\n')
			sink_char(&out, '\n');
		else if ((unsigned char) *p >= ' ' && *p != 0x7f)
			sink_char(&out, *p);
		p++;
	}
	while (out.len && out.text[out.len - 1] == '\n')
		out.text[--out.len] = '\0';
	return out.text;
}

char *tail_text(int fd, size_t bytes)
{
	AUTO_FREE char *buf = xalloc(bytes + 1, 1);
	struct stat st;
	ssize_t n;
	off_t from;

	if (fstat(fd, &st) < 0)
		return xstrdup("");
	from = st.st_size > (off_t) bytes ? st.st_size - (off_t) bytes : 0;
	n = pread(fd, buf, bytes, from);
	return harmless(buf, n > 0 ? (size_t) n : 0);
}
