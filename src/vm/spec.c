/* SPDX-License-Identifier: Apache-2.0 */
/* What a machine that is asked for has to be: each refusal names the member, the reason and the cure. */
#include "vm/spec.h"

#include <errno.h>
#include <string.h>
#include <sys/un.h>

#include "base/text.h"

static bool is_mac(const char *s)
{
	for (unsigned i = 0; i < 17; i++) {
		if (i % 3 == 2 ? s[i] != ':' : !s[i] || !strchr("0123456789abcdefABCDEF", s[i]))
			return false;
	}
	return s[17] == '\0';
}

/* "0000:01:10.0" */
static bool is_pci_address(const char *s)
{
	static const char form[] = "xxxx:xx:xx.x";
	size_t n = strlen(form);

	for (size_t i = 0; i < n; i++) {
		if (form[i] == 'x' ? !s[i] || !strchr("0123456789abcdefABCDEF", s[i]) : s[i] != form[i])
			return false;
	}
	return s[n] == '\0';
}

/* Words for the guest kernel: nothing that could end the line or hide a control character. */
static bool is_append(const char *s)
{
	for (; *s; s++) {
		if ((unsigned char) *s < ' ' || *s == 0x7f)
			return false;
	}
	return true;
}

static int check_tap(const struct vm_spec *spec, unsigned i, struct err *err)
{
	const struct vm_nic *nic = &spec->nics[i];
	unsigned queues = nic->queues ? nic->queues : 1;

	if (!is_mac(nic->mac))
		return err_set(err, -EINVAL, "VM interface %u: '%.17s' is no MAC address (52:54:00:12:34:56)", i, nic->mac);
	if (queues > VM_QUEUES_MAX)
		return err_set(err, -EINVAL, "VM interface %u with %u queues: at most %d", i, queues, VM_QUEUES_MAX);
	if (queues > 1 && queues > spec->vcpus)
		return err_set(err, -EINVAL,
			       "VM interface %u with %u queues: its driver uses one a vCPU, and there %s %u: take as many queues "
			       "as vCPUs at most",
			       i, queues, spec->vcpus == 1 ? "is" : "are", spec->vcpus);
	if (nic->kind == VM_NIC_E1000E && (queues > 1 || nic->vhost))
		return err_set(
			err, -EINVAL,
			"VM interface %u is an emulated e1000e card, which has one queue and no vhost: use virtio for those", i);
	for (unsigned q = 0; q < queues; q++) {
		if (nic->tap_fd[q] < 0)
			return err_set(err, -EINVAL, "VM interface %u has no tap", i);
		if (nic->vhost && nic->vhost_fd[q] < 0)
			return err_set(err, -EINVAL, "VM interface %u has no /dev/vhost-net for its queue %u", i, q);
	}
	return 0;
}

static int check_nic(const struct vm_spec *spec, unsigned i, struct err *err)
{
	const struct vm_nic *nic = &spec->nics[i];

	if (nic->kind != VM_NIC_VFIO)
		return check_tap(spec, i, err);
	if (!is_pci_address(nic->host))
		return err_set(err, -EINVAL, "VM interface %u: '%.15s' is no PCI address (0000:01:10.0)", i, nic->host);
	for (unsigned k = 0; k < i; k++) {
		if (spec->nics[k].kind == VM_NIC_VFIO && text_eq(spec->nics[k].host, nic->host))
			return err_set(err, -EINVAL, "VM interfaces %u and %u are the same device %s: a device has one owner", k,
				       i, nic->host);
	}
	return 0;
}

static int check_own(const struct vm_spec *spec, struct err *err)
{
	struct sockaddr_un un;

	if (spec->initrd && !spec->kernel)
		return err_set(err, -EINVAL, "an initramfs without a kernel: name the kernel too");
	if (spec->append && !spec->kernel && spec->disk.path)
		return err_set(err, -EINVAL,
			       "words for the kernel of a disk that boots itself: its own boot loader has them; name a kernel to"
			       " boot it directly");
	if (spec->console && strlen(spec->console) >= sizeof(un.sun_path))
		return err_set(err, -ENAMETOOLONG, "console socket %s: a socket's path has at most %zu bytes", spec->console,
			       sizeof(un.sun_path) - 1);
	return 0;
}

int vm_spec_check(const struct vm_spec *spec, struct err *err)
{
	int r;

	if (!text_is_name(spec->name))
		return err_set(err, -EINVAL, "VM name '%s': letters, digits, dot, dash and underline only, at most 64",
			       spec->name);
	if (spec->vcpus < 1 || spec->vcpus > VM_VCPUS_MAX)
		return err_set(err, -EINVAL, "VM with %u vCPUs: give it 1 to %d", spec->vcpus, VM_VCPUS_MAX);
	if (spec->memory_mb < VM_MEMORY_MIN || spec->memory_mb > 16u << 20)
		return err_set(err, -EINVAL, "VM with %u MiB of memory: a stock kernel needs at least %d", spec->memory_mb,
			       VM_MEMORY_MIN);
	if (spec->n_nics > VM_NICS_MAX)
		return err_set(err, -EINVAL, "VM with %u network interfaces: at most %d", spec->n_nics, VM_NICS_MAX);
	for (unsigned i = 0; i < spec->n_nics; i++) {
		r = check_nic(spec, i, err);
		if (r < 0)
			return r;
	}
	if (spec->append && (strlen(spec->append) > 1024 || !is_append(spec->append)))
		return err_set(err, -EINVAL, "words for the guest kernel: control characters, or more than 1024 bytes");
	return check_own(spec, err);
}
