// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A JSON file with the policy to go back to, with the numbers that `set` may have changed, and with
 * the texts that were not confirmed: the last of them is the newest.
 */
#include "daemon/unconfirmed.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/errmsg.h"
#include "base/json.h"
#include "base/log.h"
#include "base/sync_dir.h"
#include "base/text.h"
#include "config/config.h"
#include "config/load.h"
#include "daemon/daemon.h"

#define SIZE_MAX_BYTES (256 << 20) /* two texts of 16 MiB, each byte escaped */

/* systemd names a directory that outlives a boot; the control socket's does not. */
static void file_of(const struct tg_daemon *daemon, char path[PATH_MAX])
{
	const char *kept = getenv("STATE_DIRECTORY");

	if (kept && kept[0] == '/' && !strchr(kept, ':'))
		snprintf(path, PATH_MAX, "%s/unconfirmed", kept);
	else
		snprintf(path, PATH_MAX, "%s.unconfirmed", daemon->control_path);
}

/* Counts while the machine sleeps, and begins anew when it boots. */
static uint64_t boot_time(void)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	return (uint64_t)now.tv_sec * NS_PER_S + now.tv_nsec;
}

static void read_boot(char boot[64])
{
	tg_autofclose FILE *file = fopen("/proc/sys/kernel/random/boot_id", "re");

	if (!file || fscanf(file, "%63s", boot) != 1)
		boot[0] = '\0';
}

static json_t *pack_refill(const struct tg_refill *refill)
{
	return json_pack("{s:I, s:I, s:I, s:b}", "capacity", (json_int_t)refill->capacity, "amount",
			 (json_int_t)refill->amount, "interval", (json_int_t)refill->interval,
			 "continuous", refill->continuous);
}

static void unpack_refill(const json_t *json, struct tg_refill *refill)
{
	refill->capacity = tg_json_number(json, "capacity");
	refill->amount = tg_json_number(json, "amount");
	refill->interval = tg_json_number(json, "interval");
	refill->continuous = json_is_true(json_object_get(json, "continuous"));
}

/* All that tg_config_set() can change: the text does not have what was set and not saved. */
static json_t *pack_limit(const struct tg_config_limit *limit)
{
	return json_pack("{s:s, s:o, s:o, s:I, s:I, s:b}", "name", limit->name, "refill",
			 pack_refill(&limit->refill), "new_sources",
			 pack_refill(&limit->new_sources), "mark_above",
			 (json_int_t)limit->mark_above, "max_delay", (json_int_t)limit->max_delay,
			 "shadow", limit->shadow);
}

static void unpack_limit(const json_t *json, struct tg_config *config)
{
	struct tg_config_limit *limit = tg_config_edit_limit(config, tg_json_text(json, "name"));

	if (!limit)
		return;
	unpack_refill(json_object_get(json, "refill"), &limit->refill);
	unpack_refill(json_object_get(json, "new_sources"), &limit->new_sources);
	limit->mark_above = tg_json_number(json, "mark_above");
	limit->max_delay = tg_json_number(json, "max_delay");
	limit->shadow = json_is_true(json_object_get(json, "shadow"));
}

static json_t *pack_config(const struct tg_config *config)
{
	json_t *limits = json_array();
	size_t i;

	for (i = 0; i < config->limits_n; i++)
		json_array_append_new(limits, pack_limit(&config->limits[i]));
	return json_pack("{s:s, s:s, s:o}", "path", config->path, "text",
			 config->source ? config->source->text : "", "limits", limits);
}

/* Returns the configuration, which the caller frees, or NULL after logging why there is none. */
static struct tg_config *unpack_config(const json_t *json)
{
	tg_cleanup(tg_diagnostics_clear) struct tg_diagnostics diagnostics = {};
	const char *text = tg_json_text(json, "text");
	struct tg_config *config = NULL;
	const json_t *limit;
	size_t i;

	if (tg_config_parse(tg_json_text(json, "path"), text, strlen(text), &config,
			    &diagnostics)) {
		tg_diagnostics_print(&diagnostics, stderr);
		return NULL;
	}
	json_array_foreach(json_object_get(json, "limits"), i, limit) unpack_limit(limit, config);
	return config;
}

/* Replaces the file in one step, and has it on the disk. Takes the reference to @json. */
static int write_file(const char *path, json_t *json)
{
	json_auto_t *taken = json;
	char temporary[PATH_MAX + 8];
	tg_autoclose int fd = -1;
	int error = 0;

	if (!taken)
		return -ENOMEM;
	snprintf(temporary, sizeof(temporary), "%s.new", path);
	unlink(temporary);
	fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	errno = EIO;
	if (json_dumpfd(taken, fd, JSON_COMPACT) || fsync(fd) || rename(temporary, path))
		error = -errno;
	if (error)
		unlink(temporary);
	return error ? error : tg_sync_dir_of(path);
}

/*
 * Sets *@json to what the file has, NULL if there is none, and *@texts to the list in it. Returns
 * 0, or -errno with @errmsg.
 */
static int read_file(const char *path, json_t **json, const json_t **texts, char *errmsg)
{
	tg_autofree char *text = NULL;
	json_error_t wrong = {.text = "it has no list of what was not confirmed"};
	size_t length;
	int error = tg_text_read(path, SIZE_MAX_BYTES, &text, &length, errmsg);

	*json = NULL;
	*texts = NULL;
	if (error)
		return error == -ENOENT ? 0 : error;
	*json = json_loadb(text, length, 0, &wrong);
	*texts = json_object_get(*json, "unconfirmed");
	if (json_array_size(*texts))
		return 0;
	json_decref(*json);
	*json = NULL;
	return tg_error_set(errmsg, EBADMSG, "%s is damaged: %s", path, wrong.text);
}

static const char *text_of(const struct tg_config *config)
{
	return config->source ? config->source->text : "";
}

static bool is_text(const json_t *json, const char *text)
{
	return json_is_string(json) && strcmp(json_string_value(json), text) == 0;
}

static bool has_text(const json_t *texts, const char *text)
{
	const json_t *one;
	size_t i;

	json_array_foreach(texts, i, one)
	{
		if (is_text(one, text))
			return true;
	}
	return false;
}

/* Returns a new list of @texts but @text. */
static json_t *texts_without(const json_t *texts, const char *text)
{
	json_t *others = json_array(), *one;
	size_t i;

	json_array_foreach(texts, i, one)
	{
		if (!is_text(one, text))
			json_array_append(others, one);
	}
	return others;
}

/*
 * Writes that what is in force comes back, instead of any of @texts, whose reference it takes.
 * @deadline of the last of them: on boot_time(); 0: over.
 */
static int write_texts(const struct tg_daemon *daemon, uint64_t deadline, json_t *texts)
{
	char path[PATH_MAX], boot[64];

	file_of(daemon, path);
	read_boot(boot);
	return write_file(path, json_pack("{s:s, s:I, s:o, s:o}", "boot", boot, "deadline",
					  (json_int_t)deadline, "before",
					  pack_config(daemon->config), "unconfirmed", texts));
}

int tg_unconfirmed_write(const struct tg_daemon *daemon, const struct tg_config *applied,
			 uint64_t ns, json_t **earlier, char *errmsg)
{
	char path[PATH_MAX], why[TG_ERRMSG_SIZE];
	json_t *found, *texts;
	const json_t *known;
	int error;

	file_of(daemon, path);
	error = read_file(path, &found, &known, why);
	if (error)
		return tg_error_set(errmsg, error,
				    "%s. It says what was not confirmed before; `tidegate reload` "
				    "takes the file as it is, and forgets that. The policy in "
				    "force stays",
				    why);
	texts = texts_without(known, text_of(applied));
	json_array_append_new(texts, json_string(text_of(applied)));
	error = write_texts(daemon, boot_time() + ns, texts);
	if (!error) {
		*earlier = found;
		return 0;
	}
	json_decref(found);
	return tg_error_set(errmsg, error,
			    "%s cannot be written (%s), without which a daemon that dies would not "
			    "go back; the policy in force stays",
			    path, strerror(-error));
}

static void remove_file(const char *path)
{
	if (unlink(path) && errno != ENOENT)
		tg_log_errno(errno, "%s", path);
}

void tg_unconfirmed_restore(const struct tg_daemon *daemon, json_t *earlier)
{
	char path[PATH_MAX];
	int error;

	file_of(daemon, path);
	if (!earlier) {
		remove_file(path);
		return;
	}
	error = write_file(path, earlier);
	if (error)
		tg_log_errno(error, "%s", path);
}

/* Writes the file anew, if there is one, with what is in force now, and without @text ("": all). */
static void rewrite(const struct tg_daemon *daemon, const char *text)
{
	char path[PATH_MAX], errmsg[TG_ERRMSG_SIZE];
	json_auto_t *json = NULL;
	const json_t *texts;
	json_t *others;
	int error;

	file_of(daemon, path);
	error = read_file(path, &json, &texts, errmsg);
	if (error)
		tg_log(TG_LOG_ERROR, "%s", errmsg);
	if (!json)
		return;
	others = texts_without(texts, text);
	if (!json_array_size(others)) {
		json_decref(others);
		remove_file(path);
		return;
	}
	error = write_texts(daemon, 0, others);
	if (error)
		tg_log_errno(error, "%s", path);
}

void tg_unconfirmed_went_back(const struct tg_daemon *daemon)
{
	rewrite(daemon, "");
}

void tg_unconfirmed_settle(struct tg_daemon *daemon)
{
	if (strcmp(daemon->config->path, daemon->config_path) == 0)
		tg_unconfirmed_forget(daemon);
	else
		rewrite(daemon, text_of(daemon->config));
}

void tg_unconfirmed_forget(struct tg_daemon *daemon)
{
	char path[PATH_MAX];

	file_of(daemon, path);
	remove_file(path);
	daemon->unconfirmed[0] = '\0';
}

/* Returns the ns that are left; 0: none, or the machine has been booted since. */
static uint64_t time_left(const json_t *json)
{
	uint64_t deadline = tg_json_number(json, "deadline"), now = boot_time();
	char boot[64];

	read_boot(boot);
	return strcmp(boot, tg_json_text(json, "boot")) == 0 && deadline > now ? deadline - now : 0;
}

/* The file of the configuration is in force, though nobody knows whether it was confirmed. */
static void complain(struct tg_daemon *daemon, const char *why)
{
	tg_error_set(daemon->unconfirmed, EBADMSG,
		     "%s may be in force without having been confirmed: %s", daemon->config_path,
		     why);
	tg_log(TG_LOG_ERROR, "%s", daemon->unconfirmed);
}

/* Puts @earlier in force instead of the file, and takes it; or the file, as long as it may wait. */
static uint64_t take_earlier(struct tg_daemon *daemon, struct tg_config *earlier, uint64_t left,
			     struct tg_config **before)
{
	if (left) {
		tg_log(TG_LOG_WARNING,
		       "%s still waits to be confirmed: it goes back in %llu s unless `tidegate "
		       "confirm` comes first",
		       daemon->config_path, (unsigned long long)(left / NS_PER_S));
		*before = earlier;
		return left;
	}
	tg_log(TG_LOG_WARNING,
	       "%s has a change that was not confirmed in time: in force is what was before it; "
	       "`tidegate reload` takes the file as it is",
	       daemon->config_path);
	tg_config_unref(&daemon->config);
	daemon->config = earlier;
	return 0;
}

uint64_t tg_unconfirmed_resume(struct tg_daemon *daemon, struct tg_config **before)
{
	const char *text = text_of(daemon->config);
	char path[PATH_MAX], why[TG_ERRMSG_SIZE];
	json_auto_t *json = NULL;
	struct tg_config *earlier;
	const json_t *texts;
	bool newest;

	file_of(daemon, path);
	if (read_file(path, &json, &texts, why))
		complain(daemon, why);
	if (!json)
		return 0;
	newest = is_text(json_array_get(texts, json_array_size(texts) - 1), text);
	if (!has_text(texts, text)) {
		if (tg_json_number(json, "deadline"))
			tg_log(TG_LOG_WARNING,
			       "the last change was not confirmed before the daemon ended: going "
			       "back to what %s says",
			       daemon->config_path);
		tg_unconfirmed_forget(daemon);
		return 0;
	}
	earlier = unpack_config(json_object_get(json, "before"));
	if (!earlier) {
		complain(daemon, "what was in force before the last change cannot be read");
		return 0;
	}
	return take_earlier(daemon, earlier, newest ? time_left(json) : 0, before);
}
