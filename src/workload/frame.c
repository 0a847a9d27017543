/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/stop.h"
#include "base/vec.h"
#include "workload/protocol.h"

#define HEAD 4

static size_t head_length(const unsigned char *p)
{
	return (size_t) p[0] << 24 | (size_t) p[1] << 16 | (size_t) p[2] << 8 | p[3];
}

int frame_decode(const void *buf, size_t len, size_t max, json_t **ret, size_t *ret_used, struct err *err)
{
	json_error_t why;
	json_t *msg;
	size_t n;

	if (len < HEAD)
		return 0;
	n = head_length(buf);
	if (n > max)
		return err_set(err, -EMSGSIZE,
			       "a frame of %zu bytes is announced, the limit is %zu: this is no vlat-agent stream", n, max);
	if (len - HEAD < n)
		return 0;
	*ret_used = HEAD + n;
	msg = json_loadb((const char *) buf + HEAD, n, JSON_REJECT_DUPLICATES, &why);
	if (!msg)
		return err_set(err, -EBADMSG, "frame of %zu bytes: not JSON: %s", n, why.text);
	if (!json_is_object(msg) || !json_is_string(json_object_get(msg, "type"))) {
		json_decref(msg);
		return err_set(err, -EBADMSG, "frame of %zu bytes: not an object with a \"type\"", n);
	}
	*ret = msg;
	return 1;
}

const char *frame_type(const json_t *msg)
{
	const char *type = json_string_value(json_object_get(msg, "type"));

	return type ? type : "";
}

/* Room for at least one more byte, never more than the largest frame needs. */
static int reader_grow(struct frame_reader *r)
{
	size_t limit = HEAD + r->max, cap = r->cap ? 2 * r->cap : 4096;
	char *bigger;

	if (r->len < r->cap)
		return 0;
	if (r->cap >= limit)
		return -EMSGSIZE;
	if (cap > limit)
		cap = limit;
	bigger = realloc(r->buf, cap);
	if (!bigger)
		return -ENOMEM;
	r->buf = bigger;
	r->cap = cap;
	return 0;
}

int frame_fill(struct frame_reader *r, int fd)
{
	ssize_t n;
	int rc = reader_grow(r);

	if (rc < 0)
		return rc;
	do
		n = read(fd, r->buf + r->len, r->cap - r->len);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	r->len += (size_t) n;
	return (int) n;
}

int frame_take(struct frame_reader *r, json_t **ret, struct err *err)
{
	size_t used = 0;
	int rc = frame_decode(r->buf, r->len, r->max, ret, &used, err);

	if (used) {
		r->len -= used;
		memmove(r->buf, r->buf + used, r->len);
	}
	return rc;
}

void frame_reader_free(struct frame_reader *r)
{
	free(r->buf);
	*r = (struct frame_reader){ .max = r->max };
}

/* Until fd is ready for `events`, the deadline has passed (0 = never) or a stop is wanted. */
static int fd_wait(int fd, short events, uint64_t deadline_ns, bool stoppable)
{
	struct pollfd p[2] = { { .fd = fd, .events = events }, { .fd = stoppable ? stop_fd() : -1, .events = POLLIN } };
	int n;

	do
		n = poll(p, 2, deadline_ns ? clock_left_ms(deadline_ns) : -1);
	while (n < 0 && errno == EINTR && !(stoppable && stop_wanted()));
	if (stoppable && stop_wanted())
		return -EINTR;
	if (n < 0)
		return -errno;
	return n ? 0 : -ETIMEDOUT;
}

int frame_receive(struct frame_reader *r, int fd, uint64_t deadline_ns, json_t **ret, struct err *err)
{
	int rc;

	while ((rc = frame_take(r, ret, err)) == 0) {
		rc = fd_wait(fd, POLLIN, deadline_ns, true);
		if (rc == -EINTR)
			return err_set(err, -EINTR, "stopped while waiting for vlat-agent");
		if (rc < 0)
			return err_set(err, rc, "vlat-agent did not answer in time");
		rc = frame_fill(r, fd);
		if (rc == 0)
			return err_set(err, -EPIPE, "vlat-agent is gone: its control line ended");
		if (rc < 0 && rc != -EAGAIN)
			return err_sys(err, rc, "read from vlat-agent");
	}
	return rc;
}

int frame_write_all(int fd, const void *data, size_t len, uint64_t deadline_ns)
{
	const char *at = data;

	while (len) {
		/* What poll(2) calls writable takes at least a page of a pipe without blocking. */
		size_t chunk = deadline_ns && len > 4096 ? 4096 : len;
		ssize_t n;
		int rc;

		rc = deadline_ns ? fd_wait(fd, POLLOUT, deadline_ns, false) : 0;
		if (rc < 0)
			return rc;
		n = write(fd, at, chunk);
		if (n < 0 && errno == EAGAIN) {
			rc = fd_wait(fd, POLLOUT, deadline_ns, false);
			if (rc < 0)
				return rc;
			continue;
		}
		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0) {
			at += n;
			len -= (size_t) n;
		}
	}
	return 0;
}

int frame_send(int fd, const json_t *msg, uint64_t deadline_ns, struct err *err)
{
	size_t n = json_dumpb(msg, NULL, 0, JSON_COMPACT);
	AUTO_FREE char *text = NULL;
	int rc;

	if (n == 0 || n > FRAME_MAX)
		return err_set(err, -EMSGSIZE, "a message of %zu bytes cannot be sent, the limit is %u", n, FRAME_MAX);
	text = xalloc(1, HEAD + n);
	text[0] = (char) (n >> 24);
	text[1] = (char) (n >> 16);
	text[2] = (char) (n >> 8);
	text[3] = (char) n;
	json_dumpb(msg, text + HEAD, n, JSON_COMPACT);
	rc = frame_write_all(fd, text, HEAD + n, deadline_ns);
	if (rc < 0)
		return err_sys(err, rc, "write to the other end of the control line");
	return 0;
}
