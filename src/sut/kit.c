/* SPDX-License-Identifier: Apache-2.0 */
/* kit - what all SUTs of a run share: the agent, the rights, the slow parts done once. */
#include <errno.h>
#include <linux/capability.h>
#include <string.h>
#include <sys/syscall.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "base/vec.h"
#include "sut/driver.h"

static const struct sut_driver *const drivers[SUT_KINDS] = {
	[SUT_NATIVE] = &sut_native,
	[SUT_CONTAINER] = &sut_container,
	[SUT_VM] = &sut_vm,
};

const struct sut_driver *sut_driver(enum sut_kind kind)
{
	return drivers[kind];
}

const char *sut_kind_name(enum sut_kind kind)
{
	return drivers[kind]->name;
}

const char *sut_brief(enum sut_kind kind)
{
	return drivers[kind]->brief;
}

const char *sut_cure(enum sut_kind kind)
{
	return drivers[kind]->cure;
}

int sut_parse(const char *name, enum sut_kind *ret, struct err *err)
{
	const char *names[SUT_KINDS], *near;

	for (unsigned i = 0; i < SUT_KINDS; i++) {
		names[i] = drivers[i]->name;
		if (text_eq(name, names[i])) {
			*ret = (enum sut_kind) i;
			return 0;
		}
	}
	near = text_nearest(name, names, SUT_KINDS);
	return err_set(err, -EINVAL, "no system under test is called '%s'%s%s%s: there are native, container and vm", name,
		       near ? " (did you mean '" : "", near ? near : "", near ? "'?)" : "");
}

int datapath_check(enum sut_kind kind, const char *datapath, struct err *err)
{
	if (text_eq(datapath, "bridge"))
		return 0;
	return err_set(err, -EINVAL, "no datapath '%s' for %s: there is 'bridge'", datapath, drivers[kind]->name);
}

/* Candidates in order: what the user says, the build tree, an installation moved as a whole, the configured place. */
static int agent_find(const char *wished, char *buf, size_t cap, struct err *err)
{
	static const char *const beside[] = { "/vlat-agent", "/agent/vlat-agent", "/../libexec/vlat/vlat-agent" };
	char self[PATH_MAX] = "";
	const char *named = wished ? wished : getenv("VLAT_AGENT");
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (named) {
		if (text_print(buf, cap, "%s", named) || access(buf, X_OK) < 0)
			return err_set(err, -ENOENT, "the agent '%s' is not an executable file", named);
		return 0;
	}
	if (n > 0 && strrchr(self, '/'))
		*strrchr(self, '/') = '\0';
	for (size_t i = 0; n > 0 && i < ARRAY_SIZE(beside); i++)
		if (!text_print(buf, cap, "%s%s", self, beside[i]) && access(buf, X_OK) == 0)
			return 0;
	if (!text_print(buf, cap, "%s", VLAT_LIBEXECDIR "/vlat-agent") && access(buf, X_OK) == 0)
		return 0;
	return err_set(err, -ENOENT,
		       "vlat-agent was found neither beside vlat (%s) nor in %s: build it, install it, or name it in "
		       "the environment variable VLAT_AGENT",
		       self, VLAT_LIBEXECDIR);
}

/* Effective capabilities, since "uid 0" says little in a container. */
static bool have_capability(unsigned cap)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = { 0 };

	if (syscall(SYS_capget, &head, data) < 0)
		return false;
	return data[cap / 32].effective >> (cap % 32) & 1;
}

static int rights_check(enum sut_kind kind, bool peer, struct err *err)
{
	if (have_capability(CAP_SYS_ADMIN) && have_capability(CAP_NET_ADMIN))
		return 0;
	if (peer)
		return err_set(
			err, -EPERM,
			"this measurement needs root (CAP_SYS_ADMIN, CAP_NET_ADMIN): client and server talk through "
			"network namespaces that vlat makes, so that the host's own network is never touched; try sudo, or "
			"`vlat measure wakeup --sut native`, which needs no rights");
	if (drivers[kind]->needs_root)
		return err_set(err, -EPERM,
			       "the system under test '%s' needs root (CAP_SYS_ADMIN, CAP_NET_ADMIN): namespaces, control "
			       "groups and scheduling of other processes; try sudo, or --sut native",
			       drivers[kind]->name);
	return 0;
}

int sut_available(enum sut_kind kind, const struct sut_wish *wish, bool peer, struct err *err)
{
	char agent[PATH_MAX];
	int r = rights_check(kind, peer, err);

	if (r == 0)
		r = agent_find(wish->agent, agent, sizeof(agent), err);
	if (r == 0 && drivers[kind]->available)
		r = drivers[kind]->available(wish, err);
	return r;
}

int sut_kit_open(struct sut_kit **ret, const struct sut_wish *wish, struct journal *j, struct err *err)
{
	AUTO_FREE struct sut_kit *kit = xalloc(1, sizeof(*kit));
	int r = agent_find(wish->agent, kit->agent, sizeof(kit->agent), err);

	if (r < 0)
		return r;
	kit->wish = *wish;
	kit->journal = j;
	*ret = TAKE(kit);
	return 0;
}

void sut_kit_close(struct sut_kit *kit)
{
	if (!kit)
		return;
	vm_platform_free(kit->platform);
	free(kit);
}

int sut_prepare(struct sut_kit *kit, enum sut_kind kind, bool peer, struct err *err)
{
	int r = sut_available(kind, &kit->wish, peer, err);

	if (r < 0 || kit->prepared[kind])
		return r;
	if (!kit->journal && (peer || drivers[kind]->needs_root))
		return err_set(err, -EINVAL, "%s makes things that have to be undone and no journal is open",
			       drivers[kind]->name);
	r = drivers[kind]->prepare ? drivers[kind]->prepare(kit, err) : 0;
	if (r == 0)
		kit->prepared[kind] = true;
	return r;
}
