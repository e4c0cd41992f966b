// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Copies debits into the map, runs the program once for all of them, and copies the results back.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>

#include "kernel/debit_program.h"

int tg_debit_run(const struct tg_program *program, struct tg_debit *debits, uint32_t n)
{
	static uint32_t indices[TG_DEBITS_MAX];
	struct tg_debit_batch request = {.n = n};
	LIBBPF_OPTS(bpf_test_run_opts, options, .ctx_in = &request, .ctx_size_in = sizeof(request));
	int map = tg_program_map_fd(program, TG_MAP_DEBITS);
	uint32_t i, batch;

	if (!n)
		return 0;
	for (i = 0; i < n; i++)
		indices[i] = i;
	if (bpf_map_update_batch(map, indices, debits, &n, NULL))
		return -errno;
	if (bpf_prog_test_run_opts(tg_program_debit_fd(program), &options))
		return -errno;
	n = request.n;
	/* ENOENT says that the map ends here, as it does if n is TG_DEBITS_MAX. */
	if (bpf_map_lookup_batch(map, NULL, &batch, indices, debits, &n, NULL) && errno != ENOENT)
		return -errno;
	return 0;
}
