/* SPDX-License-Identifier: Apache-2.0 */
/*
 * In the lab, after the study: two guests at once under nested KVM, each with a virtual function of the one port.
 * Both answer: one measures the other through the card's own switch, then the other way round.
 * lab_guests VLAT_AGENT
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fs.h"
#include "base/text.h"
#include "base/vec.h"
#include "journal/journal.h"
#include "net/link.h"
#include "net/sriov.h"
#include "net/vfio.h"
#include "sut/pair.h"
#include "vm/platform.h"
#include "vm/vm.h"

#define GUESTS     2
#define BOOT_NS    (300 * NS_PER_S) /* nested KVM on a loaded machine */
#define SILENCE_MS 60000

struct guest {
	struct vf vf;
	struct vm *vm;
	struct agent *agent;
	char address[16];
};

static struct fs machine;

#define must(x)                                                                                                                  \
	do {                                                                                                                     \
		struct err e_ = { 0 }, *err = &e_;                                                                               \
		if ((x) < 0) {                                                                                                   \
			printf("FAILED: %s: %s\n", #x, e_.text);                                                                 \
			exit(1);                                                                                                 \
		}                                                                                                                \
	} while (0)

static struct vm_platform *prepare(const char *agent, struct journal *j)
{
	const struct vm_wish wish = { .agent = agent, .flavour = KERNEL_GENERIC, .accelerator = "kvm" };
	struct vm_platform *p = NULL;

	must(vm_platform_prepare(&p, &wish, j, err));
	return p;
}

static void start(struct guest *g, unsigned nr, struct sriov *port, const struct vm_platform *platform, struct journal *j)
{
	struct vm_spec spec = { .platform = platform, .vcpus = 1, .memory_mb = 256, .n_nics = 1 };
	struct vfio_device device;
	char name[8];

	(void) text_print(name, sizeof(name), "g%u", nr);
	(void) text_print(g->address, sizeof(g->address), "198.18.0.%u", 2 + nr);
	spec.name = name;
	must(sriov_take(port, &g->vf, err));
	must(vfio_bind(&device, j, g->vf.address, false, err));
	spec.nics[0].kind = VM_NIC_VFIO;
	(void) text_print(spec.nics[0].host, sizeof(spec.nics[0].host), "%s", device.address);
	must(vm_start(&g->vm, &spec, NULL, j, err));
}

static void meet(struct guest *g)
{
	char address[32], mac[18];
	int fd = vm_control_fd(g->vm);

	must(vm_watch(g->vm, fd, clock_ns() + BOOT_NS, err));
	g->agent = agent_open(&(struct agent_opts){ .who = g->address, .to = fd, .from = fd });
	must(agent_hello(g->agent, clock_ns() + BOOT_NS, err));
	(void) text_print(address, sizeof(address), "%s/24", g->address);
	must(agent_configure(g->agent, mac_text(&g->vf.mac, mac), address, clock_ns() + BOOT_NS, err));
}

static void ask(const struct guest *from, const struct guest *to)
{
	struct pair pair = { .server = to->agent, .client = from->agent, .server_job = JOB_INIT };
	struct measurement m = { 0 };
	double n;

	pair.server_job.workload = workload_find("tcp-rr");
	pair.server_job.duration_s = 0.5;
	pair.server_job.silence_ms = SILENCE_MS;
	pair.client_job = pair.server_job;
	pair.server_job.side = SIDE_SERVER;
	pair.client_job.side = SIDE_CLIENT;
	(void) text_print(pair.client_job.peer, sizeof(pair.client_job.peer), "%s", to->address);
	must(pair_run(&pair, &m, err));
	n = json_number_value(json_object_get(m.client, "transactions"));
	printf("%s asked %s %.0f times\n", from->address, to->address, n);
	if (n <= 0)
		exit(1);
	measurement_free(&m);
}

static void end(struct guest *g, struct sriov *port)
{
	agent_bye(g->agent);
	agent_close(g->agent);
	vm_stop(g->vm, 10 * NS_PER_S, NULL);
	vm_free(g->vm);
	vf_give_back(port, &g->vf);
}

int main(int argc, char **argv)
{
	struct sriov_wish wish = { .need = GUESTS };
	struct guest guests[GUESTS] = { 0 };
	struct vm_platform *platform;
	char pf[PCI_ADDRESS_MAX];
	struct sriov *port;
	struct journal *j;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc < 2)
		return 2;
	must(fs_open_root(&machine, "/", err));
	must(journal_open(&j, "guests", err));
	platform = prepare(argv[1], j);
	must(sriov_find(&machine, GUESTS, GUESTS, pf, err));
	wish.pf = pf;
	must(sriov_open(&port, &machine, j, &wish, err));
	for (unsigned i = 0; i < GUESTS; i++) {
		start(&guests[i], i, port, platform, j);
		meet(&guests[i]);
	}
	ask(&guests[0], &guests[1]);
	ask(&guests[1], &guests[0]);
	for (unsigned i = 0; i < GUESTS; i++)
		end(&guests[i], port);
	sriov_close(port);
	must(journal_close(j, err));
	vm_platform_free(platform);
	fs_close(&machine);
	printf("guests=both\n");
	return 0;
}
