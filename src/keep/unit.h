/* SPDX-License-Identifier: Apache-2.0 */
/* unit - what makes systemd apply the stored tuning early at each boot. */
#ifndef KEEP_UNIT_H
#define KEEP_UNIT_H

#include <stdbool.h>

#include "base/err.h"
#include "base/sink.h"
#include "journal/journal.h"

#define UNIT_NAME   "vlat-tune.service"
#define UNIT_FOLDER "/etc/systemd/system"
#define UNIT_FILE   UNIT_FOLDER "/" UNIT_NAME
#define UNIT_WANTS  UNIT_FOLDER "/multi-user.target.wants"

struct unit_about {
	const char *vlat;         /* absolute path of the program */
	const char *profile;      /* for the description */
	const char *state, *data; /* VLAT_STATE and VLAT_DATA, where they are set; NULL */
};

/* Pure.  -EINVAL when a word cannot stand in a unit. */
int unit_text(const struct unit_about *about, struct sink *out, struct err *err);

/* systemd runs this machine (root ""), or is what this root would boot. */
bool unit_has_systemd(const char *root);

/*
 * Unit and link, by a lasting journal; then `systemctl daemon-reload`, which is
 * journalled first, so that undoing does it last.  systemctl NULL = nobody to tell.
 */
int unit_install(struct journal *j, const char *root, const char *systemctl, const struct unit_about *about, struct err *err);

/* Tell the service manager (NOTIFY_SOCKET) that all is in force; nothing when nobody asked.  Negative errno. */
bool unit_is_supervised(void);
int unit_notify(const char *state);

#endif
