/* SPDX-License-Identifier: Apache-2.0 */
/* How a command ends: its exit code, its sentence, its output. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "base/sink.h"
#include "base/stop.h"
#include "cmd/command.h"
#include "cmd/term.h"

const struct exit_row exit_rows[] = {
	{ .code = EXIT_OK, .meaning = "done, and the answer is good" },
	{ .code = EXIT_NO, .meaning = "done, but something differs, failed to be measured, or is not as it should be" },
	{ .code = EXIT_USAGE, .meaning = "wrong usage, or vlat could not look" },
	{ .code = EXIT_PRIVILEGE, .meaning = "a privilege is missing (most changes to a host need root)" },
	{ .code = EXIT_NOT_UNDONE, .meaning = "something could not be undone; vlat revert tries again" },
	{ .code = EXIT_INTERRUPTED, .meaning = "interrupted by Ctrl-C or a signal, and cleaned up" },
};
const size_t n_exit_rows = ARRAY_SIZE(exit_rows);

int cmd_fail_as(int exit_code, const struct err *err)
{
	term_say(PAINT_BAD, "vlat:", err->text);
	return stop_wanted() ? EXIT_INTERRUPTED : exit_code;
}

int cmd_fail(const struct err *err)
{
	return cmd_fail_as(err->code == -EPERM || err->code == -EACCES ? EXIT_PRIVILEGE : EXIT_USAGE, err);
}

int cmd_usage(const struct call *call, const char *fmt, ...)
{
	const char *name = call->command ? call->command->name : "", *gap = *name ? " " : "";
	struct sink text = { 0 }, head = { 0 };
	va_list ap;

	va_start(ap, fmt);
	sink_vprintf(&text, fmt, ap);
	va_end(ap);
	sink_printf(&text, " (see vlat%s%s --help)", gap, name);
	sink_printf(&head, "vlat%s%s:", gap, name);
	term_say(PAINT_BAD, head.text, text.text);
	sink_free(&text);
	sink_free(&head);
	return EXIT_USAGE;
}

int cmd_print(struct sink *s)
{
	struct err err;
	int r;

	term_status_end();
	fflush(stdout); /* what was printed before comes first */
	r = sink_write(s, STDOUT_FILENO);
	sink_free(s);
	if (r == 0 || r == -EPIPE) /* a reader that has seen enough, as head(1), is no failure */
		return EXIT_OK;
	err_sys(&err, r, "cannot write to standard output");
	return cmd_fail_as(EXIT_USAGE, &err);
}
