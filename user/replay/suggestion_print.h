/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Suggested limits as a configuration, with the reasons in comments. */
#ifndef TG_REPLAY_SUGGESTION_PRINT_H
#define TG_REPLAY_SUGGESTION_PRINT_H

#include <stdio.h>

#include "replay/suggestion.h"

/* What the numbers come from, and were asked for. */
struct tg_suggestion_basis {
	const char *capture;   /* path or interface */
	const char *interface; /* NULL: not known */
	bool complete;
	uint64_t first, last; /* ns since 1970 */
	uint64_t packets;     /* of any kind */
	uint64_t lost;	      /* by the kernel, while capturing */
	unsigned int prefix4, prefix6;
	double quantile;
};

void tg_suggestion_print(const struct tg_suggestion_basis *basis, const struct tg_profile *profile,
			 const struct tg_suggestion *suggestions, size_t n, FILE *out);

#endif
