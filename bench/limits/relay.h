/* What a relay does with one message, and no more: parse it, look for link prefixes in the body of a MESSAGE, answer
 * 606 where there is one, else pass it on with a Via more. */
#ifndef SIPCORE_BENCH_RELAY_H
#define SIPCORE_BENCH_RELAY_H

#include "forward.h" /* first: it asks for all that the C library has */

#include <stddef.h>
#include <stdint.h>

#include "prefixes.h"

#define LONGEST_MESSAGE 65536
/* What a message may grow by: a Via, or the tag and the last line of an answer. */
#define GROWTH 192
/* Of one reading, with what was left of the one before; joined, its messages leave in one writing. */
#define TEXT_BYTES (4 * LONGEST_MESSAGE)

/* Messages that are to be written, one behind the other. */
struct text {
    size_t size;
    uint8_t data[TEXT_BYTES];
};

struct relay {
    struct arguments arguments;
    const char *transport; /* "UDP" */
    struct prefixes *prefixes;
};

/* PREFIXES LISTEN_PORT TARGET_PORT [CORE]; PREFIXES is a file with the table of the vector search. */
struct relay start_relay(int count, char **words, const char *transport);

/* Relay the message at the front: it goes to the end of `onward`, or its refusal to the end of `back`. Both need room
 * for `size` + GROWTH bytes.
 *
 * The length of the message; 0 when there is no whole one. What cannot be read is no whole message either. */
size_t relay_message(const struct relay *relay, const uint8_t *data, size_t size, struct text *onward,
                     struct text *back);

#endif
