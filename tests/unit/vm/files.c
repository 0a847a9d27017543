/* SPDX-License-Identifier: Apache-2.0 */
/* What QEMU is handed as open files: disks that are none, consoles with names that are taken, kernels nobody may read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fs.h"
#include "base/text.h"
#include "base/vec.h"
#include "vm/confine.h"
#include "vm/files.h"
#include "vm/platform.h"

static char dir[64];

static int set_up(void **state)
{
	(void) state;
	snprintf(dir, sizeof(dir), "/tmp/vlat-files-XXXXXX");
	return mkdtemp(dir) ? 0 : -1;
}

static int tear_down(void **state)
{
	(void) state;
	return dir_remove_all(dir);
}

static char *put(const char *name, const void *data, size_t len, unsigned mode)
{
	char *path = xprintf("%s/%s", dir, name);
	struct err err;

	assert_int_equal(file_write_atomic(path, data, len, mode, &err), 0);
	return path;
}

static void disk_refused(const char *path, enum vm_disk_format format, bool boots, int code, const char *words)
{
	struct vm_disk d = { .path = path, .format = format };
	struct err err = { 0 };

	assert_int_equal(disk_check(&d, boots, &err), code);
	if (!strstr(err.text, words) || (!strstr(err.text, path) && !strchr(path, '\n')) || strchr(err.text, '\n'))
		fail_msg("no '%s' in: %s", words, err.text);
}

static void test_disks(void **state)
{
	unsigned char sector[512] = { 0 };
	AUTO_FREE char *raw = put("raw, x=y", sector, sizeof(sector), 0600), *empty = put("empty", "", 0, 0600), *qcow2 = NULL,
		       *based = NULL;
	struct vm_disk d = { .path = raw };
	struct err err;

	(void) state;
	disk_refused("/nonexistent/disk", VM_DISK_RAW, true, -ENOENT, "No such file");
	disk_refused("../nonexistent\n.img", VM_DISK_RAW, true, -ENOENT, "No such file");
	disk_refused(dir, VM_DISK_RAW, true, -EISDIR, "disk image");
	disk_refused("/dev/null", VM_DISK_RAW, true, -EINVAL, "neither a file nor a block device");
	disk_refused(empty, VM_DISK_RAW, true, -EINVAL, "shorter than one sector");
	disk_refused(raw, VM_DISK_RAW, true, -EINVAL, "not bootable");
	assert_int_equal(disk_check(&d, false, &err), 0); /* a kernel boots, the disk need not */
	sector[510] = 0x55;
	sector[511] = 0xaa;
	free(put("raw, x=y", sector, sizeof(sector), 0600));
	assert_int_equal(disk_check(&d, true, &err), 0);
	disk_refused(raw, VM_DISK_QCOW2, true, -EINVAL, "said to be qcow2");
	/* A guest may write what it likes to the front of its raw disk. */
	memcpy(sector, "QFI\373\0\0\0\3", 8);
	qcow2 = put("a.qcow2", sector, sizeof(sector), 0600);
	disk_refused(qcow2, VM_DISK_RAW, true, -EINVAL, "begins like a qcow2 file");
	d = (struct vm_disk){ .path = qcow2, .format = VM_DISK_QCOW2 };
	assert_int_equal(disk_check(&d, true, &err), 0);
	sector[15] = 104;
	based = put("based.qcow2", sector, sizeof(sector), 0600);
	disk_refused(based, VM_DISK_QCOW2, true, -EINVAL, "on top of another file");
}

static void test_console(void **state)
{
	AUTO_FREE char *path = xprintf("%s/con", dir), *agent = xprintf("%s/agent", dir);
	struct vm_platform platform = { 0 };
	struct vm_spec spec = { .platform = &platform, .console = path, .agent = agent };
	AUTO(files_close) struct vm_files f = VM_FILES_INIT, second = VM_FILES_INIT;
	struct err err;
	struct stat st;

	(void) state;
	snprintf(platform.kernel.image, sizeof(platform.kernel.image), "/proc/self/exe");
	snprintf(platform.initrd, sizeof(platform.initrd), "/proc/self/exe");
	assert_int_equal(files_open(&f, &spec, false, &err), 0);
	assert_int_equal(stat(path, &st), 0);
	assert_true(S_ISSOCK(st.st_mode) && (st.st_mode & 0777) == 0600);
	assert_int_equal(stat(agent, &st), 0);
	assert_true(S_ISSOCK(st.st_mode) && (st.st_mode & 0777) == 0600);
	assert_true(f.agent_fd >= 0 && f.agent_fd != f.listen_fd);
	assert_int_equal(files_open(&second, &spec, false, &err), -EADDRINUSE);
	assert_non_null(strstr(err.text, "is there already"));
	files_close(&second);
	assert_int_equal(stat(path, &st), 0); /* it was not his to remove */
	files_close(&f);
	assert_int_equal(stat(path, &st), -1);
	assert_int_equal(stat(agent, &st), -1);
}

/* A kernel that only root may read is handed over as a copy in memory; one that all may read by its name. */
static void test_private_kernel(void **state)
{
	AUTO_FREE char *kernel = put("vmlinuz", "kernel!", 7, 0600), *text = NULL;
	struct vm_platform platform = { 0 };
	struct vm_spec spec = { .platform = &platform };
	AUTO(files_close) struct vm_files f = VM_FILES_INIT;
	struct err err;
	size_t len;

	(void) state;
	snprintf(platform.kernel.image, sizeof(platform.kernel.image), "%s", kernel);
	snprintf(platform.initrd, sizeof(platform.initrd), "/etc/passwd");
	assert_int_equal(files_open(&f, &spec, true, &err), 0);
	assert_true(text_starts(f.kernel, "/proc/self/fd/"));
	assert_int_equal(file_read_all(f.kernel, 100, &text, &len, &err), 0);
	assert_string_equal(text, "kernel!");
	assert_string_equal(f.initrd, "/etc/passwd");
	files_close(&f);
	assert_int_equal(files_open(&f, &spec, false, &err), 0);
	assert_string_equal(f.kernel, kernel);
	files_close(&f);
	snprintf(platform.kernel.image, sizeof(platform.kernel.image), "%s", dir);
	assert_int_equal(files_open(&f, &spec, true, &err), -EINVAL);
	assert_non_null(strstr(err.text, "no regular file"));
}

/* Whatever this machine allows, the answer is a whole one: rights given up, or the reason why not. */
static void test_confine(void **state)
{
	struct confine a, b;

	(void) state;
	confine_plan(&a, &(struct confine_wish){ .name = "a", .lock = true });
	confine_plan(&b, &(struct confine_wish){ .name = "b" });
	if (geteuid() != 0) {
		print_message("not root: there is nothing to give up\n");
		assert_false(a.on || a.why[0]);
		return;
	}
	print_message("uid %u, %s\n", (unsigned) a.uid, a.why[0] ? a.why : "a /dev of its own");
	assert_true(a.on ? a.uid >= 61184 && a.uid <= 65519 : a.why[0]);
	assert_true(!a.on || a.own_dev || a.why[0]);
	assert_true(!a.on || a.uid != b.uid); /* two machines are two users */
	assert_false(b.keep_lock);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_disks, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_console, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_private_kernel, set_up, tear_down),
		cmocka_unit_test(test_confine),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
