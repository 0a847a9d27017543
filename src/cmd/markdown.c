/* SPDX-License-Identifier: Apache-2.0 */
/* docs/commands.md: every command with its options, for those who read before they install. */
#include <string.h>

#include "base/cleanup.h"
#include "base/vec.h"
#include "cmd/generate.h"
#include "cmd/help.h"

#define COLUMNS 128

/* A word of the text is no markup; in a table a bar would begin a column. */
static void put(struct sink *out, const char *text)
{
	for (; *text; text++) {
		if (strchr("\\`*_<|[]", *text))
			sink_char(out, '\\');
		sink_char(out, *text);
	}
}

/* Between backquotes everything is itself, but for the bar of a table. */
static void put_code(struct sink *out, const char *text)
{
	sink_char(out, '`');
	for (; *text; text++)
		sink_printf(out, "%s%c", *text == '|' ? "\\" : "", *text);
	sink_char(out, '`');
}

static void put_paragraphs(struct sink *out, const char *text)
{
	for (const char *p = text; *p;) {
		const char *gap = strstr(p, "\n\n");
		size_t len = gap ? (size_t) (gap - p) : strlen(p);
		AUTO_FREE char *paragraph = xstrndup(p, len);
		struct sink escaped = { 0 };

		if (*p != ' ')
			put(&escaped, paragraph);
		sink_put(out, *p == ' ' ? "\n```\n" : "\n");
		wrap_text(out, *p == ' ' ? paragraph : escaped.text, 0, 0, COLUMNS);
		sink_put(out, *p == ' ' ? "```\n" : "");
		sink_free(&escaped);
		p += len + (gap ? 2 : 0);
	}
}

static void put_rows(struct sink *out, const struct option_row *rows, size_t n, bool are_args)
{
	for (size_t i = 0; i < n; i++) {
		struct sink label = { 0 }, meaning = { 0 };

		help_label(&label, &rows[i], are_args);
		help_meaning(&meaning, &rows[i]);
		sink_put(out, "| ");
		put_code(out, label.text);
		sink_put(out, " | ");
		put(out, meaning.text);
		sink_put(out, " |\n");
		sink_free(&label);
		sink_free(&meaning);
	}
}

static void put_table_head(struct sink *out, const char *left, const char *right)
{
	sink_printf(out, "\n| %s | %s |\n| --- | --- |\n", left, right);
}

static void put_exits(struct sink *out, const struct exit_row *rows, size_t n)
{
	if (n)
		put_table_head(out, "exit code", "");
	for (size_t i = 0; i < n; i++) {
		sink_printf(out, "| %d | ", rows[i].code);
		put(out, rows[i].meaning);
		sink_put(out, " |\n");
	}
}

static void put_command(struct sink *out, const struct command *c)
{
	sink_printf(out, "\n## vlat %s\n\n```\nUsage: ", c->name);
	help_synopsis(out, c);
	sink_put(out, "\n```\n");
	put_paragraphs(out, c->text);
	if (c->n_args + c->n_options)
		put_table_head(out, "argument or option", "");
	put_rows(out, c->args, c->n_args, true);
	put_rows(out, c->options, c->n_options, false);
	sink_put(out, "\n```\n");
	for (size_t i = 0; i < c->n_examples; i++)
		sink_printf(out, "%-60s # %s\n", c->examples[i].line, c->examples[i].what);
	sink_put(out, "```\n");
	put_exits(out, c->exits, c->n_exits); /* the others are in the table for all */
}

void markdown_all(struct sink *out)
{
	sink_put(out, "# Commands and their options\n\n"
		      "What `vlat COMMAND --help` and `man vlat-COMMAND` say; made by "
		      "`tests/cmd/help build/src/vlat --update` of the rows in\n`src/cmd`, so do not edit it.\n");
	put_table_head(out, "command", "");
	for (size_t i = 0; i < n_commands; i++) {
		sink_printf(out, "| [vlat %s](#vlat-%s) | ", commands[i]->name, commands[i]->name);
		put(out, commands[i]->brief);
		sink_put(out, " |\n");
	}
	put_table_head(out, "option of every command", "");
	put_rows(out, common_options, n_common_options, false);
	put_table_head(out, "environment variable", "");
	for (size_t i = 0; i < n_env_rows; i++) {
		sink_printf(out, "| `%s` | ", env_rows[i].name);
		put(out, env_rows[i].help);
		sink_put(out, " |\n");
	}
	put_exits(out, exit_rows, n_exit_rows);
	for (size_t i = 0; i < n_commands; i++)
		put_command(out, commands[i]);
}
