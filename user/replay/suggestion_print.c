// SPDX-License-Identifier: GPL-2.0-or-later
/* Prints suggested limits as YAML, with the numbers behind them as comments. */
#include "replay/suggestion_print.h"

#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "config/names.h"
#include "base/text.h"
#include "base/units.h"
#include "base/clock.h"

#define SHORT_S	      600 /* s; a shorter capture is noted */
#define SHOWN_PARTS   10  /* in a packet a second, so one decimal */
#define PLACEHOLDER   "eth0"
#define PLAIN_LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-"

static const char *protocol_name(uint8_t protocol, char *text, size_t size)
{
	static const struct {
		uint8_t number;
		const char *name;
	} names[] = {{1, "icmp"}, {6, "tcp"}, {17, "udp"}, {58, "icmpv6"}, {132, "sctp"}};
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (names[i].number == protocol)
			return names[i].name;
	snprintf(text, size, "%u", protocol);
	return text;
}

static void note_merged(const struct tg_merged *merged, FILE *out)
{
	if (!merged->frames)
		return;
	fprintf(out,
		"# Note: %" PRIu64 " captured packets are several each, which GSO or GRO had "
		"merged: they count as\n# %" PRIu64,
		merged->frames, merged->segments);
	if (merged->estimated)
		fprintf(out,
			", an estimate from their length, with IP packets of %" PRIu32 " bytes. "
			"There were more\n# if they were shorter. `--mtu` gives another length, "
			"and `--live` is told the number.\n",
			tg_merged_length(merged));
	else
		fputs(", as the kernel says.\n", out);
}

static void print_basis(const struct tg_suggestion_basis *basis, const struct tg_profile *profile,
			FILE *out)
{
	uint64_t ms = (basis->last - basis->first) / 1000000;
	time_t first = basis->first / NS_PER_S;
	char quoted[TG_QUOTE_SIZE], when[32];
	struct tm broken;

	strftime(when, sizeof(when), "%F %T", gmtime_r(&first, &broken));
	fprintf(out,
		"# Proposed by `tidegate suggest` from %s: %" PRIu64 " packets, %" PRIu64
		" of them IP,\n# in %" PRIu64 ".%03" PRIu64 " s from %s UTC%s.\n",
		tg_text_quote(basis->capture, quoted, sizeof(quoted)), basis->packets,
		profile->packets, ms / 1000, ms % 1000, when,
		basis->complete ? "" : " (it was not read to its end)");
	fprintf(out,
		"# Each limit lets %g %% of those that sent such traffic send as they did. What is "
		"attack traffic\n# in the capture counts as well: leave it out with --filter.\n",
		100 * basis->quantile);
	if (profile->per != TG_CONFIG_PER_EVERYONE)
		fputs("# A flood from many sources passes them; `--per everyone` proposes limits "
		      "that bound it.\n",
		      out);
	if (ms < SHORT_S * 1000)
		fputs("# Note: that is a short time. What is usual shows in hours of the busiest "
		      "days.\n",
		      out);
	note_merged(&basis->merged, out);
	if (basis->lost)
		fprintf(out, "# Note: %" PRIu64 " more packets came too fast to be captured.\n",
			basis->lost);
	if (profile->full)
		fprintf(out, "# Note: only the first %d sources are measured.\n",
			TG_PROFILE_SOURCES);
	if (profile->fragments)
		fprintf(out,
			"# Note: %" PRIu64 " later fragments, which have no port, are not in the "
			"numbers; every limit\n# of their protocol is charged for them.\n",
			profile->fragments);
}

static void print_rate(const char *before, uint64_t packets, FILE *out)
{
	uint64_t tenths = (packets * SHOWN_PARTS + TG_PROFILE_WINDOW - 1) / TG_PROFILE_WINDOW;

	fprintf(out, "%s%" PRIu64 ".%" PRIu64, before, tenths / SHOWN_PARTS, tenths % SHOWN_PARTS);
}

static void print_explanation(const struct tg_suggestion_basis *basis,
			      const struct tg_profile *profile,
			      const struct tg_suggestion *suggestion, FILE *out)
{
	const struct tg_profile_kind *kind = suggestion->kind;
	double share = 100.0 * kind->packets / profile->packets, quantile = 100 * basis->quantile;
	char name[8];

	fprintf(out, "  # %s", protocol_name(kind->protocol, name, sizeof(name)));
	if (kind->has_port)
		fprintf(out, " to port %u", kind->port);
	fprintf(out, ": %" PRIu64 " packets, %.0f %% of all, ", kind->packets, share);
	if (profile->per == TG_CONFIG_PER_EVERYONE)
		fputs("all senders together.\n", out);
	else
		fprintf(out, "%zu %s%s (IPv4 /%u, IPv6 /%u).\n", suggestion->sources,
			tg_per_names[profile->per], suggestion->sources == 1 ? "" : "s",
			basis->prefix4, basis->prefix6);
	fprintf(out, "  # Packets a second in the busiest %d s of each:", TG_PROFILE_WINDOW);
	print_rate(" median ", suggestion->median, out);
	fprintf(out, ", %g %%", quantile);
	print_rate(" up to ", suggestion->quantile, out);
	print_rate(", the most ", suggestion->most, out);
	fputs(".\n", out);
}

static void print_limit(const struct tg_suggestion_basis *basis, const struct tg_profile *profile,
			const struct tg_suggestion *suggestion, FILE *out)
{
	const struct tg_profile_kind *kind = suggestion->kind;
	const struct tg_refill *refill = &profile->refills[suggestion->rate];
	const char *protocol;
	char name[8], rate[64];

	protocol = protocol_name(kind->protocol, name, sizeof(name));
	print_explanation(basis, profile, suggestion, out);
	fprintf(out, "  - name: %s%s", name == protocol ? "protocol-" : "", protocol);
	if (kind->has_port)
		fprintf(out, "-%u", kind->port);
	fprintf(out, "\n    match: { protocol: %s", protocol);
	if (kind->has_port)
		fprintf(out, ", destination_port: %u", kind->port);
	fprintf(out, " }\n    per: %s\n", tg_per_names[profile->per]);
	if (profile->per != TG_CONFIG_PER_EVERYONE)
		fprintf(out, "    prefix: { ipv4: %u, ipv6: %u }\n", basis->prefix4,
			basis->prefix6);
	tg_format_rate(TG_RATE_COUNT, refill->amount, refill->interval, rate, sizeof(rate));
	fprintf(out,
		"    rate: %-12s # the busiest 10 s of %g %%, rounded up\n"
		"    capacity: %-8" PRIu64 " # at that rate %g %% need a burst of up to %" PRIu64
		", rounded up; %zu would be refused some\n",
		rate, 100 * basis->quantile, suggestion->capacity, 100 * basis->quantile,
		suggestion->burst, suggestion->limited);
}

void tg_suggestion_print(const struct tg_suggestion_basis *basis, const struct tg_profile *profile,
			 const struct tg_suggestion *suggestions, size_t n, FILE *out)
{
	const char *interface = basis->interface;
	bool known = interface && interface[strspn(interface, PLAIN_LETTERS)] == '\0';
	size_t i;

	print_basis(basis, profile, out);
	fprintf(out, "interfaces:\n  - name: %s%s\nlimits:\n", known ? interface : PLACEHOLDER,
		known ? "" : " # put in yours");
	for (i = 0; i < n; i++)
		print_limit(basis, profile, &suggestions[i], out);
}
