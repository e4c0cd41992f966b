/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Programs at TC by TCX links (Linux 6.6). */
#ifndef TG_ATTACH_TCX_H
#define TG_ATTACH_TCX_H

#include "attach/link.h"

/* A descriptor of the link, or -errno: -EINVAL or -EOPNOTSUPP if the kernel has no TCX. */
int tg_tcx_attach(const struct tg_attachment *attachment, int program);

#endif
