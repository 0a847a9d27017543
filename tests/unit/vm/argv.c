/* SPDX-License-Identifier: Apache-2.0 */
/* The command line against tests/golden/qemu, one word a line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "../../golden/golden.h"
#include "base/cleanup.h"
#include "base/sink.h"
#include "base/vec.h"
#include "spec_samples.h"

static char *one_a_line(struct argv *argv)
{
	struct sink s = { 0 };

	for (size_t i = 0; i < argv->n; i++)
		sink_printf(&s, "%s\n", argv->at[i]);
	argv_free(argv);
	return s.text;
}

static void test_golden(void **state)
{
	(void) state;
	for (size_t i = 0; i < N_SAMPLES; i++) {
		struct argv argv = sample_argv(&samples[i]);
		AUTO_FREE char *text = one_a_line(&argv), *file = xprintf("qemu/%s.args", samples[i].name);

		golden_check(file, text);
	}
}

/* A QEMU that has nothing optional gets none of it. */
static void test_poor_qemu(void **state)
{
	struct sample poor = samples[1];
	struct argv argv;
	AUTO_FREE char *text = NULL;

	(void) state;
	poor.platform.qemu.caps.bits = 0;
	argv = sample_argv(&poor);
	text = one_a_line(&argv);
	golden_check("qemu/poor-qemu.args", text);
}

static struct vm_spec good(void)
{
	return (struct vm_spec){ .name = "a", .vcpus = 1, .memory_mb = 256 };
}

static void refused(struct vm_spec spec, const char *word)
{
	struct err err = { 0 };

	assert_int_equal(vm_spec_check(&spec, &err), -EINVAL);
	assert_non_null(strstr(err.text, word));
}

static void test_refusals(void **state)
{
	static const char *const bad_names[] = { "", "a b", "a,b", "../x", "-a", "a\nb" };
	static const char *const bad_macs[] = { "", "52:54:00:12:34:5", "52:54:00:12:34:5g", "52-54-00-12-34-56",
						"52:54:00:12:34,a" };
	struct vm_spec s = good();
	struct err err;

	(void) state;
	assert_int_equal(vm_spec_check(&s, &err), 0);
	for (size_t i = 0; i < ARRAY_SIZE(bad_names); i++) {
		s = good();
		s.name = bad_names[i];
		refused(s, "name");
	}
	for (size_t i = 0; i < ARRAY_SIZE(bad_macs); i++) {
		s = good();
		s.n_nics = 1;
		memcpy(s.nics[0].mac, bad_macs[i], strlen(bad_macs[i]) + 1);
		refused(s, "MAC");
	}
	s = good();
	s.n_nics = 1;
	memcpy(s.nics[0].mac, "52:54:00:12:34:56", 18);
	s.nics[0].tap_fd[0] = -1;
	refused(s, "tap");
	s.nics[0].tap_fd[0] = 3;
	s.nics[0].vhost = true;
	s.nics[0].vhost_fd[0] = -1;
	refused(s, "vhost-net");
	s.nics[0].vhost = false;
	s.nics[0].queues = s.vcpus + 1;
	refused(s, "one a vCPU");
	s.nics[0].queues = 1;
	s.nics[0].vhost = true;
	s.nics[0].kind = VM_NIC_E1000E;
	refused(s, "one queue and no vhost");
	s.nics[0] = (struct vm_nic){ .kind = VM_NIC_VFIO, .host = "01:10.0" };
	refused(s, "PCI address");
	s.nics[0] = s.nics[1] = (struct vm_nic){ .kind = VM_NIC_VFIO, .host = "0000:01:10.0" };
	assert_int_equal(vm_spec_check(&s, &err), 0);
	s.n_nics = 2;
	refused(s, "same device 0000:01:10.0");
	s = good();
	s.initrd = "/x";
	refused(s, "without a kernel");
	s = good();
	s.n_nics = VM_NICS_MAX + 1;
	refused(s, "interfaces");
	s = good();
	s.vcpus = 0;
	refused(s, "vCPU");
	s.vcpus = VM_VCPUS_MAX + 1;
	refused(s, "vCPU");
	s = good();
	s.memory_mb = 63;
	refused(s, "memory");
	s = good();
	s.append = "a\nb";
	refused(s, "control characters");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_golden),
		cmocka_unit_test(test_poor_qemu),
		cmocka_unit_test(test_refusals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
