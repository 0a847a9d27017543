/* SPDX-License-Identifier: Apache-2.0 */
/* spec_parts - what the files that make a spec of a study file share; private to them. */
#ifndef STUDY_SPEC_PARTS_H
#define STUDY_SPEC_PARTS_H

#include "base/vec.h"
#include "study/spec.h"
#include "study/spec_yaml.h"

/* What a spec borrows from: the YAML as read, and the lists made of it. */
struct spec_owner {
	struct yaml_study *yaml;
	VEC(void *) lists;
};

/* The text being read, for messages that name a line. */
struct reader {
	const char *text, *what;
	size_t len;
	struct spec_owner *owner;
	const struct yaml_study *y;
};

void *list_add(struct spec_owner *o, size_t n, size_t size); /* room for n and an end, zeroed */
const char *const *list_words(struct spec_owner *o, char *const *from, unsigned n);

/* "FILE: line 7: inner" for the value at that path ("vm.memory", "suts[1]"); returns err->code. */
int at_value(const struct reader *rd, struct err *err, const char *path, ...) __attribute__((format(printf, 3, 4)));

/* A level's name goes into files, tables and pictures; two of a kind could not be told apart. list: "tunings". */
int check_name(const struct reader *rd, const char *kind, const char *list, const char *name, const char *const *before,
	       unsigned n, struct err *err);

int read_systems(struct study_spec *s, const struct reader *rd, struct err *err);
int read_tunings(struct study_spec *s, const struct reader *rd, struct err *err);
int read_loads(struct study_spec *s, const struct reader *rd, struct err *err);

#endif
