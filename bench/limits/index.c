/* The index of lines and colons, byte by byte and 32 bytes at a time. */
#include "index.h"

#include <string.h>

#include "clock.h"

#define MAX_LINES (sizeof((struct index *)0)->line / sizeof(struct line))

/* Byte by byte. */
int index_scalar(const uint8_t *data, size_t size, struct index *index)
{
    size_t at = 0, lines = 0;
    uint32_t colon = NO_COLON;
    for (;;) {
        size_t start = at;
        while (at < size && data[at] != '\n' && (data[at] != ':' || lines == 0))
            at++;
        if (at < size && data[at] == ':') {
            colon = (uint32_t)at;
            while (at < size && data[at] != '\n')
                at++;
        }
        if (at == size)
            return NO_END;
        at++;
        if (lines == MAX_LINES)
            return TOO_MANY_LINES;
        index->line[lines] = (struct line){(uint32_t)start, colon};
        if (lines > 0 && colon == NO_COLON) {
            index->lines = (uint32_t)lines;
            index->head_size = (uint32_t)at;
            return at - start <= 2 ? 0 : LINE_WITHOUT_COLON;
        }
        lines++;
        colon = NO_COLON;
    }
}

#if defined(__x86_64__)
#include <immintrin.h>

/* A bit for each of the 32 bytes that equals `byte`. */
__attribute__((target("avx2"))) static inline uint32_t places_of(char byte, __m256i block)
{
    return (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(block, _mm256_set1_epi8(byte)));
}

/* The block at `at`; the last one is filled up with zeros, for nothing may be read behind the data. */
__attribute__((target("avx2"))) static inline __m256i block_at(const uint8_t *data, size_t size, size_t at)
{
    uint8_t last[32] = {0};
    if (size - at >= 32)
        return _mm256_loadu_si256((const __m256i *)(data + at));
    memcpy(last, data + at, size - at);
    return _mm256_loadu_si256((const __m256i *)last);
}

/* 32 bytes at a time: one step for each line end and for each first colon, none for the bytes between. */
__attribute__((target("avx2"))) int index_avx2(const uint8_t *data, size_t size, struct index *index)
{
    struct line line = {0, NO_COLON};
    size_t lines = 0;
    for (size_t base = 0; base < size; base += 32) {
        __m256i block = block_at(data, size, base);
        uint32_t colons = places_of(':', block), feeds = places_of('\n', block);
        for (;;) {
            int in_name = lines > 0 && line.colon == NO_COLON;
            uint32_t wanted = in_name ? colons | feeds : feeds;
            if (wanted == 0)
                break;
            uint32_t place = (uint32_t)__builtin_ctz(wanted), at = (uint32_t)base + place;
            uint32_t behind = UINT32_MAX << 1 << place;
            int is_colon = colons >> place & 1;
            colons &= behind;
            feeds &= behind;
            if (is_colon) {
                line.colon = at;
                continue;
            }
            if (lines == MAX_LINES)
                return TOO_MANY_LINES;
            index->line[lines] = line;
            if (in_name) {
                index->lines = (uint32_t)lines;
                index->head_size = at + 1;
                return at + 1 - line.start <= 2 ? 0 : LINE_WITHOUT_COLON;
            }
            lines++;
            line = (struct line){at + 1, NO_COLON};
        }
    }
    return NO_END;
}

int has_avx2(void)
{
    return __builtin_cpu_supports("avx2") != 0;
}
#else
int index_avx2(const uint8_t *data, size_t size, struct index *index)
{
    return index_scalar(data, size, index);
}

int has_avx2(void)
{
    return 0;
}
#endif

int64_t time_scalar(const struct item *items, size_t count)
{
    struct index index;
    int64_t start = now();
    for (size_t i = 0; i < count; i++) {
        keep((uint64_t)index_scalar(items[i].data, items[i].size, &index));
        keep((uintptr_t)&index);
    }
    return now() - start;
}

int64_t time_avx2(const struct item *items, size_t count)
{
    struct index index;
    int64_t start = now();
    for (size_t i = 0; i < count; i++) {
        keep((uint64_t)index_avx2(items[i].data, items[i].size, &index));
        keep((uintptr_t)&index);
    }
    return now() - start;
}
