/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who started a VM rewrites its command line at each start: a cure that is not
 * in the launcher's own words lasts until the next one at best.  Where the
 * launcher has no words for it, the cure says so and names what comes nearest.
 */
#include "knob/vm_cure.h"

#include "base/cleanup.h"
#include "base/text.h"

#define FLAVOR     "openstack flavor set FLAVOR --property "
#define NOVA_AGAIN ", then resize the server to it"
#define KUBEVIRT   "VirtualMachine, template.spec.domain: "
#define EDIT       "virsh edit @name: "
#define NOVA_NO    "nova has no words for it: "
#define QM_ARGS    "qm set @name --args '"

struct vm_cure_row {
	const char *id;
	const char *by[LAUNCHER_COUNT];
};

static const struct vm_cure_row vm_rows[] = {
	{ "mem.mlock",
	  { [LAUNCHER_HAND] = "QEMU: -overcommit mem-lock=on",
	    [LAUNCHER_LIBVIRT] =
		    EDIT "<memoryBacking><locked/></memoryBacking>, with <memtune><hard_limit> above the guest's size",
	    [LAUNCHER_PROXMOX] = "qm set @name --hugepages 2 (pages of 2 MiB, which stay where they are), or --args '-overcommit "
				 "mem-lock=on'",
	    [LAUNCHER_OPENSTACK] = FLAVOR "hw:locked_memory=true --property hw:mem_page_size=large" NOVA_AGAIN,
	    [LAUNCHER_KUBEVIRT] = KUBEVIRT "memory: {hugepages: {pageSize: 2Mi}}: pages of a pool stay where they are",
	    [LAUNCHER_VLAT] = "vlat run vm --pages auto, with a limit of locked memory (ulimit -l) that holds the guest" } },
	{ "mem.numa_bind",
	  { [LAUNCHER_HAND] = "QEMU: -object memory-backend-...,host-nodes=N,policy=bind",
	    [LAUNCHER_LIBVIRT] = EDIT "<numatune><memory mode='strict' nodeset='N'/></numatune>",
	    [LAUNCHER_PROXMOX] = "qm set @name --numa 1 --numa0 cpus=0-LAST,memory=MB,hostnodes=N,policy=bind",
	    [LAUNCHER_OPENSTACK] = FLAVOR "hw:numa_nodes=1" NOVA_AGAIN,
	    [LAUNCHER_KUBEVIRT] = KUBEVIRT "cpu: {dedicatedCpuPlacement: true, numa: {guestMappingPassthrough: {}}}, with huge "
					   "pages, and topologyManagerPolicy single-numa-node in the node's kubelet",
	    [LAUNCHER_VLAT] = "vlat run vm --cpus with CPUs of one node: its memory follows them" } },
	{ "net.vhost_worker",
	  { [LAUNCHER_HAND] = "taskset -cp @house TID for the threads named",
	    [LAUNCHER_LIBVIRT] = EDIT "<cputune><emulatorpin cpuset='@house'/></cputune>, which holds them too; at once: virsh "
				      "emulatorpin @name @house --live",
	    [LAUNCHER_PROXMOX] =
		    "a hookscript (qm set @name --hookscript) that does taskset -cp @house TID for the threads named "
		    "after the start",
	    [LAUNCHER_OPENSTACK] = FLAVOR "hw:emulator_threads_policy=share, with [compute] cpu_shared_set=@house in "
					  "nova.conf" NOVA_AGAIN,
	    [LAUNCHER_KUBEVIRT] = KUBEVIRT "cpu: {dedicatedCpuPlacement: true, isolateEmulatorThread: true}",
	    [LAUNCHER_VLAT] = "vlat stop @name and start it again: vlat run vm puts them on the housekeeping CPUs" } },
	{ "net.virtio_queue",
	  { [LAUNCHER_HAND] = "QEMU: -netdev tap,queues=N with -device virtio-net-pci,mq=on,vectors=2N+2, N at most the vCPUs",
	    [LAUNCHER_LIBVIRT] = EDIT "<interface>...<driver name='vhost' queues='N'/>, N at most the vCPUs",
	    [LAUNCHER_PROXMOX] = "qm set @name --net0 virtio,bridge=BRIDGE,queues=N, N at most the vCPUs",
	    [LAUNCHER_OPENSTACK] = "openstack image set IMAGE --property hw_vif_multiqueue_enabled=true gives one for each vCPU",
	    [LAUNCHER_KUBEVIRT] = KUBEVIRT "devices: {networkInterfaceMultiqueue: true} gives one for each vCPU",
	    [LAUNCHER_VLAT] = "vlat run vm --cpus with as many CPUs as there are queues" } },
	{ "sch.rlimits",
	  { [LAUNCHER_HAND] = "prlimit --memlock=unlimited before QEMU, or LimitMEMLOCK=infinity in its service",
	    [LAUNCHER_LIBVIRT] = EDIT "<memoryBacking><locked/></memoryBacking> lifts it, as <memtune><hard_limit> does",
	    [LAUNCHER_PROXMOX] = "nothing: Proxmox lifts it for guests that need it",
	    [LAUNCHER_OPENSTACK] = FLAVOR "hw:locked_memory=true lifts it" NOVA_AGAIN,
	    [LAUNCHER_KUBEVIRT] = "nothing: KubeVirt lifts it for guests with assigned devices or realtime: {}",
	    [LAUNCHER_VLAT] = "ulimit -l unlimited before vlat run vm" } },
	{ "sch.vcpu_policy",
	  { [LAUNCHER_HAND] = "chrt -f -p 1 TID for each vCPU thread",
	    [LAUNCHER_LIBVIRT] = EDIT "<cputune><vcpusched vcpus='0-LAST' scheduler='fifo' priority='1'/></cputune>",
	    [LAUNCHER_PROXMOX] =
		    "a hookscript (qm set @name --hookscript) that does chrt -f -p 1 TID for each vCPU thread after the "
		    "start",
	    [LAUNCHER_OPENSTACK] = FLAVOR "hw:cpu_realtime=yes --property hw:cpu_realtime_mask=^0 --property "
					  "hw:cpu_policy=dedicated" NOVA_AGAIN,
	    [LAUNCHER_KUBEVIRT] = KUBEVIRT "cpu: {dedicatedCpuPlacement: true, realtime: {}}",
	    [LAUNCHER_VLAT] = "vlat run vm --policy fifo" } },
	{ "vm.accel",
	  { [LAUNCHER_HAND] = "QEMU: -accel kvm",
	    [LAUNCHER_LIBVIRT] = EDIT "<domain type='kvm'>",
	    [LAUNCHER_PROXMOX] = "qm set @name --kvm 1",
	    [LAUNCHER_OPENSTACK] = "nova.conf: [libvirt] virt_type = kvm",
	    [LAUNCHER_KUBEVIRT] =
		    "kubectl edit kubevirt: configuration.developerConfiguration.useEmulation: false, on nodes with "
		    "/dev/kvm",
	    [LAUNCHER_VLAT] = "vlat run vm --accelerator kvm, which tells why when KVM is not good for guests here" } },
	{ "vm.cpu_host",
	  { [LAUNCHER_HAND] = "QEMU: -cpu host",
	    [LAUNCHER_LIBVIRT] = EDIT "<cpu mode='host-passthrough'/>",
	    [LAUNCHER_PROXMOX] = "qm set @name --cpu host",
	    [LAUNCHER_OPENSTACK] = "nova.conf: [libvirt] cpu_mode = host-passthrough",
	    [LAUNCHER_KUBEVIRT] = KUBEVIRT "cpu: {model: host-passthrough}",
	    [LAUNCHER_VLAT] = "vlat run vm --accelerator kvm: the host's processor is what it shows under KVM" } },
	{ "vm.devices_off",
	  { [LAUNCHER_HAND] = "QEMU: -nodefaults -machine q35,hpet=off",
	    [LAUNCHER_LIBVIRT] = EDIT "<memballoon model='none'/>, <timer name='hpet' present='no'/>, <controller type='usb' "
				      "model='none'/>, no <video>",
	    [LAUNCHER_PROXMOX] = "qm set @name --balloon 0 --tablet 0 --vga none --serial0 socket",
	    [LAUNCHER_OPENSTACK] = "openstack image set IMAGE --property hw_video_model=none, and nova.conf: [libvirt] "
				   "mem_stats_period_seconds = 0, [DEFAULT] pointer_model = ps2mouse",
	    [LAUNCHER_KUBEVIRT] = KUBEVIRT "devices: {autoattachMemBalloon: false, autoattachGraphicsDevice: false, "
					   "autoattachInputDevice: false}, clock: {timer: {hpet: {present: false}}}",
	    [LAUNCHER_VLAT] = "vlat stop @name and start it again: vlat run vm gives none of them" } },
	{ "vm.emulator_place",
	  { [LAUNCHER_HAND] = "taskset -cp @house TID for the threads named",
	    [LAUNCHER_LIBVIRT] = EDIT "<cputune><emulatorpin cpuset='@house'/><iothreadpin iothread='1' cpuset='@house'/>"
				      "</cputune>; at once: virsh emulatorpin @name @house --live",
	    [LAUNCHER_PROXMOX] =
		    "qm set @name --affinity pins all threads alike: a hookscript that does taskset -cp @house TID for "
		    "the threads named after the start",
	    [LAUNCHER_OPENSTACK] = FLAVOR "hw:emulator_threads_policy=share, with [compute] cpu_shared_set=@house in "
					  "nova.conf" NOVA_AGAIN,
	    [LAUNCHER_KUBEVIRT] = KUBEVIRT "cpu: {dedicatedCpuPlacement: true, isolateEmulatorThread: true}",
	    [LAUNCHER_VLAT] = "vlat run vm --tuning vlat: it keeps the emulator off the vCPUs' CPUs" } },
	{ "vm.hint_dedicated",
	  { [LAUNCHER_HAND] = "QEMU: -cpu host,kvm-hint-dedicated=on, for pinned vCPUs",
	    [LAUNCHER_LIBVIRT] = EDIT "<features><kvm><hint-dedicated state='on'/></kvm></features>, for pinned vCPUs",
	    [LAUNCHER_PROXMOX] = QM_ARGS "-cpu host,kvm-hint-dedicated=on', for pinned vCPUs (it replaces the option cpu:)",
	    [LAUNCHER_OPENSTACK] = NOVA_NO "hw:cpu_policy=dedicated pins the vCPUs, the guest can be told by its own parameter "
					   "cpuidle_haltpoll.force=1",
	    [LAUNCHER_KUBEVIRT] =
		    KUBEVIRT "cpu: {dedicatedCpuPlacement: true}; versions that do not give the hint then leave the "
			     "guest's own parameter cpuidle_haltpoll.force=1",
	    [LAUNCHER_VLAT] = "vlat run vm --accelerator kvm with CPUs set apart: it gives the hint where KVM has it" } },
	{ "vm.invtsc",
	  { [LAUNCHER_HAND] = "QEMU: -cpu host,migratable=no,+invtsc",
	    [LAUNCHER_LIBVIRT] =
		    EDIT "<cpu mode='host-passthrough' migratable='off'><feature policy='require' name='invtsc'/></cpu>",
	    [LAUNCHER_PROXMOX] = QM_ARGS "-cpu host,migratable=no,+invtsc' (it replaces the option cpu:)",
	    [LAUNCHER_OPENSTACK] = "nova.conf: [libvirt] cpu_mode = host-passthrough, cpu_model_extra_flags = invtsc",
	    [LAUNCHER_KUBEVIRT] = KUBEVIRT "cpu: {model: host-passthrough, features: [{name: invtsc, policy: require}]}",
	    [LAUNCHER_VLAT] = "vlat run vm --accelerator kvm: it gives the clock where the host's is invariant" } },
	{ "vm.iothread",
	  { [LAUNCHER_HAND] = "QEMU: -object iothread,id=io0 -device virtio-blk-pci,iothread=io0",
	    [LAUNCHER_LIBVIRT] = EDIT "<iothreads>1</iothreads>, and in each <disk> <driver iothread='1'/>",
	    [LAUNCHER_PROXMOX] = "qm set @name --scsihw virtio-scsi-single --scsi0 VOLUME,iothread=1",
	    [LAUNCHER_OPENSTACK] =
		    NOVA_NO "releases from 2025.2 on make one by themselves, older ones leave disks to the emulator",
	    [LAUNCHER_KUBEVIRT] = KUBEVIRT "ioThreadsPolicy: auto, or dedicatedIOThread: true for one disk",
	    [LAUNCHER_VLAT] = "vlat run vm gives its disk none yet: for work bound by the disk use libvirt's" } },
	{ "vm.memory",
	  { [LAUNCHER_HAND] =
		    "QEMU: -object memory-backend-memfd,id=m,size=SIZE,hugetlb=on,prealloc=on -machine memory-backend=m",
	    [LAUNCHER_LIBVIRT] = EDIT "<memoryBacking><hugepages/></memoryBacking>",
	    [LAUNCHER_PROXMOX] = "qm set @name --numa 1 --hugepages 2 (or 1024)",
	    [LAUNCHER_OPENSTACK] = FLAVOR "hw:mem_page_size=large" NOVA_AGAIN,
	    [LAUNCHER_KUBEVIRT] = KUBEVIRT "memory: {hugepages: {pageSize: 2Mi}}, with pages set aside on the node",
	    [LAUNCHER_VLAT] = "vlat run vm --pages auto" } },
	{ "vm.net_backend",
	  { [LAUNCHER_HAND] =
		    "QEMU: -netdev tap,vhost=on with -device virtio-net-pci, or -device vfio-pci for a virtual function",
	    [LAUNCHER_LIBVIRT] = EDIT "<interface type='bridge'>...<model type='virtio'/><driver name='vhost'/>, or <interface "
				      "type='hostdev'> for a virtual function",
	    [LAUNCHER_PROXMOX] = "qm set @name --net0 virtio,bridge=BRIDGE, or --hostpci0 ADDRESS for a virtual function",
	    [LAUNCHER_OPENSTACK] =
		    "openstack image set IMAGE --property hw_vif_model=virtio, or a port with --vnic-type direct for "
		    "a virtual function",
	    [LAUNCHER_KUBEVIRT] = KUBEVIRT "devices: {interfaces: [{name: NAME, model: virtio, bridge: {}}]}, or sriov: {} for a "
					   "virtual function",
	    [LAUNCHER_VLAT] = "vlat run vm --net vhost-net, macvtap or vf" } },
	{ "vm.pmu_off",
	  { [LAUNCHER_HAND] = "QEMU: -cpu host,pmu=off",
	    [LAUNCHER_LIBVIRT] = EDIT "<features><pmu state='off'/></features>",
	    [LAUNCHER_PROXMOX] = QM_ARGS "-cpu host,pmu=off' (it replaces the option cpu:)",
	    [LAUNCHER_OPENSTACK] = FLAVOR "hw:pmu=false" NOVA_AGAIN,
	    [LAUNCHER_KUBEVIRT] = KUBEVIRT "cpu: {realtime: {}} takes them away; nothing else does",
	    [LAUNCHER_VLAT] = "vlat run vm has no option for it; QEMU: -cpu host,pmu=off" } },
	{ "vm.smt_share",
	  { [LAUNCHER_HAND] = "taskset -cp CPU TID, so that both hardware threads of a core are one VM's",
	    [LAUNCHER_LIBVIRT] =
		    EDIT "<vcpupin> so that both hardware threads of a core are one VM's; at once: virsh vcpupin @name "
			 "VCPU CPU --live",
	    [LAUNCHER_PROXMOX] = "qm set @name --affinity with whole cores (lscpu -e shows which CPUs are one core)",
	    [LAUNCHER_OPENSTACK] = FLAVOR "hw:cpu_thread_policy=require for pairs, or isolate for a core each" NOVA_AGAIN,
	    [LAUNCHER_KUBEVIRT] =
		    "kubelet of the node: cpuManagerPolicyOptions: {full-pcpus-only: \"true\"}, and an even number of "
		    "vCPUs",
	    [LAUNCHER_VLAT] = "vlat run vm --cpus COUNT: it gives cores, not threads" } },
	{ "vm.thread_pin",
	  { [LAUNCHER_HAND] = "taskset -cp CPU TID for each vCPU thread, a CPU of @iso for each",
	    [LAUNCHER_LIBVIRT] =
		    EDIT "<cputune><vcpupin vcpu='0' cpuset='CPU'/>...</cputune>, a CPU of @iso for each; at once: virsh "
			 "vcpupin @name VCPU CPU --live",
	    [LAUNCHER_PROXMOX] =
		    "qm set @name --affinity LIST, CPUs of @iso that no other VM has; one to one by a hookscript with "
		    "taskset -cp CPU TID",
	    [LAUNCHER_OPENSTACK] =
		    FLAVOR "hw:cpu_policy=dedicated, with [compute] cpu_dedicated_set=@iso in nova.conf" NOVA_AGAIN,
	    [LAUNCHER_KUBEVIRT] =
		    KUBEVIRT "cpu: {dedicatedCpuPlacement: true}, with cpuManagerPolicy: static in the node's kubelet",
	    [LAUNCHER_VLAT] = "vlat run vm --cpus COUNT: CPUs of its own, one for each vCPU" } },
	{ "vm.tsc_deadline",
	  { [LAUNCHER_HAND] = "QEMU: -cpu host,+tsc-deadline",
	    [LAUNCHER_LIBVIRT] = EDIT "<cpu mode='host-passthrough'><feature policy='require' name='tsc-deadline'/></cpu>",
	    [LAUNCHER_PROXMOX] = QM_ARGS "-cpu host,+tsc-deadline' (it replaces the option cpu:)",
	    [LAUNCHER_OPENSTACK] = "nova.conf: [libvirt] cpu_model_extra_flags = tsc-deadline",
	    [LAUNCHER_KUBEVIRT] = KUBEVIRT "cpu: {features: [{name: tsc-deadline, policy: require}]}",
	    [LAUNCHER_VLAT] = "vlat stop @name and start it again: vlat run vm never takes it away" } },
	{ "vm.x2apic",
	  { [LAUNCHER_HAND] = "QEMU: -cpu host,+x2apic",
	    [LAUNCHER_LIBVIRT] = EDIT "<cpu mode='host-passthrough'><feature policy='require' name='x2apic'/></cpu>",
	    [LAUNCHER_PROXMOX] = QM_ARGS "-cpu host,+x2apic' (it replaces the option cpu:)",
	    [LAUNCHER_OPENSTACK] = "nova.conf: [libvirt] cpu_model_extra_flags = x2apic",
	    [LAUNCHER_KUBEVIRT] = KUBEVIRT "cpu: {features: [{name: x2apic, policy: require}]}",
	    [LAUNCHER_VLAT] = "vlat stop @name and start it again: vlat run vm never takes it away" } },
};

const char *vm_cure(const char *knob_id, enum launcher l)
{
	for (size_t i = 0; i < ARRAY_SIZE(vm_rows); i++) {
		if (text_eq(vm_rows[i].id, knob_id))
			return vm_rows[i].by[l];
	}
	return NULL;
}

struct container_cure_row {
	const char *id;
	const char *by[ENGINE_COUNT];
};

#define UPDATE_CPUS " update --cpuset-cpus @house @name; @iso for the one that latency is for"
#define RUN_MEMS    " update --cpuset-mems NODE @name, the node of its CPUs"
#define RUN_RT      " run --cpu-rt-runtime=950000 --ulimit rtprio=99 --cap-add=sys_nice, with a budget in the parent group"
#define STATIC_CPUS "kubelet: cpuManagerPolicy: static, and in the pod whole CPUs with requests equal to limits"
#define NODE_POLICY "kubelet: topologyManagerPolicy: single-numa-node, and in the pod whole CPUs with requests equal to limits"
#define POD_NO_RT                                                                                                                \
	"Kubernetes gives no real-time budget: a node without CONFIG_RT_GROUP_SCHED (or with rt_group_sched=0) needs none"
#define LXC_SET    "in its configuration (lxc-info -n @name -c lxc.cgroup2): "
#define NSPAWN_SET "systemctl set-property machine-@name.scope "

static const struct container_cure_row container_rows[] = {
	{ "ctr.cpuset",
	  { [ENGINE_DOCKER] = "docker" UPDATE_CPUS,
	    [ENGINE_PODMAN] = "podman" UPDATE_CPUS,
	    [ENGINE_CONTAINERD] = "nerdctl" UPDATE_CPUS,
	    [ENGINE_CRIO] = STATIC_CPUS,
	    [ENGINE_POD] = STATIC_CPUS,
	    [ENGINE_LXC] = LXC_SET "lxc.cgroup2.cpuset.cpus = @house; @iso for the one that latency is for",
	    [ENGINE_NSPAWN] = NSPAWN_SET "AllowedCPUs=@house; @iso for the one that latency is for" } },
	{ "ctr.mems",
	  { [ENGINE_DOCKER] = "docker" RUN_MEMS,
	    [ENGINE_PODMAN] = "podman" RUN_MEMS,
	    [ENGINE_CONTAINERD] = "nerdctl" RUN_MEMS,
	    [ENGINE_CRIO] = NODE_POLICY,
	    [ENGINE_POD] = NODE_POLICY,
	    [ENGINE_LXC] = LXC_SET "lxc.cgroup2.cpuset.mems = NODE, the node of its CPUs",
	    [ENGINE_NSPAWN] = NSPAWN_SET "AllowedMemoryNodes=NODE, the node of its CPUs" } },
	{ "ctr.overlap",
	  { [ENGINE_DOCKER] = "docker update --cpuset-cpus LIST @name, CPUs of @iso that no other container has",
	    [ENGINE_PODMAN] = "podman update --cpuset-cpus LIST @name, CPUs of @iso that no other container has",
	    [ENGINE_CONTAINERD] = "nerdctl update --cpuset-cpus LIST @name, CPUs of @iso that no other container has",
	    [ENGINE_CRIO] = STATIC_CPUS,
	    [ENGINE_POD] = STATIC_CPUS,
	    [ENGINE_LXC] = LXC_SET "lxc.cgroup2.cpuset.cpus = LIST, CPUs of @iso that no other container has",
	    [ENGINE_NSPAWN] = NSPAWN_SET "AllowedCPUs=LIST, CPUs of @iso that no other container has" } },
	{ "ctr.quota",
	  { [ENGINE_DOCKER] = "docker update --cpu-quota -1 @name, and no --cpus at the next start",
	    [ENGINE_PODMAN] = "podman update --cpu-quota -1 @name, and no --cpus at the next start",
	    [ENGINE_CONTAINERD] = "nerdctl update --cpu-quota -1 @name, and no --cpus at the next start",
	    [ENGINE_CRIO] =
		    "annotation cpu-quota.crio.io: disable with a runtime class that allows it, or no limits.cpu in the pod",
	    [ENGINE_POD] =
		    "no limits.cpu in the pod, or the static CPU manager with whole CPUs (newer kubelets set no quota then)",
	    [ENGINE_LXC] = LXC_SET "no lxc.cgroup2.cpu.max (Proxmox: pct set @name --delete cpulimit)",
	    [ENGINE_NSPAWN] = NSPAWN_SET "CPUQuota=" } },
	{ "ctr.rt_budget",
	  { [ENGINE_DOCKER] = "docker" RUN_RT,
	    [ENGINE_PODMAN] = "podman" RUN_RT,
	    [ENGINE_CONTAINERD] = "write a budget to cpu.rt_runtime_us of each group above, then of its own",
	    [ENGINE_CRIO] = POD_NO_RT,
	    [ENGINE_POD] = POD_NO_RT,
	    [ENGINE_LXC] = LXC_SET "lxc.cgroup.cpu.rt_runtime_us = 950000, with a budget in the parent group",
	    [ENGINE_NSPAWN] = "systemd has no words for it: write a budget to cpu.rt_runtime_us of each group above, then of its "
			      "own" } },
};

const char *container_cure(const char *knob_id, enum engine e)
{
	for (size_t i = 0; i < ARRAY_SIZE(container_rows); i++) {
		if (text_eq(container_rows[i].id, knob_id))
			return container_rows[i].by[e];
	}
	return NULL;
}
