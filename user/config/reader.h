/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How the files of config/ read the YAML tree. A reading function (tg_read_*, tg_check_*) returns
 * 0, -EINVAL after it has reported an error, or -ENOMEM. On -EINVAL its caller goes on, so that all
 * errors of a file are found; on -ENOMEM it stops.
 */
#ifndef TG_CONFIG_READER_H
#define TG_CONFIG_READER_H

#include <errno.h>

#include "config/config.h"
#include "config/yaml.h"

/* The state of reading one file. */
struct tg_reader {
	const char *path; /* for messages; list files are relative to its directory */
	struct tg_diagnostics *diagnostics;
	size_t errors_before;	  /* in @diagnostics when this file began */
	struct tg_config *config; /* that is being filled */
	struct tg_set *sets;	  /* sorted by name; tg_reader_free_sets() frees them */
	size_t sets_n;
	size_t prefixes;   /* read so far, in lists and sets */
	size_t file_bytes; /* read so far from list files */
	size_t collected;  /* prefixes in the matches of all limits, with sets resolved */
	bool has_cluster;  /* the file has `cluster`, valid or not */
	bool refused;	   /* it names a file that others could change */
};

/* Reads @value into @out; each use says what @out is. */
typedef int tg_read_function(struct tg_reader *reader, const struct tg_yaml *value, void *out);

/*
 * Report an error at the place of the value, or of its key. The text follows the path of the value,
 * such as "limits[0].rate: ". Return -EINVAL. Report nothing at a broken node, which has been
 * reported already.
 */
int tg_reader_error(struct tg_reader *reader, const struct tg_yaml *value, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
int tg_reader_key_error(struct tg_reader *reader, const struct tg_yaml *value, const char *format,
			...) __attribute__((format(printf, 3, 4)));

/*
 * Reports as an error that a file is refused, with the sentence of tg_ownership_open(). Returns
 * -EINVAL as all errors do; the whole configuration is then refused.
 */
int tg_reader_refuse(struct tg_reader *reader, const struct tg_yaml *value, const char *why);

/* Reports a warning at the place of the value. */
void tg_reader_warn(struct tg_reader *reader, const struct tg_yaml *value, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Returns the worse of two results: -ENOMEM before -EINVAL before 0. */
static inline int tg_graver(int a, int b)
{
	return a == -ENOMEM || !b ? a : b;
}

/* A key of a map, and how to read its value. */
struct tg_key {
	const char *name;
	tg_read_function *read;
	const char *wanted; /* for a required key: how to write it; NULL: optional */
};

/*
 * Reads a map: calls the function of each key that is present, in the order of @keys and not of the
 * file. @keys ends with a NULL name. Reports unknown and missing keys.
 */
int tg_read_map(struct tg_reader *reader, const struct tg_yaml *map, const struct tg_key *keys,
		void *out);

/* Reads a list: calls @read for each item. An empty list is an error unless @may_be_empty. */
int tg_read_list(struct tg_reader *reader, const struct tg_yaml *list, bool may_be_empty,
		 tg_read_function *read, void *out);

/* Calls @read for @value, or for each item if it is a list, which must not be empty. */
int tg_read_one_or_more(struct tg_reader *reader, const struct tg_yaml *value,
			tg_read_function *read, void *out);

/* Reads text that is not empty. *@text belongs to the tree. */
int tg_read_text(struct tg_reader *reader, const struct tg_yaml *value, const char **text);

/* Reads a whole number from @first to @last. */
int tg_read_number(struct tg_reader *reader, const struct tg_yaml *value, uint64_t first,
		   uint64_t last, uint64_t *number);

/* Reads one of @words, which ends with NULL. *@choice is its index. */
int tg_read_choice(struct tg_reader *reader, const struct tg_yaml *value, const char *const *words,
		   int *choice);

/* Reads true or false. */
int tg_read_bool(struct tg_reader *reader, const struct tg_yaml *value, bool *out);

/*
 * Returns the path of the file @name, relative to the directory of the configuration. The caller
 * frees it. Returns NULL if out of memory.
 */
char *tg_reader_path(const struct tg_reader *reader, const char *name);

/*
 * Returns the name most like @word, to suggest it after a typing error, or NULL if none is like it.
 * Calls next(@from, 0), next(@from, 1) and so on for the names, until it returns NULL.
 */
const char *tg_nearest(const char *word, const char *(*next)(const void *from, size_t i),
		       const void *from);

/*
 * Read a top-level key; @out is the struct tg_config. Sets must be read before lists and limits,
 * the cluster before limits.
 */
tg_read_function tg_read_interfaces, tg_read_sets, tg_read_allow, tg_read_deny, tg_read_cluster,
	tg_read_limits;

/*
 * Reads one item of a condition on addresses: a prefix, the name of a set, or {file: PATH}. Adds
 * its prefixes to @list, unless the file has had errors before.
 */
int tg_read_prefixes(struct tg_reader *reader, const struct tg_yaml *value,
		     struct tg_prefix_list *list);

/* Reads `match`; @out is the struct tg_config_limit. */
tg_read_function tg_read_match;

/* Checks that packets can meet the whole match; warns of parts without effect. @value: its node. */
int tg_check_match(struct tg_reader *reader, const struct tg_yaml *value,
		   const struct tg_match *match);

/* Reads one key about excess, by its name; @out is the struct tg_config_limit. */
tg_read_function tg_read_action;

/*
 * Checks that a limit with per: key has no key about packets, and clears its hooks. @map: its node.
 */
int tg_check_key(struct tg_reader *reader, const struct tg_yaml *map,
		 struct tg_config_limit *limit);

/* Reads `new_sources` of a limit. */
int tg_read_new_sources(struct tg_reader *reader, const struct tg_yaml *value,
			struct tg_config_limit *limit);

/* Reads `table`; @out is the struct tg_config. */
tg_read_function tg_read_table;

/* Reads `table_share`; @out is the struct tg_config_limit. */
tg_read_function tg_read_table_share;

/* Checks that table.reserve holds the table_shares of all limits. @root: the root of the tree. */
void tg_check_table(struct tg_reader *reader, const struct tg_yaml *root);

/* Read `shared` and `on_store_loss`; @out is the struct tg_config_limit. */
tg_read_function tg_read_shared, tg_read_on_store_loss;

/* Warns of a cluster if no limit is shared. @root: the root of the tree. */
void tg_check_sharing(struct tg_reader *reader, const struct tg_yaml *root);

/*
 * Parses the URL of a Redis server. Returns 0, -ENOMEM, or -EINVAL with a sentence in @why, which
 * does not quote the URL because it may contain a password.
 */
int tg_config_parse_store(const char *url, struct tg_config_store *store, char *why, size_t size);

/*
 * Checks the keys about excess together, and sets the default of max_delay. @map: the limit's node.
 */
int tg_check_action(struct tg_reader *reader, const struct tg_yaml *map,
		    struct tg_config_limit *limit);

/* Reads `manage_qdisc`; @out is the struct tg_config_interface. */
tg_read_function tg_read_manage_qdisc;

/* Reads the name of a hook and adds it to the mask @out, an unsigned int. Twice is an error. */
tg_read_function tg_read_hook;

/* Frees the sets. */
void tg_reader_free_sets(struct tg_reader *reader);

#endif
