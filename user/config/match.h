/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A match: which packets a limit is for. It has a condition for each field, and a packet must meet
 * all of them. A condition is the set of values that meet it, however it was written
 * (ranges, lists, `not`).
 */
#ifndef TG_CONFIG_MATCH_H
#define TG_CONFIG_MATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/prefix.h"

enum tg_field {
	TG_FIELD_PROTOCOL,	   /* 0..255, or TG_PROTOCOL_NOT_IP alone */
	TG_FIELD_SOURCE_PORT,	   /* of TCP, UDP, UDP-Lite, SCTP */
	TG_FIELD_DESTINATION_PORT, /* of the same protocols */
	TG_FIELD_TCP_FLAGS,	   /* the octet from CWR (128) to FIN (1), RFC 9293 section 3.1 */
	TG_FIELD_ICMP_TYPE,	   /* 0..255, of ICMP and ICMPv6 */
	TG_FIELD_LENGTH,	   /* of the IP packet with its header, in bytes */
	TG_FIELDS,		   /* their number */
};

/* As a protocol: what is not IP. It meets no condition that does not name it. */
#define TG_PROTOCOL_NOT_IP 256

#define TG_TCP_FIN 1
#define TG_TCP_SYN 2
#define TG_TCP_RST 4
#define TG_TCP_PSH 8
#define TG_TCP_ACK 16
#define TG_TCP_URG 32
#define TG_TCP_ECE 64
#define TG_TCP_CWR 128

#define TG_VALUES 65536 /* one more than the greatest value of any field */

/* A condition on a field: bit v of @bits is set if the value v meets it. */
struct tg_values {
	bool given;  /* false: no condition, the rest means nothing */
	bool absent; /* packets without the field meet it: true if only `not` was written */
	uint64_t bits[TG_VALUES / 64];
};

/* A condition on an address: met if it is in a prefix of @is, or @any, and in none of @is_not. */
struct tg_addresses {
	bool given; /* false: no condition, the rest means nothing */
	bool any;   /* only `not` was written: every address counts as in @is */
	struct tg_prefix_list is, is_not; /* sets resolved; sorted, each prefix once */
};

enum tg_fragments { TG_FRAGMENTS_AND_WHOLE, TG_FRAGMENTS_ONLY, TG_FRAGMENTS_NOT };

/*
 * All zero matches every packet. The copies of a limit share its match, which does not change once
 * the configuration is read.
 */
struct tg_match {
	unsigned int others; /* owners beyond the first; see base/refcount.h */
	struct tg_values fields[TG_FIELDS];
	struct tg_addresses source, destination;
	enum tg_fragments fragments;
};

/* Returns the key of the field in a configuration, such as "source_port". Static. */
const char *tg_field_name(enum tg_field field);

/* Returns the greatest value of a field: 255 or 65535. */
unsigned int tg_field_last(enum tg_field field);

/* Returns whether packets of an IP protocol (0..255) have the field. */
bool tg_field_of_protocol(enum tg_field field, unsigned int protocol);

/* Returns whether a value, below TG_VALUES, is in the set. Does not look at `given`. */
static inline bool tg_values_has(const struct tg_values *values, unsigned int value)
{
	return values->bits[value / 64] >> (value % 64) & 1;
}

/* Adds @first to @last, both included and below TG_VALUES. Does not change `given`. */
void tg_values_add(struct tg_values *values, unsigned int first, unsigned int last);

/*
 * Finds the next run of consecutive values that are at or after *@first. Returns true with the run
 * in *@first and *@last, both included, or false if there is none. To iterate, start at 0 and go
 * on at *@last + 1.
 */
bool tg_values_next(const struct tg_values *values, unsigned int *first, unsigned int *last);

/* Returns whether the match is for what is not IP. */
bool tg_match_is_not_ip(const struct tg_match *match);

/* Returns whether the set has a value. */
bool tg_values_any(const struct tg_values *values);

/* Returns whether an address, 16 bytes as in struct tg_prefix, meets the condition. Linear. */
bool tg_addresses_hold(const struct tg_addresses *addresses, const uint8_t address[16]);

/* Returns whether both have the same condition. */
bool tg_values_equal(const struct tg_values *a, const struct tg_values *b);
bool tg_addresses_equal(const struct tg_addresses *a, const struct tg_addresses *b);

/* Returns whether both have the same conditions. */
bool tg_match_equal(const struct tg_match *a, const struct tg_match *b);

/* Adds an owner of @match, and returns it. */
struct tg_match *tg_match_ref(struct tg_match *match);

/* Takes an owner of *@match away, and frees it after the last. NULL-safe; sets *@match to NULL. */
void tg_match_free(struct tg_match **match);

#endif
