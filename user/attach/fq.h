/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The fq qdisc, which on_exceed: delay needs, and the filters of clsact. A delayed packet carries
 * its departure time. The fq qdisc (tc-fq(8)) holds it until then; other qdiscs send it at once.
 */
#ifndef TG_ATTACH_FQ_H
#define TG_ATTACH_FQ_H

#include <stdbool.h>
#include <stdint.h>

/* A filter of the clsact qdisc, ours or another's. Handle 0 stands for all of one priority. */
struct tg_filter {
	uint32_t priority, handle;
	uint16_t protocol; /* network byte order */
	char kind[16];
};

/*
 * Calls @each for each filter of the egress or ingress side of the interface. Returns 0 after all
 * of them, also if there are none because there is no clsact qdisc or no such interface; or -errno
 * before the first: then it is not known which there are.
 */
int tg_fq_each_filter(unsigned int ifindex, bool egress,
		      void (*each)(void *data, const struct tg_filter *filter), void *data);

/* Returns whether the root qdisc is fq, or mq with nothing but fq below it. False on failure. */
bool tg_fq_is_fair(unsigned int ifindex);

/*
 * Makes sure that the interface @ifindex, called @name, has fq. With @manage, replaces the qdisc
 * that the kernel put there by default, logs it, and sets *@made to true. A configured qdisc is
 * never replaced. Returns 0, or -errno with @errmsg (TG_ERRMSG_SIZE): -EOPNOTSUPP without @manage,
 * -EBUSY if the qdisc was configured, -ENOENT if the kernel has no fq.
 */
int tg_fq_require(unsigned int ifindex, const char *name, bool manage, bool *made, char *errmsg);

/* Removes the fq that tidegate made; the kernel then puts its default there. Logs a failure. */
void tg_fq_restore(unsigned int ifindex);

#endif
