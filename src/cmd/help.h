/* SPDX-License-Identifier: Apache-2.0 */
/* help - the command rows read as text for a person; width 0 = 80 columns. */
#ifndef CMD_HELP_H
#define CMD_HELP_H

#include "base/sink.h"
#include "cmd/command.h"

/* What vlat is, in one line and in a few. */
#define VLAT_BRIEF "find, fix and prove latency problems of VMs and containers"
#define VLAT_TEXT                                                                                              \
	"vlat finds what makes the virtual machines and containers on a Linux host slow or unsteady, fixes it " \
	"reversibly, and proves the difference by measurement."

void help_all(struct sink *out, unsigned width);
void help_command(struct sink *out, const struct command *c, unsigned width);

/* "vlat measure [OPTION]... WORKLOAD", for help and man. */
void help_synopsis(struct sink *out, const struct command *c);
/* "-d, --duration TIME", or "WORKLOAD". */
void help_label(struct sink *out, const struct option_row *row, bool is_arg);
/* The row's help with its choices, bounds-free, and its default. */
void help_meaning(struct sink *out, const struct option_row *row);
/* What an exit code means for this command. */
const char *help_exit(const struct command *c, const struct exit_row *row);

/* The environment variables that vlat heeds. */
struct env_row {
	const char *name, *help;
};
extern const struct env_row env_rows[];
extern const size_t n_env_rows;

/*
 * Words of text at column `indent`, broken at width; the first line begins at
 * column `at`.  Paragraphs (empty line between) stay apart; one that begins
 * with a blank is kept as it is.  Ends with a newline.
 */
void wrap_text(struct sink *out, const char *text, unsigned at, unsigned indent, unsigned width);

#endif
