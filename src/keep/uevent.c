/* SPDX-License-Identifier: Apache-2.0 */
#include "keep/uevent.h"

#include <errno.h>
#include <linux/netlink.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/cursor.h"
#include "base/text.h"
#include "host/pci.h"

#define MESSAGE_MOST 8192 /* the kernel's are 2 KiB at most, udev's are not asked for */
#define BUFFER_BYTES (1 << 20)
#define KERNEL_GROUP 1

/* The last "/dddd:dd:dd.d" folder of a path is the device nearest to what it is about. */
static void find_address(const char *devpath, char ret[PCI_ADDRESS_MAX])
{
	ret[0] = '\0';
	for (const char *at = devpath; (at = strchr(at, '/'));) {
		char word[PCI_ADDRESS_MAX], address[PCI_ADDRESS_MAX];
		size_t n = strcspn(++at, "/");

		if (n == strlen("0000:00:00.0") && !text_print(word, sizeof(word), "%.*s", (int) n, at) &&
		    pci_address_parse(word, address))
			text_print(ret, PCI_ADDRESS_MAX, "%s", address);
	}
}

static int find_cpu(const char *devpath)
{
	const char *at = strrchr(devpath, '/');
	uint64_t cpu;

	if (!at || !text_starts(at, "/cpu"))
		return -1;
	at += strlen("/cpu");
	return take_u64(&at, &cpu) && !*at && cpu < INT16_MAX ? (int) cpu : -1;
}

static void take_word_of(struct uevent *e, const char *word)
{
	static const struct {
		const char *key;
		size_t offset, cap;
	} keys[] = {
		{ "ACTION=", offsetof(struct uevent, action), sizeof(e->action) },
		{ "DEVPATH=", offsetof(struct uevent, devpath), sizeof(e->devpath) },
		{ "SUBSYSTEM=", offsetof(struct uevent, subsystem), sizeof(e->subsystem) },
		{ "INTERFACE=", offsetof(struct uevent, interface), sizeof(e->interface) },
	};

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		if (text_starts(word, keys[i].key))
			text_print((char *) e + keys[i].offset, keys[i].cap, "%s", word + strlen(keys[i].key));
}

bool uevent_parse(const char *message, size_t len, struct uevent *ret)
{
	struct uevent e = { .cpu = -1 };
	size_t head = strnlen(message, len);

	if (head == len || !memchr(message, '@', head)) /* udev's own begin with "libudev" */
		return false;
	for (size_t at = head + 1; at < len;) {
		size_t n = strnlen(message + at, len - at);

		if (at + n == len)
			return false; /* cut */
		take_word_of(&e, message + at);
		at += n + 1;
	}
	if (!e.action[0] || !e.subsystem[0] || e.devpath[0] != '/')
		return false;
	find_address(e.devpath, e.address);
	if (text_eq(e.subsystem, "cpu"))
		e.cpu = find_cpu(e.devpath);
	*ret = e;
	return true;
}

int uevent_open(int *ret_fd, struct err *err)
{
	struct sockaddr_nl a = { .nl_family = AF_NETLINK, .nl_groups = KERNEL_GROUP };
	AUTO_CLOSE int fd = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_KOBJECT_UEVENT);
	int bytes = BUFFER_BYTES;

	if (fd < 0 || bind(fd, (const struct sockaddr *) &a, sizeof(a)) < 0)
		return err_sys(err, -errno, "the kernel does not tell of devices that come and go");
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes)) < 0)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes));
	*ret_fd = TAKE_FD(fd);
	return 0;
}

/* Only the kernel is believed: any process may send to a netlink socket. */
int uevent_next(int fd, struct uevent *ret)
{
	char message[MESSAGE_MOST];

	for (;;) {
		struct sockaddr_nl from = { 0 };
		socklen_t len = sizeof(from);
		ssize_t n = recvfrom(fd, message, sizeof(message), MSG_DONTWAIT, (struct sockaddr *) &from, &len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN ? 0 : -errno;
		if (len == sizeof(from) && from.nl_pid == 0 && uevent_parse(message, (size_t) n, ret))
			return 1;
	}
}
