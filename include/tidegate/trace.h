/* SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause */
/* What became of a packet, for tests and for simulate. */
#ifndef TIDEGATE_TRACE_H
#define TIDEGATE_TRACE_H

#include "abi.h"

/*
 * What became of one packet on a virtual clock, for tests and simulations. Programs on the
 * kernel's clocks do not write it.
 */
struct tg_trace {
	struct tg_address source; /* this and all up to `any_protocol` are valid if `evaluated` */
	struct tg_address destination;
	__u32 bytes; /* as charged */
	__be16 source_port;
	__be16 destination_port;
	__u8 protocol;
	__u8 has_ports;
	__u8 tcp_flags;
	__u8 fragment; /* enum tg_fragment */
	__u8 any_protocol;
	__u8 evaluated; /* the parser took it as a whole IP packet; else it left before */
	__u16 reason;	/* enum tg_reason */
	__u32 segments; /* as charged */
	__u32 pad;
	__u64 limits[TG_VERDICT_COUNT]; /* index: enum tg_verdict; masks of the slots that counted
					   it so */
};

_Static_assert(sizeof(struct tg_trace) == 56 + 8 * TG_VERDICT_COUNT, "trace");

#endif
