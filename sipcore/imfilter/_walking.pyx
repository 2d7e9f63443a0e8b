"""Walking an automaton over a text (drawn in ``_walking.pxd``).

Text in which nothing ends is what there is most of, and there are three ways to get over it; all give the same
answer as reading byte by byte, to which each gives way in text made to defeat it:

    to ends     Where the last two bytes of every pattern are rare together, the places are looked for with vectors
                (`_marks.h`), and the last `longest` bytes before each are read. A text may have so read half of its
                bytes twice; then it is walked.
    to starts   Where the first two are rarer, the automaton reads on from there for as long as it gets anywhere.
    in lanes    Else eight stretches are walked side by side (`_lanes.h`).
"""

from libc.stdint cimport uint8_t, uint32_t
from libc.string cimport memset

from sipcore.imfilter._automaton cimport (
    DEEP,
    ENDS,
    NO_LEAPS,
    TO_ENDS,
    TO_STARTS,
    Automaton,
    Marks,
    build_automaton,
    ending_state,
    mark_automaton,
    release_automaton,
    step,
)

from sipcore.imfilter._automaton import LEAPS

cdef extern from "imfilter/_marks.h" nogil:
    enum:
        SIP_PAIR
    Py_ssize_t sip_next_mark(const Marks *marks, const uint8_t *data, Py_ssize_t at, Py_ssize_t size)

cdef extern from "imfilter/_lanes.h" nogil:
    enum:
        SIP_LANES
    bint sip_lanes_are_clean(
        const uint32_t *rows, const uint8_t *classes, const uint8_t *data, Py_ssize_t length, Py_ssize_t warm,
        uint32_t flags, uint32_t *place)

cdef enum:
    FIRST_CREDIT = 256      # steps of looking back that a text may take before it has earned any
    # Bytes of a lane. Short, so that little is walked twice where a pattern ends.
    LANE = 64
    LONGEST_IN_LANES = 512
    # Where patterns end in every stretch lanes are tried on ever fewer of them, down to one in 64.
    MOST_MISSES = 6


cdef bint walk_to(const Automaton *automaton, Scan *scan, Py_ssize_t stop) noexcept nogil:
    """Read on until a pattern ends; False when none does before ``stop``."""
    cdef Py_ssize_t at = scan.at
    cdef uint32_t entry = scan.place
    while at < stop:
        entry = step(automaton, entry, automaton.classes[scan.data[at]])
        at += 1
        if entry & ENDS:
            break
    scan.at = at
    scan.place = entry & ~ENDS
    return entry & ENDS


cdef inline Py_ssize_t lane_length(const Automaton *automaton, Py_ssize_t left) noexcept nogil:
    """How long lanes may be where so many bytes are left; 0 when they would only read most bytes twice."""
    cdef Py_ssize_t longest = automaton.longest, length = left // SIP_LANES
    if longest > LONGEST_IN_LANES or length < 2 * longest:
        return 0
    return min(length, max(LANE, 2 * longest))


cdef bint take_lanes(const Automaton *automaton, Scan *scan) noexcept nogil:
    """Read what eight lanes hold if nothing ends there; else say how far to read without trying again."""
    cdef Py_ssize_t length = lane_length(automaton, scan.size - scan.at)
    if length == 0 or scan.place & DEEP:
        scan.seen = scan.at + LANE if length else scan.size
        return False
    if sip_lanes_are_clean(automaton.rows, automaton.classes, scan.data + scan.at, length, automaton.longest,
                           ENDS | DEEP, &scan.place):
        scan.at += length * SIP_LANES
        scan.misses = 0
        return True
    scan.seen = min(scan.size, scan.at + (length * SIP_LANES << scan.misses))
    scan.misses = min(scan.misses + 1, MOST_MISSES)
    return False


cdef bint walk(const Automaton *automaton, Scan *scan) noexcept nogil:
    """Read on until a pattern ends, in lanes where they find nothing; False, and to the end, when none does."""
    while scan.at < scan.size:
        if scan.at < scan.seen or not take_lanes(automaton, scan):
            if walk_to(automaton, scan, scan.seen):
                return True
    return False


cdef bint look_back(const Automaton *automaton, Scan *scan, Py_ssize_t last) noexcept nogil:
    """Read the bytes up to ``last`` from as far back as a pattern may begin: whether one ends there.

    Where the automaton stands then is where it had stood after reading everything.
    """
    cdef Py_ssize_t at = last + 1 - automaton.longest
    cdef uint32_t entry = 0
    if at < scan.floor:
        at = scan.floor
    scan.credit += (last - scan.at) // 2 - (last - at)
    while at <= last:
        entry = step(automaton, entry & ~ENDS, automaton.classes[scan.data[at]])
        at += 1
    scan.at = at
    scan.place = entry & ~ENDS
    return entry & ENDS


cdef bint leap_to_end(const Automaton *automaton, Scan *scan) noexcept nogil:
    """Go behind the next byte that some pattern ends in, by its mark; False when there is none, or no credit left."""
    cdef Py_ssize_t last
    cdef bint ended = False
    while scan.leaps == TO_ENDS and not ended:
        last = sip_next_mark(&automaton.marks, scan.data, scan.at, scan.size)
        if last < 0:
            scan.at = scan.size
            return False
        ended = look_back(automaton, scan, last)
        if scan.credit < 0:
            scan.leaps = NO_LEAPS
    return ended


cdef bint leap_to_start(const Automaton *automaton, Scan *scan) noexcept nogil:
    """The same by marks of beginnings: read on from each as long as more than one byte of a pattern has been read.

    Every byte is looked at once and read once, or twice where it comes before a mark.
    """
    cdef Py_ssize_t second = -1
    cdef uint32_t entry
    while True:
        if scan.place < automaton.shallow:
            second = sip_next_mark(&automaton.marks, scan.data, scan.at, scan.size)
            if second < 0:
                scan.at = scan.size
                return False
            scan.at = max(scan.floor, second - 1)
            scan.place = 0
        entry = scan.place
        while scan.at < scan.size:
            entry = step(automaton, entry, automaton.classes[scan.data[scan.at]])
            scan.at += 1
            if entry & ENDS:
                scan.place = entry & ~ENDS
                return True
            if entry < automaton.shallow and scan.at > second:
                break
        scan.place = entry
        if scan.at == scan.size:
            return False


cdef bint next_end(const Automaton *automaton, Scan *scan) noexcept nogil:
    """Go behind the next byte that some pattern ends in; False, and to the end, when there is none."""
    if scan.leaps == TO_STARTS:
        return leap_to_start(automaton, scan)
    return leap_to_end(automaton, scan) or walk(automaton, scan)


cdef bint take_byte(const Automaton *automaton, Scan *scan) noexcept nogil:
    """Read one byte, which must be there; whether a pattern ends in it."""
    return walk_to(automaton, scan, scan.at + 1)


cdef void start_scan(
    const Automaton *automaton, Scan *scan, const uint8_t *data, Py_ssize_t start, Py_ssize_t size
) noexcept nogil:
    """Begin with data[start:size]; ``start`` may be behind ``size``."""
    scan.data = data
    scan.size = size
    scan.leaps = automaton.leaps
    scan.misses = 0
    scan.credit = FIRST_CREDIT
    scan.seen = 0
    restart_scan(scan, start if start < size else size)


cdef void restart_scan(Scan *scan, Py_ssize_t at) noexcept nogil:
    """Go to a place as if the text began there."""
    scan.floor = scan.at = at
    scan.place = 0


# -- for tests --------------------------------------------------------------------------------------------------------

cdef list _ends(const Automaton *automaton, const uint8_t[::1] text, bint by_bytes):
    cdef list found = []
    cdef Scan scan
    start_scan(automaton, &scan, &text[0], 0, text.shape[0])
    while walk_to(automaton, &scan, scan.size) if by_bytes else next_end(automaton, &scan):
        found.append((scan.at, automaton.depths[ending_state(automaton, scan.place)]))
    return found


def _ways(list keys, bint ignore_case, const uint8_t[::1] text not None, uint32_t room):
    """(end, length of the longest) of all matches, in every way to find them, for the test that holds them equal."""
    cdef Automaton automaton
    cdef uint32_t shortest = min(map(len, keys), default=0)
    memset(&automaton, 0, sizeof(automaton))
    build_automaton(&automaton, keys, ignore_case, room)
    try:
        automaton.leaps = NO_LEAPS
        ways = {"bytes": _ends(&automaton, text, True), "lanes": _ends(&automaton, text, False)}
        for leaps in (TO_ENDS, TO_STARTS) if shortest >= SIP_PAIR else ():
            mark_automaton(&automaton, keys, leaps, ignore_case)
            ways[f"{LEAPS[leaps]}, vectors: {automaton.marks.vectors}"] = _ends(&automaton, text, False)
            automaton.marks.vectors = 0
            ways[f"{LEAPS[leaps]}, no vectors"] = _ends(&automaton, text, False)
        return ways
    finally:
        release_automaton(&automaton)
