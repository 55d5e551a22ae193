/* SPDX-License-Identifier: BSD-2-Clause */
/* The numbers of rules on states, turned into those that pfctl prints. */
#include "pfctl/states.h"

void
rule_ids_read(struct rule_ids *ids, struct store *s)
{
	_cleanup_(str_clear) struct str text = STR_INIT;
	struct nft_status status;
	const char *at;
	int list, nr, len;

	if (nft_status_read(&status, NULL) < 0 || !status.stamped ||
	    store_get(s, status.stamp.load_id, "ids", &text, NULL) < 0)
		return;
	at = text.buf;
	if (sscanf(at, "%u\n%n", &ids->first, &len) != 1)
		return;
	for (at += len; sscanf(at, "%d %d\n%n", &list, &nr, &len) == 2;
	     at += len) {
		(void)array_add(ids);
		ids->v[ids->n - 1].list = list;
		ids->v[ids->n - 1].nr = nr;
	}
}

void
rule_ids_clear(struct rule_ids *ids)
{
	array_clear(ids);
}

int
rule_number(const struct rule_ids *ids, uint32_t id)
{
	size_t i = id - ids->first;

	if (id < ids->first || i >= ids->n || ids->v[i].list != PF_LIST_FILTER)
		return -1;
	return ids->v[i].nr;
}
