/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Prints suggested limits as a configuration, with the reasons in its comments. */
#ifndef TG_REPLAY_SUGGESTION_PRINT_H
#define TG_REPLAY_SUGGESTION_PRINT_H

#include <stdio.h>

#include "replay/merged.h"
#include "replay/suggestion.h"

/* Where the numbers come from, and what was asked for. */
struct tg_suggestion_basis {
	const char *capture;   /* path or interface */
	const char *interface; /* to be limited; NULL: not known */
	bool complete;	       /* the capture was read to its end */
	uint64_t first, last;  /* ns since 1970 */
	uint64_t packets;      /* of any kind, on the wire */
	uint64_t lost;	       /* by the kernel, while capturing */
	struct tg_merged merged;
	unsigned int prefix4, prefix6;
	double quantile; /* as for tg_suggest() */
};

/* Writes a whole configuration, with the @n limits, to @out as YAML. */
void tg_suggestion_print(const struct tg_suggestion_basis *basis, const struct tg_profile *profile,
			 const struct tg_suggestion *suggestions, size_t n, FILE *out);

#endif
