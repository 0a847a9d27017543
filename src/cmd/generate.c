/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/generate.h"

#include "base/text.h"

int generate(const char *what, const char *which)
{
	const struct command *c = which ? command_find(which) : NULL;
	struct sink out = { 0 };
	struct err err;

	if (which && !c) {
		command_explain_unknown(which, &err);
		return cmd_fail(&err);
	}
	if (text_eq(what, "man") && c)
		man_command(&out, c);
	else if (text_eq(what, "man"))
		man_all(&out);
	else if (text_eq(what, "completion"))
		completion_bash(&out);
	else if (text_eq(what, "markdown"))
		markdown_all(&out);
	else
		return cmd_usage(&(struct call){ 0 }, "--generate %.100s: one of man, completion, markdown is meant", what);
	return cmd_print(&out);
}
