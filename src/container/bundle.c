/* SPDX-License-Identifier: Apache-2.0 */
/* bundle - the smallest root filesystem: one static program and the folders that are mounted over. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fs.h"
#include "base/jsonx.h"
#include "base/text.h"
#include "base/vec.h"
#include "container/bundle.h"

#define CONFIG_MAX ((size_t) 4 << 20)

static int copy_agent(const char *from, const char *to, struct err *err)
{
	AUTO_CLOSE int in = open(from, O_RDONLY | O_CLOEXEC), out = -1;
	struct stat st;
	ssize_t n;

	if (in < 0 || fstat(in, &st) < 0)
		return err_sys(err, -errno, "cannot read the agent %s", from);
	if (!S_ISREG(st.st_mode) || !(st.st_mode & 0111))
		return err_set(err, -ENOEXEC, "the agent %s is no program", from);
	out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0755);
	if (out < 0)
		return err_sys(err, -errno, "cannot make %s", to);
	while ((n = sendfile(out, in, NULL, 1 << 20)) > 0)
		;
	if (n < 0)
		return err_sys(err, -errno, "cannot copy the agent to %s", to);
	return 0;
}

static int make_rootfs(const char *dir, const char *agent, struct err *err)
{
	static const char *const folders[] = { "proc", "sys", "dev", "tmp" };
	char path[320];
	int r;

	for (size_t i = 0; i < ARRAY_SIZE(folders); i++) {
		if (text_print(path, sizeof(path), "%s/rootfs/%s", dir, folders[i]))
			return err_set(err, -ENAMETOOLONG, "the run's folder %.200s has too long a name", dir);
		r = dir_make_all(path, 0755, err);
		if (r < 0)
			return r;
	}
	(void) text_print(path, sizeof(path), "%s/rootfs/agent", dir);
	return copy_agent(agent, path, err);
}

static int write_config(const char *dir, const char *config, struct err *err)
{
	char path[320];

	if (!config)
		return err_set(err, -EINVAL, "the container's words are no UTF-8 text");
	if (text_print(path, sizeof(path), "%s/config.json", dir))
		return err_set(err, -ENAMETOOLONG, "the run's folder %.200s has too long a name", dir);
	return file_write_atomic(path, config, strlen(config), 0644, err);
}

int bundle_make(const char *dir, const char *agent, const struct oci_spec *spec, struct err *err)
{
	AUTO_FREE char *config = oci_config_text(spec);
	int r = make_rootfs(dir, agent, err);

	return r < 0 ? r : write_config(dir, config, err);
}

int bundle_make_user(const char *dir, const struct container_user *user, const struct oci_spec *spec, struct err *err)
{
	AUTO_FREE char *path = user->bundle ? xprintf("%s/config.json", user->bundle) : NULL, *text = NULL;
	AUTO_JSON json_t *config = NULL;
	int r = dir_make_all(dir, 0700, err);

	if (r == 0 && user->bundle)
		r = jx_load(path, CONFIG_MAX, &config, err);
	if (r == 0 && user->bundle)
		r = oci_adapt(config, spec, user->bundle, err);
	if (r < 0)
		return r;
	text = config ? json_dumps(config, JSON_INDENT(2)) : oci_config_text(spec);
	return write_config(dir, text, err);
}

void runtime_argv(const struct runtime *rt, const char *root, struct argv *ret)
{
	argv_add(ret, rt->path);
	argv_add(ret, "--root");
	argv_add(ret, root);
}

struct spawn_opts runtime_opts(const struct runtime *rt, const struct journal *j)
{
	struct spawn_opts o = SPAWN_OPTS_INIT;

	o.new_session = true;
	o.mark = journal_mark(j);
	o.hide_unified_cgroup = rt->hide_unified_cgroup;
	return o;
}
