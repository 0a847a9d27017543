/* SPDX-License-Identifier: Apache-2.0 */
/* Every kernel boots, runs the command, and hands its results back; what the lab promises is there. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fs.h"
#include "base/text.h"
#include "base/vec.h"
#include "lab_test.h"

/* Facts as "name=value" lines. */
#define FACTS                                                                                                 \
	"echo kernel=$(uname -r) $(uname -v); echo uid=$(id -u); echo folder=$PWD; echo lab=$LAB;"            \
	"echo groups=$(ls /sys/kernel/iommu_groups | wc -l); test -c /dev/kvm && echo kvm=yes;"               \
	"echo module=$(grep -c ^kvm_amd /proc/modules); echo cgroup=$(cat /proc/self/cgroup);"                \
	"echo v1=$(grep -c '^cgroup ' /proc/mounts); echo cpus=$(nproc);"                                     \
	"echo clock=$(cat /sys/devices/system/clocksource/clocksource0/current_clocksource);"

static void test_standard(void)
{
	struct lab_said s = LAB("--nic", "igb,e1000e,virtio", "--memory", "4G", "--disk", "--cmdline",
				"hugepagesz=1G hugepages=1 hugepagesz=2M hugepages=7", "--", "sh", "-c",
				FACTS "cd /sys/kernel/mm/hugepages; echo huge2m=$(cat hugepages-2048kB/nr_hugepages);"
				      "echo huge1g=$(cat hugepages-1048576kB/nr_hugepages);"
				      "for i in 0 1 2; do echo nic$i=$(cat /sys/class/net/eth$i/address)"
				      " $(basename $(readlink /sys/class/net/eth$i/device/driver)); done;"
				      "echo 7 >/sys/class/net/eth0/device/sriov_numvfs;"
				      "echo vfs=$(ls -d /sys/class/net/eth0/device/virtfn* | wc -l);"
				      "modprobe dummy && echo modprobe=$(grep -c ^dummy /proc/modules);"
				      "test -b /dev/vda && echo disk=$(cat /sys/block/vda/size);"
				      "read line; echo stdin=$?; echo complaint >&2; exit 7");

	lab_exited(&s, 7);
	lab_is(s.err, "complaint\n");
	lab_is(lab_value(&s, "uid"), "0");
	lab_is(lab_value(&s, "lab"), "standard");
	lab_is(lab_value(&s, "kvm"), "yes");
	lab_is(lab_value(&s, "module"), "1");
	lab_is(lab_value(&s, "cgroup"), "0::/lab.slice/job.scope");
	lab_is(lab_value(&s, "v1"), "0");
	lab_is(lab_value(&s, "cpus"), "2");
	lab_is(lab_value(&s, "huge2m"), "7");
	lab_is(lab_value(&s, "huge1g"), "1");
	lab_is(lab_value(&s, "nic0"), "52:54:00:aa:00:01 igb");
	lab_is(lab_value(&s, "nic1"), "52:54:00:aa:00:02 e1000e");
	lab_is(lab_value(&s, "nic2"), "52:54:00:aa:00:03 virtio_net");
	lab_is(lab_value(&s, "vfs"), "7");
	lab_is(lab_value(&s, "modprobe"), "1");
	lab_is(lab_value(&s, "disk"), "16777216");
	check(!text_eq(lab_value(&s, "stdin"), "0"));
	check(atoi(lab_value(&s, "groups")) >= 4);
	lab_said_free(&s);
}

static void test_rt(void)
{
	struct lab_said s = LAB("--kernel", "rt", "--", "sh", "-c", FACTS "echo rt=$(cat /sys/kernel/realtime)");

	lab_exited(&s, 0);
	lab_has(lab_value(&s, "kernel"), "PREEMPT_RT");
	lab_is(lab_value(&s, "rt"), "1");
	lab_is(lab_value(&s, "kvm"), "yes"); /* it refuses without an invariant TSC */
	lab_said_free(&s);
}

/* 9p is missing there, and with it the path that the others use. */
static void test_cloud(void)
{
	struct lab_said s = LAB("--kernel", "cloud", "--nic", "virtio", "--", "sh", "-c",
				FACTS "echo root=$(grep -c ' /r/lower \\| / overlay ' /proc/mounts)");

	lab_exited(&s, 0);
	lab_has(lab_value(&s, "kernel"), "cloud");
	lab_is(lab_value(&s, "kvm"), "yes");
	lab_said_free(&s);
}

static void test_backports(void)
{
	struct lab_said s = LAB("--kernel", "backports", "--cpus", "3", "--", "sh", "-c", FACTS "kill -TERM $$");

	lab_exited(&s, 128 + 15);
	lab_is(lab_value(&s, "cpus"), "3");
	lab_hasnt(lab_value(&s, "kernel"), "6.1.");
	lab_said_free(&s);
}

/* What one boot leaves, the next one with other boot parameters finds; the folder --out takes what was left. */
static void test_persist(void)
{
	AUTO_FREE char *persist = xstrdup(lab_folder("persist, with \"odd\" name")), *out = xstrdup(lab_folder("out")),
		       *console = xprintf("%s/console.log", out), *left = xprintf("%s/left", out);
	AUTO_FREE char *text = NULL;
	struct err e = { 0 };
	struct lab_said s = LAB("--persist", persist, "--", "sh", "-c",
				"cat /sys/devices/system/cpu/isolated >\"$LAB_PERSIST/isolated\"; touch /etc/left-behind");

	lab_exited(&s, 0);
	lab_said_free(&s);
	check(access("/etc/left-behind", F_OK) < 0);
	s = LAB("--persist", persist, "--out", out, "--cmdline", "isolcpus=1", "--", "sh", "-c",
		"test -e /etc/left-behind && exit 9; echo before=$(cat \"$LAB_PERSIST/isolated\");"
		"echo now=$(cat /sys/devices/system/cpu/isolated); echo kept >$LAB_OUT/left");
	lab_exited(&s, 0);
	lab_is(lab_value(&s, "before"), "");
	lab_is(lab_value(&s, "now"), "1");
	lab_said_free(&s);
	check(access(console, F_OK) == 0);
	check(file_read_all(left, 100, &text, NULL, &e) >= 0 && text_eq(text, "kept\n"));
}

static const struct lab_test tests[] = {
	{ "standard", test_standard },   { "rt", test_rt },           { "cloud", test_cloud },
	{ "backports", test_backports }, { "persist", test_persist },
};

int main(int argc, char **argv)
{
	return lab_main(argc, argv, tests, ARRAY_SIZE(tests));
}
