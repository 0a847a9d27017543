/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tty - the caller's terminal, lent to a container that has one of its own:
 * keys, words and window size pass between the two, and the caller's is raw
 * meanwhile.
 *
 * It is put back however this ends, also by SIGKILL: a child that only waits
 * for that sees its pipe close.
 */
#ifndef RUN_TTY_H
#define RUN_TTY_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <termios.h>

#include "base/err.h"

#define TTY_CHUNK 4096

struct tty {
	int inner;             /* the container's, borrowed; -1 = nothing begun */
	int resized;           /* signalfd of SIGWINCH */
	struct termios before;
	bool raw, in_ended;
	bool idle;             /* nobody has the inner one open: looked at again a little later */
	char keys[TTY_CHUNK];  /* typed, and not taken by the container yet */
	size_t n_keys;
	pid_t guard;
	int guard_pipe;
};
#define TTY_INIT                                                                                                                 \
	{                                                                                                                        \
		.inner = -1, .resized = -1, .guard_pipe = -1                                                                     \
	}

bool tty_is_there(void); /* standard input and output are a terminal */
void tty_size(unsigned short *rows, unsigned short *columns);

int tty_begin(struct tty *t, int inner, struct err *err);
/* As run_poll(), with keys and words passed on meanwhile, and the last words when the process has ended. */
int tty_poll(struct tty *t, int pidfd, int fd, uint64_t deadline_ns, struct err *err);
void tty_end(struct tty *t); /* accepts TTY_INIT */

#endif
