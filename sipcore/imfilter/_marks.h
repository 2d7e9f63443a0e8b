/* Where may one of many patterns stand? The answer for text in which none does, 32 bytes at a time.
 *
 * What marks a pattern is a pair of bytes, either its last two or its first two, whichever are rarer in running text.
 * Link prefixes end in a colon or a full stop behind one of eight letters, and addresses may all begin with "ht". Two
 * tables say of each byte which patterns may have it second in their pair, and two more which may have it first, one bit
 * for each group of patterns; where the two agree on a bit, there may be a mark. A table of hashes of two to four bytes
 * with that pair at their end (or beginning) then refuses nearly all places that are left: "stop. The" agrees in two
 * bytes with "ftp.", and not in four. Whoever asks has to make sure of the rest.
 *
 * The tables are split by the halves of a byte (`low`, `high`), because that is what the shuffle of AVX2 looks up for
 * 32 bytes at once. That adds bytes that no pattern has, so the twin without vectors works by what the split tables
 * say: both name the same places. AVX2 is asked for at run time; every other processor gets the twin.
 */
#ifndef SIPCORE_MARKS_H
#define SIPCORE_MARKS_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum { SIP_HASH_BITS = 13, SIP_PAIR = 2, SIP_MOST_HASHED = 4 };

struct sip_halves {
    uint8_t low[16], high[16];
};

struct sip_marks {
    struct sip_halves second, first;
    uint8_t second_of[256], first_of[256]; /* the same by whole bytes */
    uint32_t hashed;                       /* bytes: as many as the shortest pattern has */
    uint32_t behind;                       /* of them, how many stand behind the pair: none when it is the last */
    int vectors;
    uint8_t hashes[1 << (SIP_HASH_BITS - 3)];
};

/* -- looking -------------------------------------------------------------------------------------------------------- */

/* Up to four bytes; case does not count. */
static inline uint32_t sip_hash(const uint8_t *bytes, uint32_t size) {
    uint32_t word = (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8;
    if (size >= 3) word |= (uint32_t)bytes[2] << 16;
    if (size >= 4) word |= (uint32_t)bytes[3] << 24;
    return (word | 0x20202020u) * 0x9e3779b1u >> (32 - SIP_HASH_BITS);
}

/* Whether there may be a mark whose pair ends with the byte at `at`. */
static inline int sip_is_mark(const struct sip_marks *marks, const uint8_t *data, ptrdiff_t at, ptrdiff_t size) {
    ptrdiff_t start = at + 1 + marks->behind - marks->hashed;
    if (start < 0 || start + marks->hashed > size) return 0;
    uint32_t hash = sip_hash(data + start, marks->hashed);
    return marks->hashes[hash >> 3] >> (hash & 7) & 1;
}

/* The first byte from `at` on with which the pair of a mark may end, -1 when there is none. The byte before `at` is
 * read too, if there is one. */
static inline ptrdiff_t sip_next_mark_scalar(
    const struct sip_marks *marks, const uint8_t *data, ptrdiff_t at, ptrdiff_t size) {
    for (at = at ? at : 1; at < size; at++) {
        if ((marks->second_of[data[at]] & marks->first_of[data[at - 1]]) && sip_is_mark(marks, data, at, size)) return at;
    }
    return -1;
}

#if defined(__x86_64__) && defined(__GNUC__)
#include <immintrin.h>

__attribute__((target("avx2"))) static inline __m256i sip_look_up(const struct sip_halves *halves, __m256i bytes) {
    const __m256i low = _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)halves->low));
    const __m256i high = _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)halves->high));
    const __m256i half = _mm256_set1_epi8(15);
    return _mm256_and_si256(_mm256_shuffle_epi8(low, _mm256_and_si256(bytes, half)),
                            _mm256_shuffle_epi8(high, _mm256_and_si256(_mm256_srli_epi16(bytes, 4), half)));
}

/* A bit for each of the 32 bytes at p that may be second in a pair; the byte before p is read too. */
__attribute__((target("avx2"))) static inline uint32_t sip_pairs_in(const struct sip_marks *marks, const uint8_t *p) {
    __m256i second = sip_look_up(&marks->second, _mm256_loadu_si256((const __m256i *)p));
    __m256i first = sip_look_up(&marks->first, _mm256_loadu_si256((const __m256i *)(p - 1)));
    __m256i none = _mm256_cmpeq_epi8(_mm256_and_si256(second, first), _mm256_setzero_si256());
    return ~(uint32_t)_mm256_movemask_epi8(none);
}

/* Needs 33 bytes. The last block ends with the text; what the block before it has shown already is masked out. */
__attribute__((target("avx2"))) static ptrdiff_t sip_next_mark_avx2(
    const struct sip_marks *marks, const uint8_t *data, ptrdiff_t at, ptrdiff_t size) {
    for (at = at ? at : 1; at < size; at += 32) {
        ptrdiff_t start = size - at >= 32 ? at : size - 32;
        uint32_t places = sip_pairs_in(marks, data + start) & (0xffffffffu << (at - start));
        for (; places; places &= places - 1) {
            ptrdiff_t second = start + __builtin_ctz(places);
            if (sip_is_mark(marks, data, second, size)) return second;
        }
    }
    return -1;
}

static inline int sip_have_vectors(void) {
    return __builtin_cpu_supports("avx2") != 0;
}
#else
#define sip_next_mark_avx2 sip_next_mark_scalar

static inline int sip_have_vectors(void) {
    return 0;
}
#endif

static inline ptrdiff_t sip_next_mark(const struct sip_marks *marks, const uint8_t *data, ptrdiff_t at, ptrdiff_t size) {
    return marks->vectors && size > 32 ? sip_next_mark_avx2(marks, data, at, size)
                                       : sip_next_mark_scalar(marks, data, at, size);
}

/* -- building ------------------------------------------------------------------------------------------------------- */

static inline void sip_add_half(struct sip_halves *halves, uint8_t byte, uint8_t group) {
    halves->low[byte & 15] |= group;
    halves->high[byte >> 4] |= group;
}

static inline void sip_add_byte(struct sip_halves *halves, uint8_t byte, uint8_t group, int ignore_case) {
    sip_add_half(halves, byte, group);
    if (ignore_case && byte >= 'a' && byte <= 'z') sip_add_half(halves, byte & 0xdf, group);
}

/* For patterns of `shortest` bytes and more, two at least, marked by their last bytes or by their first. */
static inline void sip_start_marks(struct sip_marks *marks, uint32_t shortest, int by_last) {
    memset(marks, 0, sizeof *marks);
    marks->vectors = sip_have_vectors();
    marks->hashed = shortest < SIP_MOST_HASHED ? shortest : SIP_MOST_HASHED;
    marks->behind = by_last ? 0 : marks->hashed - SIP_PAIR;
}

/* A pattern, in lower case where case does not count, and the bit of its group. */
static inline void sip_add_mark(
    struct sip_marks *marks, const uint8_t *pattern, uint32_t size, int by_last, uint8_t group, int ignore_case) {
    const uint8_t *pair = by_last ? pattern + size - SIP_PAIR : pattern;
    uint32_t hash = sip_hash(by_last ? pattern + size - marks->hashed : pattern, marks->hashed);
    marks->hashes[hash >> 3] |= (uint8_t)(1u << (hash & 7));
    sip_add_byte(&marks->first, pair[0], group, ignore_case);
    sip_add_byte(&marks->second, pair[1], group, ignore_case);
}

static inline void sip_finish_marks(struct sip_marks *marks) {
    for (int byte = 0; byte < 256; byte++) {
        marks->second_of[byte] = marks->second.low[byte & 15] & marks->second.high[byte >> 4];
        marks->first_of[byte] = marks->first.low[byte & 15] & marks->first.high[byte >> 4];
    }
}

#endif
