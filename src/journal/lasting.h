/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lasting - a run that stays when its process ends: what vlat has written on
 * purpose for the next boots (a unit, boot parameters).
 *
 * Nobody owns it, a reboot does not end it, and a vlat that clears up what dead
 * runs have left passes it by; `vlat revert` undoes it like any other run.
 *
 *	journal_open_lasting(&j, "kept vm-host", &err);
 *	journal_put(j, "/etc/systemd/system/x.service", text, 0644, &err);
 *	journal_link(j, "/etc/systemd/system/multi-user.target.wants/x.service", "../x.service", &err);
 *	journal_leave(j);                  or, when something failed, journal_close(j): all is as before
 */
#ifndef JOURNAL_LASTING_H
#define JOURNAL_LASTING_H

#include "base/err.h"
#include "journal/journal.h"

/* As journal_open(); when vlat dies before journal_leave(), what it did stays for `vlat revert`, too. */
int journal_open_lasting(struct journal **ret, const char *why, struct err *err);
/* The record stays on disk; nothing is undone. */
void journal_leave(struct journal *j);

/* A symbolic link where nothing is (-EEXIST otherwise; 0 without an entry when it is that link already). */
int journal_link(struct journal *j, const char *path, const char *target, struct err *err);

#endif
