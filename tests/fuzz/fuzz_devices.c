/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "base/vec.h"
#include "host/pci.h"
#include "journal/netdev.h"
#include "net/datapath.h"
#include "net/route.h"
#include "net/vf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void say(const char *text)
{
	struct datapath_wish w, again;
	char buf[DATAPATH_TEXT_MAX], address[PCI_ADDRESS_MAX];

	if (pci_address_parse(text, address) && strlen(address) != 12)
		abort();
	if (datapath_parse(text, &w, NULL) < 0)
		return;
	if (strchr(w.dev, '/') || strchr(w.peer_dev, '/') || datapath_parse(datapath_text(&w, buf), &again, NULL) < 0 ||
	    memcmp(&w, &again, sizeof(w)) != 0)
		abort();
}

static void remember(const char *text)
{
	struct netdev_state s, again;
	char buf[NETDEV_TEXT_MAX], twice[NETDEV_TEXT_MAX];

	if (netdev_parse(text, &s) < 0)
		return;
	if (netdev_parse(netdev_text(&s, buf), &again) < 0 || !text_eq(netdev_text(&again, twice), buf))
		abort();
}

/* What a user types, what a journal holds, what the kernel's tables and messages say of devices. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = xstrndup((const char *) data, size);
	void *aligned = xalloc(1, size + 8);
	struct route_use use;
	struct vf_wish vf;

	say(text);
	remember(text);
	route_parse(text, text, "eth0", &use);
	memcpy(aligned, data, size);
	rtmsg_vf_parse(aligned, size, 0, &vf);
	free(aligned);
	free(text);
	return 0;
}
