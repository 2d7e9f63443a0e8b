"""Many patterns over a buffer in one walk, and the same walk with the rule for links (documented in the stub).

pyahocorasick builds the automaton; it does not search. Its search follows failure links byte by byte, copies the
haystack to four-byte letters, takes no bytes and holds the GIL. So its trie is read once, by `dump`, and flattened:

    classes   256 bytes: which column a byte reads. Bytes that stand in no pattern share one; the two cases of a letter
              share one under ignore_case, so that folding costs nothing in the walk
    next      one row a state, one column a class: the row that follows, as an offset into `next` (no multiplication in
              the walk), its top bit set where a pattern ends there (no second table is touched until something ends)
    first     where a state's own patterns begin in `own`; those of state s are own[first[s]:first[s + 1]]
    shorter   the nearest state along the failure links where a shorter pattern ends too; 0, the root, for none

The default prefixes come to about 90 rows of 25 columns, 9 kB: they stay in the first-level cache. Everything is
written before the constructor returns and only read afterwards, which is why threads may share a matcher.
"""

from array import array

import ahocorasick

from cpython.buffer cimport PyBUF_SIMPLE, PyBuffer_Release, PyObject_GetBuffer
from libc.stdint cimport uint8_t, uint32_t
from libc.stdlib cimport free, realloc

__all__ = ["Matcher", "PrefixMatcher"]

cdef extern from "Python.h":
    const Py_ssize_t PY_SSIZE_T_MAX

cdef extern from *:
    """
    /* The top bit of an entry of `next`; what is left is a row offset below 2**31. */
    #define SIPCORE_ENDS_HERE 0x80000000u
    """
    const uint32_t ENDS_HERE "SIPCORE_ENDS_HERE"

cdef enum:
    # The walk takes one to two nanoseconds a byte. Giving the GIL away and asking for it back costs tens of nanoseconds
    # when nobody wants it, and up to a switch interval (5 ms by default) when somebody does: too much for the 600 bytes
    # of an ordinary message, well spent where others would else wait for tens of microseconds.
    RELEASE_THE_GIL_FROM = 32768
    # What `*` in a prefix may stand for: one label of a host name (RFC 1035 section 2.3.4). The bound keeps the walk
    # linear on "www-www-www-...", where every prefix would otherwise look ahead to the end of the text.
    LABEL_BYTES = 63

cdef struct Dfa:
    uint8_t classes[256]
    const uint32_t* next
    const uint32_t* first
    const uint32_t* own
    const uint32_t* shorter
    const uint32_t* lengths
    uint32_t columns

cdef struct Hit:
    uint32_t pattern
    Py_ssize_t start
    Py_ssize_t end

cdef struct Hits:
    Hit* items
    Py_ssize_t length
    Py_ssize_t room
    Py_ssize_t limit

cdef enum Outcome:
    ENOUGH = 1
    DONE = 0
    NO_MEMORY = -1


# -- the walk: pointers and integers, no Python -----------------------------------------------------------------------

cdef int push_hit(Hits* hits, uint32_t pattern, Py_ssize_t start, Py_ssize_t end) noexcept nogil:
    """Keep one hit; ENOUGH when that was the last one wanted."""
    cdef Hit* grown
    cdef Py_ssize_t room
    if hits.length == hits.room:
        room = hits.room * 2 if hits.room else 8
        grown = <Hit*>realloc(hits.items, room * sizeof(Hit))
        if grown == NULL:
            return NO_MEMORY
        hits.items = grown
        hits.room = room
    hits.items[hits.length] = Hit(pattern, start, end)
    hits.length += 1
    return ENOUGH if hits.length == hits.limit else DONE


cdef inline bint walk_to_end_of_pattern(
    const Dfa* dfa, const uint8_t* data, Py_ssize_t size, Py_ssize_t* at, uint32_t* row
) noexcept nogil:
    """Read on until a pattern ends; False at the end of the data. ``at`` is left behind the last byte read."""
    cdef Py_ssize_t i = at[0]
    cdef uint32_t state = row[0]
    while i < size:
        state = dfa.next[state + dfa.classes[data[i]]]
        i += 1
        if state & ENDS_HERE:
            at[0] = i
            row[0] = state & ~ENDS_HERE
            return True
    at[0] = i
    return False


cdef int scan_all(const Dfa* dfa, const uint8_t* data, Py_ssize_t start, Py_ssize_t size, Hits* hits) noexcept nogil:
    """Every pattern that ends in data[start:size], by its end, the longest of one end first."""
    cdef Py_ssize_t at = start
    cdef uint32_t row = 0, state, k, pattern
    cdef int outcome
    while walk_to_end_of_pattern(dfa, data, size, &at, &row):
        state = row // dfa.columns
        while state:
            for k in range(dfa.first[state], dfa.first[state + 1]):
                pattern = dfa.own[k]
                outcome = push_hit(hits, pattern, at - dfa.lengths[pattern], at)
                if outcome != DONE:
                    return outcome
            state = dfa.shorter[state]
    return DONE


# -- the rule for links (docs/protocol.md "IM filter") ----------------------------------------------------------------

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


cdef Py_ssize_t prefix_end(const uint8_t* data, Py_ssize_t size, Py_ssize_t at, bint starred) noexcept nogil:
    """Where a prefix ends whose literal part ends at ``at``; -1 when its ``*.`` does not fit."""
    cdef Py_ssize_t stop
    if not starred:
        return at
    stop = at + LABEL_BYTES if size - at > LABEL_BYTES else size
    while at < stop and is_label_byte(data[at]):
        at += 1
    return at + 1 if at < size and data[at] == c"." else -1


cdef Py_ssize_t behind_slashes(const uint8_t* data, Py_ssize_t size, Py_ssize_t at) noexcept nogil:
    """Where the host name of a URL begins whose scheme ends at ``at``."""
    return at + 2 if size - at >= 2 and data[at] == c"/" and data[at + 1] == c"/" else at


cdef Py_ssize_t link_end(const uint8_t* data, Py_ssize_t size, Py_ssize_t at) noexcept nogil:
    """Where a link ends in running text: at white space and at the delimiters of RFC 3986 appendix C."""
    while at < size and is_visible(data[at]) and data[at] != c'"' and data[at] != c"<" and data[at] != c">":
        at += 1
    return at


cdef enum Reading:
    NOTHING
    ESCAPED
    LINK


cdef Reading read_prefix(
    const uint8_t* data, Py_ssize_t size, Py_ssize_t start, Py_ssize_t end, Py_ssize_t escaped_host
) noexcept nogil:
    """What the prefix at data[start:end] is to the reader of the text."""
    if end < 0:
        return NOTHING
    if start > 0 and is_word_byte(data[start - 1]):
        return ESCAPED if data[start - 1] == c"_" else NOTHING
    if start == escaped_host or end == size or not is_visible(data[end]):
        return NOTHING
    return LINK


cdef bint link_at(
    const Dfa* dfa, const uint8_t* starred, const uint8_t* data, Py_ssize_t size, Py_ssize_t at, uint32_t state,
    Py_ssize_t* escaped_host, Hit* link
) noexcept nogil:
    """Whether one of the prefixes that end at ``at`` begins a link; an escaped one protects the host name behind it."""
    cdef uint32_t k, prefix
    cdef Py_ssize_t start, end
    cdef Reading reading
    while state:
        for k in range(dfa.first[state], dfa.first[state + 1]):
            prefix = dfa.own[k]
            start = at - dfa.lengths[prefix]
            end = prefix_end(data, size, at, starred[prefix])
            reading = read_prefix(data, size, start, end, escaped_host[0])
            if reading == LINK:
                link[0] = Hit(prefix, start, link_end(data, size, end))
                return True
            if reading == ESCAPED:
                escaped_host[0] = behind_slashes(data, size, end)
        state = dfa.shorter[state]
    return False


cdef int scan_links(
    const Dfa* dfa, const uint8_t* starred, const uint8_t* data, Py_ssize_t size, Hits* hits
) noexcept nogil:
    """Every link, each to its own end, so that a prefix inside a link is not reported again."""
    cdef Py_ssize_t at = 0, escaped_host = -1
    cdef uint32_t row = 0
    cdef Hit link
    cdef int outcome
    while walk_to_end_of_pattern(dfa, data, size, &at, &row):
        if not link_at(dfa, starred, data, size, at, row // dfa.columns, &escaped_host, &link):
            continue
        outcome = push_hit(hits, link.pattern, link.start, link.end)
        if outcome != DONE:
            return outcome
        at = link.end
        row = 0
    return DONE


# -- building: once a matcher, in Python ------------------------------------------------------------------------------

def _folded(pattern, ignore_case):
    """A pattern as the automaton's key: bytes, in lower case where case does not count."""
    if not isinstance(pattern, (str, bytes)):
        raise TypeError(f"a pattern must be str or bytes, not {type(pattern).__name__}")
    key = pattern.encode() if isinstance(pattern, str) else pattern
    if not key:
        raise ValueError("a pattern must not be empty")
    return key.lower() if ignore_case else key


def _dump(keys):
    """The trie of pyahocorasick: (id, is end), (id, label, child id), (id, failure id).

    Keys go in as one letter a byte, for `dump` writes each label as a single byte. It does not write values at all:
    they are found again by walking the keys.
    """
    if not keys:
        return [(0, 0)], [], []
    automaton = ahocorasick.Automaton(ahocorasick.STORE_ANY)
    for key in keys:
        automaton.add_word(key.decode("latin-1"), True)
    automaton.make_automaton()
    return automaton.dump()


def _numbered(nodes, edges, fails):
    """Children and failure, state by state; states are numbered breadth first, so a failure comes before its state.

    The ids of `dump` are addresses cut to 32 bits: two nodes of one id would silently become one state.
    """
    children = {node: [] for node, _ in nodes}
    if len(children) != len(nodes):
        raise RuntimeError("pyahocorasick dumped two nodes under one id: the automaton cannot be read back")
    for node, label, child in edges:
        children[node].append((label[0], child))
    roots = list(children.keys() - {child for _, _, child in edges})
    one_parent_each = len(roots) == 1 and len(edges) == len(nodes) - 1
    order = roots if one_parent_each else []
    for node in order:
        order.extend(child for _, child in children[node])
    if len(order) != len(nodes):
        raise RuntimeError("pyahocorasick dumped something that is not a tree: the automaton cannot be read back")
    number = {node: state for state, node in enumerate(order)}
    failure = [0] * len(order)
    for node, target in fails:
        failure[number[node]] = number[target]
    return [[(label, number[child]) for label, child in children[node]] for node in order], failure


def _classes(keys, ignore_case):
    """The column of each byte, and how many there are; bytes that stand in no key, where there are any, share 0."""
    used = sorted(set().union(*keys))
    unused = int(len(used) < 256)
    classes = bytearray(256)
    for column, byte in enumerate(used, unused):
        classes[byte] = column
        if ignore_case:
            classes[ord(chr(byte).upper()) if byte < 128 else byte] = column
    return classes, len(used) + unused


def _endings(children, failure, folded):
    """`first`, `own` and `shorter` (see the top), by walking each key."""
    steps = [dict(pairs) for pairs in children]
    ending = [[] for _ in children]
    for pattern, key in enumerate(folded):
        state = 0
        for byte in key:
            state = steps[state][byte]
        ending[state].append(pattern)
    first, own, shorter = array("I", [0]), array("I"), array("I", [0])
    for state, patterns in enumerate(ending):
        own.extend(patterns)
        first.append(len(own))
        if state:
            fallback = failure[state]
            shorter.append(fallback if ending[fallback] else shorter[fallback])
    return first, own, shorter


def _rows(children, failure, first, shorter, classes, columns):
    """`next` (see the top): each row is its failure state's row with the state's own children written over it."""
    if len(children) * columns >= 2**31:
        raise ValueError(f"the patterns need {len(children)} states of {columns} columns, more than 2**31 entries")
    rows = array("I", bytes(4 * columns)) * len(children)
    for state, pairs in enumerate(children):
        row = state * columns
        if state:
            fallback = failure[state] * columns
            rows[row:row + columns] = rows[fallback:fallback + columns]
        for label, child in pairs:
            ends = first[child] != first[child + 1] or shorter[child]
            rows[row + classes[label]] = child * columns | (0x80000000 if ends else 0)
    return rows


cdef const uint32_t* _items(object values) except NULL:
    """The items of an array("I"); they stay where they are, because nobody else holds the array and it never grows."""
    cdef Py_buffer view
    PyObject_GetBuffer(values, &view, PyBUF_SIMPLE)
    cdef const uint32_t* items = <const uint32_t*>view.buf
    PyBuffer_Release(&view)
    return items


# -- objects ----------------------------------------------------------------------------------------------------------

cdef int _raise_for(int outcome) except -1:
    """The one place where an outcome of the walk becomes an exception."""
    if outcome == NO_MEMORY:
        raise MemoryError("no room for the matches")
    return 0


cdef list _as_list(const Hits* hits):
    return [(hits.items[i].pattern, hits.items[i].start, hits.items[i].end) for i in range(hits.length)]


cdef class Matcher:
    cdef Dfa _dfa
    cdef tuple _tables
    cdef readonly tuple patterns
    cdef readonly bint ignore_case

    def __cinit__(self, patterns, ignore_case=True):
        if isinstance(patterns, (str, bytes)):
            raise TypeError("patterns must be an iterable of str or bytes, not one of them")
        self.patterns = tuple(patterns)
        self.ignore_case = ignore_case
        self._build([_folded(pattern, self.ignore_case) for pattern in self.patterns])

    cdef int _build(self, list folded) except -1:
        keys = list(dict.fromkeys(folded))
        children, failure = _numbered(*_dump(keys))
        classes, columns = _classes(keys, self.ignore_case)
        first, own, shorter = _endings(children, failure, folded)
        rows = _rows(children, failure, first, shorter, classes, columns)
        lengths = array("I", map(len, folded))
        # An empty array may have no items to point at; one item more keeps every pointer valid.
        own.append(0)
        lengths.append(0)
        self._tables = (rows, first, own, shorter, lengths)
        self._dfa.next, self._dfa.first, self._dfa.own = _items(rows), _items(first), _items(own)
        self._dfa.shorter, self._dfa.lengths = _items(shorter), _items(lengths)
        self._dfa.columns = columns
        for byte in range(256):
            self._dfa.classes[byte] = classes[byte]
        return 0

    cdef list _search(self, object buffer, Py_ssize_t start, Py_ssize_t limit):
        cdef Py_buffer view
        cdef Hits hits = Hits(NULL, 0, 0, limit)
        cdef int outcome
        if start < 0:
            raise ValueError("start must not be negative")
        PyObject_GetBuffer(buffer, &view, PyBUF_SIMPLE)
        try:
            if view.len - start < RELEASE_THE_GIL_FROM:
                outcome = scan_all(&self._dfa, <const uint8_t*>view.buf, start, view.len, &hits)
            else:
                with nogil:
                    outcome = scan_all(&self._dfa, <const uint8_t*>view.buf, start, view.len, &hits)
            _raise_for(outcome)
            return _as_list(&hits)
        finally:
            free(hits.items)
            PyBuffer_Release(&view)

    def find(self, buffer, Py_ssize_t start=0):
        found = self._search(buffer, start, 1)
        return found[0] if found else None

    def find_all(self, buffer):
        return self._search(buffer, 0, PY_SSIZE_T_MAX)

    def __reduce__(self):
        return type(self), (self.patterns, self.ignore_case)


cdef class PrefixMatcher:
    cdef Matcher _matcher
    cdef bytes _starred
    cdef readonly tuple prefixes

    def __cinit__(self, prefixes):
        if isinstance(prefixes, str):
            raise TypeError("prefixes must be an iterable of str, not one")
        self.prefixes = tuple(prefixes)
        self._starred = bytes(prefix.endswith("*.") for prefix in self.prefixes)
        self._matcher = Matcher([prefix.removesuffix("*.") for prefix in self.prefixes])

    def find_all(self, buffer, Py_ssize_t limit=PY_SSIZE_T_MAX):
        cdef Py_buffer view
        cdef Hits hits = Hits(NULL, 0, 0, limit)
        cdef const Dfa* dfa = &self._matcher._dfa
        cdef const uint8_t* starred = self._starred
        cdef int outcome
        if limit < 1:
            raise ValueError("limit must be at least 1")
        PyObject_GetBuffer(buffer, &view, PyBUF_SIMPLE)
        try:
            if view.len < RELEASE_THE_GIL_FROM:
                outcome = scan_links(dfa, starred, <const uint8_t*>view.buf, view.len, &hits)
            else:
                with nogil:
                    outcome = scan_links(dfa, starred, <const uint8_t*>view.buf, view.len, &hits)
            _raise_for(outcome)
            return _as_list(&hits)
        finally:
            free(hits.items)
            PyBuffer_Release(&view)

    def __reduce__(self):
        return type(self), (self.prefixes,)
