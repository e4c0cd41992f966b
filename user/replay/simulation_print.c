// SPDX-License-Identifier: GPL-2.0-or-later
/* Prints the report of a simulation as words and tables. */
#include <time.h>

#include "base/json.h"
#include "replay/simulation.h"
#include "datapath/stats.h"

#define TIME_SIZE 32

/* Formats @ms since 1970 as UTC; "-" if it is no integer. */
static const char *format_time(const json_t *ms, char *text)
{
	json_int_t number = json_integer_value(ms);
	time_t seconds = number / 1000;
	struct tm broken;
	size_t n;

	if (!json_is_integer(ms))
		return "-";
	gmtime_r(&seconds, &broken);
	n = strftime(text, TIME_SIZE, "%F %T", &broken);
	snprintf(text + n, TIME_SIZE - n, ".%03d", (int)(number % 1000));
	return text;
}

static void print_head(const json_t *report, FILE *out)
{
	json_int_t ms = tg_json_number(report, "last_ms") - tg_json_number(report, "first_ms");
	char first[TIME_SIZE];

	fprintf(out, "%s: %lld packets, %lld bytes", tg_json_text(report, "capture"),
		tg_json_number(report, "packets"), tg_json_number(report, "bytes"));
	if (tg_json_number(report, "packets"))
		fprintf(out, " in %lld.%03lld s from %s UTC", ms / 1000, ms % 1000,
			format_time(json_object_get(report, "first_ms"), first));
	fprintf(out, "\n%s, at %s: %lld packets passed, %lld dropped\n",
		tg_json_text(report, "config"), tg_json_text(report, "hook"),
		tg_json_number(report, "passed"), tg_json_number(report, "dropped"));
}

static void print_merged(const json_t *merged, FILE *out)
{
	if (!tg_json_number(merged, "captured"))
		return;
	fprintf(out, "note: %lld captured packets are several each, which GSO or GRO had merged: ",
		tg_json_number(merged, "captured"));
	fprintf(out, "%lld packets", tg_json_number(merged, "packets"));
	if (json_is_true(json_object_get(merged, "estimated")))
		fprintf(out,
			", an estimate from their length, with IP packets of %lld bytes; fewer "
			"than there were if they were shorter (see --mtu)",
			tg_json_number(merged, "length"));
	fputc('\n', out);
}

/* Prints what makes the numbers less exact. */
static void print_notes(const json_t *report, FILE *out)
{
	static const struct {
		const char *key, *text;
	} notes[] = {
		{"headers_cut", "had headers that were not captured whole: take the capture with a "
				"larger snapshot length"},
		{"out_of_order",
		 "had timestamps before the packet ahead of them, and were taken as "
		 "sent at the same time"},
		{"clock_set_back", "had timestamps more than 1 s before the packet ahead of them: "
				   "the clock went on from there"},
	};
	json_int_t n;
	size_t i;

	if (!json_is_true(json_object_get(report, "complete")))
		fputs("note: the capture was not read to its end\n", out);
	print_merged(json_object_get(report, "merged"), out);
	for (i = 0; i < sizeof(notes) / sizeof(notes[0]); i++) {
		n = tg_json_number(report, notes[i].key);
		if (n)
			fprintf(out, "note: %lld packets %s\n", n, notes[i].text);
	}
	if (tg_json_number(report, "sources_forgotten"))
		fputs("note: there were too many sources to keep all; their numbers are upper "
		      "bounds\n",
		      out);
}

static void print_reason_counts(const json_t *report, FILE *out)
{
	const json_t *count;
	const char *reason;

	fprintf(out, "\n%-24s %14s\n", "REASON", "PACKETS");
	json_object_foreach(json_object_get(report, "reasons"), reason, count)
		fprintf(out, "%-24s %14lld\n", reason, json_integer_value(count));
}

static void print_verdicts(const char *name, const char *unit, const json_t *verdicts, FILE *out)
{
	int verdict;

	fprintf(out, "%-24s %-8s", name, unit);
	for (verdict = 0; verdict < TG_VERDICT_COUNT; verdict++)
		fprintf(out, " %14lld", tg_json_number(verdicts, tg_verdict_name(verdict)));
	fputc('\n', out);
}

static void print_limits(const json_t *report, FILE *out)
{
	const json_t *limits = json_object_get(report, "limits"), *limit, *sources;
	char first[TIME_SIZE], last[TIME_SIZE];
	size_t i;

	fprintf(out, "\n%-24s %-8s %14s %14s %14s %14s %14s %14s\n", "LIMIT", "", "ADMITTED",
		"DROPPED", "MARKED", "DELAYED", "REJECTED", "SHADOW");
	json_array_foreach(limits, i, limit)
	{
		print_verdicts(tg_json_text(limit, "name"), "packets",
			       json_object_get(limit, "packets"), out);
		print_verdicts("", "bytes", json_object_get(limit, "bytes"), out);
	}
	fprintf(out, "\n%-24s %10s %10s  %-24s %-24s\n", "LIMIT", "SOURCES", "REFUSED",
		"FIRST REFUSAL (UTC)", "LAST");
	json_array_foreach(limits, i, limit)
	{
		sources = json_object_get(limit, "sources");
		fprintf(out, "%-24s %10lld %10lld  %-24s %-24s%s\n", tg_json_text(limit, "name"),
			tg_json_number(sources, "seen"), tg_json_number(sources, "refused"),
			format_time(json_object_get(limit, "first_refused_ms"), first),
			format_time(json_object_get(limit, "last_refused_ms"), last),
			json_is_true(json_object_get(limit, "held"))
				? ""
				: " does not hold at this hook");
	}
}

static void print_sources(const json_t *report, FILE *out)
{
	const json_t *sources = json_object_get(report, "refused_sources"), *source;
	char first[TIME_SIZE], last[TIME_SIZE];
	size_t i;

	if (!json_array_size(sources))
		return;
	fprintf(out, "\n%-40s %-24s %12s %12s  %-24s %-24s\n", "REFUSED SOURCE", "LIMIT", "REFUSED",
		"ADMITTED", "FIRST REFUSAL (UTC)", "LAST");
	json_array_foreach(sources, i, source) fprintf(
		out, "%-40s %-24s %12lld %12lld  %-24s %-24s\n", tg_json_text(source, "source"),
		tg_json_text(source, "limit"), tg_json_number(source, "refused_packets"),
		tg_json_number(source, "admitted_packets"),
		format_time(json_object_get(source, "first_refused_ms"), first),
		format_time(json_object_get(source, "last_refused_ms"), last));
}

void tg_simulation_print(const json_t *report, FILE *out)
{
	print_head(report, out);
	print_notes(report, out);
	print_reason_counts(report, out);
	if (json_array_size(json_object_get(report, "limits")))
		print_limits(report, out);
	print_sources(report, out);
}
