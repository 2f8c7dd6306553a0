/* SPDX-License-Identifier: Apache-2.0 */
#include "app/summary.h"

#include <inttypes.h>
#include <pcap/pcap.h>

enum {
	LINK_USER0 = 147,
	LINK_USER15 = 162
};

static void line(FILE *out, const char *name, uint64_t n, const char *meaning)
{
	fprintf(out, "%s: %" PRIu64, name, n);
	if (meaning)
		fprintf(out, "  (%s)", meaning);
	fputc('\n', out);
}

/* libpcap's name; it has none for the numbers that are left to users. */
static void link_name(uint16_t link, char *out, size_t size)
{
	const char *name = pcap_datalink_val_to_name(link);

	if (link >= LINK_USER0 && link <= LINK_USER15)
		snprintf(out, size, "USER%d, for private use", link - LINK_USER0);
	else
		snprintf(out, size, "%s", name ? name : "no name in libpcap");
}

static void unknown_links(const struct totals *t, FILE *out)
{
	for (unsigned i = 0; i < DECODE_UNKNOWN_LINKS && t->decode.unknown_links[i].frames; i++) {
		char name[64];

		link_name(t->decode.unknown_links[i].link, name, sizeof(name));
		fprintf(out, "    link type %u (%s): %" PRIu64 "\n", t->decode.unknown_links[i].link, name,
			t->decode.unknown_links[i].frames);
	}
}

static void reasons(const struct totals *t, bool undecodable, FILE *out)
{
	for (unsigned i = 1; i < DROP_REASONS; i++) {
		if (drop_infos[i].undecodable != undecodable || !t->decode.reasons[i])
			continue;
		fprintf(out, "  %s: %" PRIu64 "  (%s)\n", drop_infos[i].key, t->decode.reasons[i], drop_infos[i].words);
		if (i == DROP_LINK_UNKNOWN)
			unknown_links(t, out);
	}
}

static uint64_t malformed(const struct totals *t)
{
	uint64_t sum = 0;

	for (unsigned i = 1; i < DROP_REASONS; i++)
		if (!drop_infos[i].undecodable)
			sum += t->decode.reasons[i];
	return sum;
}

void summary_print(const struct totals *t, FILE *out)
{
	line(out, "received", t->received, NULL);
	line(out, "records", t->sink.lines, NULL);
	line(out, "filtered", t->filtered, NULL);
	line(out, "no_ip", t->decode.no_ip, NULL);
	line(out, "undecodable", t->decode.undecodable, NULL);
	reasons(t, true, out);
	line(out, "output_drops", t->output_drops, t->output_drops ? "records that the output did not take" : NULL);
	line(out, "kernel_drops", t->source.kernel_drops, t->source.kernel_drops ? "lost before they reached tapline" : NULL);
	if (t->not_selected)
		line(out, "not_selected", t->not_selected, "packets, which --records left out");
	if (t->sink.apart)
		line(out, "gaps", t->sink.apart, "records that tell of losses");
	if (malformed(t)) {
		line(out, "malformed", malformed(t), "records of packets that were cut short or contradict themselves");
		reasons(t, false, out);
	}
	fprintf(out, "seconds: %.3f\n", t->seconds);
	if (t->digests && !fflush(t->digests))
		fputs(t->digest_text, out);
}
