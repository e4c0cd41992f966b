// SPDX-License-Identifier: GPL-2.0-or-later
/* Turns paths and queries into requests of the control socket, and exit codes into statuses. */
#include "http/api.h"

#include <event2/http.h>
#include <event2/keyvalq_struct.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/exit.h"
#include "base/units.h"
#include "daemon/daemon.h"
#include "daemon/recent.h"

#define PARAMETERS_MAX 3
#define TOP_MAX	       1000

static const struct endpoint {
	const char *name;
	const char *parameters[PARAMETERS_MAX];
	int recent; /* index of the answer that is kept; below 0: none is */
} endpoints[] = {
	{"status", {NULL}, TG_API_STATUS},
	{"limits", {"limit"}, TG_API_LIMITS},
	{"top", {"limit", "by", "n"}, -1},
	{"why", {"address"}, -1},
};

static const struct endpoint *find(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(endpoints) / sizeof(endpoints[0]); i++)
		if (strcmp(endpoints[i].name, name) == 0)
			return &endpoints[i];
	return NULL;
}

static bool takes(const struct endpoint *endpoint, const char *parameter)
{
	int i;

	for (i = 0; i < PARAMETERS_MAX && endpoint->parameters[i]; i++)
		if (strcmp(endpoint->parameters[i], parameter) == 0)
			return true;
	return false;
}

/* Returns a number for "n", else text. NULL if it is out of range or not UTF-8. */
static json_t *value_of(const char *parameter, const char *text)
{
	uint64_t number;

	if (strcmp(parameter, "n") != 0)
		return json_string(text);
	if (tg_parse_number(text, &number) || !number || number > TOP_MAX)
		return NULL;
	return json_integer(number);
}

/* NULL if a parameter is unknown, given twice or has a wrong value. */
static json_t *request_of(const struct endpoint *endpoint, const char *query)
{
	json_t *request = json_pack("{s:s, s:b}", "command", endpoint->name, "recent", true),
	       *value;
	struct evkeyvalq parameters = {};
	struct evkeyval *parameter;
	bool good = evhttp_parse_query_str(query ? query : "", &parameters) == 0;

	for (parameter = parameters.tqh_first; good && parameter;
	     parameter = parameter->next.tqe_next) {
		value = value_of(parameter->key, parameter->value);
		good = value && takes(endpoint, parameter->key) &&
		       !json_object_get(request, parameter->key);
		if (good)
			json_object_set(request, parameter->key, value);
		json_decref(value);
	}
	evhttp_clear_headers(&parameters);
	if (good)
		return request;
	json_decref(request);
	return NULL;
}

static int refuse(int status, const char *error, json_t **answer)
{
	*answer = json_pack("{s:s}", "error", error);
	return status;
}

static int status_of(json_int_t code)
{
	switch (code) {
	case TG_EXIT_OK:
		return HTTP_OK;
	case TG_EXIT_USAGE:
		return HTTP_BADREQUEST;
	case TG_EXIT_NOT_FOUND:
		return HTTP_NOTFOUND;
	}
	return HTTP_INTERNAL;
}

/* Takes the result or the sentence out of the reply. */
static int handle(struct tg_api *api, const json_t *request, json_t **answer)
{
	json_t *reply = api->handle(api->daemon, request);
	int status = json_is_true(json_object_get(reply, "busy"))
			     ? HTTP_SERVUNAVAIL
			     : status_of(json_integer_value(json_object_get(reply, "code")));
	const char *error = json_string_value(json_object_get(reply, "error"));

	if (error)
		refuse(status, error, answer);
	else
		*answer = json_incref(json_object_get(reply, "result"));
	json_decref(reply);
	return *answer ? status : HTTP_INTERNAL;
}

static int answer_by(struct tg_api *api, const struct endpoint *endpoint, const char *query,
		     json_t **answer)
{
	json_t *request;
	int status;

	request = request_of(endpoint, query);
	if (!request)
		return refuse(HTTP_BADREQUEST,
			      "the parameters are: for limits limit; for top limit, by and n (1 to "
			      "1000); for why address; each once at most",
			      answer);
	status = handle(api, request, answer);
	json_decref(request);
	return status;
}

/* Returns a copy of the answer that is kept, or NULL if there was another reading since. */
static char *copy_recent(struct tg_daemon *daemon, const struct tg_api_recent *recent)
{
	tg_recent_stats(daemon);
	return recent->text && recent->of == daemon->recent.number ? strdup(recent->text) : NULL;
}

static void keep(const struct tg_daemon *daemon, struct tg_api_recent *recent, const char *text)
{
	free(recent->text);
	recent->text = text ? strdup(text) : NULL;
	recent->of = daemon->recent.number;
}

int tg_api_answer(struct tg_api *api, const char *path, const char *query, char **answer)
{
	const struct endpoint *endpoint = find(path + strlen(TG_API_PREFIX));
	bool usual = endpoint && endpoint->recent >= 0 && (!query || !query[0]);
	json_t *json = NULL;
	int status;

	*answer = usual ? copy_recent(api->daemon, &api->recent[endpoint->recent]) : NULL;
	if (*answer)
		return HTTP_OK;
	if (endpoint)
		status = answer_by(api, endpoint, query, &json);
	else
		status = refuse(HTTP_NOTFOUND, "there are status, limits, top and why", &json);
	*answer = json ? json_dumps(json, JSON_COMPACT) : NULL;
	json_decref(json);
	if (usual && status == HTTP_OK)
		keep(api->daemon, &api->recent[endpoint->recent], *answer);
	return *answer ? status : HTTP_INTERNAL;
}

void tg_api_clear(struct tg_api *api)
{
	size_t i;

	for (i = 0; i < TG_API_RECENT; i++)
		free(api->recent[i].text);
}
