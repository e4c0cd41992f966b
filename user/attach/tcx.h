/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Attaches programs at TC by TCX links (Linux 6.6). */
#ifndef TG_ATTACH_TCX_H
#define TG_ATTACH_TCX_H

#include "attach/link.h"

/*
 * Attaches @program (a descriptor) to the hook and ifindex of @attachment, before other programs.
 * Returns a descriptor of the link, which the caller pins and closes, or -errno: -EINVAL or
 * -EOPNOTSUPP if the kernel has no TCX.
 */
int tg_tcx_attach(const struct tg_attachment *attachment, int program);

#endif
