"""Many strings as one automaton: plain tables, and functions that need no GIL.

    Automaton automaton                                        # all zeros: may be released, not walked
    build_automaton(&automaton, [b"http:", b"www."], True, ROOM_FOR_ROWS)
    ...                                                        # walk it, see `_walking`
    release_automaton(&automaton)

A *state* is a node of the trie of the patterns, numbered breadth first; 0 is the root. A *place* is how the walk knows
a state: where its row begins in `rows`, or for a state without a row its number and the bit DEEP. An *entry* of a row
is a place, with the bit ENDS where a pattern ends.
"""

from libc.stdint cimport uint8_t, uint32_t

cdef extern from "imfilter/_marks.h" nogil:
    ctypedef struct Marks "struct sip_marks":
        uint8_t second_of[256]
        uint8_t first_of[256]
        uint32_t behind
        int vectors


cdef enum Leaps:
    NO_LEAPS        # read every byte
    TO_ENDS         # leap to where a pattern may end, and look back
    TO_STARTS       # leap to where a pattern may begin, and read on


cdef enum:
    # Bits above the 29 that count states, entries and patterns; they fit an int, which is what Cython takes them for.
    DEEP = 0x20000000
    ENDS = 0x40000000
    LAST_OF_EQUALS = 0x40000000
    NO_PATTERN = 0x7FFFFFFF

    # Entries of `rows` up to which every state has one, four bytes each: 64 MiB. See the head of `_automaton.pyx`.
    ROOM_FOR_ROWS = 1 << 24


cdef struct Automaton:
    uint8_t classes[256]    # the column of each byte
    uint32_t *rows          # one row a state of the first `dense`, one column a class
    uint32_t *children      # where those of a state begin; they end where the next state's begin
    uint32_t *fallback      # the place of the longest proper suffix of a state that is a state too
    uint32_t *first         # where the patterns that a state spells begin in `order`; NO_PATTERN for none
    uint32_t *shorter       # the nearest state along the fallbacks that spells a pattern; 0 for none
    uint32_t *depths        # bytes from the root
    uint8_t *labels         # the class by which a state is reached
    uint32_t *order         # indexes of the patterns, by their bytes; LAST_OF_EQUALS where another spelling follows
    uint32_t columns
    uint32_t states
    uint32_t dense
    uint32_t patterns
    uint32_t shallow        # places below it are one byte deep at most
    uint32_t longest
    Leaps leaps             # what `marks` are used for
    Marks marks


cdef int build_automaton(Automaton *automaton, list keys, bint ignore_case, uint32_t room) except -1
cdef void release_automaton(Automaton *automaton) noexcept nogil
cdef size_t automaton_size(const Automaton *automaton) noexcept nogil
cdef int mark_automaton(Automaton *automaton, list keys, Leaps leaps, bint ignore_case) except -1

cdef uint32_t step_from_deep(const Automaton *automaton, uint32_t place, uint8_t label) noexcept nogil
cdef uint32_t ending_state(const Automaton *automaton, uint32_t place) noexcept nogil
cdef uint32_t depth_at(const Automaton *automaton, uint32_t place) noexcept nogil


cdef inline bint spells(const Automaton *automaton, uint32_t state) noexcept nogil:
    """Whether some pattern ends in that state."""
    return automaton.first[state] != NO_PATTERN or automaton.shorter[state] != 0


cdef inline uint32_t place_of(const Automaton *automaton, uint32_t state) noexcept nogil:
    return state * automaton.columns if state < automaton.dense else state | DEEP


cdef inline uint32_t entry_of(const Automaton *automaton, uint32_t state) noexcept nogil:
    return place_of(automaton, state) | (ENDS if spells(automaton, state) else 0)


cdef inline uint32_t state_of(const Automaton *automaton, uint32_t place) noexcept nogil:
    return place & ~DEEP if place & DEEP else place // automaton.columns


cdef inline uint32_t step(const Automaton *automaton, uint32_t place, uint8_t label) noexcept nogil:
    """The entry that a byte of that class leads to."""
    if place & DEEP:
        return step_from_deep(automaton, place, label)
    return automaton.rows[place + label]
