/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Makes TLS connections: version 1.2 or later, to a server with a valid certificate for its host.
 */
#ifndef TG_REDIS_TLS_H
#define TG_REDIS_TLS_H

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stddef.h>

struct bufferevent;

/*
 * Reads the system's certificate authorities. Takes 0.1 s or more, so call it once. The caller
 * frees the result by X509_STORE_free(). Returns NULL if they cannot be read.
 */
X509_STORE *tg_redis_tls_system(void);

/*
 * Makes the SSL object for one connection to @host, a name or a numeric address. Trusts the
 * authorities that @ca_file (PEM) has now, or @system if @ca_file is "". The caller owns the
 * result. Returns NULL with the reason in @why (@size bytes).
 */
SSL *tg_redis_tls_new(const char *ca_file, X509_STORE *system, const char *host, char *why,
		      size_t size);

/*
 * Writes to @why (@size bytes) why TLS failed on @connection. Returns false, with @why unchanged,
 * if the connection has no TLS or failed for another reason.
 */
bool tg_redis_tls_why(struct bufferevent *connection, char *why, size_t size);

#endif
