/* SPDX-License-Identifier: Apache-2.0 */
#include "filter/filter.h"

#include <errno.h>
#include <pcap/pcap.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	SNAPLEN = 262144,
	LINKS_MAX = 64, /* link types with a program of their own; frames of further ones do not match */
	LINK_ETHERNET = 1,
	EXPRESSION_MAX = 64 << 10, /* bytes: longer ones make the compiler use memory without end */
};

struct program {
	uint16_t link;
	bool valid; /* else: the expression makes no sense for this link type */
	struct bpf_program code;
};

struct filter {
	char *expression;
	unsigned n;
	struct program programs[LINKS_MAX];
};

/* LINKTYPE_ as files have it to DLT_ as libpcap has it: the same numbers, but for a few that systems disagreed on. */
static int dlt_of(uint16_t link)
{
	switch (link) {
	case 100:
		return DLT_ATM_RFC1483;
	case 101:
		return DLT_RAW;
	case 102:
		return DLT_SLIP_BSDOS;
	case 103:
		return DLT_PPP_BSDOS;
	default:
		return link;
	}
}

/* Loads from a negative offset ask the kernel about the device; only it could answer. */
static bool asks_the_kernel(const struct bpf_program *code)
{
	for (unsigned i = 0; i < code->bf_len; i++)
		if (BPF_CLASS(code->bf_insns[i].code) == BPF_LD && BPF_MODE(code->bf_insns[i].code) == BPF_ABS &&
		    code->bf_insns[i].k >= 0xfffff000u)
			return true;
	return false;
}

/* Compiles for one link type: true if that makes sense; else libpcap's words are in text. */
static bool compile(const char *expression, struct program *program, char *text, size_t size)
{
	pcap_t *pcap = pcap_open_dead(dlt_of(program->link), SNAPLEN);

	snprintf(text, size, "no memory");
	if (!pcap)
		return false;
	program->valid = pcap_compile(pcap, &program->code, expression, 1, PCAP_NETMASK_UNKNOWN) == 0;
	if (!program->valid) {
		snprintf(text, size, "%s", pcap_geterr(pcap));
	} else if (asks_the_kernel(&program->code)) {
		snprintf(text, size, "inbound, outbound and ifindex are not supported: they ask for what a frame does not say");
		pcap_freecode(&program->code);
		program->valid = false;
	}
	pcap_close(pcap);
	return program->valid;
}

/* An expression that is none on Ethernet may be one elsewhere, such as `wlan type data`. */
static bool compiles_elsewhere(const char *expression)
{
	static const uint16_t links[] = {105, 127, 119, 163, 192, 113, 276, 9, 107, 101};
	char text[PCAP_ERRBUF_SIZE];

	for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++) {
		struct program program = {.link = links[i]};

		if (compile(expression, &program, text, sizeof(text))) {
			pcap_freecode(&program.code);
			return true;
		}
	}
	return false;
}

struct filter *filter_new(const char *expression, struct err *err)
{
	char text[PCAP_ERRBUF_SIZE];
	struct filter *f;

	if (strlen(expression) > EXPRESSION_MAX) {
		err_set(err, E2BIG, "the filter is longer than %d bytes", EXPRESSION_MAX);
		return NULL;
	}
	f = calloc(1, sizeof(*f));
	if (!f || !(f->expression = strdup(expression))) {
		free(f);
		err_set(err, ENOMEM, "no memory for the filter");
		return NULL;
	}
	f->programs[0].link = LINK_ETHERNET;
	f->n = 1;
	if (compile(expression, &f->programs[0], text, sizeof(text)) || compiles_elsewhere(expression))
		return f;
	err_set(err, EINVAL, "filter `%s`: %s (`man pcap-filter` has the language)", expression, text);
	filter_free(f);
	return NULL;
}

void filter_free(struct filter *f)
{
	if (!f)
		return;
	for (unsigned i = 0; i < f->n; i++)
		if (f->programs[i].valid)
			pcap_freecode(&f->programs[i].code);
	free(f->expression);
	free(f);
}

/* This link type's program, compiled when it is met for the first time; NULL: no frame of it matches. */
static const struct program *program_for(struct filter *f, uint16_t link)
{
	char text[PCAP_ERRBUF_SIZE];
	struct program *p;

	for (unsigned i = 0; i < f->n; i++)
		if (f->programs[i].link == link)
			return f->programs[i].valid ? &f->programs[i] : NULL;
	if (f->n == LINKS_MAX)
		return NULL;
	p = &f->programs[f->n++];
	p->link = link;
	return compile(f->expression, p, text, sizeof(text)) ? p : NULL;
}

uint32_t filter_batch(struct filter *f, struct batch *b)
{
	const struct program *p = NULL;
	uint32_t kept = 0, before = b->nframes;
	int link = -1;

	for (uint32_t i = 0; i < b->nframes; i++) {
		const struct frame *frame = &b->frames[i];

		if (frame->link != link) {
			link = frame->link;
			p = program_for(f, frame->link);
		}
		if (p && bpf_filter(p->code.bf_insns, frame->data, frame->wirelen, frame->caplen))
			b->frames[kept++] = *frame;
	}
	b->nframes = kept;
	return before - kept;
}

uint16_t filter_kernel_program(const struct filter *f, struct sock_filter *out, uint16_t max)
{
	const struct program *p = &f->programs[0];

	if (!p->valid || p->code.bf_len > max)
		return 0;
	for (unsigned i = 0; i < p->code.bf_len; i++)
		out[i] = (struct sock_filter){
			.code = p->code.bf_insns[i].code,
			.jt = p->code.bf_insns[i].jt,
			.jf = p->code.bf_insns[i].jf,
			.k = p->code.bf_insns[i].k,
		};
	return (uint16_t)p->code.bf_len;
}
