/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "host/lifeline.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void count(void *arg, unsigned ifindex)
{
	(void) ifindex;
	++*(size_t *) arg;
}

static void known_family(bool taken, const struct lifeline_peer *p)
{
	if (taken && p->family != AF_INET && p->family != AF_INET6)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1), device[24];
	struct lifeline_peer peer;
	size_t some = 0, all = 0;

	if (!text)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	known_family(lifeline_login(text, &peer, device), &peer);
	if (strchr(device, '/') || !memchr(device, '\0', sizeof(device)))
		abort();
	known_family(lifeline_connection(text, 101, &peer), &peer);
	lifeline_routes(data, size, false, count, &some);
	lifeline_routes(data, size, true, count, &all);
	if (some > all || all > size)
		abort();
	free(text);
	return 0;
}
