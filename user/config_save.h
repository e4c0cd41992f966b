/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Writing a setting back into the file that it came from, with all else in it as it was. */
#ifndef TG_CONFIG_SAVE_H
#define TG_CONFIG_SAVE_H

#include "config.h"

struct tg_setting {
	const char *key; /* as of tg_config_set_refill() */
	const char *value;
};

/*
 * Replaces the values of @settings of the limit @name in the text of a configuration; the new
 * text, which the caller frees, goes to *@out. A key that the text does not have (but for
 * capacity and burst, which stand for each other) is an error: nobody could say where
 * and how it should be written. @wanted is what the limit's refill must come out as, or it
 * is an error. Returns 0, -ENOMEM or -EINVAL with @message.
 */
int tg_config_edit(const char *path, const char *text, const char *name,
		   const struct tg_setting *settings, size_t n, const struct tg_refill *wanted,
		   char **out, char *message);

/* The same for a file, which is replaced in one step. Returns 0 or -errno with @message. */
int tg_config_save(const char *path, const char *name, const struct tg_setting *settings, size_t n,
		   const struct tg_refill *wanted, char *message);

#endif
