// SPDX-License-Identifier: GPL-2.0-or-later
/* What command lines mean by the tables of the commands, and that --help says all that is in them.
 */
#include <stdlib.h>
#include <unistd.h>

#include "cli/arguments.h"
#include "cli/columns.h"
#include "cli/command_list.h"
#include "test.h"

#define WORDS_MAX 12

static const struct tg_column columns[] = {TG_COLUMN("a", "A"), TG_COLUMN("b", "B"), {}};

static const struct tg_option options[] = {
	TG_OPERAND("FIRST", "there must be one", TG_REQUIRED),
	TG_OPERAND("SECOND", "there may be another", TG_OPTIONAL),
	TG_OPTION(TG_FLAG, "all", all, NULL, "a flag"),
	TG_OPTION(TG_TEXT, "limit", limit, "L", "a text"),
	TG_OPTION(TG_DURATION, "live", live, "TIME", "a duration"),
	TG_OPTION(TG_CHOICE, "by", by, "red|green|blue", "a choice"),
	TG_OPTION(TG_NUMBER, "number", n, "N", "a number", .letter = 'n', .least = 2, .most = 30,
		  .otherwise = 7),
	TG_OPTION(TG_NUMBER, "cost", cost, "N", "any number", .most = UINT64_MAX),
	{},
};

static const struct tg_command command = {
	.name = "try", .does = "what it does", .options = options, .tables = {columns}};
static const struct tg_command plain = {.name = "try", .action = "it", .does = "nothing"};

/* One command line; @words has spaces between its words, and 'quotes' are not taken out. */
static struct {
	char words[256], log[1024];
	char *argv[WORDS_MAX];
	struct tg_arguments arguments;
} line;

static enum tg_parsed parse_for(const struct tg_command *of, const char *words)
{
	FILE *log = tmpfile();
	int kept = dup(STDERR_FILENO), n = 0;
	enum tg_parsed parsed;
	char *word;

	snprintf(line.words, sizeof(line.words), "try %s", words);
	for (word = strtok(line.words, " "); word; word = strtok(NULL, " "))
		line.argv[n++] = word;
	line.argv[n] = NULL;
	dup2(fileno(log), STDERR_FILENO);
	parsed = tg_arguments_parse(of, n, line.argv, &line.arguments);
	dup2(kept, STDERR_FILENO);
	close(kept);
	rewind(log);
	line.log[fread(line.log, 1, sizeof(line.log) - 1, log)] = '\0';
	fclose(log);
	CHECK((parsed == TG_PARSED_WRONG) == (*line.log != '\0'), "%s: %s", words, line.log);
	return parsed;
}

static const struct tg_arguments *parse(const char *words)
{
	CHECK(parse_for(&command, words) == TG_PARSED, "%s: %s", words, line.log);
	return &line.arguments;
}

static void check_wrong(const struct tg_command *of, const char *words, const char *expected)
{
	enum tg_parsed parsed = parse_for(of, words);

	CHECK(parsed == TG_PARSED_WRONG && strstr(line.log, expected), "%s: %d %s", words, parsed,
	      line.log);
}

static bool is(const char *text, const char *expected)
{
	return text && strcmp(text, expected) == 0;
}

TEST(test_nothing_given)
{
	const struct tg_arguments *a = parse("x");

	CHECK(!a->all && !a->limit && !a->live && !a->by && !a->columns && !a->json);
	CHECK(!a->noheadings && a->n == 7 && a->cost == 0 && a->command == &command);
	CHECK(a->operands_n == 1 && is(a->operands[0], "x") && !a->operands[1]);
}

TEST(test_each_type)
{
	const struct tg_arguments *a = parse("--all --limit l --live 90s --by green -n 3 x");

	CHECK(a->all && is(a->limit, "l") && a->live == 90000000000 && is(a->by, "green"));
	CHECK(a->n == 3 && a->operands_n == 1);
	a = parse("--limit=--all --number=30 --cost=18446744073709551615 --json x");
	CHECK(is(a->limit, "--all") && !a->all && a->n == 30 && a->cost == UINT64_MAX && a->json);
	a = parse("-n2 -oa,b --noheadings x");
	CHECK(a->n == 2 && is(a->columns, "a,b") && a->noheadings);
	a = parse("--output b --limit= x");
	CHECK(is(a->columns, "b") && is(a->limit, ""));
}

TEST(test_order)
{
	const struct tg_arguments *a = parse("x --all y --limit l");

	CHECK(a->all && is(a->limit, "l") && a->operands_n == 2);
	CHECK(is(a->operands[0], "x") && is(a->operands[1], "y"));
	a = parse("--limit a --limit b x");
	CHECK(is(a->limit, "b"), "the last one counts");
	a = parse("-- --all -n");
	CHECK(!a->all && is(a->operands[0], "--all") && is(a->operands[1], "-n"));
	a = parse("-");
	CHECK(is(a->operands[0], "-"));
}

TEST(test_abbreviations)
{
	CHECK(is(parse("--lim l x")->limit, "l"));
	CHECK(parse("--a x")->all);
	CHECK(parse("--nu 9 x")->n == 9);
	CHECK(parse("--liv=5m x")->live == 300000000000);
	check_wrong(&command, "--li l x", "`try` has no such option as --li");
	check_wrong(&command, "--n 9 x", "`try` has no such option as --n");
	/* what did not exist once does not make short what was long enough */
	check_wrong(&command, "--hel x", "no such option as --hel");
}

TEST(test_wrong_values)
{
	check_wrong(&command, "-n 1 x", "-n \"1\": write a number from 2 to 30");
	check_wrong(&command, "--number 31 x", "-n \"31\": write a number from 2 to 30");
	check_wrong(&command, "-n 3x x", "-n \"3x\": write a number from 2 to 30");
	check_wrong(&command, "-n -3 x", "-n \"-3\": write a number");
	check_wrong(&command, "--cost lots x", "--cost \"lots\": write a whole number, such as 1");
	check_wrong(&command, "--cost 18446744073709551616 x", "--cost");
	check_wrong(&command, "--live 0s x", "--live \"0s\" is not a duration; write it as 10m");
	check_wrong(&command, "--live 90 x", "--live \"90\" is not a duration");
	check_wrong(&command, "--by gree x", "--by \"gree\": write red, green or blue");
	check_wrong(&command, "--by= x", "--by \"\": write red, green or blue");
	check_wrong(&command, "--by red|green x", "write red, green or blue");
}

TEST(test_wrong_options)
{
	check_wrong(&command, "--wibble x", "`try` has no such option as --wibble");
	check_wrong(&command, "-w x", "`try` has no such option as -w");
	check_wrong(&command, "x --limit", "--limit needs a value");
	check_wrong(&command, "x -n", "-n needs a value");
	check_wrong(&command, "--all=yes x", "--all takes no value");
	check_wrong(&plain, "--noheadings", "`try it` has no such option as --noheadings");
	check_wrong(&plain, "-o a", "`try it` has no such option as -o");
	CHECK(parse_for(&plain, "--json") == TG_PARSED && line.arguments.json);
}

TEST(test_operands)
{
	static const struct tg_option many[] = {TG_OPERAND("ONE", "one", TG_REQUIRED),
						TG_OPERAND("MORE...", "more", TG_REQUIRED),
						{}};
	static const struct tg_command lots = {.name = "try", .options = many};
	static const struct tg_option either[] = {
		TG_OPERAND("ADDRESS", "one", TG_EITHER),
		TG_OPTION(TG_TEXT, "key", key, "KEY", "or this", .need = TG_EITHER),
		{}};
	static const struct tg_command one = {.name = "try", .options = either};

	check_wrong(&command, "", "`try` has too few arguments");
	check_wrong(&command, "a b c", "`try` has too many arguments");
	check_wrong(&plain, "a", "`try it` has too many arguments");
	check_wrong(&lots, "a", "too few");
	CHECK(parse_for(&lots, "a b c d e") == TG_PARSED && line.arguments.operands_n == 5);
	CHECK(parse_for(&one, "") == TG_PARSED && parse_for(&one, "a") == TG_PARSED);
	check_wrong(&one, "a b", "too many");
}

TEST(test_asks_for_help)
{
	CHECK(parse_for(&command, "--help") == TG_PARSED_HELP);
	CHECK(parse_for(&command, "-h") == TG_PARSED_HELP);
	CHECK(parse_for(&command, "x --all --help --wibble") == TG_PARSED_HELP);
	CHECK(parse_for(&plain, "a b c --help") == TG_PARSED_HELP);
	CHECK(is(parse("--limit --help x")->limit, "--help"), "it is a value there");
	CHECK(is(parse("-- --help")->operands[0], "--help"));
	check_wrong(&command, "--help=x", "no such option as --help=x");
}

TEST(test_takes_next)
{
	CHECK(tg_arguments_takes_next(&command, "--limit"));
	CHECK(tg_arguments_takes_next(&command, "--lim"));
	CHECK(tg_arguments_takes_next(&command, "-n"));
	CHECK(tg_arguments_takes_next(&command, "-o"));
	CHECK(!tg_arguments_takes_next(&command, "--limit=l"));
	CHECK(!tg_arguments_takes_next(&command, "-n3"));
	CHECK(!tg_arguments_takes_next(&command, "--all"));
	CHECK(!tg_arguments_takes_next(&command, "--wibble"));
	CHECK(!tg_arguments_takes_next(&plain, "-o"));
}

static char *print_help(const struct tg_command *of)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	tg_usage_print(of, "usage: tidegate", false, out);
	fputs("\n\n", out);
	tg_help_print(of, out);
	fclose(out);
	return text;
}

TEST(test_help)
{
	char *text = print_help(&command);

	CHECK(is(text,
		 "usage: tidegate try FIRST [SECOND] [--all] [--limit L] [--live TIME]\n"
		 "           [--by red|green|blue] [-n N] [--cost N] [--json] [-o COLUMN,...]\n"
		 "           [--noheadings]\n\n"
		 "what it does\n\n"
		 "  FIRST                     there must be one\n"
		 "  SECOND                    there may be another\n"
		 "  --all                     a flag\n"
		 "  --limit L                 a text\n"
		 "  --live TIME               a duration\n"
		 "  --by red|green|blue       a choice\n"
		 "  -n, --number N            a number (7)\n"
		 "  --cost N                  any number\n"
		 "  --json                    print JSON: stable keys, times in milliseconds\n"
		 "  -o, --output COLUMN,...   print only the table, with these columns in this\n"
		 "                            order\n"
		 "  --noheadings              print no headings over columns\n"
		 "  --control SOCKET          the daemon's socket, else of TIDEGATE_CONTROL\n"
		 "  -h, --help                print this\n"
		 "  columns:                  a, b\n"),
	      "%s", text);
	free(text);
}

/* Each begins a line with two spaces. */
static void check_row(const struct tg_command *of, const struct tg_option *row, const char *help)
{
	char left[128];

	if (!row->name)
		snprintf(left, sizeof(left), "\n  %s", row->value);
	else if (row->letter)
		snprintf(left, sizeof(left), "\n  -%c, --%s %s", row->letter, row->name,
			 row->value ? row->value : "");
	else
		snprintf(left, sizeof(left), row->value ? "\n  --%s %s" : "\n  --%s ", row->name,
			 row->value);
	CHECK(strstr(help, left), "%s %s:%s is not in\n%s", of->name, of->action ? of->action : "",
	      left, help);
	CHECK(row->value || row->type == TG_FLAG, "%s: a value without a name", left);
}

TEST(test_help_of_all)
{
	const struct tg_command *const *of;
	const struct tg_option *row;
	char *text, *at, *end;
	size_t rows = 0;

	for (of = tg_commands; *of; of++) {
		text = print_help(*of);
		CHECK((*of)->run && strstr(text, (*of)->does), "%s", text);
		for (row = (*of)->options; row && row->help; row++, rows++)
			check_row(*of, row, text);
		CHECK(!!strstr(text, "\n  --json ") == !(*of)->no_json, "%s", text);
		CHECK(!!strstr(text, "\n  -o, --output ") == !!(*of)->tables[0], "%s", text);
		for (at = text; (end = strchr(at, '\n')); at = end + 1)
			CHECK(end - at <= 80, "%.*s", (int)(end - at), at);
		free(text);
	}
	CHECK(of - tg_commands >= 26 && rows >= 40, "%td %zu", of - tg_commands, rows);
}

TEST_MAIN(RUN(test_nothing_given), RUN(test_each_type), RUN(test_order), RUN(test_abbreviations),
	  RUN(test_wrong_values), RUN(test_wrong_options), RUN(test_operands),
	  RUN(test_asks_for_help), RUN(test_takes_next), RUN(test_help), RUN(test_help_of_all))
