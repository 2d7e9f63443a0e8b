/* Find-next over byte classes: where does a run of ordinary bytes end?
 *
 * Every scanner has a fast form and a scalar twin that gives the same answer; a test runs both on the same bytes.
 * None reads at or past `end`. On x86-64 the fast form is SSE2, which every such processor has, so nothing is chosen
 * at run time; elsewhere the fast form is the scalar one.
 */
#ifndef SIPCORE_SCAN_H
#define SIPCORE_SCAN_H

#include <stdint.h>
#include <stddef.h>

#if defined(__SSE2__)
#include <emmintrin.h>
#define SIP_SCAN_SSE2 1
#endif

/* A control byte is what may not stand in a line: 0x00 to 0x1f but for HTAB, and DEL. CR and LF are among them,
 * so one search finds the end of a line and everything that is forbidden before it. */
static inline int sip_is_control(uint8_t byte) {
    return (byte < 0x20 && byte != '\t') || byte == 0x7f;
}

/* The first control byte at or after p, or end. */
static inline const uint8_t *sip_find_control_scalar(const uint8_t *p, const uint8_t *end) {
    while (p < end && !sip_is_control(*p)) p++;
    return p;
}

static inline const uint8_t *sip_find_control(const uint8_t *p, const uint8_t *end) {
#if defined(SIP_SCAN_SSE2)
    const __m128i last_control = _mm_set1_epi8(0x1f);
    const __m128i del = _mm_set1_epi8(0x7f);
    while (end - p >= 16) {
        __m128i chunk = _mm_loadu_si128((const __m128i *)p);
        /* Unsigned chunk <= 0x1f, as SSE2 compares bytes signed only. */
        __m128i low = _mm_cmpeq_epi8(_mm_min_epu8(chunk, last_control), chunk);
        unsigned mask = (unsigned)_mm_movemask_epi8(_mm_or_si128(low, _mm_cmpeq_epi8(chunk, del)));
        /* HTAB is rare enough to be let through here rather than compared for in every chunk. */
        for (; mask; mask &= mask - 1) {
            const uint8_t *at = p + __builtin_ctz(mask);
            if (*at != '\t') return at;
        }
        p += 16;
    }
#endif
    return sip_find_control_scalar(p, end);
}

/* The first empty line's end (just behind CR LF CR LF) at or after p, or NULL. */
static inline const uint8_t *sip_find_head_end_scalar(const uint8_t *p, const uint8_t *end) {
    for (; end - p >= 4; p++) {
        if (p[0] == '\r' && p[1] == '\n' && p[2] == '\r' && p[3] == '\n') return p + 4;
    }
    return NULL;
}

static inline const uint8_t *sip_find_head_end(const uint8_t *p, const uint8_t *end) {
#if defined(SIP_SCAN_SSE2)
    const __m128i cr = _mm_set1_epi8('\r');
    while (end - p >= 19) {
        /* CR at i and at i + 2 for sixteen i at once: rare enough that the two LF are tested one by one. */
        __m128i first = _mm_cmpeq_epi8(_mm_loadu_si128((const __m128i *)p), cr);
        __m128i second = _mm_cmpeq_epi8(_mm_loadu_si128((const __m128i *)(p + 2)), cr);
        unsigned mask = (unsigned)_mm_movemask_epi8(_mm_and_si128(first, second));
        while (mask) {
            const uint8_t *at = p + __builtin_ctz(mask);
            if (at[1] == '\n' && at[3] == '\n') return at + 4;
            mask &= mask - 1;
        }
        p += 16;
    }
#endif
    return sip_find_head_end_scalar(p, end);
}

/* RFC 3261 section 25.1 `token`, as a table: one load instead of eleven comparisons. */
static const uint8_t sip_token_bytes[256] = {
    ['!'] = 1, ['%'] = 1, ['\''] = 1, ['*'] = 1, ['+'] = 1, ['-'] = 1, ['.'] = 1, ['_'] = 1, ['`'] = 1, ['~'] = 1,
    ['0'] = 1, ['1'] = 1, ['2'] = 1, ['3'] = 1, ['4'] = 1, ['5'] = 1, ['6'] = 1, ['7'] = 1, ['8'] = 1, ['9'] = 1,
    ['A'] = 1, ['B'] = 1, ['C'] = 1, ['D'] = 1, ['E'] = 1, ['F'] = 1, ['G'] = 1, ['H'] = 1, ['I'] = 1, ['J'] = 1,
    ['K'] = 1, ['L'] = 1, ['M'] = 1, ['N'] = 1, ['O'] = 1, ['P'] = 1, ['Q'] = 1, ['R'] = 1, ['S'] = 1, ['T'] = 1,
    ['U'] = 1, ['V'] = 1, ['W'] = 1, ['X'] = 1, ['Y'] = 1, ['Z'] = 1,
    ['a'] = 1, ['b'] = 1, ['c'] = 1, ['d'] = 1, ['e'] = 1, ['f'] = 1, ['g'] = 1, ['h'] = 1, ['i'] = 1, ['j'] = 1,
    ['k'] = 1, ['l'] = 1, ['m'] = 1, ['n'] = 1, ['o'] = 1, ['p'] = 1, ['q'] = 1, ['r'] = 1, ['s'] = 1, ['t'] = 1,
    ['u'] = 1, ['v'] = 1, ['w'] = 1, ['x'] = 1, ['y'] = 1, ['z'] = 1,
};

static inline int sip_is_token(uint8_t byte) {
    return sip_token_bytes[byte];
}

#endif
