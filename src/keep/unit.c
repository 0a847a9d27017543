/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The unit runs `vlat tune --stored`, which stays in the foreground as the
 * process that holds the tuning (Type=notify), and puts everything back when
 * it is asked to end: stopping the unit is reverting.  Reverting by hand kills
 * it, so that the caller can tell what became of each change; that is no
 * failure of the unit.  (When memory is short systemd tells by oom-kill.)
 *
 * Early: after the filesystems and what systemd itself sets (sysctl, modules),
 * before the network and whatever starts guests and containers.  Nothing
 * requires it, so a boot never fails with it; the time limit bounds how long it
 * can be waited for.  A card whose driver comes later is the holder's to notice.
 */
#include "keep/unit.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/spawn.h"
#include "base/text.h"
#include "base/vec.h"
#include "journal/lasting.h"

#define RELOAD_NS (30 * NS_PER_S)

/* systemd.syntax(7), systemd.service(5): % and $ are doubled, " and \ escaped, the word stands in quotes. */
static int put_word(struct sink *out, const char *word, bool command, struct err *err)
{
	sink_char(out, '"');
	for (const char *c = word; *c; c++) {
		if ((unsigned char) *c < ' ' || *c == 0x7f)
			return err_set(err, -EINVAL, "\"%.80s\" holds a control character, which no unit can name", word);
		if (*c == '"' || *c == '\\')
			sink_char(out, '\\');
		else if (*c == '%' || (*c == '$' && command))
			sink_char(out, *c);
		sink_char(out, *c);
	}
	sink_char(out, '"');
	return 0;
}

static int put_environment(struct sink *out, const char *name, const char *value, struct err *err)
{
	AUTO_FREE char *word = value ? xprintf("%s=%s", name, value) : NULL;
	int r;

	if (!word)
		return 0;
	sink_put(out, "Environment=");
	r = put_word(out, word, false, err);
	sink_char(out, '\n');
	return r;
}

static void put_head(struct sink *out, const char *profile)
{
	sink_printf(out,
		    "# Made by vlat tune --persist, removed by vlat revert.\n"
		    "[Unit]\n"
		    "Description=Tuning of this host by vlat (%s)\n"
		    "Documentation=man:vlat-tune(1)\n"
		    "DefaultDependencies=no\n"
		    "RequiresMountsFor=/etc/vlat /var/lib/vlat\n"
		    "Wants=network-pre.target\n"
		    "Conflicts=shutdown.target\n"
		    "After=sysinit.target local-fs.target systemd-sysctl.service systemd-modules-load.service\n"
		    "Before=network-pre.target shutdown.target\n"
		    "Before=libvirtd.service virtqemud.service docker.service containerd.service crio.service kubelet.service\n"
		    "ConditionPathExists=/etc/vlat/tune.json\n"
		    "\n"
		    "[Service]\n"
		    "Type=notify\n",
		    profile);
}

int unit_text(const struct unit_about *about, struct sink *out, struct err *err)
{
	int r;

	if (!text_is_name(about->profile) || about->vlat[0] != '/')
		return err_set(err, -EINVAL,
			       "a unit needs a profile's name and an absolute path of vlat, not \"%.40s\" and \"%.80s\"",
			       about->profile, about->vlat);
	put_head(out, about->profile);
	r = put_environment(out, "VLAT_STATE", about->state, err);
	if (r == 0)
		r = put_environment(out, "VLAT_DATA", about->data, err);
	sink_put(out, "ExecStart=");
	if (r == 0)
		r = put_word(out, about->vlat, true, err);
	sink_put(out, " tune --stored\n"
		      "TimeoutStartSec=90\n"
		      "KillMode=mixed\n"
		      "TimeoutStopSec=60\n"
		      "SuccessExitStatus=SIGKILL\n"
		      "OOMScoreAdjust=-900\n"
		      "\n"
		      "[Install]\n"
		      "WantedBy=multi-user.target\n");
	return r;
}

bool unit_has_systemd(const char *root)
{
	AUTO_FREE char *running = xprintf("%s/run/systemd/system", root);

	return access(running, F_OK) == 0; /* sd_booted(3) */
}

static int reload(const char *systemctl, struct err *err)
{
	AUTO(argv_free) struct argv argv = { 0 };

	argv_add(&argv, systemctl);
	argv_add(&argv, "daemon-reload");
	return run_well(&argv, NULL, RELOAD_NS, err);
}

int unit_install(struct journal *j, const char *root, const char *systemctl, const struct unit_about *about, struct err *err)
{
	AUTO_FREE char *file = xprintf("%s" UNIT_FILE, root), *wants = xprintf("%s" UNIT_WANTS, root);
	AUTO_FREE char *link = xprintf("%s/" UNIT_NAME, wants);
	const char *const undo[] = { systemctl, "daemon-reload", NULL };
	struct sink text = { 0 };
	int r = unit_text(about, &text, err);

	if (r == 0 && systemctl)
		r = journal_command_while(j, "/run/systemd/system", undo, err);
	if (r == 0)
		r = journal_folder(j, wants, 0755, err);
	if (r == 0)
		r = journal_put(j, file, text.text, 0644, err);
	if (r == 0)
		r = journal_link(j, link, "../" UNIT_NAME, err);
	if (r == 0 && systemctl)
		r = reload(systemctl, err);
	sink_free(&text);
	return r;
}

bool unit_is_supervised(void)
{
	const char *where = getenv("NOTIFY_SOCKET");

	return where && *where;
}

/* sd_notify(3): one datagram; a name that starts with '@' is abstract. */
int unit_notify(const char *state)
{
	AUTO_CLOSE int fd = -1;
	const char *where = getenv("NOTIFY_SOCKET");
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	size_t len = where ? strlen(where) : 0;

	if (len == 0)
		return 0;
	if ((where[0] != '/' && where[0] != '@') || len >= sizeof(to.sun_path))
		return -EINVAL;
	memcpy(to.sun_path, where, len);
	if (where[0] == '@')
		to.sun_path[0] = '\0';
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	len += offsetof(struct sockaddr_un, sun_path);
	return sendto(fd, state, strlen(state), MSG_NOSIGNAL, (const struct sockaddr *) &to, (socklen_t) len) < 0 ? -errno : 0;
}
