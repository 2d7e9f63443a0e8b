"""SipHash-2-4 with 128 bits of output (Aumasson and Bernstein, 2012), fed with the values of a message where they lie.

It is a pseudo-random function made for short input: without the key nobody can tell its output from noise, so nobody
can make a branch of ours or find two flows with one key. BLAKE2b of the standard library is no worse, but takes only
Python's bytes: to collect four values of a message, encode and hash them took 2.4 microseconds, 0.7 of them for the
hash alone. The same values hashed as spans of the message take 0.15.

What is hashed is a sequence of values, each a number of its bytes (one word) and the bytes, filled up with zeros to
whole words of eight. No two sequences are written alike, and no word has to be put together from two values.
"""

from libc.stdint cimport uint8_t, uint32_t, uint64_t

from sipcore._cursor cimport Span


cdef enum:
    DIGEST_BYTES = 16
    KEY_BYTES = 16


cdef struct Key:
    uint64_t low
    uint64_t high


cdef struct Digest:
    uint64_t low
    uint64_t high


cdef struct Hasher:
    uint64_t v0
    uint64_t v1
    uint64_t v2
    uint64_t v3
    uint64_t words


cdef inline uint64_t rotated(uint64_t word, int by) noexcept nogil:
    return word << by | word >> (64 - by)


cdef inline uint64_t little_endian(const uint8_t *bytes) noexcept nogil:
    """Eight bytes as a number; compilers know the pattern for one load."""
    return (<uint64_t>bytes[0] | <uint64_t>bytes[1] << 8 | <uint64_t>bytes[2] << 16 | <uint64_t>bytes[3] << 24
            | <uint64_t>bytes[4] << 32 | <uint64_t>bytes[5] << 40 | <uint64_t>bytes[6] << 48 | <uint64_t>bytes[7] << 56)


cdef inline Key key_at(const uint8_t *bytes) noexcept nogil:
    cdef Key key
    key.low = little_endian(bytes)
    key.high = little_endian(bytes + 8)
    return key


cdef inline void mix(Hasher *hasher) noexcept nogil:
    """SipRound."""
    hasher.v0 += hasher.v1
    hasher.v2 += hasher.v3
    hasher.v1 = rotated(hasher.v1, 13) ^ hasher.v0
    hasher.v3 = rotated(hasher.v3, 16) ^ hasher.v2
    hasher.v0 = rotated(hasher.v0, 32)
    hasher.v2 += hasher.v1
    hasher.v0 += hasher.v3
    hasher.v1 = rotated(hasher.v1, 17) ^ hasher.v2
    hasher.v3 = rotated(hasher.v3, 21) ^ hasher.v0
    hasher.v2 = rotated(hasher.v2, 32)


cdef inline Hasher begun(Key key) noexcept nogil:
    cdef Hasher hasher
    hasher.v0 = key.low ^ <uint64_t>0x736f6d6570736575
    hasher.v1 = key.high ^ <uint64_t>0x646f72616e646f6d ^ 0xee  # 0xee: for 128 bits
    hasher.v2 = key.low ^ <uint64_t>0x6c7967656e657261
    hasher.v3 = key.high ^ <uint64_t>0x7465646279746573
    hasher.words = 0
    return hasher


cdef inline void absorb_word(Hasher *hasher, uint64_t word) noexcept nogil:
    hasher.v3 ^= word
    mix(hasher)
    mix(hasher)
    hasher.v0 ^= word
    hasher.words += 1


cdef inline uint64_t partial_word(const uint8_t *bytes, uint32_t size) noexcept nogil:
    """Fewer than eight bytes, filled up with zeros."""
    cdef uint64_t word = 0
    cdef uint32_t i
    for i in range(size):
        word |= <uint64_t>bytes[i] << (8 * i)
    return word


cdef inline Digest finished(Hasher *hasher, uint64_t rest, uint32_t size) noexcept nogil:
    """The hash, after the last ``size`` bytes, fewer than eight, as a word."""
    cdef Digest digest
    absorb_word(hasher, rest | (8 * hasher.words + size) << 56)
    hasher.v2 ^= 0xee
    mix(hasher)
    mix(hasher)
    mix(hasher)
    mix(hasher)
    digest.low = hasher.v0 ^ hasher.v1 ^ hasher.v2 ^ hasher.v3
    hasher.v1 ^= 0xdd
    mix(hasher)
    mix(hasher)
    mix(hasher)
    mix(hasher)
    digest.high = hasher.v0 ^ hasher.v1 ^ hasher.v2 ^ hasher.v3
    return digest


# -- values

cdef inline void absorb_absent(Hasher *hasher) noexcept nogil:
    """A value that is not there: no value has so many bytes."""
    absorb_word(hasher, <uint64_t>0xFFFFFFFFFFFFFFFF)


cdef inline void absorb_bytes(Hasher *hasher, const uint8_t *bytes, uint32_t size) noexcept nogil:
    cdef uint32_t at = 0
    absorb_word(hasher, size)
    while size - at >= 8:
        absorb_word(hasher, little_endian(bytes + at))
        at += 8
    if at < size:
        absorb_word(hasher, partial_word(bytes + at, size - at))


cdef inline void absorb_span(Hasher *hasher, const uint8_t *base, Span span) noexcept nogil:
    """A span as it is written; one that is not present is an absent value."""
    if span.end == 0:
        absorb_absent(hasher)
    else:
        absorb_bytes(hasher, base + span.start, span.end - span.start)


cdef inline uint8_t folded(uint8_t byte) noexcept nogil:
    return byte | 0x20 if c'A' <= byte <= c'Z' else byte


cdef inline uint64_t folded_word(uint64_t word) noexcept nogil:
    """Eight bytes with ASCII letters in lower case: each byte's upper bit comes to say whether it is a capital."""
    cdef uint64_t low = word & <uint64_t>0x7f7f7f7f7f7f7f7f
    cdef uint64_t from_a = low + <uint64_t>0x3f3f3f3f3f3f3f3f, past_z = low + <uint64_t>0x2525252525252525
    return word | (~word & (from_a ^ past_z) & <uint64_t>0x8080808080808080) >> 2


cdef inline void absorb_domain(Hasher *hasher, const uint8_t *base, Span span) noexcept nogil:
    """A host in the spelling of `domain_name`: ASCII letters in lower case, without the root's dot."""
    cdef uint32_t at = span.start, size = span.end - span.start
    if span.end == 0:
        absorb_absent(hasher)
        return
    while size > 0 and base[at + size - 1] == c'.':
        size -= 1
    absorb_word(hasher, size)
    while size >= 8:
        absorb_word(hasher, folded_word(little_endian(base + at)))
        at += 8
        size -= 8
    if size:
        absorb_word(hasher, folded_word(partial_word(base + at, size)))
