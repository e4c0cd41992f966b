/* SPDX-License-Identifier: GPL-2.0-or-later */
/* TLS to the store: from version 1.2 on, to a server whose certificate is good for its host. */
#ifndef TG_STORE_TLS_H
#define TG_STORE_TLS_H

#include <openssl/ssl.h>

#include "config.h"

struct bufferevent;

/* For one connection; the authorities are read anew. NULL: @why says what is wrong. */
SSL *tg_store_tls_new(const char *ca_file, const char *host, char *why, size_t size);

/* Writes why the handshake or the connection failed; false: not because of TLS. */
bool tg_store_tls_why(struct bufferevent *connection, char *why, size_t size);

#endif
