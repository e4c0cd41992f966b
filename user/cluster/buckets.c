// SPDX-License-Identifier: GPL-2.0-or-later
/* Buckets of shared limits: the reports, the debits and the state of each limit in the kernel. */
#include "cluster/buckets.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "datapath/counters.h"
#include "base/log.h"
#include "kernel/debit_program.h"

struct limit {
	uint64_t hash; /* the same on all nodes */
	uint32_t id;   /* in this kernel */
	enum tg_store_loss on_loss;
	uint64_t owed;	/* tokens; tg_cluster_buckets_owed() */
	uint32_t parts; /* tg_cluster_buckets_parts() */
};

struct tg_cluster_buckets {
	struct tg_datapath *datapath;
	struct ring_buffer *reports;
	int fd; /* of the map of reports */
	struct limit limits[TG_SHARED_LIMITS_MAX];
	size_t limits_n;
	struct tg_exchange *exchange; /* NULL, except in tg_cluster_buckets_list() */
	uint64_t now;		      /* ns, for the same call */
	int failure;		      /* error of the last debit, so that it is logged once */
	struct tg_debit debits[TG_DEBITS_MAX];
};

static struct limit *limit_of(struct tg_cluster_buckets *buckets, uint64_t hash)
{
	size_t i;

	for (i = 0; i < buckets->limits_n; i++)
		if (buckets->limits[i].hash == hash)
			return &buckets->limits[i];
	return NULL;
}

static bool to_shared_key(const struct tg_cluster_buckets *buckets, const struct tg_bucket_key *key,
			  struct tg_shared_key *shared)
{
	size_t i;

	for (i = 0; i < buckets->limits_n; i++)
		if (buckets->limits[i].id == key->limit_id)
			break;
	if (i == buckets->limits_n)
		return false;
	*shared = (struct tg_shared_key){.limit = buckets->limits[i].hash,
					 .port = key->port,
					 .protocol = key->protocol,
					 .kind = key->kind};
	memcpy(shared->address, &key->address, sizeof(shared->address));
	return true;
}

static struct tg_bucket_key to_bucket_key(const struct limit *limit,
					  const struct tg_shared_key *shared)
{
	struct tg_bucket_key key = {.limit_id = limit->id,
				    .port = shared->port,
				    .protocol = shared->protocol,
				    .kind = shared->kind};

	memcpy(&key.address, shared->address, sizeof(key.address));
	return key;
}

static int on_report(void *data, void *record, size_t size)
{
	struct tg_cluster_buckets *buckets = data;
	struct tg_share_report report;
	struct tg_shared_key key;

	if (size != sizeof(report) || !buckets->exchange)
		return 0;
	memcpy(&report, record, sizeof(report));
	if (to_shared_key(buckets, &report.key, &key))
		tg_sources_add(buckets->exchange, &key, report.tokens, buckets->now);
	return 0;
}

int tg_cluster_buckets_open(struct tg_datapath *datapath, struct tg_cluster_buckets **buckets)
{
	tg_cleanup(tg_cluster_buckets_close) struct tg_cluster_buckets *made =
		calloc(1, sizeof(*made));

	if (!made)
		return tg_log_errno(ENOMEM, "buckets of shared limits");
	made->datapath = datapath;
	/* A copy, because the program that owns the descriptor is replaced at each reload. */
	made->fd = fcntl(tg_program_map_fd(tg_datapath_program(datapath), TG_MAP_REPORTS),
			 F_DUPFD_CLOEXEC, 0);
	if (made->fd < 0)
		return tg_log_errno(errno, "reports of shared limits");
	made->reports = ring_buffer__new(made->fd, on_report, made, NULL);
	if (!made->reports)
		return tg_log_errno(errno, "reports of shared limits");
	ring_buffer__consume(made->reports);
	*buckets = TAKE_PTR(made);
	return 0;
}

void tg_cluster_buckets_close(struct tg_cluster_buckets **buckets)
{
	struct tg_cluster_buckets *old = *buckets;

	if (!old)
		return;
	ring_buffer__free(old->reports);
	if (old->fd >= 0)
		close(old->fd);
	free(old);
	*buckets = NULL;
}

void tg_cluster_buckets_rules(struct tg_cluster_buckets *buckets,
			      const struct tg_exchange_rule *rules, size_t n)
{
	struct limit limits[TG_SHARED_LIMITS_MAX];
	size_t i;

	for (i = 0; i < n; i++)
		limits[i] = (struct limit){
			.hash = rules[i].hash,
			.id = tg_datapath_limit_id(buckets->datapath, rules[i].name),
			.on_loss = rules[i].on_loss,
			.owed = tg_cluster_buckets_owed(buckets, rules[i].hash),
		};
	memcpy(buckets->limits, limits, n * sizeof(*limits));
	buckets->limits_n = n;
}

void tg_cluster_buckets_list(struct tg_cluster_buckets *buckets, struct tg_exchange *exchange,
			     uint64_t now)
{
	buckets->exchange = exchange;
	buckets->now = now;
	ring_buffer__consume(buckets->reports);
	buckets->exchange = NULL;
}

/* Moves the debts of @n sources, from @first on, from the list into the debits. */
static void fill_in(struct tg_cluster_buckets *buckets, struct tg_exchange *exchange, size_t first,
		    size_t n)
{
	size_t all, i;
	const struct tg_shared_source *sources = tg_sources_all(exchange, &all);
	const struct limit *limit = NULL;

	for (i = 0; i < n; i++) {
		const struct tg_shared_key *key = &sources[first + i].key;

		if (!limit || limit->hash != key->limit)
			limit = limit_of(buckets, key->limit);
		buckets->debits[i] = (struct tg_debit){
			.key = to_bucket_key(limit, key),
			.due = tg_sources_take_debt(exchange, first + i),
			.most = tg_sources_debt_max(exchange, key->limit),
		};
	}
}

/*
 * Takes the results from the debits. `due` is what the program could not charge: the bucket is
 * still counted in an older rate, or packets changed it at each try.
 */
static void read_out(struct tg_cluster_buckets *buckets, struct tg_exchange *exchange, size_t first,
		     size_t n, uint64_t now)
{
	size_t all, i;
	const struct tg_shared_source *sources = tg_sources_all(exchange, &all);
	const struct tg_debit *debit;
	struct limit *limit;

	for (i = 0; i < n; i++) {
		debit = &buckets->debits[i];
		limit = limit_of(buckets, sources[first + i].key.limit);
		if (debit->owed > limit->owed)
			limit->owed = debit->owed;
		tg_sources_return_debt(exchange, first + i, debit->due);
		tg_sources_count(exchange, first + i, debit->taken, now);
	}
}

/* Runs the debit program once, for @n sources from @first on. */
static void debit_some(struct tg_cluster_buckets *buckets, struct tg_exchange *exchange,
		       size_t first, size_t n, uint64_t now)
{
	int error;
	size_t i;

	fill_in(buckets, exchange, first, n);
	error = tg_debit_run(tg_datapath_program(buckets->datapath), buckets->debits, (uint32_t)n);
	if (error && error != buckets->failure)
		tg_log_errno(error, "shared limits cannot be charged");
	buckets->failure = error;
	if (!error)
		read_out(buckets, exchange, first, n, now);
	for (i = 0; error && i < n; i++)
		tg_sources_return_debt(exchange, first + i, buckets->debits[i].due);
}

void tg_cluster_buckets_debit(struct tg_cluster_buckets *buckets, struct tg_exchange *exchange,
			      uint64_t now)
{
	size_t all, first, n;

	tg_sources_all(exchange, &all);
	for (first = 0; first < all; first += n) {
		n = all - first < TG_DEBITS_MAX ? all - first : TG_DEBITS_MAX;
		debit_some(buckets, exchange, first, n, now);
	}
}

/*
 * Returns what a token costs while the node is on its own. Before the first complete round @before,
 * which an earlier daemon wrote, is better than the nodes known so far.
 */
static uint32_t price_of(const struct tg_exchange *exchange, enum tg_store_loss on_loss,
			 uint32_t before)
{
	uint32_t nodes = tg_exchange_nodes(exchange);

	if (on_loss != TG_STORE_LOSS_SPLIT && on_loss != TG_STORE_LOSS_HOLD)
		return 1;
	if (!tg_exchange_settled_at(exchange) && before > nodes && before <= TG_SHARED_NODES_MAX)
		return before;
	return nodes;
}

void tg_cluster_buckets_announce(struct tg_cluster_buckets *buckets,
				 const struct tg_exchange *exchange)
{
	int fd = tg_program_map_fd(tg_datapath_program(buckets->datapath), TG_MAP_SHARES);
	size_t i;

	for (i = 0; i < buckets->limits_n; i++) {
		struct limit *limit = &buckets->limits[i];
		uint32_t slot = TG_LIMIT_SLOT(limit->id);
		struct tg_share_state before = {},
				      state = {
					      .fresh_until = tg_exchange_fresh_until(
						      exchange, limit->on_loss),
					      .open = limit->on_loss == TG_STORE_LOSS_OPEN,
				      };

		if (bpf_map_lookup_elem(fd, &slot, &before)) {
			tg_log_errno(errno, "state of a shared limit");
			continue; /* it goes on by what it has, and soon as without a store */
		}
		state.price = limit->parts = price_of(exchange, limit->on_loss, before.price);
		if (memcmp(&before, &state, sizeof(state)) != 0 &&
		    bpf_map_update_elem(fd, &slot, &state, BPF_ANY))
			tg_log_errno(errno, "state of a shared limit");
	}
}

uint32_t tg_cluster_buckets_parts(const struct tg_cluster_buckets *buckets, uint64_t limit)
{
	const struct limit *found = limit_of((struct tg_cluster_buckets *)buckets, limit);

	return found && found->parts ? found->parts : 1;
}

uint64_t tg_cluster_buckets_owed(const struct tg_cluster_buckets *buckets, uint64_t limit)
{
	const struct limit *found = limit_of((struct tg_cluster_buckets *)buckets, limit);

	return found ? found->owed : 0;
}
