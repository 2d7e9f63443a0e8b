"""Typed header values: objects that read text at the offsets which the scanners found."""

from collections.abc import Mapping
from ipaddress import IPv6Address

from cpython.unicode cimport PyUnicode_DecodeUTF8
from libc.stdint cimport uint8_t, uint32_t
from libc.string cimport memchr, memcpy

from sipcore._cursor cimport Cursor, Span, is_present, sip_is_plain
from sipcore._syntax cimport (
    BAD_ADDRESS,
    BAD_HOST,
    BAD_MEDIA_TYPE,
    BAD_METHOD,
    BAD_NUMBER,
    BAD_PARAMETER,
    BAD_PORT,
    BAD_PROTOCOL,
    BAD_SCHEME,
    BAD_TOKEN,
    BAD_USERINFO,
    BAD_WARNING,
    EMPTY_VALUE,
    NO_FAULT,
    TOO_MANY_PARAMETERS,
    TRAILING_BYTES,
    UNTERMINATED_BRACKET,
    UNTERMINATED_QUOTE,
    Fault,
    Param,
    next_auth_param,
    next_param,
    next_uri_param,
    scan_address,
    scan_cseq,
    scan_media_type,
    scan_uri,
    scan_via,
)
from sipcore._words cimport AS_WRITTEN, LOWER, UPPER, known_word

from sipcore.errors import HeaderError
from sipcore.limits import DEFAULT

cdef extern from "Python.h":
    object PyUnicode_New(Py_ssize_t size, Py_UCS4 maxchar)
    void *PyUnicode_DATA(object text) noexcept

FAULT_CODES = {
    EMPTY_VALUE: "empty-value",
    UNTERMINATED_QUOTE: "unterminated-quote",
    UNTERMINATED_BRACKET: "unterminated-bracket",
    BAD_PARAMETER: "bad-parameter",
    TOO_MANY_PARAMETERS: "too-many-parameters",
    BAD_SCHEME: "bad-uri-scheme",
    BAD_USERINFO: "bad-userinfo",
    BAD_HOST: "bad-host",
    BAD_PORT: "bad-port",
    BAD_PROTOCOL: "bad-protocol",
    BAD_NUMBER: "bad-number",
    BAD_METHOD: "bad-method",
    BAD_MEDIA_TYPE: "bad-media-type",
    BAD_ADDRESS: "bad-address",
    BAD_TOKEN: "bad-token",
    BAD_WARNING: "bad-warning",
    TRAILING_BYTES: "trailing-bytes",
}


# -- from offsets to text ----------------------------------------------------------------------------------------------

cdef object raise_fault(Fault fault, uint32_t offset, str header):
    """The one place where a fault becomes an exception."""
    raise HeaderError(FAULT_CODES[fault], offset, header)


cdef object span_text(const uint8_t *base, Span span):
    """The span as text, each fold with the white space around it as one space (RFC 3261 section 7.3.1)."""
    if sip_is_plain(base, span.start, span.end):
        # Nearly always. Python's decoder would find out the same thing for three times the instructions.
        return copied_text(base + span.start, span.end - span.start)
    return decoded_text(<const char *>base + span.start, span.end - span.start)


cdef inline object copied_text(const uint8_t *start, uint32_t length):
    cdef object text = PyUnicode_New(length, 127)
    memcpy(PyUnicode_DATA(text), start, length)
    return text


cdef object decoded_text(const char *start, uint32_t length):
    cdef str text = PyUnicode_DecodeUTF8(start, length, "surrogateescape")
    if memchr(start, c'\r', length) != NULL:
        lines = [line.strip(" \t") for line in text.split("\r\n")]
        return " ".join(line for line in lines if line)
    return text


cdef object quoted_text(const uint8_t *base, Span span):
    """Like `span_text`; a quoted string loses its quotes and its backslashes."""
    cdef str text = span_text(base, span)
    if not text.startswith('"'):
        return text
    text = text[1:len(text) - 1]
    if "\\" not in text:
        return text
    pieces = []
    escaped = False
    for letter in text:
        escaped = letter == "\\" and not escaped
        if not escaped:
            pieces.append(letter)
    return "".join(pieces)


cdef object optional_text(const uint8_t *base, Span span):
    return span_text(base, span) if is_present(span) else None


cdef object param_text(const uint8_t *base, Span span):
    """A parameter's value as `Params` has it: without quotes; None where there is none."""
    if not is_present(span):
        return None
    if span.end > span.start and base[span.start] == c'"':
        return quoted_text(base, span)
    return span_text(base, span)


cdef object word_text(const uint8_t *base, Span span):
    """Like `span_text`, for what recurs in all traffic."""
    text = known_word(base, span, AS_WRITTEN)
    return span_text(base, span) if text is None else text


cdef object lower_text(const uint8_t *base, Span span):
    text = known_word(base, span, LOWER)
    return span_text(base, span).lower() if text is None else text


cdef object upper_text(const uint8_t *base, Span span):
    text = known_word(base, span, UPPER)
    return span_text(base, span).upper() if text is None else text


cdef object essence_text(const uint8_t *base, Span span):
    """``type/subtype`` in lower case, without the white space that may stand around the slash."""
    text = known_word(base, span, LOWER)
    return "".join(span_text(base, span).lower().split()) if text is None else text


cdef tuple span_pair(Span span):
    return (span.start, span.end)


cdef Cursor cursor_over(const uint8_t *base, Span span) noexcept nogil:
    cdef Cursor cursor
    cursor.base = base
    cursor.pos = span.start
    cursor.end = span.end
    return cursor


cdef bytes bytes_of(object text):
    """What a value is parsed from that stands alone, outside any message."""
    if isinstance(text, str):
        return text.encode("utf-8", "surrogateescape")
    if isinstance(text, int):
        raise TypeError("text or bytes are needed, not a number")  # of which bytes() would make as many zeros
    return bytes(text)


cdef Cursor cursor_over_all(bytes data):
    cdef Span whole
    whole.start = 0
    whole.end = <uint32_t>len(data)
    return cursor_over(<const uint8_t *><const char *>data, whole)


cdef int check_stands_alone(const Cursor *cursor, str header) except -1:
    """Behind a value that was parsed alone there must not be another one."""
    if cursor.pos != cursor.end:
        raise_fault(TRAILING_BYTES, cursor.pos, header)
    return 0


# -- the objects -------------------------------------------------------------------------------------------------------

cdef class Value:
    """What all typed values share: the owner of the bytes they point into."""

    def __init__(self):
        raise TypeError(f"{type(self).__name__} is made by a message or by its own parse()")


cdef void own(Value value, object owner, const uint8_t *base, str header, uint32_t most):
    """Give a new value the bytes it points into, which it keeps alive."""
    value.owner = owner
    value.base = base
    value.header = header
    value.most = most


cdef class Params(Value):
    def __getitem__(self, str name):
        for key, value in self._pairs():
            if key.lower() == name.lower():
                return value
        raise KeyError(name)

    def __iter__(self):
        return iter(self._names())

    def __len__(self):
        return len(self._names())

    def __contains__(self, name):
        return isinstance(name, str) and name.lower() in (key.lower() for key in self._names())

    def get(self, name, default=None):
        try:
            return self[name]
        except KeyError:
            return default

    def keys(self):
        return Mapping.keys(self)

    def values(self):
        return Mapping.values(self)

    def items(self):
        return Mapping.items(self)

    def __eq__(self, other):
        return dict(self.items()) == dict(other.items()) if isinstance(other, Mapping) else NotImplemented

    __hash__ = None

    def __repr__(self):
        return f"Params({dict(self.items())!r})"

    cdef list _names(self):
        """Each name once, as first written."""
        cdef dict seen = {}
        for name, _ in self._pairs():
            seen.setdefault(name.lower(), name)
        return list(seen.values())

    cdef list _pairs(self):
        cdef Cursor cursor = cursor_over(self.base, self.where)
        cdef Param param
        cdef Fault fault = NO_FAULT
        cdef bint found = True
        cdef list pairs = []
        while True:
            if self.style == IN_HEADER:
                fault = next_param(&cursor, &param, &found)
            elif self.style == IN_URI:
                found = next_uri_param(&cursor, &param)
            else:
                fault = next_auth_param(&cursor, &param, &found)
            if fault == NO_FAULT and found and <uint32_t>len(pairs) == self.most:
                fault = TOO_MANY_PARAMETERS
            if fault != NO_FAULT:
                raise_fault(fault, cursor.pos, self.header)
            if not found:
                return pairs
            value = quoted_text(self.base, param.value) if is_present(param.value) else None
            pairs.append((span_text(self.base, param.name), value))


Mapping.register(Params)


cdef Params make_params(Value value, Span where, ParamStyle style):
    cdef Params params = Params.__new__(Params)
    own(params, value.owner, value.base, value.header, value.most)
    params.where = where
    params.style = style
    return params


cdef class Uri(Value):
    @staticmethod
    def parse(text):
        cdef bytes data = bytes_of(text)
        cdef Cursor cursor = cursor_over_all(data)
        return uri_at(data, &cursor, "URI", DEFAULT.params)

    @property
    def span(self):
        return span_pair(self.at.whole)

    @property
    def scheme(self):
        return lower_text(self.base, self.at.scheme)

    @property
    def user(self):
        return optional_text(self.base, self.at.user)

    @property
    def password(self):
        return optional_text(self.base, self.at.password)

    @property
    def host(self):
        return lower_text(self.base, self.at.host) if is_present(self.at.host) else None

    @property
    def port(self):
        return self.at.port if self.at.port >= 0 else None

    @property
    def params(self):
        return make_params(self, self.at.params, IN_URI)

    @property
    def headers(self):
        return optional_text(self.base, self.at.headers)

    def __str__(self):
        return span_text(self.base, self.at.whole)

    def __bytes__(self):
        return (<const char *>self.base)[self.at.whole.start:self.at.whole.end]

    def __repr__(self):
        return f"Uri({str(self)!r})"

    def __eq__(self, other):
        if not isinstance(other, Uri):
            return NotImplemented
        return uri_key(self) == uri_key(other) and shared_params_agree(self, other)

    def __hash__(self):
        return hash(uri_key(self))

    def __reduce__(self):
        return (_restore_uri, (bytes(self), self.most))


def _restore_uri(bytes data, uint32_t most):
    """What unpickling makes a URI with: its own limit, for what was let in once must come back."""
    cdef Cursor cursor = cursor_over_all(data)
    return uri_at(data, &cursor, "URI", most)


# Present in one URI only, these make two URIs differ; every other parameter is then ignored (RFC 3261 section 19.1.4).
DECISIVE_PARAMS = ("user", "ttl", "method", "maddr", "transport")


cdef tuple uri_key(Uri uri):
    """What must be equal in two equal URIs; parameters that only count when both have them are left out."""
    cdef dict params
    if not uri.at.is_sip:
        return tel_key(uri) if is_present(uri.at.user) else (uri.scheme, str(uri)[len(uri.scheme):])
    params = comparable_params(uri)
    decisive = tuple([params.get(name) for name in DECISIVE_PARAMS])
    headers = tuple(sorted([comparable_header(part) for part in (uri.headers or "").split("&")]))
    host = comparable_host(uri.host)
    return (uri.scheme, plain_escapes(uri.user), plain_escapes(uri.password), host, uri.port, decisive, headers)


cdef tuple tel_key(Uri uri):
    """A telephone number without its visual separators, and every parameter (RFC 3966 section 4)."""
    cdef dict params = comparable_params(uri)
    for name, value in params.items():
        # A context may be a domain name, in which a hyphen or a full stop is more than a separator.
        if name == "ext" or name == "phone-context" and value.startswith("+"):
            params[name] = without_separators(value)
    return ("tel", without_separators(plain_escapes(uri.user).lower()), frozenset(params.items()), uri.headers)


cdef str without_separators(str digits):
    return "".join([each for each in digits if each not in "-.()"])


cdef object comparable_host(str host):
    """An IPv6 address as a number: one has many spellings (RFC 5954 section 4.2)."""
    if not host.startswith("["):
        return host
    try:
        return IPv6Address(host[1:-1].replace(":::", "::"))
    except ValueError:  # a C library may take for an address what Python does not
        return host


cdef tuple comparable_header(str part):
    """Name and value of a header in a URI; names compare as they do in a message (RFC 3261 section 19.1.4)."""
    name, _, value = part.partition("=")
    return (plain_escapes(name).lower(), plain_escapes(value))


cdef dict comparable_params(Uri uri):
    """Names and values without case, and without escapes that change nothing; of a name given twice the first."""
    cdef dict params = {}
    for name, value in uri.params.items():
        params.setdefault(plain_escapes(name).lower(), plain_escapes(value or "").lower())
    return params


cdef bint shared_params_agree(Uri left, Uri right):
    """Parameters that both have must have equal values, without regard to case (RFC 3261 section 19.1.4)."""
    if not left.at.is_sip:
        return True
    ours = comparable_params(left)
    theirs = comparable_params(right)
    return all(theirs[name] == value for name, value in ours.items() if name in theirs)


cdef object plain_escapes(text):
    """Escapes of characters that need none are undone, the rest gets upper-case digits (RFC 3261 section 19.1.4)."""
    if text is None or "%" not in text:
        return text
    pieces = text.split("%")
    done = [pieces[0]]
    for piece in pieces[1:]:
        digits = piece[:2]
        try:
            letter = chr(int(digits, 16)) if len(digits) == 2 and digits.isalnum() else ""
        except ValueError:
            letter = ""
        plain = letter.isascii() and (letter.isalnum() or letter in "-_.!~*'()") and letter != ""
        done.append((letter if plain else "%" + digits.upper()) + piece[2:])
    return "".join(done)


cdef Uri make_uri(object owner, const uint8_t *base, Span span, str header, uint32_t most):
    cdef Cursor cursor = cursor_over(base, span)
    return uri_at(owner, &cursor, header, most)


cdef Uri uri_at(object owner, Cursor *cursor, str header, uint32_t most):
    cdef Uri uri = Uri.__new__(Uri)
    cdef Fault fault = scan_uri(cursor, &uri.at)
    if fault != NO_FAULT:
        raise_fault(fault, cursor.pos, header)
    # Here and not when they are read: comparing and hashing read them, and must not raise.
    if uri.at.param_count > most:
        raise_fault(TOO_MANY_PARAMETERS, uri.at.params.start, header)
    own(uri, owner, cursor.base, header, most)
    return uri


cdef class NameAddr(Value):
    @staticmethod
    def parse(text):
        cdef bytes data = bytes_of(text)
        cdef Cursor cursor = cursor_over_all(data)
        cdef NameAddr address = make_address(data, cursor.base, &cursor, "address", DEFAULT.params)
        check_stands_alone(&cursor, "address")
        return address

    @property
    def span(self):
        return span_pair(self.at.whole)

    @property
    def display_name(self):
        return quoted_text(self.base, self.at.display) if self.at.display.end > self.at.display.start else None

    @property
    def uri(self):
        if self.at.is_star:
            raise_fault(BAD_ADDRESS, self.at.whole.start, self.header)
        return make_uri(self.owner, self.base, self.at.uri, self.header, self.most)

    @property
    def tag(self):
        return param_text(self.base, self.at.tag)

    @property
    def params(self):
        return make_params(self, self.at.params, IN_HEADER)

    @property
    def is_star(self):
        return self.at.is_star

    def __str__(self):
        return span_text(self.base, self.at.whole)

    def __repr__(self):
        return f"NameAddr({str(self)!r})"


cdef NameAddr make_address(object owner, const uint8_t *base, Cursor *cursor, str header, uint32_t most):
    cdef NameAddr address = NameAddr.__new__(NameAddr)
    cdef Fault fault = scan_address(cursor, &address.at)
    if fault != NO_FAULT:
        raise_fault(fault, cursor.pos, header)
    own(address, owner, base, header, most)
    return address


cdef class Via(Value):
    @property
    def span(self):
        return span_pair(self.at.whole)

    @property
    def transport(self):
        return upper_text(self.base, self.at.transport)

    @property
    def host(self):
        return lower_text(self.base, self.at.host)

    @property
    def port(self):
        return self.at.port if self.at.port >= 0 else None

    @property
    def branch(self):
        return param_text(self.base, self.at.branch)

    @property
    def received(self):
        return param_text(self.base, self.at.received)

    @property
    def rport(self):
        return param_text(self.base, self.at.rport)

    @property
    def params(self):
        return make_params(self, self.at.params, IN_HEADER)

    def __str__(self):
        return span_text(self.base, self.at.whole)

    def __repr__(self):
        return f"Via({str(self)!r})"


cdef Via make_via(object owner, const uint8_t *base, Cursor *cursor, uint32_t most):
    cdef Via via = Via.__new__(Via)
    cdef Fault fault = scan_via(cursor, &via.at)
    if fault != NO_FAULT:
        raise_fault(fault, cursor.pos, "Via")
    own(via, owner, base, "Via", most)
    return via


cdef class CSeq(Value):
    @property
    def span(self):
        return span_pair(self.at.whole)

    @property
    def number(self):
        return self.at.number

    @property
    def method(self):
        return word_text(self.base, self.at.method)

    def __str__(self):
        return span_text(self.base, self.at.whole)

    def __repr__(self):
        return f"CSeq({self.number} {self.method})"


cdef CSeq make_cseq(object owner, const uint8_t *base, Cursor *cursor):
    cdef CSeq cseq = CSeq.__new__(CSeq)
    cdef Fault fault = scan_cseq(cursor, &cseq.at)
    if fault != NO_FAULT:
        raise_fault(fault, cursor.pos, "CSeq")
    own(cseq, owner, base, "CSeq", 0)
    return cseq


cdef class MediaType(Value):
    @staticmethod
    def parse(text):
        cdef bytes data = bytes_of(text)
        cdef Cursor cursor = cursor_over_all(data)
        cdef MediaType media = make_media_type(data, cursor.base, &cursor, "media type", DEFAULT.params)
        check_stands_alone(&cursor, "media type")
        return media

    @property
    def span(self):
        return span_pair(self.at.whole)

    @property
    def essence(self):
        return essence_text(self.base, self.at.essence)

    @property
    def params(self):
        return make_params(self, self.at.params, IN_HEADER)

    def __str__(self):
        return span_text(self.base, self.at.whole)

    def __repr__(self):
        return f"MediaType({str(self)!r})"


cdef MediaType make_media_type(object owner, const uint8_t *base, Cursor *cursor, str header, uint32_t most):
    cdef MediaType media = MediaType.__new__(MediaType)
    cdef Fault fault = scan_media_type(cursor, &media.at)
    if fault != NO_FAULT:
        raise_fault(fault, cursor.pos, header)
    own(media, owner, base, header, most)
    return media
