"""`Message` plus edits to bytes.

An edit is a list of header fields in wire order. A field that nobody touched is the number of its slot in the message
and leaves as the bytes it came as; a touched or new one is a `Line`. Reads walk the same list, so an edit always sees
its own writes, and two edits of one header compose because the second works on what the first left.
"""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from libc.stdint cimport uint8_t, uint32_t
from libc.string cimport memcpy

from sipcore._cursor cimport Cursor, Span, skip_value, trimmed
from sipcore._index cimport H_OTHER, header_id_of
from sipcore._parser cimport Message
from sipcore._values cimport span_text

from sipcore.errors import EditError

cdef extern from "_scan.h" nogil:
    bint sip_is_token(uint8_t byte) noexcept
    bint sip_is_control(uint8_t byte) noexcept


cdef class Line:
    # One written header field, CRLF included, and where its value stands in it.
    cdef bytes raw
    cdef uint32_t name_size
    cdef Span value


cdef struct Field:
    # A field as both kinds are read: bytes, name and value.
    const uint8_t *base
    Span name
    Span value
    Span line


cdef Line make_line(bytes before, bytes value, bytes after, uint32_t name_size):
    cdef Line line = Line.__new__(Line)
    line.raw = before + value + after
    line.name_size = name_size
    line.value.start = <uint32_t>len(before)
    line.value.end = line.value.start + <uint32_t>len(value)
    return line


cdef bytes clean_text(object text, str what):
    """As bytes, without outer white space; what would end the field or start another message is refused."""
    cdef bytes data = text.encode("utf-8", "surrogateescape") if isinstance(text, str) else bytes(text)
    cdef uint8_t byte
    for byte in data:
        if byte == c'\r' or byte == c'\n' or byte == 0:
            raise EditError(f"{what} must not hold CR, LF or NUL: {data[:40]!r}")
    return data.strip(b" \t")


cdef bytes clean_name(str name):
    cdef bytes data = name.encode("utf-8", "surrogateescape")
    cdef uint8_t byte
    for byte in data:
        if not sip_is_token(byte):
            raise EditError(f"not a header name: {name!r}")
    if not data:
        raise EditError("a header name must not be empty")
    return data


cdef bint same_name(const uint8_t *left, uint32_t left_size, const uint8_t *right, uint32_t right_size) noexcept nogil:
    """Equal without regard to case, a compact form and its full name included (RFC 3261 section 7.3.3)."""
    cdef uint32_t i
    cdef int header_id = header_id_of(left, left_size)
    if header_id != header_id_of(right, right_size):
        return False
    if header_id != H_OTHER:
        return True
    if left_size != right_size:
        return False
    for i in range(left_size):
        if (left[i] | 0x20) != (right[i] | 0x20):
            return False
    return True


cdef class Edit:
    cdef Message source
    cdef list fields
    cdef bytes uri
    cdef bytes new_body

    def __init__(self, Message message not None):
        self.source = message
        self.fields = list(range(message.index.count))

    @property
    def message(self):
        return self.source

    # writes

    def set(self, str name, value):
        self._guard_length(name)
        self._set(clean_name(name), clean_text(value, name))
        return self

    def add(self, str name, value):
        cdef bytes wanted = clean_name(name)
        cdef bytes data = clean_text(value, name)
        self._guard_length(name)
        cdef list places = self._places(wanted)
        self.fields.insert(places[len(places) - 1] + 1 if places else len(self.fields), self._new_line(wanted, data))
        return self

    def insert(self, str name, value):
        cdef bytes wanted = clean_name(name)
        cdef bytes data = clean_text(value, name)
        self._guard_length(name)
        cdef list places = self._places(wanted)
        self.fields.insert(places[0] if places else 0, self._new_line(wanted, data))
        return self

    def remove(self, str name):
        self._guard_length(name)
        for place in reversed(self._places(clean_name(name))):
            del self.fields[place]
        return self

    def remove_value(self, str name, int index=0):
        cdef Py_ssize_t place
        cdef int within
        cdef list spans
        self._guard_length(name)
        place, within, spans = self._find_value(name, index)
        if len(spans) == 1:
            del self.fields[place]
        elif within == 0:
            self._splice(place, spans[0][0], spans[1][0], b"")
        else:
            self._splice(place, spans[within - 1][1], spans[within][1], b"")
        return self

    def replace_value(self, str name, int index, value):
        cdef bytes data = clean_text(value, name)
        self._guard_length(name)
        place, within, spans = self._find_value(name, index)
        self._splice(place, spans[within][0], spans[within][1], data)
        return self

    def push_via(self, value):
        return self.insert("Via", value)

    def pop_via(self):
        return self.remove_value("Via")

    def pop_route(self):
        return self.remove_value("Route")

    def decrement_max_forwards(self, int default=70):
        cdef str text = self.get("Max-Forwards")
        if text is None:
            return self.set("Max-Forwards", str(default))
        if not (text.isascii() and text.isdigit()):
            raise EditError(f"Max-Forwards is not a number: {text[:40]!r}")
        if int(text) == 0:
            raise EditError("Max-Forwards is 0 already")
        return self.set("Max-Forwards", str(int(text) - 1))

    def set_uri(self, uri):
        cdef bytes data = clean_text(uri, "Request-URI")
        if not self.source.is_request:
            raise EditError("a response has no Request-URI")
        if not data or any(sip_is_control(byte) or byte == c' ' or byte == c'\t' for byte in data):
            raise EditError(f"not a Request-URI: {data[:40]!r}")
        self.uri = data
        return self

    def set_body(self, bytes body not None, content_type=None):
        if content_type is not None:
            self._set(b"Content-Type", clean_text(content_type, "Content-Type"))
        self.new_body = body
        return self.declare_length()

    def declare_length(self):
        """Make Content-Length say how long the body is."""
        self._set(b"Content-Length", b"%d" % self._body_size())
        return self

    # reads

    def get(self, str name, default=None):
        cdef Field field
        for place in self._places(clean_name(name)):
            field = self._field(place)
            return span_text(field.base, field.value)
        return default

    def get_all(self, str name):
        cdef Field field
        cdef list found = []
        for place in self._places(clean_name(name)):
            field = self._field(place)
            found.append(span_text(field.base, field.value))
        return found

    def values(self, str name):
        cdef Field field
        cdef Span span
        cdef list found = []
        for place in self._places(clean_name(name)):
            field = self._field(place)
            for span.start, span.end in self._value_spans(&field, name):
                found.append(span_text(field.base, span))
        return found

    def __contains__(self, name):
        return isinstance(name, str) and bool(self._places(clean_name(name)))

    # output

    def __bytes__(self):
        cdef Py_ssize_t size = self._start_line_size() + 2 + self._body_size()
        cdef Field field
        cdef Py_ssize_t place
        cdef char *out
        for place in range(len(self.fields)):
            field = self._field(place)
            size += field.line.end - field.line.start
        cdef bytes result = PyBytes_FromStringAndSize(NULL, size)
        out = self._copy_start_line(PyBytes_AS_STRING(result))
        for place in range(len(self.fields)):
            field = self._field(place)
            memcpy(out, field.base + field.line.start, field.line.end - field.line.start)
            out += field.line.end - field.line.start
        out[0] = c'\r'
        out[1] = c'\n'
        if self.new_body is not None:
            memcpy(out + 2, PyBytes_AS_STRING(self.new_body), PyBytes_GET_SIZE(self.new_body))
        else:
            memcpy(out + 2, self.source.index.base + self.source.index.head_size, self.source.index.body_size)
        return result

    def parts(self):
        cdef Field field
        cdef list found = [self._start_line()]
        cdef uint32_t start = 0, end = 0      # the untouched run that is being collected
        whole = memoryview(self.source)
        for place in range(len(self.fields)):
            field = self._field(place)
            if field.base == self.source.index.base and field.line.start == end:
                end = field.line.end
                continue
            if end > start:
                found.append(whole[start:end])
            start = end = 0
            if field.base == self.source.index.base:
                start, end = field.line.start, field.line.end
            else:
                found.append((<Line>self.fields[place]).raw)
        if end > start:
            found.append(whole[start:end])
        found.append(b"\r\n")
        found.append(self.new_body if self.new_body is not None else self.source.body)
        return found

    # internal

    cdef int _guard_length(self, str name) except -1:
        """Content-Length frames the message, so it follows the body and nothing else."""
        if name.lower() in ("content-length", "l"):
            raise EditError("Content-Length follows the body: use set_body or declare_length")
        return 0

    cdef Field _field(self, Py_ssize_t place):
        cdef Field field
        cdef Line line
        cdef int slot
        entry = self.fields[place]
        if isinstance(entry, Line):
            line = <Line>entry
            field.base = <const uint8_t *>PyBytes_AS_STRING(line.raw)
            field.name.start = 0
            field.name.end = line.name_size
            field.value = line.value
            field.line.start = 0
            field.line.end = <uint32_t>PyBytes_GET_SIZE(line.raw)
        else:
            slot = entry
            field.base = self.source.index.base
            field.name.start = self.source.index.slots[slot].name
            field.name.end = field.name.start + self.source.index.slots[slot].name_size
            field.value = self.source.value_span(slot)
            field.line = self.source.line_span(slot)
        return field

    cdef list _places(self, bytes name):
        """Where in the list the fields of that name are."""
        cdef const uint8_t *wanted = <const uint8_t *>PyBytes_AS_STRING(name)
        cdef uint32_t size = <uint32_t>PyBytes_GET_SIZE(name)
        cdef Field field
        cdef Py_ssize_t place
        cdef list found = []
        for place in range(len(self.fields)):
            field = self._field(place)
            if same_name(field.base + field.name.start, field.name.end - field.name.start, wanted, size):
                found.append(place)
        return found

    cdef Line _new_line(self, bytes name, bytes value):
        return make_line(name + b": ", value, b"\r\n", <uint32_t>len(name))

    cdef int _set(self, bytes name, bytes value) except -1:
        cdef list places = self._places(name)
        cdef Field field
        if not places:
            self.fields.append(self._new_line(name, value))
            return 0
        field = self._field(places[0])
        self._splice(places[0], field.value.start, field.value.end, value)
        for place in reversed(places[1:]):
            del self.fields[place]
        return 0

    cdef int _splice(self, Py_ssize_t place, uint32_t start, uint32_t end, bytes text) except -1:
        """Replace a piece of one field's value; offsets are those of the field's own buffer."""
        cdef Field field = self._field(place)
        cdef const char *base = <const char *>field.base
        line = make_line(base[field.line.start:field.value.start],
                         base[field.value.start:start] + text + base[end:field.value.end],
                         base[field.value.end:field.line.end], field.name.end - field.name.start)
        self.fields[place] = line
        return 0

    cdef list _value_spans(self, Field *field, str name):
        cdef Cursor cursor
        cdef Span span
        cdef uint32_t start
        cdef list found = []
        cursor.base = field.base
        cursor.pos = field.value.start
        cursor.end = field.value.end
        while True:
            start = cursor.pos
            if not skip_value(&cursor):
                raise EditError(f"{name}: a quote or an angle bracket is never closed")
            span = trimmed(field.base, start, cursor.pos)
            found.append((span.start, span.end))
            if cursor.pos == cursor.end:
                return found
            cursor.pos += 1

    cdef tuple _find_value(self, str name, int index):
        """(place of the field, which of its values, spans of its values)."""
        cdef Field field
        cdef list spans
        cdef int left = index
        for place in self._places(clean_name(name)):
            field = self._field(place)
            spans = self._value_spans(&field, name)
            if 0 <= left < len(spans):
                return place, left, spans
            left -= <int>len(spans)
        raise EditError(f"there is no {name} value number {index}")

    cdef Py_ssize_t _body_size(self):
        return len(self.new_body) if self.new_body is not None else self.source.index.body_size

    cdef bytes _start_line(self):
        cdef bytes out = PyBytes_FromStringAndSize(NULL, self._start_line_size())
        self._copy_start_line(PyBytes_AS_STRING(out))
        return out

    cdef uint32_t _start_line_end(self) noexcept:
        """Behind the CRLF of the start line."""
        return self.source.index.slots[0].name if self.source.index.count else self.source.index.head_size - 2

    cdef Py_ssize_t _start_line_size(self):
        cdef Span uri = self.source.index.uri
        if self.uri is None:
            return self._start_line_end()
        return self._start_line_end() - (uri.end - uri.start) + len(self.uri)

    cdef char *_copy_start_line(self, char *out) noexcept:
        cdef const char *base = <const char *>self.source.index.base
        cdef Span uri = self.source.index.uri
        cdef uint32_t end = self._start_line_end()
        if self.uri is None:
            memcpy(out, base, end)
            return out + end
        memcpy(out, base, uri.start)
        out += uri.start
        memcpy(out, PyBytes_AS_STRING(self.uri), PyBytes_GET_SIZE(self.uri))
        out += PyBytes_GET_SIZE(self.uri)
        memcpy(out, base + uri.end, end - uri.end)
        return out + (end - uri.end)
