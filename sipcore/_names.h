/* Header name to id: one hash, one compare.
 *
 * The table is filled once from the spellings that the build took from grammar.py. The hash mixes length, first,
 * middle and last byte; a multiplier without collisions is searched for at start, so that a look-up never probes and an
 * attacker has nothing to collide.
 */
#ifndef SIPCORE_NAMES_H
#define SIPCORE_NAMES_H

#include <stdint.h>
#include <string.h>
#include "_grammar.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

enum { SIP_NAME_SLOTS = 1024, SIP_NAME_EMPTY = SIP_HEADER_SPELLINGS, SIP_LONGEST_NAME = 32 };

static uint8_t sip_name_table[SIP_NAME_SLOTS];
static uint32_t sip_name_multiplier;

/* Each spelling with its colon, and what to or to a name before it is compared: 0x20 where the spelling has a letter,
 * so that only letters lose their case and every other byte must be exactly the one that is spelt. The one behind the
 * last is for the empty places of the table: no name is equal to it, as or-ing 0xff never gives NUL. */
static struct { uint8_t text[SIP_LONGEST_NAME], fold[SIP_LONGEST_NAME]; } sip_name_words[SIP_HEADER_SPELLINGS + 1];
static uint8_t sip_name_ids[SIP_HEADER_SPELLINGS + 1];

static inline uint32_t sip_name_hash(const uint8_t *name, uint32_t length) {
    uint32_t mix = length | (uint32_t)(name[0] | 0x20) << 8 | (uint32_t)(name[length / 2] | 0x20) << 16
                 | (uint32_t)(name[length - 1] | 0x20) << 24;
    return (mix * sip_name_multiplier) >> 22;
}

/* Whether `length` bytes are those of a spelling from its byte `from` on. */
static inline int sip_name_equal(const uint8_t *name, uint32_t entry, uint32_t length, uint32_t from) {
    for (uint32_t i = 0; i < length; i++) {
        if ((name[i] | sip_name_words[entry].fold[from + i]) != sip_name_words[entry].text[from + i]) return 0;
    }
    return 1;
}

static inline int sip_name_id(const uint8_t *name, uint32_t length) {
    if (length == 0) return H_OTHER;
    uint8_t entry = sip_name_table[sip_name_hash(name, length)];
    if (entry == SIP_NAME_EMPTY || sip_header_spellings[entry].length != length) return H_OTHER;
    return sip_name_equal(name, entry, length, 0) ? sip_header_spellings[entry].id : H_OTHER;
}

/* The known name that a colon ends at p: its length, and its id 8 bits higher; 0 when there is none, which leaves it to
 * the general way. A name that is found is a token, for its spelling is one. Nothing at or past `end` is read.
 * Nearly all names end here, for a third of the instructions that the general way takes. */
static inline uint32_t sip_known_name(const uint8_t *p, const uint8_t *end) {
#if defined(__SSE2__)
    if (end - p < 16) return 0;
    const __m128i colon = _mm_set1_epi8(':');
    const __m128i low = _mm_loadu_si128((const __m128i *)p);
    uint32_t colons = (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(low, colon));
    if (__builtin_expect(colons == 0, 0)) {
        if (end - p < SIP_LONGEST_NAME) return 0;
        const __m128i high = _mm_loadu_si128((const __m128i *)(p + 16));
        colons = (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(high, colon)) << 16;
        if (colons == 0) return 0;
    }
    uint32_t length = (uint32_t)__builtin_ctz(colons);
    if (length == 0) return 0;
    uint32_t entry = sip_name_table[sip_name_hash(p, length)];
    const __m128i *text = (const __m128i *)sip_name_words[entry].text;
    const __m128i *fold = (const __m128i *)sip_name_words[entry].fold;
    __m128i same = _mm_cmpeq_epi8(_mm_or_si128(low, _mm_loadu_si128(fold)), _mm_loadu_si128(text));
    /* The colon is compared too: where it is in the same place, so is the end of the name. */
    uint32_t different = ~(uint32_t)_mm_movemask_epi8(same) & (length < 16 ? (2u << length) - 1 : 0xffffu);
    if (different || (length >= 16 && !sip_name_equal(p + 16, entry, length - 15, 16))) return 0;
    return length | (uint32_t)sip_name_ids[entry] << 8;
#else
    (void)p; (void)end;
    return 0;
#endif
}

static inline int sip_fill_name_table(void) {
    memset(sip_name_table, SIP_NAME_EMPTY, sizeof sip_name_table);
    for (uint32_t i = 0; i < SIP_HEADER_SPELLINGS; i++) {
        uint32_t slot = sip_name_hash((const uint8_t *)sip_header_spellings[i].name, sip_header_spellings[i].length);
        if (sip_name_table[slot] != SIP_NAME_EMPTY) return 0;
        sip_name_table[slot] = (uint8_t)i;
    }
    return 1;
}

/* Fill the words and find a multiplier that separates all spellings; 0 when a name is too long, or a million
 * multipliers were too few. */
static inline int sip_init_names(void) {
    memset(sip_name_words[SIP_NAME_EMPTY].fold, 0xff, SIP_LONGEST_NAME);
    for (uint32_t i = 0; i < SIP_HEADER_SPELLINGS; i++) {
        if (sip_header_spellings[i].length >= SIP_LONGEST_NAME) return 0;
        sip_name_words[i].text[sip_header_spellings[i].length] = ':';
        sip_name_ids[i] = sip_header_spellings[i].id;
        for (uint32_t k = 0; k < sip_header_spellings[i].length; k++) {
            uint8_t letter = (uint8_t)sip_header_spellings[i].name[k];
            sip_name_words[i].text[k] = letter;
            sip_name_words[i].fold[k] = letter >= 'a' && letter <= 'z' ? 0x20 : 0;
        }
    }
    sip_name_multiplier = 0x9e3779b1u;
    for (int attempt = 0; attempt < 1000000; attempt++, sip_name_multiplier += 0x61c88646u) {
        if (sip_fill_name_table()) return 1;
    }
    return 0;
}

#endif
