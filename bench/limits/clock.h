/* What every timed loop here needs: inputs, a clock, and a way to make the compiler do the work. */
#ifndef SIPCORE_BENCH_CLOCK_H
#define SIPCORE_BENCH_CLOCK_H

#include <stddef.h>
#include <stdint.h>
#include <time.h>

/* One input. Nothing may be read before `data` or at `data + size`. */
struct item {
    const uint8_t *data;
    size_t size;
};

/* Nanoseconds of a clock that never goes back. */
static inline int64_t now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

/* Tell the compiler that somebody reads the value and all memory, so it cannot leave out what led to them. */
static inline void keep(uint64_t value)
{
    __asm__ volatile("" : : "r"(value) : "memory");
}

#endif
