/* SPDX-License-Identifier: Apache-2.0 */
/* table - every command's row; each is defined at the end of its own file. */
#ifndef CMD_TABLE_H
#define CMD_TABLE_H

#include "command.h"

extern const struct command cmd_help;
extern const struct command cmd_version;
extern const struct command cmd_workloads;

#endif
