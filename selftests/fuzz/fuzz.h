/* SPDX-License-Identifier: GPL-2.0 */
/* What the fuzzers share. What must hold is asserted: a failure is a finding. */
#ifndef CK_FUZZ_H
#define CK_FUZZ_H

#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Return: the input as a string, of its exact size, to be freed. */
static inline char *input_text(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);

	assert(text);
	memcpy(text, data, size);
	text[size] = 0;
	return text;
}

/* What people read has nothing in it that a terminal obeys. */
static inline void check_printable(const char *text)
{
	for (; *text; text++)
		assert(*text >= ' ' && *text <= '~');
}

#endif /* CK_FUZZ_H */
