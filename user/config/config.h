/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A configuration as its writer means it: validated, with defaults filled in and
 * sets resolved, and nothing of how it is enforced. config_load.c makes it from YAML.
 */
#ifndef TG_CONFIG_CONFIG_H
#define TG_CONFIG_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/bounds.h"
#include "config/diagnostics.h"
#include "config/match.h"
#include "base/prefix.h"

#define TG_CONFIG_NAME_SIZE 64 /* bytes, with the NUL */
#define TG_CONFIG_NAME_CHARACTERS                                                                  \
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-"
#define TG_CONFIG_HOST_SIZE	 256 /* bytes, with the NUL; DNS names (RFC 1035) and sun_path fit */
#define TG_CONFIG_PATH_SIZE	 1024 /* bytes, with the NUL */
#define TG_CONFIG_LIMITS_MAX	 64
#define TG_CONFIG_INTERFACES_MAX 256
#define TG_CONFIG_PREFIXES_MAX	 (1 << 20) /* in all lists and sets together */
#define TG_TABLE_SIZE_DEFAULT	 65536
#define TG_TABLE_SIZE_MAX	 16777216

/*
 * A set of hooks is a mask of 1 << enum tg_hook. Configurations know these numbers only as bits,
 * because they know nothing of the packet programs; compiled.h asserts that they are the same.
 */
#define TG_CONFIG_XDP	     (1 << 0)
#define TG_CONFIG_TC_INGRESS (1 << 1)
#define TG_CONFIG_TC_EGRESS  (1 << 2)
#define TG_CONFIG_HOOKS	     7 /* all of them */
#define TG_CONFIG_HOOKS_N    3

enum tg_xdp_mode { TG_XDP_AUTO, TG_XDP_NATIVE, TG_XDP_GENERIC };
enum tg_on_stop { TG_ON_STOP_DETACH, TG_ON_STOP_KEEP };
enum tg_config_per {
	TG_CONFIG_PER_SOURCE,
	TG_CONFIG_PER_DESTINATION,
	TG_CONFIG_PER_EVERYONE,
	TG_CONFIG_PER_KEY, /* that an application names: no packet is charged */
};
enum tg_config_unit {
	TG_CONFIG_PACKETS,
	TG_CONFIG_BYTES,
	TG_CONFIG_CONNECTIONS, /* TCP packets with SYN and without ACK, one token each */
};

struct tg_config_interface {
	char name[16]; /* IFNAMSIZ */
	enum tg_xdp_mode xdp_mode;
	unsigned int hooks; /* mask of hooks; 0 only while errors are being found */
	bool manage_qdisc;  /* an fq for what is delayed may be put in place of the default qdisc */
	struct tg_location place;
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

/* What happens to a packet that finds too few tokens. */
enum tg_config_action { TG_CONFIG_DROP, TG_CONFIG_MARK, TG_CONFIG_DELAY, TG_CONFIG_REJECT };

struct tg_config_mark {
	int dscp;	   /* 0..63 (RFC 2474), -1 none */
	bool ecn;	   /* CE, on packets that are ECN-capable (RFC 3168) */
	bool drop_not_ecn; /* those that are not are dropped, instead of going on without CE */
	bool has_fwmark, has_priority;
	uint32_t fwmark, priority;
};

#define TG_MAX_DELAY_MAX     10000000000ULL /* ns: fq's own horizon */
#define TG_BACKOFF_STEPS_MAX 15 /* attempts after which the longest penalty must be reached */
#define TG_BACKOFF_MAX	     86400000000000ULL /* ns */

/* Refusal number n (from 0) closes a bucket for initial * (factor / 1000)^n, at most max. */
struct tg_config_backoff {
	uint64_t initial; /* ns; 0: no backoff */
	uint64_t max;	  /* ns */
	uint32_t factor;  /* thousandths, 1000 to 16000 */
};

struct tg_config_limit {
	char name[TG_CONFIG_NAME_SIZE];
	struct tg_location place;
	struct tg_match match;
	enum tg_config_per per;
	bool per_port;	   /* and each destination port has a bucket of its own */
	bool per_protocol; /* likewise */
	uint8_t prefix4;   /* 0..32, of the address that `per` names */
	uint8_t prefix6;   /* 0..128 */
	enum tg_config_unit unit;
	struct tg_refill refill;
	unsigned int hooks; /* where it holds: a mask of hooks; 0 with PER_KEY */
	enum tg_config_action action;
	struct tg_config_mark mark; /* for TG_CONFIG_MARK, and above mark_above */
	uint64_t mark_above;	    /* tokens in use above which packets are marked; 0: never */
	uint64_t max_delay;	    /* ns, for TG_CONFIG_DELAY */
	bool dns_refused; /* for TG_CONFIG_REJECT: answer DNS with REFUSED instead of TC */
	struct tg_config_backoff backoff;
	bool shadow; /* counted, never acted upon */
	bool shared; /* other nodes charge it too */
	enum tg_store_loss on_store_loss;
	/* How fast unknown sources get a bucket of their own; capacity 0: as long as there is room.
	 */
	struct tg_refill new_sources;
};

/* A Redis server, as its URL has it. */
enum tg_config_scheme { TG_CONFIG_UNIX, TG_CONFIG_REDIS, TG_CONFIG_REDISS };
struct tg_config_store {
	enum tg_config_scheme scheme;
	char host[TG_CONFIG_HOST_SIZE]; /* a name, an address or, with TG_CONFIG_UNIX, a path */
	uint16_t port;
	unsigned int database;
};

#define TG_CONFIG_STORES_MAX 8
#define TG_CONFIG_TICK_MIN   10000000ULL   /* ns */
#define TG_CONFIG_TICK_MAX   5000000000ULL /* ns */

/* The nodes with which shared limits are shared, and the Redis through which. */
struct tg_config_cluster {
	char name[TG_CONFIG_NAME_SIZE]; /* empty: there is no cluster */
	char node[TG_CONFIG_NAME_SIZE];
	struct tg_config_store stores[TG_CONFIG_STORES_MAX]; /* the next where one fails */
	size_t stores_n;
	/* Empty if unused. Files are read when they are needed, not kept. */
	char user[TG_CONFIG_NAME_SIZE];
	char password_file[TG_CONFIG_PATH_SIZE];
	char ca_file[TG_CONFIG_PATH_SIZE];	  /* PEM; for rediss; empty: the system's */
	char frame_key_file[TG_CONFIG_PATH_SIZE]; /* TG_SHARED_SECRET_MAX bytes at most */
	uint64_t interval;			  /* ns: the tick */
	uint64_t stale_after;			  /* ns */
	uint32_t max_sources;
	uint32_t nodes_expected; /* 0: as many as there are */
	uint64_t name_key[2];	 /* once it is put in force: see tg_cluster_secret_note() */
	struct tg_location place;
};

struct tg_config {
	char *path;
	struct tg_config_interface *interfaces;
	size_t interfaces_n;
	struct tg_prefix_list allow; /* sets resolved; sorted and without doubles */
	struct tg_prefix_list deny;
	uint32_t table_size; /* buckets */
	enum tg_on_stop on_stop;
	struct tg_config_cluster cluster;
	struct tg_config_limit *limits;
	size_t limits_n;
};

/* A deep copy, or NULL when out of memory. */
struct tg_config *tg_config_copy(const struct tg_config *config);

void tg_config_free(struct tg_config **config); /* NULL-safe; sets *config to NULL */

/* Keys that applications name are told to other nodes, so that all hash them alike. */
bool tg_config_shares_names(const struct tg_config *config);

/* The limit of that name, or NULL. */
struct tg_config_limit *tg_config_find_limit(struct tg_config *config, const char *name);

/* The hooks at which a limit comes to hold: those it is for that any interface has. */
unsigned int tg_config_limit_hooks(const struct tg_config *config,
				   const struct tg_config_limit *limit);

/* "redis://[::1]:6379/2": the URL of a server, in which there is no password. */
#define TG_CONFIG_STORE_URL_SIZE (TG_CONFIG_HOST_SIZE + 32)
const char *tg_config_store_url(const struct tg_config_store *store, char *url, size_t size);

/* "cs1"; NULL for those without a name. */
const char *tg_dscp_name(int dscp);

/* mark_above must lie below the capacity. Returns 0, or -EINVAL with a sentence in @why. */
int tg_config_check_mark_above(const struct tg_config_limit *limit, char *why, size_t size);

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
