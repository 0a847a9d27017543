/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The schema is a table of struct members; libcyaml refuses unknown keys and
 * wrong types.  It tells why through its log, some lines a complaint:
 *
 *	Load: Unexpected key: blockz
 *	Load: Backtrace:
 *	  in mapping (line: 2, column: 9)
 *
 *	  in mapping field 'vm' (line: 2, column: 3)
 *
 * of which one sentence is made.  For an unexpected key the position is that of
 * the value before it; but the fields around it, innermost first, are the path
 * by which the key is found in the text.
 */
#include "study/spec_yaml.h"

#include <cyaml/cyaml.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/cursor.h"
#include "base/text.h"
#include "base/vec.h"
#include "study/yaml_line.h"

enum { MOST_LEVELS = 64, MOST_WORDS = 256, MOST_TEXT = 4096 };

#define OPT (CYAML_FLAG_OPTIONAL | CYAML_FLAG_POINTER)
#define MAPPING(s, f)                                                                                                            \
	{                                                                                                                        \
		CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, s, f)                                                                    \
	}
#define TEXT(s, m)  CYAML_FIELD_STRING_PTR(#m, OPT, s, m, 1, MOST_TEXT)
#define WORDS(s, m) CYAML_FIELD_SEQUENCE(#m, OPT, s, m, &word, 0, MOST_WORDS)

static const cyaml_schema_value_t word = { CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char, 0, MOST_TEXT) };

static const cyaml_schema_field_t tuning_fields[] = {
	CYAML_FIELD_STRING_PTR("name", CYAML_FLAG_POINTER, struct yaml_tuning, name, 1, MOST_TEXT),
	WORDS(struct yaml_tuning, apply),
	WORDS(struct yaml_tuning, revert),
	WORDS(struct yaml_tuning, only),
	WORDS(struct yaml_tuning, except),
	CYAML_FIELD_BOOL("allow-insecure", CYAML_FLAG_OPTIONAL, struct yaml_tuning, allow_insecure),
	CYAML_FIELD_END,
};
static const cyaml_schema_value_t tuning = MAPPING(struct yaml_tuning, tuning_fields);

static const cyaml_schema_field_t load_fields[] = {
	CYAML_FIELD_STRING_PTR("name", CYAML_FLAG_POINTER, struct yaml_load, name, 1, MOST_TEXT),
	WORDS(struct yaml_load, command),
	CYAML_FIELD_END,
};
static const cyaml_schema_value_t load = MAPPING(struct yaml_load, load_fields);

static const cyaml_schema_field_t workload_fields[] = {
	CYAML_FIELD_STRING_PTR("name", CYAML_FLAG_POINTER, struct yaml_workload, name, 1, MOST_TEXT),
	TEXT(struct yaml_workload, as),
	TEXT(struct yaml_workload, duration),
	TEXT(struct yaml_workload, warmup),
	TEXT(struct yaml_workload, direction),
	TEXT(struct yaml_workload, interval),
	TEXT(struct yaml_workload, timeout),
	TEXT(struct yaml_workload, set),
	CYAML_FIELD_STRING_PTR("set-pages", OPT, struct yaml_workload, set_pages, 1, MOST_TEXT),
	CYAML_FIELD_BOOL_PTR("ladder", OPT, struct yaml_workload, ladder),
	CYAML_FIELD_FLOAT("rate", CYAML_FLAG_OPTIONAL, struct yaml_workload, rate),
	CYAML_FIELD_UINT_PTR("request-bytes", OPT, struct yaml_workload, request_bytes),
	CYAML_FIELD_UINT_PTR("response-bytes", OPT, struct yaml_workload, response_bytes),
	CYAML_FIELD_BOOL("aa", CYAML_FLAG_OPTIONAL, struct yaml_workload, aa),
	CYAML_FIELD_END,
};
static const cyaml_schema_value_t workload = MAPPING(struct yaml_workload, workload_fields);

static const cyaml_schema_field_t vm_fields[] = {
	TEXT(struct yaml_vm, memory),     CYAML_FIELD_UINT("vcpus", CYAML_FLAG_OPTIONAL, struct yaml_vm, vcpus),
	TEXT(struct yaml_vm, kernel),     TEXT(struct yaml_vm, pages),
	WORDS(struct yaml_vm, datapaths), CYAML_FIELD_END,
};

static const cyaml_schema_field_t sut_fields[] = {
	WORDS(struct yaml_sut, datapaths),
	CYAML_FIELD_END,
};

static const cyaml_schema_field_t quick_fields[] = {
	CYAML_FIELD_UINT("blocks", CYAML_FLAG_OPTIONAL, struct yaml_quick, blocks),
	TEXT(struct yaml_quick, duration),
	TEXT(struct yaml_quick, warmup),
	CYAML_FIELD_END,
};

static const cyaml_schema_field_t study_fields[] = {
	CYAML_FIELD_STRING_PTR("name", CYAML_FLAG_POINTER, struct yaml_study, name, 1, MOST_TEXT),
	TEXT(struct yaml_study, title),
	CYAML_FIELD_UINT("blocks", CYAML_FLAG_DEFAULT, struct yaml_study, blocks),
	TEXT(struct yaml_study, duration),
	TEXT(struct yaml_study, warmup),
	TEXT(struct yaml_study, peer),
	CYAML_FIELD_SEQUENCE("suts", CYAML_FLAG_POINTER, struct yaml_study, suts, &word, 1, MOST_LEVELS),
	WORDS(struct yaml_study, datapaths),
	TEXT(struct yaml_study, device),
	CYAML_FIELD_SEQUENCE("guest-kernels", OPT, struct yaml_study, guest_kernels, &word, 0, MOST_LEVELS),
	WORDS(struct yaml_study, pages),
	CYAML_FIELD_SEQUENCE("tunings", CYAML_FLAG_POINTER, struct yaml_study, tunings, &tuning, 1, MOST_LEVELS),
	CYAML_FIELD_SEQUENCE("interference", CYAML_FLAG_POINTER, struct yaml_study, interference, &load, 1, MOST_LEVELS),
	CYAML_FIELD_SEQUENCE("workloads", CYAML_FLAG_POINTER, struct yaml_study, workloads, &workload, 1, MOST_LEVELS),
	CYAML_FIELD_MAPPING_PTR("native", OPT, struct yaml_study, native, sut_fields),
	CYAML_FIELD_MAPPING_PTR("container", OPT, struct yaml_study, container, sut_fields),
	CYAML_FIELD_MAPPING_PTR("vm", OPT, struct yaml_study, vm, vm_fields),
	CYAML_FIELD_MAPPING_PTR("quick", OPT, struct yaml_study, quick, quick_fields),
	CYAML_FIELD_END,
};
static const cyaml_schema_value_t study = { CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct yaml_study, study_fields) };

struct complaint {
	char text[200];
	char path[200]; /* of the mapping around it: "vm.", "workloads[1]." */
	unsigned line;
};

/* A step outwards: "in mapping field 'vm'", "in sequence entry '2'"; the first entry is 1. */
static void step_out(struct complaint *c, const char *said)
{
	static const char field[] = "in mapping field '", entry[] = "in sequence entry '";
	char inner[sizeof(c->path)];
	const char *at = strstr(said, field), *end;
	uint64_t number;

	text_print(inner, sizeof(inner), "%s", c->path);
	if (at && (end = strchr(at += strlen(field), '\'')))
		text_print(c->path, sizeof(c->path), "%.*s%s%s", (int) (end - at), at, inner[0] == '[' ? "" : ".", inner);
	else if ((at = strstr(said, entry)) && (at += strlen(entry), take_u64(&at, &number)) && number > 0)
		text_print(c->path, sizeof(c->path), "[%u].%s", (unsigned) (number - 1), inner);
}

static void __attribute__((format(printf, 3, 0))) listen(cyaml_log_t level, void *arg, const char *fmt, va_list ap)
{
	struct complaint *c = arg;
	char said[200];
	const char *at;
	uint64_t line;

	(void) level;
	vsnprintf(said, sizeof(said), fmt, ap);
	at = strstr(said, "(line: ");
	if (!at && !c->text[0])
		text_print(c->text, sizeof(c->text), "%s",
			   text_trim(said + (text_starts(said, "Load: ") ? strlen("Load: ") : 0)));
	if (!at)
		return;
	step_out(c, said);
	if (!c->line && (at += strlen("(line: "), take_u64(&at, &line)))
		c->line = (unsigned) line;
}

static bool word_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

/* An unexpected key stands where its path is; "" before it: at the top. */
static unsigned line_of_key(const struct complaint *c, const char *key, const char *text, size_t len)
{
	char path[sizeof(c->path) + sizeof(c->text)];
	size_t around = strlen(c->path);

	while (around > 0 && c->path[around - 1] == '.')
		around--;
	text_print(path, sizeof(path), "%.*s%s%s", (int) around, c->path, around ? "." : "", key);
	return yaml_line_of(text, len, path);
}

static int complain(struct complaint *c, cyaml_err_t code, const char *text, size_t len, const char *what, struct err *err)
{
	static const char unexpected[] = "Unexpected key: ";

	if (code == CYAML_ERR_OOM)
		return err_set(err, -ENOMEM, "%s: out of memory", what);
	if (text_starts(c->text, unexpected))
		c->line = line_of_key(c, c->text + strlen(unexpected), text, len);
	if (!c->text[0])
		text_print(c->text, sizeof(c->text), "%s", cyaml_strerror(code));
	if (!c->line)
		return err_set(err, -EINVAL, "%s: %s; docs/studies.md has the keys of a study file", what, c->text);
	return err_set(err, -EINVAL, "%s: line %u: %s; docs/studies.md has the keys of a study file", what, c->line, c->text);
}

/* libcyaml reads the first document and leaves the rest unread, which nobody would notice. */
static unsigned second_document(const char *text, size_t len)
{
	unsigned line = 1;
	bool content = false;

	for (size_t i = 0; i < len; line++) {
		const char *end = memchr(text + i, '\n', len - i);
		size_t n = end ? (size_t) (end - text) - i : len - i, blanks = 0;

		if (n >= 3 && memcmp(text + i, "---", 3) == 0 && (n == 3 || !word_char(text[i + 3])) && content)
			return line;
		while (blanks < n && (text[i + blanks] == ' ' || text[i + blanks] == '\r'))
			blanks++;
		content = content || (blanks < n && text[i + blanks] != '#' && text[i + blanks] != '%');
		i += n + 1;
	}
	return 0;
}

static const cyaml_config_t *config(cyaml_config_t *c, struct complaint *listener)
{
	*c = (cyaml_config_t){
		.log_fn = listen,
		.log_ctx = listener,
		.log_level = CYAML_LOG_ERROR,
		.mem_fn = cyaml_mem,
		.flags = CYAML_CFG_NO_ALIAS,
	};
	return c;
}

int yaml_study_read(struct yaml_study **ret, const char *text, size_t len, const char *what, struct err *err)
{
	struct complaint complaint = { 0 };
	cyaml_data_t *data = NULL;
	unsigned second = second_document(text, len);
	cyaml_config_t c;
	cyaml_err_t r;

	if (second)
		return err_set(err, -EINVAL, "%s: line %u: a second document begins; a study file has one", what, second);
	r = cyaml_load_data((const uint8_t *) text, len, config(&c, &complaint), &study, &data, NULL);
	if (r != CYAML_OK)
		return complain(&complaint, r, text, len, what, err);
	if (!data)
		return err_set(err, -EINVAL, "%s is empty; docs/studies.md has an example", what);
	*ret = data;
	return 0;
}

void yaml_study_free(struct yaml_study *y)
{
	struct complaint ignored = { 0 };
	cyaml_config_t c;

	if (y)
		cyaml_free(config(&c, &ignored), &study, y, 0);
}
