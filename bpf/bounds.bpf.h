/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Bounds that the verifier sees. A mask that is only a bound needs tg_masked() where a compiler may
 * know the value, because it drops a plain one.
 */
#ifndef TG_BOUNDS_BPF_H
#define TG_BOUNDS_BPF_H

#include <linux/types.h>
#include <bpf/bpf_helpers.h>

/*
 * Returns @index & (@size - 1), where @size is a power of two. Hides from the compiler what @index
 * can be, because it drops masks that it proves superfluous, and the verifier has no such proof.
 */
static __always_inline __u32 tg_masked(__u32 index, __u32 size)
{
	asm("" : "+r"(index));
	return index & (size - 1);
}

#endif
