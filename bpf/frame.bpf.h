/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads, writes and cuts a frame at XDP and at TC. @hook is always a constant. */
#ifndef TG_FRAME_BPF_H
#define TG_FRAME_BPF_H

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <tidegate/abi.h>

static __always_inline long tg_frame_load(void *ctx, enum tg_hook hook, __u32 offset, void *bytes,
					  __u32 n)
{
	return hook == TG_HOOK_XDP ? bpf_xdp_load_bytes(ctx, offset, bytes, n)
				   : bpf_skb_load_bytes(ctx, offset, bytes, n);
}

static __always_inline __u32 tg_frame_there(void *ctx, enum tg_hook hook)
{
	return hook == TG_HOOK_XDP ? bpf_xdp_get_buff_len(ctx) : ((struct __sk_buff *)ctx)->len;
}

/* BPF_F_RECOMPUTE_CSUM corrects the sum over the frame that hardware may have taken. */
static __always_inline long tg_frame_store(void *ctx, enum tg_hook hook, __u32 offset, void *bytes,
					   __u32 n)
{
	return hook == TG_HOOK_XDP
		       ? bpf_xdp_store_bytes(ctx, offset, bytes, n)
		       : bpf_skb_store_bytes(ctx, offset, bytes, n, BPF_F_RECOMPUTE_CSUM);
}

static __always_inline long tg_frame_cut(void *ctx, enum tg_hook hook, __u32 length)
{
	if (hook != TG_HOOK_XDP)
		return bpf_skb_change_tail(ctx, length, 0);
	return bpf_xdp_adjust_tail(ctx, (int)length - (int)tg_frame_there(ctx, hook));
}

#endif
