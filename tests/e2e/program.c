/* SPDX-License-Identifier: Apache-2.0 */
#include "program.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fs.h"
#include "base/text.h"
#include "e2e.h"

#define LONGEST_NS (500 * NS_PER_S)

static char program[PATH_MAX];

void program_is(const char *path)
{
	snprintf(program, sizeof(program), "%s", path);
}

static struct said run_words(struct argv *argv)
{
	struct spawn_opts how = SPAWN_OPTS_INIT;
	struct run_result result = { 0 };
	struct err e = { 0 };

	must(run(&result, argv, &how, LONGEST_NS, &e));
	argv_free(argv);
	return (struct said){ .end = result.end, .out = result.out, .err = result.err };
}

struct said vlat(const char *const *words)
{
	struct argv argv = { 0 };

	argv_add(&argv, program);
	argv_add_all(&argv, words);
	return run_words(&argv);
}

struct said vlat_as_nobody(const char *const *words)
{
	static const char *const drop[] = {
		"setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--inh-caps=-all", "--bounding-set=-all", NULL
	};
	struct argv argv = { 0 };

	argv_add_all(&argv, drop);
	argv_add(&argv, program);
	argv_add_all(&argv, words);
	return run_words(&argv);
}

struct child vlat_start(const char *const *words, const char *output)
{
	struct spawn_opts how = SPAWN_OPTS_INIT;
	struct child child = CHILD_INIT;
	struct argv argv = { 0 };
	struct err e = { 0 };

	argv_add(&argv, program);
	argv_add_all(&argv, words);
	how.out = how.err = open(output, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	how.new_session = true;
	check(how.out >= 0);
	must(spawn(&child, &argv, &how, &e));
	close(how.out);
	argv_free(&argv);
	return child;
}

static size_t list_runs(char ret[16])
{
	struct fs_names names = { 0 };
	char path[128];
	struct err e = { 0 };
	struct fs fs;
	size_t n;

	(void) text_print(path, sizeof(path), "%s/runs", getenv("VLAT_STATE"));
	if (access(path, F_OK) < 0)
		return 0;
	must(fs_open_root(&fs, path, &e));
	check(fs_list(&fs, ".", &names) == 0);
	n = names.n;
	if (ret && n)
		(void) text_print(ret, 16, "%s", names.at[0]);
	fs_list_free(&names);
	fs_close(&fs);
	return n;
}

void run_now(char ret[16])
{
	check(list_runs(ret) == 1);
}

size_t runs_left(void)
{
	return list_runs(NULL);
}

static void show(const struct said *s)
{
	char end[64];

	printf("# %s\n# stdout: %.2000s\n# stderr: %.2000s\n", child_end_text(s->end, end, sizeof(end)), s->out, s->err);
}

bool said_exit(const struct said *s, int code)
{
	if (!s->end.signalled && s->end.code == code)
		return true;
	printf("# wanted exit status %d\n", code);
	show(s);
	return false;
}

bool said_has(const struct said *s, const char *text)
{
	if (strstr(s->err, text) || strstr(s->out, text))
		return true;
	printf("# wanted the words: %s\n", text);
	show(s);
	return false;
}

json_t *said_json(const struct said *s)
{
	json_error_t why;
	json_t *json = json_loads(s->out, 0, &why);

	if (!json) {
		printf("# not JSON: %s, line %d\n", why.text, why.line);
		show(s);
	}
	check(json);
	return json;
}

void said_free(struct said *s)
{
	free(s->out);
	free(s->err);
	*s = (struct said){ 0 };
}
