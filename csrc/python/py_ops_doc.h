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

#define UNARY_DOC(name, label, doc) \
    "Elementwise " #name ": " doc ".\n" \
    "\n" \
    "The result has the shape of the input.\n" \
    "\n" \
    "Raises:\n" \
    "    TypeError: the input is not a Tensor.\n" \
    "\n" \
    IMPORT_DOC \
    "    >>> x = ag.tensor([0.25, 0.5], requires_grad=True)\n" \
    "    >>> y = ag." #name "(x)\n" \
    "    >>> y.shape, y.grad_fn.name()\n" \
    "    (pyautograd.Size([2]), '" label "Backward0')\n"

#define UNARY_INPLACE_DOC(name, doc) \
    "`" #name "` in place: " doc ". Returns the tensor itself.\n" \
    "\n" \
    "Raises:\n" \
    "    RuntimeError: the tensor is a leaf that requires grad, or its memory is read-only.\n" \
    "\n" \
    IMPORT_DOC \
    "    >>> x = ag.tensor([0.25, 0.5])\n" \
    "    >>> x." #name "_() is x\n" \
    "    True\n"

#define BINARY_DOC(name, doc) \
    "Elementwise " #name ": " doc ".\n" \
    "\n" \
    "The operands are tensors, numbers or arrays; their shapes broadcast to the result's.\n" \
    "\n" \
    "Raises:\n" \
    "    RuntimeError: the shapes do not broadcast.\n" \
    "    TypeError: an operand is none of these, or neither is a tensor.\n" \
    "\n" \
    IMPORT_DOC \
    "    >>> x = ag.tensor([0.25, 0.5])\n" \
    "    >>> ag." #name "(x, ag.ones(3, 1)).shape\n" \
    "    pyautograd.Size([3, 2])\n"

#define BINARY_INPLACE_DOC(name, doc) \
    "`" #name "` in place: " doc ", written over x. Returns the tensor itself.\n" \
    "\n" \
    "y broadcasts to the shape of x.\n" \
    "\n" \
    "Raises:\n" \
    "    RuntimeError: y does not broadcast to x, the tensor is a leaf that requires grad, or\n" \
    "        its memory is read-only.\n" \
    "    TypeError: the operand is not a tensor, number or array.\n" \
    "\n" \
    IMPORT_DOC \
    "    >>> x = ag.tensor([0.25, 0.5])\n" \
    "    >>> x." #name "_(2.0) is x\n" \
    "    True\n"

/* add and sub scale their second operand; pow calls it by another name. */
#define PAIR_SIGNATURE(name, suffix, first, doc, DOC) \
    (IS_SCALED(AG_OP_##name) \
         ? #name suffix "(" first ", other, *, alpha=1)\n--\n\n" DOC(name, doc) \
           "\n`alpha` is a number that the second operand is multiplied by first.\n" \
     : IS_POWER(AG_OP_##name) ? #name suffix "(" first ", exponent)\n--\n\n" DOC(name, doc) \
                              : #name suffix "(" first ", other)\n--\n\n" DOC(name, doc))

#define MASK_DOC(name, doc) \
    "Elementwise comparison: " doc ", as a NumPy bool array (np.bool_ where both are 0-d).\n" \
    "\n" \
    "The operands are tensors, numbers or arrays; their shapes broadcast to the result's.\n" \
    "\n" \
    "Raises:\n" \
    "    RuntimeError: the shapes do not broadcast.\n" \
    "    TypeError: an operand is none of these, or neither is a tensor.\n" \
    "\n" \
    IMPORT_DOC \
    "    >>> ag." #name "(ag.tensor([1.0, 2.0]), 1.5).shape\n" \
    "    (2,)\n"

#define ALIAS_DOC(alias, name, more) \
    "The same as `" #name "`.\n" \
    "\n" \
    IMPORT_DOC \
    "    >>> ag." #alias "(ag.tensor([0.5])" more ").shape == (1,)\n" \
    "    True\n"

#define ALIAS_SIGNATURE(alias, name, first) \
    (IS_SCALED(AG_OP_##name) \
         ? #alias "(" first ", other, *, alpha=1)\n--\n\n" ALIAS_DOC(alias, name, ", 2.0") \
         : #alias "(" first ", other)\n--\n\n" ALIAS_DOC(alias, name, ", 2.0"))

#define INPLACE_ALIAS_DOC(alias, name) \
    "The same as `" #name "_`.\n" \
    "\n" \
    IMPORT_DOC \
    "    >>> x = ag.tensor([0.5])\n" \
    "    >>> x." #alias "(2.0) is x\n" \
    "    True\n"

#define INPLACE_ALIAS_SIGNATURE(alias, name) \
    (IS_SCALED(AG_OP_##name) \
         ? #alias "($self, other, *, alpha=1)\n--\n\n" INPLACE_ALIAS_DOC(alias, name) \
         : #alias "($self, other)\n--\n\n" INPLACE_ALIAS_DOC(alias, name))

#define SOFTPLUS_DOC \
    "Elementwise log(1 + exp(beta x)) / beta, and x itself where beta x is over the threshold.\n" \
    "\n" \
    "The result has the shape of the input.\n" \
    "\n" \
    "Raises:\n" \
    "    TypeError: the input is not a Tensor, beta or threshold not a number.\n" \
    "\n" \
    IMPORT_DOC \
    "    >>> ag.softplus(ag.tensor([0.0, 30.0]))\n" \
    "    tensor([ 0.6931, 30.0000])\n"

#define CLAMP_DOC \
    "Elements limited to between min and max: numbers or tensors that broadcast, or None.\n" \
    "\n" \
    "Where min is over max, max wins.\n" \
    "\n" \
    "Raises:\n" \
    "    RuntimeError: both are None, or shapes do not broadcast.\n" \
    "    TypeError: a bound is neither tensor nor number.\n" \
    "\n" \
    IMPORT_DOC \
    "    >>> ag.clamp(ag.tensor([-1.0, 0.5, 2.0]), 0, 1)\n" \
    "    tensor([0.0000, 0.5000, 1.0000])\n"

#define CLAMP_INPLACE_DOC \
    "`clamp` in place. Returns the tensor itself.\n" \
    "\n" \
    "Raises:\n" \
    "    RuntimeError: both bounds are None, the tensor is a leaf that requires grad, or its\n" \
    "        memory is read-only.\n" \
    "    TypeError: a bound is neither tensor nor number.\n" \
    "\n" \
    IMPORT_DOC \
    "    >>> ag.tensor([-1.0, 0.5, 2.0]).clamp_(max=1)\n" \
    "    tensor([-1.0000,  0.5000,  1.0000])\n"

#define WHERE_DOC \
    "Elements of input where condition is true (not 0), of other elsewhere.\n" \
    "\n" \
    "The condition is a bool array, as comparisons give it, a tensor, a list or a bool; the\n" \
    "other two are tensors, arrays or numbers. All broadcast. No gradient, not even a NaN,\n" \
    "flows to elements that were not taken.\n" \
    "\n" \
    "Raises:\n" \
    "    RuntimeError: the shapes do not broadcast.\n" \
    "    TypeError: an operand is none of these.\n" \
    "\n" \
    IMPORT_DOC \
    "    >>> x = ag.tensor([-1.0, 4.0])\n" \
    "    >>> ag.where(x > 0, x, 0.0)\n" \
    "    tensor([0., 4.])\n"

#define SUM_DOC \
    "The sum of the elements over dim: an int, a tuple of ints, or None for all.\n" \
    "\n" \
    "The summed dimensions are dropped, or kept with size 1 if keepdim. `axis` and `keepdims`\n" \
    "are accepted as names too.\n" \
    "\n" \
    "Raises:\n" \
    "    IndexError: a dimension is out of range.\n" \
    "    RuntimeError: a dimension is named twice.\n" \
    "    TypeError: an argument is of the wrong type.\n" \
    "\n" \
    IMPORT_DOC \
    "    >>> x = ag.tensor([[1.0, 2.0], [3.0, 4.0]])\n" \
    "    >>> x.sum(), x.sum(0), x.sum(1, keepdim=True).shape\n" \
    "    (tensor(10.), tensor([4., 6.]), pyautograd.Size([2, 1]))\n"

#define MEAN_DOC \
    "The mean of the elements over dim: an int, a tuple of ints, or None for all.\n" \
    "\n" \
    "The averaged dimensions are dropped, or kept with size 1 if keepdim. The mean of nothing\n" \
    "is nan. `axis` and `keepdims` are accepted as names too.\n" \
    "\n" \
    "Raises:\n" \
    "    IndexError: a dimension is out of range.\n" \
    "    RuntimeError: a dimension is named twice.\n" \
    "    TypeError: an argument is of the wrong type.\n" \
    "\n" \
    IMPORT_DOC \
    "    >>> x = ag.tensor([[1.0, 2.0], [3.0, 4.0]])\n" \
    "    >>> x.mean(), x.mean(0)\n" \
    "    (tensor(2.5000), tensor([2., 3.]))\n"

#define AMAX_DOC \
    "The largest of the elements over dim: an int, a tuple of ints, or () or None for all.\n" \
    "\n" \
    "The dimensions are dropped, or kept with size 1 if keepdim. A NaN makes its result nan.\n" \
    "Elements that are equally large share the gradient. `axis` and `keepdims` are accepted as\n" \
    "names too.\n" \
    "\n" \
    "Raises:\n" \
    "    IndexError: a dimension is out of range, or has size 0.\n" \
    "    RuntimeError: a dimension is named twice, or there are no elements and no dim.\n" \
    "    TypeError: an argument is of the wrong type.\n" \
    "\n" \
    IMPORT_DOC \
    "    >>> x = ag.tensor([[1.0, 2.0], [4.0, 3.0]])\n" \
    "    >>> x.amax(), x.amax(0), x.amax(1, keepdim=True).shape\n" \
    "    (tensor(4.), tensor([4., 3.]), pyautograd.Size([2, 1]))\n"

#define AMIN_DOC \
    "The smallest of the elements over dim: an int, a tuple of ints, or () or None for all.\n" \
    "\n" \
    "The dimensions are dropped, or kept with size 1 if keepdim. A NaN makes its result nan.\n" \
    "Elements that are equally small share the gradient. `axis` and `keepdims` are accepted as\n" \
    "names too.\n" \
    "\n" \
    "Raises:\n" \
    "    IndexError: a dimension is out of range, or has size 0.\n" \
    "    RuntimeError: a dimension is named twice, or there are no elements and no dim.\n" \
    "    TypeError: an argument is of the wrong type.\n" \
    "\n" \
    IMPORT_DOC \
    "    >>> x = ag.tensor([[1.0, 2.0], [4.0, 3.0]])\n" \
    "    >>> x.amin(), x.amin(0), x.amin(1, keepdim=True).shape\n" \
    "    (tensor(1.), tensor([1., 2.]), pyautograd.Size([2, 1]))\n"

#endif
