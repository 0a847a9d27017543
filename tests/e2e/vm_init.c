/* SPDX-License-Identifier: Apache-2.0 */
/* An init with one bad habit, chosen by a word on the kernel's command line: it panics the kernel, or hangs. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

int main(void)
{
	char line[2048] = "";
	int fd;

	mkdir("/proc", 0755);
	mount("proc", "/proc", "proc", 0, NULL);
	fd = open("/proc/cmdline", O_RDONLY);
	if (fd < 0 || read(fd, line, sizeof(line) - 1) <= 0)
		return 2;
	if (strstr(line, "test=panic"))
		return 1; /* "Attempted to kill init!" */
	printf("going to sleep\n\033[31mfor ever\n");
	fflush(stdout);
	for (;;)
		pause();
}
