/* The twelve fields behind a call from Python with one argument, and three things that such a call can give.
 *
 *     nothing(message) -> None           the reading and the call
 *     lazy(message) -> Fields            and one object, which keeps the message and makes text when asked
 *     texts(message) -> tuple            and twelve objects for the fields, and the size of the body
 *
 * Each takes bytes and raises ValueError for what is no message. */
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stddef.h>

#include "sip_fields.h"

typedef struct {
    PyObject_HEAD
    PyObject *message;
    struct sip_fields fields;
} Lazy;

/* -1 with an exception set when `message` is not bytes or no message. */
static int read_message(PyObject *message, struct sip_fields *fields)
{
    if (!PyBytes_Check(message)) {
        PyErr_SetString(PyExc_TypeError, "a message is bytes");
        return -1;
    }
    if (read_fields((const uint8_t *)PyBytes_AS_STRING(message), (size_t)PyBytes_GET_SIZE(message), fields) < 0) {
        PyErr_SetString(PyExc_ValueError, "no start line, or no end of the head");
        return -1;
    }
    return 0;
}

static PyObject *text_of(const struct piece *piece)
{
    if (!piece->at)
        return Py_NewRef(Py_None);
    return PyUnicode_DecodeUTF8((const char *)piece->at, (Py_ssize_t)piece->size, "surrogateescape");
}

static PyObject *number_of(int64_t value)
{
    return value < 0 ? Py_NewRef(Py_None) : PyLong_FromLongLong(value);
}

static PyObject *tuple_of(const struct sip_fields *fields)
{
    PyObject *values[] = {
        fields->status < 0 ? text_of(&fields->method) : number_of(fields->status),
        text_of(&fields->request_uri),
        text_of(&fields->from_uri),
        text_of(&fields->from_tag),
        text_of(&fields->to_uri),
        text_of(&fields->to_tag),
        text_of(&fields->call_id),
        number_of(fields->cseq_number),
        text_of(&fields->cseq_method),
        text_of(&fields->branch),
        text_of(&fields->content_type),
        number_of(fields->content_length),
        PyLong_FromUnsignedLongLong(fields->body_size),
    };
    const Py_ssize_t count = sizeof values / sizeof *values;
    PyObject *tuple = PyTuple_New(count);
    int whole = tuple != NULL;
    for (Py_ssize_t i = 0; i < count; i++) {
        whole = whole && values[i];
        if (tuple)
            PyTuple_SET_ITEM(tuple, i, values[i]);
        else
            Py_XDECREF(values[i]);
    }
    if (!whole)
        Py_CLEAR(tuple);
    return tuple;
}

static PyObject *lazy_piece(Lazy *self, void *offset)
{
    return text_of((const struct piece *)((const char *)&self->fields + (size_t)offset));
}

static PyObject *lazy_number(Lazy *self, void *offset)
{
    return number_of(*(const int64_t *)((const char *)&self->fields + (size_t)offset));
}

static PyObject *lazy_start(Lazy *self, void *Py_UNUSED(closure))
{
    return self->fields.status < 0 ? text_of(&self->fields.method) : number_of(self->fields.status);
}

static PyObject *lazy_body_size(Lazy *self, void *Py_UNUSED(closure))
{
    return PyLong_FromUnsignedLongLong(self->fields.body_size);
}

static void lazy_free(Lazy *self)
{
    Py_XDECREF(self->message);
    PyObject_Free(self);
}

#define PIECE(name, field) {name, (getter)lazy_piece, NULL, NULL, (void *)offsetof(struct sip_fields, field)}
#define NUMBER(name, field) {name, (getter)lazy_number, NULL, NULL, (void *)offsetof(struct sip_fields, field)}

static PyGetSetDef lazy_fields[] = {
    {"start", (getter)lazy_start, NULL, NULL, NULL},
    PIECE("uri", request_uri),
    PIECE("from_uri", from_uri),
    PIECE("from_tag", from_tag),
    PIECE("to_uri", to_uri),
    PIECE("to_tag", to_tag),
    PIECE("call_id", call_id),
    NUMBER("cseq", cseq_number),
    PIECE("cseq_method", cseq_method),
    PIECE("branch", branch),
    PIECE("content_type", content_type),
    NUMBER("content_length", content_length),
    {"body_size", (getter)lazy_body_size, NULL, NULL, NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyTypeObject lazy_type = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "sipcore_bench_fields.Fields",
    .tp_basicsize = sizeof(Lazy),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .tp_dealloc = (destructor)lazy_free,
    .tp_getset = lazy_fields,
};

static PyObject *nothing(PyObject *Py_UNUSED(module), PyObject *message)
{
    struct sip_fields fields;
    return read_message(message, &fields) < 0 ? NULL : Py_NewRef(Py_None);
}

static PyObject *lazy(PyObject *Py_UNUSED(module), PyObject *message)
{
    Lazy *self = PyObject_New(Lazy, &lazy_type);
    if (!self)
        return NULL;
    self->message = Py_NewRef(message);
    if (read_message(message, &self->fields) < 0)
        Py_CLEAR(self);
    return (PyObject *)self;
}

static PyObject *texts(PyObject *Py_UNUSED(module), PyObject *message)
{
    struct sip_fields fields;
    return read_message(message, &fields) < 0 ? NULL : tuple_of(&fields);
}

static PyMethodDef functions[] = {
    {"nothing", nothing, METH_O, NULL},
    {"lazy", lazy, METH_O, NULL},
    {"texts", texts, METH_O, NULL},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "sipcore_bench_fields",
    .m_size = -1,
    .m_methods = functions,
};

PyMODINIT_FUNC PyInit_sipcore_bench_fields(void)
{
    return PyType_Ready(&lazy_type) < 0 ? NULL : PyModule_Create(&definition);
}
