"""The message that is plainly clean, told by its index and its bytes (documented in the stub).

    encodings       none: a body must be what it looks like
    body by type    one that the filter does not read (typing, presence, SOAP) may hold anything
                    application/sdp may hold anything but a file's attribute
                    text/plain must be plain: no link (`LinkFinder`), and no byte that the filter might undo or take
                    for a bare domain
    Subject         plain
    ms-text-format, the first message of a session, is text/plain in base64: plain

Only spellings that clients use are read here. Whatever is unclear is left to the long road, which knows better and
costs some ten microseconds.
"""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_GET_SIZE
from libc.stdint cimport uint8_t, uint16_t, uint32_t
from libc.string cimport memchr, memcmp

from sipcore._cursor cimport (
    Cursor,
    Span,
    equals_folded,
    is_alpha,
    is_digit,
    is_present,
    peek,
    skip_lws,
    skip_quoted,
    take_token,
)
from sipcore._index cimport FOLDED, NO_SLOT, Index, Slot, find_slot
from sipcore._parser cimport Message
from sipcore.imfilter._base64 cimport ROOM_FOR_BASE64, decode_base64
from sipcore.imfilter._links cimport LinkFinder
from sipcore.imfilter._walking cimport RELEASE_THE_GIL_FROM

__all__ = ["Gate"]

cdef extern from "_grammar.h" nogil:
    enum:
        H_CONTENT_ENCODING
        H_CONTENT_TRANSFER_ENCODING
        H_CONTENT_TYPE
        H_MS_IM_FORMAT
        H_MS_TEXT_FORMAT
        H_SUBJECT

cdef extern from "imfilter/_listed.h" nogil:
    void sip_start_listed(Listed *listed, bint foreign)
    void sip_list_byte(Listed *listed, uint8_t byte)
    Py_ssize_t sip_next_listed(const Listed *listed, const uint8_t *data, Py_ssize_t at, Py_ssize_t size)
    Py_ssize_t sip_next_listed_scalar(const Listed *listed, const uint8_t *data, Py_ssize_t at, Py_ssize_t size)

cdef enum:
    # Code points up to there have a bit each: two planes, with all that is undone but the tags of plane 14.
    LISTED_POINTS = 0x20000
    LAST_POINT = 0x10FFFF
    # Parameters of a media type that is not read; the longest lists in use have five.
    MOST_PARAMS = 8
    # Bytes of a session description above which the filter refuses to read it.
    LONGEST_OFFER = 65536


cdef struct Kind:
    # A media type of plain text.
    bint plain
    Span first_message    # ms-body, in base64; absent where it is not given


# -- the headers ------------------------------------------------------------------------------------------------------

cdef bint is_method(const Index *index, const char *method, uint32_t size) noexcept nogil:
    """Whether a request has that method, in this spelling (RFC 3261 section 7.1)."""
    cdef Span span = index.method
    return span.end - span.start == size and memcmp(index.base + span.start, method, size) == 0


# -- media types ------------------------------------------------------------------------------------------------------

cdef Cursor value_of(const Index *index, const Slot *slot) noexcept nogil:
    return Cursor(index.base, slot.value, slot.value + slot.value_size)


cdef bint is_known_charset(Cursor *cursor) noexcept nogil:
    """Whether UTF-8 or its subset is named, with or without quotes; moves behind it."""
    cdef bint quoted = peek(cursor) == c'"'
    cursor.pos += quoted
    cdef Span name = take_token(cursor)
    if quoted:
        if peek(cursor) != c'"':
            return False
        cursor.pos += 1
    return equals_folded(cursor.base, name, b"utf-8", 5) or equals_folded(cursor.base, name, b"us-ascii", 8)


cdef bint take_base64(Cursor *cursor) noexcept nogil:
    """Whether base64 stands there, which formatting and first messages are written in; moves behind it.

    Padding must not follow a "t": ``charset=`` would be read out of it by whoever looks for that word.
    """
    cdef uint32_t start = cursor.pos
    while is_alpha(max(peek(cursor), 0)) or is_digit(max(peek(cursor), 0)) or peek(cursor) in (c"+", c"/"):
        cursor.pos += 1
    if cursor.pos == start:
        return False
    if peek(cursor) == c"=" and cursor.base[cursor.pos - 1] | 0x20 == c"t":
        return False
    while peek(cursor) == c"=":
        cursor.pos += 1
    return True


cdef bint next_param(Cursor *cursor, Span *name) noexcept nogil:
    """Take a semicolon and the name before an equals sign; False when something else stands there."""
    if peek(cursor) != c";":
        return False
    cursor.pos += 1
    skip_lws(cursor)
    name[0] = take_token(cursor)
    if peek(cursor) != c"=":
        return False
    cursor.pos += 1
    return True


cdef Kind plain_kind(Cursor cursor) noexcept nogil:
    """What a media type says if it is plain text in UTF-8, and says nothing unheard of."""
    cdef Kind kind = Kind(False, Span(0, 0))
    cdef Span name = Span(cursor.pos, min(cursor.pos + 10, cursor.end))
    cdef bint charset_seen = False
    if not equals_folded(cursor.base, name, b"text/plain", 10):
        return kind
    cursor.pos = name.end
    skip_lws(&cursor)
    while cursor.pos < cursor.end:
        if not next_param(&cursor, &name):
            return kind
        if equals_folded(cursor.base, name, b"charset", 7) and not charset_seen:
            charset_seen = True
            if not is_known_charset(&cursor):
                return kind
        elif equals_folded(cursor.base, name, b"ms-body", 7) and not is_present(kind.first_message):
            kind.first_message.start = cursor.pos
            if not take_base64(&cursor):
                return kind
            kind.first_message.end = cursor.pos
        elif not equals_folded(cursor.base, name, b"msgr", 4) or not take_base64(&cursor):
            return kind
        skip_lws(&cursor)
    kind.plain = True
    return kind


cdef Span take_essence(Cursor *cursor) noexcept nogil:
    """Type and subtype without a space between them; absent when they are not there."""
    cdef uint32_t start = cursor.pos
    cdef Span part = take_token(cursor)
    if part.start == part.end or peek(cursor) != c"/":
        return Span(0, 0)
    cursor.pos += 1
    part = take_token(cursor)
    return Span(start, part.end) if part.start < part.end else Span(0, 0)


cdef bint has_clear_params(Cursor *cursor) noexcept nogil:
    """Whether nothing but a few parameters with simple values follows, so that no reader can stumble."""
    cdef Span name
    cdef uint32_t start, count = 0
    skip_lws(cursor)
    while cursor.pos < cursor.end:
        count += 1
        if count > MOST_PARAMS or not next_param(cursor, &name) or name.start == name.end:
            return False
        start = cursor.pos
        if peek(cursor) == c'"':
            if not skip_quoted(cursor) or memchr(cursor.base + start, c"\\", cursor.pos - start) != NULL:
                return False
        elif take_token(cursor).end == start:
            return False
        skip_lws(cursor)
    return True


cdef bint fits_any(Patterns patterns, const uint8_t *base, Span essence) noexcept nogil:
    """Whether a media type, in any case, is one of them; nearly always its size says no to each."""
    cdef const uint8_t *pattern = patterns.text
    cdef uint32_t size = essence.end - essence.start, length
    while pattern < patterns.text + patterns.size:
        length = pattern[0] | <uint32_t>pattern[1] << 8
        if (length == size or pattern[2] and length < size) and equals_folded(
                base, Span(essence.start, essence.start + length), <const char *>pattern + 3, length):
            return True
        pattern += 3 + length
    return False


# -- the body ---------------------------------------------------------------------------------------------------------

cdef inline bint is_continuation(const uint8_t *data, Py_ssize_t at, Py_ssize_t size) noexcept nogil:
    return at < size and data[at] & 0xC0 == 0x80


cdef Py_ssize_t take_utf8(const uint8_t *data, Py_ssize_t at, Py_ssize_t size, uint32_t *point) noexcept nogil:
    """The bytes of a character outside ASCII (RFC 3629 section 4); 0 when they are not one."""
    cdef uint8_t lead = data[at]
    cdef Py_ssize_t length = 2 if lead < 0xE0 else 3 if lead < 0xF0 else 4, i
    cdef uint32_t least = 0x80 if length == 2 else 0x800 if length == 3 else 0x10000
    point[0] = lead & (0xFF >> (length + 1))
    if lead < 0xC2 or lead > 0xF4:
        return 0
    for i in range(1, length):
        if not is_continuation(data, at + i, size):
            return 0
        point[0] = point[0] << 6 | (data[at + i] & 0x3F)
    return length if least <= point[0] <= LAST_POINT and not 0xD800 <= point[0] <= 0xDFFF else 0


cdef bint may_begin_otherwise(const uint8_t *data) noexcept nogil:
    """Whether text may be taken for something else by how it begins.

    A rich edit control takes text that begins with a brace and a word for RTF; 0xFE and 0xFF begin the byte order marks
    of UTF-16.
    """
    return data[0] == c"{" or data[0] >= 0xFE


cdef bint may_offer_file(const uint8_t *data, Py_ssize_t size) noexcept nogil:
    """Whether a session description may have an attribute ``file-...`` (RFC 5547), or hide one by a NUL."""
    cdef const uint8_t *dash = data
    cdef const uint8_t *end = data + size
    if size > LONGEST_OFFER or memchr(data, 0, size) != NULL:
        return True
    while True:
        dash = <const uint8_t *>memchr(dash, c"-", end - dash)
        if dash == NULL:
            return False
        if dash - data >= 4 and equals_folded(dash - 4, Span(0, 4), b"file", 4):
            return True
        dash += 1


cdef bint has_encoded_word(const uint8_t *data, Py_ssize_t size) noexcept nogil:
    """Whether RFC 2047 may stand in a subject."""
    cdef const uint8_t *mark = <const uint8_t *>memchr(data, c"?", size)
    while mark != NULL:
        if mark > data and (mark - 1)[0] == c"=":
            return True
        mark = <const uint8_t *>memchr(mark + 1, c"?", data + size - mark - 1)
    return False


cdef bytes pattern_text(str media_type):
    """As `Patterns` has it."""
    text, star, _ = media_type.lower().partition("*")
    data = text.encode()
    return len(data).to_bytes(2, "little") + bytes([bool(star)]) + data


cdef Patterns patterns_in(bytes text) noexcept:
    return Patterns(<const uint8_t *>PyBytes_AS_STRING(text), PyBytes_GET_SIZE(text))


cdef class Gate:
    def __cinit__(self, LinkFinder finder not None, bint dots=False, undone=(), read=("*",), shown=()):
        self.finder = finder
        self.dots = dots
        self.read, self.shown = tuple(read), tuple(shown)
        self.texts = tuple(b"".join([pattern_text(each) for each in types]) for types in (self.read, self.shown))
        self.reads, self.shows = patterns_in(self.texts[0]), patterns_in(self.texts[1])
        self.undone = frozenset(undone)
        if self.undone and not 0 <= min(self.undone) <= max(self.undone) <= LAST_POINT:
            raise ValueError("a code point must be from 0 to U+10FFFF")
        self.looks = dots or len(self.undone) > 0
        sip_start_listed(&self.listed, len(self.undone) > 0)
        for point in self.undone:
            if point < LISTED_POINTS:
                self.points[point >> 3] |= 1 << (point & 7)
        listed = {point for point in self.undone if point < 0x80}
        for byte in listed | ({*b"%&"} if self.undone else set()) | ({*b"."} if dots else set()):
            sip_list_byte(&self.listed, byte)

    cdef Py_ssize_t harmless_at(self, const uint8_t *data, Py_ssize_t at, Py_ssize_t size) noexcept nogil:
        """How many bytes of what stands there mean nothing to the filter; 0 when it has to look itself."""
        cdef uint8_t byte = data[at], following = data[at + 1] if at + 1 < size else 0
        cdef uint32_t point = byte
        cdef Py_ssize_t length = 1
        cdef bint alpha = is_alpha(following)
        if byte >= 0x80:
            length = take_utf8(data, at, size, &point)
            if length == 0 or point >= LISTED_POINTS:
                return 0
        if self.points[point >> 3] >> (point & 7) & 1:
            return 0
        if byte == c"." and self.dots:
            return not (alpha or is_digit(following) or following >= 0x80)
        if byte == c"%":
            return not (is_digit(following) or c"a" <= (following | 0x20) <= c"f")
        if byte == c"&":
            return not (alpha or following == c"#")
        return length

    cdef bint is_plain(self, const uint8_t *data, Py_ssize_t size) noexcept nogil:
        """Whether nothing in a text has to be undone or tried as a domain."""
        cdef Py_ssize_t at = 0, length
        while True:
            at = sip_next_listed(&self.listed, data, at, size)
            if at < 0:
                return True
            # In other scripts the next one is listed too: vectors would only begin again.
            while at < size and self.listed.has[data[at]]:
                length = self.harmless_at(data, at, size)
                if length == 0:
                    return False
                at += length

    cdef bint is_clean_text(self, const uint8_t *data, Py_ssize_t size) noexcept nogil:
        """Whether there is nothing in plain text of one byte or more."""
        return (not may_begin_otherwise(data) and not self.finder.has_link(data, size)
                and (not self.looks or self.is_plain(data, size)))

    cdef bint is_clean_subject(self, const Index *index) noexcept nogil:
        cdef uint16_t first = index.first[H_SUBJECT]
        cdef const Slot *slot
        cdef const uint8_t *value
        if first == NO_SLOT:
            return True
        slot = &index.slots[first]
        value = index.base + slot.value
        if slot.flags & FOLDED or find_slot(index, H_SUBJECT, first + 1) >= 0:
            return False
        return slot.value_size == 0 or (
            not has_encoded_word(value, slot.value_size) and self.is_clean_text(value, slot.value_size))

    cdef bint is_clean_first_message(self, const Index *index, const Slot *slot) noexcept nogil:
        cdef uint8_t text[ROOM_FOR_BASE64]
        cdef Kind kind = plain_kind(value_of(index, slot))
        cdef Py_ssize_t size
        if slot.flags & FOLDED or not kind.plain or not is_present(kind.first_message):
            return False
        size = decode_base64(text, index.base + kind.first_message.start,
                             kind.first_message.end - kind.first_message.start)
        return size > 0 and self.is_clean_text(text, size)

    cdef bint are_clean_first_messages(self, const Index *index, int header_id) noexcept nogil:
        cdef int slot = -1 if index.first[header_id] == NO_SLOT else index.first[header_id]
        while slot >= 0:
            if not self.is_clean_first_message(index, &index.slots[slot]):
                return False
            slot = find_slot(index, header_id, slot + 1)
        return True

    cdef bint is_clean_body(self, const Index *index, bint in_message) noexcept nogil:
        """Whether a body of one byte or more holds nothing, by its one type."""
        cdef const uint8_t *body = index.base + index.head_size
        cdef uint16_t first = index.first[H_CONTENT_TYPE]
        cdef Cursor cursor
        cdef Span essence
        cdef Kind kind
        if first == NO_SLOT or find_slot(index, H_CONTENT_TYPE, first + 1) >= 0 or index.slots[first].flags & FOLDED:
            return False
        cursor = value_of(index, &index.slots[first])
        kind = plain_kind(cursor)
        if kind.plain:
            return not is_present(kind.first_message) and self.is_clean_text(body, index.body_size)
        essence = take_essence(&cursor)
        if equals_folded(index.base, essence, b"application/sdp", 15):
            return cursor.pos == cursor.end and not may_offer_file(body, index.body_size)
        return (is_present(essence) and has_clear_params(&cursor) and not fits_any(self.reads, index.base, essence)
                and not (in_message and fits_any(self.shows, index.base, essence)))

    cdef bint is_clean_index(self, const Index *index) noexcept nogil:
        cdef bint in_message = is_method(index, b"MESSAGE", 7), in_invite = is_method(index, b"INVITE", 6)
        if index.first[H_CONTENT_ENCODING] != NO_SLOT or index.first[H_CONTENT_TRANSFER_ENCODING] != NO_SLOT:
            return False
        if (in_message or in_invite) and not self.is_clean_subject(index):
            return False
        if in_invite and not (self.are_clean_first_messages(index, H_MS_TEXT_FORMAT)
                              and self.are_clean_first_messages(index, H_MS_IM_FORMAT)):
            return False
        return index.body_size == 0 or self.is_clean_body(index, in_message)

    cdef bint has_plain_link(self, const Index *index) noexcept nogil:
        """Whether a link stands in a body that the filter reads as nothing but plain text."""
        cdef const uint8_t *body = index.base + index.head_size
        cdef uint16_t first = index.first[H_CONTENT_TYPE]
        cdef Kind kind
        if (first == NO_SLOT or find_slot(index, H_CONTENT_TYPE, first + 1) >= 0 or index.slots[first].flags & FOLDED
                or index.first[H_CONTENT_ENCODING] != NO_SLOT
                or index.first[H_CONTENT_TRANSFER_ENCODING] != NO_SLOT
                or not 0 < index.body_size < RELEASE_THE_GIL_FROM):
            return False
        kind = plain_kind(value_of(index, &index.slots[first]))
        return (kind.plain and not is_present(kind.first_message) and not may_begin_otherwise(body)
                and self.finder.has_link(body, index.body_size))

    def has_link(self, Message message not None):
        return self.has_plain_link(&message.index)

    def is_clean(self, Message message not None):
        cdef bint clean
        if message.index.body_size < RELEASE_THE_GIL_FROM:
            return self.is_clean_index(&message.index)
        with nogil:
            clean = self.is_clean_index(&message.index)
        return clean

    def __reduce__(self):
        return type(self), (self.finder, self.dots, self.undone, self.read, self.shown)


def _listed_twins(Gate gate, const uint8_t[::1] data not None):
    """Both forms of the search for listed bytes, from every place, for the test that holds them equal."""
    cdef Py_ssize_t size = data.shape[0]
    return (
        [sip_next_listed(&gate.listed, &data[0], at, size) for at in range(size)],
        [sip_next_listed_scalar(&gate.listed, &data[0], at, size) for at in range(size)],
    )
