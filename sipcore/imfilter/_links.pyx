"""Links by their prefixes: the rule of docs/protocol.md "IM filter" over the ends of patterns that `_automaton` finds.

A prefix that ends in ``*.`` is looked for by what stands before the asterisk. Of the default ones all but ``href`` and
``www`` end in a colon or a full stop, behind one of eight letters: text without links is leapt through.
"""

from cpython.buffer cimport PyBuffer_Release
from libc.stdint cimport uint8_t, uint32_t
from libc.stdlib cimport free

from sipcore.imfilter._automaton cimport (
    LAST_OF_EQUALS,
    ROOM_FOR_ROWS,
    Automaton,
    build_automaton,
    ending_state,
    release_automaton,
)
from sipcore.imfilter._borrowing cimport borrow
from sipcore.imfilter._hits cimport MORE, Hit, Hits, Outcome, as_list, as_tuple, push_hit
from sipcore.imfilter._walking cimport RELEASE_THE_GIL_FROM, Scan, next_end, restart_scan, start_scan

__all__ = ["LinkFinder"]

cdef extern from "Python.h":
    const Py_ssize_t PY_SSIZE_T_MAX

cdef enum:
    # What `*` in a prefix may stand for: one label of a host name (RFC 1035 section 2.3.4). The bound keeps the walk
    # linear on "www-www-www-...", where every prefix would otherwise look ahead to the end of the text.
    LABEL_BYTES = 63


# -- the rule: pointers and integers, no Python -----------------------------------------------------------------------

cdef inline bint is_label_byte(uint8_t byte) noexcept nogil:
    """A letter, digit or hyphen of ASCII."""
    return 48 <= byte <= 57 or 65 <= byte <= 90 or 97 <= byte <= 122 or byte == 45


cdef inline bint is_word_byte(uint8_t byte) noexcept nogil:
    """A letter, digit or underscore of ASCII: what keeps a prefix behind it from being the start of a word.

    Bytes from 128 on are not among them. They may be a quotation mark or a Chinese character, and clients do make links
    right behind those; that a foreign letter is taken for a boundary as well errs on the safe side.
    """
    return byte == 95 or (byte != 45 and is_label_byte(byte))


cdef inline bint is_visible(uint8_t byte) noexcept nogil:
    """Neither white space nor a control of ASCII."""
    return byte > 32 and byte != 127


cdef Py_ssize_t prefix_end(const uint8_t *data, Py_ssize_t size, Py_ssize_t at, bint starred) noexcept nogil:
    """Where a prefix ends whose literal part ends at ``at``; -1 when its ``*.`` does not fit."""
    cdef Py_ssize_t stop
    if not starred:
        return at
    stop = at + LABEL_BYTES if size - at > LABEL_BYTES else size
    while at < stop and is_label_byte(data[at]):
        at += 1
    return at + 1 if at < size and data[at] == c"." else -1


cdef Py_ssize_t behind_slashes(const uint8_t *data, Py_ssize_t size, Py_ssize_t at) noexcept nogil:
    """Where the host name of a URL begins whose scheme ends at ``at``."""
    return at + 2 if size - at >= 2 and data[at] == c"/" and data[at + 1] == c"/" else at


cdef Py_ssize_t link_end(const uint8_t *data, Py_ssize_t size, Py_ssize_t at) noexcept nogil:
    """Where a link ends in running text: at white space and at the delimiters of RFC 3986 appendix C."""
    while at < size and is_visible(data[at]) and data[at] != c'"' and data[at] != c"<" and data[at] != c">":
        at += 1
    return at


cdef enum Reading:
    NOTHING
    ESCAPED
    LINK


cdef Reading read_prefix(
    const uint8_t *data, Py_ssize_t size, Py_ssize_t start, Py_ssize_t end, Py_ssize_t escaped_host
) noexcept nogil:
    """What the prefix at data[start:end] is to the reader of the text."""
    if end < 0:
        return NOTHING
    if start > 0 and is_word_byte(data[start - 1]):
        return ESCAPED if data[start - 1] == c"_" else NOTHING
    if start == escaped_host or end == size or not is_visible(data[end]):
        return NOTHING
    return LINK


cdef struct Reader:
    # A scan, and what the rule has to remember of the text behind it.
    Scan scan
    const uint8_t *starred
    Py_ssize_t escaped_host     # where a host name begins whose scheme is escaped


cdef bint read_one(Reader *reader, uint32_t prefix, uint32_t size, Hit *link) noexcept nogil:
    """Whether a prefix of that many literal bytes, which end where the scan stands, begins a link.

    One that is escaped protects the host name behind it.
    """
    cdef const Scan *scan = &reader.scan
    cdef Py_ssize_t start = scan.at - size
    cdef Py_ssize_t end = prefix_end(scan.data, scan.size, scan.at, reader.starred[prefix])
    cdef Reading reading = read_prefix(scan.data, scan.size, start, end, reader.escaped_host)
    if reading == ESCAPED:
        reader.escaped_host = behind_slashes(scan.data, scan.size, end)
    if reading == LINK:
        link[0] = Hit(prefix, start, link_end(scan.data, scan.size, end))
    return reading == LINK


cdef bint read_ending(const Automaton *automaton, Reader *reader, Hit *link) noexcept nogil:
    """Whether one of the prefixes that end where the scan stands begins a link; the longest comes first."""
    cdef uint32_t state = ending_state(automaton, reader.scan.place)
    cdef uint32_t k
    while state:
        k = automaton.first[state]
        while True:
            if read_one(reader, automaton.order[k] & ~LAST_OF_EQUALS, automaton.depths[state], link):
                return True
            if automaton.order[k] & LAST_OF_EQUALS:
                break
            k += 1
        state = automaton.shorter[state]
    return False


cdef bint next_link(const Automaton *automaton, Reader *reader, Hit *link) noexcept nogil:
    """The next link; the scan goes on at its end, so that a prefix inside it is not reported again."""
    while next_end(automaton, &reader.scan):
        if read_ending(automaton, reader, link):
            restart_scan(&reader.scan, link.end)
            return True
    return False


cdef Reader start_reading(LinkFinder finder, const uint8_t *data, Py_ssize_t size) noexcept nogil:
    cdef Reader reader
    reader.starred = finder.marks
    reader.escaped_host = -1
    start_scan(&finder.automaton, &reader.scan, data, 0, size)
    return reader


cdef Outcome find_links(const Automaton *automaton, Reader *reader, Hits *hits) noexcept nogil:
    cdef Hit link
    cdef Outcome outcome = MORE
    while outcome == MORE and next_link(automaton, reader, &link):
        outcome = push_hit(hits, link)
    return outcome


# -- objects ----------------------------------------------------------------------------------------------------------

cdef class LinkFinder:
    def __cinit__(self, prefixes):
        if isinstance(prefixes, str):
            raise TypeError("prefixes must be an iterable of str, not one")
        self.prefixes = tuple(prefixes)
        self.starred = bytes(prefix.endswith("*.") for prefix in self.prefixes)
        self.marks = self.starred
        stems = [prefix.removesuffix("*.").lower().encode() for prefix in self.prefixes]
        if b"" in stems:
            raise ValueError("a prefix must not be empty")
        build_automaton(&self.automaton, stems, True, ROOM_FOR_ROWS)

    def __dealloc__(self):
        release_automaton(&self.automaton)

    cdef bint has_link(self, const uint8_t *data, Py_ssize_t size) noexcept nogil:
        cdef Reader reader = start_reading(self, data, size)
        cdef Hit link
        return next_link(&self.automaton, &reader, &link)

    def find_first(self, buffer):
        cdef Py_buffer view
        cdef Reader reader
        cdef Hit link
        cdef bint found
        borrow(buffer, &view)
        try:
            reader = start_reading(self, <const uint8_t *>view.buf, view.len)
            if view.len < RELEASE_THE_GIL_FROM:
                found = next_link(&self.automaton, &reader, &link)
            else:
                with nogil:
                    found = next_link(&self.automaton, &reader, &link)
            return as_tuple(link) if found else None
        finally:
            PyBuffer_Release(&view)

    def find_all(self, buffer, Py_ssize_t limit=PY_SSIZE_T_MAX):
        cdef Py_buffer view
        cdef Reader reader
        cdef Hits hits = Hits(NULL, 0, 0, limit)
        cdef Outcome outcome
        if limit < 1:
            raise ValueError("limit must be at least 1")
        borrow(buffer, &view)
        try:
            reader = start_reading(self, <const uint8_t *>view.buf, view.len)
            if view.len < RELEASE_THE_GIL_FROM:
                outcome = find_links(&self.automaton, &reader, &hits)
            else:
                with nogil:
                    outcome = find_links(&self.automaton, &reader, &hits)
            return as_list(outcome, &hits)
        finally:
            free(hits.items)
            PyBuffer_Release(&view)

    def __reduce__(self):
        return type(self), (self.prefixes,)
