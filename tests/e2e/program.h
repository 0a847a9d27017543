/* SPDX-License-Identifier: Apache-2.0 */
/* program - vlat as its users meet it: argument vector in, exit code and two texts out. */
#ifndef E2E_PROGRAM_H
#define E2E_PROGRAM_H

#include <jansson.h>
#include <stdbool.h>

#include "base/spawn.h"

struct said {
	struct child_end end;
	char *out, *err;
};

/* argv[1] of the test: the vlat to test.  Call first. */
void program_is(const char *path);

/* Run "vlat WORDS..." (NULL-terminated) to its end, at most two minutes. */
struct said vlat(const char *const *words);
#define VLAT(...) vlat((const char *const[]){ __VA_ARGS__, NULL })
/* The same as nobody, with no capability. */
struct said vlat_as_nobody(const char *const *words);
/* In the background, its output to a file; said_of() waits for it. */
struct child vlat_start(const char *const *words, const char *output);

/* The id of the run that is alive in this test's state folder; ends the test when there is none. */
void run_now(char ret[16]);
size_t runs_left(void); /* journals in the state folder */

bool said_exit(const struct said *s, int code);        /* exited with it; prints what it said otherwise */
bool said_has(const struct said *s, const char *text); /* on stderr or stdout; prints otherwise */
json_t *said_json(const struct said *s);               /* stdout as JSON; ends the test when it is none */
void said_free(struct said *s);

#endif
