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
#define LOCKED     "hw:locked_memory=true --property hw:mem_page_size=large"
#define QM_ARGS    "qm set @name --args '"

struct vm_cure_row {
	const char *id;
	const char *source; /* the launchers' own documents and code that the words were held against */
	const char *by[LAUNCHER_COUNT];
};

static const struct vm_cure_row vm_rows[] = {
	{ .id = "mem.mlock",
	  .source = "libvirt formatdomain, Memory Backing; QemuServer/Memory.pm; nova admin/libvirt-misc, Locked "
		    "memory allocation; KubeVirt schema.go, Hugepages",
	  .by = { [LAUNCHER_HAND] = "QEMU: -overcommit mem-lock=on",
		  [LAUNCHER_LIBVIRT] =
			  EDIT "<memoryBacking><locked/></memoryBacking>, with <memtune><hard_limit> above the guest's size",
		  [LAUNCHER_PROXMOX] =
			  "qm set @name --numa 1 --hugepages 2 (pages of 2 MiB, which stay where they are), or --args "
			  "'-overcommit mem-lock=on'",
		  [LAUNCHER_OPENSTACK] = FLAVOR LOCKED " (nova from Zed on)" NOVA_AGAIN,
		  [LAUNCHER_KUBEVIRT] = KUBEVIRT "memory: {hugepages: {pageSize: 2Mi}}: pages of a pool stay where they are",
		  [LAUNCHER_VLAT] =
			  "vlat run vm --pages auto, with a limit of locked memory (ulimit -l) that holds the guest" } },
	{ .id = "mem.numa_bind",
	  .source = "libvirt formatdomain, NUMA Node Tuning; QemuServer/Memory.pm; nova extra_specs/hw.py; KubeVirt "
		    "schema.go, NUMA",
	  .by = { [LAUNCHER_HAND] = "QEMU: -object memory-backend-...,host-nodes=N,policy=bind",
		  [LAUNCHER_LIBVIRT] = EDIT "<numatune><memory mode='strict' nodeset='N'/></numatune>",
		  [LAUNCHER_PROXMOX] = "qm set @name --numa 1 --numa0 cpus=0-LAST,memory=MB,hostnodes=N,policy=bind",
		  [LAUNCHER_OPENSTACK] = FLAVOR "hw:numa_nodes=1" NOVA_AGAIN,
		  [LAUNCHER_KUBEVIRT] =
			  KUBEVIRT "cpu: {dedicatedCpuPlacement: true, numa: {guestMappingPassthrough: {}}}, with huge "
				   "pages, and topologyManagerPolicy single-numa-node in the node's kubelet",
		  [LAUNCHER_VLAT] = "vlat run vm --cpus with CPUs of one node: its memory follows them" } },
	{ .id = "net.vhost_worker",
	  .source = "libvirt formatdomain, CPU Tuning; pve-docs qm, Hookscripts; nova admin/cpu-topologies; KubeVirt "
		    "schema.go, CPU",
	  .by = { [LAUNCHER_HAND] = "taskset -cp @house TID for the threads named",
		  [LAUNCHER_LIBVIRT] =
			  EDIT "<cputune><emulatorpin cpuset='@house'/></cputune>, which holds them too; at once: virsh "
			       "emulatorpin @name @house --live",
		  [LAUNCHER_PROXMOX] =
			  "a hookscript (qm set @name --hookscript) that does taskset -cp @house TID for the threads named "
			  "after the start",
		  [LAUNCHER_OPENSTACK] = FLAVOR "hw:emulator_threads_policy=share, with [compute] cpu_shared_set=@house in "
						"nova.conf" NOVA_AGAIN,
		  [LAUNCHER_KUBEVIRT] = KUBEVIRT "cpu: {dedicatedCpuPlacement: true, isolateEmulatorThread: true}",
		  [LAUNCHER_VLAT] = "vlat stop @name and start it again: vlat run vm puts them on the housekeeping CPUs" } },
	{ .id = "net.virtio_queue",
	  .source = "libvirt formatdomain, driver-specific options; pve-docs qm, Multiqueue; nova extra_specs/hw.py; "
		    "KubeVirt schema.go, Devices",
	  .by = { [LAUNCHER_HAND] =
			  "QEMU: -netdev tap,queues=N with -device virtio-net-pci,mq=on,vectors=2N+2, N at most the vCPUs",
		  [LAUNCHER_LIBVIRT] = EDIT "<interface>...<driver name='vhost' queues='N'/>, N at most the vCPUs",
		  [LAUNCHER_PROXMOX] = "qm set @name --net0 virtio,bridge=BRIDGE,queues=N, N at most the vCPUs",
		  [LAUNCHER_OPENSTACK] =
			  "openstack image set IMAGE --property hw_vif_multiqueue_enabled=true gives one for each vCPU",
		  [LAUNCHER_KUBEVIRT] = KUBEVIRT "devices: {networkInterfaceMultiqueue: true} gives one for each vCPU",
		  [LAUNCHER_VLAT] = "vlat run vm --cpus with as many CPUs as there are queues" } },
	{ .id = "sch.rlimits",
	  .source = "libvirt formatdomain, Memory Backing; capabilities(7), CAP_IPC_LOCK; nova admin/libvirt-misc; "
		    "KubeVirt hypervisor/common/process.go",
	  .by = { [LAUNCHER_HAND] = "prlimit --memlock=unlimited before QEMU, or LimitMEMLOCK=infinity in its service",
		  [LAUNCHER_LIBVIRT] = EDIT "<memoryBacking><locked/></memoryBacking> lifts it, as <memtune><hard_limit> does",
		  [LAUNCHER_PROXMOX] = "nothing: Proxmox runs QEMU as root, whom that limit does not bind",
		  [LAUNCHER_OPENSTACK] = FLAVOR LOCKED " lifts it (nova from Zed on)" NOVA_AGAIN,
		  [LAUNCHER_KUBEVIRT] = "nothing: KubeVirt lifts it for guests with assigned devices or realtime: {}",
		  [LAUNCHER_VLAT] = "ulimit -l unlimited before vlat run vm" } },
	{ .id = "sch.vcpu_policy",
	  .source = "libvirt formatdomain, vcpusched; pve-docs qm, Hookscripts; nova extra_specs/hw.py; KubeVirt "
		    "vmi-create-admitter.go, validateRealtime",
	  .by = { [LAUNCHER_HAND] = "chrt -f -p 1 TID for each vCPU thread",
		  [LAUNCHER_LIBVIRT] = EDIT "<cputune><vcpusched vcpus='0-LAST' scheduler='fifo' priority='1'/></cputune>",
		  [LAUNCHER_PROXMOX] =
			  "a hookscript (qm set @name --hookscript) that does chrt -f -p 1 TID for each vCPU thread after the "
			  "start",
		  [LAUNCHER_OPENSTACK] = FLAVOR "hw:cpu_realtime=yes --property hw:cpu_realtime_mask=^0 --property "
						"hw:cpu_policy=dedicated" NOVA_AGAIN,
		  [LAUNCHER_KUBEVIRT] =
			  KUBEVIRT "cpu: {dedicatedCpuPlacement: true, numa: {guestMappingPassthrough: {}}, realtime: {}}, "
				   "with huge pages",
		  [LAUNCHER_VLAT] = "vlat run vm --policy fifo" } },
	{ .id = "vm.accel",
	  .source = "libvirt formatdomain, domain type; QemuServer.pm, kvm; nova conf/libvirt.py, virt_type; KubeVirt "
		    "docs/software-emulation",
	  .by = { [LAUNCHER_HAND] = "QEMU: -accel kvm",
		  [LAUNCHER_LIBVIRT] = EDIT "<domain type='kvm'>",
		  [LAUNCHER_PROXMOX] = "qm set @name --kvm 1",
		  [LAUNCHER_OPENSTACK] = "nova.conf: [libvirt] virt_type = kvm",
		  [LAUNCHER_KUBEVIRT] =
			  "kubectl edit kubevirt: configuration.developerConfiguration.useEmulation: false, on nodes with "
			  "/dev/kvm",
		  [LAUNCHER_VLAT] = "vlat run vm --accelerator kvm, which tells why when KVM is not good for guests here" } },
	{ .id = "vm.cpu_host",
	  .source = "libvirt formatdomain, CPU model; pve-docs qm, CPU Type; nova conf/libvirt.py, cpu_mode; KubeVirt "
		    "schema.go, CPU",
	  .by = { [LAUNCHER_HAND] = "QEMU: -cpu host",
		  [LAUNCHER_LIBVIRT] = EDIT "<cpu mode='host-passthrough'/>",
		  [LAUNCHER_PROXMOX] = "qm set @name --cpu host",
		  [LAUNCHER_OPENSTACK] = "nova.conf: [libvirt] cpu_mode = host-passthrough",
		  [LAUNCHER_KUBEVIRT] = KUBEVIRT "cpu: {model: host-passthrough}",
		  [LAUNCHER_VLAT] = "vlat run vm --accelerator kvm: the host's processor is what it shows under KVM" } },
	{ .id = "vm.devices_off",
	  .source = "libvirt formatdomain, Devices; QemuServer.pm, balloon tablet vga; nova objects/fields.py, "
		    "VideoModel, and libvirt/driver.py, _guest_add_memory_balloon; KubeVirt schema.go, Devices",
	  .by = { [LAUNCHER_HAND] = "QEMU: -nodefaults -machine q35,hpet=off",
		  [LAUNCHER_LIBVIRT] =
			  EDIT "<memballoon model='none'/>, <timer name='hpet' present='no'/>, <controller type='usb' "
			       "model='none'/>, no <video>",
		  [LAUNCHER_PROXMOX] = "qm set @name --balloon 0 --tablet 0 --vga none --serial0 socket",
		  [LAUNCHER_OPENSTACK] = "openstack image set IMAGE --property hw_video_model=none, and nova.conf: [libvirt] "
					 "mem_stats_period_seconds = 0, [DEFAULT] pointer_model = ps2mouse",
		  [LAUNCHER_KUBEVIRT] = KUBEVIRT "devices: {autoattachMemBalloon: false, autoattachGraphicsDevice: false, "
						 "autoattachInputDevice: false}, clock: {timer: {hpet: {present: false}}}",
		  [LAUNCHER_VLAT] = "vlat stop @name and start it again: vlat run vm gives none of them" } },
	{ .id = "vm.emulator_place",
	  .source = "libvirt formatdomain, CPU Tuning; QemuServer.pm, affinity; nova admin/cpu-topologies; KubeVirt "
		    "schema.go, CPU",
	  .by = { [LAUNCHER_HAND] = "taskset -cp @house TID for the threads named",
		  [LAUNCHER_LIBVIRT] = EDIT "<cputune><emulatorpin cpuset='@house'/><iothreadpin iothread='1' cpuset='@house'/>"
					    "</cputune>; at once: virsh emulatorpin @name @house --live",
		  [LAUNCHER_PROXMOX] =
			  "qm set @name --affinity pins all threads alike: a hookscript that does taskset -cp @house TID for "
			  "the threads named after the start",
		  [LAUNCHER_OPENSTACK] = FLAVOR "hw:emulator_threads_policy=share, with [compute] cpu_shared_set=@house in "
						"nova.conf" NOVA_AGAIN,
		  [LAUNCHER_KUBEVIRT] = KUBEVIRT "cpu: {dedicatedCpuPlacement: true, isolateEmulatorThread: true}",
		  [LAUNCHER_VLAT] = "vlat run vm --tuning vlat: it keeps the emulator off the vCPUs' CPUs" } },
	{ .id = "vm.hint_dedicated",
	  .source = "libvirt formatdomain, Hypervisor features; QemuServer.pm, args; KubeVirt converter/vcpu/vcpu.go",
	  .by = { [LAUNCHER_HAND] = "QEMU: -cpu host,kvm-hint-dedicated=on, for pinned vCPUs",
		  [LAUNCHER_LIBVIRT] = EDIT "<features><kvm><hint-dedicated state='on'/></kvm></features>, for pinned vCPUs",
		  [LAUNCHER_PROXMOX] = QM_ARGS "-cpu host,kvm-hint-dedicated=on', for pinned vCPUs (it replaces the option cpu:)",
		  [LAUNCHER_OPENSTACK] =
			  NOVA_NO "hw:cpu_policy=dedicated pins the vCPUs, the guest can be told by its own parameter "
				  "cpuidle_haltpoll.force=1",
		  [LAUNCHER_KUBEVIRT] = KUBEVIRT
		  "cpu: {dedicatedCpuPlacement: true} gives it on x86 (KubeVirt from 0.48 on); before, the guest "
		  "has its own parameter cpuidle_haltpoll.force=1",
		  [LAUNCHER_VLAT] = "vlat run vm --accelerator kvm with CPUs set apart: it gives the hint where KVM has it" } },
	{ .id = "vm.invtsc",
	  .source = "libvirt formatdomain, CPU model; QemuServer/CPUFlags.pm has no such flag; nova conf/libvirt.py, "
		    "cpu_model_extra_flags; KubeVirt schema.go, CPU",
	  .by = { [LAUNCHER_HAND] = "QEMU: -cpu host,migratable=no,+invtsc",
		  [LAUNCHER_LIBVIRT] =
			  EDIT "<cpu mode='host-passthrough' migratable='off'><feature policy='require' name='invtsc'/></cpu>",
		  [LAUNCHER_PROXMOX] = QM_ARGS "-cpu host,migratable=no,+invtsc' (it replaces the option cpu:)",
		  [LAUNCHER_OPENSTACK] = "nova.conf: [libvirt] cpu_mode = host-passthrough, cpu_model_extra_flags = invtsc",
		  [LAUNCHER_KUBEVIRT] = KUBEVIRT "cpu: {model: host-passthrough, features: [{name: invtsc, policy: require}]}",
		  [LAUNCHER_VLAT] = "vlat run vm --accelerator kvm: it gives the clock where the host's is invariant" } },
	{ .id = "vm.iothread",
	  .source = "libvirt formatdomain, IOThreads Allocation; pve-docs qm, IO Thread; nova release note "
		    "iothread-for-vms; KubeVirt schema.go, ioThreadsPolicy",
	  .by = { [LAUNCHER_HAND] = "QEMU: -object iothread,id=io0 -device virtio-blk-pci,iothread=io0",
		  [LAUNCHER_LIBVIRT] = EDIT "<iothreads>1</iothreads>, and in each <disk> <driver iothread='1'/>",
		  [LAUNCHER_PROXMOX] = "qm set @name --scsihw virtio-scsi-single --scsi0 VOLUME,iothread=1",
		  [LAUNCHER_OPENSTACK] =
			  NOVA_NO "releases from 2026.1 on make one by themselves, older ones leave disks to the emulator",
		  [LAUNCHER_KUBEVIRT] = KUBEVIRT "ioThreadsPolicy: auto, or dedicatedIOThread: true for one disk",
		  [LAUNCHER_VLAT] = "vlat run vm gives its disk none yet: for work bound by the disk use libvirt's" } },
	{ .id = "vm.memory",
	  .source = "libvirt formatdomain, Memory Backing; QemuServer/Memory.pm; nova extra_specs/hw.py, "
		    "hw:mem_page_size; KubeVirt schema.go, Hugepages",
	  .by = { [LAUNCHER_HAND] =
			  "QEMU: -object memory-backend-memfd,id=m,size=SIZE,hugetlb=on,prealloc=on -machine memory-backend=m",
		  [LAUNCHER_LIBVIRT] = EDIT "<memoryBacking><hugepages/></memoryBacking>",
		  [LAUNCHER_PROXMOX] = "qm set @name --numa 1 --hugepages 2 (or 1024)",
		  [LAUNCHER_OPENSTACK] = FLAVOR "hw:mem_page_size=large" NOVA_AGAIN,
		  [LAUNCHER_KUBEVIRT] = KUBEVIRT "memory: {hugepages: {pageSize: 2Mi}}, with pages set aside on the node",
		  [LAUNCHER_VLAT] = "vlat run vm --pages auto" } },
	{ .id = "vm.net_backend",
	  .source = "libvirt formatdomain, Network interfaces; pve-docs qm, Network Device; nova admin/sr-iov; "
		    "KubeVirt schema.go, Interface",
	  .by = { [LAUNCHER_HAND] =
			  "QEMU: -netdev tap,vhost=on with -device virtio-net-pci, or -device vfio-pci for a virtual function",
		  [LAUNCHER_LIBVIRT] =
			  EDIT "<interface type='bridge'>...<model type='virtio'/><driver name='vhost'/>, or <interface "
			       "type='hostdev'> for a virtual function",
		  [LAUNCHER_PROXMOX] = "qm set @name --net0 virtio,bridge=BRIDGE, or --hostpci0 ADDRESS for a virtual function",
		  [LAUNCHER_OPENSTACK] =
			  "openstack image set IMAGE --property hw_vif_model=virtio, or a port with --vnic-type direct for "
			  "a virtual function",
		  [LAUNCHER_KUBEVIRT] =
			  KUBEVIRT "devices: {interfaces: [{name: NAME, model: virtio, bridge: {}}]}, or sriov: {} for a "
				   "virtual function",
		  [LAUNCHER_VLAT] = "vlat run vm --net vhost-net, macvtap or vf" } },
	{ .id = "vm.pmu_off",
	  .source = "libvirt formatdomain, Hypervisor features; nova extra_specs/hw.py, hw:pmu; KubeVirt "
		    "converter/vcpu/vcpu.go",
	  .by = { [LAUNCHER_HAND] = "QEMU: -cpu host,pmu=off",
		  [LAUNCHER_LIBVIRT] = EDIT "<features><pmu state='off'/></features>",
		  [LAUNCHER_PROXMOX] = QM_ARGS "-cpu host,pmu=off' (it replaces the option cpu:)",
		  [LAUNCHER_OPENSTACK] = FLAVOR "hw:pmu=false" NOVA_AGAIN,
		  [LAUNCHER_KUBEVIRT] = KUBEVIRT "cpu: {realtime: {}} takes them away (it wants dedicated CPUs, huge pages and "
						 "guestMappingPassthrough); no field of its own does",
		  [LAUNCHER_VLAT] = "vlat run vm has no option for it; QEMU: -cpu host,pmu=off" } },
	{ .id = "vm.smt_share",
	  .source = "libvirt formatdomain, CPU Tuning; QemuServer.pm, affinity; nova extra_specs/hw.py, "
		    "hw:cpu_thread_policy; Kubernetes CPU Management Policies",
	  .by = { [LAUNCHER_HAND] = "taskset -cp CPU TID, so that both hardware threads of a core are one VM's",
		  [LAUNCHER_LIBVIRT] =
			  EDIT "<vcpupin> so that both hardware threads of a core are one VM's; at once: virsh vcpupin @name "
			       "VCPU CPU --live",
		  [LAUNCHER_PROXMOX] = "qm set @name --affinity with whole cores (lscpu -e shows which CPUs are one core)",
		  [LAUNCHER_OPENSTACK] = FLAVOR "hw:cpu_thread_policy=require for pairs, or isolate for a core each" NOVA_AGAIN,
		  [LAUNCHER_KUBEVIRT] =
			  "kubelet of the node: cpuManagerPolicyOptions: {full-pcpus-only: \"true\"}, and an even number of "
			  "vCPUs",
		  [LAUNCHER_VLAT] = "vlat run vm --cpus COUNT: it gives cores, not threads" } },
	{ .id = "vm.thread_pin",
	  .source = "libvirt formatdomain, CPU Tuning; QemuServer.pm, affinity; nova admin/cpu-topologies; Kubernetes "
		    "CPU Management Policies",
	  .by = { [LAUNCHER_HAND] = "taskset -cp CPU TID for each vCPU thread, a CPU of @iso for each",
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
	{ .id = "vm.tsc_deadline",
	  .source = "libvirt formatdomain, CPU model; nova conf/libvirt.py, cpu_model_extra_flags; KubeVirt schema.go, "
		    "CPUFeature",
	  .by = { [LAUNCHER_HAND] = "QEMU: -cpu host,+tsc-deadline",
		  [LAUNCHER_LIBVIRT] = EDIT "<cpu mode='host-passthrough'><feature policy='require' name='tsc-deadline'/></cpu>",
		  [LAUNCHER_PROXMOX] = QM_ARGS "-cpu host,+tsc-deadline' (it replaces the option cpu:)",
		  [LAUNCHER_OPENSTACK] = "nova.conf: [libvirt] cpu_model_extra_flags = tsc-deadline",
		  [LAUNCHER_KUBEVIRT] = KUBEVIRT "cpu: {features: [{name: tsc-deadline, policy: require}]}",
		  [LAUNCHER_VLAT] = "vlat stop @name and start it again: vlat run vm never takes it away" } },
	{ "vm.x2apic",
	  .source = "libvirt formatdomain, CPU model; nova conf/libvirt.py, cpu_model_extra_flags; KubeVirt schema.go, "
		    "CPUFeature",
	  .by = { [LAUNCHER_HAND] = "QEMU: -cpu host,+x2apic",
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
	const char *source;
	const char *by[ENGINE_COUNT];
};

#define UPDATE_CPUS " update --cpuset-cpus @house @name; @iso for the one that latency is for"
#define RUN_MEMS    " update --cpuset-mems NODE @name, the node of its CPUs"
#define RUN_RT                                                                                                                   \
	" run --cpu-rt-runtime=950000 --ulimit rtprio=99 --cap-add=sys_nice, on cgroup v1 only, with a budget in the parent "    \
	"group"
#define STATIC_CPUS "kubelet: cpuManagerPolicy: static, and in the pod whole CPUs with requests equal to limits"
#define NODE_POLICY "kubelet: topologyManagerPolicy: single-numa-node, and in the pod whole CPUs with requests equal to limits"
#define POD_NO_RT                                                                                                                \
	"Kubernetes gives no real-time budget: a node without CONFIG_RT_GROUP_SCHED (or with rt_group_sched=0) needs none"
/* LXC 7 knows cgroup v2 only. */
#define LXC_SET    "in /var/lib/lxc/@name/config (Proxmox: /etc/pve/lxc/@name.conf; on cgroup v1 lxc.cgroup for lxc.cgroup2): "
/* @name is the unit here: a scope or a service. */
#define NSPAWN_SET "systemctl set-property @name "

static const struct container_cure_row container_rows[] = {
	{ .id = "ctr.cpuset",
	  .source = "docker, podman and nerdctl update; Kubernetes CPU Management Policies; lxc.container.conf(5); "
		    "systemd.resource-control(5), AllowedCPUs=",
	  .by = { [ENGINE_DOCKER] = "docker" UPDATE_CPUS,
		  [ENGINE_PODMAN] = "podman" UPDATE_CPUS,
		  [ENGINE_CONTAINERD] = "nerdctl" UPDATE_CPUS,
		  [ENGINE_CRIO] = STATIC_CPUS,
		  [ENGINE_POD] = STATIC_CPUS,
		  [ENGINE_LXC] = LXC_SET "lxc.cgroup2.cpuset.cpus = @house; @iso for the one that latency is for",
		  [ENGINE_NSPAWN] = NSPAWN_SET "AllowedCPUs=@house; @iso for the one that latency is for" } },
	{ .id = "ctr.mems",
	  .source = "docker, podman and nerdctl update; Kubernetes Topology Management Policies; "
		    "lxc.container.conf(5); systemd.resource-control(5), AllowedMemoryNodes=",
	  .by = { [ENGINE_DOCKER] = "docker" RUN_MEMS,
		  [ENGINE_PODMAN] = "podman" RUN_MEMS,
		  [ENGINE_CONTAINERD] = "nerdctl" RUN_MEMS,
		  [ENGINE_CRIO] = NODE_POLICY,
		  [ENGINE_POD] = NODE_POLICY,
		  [ENGINE_LXC] = LXC_SET "lxc.cgroup2.cpuset.mems = NODE, the node of its CPUs",
		  [ENGINE_NSPAWN] = NSPAWN_SET "AllowedMemoryNodes=NODE, the node of its CPUs" } },
	{ .id = "ctr.overlap",
	  .source = "docker, podman and nerdctl update; Kubernetes CPU Management Policies; lxc.container.conf(5); "
		    "systemd.resource-control(5), AllowedCPUs=",
	  .by = { [ENGINE_DOCKER] = "docker update --cpuset-cpus LIST @name, CPUs of @iso that no other container has",
		  [ENGINE_PODMAN] = "podman update --cpuset-cpus LIST @name, CPUs of @iso that no other container has",
		  [ENGINE_CONTAINERD] = "nerdctl update --cpuset-cpus LIST @name, CPUs of @iso that no other container has",
		  [ENGINE_CRIO] = STATIC_CPUS,
		  [ENGINE_POD] = STATIC_CPUS,
		  [ENGINE_LXC] = LXC_SET "lxc.cgroup2.cpuset.cpus = LIST, CPUs of @iso that no other container has",
		  [ENGINE_NSPAWN] = NSPAWN_SET "AllowedCPUs=LIST, CPUs of @iso that no other container has" } },
	{ .id = "ctr.quota",
	  .source = "docker, podman and nerdctl update; CRI-O high_performance_hooks_linux.go; Kubernetes, "
		    "DisableCPUQuotaWithExclusiveCPUs; systemd.resource-control(5), CPUQuota=",
	  .by = { [ENGINE_DOCKER] = "docker update --cpu-quota -1 @name, and no --cpus at the next start",
		  [ENGINE_PODMAN] = "podman update --cpu-quota -1 @name, and no --cpus at the next start",
		  [ENGINE_CONTAINERD] = "nerdctl update --cpu-quota -1 @name, and no --cpus at the next start",
		  [ENGINE_CRIO] = "annotation cpu-quota.crio.io: disable with a runtime class that allows it, or no limits.cpu "
				  "in the pod",
		  [ENGINE_POD] = "no limits.cpu in the pod, or the static CPU manager with whole CPUs (kubelet 1.33 and later "
				 "set no quota then)",
		  [ENGINE_LXC] = LXC_SET "no lxc.cgroup2.cpu.max (Proxmox: pct set @name --delete cpulimit)",
		  [ENGINE_NSPAWN] = NSPAWN_SET "CPUQuota=" } },
	{ .id = "ctr.rt_budget",
	  .source = "docker run, podman-run(1), --cpu-rt-runtime; LXC 7.0 lxc.container.conf(5); "
		    "Documentation/scheduler/sched-rt-group.rst",
	  .by = { [ENGINE_DOCKER] = "docker" RUN_RT,
		  [ENGINE_PODMAN] = "podman" RUN_RT,
		  [ENGINE_CONTAINERD] = "write a budget to cpu.rt_runtime_us of each group above, then of its own",
		  [ENGINE_CRIO] = POD_NO_RT,
		  [ENGINE_POD] = POD_NO_RT,
		  [ENGINE_LXC] =
			  LXC_SET "lxc.cgroup.cpu.rt_runtime_us = 950000 (LXC before 7), with a budget in the parent group",
		  [ENGINE_NSPAWN] =
			  "systemd has no words for it: write a budget to cpu.rt_runtime_us of each group above, then of its "
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

const char *cure_source(const char *knob_id)
{
	for (size_t i = 0; i < ARRAY_SIZE(vm_rows); i++) {
		if (text_eq(vm_rows[i].id, knob_id))
			return vm_rows[i].source;
	}
	for (size_t i = 0; i < ARRAY_SIZE(container_rows); i++) {
		if (text_eq(container_rows[i].id, knob_id))
			return container_rows[i].source;
	}
	return NULL;
}
