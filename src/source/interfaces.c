/* SPDX-License-Identifier: Apache-2.0 */
/* This machine's interfaces, for a person. */
#include "source/source.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

/* Appends to out[*len..size); stops at the end. */
static void append(char *out, size_t size, size_t *len, const char *text)
{
	int n;

	if (*len >= size)
		return;
	n = snprintf(out + *len, size - *len, "%s", text);
	*len = n < 0 || (size_t)n >= size - *len ? size - 1 : *len + (size_t)n;
}

static void append_addresses(char *out, size_t size, size_t *len, const struct ifaddrs *all, const char *name)
{
	for (const struct ifaddrs *a = all; a; a = a->ifa_next) {
		char text[INET6_ADDRSTRLEN + 1] = " ";
		const void *addr;

		if (!a->ifa_addr || strcmp(a->ifa_name, name))
			continue;
		if (a->ifa_addr->sa_family == AF_INET)
			addr = &((const struct sockaddr_in *)(const void *)a->ifa_addr)->sin_addr;
		else if (a->ifa_addr->sa_family == AF_INET6)
			addr = &((const struct sockaddr_in6 *)(const void *)a->ifa_addr)->sin6_addr;
		else
			continue;
		if (inet_ntop(a->ifa_addr->sa_family, addr, text + 1, sizeof(text) - 1))
			append(out, size, len, text);
	}
}

static const char *state(unsigned flags)
{
	if (!(flags & IFF_UP))
		return "down";
	return flags & IFF_RUNNING ? "up" : "no link";
}

static unsigned flags_of(const struct ifaddrs *all, const char *name)
{
	for (const struct ifaddrs *a = all; a; a = a->ifa_next)
		if (!strcmp(a->ifa_name, name))
			return a->ifa_flags;
	return 0;
}

size_t source_list_interfaces(char *out, size_t size)
{
	struct if_nameindex *names = if_nameindex();
	struct ifaddrs *all = NULL;
	size_t len = 0;

	if (size)
		out[0] = '\0';
	if (getifaddrs(&all))
		all = NULL;
	for (const struct if_nameindex *i = names; i && i->if_index; i++) {
		char line[64];

		snprintf(line, sizeof(line), "%-15s %-8s", i->if_name, state(flags_of(all, i->if_name)));
		append(out, size, &len, line);
		append_addresses(out, size, &len, all, i->if_name);
		append(out, size, &len, "\n");
	}
	append(out, size, &len, "any             up       all of them\n");
	if (names)
		if_freenameindex(names);
	if (all)
		freeifaddrs(all);
	return len;
}
