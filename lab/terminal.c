/* SPDX-License-Identifier: Apache-2.0 */
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "base/vec.h"
#include "session.h"
#include "wire.h"

#define ESCAPE 0x1d /* Ctrl-] */

struct terminal {
	struct termios was;
	bool raw;
	struct lab_size size;
};

struct terminal *terminal_open(void)
{
	struct terminal *t = xalloc(1, sizeof(*t));
	struct termios raw;

	if (tcgetattr(STDIN_FILENO, &t->was) < 0)
		return t; /* a pipe: typed ahead */
	raw = t->was;
	cfmakeraw(&raw);
	t->raw = tcsetattr(STDIN_FILENO, TCSADRAIN, &raw) == 0;
	return t;
}

void terminal_close(struct terminal *t)
{
	if (t && t->raw)
		tcsetattr(STDIN_FILENO, TCSADRAIN, &t->was);
	free(t);
}

static bool send_frame(int line, uint32_t type, const void *data, uint32_t len)
{
	char frame[sizeof(struct lab_frame) + 4096];
	const struct lab_frame head = { .type = type, .len = len };

	memcpy(frame, &head, sizeof(head));
	memcpy(frame + sizeof(head), data, len);
	return write(line, frame, sizeof(head) + len) == (ssize_t) (sizeof(head) + len);
}

static void serve_size(struct terminal *t, int line)
{
	struct winsize w;
	struct lab_size now;

	if (!t->raw || ioctl(STDIN_FILENO, TIOCGWINSZ, &w) < 0)
		return;
	now = (struct lab_size){ .rows = w.ws_row, .columns = w.ws_col };
	if (memcmp(&now, &t->size, sizeof(now)) != 0 && send_frame(line, LAB_SIZE, &now, sizeof(now)))
		t->size = now;
}

bool terminal_serve(struct terminal *t, int line)
{
	struct pollfd p = { .fd = STDIN_FILENO, .events = POLLIN };
	char typed[1024];
	ssize_t n;

	serve_size(t, line);
	if (poll(&p, 1, 0) <= 0)
		return true;
	n = read(STDIN_FILENO, typed, sizeof(typed));
	if (n <= 0 || memchr(typed, ESCAPE, (size_t) n))
		return false;
	return send_frame(line, LAB_IN, typed, (uint32_t) n);
}
