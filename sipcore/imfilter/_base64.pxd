"""Base64 without Python (RFC 4648 section 4), for the little that `Gate` has to decode."""

from libc.stdint cimport uint8_t, uint32_t


cdef enum:
    # Letters of base64, and bytes of what they stand for. The first message of a session has some hundred.
    LONGEST_BASE64 = 4096
    ROOM_FOR_BASE64 = 3072
    NOT_BASE64 = -1


cdef inline int sextet_of(uint8_t letter) noexcept nogil:
    """The six bits of a letter; NOT_BASE64 for any other byte."""
    if c"A" <= letter <= c"Z":
        return letter - c"A"
    if c"a" <= letter <= c"z":
        return letter - c"a" + 26
    if c"0" <= letter <= c"9":
        return letter - c"0" + 52
    return 62 if letter == c"+" else 63 if letter == c"/" else NOT_BASE64


cdef inline Py_ssize_t decode_base64(uint8_t *into, const uint8_t *letters, Py_ssize_t size) noexcept nogil:
    """How many bytes of ``into`` are written; NOT_BASE64 for what is too long, or what not every decoder takes.

    That is anything but the alphabet in the middle, and bits that stand for nothing at the end. Padding may be missing.
    """
    cdef Py_ssize_t at, written = 0
    cdef uint32_t bits = 0, count = 0
    cdef int sextet
    while size and letters[size - 1] == c"=":
        size -= 1
    if size > LONGEST_BASE64:
        return NOT_BASE64
    for at in range(size):
        sextet = sextet_of(letters[at])
        if sextet < 0:
            return NOT_BASE64
        bits = bits << 6 | <uint32_t>sextet
        count += 6
        if count >= 8:
            count -= 8
            into[written] = <uint8_t>(bits >> count)
            written += 1
            bits &= (1 << count) - 1
    return written if bits == 0 and count < 6 else NOT_BASE64
