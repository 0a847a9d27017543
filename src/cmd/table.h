/* SPDX-License-Identifier: Apache-2.0 */
/*
 * table - every command: one line here, its row `const struct command
 * cmd_NAME` at the end of cmd_NAME.c.  Sorted.  The build reads the lines too,
 * to know which man pages there are.
 */
#ifndef CMD_TABLE_H
#define CMD_TABLE_H

#include "cmd/command.h"

/* clang-format off */
#define VLAT_COMMANDS(X) \
	X(audit) \
	X(capture) \
	X(compare) \
	X(confirm) \
	X(console) \
	X(guard) \
	X(help) \
	X(history) \
	X(inspect) \
	X(knobs) \
	X(measure) \
	X(plan) \
	X(ps) \
	X(rehearse) \
	X(report) \
	X(revert) \
	X(run) \
	X(status) \
	X(stop) \
	X(study) \
	X(tune) \
	X(verify) \
	X(version) \
	X(workloads)
/* clang-format on */

#define DECLARE_COMMAND_(name) extern const struct command cmd_##name;
VLAT_COMMANDS(DECLARE_COMMAND_)

#endif
