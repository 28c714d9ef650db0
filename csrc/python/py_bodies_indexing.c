/* SPDX-License-Identifier: MIT
 *
 * What rows of ops/indexing.def leave to Python's side.
 */
#include "py_errors.h"
#include "py_rows.h"
#include "py_tensor.h"

/* ---- nonzero -------------------------------------------------------------------------------- */

/* A vector of each dimension's indices of what is not 0, of what has none as of one element. */
PyObject *py_places_of(PyObject *object)
{
    ag_tensor *x = py_tensor_of(object), *columns[AG_MAX_DIMS];
    ag_tensor *whole = ag_ndim(x) == 0 ? ag_unsqueeze(x, 0) : ag_retain(x);
    ag_tensor *rows = whole != NULL ? ag_argwhere(whole) : NULL;
    const int n = whole != NULL ? ag_ndim(whole) : 0;
    const bool done = rows != NULL && ag_unbind(rows, 1, n, columns) == AG_OK;
    PyObject *all = done ? py_tensor_tuple(object, n, columns) : py_raise();
    ag_release(rows);
    ag_release(whole);
    return all;
}

PyObject *py_call_nonzero_nonzero(const struct py_nonzero_nonzero *a)
{
    if (a->as_tuple)
        return py_places_of(a->head.first);
    return py_result(a->head.first, ag_argwhere(a->input));
}
