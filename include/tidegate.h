/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libtidegate: token buckets of tidegate for applications. Each call charges a bucket in the
 * kernel, the one that packets and other processes charge as well, by the same code; it takes about
 * a microsecond, never sleeps and asks no daemon: buckets stay while the daemon is restarted.
 * See libtidegate(3) and docs/library.md.
 *
 * Functions return 0 or a negative errno; on failure what they were to fill in is untouched:
 *	-ENOTCONN  no daemon has put limits in force in that state directory
 *	-ENOENT    the policy in force has no such limit
 *	-EACCES    no permission: only root and the daemon's group may charge, and the group only
 *		   limits with per: key
 *	-EINVAL    the key is not what the limit is for, or the name or the cost is impossible
 *	-ENOMEM
 * All may be called from any thread at any time, with the same handle.
 */
#ifndef TIDEGATE_H
#define TIDEGATE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct tidegate;

/* What tidegate_open() takes for no state directory. */
#define TIDEGATE_STATE_DIR "/sys/fs/bpf/tidegate"

#define TIDEGATE_NEVER UINT64_MAX

/* How a bucket stands. Tokens are requests, or bytes with unit: bytes; times are in ns from now. */
struct tidegate_answer {
	uint32_t admitted;	 /* 1: go on, the tokens are taken; 0: refused, nothing is taken */
	uint32_t shadow;	 /* 1: admitted only because the limit has shadow: true */
	uint64_t limit;		 /* tokens in a full bucket */
	uint64_t remaining;	 /* tokens left, 0 while backoff keeps the bucket closed */
	uint64_t reset_ns;	 /* until the bucket is full */
	uint64_t retry_after_ns; /* until the same cost is admitted; 0 at once; TIDEGATE_NEVER if it
				    is more than the limit */
	uint64_t window_ns;	 /* in which an empty bucket fills */
	uint64_t delay_ns;    /* with on_exceed: delay: admitted, if it is served so much later */
	uint64_t reserved[4]; /* 0 */
};

/*
 * @state_dir: the daemon's --state; NULL for TIDEGATE_STATE_DIR. Needs no daemon yet: one that
 * comes later is found by the next call.
 */
int tidegate_open(const char *state_dir, struct tidegate **handle);

/* No call may be under way and no wait be left. NULL-safe; sets *handle to NULL. */
void tidegate_close(struct tidegate **handle);

/*
 * Takes @cost tokens (0 to 2^40) from the bucket of @key in @limit, if they are there. @key is any
 * text with per: key; an address, "192.0.2.9" or "2001:db8::9", with per: source and destination,
 * where packets of that address charge the same bucket; and of no account with per: everyone.
 */
int tidegate_charge(struct tidegate *handle, const char *limit, const char *key, uint64_t cost,
		    struct tidegate_answer *answer);

/* What a charge would answer; changes nothing and counts nothing. */
int tidegate_peek(struct tidegate *handle, const char *limit, const char *key, uint64_t cost,
		  struct tidegate_answer *answer);

/* In one sentence what an error of the functions above means and what to do. */
const char *tidegate_strerror(int error);

/*
 * Waiting for tokens. The library tells how long to sleep and the caller sleeps, in its own event
 * loop or thread:
 *
 *	tidegate_wait_begin(handle, "api", key, 1, &patience, &wait);
 *	while ((r = tidegate_wait_try(wait, &answer, &sleep_ns)) == 1)
 *		sleep for sleep_ns, or give up
 *	tidegate_wait_end(&wait);
 *
 * A wait has no place in a queue and holds no tokens, so it may be ended at any moment, also
 * between two tries. One wait is for one thread at a time.
 */
struct tidegate_wait;

struct tidegate_patience {
	uint64_t max_ns;      /* in all; what would take longer is refused at once */
	uint64_t backoff_ns;  /* sleeps of at least so much, twice as much each time; 0: none */
	uint64_t reserved[2]; /* 0 */
};

int tidegate_wait_begin(struct tidegate *handle, const char *limit, const char *key, uint64_t cost,
			const struct tidegate_patience *patience, struct tidegate_wait **wait);

/*
 * The first try charges; later ones do so only when the tokens are there, and so draw no backoff.
 * 1: call again after *@sleep_ns, which is as long as the limit's backoff and its refill say, and
 * no less than the patience's backoff. 0: decided, answer->admitted says how. Or a negative errno.
 */
int tidegate_wait_try(struct tidegate_wait *wait, struct tidegate_answer *answer,
		      uint64_t *sleep_ns);

/* NULL-safe; sets *wait to NULL. */
void tidegate_wait_end(struct tidegate_wait **wait);

/* How many waits have begun and not ended. */
uint64_t tidegate_waiting(const struct tidegate *handle);

#ifdef __cplusplus
}
#endif

#endif
