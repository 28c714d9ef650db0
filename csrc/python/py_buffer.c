/* SPDX-License-Identifier: MIT
 *
 * The buffer protocol: strided float64 memory for whoever asks. The exporter keeps a tensor of its
 * own over the memory, and shape and strides beside it, since the original may be given others.
 */
#include "py_tensor.h"

#include "py_errors.h"
#include "py_sparse.h"
#include "py_type.h"

typedef struct exported {
    ag_tensor *alias;        /* owned */
    Py_ssize_t dims[];       /* shape, then strides in bytes */
} exported;

static bool is_fortran(const ag_tensor *t)
{
    int64_t expected = 1;
    for (int i = 0; i < ag_ndim(t); i++) {
        if (ag_shape(t)[i] != 1 && ag_strides(t)[i] != expected)
            return false;
        expected *= ag_shape(t)[i];
    }
    return true;
}

static bool refuse(const char *reason)
{
    PyErr_SetString(PyExc_BufferError, reason);
    return false;
}

static bool check_request(const ag_tensor *t, int flags)
{
    if (py_is_asked_by_sparse())
        return refuse("a sparse matrix times a Tensor is computed by the Tensor");
    if (ag_dtype_of(t) != AG_FLOAT64)
        return refuse("a Tensor of int64 or bool exports no buffer, as its numbers lie in memory "
                      "as float64. Use tensor.numpy(), which is a copy.");
    if (ag_requires_grad(t) && ag_grad_enabled())
        return refuse("a Tensor that requires grad exports no buffer. Use tensor.detach().");
    if ((flags & PyBUF_WRITABLE) && ag_is_read_only(t))
        return refuse("the memory of this Tensor is read-only");
    bool c = ag_is_contiguous(t);
    if ((flags & PyBUF_C_CONTIGUOUS) == PyBUF_C_CONTIGUOUS && !c)
        return refuse("the Tensor is not contiguous. Use tensor.contiguous() instead.");
    if ((flags & PyBUF_F_CONTIGUOUS) == PyBUF_F_CONTIGUOUS && !is_fortran(t))
        return refuse("the Tensor is not contiguous in Fortran order");
    if ((flags & PyBUF_ANY_CONTIGUOUS) == PyBUF_ANY_CONTIGUOUS && !c && !is_fortran(t))
        return refuse("the Tensor is not contiguous. Use tensor.contiguous() instead.");
    if ((flags & PyBUF_STRIDES) != PyBUF_STRIDES && !c)
        return refuse("the Tensor is not contiguous, and strides were not asked for");
    return true;
}

static exported *export_memory(ag_tensor *t)
{
    int n = ag_ndim(t);
    exported *e = PyMem_Malloc(sizeof *e + 2 * (size_t)n * sizeof e->dims[0]);
    if (e == NULL) {
        PyErr_NoMemory();
        return NULL;
    }
    e->alias = ag_detach(t);
    if (e->alias == NULL) {
        PyMem_Free(e);
        py_raise();
        return NULL;
    }
    for (int i = 0; i < n; i++) {
        e->dims[i] = (Py_ssize_t)ag_shape(e->alias)[i];
        e->dims[n + i] = (Py_ssize_t)(ag_strides(e->alias)[i] * (int64_t)sizeof(double));
    }
    return e;
}

/* All is read off the exporter's own tensor: while its value is computed, other threads run, and
 * may give the original other memory and another shape. */
int py_tensor_get_buffer(PyObject *self, Py_buffer *view, int flags)
{
    static double no_elements;
    view->obj = NULL;
    if (!check_request(py_tensor_of(self), flags))
        return -1;
    exported *e = export_memory(py_tensor_of(self));
    if (e == NULL)
        return -1;
    ag_tensor *t = e->alias;
    int n = ag_ndim(t);
    view->buf = ag_numel(t) > 0 ? ag_data(t) : &no_elements;
    if (view->buf == NULL) {
        ag_release(t);
        PyMem_Free(e);
        py_raise();
        return -1;
    }
    ag_mark_exported(t);
    view->obj = Py_NewRef(self);
    view->len = (Py_ssize_t)(ag_numel(t) * (int64_t)sizeof(double));
    view->itemsize = sizeof(double);
    view->readonly = ag_is_read_only(t);
    view->ndim = n;
    view->format = (flags & PyBUF_FORMAT) ? "d" : NULL;
    view->shape = (flags & PyBUF_ND) ? e->dims : NULL;
    view->strides = (flags & PyBUF_STRIDES) == PyBUF_STRIDES ? e->dims + n : NULL;
    view->suboffsets = NULL;
    view->internal = e;
    return 0;
}

void py_tensor_release_buffer(PyObject *self, Py_buffer *view)
{
    exported *e = view->internal;
    (void)self;
    ag_release(e->alias);
    PyMem_Free(e);
}
