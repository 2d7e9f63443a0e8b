/* Where is the next byte that has to be looked at: one of some bytes of ASCII, or, if asked for, any that is not ASCII?
 *
 * The halves of `_marks.h` with a bit for each high half of an ASCII byte, so that they list exactly what was put in.
 */
#ifndef SIPCORE_LISTED_H
#define SIPCORE_LISTED_H

#include "_marks.h"

struct sip_listed {
    struct sip_halves halves;
    uint8_t has[256];
    uint8_t foreign; /* 0x80 when bytes outside ASCII are listed too, else 0 */
    int vectors;
};

static inline void sip_start_listed(struct sip_listed *listed, int foreign) {
    memset(listed, 0, sizeof *listed);
    listed->vectors = sip_have_vectors();
    listed->foreign = foreign ? 0x80 : 0;
    if (foreign) memset(listed->has + 0x80, 1, 0x80);
}

static inline void sip_list_byte(struct sip_listed *listed, uint8_t byte) {
    sip_add_half(&listed->halves, byte, (uint8_t)(1u << (byte >> 4)));
    listed->has[byte] = 1;
}

/* The first listed byte from `at` on, -1 when there is none. */
static inline ptrdiff_t sip_next_listed_scalar(
    const struct sip_listed *listed, const uint8_t *data, ptrdiff_t at, ptrdiff_t size) {
    for (; at < size; at++) {
        if (listed->has[data[at]]) return at;
    }
    return -1;
}

#if defined(__x86_64__) && defined(__GNUC__)
/* Needs 32 bytes. */
__attribute__((target("avx2"))) static ptrdiff_t sip_next_listed_avx2(
    const struct sip_listed *listed, const uint8_t *data, ptrdiff_t at, ptrdiff_t size) {
    const __m256i foreign = _mm256_set1_epi8((char)listed->foreign), zero = _mm256_setzero_si256();
    for (; at < size; at += 32) {
        ptrdiff_t start = size - at >= 32 ? at : size - 32;
        __m256i bytes = _mm256_loadu_si256((const __m256i *)(data + start));
        __m256i none = _mm256_cmpeq_epi8(
            _mm256_or_si256(sip_look_up(&listed->halves, bytes), _mm256_and_si256(bytes, foreign)), zero);
        uint32_t places = ~(uint32_t)_mm256_movemask_epi8(none) & (0xffffffffu << (at - start));
        if (places) return start + __builtin_ctz(places);
    }
    return -1;
}
#else
#define sip_next_listed_avx2 sip_next_listed_scalar
#endif

static inline ptrdiff_t sip_next_listed(
    const struct sip_listed *listed, const uint8_t *data, ptrdiff_t at, ptrdiff_t size) {
    return listed->vectors && size >= 32 ? sip_next_listed_avx2(listed, data, at, size)
                                         : sip_next_listed_scalar(listed, data, at, size);
}

#endif
