/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The packet programs and what they leave in the kernel: maps, links and their pins under the state
 * directory. All of it outlives the process unless tg_datapath_detach() removes it.
 *
 * Functions return 0 or -errno unless they say otherwise. On failure those with an @errmsg
 * (TG_ERRMSG_SIZE) write a sentence for the operator there: what failed and what to do next.
 */
#ifndef TG_DATAPATH_DATAPATH_H
#define TG_DATAPATH_DATAPATH_H

#include "datapath/attachments.h"
#include "config/config.h"
#include "datapath/counters.h"
#include "datapath/entries.h"
#include "datapath/follow.h"
#include "base/errmsg.h"
#include "base/prefix.h"
#include "datapath/reclaim.h"
#include "datapath/stats.h"

struct tg_datapath;

/*
 * Locks @state_dir, which must lie on a bpffs and is made if missing, and adopts the maps, links
 * and entries that an earlier daemon left there. Changes nothing of them: what is attached goes on
 * as it is until the first publish has switched over, maps of an older layout as well. The caller
 * ends *@datapath with tg_datapath_close(). -EBUSY: another daemon has the directory, or a newer
 * version has left it; -EPERM; -EINVAL: it is not on a bpffs; another: something there cannot be
 * read.
 */
int tg_datapath_open(const char *state_dir, struct tg_datapath **datapath, char *errmsg);

/* The same for tg_datapath_detach() alone: reads no maps, so that they may be of any layout. */
int tg_datapath_open_links(const char *state_dir, struct tg_datapath **datapath, char *errmsg);

/*
 * Puts @config in force: compiles it, loads a new generation of the programs over the live buckets
 * and counters, attaches to the configured interfaces, switches over in one step, then converts
 * buckets whose rate changed. Becomes an owner of @config. On failure the old policy stays in
 * force. -EBUSY: an XDP program that is not tidegate's is on an interface; -EPERM: no privilege;
 * -ENODEV: no such interface; -EOPNOTSUPP: xdp_mode native without driver support.
 */
int tg_datapath_publish(struct tg_datapath *datapath, const struct tg_config *config, char *errmsg);

/* Reads all counters into *@stats, which the caller frees with tg_stats_free(). */
int tg_datapath_stats(struct tg_datapath *datapath, struct tg_stats **stats);

/* A walk over all buckets, in steps, between which the event loop goes on. */
struct tg_bucket_walk;

/* Returns NULL, logged, if the table cannot be read. */
struct tg_bucket_walk *tg_datapath_walk_new(struct tg_datapath *datapath);
void tg_datapath_walk_free(struct tg_bucket_walk **walk); /* NULL-safe; sets *walk to NULL */

/*
 * Calls @each for the next 4,096 buckets at most, until it returns nonzero. @view is valid during
 * the call. Returns 1 if there are more; 0 at the end, or if @each returned more than 0; what @each
 * returned if it is below 0; -ESTALE if another policy came into force since
 * tg_datapath_walk_new(), so that names in earlier views are gone; or -errno if the table cannot be
 * read.
 */
int tg_datapath_walk_step(struct tg_datapath *datapath, struct tg_bucket_walk *walk,
			  int (*each)(void *data, const struct tg_bucket_view *view), void *data);

/*
 * Fills @views (TG_VIEWS_MAX of them) and *@n with the buckets that packets of the source @address
 * (16 bytes, network order) may be charged to. A limit gives one view, of a full bucket if there is
 * none. Left out are limits per destination and per key, and those whose match excludes the source.
 * *@list gets the allow or deny prefix that decides about the source. Returns 1 if there are
 * limits with a port or a protocol in their key; a walk with tg_datapath_why_take() finds a view
 * for each bucket of theirs. Else returns 0, or -errno.
 */
int tg_datapath_why(const struct tg_datapath *datapath, const uint8_t address[16],
		    struct tg_bucket_view *views, size_t *n, struct tg_list_view *list);

/* Adds @view if it is one of those. Returns 1 if @views is full, else 0. */
int tg_datapath_why_take(const struct tg_datapath *datapath, const uint8_t address[16],
			 const struct tg_bucket_view *view, struct tg_bucket_view *views,
			 size_t *n);

/* Fills @views (TG_VIEWS_MAX of them) and *@n with one view for each limit with per: key, of the
 * bucket of the application's @key. Returns 0 or -errno. */
int tg_datapath_why_key(const struct tg_datapath *datapath, const char *key,
			struct tg_bucket_view *views, size_t *n);

/*
 * Makes buckets full: those of the limit named @limit (NULL: of all limits), and of these the ones
 * of the source @address or of the application's @key (both NULL: all). *@count gets how many.
 * -ENOENT: there is no such limit.
 */
int tg_datapath_reset(struct tg_datapath *datapath, const char *limit, const uint8_t *address,
		      const char *key, uint32_t *count);

/*
 * Removes every link, program and pin, and the state directory once it is empty; *@links gets the
 * number of links removed. Without @entries_too, the pinned allow and deny entries stay for the
 * next daemon. -errno: the directory could not be removed, or, logged, a link could not be
 * detached, which then stays with all that it runs by.
 */
int tg_datapath_detach(struct tg_datapath *datapath, bool entries_too, unsigned int *links);

/* Frees *@datapath and unlocks the directory; what is attached stays. Sets *@datapath to NULL.
 * NULL-safe. */
void tg_datapath_close(struct tg_datapath **datapath);

#endif
