/* SPDX-License-Identifier: MIT
 *
 * What the docstrings of py_ops.c say after their first line; made from ops.def where an op has
 * no more to say than its line there.
 */
#ifndef PY_OPS_DOC_H
#define PY_OPS_DOC_H

#define IMPORT_DOC \
    "Example:\n" \
    "    >>> import pyautograd as ag\n"

/* Operands that each op takes and what comes of them, by the row's GRAD: what is never recorded
 * takes whole numbers, and some of it nothing else. */
#define OPERAND_RULE "ag.tensor([0.25, 0.5])"
#define OPERAND_ZERO_GRAD OPERAND_RULE
#define OPERAND_NO_GRAD "ag.tensor([2, 3])"
#define OTHER_RULE "ag.ones(3, 1)"
#define OTHER_ZERO_GRAD OTHER_RULE
#define OTHER_NO_GRAD "ag.ones(3, 1, dtype=ag.int64)"
#define NUMBER_RULE "2.0"
#define NUMBER_ZERO_GRAD NUMBER_RULE
#define NUMBER_NO_GRAD "2"
#define RECORDED(name, label) \
    "    >>> x = ag.tensor([0.25, 0.5], requires_grad=True)\n" \
    "    >>> y = ag." #name "(x)\n" \
    "    >>> y.shape, y.grad_fn.name()\n" \
    "    (pyautograd.Size([2]), '" label "Backward0')\n"
#define UNARY_RULE RECORDED
#define UNARY_ZERO_GRAD RECORDED
#define UNARY_NO_GRAD(name, label) \
    "    >>> ag." #name "(ag.tensor([2, 3])).shape\n" \
    "    pyautograd.Size([2])\n"

#define UNARY_DOC(name, GRAD, label, doc) \
    "Elementwise " #name ": " doc ".\n" \
    "\n" \
    "The result has the shape of the input.\n" \
    "\n" \
    "Raises:\n" \
    "    TypeError: the input is not a Tensor.\n" \
    "\n" \
    IMPORT_DOC \
    UNARY_##GRAD(name, label)

#define UNARY_INPLACE_DOC(name, GRAD, doc) \
    "`" #name "` in place: " doc ". Returns the tensor itself.\n" \
    "\n" \
    "Raises:\n" \
    "    RuntimeError: the tensor is a leaf that requires grad, or its memory is read-only.\n" \
    "\n" \
    IMPORT_DOC \
    "    >>> x = " OPERAND_##GRAD "\n" \
    "    >>> x." #name "_() is x\n" \
    "    True\n"

#define BINARY_DOC(name, GRAD, doc) \
    "Elementwise " #name ": " doc ".\n" \
    "\n" \
    "The operands are tensors, numbers or arrays; their shapes broadcast to the result's.\n" \
    "\n" \
    "Raises:\n" \
    "    RuntimeError: the shapes do not broadcast.\n" \
    "    TypeError: an operand is none of these, or neither is a tensor.\n" \
    "\n" \
    IMPORT_DOC \
    "    >>> x = " OPERAND_##GRAD "\n" \
    "    >>> ag." #name "(x, " OTHER_##GRAD ").shape\n" \
    "    pyautograd.Size([3, 2])\n"

#define BINARY_INPLACE_DOC(name, GRAD) \
    "`" #name "` in place, written over the tensor. Returns the tensor itself.\n" \
    "\n" \
    "The operand broadcasts to the shape of the tensor.\n" \
    "\n" \
    "Raises:\n" \
    "    RuntimeError: the operand does not broadcast, the tensor is a leaf that requires grad,\n" \
    "        or its memory is read-only.\n" \
    "    TypeError: the operand is not a tensor, number or array.\n" \
    "\n" \
    IMPORT_DOC \
    "    >>> x = " OPERAND_##GRAD "\n" \
    "    >>> x." #name "_(" NUMBER_##GRAD ") is x\n" \
    "    True\n"

#define MASK_DOC(name, doc) \
    "Elementwise: " doc ", as a bool tensor.\n" \
    "\n" \
    "The operands are tensors, numbers or arrays; their shapes broadcast to the result's.\n" \
    "\n" \
    "Raises:\n" \
    "    RuntimeError: the shapes do not broadcast.\n" \
    "    TypeError: an operand is none of these, or neither is a tensor.\n" \
    "\n" \
    IMPORT_DOC \
    "    >>> ag." #name "(ag.tensor([1.0, 2.0]), 1.5).dtype\n" \
    "    pyautograd.bool\n"

#define ALIAS_DOC(alias, name, more) \
    "The same as `" #name "`.\n" \
    "\n" \
    IMPORT_DOC \
    "    >>> ag." #alias "(ag.tensor([0.5])" more ").shape == (1,)\n" \
    "    True\n"

#define INPLACE_ALIAS_DOC(alias, name, more) \
    "The same as `" #name "_`.\n" \
    "\n" \
    IMPORT_DOC \
    "    >>> x = ag.tensor([0.5])\n" \
    "    >>> x." #alias "_(" more ") is x\n" \
    "    True\n"

#endif
