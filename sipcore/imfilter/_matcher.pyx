"""Which of many strings stand in a buffer: the objects and the two meanings of "match", over `_automaton`.

Everything is written before the constructor returns and only read afterwards, which is why threads may share a matcher.
"""

from cpython.buffer cimport PyBuffer_Release
from libc.stdint cimport uint8_t, uint32_t
from libc.stdlib cimport free

from sipcore.imfilter._automaton cimport (
    LAST_OF_EQUALS,
    ROOM_FOR_ROWS,
    Automaton,
    automaton_size,
    build_automaton,
    depth_at,
    ending_state,
    release_automaton,
)
from sipcore.imfilter._borrowing cimport borrow
from sipcore.imfilter._hits cimport MORE, Hit, Hits, Outcome, as_list, as_tuple, push_hit
from sipcore.imfilter._walking cimport RELEASE_THE_GIL_FROM, Scan, next_end, restart_scan, start_scan, take_byte

from sipcore.imfilter._automaton import LEAPS

__all__ = ["Matcher"]

cdef extern from "Python.h":
    const Py_ssize_t PY_SSIZE_T_MAX

ctypedef Outcome (*Search)(const Automaton *automaton, Scan *scan, Hits *hits) noexcept nogil


# -- searching: pointers and integers, no Python ----------------------------------------------------------------------

cdef inline Hit longest_ending(const Automaton *automaton, const Scan *scan) noexcept nogil:
    """The longest match that ends where the scan stands, of equal patterns the first; there must be one."""
    cdef uint32_t state = ending_state(automaton, scan.place)
    cdef uint32_t pattern = automaton.order[automaton.first[state]] & ~LAST_OF_EQUALS
    return Hit(pattern, scan.at - automaton.depths[state], scan.at)


cdef bint next_leftmost(const Automaton *automaton, Scan *scan, Hit *hit) noexcept nogil:
    """The match that begins first, the longest of those; the scan is then somewhere behind it.

    The match that ends first is a start. Another one is better if it begins before, or there and goes on; both are
    possible only as long as the automaton holds bytes from there on for the beginning of some pattern.
    """
    cdef Hit later
    if not next_end(automaton, scan):
        return False
    hit[0] = longest_ending(automaton, scan)
    while scan.at < scan.size and scan.at - <Py_ssize_t>depth_at(automaton, scan.place) <= hit.start:
        if take_byte(automaton, scan):
            later = longest_ending(automaton, scan)
            if later.start <= hit.start:
                hit[0] = later
    return True


cdef Outcome find_leftmost(const Automaton *automaton, Scan *scan, Hits *hits) noexcept nogil:
    """Match after match, each sought behind the one before."""
    cdef Hit hit
    cdef Outcome outcome = MORE
    while outcome == MORE and next_leftmost(automaton, scan, &hit):
        outcome = push_hit(hits, hit)
        restart_scan(scan, hit.end)
    return outcome


cdef Outcome find_every(const Automaton *automaton, Scan *scan, Hits *hits) noexcept nogil:
    """Every match, by its end, the longest of one end first."""
    cdef uint32_t state, k
    cdef Outcome outcome
    while next_end(automaton, scan):
        state = ending_state(automaton, scan.place)
        while state:
            k = automaton.first[state]
            while True:
                outcome = push_hit(hits, Hit(
                    automaton.order[k] & ~LAST_OF_EQUALS, scan.at - automaton.depths[state], scan.at))
                if outcome != MORE:
                    return outcome
                if automaton.order[k] & LAST_OF_EQUALS:
                    break
                k += 1
            state = automaton.shorter[state]
    return MORE


# -- objects ----------------------------------------------------------------------------------------------------------

def _folded(pattern, ignore_case):
    """A pattern as the automaton's key: bytes, in lower case where case does not count."""
    if not isinstance(pattern, (str, bytes)):
        raise TypeError(f"a pattern must be str or bytes, not {type(pattern).__name__}")
    key = pattern.encode() if isinstance(pattern, str) else bytes(pattern)
    if not key:
        raise ValueError("a pattern must not be empty")
    return key.lower() if ignore_case else key


cdef class Matcher:
    cdef Automaton automaton
    cdef readonly tuple patterns
    cdef readonly bint ignore_case

    def __cinit__(self, patterns, ignore_case=True):
        if isinstance(patterns, (str, bytes)):
            raise TypeError("patterns must be an iterable of str or bytes, not one of them")
        self.patterns = tuple(patterns)
        self.ignore_case = ignore_case
        keys = [_folded(pattern, self.ignore_case) for pattern in self.patterns]
        build_automaton(&self.automaton, keys, self.ignore_case, ROOM_FOR_ROWS)

    def __dealloc__(self):
        release_automaton(&self.automaton)

    @property
    def states(self):
        return self.automaton.states

    @property
    def nbytes(self):
        return automaton_size(&self.automaton)

    @property
    def leaps(self):
        return LEAPS[self.automaton.leaps]

    def find(self, buffer, Py_ssize_t start=0):
        cdef Py_buffer view
        cdef Scan scan
        cdef Hit hit
        cdef bint found
        if start < 0:
            raise ValueError("start must not be negative")
        borrow(buffer, &view)
        try:
            start_scan(&self.automaton, &scan, <const uint8_t *>view.buf, start, view.len)
            if view.len - scan.at < RELEASE_THE_GIL_FROM:
                found = next_leftmost(&self.automaton, &scan, &hit)
            else:
                with nogil:
                    found = next_leftmost(&self.automaton, &scan, &hit)
            return as_tuple(hit) if found else None
        finally:
            PyBuffer_Release(&view)

    def find_all(self, buffer):
        return self._search(buffer, find_leftmost)

    def find_overlapping(self, buffer):
        return self._search(buffer, find_every)

    cdef list _search(self, object buffer, Search search):
        cdef Py_buffer view
        cdef Scan scan
        cdef Hits hits = Hits(NULL, 0, 0, PY_SSIZE_T_MAX)
        cdef Outcome outcome
        borrow(buffer, &view)
        try:
            start_scan(&self.automaton, &scan, <const uint8_t *>view.buf, 0, view.len)
            if view.len < RELEASE_THE_GIL_FROM:
                outcome = search(&self.automaton, &scan, &hits)
            else:
                with nogil:
                    outcome = search(&self.automaton, &scan, &hits)
            return as_list(outcome, &hits)
        finally:
            free(hits.items)
            PyBuffer_Release(&view)

    def __reduce__(self):
        return type(self), (self.patterns, self.ignore_case)
