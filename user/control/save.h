/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Writing a setting back into the file that it came from, with all else in it as it was. */
#ifndef TG_CONTROL_SAVE_H
#define TG_CONTROL_SAVE_H

#include "config/set.h"

/*
 * Puts the values of @settings into the text of a configuration; the new text, which the caller
 * frees, goes to *@out. What is not about the refill is added where the text does not have it,
 * behind the limit's name; a refill key that it does not have (but for capacity and burst, which
 * stand for each other) is an error: nobody could say what should become of the other form. What
 * comes out must be what @wanted has for these settings, or it is an error. Returns 0, -ENOMEM
 * or -EINVAL with @errmsg.
 */
int tg_config_edit(const char *path, const char *text, const struct tg_setting *settings, size_t n,
		   const struct tg_config *wanted, char **out, char *errmsg);

/* The same for a file, which is replaced in one step. Returns 0 or -errno with @errmsg. */
int tg_config_save(const char *path, const struct tg_setting *settings, size_t n,
		   const struct tg_config *wanted, char *errmsg);

#endif
