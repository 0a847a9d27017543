/* SPDX-License-Identifier: Apache-2.0 */
/*
 * log - remarks for the person at the terminal, from any room, as values:
 * rooms call log_*(); src/main.c installs the one function that prints.
 * Without one installed (tests, fuzzers) remarks vanish.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

enum log_level { LOG_DEBUG_, LOG_NOTE_, LOG_WARN_ };

typedef void log_fn(enum log_level level, const char *text);

void log_install(log_fn *fn);
void log_debug(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_note(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_warn(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif
