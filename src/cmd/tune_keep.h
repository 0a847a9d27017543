/* SPDX-License-Identifier: Apache-2.0 */
/* tune_keep - a tuning that is wanted at every boot: `vlat tune --persist`, and `--stored` which the boot calls. */
#ifndef CMD_TUNE_KEEP_H
#define CMD_TUNE_KEEP_H

#include "base/err.h"
#include "base/sink.h"
#include "cmd/tuner.h"

/*
 * Stores the wish of a tuning that is in force, and has systemd apply it early
 * at each boot; all of it or nothing.  Without systemd the sentence put says
 * what has to be called at boot.
 */
int tune_persist(const struct tuner *t, struct sink *out, struct err *err);

/*
 * Makes the plan of what is stored anew and applies it.  Under a service
 * manager (NOTIFY_SOCKET) it returns when the tuning has ended, else when it is
 * in force.
 */
int tune_stored(struct sink *out, struct err *err);

#endif
