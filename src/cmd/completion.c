/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bash completion.  Three tables come from the rows, as case statements: the
 * options of a command, which of them take a value, and what may stand at a
 * place ("measure --sut", "measure 1" for the first argument).  The function
 * that reads them is the same for every command.  Nothing of vlat runs while
 * somebody types.
 */
#include "cmd/generate.h"

static const char head[] = "# SPDX-License-Identifier: Apache-2.0\n"
			   "# bash completion for vlat, made by vlat --generate completion.\n"
			   "\n";

/* bash breaks --opt=value into three words; the middle one is skipped. */
static const char reader[] =
	"_vlat()\n"
	"{\n"
	"\tlocal cur=${COMP_WORDS[COMP_CWORD]} command='' option='' ended='' place=1 i word options='' values='' before=''\n"
	"\n"
	"\tCOMPREPLY=()\n"
	"\tfor ((i = 1; i < COMP_CWORD; i++)); do\n"
	"\t\tword=${COMP_WORDS[i]}\n"
	"\t\tif [[ $word == '=' ]]; then\n"
	"\t\t\tcontinue\n"
	"\t\telif [[ -n $option ]]; then\n"
	"\t\t\toption=''\n"
	"\t\telif [[ -z $ended && $word == -- ]]; then\n"
	"\t\t\tended=yes\n"
	"\t\telif [[ -z $ended && $word == -* ]]; then\n"
	"\t\t\t_vlat_takes_value \"$command\" \"$word\" && option=$word\n"
	"\t\telif [[ -z $command ]]; then\n"
	"\t\t\tcommand=$word\n"
	"\t\telse\n"
	"\t\t\tplace=$((place + 1))\n"
	"\t\tfi\n"
	"\tdone\n"
	"\t[[ $cur == '=' ]] && cur=''\n"
	"\tif [[ -n $option ]]; then\n"
	"\t\t_vlat_values \"$command\" \"$option\"\n"
	"\telif [[ -z $ended && $cur == -* ]]; then\n"
	"\t\t_vlat_options \"$command\"\n"
	"\t\tvalues=$options\n"
	"\telif [[ -z $command ]]; then\n"
	"\t\tvalues=$_vlat_commands\n"
	"\telse\n"
	"\t\t_vlat_values \"$command\" \"$place\"\n"
	"\tfi\n"
	"\tcase $values in\n"
	"\t'<file>')\n"
	"\t\tcompopt -o filenames 2>/dev/null\n"
	"\t\tmapfile -t COMPREPLY < <(compgen -f -- \"$cur\")\n"
	"\t\t;;\n"
	"\t'<dir>')\n"
	"\t\tcompopt -o filenames 2>/dev/null\n"
	"\t\tmapfile -t COMPREPLY < <(compgen -d -- \"$cur\")\n"
	"\t\t;;\n"
	"\t'<set> '*)\n"
	"\t\t[[ $cur == *,* ]] && before=${cur%,*},\n"
	"\t\tcompopt -o nospace 2>/dev/null\n"
	"\t\tmapfile -t COMPREPLY < <(compgen -P \"$before\" -W \"${values#<set> }\" -- \"${cur##*,}\")\n"
	"\t\t;;\n"
	"\t?*)\n"
	"\t\tmapfile -t COMPREPLY < <(compgen -W \"$values\" -- \"$cur\")\n"
	"\t\t;;\n"
	"\tesac\n"
	"} &&\n"
	"complete -F _vlat vlat\n";

static void put_commands(struct sink *out)
{
	sink_put(out, "_vlat_commands='");
	for (size_t i = 0; i < n_commands; i++)
		sink_printf(out, "%s%s", i ? " " : "", commands[i]->name);
	sink_put(out, "'\n\n");
}

static void put_names(struct sink *out, const struct option_row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++)
		sink_printf(out, "--%s ", rows[i].name);
}

static void put_options_of(struct sink *out, const char *name, const struct command *c)
{
	sink_printf(out, "\t'%s') options='", name);
	if (c)
		put_names(out, c->options, c->n_options);
	put_names(out, common_options, n_common_options);
	sink_put(out, "' ;;\n");
}

static void put_options(struct sink *out)
{
	sink_put(out, "_vlat_options()\n{\n\tcase $1 in\n");
	put_options_of(out, "", NULL);
	for (size_t i = 0; i < n_commands; i++)
		put_options_of(out, commands[i]->name, commands[i]);
	sink_put(out, "\tesac\n}\n\n");
}

/* 'measure --sut' | 'measure -s' */
static void put_pattern(struct sink *out, const struct command *c, const struct option_row *row)
{
	sink_printf(out, "\t'%s --%s'", c->name, row->name);
	if (row->letter)
		sink_printf(out, " | '%s -%c'", c->name, row->letter);
}

static void put_takes_value(struct sink *out)
{
	sink_put(out, "_vlat_takes_value()\n{\n\tcase \"$1 $2\" in\n");
	for (size_t i = 0; i < n_commands; i++) {
		for (size_t k = 0; k < commands[i]->n_options; k++) {
			if (!commands[i]->options[k].parse)
				continue;
			put_pattern(out, commands[i], &commands[i]->options[k]);
			sink_put(out, ") return 0 ;;\n");
		}
	}
	sink_put(out, "\tesac\n\treturn 1\n}\n\n");
}

/* Words, or <file>, <dir>, or "<set> words"; false when nothing can be said. */
static bool offers(struct sink *out, const struct option_row *row)
{
	size_t n;
	const char *const *names = option_choices(row, &n);

	if (n && row->parse == parse_set)
		sink_put(out, "<set>");
	for (size_t i = 0; i < n; i++)
		sink_printf(out, "%s%s", out->len ? " " : "", names[i]);
	if (n == 0 && row->complete != COMPLETE_NOTHING)
		sink_put(out, row->complete == COMPLETE_DIR ? "<dir>" : "<file>");
	return out->len > 0;
}

static void put_values_of(struct sink *out, const struct command *c)
{
	for (size_t k = 0; k < c->n_options; k++) {
		struct sink words = { 0 };

		if (offers(&words, &c->options[k])) {
			put_pattern(out, c, &c->options[k]);
			sink_printf(out, ") values='%s' ;;\n", words.text);
		}
		sink_free(&words);
	}
	for (size_t k = 0; k < c->n_args; k++) {
		struct sink words = { 0 };

		if (offers(&words, &c->args[k]))
			sink_printf(out, "\t'%s %zu') values='%s' ;;\n", c->name, k + 1, words.text);
		sink_free(&words);
	}
}

void completion_bash(struct sink *out)
{
	sink_put(out, head);
	put_commands(out);
	put_options(out);
	put_takes_value(out);
	sink_put(out, "_vlat_values()\n{\n\tcase \"$1 $2\" in\n");
	for (size_t i = 0; i < n_commands; i++)
		put_values_of(out, commands[i]);
	sink_put(out, "\tesac\n}\n\n");
	sink_put(out, reader);
}
