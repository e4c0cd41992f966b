/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Finds where the kernel keeps the number of segments of an sk_buff. */
#ifndef TG_KERNEL_GSO_LAYOUT_H
#define TG_KERNEL_GSO_LAYOUT_H

#include <tidegate/segments.h>

/*
 * Returns the layout, from the BTF of the running kernel, which is read once; call it from one
 * thread at a time. is_known is 0 if the kernel has no BTF or its structures are not as expected,
 * or if programs may not read them (lockdown=confidentiality).
 */
const struct tg_gso_layout *tg_gso_layout_get(void);

#endif
