/* SPDX-License-Identifier: BSD-2-Clause */
/* The kernel's own switches beside nf_tables: the older iptables, bridges
 * that show packets to the IP hooks, helpers by port. */
#include <fcntl.h>

#include "base/file.h"
#include "nft/foreign-private.h"

void
foreign_word_add(char *list, size_t size, const char *word)
{
	size_t len = strlen(list), n = strlen(word);

	for (const char *at = list; n && (at = strstr(at, word)); at += n)
		if ((at == list || at[-1] == ' ') &&
		    (at[n] == '\0' || at[n] == ' '))
			return;
	if (n && len + n + 2 <= size)
		snprintf(list + len, size - len, "%s%s", len ? " " : "", word);
}

/* The names stand one a line. */
static void
read_legacy(const char *path, char *list, size_t size)
{
	char text[256];
	char *save = NULL;

	if (file_peek(AT_FDCWD, path, text, sizeof(text)) < 0)
		return;
	for (char *word = strtok_r(text, "\n", &save); word;
	     word = strtok_r(NULL, "\n", &save))
		foreign_word_add(list, size, word);
}

static bool
is_on(const char *path)
{
	char text[16];

	return file_peek(AT_FDCWD, path, text, sizeof(text)) > 0 &&
	    text[0] != '0';
}

void
foreign_kernel_read(struct foreign_kernel *k)
{
	read_legacy(
	    "/proc/net/ip_tables_names", k->legacy_ip, sizeof(k->legacy_ip));
	read_legacy(
	    "/proc/net/ip6_tables_names", k->legacy_ip6, sizeof(k->legacy_ip6));
	k->bridge_ip = is_on("/proc/sys/net/bridge/bridge-nf-call-iptables");
	k->bridge_ip6 = is_on("/proc/sys/net/bridge/bridge-nf-call-ip6tables");
	k->auto_helper = is_on("/proc/sys/net/netfilter/nf_conntrack_helper");
}
