/* SPDX-License-Identifier: MIT
 *
 * Anomaly mode, and the dicts that nodes keep.
 */
#ifndef PY_ANOMALY_H
#define PY_ANOMALY_H

#include "py_api.h"

extern PyMethodDef py_anomaly_functions[];

/* From here on a backward that fails in anomaly mode is warned of. The object of a node, which is
 * taken, is made by the function. */
void py_watch_anomalies(PyObject *(*object_of)(ag_node *node));

/* The node's dict, made when it is first asked for. New reference. */
PyObject *py_node_metadata(ag_node *node);

#endif
