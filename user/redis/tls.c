// SPDX-License-Identifier: GPL-2.0-or-later
/* OpenSSL, set up to accept only a server whose certificate names the configured host. */
#include "redis/tls.h"

#include <arpa/inet.h>
#include <event2/bufferevent.h>
#include <event2/bufferevent_ssl.h>
#include <limits.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "base/errmsg.h"
#include "base/text.h"

#define CA_FILE_MAX (4U << 20) /* bytes; all authorities of a system take a quarter of one MiB */

/* Writes OpenSSL's last error to @why, frees @context and returns NULL. */
static SSL_CTX *fail(SSL_CTX *context, char *why, size_t size, const char *what)
{
	const char *reason = ERR_reason_error_string(ERR_peek_last_error());

	snprintf(why, size, "%s: %s", what, reason ? reason : "no reason given");
	ERR_clear_error();
	SSL_CTX_free(context);
	return NULL;
}

/* Adds the certificates of @text, PEM, to @store. Other things in it are passed over. */
static bool add_authorities(X509_STORE *store, const char *text, size_t length)
{
	BIO *pem = BIO_new_mem_buf(text, (int)length);
	X509 *certificate;
	bool added = true;
	size_t n = 0;

	while (pem && added && (certificate = PEM_read_bio_X509(pem, NULL, NULL, NULL))) {
		added = X509_STORE_add_cert(store, certificate);
		X509_free(certificate);
		n++;
	}
	BIO_free(pem);
	/* The end is told by this error, which is one only if nothing came before. */
	if (added && n && ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE) {
		ERR_clear_error();
		return true;
	}
	return false;
}

/* Parses what was judged, because the path may name another file a moment later. */
static SSL_CTX *trust_file(SSL_CTX *context, const char *path, char *why, size_t size)
{
	char errmsg[TG_ERRMSG_SIZE], what[PATH_MAX + 32];
	tg_autofree char *text = NULL;
	size_t length;

	if (tg_text_read(path, CA_FILE_MAX, &text, &length, errmsg)) {
		snprintf(why, size, "ca_file %s", errmsg);
		SSL_CTX_free(context);
		return NULL;
	}
	snprintf(what, sizeof(what), "ca_file %s", path);
	if (!add_authorities(SSL_CTX_get_cert_store(context), text, length))
		return fail(context, why, size, what);
	return context;
}

SSL_CTX *tg_redis_tls_context(const char *ca_file, char *why, size_t size)
{
	SSL_CTX *context = SSL_CTX_new(TLS_client_method());

	if (!context || !SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION))
		return fail(context, why, size, "TLS");
	SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
	if (ca_file[0])
		return trust_file(context, ca_file, why, size);
	if (!SSL_CTX_set_default_verify_paths(context))
		return fail(context, why, size, "the system's certificates");
	return context;
}

/* The certificate must name the host of the configuration, not an address that DNS gave. */
static bool expect_host(SSL *ssl, const char *host)
{
	X509_VERIFY_PARAM *parameters = SSL_get0_param(ssl);
	unsigned char address[16];

	if (inet_pton(AF_INET, host, address) == 1 || inet_pton(AF_INET6, host, address) == 1)
		return X509_VERIFY_PARAM_set1_ip_asc(parameters, host);
	X509_VERIFY_PARAM_set_hostflags(parameters, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	return X509_VERIFY_PARAM_set1_host(parameters, host, 0) &&
	       SSL_set_tlsext_host_name(ssl, host);
}

SSL *tg_redis_tls_new(SSL_CTX *context, const char *host, char *why, size_t size)
{
	SSL *ssl = SSL_new(context);

	if (ssl && expect_host(ssl, host))
		return ssl;
	SSL_free(ssl);
	fail(NULL, why, size, "TLS");
	return NULL;
}

bool tg_redis_tls_why(struct bufferevent *connection, char *why, size_t size)
{
	SSL *ssl = bufferevent_openssl_get_ssl(connection);
	const char *reason;

	if (!ssl)
		return false;
	if (SSL_get_verify_result(ssl) != X509_V_OK) {
		snprintf(why, size, "its certificate is not good: %s",
			 X509_verify_cert_error_string(SSL_get_verify_result(ssl)));
		return true;
	}
	/* NULL if it was an error of the socket. */
	reason = ERR_reason_error_string(bufferevent_get_openssl_error(connection));
	if (!reason)
		return false;
	snprintf(why, size, "TLS: %s", reason);
	return true;
}
