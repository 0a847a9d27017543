/* SPDX-License-Identifier: Apache-2.0 */
#include "base/log.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>

/* The one switch in base: set once by main before any thread starts. */
static _Atomic(log_fn *) printer;

void log_install(log_fn *fn)
{
	atomic_store(&printer, fn);
}

static void __attribute__((format(printf, 2, 0))) say(enum log_level level, const char *fmt, va_list ap)
{
	log_fn *fn = atomic_load(&printer);
	char text[1024];

	if (!fn)
		return;
	vsnprintf(text, sizeof(text), fmt, ap);
	fn(level, text);
}

void log_debug(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(LOG_DEBUG_, fmt, ap);
	va_end(ap);
}

void log_note(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(LOG_NOTE_, fmt, ap);
	va_end(ap);
}

void log_warn(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(LOG_WARN_, fmt, ap);
	va_end(ap);
}
