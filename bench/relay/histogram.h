/*
 * Latencies by size, in nanoseconds. An octave has 32 buckets of equal width, so the middle of a bucket is within 1.6 %
 * of everything in it, from a nanosecond to days, in a table that stays in the cache.
 */
#ifndef SIPCORE_BENCH_HISTOGRAM_H
#define SIPCORE_BENCH_HISTOGRAM_H

#include <stddef.h>
#include <stdint.h>

enum { OCTAVE_BITS = 5, BUCKETS_AN_OCTAVE = 1 << OCTAVE_BITS, BUCKETS = 50 * BUCKETS_AN_OCTAVE };

static inline size_t bucket_of(uint64_t ns)
{
    if (ns < BUCKETS_AN_OCTAVE)
        return ns;
    int shift = 63 - __builtin_clzll(ns) - OCTAVE_BITS;
    size_t bucket = (size_t)(shift + 1) * BUCKETS_AN_OCTAVE + (ns >> shift) % BUCKETS_AN_OCTAVE;
    return bucket < BUCKETS ? bucket : BUCKETS - 1;
}

static inline double middle_of(size_t bucket)
{
    if (bucket < BUCKETS_AN_OCTAVE)
        return (double)bucket;
    int shift = (int)(bucket / BUCKETS_AN_OCTAVE) - 1;
    uint64_t low = (uint64_t)(BUCKETS_AN_OCTAVE + bucket % BUCKETS_AN_OCTAVE) << shift;
    return (double)low + (double)(1ULL << shift) / 2;
}

/* What this share of `count` latencies did not exceed; 0 of none. */
static inline double percentile(const uint64_t *latencies, uint64_t count, double share)
{
    uint64_t rank = (uint64_t)(share * (double)count), seen = 0;
    for (size_t bucket = 0; bucket < BUCKETS; bucket++) {
        seen += latencies[bucket];
        if (seen > rank)
            return middle_of(bucket);
    }
    return 0;
}

#endif
