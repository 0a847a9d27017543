/* SPDX-License-Identifier: Apache-2.0 */
#include "lab_test.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fs.h"
#include "base/text.h"
#include "base/vec.h"

#define LONGEST_NS (2700 * NS_PER_S) /* a study on a loaded machine; --timeout and meson's own limits are shorter */

static char program[PATH_MAX], folder[PATH_MAX];

static void remove_folder(void)
{
	if (folder[0])
		dir_remove_all(folder);
}

void lab_begin(int argc, char **argv)
{
	char qemu[PATH_MAX];

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc < 2) {
		printf("usage: %s VLAT-LAB\n", argv[0]);
		exit(2);
	}
	snprintf(program, sizeof(program), "%s", argv[1]);
	if (program_find("qemu-system-x86_64", qemu, sizeof(qemu)) < 0) {
		printf("skipped: there is no QEMU on this machine (scripts/install-deps lab)\n");
		exit(77);
	}
	atexit(remove_folder);
}

int lab_main(int argc, char **argv, const struct lab_test *tests, size_t n)
{
	bool any = false;

	lab_begin(argc, argv);
	for (size_t i = 0; i < n; i++) {
		if (argc > 2 && !text_eq(argv[2], tests[i].name))
			continue;
		printf("# %s\n", tests[i].name);
		tests[i].test();
		any = true;
	}
	check(any);
	return 0;
}

const char *lab_program(void)
{
	return program;
}

struct lab_said lab_words(const char *const *words, const char *env)
{
	struct spawn_opts how = SPAWN_OPTS_INIT;
	AUTO(argv_free) struct argv argv = { 0 };
	struct run_result result = { 0 };
	struct err e = { 0 };

	argv_add(&argv, program);
	argv_add_all(&argv, words);
	how.mark = env;
	if (run(&result, &argv, &how, LONGEST_NS, &e) < 0) {
		printf("FAILED %s\n", e.text);
		exit(1);
	}
	return (struct lab_said){ .end = result.end, .out = result.out, .err = result.err };
}

struct child lab_start(const char *const *words, const char *output)
{
	struct spawn_opts how = SPAWN_OPTS_INIT;
	AUTO(argv_free) struct argv argv = { 0 };
	struct child child = CHILD_INIT;
	struct err e = { 0 };

	argv_add(&argv, program);
	argv_add_all(&argv, words);
	how.out = how.err = open(output, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	how.die_with_parent = true;
	check(how.out >= 0);
	if (spawn(&child, &argv, &how, &e) < 0) {
		printf("FAILED %s\n", e.text);
		exit(1);
	}
	close(how.out);
	return child;
}

void lab_said_free(struct lab_said *s)
{
	free(s->out);
	free(s->err);
	*s = (struct lab_said){ 0 };
}

void lab_failed(const char *file, int line, const char *what)
{
	printf("FAILED %s:%d: %s\n", file, line, what);
	exit(1);
}

void lab_exited(const struct lab_said *s, int code)
{
	char end[64];

	if (!s->end.signalled && s->end.code == code)
		return;
	printf("FAILED wanted exit status %d, got %s\n# stdout: %.4000s\n# stderr: %.4000s\n", code,
	       child_end_text(s->end, end, sizeof(end)), s->out, s->err);
	exit(1);
}

void lab_has(const char *where, const char *text)
{
	if (strstr(where, text))
		return;
	printf("FAILED wanted the words '%s' in:\n%.4000s\n", text, where);
	exit(1);
}

void lab_is(const char *text, const char *wanted)
{
	if (text_eq(text, wanted))
		return;
	printf("FAILED wanted '%s', got '%.2000s'\n", wanted, text);
	exit(1);
}

void lab_hasnt(const char *where, const char *text)
{
	if (!strstr(where, text))
		return;
	printf("FAILED unwanted words '%s' in:\n%.4000s\n", text, where);
	exit(1);
}

const char *lab_value(const struct lab_said *s, const char *name)
{
	static char value[1024];
	size_t n = strlen(name);

	for (const char *line = s->out; line && *line; line = strchr(line, '\n'), line += line != NULL) {
		if (strncmp(line, name, n) == 0 && line[n] == '=') {
			snprintf(value, sizeof(value), "%.*s", (int) strcspn(line + n + 1, "\n"), line + n + 1);
			return value;
		}
	}
	printf("FAILED no line '%s=' in:\n%.4000s\n# stderr: %.2000s\n", name, s->out, s->err);
	exit(1);
}

const char *lab_folder(const char *name)
{
	const char *temp = getenv("TMPDIR");
	static char path[PATH_MAX];

	if (!folder[0]) {
		snprintf(folder, sizeof(folder), "%s/vlat-lab-test-XXXXXX", temp && *temp == '/' ? temp : "/tmp");
		check(mkdtemp(folder));
	}
	check(!text_print(path, sizeof(path), "%s/%s", folder, name));
	check(mkdir(path, 0755) == 0 || errno == EEXIST);
	return path;
}

/* NUL-separated words, so memmem() and not strstr(). */
static bool file_mentions(const char *pid, const char *file, const char *word)
{
	AUTO_FREE char *path = xprintf("/proc/%s/%s", pid, file), *text = NULL;
	struct err ignored;
	size_t len;

	return file_read_all(path, 1 << 20, &text, &len, &ignored) >= 0 && memmem(text, len, word, strlen(word));
}

unsigned lab_processes(const char *word)
{
	AUTO_DIR DIR *d = opendir("/proc");
	unsigned n = 0;

	check(d);
	for (struct dirent *e; (e = readdir(d));) {
		if (e->d_name[0] >= '1' && e->d_name[0] <= '9' && atoi(e->d_name) != getpid())
			n += file_mentions(e->d_name, "cmdline", word);
	}
	return n;
}
