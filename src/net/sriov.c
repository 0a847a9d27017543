/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sriov - virtual functions, in the order that works.
 *
 * 1. The port is brought up and has its carrier: a function whose port is
 *    down, or still resetting, gets no answer from it and picks a MAC address
 *    of its own.
 * 2. Probing by itself is switched off (sriov_drivers_autoprobe): else a
 *    driver takes each function while the port resets, which is the same race
 *    again, and costs a good part of a second for each.
 * 3. sriov_numvfs.  It goes from 0 to n or from n to 0, nothing else.
 * 4. The carrier once more: making functions resets the port.
 * 5. MAC address and the other attributes, and all read back, before any
 *    driver looks: drivers take the address when they start.
 * 6. Only then is a function bound: to vfio-pci for a VM, to its network
 *    driver for a namespace.
 *
 * numvfs is written once for all functions, so a run that wants more than are
 * there cannot have them; it uses free ones, or says who has them.
 */
#include "net/sriov.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/cursor.h"
#include "base/log.h"
#include "base/text.h"
#include "base/vec.h"
#include "journal/device.h"
#include "journal/netdev.h"
#include "net/link.h"
#include "net/route.h"
#include "net/sriov_ask.h"

#define DEVICES   "sys/bus/pci/devices"
#define NETDEV_NS (60 * NS_PER_S) /* a driver makes its netdev some time after it was bound; on a busy host later */

struct sriov {
	struct fs fs;
	struct journal *journal;
	struct sriov_wish wish;
	char pf[PCI_ADDRESS_MAX], netdev[16];
	unsigned n;    /* functions of the port */
	unsigned next; /* look from here */
	bool made;
	bool was_down; /* the port; then `before` is what it will be again */
	struct netdev_state before;
	int namespace; /* of the port's netdev, for rtnetlink; -1 = this one */
};

static int check_port(const struct fs *fs, const struct pci_device *d, struct err *err)
{
	if (d->is_vf)
		return err_set(err, -EINVAL, "%s is a virtual function itself: name the port it belongs to, %s", d->address,
			       d->pf);
	if (!d->vfs_total)
		return err_set(err, -ENODEV,
			       "%s has no virtual functions (SR-IOV): the card or its slot offers none, or the firmware "
			       "has them switched off",
			       d->address);
	if (text_eq(d->driver, "vfio-pci"))
		return err_set(err, -EBUSY,
			       "%s is given away to vfio-pci, so the host cannot make virtual functions of it: give it back "
			       "to its network driver first",
			       d->address);
	if (!d->driver[0] || !fs_existsf(fs, DEVICES "/%s/sriov_numvfs", d->address))
		return err_set(err, -ENODEV,
			       "%s has no network driver, which would have to make its virtual functions: "
			       "modprobe $(cat /sys/bus/pci/devices/%s/modalias)",
			       d->address, d->address);
	return 0;
}

/* A network device that is up is somebody's, IFF_UP being bit 0 of its flags. */
static bool is_up(const struct fs *fs, const char *netdev)
{
	char text[32];
	const char *at = text;
	uint64_t flags = 0;

	if (fs_readf(fs, text, sizeof(text), "sys/class/net/%s/flags", netdev) < 0)
		return false;
	return take_text(&at, "0x") && take_hex(&at, &flags) && (flags & 1);
}

/* Nobody uses it, as far as can be seen without taking it: a driver whose netdev is not here has it in another namespace. */
static bool is_free(const struct fs *fs, const char *address)
{
	AUTO_CLOSE int lease = -1;
	struct pci_device d;
	char user[128];

	if (pci_read(fs, address, &d, NULL) < 0 || device_lease(fs, address, &lease, NULL) < 0)
		return false;
	if (d.group >= 0 && device_group_user(fs, (unsigned) d.group, user, sizeof(user)))
		return false;
	return !d.driver[0] || text_starts(d.driver, "vfio") || (d.netdev[0] && !is_up(fs, d.netdev));
}

static unsigned count_free(const struct fs *fs, const struct pci_device *pf)
{
	char address[PCI_ADDRESS_MAX];
	unsigned n = 0;

	for (unsigned i = 0; i < pf->vfs; i++)
		if (pci_vf_address(fs, pf->address, i, address, NULL) == 0 && is_free(fs, address))
			n++;
	return n;
}

int sriov_check(const struct fs *fs, const char *pf, unsigned n, unsigned make, bool force, struct err *err)
{
	struct pci_device d;
	unsigned left;
	int r = pci_read(fs, pf, &d, err);

	if (r == 0)
		r = check_port(fs, &d, err);
	if (r < 0)
		return r;
	if (d.vfs_total < (make > n ? make : n))
		return err_set(err, -ERANGE, "%s cannot give %u virtual functions: it has %u at most", d.address,
			       make > n ? make : n, d.vfs_total);
	if (d.vfs) {
		left = count_free(fs, &d);
		return n <= left ? 0
				 : err_set(err, -EBUSY,
					   "%s has %u virtual functions that somebody made, and %u of them are free, but %u are "
					   "needed: their number can "
					   "only be changed by way of 0; end who uses them, or make enough",
					   d.address, d.vfs, left, n);
	}
	return d.netdev[0] ? route_check_free(fs, d.netdev, false, force, err) : 0;
}

int sriov_find(const struct fs *fs, unsigned n, unsigned make, char ret[PCI_ADDRESS_MAX], struct err *err)
{
	struct pci_devices all;
	struct err first = { 0 };
	int r = pci_network_devices(fs, &all, err);

	if (r < 0)
		return r;
	r = -ENODEV;
	for (size_t i = 0; i < all.n && r < 0; i++) {
		struct err why = { 0 };

		if (all.at[i].is_vf || !all.at[i].vfs_total)
			continue;
		r = sriov_check(fs, all.at[i].address, n, make, false, &why);
		if (r == 0)
			memcpy(ret, all.at[i].address, PCI_ADDRESS_MAX);
		else if (!first.code)
			first = why;
	}
	pci_devices_free(&all);
	if (r == 0)
		return 0;
	if (first.code)
		return err_set(err, first.code, "%s", first.text);
	return err_set(err, -ENODEV, "no network card of this machine has virtual functions (SR-IOV)");
}

static int set_autoprobe(struct sriov *s, bool on, struct err *err)
{
	char path[128];
	int r;

	text_print(path, sizeof(path), DEVICES "/%s/sriov_drivers_autoprobe", s->pf);
	r = fs_write(&s->fs, path, on ? "1" : "0");
	return r < 0 ? err_sys(err, r, "cannot switch the probing of new virtual functions %s (/%s)", on ? "on" : "off", path)
		     : 0;
}

/* 1 = it is off already, or this kernel (before 4.12) has no such switch. */
static int stop_autoprobe(struct sriov *s, struct err *err)
{
	AUTO_FREE char *whole = NULL;
	char path[128], now[16];
	struct journal_value v = { .form = VALUE_NUMBER, .before = now, .after = "0" };
	int r;

	text_print(path, sizeof(path), DEVICES "/%s/sriov_drivers_autoprobe", s->pf);
	r = fs_read(&s->fs, path, now, sizeof(now));
	if (r < 0 || text_eq(now, "0"))
		return 1;
	whole = xprintf("%s/%s", s->fs.live ? "" : s->fs.path, path);
	v.path = whole;
	r = journal_value(s->journal, &v, err);
	return r < 0 ? r : set_autoprobe(s, false, err);
}

static int set_attributes(struct sriov *s, struct err *err)
{
	struct mac chosen = mac_chance(); /* unlike on vlat's own bridge, these may meet other hosts' */

	for (unsigned i = 0; i < s->n; i++) {
		struct vf_wish w = s->wish.attributes;
		int r;

		if (i > 0 || !(w.set & VF_MAC)) {
			w.mac = chosen;
			w.mac.at[5] = (uint8_t) i;
		}
		w.set |= VF_MAC;
		r = s->wish.ops->set(s->wish.arg, s->netdev, i, &w, err);
		if (r < 0)
			return err_in(err, "virtual function %u of %s", i, s->pf);
	}
	return 0;
}

/* It will be brought up.  Where the caller has moved it, he has written it down, too. */
static int note_port(struct sriov *s, struct err *err)
{
	int r;

	if (s->wish.netdev || !s->netdev[0] || !s->fs.live)
		return 0;
	r = netdev_read(s->netdev, &s->before, err);
	if (r < 0 || s->before.up)
		return r;
	s->was_down = true;
	return journal_netdev(s->journal, &s->fs, s->pf, &s->before, err);
}

static int make_functions(struct sriov *s, struct err *err)
{
	AUTO_CLOSE int lease = -1;
	int off, r;

	r = device_lease(&s->fs, s->pf, &lease, err); /* two runs must not both find none, and make some */
	if (r == 0)
		r = note_port(s, err);
	if (r == 0)
		r = s->wish.ops->await(s->wish.arg, s->netdev, err);
	if (r < 0)
		return r;
	off = stop_autoprobe(s, err);
	if (off < 0)
		return off;
	r = journal_vfs(s->journal, &s->fs, s->pf, s->wish.make, err);
	if (r == 0)
		r = device_set_vfs(&s->fs, s->pf, s->wish.make, err);
	s->made = r == 0;
	s->n = s->wish.make;
	if (r == 0)
		r = s->wish.ops->await(s->wish.arg, s->netdev, err);
	if (r == 0)
		r = set_attributes(s, err);
	/* Back as it was: a driver asked for by name looks at the switch, too. */
	if (off == 0 && set_autoprobe(s, true, r < 0 ? NULL : err) < 0 && r == 0)
		r = -EIO;
	return r;
}

static const struct sriov_ops *default_ops(struct sriov *s)
{
	if (!s->wish.arg)
		s->wish.arg = &s->namespace;
	return &sriov_rtnetlink;
}

static int open_port(struct sriov *s, const struct sriov_wish *wish, struct err *err)
{
	struct pci_device d;
	int r = sriov_check(&s->fs, wish->pf, wish->need, wish->make, wish->force, err);

	if (r == 0)
		r = pci_read(&s->fs, wish->pf, &d, err);
	if (r < 0)
		return r;
	memcpy(s->pf, d.address, sizeof(s->pf));
	text_print(s->netdev, sizeof(s->netdev), "%s", wish->netdev ? wish->netdev : d.netdev);
	s->n = d.vfs;
	if (d.vfs && wish->attributes.set)
		log_warn("the virtual functions of %s were made by somebody else: their attributes stay as they are", s->pf);
	return d.vfs ? 0 : make_functions(s, err);
}

int sriov_open(struct sriov **ret, const struct fs *fs, struct journal *j, const struct sriov_wish *wish, struct err *err)
{
	struct sriov *s = xalloc(1, sizeof(*s));
	int r;

	s->journal = j;
	s->wish = *wish;
	if (s->wish.make < s->wish.need)
		s->wish.make = s->wish.need;
	s->namespace = -1;
	if (!s->wish.ops)
		s->wish.ops = default_ops(s);
	r = fs_open_root(&s->fs, fs->path, err);
	if (r < 0) {
		free(s);
		return r;
	}
	r = open_port(s, wish, err);
	if (r < 0) {
		sriov_close(s);
		return r;
	}
	*ret = s;
	return 0;
}

int sriov_take(struct sriov *s, struct vf *ret, struct err *err)
{
	for (; s->next < s->n; s->next++) {
		struct vf vf = { .nr = s->next, .ours = s->made, .lease = -1 };
		struct vf_wish told = { 0 };
		int r = pci_vf_address(&s->fs, s->pf, vf.nr, vf.address, err);

		if (r < 0)
			return r;
		if (!is_free(&s->fs, vf.address) || device_lease(&s->fs, vf.address, &vf.lease, NULL) < 0)
			continue;
		if (s->wish.ops->get(s->wish.arg, s->netdev, vf.nr, &told, NULL) == 0 && (told.set & VF_MAC))
			vf.mac = told.mac;
		s->next++;
		*ret = vf;
		return 0;
	}
	return err_set(err, -EBUSY, "%s has no free virtual function: all %u are in use", s->pf, s->n);
}

int vf_bind_network(struct sriov *s, struct vf *vf, char netdev[16], struct err *err)
{
	char driver[64];
	int r = 0;

	device_driver(&s->fs, vf->address, driver, sizeof(driver));
	if (text_starts(driver, "vfio"))
		return err_set(err, -EBUSY, "%s is kept for VMs by its owner (%s): it has no network device", vf->address,
			       driver);
	/* One of ours may have a driver already: udev loads it when it hears of the functions, and it takes all it finds. */
	if (!driver[0] || vf->ours) {
		r = journal_driver(s->journal, &s->fs, vf->address, "", "", err);
		if (r == 0 && !driver[0])
			r = device_give(&s->fs, vf->address, NULL, err);
		vf->bound = r == 0;
	}
	if (r < 0 || device_await_netdev(&s->fs, vf->address, netdev, 16, NETDEV_NS))
		return r;
	device_driver(&s->fs, vf->address, driver, sizeof(driver));
	return err_set(err, -ETIMEDOUT, "%s was taken by %s, but no network device has come of it (dmesg may say why)",
		       vf->address, driver[0] ? driver : "no driver");
}

void vf_give_back(struct sriov *s, struct vf *vf)
{
	struct err e = { 0 };

	if (vf->bound && device_give(&s->fs, vf->address, "", &e) < 0)
		log_warn("%s", e.text);
	vf->bound = false;
	if (vf->lease >= 0)
		close(vf->lease);
	vf->lease = -1;
}

void sriov_close(struct sriov *s)
{
	struct err e = { 0 };

	if (!s)
		return;
	if (s->made && device_set_vfs(&s->fs, s->pf, 0, &e) < 0)
		log_warn("%s", e.text);
	if (s->was_down && netdev_restore(s->netdev, &s->before, &e) < 0)
		log_warn("%s", e.text);
	fs_close(&s->fs);
	free(s);
}
