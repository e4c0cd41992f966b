/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A change of the policy in three phases, so that the long ones can run in another thread than the
 * event loop. tg_datapath_publish() is all three at once.
 *
 * There is no lock, by these rules. One change is under way at a time. Prepare and finish read from
 * the datapath only what commit writes (the bank, meta, records, sizes, and what is in force), and
 * commit runs in the loop while neither of them does. What the loop writes meanwhile (attachments,
 * entries) is read by commit alone. Nothing is reclaimed meanwhile, see
 * tg_datapath_pause_reclaim().
 */
#ifndef TG_DATAPATH_PUBLISH_H
#define TG_DATAPATH_PUBLISH_H

struct tg_config;
struct tg_datapath;
struct tg_publish;

/*
 * Returns a change to @config, of which it becomes an owner; NULL if out of memory. The caller ends
 * it by tg_publish_free(), before it makes another.
 */
struct tg_publish *tg_publish_new(struct tg_datapath *datapath, const struct tg_config *config);

/*
 * Compiles, loads the programs, fills their maps and copies the table. Takes long; may run in any
 * thread. Returns 0, or -errno with @errmsg (TG_ERRMSG_SIZE), as tg_datapath_publish().
 */
int tg_publish_prepare(struct tg_publish *publish, char *errmsg);

/*
 * Attaches, switches over, and detaches what the new policy does not name. Short; in the loop.
 * Returns 0, or -errno with @errmsg, as tg_datapath_publish(); then the old policy is in force.
 */
int tg_publish_commit(struct tg_publish *publish, char *errmsg);

/*
 * Empties the old bank and converts buckets, after a commit that succeeded. Takes long; may run in
 * any thread. A failure is logged, and the next change makes up for it.
 */
void tg_publish_finish(struct tg_publish *publish);

/* Undoes the change unless it is committed, and frees it. In the loop. NULL-safe; sets NULL. */
void tg_publish_free(struct tg_publish **publish);

#endif
