"""`Message` plus edits to bytes.

An edit is an array of header fields in wire order, each a few offsets: into the message where nobody touched it, into a
text buffer of the edit where somebody did. Reads and writes walk the same array, so an edit always sees its own writes,
and two edits of one header compose because the second works on what the first left. Output copies runs of untouched
fields in one piece each.
"""

cimport cython
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.unicode cimport PyUnicode_AsUTF8AndSize
from libc.stdint cimport uint8_t, uint32_t, uint64_t
from libc.stdlib cimport free, malloc, realloc
from libc.string cimport memcpy, memmove

from sipcore._cursor cimport Cursor, Span, is_digit, skip_value, trimmed
from sipcore._index cimport H_CONTENT_LENGTH, H_MAX_FORWARDS, H_OTHER, H_VIA, header_id_of
from sipcore._parser cimport Message
from sipcore._values cimport bytes_of, span_text

from sipcore.errors import EditError

cdef extern from "_scan.h" nogil:
    bint sip_is_token(uint8_t byte) noexcept
    bint sip_is_control(uint8_t byte) noexcept
    const uint8_t *sip_find_control(const uint8_t *p, const uint8_t *end) noexcept

cdef enum:
    INLINE_FIELDS = 40      # a message of 32 headers and some new ones, without a second allocation
    INLINE_TEXT = 512       # a Via, two Record-Routes and a mark
    MAX_FORWARDS_DIGITS = 10


cdef struct Field:
    # One header field; offsets into the message, or into the edit's text where `is_ours`.
    uint32_t line           # its first byte, which is its name's
    uint32_t line_end       # behind its CRLF
    uint32_t value
    uint32_t value_end
    uint32_t name_size
    uint8_t id
    bint is_ours


cdef struct Text:
    # Bytes that an argument of a method stands for.
    const uint8_t *data
    uint32_t size


cdef struct Place:
    # One value of a comma list: its field, its span, and what stands around it (absent at either end of the field).
    int field
    Span value
    Span before
    Span after


# -- arguments to bytes ------------------------------------------------------------------------------------------------

cdef Text text_of(object text, list keep) except *:
    """The argument's bytes, not copied where it holds them already; ``keep`` must outlive their use."""
    cdef Text result
    cdef Py_ssize_t size
    if isinstance(text, str) and (<str>text).isascii():
        result.data = <const uint8_t *>PyUnicode_AsUTF8AndSize(text, &size)
    else:
        text = bytes_of(text)
        keep.append(text)
        result.data = <const uint8_t *>PyBytes_AS_STRING(text)
        size = PyBytes_GET_SIZE(text)
    if size > 0x7FFFFFFF:
        raise EditError("a value must be below 2 GiB")
    result.size = <uint32_t>size
    return result


cdef Text value_of(object value, str what, list keep) except *:
    """A value without outer white space. What would end the field, or what no parser takes inside one, is refused.

    RFC 3261 lets a control byte stand as a quoted pair, and the parser takes it; nobody has a reason to write one.
    """
    cdef Text text = text_of(value, keep)
    cdef const uint8_t *fault = sip_find_control(text.data, text.data + text.size)
    cdef Span span
    if fault < text.data + text.size:
        at = fault - text.data
        raise EditError(f"{what} must not hold CR, LF, NUL or another control character, as at byte {at}: "
                        f"{bytes_of(value)[max(at - 20, 0):at + 20]!r}")
    span = trimmed(text.data, 0, text.size)
    text.data += span.start
    text.size = span.end - span.start
    return text


cdef Text name_of(str name, list keep) except *:
    """A header name: a token."""
    return token_of(name, "header name", keep)


cdef Text token_of(str token, str what, list keep) except *:
    cdef Text text = text_of(token, keep)
    cdef uint32_t i
    for i in range(text.size):
        if not sip_is_token(text.data[i]):
            raise EditError(f"not a {what}: {token!r}")
    if text.size == 0 or text.size > 0xFFFF:
        raise EditError(f"not a {what}: {token[:40]!r}")
    return text


cdef Text literal(const char *text, uint32_t size) noexcept:
    cdef Text result
    result.data = <const uint8_t *>text
    result.size = size
    return result


cdef uint32_t size_of(Span span) noexcept nogil:
    return span.end - span.start


cdef bint same_bytes(const uint8_t *left, const uint8_t *right, uint32_t size) noexcept nogil:
    # Both are tokens: or-ing 0x20 folds letters and leaves every other token byte apart.
    cdef uint32_t i
    for i in range(size):
        if (left[i] | 0x20) != (right[i] | 0x20):
            return False
    return True


# A relay makes and drops one for every message that it forwards.
@cython.freelist(8)
cdef class Edit:
    cdef Message source
    cdef Field inline_fields[40]
    cdef Field *fields
    cdef int count
    cdef int capacity
    cdef uint8_t inline_text[512]
    cdef uint8_t *text
    cdef uint32_t text_size
    cdef uint32_t text_capacity
    # In our text; absent while the message's own is in force.
    cdef Span method
    cdef Span uri
    cdef bytes new_body

    def __cinit__(self, Message message not None):
        self.source = message
        self.fields = &self.inline_fields[0]
        self.capacity = INLINE_FIELDS
        self.text = &self.inline_text[0]
        self.text_capacity = INLINE_TEXT
        # Offset 0 of the text stays unused, so that a span there is never taken for an absent one.
        self.text_size = 1
        self._make_room(message.index.count)
        self._take_slots()

    def __dealloc__(self):
        if self.fields != &self.inline_fields[0]:
            free(self.fields)
        if self.text != &self.inline_text[0]:
            free(self.text)

    @property
    def message(self):
        return self.source

    # writes

    def set(self, str name, value):
        cdef list keep = []
        cdef Text wanted = name_of(name, keep)
        cdef Text data = value_of(value, name, keep)
        self._set(wanted, self._id_unless_length(wanted), data)
        return self

    def add(self, str name, value):
        cdef list keep = []
        cdef Text wanted = name_of(name, keep)
        cdef Text data = value_of(value, name, keep)
        cdef int header_id = self._id_unless_length(wanted)
        cdef int found = self._find_last(wanted, header_id)
        self._insert_line(found + 1 if found >= 0 else self.count, wanted, header_id, data)
        return self

    def insert(self, str name, value):
        cdef list keep = []
        cdef Text wanted = name_of(name, keep)
        cdef Text data = value_of(value, name, keep)
        cdef int header_id = self._id_unless_length(wanted)
        self._insert_line(max(self._find(wanted, header_id, 0), 0), wanted, header_id, data)
        return self

    def remove(self, str name):
        cdef list keep = []
        cdef Text wanted = name_of(name, keep)
        self._remove_from(wanted, self._id_unless_length(wanted), 0)
        return self

    def remove_value(self, str name, int index=0):
        cdef list keep = []
        cdef Text wanted = name_of(name, keep)
        cdef Place place
        if not self._find_value(wanted, self._id_unless_length(wanted), index, &place, name):
            raise EditError(f"there is no {name} value number {index}")
        self._remove_place(place)
        return self

    def replace_value(self, str name, int index, value):
        cdef list keep = []
        cdef Text wanted = name_of(name, keep)
        cdef Text data = value_of(value, name, keep)
        cdef Place place
        if not self._find_value(wanted, self._id_unless_length(wanted), index, &place, name):
            raise EditError(f"there is no {name} value number {index}")
        self._splice(place.field, place.value, data)
        return self

    def push_via(self, value):
        cdef list keep = []
        cdef Text data = value_of(value, "Via", keep)
        cdef Text name = literal(b"Via", 3)
        self._insert_line(max(self._find(name, H_VIA, 0), 0), name, H_VIA, data)
        return self

    def pop_via(self):
        return self.remove_value("Via")

    def push_route(self, value):
        return self.insert("Route", value)

    def pop_route(self):
        return self.remove_value("Route")

    def push_record_route(self, value):
        return self.insert("Record-Route", value)

    def pop_record_route(self):
        return self.remove_value("Record-Route")

    def decrement_max_forwards(self, int default=70):
        cdef Text name = literal(b"Max-Forwards", 12)
        cdef int found = self._find(name, H_MAX_FORWARDS, 0)
        cdef bytes digits
        if found < 0:
            digits = b"%d" % default
        else:
            digits = b"%d" % self._one_less(&self.fields[found])
        self._set(name, H_MAX_FORWARDS, literal(PyBytes_AS_STRING(digits), <uint32_t>PyBytes_GET_SIZE(digits)))
        return self

    def set_method(self, str method not None):
        cdef list keep = []
        cdef Text data = token_of(method, "method", keep)
        if not self.source.is_request:
            raise EditError("a response has no method")
        self.method = self._append(data)
        return self

    def set_uri(self, uri):
        cdef list keep = []
        cdef Text data = value_of(uri, "Request-URI", keep)
        cdef uint32_t i
        if not self.source.is_request:
            raise EditError("a response has no Request-URI")
        for i in range(data.size):
            if sip_is_control(data.data[i]) or data.data[i] == c' ' or data.data[i] == c'\t':
                raise EditError(f"not a Request-URI: {bytes_of(uri)[:40]!r}")
        if data.size == 0:
            raise EditError("not a Request-URI: b''")
        self.uri = self._append(data)
        return self

    def set_body(self, bytes body not None, content_type=None):
        if content_type is not None:
            self.set("Content-Type", content_type)
        self.new_body = body
        return self.declare_length()

    def declare_length(self):
        cdef bytes digits = b"%d" % self._body_size()
        self._set(literal(b"Content-Length", 14), H_CONTENT_LENGTH,
                  literal(PyBytes_AS_STRING(digits), <uint32_t>PyBytes_GET_SIZE(digits)))
        return self

    # reads

    def get(self, str name, default=None):
        cdef list keep = []
        cdef Text wanted = name_of(name, keep)
        cdef int found = self._find(wanted, header_id_of(wanted.data, wanted.size), 0)
        return self._value_text(found) if found >= 0 else default

    def get_all(self, str name):
        return [self._value_text(found) for found in self._all(name)]

    def values(self, str name):
        cdef Cursor cursor
        cdef uint32_t start
        cdef list texts = []
        cdef int found
        for found in self._all(name):
            cursor = self._cursor(found)
            while True:
                start = cursor.pos
                self._skip_value(&cursor, name)
                texts.append(span_text(cursor.base, trimmed(cursor.base, start, cursor.pos)))
                if cursor.pos == cursor.end:
                    break
                cursor.pos += 1
        return texts

    def __contains__(self, name):
        cdef list keep = []
        cdef Text wanted
        cdef uint32_t i
        if not isinstance(name, str):
            return False
        wanted = text_of(name, keep)
        for i in range(wanted.size):
            if not sip_is_token(wanted.data[i]):
                return False
        return self._find(wanted, header_id_of(wanted.data, wanted.size), 0) >= 0

    # output

    def __bytes__(self):
        cdef Py_ssize_t size = self._start_line_size() + 2 + self._body_size()
        cdef bytes result
        cdef char *out
        cdef int i
        for i in range(self.count):
            size += self.fields[i].line_end - self.fields[i].line
        result = PyBytes_FromStringAndSize(NULL, size)
        out = self._copy_fields(self._copy_start_line(PyBytes_AS_STRING(result)))
        out[0] = c'\r'
        out[1] = c'\n'
        if self.new_body is not None:
            memcpy(out + 2, PyBytes_AS_STRING(self.new_body), PyBytes_GET_SIZE(self.new_body))
        else:
            memcpy(out + 2, self.source.index.base + self.source.index.head_size, self.source.index.body_size)
        return result

    def parts(self):
        cdef Field *field
        cdef list found = [PyBytes_FromStringAndSize(NULL, self._start_line_size())]
        cdef uint32_t start = 0, end = 0      # the untouched run that is being collected
        cdef int i
        self._copy_start_line(PyBytes_AS_STRING(found[0]))
        whole = memoryview(self.source)
        for i in range(self.count):
            field = &self.fields[i]
            if not field.is_ours and field.line == end:
                end = field.line_end
                continue
            if end > start:
                found.append(whole[start:end])
            start = end = 0
            if field.is_ours:
                found.append((<const char *>self.text)[field.line:field.line_end])
            else:
                start, end = field.line, field.line_end
        if end > start:
            found.append(whole[start:end])
        found.append(b"\r\n")
        found.append(self.new_body if self.new_body is not None else self.source.body)
        return found

    # the array of fields

    cdef int _make_room(self, int more) except -1:
        cdef Field *grown
        cdef int capacity
        if self.count + more <= self.capacity:
            return 0
        capacity = 2 * (self.count + more)
        if self.fields == &self.inline_fields[0]:
            grown = <Field *>malloc(capacity * sizeof(Field))
            if grown != NULL:
                memcpy(grown, self.fields, self.count * sizeof(Field))
        else:
            grown = <Field *>realloc(self.fields, capacity * sizeof(Field))
        if grown == NULL:
            raise MemoryError
        self.fields = grown
        self.capacity = capacity
        return 0

    cdef void _take_slots(self) noexcept:
        """The message's fields as they are, each ending where the next begins."""
        cdef int i
        cdef uint32_t end = self.source.index.head_size - 2
        self.count = self.source.index.count
        for i in range(self.count - 1, -1, -1):
            slot = &self.source.index.slots[i]
            field = &self.fields[i]
            field.line = slot.name
            field.line_end = end
            field.value = slot.value
            field.value_end = slot.value + slot.value_size
            field.name_size = slot.name_size
            field.id = slot.id
            field.is_ours = False
            end = slot.name

    cdef const uint8_t *_base(self, const Field *field) noexcept:
        return <const uint8_t *>self.text if field.is_ours else self.source.index.base

    cdef int _find(self, Text name, int header_id, int start) noexcept:
        """The first field of that name at or after ``start``, -1 when there is none."""
        cdef int i
        cdef Field *field
        for i in range(start, self.count):
            field = &self.fields[i]
            if field.id == header_id and (header_id != H_OTHER or (
                    field.name_size == name.size
                    and same_bytes(self._base(field) + field.line, name.data, name.size))):
                return i
        return -1

    cdef int _find_last(self, Text name, int header_id) noexcept:
        cdef int found = -1
        cdef int last = -1
        while True:
            found = self._find(name, header_id, found + 1)
            if found < 0:
                return last
            last = found

    cdef list _all(self, str name):
        cdef list keep = []
        cdef Text wanted = name_of(name, keep)
        cdef int header_id = header_id_of(wanted.data, wanted.size)
        cdef list found = []
        cdef int at = self._find(wanted, header_id, 0)
        while at >= 0:
            found.append(at)
            at = self._find(wanted, header_id, at + 1)
        return found

    cdef int _id_unless_length(self, Text name) except -1:
        """The header's id. Content-Length frames the message, so it follows the body and nothing else."""
        cdef int header_id = header_id_of(name.data, name.size)
        if header_id == H_CONTENT_LENGTH:
            raise EditError("Content-Length follows the body: use set_body or declare_length")
        return header_id

    cdef void _delete(self, int at) noexcept:
        self.count -= 1
        memmove(&self.fields[at], &self.fields[at + 1], (self.count - at) * sizeof(Field))

    cdef void _remove_from(self, Text name, int header_id, int start) noexcept:
        cdef int found = self._find(name, header_id, start)
        cdef int kept = found
        cdef int at
        if found < 0:
            return
        # One walk that closes every gap as it goes: removing each by itself would be quadratic.
        for at in range(found, self.count):
            if at == found:
                found = self._find(name, header_id, at + 1)
            else:
                self.fields[kept] = self.fields[at]
                kept += 1
        self.count = kept

    cdef int _insert_line(self, int at, Text name, int header_id, Text value) except -1:
        """A new field of our own: name, colon, space, value."""
        cdef Field field
        cdef uint32_t start
        self._make_room(1)
        start = self._append(name).start
        self._append(literal(b": ", 2))
        field.line = start
        field.name_size = name.size
        field.value = start + name.size + 2
        field.value_end = self._append(value).end
        field.line_end = self._append(literal(b"\r\n", 2)).end
        field.id = <uint8_t>header_id
        field.is_ours = True
        memmove(&self.fields[at + 1], &self.fields[at], (self.count - at) * sizeof(Field))
        self.fields[at] = field
        self.count += 1
        return 0

    cdef int _set(self, Text name, int header_id, Text value) except -1:
        """The first field takes the value in its place, the others go; a new one comes last."""
        cdef Span whole
        cdef int at = self._find(name, header_id, 0)
        if at < 0:
            return self._insert_line(self.count, name, header_id, value)
        whole.start = self.fields[at].value
        whole.end = self.fields[at].value_end
        self._splice(at, whole, value)
        self._remove_from(name, header_id, at + 1)
        return 0

    cdef int _splice(self, int at, Span piece, Text text) except -1:
        """Write a field anew with one piece of its value replaced; everything around the piece stays byte for byte."""
        cdef Field old = self.fields[at]
        cdef Field *field = &self.fields[at]
        cdef Span value
        cdef uint32_t start = self._copy_piece(&old, old.line, piece.start)
        self._append(text)
        self._copy_piece(&old, piece.end, old.value_end)
        # What is left may begin or end with white space, which is no part of a value.
        value = trimmed(self.text, start + (old.value - old.line), self.text_size)
        self._check_rest(&old, value)
        self._copy_piece(&old, old.value_end, old.line_end)
        field.line = start
        field.value = value.start
        field.value_end = value.end
        field.line_end = self.text_size
        field.is_ours = True
        return 0

    cdef int _check_rest(self, const Field *field, Span value) except -1:
        """Beside a replaced piece a quoted pair with a control byte may lose its quotes, so then nothing is."""
        cdef const uint8_t *end = self.text + value.end
        cdef const uint8_t *at = sip_find_control(self.text + value.start, end)
        while at < end:
            if at[0] != c'\r' and at[0] != c'\n':
                name = self._base(field)[field.line:field.line + field.name_size].decode()
                raise EditError(f"{name} holds a control character, so it can only be set as a whole")
            at = sip_find_control(at + 1, end)
        return 0

    # the text

    cdef int _grow_text(self, uint32_t more) except -1:
        cdef uint8_t *grown
        cdef size_t capacity
        if <size_t>self.text_size + more <= self.text_capacity:
            return 0
        capacity = 2 * (<size_t>self.text_size + more)
        if capacity > 0x7FFFFFFF:
            raise EditError("the edits of one message must stay below 2 GiB")
        if self.text == &self.inline_text[0]:
            grown = <uint8_t *>malloc(capacity)
            if grown != NULL:
                memcpy(grown, self.text, self.text_size)
        else:
            grown = <uint8_t *>realloc(self.text, capacity)
        if grown == NULL:
            raise MemoryError
        self.text = grown
        self.text_capacity = <uint32_t>capacity
        return 0

    cdef Span _append(self, Text text) except *:
        cdef Span span
        self._grow_text(text.size)
        memcpy(self.text + self.text_size, text.data, text.size)
        span.start = self.text_size
        span.end = self.text_size + text.size
        self.text_size = span.end
        return span

    cdef uint32_t _copy_piece(self, const Field *field, uint32_t start, uint32_t end) except? 0:
        """Append a piece of a field to the text; where it starts there. The field may lie in the text itself."""
        cdef uint32_t at = self.text_size
        self._grow_text(end - start)
        memcpy(self.text + at, self._base(field) + start, end - start)
        self.text_size += end - start
        return at

    # values of comma lists

    cdef Cursor _cursor(self, int at) noexcept:
        cdef Cursor cursor
        cursor.base = self._base(&self.fields[at])
        cursor.pos = self.fields[at].value
        cursor.end = self.fields[at].value_end
        return cursor

    cdef int _skip_value(self, Cursor *cursor, str name) except -1:
        if not skip_value(cursor):
            raise EditError(f"{name}: a quote or an angle bracket is never closed")
        return 0

    cdef bint _find_value(self, Text wanted, int header_id, int index, Place *place, str name) except -1:
        """The value of that number over all fields of that name; false when there are not so many."""
        cdef Cursor cursor
        cdef Span value
        cdef int left = index
        cdef int at = self._find(wanted, header_id, 0)
        while at >= 0 and index >= 0:
            cursor = self._cursor(at)
            place.before.start = place.before.end = 0
            while True:
                value.start = cursor.pos
                self._skip_value(&cursor, name)
                value = trimmed(cursor.base, value.start, cursor.pos)
                if left == 0:
                    place.field = at
                    place.value = value
                    place.after.start = place.after.end = 0
                    if cursor.pos < cursor.end:
                        value.start = cursor.pos + 1
                        cursor.pos += 1
                        self._skip_value(&cursor, name)
                        place.after = trimmed(cursor.base, value.start, cursor.pos)
                    return True
                left -= 1
                place.before = value
                if cursor.pos == cursor.end:
                    break
                cursor.pos += 1
            at = self._find(wanted, header_id, at + 1)
        return False

    cdef int _remove_place(self, Place place) except -1:
        """Take a value out of its list, with the comma that joined it; the field goes with its only value."""
        cdef Span piece = place.value
        if place.before.end:
            piece.start = place.before.end
        elif place.after.end:
            piece.end = place.after.start
        else:
            self._delete(place.field)
            return 0
        return self._splice(place.field, piece, literal(b"", 0))

    # pieces of the output

    cdef str _value_text(self, int at):
        cdef Span span
        span.start = self.fields[at].value
        span.end = self.fields[at].value_end
        return span_text(self._base(&self.fields[at]), span)

    cdef object _one_less(self, const Field *field):
        cdef const uint8_t *base = self._base(field)
        cdef uint32_t i
        cdef uint64_t number = 0
        for i in range(field.value, field.value_end):
            if not is_digit(base[i]) or i - field.value >= MAX_FORWARDS_DIGITS:
                raise EditError(f"Max-Forwards is not a number: {base[field.value:field.value_end][:40]!r}")
            number = number * 10 + (base[i] - c'0')
        if field.value == field.value_end:
            raise EditError("Max-Forwards is not a number: b''")
        if number == 0:
            raise EditError("Max-Forwards is 0 already")
        return number - 1

    cdef Py_ssize_t _body_size(self) noexcept:
        return PyBytes_GET_SIZE(self.new_body) if self.new_body is not None else self.source.index.body_size

    cdef uint32_t _start_line_end(self) noexcept:
        """Behind the CRLF of the message's start line."""
        return self.source.index.slots[0].name if self.source.index.count else self.source.index.head_size - 2

    cdef Py_ssize_t _start_line_size(self) noexcept:
        cdef Py_ssize_t size = self._start_line_end()
        if self.method.end:
            size += <Py_ssize_t>size_of(self.method) - size_of(self.source.index.method)
        if self.uri.end:
            size += <Py_ssize_t>size_of(self.uri) - size_of(self.source.index.uri)
        return size

    cdef char *_copy_start_line(self, char *out) noexcept:
        cdef uint32_t at = 0
        cdef uint32_t end = self._start_line_end()
        out = self._copy_up_to(self.source.index.method, self.method, &at, out)
        out = self._copy_up_to(self.source.index.uri, self.uri, &at, out)
        memcpy(out, self.source.index.base + at, end - at)
        return out + (end - at)

    cdef char *_copy_up_to(self, Span old, Span new, uint32_t *at, char *out) noexcept:
        """Copy the start line from ``at`` up to a piece that has been written anew, and that; nothing otherwise."""
        if new.end == 0:
            return out
        memcpy(out, self.source.index.base + at[0], old.start - at[0])
        out += old.start - at[0]
        memcpy(out, self.text + new.start, size_of(new))
        at[0] = old.end
        return out + size_of(new)

    cdef char *_copy_fields(self, char *out) noexcept:
        """Every field, runs that lie side by side in one copy."""
        cdef int i = 0
        cdef Field *field
        cdef uint32_t end
        while i < self.count:
            field = &self.fields[i]
            end = field.line_end
            i += 1
            while i < self.count and self.fields[i].is_ours == field.is_ours and self.fields[i].line == end:
                end = self.fields[i].line_end
                i += 1
            memcpy(out, self._base(field) + field.line, end - field.line)
            out += end - field.line
        return out
