/* SPDX-License-Identifier: MIT
 *
 * What the docstrings of py_view.c say after their first line.
 */
#ifndef PY_VIEW_DOC_H
#define PY_VIEW_DOC_H

#define VIEW_DOC \
    "The same memory under another shape, of as many elements.\n" \
    "\n" \
    "Sizes are ints or one tuple; one may be -1 and is worked out. A write through the view is\n" \
    "a write to the tensor.\n" \
    "\n" \
    "Raises:\n" \
    "    RuntimeError: the number of elements differs, or the strides allow no such view.\n" \
    "    TypeError: a size is no int.\n" \
    "\n" \
    "Example:\n" \
    "    >>> import pyautograd as ag\n" \
    "    >>> x = ag.arange(6.0)\n" \
    "    >>> x.view(2, -1)\n" \
    "    tensor([[0., 1., 2.],\n" \
    "            [3., 4., 5.]])\n"

#define RESHAPE_DOC \
    "The elements, in order, in another shape: a view if there is one, otherwise a copy.\n" \
    "\n" \
    "One size may be -1 and is worked out.\n" \
    "\n" \
    "Raises:\n" \
    "    RuntimeError: the number of elements differs.\n" \
    "    TypeError: a size is no int.\n" \
    "\n" \
    "Example:\n" \
    "    >>> import pyautograd as ag\n" \
    "    >>> ag.reshape(ag.arange(6.0), (3, 2)).shape\n" \
    "    pyautograd.Size([3, 2])\n"

#define PERMUTE_DOC \
    "A view with the dimensions in another order.\n" \
    "\n" \
    "Raises:\n" \
    "    IndexError: a dimension is out of range.\n" \
    "    RuntimeError: not every dimension is named once.\n" \
    "\n" \
    "Example:\n" \
    "    >>> import pyautograd as ag\n" \
    "    >>> ag.permute(ag.zeros(2, 3, 4), (2, 0, 1)).shape\n" \
    "    pyautograd.Size([4, 2, 3])\n"

#define EXPAND_DOC \
    "A view with dimensions of size 1 repeated to the sizes given, and new ones in front.\n" \
    "\n" \
    "-1 keeps a size. No memory is used: each repetition is the same element.\n" \
    "\n" \
    "Raises:\n" \
    "    RuntimeError: a dimension of another size than 1 would have to grow.\n" \
    "    TypeError: a size is no int.\n" \
    "\n" \
    "Example:\n" \
    "    >>> import pyautograd as ag\n" \
    "    >>> ag.tensor([[1.0], [2.0]]).expand(-1, 3)\n" \
    "    tensor([[1., 1., 1.],\n" \
    "            [2., 2., 2.]])\n"

#define BROADCAST_TO_DOC \
    "The same as `expand` with one tuple of sizes.\n" \
    "\n" \
    "Raises:\n" \
    "    RuntimeError: a dimension of another size than 1 would have to grow.\n" \
    "    TypeError: a size is no int.\n" \
    "\n" \
    "Example:\n" \
    "    >>> import pyautograd as ag\n" \
    "    >>> ag.broadcast_to(ag.ones(3), (2, 3)).shape\n" \
    "    pyautograd.Size([2, 3])\n"

#define LIKE_DOC(name) \
    "`" #name "` with the shape of another tensor.\n" \
    "\n" \
    "Raises:\n" \
    "    RuntimeError: as `" #name "` does for that shape.\n" \
    "    TypeError: other is not a Tensor.\n" \
    "\n" \
    "Example:\n" \
    "    >>> import pyautograd as ag\n" \
    "    >>> ag.zeros(1, 3)." #name "_as(ag.zeros(3, 1).t()).shape\n" \
    "    pyautograd.Size([1, 3])\n"

#define FLATTEN_DOC \
    "Dimensions start_dim to end_dim as one: a view if there is one, otherwise a copy.\n" \
    "\n" \
    "Raises:\n" \
    "    IndexError: a dimension is out of range.\n" \
    "    RuntimeError: start_dim comes after end_dim.\n" \
    "\n" \
    "Example:\n" \
    "    >>> import pyautograd as ag\n" \
    "    >>> ag.flatten(ag.zeros(2, 3, 4), 1).shape\n" \
    "    pyautograd.Size([2, 12])\n"

#define RAVEL_DOC \
    "All elements in one dimension: a view if there is one, otherwise a copy.\n" \
    "\n" \
    "Raises:\n" \
    "    TypeError: the input is not a Tensor.\n" \
    "\n" \
    "Example:\n" \
    "    >>> import pyautograd as ag\n" \
    "    >>> ag.ravel(ag.zeros(2, 3)).shape\n" \
    "    pyautograd.Size([6])\n"

#define TRANSPOSE_DOC(name) \
    "A view with two dimensions exchanged.\n" \
    "\n" \
    "Raises:\n" \
    "    IndexError: a dimension is out of range.\n" \
    "    TypeError: a dimension is no int.\n" \
    "\n" \
    "Example:\n" \
    "    >>> import pyautograd as ag\n" \
    "    >>> ag." #name "(ag.zeros(2, 3, 4), 0, -1).shape\n" \
    "    pyautograd.Size([4, 3, 2])\n"

#define SQUEEZE_DOC \
    "A view without the dimensions of size 1: all of them, or those named by dim.\n" \
    "\n" \
    "dim is an int or a tuple of ints; a dimension of another size stays.\n" \
    "\n" \
    "Raises:\n" \
    "    IndexError: a dimension is out of range.\n" \
    "    RuntimeError: a dimension is named twice.\n" \
    "\n" \
    "Example:\n" \
    "    >>> import pyautograd as ag\n" \
    "    >>> ag.squeeze(ag.zeros(1, 3, 1), -1).shape\n" \
    "    pyautograd.Size([1, 3])\n"

#define UNSQUEEZE_DOC \
    "A view with a dimension of size 1 put in at dim.\n" \
    "\n" \
    "Raises:\n" \
    "    IndexError: a dimension is out of range.\n" \
    "    TypeError: dim is no int.\n" \
    "\n" \
    "Example:\n" \
    "    >>> import pyautograd as ag\n" \
    "    >>> ag.unsqueeze(ag.zeros(2, 3), 1).shape\n" \
    "    pyautograd.Size([2, 1, 3])\n"

#define T_DOC \
    "The transpose of a matrix, as a view; a tensor of fewer dimensions as it is.\n" \
    "\n" \
    "Raises:\n" \
    "    RuntimeError: there are more than two dimensions.\n" \
    "\n" \
    "Example:\n" \
    "    >>> import pyautograd as ag\n" \
    "    >>> ag.t(ag.zeros(2, 3)).shape\n" \
    "    pyautograd.Size([3, 2])\n"

#define CLONE_DOC \
    "A copy with memory of its own, through which gradients flow. Its dimensions lie in memory\n" \
    "in the order of the tensor's own.\n" \
    "\n" \
    "Raises:\n" \
    "    MemoryError: there is no room for it.\n" \
    "\n" \
    "Example:\n" \
    "    >>> import pyautograd as ag\n" \
    "    >>> x = ag.ones(2)\n" \
    "    >>> y = ag.clone(x)\n" \
    "    >>> y[0] = 5.0\n" \
    "    >>> x\n" \
    "    tensor([1., 1.])\n"

#define CONTIGUOUS_DOC \
    "The tensor itself if its elements lie in row-major order, otherwise a copy that does.\n" \
    "\n" \
    "Raises:\n" \
    "    MemoryError: there is no room for it.\n" \
    "\n" \
    "Example:\n" \
    "    >>> import pyautograd as ag\n" \
    "    >>> ag.zeros(2, 3).t().contiguous().stride()\n" \
    "    (2, 1)\n"

#endif
