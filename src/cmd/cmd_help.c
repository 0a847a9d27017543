/* SPDX-License-Identifier: Apache-2.0 */
/* vlat help - the same as --help, for those who type it as a word. */
#include <unistd.h>

#include "cmd/command.h"
#include "cmd/help.h"
#include "cmd/table.h"
#include "cmd/term.h"

struct help_cfg {
	const char *command;
};

static const struct help_cfg help_defaults = { .command = NULL };

static const struct option_row help_args[] = {
	OPT_WORD(struct help_cfg, command, .name = "COMMAND", .choices_of = command_names, .optional = true,
		 .help = "the command to explain; without it, all of them in short"),
};

static const struct example help_examples[] = {
	{ .line = "vlat help", .what = "list the commands" },
	{ .line = "vlat help workloads", .what = "explain one of them" },
};

static int run_help(const struct call *call)
{
	const struct help_cfg *cfg = call->config;
	struct term t = term_look(STDOUT_FILENO);
	struct sink out = { 0 };

	if (cfg->command)
		help_command(&out, command_find(cfg->command), t.width);
	else
		help_all(&out, t.width);
	return cmd_print(&out);
}

const struct command cmd_help = {
	.name = "help",
	.brief = "explain vlat, or one command",
	.text = "Prints what vlat COMMAND --help prints, or the list of commands.",
	ROWS(args, help_args),
	ROWS(examples, help_examples),
	CONFIG(help_defaults),
	.run = run_help,
};
