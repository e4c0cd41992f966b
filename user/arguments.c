// SPDX-License-Identifier: GPL-2.0-or-later
#include <getopt.h>
#include <string.h>

#include "arguments.h"
#include "log.h"
#include "units.h"

static const struct option options[] = {
	{"json", no_argument, NULL, 'j'},	    {"limit", required_argument, NULL, 'l'},
	{"by", required_argument, NULL, 'b'},	    {"all", no_argument, NULL, 'a'},
	{"save", no_argument, NULL, 's'},	    {"state", required_argument, NULL, 't'},
	{"number", required_argument, NULL, 'n'},   {"confirm", required_argument, NULL, 'c'},
	{"for", required_argument, NULL, 'f'},	    {"note", required_argument, NULL, 'o'},
	{"follow", no_argument, NULL, 'F'},	    {"pcap", required_argument, NULL, 'p'},
	{"filter", required_argument, NULL, 'E'},   {"hook", required_argument, NULL, 'h'},
	{"live", required_argument, NULL, 'L'},	    {"interface", required_argument, NULL, 'i'},
	{"per", required_argument, NULL, 'P'},	    {"prefix", required_argument, NULL, 'x'},
	{"quantile", required_argument, NULL, 'q'}, {"key", required_argument, NULL, 'k'},
	{"cost", required_argument, NULL, 'C'},	    {},
};

static bool take_number(const char *text, long *n)
{
	uint64_t number;

	if (tg_parse_number(text, &number) || number < 1 || number > 10000) {
		tg_log(TG_LOG_ERROR, "-n \"%s\": write a number from 1 to 10000", text);
		return false;
	}
	*n = number;
	return true;
}

static bool take(int option, struct tg_arguments *arguments)
{
	switch (option) {
	case 'j':
		arguments->json = true;
		return true;
	case 'l':
		arguments->limit = optarg;
		return true;
	case 'b':
		arguments->by = optarg;
		return true;
	case 'a':
		arguments->all = true;
		return true;
	case 's':
		arguments->save = true;
		return true;
	case 't':
		arguments->state = optarg;
		return true;
	case 'c':
		arguments->confirm = optarg;
		return true;
	case 'f':
		arguments->duration = optarg;
		return true;
	case 'o':
		arguments->note = optarg;
		return true;
	case 'F':
		arguments->follow = true;
		return true;
	case 'p':
		arguments->pcap = optarg;
		return true;
	case 'E':
		arguments->filter = optarg;
		return true;
	case 'h':
		arguments->hook = optarg;
		return true;
	case 'L':
		arguments->live = optarg;
		return true;
	case 'i':
		arguments->interface = optarg;
		return true;
	case 'P':
		arguments->per = optarg;
		return true;
	case 'x':
		arguments->prefix = optarg;
		return true;
	case 'q':
		arguments->quantile = optarg;
		return true;
	case 'k':
		arguments->key = optarg;
		return true;
	case 'C':
		arguments->cost = optarg;
		return true;
	case 'n':
		return take_number(optarg, &arguments->n);
	}
	return false;
}

bool tg_arguments_parse(int argc, char **argv, const char *allowed, int least, int most,
			struct tg_arguments *arguments)
{
	int option;

	memset(arguments, 0, sizeof(*arguments));
	optind = 0; /* start over: main() has looked at the arguments, too */
	opterr = 0;
	while ((option = getopt_long(argc, argv, ":n:", options, NULL)) >= 0) {
		if (option == ':') {
			tg_log(TG_LOG_ERROR, "%s needs a value", argv[optind - 1]);
			return false;
		}
		if (option == '?' || (option != 'j' && !strchr(allowed, option))) {
			tg_log(TG_LOG_ERROR, "`%s` has no such option as %s", argv[0],
			       argv[optind - 1]);
			return false;
		}
		if (!take(option, arguments))
			return false;
	}
	arguments->operands = argv + optind;
	arguments->operands_n = argc - optind;
	if (arguments->operands_n >= least && arguments->operands_n <= most)
		return true;
	tg_log(TG_LOG_ERROR, "`%s` has too %s arguments", argv[0],
	       arguments->operands_n < least ? "few" : "many");
	return false;
}
