/* SPDX-License-Identifier: Apache-2.0 */
/* generate - the command rows read by the build: man pages, completion, docs/commands.md. */
#ifndef CMD_GENERATE_H
#define CMD_GENERATE_H

#include "base/sink.h"
#include "cmd/command.h"

/* `what`: "man" (of vlat, or of the command named in `which`), "completion" or "markdown"; exit code. */
int generate(const char *what, const char *which);

void man_all(struct sink *out);
void man_command(struct sink *out, const struct command *c);
void completion_bash(struct sink *out);
void markdown_all(struct sink *out);

#endif
