/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Man pages, in the man(7) macros that groff and mandoc both know.
 *
 * roff reads a '.' or '\'' at the beginning of a line as a request and '\' as
 * an escape; a plain '-' may become a typographic hyphen that nobody can paste
 * into a shell.  All text goes through put(), which sees to the three.
 */
#include <string.h>

#include "base/cleanup.h"
#include "base/vec.h"
#include "cmd/generate.h"
#include "cmd/help.h"

/* Also in the pages: set it when the version is raised. */
#define RELEASE_DATE "2026-11-22"

static bool line_begins(const struct sink *out)
{
	return out->len == 0 || out->text[out->len - 1] == '\n';
}

static void put_roff(struct sink *out, char c)
{
	if ((c == '.' || c == '\'') && line_begins(out))
		sink_put(out, "\\&");
	if (c == '\\')
		sink_put(out, "\\e");
	else if (c == '-')
		sink_put(out, "\\-");
	else if (c == '\'')
		sink_put(out, "\\(aq");
	else
		sink_char(out, c);
}

static void put(struct sink *out, const char *text)
{
	for (; *text; text++)
		put_roff(out, *text);
}

/* Running text in short source lines, ending with a newline. */
static void put_filled(struct sink *out, const char *text)
{
	struct sink lines = { 0 };

	wrap_text(&lines, text, 0, 0, 60);
	put(out, lines.text);
	sink_free(&lines);
}

/* Paragraphs as help has them: an empty line between, a leading blank keeps the lines. */
static void put_paragraphs(struct sink *out, const char *text)
{
	for (const char *p = text; *p;) {
		const char *gap = strstr(p, "\n\n");
		size_t len = gap ? (size_t) (gap - p) : strlen(p);
		AUTO_FREE char *paragraph = xstrndup(p, len);

		sink_put(out, p == text ? "" : ".PP\n");
		sink_put(out, *p == ' ' ? ".nf\n" : "");
		put_filled(out, paragraph);
		sink_put(out, *p == ' ' ? ".fi\n" : "");
		p += len + (gap ? 2 : 0);
	}
}

static void put_title(struct sink *out, const char *command, const char *brief)
{
	sink_put(out, ".\\\" SPDX-License-Identifier: Apache-2.0\n"
		      ".\\\" Made by vlat --generate man from the rows of src/cmd: edit those.\n"
		      ".TH \"VLAT");
	if (command)
		sink_put(out, "\\-");
	for (const char *p = command ? command : ""; *p; p++)
		put_roff(out, *p >= 'a' && *p <= 'z' ? (char) (*p - 'a' + 'A') : *p);
	sink_put(out, "\" \"1\" \"" RELEASE_DATE "\" \"vlat " VLAT_VERSION "\" \"vlat manual\"\n.SH NAME\nvlat");
	if (command)
		sink_put(out, "\\-");
	put(out, command ? command : "");
	sink_put(out, " \\- ");
	put(out, brief);
	sink_char(out, '\n');
}

static void put_term(struct sink *out, const char *label, const char *meaning)
{
	sink_put(out, ".TP\n\\fB");
	put(out, label);
	sink_put(out, "\\fR\n");
	put_filled(out, meaning);
}

static void put_rows(struct sink *out, const char *title, const struct option_row *rows, size_t n, bool are_args)
{
	if (n)
		sink_printf(out, ".SH %s\n", title);
	for (size_t i = 0; i < n; i++) {
		struct sink label = { 0 }, meaning = { 0 };

		help_label(&label, &rows[i], are_args);
		help_meaning(&meaning, &rows[i]);
		put_term(out, label.text, meaning.text);
		sink_free(&label);
		sink_free(&meaning);
	}
}

static void put_exits(struct sink *out, const struct command *c)
{
	sink_put(out, ".SH EXIT STATUS\n");
	for (size_t i = 0; i < n_exit_rows; i++) {
		sink_printf(out, ".TP\n\\fB%d\\fR\n", exit_rows[i].code);
		put_filled(out, help_exit(c, &exit_rows[i]));
	}
}

static void put_environment(struct sink *out)
{
	sink_put(out, ".SH ENVIRONMENT\n");
	for (size_t i = 0; i < n_env_rows; i++)
		put_term(out, env_rows[i].name, env_rows[i].help);
}

static void put_example(struct sink *out, const struct example *e, bool first)
{
	sink_put(out, first ? "" : ".PP\n");
	put(out, e->what);
	sink_put(out, ":\n.PP\n.RS 4\n.nf\n$ ");
	put(out, e->line);
	sink_put(out, "\n.fi\n.RE\n");
}

static void put_files(struct sink *out)
{
	static const struct env_row files[] = {
		{ "/etc/vlat/profiles/",
		  "profiles of one's own, NAME.yaml; they belong to root and nobody else may write there" },
		{ "/etc/vlat/tune.json", "the tuning that is made again at each boot (vlat tune --persist)" },
		{ "/var/lib/vlat/runs/",
		  "what runs changed or made and have not undone yet, with the old values; vlat revert reads it" },
		{ "/var/cache/vlat/", "guest kernels that were fetched; they may be removed at any time" },
		{ "/run/vlat/", "who has which CPU, and the socket of vlat guard" },
		{ VLAT_DATADIR, "profiles and studies that come with vlat" },
		{ VLAT_DOCDIR "/docs/", "the documentation: what each page of this manual calls docs/NAME.md" },
	};

	sink_put(out, ".SH FILES\n");
	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		put_term(out, files[i].name, files[i].help);
}

/* Every other page of vlat's, vlat(1) itself first. */
static void put_see_also(struct sink *out, const struct command *but)
{
	const char *comma = "";

	sink_put(out, ".SH SEE ALSO\n");
	if (but) {
		sink_put(out, ".BR vlat (1)");
		comma = ",\n";
	}
	for (size_t i = 0; i < n_commands; i++) {
		if (commands[i] == but)
			continue;
		sink_printf(out, "%s.BR vlat\\-", comma);
		put(out, commands[i]->name);
		sink_put(out, " (1)");
		comma = ",\n";
	}
	sink_char(out, '\n');
}

void man_command(struct sink *out, const struct command *c)
{
	struct sink synopsis = { 0 };

	put_title(out, c->name, c->brief);
	help_synopsis(&synopsis, c);
	sink_put(out, ".SH SYNOPSIS\n\\fB");
	put(out, synopsis.text);
	sink_put(out, "\\fR\n.SH DESCRIPTION\n");
	sink_free(&synopsis);
	put_paragraphs(out, c->text);
	put_rows(out, "ARGUMENTS", c->args, c->n_args, true);
	put_rows(out, "OPTIONS", c->options, c->n_options, false);
	put_rows(out, c->n_options ? "COMMON OPTIONS" : "OPTIONS", common_options, n_common_options, false);
	sink_put(out, ".SH EXAMPLES\n");
	for (size_t i = 0; i < c->n_examples; i++)
		put_example(out, &c->examples[i], i == 0);
	put_exits(out, c);
	put_environment(out);
	put_see_also(out, c);
}

void man_all(struct sink *out)
{
	put_title(out, NULL, VLAT_BRIEF);
	sink_put(out, ".SH SYNOPSIS\n\\fBvlat [OPTION]... COMMAND [ARGUMENT]...\\fR\n.SH DESCRIPTION\n");
	put_paragraphs(out, VLAT_TEXT);
	sink_put(out, ".SH COMMANDS\n");
	for (size_t i = 0; i < n_commands; i++)
		put_term(out, commands[i]->name, commands[i]->brief);
	put_rows(out, "OPTIONS", common_options, n_common_options, false);
	put_exits(out, NULL);
	put_environment(out);
	put_files(out);
	put_see_also(out, NULL);
}
