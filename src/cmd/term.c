/* SPDX-License-Identifier: Apache-2.0 */
/*
 * There is one stderr, and every thread that remarks something shares it with
 * the status line: hence the one struct here that lives as long as the program.
 */
#include "cmd/term.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"

#define PLAIN_EVERY_NS (10 * NS_PER_S)

static struct {
	pthread_mutex_t lock;
	bool shown;        /* a status line is on the screen */
	uint64_t plain_at; /* when the last one was printed where there is no screen; 0 = never */
	enum log_level least;
} screen = { .lock = PTHREAD_MUTEX_INITIALIZER, .least = LOG_NOTE_ };

struct term term_look(int fd)
{
	const char *no_color = getenv("NO_COLOR"), *kind = getenv("TERM");
	struct term t = { .tty = isatty(fd) };
	struct winsize size;

	if (!t.tty)
		return t;
	t.width = ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col >= 20 ? size.ws_col : 80;
	t.color = !(no_color && *no_color) && kind && !text_eq(kind, "dumb");
	return t;
}

const char *term_on(const struct term *t, enum paint p)
{
	static const char *const codes[] = {
		[PAINT_NONE] = "",         [PAINT_BOLD] = "\033[1m", [PAINT_DIM] = "\033[2m",
		[PAINT_GOOD] = "\033[32m", [PAINT_BAD] = "\033[31m", [PAINT_WARN] = "\033[33m",
	};

	return t->color ? codes[p] : "";
}

const char *term_off(const struct term *t, enum paint p)
{
	return t->color && p != PAINT_NONE ? "\033[0m" : "";
}

/* With the lock held. */
static void clear(void)
{
	if (screen.shown)
		fputs("\r\033[K", stderr);
	screen.shown = false;
}

void term_status(const char *fmt, ...)
{
	struct term t = term_look(STDERR_FILENO);
	uint64_t now = clock_ns();
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	pthread_mutex_lock(&screen.lock);
	if (screen.least > LOG_NOTE_) {
		; /* --quiet */
	} else if (t.tty) {
		/* The last column stays free: some terminals wrap as soon as it is filled. */
		fprintf(stderr, "\r%.*s\033[K", (int) t.width - 1, text);
		screen.shown = true;
	} else if (screen.plain_at == 0 || now - screen.plain_at >= PLAIN_EVERY_NS) {
		fprintf(stderr, "%s\n", text);
		screen.plain_at = now;
	}
	fflush(stderr);
	pthread_mutex_unlock(&screen.lock);
}

void term_status_end(void)
{
	pthread_mutex_lock(&screen.lock);
	clear();
	pthread_mutex_unlock(&screen.lock);
}

static void print_remark(enum log_level level, const char *text)
{
	static const enum paint paints[] = { [LOG_DEBUG_] = PAINT_DIM, [LOG_NOTE_] = PAINT_NONE, [LOG_WARN_] = PAINT_WARN };
	static const char *const words[] = { [LOG_DEBUG_] = "", [LOG_NOTE_] = "", [LOG_WARN_] = "warning: " };
	struct term t = term_look(STDERR_FILENO);

	if (level < screen.least)
		return;
	pthread_mutex_lock(&screen.lock);
	clear();
	fprintf(stderr, "%svlat: %s%s%s\n", term_on(&t, paints[level]), words[level], text, term_off(&t, paints[level]));
	pthread_mutex_unlock(&screen.lock);
}

void term_log_install(enum log_level least)
{
	screen.least = least;
	log_install(print_remark);
}
