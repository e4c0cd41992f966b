// SPDX-License-Identifier: GPL-2.0-or-later
/* Carries the state of new_sources from one bank to the other, and reads it. */
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

static uint64_t deficit_of(const struct tg_admission *admission)
{
	return admission->state ? tg_gcra_deficit(&admission->rate, admission->state,
						  clock_of(&admission->rate))
				: 0;
}

static int read_admission(int fd, uint32_t bank, uint32_t slot, struct tg_admission *admission)
{
	uint32_t index = bank * TG_LIMITS_MAX + slot;

	return bpf_map_lookup_elem(fd, &index, admission) ? -errno : 0;
}

static void carry_over(const struct tg_admission *from, struct tg_admission *to)
{
	if (!from->rate.amount || !to->rate.amount || !from->state)
		return;
	if (memcmp(&from->rate, &to->rate, sizeof(to->rate)) == 0)
		to->state = from->state;
	else
		to->state = tg_gcra_state(tg_gcra_convert(&from->rate, &to->rate, deficit_of(from)),
					  clock_of(&to->rate), 0);
}

int tg_admission_write(int fd, uint32_t to, const struct tg_compiled *compiled)
{
	struct tg_admission before, admission;
	uint32_t slot, index;
	int error;

	for (slot = 0; slot < TG_LIMITS_MAX; slot++) {
		admission = compiled->admissions[slot];
		error = read_admission(fd, !to, slot, &before);
		if (error)
			return error;
		if (!(compiled->fresh >> slot & 1))
			carry_over(&before, &admission);
		index = to * TG_LIMITS_MAX + slot;
		if (bpf_map_update_elem(fd, &index, &admission, BPF_ANY))
			return -errno;
	}
	return 0;
}

int tg_admission_is_open(int fd, uint32_t bank, uint32_t slot)
{
	struct tg_admission admission;
	__u64 deficit;
	int error = read_admission(fd, bank, slot, &admission);

	if (error)
		return error;
	if (!admission.rate.amount)
		return 1;
	deficit = deficit_of(&admission);
	return tg_gcra_charge(&admission.rate, &deficit, 1);
}
