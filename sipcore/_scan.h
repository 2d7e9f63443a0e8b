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
#include <string.h>

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

/* What a byte may be part of, as one table: one load instead of a dozen comparisons. */
enum {
    SIP_TOKEN = 1,  /* RFC 3261 section 25.1 `token` */
    SIP_HOST = 2,   /* a host name or IPv4 address; the underscore is none of the RFC's, but real host names have it */
    SIP_URI = 4,    /* anything that may stand in a URI: no white space or control, no bracket, no quote */
    SIP_VALUE = 8,  /* a parameter's value outside quotes: as far as a reader may go without looking */
    SIP_DIGIT = SIP_TOKEN | SIP_HOST | SIP_URI | SIP_VALUE
};

#define SIP_EIGHT(first, what) \
    [first] = what, [(first) + 1] = what, [(first) + 2] = what, [(first) + 3] = what, \
    [(first) + 4] = what, [(first) + 5] = what, [(first) + 6] = what, [(first) + 7] = what
#define SIP_PLAIN (SIP_URI | SIP_VALUE)

static const uint8_t sip_classes[256] = {
    ['!'] = SIP_TOKEN | SIP_PLAIN, ['#'] = SIP_PLAIN, ['$'] = SIP_PLAIN, ['%'] = SIP_TOKEN | SIP_PLAIN, ['&'] = SIP_PLAIN,
    ['\''] = SIP_TOKEN | SIP_PLAIN, ['('] = SIP_PLAIN, [')'] = SIP_PLAIN, ['*'] = SIP_TOKEN | SIP_PLAIN,
    ['+'] = SIP_TOKEN | SIP_PLAIN, [','] = SIP_URI, ['-'] = SIP_DIGIT, ['.'] = SIP_DIGIT, ['/'] = SIP_PLAIN,
    SIP_EIGHT('0', SIP_DIGIT), ['8'] = SIP_DIGIT, ['9'] = SIP_DIGIT, [':'] = SIP_PLAIN, [';'] = SIP_URI,
    ['='] = SIP_PLAIN, ['?'] = SIP_PLAIN, ['@'] = SIP_PLAIN,
    SIP_EIGHT('A', SIP_DIGIT), SIP_EIGHT('I', SIP_DIGIT), SIP_EIGHT('Q', SIP_DIGIT),
    ['Y'] = SIP_DIGIT, ['Z'] = SIP_DIGIT, ['['] = SIP_PLAIN, ['\\'] = SIP_PLAIN, [']'] = SIP_PLAIN, ['^'] = SIP_PLAIN,
    ['_'] = SIP_DIGIT, ['`'] = SIP_TOKEN | SIP_PLAIN,
    SIP_EIGHT('a', SIP_DIGIT), SIP_EIGHT('i', SIP_DIGIT), SIP_EIGHT('q', SIP_DIGIT),
    ['y'] = SIP_DIGIT, ['z'] = SIP_DIGIT, ['{'] = SIP_PLAIN, ['|'] = SIP_PLAIN, ['}'] = SIP_PLAIN,
    ['~'] = SIP_TOKEN | SIP_PLAIN, [0x7f] = SIP_PLAIN,
    SIP_EIGHT(0x80, SIP_PLAIN), SIP_EIGHT(0x88, SIP_PLAIN), SIP_EIGHT(0x90, SIP_PLAIN), SIP_EIGHT(0x98, SIP_PLAIN),
    SIP_EIGHT(0xa0, SIP_PLAIN), SIP_EIGHT(0xa8, SIP_PLAIN), SIP_EIGHT(0xb0, SIP_PLAIN), SIP_EIGHT(0xb8, SIP_PLAIN),
    SIP_EIGHT(0xc0, SIP_PLAIN), SIP_EIGHT(0xc8, SIP_PLAIN), SIP_EIGHT(0xd0, SIP_PLAIN), SIP_EIGHT(0xd8, SIP_PLAIN),
    SIP_EIGHT(0xe0, SIP_PLAIN), SIP_EIGHT(0xe8, SIP_PLAIN), SIP_EIGHT(0xf0, SIP_PLAIN), SIP_EIGHT(0xf8, SIP_PLAIN),
};

static inline int sip_is(uint8_t byte, int what) {
    return sip_classes[byte] & what;
}

static inline int sip_is_token(uint8_t byte) {
    return sip_classes[byte] & SIP_TOKEN;
}

/* Where the run of bytes that are `what` ends, at `end` at the latest. */
static inline uint32_t sip_skip_scalar(const uint8_t *base, uint32_t at, uint32_t end, int what) {
    while (at < end && (sip_classes[base[at]] & what)) at++;
    return at;
}

/* The first of two bytes, or end. */
static inline uint32_t sip_find_either_scalar(const uint8_t *base, uint32_t at, uint32_t end, char one, char other) {
    while (at < end && base[at] != (uint8_t)one && base[at] != (uint8_t)other) at++;
    return at;
}

/* What is looked for inside a header value is 3 to 40 bytes away, and elsewhere in every message: a loop over bytes
 * ends with a mispredicted branch, which costs as much as ten of its rounds. So sixteen bytes are compared at once, and
 * the last sixteen of a part overlap what was compared before them: nothing behind `end` is read. What `base` points
 * to must be readable from its first byte on. */
#if defined(SIP_SCAN_SSE2)
/* Unsigned first <= chunk <= last, as SSE2 compares bytes signed only. */
static inline __m128i sip_within(__m128i chunk, char first, char last) {
    __m128i above = _mm_sub_epi8(chunk, _mm_set1_epi8(first));
    return _mm_cmpeq_epi8(_mm_min_epu8(above, _mm_set1_epi8((char)(last - first))), above);
}

static inline __m128i sip_equal(__m128i chunk, char byte) {
    return _mm_cmpeq_epi8(chunk, _mm_set1_epi8(byte));
}

/* White space, control bytes, angle brackets, quotes: what may not stand in a URI. '<' and '>' differ in one bit. */
static inline __m128i sip_no_uri(__m128i chunk) {
    __m128i bracket = sip_equal(_mm_or_si128(chunk, _mm_set1_epi8(2)), '>');
    return _mm_or_si128(sip_within(chunk, 0, ' '), _mm_or_si128(bracket, sip_equal(chunk, '"')));
}

/* Letters, digits, hyphen, full stop and underscore; the slash is between full stop and digits. */
static inline __m128i sip_host_bytes(__m128i chunk) {
    __m128i letter = sip_within(_mm_or_si128(chunk, _mm_set1_epi8(0x20)), 'a', 'z');
    __m128i digit = _mm_andnot_si128(sip_equal(chunk, '/'), sip_within(chunk, '-', '9'));
    return _mm_or_si128(_mm_or_si128(letter, digit), sip_equal(chunk, '_'));
}

/* A bit for each of sixteen bytes that is not `what`, which is SIP_HOST, SIP_URI or SIP_VALUE. */
static inline unsigned sip_outside(const uint8_t *p, int what) {
    __m128i chunk = _mm_loadu_si128((const __m128i *)p);
    if (what == SIP_HOST) return (unsigned)_mm_movemask_epi8(sip_host_bytes(chunk)) ^ 0xffffu;
    __m128i outside = sip_no_uri(chunk);
    if (what == SIP_VALUE) {
        outside = _mm_or_si128(outside, _mm_or_si128(sip_equal(chunk, ';'), sip_equal(chunk, ',')));
    }
    return (unsigned)_mm_movemask_epi8(outside);
}

static inline unsigned sip_either(const uint8_t *p, char one, char other) {
    __m128i chunk = _mm_loadu_si128((const __m128i *)p);
    return (unsigned)_mm_movemask_epi8(_mm_or_si128(sip_equal(chunk, one), sip_equal(chunk, other)));
}

/* Search [at, end) by `stops_at(from)`, the bits of what is looked for in the sixteen bytes from there. */
#define SIP_SEARCH(stops_at) \
    while (at < end) { \
        uint32_t from = end - at >= 16 ? at : end - 16; \
        unsigned stops = (stops_at) >> (at - from); \
        if (stops) return at + (uint32_t)__builtin_ctz(stops); \
        at = from + 16; \
    } \
    return at;
#endif

/* As `sip_skip_scalar`; `what` is SIP_HOST, SIP_URI or SIP_VALUE, and known to the compiler. */
static inline uint32_t sip_skip(const uint8_t *base, uint32_t at, uint32_t end, int what) {
#if defined(SIP_SCAN_SSE2)
    if (end >= 16) {
        SIP_SEARCH(sip_outside(base + from, what))
    }
#endif
    return sip_skip_scalar(base, at, end, what);
}

static inline uint32_t sip_find_either(const uint8_t *base, uint32_t at, uint32_t end, char one, char other) {
#if defined(SIP_SCAN_SSE2)
    if (end >= 16) {
        SIP_SEARCH(sip_either(base + from, one, other))
    }
#endif
    return sip_find_either_scalar(base, at, end, one, other);
}

/* Whether text can be copied as it is: ASCII throughout and without a fold, of which CR is the sign. */
static inline int sip_is_plain_scalar(const uint8_t *base, uint32_t at, uint32_t end) {
    while (at < end && base[at] < 0x80 && base[at] != '\r') at++;
    return at == end;
}

static inline int sip_is_plain(const uint8_t *base, uint32_t at, uint32_t end) {
#if defined(SIP_SCAN_SSE2)
    if (end >= 16) {
        /* The high bits of sixteen bytes, set where a byte is not ASCII or is CR. */
        __m128i chunk = _mm_loadu_si128((const __m128i *)(base + end - 16));
        __m128i odd = _mm_or_si128(chunk, sip_equal(chunk, '\r'));
        if (end - at < 16) return !((unsigned)_mm_movemask_epi8(odd) >> (16 - (end - at)));
        for (; end - at > 16; at += 16) {
            chunk = _mm_loadu_si128((const __m128i *)(base + at));
            odd = _mm_or_si128(odd, _mm_or_si128(chunk, sip_equal(chunk, '\r')));
        }
        return !_mm_movemask_epi8(odd);
    }
#endif
    return sip_is_plain_scalar(base, at, end);
}

#endif
