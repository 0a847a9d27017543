/* SPDX-License-Identifier: Apache-2.0 */
/*
 * guest_own - the only program of a guest "of the user's own": loads the
 * modules of its initramfs, gives its network device the address that the
 * kernel's command line names (own=198.18.0.2), and leaves the rest to the
 * kernel, which answers a ping.
 */
#include <arpa/inet.h>
#include <dirent.h>
#include <fcntl.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static void load_modules(void)
{
	FILE *order = fopen("/modules/order", "re");
	char line[200], path[256];

	while (order && fgets(line, sizeof(line), order)) {
		int fd;

		line[strcspn(line, "\n")] = '\0';
		snprintf(path, sizeof(path), "/modules/%s", line);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0 || syscall(SYS_finit_module, fd, "", 0) < 0)
			printf("own: %s is not loaded\n", path);
		if (fd >= 0)
			close(fd);
	}
}

/* The first device that is no loopback. */
static int find_device(char name[IFNAMSIZ])
{
	DIR *d = opendir("/sys/class/net");
	const struct dirent *e;
	int found = 0;

	while (d && !found && (e = readdir(d)))
		if (e->d_name[0] != '.' && strcmp(e->d_name, "lo") != 0)
			found = snprintf(name, IFNAMSIZ, "%s", e->d_name) < IFNAMSIZ;
	if (d)
		closedir(d);
	return found;
}

static int set_address(const char *name, const char *text)
{
	struct ifreq r = { 0 };
	struct sockaddr_in a = { .sin_family = AF_INET };
	int s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), ok;

	memcpy(r.ifr_name, name, strnlen(name, IFNAMSIZ - 1));
	inet_pton(AF_INET, text, &a.sin_addr);
	memcpy(&r.ifr_addr, &a, sizeof(a));
	ok = ioctl(s, SIOCSIFADDR, &r) == 0;
	inet_pton(AF_INET, "255.255.255.0", &a.sin_addr);
	memcpy(&r.ifr_netmask, &a, sizeof(a));
	ok = ok && ioctl(s, SIOCSIFNETMASK, &r) == 0;
	r.ifr_flags = IFF_UP | IFF_RUNNING;
	ok = ok && ioctl(s, SIOCSIFFLAGS, &r) == 0;
	close(s);
	return ok;
}

static void read_address(char text[64])
{
	char line[2048] = "";
	const char *at;
	int fd = open("/proc/cmdline", O_RDONLY | O_CLOEXEC);

	text[0] = '\0';
	if (fd >= 0 && read(fd, line, sizeof(line) - 1) > 0 && (at = strstr(line, "own=")))
		sscanf(at, "own=%63[0-9.]", text);
}

int main(void)
{
	char name[IFNAMSIZ], address[64];

	mkdir("/proc", 0755);
	mkdir("/sys", 0755);
	mount("proc", "/proc", "proc", 0, NULL);
	mount("sysfs", "/sys", "sysfs", 0, NULL);
	load_modules();
	read_address(address);
	while (!find_device(name))
		usleep(100000);
	printf("own: %s %s %s\n", name, address, set_address(name, address) ? "is up" : "has failed");
	for (;;)
		pause();
}
