// SPDX-License-Identifier: GPL-2.0-or-later
#include <bpf/bpf.h>
#include <errno.h>
#include <string.h>
#include <tidegate/gcra.h>

#include "kernel/admission.h"
#include "kernel/packet_clock.h"

static uint64_t clock_of(const struct tg_rate *rate)
{
	return tg_gcra_clock(rate, tg_clock_read(rate->clock));
}

static uint64_t deficit_of(const struct tg_gate *gate)
{
	return gate->state ? tg_gcra_deficit(&gate->rate, gate->state, clock_of(&gate->rate)) : 0;
}

static int read_gate(int fd, uint32_t bank, uint32_t slot, struct tg_gate *gate)
{
	uint32_t index = bank * TG_LIMITS_MAX + slot;

	return bpf_map_lookup_elem(fd, &index, gate) ? -errno : 0;
}

static void carry_over(const struct tg_gate *from, struct tg_gate *to)
{
	if (!from->rate.amount || !to->rate.amount || !from->state)
		return;
	if (memcmp(&from->rate, &to->rate, sizeof(to->rate)) == 0)
		to->state = from->state;
	else
		to->state = tg_gcra_state(tg_gcra_convert(&from->rate, &to->rate, deficit_of(from)),
					  clock_of(&to->rate), 0);
}

int tg_gates_write(int fd, uint32_t to, const struct tg_compiled *compiled)
{
	struct tg_gate before, gate;
	uint32_t slot, index;
	int error;

	for (slot = 0; slot < TG_LIMITS_MAX; slot++) {
		gate = compiled->gates[slot];
		error = read_gate(fd, !to, slot, &before);
		if (error)
			return error;
		if (!(compiled->fresh >> slot & 1))
			carry_over(&before, &gate);
		index = to * TG_LIMITS_MAX + slot;
		if (bpf_map_update_elem(fd, &index, &gate, BPF_ANY))
			return -errno;
	}
	return 0;
}

bool tg_gates_let_in(int fd, uint32_t bank, uint32_t slot)
{
	struct tg_gate gate;
	__u64 deficit;

	if (read_gate(fd, bank, slot, &gate))
		return false;
	if (!gate.rate.amount)
		return true;
	deficit = deficit_of(&gate);
	return tg_gcra_charge(&gate.rate, &deficit, 1);
}
