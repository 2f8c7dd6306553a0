/* SPDX-License-Identifier: Apache-2.0 */
/* From an expression to classic BPF, by libpcap. */
#include "filter/program.h"

#include <errno.h>
#include <string.h>

enum {
	SNAPLEN = 262144,         /* what a program returns for a packet it takes; more than any source captures */
	OPTIMISE_INSNS_MAX = 6000 /* the optimiser's time grows with the cube: half a second here */
};

/* Files and frames carry LINKTYPE_ values, the compiler wants DLT_ values; these differ (libpcap, pcap/dlt.h). */
static const struct {
	uint16_t link;
	uint16_t dlt;
} differing[] = {
	{14, DLT_RAW}, /* as OpenBSD numbers it, in its files */
	{100, DLT_ATM_RFC1483}, {101, DLT_RAW},      {102, DLT_SLIP_BSDOS},
	{103, DLT_PPP_BSDOS},   {106, DLT_ATM_CLIP}, {246, DLT_PFSYNC},
};

static int dlt_of(uint16_t link)
{
	for (size_t i = 0; i < sizeof(differing) / sizeof(differing[0]); i++)
		if (differing[i].link == link)
			return differing[i].dlt;
	return link;
}

static int compile(struct bpf_program *code, const char *expression, uint16_t link, bool optimise, struct err *err)
{
	pcap_t *p = pcap_open_dead(dlt_of(link), SNAPLEN);
	int ret = 0;

	*code = (struct bpf_program){0};
	if (!p)
		return err_set(err, ENOMEM, "no memory to compile the filter");
	if (pcap_compile(p, code, expression, optimise, PCAP_NETMASK_UNKNOWN))
		ret = err_set(err, EINVAL, "%s", pcap_geterr(p));
	pcap_close(p);
	return ret;
}

int program_parse(const char *expression, uint16_t link, struct err *err)
{
	struct bpf_program code;
	int ret = compile(&code, expression, link, false, err);

	if (!ret)
		pcap_freecode(&code);
	return ret;
}

int program_compile(struct bpf_program *code, const char *expression, uint16_t link, struct err *err)
{
	int ret = compile(code, expression, link, false, err);

	if (ret || code->bf_len > OPTIMISE_INSNS_MAX)
		return ret;
	pcap_freecode(code);
	return compile(code, expression, link, true, err);
}

/* Loads at negative offsets are Linux's way to ask for what stands beside a packet (linux/filter.h, SKF_AD_OFF). */
bool program_asks_kernel(const struct bpf_program *code)
{
	for (unsigned i = 0; i < code->bf_len; i++) {
		const struct bpf_insn *insn = &code->bf_insns[i];
		bool absolute = BPF_CLASS(insn->code) == BPF_LD && BPF_MODE(insn->code) == BPF_ABS;

		if (absolute && (int32_t)insn->k < 0)
			return true;
	}
	return false;
}

/*
 * Both give 0 for a load beyond the packet and for a division by zero. They differ in shifts by a register: bpf_filter() makes
 * zero of 32 bits and more, the kernel takes the count modulo 32. Jumps backwards (protochain) the kernel does not take.
 */
bool program_same_in_kernel(const struct bpf_program *code)
{
	for (unsigned i = 0; i < code->bf_len; i++) {
		const struct bpf_insn *insn = &code->bf_insns[i];

		if (insn->code == (BPF_ALU | BPF_LSH | BPF_X) || insn->code == (BPF_ALU | BPF_RSH | BPF_X))
			return false;
		if (insn->code == (BPF_JMP | BPF_JA) && (int32_t)insn->k < 0)
			return false;
	}
	return !program_asks_kernel(code);
}

bool program_is_syntax_error(const struct err *err)
{
	return strstr(err->text, "syntax error") != NULL;
}
