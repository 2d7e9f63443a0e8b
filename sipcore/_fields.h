/* Header fields as nearly all of them are, indexed 32 bytes at a time.
 *
 * Ordinary is a known name, a colon, one space, a value of one line with no white space at either end and no tab in it.
 * Everything else, faults and limits included, is left to `index_field` in `_index.pyx`, which knows all cases; this
 * gives the same slots for the same bytes with a third of the instructions. Where it reads 32 bytes at once is chosen at
 * run time: AVX2, else two halves with SSE2, else not at all. A test holds all three equal.
 */
#ifndef SIPCORE_FIELDS_H
#define SIPCORE_FIELDS_H

#include "_names.h"

enum { SIP_NOT_WIDE, SIP_SSE2, SIP_AVX2 };

struct sip_lines {
    const uint8_t *base;    /* offsets count from here */
    const uint8_t *end;     /* of what counts */
    const uint8_t *limit;   /* of what may be read */
    uint32_t longest;       /* a field may have so many bytes */
    struct sip_slot *slot;  /* the next one to fill, */
    struct sip_slot *last;  /* and the first behind those that are there */
};

#if defined(__SSE2__)
#include <immintrin.h>

/* A bit for each of 32 bytes: */
struct sip_wide {
    uint32_t (*colons)(const uint8_t *p);
    uint32_t (*controls)(const uint8_t *p);             /* 0x00 to 0x1f and DEL */
    uint32_t (*misspelt)(const uint8_t *p, size_t entry); /* what is not as that entry of sip_name_words is spelt */
};

static inline uint32_t sip_pair(__m128i low, __m128i high) {
    return (uint32_t)_mm_movemask_epi8(low) | (uint32_t)_mm_movemask_epi8(high) << 16;
}

static inline __m128i sip_half(const void *p) {
    return _mm_loadu_si128((const __m128i *)p);
}

static inline uint32_t sip_colons_sse2(const uint8_t *p) {
    const __m128i colon = _mm_set1_epi8(':');
    return sip_pair(_mm_cmpeq_epi8(sip_half(p), colon), _mm_cmpeq_epi8(sip_half(p + 16), colon));
}

static inline __m128i sip_controls_of(__m128i half) {
    __m128i low = _mm_cmpeq_epi8(_mm_min_epu8(half, _mm_set1_epi8(0x1f)), half);
    return _mm_or_si128(low, _mm_cmpeq_epi8(half, _mm_set1_epi8(0x7f)));
}

static inline uint32_t sip_controls_sse2(const uint8_t *p) {
    return sip_pair(sip_controls_of(sip_half(p)), sip_controls_of(sip_half(p + 16)));
}

static inline __m128i sip_spelt(const uint8_t *p, size_t entry, int from) {
    __m128i folded = _mm_or_si128(sip_half(p + from), sip_half(sip_name_words[entry].fold + from));
    return _mm_cmpeq_epi8(folded, sip_half(sip_name_words[entry].text + from));
}

static inline uint32_t sip_misspelt_sse2(const uint8_t *p, size_t entry) {
    return ~sip_pair(sip_spelt(p, entry, 0), sip_spelt(p, entry, 16));
}

#define SIP_WITH_AVX2 __attribute__((target("avx2,bmi,bmi2")))

SIP_WITH_AVX2 static inline __m256i sip_whole(const void *p) {
    return _mm256_loadu_si256((const __m256i *)p);
}

SIP_WITH_AVX2 static inline uint32_t sip_colons_avx2(const uint8_t *p) {
    return (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(sip_whole(p), _mm256_set1_epi8(':')));
}

SIP_WITH_AVX2 static inline uint32_t sip_controls_avx2(const uint8_t *p) {
    __m256i whole = sip_whole(p);
    __m256i low = _mm256_cmpeq_epi8(_mm256_min_epu8(whole, _mm256_set1_epi8(0x1f)), whole);
    return (uint32_t)_mm256_movemask_epi8(_mm256_or_si256(low, _mm256_cmpeq_epi8(whole, _mm256_set1_epi8(0x7f))));
}

SIP_WITH_AVX2 static inline uint32_t sip_misspelt_avx2(const uint8_t *p, size_t entry) {
    __m256i folded = _mm256_or_si256(sip_whole(p), sip_whole(sip_name_words[entry].fold));
    return ~(uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(folded, sip_whole(sip_name_words[entry].text)));
}

/* The first control byte at or behind p, which has 32 readable bytes before it; end when there is none. */
static inline __attribute__((always_inline)) const uint8_t *sip_find_stop(
    struct sip_wide wide, const uint8_t *p, const uint8_t *end) {
    for (; end - p >= 32; p += 32) {
        uint32_t stops = wide.controls(p);
        if (stops) return p + (size_t)__builtin_ctz(stops);
    }
    if (p >= end) return end;
    uint32_t stops = wide.controls(end - 32) >> (32 - (end - p));
    return stops ? p + __builtin_ctz(stops) : end;
}

/* Fill slots from the line on; returns the first line that is not ordinary or has fewer than 32 bytes behind its
 * beginning. The pointers to functions are known where this is inlined, and inlined too. */
static inline __attribute__((always_inline)) const uint8_t *sip_index_lines(
    struct sip_wide wide, struct sip_lines *lines, const uint8_t *line) {
    const uint8_t *base = lines->base, *end = lines->end;
    const uint8_t *last_line = lines->limit - 32, *last_stop = end - 3;
    const ptrdiff_t longest = lines->longest;
    struct sip_slot *slot = lines->slot, *last = lines->last;
    while (slot < last && line <= last_line) {
        uint32_t colons = wide.colons(line);
        if (!colons) break;
        size_t length = (size_t)__builtin_ctz(colons);
        size_t entry = sip_name_table[sip_name_hash(line, length)];
        /* Compared up to the space behind the colon: where both are in their places, so is the end of the name. */
        if (wide.misspelt(line, entry) & ((colons ^ (colons - 1)) << 1 | 1)) break;
        const uint8_t *value = line + length + 2, *stop;
        uint32_t stops = wide.controls(line);
        if (stops) {
            stop = line + (size_t)__builtin_ctz(stops);
        } else {
            /* No further than the limit lets a field go, or a long one would be walked to its end to be refused. */
            stop = sip_find_stop(wide, line + 32, end - line > longest ? line + longest : end);
        }
        /* CR LF and the byte behind it, which tells whether the value goes on in the next line. */
        if (stop > last_stop || stop - line > longest || memcmp(stop, "\r\n", 2) != 0) break;
        if (value[0] <= ' ' || stop[-1] <= ' ') break;
        slot->name = (uint32_t)(line - base);
        slot->value = (uint32_t)(value - base);
        slot->value_size = (uint32_t)(stop - value);
        sip_say_which(slot, entry);
        slot++;
        line = stop + 2;
    }
    lines->slot = slot;
    return line;
}

static const uint8_t *sip_index_lines_sse2(struct sip_lines *lines, const uint8_t *line) {
    const struct sip_wide wide = {sip_colons_sse2, sip_controls_sse2, sip_misspelt_sse2};
    return sip_index_lines(wide, lines, line);
}

SIP_WITH_AVX2 static const uint8_t *sip_index_lines_avx2(struct sip_lines *lines, const uint8_t *line) {
    const struct sip_wide wide = {sip_colons_avx2, sip_controls_avx2, sip_misspelt_avx2};
    return sip_index_lines(wide, lines, line);
}

static inline int sip_widest(void) {
    __builtin_cpu_init();
    int avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2");
    return avx2 ? SIP_AVX2 : SIP_SSE2;
}
#else
static inline int sip_widest(void) {
    return SIP_NOT_WIDE;
}
#define sip_index_lines_sse2(lines, line) (line)
#define sip_index_lines_avx2(lines, line) (line)
#endif

static inline const uint8_t *sip_index_wide(int width, struct sip_lines *lines, const uint8_t *line) {
    return width == SIP_AVX2 ? sip_index_lines_avx2(lines, line) : sip_index_lines_sse2(lines, line);
}

/* Fill slots for as long as lines are ordinary; returns the first that is not. `line` is not the first of the message. */
static inline const uint8_t *sip_ordinary_fields(int width, struct sip_lines *lines, const uint8_t *line) {
    if (width == SIP_NOT_WIDE) return line;
    line = sip_index_wide(width, lines, line);
    ptrdiff_t left = lines->end - line;
    if (left < 8 || left >= 32 || *line == '\r' || lines->slot == lines->last) return line;
    /* A message without a body ends with a short line: it is read where there is room behind it. */
    uint8_t room[4 + 32 + 32] = "\r\n\r\n", *copy = room + 4;
    memcpy(copy, line, (size_t)left);
    struct sip_lines rest = {
        copy - (line - lines->base), copy + left, copy + 64, lines->longest, lines->slot, lines->last,
    };
    const uint8_t *at = sip_index_wide(width, &rest, copy);
    lines->slot = rest.slot;
    return line + (at - copy);
}

#endif
