/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A study over the datapaths that most machines lack: virtual function, whole card, vhost-net, ipvlan.  Its guests run
 * in nested KVM.  Each way carries requests and a stream between peer and system under test.  Then a card of another
 * kind, given away whole; then two guests at once, each with a function of the one port.  Afterwards all is as before.
 */
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "lab_test.h"

static const char *vlat, *guests, *agent; /* argv of the program, set once by main() */

static const char study_text[] = "name: lab\n"
				 "title: Datapaths of the lab\n"
				 "blocks: 1\n"
				 "duration: 1s\n"
				 "warmup: 100ms\n"
				 "suts: [container, vm]\n"
				 "container: { datapaths: [vf, ipvlan] }\n"
				 "vm: { datapaths: [vf, 'pf,dev=eth0,peer=eth1', vhost-net, macvtap] }\n"
				 "tunings:\n"
				 "  - name: stock\n"
				 "interference:\n"
				 "  - name: idle\n"
				 "workloads:\n"
				 "  - name: tcp-rr\n"
				 "  - name: tcp-stream\n";

static const char *const systems[][2] = { { "container", "vf" }, { "container", "ipvlan" }, { "vm", "vf" },
					  { "vm", "pf" },        { "vm", "vhost-net" },     { "vm", "macvtap" } };

static const char *text_of(const json_t *of, const char *member)
{
	const char *text = json_string_value(json_object_get(of, member));

	return text ? text : "";
}

/* One run: without an error, something moved, and a guest ran on the lab's KVM. */
static void check_cell(const json_t *cell)
{
	const char *why = text_of(json_object_get(cell, "error"), "text");

	if (*why)
		printf("%s over %s, %s: %s\n", text_of(cell, "sut"), text_of(cell, "datapath"), text_of(cell, "workload"), why);
	check(json_is_null(json_object_get(cell, "error")));
	check(json_number_value(json_object_get(cell, "transactions")) > 0);
	if (text_eq(text_of(cell, "sut"), "vm"))
		check(text_eq(text_of(json_object_get(cell, "platform"), "accelerator"), "kvm"));
}

static unsigned check_system(const char *dir, const char *sut, const char *datapath)
{
	unsigned n = 0;

	for (unsigned id = 1; id <= 2 * ARRAY_SIZE(systems); id++) {
		char path[256];
		json_t *cell;

		(void) text_print(path, sizeof(path), "%s/r/cells/%04u.json", dir, id);
		cell = json_load_file(path, 0, NULL);
		check(cell);
		if (text_eq(text_of(cell, "sut"), sut) && text_eq(text_of(cell, "datapath"), datapath)) {
			check_cell(cell);
			n++;
		}
		json_decref(cell);
	}
	return n;
}

static void test_study(void)
{
	const char *dir = lab_folder("study");
	char file[160], results[160];
	struct lab_said s;
	int fd;

	(void) text_print(file, sizeof(file), "%s/study.yaml", dir);
	(void) text_print(results, sizeof(results), "%s/r", dir);
	fd = open(file, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	check(fd >= 0 && write(fd, study_text, strlen(study_text)) == (ssize_t) strlen(study_text));
	close(fd);
	s = LAB("--kernel", "backports", "--nic", "igb,virtio,e1000e", "--timeout", "25m", "--out", dir, "--", "sh",
		SOURCE_ROOT "/tests/lab/study.sh", vlat, file, results, guests, agent);
	printf("%s", s.err);
	lab_exited(&s, 0);
	for (size_t i = 0; i < ARRAY_SIZE(systems); i++)
		check(check_system(dir, systems[i][0], systems[i][1]) == 2);
	lab_is(lab_value(&s, "e1000e"), "0");
	lab_is(lab_value(&s, "e1000e-path"), "pf kvm");
	check(atoi(lab_value(&s, "e1000e-moved")) > 0);
	lab_is(lab_value(&s, "guests"), "both");
	lab_is(lab_value(&s, "same"), "yes");
	lab_is(lab_value(&s, "journals"), "0");
	lab_said_free(&s);
}

static const struct lab_test tests[] = {
	{ "study", test_study },
};

int main(int argc, char **argv)
{
	/* VLAT-LAB VLAT LAB-GUESTS VLAT-AGENT [TEST] */
	check(argc > 4);
	vlat = argv[2];
	guests = argv[3];
	agent = argv[4];
	argv[4] = argv[1];
	return lab_main(argc - 3, argv + 3, tests, ARRAY_SIZE(tests));
}
