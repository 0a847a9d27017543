/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pci - PCI devices by address: what they are, who drives them, what is
 * virtual about them; and the IOMMU groups they belong to.
 */
#ifndef HOST_PCI_H
#define HOST_PCI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cpuset.h"
#include "base/err.h"
#include "base/fs.h"

#define PCI_ADDRESS_MAX 16
#define PCI_CLASS_NET   0x02

struct pci_device {
	char address[PCI_ADDRESS_MAX];  /* "0000:01:10.0" */
	uint16_t vendor, device;
	uint32_t class_code;            /* 0x020000 = Ethernet; >> 16 = PCI_CLASS_NET */
	char driver[32];                /* "" = none bound */
	char override[32];              /* driver_override; "" = none */
	char netdev[16];                /* seen from this network namespace; "" = none */
	int numa_node;                  /* -1 = not said */
	struct cpuset local_cpus;       /* empty = not said */
	int group;                      /* of the IOMMU; -1 = none */
	bool is_vf;
	char pf[PCI_ADDRESS_MAX];       /* of a VF: its physical function */
	unsigned vfs_total, vfs;        /* SR-IOV; total 0 = the device has none */
};

/* "01:10.0", "0000:01:10.0", any case, to the full form; false when it is none. */
bool pci_address_parse(const char *text, char ret[PCI_ADDRESS_MAX]);
/* A netdev's name or a PCI address, to the address of a device that exists; -EINVAL, -ENODEV with the sentence. */
int pci_resolve(const struct fs *fs, const char *text, char ret[PCI_ADDRESS_MAX], struct err *err);
int pci_read(const struct fs *fs, const char *address, struct pci_device *ret, struct err *err);
/* The PCI device behind a netdev; -ENODEV: it has none (veth, bridge ...). */
int pci_of_netdev(const struct fs *fs, const char *netdev, char ret[PCI_ADDRESS_MAX], struct err *err);
/* The n-th VF of a physical function; -ENOENT when there is none. */
int pci_vf_address(const struct fs *fs, const char *pf, unsigned n, char ret[PCI_ADDRESS_MAX], struct err *err);

struct pci_devices {
	struct pci_device *at;          /* by address */
	size_t n;
};
/* Network devices only: what datapaths and `inspect` ask for. */
int pci_network_devices(const struct fs *fs, struct pci_devices *ret, struct err *err);
void pci_devices_free(struct pci_devices *d);

#endif
