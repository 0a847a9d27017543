/* SPDX-License-Identifier: Apache-2.0 */
#include "table.h"

#include "base/text.h"

/* Sorted by name: a unit test checks it. */
const struct command *const commands[] = {
	&cmd_help,
	&cmd_version,
	&cmd_workloads,
};
const size_t n_commands = ARRAY_SIZE(commands);

const struct command *command_find(const char *name)
{
	for (size_t i = 0; i < n_commands; i++)
		if (text_eq(commands[i]->name, name))
			return commands[i];
	return NULL;
}
