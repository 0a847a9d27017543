/* SPDX-License-Identifier: Apache-2.0 */
#include "run/registry.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fs.h"
#include "base/jsonx.h"
#include "base/sink.h"
#include "base/text.h"
#include "base/vec.h"

#define RECORD_FORMAT 1
#define RECORD_MAX    ((size_t) 64 << 10)

static const char *const kind_names[RUN_KINDS] = { "native", "container", "vm" };
static const char *const state_names[RUN_STATES] = { "starting", "running", "stopping", "dead" };

const char *run_kind_name(enum run_kind kind)
{
	return kind_names[kind];
}

const char *run_state_name(enum run_state state)
{
	return state_names[state];
}

/* STATE/LEAF; with make, made for nobody else to write in: what lies there is obeyed as root. */
static int state_folder(const char *leaf, bool make, char *buf, size_t cap, struct err *err)
{
	char state[256];
	struct stat st;
	int r = journal_state_dir(state, sizeof(state), err);

	if (r < 0)
		return r;
	if (text_print(buf, cap, "%s/%s", state, leaf))
		return err_set(err, -ENAMETOOLONG, "the folder %s has too long a name", state);
	r = make ? dir_make_all(buf, 0700, err) : 0;
	if (r < 0)
		return err_in(err, "make the folder for runs");
	if (lstat(buf, &st) < 0)
		return !make && errno == ENOENT ? -ENOENT : err_sys(err, -errno, "cannot look at %s", buf);
	if (!S_ISDIR(st.st_mode) || st.st_uid != geteuid() || (st.st_mode & (S_IWGRP | S_IWOTH)))
		return err_set(err, -EPERM, "%s must be a folder of the user who runs vlat, writable by nobody else", buf);
	return 0;
}

int registry_log(const char *name, char *buf, size_t cap, struct err *err)
{
	char dir[300];
	int r = state_folder("log", true, dir, sizeof(dir), err);

	if (r < 0)
		return r;
	return text_print(buf, cap, "%s/%s.log", dir, name)
		       ? err_set(err, -ENAMETOOLONG, "the name of %s's log is too long", name)
		       : 0;
}

/*
 * The lock of one run: an fd, or -EWOULDBLOCK while its supervisor lives.  Those who only look share it, so that none takes
 * another for a supervisor; whoever makes it has nobody but lookers to wait for.
 */
static int lock_run(const char *dir, bool make)
{
	int fd, r, how = make ? LOCK_EX : LOCK_SH | LOCK_NB;
	char path[340];

	if (text_print(path, sizeof(path), "%s/lock", dir))
		return -ENAMETOOLONG;
	fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | (make ? O_CREAT : 0), 0600);
	if (fd < 0)
		return -errno;
	while ((r = flock(fd, how)) < 0 && errno == EINTR)
		;
	if (r == 0)
		return fd;
	r = -errno;
	close(fd);
	return r;
}

static bool is_alive(const char *dir)
{
	int fd = lock_run(dir, false);

	if (fd >= 0)
		close(fd);
	return fd == -EWOULDBLOCK;
}

static int name_in_use(const char *dir, const char *name, struct err *err)
{
	if (is_alive(dir))
		return err_set(err, -EEXIST,
			       "a run called '%s' is there already: choose another --name, or end it with `vlat stop %s`", name,
			       name);
	return err_set(err, -EUCLEAN, "a run called '%s' died and has not been cleaned up: call `vlat revert` first", name);
}

/* The journal says "remove this folder" before there is one: nobody else may make it in between. */
static int lock_names(const char *home, struct err *err)
{
	char path[320];
	int fd;

	(void) text_print(path, sizeof(path), "%s/.lock", home);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0 || flock(fd, LOCK_EX) < 0)
		return err_sys(err, -errno, "cannot lock %s", path);
	return fd;
}

static int make_folder(struct registry_claim *c, const char *name, struct journal *j, struct err *err)
{
	int r;

	if (access(c->dir, F_OK) == 0)
		return name_in_use(c->dir, name, err);
	r = journal_tree(j, c->dir, err);
	if (r < 0)
		return r;
	if (mkdir(c->dir, 0700) < 0)
		return err_sys(err, -errno, "cannot make %s", c->dir);
	c->lock = lock_run(c->dir, true);
	return c->lock < 0 ? err_sys(err, c->lock, "cannot lock %s", c->dir) : 0;
}

int registry_take(struct registry_claim *ret, const char *name, struct journal *j, struct err *err)
{
	struct registry_claim c = REGISTRY_CLAIM_INIT;
	AUTO_CLOSE int names = -1;
	char home[300];
	int r;

	if (!text_is_name(name))
		return err_set(
			err, -EINVAL,
			"--name '%.80s': letters, digits, dot, dash and underline only, a letter or digit first, at most 64",
			name);
	r = state_folder("sut", true, home, sizeof(home), err);
	if (r < 0)
		return r;
	names = lock_names(home, err);
	if (names < 0)
		return names;
	(void) text_print(c.dir, sizeof(c.dir), "%s/%s", home, name);
	r = make_folder(&c, name, j, err);
	if (r == 0)
		*ret = c;
	return r;
}

void registry_release(struct registry_claim *c)
{
	if (c->lock < 0)
		return;
	close(c->lock);
	*c = (struct registry_claim) REGISTRY_CLAIM_INIT;
}

static json_t *cpus_json(const struct cpuset *s)
{
	char list[CPUSET_LIST_MAX];

	return json_string(cpuset_list(s, list, sizeof(list)));
}

/* The texts of a record, one row each: written and read by the same table. */
static const struct text_member {
	const char *name;
	size_t offset, cap;
} texts[] = {
#define TEXT(member)                                                                                                             \
	{                                                                                                                        \
#member, offsetof(struct run_record, member), sizeof(((struct run_record *) 0)->member)                          \
	}
	TEXT(name),    TEXT(run),         TEXT(policy), TEXT(tuning),  TEXT(datapath),
	TEXT(address), TEXT(accelerator), TEXT(what),   TEXT(console), TEXT(log),
#undef TEXT
};

/* The command of a person may hold any bytes; a record is UTF-8. */
static json_t *text_json(const char *s)
{
	json_t *t = json_string(s);
	char plain[400];
	size_t n = 0;

	if (t)
		return t;
	for (; s[n] && n + 1 < sizeof(plain); n++)
		plain[n] = (char) (s[n] >= ' ' && s[n] < 0x7f ? s[n] : '?');
	plain[n] = '\0';
	return json_string(plain);
}

json_t *run_record_json(const struct run_record *r)
{
	json_t *o = json_pack("{s:i}", "format", RECORD_FORMAT);

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		json_object_set_new(o, texts[i].name, text_json((const char *) r + texts[i].offset));
	json_object_set_new(o, "kind", json_string(kind_names[r->kind]));
	json_object_set_new(o, "state", json_string(state_names[r->state]));
	json_object_set_new(o, "pid", json_integer(r->pid));
	json_object_set_new(o, "start", json_integer((json_int_t) r->start));
	json_object_set_new(o, "workload_pid", json_integer(r->workload));
	json_object_set_new(o, "cpus", cpus_json(&r->cpus));
	json_object_set_new(o, "emulator_cpus", cpus_json(&r->emulator_cpus));
	json_object_set_new(o, "vhost_threads", json_integer(r->vhost_threads));
	json_object_set_new(o, "vhost_cpus", cpus_json(&r->vhost_cpus));
	json_object_set_new(o, "irqs", json_integer(r->irqs));
	json_object_set_new(o, "irq_cpus", cpus_json(&r->irq_cpus));
	json_object_set_new(o, "hugepage_kb", json_integer(r->hugepage_kb));
	json_object_set_new(o, "memory_mb", json_integer(r->memory_mb));
	json_object_set_new(o, "started_wall_ns", json_integer((json_int_t) r->started_wall_ns));
	return o;
}

static int parse_name(const json_t *o, const char *member, const char *const *names, unsigned n, unsigned *ret, struct err *err)
{
	const char *text;
	int r = jx_str(o, member, &text, err);

	for (unsigned i = 0; r == 0 && i < n; i++) {
		if (text_eq(text, names[i])) {
			*ret = i;
			return 0;
		}
	}
	return r < 0 ? r : err_set(err, -EINVAL, "\"%s\" is \"%.40s\", which this vlat does not know", member, text);
}

static int parse_cpus(const json_t *o, const char *member, struct cpuset *ret, struct err *err)
{
	const char *text;
	int r = jx_str(o, member, &text, err);

	if (r < 0 || !*text)
		return r;
	r = cpuset_parse_list(text, ret);
	return r < 0 ? err_set(err, r, "\"%s\" is no list of CPUs: \"%.60s\"", member, text) : 0;
}

static int parse_texts(const json_t *o, struct run_record *r, struct err *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		const char *text;

		if (jx_str(o, texts[i].name, &text, err) < 0)
			return err->code;
		if (text_print((char *) r + texts[i].offset, texts[i].cap, "%s", text))
			return err_set(err, -ERANGE, "\"%s\" is too long", texts[i].name);
	}
	return text_is_name(r->name) ? 0 : err_set(err, -EINVAL, "\"name\" is no name");
}

static int parse_numbers(const json_t *o, struct run_record *ret, struct err *err)
{
	const struct {
		const char *member;
		unsigned *to;
	} rows[] = {
		{ "hugepage_kb", &ret->hugepage_kb }, { "memory_mb", &ret->memory_mb },
		{ "vhost_threads", &ret->vhost_threads }, { "irqs", &ret->irqs },
	};
	uint64_t pid, workload, n;
	int r = jx_u64(o, "pid", &pid, err);

	if (r == 0)
		r = jx_u64(o, "start", &ret->start, err);
	if (r == 0)
		r = jx_u64(o, "workload_pid", &workload, err);
	if (r == 0)
		r = jx_u64(o, "started_wall_ns", &ret->started_wall_ns, err);
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(rows); i++) {
		r = jx_u64(o, rows[i].member, &n, err);
		if (r == 0 && n > UINT32_MAX)
			r = err_set(err, -ERANGE, "\"%s\" is out of range", rows[i].member);
		else if (r == 0)
			*rows[i].to = (unsigned) n;
	}
	if (r < 0)
		return r;
	if (pid > INT32_MAX || workload > INT32_MAX)
		return err_set(err, -ERANGE, "a number is out of range");
	ret->pid = (pid_t) pid;
	ret->workload = (pid_t) workload;
	return 0;
}

int run_record_parse(const json_t *o, struct run_record *ret, struct err *err)
{
	struct run_record rec = { 0 };
	unsigned kind = 0, state = 0;
	int r = jx_format(o, RECORD_FORMAT, err);

	if (r == 0)
		r = parse_texts(o, &rec, err);
	if (r == 0)
		r = parse_name(o, "kind", kind_names, RUN_KINDS, &kind, err);
	if (r == 0)
		r = parse_name(o, "state", state_names, RUN_STATES, &state, err);
	if (r == 0)
		r = parse_numbers(o, &rec, err);
	if (r == 0)
		r = parse_cpus(o, "cpus", &rec.cpus, err);
	if (r == 0)
		r = parse_cpus(o, "emulator_cpus", &rec.emulator_cpus, err);
	if (r == 0)
		r = parse_cpus(o, "vhost_cpus", &rec.vhost_cpus, err);
	if (r == 0)
		r = parse_cpus(o, "irq_cpus", &rec.irq_cpus, err);
	if (r < 0)
		return r;
	rec.kind = (enum run_kind) kind;
	rec.state = (enum run_state) state;
	*ret = rec;
	return 0;
}

int registry_write(const struct registry_claim *c, const struct run_record *r, struct err *err)
{
	json_t *o = run_record_json(r);
	char path[340];
	int n;

	(void) text_print(path, sizeof(path), "%s/record.json", c->dir);
	n = jx_save(path, o, 0600, err);
	json_decref(o);
	return n;
}

/* What is known of one name; a record that cannot be read is a dead run's, or one not written yet. */
static void look_at(const char *home, const char *name, struct run_record *ret)
{
	AUTO_JSON json_t *o = NULL;
	char dir[400], path[420];
	struct err ignored = { 0 };
	bool alive;

	(void) text_print(dir, sizeof(dir), "%s/%s", home, name);
	(void) text_print(path, sizeof(path), "%s/record.json", dir);
	alive = is_alive(dir);
	if (jx_load(path, RECORD_MAX, &o, &ignored) < 0 || run_record_parse(o, ret, &ignored) < 0)
		*ret = (struct run_record){ .state = RUN_STARTING };
	text_print(ret->name, sizeof(ret->name), "%s", name);
	if (!alive)
		ret->state = RUN_DEAD;
}

int registry_list(struct run_records *ret, struct err *err)
{
	AUTO(fs_list_free) struct fs_names names = { 0 };
	char home[300];
	struct fs fs;
	int r = state_folder("sut", false, home, sizeof(home), err);

	if (r == -ENOENT)
		return 0;
	if (r == 0)
		r = fs_open_root(&fs, home, err);
	if (r < 0)
		return r;
	r = fs_list(&fs, ".", &names);
	fs_close(&fs);
	if (r < 0)
		return err_sys(err, r, "cannot list %s", home);
	for (size_t i = 0; i < names.n; i++)
		if (text_is_name(names.at[i]))
			look_at(home, names.at[i], vec_add(ret));
	return 0;
}

void run_records_free(struct run_records *r)
{
	vec_free(r);
}

static int no_such(const struct run_records *all, const char *name, struct err *err)
{
	AUTO(sink_free) struct sink names = { 0 };

	for (size_t i = 0; i < all->n; i++)
		sink_printf(&names, "%s%s", i ? ", " : "", all->at[i].name);
	if (all->n == 0)
		return err_set(err, -ENOENT, "nothing runs under the name '%.64s': nothing was started with `vlat run` here",
			       name);
	return err_set(err, -ENOENT, "nothing runs under the name '%.64s': there is %.300s", name, names.text);
}

int registry_find(const char *name, struct run_record *ret, struct err *err)
{
	AUTO(run_records_free) struct run_records all = { 0 };
	int r = registry_list(&all, err);

	for (size_t i = 0; r == 0 && i < all.n; i++) {
		if (text_eq(all.at[i].name, name)) {
			*ret = all.at[i];
			return 0;
		}
	}
	return r < 0 ? r : no_such(&all, name, err);
}
