// SPDX-License-Identifier: GPL-2.0-or-later
/* Opens captures by libpcap, and gives every frame an Ethernet header. */
#include "replay/capture.h"

#include <errno.h>
#include <net/ethernet.h>
#include <pcap/pcap.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "replay/live.h"

#define READ_BUFFER (1 << 20)
#define WAIT_MS	    100

#define SLL_HEADER	16 /* bytes of LINKTYPE_LINUX_SLL; the EtherType is at its end */
#define SLL_PROTOCOL	14
#define SLL2_HEADER	20 /* bytes of LINKTYPE_LINUX_SLL2; the EtherType comes first */
#define SLL2_PROTOCOL	0
#define ETHERNET_HEADER ((int)sizeof(struct ether_header))

/* Where a link type has the IP packet and its EtherType. */
struct link {
	int type, header; /* bytes before the IP packet */
	int protocol;	  /* offset of the EtherType in the header; -1: by the IP version */
};

static const struct link links[] = {
	{DLT_EN10MB, ETHERNET_HEADER, ETHERNET_HEADER - 2},
	{DLT_RAW, 0, -1},
	{DLT_IPV4, 0, -1},
	{DLT_IPV6, 0, -1},
	{DLT_LINUX_SLL, SLL_HEADER, SLL_PROTOCOL},
	{DLT_LINUX_SLL2, SLL2_HEADER, SLL2_PROTOCOL},
};

struct tg_capture {
	struct tg_live *live; /* NULL: a file */
	pcap_t *pcap;	      /* of a file */
	const struct link *link;
	char *name;
	FILE *file;
	off_t size;	  /* bytes; 0: not known */
	uint64_t span;	  /* ns of a live capture */
	uint64_t started; /* ns on CLOCK_MONOTONIC: the first that was asked for; 0 not yet */
	uint8_t bytes[TG_FRAME_MOST]; /* a frame that was given an Ethernet header */
};

static volatile sig_atomic_t interrupted;

static void interrupt(int number)
{
	interrupted = 1;
}

static int find_link(struct tg_capture *made, char *errmsg)
{
	int type = pcap_datalink(made->pcap);
	const char *name = pcap_datalink_val_to_name(type);
	size_t i;

	for (i = 0; i < sizeof(links) / sizeof(links[0]) && !made->link; i++)
		if (links[i].type == type)
			made->link = &links[i];
	if (made->link)
		return 0;
	return tg_error_set(errmsg, EOPNOTSUPP,
			    "%s: its link type is %s (%d); there must be Ethernet, raw IP or Linux "
			    "cooked packets in it",
			    made->name, name ? name : "unknown", type);
}

static int set_filter(pcap_t *pcap, const char *filter, char *errmsg)
{
	struct bpf_program compiled;
	int error;

	if (!filter)
		return 0;
	if (pcap_compile(pcap, &compiled, filter, 1, PCAP_NETMASK_UNKNOWN))
		return tg_error_set(errmsg, EINVAL,
				    "the filter \"%s\" is none that libpcap takes: %s; "
				    "see pcap-filter(7)",
				    filter, pcap_geterr(pcap));
	error = pcap_setfilter(pcap, &compiled);
	pcap_freecode(&compiled);
	return error ? tg_error_set(errmsg, EINVAL, "filter: %s", pcap_geterr(pcap)) : 0;
}

/* Without SA_RESTART, so that a signal ends a wait. */
static void catch_signals(void)
{
	struct sigaction action = {.sa_handler = interrupt};

	interrupted = 0;
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
}

static int make(const char *name, struct tg_capture **made, char *errmsg)
{
	*made = calloc(1, sizeof(**made));
	if (*made)
		(*made)->name = strdup(name);
	if (!*made || !(*made)->name)
		return tg_error_set(errmsg, ENOMEM, "out of memory");
	return 0;
}

static int complete(struct tg_capture *made, const char *filter, char *errmsg)
{
	int error = find_link(made, errmsg);

	if (!error)
		error = set_filter(made->pcap, filter, errmsg);
	if (!error)
		catch_signals();
	return error;
}

/* Opens the file itself: libpcap reports a directory badly, and does not tell its position. */
static int open_file(struct tg_capture *made, char *errmsg)
{
	struct stat status;

	made->file = strcmp(made->name, "-") == 0 ? fdopen(dup(STDIN_FILENO), "r")
						  : fopen(made->name, "re");
	if (!made->file)
		return tg_error_set(errmsg, errno, "cannot open %s: %m", made->name);
	setvbuf(made->file, NULL, _IOFBF, READ_BUFFER);
	if (fstat(fileno(made->file), &status) < 0)
		return tg_error_set(errmsg, errno, "cannot look at %s: %m", made->name);
	if (S_ISREG(status.st_mode))
		made->size = status.st_size;
	else if (S_ISDIR(status.st_mode))
		return tg_error_set(errmsg, EISDIR, "%s is a directory, not a capture", made->name);
	return 0;
}

int tg_capture_open(const char *path, const char *filter, struct tg_capture **capture, char *errmsg)
{
	tg_cleanup(tg_capture_close) struct tg_capture *made = NULL;
	char why[PCAP_ERRBUF_SIZE];
	int error = make(path, &made, errmsg);

	if (!error)
		error = open_file(made, errmsg);
	if (error)
		return error;
	made->pcap = pcap_fopen_offline_with_tstamp_precision(made->file,
							      PCAP_TSTAMP_PRECISION_NANO, why);
	if (!made->pcap)
		return tg_error_set(errmsg, EBADMSG, "%s is no capture that can be read: %s", path,
				    why);
	error = complete(made, filter, errmsg);
	if (error)
		return error;
	*capture = TAKE_PTR(made);
	return 0;
}

/* Takes the first that libpcap lists, which puts interfaces that are up and no loopback first. */
static int first_interface(char *name, size_t size, char *errmsg)
{
	char why[PCAP_ERRBUF_SIZE];
	pcap_if_t *interfaces = NULL;

	if (pcap_findalldevs(&interfaces, why))
		return tg_error_set(errmsg, ENODEV, "cannot list the interfaces: %s", why);
	if (interfaces)
		snprintf(name, size, "%s", interfaces->name);
	pcap_freealldevs(interfaces);
	return interfaces
		       ? 0
		       : tg_error_set(errmsg, EPERM,
				      "there is no interface to capture from; run as root or with "
				      "CAP_NET_RAW");
}

int tg_capture_open_live(const char *interface, const char *filter, uint64_t ns,
			 struct tg_capture **capture, char *errmsg)
{
	tg_cleanup(tg_capture_close) struct tg_capture *made = NULL;
	char first[64];
	int error = 0;

	if (!interface) {
		error = first_interface(first, sizeof(first), errmsg);
		interface = first;
	}
	if (!error)
		error = make(interface, &made, errmsg);
	if (!error)
		error = tg_live_open(interface, filter, &made->live, errmsg);
	if (error)
		return error;
	catch_signals();
	made->span = ns;
	*capture = TAKE_PTR(made);
	return 0;
}

const char *tg_capture_name(const struct tg_capture *capture)
{
	return capture->name;
}

bool tg_capture_interrupted(void)
{
	return interrupted;
}

/* Replaces the header before the IP packet by one of Ethernet. */
static void make_ethernet(struct tg_capture *capture, struct tg_frame *frame)
{
	const struct link *link = capture->link;
	struct ether_header header = {.ether_dhost = {2}, .ether_shost = {2, 0, 0, 0, 0, 1}};
	uint32_t rest;

	if (link->type == DLT_EN10MB)
		return;
	if (frame->captured < (uint32_t)link->header || frame->captured == 0) {
		frame->captured = frame->length = 0; /* cut off within the header */
		return;
	}
	if (link->protocol >= 0)
		memcpy(&header.ether_type, frame->bytes + link->protocol, 2);
	else
		header.ether_type =
			htons(frame->bytes[0] >> 4 == 6 ? ETHERTYPE_IPV6 : ETHERTYPE_IP);
	rest = frame->captured - link->header;
	if (rest > TG_FRAME_MOST - sizeof(header))
		rest = TG_FRAME_MOST - sizeof(header);
	memcpy(capture->bytes, &header, sizeof(header));
	memcpy(capture->bytes + sizeof(header), frame->bytes + link->header, rest);
	frame->bytes = capture->bytes;
	frame->captured = rest + sizeof(header);
	frame->length = frame->length - link->header + sizeof(header);
}

/*
 * Returns the time in ns since 1970. tv_usec holds nanoseconds, as was asked for at the open. The
 * seconds of a pcap file are 32 bits without a sign, up to 2106; libpcap reads them with one.
 */
static uint64_t time_of(const struct timeval *stamp)
{
	int64_t seconds = stamp->tv_sec;

	if (seconds < 0)
		seconds += 1LL << 32;
	return seconds * 1000000000ULL + stamp->tv_usec;
}

static bool is_over(const struct tg_capture *capture)
{
	return interrupted || (capture->live && tg_now_ns() - capture->started >= capture->span);
}

static int next_live(struct tg_capture *capture, struct tg_frame *frame, char *errmsg)
{
	int status;

	if (!capture->started)
		capture->started = tg_now_ns();
	do {
		if (is_over(capture))
			return 0;
		status = tg_live_next(capture->live, WAIT_MS, frame, errmsg);
	} while (status == 0);
	return status;
}

int tg_capture_next(struct tg_capture *capture, struct tg_frame *frame, char *errmsg)
{
	struct pcap_pkthdr *header;
	const u_char *bytes;
	int status;

	if (capture->live)
		return next_live(capture, frame, errmsg);
	if (is_over(capture))
		return 0;
	status = pcap_next_ex(capture->pcap, &header, &bytes);
	if (status == 0 || status == PCAP_ERROR_BREAK || (status < 0 && interrupted))
		return 0;
	if (status < 0)
		return tg_error_set(errmsg, EIO, "%s: %s", capture->name,
				    pcap_geterr(capture->pcap));
	*frame = (struct tg_frame){
		.time = time_of(&header->ts),
		.bytes = bytes,
		.captured = header->caplen,
		.length = header->len > header->caplen ? header->len : header->caplen,
	};
	make_ethernet(capture, frame);
	return 1;
}

double tg_capture_share(const struct tg_capture *capture)
{
	long at;

	if (capture->live)
		return capture->started ? (double)(tg_now_ns() - capture->started) / capture->span
					: 0;
	at = ftell(capture->file);
	return capture->size && at >= 0 ? (double)at / capture->size : -1;
}

uint64_t tg_capture_lost(const struct tg_capture *capture)
{
	return capture->live ? tg_live_lost(capture->live) : 0;
}

void tg_capture_close(struct tg_capture **capture)
{
	struct tg_capture *old = *capture;

	if (!old)
		return;
	if (old->pcap)
		pcap_close(old->pcap); /* closes the file as well */
	else if (old->file)
		fclose(old->file);
	tg_live_close(&old->live);
	free(old->name);
	free(old);
	*capture = NULL;
}
