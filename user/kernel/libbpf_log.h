/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Logs what libbpf has to say. */
#ifndef TG_KERNEL_LIBBPF_LOG_H
#define TG_KERNEL_LIBBPF_LOG_H

/* Has libbpf's messages, but for those of its level debug, logged at TG_LOG_DEBUG; of each only the
 * last 100 lines. For the whole process. */
void tg_libbpf_log(void);

#endif
