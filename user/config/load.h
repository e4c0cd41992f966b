/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Loads a configuration from its file, or from text. */
#ifndef TG_CONFIG_LOAD_H
#define TG_CONFIG_LOAD_H

#include <stddef.h>

#include "config/config.h"
#include "config/diagnostics.h"

/*
 * Reads and validates the file @path. Adds all its errors and warnings to @diagnostics, sorted by
 * place. Returns 0 with a *@config that the caller frees, -EINVAL if the configuration is invalid,
 * -EPERM if it or a file that it names is refused (tg_ownership_open()), or another -errno if the
 * file cannot be read. Each failure is in @diagnostics, and leaves *@config unchanged. Needs no
 * privileges.
 */
int tg_config_load(const char *path, struct tg_config **config, struct tg_diagnostics *diagnostics);

/*
 * The same for @length bytes of text. @path appears in messages, and file names are relative to its
 * directory.
 */
int tg_config_parse(const char *path, const void *text, size_t length, struct tg_config **config,
		    struct tg_diagnostics *diagnostics);

#endif
