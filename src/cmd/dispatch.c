/* SPDX-License-Identifier: Apache-2.0 */
/* From argv to the command's run(). */
#include <string.h>
#include <unistd.h>

#include "base/sink.h"
#include "base/text.h"
#include "base/vec.h"
#include "cmd/command.h"
#include "cmd/generate.h"
#include "cmd/help.h"
#include "cmd/term.h"

const struct option_row common_options[] = {
	OPT_FLAG(struct common_cfg, help, .name = "help", .letter = 'h', .ends = true, .help = "print this help and exit"),
	OPT_FLAG(struct common_cfg, quiet, .name = "quiet", .letter = 'q',
		 .help = "print no remarks and no progress, only warnings and errors"),
	OPT_FLAG(struct common_cfg, verbose, .name = "verbose", .letter = 'v',
		 .help = "print also what only a developer wants to know"),
	OPT_FLAG(struct common_cfg, version, .name = "version", .ends = true, .help = "print the version and exit"),
};
const size_t n_common_options = ARRAY_SIZE(common_options);

static int print_help(const struct command *c)
{
	struct term t = term_look(STDOUT_FILENO);
	struct sink out = { 0 };

	if (c)
		help_command(&out, c, t.width);
	else
		help_all(&out, t.width);
	return cmd_print(&out);
}

static int print_version(void)
{
	struct sink out = { 0 };

	sink_put(&out, "vlat " VLAT_VERSION "\n");
	return cmd_print(&out);
}

static void heed_verbosity(const struct common_cfg *common)
{
	term_log_install(common->verbose ? LOG_DEBUG_ : common->quiet ? LOG_WARN_ : LOG_NOTE_);
}

static int run_command(const struct command *c, struct common_cfg *common, int argc, char **argv)
{
	AUTO_FREE void *config = xalloc(1, c->config_size);
	const struct option_table tables[] = {
		{ .rows = c->options, .n = c->n_options, .cfg = config },
		{ .rows = common_options, .n = n_common_options, .cfg = common },
	};
	const struct option_table args = { .rows = c->args, .n = c->n_args, .cfg = config };
	const struct call call = { .command = c, .config = config, .common = common };
	struct err err;

	if (c->defaults)
		memcpy(config, c->defaults, c->config_size);
	if (options_parse(tables, ARRAY_SIZE(tables), &args, argc, argv, &err) < 0)
		return cmd_usage(&call, "%s", err.text);
	if (common->help)
		return print_help(c);
	if (common->version)
		return print_version();
	heed_verbosity(common);
	return c->run(&call);
}

/* How many words before the command are options: all of these are flags. */
static int count_options(int argc, char **argv)
{
	int n = 0;

	while (n < argc && argv[n][0] == '-' && argv[n][1] && !text_eq(argv[n], "--"))
		n++;
	return n;
}

static int missing_command(const struct call *nobody)
{
	struct sink names = { 0 };
	int r;

	for (size_t i = 0; i < n_commands; i++)
		sink_printf(&names, "%s%s", i ? ", " : "", commands[i]->name);
	r = cmd_usage(nobody, "a command is missing: %s", names.text);
	sink_free(&names);
	return r;
}

int vlat_main(int argc, char **argv)
{
	const struct call nobody = { 0 };
	const struct option_table none = { 0 };
	struct common_cfg common = { 0 };
	const struct option_table table = { .rows = common_options, .n = n_common_options, .cfg = &common };
	const struct command *c;
	struct err err;
	int n;

	term_log_install(LOG_NOTE_);
	/* For the build, which makes man pages and completion from the rows; no help shows it. */
	if (argc >= 3 && text_eq(argv[1], "--generate"))
		return generate(argv[2], argc > 3 ? argv[3] : NULL);
	n = count_options(argc - 1, argv + 1) + 1;
	if (options_parse(&table, 1, &none, n - 1, argv + 1, &err) < 0)
		return cmd_usage(&nobody, "%s", err.text);
	if (common.help)
		return print_help(NULL);
	if (common.version)
		return print_version();
	if (n >= argc)
		return missing_command(&nobody);
	c = command_find(argv[n]);
	if (!c) {
		command_explain_unknown(argv[n], &err);
		return cmd_usage(&nobody, "%s", err.text);
	}
	return run_command(c, &common, argc - n - 1, argv + n + 1);
}
