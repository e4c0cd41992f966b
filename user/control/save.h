/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Writes settings back into the configuration file that they are about; all else in it stays as it
 * was, comments too. */
#ifndef TG_CONTROL_SAVE_H
#define TG_CONTROL_SAVE_H

#include "config/set.h"

/*
 * Puts the values of @n @settings into the @text of a configuration. A key that the limit does not
 * have there is added behind its name. A key of the refill is not, because nobody could say what
 * should become of the other form: that is an error, except that capacity and burst stand for each
 * other. It is an error, too, if the new text does not mean what @wanted, the policy in force, has
 * for these settings.
 *
 * Returns 0 with the new text in *@out, which the caller frees; or -ENOMEM or -EINVAL with a
 * sentence in @errmsg (TG_ERRMSG_SIZE), which calls the text @path.
 */
int tg_config_edit(const char *path, const char *text, const struct tg_setting *settings, size_t n,
		   const struct tg_config *wanted, char **out, char *errmsg);

/*
 * Does the same to the file @path, which is replaced in one step, and keeps its owner, mode, ACLs
 * and attributes as far as it may. Returns 0, or -errno with @errmsg: -EBUSY if somebody else
 * changed the file meanwhile. Then the file is as it was, unless only the sync of the directory
 * failed.
 */
int tg_config_save(const char *path, const struct tg_setting *settings, size_t n,
		   const struct tg_config *wanted, char *errmsg);

#endif
