/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which requests to a loopback address are not meant for us: those that a stranger's web page has
 * a browser make. */
#ifndef TG_HTTP_GUARD_H
#define TG_HTTP_GUARD_H

#include <stdbool.h>

struct sockaddr;

bool tg_http_is_loopback(const struct sockaddr *address);

/*
 * Whether @host (of the request, without its port; NULL: it named none) can only mean this
 * machine: localhost, a loopback address, or @own, the host that is listened on. Any other name
 * may have been made to resolve to a loopback address (DNS rebinding), and then pages from there
 * could read what they asked for.
 */
bool tg_http_host_is_ours(const char *host, const char *own);

/* Whether a browser says (@site is Sec-Fetch-Site, NULL: it does not) that another page asks. */
bool tg_http_is_cross_site(const char *site);

#endif
