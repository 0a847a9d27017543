/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/table.h"

#include <errno.h>

#include "base/text.h"

#define ROW_OF(name)  &cmd_##name,
#define NAME_OF(name) #name,

const struct command *const commands[] = { VLAT_COMMANDS(ROW_OF) };
const size_t n_commands = ARRAY_SIZE(commands);

const char *const *command_names(size_t *ret_n)
{
	static const char *const names[] = { VLAT_COMMANDS(NAME_OF) };

	*ret_n = ARRAY_SIZE(names);
	return names;
}

const struct command *command_find(const char *name)
{
	for (size_t i = 0; i < n_commands; i++)
		if (text_eq(commands[i]->name, name))
			return commands[i];
	return NULL;
}

int command_explain_unknown(const char *name, struct err *err)
{
	size_t n;
	const char *const *names = command_names(&n);
	const char *near = text_nearest(name, names, n);

	if (near)
		return err_set(err, -EINVAL, "there is no command \"%.100s\"; did you mean %s?", name, near);
	return err_set(err, -EINVAL, "there is no command \"%.100s\"", name);
}
