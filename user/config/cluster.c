// SPDX-License-Identifier: GPL-2.0-or-later
/* Reads `cluster`, and the keys shared and on_store_loss of a limit. */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/errmsg.h"
#include "base/ownership.h"
#include "config/names.h"
#include "config/reader.h"
#include "base/text.h"
#include "base/units.h"
#include "base/clock.h"

#define INTERVAL_DEFAULT    (50 * NS_PER_MS)
#define STALE_INTERVALS	    10 /* stale_after by default, but at least 1 s */
#define STALE_INTERVALS_MIN 3  /* the least stale_after: one frame may be late */
#define SOURCES_DEFAULT	    1024

static bool is_name(const char *name)
{
	size_t n = strlen(name);

	return n && n < TG_CONFIG_NAME_SIZE && strspn(name, TG_CONFIG_NAME_CHARACTERS) == n;
}

/* Reads the name of a cluster or node (@whose) to @out, TG_CONFIG_NAME_SIZE bytes. */
static int read_identifier(struct tg_reader *reader, const struct tg_yaml *value, const char *whose,
			   char *out)
{
	char quoted[TG_QUOTE_SIZE];
	const char *name;
	int r = tg_read_text(reader, value, &name);

	if (r)
		return r;
	if (!is_name(name))
		return tg_reader_error(reader, value,
				       "%s cannot be the name of a %s; use 1 to 63 of the "
				       "characters A-Z a-z 0-9 _ . -",
				       tg_text_quote(name, quoted, sizeof(quoted)), whose);
	strcpy(out, name);
	return 0;
}

static int read_cluster_name(struct tg_reader *reader, const struct tg_yaml *value, void *out)
{
	return read_identifier(reader, value, "cluster", ((struct tg_config_cluster *)out)->name);
}

static int read_node(struct tg_reader *reader, const struct tg_yaml *value, void *out)
{
	return read_identifier(reader, value, "node", ((struct tg_config_cluster *)out)->node);
}

static int read_store(struct tg_reader *reader, const struct tg_yaml *value, void *out)
{
	struct tg_config_cluster *cluster = out;
	const char *url;
	char why[256];
	int r = tg_read_text(reader, value, &url);

	if (r)
		return r;
	if (cluster->stores_n == TG_CONFIG_STORES_MAX)
		return tg_reader_error(reader, value, "there are more than %d servers",
				       TG_CONFIG_STORES_MAX);
	r = tg_config_parse_store(url, &cluster->stores[cluster->stores_n], why, sizeof(why));
	if (r == -EINVAL)
		return tg_reader_error(reader, value, "%s", why);
	cluster->stores_n += r == 0;
	return r;
}

static int read_redis(struct tg_reader *reader, const struct tg_yaml *value, void *out)
{
	return tg_read_one_or_more(reader, value, read_store, out);
}

static int read_user(struct tg_reader *reader, const struct tg_yaml *value, void *out)
{
	struct tg_config_cluster *cluster = out;
	const char *user;
	int r = tg_read_text(reader, value, &user);

	if (r)
		return r;
	if (strlen(user) >= sizeof(cluster->user) || strpbrk(user, " \t\r\n"))
		return tg_reader_error(reader, value,
				       "the name of a user of Redis has at most 63 bytes and no "
				       "blanks");
	strcpy(cluster->user, user);
	return 0;
}

/*
 * Refuses a file that others could change, and warns of one that the daemon could not use later.
 * Only warns, because the configuration may be checked by a user who cannot see the file, or on
 * another machine.
 */
static int look_at_file(struct tg_reader *reader, const struct tg_yaml *value, const char *path,
			bool secret)
{
	char quoted[TG_QUOTE_SIZE], why[TG_ERRMSG_SIZE];
	tg_autoclose int fd = tg_ownership_open(path, why);
	struct stat status;

	if (fd == -EPERM)
		return tg_reader_refuse(reader, value, why);
	tg_text_quote(path, quoted, sizeof(quoted));
	if (fd >= 0 ? fstat(fd, &status) : stat(path, &status)) {
		if (errno == ENOENT || errno == ENOTDIR)
			tg_reader_warn(reader, value,
				       "there is no file %s; it must be there when "
				       "tidegated starts",
				       quoted);
		return 0;
	}
	if (S_ISDIR(status.st_mode))
		tg_reader_warn(reader, value, "%s is a directory; name the file in it", quoted);
	else if (secret && (status.st_mode & (status.st_gid ? 0066 : 0026)))
		tg_reader_warn(reader, value,
			       "%s is not its owner's alone, and has a secret; run chmod 600 on it",
			       quoted);
	return 0;
}

static int read_path(struct tg_reader *reader, const struct tg_yaml *value, bool secret, char *out)
{
	tg_autofree char *path = NULL;
	const char *name;
	int r = tg_read_text(reader, value, &name);

	if (r)
		return r;
	path = tg_reader_path(reader, name);
	if (!path)
		return -ENOMEM;
	if (strlen(path) >= TG_CONFIG_PATH_SIZE)
		return tg_reader_error(reader, value, "the path is longer than %d bytes",
				       TG_CONFIG_PATH_SIZE - 1);
	strcpy(out, path);
	return look_at_file(reader, value, path, secret);
}

static int read_password_file(struct tg_reader *reader, const struct tg_yaml *value, void *out)
{
	return read_path(reader, value, true, ((struct tg_config_cluster *)out)->password_file);
}

static int read_ca_file(struct tg_reader *reader, const struct tg_yaml *value, void *out)
{
	return read_path(reader, value, false, ((struct tg_config_cluster *)out)->ca_file);
}

static int read_frame_key_file(struct tg_reader *reader, const struct tg_yaml *value, void *out)
{
	return read_path(reader, value, true, ((struct tg_config_cluster *)out)->frame_key_file);
}

/* Reads a duration from @first to @last ns. @range says this in words, for the error. */
static int read_duration(struct tg_reader *reader, const struct tg_yaml *value, uint64_t first,
			 uint64_t last, const char *range, uint64_t *ns)
{
	char quoted[TG_QUOTE_SIZE];
	uint64_t parsed = 0;
	const char *text;
	int r = tg_read_text(reader, value, &text);

	if (r)
		return r;
	tg_text_quote(text, quoted, sizeof(quoted));
	r = tg_parse_duration(text, &parsed);
	if (r == -EINVAL)
		return tg_reader_error(reader, value,
				       "%s is not a duration; write it as 1s, 250ms or 2m%s",
				       quoted, tg_number_hint(text));
	if (r || parsed < first || parsed > last)
		return tg_reader_error(reader, value, "%s is out of range; write %s", quoted,
				       range);
	*ns = parsed;
	return 0;
}

static int read_interval(struct tg_reader *reader, const struct tg_yaml *value, void *out)
{
	struct tg_config_cluster *cluster = out;
	int r = read_duration(reader, value, TG_CONFIG_TICK_MIN, TG_CONFIG_TICK_MAX, "10ms to 5s",
			      &cluster->interval);

	/* stale_after is read later and cannot be checked without an interval. */
	if (r)
		cluster->interval = 0;
	return r;
}

static int read_stale_after(struct tg_reader *reader, const struct tg_yaml *value, void *out)
{
	struct tg_config_cluster *cluster = out;
	uint64_t least = STALE_INTERVALS_MIN * cluster->interval;
	char range[128], text[64];

	if (!least)
		return -EINVAL;
	snprintf(range, sizeof(range), "%s (three intervals) to 1m",
		 tg_format_duration(least, text, sizeof(text)));
	return read_duration(reader, value, least, TG_SHARED_GONE_NS, range, &cluster->stale_after);
}

static int read_nodes_expected(struct tg_reader *reader, const struct tg_yaml *value, void *out)
{
	uint64_t nodes;
	int r = tg_read_number(reader, value, 0, TG_SHARED_NODES_MAX, &nodes);

	if (r == 0)
		((struct tg_config_cluster *)out)->nodes_expected = (uint32_t)nodes;
	return r;
}

static int read_max_sources(struct tg_reader *reader, const struct tg_yaml *value, void *out)
{
	uint64_t sources;
	int r = tg_read_number(reader, value, 1, TG_SHARED_SOURCES_MAX, &sources);

	if (r == 0)
		((struct tg_config_cluster *)out)->max_sources = (uint32_t)sources;
	return r;
}

static const struct tg_key cluster_keys[] = {
	{"name", read_cluster_name, "the name that all its nodes give it, such as name: edge"},
	{"node", read_node, NULL},
	{"redis", read_redis,
	 "where the nodes meet, such as redis: \"unix:/run/redis/redis.sock\""},
	{"user", read_user, NULL},
	{"password_file", read_password_file, NULL},
	{"ca_file", read_ca_file, NULL},
	{"frame_key_file", read_frame_key_file, NULL},
	{"interval", read_interval, NULL},
	{"stale_after", read_stale_after, NULL},
	{"nodes_expected", read_nodes_expected, NULL},
	{"max_sources", read_max_sources, NULL},
	{NULL, NULL, NULL},
};

/*
 * Names the node after the host. The name must be unique, because two nodes of one name would each
 * take the other's counts for its own.
 */
static int default_node(struct tg_reader *reader, const struct tg_yaml *map,
			struct tg_config_cluster *cluster)
{
	char name[256] = "", quoted[TG_QUOTE_SIZE];

	if (gethostname(name, sizeof(name) - 1) == 0 && is_name(name)) {
		strcpy(cluster->node, name);
		return 0;
	}
	return tg_reader_error(reader, map,
			       "\"node\" is missing, and this host's name, %s, cannot be one; "
			       "write a name that no other node has, such as node: edge-1",
			       tg_text_quote(name, quoted, sizeof(quoted)));
}

static int check_cluster_keys(struct tg_reader *reader, const struct tg_yaml *map,
			      const struct tg_config_cluster *cluster)
{
	const struct tg_yaml *user = tg_yaml_get(map, "user"), *ca = tg_yaml_get(map, "ca_file");
	bool encrypted = false;
	size_t i;
	int r = 0;

	for (i = 0; i < cluster->stores_n; i++)
		encrypted |= cluster->stores[i].scheme == TG_CONFIG_REDISS;
	if (user && !tg_yaml_get(map, "password_file"))
		r = tg_reader_key_error(reader, user,
					"user has no meaning without password_file; write the "
					"password into a file, and its path beside user");
	if (ca && cluster->stores_n && !encrypted)
		r = tg_reader_key_error(reader, ca,
					"ca_file has no meaning without a server at rediss://; "
					"leave it out");
	return r;
}

int tg_read_cluster(struct tg_reader *reader, const struct tg_yaml *value, void *out)
{
	struct tg_config_cluster *cluster = &((struct tg_config *)out)->cluster;
	int r;

	reader->has_cluster = true;
	cluster->place = value->place;
	cluster->interval = INTERVAL_DEFAULT;
	cluster->max_sources = SOURCES_DEFAULT;
	r = tg_read_map(reader, value, cluster_keys, cluster);
	if (r == -ENOMEM || value->kind != TG_YAML_MAP)
		return r;
	if (!tg_yaml_get(value, "node"))
		r = tg_graver(r, default_node(reader, value, cluster));
	if (!cluster->stale_after)
		cluster->stale_after = STALE_INTERVALS * cluster->interval > NS_PER_S
					       ? STALE_INTERVALS * cluster->interval
					       : NS_PER_S;
	return tg_graver(r, check_cluster_keys(reader, value, cluster));
}

int tg_read_shared(struct tg_reader *reader, const struct tg_yaml *value, void *out)
{
	struct tg_config_limit *limit = out;
	int r = tg_read_bool(reader, value, &limit->shared);

	if (r == 0 && limit->shared && !reader->has_cluster)
		return tg_reader_error(reader, value,
				       "shared with whom? write the nodes' store once, beside "
				       "limits, such as cluster: {name: edge, redis: "
				       "\"unix:/run/redis/redis.sock\"}");
	return r;
}

int tg_read_on_store_loss(struct tg_reader *reader, const struct tg_yaml *value, void *out)
{
	const struct tg_yaml *shared = tg_yaml_get(value->parent, "shared");
	struct tg_config_limit *limit = out;
	int choice, r = tg_read_choice(reader, value, tg_store_loss_names, &choice);

	if (r)
		return r;
	limit->on_store_loss = choice;
	/* Say nothing if `shared` is present but not valid: that is reported there. */
	if (!shared || (!limit->shared && shared->kind == TG_YAML_SCALAR && !shared->empty &&
			strcmp(shared->text, "false") == 0))
		return tg_reader_key_error(
			reader, value,
			"on_store_loss has no meaning without shared: true, since a limit of this "
			"machine alone asks no store; leave it out");
	return 0;
}

void tg_check_sharing(struct tg_reader *reader, const struct tg_yaml *root)
{
	const struct tg_config *config = reader->config;
	size_t i;

	for (i = 0; i < config->limits_n; i++)
		if (config->limits[i].shared)
			return;
	if (reader->has_cluster)
		tg_reader_warn(reader, tg_yaml_get(root, "cluster"),
			       "no limit is shared, so that the nodes have nothing to tell each "
			       "other; write shared: true in a limit");
}
