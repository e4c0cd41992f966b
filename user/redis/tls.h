/* SPDX-License-Identifier: GPL-2.0-or-later */
/* TLS to the store: from version 1.2 on, to a server whose certificate is good for its host. */
#ifndef TG_REDIS_TLS_H
#define TG_REDIS_TLS_H

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stddef.h>

struct bufferevent;

/* The system's authorities, all of them: reading takes 0.1 s and more, so do it once. NULL: none.
 */
X509_STORE *tg_redis_tls_system(void);

/*
 * For one connection. The authorities are those of @ca_file as it is now, or @system if it is
 * empty. NULL: @why says what is wrong.
 */
SSL *tg_redis_tls_new(const char *ca_file, X509_STORE *system, const char *host, char *why,
		      size_t size);

/* Writes why the handshake or the connection failed; false: not because of TLS. */
bool tg_redis_tls_why(struct bufferevent *connection, char *why, size_t size);

#endif
