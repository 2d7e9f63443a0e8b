"""Walking an automaton: where in a text its patterns end, without the GIL.

    start_scan(&automaton, &scan, data, 0, size)
    while next_end(&automaton, &scan):                         # a pattern ends behind data[:scan.at]
        state = ending_state(&automaton, scan.place)
        while state:                                           # the longest first
            ... automaton.first[state], automaton.depths[state]
            state = automaton.shorter[state]
"""

from libc.stdint cimport uint8_t, uint32_t

from sipcore.imfilter._automaton cimport Automaton, Leaps


cdef enum:
    # A walk takes one to two nanoseconds a byte. Giving the GIL away and asking for it back costs tens of nanoseconds
    # when nobody wants it, and up to a switch interval (5 ms by default) when somebody does: too much for the 600 bytes
    # of an ordinary message, well spent where others would else wait for tens of microseconds.
    RELEASE_THE_GIL_FROM = 32768


cdef struct Scan:
    const uint8_t *data
    Py_ssize_t size
    Py_ssize_t floor        # nothing that begins before it counts
    Py_ssize_t at           # bytes that have been read
    Py_ssize_t seen         # up to there lanes need not be tried again
    Py_ssize_t credit       # steps that looking back may still cost
    uint32_t place
    uint32_t misses         # tries of lanes that were in vain, one after the other
    Leaps leaps


cdef void start_scan(
    const Automaton *automaton, Scan *scan, const uint8_t *data, Py_ssize_t start, Py_ssize_t size) noexcept nogil
cdef void restart_scan(Scan *scan, Py_ssize_t at) noexcept nogil
cdef bint next_end(const Automaton *automaton, Scan *scan) noexcept nogil
cdef bint take_byte(const Automaton *automaton, Scan *scan) noexcept nogil
