/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A configuration as its writer means it: validated, with defaults filled in and
 * sets resolved, and nothing of how it is enforced. config.c makes it from YAML.
 */
#ifndef TG_CONFIG_H
#define TG_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "diagnostics.h"
#include "match.h"
#include "prefix.h"

#define TG_CONFIG_NAME_SIZE 64 /* bytes, with the NUL */
#define TG_CONFIG_NAME_CHARACTERS                                                                  \
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-"
#define TG_CONFIG_LIMITS_MAX	 64
#define TG_CONFIG_INTERFACES_MAX 256
#define TG_CONFIG_PREFIXES_MAX	 (1 << 20) /* in all lists and sets together */
#define TG_TABLE_SIZE_DEFAULT	 65536
#define TG_TABLE_SIZE_MAX	 16777216

enum tg_xdp_mode { TG_XDP_AUTO, TG_XDP_NATIVE, TG_XDP_GENERIC };
enum tg_on_stop { TG_ON_STOP_DETACH, TG_ON_STOP_KEEP };
enum tg_config_per { TG_CONFIG_PER_SOURCE, TG_CONFIG_PER_DESTINATION, TG_CONFIG_PER_EVERYONE };
enum tg_config_unit {
	TG_CONFIG_PACKETS,
	TG_CONFIG_BYTES,
	TG_CONFIG_CONNECTIONS, /* TCP packets with SYN and without ACK, one token each */
};

struct tg_config_interface {
	char name[16]; /* IFNAMSIZ */
	enum tg_xdp_mode xdp_mode;
	struct tg_place place;
};

/*
 * The refill of a bucket, in tokens (packets, or bytes of the Ethernet frame).
 * Stepped: `amount` tokens at every whole `interval` of the clock.
 * Continuous: `amount` tokens in each `interval`, spread evenly.
 */
struct tg_refill {
	uint64_t capacity; /* tokens, 1 to TG_CAPACITY_MAX */
	uint64_t amount;   /* tokens, 1 or more */
	uint64_t interval; /* ns, 1 or more */
	bool continuous;
};

#define TG_CAPACITY_MAX (1ULL << 40)	/* tokens */
#define TG_RATE_MAX	100000000000ULL /* tokens a second, both kinds: 800 Gbit/s in bytes */
#define TG_REFILL_TIME_MAX_S                                                                       \
	126230400ULL		/* s to fill an empty bucket, continuous only: four years */
#define TG_INTERVAL_MIN 1000ULL /* ns, stepped */

struct tg_config_limit {
	char name[TG_CONFIG_NAME_SIZE];
	struct tg_place place;
	struct tg_match match;
	enum tg_config_per per;
	bool per_port;	   /* and each destination port has a bucket of its own */
	bool per_protocol; /* likewise */
	uint8_t prefix4;   /* 0..32, of the address that `per` names */
	uint8_t prefix6;   /* 0..128 */
	enum tg_config_unit unit;
	struct tg_refill refill;
};

struct tg_config {
	char *path;
	struct tg_config_interface *interfaces;
	size_t interfaces_n;
	struct tg_prefix_list allow; /* sets resolved; sorted and without doubles */
	struct tg_prefix_list deny;
	uint32_t table_size; /* buckets */
	enum tg_on_stop on_stop;
	struct tg_config_limit *limits;
	size_t limits_n;
};

/*
 * Reads and validates @path. All errors of the file go to @diagnostics, in order
 * of their place. Returns 0, -EINVAL when the configuration is invalid, or another
 * -errno when the file could not be read (said in @diagnostics too); *@config is
 * untouched unless 0 is returned. Needs no privileges.
 */
int tg_config_load(const char *path, struct tg_config **config, struct tg_diagnostics *diagnostics);

/* The same for @length bytes in memory; @path is used for messages and relative file names. */
int tg_config_parse(const char *path, const void *text, size_t length, struct tg_config **config,
		    struct tg_diagnostics *diagnostics);

/* A deep copy, or NULL when out of memory. */
struct tg_config *tg_config_copy(const struct tg_config *config);

void tg_config_free(struct tg_config **config); /* NULL-safe; sets *config to NULL */

/* The limit of that name, or NULL. */
struct tg_config_limit *tg_config_find_limit(struct tg_config *config, const char *name);

/*
 * Changes one refill setting as `tidegate set` has it: @key is capacity, burst,
 * refill_amount, refill_interval or rate, @value as in YAML. Several calls make one
 * change, so what depends on several keys is checked by tg_config_check_refill().
 * Returns 0, or -EINVAL with a sentence in @why (which says what would be right).
 */
struct tg_refill_change {
	struct tg_refill refill;		 /* start: a copy of the limit's own */
	bool set_amount, set_interval, set_rate; /* start: false */
};
int tg_config_set_refill(struct tg_refill_change *change, enum tg_config_unit unit, const char *key,
			 const char *value, char *why, size_t why_size);

/*
 * Checks what must hold between a limit's refill settings (bounds of TG_RATE_MAX and
 * so on; a stepped limit stays stepped unless `rate` was set; a continuous one needs both
 * refill keys to become stepped). Returns 0, or -EINVAL with a sentence in @why.
 */
int tg_config_check_refill(const struct tg_refill_change *change, char *why, size_t why_size);

#endif
