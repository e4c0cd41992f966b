/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Finds requests to a loopback address that a foreign web page has a browser make. */
#ifndef TG_HTTP_GUARD_H
#define TG_HTTP_GUARD_H

#include <stdbool.h>

struct sockaddr;

/* True for 127.0.0.0/8 and ::1; false for other families. */
bool tg_http_is_loopback(const struct sockaddr *address);

/*
 * Whether @host can only mean this machine: localhost, a loopback address, or @own, the host that
 * the server listens on. @host is that of the request, without its port; NULL (none) is not ours.
 * Any other name could be made to resolve to a loopback address (DNS rebinding), so that pages from
 * that name could read the replies.
 */
bool tg_http_host_is_ours(const char *host, const char *own);

/* Whether the browser says that a page of another site asks. @site is the header Sec-Fetch-Site;
 * NULL (none) is not cross-site, because only browsers send it. */
bool tg_http_is_cross_site(const char *site);

#endif
