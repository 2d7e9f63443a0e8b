/* One header field of the index, for C and for Cython (`_index.pxd`). */
#ifndef SIPCORE_SLOT_H
#define SIPCORE_SLOT_H

#include <stdint.h>

/* Its line ends where the next one's name begins, the last one's at the empty line. */
struct sip_slot {
    uint32_t name;
    uint32_t value;
    uint32_t value_size;
    uint16_t name_size;
    uint8_t id; /* H_..., H_OTHER when the name is not in the grammar */
    uint8_t flags;
};

#endif
