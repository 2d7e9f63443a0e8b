/* The searches of prefixes.c, for whoever links them into a program. */
#ifndef SIPCORE_BENCH_PREFIXES_H
#define SIPCORE_BENCH_PREFIXES_H

#include <stddef.h>
#include <stdint.h>

/* As automaton.py makes it. */
struct prefixes;

/* How large that is. */
size_t prefixes_size(void);

/* Whether a prefix stands in the text. Only where has_avx2() says so. */
int find_vector(const uint8_t *data, size_t size, const struct prefixes *prefixes);

#endif
