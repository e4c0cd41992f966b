// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/* Finds the program of the generation in force by its pin, and the limits by their names. */
#include "target.h"

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tidegate/name_hash.h>
#include <unistd.h>

#include "base/cleanup.h"

/* A change of policy may come between two look-ups, but not so often in a row. */
#define TRIES 8

/*
 * The program of one generation, and the limits that have been asked for. Ids hold only within a
 * generation.
 */
struct tg_target {
	int program;
	uint64_t name_key[2];
	struct limit {
		char name[TG_LIMIT_NAME_SIZE];
		uint32_t id;
		uint32_t per; /* enum tg_per */
	} limits[TG_LIMITS_MAX];
	size_t limits_n;
};

void tg_target_free(struct tg_target **target)
{
	if (!*target)
		return;
	close((*target)->program);
	free(*target);
	*target = NULL;
}

static int run(const struct tg_target *target, struct tg_app_request *request)
{
	LIBBPF_OPTS(bpf_test_run_opts, options, .ctx_in = request, .ctx_size_in = sizeof(*request));

	return bpf_prog_test_run_opts(target->program, &options) ? -errno : 0;
}

static int find(const struct tg_target *target, const char *limit, struct tg_app_request *request)
{
	*request = (struct tg_app_request){.what = TG_APP_FIND};
	snprintf(request->name, sizeof(request->name), "%s", limit);
	return run(target, request);
}

/*
 * Opens the program of a bank if it is in force, which the program says when asked for a limit
 * without a name.
 */
static int open_bank(const char *state_dir, uint32_t bank, struct tg_target **target)
{
	tg_cleanup(tg_target_free) struct tg_target *made = calloc(1, sizeof(*made));
	char path[PATH_MAX];
	struct tg_app_request request;
	int error;

	if (!made)
		return -ENOMEM;
	snprintf(path, sizeof(path), "%s/" TG_APP_PIN "%u", state_dir, bank);
	made->program = bpf_obj_get(path);
	if (made->program < 0)
		return errno == EACCES || errno == EPERM ? -EACCES : -ENOTCONN;
	error = find(made, "", &request);
	if (error)
		return error == -EPERM ? -EACCES : -ENOTCONN;
	if (request.result == TG_APP_STALE)
		return -ENOTCONN;
	*target = TAKE_PTR(made);
	return 0;
}

/*
 * Looks the program up again. @seen: the number of the outdated target, so that of several threads
 * only one replaces it. Here and in learn(), the kernel is asked before the lock is taken for
 * writing.
 */
static int look_again(struct tidegate *handle, uint64_t seen)
{
	struct tg_target *found = NULL, *old;
	int first = open_bank(handle->state_dir, 0, &found);
	int error = first ? open_bank(handle->state_dir, 1, &found) : 0;

	if (error)
		return first == -EACCES ? first : error;
	pthread_rwlock_wrlock(&handle->lock);
	if (handle->number == seen) {
		handle->number++;
		old = handle->target;
		handle->target = found;
		found = old;
	}
	pthread_rwlock_unlock(&handle->lock);
	tg_target_free(&found);
	return 0;
}

static const struct limit *known(const struct tg_target *target, const char *name)
{
	size_t i;

	for (i = 0; i < target->limits_n; i++)
		if (strcmp(target->limits[i].name, name) == 0)
			return &target->limits[i];
	return NULL;
}

/* Notes what target number @seen has said of the limit, unless another one has replaced it. */
static void remember(struct tidegate *handle, uint64_t seen, const char *name,
		     const struct tg_app_request *found)
{
	struct tg_target *target;
	struct limit *limit;

	pthread_rwlock_wrlock(&handle->lock);
	target = handle->target;
	if (handle->number == seen && !known(target, name) && target->limits_n < TG_LIMITS_MAX) {
		limit = &target->limits[target->limits_n++];
		snprintf(limit->name, sizeof(limit->name), "%s", name);
		limit->id = found->limit_id;
		limit->per = found->per;
		memcpy(target->name_key, found->name_key, sizeof(target->name_key));
	}
	pthread_rwlock_unlock(&handle->lock);
}

/*
 * Asks target number @seen for the id of @limit. -EAGAIN: it was replaced, or is no longer in
 * force.
 */
static int learn(struct tidegate *handle, uint64_t seen, const char *limit)
{
	struct tg_app_request request;
	int error = -EAGAIN;

	pthread_rwlock_rdlock(&handle->lock);
	if (handle->number == seen)
		error = find(handle->target, limit, &request);
	pthread_rwlock_unlock(&handle->lock);
	if (error)
		return error;
	if (request.result == TG_APP_STALE)
		return -EAGAIN;
	if (request.result == TG_APP_UNKNOWN)
		return -ENOENT;
	remember(handle, seen, limit, &request);
	return 0;
}

/* Writes the address as struct tg_address has it. */
static bool parse_address(const char *text, struct tg_app_request *request)
{
	uint8_t *bytes = (uint8_t *)&request->address;

	if (inet_pton(AF_INET6, text, bytes) == 1)
		return true; /* also ::ffff:192.0.2.9 */
	memset(bytes, 0, 10);
	bytes[10] = bytes[11] = 0xff;
	request->is_ipv4 = 1;
	return inet_pton(AF_INET, text, bytes + 12) == 1;
}

static bool is_mapped(const struct tg_address *address)
{
	static const uint8_t prefix[12] = {[10] = 0xff, [11] = 0xff};

	return memcmp(address, prefix, sizeof(prefix)) == 0;
}

static int address_of(const struct tg_target *target, const struct limit *limit, const char *key,
		      struct tg_app_request *request)
{
	request->limit_id = limit->id;
	if (limit->per == TG_PER_EVERYONE)
		return 0;
	if (!key || !*key)
		return -EINVAL;
	if (limit->per == TG_PER_KEY) {
		request->address = tg_name_hash((const __u64 *)target->name_key, key, strlen(key));
		return 0;
	}
	if (!parse_address(key, request))
		return -EINVAL;
	request->is_ipv4 |= is_mapped(&request->address);
	return 0;
}

/*
 * Tries once, under the lock, which keeps the program open meanwhile. -EAGAIN: no program is
 * known, or it is no longer in force; -ESRCH: the limit is not known yet. *@seen: the number of
 * the target that was used.
 */
static int call_once(struct tidegate *handle, const char *limit, const char *key,
		     struct tg_app_request *request, uint64_t *seen)
{
	const struct tg_target *target;
	const struct limit *found;
	int error = -EAGAIN;

	pthread_rwlock_rdlock(&handle->lock);
	*seen = handle->number;
	target = handle->target;
	found = target ? known(target, limit) : NULL;
	if (target)
		error = found ? address_of(target, found, key, request) : -ESRCH;
	if (!error)
		error = run(target, request);
	pthread_rwlock_unlock(&handle->lock);
	return !error && request->result == TG_APP_STALE ? -EAGAIN : error;
}

int tg_target_call(struct tidegate *handle, const char *limit, const char *key,
		   struct tg_app_request *request)
{
	uint64_t seen;
	int try, error = -EAGAIN;

	if (!limit || !*limit || strlen(limit) >= TG_LIMIT_NAME_SIZE)
		return -ENOENT;
	for (try = 0; try < TRIES; try++) {
		error = call_once(handle, limit, key, request, &seen);
		if (error == -ESRCH)
			error = learn(handle, seen, limit);
		else if (error != -EAGAIN)
			return error;
		if (error == -EAGAIN)
			error = look_again(handle, seen);
		if (error)
			return error;
	}
	return -ENOTCONN;
}
