"""Two switches of OpenSSL that a server needs and that Python's ``ssl`` has no name for.

*The purpose of a peer's certificate.* Asked for a verified peer, OpenSSL's server wants a certificate for client
authentication. Edges connect to each other with the certificate that they also serve with: the request that LCS 2005
SP1 makes asks for server authentication only (F046), and public authorities no longer issue the other. So the purpose
is left open here, and what a certificate may be used for is checked in `certificates`, for the whole chain.

*Sessions.* A resumed session shows no certificate and no verified chain: what was revoked, or whose root was removed,
would go on coming in. So none is kept.

Both are set in the ``SSL_CTX`` behind a context, whose address Python keeps in the first field after the object's head
(``PySSLContext`` in Modules/_ssl.c, so from 3.6 to 3.14). Nobody promises that. What is found there is looked at before
it is used, and by the kernel, so that a wrong address is an error at start, and neither a crash nor a server that
verifies less than it says: whoever gets no exception has both switches set, and no other check is touched.
"""

from __future__ import annotations

import _ssl
import ctypes
import os
import ssl
import sys
from functools import cache

from sipcore.errors import SipError

__all__ = ["OpenSslError", "take_any_purpose"]

_PURPOSE_ANY = 7  # X509_PURPOSE_ANY
_SET_SESSION_CACHE_MODE, _CACHE_OFF = 44, 0  # SSL_CTRL_SET_SESS_CACHE_MODE, SSL_SESS_CACHE_OFF
#: The method is among the first words of an SSL_CTX: the first in OpenSSL 1.1, the second in 3.
_FIRST_WORDS, _WORD = 4, ctypes.sizeof(ctypes.c_void_p)

#: What each function returns and takes.
_FUNCTIONS: dict[str, tuple[type, ...]] = {
    "TLS_server_method": (ctypes.c_void_p,),
    "SSL_CTX_get_options": (ctypes.c_uint64, ctypes.c_void_p),
    "SSL_CTX_get0_param": (ctypes.c_void_p, ctypes.c_void_p),
    "SSL_CTX_ctrl": (ctypes.c_long, ctypes.c_void_p, ctypes.c_int, ctypes.c_long, ctypes.c_void_p),
    "X509_VERIFY_PARAM_set_purpose": (ctypes.c_int, ctypes.c_void_p, ctypes.c_int),
}


class OpenSslError(SipError):
    """This Python's OpenSSL cannot be reached: peers that connect over TLS cannot be verified as they must be."""


def take_any_purpose(context: ssl.SSLContext) -> None:
    """Let a server's context verify certificates of any purpose, and resume no session.

    Args:
        context: made with ``PROTOCOL_TLS_SERVER``.

    Raises:
        OpenSslError: its ``SSL_CTX`` was not found, or refused; then nothing has changed.
    """
    library = _library()
    handle = _handle_of(context, library)
    context.options |= ssl.OP_NO_TICKET
    context.num_tickets = 0
    library.SSL_CTX_ctrl(handle, _SET_SESSION_CACHE_MODE, _CACHE_OFF, None)
    if library.X509_VERIFY_PARAM_set_purpose(library.SSL_CTX_get0_param(handle), _PURPOSE_ANY) != 1:
        raise OpenSslError("OpenSSL does not let the purpose of certificates be set")


@cache
def _library() -> ctypes.CDLL:
    """The library that ``ssl`` itself uses: another copy would not understand its contexts."""
    try:
        library = ctypes.CDLL(getattr(_ssl, "__file__", None))  # without a file it is part of the program
        for name, (result, *arguments) in _FUNCTIONS.items():
            function = getattr(library, name)
            function.restype, function.argtypes = result, arguments
    except (OSError, AttributeError) as error:
        raise OpenSslError(f"the OpenSSL of this Python cannot be reached: {error}") from None
    return library


def _handle_of(context: ssl.SSLContext, library: ctypes.CDLL) -> int:
    """The address of a server context's ``SSL_CTX``: a place that names the method of servers and has its options."""
    address = ctypes.c_void_p.from_address(id(context) + object.__basicsize__).value
    method = library.TLS_server_method().to_bytes(_WORD, sys.byteorder)
    words = _peek(address) if address else b""
    if method in (words[at : at + _WORD] for at in range(0, len(words), _WORD)):
        assert address is not None
        if library.SSL_CTX_get_options(address) == context.options:
            return address
    raise OpenSslError("this Python keeps the SSL_CTX of a context at a place that is not known")


def _peek(address: int) -> bytes:
    """The first words at an address, read by the kernel: where there is nothing, it says so and nothing crashes."""
    reader, writer = os.pipe()
    try:
        os.write(writer, (ctypes.c_char * (_FIRST_WORDS * _WORD)).from_address(address))
        return os.read(reader, _FIRST_WORDS * _WORD)
    except OSError:  # EFAULT
        return b""
    finally:
        os.close(reader)
        os.close(writer)
