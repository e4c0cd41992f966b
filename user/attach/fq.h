/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The queue behind tc-egress. Delayed packets carry the time at which they may leave, and the fq
 * qdisc (tc-fq(8)) keeps them until then; other queues send them at once.
 */
#ifndef TG_ATTACH_FQ_H
#define TG_ATTACH_FQ_H

#include <stdbool.h>
#include <stdint.h>

/* A filter of the clsact qdisc, of whomever; with handle 0, all of one priority and kind. */
struct tg_filter {
	uint32_t priority, handle;
	uint16_t protocol; /* network byte order */
	char kind[16];
};

/* Calls @each for all filters there; for none if there is no such qdisc. */
void tg_fq_each_filter(unsigned int ifindex, bool egress,
		       void (*each)(void *data, const struct tg_filter *filter), void *data);

/* fq is the root qdisc, or below a root mq all there is. */
bool tg_fq_is_fair(unsigned int ifindex);

/*
 * Sees to it that the interface has fq. With @manage, one of tidegate's own takes the place of
 * the qdisc that the kernel has put there by itself; one that somebody has configured is not
 * touched.
 * *@made: this call did that. Returns 0 or -errno with @errmsg.
 */
int tg_fq_require(unsigned int ifindex, const char *name, bool manage, bool *made, char *errmsg);

/* Takes an fq of tidegate's out again, upon which the kernel puts its own there. */
void tg_fq_restore(unsigned int ifindex);

#endif
