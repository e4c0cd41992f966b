/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which packets a limit is for: a condition on each of a packet's fields, all of which it
 * has to meet. A condition is the set of values that meet it, however it was written
 * (ranges, lists, negation).
 */
#ifndef TG_CONFIG_MATCH_H
#define TG_CONFIG_MATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/prefix.h"

enum tg_field {
	TG_FIELD_PROTOCOL,	   /* 0..255 */
	TG_FIELD_SOURCE_PORT,	   /* of TCP, UDP, UDP-Lite, SCTP */
	TG_FIELD_DESTINATION_PORT, /* likewise */
	TG_FIELD_TCP_FLAGS,	   /* the octet from CWR (128) to FIN (1), RFC 9293 section 3.1 */
	TG_FIELD_ICMP_TYPE,	   /* 0..255, of ICMP and ICMPv6 */
	TG_FIELD_LENGTH,	   /* of the IP packet with its header, in bytes */
	TG_FIELDS,
};

#define TG_TCP_FIN 1
#define TG_TCP_SYN 2
#define TG_TCP_RST 4
#define TG_TCP_PSH 8
#define TG_TCP_ACK 16
#define TG_TCP_URG 32
#define TG_TCP_ECE 64
#define TG_TCP_CWR 128

#define TG_VALUES 65536

struct tg_values {
	bool given;  /* false: no condition, and the rest says nothing */
	bool absent; /* met by packets that have no such field: true of conditions with nothing but
			`not` */
	uint64_t bits[TG_VALUES / 64];
};

/* Met by addresses in @is (in any, if that is empty and @is_not given) and in no prefix of @is_not.
 */
struct tg_addresses {
	bool given;
	bool any;			  /* nothing but `not` was written */
	struct tg_prefix_list is, is_not; /* sets resolved; sorted, no doubles */
};

enum tg_fragments { TG_FRAGMENTS_AND_WHOLE, TG_FRAGMENTS_ONLY, TG_FRAGMENTS_NOT };

struct tg_match {
	struct tg_values fields[TG_FIELDS];
	struct tg_addresses source, destination;
	enum tg_fragments fragments;
};

/* As a configuration names it. */
const char *tg_field_name(enum tg_field field);

/* The greatest value of a field. */
unsigned int tg_field_last(enum tg_field field);

/* Whether packets of an IP protocol have the field. */
bool tg_field_of_protocol(enum tg_field field, unsigned int protocol);

static inline bool tg_values_has(const struct tg_values *values, unsigned int value)
{
	return values->bits[value / 64] >> (value % 64) & 1;
}

void tg_values_add(struct tg_values *values, unsigned int first, unsigned int last);

/*
 * Iterates over runs of neighbouring values: finds the first one that begins at or after
 * *@first; fills *@first and *@last, or returns false.
 */
bool tg_values_next(const struct tg_values *values, unsigned int *first, unsigned int *last);

bool tg_values_any(const struct tg_values *values);

/* Whether an address (all 16 bytes, as in struct tg_prefix) meets the condition. */
bool tg_addresses_hold(const struct tg_addresses *addresses, const uint8_t address[16]);

bool tg_match_equal(const struct tg_match *a, const struct tg_match *b);

/* A deep copy: 0 or -ENOMEM, and then *@to needs no clearing. */
int tg_match_copy(struct tg_match *to, const struct tg_match *from);

void tg_match_clear(struct tg_match *match);

#endif
