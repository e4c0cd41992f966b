/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TIDEGATE_TRACE_H
#define TIDEGATE_TRACE_H

#include "abi.h"

/*
 * What became of one packet on a virtual clock, for tests and simulations. The program writes it
 * beside its counters; on the kernel's clocks it does not.
 */
struct tg_trace {
	struct tg_address source; /* with the other fields up to `any_protocol`: if `evaluated` */
	struct tg_address destination;
	__u32 bytes; /* as charged */
	__be16 source_port;
	__be16 destination_port;
	__u8 protocol;
	__u8 has_ports;
	__u8 tcp_flags;
	__u8 fragment; /* enum tg_fragment */
	__u8 any_protocol;
	__u8 evaluated; /* the parser found it whole and IP; false: it left before */
	__u16 reason;	/* enum tg_reason */
	__u64 limits[TG_VERDICT_COUNT]; /* masks of the slots that counted it under each verdict */
};

_Static_assert(sizeof(struct tg_trace) == 48 + 8 * TG_VERDICT_COUNT, "trace");

#endif
