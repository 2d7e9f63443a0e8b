/* What Cython cannot say of a type, said once the type is ready. */
#ifndef SIPCORE_TYPES_H
#define SIPCORE_TYPES_H

#include <Python.h>

/* Make instances callable without a tuple of their arguments (PEP 590): Cython gives __call__ the older slot only, which
 * costs 25 ns more. `offset` is where in an instance the function stands; every instance must have one from the start. */
static inline void sip_offer_vectorcall(PyTypeObject *type, Py_ssize_t offset) {
    type->tp_vectorcall_offset = offset;
    type->tp_flags |= Py_TPFLAGS_HAVE_VECTORCALL;
    PyType_Modified(type);
}

/* The memory of messages, which come and go all day: what the last ones were in spares the next ones the allocator, as
 * Cython's own free list does; but that one also zeroes all of a message, which takes a twentieth of the time of a
 * parse. Subclasses made in Python have memory of their own. */
enum { SIP_SPARES = 32 };

static void *sip_spare[SIP_SPARES];
static int sip_spares;
static size_t sip_unzeroed;

static PyObject *sip_new_memory(PyTypeObject *type, Py_ssize_t Py_UNUSED(items)) {
    void *memory = sip_spares > 0 ? sip_spare[--sip_spares] : PyObject_Malloc((size_t)type->tp_basicsize);
    if (!memory) return PyErr_NoMemory();
    memset(memory, 0, (size_t)type->tp_basicsize - sip_unzeroed);
    return PyObject_Init((PyObject *)memory, type);
}

static void sip_free_memory(void *memory) {
    if (sip_spares == SIP_SPARES) {
        PyObject_Free(memory);
    } else {
        sip_spare[sip_spares++] = memory;
    }
}

/* For one type of an extension, that the collector does not follow: keep spares, and leave the last `tail` bytes of an
 * instance as they are. */
static inline void sip_keep_spares(PyTypeObject *type, size_t tail) {
    sip_unzeroed = tail;
    type->tp_alloc = sip_new_memory;
    type->tp_free = sip_free_memory;
}

#endif
