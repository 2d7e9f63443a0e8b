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

enum { SIP_NAME_SLOTS = 1024, SIP_NAME_EMPTY = 255 };

static uint8_t sip_name_table[SIP_NAME_SLOTS];
static uint32_t sip_name_multiplier;

static inline uint32_t sip_name_hash(const uint8_t *name, uint32_t length, uint32_t multiplier) {
    /* 0x20 folds the case of letters and leaves every other token byte distinct enough. */
    uint32_t mix = length | (uint32_t)(name[0] | 0x20) << 8 | (uint32_t)(name[length / 2] | 0x20) << 16
                 | (uint32_t)(name[length - 1] | 0x20) << 24;
    return (mix * multiplier) >> 22;
}

/* Whether a token equals a lower-case spelling. Within `token`, or-ing 0x20 maps only letters onto letters and
 * leaves hyphen and digits alone, so this is exact. */
static inline int sip_name_equal(const uint8_t *name, const char *spelling, uint32_t length) {
    for (uint32_t i = 0; i < length; i++) {
        if ((name[i] | 0x20) != (uint8_t)spelling[i]) return 0;
    }
    return 1;
}

static inline int sip_name_id(const uint8_t *name, uint32_t length) {
    if (length == 0) return H_OTHER;
    uint8_t entry = sip_name_table[sip_name_hash(name, length, sip_name_multiplier)];
    if (entry == SIP_NAME_EMPTY || sip_header_spellings[entry].length != length) return H_OTHER;
    return sip_name_equal(name, sip_header_spellings[entry].name, length) ? sip_header_spellings[entry].id : H_OTHER;
}

static inline int sip_fill_name_table(uint32_t multiplier) {
    memset(sip_name_table, SIP_NAME_EMPTY, sizeof sip_name_table);
    for (uint32_t i = 0; i < SIP_HEADER_SPELLINGS; i++) {
        const uint8_t *name = (const uint8_t *)sip_header_spellings[i].name;
        uint32_t slot = sip_name_hash(name, sip_header_spellings[i].length, multiplier);
        if (sip_name_table[slot] != SIP_NAME_EMPTY) return 0;
        sip_name_table[slot] = (uint8_t)i;
    }
    return 1;
}

/* Find a multiplier that separates all spellings; 0 when a million tries found none. */
static inline int sip_init_names(void) {
    uint32_t multiplier = 0x9e3779b1u;
    for (int attempt = 0; attempt < 1000000; attempt++, multiplier += 0x61c88646u | 1u) {
        if (sip_fill_name_table(multiplier | 1u)) {
            sip_name_multiplier = multiplier | 1u;
            return 1;
        }
    }
    return 0;
}

#endif
