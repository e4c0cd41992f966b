// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The commands of a round and the replies to them. Commands are pipelined; `expected` has what each
 * reply must be, in the order in which the commands were sent.
 */
#include "cluster/store.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tidegate/abi.h>

#include "config/bounds.h"
#include "base/cleanup.h"
#include "base/errmsg.h"
#include "base/clock.h"
#include "base/log.h"
#include "cluster/frame.h"
#include "redis/expect.h"
#include "redis/redis_client.h"
#include "cluster/members.h"

#define COMMANDS_MAX 8 /* sent without waiting for replies */

struct tg_store {
	struct tg_config_cluster cluster;
	tg_store_done *done;
	void *data;
	struct tg_redis_client *client;
	struct tg_redis_status status;
	struct tg_store_members members;
	uint64_t members_at; /* ns; when the set was last requested */
	uint64_t frames_at;  /* ns; when frames were last received */
	char key[TG_STORE_KEY_SIZE];
	enum tg_redis_expected expected[COMMANDS_MAX];
	size_t sent_n, answered_n;
	bool in_round;
	uint64_t began_at; /* ns; the round */
	struct tg_redis_reply *frames, *own;
	struct tg_store_frame *list; /* in `frames`; room for TG_SHARED_NODES_MAX */
	size_t list_n;
};

/* @lengths as tg_redis_command(). 0 or -ENOMEM. */
static int send_command(struct tg_store *store, enum tg_redis_expected what, int n,
			const char *const *words, const size_t *lengths)
{
	int error = tg_redis_client_send(store->client, n, words, lengths);

	if (error == 0)
		store->expected[store->sent_n++] = what;
	return error;
}

#define SEND(store, what, ...)                                                                     \
	send_command(store, what, sizeof((const char *[]){__VA_ARGS__}) / sizeof(const char *),    \
		     (const char *[]){__VA_ARGS__}, NULL)

static int send_members(struct tg_store *store, uint64_t now)
{
	int error = SEND(store, TG_EXPECT_SADD, "SADD", store->members.set, store->cluster.node);

	store->members_at = now;
	return error ? error : SEND(store, TG_EXPECT_SMEMBERS, "SMEMBERS", store->members.set);
}

static int greet(struct tg_store *store, char *why, size_t size)
{
	const struct tg_config_store *server =
		&store->cluster.stores[tg_redis_client_server(store->client)];
	char database[16], name[TG_CONFIG_NAME_SIZE + 16];
	int error = 0;

	if (store->cluster.password_file[0]) {
		error = tg_redis_client_send_auth(store->client, why, size);
		if (error)
			return error;
		store->expected[store->sent_n++] = TG_EXPECT_AUTH;
	}
	snprintf(why, size, "%s", strerror(ENOMEM));
	snprintf(database, sizeof(database), "%u", server->database);
	if (server->database)
		error = SEND(store, TG_EXPECT_SELECT, "SELECT", database);
	snprintf(name, sizeof(name), "tidegate-%s", store->cluster.node);
	if (!error)
		error = SEND(store, TG_EXPECT_SETNAME, "CLIENT", "SETNAME", name);
	return error ? error : send_members(store, tg_now_ns());
}

static void on_connected(void *data)
{
	struct tg_store *store = data;
	char why[sizeof(store->status.error)];

	store->sent_n = store->answered_n = 0;
	if (greet(store, why, sizeof(why)))
		tg_redis_client_give_up(store->client, "%s", why);
}

static void on_lost(void *data)
{
	struct tg_store *store = data;
	bool in_round = store->in_round;

	store->status.connected = false;
	store->in_round = false;
	tg_redis_reply_free(&store->frames);
	tg_redis_reply_free(&store->own);
	if (!in_round)
		return;
	store->status.missed++;
	store->done(store->data, NULL);
}

static struct tg_store_frame frame_of(const struct tg_redis_reply *reply, const char *key)
{
	struct tg_store_frame frame = {.bytes = (const uint8_t *)reply->text,
				       .length = reply->length};

	snprintf(frame.node, sizeof(frame.node), "%s", tg_store_key_node(key));
	return frame;
}

static void finish_round(struct tg_store *store)
{
	tg_cleanup(tg_redis_reply_free) struct tg_redis_reply *frames = TAKE_PTR(store->frames);
	tg_cleanup(tg_redis_reply_free) struct tg_redis_reply *own = TAKE_PTR(store->own);
	struct tg_store_answer round = {.frames = store->list};

	round.n = frames ? store->list_n : 0;
	if (own && own->items[0]->kind == TG_REDIS_TEXT)
		round.own = frame_of(own->items[0], store->key);
	round.round_trip = tg_now_ns() - store->began_at;
	store->status.rounds++;
	store->status.round_trip = round.round_trip;
	store->in_round = false;
	tg_redis_client_approve(store->client);
	store->done(store->data, &round);
}

static void finish(struct tg_store *store)
{
	if (store->in_round) {
		finish_round(store);
		return;
	}
	store->status.connected = true;
	store->status.connects++;
	tg_store_members_wait(&store->members, tg_now_ns());
}

static int take_frames(struct tg_store *store, struct tg_redis_reply **reply)
{
	uint64_t now = tg_now_ns();
	size_t i;

	if ((*reply)->length != store->members.n)
		return -EPROTO;
	for (i = 0; i < store->members.n; i++)
		if ((*reply)->items[i]->kind != TG_REDIS_TEXT &&
		    (*reply)->items[i]->kind != TG_REDIS_NIL)
			return -EPROTO;
	/* Now, because the members may be others at the end of the round. */
	for (i = store->list_n = 0; i < store->members.n; i++) {
		if ((*reply)->items[i]->kind != TG_REDIS_TEXT)
			continue;
		store->members.list[i].heard_at = now;
		store->list[store->list_n++] =
			frame_of((*reply)->items[i], store->members.list[i].key);
	}
	store->frames = TAKE_PTR(*reply);
	store->frames_at = now;
	return 0;
}

static int take_own(struct tg_store *store, struct tg_redis_reply **reply)
{
	if ((*reply)->length != 1)
		return -EPROTO;
	store->own = TAKE_PTR(*reply);
	return 0;
}

static int take_members(struct tg_store *store, const struct tg_redis_reply *reply)
{
	size_t refused = store->members.refused;

	if (tg_store_members_update(&store->members, store->cluster.name, reply, tg_now_ns()))
		return -EPROTO;
	if (store->members.refused && !refused)
		tg_log(TG_LOG_WARNING,
		       "store %s: %zu members of %s are left out: no names of nodes, or beyond %d",
		       store->status.server, store->members.refused, store->members.set,
		       TG_SHARED_NODES_MAX);
	return 0;
}

static void on_answered(void *data, struct tg_redis_reply **reply)
{
	struct tg_store *store = data;
	enum tg_redis_expected what = store->expected[store->answered_n++];
	char why[sizeof(store->status.error)];
	int error = tg_redis_expect(what, *reply, why, sizeof(why));

	if (!error && what == TG_EXPECT_MGET)
		error = take_frames(store, reply);
	else if (!error && what == TG_EXPECT_OWN)
		error = take_own(store, reply);
	else if (!error && what == TG_EXPECT_SMEMBERS)
		error = take_members(store, *reply);
	if (error)
		tg_redis_client_give_up(store->client, "%s", why);
	else if (store->answered_n == store->sent_n)
		finish(store);
}

_Static_assert(TG_CONFIG_STORES_MAX <= TG_REDIS_SERVERS_MAX, "servers");
_Static_assert(TG_CONFIG_STORE_URL_SIZE <= TG_REDIS_URL_SIZE, "URLs");

static struct tg_redis_settings settings_of(const struct tg_config_cluster *cluster)
{
	struct tg_redis_settings settings = {
		.servers_n = cluster->stores_n,
		.user = cluster->user,
		.password_file = cluster->password_file,
		.ca_file = cluster->ca_file,
		.answer_within = cluster->interval,
		.value_max = tg_node_frame_size(TG_SHARED_SOURCES_MAX),
	};
	size_t i;

	for (i = 0; i < cluster->stores_n; i++) {
		const struct tg_config_store *store = &cluster->stores[i];
		struct tg_redis_server *server = &settings.servers[i];

		tg_config_store_url(store, server->url, sizeof(server->url));
		server->host = store->host;
		server->port = store->port;
		server->is_unix = store->scheme == TG_CONFIG_UNIX;
		server->has_tls = store->scheme == TG_CONFIG_REDISS;
	}
	return settings;
}

int tg_store_open(struct event_base *base, const struct tg_config_cluster *cluster,
		  tg_store_done *done, void *data, struct tg_store **store)
{
	tg_cleanup(tg_store_close) struct tg_store *made = calloc(1, sizeof(*made));
	const struct tg_redis_user user = {on_connected, on_answered, on_lost, made};
	struct tg_redis_settings settings;

	if (!made)
		return -ENOMEM;
	made->cluster = *cluster;
	settings = settings_of(&made->cluster);
	made->done = done;
	made->data = data;
	made->list = calloc(TG_SHARED_NODES_MAX, sizeof(made->list[0]));
	tg_store_key(made->key, cluster->name, cluster->node);
	if (!made->list || tg_store_members_init(&made->members, cluster) ||
	    tg_redis_client_open(base, &settings, &user, &made->status, &made->client))
		return -ENOMEM;
	*store = TAKE_PTR(made);
	return 0;
}

struct tg_store_trust {
	SSL_CTX *context; /* NULL: see `why` */
	char why[TG_ERRMSG_SIZE];
};

static bool has_tls(const struct tg_config_cluster *cluster)
{
	size_t i;

	for (i = 0; i < cluster->stores_n; i++)
		if (cluster->stores[i].scheme == TG_CONFIG_REDISS)
			return true;
	return false;
}

struct tg_store_trust *tg_store_trust_read(const struct tg_config_cluster *cluster)
{
	struct tg_store_trust *made = has_tls(cluster) ? calloc(1, sizeof(*made)) : NULL;

	if (made)
		made->context =
			tg_redis_tls_context(cluster->ca_file, made->why, sizeof(made->why));
	return made;
}

void tg_store_trust_free(struct tg_store_trust **trust)
{
	if (!*trust)
		return;
	SSL_CTX_free((*trust)->context);
	free(*trust);
	*trust = NULL;
}

void tg_store_renew_trust(struct tg_store *store, const struct tg_store_trust *trust)
{
	if (trust)
		tg_redis_client_trust(store->client, trust->context, trust->why);
}

static int send_set(struct tg_store *store, const uint8_t *frame, size_t length, uint64_t ms)
{
	char expiry[24];
	const char *words[] = {"SET", store->key, (const char *)frame, "PX", expiry};
	size_t lengths[] = {3, strlen(store->key), length, 2, 0};

	lengths[4] = (size_t)snprintf(expiry, sizeof(expiry), "%llu", (unsigned long long)ms);
	return send_command(store, TG_EXPECT_SET, 5, words, lengths);
}

/* Measures up to the last frames received, because while this node heard nothing nobody is gone. */
static bool is_gone(const struct tg_store *store, const struct tg_store_member *member)
{
	return store->frames_at > member->heard_at + TG_SHARED_GONE_NS;
}

/* Sends MGET of all frames, or SREM of the members that are gone; nothing if there are none. */
static int send_for_members(struct tg_store *store, enum tg_redis_expected what)
{
	const char *words[TG_SHARED_NODES_MAX + 1];
	int n = 0, first;
	size_t i;

	words[n++] = what == TG_EXPECT_MGET ? "MGET" : "SREM";
	if (what == TG_EXPECT_SREM)
		words[n++] = store->members.set;
	first = n;
	for (i = 0; i < store->members.n; i++)
		if (what == TG_EXPECT_MGET)
			words[n++] = store->members.list[i].key;
		else if (is_gone(store, &store->members.list[i]))
			words[n++] = tg_store_key_node(store->members.list[i].key);
	return n > first ? send_command(store, what, n, words, NULL) : 0;
}

static int send_round(struct tg_store *store, const uint8_t *frame, size_t length, uint64_t now)
{
	uint64_t ms = 10 * store->cluster.interval / NS_PER_MS;
	bool is_second = now - store->members_at >= NS_PER_S;
	int error = is_second ? SEND(store, TG_EXPECT_OWN, "MGET", store->key) : 0;

	if (!error)
		error = send_set(store, frame, length, ms > 3000 ? ms : 3000);
	if (!error)
		error = send_for_members(store, TG_EXPECT_MGET);
	if (error || !is_second)
		return error;
	error = send_for_members(store, TG_EXPECT_SREM);
	return error ? error : send_members(store, now);
}

bool tg_store_begin_round(struct tg_store *store, const uint8_t *frame, size_t length)
{
	uint64_t now = tg_now_ns();

	if (!store->status.connected || !tg_redis_client_is_idle(store->client)) {
		store->status.missed++;
		return false;
	}
	store->sent_n = store->answered_n = 0;
	if (send_round(store, frame, length, now)) {
		tg_redis_client_give_up(store->client, "%s", strerror(ENOMEM));
		store->status.missed++;
		return false;
	}
	store->in_round = true;
	store->began_at = now;
	return true;
}

const struct tg_redis_status *tg_store_status(const struct tg_store *store)
{
	return &store->status;
}

/* Uses SET with an expiry of 1 ms, because the Redis user may have no right to DEL. */
static void say_goodbye(struct tg_store *store)
{
	if (!store->status.connected)
		return;
	store->sent_n = 0; /* the replies are not read */
	if (send_set(store, NULL, 0, 1) == 0)
		SEND(store, TG_EXPECT_SREM, "SREM", store->members.set, store->cluster.node);
}

void tg_store_close(struct tg_store **store)
{
	struct tg_store *old = *store;

	if (!old)
		return;
	if (old->client)
		say_goodbye(old);
	tg_redis_client_close(&old->client);
	tg_redis_reply_free(&old->frames);
	tg_redis_reply_free(&old->own);
	tg_store_members_clear(&old->members);
	free(old->list);
	free(old);
	*store = NULL;
}
