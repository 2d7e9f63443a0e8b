/* Whether any of a few link prefixes stands in a text, in any case of the letters of ASCII. Two ways.
 *
 * The automaton takes one step for every byte; each step waits for the one before. Its table comes from Python
 * (automaton.py): 256 columns a state, one byte an entry, so that the default prefixes need 19 kB of first-level cache.
 *
 * The vector search looks at 32 bytes at once for what a prefix can end in, together with the byte before it, and
 * looks back only there. All prefixes but one end in ':' or '.'; that one is `href`, so 'f' is looked for as well. In
 * the tables this is one more bit, and no more work for a block; what it costs is a look back at every "ef" of the
 * text, as in "before". Without the byte before, every full stop of prose would be looked back from, and every 'f'. */
#include "prefixes.h"

#include <string.h>

#include "clock.h"

#define FOUND 255 /* the entry of the table that ends the walk; no state has this number */
#define PREFIX_BYTES 8
#define SLOT_BITS 7

/* One prefix as the last bytes of a 64-bit word: (word | fold) & mask == want. An empty slot wants what cannot be. */
struct prefix {
    uint64_t fold, mask, want;
};

/* `last` and `before` have a bit for each byte that a prefix may end in, under the low and the high half of that byte
 * and of those that stand before it: where all four agree on a bit, a prefix may end.
 *
 * Each prefix is in the slot of its last four bytes, so that two comparisons decide and nothing branches before them.
 * The factor is one under which only prefixes with the same four bytes share a slot (`callto:` and `mailto:`); Python
 * looks for it. */
struct prefixes {
    uint8_t last[2][16], before[2][16];
    uint32_t factor;
    struct prefix slot[1 << SLOT_BITS][2];
};

size_t prefixes_size(void)
{
    return sizeof(struct prefixes);
}

int find_dense(const uint8_t *data, size_t size, const uint8_t *table)
{
    size_t state = 0;
    for (size_t i = 0; i < size; i++) {
        state = table[state << 8 | data[i]];
        if (state == FOUND)
            return 1;
    }
    return 0;
}

int64_t time_dense(const struct item *items, size_t count, const uint8_t *table)
{
    int64_t start = now();
    for (size_t i = 0; i < count; i++)
        keep((uint64_t)find_dense(items[i].data, items[i].size, table));
    return now() - start;
}

#if defined(__x86_64__)
#include <immintrin.h>

/* The eight bytes up to and with `last`; bytes before the text count as zeros. */
static inline uint64_t word_up_to(const uint8_t *data, size_t last)
{
    uint64_t word = 0;
    if (last + 1 >= PREFIX_BYTES)
        memcpy(&word, data + last + 1 - PREFIX_BYTES, PREFIX_BYTES); /* of fixed size, so one load and no call */
    else
        memcpy((uint8_t *)&word + PREFIX_BYTES - 1 - last, data, last + 1);
    return word;
}

static inline int is_prefix(uint64_t word, const struct prefix *prefix)
{
    return ((word | prefix->fold) & prefix->mask) == prefix->want;
}

/* Whether a prefix ends with the byte at `last`. */
static inline int ends_at(const uint8_t *data, size_t last, const struct prefixes *prefixes)
{
    uint64_t word = word_up_to(data, last);
    uint32_t ending = (uint32_t)(word >> 32) | 0x20202020u;
    const struct prefix *pair = prefixes->slot[ending * prefixes->factor >> (32 - SLOT_BITS)];
    return is_prefix(word, &pair[0]) | is_prefix(word, &pair[1]);
}

/* What a pair of tables says of each of 32 bytes. */
__attribute__((target("avx2"))) static inline __m256i looked_up(const uint8_t table[2][16], __m256i bytes)
{
    const __m256i low = _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)table[0]));
    const __m256i high = _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)table[1]));
    const __m256i half = _mm256_set1_epi8(15);
    return _mm256_and_si256(_mm256_shuffle_epi8(low, _mm256_and_si256(bytes, half)),
                            _mm256_shuffle_epi8(high, _mm256_and_si256(_mm256_srli_epi16(bytes, 4), half)));
}

/* A bit for each of the 32 bytes from `at` on that a prefix may end in; the byte before `at` is read too. */
__attribute__((target("avx2"))) static inline uint32_t ends_in(const uint8_t *at, const struct prefixes *prefixes)
{
    __m256i last = looked_up(prefixes->last, _mm256_loadu_si256((const __m256i *)at));
    __m256i before = looked_up(prefixes->before, _mm256_loadu_si256((const __m256i *)(at - 1)));
    __m256i nothing = _mm256_cmpeq_epi8(_mm256_and_si256(last, before), _mm256_setzero_si256());
    return ~(uint32_t)_mm256_movemask_epi8(nothing);
}

/* Look back at every place where a prefix may end. Needs 33 bytes: no prefix ends in the first byte, which is only ever
 * read as the byte before; the last block ends with the text and may see again what the one before it saw. */
__attribute__((target("avx2"))) static inline int find_in_blocks(const uint8_t *data, size_t size,
                                                                const struct prefixes *prefixes)
{
    for (size_t at = 1; at < size; at += 32) {
        size_t base = at + 32 <= size ? at : size - 32;
        for (uint32_t ends = ends_in(data + base, prefixes); ends; ends &= ends - 1)
            if (ends_at(data, base + (size_t)__builtin_ctz(ends), prefixes))
                return 1;
    }
    return 0;
}

__attribute__((target("avx2"))) int find_vector(const uint8_t *data, size_t size, const struct prefixes *prefixes)
{
    uint8_t padded[33] = {0};
    if (size >= sizeof padded)
        return find_in_blocks(data, size, prefixes);
    memcpy(padded, data, size);
    return find_in_blocks(padded, sizeof padded, prefixes);
}

__attribute__((target("avx2"))) int64_t time_vector(const struct item *items, size_t count,
                                                    const struct prefixes *prefixes)
{
    int64_t start = now();
    for (size_t i = 0; i < count; i++)
        keep((uint64_t)find_vector(items[i].data, items[i].size, prefixes));
    return now() - start;
}

/* Weak: whoever links this with the index has it from there as well. */
__attribute__((weak)) int has_avx2(void)
{
    return __builtin_cpu_supports("avx2") != 0;
}
#else
int has_avx2(void)
{
    return 0;
}
#endif
