/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A plain client for keep.sh:
 *
 *	ask get SOCKET PATH             one HTTP request over a unix socket; the answer on stdout
 *	ask notify SOCKET PROGRAM ...   what a service manager does: start it, wait to be told, ask it to end
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define PATIENCE_MS 60000

static struct sockaddr_un named(const char *path)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };

	snprintf(a.sun_path, sizeof(a.sun_path), "%s", path);
	return a;
}

static int get(const char *socket_path, const char *path)
{
	struct sockaddr_un a = named(socket_path);
	char buf[4096];
	int fd = socket(AF_UNIX, SOCK_STREAM, 0), n = snprintf(buf, sizeof(buf), "GET %s HTTP/1.1\r\nHost: x\r\n\r\n", path);
	ssize_t got;

	if (fd < 0 || connect(fd, (struct sockaddr *) &a, sizeof(a)) < 0 || write(fd, buf, (size_t) n) != n) {
		perror(socket_path);
		return 1;
	}
	while ((got = read(fd, buf, sizeof(buf))) > 0)
		fwrite(buf, 1, (size_t) got, stdout);
	close(fd);
	return got < 0;
}

static int wait_for_word(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	char word[256];
	ssize_t n;

	if (poll(&p, 1, PATIENCE_MS) <= 0)
		return 1;
	n = recv(fd, word, sizeof(word) - 1, 0);
	if (n < 0)
		return 1;
	word[n] = '\0';
	printf("%s\n", word);
	return 0;
}

static int notify(const char *socket_path, char **argv)
{
	struct sockaddr_un a = named(socket_path);
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0), status = 1, told;
	pid_t pid;

	if (fd < 0 || bind(fd, (struct sockaddr *) &a, sizeof(a)) < 0) {
		perror(socket_path);
		return 1;
	}
	setenv("NOTIFY_SOCKET", socket_path, 1);
	pid = fork();
	if (pid == 0) {
		execv(argv[0], argv);
		_exit(127);
	}
	told = wait_for_word(fd);
	kill(pid, SIGTERM);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	unlink(socket_path);
	return told || !WIFEXITED(status) || WEXITSTATUS(status) != 0;
}

int main(int argc, char **argv)
{
	if (argc == 4 && strcmp(argv[1], "get") == 0)
		return get(argv[2], argv[3]);
	if (argc > 3 && strcmp(argv[1], "notify") == 0)
		return notify(argv[2], argv + 3);
	fprintf(stderr, "ask get SOCKET PATH | ask notify SOCKET PROGRAM ...\n");
	return 2;
}
