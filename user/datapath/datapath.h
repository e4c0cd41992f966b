/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The packet programs and what they leave in the kernel: maps, links and their pins
 * under the state directory. Everything here outlives the process unless
 * tg_datapath_detach() takes it away.
 *
 * Functions return 0 or -errno. Those with a @errmsg write there, on failure, a
 * sentence for the operator: what failed and what to do next.
 */
#ifndef TG_DATAPATH_DATAPATH_H
#define TG_DATAPATH_DATAPATH_H

#include "datapath/attachments.h"
#include "config/config.h"
#include "datapath/counters.h"
#include "datapath/entries.h"
#include "base/errmsg.h"
#include "base/prefix.h"
#include "datapath/reclaim.h"
#include "datapath/stats.h"

struct tg_datapath;

/*
 * Takes hold of @state_dir (made if missing; must lie on a bpffs): -EBUSY if another
 * daemon has it. Finds what an earlier daemon left there; changes nothing yet.
 */
int tg_datapath_open(const char *state_dir, struct tg_datapath **datapath, char *errmsg);

/*
 * Puts @config in force: compiles it, loads a new program generation over the live
 * buckets and counters, attaches it to the configured interfaces in one step each, then
 * converts buckets whose rate changed. On failure what was in force before still is.
 * -EBUSY: another's XDP program is on an interface; -EPERM: no privilege; -ENODEV: no
 * such interface; -EOPNOTSUPP: xdp_mode native without driver support.
 */
int tg_datapath_publish(struct tg_datapath *datapath, const struct tg_config *config, char *errmsg);

/* A snapshot; the caller frees it with tg_stats_free(). */
int tg_datapath_stats(struct tg_datapath *datapath, struct tg_stats **stats);

/* Calls @each for every bucket in the table until it returns nonzero (which is returned). */
int tg_datapath_each_bucket(struct tg_datapath *datapath,
			    int (*each)(void *data, const struct tg_bucket_view *view), void *data);

/*
 * The state of each limit for one source @address (all 16 bytes count): left out are limits
 * of TG_CONFIG_PER_DESTINATION and TG_CONFIG_PER_KEY, those whose condition on the source it does
 * not meet, and of limits with a port or a protocol in their key all buckets but those that there
 * are. Fills @views (TG_VIEWS_MAX of them) and *@n; *@list is what the lists say.
 */
int tg_datapath_why(struct tg_datapath *datapath, const uint8_t address[16],
		    struct tg_bucket_view *views, size_t *n, struct tg_list_view *list);

/* The state of each limit with per: key for one key of an application, as tg_datapath_why(). */
void tg_datapath_why_key(const struct tg_datapath *datapath, const char *key,
			 struct tg_bucket_view *views, size_t *n);

/*
 * Fills buckets up: of @limit (NULL: of all), of the source @address or of the key that
 * applications name (both NULL: of all). *@count buckets were found.
 */
int tg_datapath_reset(struct tg_datapath *datapath, const char *limit, const uint8_t *address,
		      const char *key, uint32_t *count);

/*
 * Removes every link, program and pin; *@links were attached. Without @entries_too, allow and
 * deny entries wait for the next daemon.
 */
int tg_datapath_detach(struct tg_datapath *datapath, bool entries_too, unsigned int *links);

/* Lets go without detaching. NULL-safe. */
void tg_datapath_close(struct tg_datapath **datapath);

#endif
