/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How the parts of config*.c read the tree. A reading function returns 0, -EINVAL when
 * it has reported an error (its caller goes on, so that all errors are found), or
 * -ENOMEM (its caller stops).
 */
#ifndef TG_CONFIG_READER_H
#define TG_CONFIG_READER_H

#include <errno.h>

#include "config/config.h"
#include "config/yaml.h"

struct tg_reader {
	const char *path;
	struct tg_diagnostics *diagnostics;
	size_t errors_before;	  /* in @diagnostics, of other files */
	struct tg_config *config; /* being made */
	struct tg_set *sets;	  /* sorted by name */
	size_t sets_n;
	size_t prefixes;   /* read so far */
	size_t file_bytes; /* of list files, read so far */
	size_t collected;  /* prefixes, with sets resolved, in all limits */
	bool has_cluster;  /* it is in the file, right or wrong */
};

typedef int tg_read_function(struct tg_reader *reader, const struct tg_yaml *value, void *out);

/* Report an error at the value, or at its key; both return -EINVAL. Nothing for a broken node. */
int tg_reader_error(struct tg_reader *reader, const struct tg_yaml *value, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
int tg_reader_key_error(struct tg_reader *reader, const struct tg_yaml *value, const char *format,
			...) __attribute__((format(printf, 3, 4)));
void tg_reader_warn(struct tg_reader *reader, const struct tg_yaml *value, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* The graver of two results of reading. */
static inline int tg_graver(int a, int b)
{
	return a == -ENOMEM || !b ? a : b;
}

struct tg_key {
	const char *name;
	tg_read_function *read;
	const char *wanted; /* not NULL: the key is required; how to write it */
};

/* Keys are read in the order of @keys (ends with a NULL name), whatever that of the file. */
int tg_read_map(struct tg_reader *reader, const struct tg_yaml *map, const struct tg_key *keys,
		void *out);

/* Each item of a list that must not be empty unless @may_be_empty. */
int tg_read_list(struct tg_reader *reader, const struct tg_yaml *list, bool may_be_empty,
		 tg_read_function *read, void *out);

/* A scalar, or a list of them. */
int tg_read_one_or_more(struct tg_reader *reader, const struct tg_yaml *value,
			tg_read_function *read, void *out);

/* Text that is not empty. */
int tg_read_text(struct tg_reader *reader, const struct tg_yaml *value, const char **text);

/* A whole number of first..last. */
int tg_read_number(struct tg_reader *reader, const struct tg_yaml *value, uint64_t first,
		   uint64_t last, uint64_t *number);

/* One of @words (ends with NULL); *@choice is its index. */
int tg_read_choice(struct tg_reader *reader, const struct tg_yaml *value, const char *const *words,
		   int *choice);

/* true or false. */
int tg_read_bool(struct tg_reader *reader, const struct tg_yaml *value, bool *out);

/* A file's path, which is looked up beside the configuration if it is relative. The caller's to
 * free; NULL when out of memory. */
char *tg_reader_path(const struct tg_reader *reader, const char *name);

/* The name nearest to @word of those that @next yields, or NULL when none resembles it. */
const char *tg_nearest(const char *word, const char *(*next)(const void *from, size_t i),
		       const void *from);

/*
 * The parts of a configuration; @out is the configuration. Sets are read before the lists, the
 * cluster before the limits.
 */
tg_read_function tg_read_interfaces, tg_read_sets, tg_read_allow, tg_read_deny, tg_read_cluster,
	tg_read_limits;

/* One item (a prefix, a set or {file: PATH}) of a condition on addresses, added to @list. */
int tg_read_prefixes(struct tg_reader *reader, const struct tg_yaml *value,
		     struct tg_prefix_list *list);

/* A limit's match; @out is the limit. */
tg_read_function tg_read_match;

/* What is wrong with the match as a whole; @value is where it was written. */
int tg_check_match(struct tg_reader *reader, const struct tg_yaml *value,
		   const struct tg_match *match);

/* The keys about excess; @out is the limit. */
tg_read_function tg_read_action;

/* What per: key rules out; @map is the limit. */
int tg_check_key(struct tg_reader *reader, const struct tg_yaml *map,
		 struct tg_config_limit *limit);

/* new_sources. */
int tg_read_new_sources(struct tg_reader *reader, const struct tg_yaml *value,
			struct tg_config_limit *limit);

/* shared and on_store_loss; @out is the limit. */
tg_read_function tg_read_shared, tg_read_on_store_loss;

/* Warns of a cluster without anything to share. */
void tg_check_sharing(struct tg_reader *reader, const struct tg_yaml *root);

/* The URL of a Redis server. 0; -EINVAL with a sentence in @why, in which the URL is not; -ENOMEM.
 */
int tg_config_parse_store(const char *url, struct tg_config_store *store, char *why, size_t size);

/* What those keys say together; @map is the limit. */
int tg_check_action(struct tg_reader *reader, const struct tg_yaml *map,
		    struct tg_config_limit *limit);

/* @out is the interface. */
tg_read_function tg_read_manage_qdisc;

/* One hook, added to the mask @out. */
tg_read_function tg_read_hook;

void tg_reader_free_sets(struct tg_reader *reader);

#endif
