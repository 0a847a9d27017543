/* SPDX-License-Identifier: Apache-2.0 */
/* init - the parts of the lab's process 1. */
#ifndef LAB_INIT_H
#define LAB_INIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define JOB_SHARES_MAX 4

/* What the host wants run; the strings point into text. */
struct job {
	char *text;
	size_t len;
	char **argv, **env; /* NULL-terminated */
	const char *folder, *modules, *root_type;
	const char *shares[JOB_SHARES_MAX]; /* "TAG PATH" */
	unsigned n_shares;
	bool tty;
};

void init_say(const char *what, int code);

/* init_job.c: the line to the host */
int frame_send(int port, uint32_t type, const void *data, uint32_t len);
int job_receive(int port, struct job *ret);
int job_parse(struct job *ret, char *text, size_t len); /* takes the text over */

/* init_root.c: from the initramfs to the machine's root; *ret_what tells what failed */
int root_make(const struct job *job, const char **ret_what);
void root_leave(const struct job *job); /* shared folders: written and unmounted */

/* The last frame to the host: how the command ended (EXIT), or why it was not run (FAIL). */
struct farewell {
	uint32_t type, len;
	char data[400];
};
void farewell_fail(struct farewell *ret, const char *what, int code);

/* init_run.c: the command, from its start to its end */
void job_run(int port, const struct job *job, struct farewell *ret);

#endif
