/* SPDX-License-Identifier: Apache-2.0 */
/*
 * option - one row for each option or argument of a command.
 *
 * The row says where in the command's config struct the value goes and how it
 * is read.  Parsing, --help, the man page and the completion are four readings
 * of the same row.  The config starts as a copy of the command's defaults.
 *
 *	struct nap_cfg { uint64_t length_ns; bool json; const char *why; };
 *
 *	static const struct option_row nap_options[] = {
 *		OPT_DURATION(struct nap_cfg, length_ns, .name = "length", .letter = 'l', .shown = "1s",
 *			     .help = "how long to sleep"),
 *		OPT_FLAG(struct nap_cfg, json, .name = "json", .help = "print JSON"),
 *	};
 *
 * The OPT_ macros check at compile time that the field has the parser's type.
 */
#ifndef CMD_OPTION_H
#define CMD_OPTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cpuset.h"
#include "base/err.h"
#include "base/sink.h"

enum complete { COMPLETE_NOTHING, COMPLETE_FILE, COMPLETE_DIR };

struct option_row;

/* Reads text into the field; the err says what is meant ("a whole number"), the caller names the option. */
typedef int option_parse(const struct option_row *row, const char *text, void *field, struct err *err);

struct option_row {
	const char *name;               /* without the dashes; of an argument: "WORKLOAD" */
	char letter;                    /* short form, 0 = none */
	const char *arg;                /* what stands for its value, "SECONDS"; NULL = what option_arg() knows: TEXT, N, ... */
	const char *help;               /* no capital, no full stop: it follows the name in a list */
	const char *shown;              /* the default as a person would type it; NULL = not worth showing */
	option_parse *parse;            /* NULL: a flag, takes no value */
	bool flag_value;                /* what a flag stores */
	size_t offset;                  /* of the field in the config */
	const char *const *choices;     /* NULL-terminated; or */
	const char *const *(*choices_of)(size_t *ret_n); /* a table's own names */
	uint64_t min, max;              /* bounds of numbers, sizes, durations (in ns); max 0 = none; never negative */
	enum complete complete;         /* what the shell offers when there are no choices */
	bool optional;                  /* arguments only: may be left out */
	bool rest;                      /* the last argument only: takes all that follow, dashes or not */
	bool ends;                      /* flags only: nothing after it is read or missed (--help) */
};

/* A list of words borrowed from argv, for OPT_REST. */
struct words {
	const char *const *at;
	size_t n;
};

option_parse parse_str, parse_u32, parse_u64, parse_double, parse_duration, parse_size, parse_cpulist;
option_parse parse_micros;      /* a time, into uint32_t microseconds; bounds are of those */
option_parse parse_choice;      /* index of the choice, unsigned */
option_parse parse_word;        /* the choice itself, const char * */
option_parse parse_set;         /* "a,b": one bit for each choice, unsigned */

#define FIELD_(cfg, field, type)                                                                                \
	(offsetof(cfg, field) +                                                                                 \
	 0 * sizeof(char[__builtin_types_compatible_p(__typeof__(((cfg *) 0)->field), type) ? 1 : -1]))

#define OPT_(parser, cfg, field, type, ...) { .parse = parser, .offset = FIELD_(cfg, field, type), __VA_ARGS__ }

#define OPT_STR(cfg, field, ...)      OPT_(parse_str, cfg, field, const char *, __VA_ARGS__)
#define OPT_FILE(cfg, field, ...)     OPT_(parse_str, cfg, field, const char *, .complete = COMPLETE_FILE, __VA_ARGS__)
#define OPT_DIR(cfg, field, ...)      OPT_(parse_str, cfg, field, const char *, .complete = COMPLETE_DIR, __VA_ARGS__)
#define OPT_U32(cfg, field, ...)      OPT_(parse_u32, cfg, field, uint32_t, __VA_ARGS__)
#define OPT_U64(cfg, field, ...)      OPT_(parse_u64, cfg, field, uint64_t, __VA_ARGS__)
#define OPT_DOUBLE(cfg, field, ...)   OPT_(parse_double, cfg, field, double, __VA_ARGS__)
#define OPT_DURATION(cfg, field, ...) OPT_(parse_duration, cfg, field, uint64_t, __VA_ARGS__)
#define OPT_MICROS(cfg, field, ...)   OPT_(parse_micros, cfg, field, uint32_t, __VA_ARGS__)
#define OPT_SIZE(cfg, field, ...)     OPT_(parse_size, cfg, field, uint64_t, __VA_ARGS__)
#define OPT_CPUS(cfg, field, ...)     OPT_(parse_cpulist, cfg, field, struct cpuset, __VA_ARGS__)
#define OPT_CHOICE(cfg, field, ...)   OPT_(parse_choice, cfg, field, unsigned, __VA_ARGS__)
#define OPT_WORD(cfg, field, ...)     OPT_(parse_word, cfg, field, const char *, __VA_ARGS__)
#define OPT_SET(cfg, field, ...)      OPT_(parse_set, cfg, field, unsigned, __VA_ARGS__)
#define OPT_FLAG(cfg, field, ...)     OPT_(NULL, cfg, field, bool, .flag_value = true, __VA_ARGS__)
#define OPT_NO_FLAG(cfg, field, ...)  OPT_(NULL, cfg, field, bool, .flag_value = false, __VA_ARGS__)
#define OPT_REST(cfg, field, ...)     OPT_(NULL, cfg, field, struct words, .rest = true, __VA_ARGS__)

/* What stands for the value in help; NULL when it is a flag. */
const char *option_arg(const struct option_row *row);
/* The names a row allows; NULL and 0 when it allows anything. */
const char *const *option_choices(const struct option_row *row, size_t *ret_n);
/* Appends "one of a, b, c". */
void option_choices_text(const struct option_row *row, struct sink *out);

/*
 * argv[0..argc-1], without the program's and the command's name, into cfg.
 * "--opt value", "--opt=value", "-o value", "-ovalue"; "--" ends the options.
 * One sentence in err for whatever is wrong, with the nearest name.
 */
struct option_table {
	const struct option_row *rows;
	size_t n;
	void *cfg;
};
/* Options are looked for in tables[0], [1], ...; what is no option goes to args' rows.  Borrowed strings stay in argv. */
int options_parse(const struct option_table *tables, size_t n_tables, const struct option_table *args, int argc, char **argv,
		  struct err *err);

#endif
