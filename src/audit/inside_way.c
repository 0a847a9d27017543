/* SPDX-License-Identifier: Apache-2.0 */
/* Which way leads into a VM, by its command line and its launcher; where there is none, what to add. */
#include <errno.h>

#include "audit/inside.h"
#include "base/cleanup.h"
#include "base/text.h"

#define AGENT_INSIDE "; then, inside: apt or dnf install qemu-guest-agent"

/* What a VM without a line for the agent needs, in its launcher's words; then the agent itself. */
static const char *const add_a_line[LAUNCHER_COUNT] = {
	[LAUNCHER_HAND] = "start QEMU with -chardev socket,path=/run/NAME-agent.sock,server=on,wait=off,id=agent -device "
			  "virtio-serial-pci -device virtserialport,chardev=agent,name=" INSIDE_PORT AGENT_INSIDE,
	[LAUNCHER_LIBVIRT] = "virsh edit NAME: <channel type='unix'><target type='virtio' name='" INSIDE_PORT
			     "'/></channel>, and start it again" AGENT_INSIDE,
	[LAUNCHER_PROXMOX] = "qm set NAME --agent enabled=1, and stop and start it" AGENT_INSIDE,
	[LAUNCHER_OPENSTACK] =
		"openstack image set IMAGE --property hw_qemu_guest_agent=yes, and build the server again" AGENT_INSIDE,
	[LAUNCHER_KUBEVIRT] = "its agent is KubeVirt's own to ask (virtctl guestosinfo NAME): run vlat audit --role guest inside",
	[LAUNCHER_VLAT] =
		"a machine of vlat's own, started to be measured, holds nothing but the measurement: look into those of vlat "
		"run vm",
};

/* The chardev behind the agent's port: -device virtserialport,chardev=ID,name=org.qemu.guest_agent.0 in either syntax. */
static bool find_chardev(const struct qemu *vm, char *id, size_t cap)
{
	const char *text;
	size_t at = 0;
	char name[64];

	while ((text = qemu_option(vm, "device", &at))) {
		if (qemu_key(text, "name", name, sizeof(name)) && text_eq(name, INSIDE_PORT) &&
		    qemu_key(text, "chardev", id, cap))
			return true;
	}
	return false;
}

/* Its socket's path; "" when it has none, as a descriptor that libvirt opened. */
static void find_path(const struct qemu *vm, const char *id, char *path, size_t cap)
{
	const char *text;
	size_t at = 0;
	char other[128];

	text_print(path, cap, "%s", "");
	while ((text = qemu_option(vm, "chardev", &at))) {
		if (qemu_key(text, "id", other, sizeof(other)) && text_eq(other, id) && !qemu_key(text, "path", path, cap))
			text_print(path, cap, "%s", "");
	}
}

static int no_way(const struct qemu *vm, struct err *err)
{
	return err_set(err, -ENOENT, "VM %.60s offers no line to a guest agent: %s", vm->name[0] ? vm->name : "without a name",
		       add_a_line[vm->launcher]);
}

int inside_find_way(const struct qemu *vm, const char *socket, struct inside_way *ret, struct err *err)
{
	bool libvirt = vm->launcher == LAUNCHER_LIBVIRT || vm->launcher == LAUNCHER_OPENSTACK;
	char id[128] = "", path[256] = "";

	*ret = (struct inside_way){ .by = libvirt ? INSIDE_VIRSH : INSIDE_SOCKET };
	if (socket)
		return text_print(ret->at, sizeof(ret->at), "%s", socket) ? no_way(vm, err) : 0;
	if (vm->launcher == LAUNCHER_KUBEVIRT || !find_chardev(vm, id, sizeof(id)))
		return no_way(vm, err);
	if (libvirt)
		return text_print(ret->at, sizeof(ret->at), "%s", vm->name) || !vm->name[0] ? no_way(vm, err) : 0;
	find_path(vm, id, path, sizeof(path));
	if (path[0] != '/')
		return err_set(err, -ENOENT,
			       "VM %.60s has a line to a guest agent, which is no unix socket with a full path on its command "
			       "line%s%.80s: start QEMU with -chardev "
			       "socket,path=/run/NAME-agent.sock,server=on,wait=off,id=%.40s",
			       vm->name[0] ? vm->name : "without a name", path[0] ? ": " : "", path, id);
	text_print(ret->at, sizeof(ret->at), "%s", path);
	return 0;
}
