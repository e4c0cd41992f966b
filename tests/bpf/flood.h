/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Packets of many sources. */
#ifndef TG_TEST_FLOOD_H
#define TG_TEST_FLOOD_H

#include "fixture.h"

/* @n packets, each of a source of its own in 10.0.0.0/8; how many pass. */
static inline int flood(struct fixture *fixture, uint32_t first, int n)
{
	struct packet packet;
	int passed = 0;
	uint32_t source;

	udp_from(&packet, "10.0.0.0", 9);
	for (source = first; n--; source++) {
		uint32_t address = htonl(0x0a000000 | source);

		memcpy(packet.bytes + 14 + 12, &address, 4); /* nobody looks at the checksum */
		passed += run(fixture, &packet, packet.length) == XDP_PASS;
	}
	return passed;
}

#endif
