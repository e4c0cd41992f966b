// SPDX-License-Identifier: GPL-2.0-or-later
/* Compares hosts and headers; resolves no name. */
#include "http/guard.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

static bool is_loopback4(const struct in_addr *address)
{
	return ntohl(address->s_addr) >> 24 == IN_LOOPBACKNET;
}

bool tg_http_is_loopback(const struct sockaddr *address)
{
	if (address->sa_family == AF_INET)
		return is_loopback4(&((const struct sockaddr_in *)address)->sin_addr);
	return address->sa_family == AF_INET6 &&
	       IN6_IS_ADDR_LOOPBACK(&((const struct sockaddr_in6 *)address)->sin6_addr);
}

/* Takes "127.0.0.1" and "[::1]", but no other spelling of numbers, such as "127.1". */
static bool is_loopback_text(const char *host)
{
	char inside[INET6_ADDRSTRLEN];
	size_t length = strlen(host);
	struct in6_addr v6;
	struct in_addr v4;

	if (inet_pton(AF_INET, host, &v4) == 1)
		return is_loopback4(&v4);
	if (length < 3 || length - 2 >= sizeof(inside) || host[0] != '[' || host[length - 1] != ']')
		return false;
	snprintf(inside, sizeof(inside), "%.*s", (int)length - 2, host + 1);
	return inet_pton(AF_INET6, inside, &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}

bool tg_http_host_is_ours(const char *host, const char *own)
{
	return host && (strcasecmp(host, "localhost") == 0 || strcasecmp(host, own) == 0 ||
			is_loopback_text(host));
}

bool tg_http_is_cross_site(const char *site)
{
	return site && strcmp(site, "same-origin") != 0 && strcmp(site, "none") != 0;
}
