// SPDX-License-Identifier: GPL-2.0-or-later
/* OpenSSL, set up to accept only a server whose certificate names the configured host. */
#include "redis/tls.h"

#include <arpa/inet.h>
#include <event2/bufferevent.h>
#include <event2/bufferevent_ssl.h>
#include <limits.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdio.h>

/* Writes OpenSSL's last error to @why, frees @context and returns NULL. */
static SSL_CTX *fail(SSL_CTX *context, char *why, size_t size, const char *what)
{
	const char *reason = ERR_reason_error_string(ERR_peek_last_error());

	snprintf(why, size, "%s: %s", what, reason ? reason : "no reason given");
	ERR_clear_error();
	SSL_CTX_free(context);
	return NULL;
}

X509_STORE *tg_redis_tls_system(void)
{
	X509_STORE *system = X509_STORE_new();

	if (system && X509_STORE_set_default_paths(system))
		return system;
	ERR_clear_error();
	X509_STORE_free(system);
	return NULL;
}

static SSL_CTX *new_context(const char *ca_file, X509_STORE *system, char *why, size_t size)
{
	SSL_CTX *context = SSL_CTX_new(TLS_client_method());

	if (!context || !SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION))
		return fail(context, why, size, "TLS");
	SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
	if (ca_file[0] && !SSL_CTX_load_verify_locations(context, ca_file, NULL)) {
		char what[PATH_MAX + 32];

		snprintf(what, sizeof(what), "ca_file %s", ca_file);
		return fail(context, why, size, what);
	}
	if (!ca_file[0] && !system)
		return fail(context, why, size, "the system's certificates");
	if (!ca_file[0])
		SSL_CTX_set1_cert_store(context, system);
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

SSL *tg_redis_tls_new(const char *ca_file, X509_STORE *system, const char *host, char *why,
		      size_t size)
{
	SSL_CTX *context = new_context(ca_file, system, why, size);
	SSL *ssl;

	if (!context)
		return NULL;
	ssl = SSL_new(context);
	if (!ssl || !expect_host(ssl, host)) {
		SSL_free(ssl);
		fail(context, why, size, "TLS");
		return NULL;
	}
	SSL_CTX_free(context); /* @ssl holds a reference */
	return ssl;
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
