/* SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause */
/*
 * libtidegate: token buckets of tidegate for applications. Each call charges a bucket in the
 * kernel, the same one that packets and other processes charge, by the same code. It takes about a
 * microsecond, never sleeps and needs no daemon: buckets stay while the daemon restarts. See
 * libtidegate(3) and docs/library.md.
 *
 * Functions return 0 or a negative errno. On failure their outputs are untouched:
 *	-ENOTCONN  no daemon has put limits in force in that state directory
 *	-ENOENT    the policy in force has no such limit
 *	-EACCES    no permission: only root and the daemon's group may charge, and the group only
 *		   limits with per: key
 *	-EINVAL    the key is not what the limit is for, or the name or the cost is impossible
 *	-ENOMEM
 * Any thread may call any of them at any time with the same handle, and a child after fork() may go
 * on with the handles of its parent.
 */
#ifndef TIDEGATE_H
#define TIDEGATE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct tidegate;

/* The state directory that tidegate_open() uses for NULL. */
#define TIDEGATE_STATE_DIR "/sys/fs/bpf/tidegate"

#define TIDEGATE_NEVER UINT64_MAX

/*
 * How a bucket stands. Tokens are requests, or bytes with unit: bytes. Times are in ns from now.
 */
struct tidegate_answer {
	uint32_t admitted;	 /* 1: go on, the tokens are taken; 0: refused, nothing is taken */
	uint32_t shadow;	 /* 1: admitted only because the limit has shadow: true */
	uint64_t limit;		 /* capacity: tokens in a full bucket */
	uint64_t remaining;	 /* tokens left; 0 during a penalty of backoff */
	uint64_t reset_ns;	 /* until the bucket is full, ns */
	uint64_t retry_after_ns; /* until the same cost is admitted, ns; 0 at once; TIDEGATE_NEVER
				    if it is above the capacity */
	uint64_t window_ns;	 /* in which an empty bucket fills, ns */
	uint64_t delay_ns;	 /* with on_exceed: delay: admitted if served this much later, ns */
	uint64_t reserved[4];	 /* 0 */
};

/*
 * Makes a handle. @state_dir: the daemon's --state, or NULL for TIDEGATE_STATE_DIR. No daemon need
 * run yet: the next call finds one that comes later.
 */
int tidegate_open(const char *state_dir, struct tidegate **handle);

/*
 * Frees the handle. No call may be under way and no wait be open. NULL-safe; sets *handle to NULL.
 */
void tidegate_close(struct tidegate **handle);

/*
 * Takes @cost tokens (0 to 2^40) from the bucket of @key in @limit if they are there. @key is any
 * text with per: key, and an address ("192.0.2.9", "2001:db8::9") with per: source or destination,
 * where packets of that address charge the same bucket. With per: everyone it is ignored.
 */
int tidegate_charge(struct tidegate *handle, const char *limit, const char *key, uint64_t cost,
		    struct tidegate_answer *answer);

/* Answers as a charge would, but changes and counts nothing. */
int tidegate_peek(struct tidegate *handle, const char *limit, const char *key, uint64_t cost,
		  struct tidegate_answer *answer);

/* Returns one sentence: what an error of these functions means and what to do. */
const char *tidegate_strerror(int error);

/*
 * Waits for tokens. The library says how long to sleep, and the caller sleeps, in its own event
 * loop or thread:
 *
 *	tidegate_wait_begin(handle, "api", key, 1, &patience, &wait);
 *	while ((r = tidegate_wait_try(wait, &answer, &sleep_ns)) == 1)
 *		sleep for sleep_ns, or give up
 *	tidegate_wait_end(&wait);
 *
 * A wait is in no queue and holds no tokens, so it may end at any moment, also between two tries.
 * Only one thread at a time may use it.
 */
struct tidegate_wait;

struct tidegate_patience {
	uint64_t max_ns;      /* longest wait, ns; refused at once if it would take longer */
	uint64_t backoff_ns;  /* shortest sleep, ns, doubled each time; 0: none */
	uint64_t reserved[2]; /* 0 */
};

int tidegate_wait_begin(struct tidegate *handle, const char *limit, const char *key, uint64_t cost,
			const struct tidegate_patience *patience, struct tidegate_wait **wait);

/*
 * Tries once. The first try charges; later ones charge only when the tokens are there, so that
 * they cause no penalty. Returns 1: call again after *@sleep_ns, which is as long as penalty and
 * refill take and at least the patience's backoff. Returns 0: decided, see answer->admitted. Or a
 * negative errno.
 */
int tidegate_wait_try(struct tidegate_wait *wait, struct tidegate_answer *answer,
		      uint64_t *sleep_ns);

/* Ends a wait. NULL-safe; sets *wait to NULL. */
void tidegate_wait_end(struct tidegate_wait **wait);

/* Returns how many waits have begun and not ended. */
uint64_t tidegate_waiting(const struct tidegate *handle);

#ifdef __cplusplus
}
#endif

#endif
