// SPDX-License-Identifier: GPL-2.0-or-later
/* Reads offsets of members from the kernel's BTF. */
#include "kernel/gso_layout.h"

#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "base/log.h"

/* Bytes to which the kernel rounds up what follows packets in memory; 0: not known here. */
#if defined(__x86_64__) || defined(__aarch64__) || defined(__riscv)
#define CACHE_LINE 64
#else
#define CACHE_LINE 0
#endif

#define NESTED_MOST 4 /* anonymous structs and unions in one another */

struct member {
	const char *type, *name;
	size_t field; /* of struct tg_gso_layout */
};

static const struct member members[] = {
	{"xdp_buff", "data_hard_start", offsetof(struct tg_gso_layout, hard_start)},
	{"xdp_buff", "rxq", offsetof(struct tg_gso_layout, rxq)},
	{"xdp_buff", "frame_sz", offsetof(struct tg_gso_layout, frame_size)},
	{"xdp_rxq_info", "dev", offsetof(struct tg_gso_layout, device)},
	{"net_device", "_rx", offsetof(struct tg_gso_layout, queues)},
	{"netdev_rx_queue", "xdp_rxq", offsetof(struct tg_gso_layout, queue_rxq)},
	{"skb_shared_info", "gso_size", offsetof(struct tg_gso_layout, gso_size)},
	{"skb_shared_info", "gso_segs", offsetof(struct tg_gso_layout, gso_segs)},
};

/* Returns the offset of the member in bits, looking into anonymous ones as well, or -ENOENT. */
static int find_member(const struct btf *btf, uint32_t id, const char *name, int depth)
{
	const struct btf_type *type = btf__type_by_id(btf, id);
	const struct btf_member *member;
	const char *called;
	uint32_t i;
	int within;

	if (depth > NESTED_MOST || !type || !btf_is_composite(type))
		return -ENOENT;
	for (i = 0; i < btf_vlen(type); i++) {
		member = &btf_members(type)[i];
		called = btf__name_by_offset(btf, member->name_off);
		within = -ENOENT;
		if (called && strcmp(called, name) == 0)
			within = 0;
		else if (!called || !*called)
			within = find_member(btf, member->type, name, depth + 1);
		if (within >= 0)
			return btf_member_bit_offset(type, i) + within;
	}
	return -ENOENT;
}

/* Returns the size of the structure in bytes, or -errno. */
static int64_t size_of(const struct btf *btf, const char *name)
{
	int id = btf__find_by_name_kind(btf, name, BTF_KIND_STRUCT);

	return id < 0 ? id : btf__resolve_size(btf, id);
}

static bool read_layout(const struct btf *btf, struct tg_gso_layout *layout)
{
	int64_t queue = size_of(btf, "netdev_rx_queue"), info = size_of(btf, "skb_shared_info");
	size_t i;
	int id, bits;

	for (i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
		id = btf__find_by_name_kind(btf, members[i].type, BTF_KIND_STRUCT);
		bits = id < 0 ? id : find_member(btf, id, members[i].name, 0);
		if (bits < 0 || bits % 8)
			return false;
		*(__u32 *)((char *)layout + members[i].field) = bits / 8;
	}
	if (queue <= 0 || info <= 0 || !CACHE_LINE)
		return false;
	layout->queue_bytes = queue;
	layout->info_bytes = (info + CACHE_LINE - 1) / CACHE_LINE * CACHE_LINE;
	return true;
}

static void find_layout(struct tg_gso_layout *layout)
{
	struct btf *btf;

	if (libbpf_probe_bpf_helper(BPF_PROG_TYPE_XDP, BPF_FUNC_probe_read_kernel, NULL) != 1)
		return;
	btf = btf__load_vmlinux_btf();
	if (!btf)
		return;
	layout->is_known = read_layout(btf, layout);
	btf__free(btf);
}

const struct tg_gso_layout *tg_gso_layout_get(void)
{
	static struct tg_gso_layout layout;
	static bool looked;

	if (looked)
		return &layout;
	looked = true;
	find_layout(&layout);
	if (!layout.is_known)
		tg_log(TG_LOG_INFO,
		       "this kernel does not say how it lays out packets; in generic XDP those "
		       "longer than the MTU are counted by their length");
	return &layout;
}
