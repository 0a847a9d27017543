/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/help.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"

#define DEFAULT_WIDTH 80
#define WIDEST        100
#define HELP_COLUMN   26 /* where the right-hand column begins */

const struct env_row env_rows[] = {
	{ .name = "NO_COLOR", .help = "when set and not empty, no colours are used" },
	{ .name = "VLAT_AGENT", .help = "the vlat-agent to measure with, where it is not beside vlat" },
	{ .name = "VLAT_CACHE",
	  .help = "folder of guest kernels that were fetched (default: /var/cache/vlat for root, else ~/.cache/vlat)" },
	{ .name = "VLAT_DATA", .help = "folder of the studies and profiles that come with vlat, where they are not beside it" },
	{ .name = "VLAT_LAB", .help = "the vlat-lab that vlat rehearse boots a host with, where it is not beside vlat" },
	{ .name = "VLAT_LEAVE_ALONE",
	  .help = "processes that tuning never moves: ids and names with commas between, \"1,corosync\"" },
	{ .name = "VLAT_STATE",
	  .help = "folder of the journal of changes (default: /var/lib/vlat for root, else ~/.local/state/vlat)" },
};
const size_t n_env_rows = ARRAY_SIZE(env_rows);

static unsigned readable(unsigned width)
{
	if (width == 0)
		return DEFAULT_WIDTH;
	return width > WIDEST ? WIDEST : width < 40 ? 40 : width;
}

void help_synopsis(struct sink *out, const struct command *c)
{
	sink_printf(out, "vlat %s [OPTION]...", c->name);
	for (size_t i = 0; i < c->n_args; i++) {
		const struct option_row *a = &c->args[i];

		sink_printf(out, " %s%s%s%s", a->optional ? "[" : "", a->name, a->rest ? "..." : "", a->optional ? "]" : "");
	}
}

void help_label(struct sink *out, const struct option_row *row, bool is_arg)
{
	if (is_arg) {
		sink_put(out, row->name);
		return;
	}
	if (row->letter)
		sink_printf(out, "-%c, ", row->letter);
	sink_printf(out, "--%s", row->name);
	if (row->parse)
		sink_printf(out, " %s", option_arg(row));
}

void help_meaning(struct sink *out, const struct option_row *row)
{
	size_t n;

	sink_put(out, row->help);
	if (option_choices(row, &n) && n) {
		sink_put(out, row->parse == parse_set ? "; any of " : "; ");
		option_choices_text(row, out);
	}
	if (row->shown)
		sink_printf(out, " (default: %s)", row->shown);
}

const char *help_exit(const struct command *c, const struct exit_row *row)
{
	for (size_t i = 0; c && i < c->n_exits; i++)
		if (c->exits[i].code == row->code)
			return c->exits[i].meaning;
	return row->meaning;
}

/* "  LABEL          meaning, wrapped below itself" */
static void put_pair(struct sink *out, const char *label, const char *meaning, unsigned width)
{
	unsigned at = (unsigned) strlen(label) + 2;

	sink_printf(out, "  %s", label);
	/* A label that leaves no gap between the columns has the line for itself. */
	wrap_text(out, meaning, at + 2 > HELP_COLUMN ? HELP_COLUMN + 1 : at, HELP_COLUMN, width);
}

static void put_rows(struct sink *out, const char *title, const struct option_row *rows, size_t n, bool are_args, unsigned width)
{
	if (n == 0)
		return;
	sink_printf(out, "\n%s:\n", title);
	for (size_t i = 0; i < n; i++) {
		struct sink label = { 0 }, meaning = { 0 };

		/* Long names stand below each other, with or without a letter. */
		sink_put(&label, are_args || rows[i].letter ? "" : "    ");
		help_label(&label, &rows[i], are_args);
		help_meaning(&meaning, &rows[i]);
		put_pair(out, label.text, meaning.text, width);
		sink_free(&label);
		sink_free(&meaning);
	}
}

static void put_exits(struct sink *out, const struct command *c, unsigned width)
{
	sink_put(out, "\nExit codes:\n");
	for (size_t i = 0; i < n_exit_rows; i++) {
		char code[16];

		snprintf(code, sizeof(code), "%d", exit_rows[i].code);
		sink_printf(out, "  %3s  ", code);
		wrap_text(out, help_exit(c, &exit_rows[i]), 7, 7, width);
	}
}

void help_command(struct sink *out, const struct command *c, unsigned width)
{
	width = readable(width);
	sink_put(out, "Usage: ");
	help_synopsis(out, c);
	sink_put(out, "\n\n");
	wrap_text(out, c->text, 0, 0, width);
	put_rows(out, "Arguments", c->args, c->n_args, true, width);
	put_rows(out, "Options", c->options, c->n_options, false, width);
	put_rows(out, "Options of every command", common_options, n_common_options, false, width);
	sink_put(out, "\nExamples:\n");
	for (size_t i = 0; i < c->n_examples; i++) {
		sink_put(out, i ? "\n" : "");
		wrap_text(out, c->examples[i].what, 0, 2, width);
		sink_printf(out, "    $ %s\n", c->examples[i].line);
	}
	put_exits(out, c, width);
}

void help_all(struct sink *out, unsigned width)
{
	width = readable(width);
	sink_put(out, "Usage: vlat [OPTION]... COMMAND [ARGUMENT]...\n\n");
	wrap_text(out, VLAT_TEXT, 0, 0, width);
	sink_put(out, "\nCommands:\n");
	for (size_t i = 0; i < n_commands; i++) {
		sink_printf(out, "  %-12s", commands[i]->name);
		wrap_text(out, commands[i]->brief, 14, 14, width);
	}
	put_rows(out, "Options", common_options, n_common_options, false, width);
	sink_put(out, "\nEnvironment:\n");
	for (size_t i = 0; i < n_env_rows; i++)
		put_pair(out, env_rows[i].name, env_rows[i].help, width);
	put_exits(out, NULL, width);
	sink_put(out, "\nvlat COMMAND --help tells more, with examples; so does man vlat-COMMAND.\n");
}
