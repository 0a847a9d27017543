/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tiny_agent - the least that can live in a container: answers each line on
 * stdin by one line on stdout, leaves at end of input.
 *
 *	fifo N          become SCHED_FIFO N: "0" or the errno
 *	lock            lock all memory: "0" or the errno
 *	cat PATH        the file, newlines as blanks
 *	write PATH      open for writing and creating: "0" or the errno
 *	say TEXT        TEXT on stderr: "0"
 *	die             exit 3
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static int fifo(const char *priority)
{
	struct sched_param p = { .sched_priority = (int) strtol(priority, NULL, 10) };

	return sched_setscheduler(0, SCHED_FIFO, &p) < 0 ? errno : 0;
}

static void cat(const char *path)
{
	char buf[16384];
	int fd = open(path, O_RDONLY);
	ssize_t n = fd < 0 ? -1 : read(fd, buf, sizeof(buf));

	if (fd >= 0)
		close(fd);
	for (ssize_t i = 0; i < n; i++)
		putchar(buf[i] == '\n' || !buf[i] ? ' ' : buf[i]);
	putchar('\n');
}

static int open_for_writing(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT, 0600);

	return fd < 0 ? errno : close(fd);
}

static void answer(const char *word, const char *arg)
{
	if (!strcmp(word, "fifo"))
		printf("%d\n", fifo(arg));
	else if (!strcmp(word, "lock"))
		printf("%d\n", mlockall(MCL_CURRENT | MCL_FUTURE) < 0 ? errno : 0);
	else if (!strcmp(word, "cat"))
		cat(arg);
	else if (!strcmp(word, "write"))
		printf("%d\n", open_for_writing(arg));
	else if (!strcmp(word, "say"))
		printf("%d\n", fprintf(stderr, "%s\n", arg) < 0);
	else
		exit(3);
}

int main(int argc, char **argv)
{
	char line[512];

	if (argc > 1 && !strcmp(argv[1], "--version")) {
		puts("tiny_agent 1");
		return 0;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	while (fgets(line, sizeof(line), stdin)) {
		char *arg = line + strcspn(line, " \n");

		if (*arg)
			*arg++ = '\0';
		arg[strcspn(arg, "\n")] = '\0';
		answer(line, arg);
	}
	return 0;
}
