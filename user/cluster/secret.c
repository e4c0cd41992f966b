// SPDX-License-Identifier: GPL-2.0-or-later
/* The file of the secret, and the hash key of names, which is an HMAC of the secret. */
#include "cluster/secret.h"

#include <endian.h>
#include <errno.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/errmsg.h"
#include "base/text.h"

int tg_cluster_secret_read(const struct tg_config_cluster *cluster,
			   struct tg_cluster_secret *secret, char *errmsg)
{
	tg_autofree char *key = NULL;
	const char *path = cluster->frame_key_file;
	char why[TG_ERRMSG_SIZE];
	size_t length = 0;
	int error;

	memset(secret, 0, sizeof(*secret));
	if (!path[0])
		return 0;
	error = tg_text_read(path, sizeof(secret->bytes) + 2, &key, &length, why);
	if (error && error != -EFBIG)
		return tg_error_set(errmsg, error, "frame_key_file %s", why);
	while (!error && length && (key[length - 1] == '\n' || key[length - 1] == '\r'))
		length--;
	if (!error && !length)
		return tg_error_set(
			errmsg, EINVAL,
			"frame_key_file %s is empty; `openssl rand -hex 32` makes a key", path);
	if (!error && length <= sizeof(secret->bytes)) {
		memcpy(secret->bytes, key, length);
		secret->length = length;
	}
	if (key)
		explicit_bzero(key, length);
	if (!secret->length)
		return tg_error_set(errmsg, EINVAL, "frame_key_file %s has more than %d bytes",
				    path, TG_SHARED_SECRET_MAX);
	return 0;
}

/* Separates this use of the secret from frames, which never begin with this text. */
#define PURPOSE "tidegate keys of applications"

int tg_cluster_secret_note(struct tg_config *config, struct tg_cluster_secret *secret, char *errmsg)
{
	struct tg_config_cluster *cluster = &config->cluster;
	unsigned char text[sizeof(PURPOSE) + sizeof(cluster->name)] = PURPOSE;
	unsigned char mac[EVP_MAX_MD_SIZE];
	int error;

	memset(secret, 0, sizeof(*secret));
	if (!cluster->name[0])
		return 0;
	error = tg_cluster_secret_read(cluster, secret, errmsg);
	if (error)
		return error;
	memcpy(text + sizeof(PURPOSE), cluster->name, sizeof(cluster->name));
	if (!HMAC(EVP_sha256(), secret->bytes, (int)secret->length, text,
		  sizeof(PURPOSE) + strlen(cluster->name), mac, NULL))
		error = tg_error_set(errmsg, ENOMEM, "libcrypto: no HMAC-SHA256");
	if (error)
		return error;
	memcpy(cluster->name_key, mac, sizeof(cluster->name_key));
	cluster->name_key[0] = le64toh(cluster->name_key[0]);
	cluster->name_key[1] = le64toh(cluster->name_key[1]);
	explicit_bzero(mac, sizeof(mac));
	return 0;
}
