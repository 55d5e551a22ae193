/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * MD5 (RFC 1321), for the one place where the language has it: the key of a
 * source-hash given as words. Private to pf.
 */
#ifndef PF_MD5_H
#define PF_MD5_H

#include <stddef.h>
#include <stdint.h>

void pf_md5(const void *mem, size_t len, uint8_t ret[16]);

#endif
