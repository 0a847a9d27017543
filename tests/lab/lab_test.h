/* SPDX-License-Identifier: Apache-2.0 */
/* lab_test - vlat-lab as its users meet it: words in, exit code and two texts out.  Exit status 77 = skipped, with the reason. */
#ifndef LAB_TEST_H
#define LAB_TEST_H

#include <stdbool.h>
#include <stddef.h>

#include "base/spawn.h"

struct lab_said {
	struct child_end end;
	char *out, *err;
};

/* First thing in main(); argv[1] is vlat-lab. */
void lab_begin(int argc, char **argv);

/* The rest of main(): all tests, or the one named by argv[2]. */
struct lab_test {
	const char *name;
	void (*test)(void);
};
int lab_main(int argc, char **argv, const struct lab_test *tests, size_t n);

const char *lab_program(void); /* vlat-lab */

/* "vlat-lab WORDS..." to its end; env: one more "K=V", or NULL. */
struct lab_said lab_words(const char *const *words, const char *env);
#define LAB(...) lab_words((const char *const[]){ __VA_ARGS__, NULL }, NULL)
/* The same, only started, its output to a file. */
struct child lab_start(const char *const *words, const char *output);
#define LAB_START(output, ...) lab_start((const char *const[]){ __VA_ARGS__, NULL }, output)
void lab_said_free(struct lab_said *s);

/* End the program with what was said unless it is as wanted. */
void lab_exited(const struct lab_said *s, int code);
void lab_has(const char *where, const char *text);
void lab_is(const char *text, const char *wanted);
void lab_hasnt(const char *where, const char *text);
/* "name=" at the beginning of a line: the rest of that line, in a buffer that the next call reuses. */
const char *lab_value(const struct lab_said *s, const char *name);
void lab_failed(const char *file, int line, const char *what) __attribute__((noreturn));
#define check(x) ((x) ? (void) 0 : lab_failed(__FILE__, __LINE__, #x))

/* An empty folder for this test, removed when the program ends well. */
const char *lab_folder(const char *name);

/* How many processes of the machine have this word in their command line or environment. */
unsigned lab_processes(const char *word);

#endif
