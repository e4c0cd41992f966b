// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a VLAN's device does, where the kernel has none: tags go on what the own stack sends and
 * come off what it is to get. TAGS, 1 or 2: of 802.1Q, or of 802.1ad and in it 802.1Q. What comes
 * without exactly these never gets to the stack, and an answer of tidegate's gets none put on: it
 * has to have its own.
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#define INNER 0x6014 /* priority 3, VLAN 20 */
#if TAGS == 1
#define TYPE  bpf_htons(ETH_P_8021Q)
#define OUTER INNER
#else
#define TYPE  bpf_htons(ETH_P_8021AD)
#define OUTER 0xa00a /* priority 5, VLAN 10 */
#endif

static __always_inline int has(struct __sk_buff *skb, __u32 type, __u32 tag)
{
	return skb->vlan_present && skb->vlan_proto == type && skb->vlan_tci == tag;
}

SEC("tc") int put_on(struct __sk_buff *skb)
{
	if (skb->ingress_ifindex)
		return TC_ACT_UNSPEC;
	if (TAGS == 2 && bpf_skb_vlan_push(skb, bpf_htons(ETH_P_8021Q), INNER))
		return TC_ACT_SHOT;
	return bpf_skb_vlan_push(skb, TYPE, OUTER) ? TC_ACT_SHOT : TC_ACT_UNSPEC;
}

SEC("tc") int take_off(struct __sk_buff *skb)
{
	if (!has(skb, TYPE, OUTER) || bpf_skb_vlan_pop(skb))
		return TC_ACT_SHOT;
	if (TAGS == 2 && (!has(skb, bpf_htons(ETH_P_8021Q), INNER) || bpf_skb_vlan_pop(skb)))
		return TC_ACT_SHOT;
	return skb->vlan_present ? TC_ACT_SHOT : TC_ACT_UNSPEC;
}

/* What XDP sends back arrives at the end of a veth only if a program of XDP is there. */
SEC("xdp") int receive(struct xdp_md *ctx)
{
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
