/* SPDX-License-Identifier: Apache-2.0 */
/*
 * term - what the terminal can show, and the one status line that is redrawn.
 *
 * Colours only on a terminal and not with NO_COLOR (https://no-color.org) or
 * TERM=dumb.
 */
#ifndef CMD_TERM_H
#define CMD_TERM_H

#include <stdbool.h>

#include "base/log.h"

struct term {
	bool tty, color;
	unsigned width;         /* columns; 0 = no terminal, do not wrap */
};

struct term term_look(int fd);

enum paint { PAINT_NONE, PAINT_BOLD, PAINT_DIM, PAINT_GOOD, PAINT_BAD, PAINT_WARN };

/* The escape sequence that begins / ends a paint; "" without colour. */
const char *term_on(const struct term *t, enum paint p);
const char *term_off(const struct term *t, enum paint p);

/*
 * One line at the bottom of stderr that the next one overwrites: progress.
 * Without a terminal, lines are printed as they are, at most one every ten
 * seconds, so that a log shows life.  Remarks and errors first clear it.
 */
void term_status(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void term_status_end(void);

/*
 * "HEAD text" on stderr, HEAD painted.  Texts may come from guests and files:
 * what would command the terminal is shown as '?', but for newline and tab.
 */
void term_say(enum paint p, const char *head, const char *text);

/* The log printer of vlat: "vlat: remark" on stderr, from the given level up. */
void term_log_install(enum log_level least);

#endif
