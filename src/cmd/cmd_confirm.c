/* SPDX-License-Identifier: Apache-2.0 */
/* vlat confirm - a tuning applied with --confirm-within stays. */
#include "base/sink.h"
#include "cmd/command.h"
#include "cmd/table.h"
#include "cmd/tune_confirm.h"

static const struct example confirm_examples[] = {
	{ .line = "sudo vlat confirm", .what = "after tune --apply --confirm-within 60: the host still answers, keep it" },
};

static const struct exit_row confirm_exits[] = {
	{ .code = EXIT_OK, .meaning = "the tuning stays" },
	{ .code = EXIT_USAGE, .meaning = "no tuning waits for a confirmation, or its time is over" },
};

static int run_confirm(const struct call *call)
{
	struct sink out = { 0 };
	struct err err = { 0 };
	char run[16];

	(void) call;
	if (confirm_accept(run, &err) < 0)
		return cmd_fail(&err);
	sink_printf(&out, "run %s is confirmed: it stays until vlat revert\n", run);
	return cmd_print(&out);
}

const struct command cmd_confirm = {
	.name = "confirm",
	.brief = "keep a tuning that would be put back by itself",
	.text = "vlat tune --apply --confirm-within TIME starts a clock in a process of its own before anything is changed. "
		"Unless vlat confirm comes within that time, the clock reverts the tuning, whatever has become of the terminal "
		"and of the connection it was typed on.",
	ROWS(examples, confirm_examples),
	ROWS(exits, confirm_exits),
	.run = run_confirm,
};
