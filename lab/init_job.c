/* SPDX-License-Identifier: Apache-2.0 */
/* The line to the host, and the job that comes over it. */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/vec.h"
#include "init.h"
#include "wire.h"

static int write_all(int fd, const char *data, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, data, len);

		if (n < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -EIO;
		data += n;
		len -= (size_t) n;
	}
	return 0;
}

/* A read of 0 bytes is a line whose other end is not there: wait for it. */
static int read_all(int fd, char *data, size_t len)
{
	while (len > 0) {
		struct pollfd p = { .fd = fd, .events = POLLIN };
		ssize_t n;

		poll(&p, 1, -1);
		n = read(fd, data, len);
		if (n < 0 && errno != EINTR && errno != EAGAIN)
			return -errno;
		if (n == 0)
			return -EPIPE;
		if (n > 0) {
			data += n;
			len -= (size_t) n;
		}
	}
	return 0;
}

int frame_send(int port, uint32_t type, const void *data, uint32_t len)
{
	const struct lab_frame head = { .type = type, .len = len };
	int r = write_all(port, (const char *) &head, sizeof(head));

	return r < 0 || len == 0 ? r : write_all(port, data, len);
}

int job_receive(int port, struct job *ret)
{
	struct lab_frame head;
	char *text;
	int r = read_all(port, (char *) &head, sizeof(head));

	if (r < 0)
		return r;
	if (head.type != LAB_JOB || head.len == 0 || head.len > LAB_FRAME_MAX)
		return -EBADMSG;
	text = xalloc(head.len + 1, 1);
	r = read_all(port, text, head.len);
	if (r < 0) {
		free(text);
		return r;
	}
	return job_parse(ret, text, head.len);
}

static void take(struct job *j, char *s, size_t *n_argv, size_t *n_env)
{
	switch (*s++) {
	case 'a':
		j->argv[(*n_argv)++] = s;
		break;
	case 'e':
		j->env[(*n_env)++] = s;
		break;
	case 'd':
		j->folder = s;
		break;
	case 'm':
		j->modules = s;
		break;
	case 'r':
		j->root_type = s;
		break;
	case 's':
		if (j->n_shares < JOB_SHARES_MAX)
			j->shares[j->n_shares++] = s;
		break;
	case 't':
		j->tty = true;
		break;
	}
}

int job_parse(struct job *ret, char *text, size_t len)
{
	size_t strings = 0, n_argv = 0, n_env = 0;

	*ret = (struct job){ .text = text, .len = len, .root_type = "9p", .folder = "/" };
	for (size_t i = 0; i < len; i++)
		strings += text[i] == '\0';
	if (len == 0 || text[len - 1] != '\0')
		return -EBADMSG;
	ret->argv = xalloc(strings + 1, sizeof(char *));
	ret->env = xalloc(strings + 1, sizeof(char *));
	for (char *s = text; s < text + len; s += strlen(s) + 1)
		take(ret, s, &n_argv, &n_env);
	return n_argv ? 0 : -EBADMSG;
}
