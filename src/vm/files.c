/* SPDX-License-Identifier: Apache-2.0 */
#include "vm/files.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "vm/bzimage.h"
#include "vm/platform.h"

/* May anybody at all read this file by this path?  The resolved path, so that a link does not lead elsewhere. */
static bool is_public(const char *real)
{
	char path[PATH_MAX];
	struct stat st;

	if (stat(real, &st) < 0 || !(st.st_mode & S_IROTH) || text_print(path, sizeof(path), "%s", real))
		return false;
	for (char *slash; (slash = strrchr(path, '/'));) {
		*slash = '\0';
		if (stat(*path ? path : "/", &st) < 0 || !(st.st_mode & S_IXOTH))
			return false;
	}
	return true;
}

/* A copy in memory: its mode lets everybody read it, but only who inherits the fd can name it. */
static int copy_to_memory(const char *path, int *ret_fd, struct err *err)
{
	AUTO_CLOSE int from = open(path, O_RDONLY | O_CLOEXEC), to = memfd_create("vlat-boot-file", MFD_CLOEXEC);
	ssize_t n;

	if (from < 0 || to < 0)
		return err_sys(err, -errno, "cannot read %s", path);
	do
		n = sendfile(to, from, NULL, 1 << 24);
	while (n > 0 || (n < 0 && errno == EINTR));
	if (n < 0)
		return err_sys(err, -errno, "cannot copy %s", path);
	*ret_fd = TAKE_FD(to);
	return 0;
}

static int open_boot_file(const char *path, bool confined, char buf[PATH_MAX], int *ret_fd, struct err *err)
{
	AUTO_FREE char *real = realpath(path, NULL);
	struct stat st;

	if (!real || stat(real, &st) < 0 || access(real, R_OK) < 0)
		return err_sys(err, -errno, "boot file %s", path);
	if (!S_ISREG(st.st_mode))
		return err_set(err, -EINVAL, "boot file %s is no regular file", path);
	if (!confined || is_public(real))
		return text_print(buf, PATH_MAX, "%s", path) ? err_set(err, -ENAMETOOLONG, "boot file %s", path) : 0;
	if (copy_to_memory(real, ret_fd, err) < 0)
		return err->code;
	text_print(buf, PATH_MAX, "/proc/self/fd/%d", *ret_fd);
	return 0;
}

static int open_kernel(struct vm_files *f, const struct vm_spec *spec, bool confined, struct err *err)
{
	const char *kernel = spec->kernel, *initrd = spec->initrd;
	char version[128];
	int r;

	if (!vm_is_own(spec)) {
		kernel = spec->platform->kernel.image;
		initrd = spec->platform->initrd;
	} else if (kernel) {
		r = bzimage_file_version(kernel, version, sizeof(version), err);
		if (r < 0)
			return r;
	}
	r = kernel ? open_boot_file(kernel, confined, f->kernel, &f->kernel_fd, err) : 0;
	if (r >= 0 && initrd)
		r = open_boot_file(initrd, confined, f->initrd, &f->initrd_fd, err);
	return r;
}

/* ---- disk ---- */

/* qcow2: "QFI\373", then big-endian: version, offset and length of the name of the file below it. */
struct qcow2_head {
	unsigned char magic[4], version[4], backing_offset[8], backing_size[4];
};

static bool is_qcow2(const struct qcow2_head *h)
{
	return memcmp(h->magic, "QFI\373", 4) == 0;
}

static bool is_zero(const unsigned char *p, size_t n)
{
	while (n && !*p)
		p++, n--;
	return !n;
}

static int check_format(const struct vm_disk *d, const unsigned char *sector, bool boots, struct err *err)
{
	struct qcow2_head h;

	memcpy(&h, sector, sizeof(h));
	if (d->format == VM_DISK_QCOW2 && !is_qcow2(&h))
		return err_set(err, -EINVAL,
			       "disk image %s is said to be qcow2, but is not: say format=raw, or convert it"
			       " (qemu-img)",
			       d->path);
	/* Whatever a guest writes to the front of its raw disk must not become names of files on the host. */
	if (d->format == VM_DISK_RAW && is_qcow2(&h))
		return err_set(err, -EINVAL, "disk image %s is said to be raw, but begins like a qcow2 file: say format=qcow2",
			       d->path);
	if (d->format == VM_DISK_QCOW2 && !is_zero(h.backing_offset, sizeof(h.backing_offset)))
		return err_set(err, -EINVAL,
			       "disk image %s lies on top of another file, which QEMU may not open: make it whole with qemu-img"
			       " convert -O qcow2",
			       d->path);
	if (d->format == VM_DISK_RAW && boots && (sector[510] != 0x55 || sector[511] != 0xaa))
		return err_set(err, -EINVAL,
			       "disk image %s is not bootable: its first sector has no boot signature; name a kernel to boot"
			       " it directly",
			       d->path);
	return 0;
}

/* A pipe would block, a folder cannot be a disk. */
static int open_disk(const struct vm_disk *d, bool boots, int *ret_fd, struct err *err)
{
	AUTO_CLOSE int fd = open(d->path, (d->read_only ? O_RDONLY : O_RDWR) | O_CLOEXEC | O_NONBLOCK);
	unsigned char sector[512];
	struct stat st;
	int r;

	if (fd < 0 && (errno == EACCES || errno == EROFS) && !d->read_only)
		return err_sys(err, -errno, "disk image %s cannot be written: say read-only, or copy it", d->path);
	if (fd < 0 || fstat(fd, &st) < 0)
		return err_sys(err, -errno, "disk image %s", d->path);
	if (!S_ISREG(st.st_mode) && !S_ISBLK(st.st_mode))
		return err_set(err, -EINVAL, "disk image %s is neither a file nor a block device", d->path);
	if (pread(fd, sector, sizeof(sector), 0) != (ssize_t) sizeof(sector))
		return err_set(err, -EINVAL, "disk image %s is shorter than one sector: it holds no disk", d->path);
	r = check_format(d, sector, boots, err);
	if (r >= 0 && fcntl(fd, F_SETFL, 0) < 0)
		r = err_sys(err, -errno, "disk image %s", d->path);
	if (r >= 0 && ret_fd)
		*ret_fd = TAKE_FD(fd);
	return r < 0 ? r : 0;
}

int disk_check(const struct vm_disk *disk, bool boots, struct err *err)
{
	return open_disk(disk, boots, NULL, err);
}

/* ---- sockets: the console's, the guest agent's ---- */

static int open_socket(const char *what, const char *path, int *ret_fd, char *ret_path, size_t cap, struct err *err)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	AUTO_CLOSE int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || text_print(un.sun_path, sizeof(un.sun_path), "%s", path))
		return err_sys(err, fd < 0 ? -errno : -ENAMETOOLONG, "%s socket %s", what, path);
	if (bind(fd, (const struct sockaddr *) &un, sizeof(un)) < 0)
		return errno == EADDRINUSE
			       ? err_set(err, -errno, "%s socket %s is there already: remove it, or name another", what, path)
			       : err_sys(err, -errno, "%s socket %s", what, path);
	text_print(ret_path, cap, "%s", path);
	/* Nobody can connect before listen(): the right mode is there in time. */
	if (chmod(path, 0600) < 0 || listen(fd, 1) < 0)
		return err_sys(err, -errno, "%s socket %s", what, path);
	*ret_fd = TAKE_FD(fd);
	return 0;
}

int files_open(struct vm_files *f, const struct vm_spec *spec, bool confined, struct err *err)
{
	int r = open_kernel(f, spec, confined, err);

	if (r >= 0 && spec->disk.path)
		r = open_disk(&spec->disk, !spec->kernel, &f->disk_fd, err);
	if (r >= 0 && spec->console)
		r = open_socket("console", spec->console, &f->listen_fd, f->socket, sizeof(f->socket), err);
	if (r >= 0 && spec->agent)
		r = open_socket("guest agent's", spec->agent, &f->agent_fd, f->agent, sizeof(f->agent), err);
	return r;
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

void files_hand_over(struct vm_files *f)
{
	close_fd(&f->kernel_fd);
	close_fd(&f->initrd_fd);
	close_fd(&f->disk_fd);
	close_fd(&f->listen_fd);
	close_fd(&f->agent_fd);
}

void files_close(struct vm_files *f)
{
	files_hand_over(f);
	if (f->socket[0])
		unlink(f->socket);
	if (f->agent[0])
		unlink(f->agent);
	f->socket[0] = f->agent[0] = '\0';
}
