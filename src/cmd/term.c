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
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/sink.h"
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

/* How many bytes at p a terminal would obey: a C0 control, DEL, or a C1 control (U+0080..U+009F, two bytes of UTF-8). */
static size_t commands_terminal(const char *p)
{
	unsigned char c = (unsigned char) p[0], next = (unsigned char) p[1];

	return c < 0x20 || c == 0x7f ? 1 : c == 0xc2 && next >= 0x80 && next < 0xa0 ? 2 : 0;
}

static void put_harmless(struct sink *out, const char *text, const char *controls_allowed)
{
	while (*text) {
		size_t n = strchr(controls_allowed, *text) ? 0 : commands_terminal(text);

		sink_char(out, n ? '?' : *text);
		text += n ? n : 1;
	}
}

void term_status(const char *fmt, ...)
{
	struct term t = term_look(STDERR_FILENO);
	uint64_t now = clock_ns();
	struct sink raw = { 0 }, text = { 0 };
	va_list ap;

	va_start(ap, fmt);
	sink_vprintf(&raw, fmt, ap);
	va_end(ap);
	sink_put(&text, "");
	put_harmless(&text, raw.text, "");
	pthread_mutex_lock(&screen.lock);
	if (screen.least > LOG_NOTE_) {
		; /* --quiet */
	} else if (t.tty) {
		/* The last column stays free: some terminals wrap as soon as it is filled. */
		fprintf(stderr, "\r%.*s\033[K", (int) t.width - 1, text.text);
		screen.shown = true;
	} else if (screen.plain_at == 0 || now - screen.plain_at >= PLAIN_EVERY_NS) {
		fprintf(stderr, "%s\n", text.text);
		screen.plain_at = now;
	}
	pthread_mutex_unlock(&screen.lock);
	sink_free(&raw);
	sink_free(&text);
}

void term_status_end(void)
{
	pthread_mutex_lock(&screen.lock);
	clear();
	pthread_mutex_unlock(&screen.lock);
}

void term_say(enum paint p, const char *head, const char *text)
{
	struct term t = term_look(STDERR_FILENO);
	struct sink line = { 0 };

	sink_printf(&line, "%s%s%s ", term_on(&t, p), head, term_off(&t, p));
	put_harmless(&line, text, "\n\t");
	sink_char(&line, '\n');
	pthread_mutex_lock(&screen.lock);
	clear();
	fputs(line.text, stderr);
	pthread_mutex_unlock(&screen.lock);
	sink_free(&line);
}

static void print_remark(enum log_level level, const char *text)
{
	static const struct {
		enum paint paint;
		const char *head;
	} looks[] = {
		[LOG_DEBUG_] = { PAINT_DIM, "vlat:" },
		[LOG_NOTE_] = { PAINT_NONE, "vlat:" },
		[LOG_WARN_] = { PAINT_WARN, "vlat: warning:" },
	};

	if (level >= screen.least)
		term_say(looks[level].paint, looks[level].head, text);
}

void term_log_install(enum log_level least)
{
	screen.least = least;
	log_install(print_remark);
}
