/* SPDX-License-Identifier: Apache-2.0 */
/*
 * command - one row for each subcommand of vlat.
 *
 * A new command is one file cmd_NAME.c that ends in `const struct command
 * cmd_NAME`, a line in table.h, one in meson.build, and its help text in
 * tests/golden/help; see cmd_workloads.c for the shape.  Dispatch, help, man page and completion
 * follow from the row.  Only this room prints, and only main exits: run()
 * returns the exit code.
 */
#ifndef CMD_COMMAND_H
#define CMD_COMMAND_H

#include <stdbool.h>
#include <stddef.h>

#include "base/cleanup.h"       /* ARRAY_SIZE, for ROWS() */
#include "base/err.h"
#include "cmd/option.h"

/* Exit codes, all of them; their meaning is exit_rows[] of exit.c. */
enum {
	EXIT_OK = 0,
	EXIT_NO = 1,            /* a difference, a failed measurement, a verdict that is not "fine" */
	EXIT_USAGE = 2,         /* wrong usage, or vlat could not look */
	EXIT_PRIVILEGE = 3,     /* needs a privilege */
	EXIT_NOT_UNDONE = 4,    /* something could not be undone */
	EXIT_INTERRUPTED = 130, /* Ctrl-C, SIGTERM, SIGHUP; cleaned up */
};

struct exit_row {
	int code;
	const char *meaning;
};

struct example {
	const char *line;       /* as typed after "$ ": "vlat measure tcp-rr --sut container" */
	const char *what;       /* what it does; no capital, no full stop */
};

/* What the options that every command has ask for. */
struct common_cfg {
	bool help, version, quiet, verbose;
};

struct command;

/* One call of a command, as run() sees it. */
struct call {
	const struct command *command;
	const void *config;             /* the command's own config struct, filled */
	const struct common_cfg *common;
};

struct command {
	const char *name;
	const char *brief;              /* one line, no capital, no full stop, <= 60 letters */
	const char *text;               /* what it does and means; paragraphs parted by an empty line, no line breaks needed */
	const struct option_row *options;
	size_t n_options;
	const struct option_row *args;  /* arguments in order, as rows: ARG rows use the OPT_ macros with a NAME in capitals */
	size_t n_args;
	const struct example *examples; /* at least one */
	size_t n_examples;
	const struct exit_row *exits;   /* what 0, 1, ... mean here, where exit_rows[] is too general */
	size_t n_exits;
	const void *defaults;           /* config to start from; may be NULL when config_size is 0 */
	size_t config_size;
	int (*run)(const struct call *call);
};

#define ROWS(member, array) .member = (array), .n_##member = ARRAY_SIZE(array)
#define CONFIG(defaults_) .defaults = &(defaults_), .config_size = sizeof(defaults_)

/* All commands, sorted by name (table.h). */
extern const struct command *const commands[];
extern const size_t n_commands;
const struct command *command_find(const char *name);   /* NULL */
const char *const *command_names(size_t *ret_n);
int command_explain_unknown(const char *name, struct err *err); /* -EINVAL, with the nearest name */

extern const struct exit_row exit_rows[];
extern const size_t n_exit_rows;
extern const struct option_row common_options[];
extern const size_t n_common_options;

/* "vlat: sentence" on stderr, and the exit code that fits err->code: 3 for -EPERM and -EACCES, 130 when stopped, else 2. */
int cmd_fail(const struct err *err);
/* The same sentence with a code of the caller's choice; 130 still wins when stopped. */
int cmd_fail_as(int exit_code, const struct err *err);
/* Wrong usage that no row can catch: the sentence, and where help is; returns 2. */
int cmd_usage(const struct call *call, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Print what was built on stdout; 0, or 2 after a sentence when it cannot be written. Takes the sink's text. */
int cmd_print(struct sink *s);

/* vlat's whole life but for what only main does; argv as main gets it. */
int vlat_main(int argc, char **argv);

#endif
