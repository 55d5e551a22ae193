/* SPDX-License-Identifier: BSD-2-Clause */
/* Which connection did the one who types come in by? ssh tells it to what it
 * starts; sudo and others drop it, so the processes above us are asked. */
#include <arpa/inet.h>
#include <ctype.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <unistd.h>

#include "base/file.h"
#include "pfctl/pfctl.h"

#define VARIABLE "SSH_CONNECTION="

enum { ENVIRON_MAX = 1 << 20, PARENTS_MAX = 64 };

static bool
parse_addr(const char *text, struct nft_tuple *t, uint8_t addr[16])
{
	uint8_t b[16] = { 0 };

	/* An IPv4 client of a socket that takes both. */
	if (str_starts(text, "::ffff:") && strchr(text, '.'))
		text += strlen("::ffff:");
	t->family = strchr(text, ':') ? AF_INET6 : AF_INET;
	if (inet_pton(t->family, text, b) != 1)
		return false;
	memcpy(addr, b, sizeof(b));
	return true;
}

/* "client port server port" */
static bool
parse_connection(const char *text, struct nft_tuple *ret)
{
	struct nft_tuple t = { .proto = IPPROTO_TCP };
	char client[64], server[64];

	if (sscanf(text, "%63s %hu %63s %hu", client, &t.sport, server,
		&t.dport) != 4)
		return false;
	if (!parse_addr(client, &t, t.src) || !parse_addr(server, &t, t.dst))
		return false;
	*ret = t;
	return true;
}

static bool
find_in(const struct str *environ_text, struct nft_tuple *ret)
{
	const char *at = environ_text->buf;
	const char *end = at + environ_text->len;

	for (; at < end; at += strlen(at) + 1)
		if (str_starts(at, VARIABLE))
			return parse_connection(at + strlen(VARIABLE), ret);
	return false;
}

static pid_t
parent_of(pid_t pid)
{
	char path[64], buf[512];
	char *close;
	int parent = 0;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	if (file_peek(AT_FDCWD, path, buf, sizeof(buf)) < 0)
		return 0;
	close = strrchr(buf, ')');
	if (!close || sscanf(close + 1, " %*c %d", &parent) != 1)
		return 0;
	return parent;
}

bool
session_find(struct nft_tuple *ret)
{
	pid_t pid = getpid();

	for (int i = 0; i < PARENTS_MAX && pid > 0; i++) {
		_cleanup_(str_clear) struct str text = STR_INIT;
		char path[64];

		snprintf(path, sizeof(path), "/proc/%d/environ", (int)pid);
		if (file_read(AT_FDCWD, path, ENVIRON_MAX, &text, NULL) == 0 &&
		    find_in(&text, ret))
			return true;
		pid = parent_of(pid);
	}
	return false;
}

/* The server's address may have been translated on the way in: its own is
 * the source of the answers. */
bool
session_is(const struct nft_tuple *session, const struct nft_state *s)
{
	size_t len = session->family == AF_INET ? 4 : 16;

	return s->orig.family == session->family &&
	    s->orig.proto == session->proto &&
	    s->orig.sport == session->sport &&
	    s->reply.sport == session->dport &&
	    memcmp(s->orig.src, session->src, len) == 0 &&
	    memcmp(s->reply.src, session->dst, len) == 0;
}
