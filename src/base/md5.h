/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * MD5 (RFC 1321), where pf has it: the key of a source-hash given as words,
 * and the checksum of the rules. No protection against anybody.
 */
#ifndef BASE_MD5_H
#define BASE_MD5_H

#include <stddef.h>
#include <stdint.h>

void md5(const void *mem, size_t len, uint8_t ret[16]);

#endif
