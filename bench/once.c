/* SPDX-License-Identifier: Apache-2.0 */
/*
 * once UID WORDS...: run a program once as that user and say what it took: "SECONDS CPU_SECONDS PEAK_KB CODE".
 *
 * A process that forks a program counts its own peak of memory as the child's; so the one who measures has to be small, which
 * Python is not.  The child's output goes to nobody.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"

static void become(uint64_t uid)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null < 0 || dup2(null, STDOUT_FILENO) < 0 || dup2(null, STDERR_FILENO) < 0)
		_exit(126);
	if (uid == geteuid())
		return;
	if (setgroups(0, NULL) < 0 || setgid((gid_t) uid) < 0 || setuid((uid_t) uid) < 0)
		_exit(126);
}

static double seconds(struct timeval t)
{
	return (double) t.tv_sec + (double) t.tv_usec / 1e6;
}

int main(int argc, char **argv)
{
	uint64_t uid, began;
	struct rusage use;
	double took;
	int status;
	pid_t child;

	if (argc < 3 || text_u64(argv[1], &uid) < 0) {
		fprintf(stderr, "usage: once UID WORDS...\n");
		return 2;
	}
	began = clock_ns();
	child = fork();
	if (child == 0) {
		become(uid);
		execvp(argv[2], argv + 2);
		_exit(127);
	}
	if (child < 0 || wait4(child, &status, 0, &use) != child) {
		fprintf(stderr, "once: %s\n", strerror(errno));
		return 1;
	}
	took = (double) (clock_ns() - began) / 1e9;
	printf("%.6f %.6f %ld %d\n", took, seconds(use.ru_utime) + seconds(use.ru_stime), use.ru_maxrss,
	       WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
	return 0;
}
