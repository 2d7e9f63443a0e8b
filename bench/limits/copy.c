/* The floor: to read and write every byte once. */
#include <string.h>

#include "clock.h"

/* One pass over all items; `room` holds the largest of them. */
int64_t time_copy(const struct item *items, size_t count, uint8_t *room)
{
    int64_t start = now();
    for (size_t i = 0; i < count; i++) {
        memcpy(room, items[i].data, items[i].size);
        keep((uintptr_t)room);
    }
    return now() - start;
}
