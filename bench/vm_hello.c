/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vm_hello AGENT                   seconds from the start of QEMU to the hello of vlat's agent
 * vm_hello AGENT --by-hand BUSYBOX     the same kernel under the shortest QEMU command line that boots it, to the
 *                                  first word of a shell
 *
 * Both use the same QEMU, accelerator, CPU model, memory and kernel.  The second
 * loads no modules, has no devices but a serial line, and checks nothing.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fs.h"
#include "base/text.h"
#include "vm/accel.h"
#include "vm/newc.h"

#define MEMORY_MB 256
#define BOOT_NS   (120 * NS_PER_S)

static int ours(const struct vm_platform *p, struct err *err)
{
	AUTO(vm_freep) struct vm *vm = NULL;
	struct vm_spec spec = { .platform = p, .name = "bench", .vcpus = 1, .memory_mb = MEMORY_MB };

	return vm_start(&vm, &spec, NULL, NULL, err) < 0 ? err->code : accel_await_hello(vm, clock_ns() + BOOT_NS, err);
}

static int make_initramfs(const char *busybox, const char *path, struct err *err)
{
	static const char script[] = "#!/bin/busybox sh\necho hello\nexec /bin/busybox poweroff -f\n";
	AUTO(newc_free) struct newc n = { 0 };
	AUTO_FREE char *program = NULL;
	size_t len;
	int r = file_read_all(busybox, 16 << 20, &program, &len, err);

	if (r < 0)
		return r;
	newc_dir(&n, "bin", 0755);
	newc_file(&n, "bin/busybox", 0755, program, (uint32_t) len);
	newc_dir(&n, "dev", 0755);
	newc_char_node(&n, "dev/console", 0600, 5, 1);
	newc_file(&n, "init", 0755, script, sizeof(script) - 1);
	newc_end(&n);
	return file_write_atomic(path, n.out.text, n.out.len, 0644, err);
}

static int await_word(int fd, struct err *err)
{
	uint64_t deadline = clock_ns() + BOOT_NS;
	char text[16384] = "";
	size_t n = 0;

	while (!strstr(text, "hello")) {
		struct pollfd p = { .fd = fd, .events = POLLIN };
		ssize_t got;

		if (poll(&p, 1, clock_left_ms(deadline)) == 0 || n + 1 >= sizeof(text))
			return err_set(err, -ETIME, "busybox said nothing: %.200s", text);
		got = read(fd, text + n, sizeof(text) - 1 - n);
		if (got <= 0)
			return err_set(err, -EIO, "QEMU ended: %.200s", text);
		n += (size_t) got;
		text[n] = '\0';
	}
	return 0;
}

static int by_hand(const struct vm_platform *p, const char *initrd, struct err *err)
{
	AUTO(argv_free) struct argv argv = { 0 };
	struct spawn_opts opts = SPAWN_OPTS_INIT;
	struct child child = CHILD_INIT;
	int fds[2], r;

	argv_add(&argv, p->qemu.path);
	argv_add_all(&argv, (const char *const[]){ "-nodefaults",
						   "-no-user-config",
						   "-display",
						   "none",
						   "-no-reboot",
						   "-M",
						   "q35",
						   "-accel",
						   p->accel.kind == VM_KVM ? "kvm" : "tcg",
						   "-cpu",
						   p->accel.cpu,
						   "-serial",
						   "stdio",
						   "-kernel",
						   p->kernel.image,
						   "-initrd",
						   initrd,
						   "-append",
						   "console=ttyS0 quiet panic=-1",
						   "-m",
						   NULL });
	argv_addf(&argv, "%d", MEMORY_MB);
	if (pipe2(fds, O_CLOEXEC) < 0)
		return err_sys(err, -errno, "pipe");
	opts.out = opts.err = fds[1];
	opts.die_with_parent = true;
	r = spawn(&child, &argv, &opts, err);
	close(fds[1]);
	if (r >= 0)
		r = await_word(fds[0], err);
	child_stop(&child, 0);
	close(fds[0]);
	return r;
}

int main(int argc, char **argv)
{
	struct vm_wish wish = { .agent = argc > 1 ? argv[1] : "" };
	bool hand = argc == 4 && text_eq(argv[2], "--by-hand");
	char folder[] = "/tmp/vlat-bench-XXXXXX", initrd[64];
	struct vm_platform *p = NULL;
	struct err err = { 0 };
	uint64_t began;
	int r;

	if (argc != 2 && !hand) {
		fprintf(stderr, "usage: vm_hello AGENT [--by-hand BUSYBOX]\n");
		return 2;
	}
	r = vm_platform_prepare(&p, &wish, NULL, &err);
	if (r >= 0 && !mkdtemp(folder))
		r = err_sys(&err, -errno, "cannot make a folder in /tmp");
	(void) text_print(initrd, sizeof(initrd), "%s/initrd", folder);
	if (r >= 0 && hand)
		r = make_initramfs(argv[3], initrd, &err);
	began = clock_ns();
	if (r >= 0)
		r = hand ? by_hand(p, initrd, &err) : ours(p, &err);
	if (r >= 0)
		printf("%.4f\n", (double) (clock_ns() - began) / (double) NS_PER_S);
	else
		fprintf(stderr, "vm_hello: %s\n", err.text);
	dir_remove_all(folder);
	vm_platform_free(p);
	return r < 0;
}
