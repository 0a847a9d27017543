/* SPDX-License-Identifier: Apache-2.0 */
/* nic_ethtool - what sysfs does not tell of an interface: SIOCETHTOOL, recorded as "key=value" words. */
#ifndef HOST_NIC_ETHTOOL_H
#define HOST_NIC_ETHTOOL_H

#include "host/nic.h"

void nic_ethtool_read(const struct fs *fs, struct nic_fact *n);
/* The number after "KEY=" in "rx_usecs=3 rx_frames=0"; -1 when it is not there. */
int64_t ethtool_word(const char *text, const char *key);

#endif
