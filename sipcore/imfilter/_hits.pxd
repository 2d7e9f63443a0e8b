"""What a search has found so far: a list that grows without the GIL, and the Python list that it becomes."""

from libc.stdint cimport uint32_t
from libc.stdlib cimport realloc


cdef struct Hit:
    uint32_t pattern
    Py_ssize_t start
    Py_ssize_t end


cdef struct Hits:
    Hit *items
    Py_ssize_t length
    Py_ssize_t room
    Py_ssize_t limit


cdef enum Outcome:
    ENOUGH = 1
    MORE = 0
    NO_ROOM = -1


cdef inline Outcome push_hit(Hits *hits, Hit hit) noexcept nogil:
    """Keep one hit; ENOUGH when that was the last one wanted."""
    cdef Hit *grown
    cdef Py_ssize_t room
    if hits.length == hits.room:
        room = hits.room * 2 if hits.room else 8
        grown = <Hit *>realloc(hits.items, room * sizeof(Hit))
        if grown == NULL:
            return NO_ROOM
        hits.items = grown
        hits.room = room
    hits.items[hits.length] = hit
    hits.length += 1
    return ENOUGH if hits.length == hits.limit else MORE


cdef inline tuple as_tuple(Hit hit):
    return (hit.pattern, hit.start, hit.end)


cdef inline list as_list(Outcome outcome, const Hits *hits):
    """Raises MemoryError when the search ended for want of room."""
    if outcome == NO_ROOM:
        raise MemoryError("no room for the matches")
    return [as_tuple(hits.items[i]) for i in range(hits.length)]
