/* Eight walks at once: whether a stretch of text holds no end of any pattern.
 *
 * A step of the automaton waits for the one before it, five cycles when the row is near and fifteen and more when there
 * are thousands of patterns, and does nearly nothing. So a stretch is cut into eight lanes that are walked side by side,
 * which takes a third of the time with twenty patterns and a quarter with 30,000. Each lane but the first begins
 * `warm` bytes before its own part, at the root: no pattern is longer than that, so it sees every pattern that ends in
 * its part, and the last one is at the end where a single walk would be.
 *
 * Plain C, with nothing of a processor's own: the twin is the walk that `_walking.pyx` makes byte by byte.
 */
#ifndef SIPCORE_LANES_H
#define SIPCORE_LANES_H

#include <stddef.h>
#include <stdint.h>

enum { SIP_LANES = 8 };

/* Lane by lane one byte further, from lane `first` on; the entries of all of them in one. */
static inline uint32_t sip_step_lanes(
    uint32_t *entries, int first, const uint32_t *rows, const uint8_t *classes, const uint8_t *data, ptrdiff_t length) {
    uint32_t seen = 0;
    for (int lane = first; lane < SIP_LANES; lane++) {
        entries[lane] = rows[entries[lane] + classes[data[lane * length]]];
        seen |= entries[lane];
    }
    return seen;
}

/* Reads SIP_LANES * length bytes from the place on, which has a row, and then moves it to their end; 0, and nothing
 * moved, when an entry has one of the flags: some pattern ends there, or some state has no row. A lane is at least
 * `warm` bytes long. */
static int sip_lanes_are_clean(
    const uint32_t *rows, const uint8_t *classes, const uint8_t *data, ptrdiff_t length, ptrdiff_t warm, uint32_t flags,
    uint32_t *place) {
    uint32_t entries[SIP_LANES] = {0};
    for (ptrdiff_t i = -warm; i < 0; i++) {
        if (sip_step_lanes(entries, 1, rows, classes, data + i, length) & flags) return 0;
    }
    entries[0] = *place;
    for (ptrdiff_t i = 0; i < length; i++) {
        if (sip_step_lanes(entries, 0, rows, classes, data + i, length) & flags) return 0;
    }
    *place = entries[SIP_LANES - 1];
    return 1;
}

#endif
