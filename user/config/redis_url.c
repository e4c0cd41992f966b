// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Parses and prints the URL of a Redis server. Errors do not quote it: it may contain a password.
 */
#include <event2/http.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#include "base/cleanup.h"
#include "config/reader.h"
#include "base/units.h"

#define REDIS_PORT   6379
#define DATABASE_MAX 65535
#define FORMS	     "write it as unix:/run/redis/redis.sock, redis://HOST:6379 or rediss://HOST:6379"
#define NO_URL                                                                                     \
	"this is not the URL of a Redis server; " FORMS                                            \
	", an IPv6 address in brackets, a database as /2 at the end"

static void free_uri(struct evhttp_uri **uri)
{
	if (*uri)
		evhttp_uri_free(*uri);
	*uri = NULL;
}

static int refuse_url(char *why, size_t size, const char *text)
{
	snprintf(why, size, "%s", text);
	return -EINVAL;
}

/* Parses the number of a database. @text: NULL or empty means 0. */
static int parse_database(const char *text, unsigned int *database, char *why, size_t size)
{
	uint64_t number = 0;

	if (text && *text && (tg_parse_number(text, &number) || number > DATABASE_MAX)) {
		snprintf(why, size,
			 "the database of the URL is not a number from 0 to %d; write it as in "
			 "redis://HOST:6379/2 or unix:/run/redis/redis.sock?db=2",
			 DATABASE_MAX);
		return -EINVAL;
	}
	*database = (unsigned int)number;
	return 0;
}

static int parse_socket(const struct evhttp_uri *uri, struct tg_config_store *store, char *why,
			size_t size)
{
	const char *host = evhttp_uri_get_host(uri), *query = evhttp_uri_get_query(uri);
	tg_autofree char *path = NULL;
	size_t length = 0;

	if ((host && *host) || evhttp_uri_get_path(uri)[0] != '/')
		return refuse_url(why, size,
				  "the path of a socket begins with one slash; write it as "
				  "unix:/run/redis/redis.sock");
	path = evhttp_uridecode(evhttp_uri_get_path(uri), 0, &length);
	if (!path)
		return -ENOMEM;
	if (length != strlen(path) || length >= sizeof(((struct sockaddr_un *)NULL)->sun_path))
		return refuse_url(why, size, "the path of a socket has at most 107 bytes");
	if (query && strncmp(query, "db=", 3) != 0)
		return refuse_url(why, size,
				  "after the path of a socket only ?db=NUMBER is known; " FORMS);
	strcpy(store->host, path);
	store->scheme = TG_CONFIG_UNIX;
	return parse_database(query ? query + 3 : NULL, &store->database, why, size);
}

/* Copies a name, an IPv4 address, or an IPv6 address without its brackets. */
static int parse_host(const char *host, struct tg_config_store *store)
{
	static const char names[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-_";
	static const char addresses[] = "0123456789abcdefABCDEF:.";
	size_t length = host ? strlen(host) : 0;
	bool address = length && host[0] == '[';

	if (address) {
		host++;
		length -= 2;
	}
	if (!length || length >= sizeof(store->host) ||
	    strspn(host, address ? addresses : names) != length)
		return -EINVAL;
	memcpy(store->host, host, length);
	store->host[length] = '\0';
	return 0;
}

static int parse_host_and_port(const struct evhttp_uri *uri, struct tg_config_store *store,
			       char *why, size_t size)
{
	const char *path = evhttp_uri_get_path(uri);
	int port = evhttp_uri_get_port(uri);

	if (parse_host(evhttp_uri_get_host(uri), store) || port == 0 || evhttp_uri_get_query(uri))
		return refuse_url(why, size, NO_URL);
	store->port = port < 0 ? REDIS_PORT : port;
	return parse_database(*path == '/' ? path + 1 : path, &store->database, why, size);
}

int tg_config_parse_store(const char *url, struct tg_config_store *store, char *why, size_t size)
{
	bool socket = strncmp(url, "unix:", 5) == 0;
	tg_cleanup(free_uri) struct evhttp_uri *uri = NULL;
	struct tg_config_store made = {0};
	const char *scheme;
	int r;

	if (!socket && strchr(url, '@'))
		return refuse_url(why, size,
				  "user and password do not belong into the URL, which is shown in "
				  "logs; write user: NAME and password_file: PATH beside redis");
	uri = evhttp_uri_parse(url);
	scheme = uri ? evhttp_uri_get_scheme(uri) : NULL;
	if (!scheme || evhttp_uri_get_fragment(uri) ||
	    (!socket && strcmp(scheme, "redis") != 0 && strcmp(scheme, "rediss") != 0))
		return refuse_url(why, size, NO_URL);
	made.scheme = strcmp(scheme, "rediss") == 0 ? TG_CONFIG_REDISS : TG_CONFIG_REDIS;
	r = socket ? parse_socket(uri, &made, why, size)
		   : parse_host_and_port(uri, &made, why, size);
	if (r == 0)
		*store = made;
	return r;
}

const char *tg_config_store_url(const struct tg_config_store *store, char *url, size_t size)
{
	bool brackets = strchr(store->host, ':') != NULL;

	if (store->scheme == TG_CONFIG_UNIX && store->database)
		snprintf(url, size, "unix:%s?db=%u", store->host, store->database);
	else if (store->scheme == TG_CONFIG_UNIX)
		snprintf(url, size, "unix:%s", store->host);
	else
		snprintf(url, size, "%s://%s%s%s:%u/%u",
			 store->scheme == TG_CONFIG_REDISS ? "rediss" : "redis",
			 brackets ? "[" : "", store->host, brackets ? "]" : "", store->port,
			 store->database);
	return url;
}
