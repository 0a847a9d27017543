/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An init for a guest with nothing in it but the QEMU guest agent: loads what vlat's initramfs lists, finds the agent's port,
 * starts the agent there, and stays.  The word "ga_block=RPC" on the kernel's command line forbids the agent one command.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define PORTS "/sys/class/virtio-ports"

static char port[280], block[64];

static void read_text(const char *path, char *buf, size_t cap)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, buf, cap - 1);

	buf[n > 0 ? n : 0] = '\0';
	if (fd >= 0)
		close(fd);
}

static void load_modules(void)
{
	static char names[16384];

	read_text("/modules/order", names, sizeof(names));
	for (char *name = strtok(names, "\n"); name; name = strtok(NULL, "\n")) {
		char path[300];
		int fd;

		snprintf(path, sizeof(path), "/modules/%s", name);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0 || syscall(SYS_finit_module, fd, "", 0) < 0)
			perror(path);
		if (fd >= 0)
			close(fd);
	}
}

static int find_port(void)
{
	DIR *dir = opendir(PORTS);
	const struct dirent *d;

	while (dir && !port[0] && (d = readdir(dir))) {
		char path[300], name[64];

		snprintf(path, sizeof(path), PORTS "/%.100s/name", d->d_name);
		read_text(path, name, sizeof(name));
		if (strcmp(name, "org.qemu.guest_agent.0\n") == 0)
			snprintf(port, sizeof(port), "/dev/%.100s", d->d_name);
	}
	if (dir)
		closedir(dir);
	return port[0] != '\0';
}

static void start_agent(void)
{
	char *const argv[] = { "qemu-ga", "-m", "virtio-serial", "-p", port, "-t", "/run", block[0] ? "-b" : NULL, block, NULL };

	if (fork() == 0) {
		execv("/usr/sbin/qemu-ga", argv);
		perror("/usr/sbin/qemu-ga");
		_exit(1);
	}
}

int main(void)
{
	char line[2048];
	const char *word;

	mkdir("/proc", 0755);
	mkdir("/sys", 0755);
	mkdir("/run", 0755);
	mkdir("/dev", 0755);
	mount("proc", "/proc", "proc", 0, NULL);
	mount("sysfs", "/sys", "sysfs", 0, NULL);
	mount("devtmpfs", "/dev", "devtmpfs", 0, NULL);
	read_text("/proc/cmdline", line, sizeof(line));
	word = strstr(line, "ga_block=");
	if (word)
		sscanf(word, "ga_block=%63s", block);
	load_modules();
	for (int i = 0; i < 6000 && !find_port(); i++)
		usleep(10000);
	if (port[0])
		start_agent();
	else
		printf("no port for the guest agent appeared\n");
	fflush(stdout);
	while (wait(NULL) > 0)
		;
	for (;;)
		pause();
}
