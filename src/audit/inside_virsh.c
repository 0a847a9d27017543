/* SPDX-License-Identifier: Apache-2.0 */
/* The agent of a guest whose line libvirt holds: virsh qemu-agent-command, one program a question. */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audit/inside.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/jsonx.h"
#include "base/spawn.h"
#include "base/text.h"
#include "base/vec.h"

/* What virsh wrote into a file in memory, as JSON. */
static int load(int fd, json_t **ret, struct err *err)
{
	struct stat st;
	AUTO_FREE char *text = NULL;
	ssize_t n;

	if (fstat(fd, &st) < 0 || st.st_size <= 0 || (size_t) st.st_size > INSIDE_LINE)
		return err_set(err, -EBADMSG, "virsh answers nothing, or more than %zu MiB", INSIDE_LINE >> 20);
	text = xalloc(1, (size_t) st.st_size + 1);
	n = pread(fd, text, (size_t) st.st_size, 0);
	*ret = n > 0 ? json_loadb(text, (size_t) n, JSON_REJECT_DUPLICATES, NULL) : NULL;
	if (json_is_object(*ret))
		return 0;
	json_decref(*ret);
	*ret = NULL;
	return err_set(err, -EBADMSG, "virsh answers what is no JSON object");
}

/* libvirt's own words hold the reason: no channel, no agent, no such domain, no permission.  The agent's refusals too. */
static int refused(const char *domain, const struct run_result *res, struct err *err)
{
	const char *said = text_starts(res->err, "error: ") ? res->err + strlen("error: ") : res->err;
	char first[200];

	text_print(first, sizeof(first), "%.*s", (int) strcspn(said, "\n"), said);
	if (strstr(said, "unable to execute QEMU agent command"))
		return err_set(err, -EPERM, "libvirt: %s", first);
	if (strstr(said, "not configured"))
		return err_set(err, -ENOENT,
			       "libvirt: %s; virsh edit %s: <channel type='unix'><target type='virtio' name='" INSIDE_PORT
			       "'/></channel>, start it again, and install qemu-guest-agent inside",
			       first, domain);
	return err_set(err, -EIO,
		       "libvirt: %s; inside the guest: apt or dnf install qemu-guest-agent, systemctl start qemu-guest-agent",
		       first[0] ? first : "virsh failed without a word");
}

int inside_virsh_call(void *domain, const char *command, uint64_t deadline_ns, json_t **ret, struct err *err)
{
	AUTO_CLOSE int out = memfd_create("vlat-virsh", MFD_CLOEXEC);
	struct spawn_opts opts = SPAWN_OPTS_INIT;
	struct argv argv = { 0 };
	struct run_result res = { 0 };
	uint64_t now = clock_ns(), left = deadline_ns > now ? deadline_ns - now : 1;
	int r;

	if (out < 0)
		return err_sys(err, -errno, "memfd_create");
	argv_add(&argv, "virsh");
	argv_add(&argv, "-q");
	argv_add(&argv, "qemu-agent-command");
	argv_add(&argv, "--timeout");
	argv_addf(&argv, "%llu", (unsigned long long) (left / NS_PER_S + 1));
	argv_add(&argv, "--domain");
	argv_add(&argv, domain);
	argv_add(&argv, "--cmd");
	argv_add(&argv, command);
	opts.out = out;
	opts.heed_stop = true;
	r = run(&res, &argv, &opts, left, err);
	argv_free(&argv);
	if (r == -ETIME)
		return err_set(err, -ETIMEDOUT, "virsh qemu-agent-command gave no answer in time");
	if (r < 0)
		return r;
	r = res.end.signalled || res.end.code ? refused(domain, &res, err) : load(out, ret, err);
	run_result_free(&res);
	return r;
}
