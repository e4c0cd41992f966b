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
 * Makes a context that trusts the authorities of @ca_file (PEM), which tg_text_read() reads, or of
 * the system if @ca_file is "". The system's take 0.1 s or more, so keep the context. The caller
 * frees it by SSL_CTX_free(). Returns NULL with the reason in @why (@size bytes).
 */
SSL_CTX *tg_redis_tls_context(const char *ca_file, char *why, size_t size);

/*
 * Makes the SSL object for one connection to @host, a name or a numeric address. It holds a
 * reference to @context, and the caller owns it. Returns NULL with the reason in @why (@size
 * bytes).
 */
SSL *tg_redis_tls_new(SSL_CTX *context, const char *host, char *why, size_t size);

/*
 * Writes to @why (@size bytes) why TLS failed on @connection. Returns false, with @why unchanged,
 * if the connection has no TLS or failed for another reason.
 */
bool tg_redis_tls_why(struct bufferevent *connection, char *why, size_t size);

#endif
