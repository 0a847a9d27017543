/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "net/link.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The kernel is not an enemy, but another process may answer on a netlink socket. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct link_fact f;
	char text[64] = "";
	struct mac mac;

	if (rtmsg_link_parse(data, size, &f) && (!f.name[0] || !memchr(f.name, '\0', sizeof(f.name))))
		abort();
	memcpy(text, data, size < sizeof(text) ? size : sizeof(text) - 1);
	if (mac_parse(text, &mac) == 0) {
		char back[18];
		struct mac again;

		if (mac_parse(mac_text(&mac, back), &again) < 0 || memcmp(&mac, &again, sizeof(mac)))
			abort();
	}
	return 0;
}
