/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Events tell the daemon who exceeds which limit. Each CPU sends at most one for a limit every
 * TG_EVENT_INTERVAL and counts the packets in between, so that a flood of packets is no flood of
 * events.
 */
#ifndef TG_EVENT_BPF_H
#define TG_EVENT_BPF_H

#include "maps.bpf.h"
#include "classify.bpf.h"

/* Sends an event. A global function, since it is seldom called. */
__noinline int tg_send_event(struct tg_limit_counters *counters, struct tg_packet *packet,
			     __u32 slot, __u32 verdict)
{
	struct tg_event *event;

	if (!counters || !packet)
		return 0;
	counters->event_at = tg_now(TG_CLOCK_COARSE); /* set without room too, so that the next
							 packet does not try again */
	event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);
	if (!event) {
		counters->without_event += packet->segments;
		return 0;
	}
	event->at = counters->event_at;
	event->source = packet->source;
	event->destination = packet->destination;
	event->without_event = counters->without_event;
	event->limit_id = tg_limit_of(slot)->id;
	event->bytes = packet->bytes;
	event->source_port = packet->has_ports ? packet->source_port : 0;
	event->destination_port = packet->has_ports ? packet->destination_port : 0;
	event->protocol = tg_known_protocol(packet);
	event->verdict = verdict;
	event->hook = packet->hook;
	event->has_ports = packet->has_ports;
	event->not_ip = packet->not_ip;
	counters->without_event = 0;
	bpf_ringbuf_submit(event, 0);
	return 0;
}

/* @now: ns on the coarse clock. */
static __always_inline bool tg_event_is_due(const struct tg_limit_counters *counters, __u64 now)
{
	return now - counters->event_at >= TG_EVENT_INTERVAL || !counters->event_at;
}

/* Sends an event if one is due, and counts the packet otherwise. @verdict: what became of it. */
static __always_inline void tg_emit_event(struct tg_limit_counters *counters,
					  struct tg_packet *packet, __u32 slot, __u32 verdict)
{
	if (tg_event_is_due(counters, tg_now(TG_CLOCK_COARSE)))
		tg_send_event(counters, packet, slot, verdict);
	else
		counters->without_event += packet->segments;
}

#endif
