/* The first of three bytes in a part of a message, 16 bytes at a time.
 *
 * What is looked for is mostly 5 to 50 bytes away: too near for a call of memchr, too far for a loop over bytes, which
 * costs a mispredicted branch at an end that is elsewhere in every message. */
#ifndef SIPCORE_BENCH_FIND_H
#define SIPCORE_BENCH_FIND_H

#include <stdint.h>

/* A part of a message: what counts ends at `end`, what may be read ends at `limit`. */
struct view {
    const uint8_t *at, *end, *limit;
};

static inline const uint8_t *find_bytewise(struct view view, char a, char b, char c)
{
    while (view.at < view.end && *view.at != a && *view.at != b && *view.at != c)
        view.at++;
    return view.at;
}

#if defined(__x86_64__)
#include <emmintrin.h>

/* The first byte that is one of the three, or the end. All three must be below 128. */
static inline const uint8_t *find(struct view view, char a, char b, char c)
{
    const __m128i as = _mm_set1_epi8(a), bs = _mm_set1_epi8(b), cs = _mm_set1_epi8(c);
    for (; view.at < view.end && view.limit - view.at >= 16; view.at += 16) {
        __m128i block = _mm_loadu_si128((const __m128i *)view.at);
        __m128i hit = _mm_or_si128(_mm_cmpeq_epi8(block, as),
                                   _mm_or_si128(_mm_cmpeq_epi8(block, bs), _mm_cmpeq_epi8(block, cs)));
        int places = _mm_movemask_epi8(hit);
        if (places) {
            const uint8_t *place = view.at + __builtin_ctz((unsigned)places);
            return place < view.end ? place : view.end;
        }
    }
    return view.at < view.end ? find_bytewise(view, a, b, c) : view.end;
}
#else
#define find find_bytewise
#endif

#endif
