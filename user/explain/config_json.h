/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A configuration as JSON, with defaults filled in: what `tidegate check --json` prints. */
#ifndef TG_EXPLAIN_CONFIG_JSON_H
#define TG_EXPLAIN_CONFIG_JSON_H

#include <jansson.h>

#include "config/config.h"

/* Arrays of objects with the keys of the file; durations in ms, sizes in bytes. */
json_t *tg_config_json_limits(const struct tg_config *config);
json_t *tg_config_json_interfaces(const struct tg_config *config);

/* An object, or null. */
json_t *tg_config_json_cluster(const struct tg_config *config);

#endif
