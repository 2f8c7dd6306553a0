/* SPDX-License-Identifier: Apache-2.0 */
#include "filter/filter.h"

#include "filter/program.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
	LINKS = LINK_NOT_IP + 1, /* any value of frame.link */
	LINK_ETHERNET = 1,
	SHOWN_MAX = 200, /* bytes of an expression that a message repeats */
};

struct filter {
	char *expression;
	struct bpf_program
		programs[LINKS]; /* by link type; bf_insns NULL: not met yet. Pages that are never met cost nothing */
};

static struct bpf_insn refuse_all = BPF_STMT(BPF_RET | BPF_K, 0);

/* The program for frames of this link type, from now on. */
static const struct bpf_insn *meet(struct filter *f, uint32_t link)
{
	struct bpf_program *program = &f->programs[link];
	struct err err;

	if (link != LINK_NOT_IP && program_compile(program, f->expression, (uint16_t)link, &err) == 0) {
		if (!program_asks_kernel(program))
			return program->bf_insns;
		pcap_freecode(program);
	}
	*program = (struct bpf_program){.bf_len = 1, .bf_insns = &refuse_all};
	return program->bf_insns;
}

/* Another link type makes sense of the expression: 802.11, pflog, ATM, SS7, cooked, raw IP. */
static bool fits_elsewhere(const char *expression)
{
	static const uint16_t links[] = {105, 117, 123, 140, 276, 101};
	struct err err;

	for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++)
		if (!program_parse(expression, links[i], &err))
			return true;
	return false;
}

static int explain(const char *expression, const struct err *words, struct err *err)
{
	size_t place = program_is_syntax_error(words) ? program_error_place(expression) : PLACE_UNKNOWN;
	size_t word;

	if (place == PLACE_UNKNOWN)
		return err_set(err, EINVAL, "filter `%.*s`: %s (man pcap-filter has the language)", SHOWN_MAX, expression,
			       words->text);
	if (!expression[place])
		return err_set(err, EINVAL,
			       "filter `%.*s`: %s at its end: something is missing there (man pcap-filter has the language)",
			       SHOWN_MAX, expression, words->text);
	word = strcspn(expression + place, " \t\r\n");
	return err_set(err, EINVAL, "filter `%.*s`: %s at `%.*s`, character %zu (man pcap-filter has the language)", SHOWN_MAX,
		       expression, words->text, word < SHOWN_MAX ? (int)word : SHOWN_MAX, expression + place, place + 1);
}

/* Compiles for Ethernet, where most mistakes show. */
static int check(struct filter *f, struct err *err)
{
	struct bpf_program *ethernet = &f->programs[LINK_ETHERNET];
	const char *expression = f->expression;
	struct err words;

	if (strlen(expression) > EXPRESSION_MAX)
		return err_set(err, E2BIG,
			       "the filter has %zu bytes, at most %d are taken: networks (net 192.0.2.0/24) are shorter",
			       strlen(expression), EXPRESSION_MAX);
	if (program_compile(ethernet, expression, LINK_ETHERNET, &words) == 0) {
		if (!program_asks_kernel(ethernet))
			return 0;
		return err_set(
			err, EOPNOTSUPP,
			"filter `%.*s`: a packet's direction or interface (inbound, outbound, ifindex) is not in the packet; "
			"choose the interface with -i and addresses with src or dst",
			SHOWN_MAX, expression);
	}
	/* Names that do not resolve and words in the wrong place are wrong everywhere. */
	if (!program_is_syntax_error(&words) && strncmp(words.text, "unknown ", 8) && fits_elsewhere(expression))
		return 0;
	return explain(expression, &words, err);
}

struct filter *filter_new(const char *expression, struct err *err)
{
	struct filter *f = calloc(1, sizeof(*f));

	if (!f || !(f->expression = strdup(expression))) {
		err_set(err, ENOMEM, "no memory for the filter");
		goto fail;
	}
	if (check(f, err))
		goto fail;
	return f;
fail:
	filter_free(f);
	return NULL;
}

void filter_free(struct filter *f)
{
	if (!f)
		return;
	for (unsigned i = 0; i < LINKS; i++)
		if (f->programs[i].bf_insns != &refuse_all)
			pcap_freecode(&f->programs[i]);
	free(f->expression);
	free(f);
}

uint32_t filter_batch(struct filter *f, struct batch *b, uint64_t max)
{
	uint32_t kept = 0, i = 0;

	for (; i < b->nframes && kept < max; i++) {
		const struct frame *frame = &b->frames[i];
		const struct bpf_insn *program = f->programs[frame->link].bf_insns;

		if (__builtin_expect(!program, 0))
			program = meet(f, frame->link);
		if (!bpf_filter(program, frame->data, frame->wirelen, frame->caplen))
			continue;
		if (kept != i)
			b->frames[kept] = *frame;
		kept++;
	}
	b->nframes = kept;
	return i;
}

uint16_t filter_kernel_program(const struct filter *f, struct sock_filter *out, uint16_t max)
{
	const struct bpf_program *program = &f->programs[LINK_ETHERNET];

	if (!program->bf_insns || program->bf_insns == &refuse_all)
		return 0;
	if (program->bf_len > max || !program_same_in_kernel(program))
		return 0;
	for (unsigned i = 0; i < program->bf_len; i++) {
		const struct bpf_insn *insn = &program->bf_insns[i];

		out[i] = (struct sock_filter){.code = insn->code, .jt = insn->jt, .jf = insn->jf, .k = insn->k};
	}
	return (uint16_t)program->bf_len;
}
