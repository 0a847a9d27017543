/* SPDX-License-Identifier: Apache-2.0 */
#include "run/image.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/cursor.h"
#include "base/fs.h"
#include "base/jsonx.h"
#include "base/log.h"
#include "base/sink.h"
#include "base/spawn.h"
#include "base/text.h"
#include "base/vec.h"

#define PULL_NS    (600 * NS_PER_S) /* an image may come from far away */
#define STEP_NS    (120 * NS_PER_S)
#define CONFIG_MAX ((size_t) 1 << 20)

static const char *const engines[] = { "podman", "docker" };

/* The last line a program said. */
static const char *last_line(char *text)
{
	char *trimmed = text_trim(text), *nl = strrchr(trimmed, '\n');

	return nl ? nl + 1 : trimmed;
}

static int tell(const char *engine, const char *const *words, const char *mark, uint64_t ns, char **ret_out, struct err *err)
{
	AUTO(run_result_free) struct run_result said = { 0 };
	AUTO(argv_free) struct argv argv = { 0 };
	struct spawn_opts opts = SPAWN_OPTS_INIT;
	char end[64];
	int r;

	opts.heed_stop = true;
	opts.new_session = true;
	opts.mark = mark;
	argv_add(&argv, engine);
	argv_add_all(&argv, words);
	r = run(&said, &argv, &opts, ns, err);
	if (r < 0)
		return r;
	if (said.end.signalled || said.end.code != 0)
		return err_set(err, -ECHILD, "%s %s failed (%s): %.300s", engine, words[0],
			       child_end_text(said.end, end, sizeof(end)), last_line(said.err));
	if (ret_out)
		*ret_out = TAKE(said.out);
	return 0;
}

static bool has_image(const char *engine, const char *ref, const char *mark, struct err *why)
{
	const char *const words[] = { "image", "inspect", ref, NULL };

	return tell(engine, words, mark, STEP_NS, NULL, why) == 0;
}

static bool fetches_image(const char *engine, const char *ref, const char *mark, struct err *why)
{
	const char *const words[] = { "pull", "--quiet", ref, NULL };

	log_note("nobody here has the image %s yet: %s is asked to fetch it", ref, engine);
	return tell(engine, words, mark, PULL_NS, NULL, why) == 0;
}

/* The first engine that has this image; or else the first that gets it. */
static int find_engine(const char *ref, const char *mark, char path[PATH_MAX], struct err *err)
{
	bool (*const tries[])(const char *, const char *, const char *, struct err *) = { has_image, fetches_image };
	AUTO(sink_free) struct sink said = { 0 };
	struct err why = { 0 };

	for (size_t k = 0; k < ARRAY_SIZE(tries); k++) {
		for (size_t i = 0; i < ARRAY_SIZE(engines) && why.code != -EINTR; i++) {
			if (program_find(engines[i], path, PATH_MAX) < 0)
				continue;
			if (tries[k](path, ref, mark, &why))
				return 0;
			if (tries[k] == fetches_image)
				sink_printf(&said, "%s%s", said.len ? "; " : "", why.text);
		}
	}
	if (!why.code)
		return err_set(
			err, -ENOENT,
			"--image %.100s: neither podman nor docker is installed; unpack the image yourself and use --rootfs",
			ref);
	return err_set(err, why.code, "--image %.100s: %.380s", ref, said.len ? said.text : why.text);
}

/* "ENGINE export NAME" into "tar -x": two programs and one pipe. */
static int export_to(const char *engine, const char *name, const char *root, const char *mark, struct err *err)
{
	AUTO(argv_free) struct argv from = { 0 }, to = { 0 };
	struct spawn_opts opts = SPAWN_OPTS_INIT;
	struct child source = CHILD_INIT;
	struct child_end end = { 0 };
	struct run_result got = { 0 };
	int fds[2], r;

	argv_add_all(&from, (const char *const[]){ engine, "export", name, NULL });
	argv_add_all(&to, (const char *const[]){ "tar", "--extract", "--numeric-owner", "--directory", root, NULL });
	if (pipe2(fds, O_CLOEXEC) < 0)
		return err_sys(err, -errno, "no pipe for an image");
	opts.mark = mark;
	opts.new_session = opts.die_with_parent = opts.heed_stop = true;
	opts.out = fds[1];
	r = spawn(&source, &from, &opts, err);
	close(fds[1]);
	opts.out = -1;
	opts.in = fds[0];
	if (r == 0)
		r = run(&got, &to, &opts, PULL_NS, err);
	close(fds[0]);
	if (r == 0 && child_wait(&source, clock_ns() + STEP_NS, &end) < 0)
		end.signalled = true;
	child_stop(&source, 0);
	if (r == 0 && (got.end.signalled || got.end.code || end.signalled || end.code))
		r = err_set(err, -EIO, "the image could not be unpacked to %.200s: %.200s", root,
			    got.err[0] ? last_line(got.err) : "the engine's export failed");
	run_result_free(&got);
	return r;
}

/* A container of the engine's that never starts, for the time of the export; while the file `guard` is there, it is too. */
static int unpack(const char *engine, const char *ref, const char *root, struct journal *j, struct err *err)
{
	AUTO_FREE char *name = xprintf("vlat-%s", journal_run(j)), *guard = xprintf("%s/exporting", journal_dir(j));
	const char *const remove[] = { engine, "rm", "--force", name, NULL };
	const char *const make[] = { "create", "--name", name, ref, "true", NULL };
	const char *const drop[] = { "rm", "--force", name, NULL };
	struct err ignored = { 0 };
	int r = journal_command_while(j, guard, remove, err);

	if (r == 0)
		r = file_write_atomic(guard, "", 0, 0600, err);
	if (r == 0)
		r = tell(engine, make, journal_mark(j), STEP_NS, NULL, err);
	if (r == 0)
		r = export_to(engine, name, root, journal_mark(j), err);
	if (tell(engine, drop, NULL, STEP_NS, NULL, &ignored) == 0)
		(void) unlink(guard);
	return r;
}

/* Words of a JSON array, or nothing; an array of pointers that borrows them. */
static int take_words(const json_t *o, const char *member, const char ***into, size_t *n, struct err *err)
{
	json_t *array = NULL, *word;
	size_t i;
	int r = jx_opt_array(o, member, &array, err);

	if (r < 0)
		return r;
	json_array_foreach (array, i, word) {
		if (!json_is_string(word))
			return err_set(err, -EINVAL, "the image's \"%s\" holds something that is no text", member);
		*into = realloc(*into, (*n + 2) * sizeof(**into));
		if (!*into)
			return err_set(err, -ENOMEM, "no memory");
		(*into)[(*n)++] = json_string_value(word);
		(*into)[*n] = NULL;
	}
	return 0;
}

int image_parse(const char *text, size_t len, struct image *ret, struct err *err)
{
	struct image im = { 0 };
	size_t n_args = 0, n_env = 0;
	const char *cwd = NULL;
	int r = jx_parse(text, len, "what the engine says about the image", &im.config, err);

	if (r == 0 && !json_is_object(im.config))
		r = err_set(err, -EINVAL, "what the engine says about the image is no JSON object");
	if (r == 0)
		r = take_words(im.config, "Entrypoint", &im.args_own, &n_args, err);
	if (r == 0)
		r = take_words(im.config, "Cmd", &im.args_own, &n_args, err);
	if (r == 0)
		r = take_words(im.config, "Env", &im.env_own, &n_env, err);
	if (r == 0)
		r = jx_opt_str(im.config, "WorkingDir", &cwd, err);
	if (r < 0) {
		image_free(&im);
		return r;
	}
	im.cwd = cwd && cwd[0] == '/' ? cwd : NULL;
	im.args = im.args_own;
	im.env = im.env_own;
	*ret = im;
	return 0;
}

/* "NAME:x:UID:GID:..." in the image's own /etc/passwd. */
static bool find_user(const char *root, const char *name, unsigned *uid, unsigned *gid)
{
	AUTO_FREE char *text = NULL;
	struct err ignored = { 0 };
	char line[512];
	struct fs fs;
	bool found = false;
	int r = fs_open_root(&fs, root, &ignored);

	if (r < 0)
		return false;
	r = fs_read_all(&fs, "etc/passwd", 1 << 20, &text, NULL);
	fs_close(&fs);
	for (const char *at = r < 0 ? "" : text; !found && take_line(&at, line, sizeof(line));) {
		const char *p = line;
		uint64_t u, g;

		if (take_text(&p, name) && take_char(&p, ':') && (p = strchr(p, ':')) && take_char(&p, ':') && take_u64(&p, &u) &&
		    take_char(&p, ':') && take_u64(&p, &g) && u < UINT32_MAX && g < UINT32_MAX) {
			*uid = (unsigned) u;
			*gid = (unsigned) g;
			found = true;
		}
	}
	return found;
}

/* "", "1000", "1000:100", "www-data", "www-data:www-data" (the group by name is that user's). */
static int choose_user(struct image *im, const char *root, struct err *err)
{
	const char *user = NULL;
	char name[64];
	uint64_t u, g = 0;
	const char *at;

	if (jx_opt_str(im->config, "User", &user, err) < 0)
		return err->code;
	if (!user || !*user)
		return 0;
	at = user;
	if (take_u64(&at, &u) && u < UINT32_MAX &&
	    (!*at || (take_char(&at, ':') && take_u64(&at, &g) && !*at && g < UINT32_MAX))) {
		im->uid = (unsigned) u;
		im->gid = (unsigned) g;
		return 0;
	}
	if (!text_print(name, sizeof(name), "%.*s", (int) strcspn(user, ":"), user) && find_user(root, name, &im->uid, &im->gid))
		return 0;
	return err_set(err, -ENOENT, "the image runs as user '%.60s', whom its own /etc/passwd does not know", user);
}

int image_unpack(struct image *ret, const char *ref, struct journal *j, char root[PATH_MAX], struct err *err)
{
	const char *const words[] = { "inspect", "--type", "image", "--format", "{{json .Config}}", ref, NULL };
	AUTO_FREE char *text = NULL;
	char engine[PATH_MAX];
	int r;

	if (!*ref || ref[0] == '-')
		return err_set(err, -EINVAL, "--image '%.80s' is no name of an image", ref);
	if (text_print(root, PATH_MAX, "%s/image", journal_dir(j)))
		return err_set(err, -ENAMETOOLONG, "the run's folder has too long a name");
	r = find_engine(ref, journal_mark(j), engine, err);
	if (r == 0)
		r = tell(engine, words, journal_mark(j), STEP_NS, &text, err);
	if (r == 0)
		r = dir_make_all(root, 0755, err);
	if (r == 0)
		r = unpack(engine, ref, root, j, err);
	if (r == 0)
		r = image_parse(text, strlen(text) > CONFIG_MAX ? 0 : strlen(text), ret, err);
	return r == 0 ? choose_user(ret, root, err) : r;
}

void image_fill(struct image *im, const char *const *command, struct oci_user *oci, struct container_user *user)
{
	oci->cwd = im->cwd;
	oci->uid = im->uid;
	oci->gid = im->gid;
	user->args = command ? command : im->args;
	if (im->env)
		user->env = im->env;
}

void image_free(struct image *im)
{
	json_decref(im->config);
	free(im->args_own);
	free(im->env_own);
	*im = (struct image){ 0 };
}
