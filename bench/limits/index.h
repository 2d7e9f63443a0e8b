/* Where each line of a head starts and where its first colon is, and nothing else: no names, no checks. */
#ifndef SIPCORE_BENCH_INDEX_H
#define SIPCORE_BENCH_INDEX_H

#include <stddef.h>
#include <stdint.h>

#define NO_COLON UINT32_MAX

/* What is given instead of 0. */
#define TOO_MANY_LINES (-1)
#define NO_END (-2)
#define LINE_WITHOUT_COLON (-3)

struct line {
    uint32_t start, colon;
};

/* line[0] is the start line, which has no colon of interest; line[lines] is the empty line that ends the head. */
struct index {
    uint32_t lines;     /* the start line and the header lines */
    uint32_t head_size; /* up to and with the empty line */
    struct line line[512];
};

int index_scalar(const uint8_t *data, size_t size, struct index *index);

/* Only where has_avx2() says so. */
int index_avx2(const uint8_t *data, size_t size, struct index *index);
int has_avx2(void);

#endif
