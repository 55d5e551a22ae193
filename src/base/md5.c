/* SPDX-License-Identifier: BSD-2-Clause */
/* MD5, as RFC 1321 describes it. */
#include "base/md5.h"

#include <math.h>
#include <string.h>

#include "base/util.h"

enum { BLOCK = 64 };

static uint32_t
rotate(uint32_t x, unsigned n)
{
	return x << n | x >> (32 - n);
}

static uint32_t
load32(const uint8_t *p)
{
	return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 |
	    (uint32_t)p[3] << 24;
}

static void
md5_block(uint32_t state[4], const uint8_t *block)
{
	static const uint8_t shift[4][4] = {
		{ 7, 12, 17, 22 },
		{ 5, 9, 14, 20 },
		{ 4, 11, 16, 23 },
		{ 6, 10, 15, 21 },
	};
	uint32_t a = state[0], b = state[1], c = state[2], d = state[3];

	for (unsigned i = 0; i < 64; i++) {
		uint32_t f,
		    k = (uint32_t)floor(fabs(sin(i + 1)) * 4294967296.0);
		unsigned g;

		switch (i / 16) {
		case 0:
			f = (b & c) | (~b & d);
			g = i;
			break;
		case 1:
			f = (d & b) | (~d & c);
			g = (5 * i + 1) % 16;
			break;
		case 2:
			f = b ^ c ^ d;
			g = (3 * i + 5) % 16;
			break;
		default:
			f = c ^ (b | ~d);
			g = 7 * i % 16;
		}
		f += a + k + load32(block + 4 * g);
		a = d;
		d = c;
		c = b;
		b += rotate(f, shift[i / 16][i % 4]);
	}
	state[0] += a;
	state[1] += b;
	state[2] += c;
	state[3] += d;
}

void
md5(const void *mem, size_t len, uint8_t ret[16])
{
	uint32_t state[4] = { 0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476 };
	uint8_t last[2 * BLOCK] = { 0 };
	const uint8_t *p = mem;
	uint64_t bits = (uint64_t)len * 8;
	size_t rest, n;

	for (rest = len; rest >= BLOCK; rest -= BLOCK, p += BLOCK)
		md5_block(state, p);
	memcpy(last, p, rest);
	last[rest] = 0x80;
	n = rest + 9 > BLOCK ? 2 * BLOCK : BLOCK;
	for (unsigned i = 0; i < 8; i++)
		last[n - 8 + i] = (uint8_t)(bits >> (8 * i));
	for (size_t i = 0; i < n; i += BLOCK)
		md5_block(state, last + i);
	for (unsigned i = 0; i < 16; i++)
		ret[i] = (uint8_t)(state[i / 4] >> (8 * (i % 4)));
}
