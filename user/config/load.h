/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A configuration from its file. */
#ifndef TG_CONFIG_LOAD_H
#define TG_CONFIG_LOAD_H

#include <stddef.h>

#include "config/config.h"
#include "config/diagnostics.h"

/*
 * Reads and validates @path. All errors of the file go to @diagnostics, in order
 * of their place. Returns 0, -EINVAL when the configuration is invalid, or another
 * -errno when the file could not be read (said in @diagnostics too); *@config is
 * untouched unless 0 is returned. Needs no privileges.
 */
int tg_config_load(const char *path, struct tg_config **config, struct tg_diagnostics *diagnostics);

/* The same for @length bytes in memory; @path is used for messages and relative file names. */
int tg_config_parse(const char *path, const void *text, size_t length, struct tg_config **config,
		    struct tg_diagnostics *diagnostics);

#endif
