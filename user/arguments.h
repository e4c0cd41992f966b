/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A command's options and operands, by getopt_long(3). */
#ifndef TG_ARGUMENTS_H
#define TG_ARGUMENTS_H

#include <stdbool.h>

struct tg_arguments {
	bool json, all, save, follow;
	const char *limit, *by, *state, *confirm;
	const char *duration, *note; /* of --for and --note */
	const char *pcap, *filter, *hook;
	const char *live, *interface, *per, *prefix, *quantile; /* of suggest */
	long n;							/* of top; 0: not given */
	const char *key, *cost;
	char **operands; /* what is left */
	int operands_n;
};

/*
 * @allowed: letters of the options that the command has beside --json: (l)imit, (b)y, (n),
 * (a)ll, (s)ave, s(t)ate, (c)onfirm, (f)or, n(o)te, (F)ollow, (p)cap, filter (E)xpression,
 * (h)ook, (L)ive, (i)nterface, (P)er, prefi(x), (q)uantile, (k)ey, (C)ost. @least and @most
 * operands. Returns false after saying what is wrong.
 */
bool tg_arguments_parse(int argc, char **argv, const char *allowed, int least, int most,
			struct tg_arguments *arguments);

#endif
