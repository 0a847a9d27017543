/* SPDX-License-Identifier: Apache-2.0 */
/* kit - what all SUTs of a run share: the agent, the rights, the slow parts done once. */
#include <errno.h>
#include <linux/capability.h>
#include <string.h>
#include <sys/syscall.h>

#include "base/cleanup.h"
#include "base/companion.h"
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

const char *sut_brief(enum sut_kind kind)
{
	return drivers[kind]->brief;
}

/* What a datapath or a page size lacks is in its reason, with the cure. */
const char *sut_cure(const struct sut_system *system, enum sut_part part)
{
	switch (part) {
	case PART_SUT:
		return drivers[system->kind]->cure;
	case PART_KERNEL:
		return "allow one download of that guest kernel, or name a kernel of your own with --kernel";
	case PART_DATAPATH:
	case PART_PAGES:
		break;
	}
	return "";
}

/* Candidates in order: what the user says, the build tree, an installation moved as a whole, the configured place. */
static int agent_find(const char *wished, char *buf, size_t cap, struct err *err)
{
	static const char *const beside[] = { "/vlat-agent", "/agent/vlat-agent", "/../libexec/vlat/vlat-agent" };
	const char *named = wished ? wished : getenv("VLAT_AGENT");
	char self[PATH_MAX];

	if (named) {
		if (text_print(buf, cap, "%s", named) || access(buf, X_OK) < 0)
			return err_set(err, -ENOENT, "the agent '%s' is not an executable file", named);
		return 0;
	}
	if (companion_find(beside, ARRAY_SIZE(beside), VLAT_LIBEXECDIR "/vlat-agent", X_OK, buf, cap) == 0)
		return 0;
	companion_folder(self);
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

static bool takes_device(const struct datapath_wish *w)
{
	return datapath_row(w->kind)->device && !w->dev[0];
}

int sut_datapath_wish(const struct sut_system *system, const struct sut_wish *wish, struct datapath_wish *ret, struct err *err)
{
	int r = datapath_parse(system->datapath ? system->datapath : SUT_DATAPATH, ret, err);

	if (r == 0 && wish->device && takes_device(ret) && text_print(ret->dev, sizeof(ret->dev), "%s", wish->device))
		r = err_set(err, -ENAMETOOLONG, "the device '%.64s' has too long a name", wish->device);
	return r;
}

static int datapath_check_here(const struct sut_system *system, const struct sut_wish *wish, struct err *err)
{
	struct datapath_wish datapath = { 0 };
	int r = sut_datapath_wish(system, wish, &datapath, err);
	struct fs fs;

	if (r == 0)
		r = datapath_fits(datapath.kind, drivers[system->kind]->wire, err);
	if (r == 0)
		r = fs_open_root(&fs, "/", err);
	if (r < 0)
		return r;
	r = datapath_available(&fs, &datapath, drivers[system->kind]->wire, err);
	fs_close(&fs);
	return r;
}

int sut_available(const struct sut_system *system, const struct sut_wish *wish, bool peer, enum sut_part *ret_part,
		  struct err *err)
{
	const struct sut_driver *driver = drivers[system->kind];
	char agent[PATH_MAX];
	int r = rights_check(system->kind, peer, err);

	*ret_part = PART_SUT;
	if (r == 0)
		r = agent_find(wish->agent, agent, sizeof(agent), err);
	if (r == 0 && driver->available)
		r = driver->available(wish, err);
	if (r < 0)
		return r;
	*ret_part = PART_DATAPATH;
	r = peer ? datapath_check_here(system, wish, err) : 0;
	return r == 0 && driver->fits ? driver->fits(system, wish, ret_part, err) : r;
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
	for (unsigned i = 0; i < GUEST_KERNELS; i++)
		vm_platform_free(kit->platforms[i]);
	free(kit);
}

int sut_prepare(struct sut_kit *kit, const struct sut_system *system, bool peer, enum sut_part *ret_part, struct err *err)
{
	const struct sut_driver *driver = drivers[system->kind];
	int r = sut_available(system, &kit->wish, peer, ret_part, err);

	if (r < 0)
		return r;
	if (!kit->journal && (peer || driver->needs_root))
		return err_set(err, -EINVAL, "%s makes things that have to be undone and no journal is open", driver->name);
	*ret_part = PART_SUT;
	return driver->prepare ? driver->prepare(kit, system, ret_part, err) : 0;
}
