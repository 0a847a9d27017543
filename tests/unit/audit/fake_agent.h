/* SPDX-License-Identifier: Apache-2.0 */
/* fake_agent - a QEMU guest agent that answers by a table: late, in pieces, without end, or not at all. */
#ifndef AUDIT_FAKE_AGENT_H
#define AUDIT_FAKE_AGENT_H

#include <pthread.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/sink.h"
#include "base/vec.h"

/* What the fake agent does with each command; NULL = the next row. */
struct answer {
	const char *to;   /* part of the command */
	const char *says; /* "%s" stands for the number that guest-sync-delimited brought */
	unsigned times;   /* then the row is over; 0 = for ever */
	bool hang_up, in_pieces, flood;
};

struct fake {
	int fd;
	const struct answer *answers;
	unsigned used[8];
	pthread_t thread;
};

static inline bool fake_put(int fd, const char *text, size_t len, bool in_pieces)
{
	while (len) {
		ssize_t n = send(fd, text, in_pieces && len > 7 ? 7 : len, MSG_NOSIGNAL);

		if (n <= 0)
			return false;
		text += n;
		len -= (size_t) n;
	}
	return true;
}

/* A line without an end, until nobody listens any more. */
static inline bool fake_flood(int fd)
{
	char junk[65536];

	memset(junk, 'x', sizeof(junk));
	while (fake_put(fd, junk, sizeof(junk), false))
		;
	return false;
}

static inline bool fake_answer(struct fake *f, const char *command)
{
	const char *id = strstr(command, "\"id\":");
	AUTO_FREE char *number = xprintf("%.*s", id ? (int) strspn(id + 5, "0123456789") : 0, id ? id + 5 : "");

	for (size_t i = 0; f->answers[i].to; i++) {
		const struct answer *a = &f->answers[i];
		AUTO(sink_free) struct sink out = { 0 };
		const char *at;

		if (!strstr(command, a->to) || (a->times && f->used[i] == a->times))
			continue;
		f->used[i]++;
		if (a->flood)
			return fake_flood(f->fd);
		for (at = a->says ? a->says : ""; *at; at++) {
			if (at[0] == '%' && at[1] == 's')
				sink_put(&out, number), at++;
			else
				sink_char(&out, *at);
		}
		if (out.len && !fake_put(f->fd, out.text, out.len, a->in_pieces))
			return false;
		return !a->hang_up;
	}
	return true;
}

static inline void *fake_main(void *arg)
{
	struct fake *f = arg;
	char line[16384];
	size_t n = 0;

	while (n < sizeof(line) - 1 && read(f->fd, line + n, 1) == 1) {
		if (line[n++] != '\n')
			continue;
		line[n] = '\0';
		n = 0;
		if (!fake_answer(f, line))
			break;
	}
	shutdown(f->fd, SHUT_RDWR);
	return NULL;
}

#endif
