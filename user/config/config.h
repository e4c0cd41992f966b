/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A configuration: validated, with defaults filled in and sets resolved. It says nothing of how it
 * is enforced. load.h makes it from YAML. Durations are in ns, unless a comment says otherwise.
 *
 * One that is in force, or was, has several owners and is const: who changes a setting makes a copy
 * and changes that, before anybody else has it. Copies share the lists and matches, which are what
 * takes memory.
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
#define TG_TABLE_SIZE_DEFAULT	 65536	   /* buckets */
#define TG_TABLE_SIZE_MAX	 16777216  /* buckets */
#define TG_TABLE_WHOLE		 10000	   /* a part of the table is so many of these */
#define TG_TABLE_RESERVE_DEFAULT 5000

/*
 * A set of hooks is a mask of 1 << enum tg_hook. config/ does not include that enum, because it
 * knows nothing of the packet programs; policy/compiled.h asserts that the bits are the same.
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
	TG_CONFIG_PER_KEY, /* a key that an application names; no packet is charged */
};
enum tg_config_unit {
	TG_CONFIG_PACKETS,
	TG_CONFIG_BYTES,
	TG_CONFIG_CONNECTIONS, /* TCP packets with SYN and without ACK, one token each */
};

struct tg_config_interface {
	char name[16]; /* IFNAMSIZ */
	enum tg_xdp_mode xdp_mode;
	unsigned int hooks; /* mask of hooks; 0 only after an error, while reading goes on */
	bool manage_qdisc; /* the daemon may replace the default qdisc by fq, for delayed packets */
	struct tg_location place;
};

/*
 * The refill of a bucket, in tokens: packets, connections, or bytes of the Ethernet frame. Stepped:
 * `amount` tokens at every whole `interval` of the clock. Continuous: `amount` tokens in each
 * `interval`, spread evenly.
 */
struct tg_refill {
	uint64_t capacity; /* tokens, 1 to TG_CAPACITY_MAX */
	uint64_t amount;   /* tokens, 1 or more */
	uint64_t interval; /* ns, 1 or more */
	bool continuous;
};

#define TG_CAPACITY_MAX	     (1ULL << 40)    /* tokens */
#define TG_RATE_MAX	     100000000000ULL /* tokens a second, both kinds: 800 Gbit/s in bytes */
#define TG_REFILL_TIME_MAX_S 126230400ULL    /* s to fill an empty bucket, if continuous: 4 years */
#define TG_INTERVAL_MIN	     1000ULL	     /* ns, if stepped */

/* What happens to a packet that finds too few tokens. */
enum tg_config_action { TG_CONFIG_DROP, TG_CONFIG_MARK, TG_CONFIG_DELAY, TG_CONFIG_REJECT };

struct tg_config_mark {
	int dscp;	   /* 0..63 (RFC 2474); -1: unchanged */
	bool ecn;	   /* set CE on ECN-capable packets (RFC 3168) */
	bool drop_not_ecn; /* drop packets that are not ECN-capable; else they pass unmarked */
	bool has_fwmark, has_priority;
	uint32_t fwmark, priority;
};

#define TG_MAX_DELAY_MAX     10000000000ULL /* ns: the horizon of fq */
#define TG_BACKOFF_STEPS_MAX 15 /* refusals within which the longest penalty must be reached */
#define TG_BACKOFF_MAX	     86400000000000ULL /* ns */

/*
 * The penalty of refusal n, from 0: nothing is admitted for initial * (factor / 1000)^n, at most
 * max.
 */
struct tg_config_backoff {
	uint64_t initial; /* ns; 0: no backoff */
	uint64_t max;	  /* ns */
	uint32_t factor;  /* thousandths, 1000 to 16000 */
};

struct tg_config_limit {
	char name[TG_CONFIG_NAME_SIZE];
	struct tg_location place;
	struct tg_match
		*match; /* shared with the copies of the limit: changed only by its reader */
	enum tg_config_per per;
	bool per_port;	   /* each destination port has a bucket of its own */
	bool per_protocol; /* each IP protocol has a bucket of its own */
	uint8_t prefix4;   /* 0..32: bits of an IPv4 address that `per` tells apart */
	uint8_t prefix6;   /* 0..128: the same for IPv6 */
	enum tg_config_unit unit;
	struct tg_refill refill;
	unsigned int hooks; /* mask of hooks at which it holds; 0 with PER_KEY */
	enum tg_config_action action;
	struct tg_config_mark mark; /* of TG_CONFIG_MARK and mark_above */
	uint64_t mark_above;	    /* tokens in use above which packets are marked; 0: never */
	uint64_t max_delay;	    /* ns, for TG_CONFIG_DELAY */
	bool dns_refused;	    /* of TG_CONFIG_REJECT: reply to DNS with REFUSED, not TC */
	struct tg_config_backoff backoff;
	bool shadow; /* excess is counted, and passes */
	bool shared; /* other nodes charge it too */
	enum tg_store_loss on_store_loss;
	/* How fast new sources get a bucket of their own. Capacity 0: as fast as they come. */
	struct tg_refill new_sources;
	bool has_table_share; /* else it has an equal part of what is reserved */
	uint32_t table_share; /* of TG_TABLE_WHOLE; see config/table_parts.h */
};

/* A Redis server, as its URL says. */
enum tg_config_scheme { TG_CONFIG_UNIX, TG_CONFIG_REDIS, TG_CONFIG_REDISS };
struct tg_config_store {
	enum tg_config_scheme scheme;
	char host[TG_CONFIG_HOST_SIZE]; /* name or address; TG_CONFIG_UNIX: path */
	uint16_t port;			/* 0 with TG_CONFIG_UNIX */
	unsigned int database;
};

#define TG_CONFIG_STORES_MAX 8
#define TG_CONFIG_TICK_MIN   10000000ULL   /* ns */
#define TG_CONFIG_TICK_MAX   5000000000ULL /* ns */

/*
 * How this node shares limits with others: their common name, and the Redis servers between them.
 */
struct tg_config_cluster {
	char name[TG_CONFIG_NAME_SIZE]; /* empty: no cluster is configured */
	char node[TG_CONFIG_NAME_SIZE];
	struct tg_config_store stores[TG_CONFIG_STORES_MAX]; /* in the order of trying */
	size_t stores_n;
	/* Empty if not given. The contents of files are not kept here. */
	char user[TG_CONFIG_NAME_SIZE];
	char password_file[TG_CONFIG_PATH_SIZE];
	char ca_file[TG_CONFIG_PATH_SIZE];	  /* PEM, for rediss; empty: the system's */
	char frame_key_file[TG_CONFIG_PATH_SIZE]; /* TG_SHARED_SECRET_MAX bytes at most */
	uint64_t interval;			  /* ns: the tick */
	uint64_t stale_after;	 /* ns without a frame after which a node counts as lost */
	uint32_t max_sources;	 /* in one frame */
	uint32_t nodes_expected; /* 0: as many as are heard */
	uint64_t name_key[2];	 /* set by tg_cluster_secret_note() before it is enforced */
	struct tg_location place;
};

/* The text of a file, which configurations made from it share. */
struct tg_config_source {
	unsigned int others; /* owners beyond the first; see base/refcount.h */
	size_t length;
	char text[]; /* with a NUL behind it */
};

struct tg_config {
	unsigned int others;		 /* owners beyond the first; see base/refcount.h */
	char *path;			 /* of the file, for messages */
	struct tg_config_source *source; /* NULL: it was not made from text */
	struct tg_config_interface *interfaces;
	size_t interfaces_n;
	struct tg_prefix_list allow; /* sets resolved; sorted, each prefix once */
	struct tg_prefix_list deny;  /* the same */
	uint32_t table_size;	     /* buckets */
	uint32_t table_reserve;	     /* of TG_TABLE_WHOLE: reserved for the limits */
	enum tg_on_stop on_stop;
	struct tg_config_cluster cluster;
	struct tg_config_limit *limits;
	size_t limits_n;
};

/*
 * Returns a copy to change, with one owner, which the caller frees; or NULL if out of memory. Lists
 * and matches are shared.
 */
struct tg_config *tg_config_copy(const struct tg_config *config);

/* Adds an owner of @config, and returns it. */
const struct tg_config *tg_config_ref(const struct tg_config *config);

/*
 * Takes an owner of *@config away, and frees it after the last. NULL-safe; sets *@config to NULL.
 */
void tg_config_unref(const struct tg_config **config);

/* The same for one that is being made, by its only owner. */
void tg_config_free(struct tg_config **config);

/*
 * Makes @config, which nobody else has yet, share with @other the lists and matches that are equal.
 */
void tg_config_share_equal(struct tg_config *config, const struct tg_config *other);

/*
 * Returns whether a shared limit has per: key. Then all nodes must hash the keys in the same way.
 */
bool tg_config_shares_names(const struct tg_config *config);

/* Returns the limit of that name, a pointer into @config, or NULL. */
const struct tg_config_limit *tg_config_find_limit(const struct tg_config *config,
						   const char *name);

/* The same, of a configuration that is being made, to change the limit. */
struct tg_config_limit *tg_config_edit_limit(struct tg_config *config, const char *name);

/* Returns the mask of hooks at which a limit holds: those it names that some interface has. */
unsigned int tg_config_limit_hooks(const struct tg_config *config,
				   const struct tg_config_limit *limit);

#define TG_CONFIG_STORE_URL_SIZE (TG_CONFIG_HOST_SIZE + 32) /* bytes, with the NUL */

/* Writes the URL of a server, such as "redis://[::1]:6379/2", to @url, and returns @url. */
const char *tg_config_store_url(const struct tg_config_store *store, char *url, size_t size);

/* Returns the standard name of a DSCP, such as "cs1", or NULL if it has none. Static. */
const char *tg_dscp_name(int dscp);

/*
 * Checks that mark_above lies below the capacity. Returns 0, or -EINVAL with a sentence in @why,
 * @size bytes.
 */
int tg_config_check_mark_above(const struct tg_config_limit *limit, char *why, size_t size);

/* A change of refill settings, key by key. */
struct tg_refill_change {
	struct tg_refill refill;		 /* initially a copy of the limit's own */
	bool set_amount, set_interval, set_rate; /* which keys were given; initially false */
};

/*
 * Changes one refill setting of @change. @key: capacity, burst, refill_amount, refill_interval or
 * rate. @value: as in YAML. Returns 0, or -EINVAL with a sentence in @why that says what would be
 * right. Call tg_config_check_refill() after the last key, for what depends on several.
 */
int tg_config_set_refill(struct tg_refill_change *change, enum tg_config_unit unit, const char *key,
			 const char *value, char *why, size_t why_size);

/*
 * Checks what must hold between the refill settings: TG_RATE_MAX and TG_REFILL_TIME_MAX_S are kept,
 * rate excludes the other two keys, and a continuous refill becomes stepped only with both of them.
 * Returns 0, or -EINVAL with a sentence in @why that says what would be right.
 */
int tg_config_check_refill(const struct tg_refill_change *change, char *why, size_t why_size);

#endif
