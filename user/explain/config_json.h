/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A configuration as JSON, with defaults filled in, as `tidegate check --json` prints it. */
#ifndef TG_EXPLAIN_CONFIG_JSON_H
#define TG_EXPLAIN_CONFIG_JSON_H

#include <jansson.h>

#include "config/config.h"

/*
 * Return an array of objects with the keys of the file, which the caller releases. Durations are in
 * ms, sizes in bytes.
 */
json_t *tg_config_json_limits(const struct tg_config *config);
json_t *tg_config_json_interfaces(const struct tg_config *config);

/*
 * Returns an object with the keys of `table`, and how many buckets are in no limit's part (`open`).
 * The caller releases it.
 */
json_t *tg_config_json_table(const struct tg_config *config);

/*
 * Returns an object with the keys of `cluster`, or JSON null without one. The caller releases it.
 */
json_t *tg_config_json_cluster(const struct tg_config *config);

#endif
