"""Looking at a caller's bytes in place: what every search of this room begins and ends with.

    borrow(buffer, &view)          # TypeError, BufferError
    try: ... view.buf, view.len
    finally: PyBuffer_Release(&view)
"""

from cpython.buffer cimport PyBUF_SIMPLE, PyObject_GetBuffer
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_CheckExact, PyBytes_GET_SIZE
from libc.string cimport memset


cdef inline int borrow(object buffer, Py_buffer *view) except -1:
    """Bytes are not exported, which saves a third of a short search: the caller's reference keeps them."""
    if PyBytes_CheckExact(buffer):
        memset(view, 0, sizeof(Py_buffer))
        view.buf = PyBytes_AS_STRING(buffer)
        view.len = PyBytes_GET_SIZE(buffer)
        return 0
    return PyObject_GetBuffer(buffer, view, PyBUF_SIMPLE)
