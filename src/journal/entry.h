/* SPDX-License-Identifier: Apache-2.0 */
/* entry - one line of a journal, typed; and a whole journal as text.  Inside this room only. */
#ifndef JOURNAL_ENTRY_H
#define JOURNAL_ENTRY_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "base/ids.h"
#include "base/value.h"
#include "base/vec.h"

#define JOURNAL_FORMAT 1
#define RUN_ID_MAX 8

enum entry_kind {
	ENTRY_VALUE,
	ENTRY_TASK,             /* affinity */
	ENTRY_POLICY,
	ENTRY_NETNS,
	ENTRY_CGROUP,
	ENTRY_TREE,
	ENTRY_MOUNT,
	ENTRY_COMMAND,
	ENTRY_DRIVER,           /* of a PCI device */
	ENTRY_VFS,              /* virtual functions of a port */
	ENTRY_NETDEV,           /* a network device that is moved or changes its driver */
	ENTRY_FILE,             /* a file of the system, whole */
	ENTRY_LINK,             /* a symbolic link where nothing was: lasting.h */
	ENTRY_FOLDER,           /* one that vlat made, removed when it is empty */
	ENTRY_NIC,              /* rings, queues and the like of a network card: nic.h */
};

struct entry {
	uint64_t seq;
	enum entry_kind kind;
	enum value_form form;
	char *path;                     /* value, netns, cgroup, tree, mount; of devices their folder in sysfs */
	char *before, *after, *left, *guard;
	char *follower, *follower_before; /* of a value: follower.c */
	char *followed, *goal;          /* what it became by the change; what it shall be once this is undone */
	char *knob;                     /* on whose behalf; NULL = nobody's */
	char *owner;                    /* of a file that was there: "MODE UID GID", the mode octal */
	bool lasting;                   /* survives a reboot */
	pid_t tid;                      /* task, policy: with start, an identity */
	uint64_t start;
	char **argv;                    /* command: NULL-terminated */
	bool done;                      /* what it reads was looked at since, and noted where it is not what was wanted */
	bool settled;                   /* undone, or found not to need it */
	bool foreign;                   /* settled by leaving it to whoever had changed it */
};

#define KNOB_ID_MAX 64

void entry_free(struct entry *e);
char *entry_line(const struct entry *e);                        /* one line of JSON, no newline; malloc'ed */
int entry_parse(const json_t *o, struct entry *ret, struct err *err);
bool entry_is_whole(const struct entry *e);     /* has what its kind needs; paths are absolute, without "..", and of that kind */

struct journal_head {
	char run[RUN_ID_MAX + 1];
	char boot[BOOT_ID_CAP];
	char why[128];
	char created[32];
	uint64_t created_ns;            /* CLOCK_REALTIME; 0 = made by a version that did not keep it */
	char machine[MACHINE_ID_CAP];               /* machine-id(5); "" = not known */
	bool lasting;                   /* no process owns it: lasting.h */
	bool tuning;                    /* holds a tuning of this host: run/hold.h */
	pid_t pid;
	uint64_t start;
};

char *head_line(const struct journal_head *h);
int head_parse(const json_t *o, struct journal_head *ret, struct err *err);

struct journal_text {
	struct journal_head head;
	VEC(struct entry) entries;
	size_t damaged;                 /* lines inside that could not be read */
	size_t whole;                   /* bytes up to the last newline: a torn line after it is cut */
};

/* Needs a readable first line; tolerates everything after it. */
int journal_text_parse(const char *text, size_t len, struct journal_text *ret, struct err *err);
void journal_text_free(struct journal_text *t);

#endif
