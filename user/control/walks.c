// SPDX-License-Identifier: GPL-2.0-or-later
/* Queues of requests, one for each kind of client, and the walk that is under way. */
#include "control/walks.h"

#include <errno.h>
#include <event2/event.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/queue.h>

#include "base/clock.h"
#include "base/event_first.h"
#include "base/exit.h"
#include "base/log.h"
#include "control/reply.h"
#include "control/server.h"
#include "daemon/daemon.h"
#include "datapath/datapath.h"

#define SHARE	    5		    /* all walks together take this part of the time */
#define AT_ONCE_NS  (NS_PER_S / 20) /* of work that may come at once, after a rest */
#define WAITING_MAX 256		    /* of each kind of client */
#define STEPS_NOW   16		    /* of 4,096 buckets, which take about a millisecond each */
#define KEPT	    8		    /* replies for HTTP */
#define KEPT_NS	    (3 * NS_PER_S)

struct asked {
	STAILQ_ENTRY(asked) entry;
	const struct tg_walk_kind *kind;
	json_t *request;
	enum tg_walk_client client;
	struct tg_pending *pending; /* NULL: of HTTP */
	bool answered;		    /* by the reply that is being sent */
};

STAILQ_HEAD(queue, asked);

struct tg_walks {
	struct tg_daemon *daemon;
	struct event *turn;
	struct queue waiting[TG_WALK_CLIENTS];
	size_t waiting_n[TG_WALK_CLIENTS];
	enum tg_walk_client last; /* whose turn it was */
	struct asked *current;	  /* NULL: none is under way */
	void *state;		  /* of the current one; NULL: not begun */
	struct tg_bucket_walk *walk;
	bool replying;	    /* the current one has come to its end, and `reply` is it */
	json_t *reply;	    /* NULL: out of memory */
	uint64_t worked_ns; /* for the current one */
	uint64_t next_ns;   /* on CLOCK_MONOTONIC; none begins before. Each moves it on by SHARE
			     * times its work */
	struct kept {
		json_t *request, *reply;
		uint64_t until_ns;
	} kept[KEPT];
	size_t kept_next;
};

static void schedule(struct tg_walks *walks, uint64_t ns)
{
	const struct timeval at = {.tv_sec = (time_t)(ns / NS_PER_S),
				   .tv_usec = (suseconds_t)(ns % NS_PER_S / 1000)};

	if (event_add(walks->turn, &at))
		tg_log_errno(ENOMEM, "a walk over the table");
}

static void end_state(struct tg_walks *walks)
{
	tg_datapath_walk_free(&walks->walk);
	if (walks->state)
		walks->current->kind->end(walks->state);
	free(walks->state);
	walks->state = NULL;
}

static void free_asked(struct asked **asked)
{
	if (!*asked)
		return;
	json_decref((*asked)->request);
	free(*asked);
	*asked = NULL;
}

static struct asked *asked_new(const struct tg_walk_kind *kind, const json_t *request,
			       enum tg_walk_client client, struct tg_pending *pending)
{
	struct asked *made = calloc(1, sizeof(*made));

	/* The cast is for the count of references alone. */
	if (made)
		*made = (struct asked){.kind = kind,
				       .request = json_incref((json_t *)request),
				       .client = client,
				       .pending = pending};
	return made;
}

/* Takes the next client of another kind than the last, if one waits. */
static struct asked *take_next(struct tg_walks *walks)
{
	struct asked *next;
	unsigned int i;
	enum tg_walk_client client;

	for (i = 1; i <= TG_WALK_CLIENTS; i++) {
		client = (walks->last + i) % TG_WALK_CLIENTS;
		next = STAILQ_FIRST(&walks->waiting[client]);
		if (!next)
			continue;
		STAILQ_REMOVE_HEAD(&walks->waiting[client], entry);
		walks->waiting_n[client]--;
		walks->last = client;
		return next;
	}
	return NULL;
}

static void keep(struct tg_walks *walks, json_t *request, json_t *reply)
{
	struct kept *kept = &walks->kept[walks->kept_next++ % KEPT];

	json_decref(kept->request);
	json_decref(kept->reply);
	kept->request = json_incref(request);
	kept->reply = json_incref(reply);
	kept->until_ns = tg_now_ns() + KEPT_NS;
}

static void answer(struct tg_walks *walks, struct asked *asked)
{
	if (asked->pending)
		tg_control_reply(asked->pending, json_incref(walks->reply));
	else if (walks->reply)
		keep(walks, asked->request, walks->reply);
}

/* Begins to reply. Those who ask from now on get a later walk. */
static void start_replying(struct tg_walks *walks, json_t *reply)
{
	struct asked *asked;
	size_t i;

	end_state(walks);
	walks->reply = reply;
	walks->replying = true;
	walks->current->answered = true;
	for (i = 0; i < TG_WALK_CLIENTS; i++) {
		STAILQ_FOREACH(asked, &walks->waiting[i], entry)
		asked->answered = asked->kind == walks->current->kind &&
				  json_equal(asked->request, walks->current->request);
	}
}

/* Takes out one of those who wait that the reply is for. NULL: there is none. */
static struct asked *take_answered(struct tg_walks *walks)
{
	struct asked *asked;
	size_t i;

	for (i = 0; i < TG_WALK_CLIENTS; i++) {
		STAILQ_FOREACH(asked, &walks->waiting[i], entry)
		{
			if (!asked->answered)
				continue;
			STAILQ_REMOVE(&walks->waiting[i], asked, asked, entry);
			walks->waiting_n[i]--;
			return asked;
		}
	}
	return NULL;
}

/* Replies to one client, because to write a long reply takes time, too. False: to none any more. */
static bool reply_one(struct tg_walks *walks)
{
	struct asked *asked = walks->current->answered ? walks->current : take_answered(walks);

	if (!asked)
		return false;
	asked->answered = false;
	answer(walks, asked);
	if (asked != walks->current)
		free_asked(&asked);
	return true;
}

static void finish_walk(struct tg_walks *walks, uint64_t started)
{
	uint64_t now = tg_now_ns(), rested = now - SHARE * AT_ONCE_NS;

	json_decref(walks->reply);
	walks->reply = NULL;
	walks->replying = false;
	free_asked(&walks->current);
	if (walks->next_ns < rested)
		walks->next_ns = rested;
	walks->next_ns += (walks->worked_ns + now - started) * SHARE;
	walks->worked_ns = 0;
}

static void fail(struct tg_walks *walks)
{
	start_replying(walks, tg_reply_fail(TG_EXIT_FAILED, "the bucket table cannot be read"));
}

/* Begins the current one, also anew. */
static void begin(struct tg_walks *walks)
{
	const struct tg_walk_kind *kind = walks->current->kind;
	json_t *reply = NULL;

	walks->state = calloc(1, kind->size);
	if (!walks->state) {
		start_replying(walks, NULL);
	} else if (!kind->begin(walks->daemon, walks->current->request, walks->state, &reply)) {
		start_replying(walks, reply);
	} else {
		walks->walk = tg_datapath_walk_new(walks->daemon->datapath);
		if (!walks->walk)
			fail(walks);
	}
}

static void step(struct tg_walks *walks)
{
	struct tg_daemon *daemon = walks->daemon;
	int result = tg_datapath_walk_step(daemon->datapath, walks->walk,
					   walks->current->kind->take, walks->state);

	if (result == -ESTALE)
		end_state(walks);
	else if (result < 0)
		fail(walks);
	else if (result == 0)
		start_replying(walks, walks->current->kind->finish(daemon, walks->state));
}

/* Does a little of the current one. Returns false once all have their reply. */
static bool advance(struct tg_walks *walks)
{
	if (walks->replying)
		return reply_one(walks);
	if (!walks->state)
		begin(walks);
	else
		step(walks);
	return true;
}

static bool anybody_waits(const struct tg_walks *walks)
{
	size_t i;

	for (i = 0; i < TG_WALK_CLIENTS; i++)
		if (walks->waiting_n[i])
			return true;
	return false;
}

/* Schedules the next turn: half of the time during a walk, and after one the pause. */
static void go_on(struct tg_walks *walks, uint64_t started)
{
	uint64_t now = tg_now_ns();

	if (walks->current) {
		walks->worked_ns += now - started;
		schedule(walks, now - started);
	} else if (anybody_waits(walks)) {
		schedule(walks, walks->next_ns > now ? walks->next_ns - now : 0);
	}
}

static void on_turn(evutil_socket_t fd, short what, void *data)
{
	struct tg_walks *walks = data;
	uint64_t started = tg_now_ns();

	if (!walks->current && started >= walks->next_ns)
		walks->current = take_next(walks);
	if (walks->current && !advance(walks))
		finish_walk(walks, started);
	go_on(walks, started);
}

int tg_walks_open(struct tg_daemon *daemon)
{
	struct tg_walks *made = calloc(1, sizeof(*made));
	size_t i;

	if (!made)
		return tg_log_errno(ENOMEM, "walks");
	made->daemon = daemon;
	for (i = 0; i < TG_WALK_CLIENTS; i++)
		STAILQ_INIT(&made->waiting[i]);
	made->turn = evtimer_new(daemon->base, on_turn, made);
	tg_event_first(made->turn);
	if (!made->turn) {
		free(made);
		return tg_log_errno(ENOMEM, "walks");
	}
	daemon->walks = made;
	return 0;
}

static void enqueue(struct tg_walks *walks, struct asked *asked)
{
	STAILQ_INSERT_TAIL(&walks->waiting[asked->client], asked, entry);
	walks->waiting_n[asked->client]++;
	if (!walks->current)
		go_on(walks, 0);
}

void tg_walks_ask(struct tg_daemon *daemon, const struct tg_walk_kind *kind, const json_t *request,
		  enum tg_walk_client client, struct tg_pending *pending)
{
	struct tg_walks *walks = daemon->walks;
	struct asked *asked;

	if (walks->waiting_n[client] >= WAITING_MAX) {
		tg_control_reply(pending, tg_reply_fail(TG_EXIT_FAILED,
							"too many clients wait for the table "
							"of buckets; try again"));
		return;
	}
	asked = asked_new(kind, request, client, pending);
	if (asked)
		enqueue(walks, asked);
	else
		tg_control_reply(pending, NULL);
}

static json_t *find_kept(const struct tg_walks *walks, const json_t *request)
{
	uint64_t now = tg_now_ns();
	size_t i;

	for (i = 0; i < KEPT; i++)
		if (walks->kept[i].until_ns > now && json_equal(walks->kept[i].request, request))
			return json_incref(walks->kept[i].reply);
	return NULL;
}

static json_t *reply_busy(const char *why)
{
	json_t *reply = tg_reply_fail(TG_EXIT_FAILED, "%s", why);

	json_object_set_new(reply, "busy", json_true());
	return reply;
}

static bool has_asked(const struct tg_walks *walks, const json_t *request)
{
	const struct asked *asked = walks->current;

	if (asked && asked->client == TG_WALK_HTTP && json_equal(asked->request, request))
		return true;
	STAILQ_FOREACH(asked, &walks->waiting[TG_WALK_HTTP], entry)
	{
		if (json_equal(asked->request, request))
			return true;
	}
	return false;
}

/* Has the walk made in turns, unless it waits already. */
static json_t *leave_for_later(struct tg_walks *walks, const struct tg_walk_kind *kind,
			       const json_t *request)
{
	struct asked *asked;

	if (!has_asked(walks, request) && walks->waiting_n[TG_WALK_HTTP] < KEPT) {
		asked = asked_new(kind, request, TG_WALK_HTTP, NULL);
		if (asked)
			enqueue(walks, asked);
	}
	return reply_busy("the table was looked through a moment ago; try again");
}

json_t *tg_walks_ask_now(struct tg_daemon *daemon, const struct tg_walk_kind *kind,
			 const json_t *request)
{
	struct tg_walks *walks = daemon->walks;
	json_t *reply = find_kept(walks, request);
	uint64_t started = tg_now_ns();
	unsigned int i;

	if (reply)
		return reply;
	if (walks->current || anybody_waits(walks) || started < walks->next_ns)
		return leave_for_later(walks, kind, request);
	walks->current = asked_new(kind, request, TG_WALK_HTTP, NULL);
	if (!walks->current)
		return NULL;
	for (i = 0; i < STEPS_NOW + 1 && !walks->replying; i++)
		advance(walks);
	if (walks->replying) {
		reply = json_incref(walks->reply);
		finish_walk(walks, started);
		return reply;
	}
	go_on(walks, started);
	return reply_busy("the table is large, and is being looked through; try again");
}

static void cancel(struct asked *asked)
{
	if (asked->pending)
		tg_control_reply(asked->pending, tg_reply_fail(TG_EXIT_FAILED, "the daemon ends"));
	free_asked(&asked);
}

void tg_walks_close(struct tg_daemon *daemon)
{
	struct tg_walks *old = daemon->walks;
	struct asked *asked;
	size_t i;

	if (!old)
		return;
	if (old->current) {
		end_state(old);
		if (old->replying && !old->current->answered)
			old->current->pending = NULL; /* it has its reply */
		cancel(old->current);
	}
	while ((asked = take_next(old)))
		cancel(asked);
	for (i = 0; i < KEPT; i++) {
		json_decref(old->kept[i].request);
		json_decref(old->kept[i].reply);
	}
	json_decref(old->reply);
	event_free(old->turn);
	free(old);
	daemon->walks = NULL;
}
