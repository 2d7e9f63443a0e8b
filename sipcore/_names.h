/* Header name to id: one hash, one compare.
 *
 * The table is filled once from the spellings that the build took from grammar.py. The hash mixes the length with the
 * first three letters and the last three; a multiplier without collisions is searched for at start, so that a look-up
 * never probes and an attacker has nothing to collide.
 */
#ifndef SIPCORE_NAMES_H
#define SIPCORE_NAMES_H

#include <stdint.h>
#include <string.h>
#include "_grammar.h"
#include "_slot.h"

enum { SIP_NAME_SLOTS = 1024, SIP_NAME_EMPTY = SIP_HEADER_SPELLINGS, SIP_LONGEST_NAME = 32 };

static uint8_t sip_name_table[SIP_NAME_SLOTS];
static uint32_t sip_name_multiplier;

/* Each spelling as it stands in nearly every line, with a colon and a space behind it, and what to or to a name before it
 * is compared: 0x20 where the spelling has a letter, so that only letters lose their case and every other byte must be
 * exactly the one that is spelt. The one behind the last is for the empty places of the table: no name is equal to it,
 * as or-ing 0xff never gives NUL. */
static struct { uint8_t text[SIP_LONGEST_NAME], fold[SIP_LONGEST_NAME]; } sip_name_words[SIP_HEADER_SPELLINGS + 1];
/* What the last four bytes of a slot say of each: length, id, no flag. */
static struct { uint16_t size; uint8_t id, flags; } sip_name_slots[SIP_HEADER_SPELLINGS + 1];

static inline void sip_say_which(struct sip_slot *slot, size_t entry) {
    memcpy(&slot->name_size, &sip_name_slots[entry], sizeof sip_name_slots[entry]);
}

static inline uint32_t sip_four_bytes(const uint8_t *p) {
    uint32_t word;
    memcpy(&word, p, sizeof word);
    return word | 0x20202020u;
}

/* The hash of a name in its line: CR LF before it, a colon and a space behind it, at least 28 readable bytes in all, so
 * that two loads of four bytes read what is the same for every name of that spelling, however short. */
static inline uint32_t sip_name_hash(const uint8_t *name, size_t length) {
    uint32_t head = sip_four_bytes(name - 1) + (uint32_t)length, tail = sip_four_bytes(name + length - 3);
    return ((head * 0x9e3779b1u + tail) * sip_name_multiplier) >> 22;
}

/* The id of a name that stands anywhere. */
static inline int sip_name_id(const uint8_t *name, uint32_t length) {
    if (length == 0 || length > SIP_LONGEST_NAME - 2) return H_OTHER;
    uint8_t line[SIP_LONGEST_NAME + 4] = "\r\n";
    memcpy(line + 2, name, length);
    memcpy(line + 2 + length, ": ", 2);
    uint32_t entry = sip_name_table[sip_name_hash(line + 2, length)];
    if (sip_name_slots[entry].size != length) return H_OTHER;
    for (uint32_t i = 0; i < length; i++) {
        if ((name[i] | sip_name_words[entry].fold[i]) != sip_name_words[entry].text[i]) return H_OTHER;
    }
    return sip_name_slots[entry].id;
}

static inline int sip_fill_name_table(void) {
    memset(sip_name_table, SIP_NAME_EMPTY, sizeof sip_name_table);
    for (uint32_t i = 0; i < SIP_HEADER_SPELLINGS; i++) {
        uint8_t line[SIP_LONGEST_NAME + 2] = "\r\n";
        memcpy(line + 2, sip_name_words[i].text, SIP_LONGEST_NAME);
        uint32_t place = sip_name_hash(line + 2, sip_name_slots[i].size);
        if (sip_name_table[place] != SIP_NAME_EMPTY) return 0;
        sip_name_table[place] = (uint8_t)i;
    }
    return 1;
}

static inline void sip_spell_name(uint32_t entry, const char *name, uint32_t length, uint8_t id) {
    sip_name_slots[entry].size = (uint16_t)length;
    sip_name_slots[entry].id = id;
    memcpy(sip_name_words[entry].text, name, length);
    memcpy(sip_name_words[entry].text + length, ": ", 2);
    for (uint32_t k = 0; k < length; k++) {
        sip_name_words[entry].fold[k] = name[k] >= 'a' && name[k] <= 'z' ? 0x20 : 0;
    }
}

/* Fill the words and find a multiplier that separates all spellings; 0 when a name is too long, or a million
 * multipliers were too few. */
static inline int sip_init_names(void) {
    memset(sip_name_words[SIP_NAME_EMPTY].fold, 0xff, SIP_LONGEST_NAME);
    for (uint32_t i = 0; i < SIP_HEADER_SPELLINGS; i++) {
        if (sip_header_spellings[i].length > SIP_LONGEST_NAME - 2) return 0;
        sip_spell_name(i, sip_header_spellings[i].name, sip_header_spellings[i].length, sip_header_spellings[i].id);
    }
    sip_name_multiplier = 0x9e3779b1u;
    for (int attempt = 0; attempt < 1000000; attempt++, sip_name_multiplier += 0x61c88646u) {
        if (sip_fill_name_table()) return 1;
    }
    return 0;
}

#endif
