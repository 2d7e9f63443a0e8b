"""Typed values of headers that are read less often than the ones of `sipcore._values`, and the two general forms."""

from collections.abc import Sequence

from libc.stdint cimport uint8_t, uint32_t, uint64_t
from libc.string cimport strlen

from sipcore._cursor cimport Cursor, Span, equals_folded
from sipcore._header_syntax cimport scan_credentials, scan_parameterized, scan_token_item, scan_warning
from sipcore._syntax cimport (
    BAD_NUMBER,
    NO_FAULT,
    Fault,
    Param,
    next_param,
    scan_number,
)
from sipcore._values cimport (
    IN_CREDENTIALS,
    IN_HEADER,
    Value,
    make_media_type,
    make_params,
    optional_text,
    own,
    quoted_text,
    raise_fault,
    span_pair,
    span_text,
)

# delta-seconds, causes and diagnostic ids: no standard bounds them, and a value past this is nobody's.
cdef uint64_t LARGEST_NUMBER = 0xFFFFFFFF


# -- value;name=value --------------------------------------------------------------------------------------------------

cdef class Parameterized(Value):
    @property
    def span(self):
        return span_pair(self.at.whole)

    @property
    def value(self):
        return span_text(self.base, self.at.value)

    @property
    def params(self):
        return make_params(self, self.at.params, IN_HEADER)

    def __str__(self):
        return span_text(self.base, self.at.whole)

    def __repr__(self):
        return f"{type(self).__name__}({str(self)!r})"

    cdef object _number(self, const char *name):
        """A parameter as a number, None when it is absent; of a name given twice the first counts."""
        cdef Cursor cursor
        cdef Param param
        cdef bint found = True
        cdef uint64_t number
        cursor.base = self.base
        cursor.pos = self.at.params.start
        cursor.end = self.at.params.end
        while found and next_param(&cursor, &param, &found) == NO_FAULT:
            if found and equals_folded(self.base, param.name, name, <uint32_t>strlen(name)):
                if not scan_number(self.base, param.value, LARGEST_NUMBER, &number):
                    raise_fault(BAD_NUMBER, param.value.start or param.name.end, self.header)
                return number
        return None


cdef class ContentDisposition(Parameterized):
    @property
    def kind(self):
        return span_text(self.base, self.at.value).lower()

    @property
    def handling(self):
        return (self.params.get("handling") or "required").lower()


cdef class Event(Parameterized):
    @property
    def package(self):
        return span_text(self.base, self.at.value)

    @property
    def id(self):
        return self.params.get("id")


cdef class SubscriptionState(Parameterized):
    @property
    def state(self):
        return span_text(self.base, self.at.value).lower()

    @property
    def reason(self):
        return self.params.get("reason")

    @property
    def expires(self):
        return self._number(b"expires")

    @property
    def retry_after(self):
        return self._number(b"retry-after")


cdef class Reason(Parameterized):
    @property
    def protocol(self):
        return span_text(self.base, self.at.value)

    @property
    def cause(self):
        return self._number(b"cause")

    @property
    def text(self):
        return self.params.get("text")


cdef class Diagnostics(Parameterized):
    @property
    def code(self):
        return int(span_text(self.base, self.at.value))

    @property
    def reason(self):
        return self.params.get("reason")

    @property
    def source(self):
        return self.params.get("source")


cdef Parameterized scanned(
    Parameterized value, object owner, Cursor *cursor, str header, uint32_t most, bint token_only
):
    """Read the value at the cursor into a new, empty object."""
    cdef Fault fault = scan_parameterized(cursor, &value.at, token_only)
    if fault != NO_FAULT:
        raise_fault(fault, cursor.pos, header)
    own(value, owner, cursor.base, header, most)
    return value


cdef object make_parameterized(object owner, const uint8_t *base, Cursor *cursor, str header, uint32_t most):
    return scanned(Parameterized.__new__(Parameterized), owner, cursor, header, most, False)


cdef object make_disposition(object owner, const uint8_t *base, Cursor *cursor, str header, uint32_t most):
    return scanned(ContentDisposition.__new__(ContentDisposition), owner, cursor, header, most, True)


cdef object make_event(object owner, const uint8_t *base, Cursor *cursor, str header, uint32_t most):
    return scanned(Event.__new__(Event), owner, cursor, header, most, True)


cdef object make_subscription_state(object owner, const uint8_t *base, Cursor *cursor, str header, uint32_t most):
    return scanned(SubscriptionState.__new__(SubscriptionState), owner, cursor, header, most, True)


cdef object make_reason(object owner, const uint8_t *base, Cursor *cursor, str header, uint32_t most):
    return scanned(Reason.__new__(Reason), owner, cursor, header, most, True)


cdef object make_diagnostics(object owner, const uint8_t *base, Cursor *cursor, str header, uint32_t most):
    cdef uint64_t number
    cdef Parameterized value = scanned(Diagnostics.__new__(Diagnostics), owner, cursor, header, most, True)
    if not scan_number(base, value.at.value, LARGEST_NUMBER, &number):
        raise_fault(BAD_NUMBER, value.at.value.start, header)
    return value


# -- code agent "text" -------------------------------------------------------------------------------------------------

cdef class SipWarning(Value):
    @property
    def span(self):
        return span_pair(self.at.whole)

    @property
    def code(self):
        return self.at.code

    @property
    def agent(self):
        return span_text(self.base, self.at.agent)

    @property
    def text(self):
        return quoted_text(self.base, self.at.text)

    def __str__(self):
        return span_text(self.base, self.at.whole)

    def __repr__(self):
        return f"SipWarning({str(self)!r})"


cdef object make_warning(object owner, const uint8_t *base, Cursor *cursor, str header, uint32_t most):
    cdef SipWarning warning = SipWarning.__new__(SipWarning)
    cdef Fault fault = scan_warning(cursor, &warning.at)
    if fault != NO_FAULT:
        raise_fault(fault, cursor.pos, header)
    own(warning, owner, base, header, most)
    return warning


# -- scheme name=value, ... --------------------------------------------------------------------------------------------

cdef class Credentials(Value):
    @property
    def span(self):
        return span_pair(self.at.whole)

    @property
    def scheme(self):
        return optional_text(self.base, self.at.scheme)

    @property
    def token(self):
        return optional_text(self.base, self.at.token)

    @property
    def params(self):
        return make_params(self, self.at.params, IN_CREDENTIALS)

    def __str__(self):
        return span_text(self.base, self.at.whole)

    def __repr__(self):
        # Without what follows: what is printed ends up in logs, where credentials have no business.
        return f"<Credentials {self.scheme}>"


cdef object make_credentials(object owner, const uint8_t *base, Cursor *cursor, str header, uint32_t most):
    cdef Credentials credentials = Credentials.__new__(Credentials)
    cdef Fault fault = scan_credentials(cursor, &credentials.at)
    if fault != NO_FAULT:
        raise_fault(fault, cursor.pos, header)
    own(credentials, owner, base, header, most)
    return credentials


# -- lists -------------------------------------------------------------------------------------------------------------

cdef object make_accepted(object owner, const uint8_t *base, Cursor *cursor, str header, uint32_t most):
    return make_media_type(owner, base, cursor, header, most)


cdef class Tokens:
    def __init__(self):
        raise TypeError("Tokens are made by a message")

    @property
    def spans(self):
        return list(self.where)

    def __getitem__(self, index):
        return self.items[index]

    def __len__(self):
        return len(self.items)

    def __iter__(self):
        return iter(self.items)

    def __contains__(self, token):
        if not isinstance(token, str):
            return False
        if not self.folds:
            return token in self.items
        return token.lower() in [item.lower() for item in self.items]

    def __reversed__(self):
        return reversed(self.items)

    def index(self, *arguments):
        return self.items.index(*arguments)

    def count(self, token):
        return self.items.count(token)

    def __eq__(self, other):
        if not isinstance(other, Sequence) or isinstance(other, (str, bytes)):
            return NotImplemented
        return self.items == list(other)

    __hash__ = None

    def __repr__(self):
        return f"Tokens({self.items!r})"

    cdef int add(self, Cursor *cursor, str header) except -1:
        """Read the token at the cursor."""
        cdef Span span
        cdef Fault fault = scan_token_item(cursor, &span)
        if fault != NO_FAULT:
            raise_fault(fault, cursor.pos, header)
        self.items.append(span_text(cursor.base, span))
        self.where.append(span_pair(span))
        return 0


Sequence.register(Tokens)


cdef Tokens make_tokens(bint folds):
    cdef Tokens tokens = Tokens.__new__(Tokens)
    tokens.items = []
    tokens.where = []
    tokens.folds = folds
    return tokens
