/* SPDX-License-Identifier: Apache-2.0 */
/* Wrong words: one sentence that names the input, the reason, the cure; exit code 125; nothing is booted. */
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "lab_test.h"

struct wrong {
	const char *words[6];
	const char *said[3];
};

static const struct wrong wrongs[] = {
	{ .words = { "--kernel", "cload", "--", "true" }, .said = { "cload", "standard, rt, cloud" } },
	{ .words = { "--nic", "igb,e1000", "--", "true" }, .said = { "'e1000'", "e1000e" } },
	{ .words = { "--nic", "igb,", "--", "true" }, .said = { "''", "igb, e1000e or virtio" } },
	{ .words = { "--nic", "igb,igb,igb,igb,igb,igb,igb,igb,igb", "--", "true" }, .said = { "more than 8" } },
	{ .words = { "--kernel", "cloud", "--nic", "igb", "--" , "true"}, .said = { "no driver" } },
	{ .words = { NULL }, .said = { "no command", "'--'" } },
	{ .words = { "--cpus", "0", "--", "true" }, .said = { "--cpus 0", "1 to 32" } },
	{ .words = { "--cpus", "two", "--", "true" }, .said = { "--cpus two" } },
	{ .words = { "--memory", "100M", "--", "true" }, .said = { "100M", "at least 512M" } },
	{ .words = { "--cmdline", "quiet\nloud", "--", "true" }, .said = { "--cmdline", "line break" } },
	{ .words = { "--persist", "not/absolute", "--", "true" }, .said = { "not/absolute", "absolute" } },
	{ .words = { "--persist", "/no/such folder", "--", "true" }, .said = { "/no/such folder", "No such file" } },
	{ .words = { "--out", "/dev/null", "--", "true" }, .said = { "/dev/null", "no folder" } },
	{ .words = { "--timeout", "0", "--", "true" }, .said = { "--timeout 0" } },
	{ .words = { "--colour", "--", "true" }, .said = { "no option --colour" } },
};

static void one_sentence(const struct lab_said *s)
{
	const char *end = strchr(s->err, '\n');

	check(strncmp(s->err, "lab: ", 5) == 0 && end && end[1] == '\0');
	check(*s->out == '\0');
}

static void test_wrong_words(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(wrongs); i++) {
		struct lab_said s = lab_words(wrongs[i].words, NULL);

		lab_exited(&s, 125);
		one_sentence(&s);
		for (size_t k = 0; k < ARRAY_SIZE(wrongs[i].said) && wrongs[i].said[k]; k++)
			lab_has(s.err, wrongs[i].said[k]);
		lab_said_free(&s);
	}
}

static void test_no_qemu(void)
{
	static const char *const words[] = { "--", "true", NULL }, *const igb[] = { "--nic", "igb", "--", "true", NULL };
	struct lab_said s = lab_words(words, "VLAT_LAB_QEMU=/nowhere/qemu");

	lab_exited(&s, 125);
	one_sentence(&s);
	lab_has(s.err, "/nowhere/qemu");
	lab_said_free(&s);

	s = lab_words(igb, "VLAT_LAB_QEMU=/bin/false"); /* a program, but no QEMU */
	lab_exited(&s, 125);
	one_sentence(&s);
	lab_has(s.err, "/bin/false");
	lab_said_free(&s);
}

static void test_help(void)
{
	struct lab_said s = LAB("--help");

	lab_exited(&s, 0);
	lab_has(s.out, "--persist");
	lab_has(s.out, "igb (SR-IOV");
	check(*s.err == '\0');
	lab_said_free(&s);
}

int main(int argc, char **argv)
{
	lab_begin(argc, argv);
	test_wrong_words();
	test_no_qemu();
	test_help();
	return 0;
}
