"""Words that recur in all traffic: methods, transports, schemes, media types, the hosts one speaks to.

A `str` costs an allocation when it is made and another step when it dies, together about what scanning the value costs
in which it stands. So the last words are kept, one for each place of a small table that they are hashed to: bounded,
nothing to configure, and who floods it with new words only brings back the cost of making them.
"""

from cpython.object cimport PyObject
from cpython.ref cimport Py_INCREF, Py_XDECREF
from libc.stdint cimport uint8_t, uint32_t, uint64_t
from libc.string cimport memcmp, memcpy

from sipcore._cursor cimport Span, sip_is_plain

cdef extern from "Python.h":
    object PyUnicode_New(Py_ssize_t size, Py_UCS4 maxchar)
    void *PyUnicode_DATA(PyObject *text) noexcept
    Py_ssize_t PyUnicode_GET_LENGTH(PyObject *text) noexcept

cdef enum:
    CASES = 3
    PLACES = 256           # of each case; a busy edge sees some thirty words
    PLACE_BITS = 8
    LONGEST_WORD = 32

cdef PyObject *words[3][256]  # CASES, PLACES


cdef inline uint64_t mixed(const uint8_t *word, uint32_t length) noexcept nogil:
    """All bytes of a word of up to sixteen, the ends of a longer one, as one number."""
    cdef uint64_t head = 0, tail = 0
    if length >= 8:
        memcpy(&head, word, 8)
        memcpy(&tail, word + length - 8, 8)
    elif length >= 4:
        memcpy(&head, word, 4)
        memcpy(&tail, word + length - 4, 4)
    else:
        head = word[0]
        tail = <uint64_t>word[length // 2] << 8 | word[length - 1]
    return ((head ^ tail * 0x9E3779B97F4A7C15ull) + length) * 0xC2B2AE3D27D4EB4Full


cdef bint is_word(const uint8_t *base, Span span, WordCase case) noexcept nogil:
    """Plain ASCII without white space, and already in the case that is asked for."""
    cdef uint32_t i
    if not sip_is_plain(base, span.start, span.end):
        return False
    for i in range(span.start, span.end):
        if base[i] <= c' ' or (case == LOWER and c'A' <= base[i] <= c'Z') or (
                case == UPPER and c'a' <= base[i] <= c'z'):
            return False
    return True


cdef object known_word(const uint8_t *base, Span span, WordCase case):
    """The span as text; None for what is no word, is too long to be kept, or has a letter of another case."""
    cdef const uint8_t *word = base + span.start
    cdef uint32_t length = span.end - span.start
    cdef PyObject **place
    cdef PyObject *last
    cdef object made
    if length == 0 or length > LONGEST_WORD:
        return None
    place = &words[<int>case][mixed(word, length) >> (64 - PLACE_BITS)]
    if place[0] != NULL and PyUnicode_GET_LENGTH(place[0]) == length and (
            memcmp(PyUnicode_DATA(place[0]), word, length) == 0):
        return <object>place[0]
    if not is_word(base, span, case):
        return None
    made = PyUnicode_New(length, 127)
    memcpy(PyUnicode_DATA(<PyObject *>made), word, length)
    last = place[0]
    Py_INCREF(made)
    place[0] = <PyObject *>made
    Py_XDECREF(last)
    return made
