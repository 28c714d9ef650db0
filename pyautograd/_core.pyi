# SPDX-License-Identifier: MIT
# Types of the native module. Parts between <ops> markers come from `make stubs`.

from builtins import bool as _bool
from builtins import float as _float
from builtins import int as _int
from builtins import type as _type
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Sequence
from types import EllipsisType, TracebackType
from typing import (
    Any,
    Literal,
    NamedTuple,
    Protocol,
    SupportsIndex,
    TypeAlias,
    TypeVar,
    final,
    overload,
)

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray
from typing_extensions import Self

from .autograd._edges import GradientEdge

_T = TypeVar("_T", bound="Tensor")
_F = TypeVar("_F", bound=Callable[..., Any])
# Of a backward: tensors, or gradient edges in their place.
_Ends: TypeAlias = "Tensor | GradientEdge | Iterable[Tensor | GradientEdge]"
_Number: TypeAlias = _float | np.floating[Any] | np.integer[Any] | np.bool_
_Operand: TypeAlias = "Tensor | _Number | NDArray[Any]"
_Real: TypeAlias = "Tensor | _Number"
_Array: TypeAlias = "Tensor | NDArray[Any]"
_Value: TypeAlias = _Operand | Sequence[Any]
_Dims: TypeAlias = _int | Sequence[_int]
_SomeDType: TypeAlias = "dtype | str | _type[Any] | np.dtype[Any]"
_DType: TypeAlias = "_SomeDType | None"
_Device: TypeAlias = "device | str | None"
_IndexPart: TypeAlias = SupportsIndex | slice | EllipsisType | None
_Index: TypeAlias = _IndexPart | tuple[_IndexPart, ...]

# A matrix of scipy.sparse: which of its own types SciPy does not say.
class _Sparse(Protocol):
    def tocsr(self) -> Any: ...

__version__: str
float64: dtype
double: dtype
int64: dtype
long: dtype
default_generator: Generator

@final
class dtype:
    """The type of a tensor's elements: `float64`, `int64` or `bool`."""
    @property
    def itemsize(self) -> _int:
        """Bytes of one element: 8 of every dtype."""
    @property
    def is_floating_point(self) -> _bool:
        """Whether this is float64."""
    @property
    def is_complex(self) -> _bool:
        """False."""
    @property
    def is_signed(self) -> _bool:
        """Whether there are negative numbers."""
    @property
    def dtype(self) -> np.dtype[Any]:
        """The same as NumPy's: np.zeros(3, dtype=float64) takes it."""

@final
class device:
    """Where tensors are: in the computer's memory. There is one device, "cpu", for programs
    that name it.

    Raises:
        RuntimeError: another device.
    """
    def __init__(self, type: _Device, index: _int | None = None) -> None: ...
    @property
    def type(self) -> str:
        """"cpu"."""
    @property
    def index(self) -> None:
        """None."""

@final
class Generator:
    """A stream of random numbers: what is drawn from it depends on its seed and on what was drawn
    from it before, and on nothing else. `default_generator` is the one that is used where none
    is given. Threads that share a generator each get other numbers of the stream.

    The stream is that of Philox4x32-10: block k is a function of the seed and of k. n numbers
    take the next n / 2 blocks, rounded up, and element k of a tensor, counted row by row, gets
    half k of them: a uniform of 53 bits, half of a pair of normal numbers, or a whole number
    of 64 bits, of which a range takes the upper part of a product. All other laws are
    functions of one of these; poisson, binomial and draws of gamma, beta, Dirichlet and
    Student's distributions take a block for each number, as the head of a
    stream of its own. So numbers depend neither on the number of threads, nor on the CPU, nor
    on how a tensor lies in memory. They are not those of PyTorch.

    Raises:
        RuntimeError: device is another than the CPU.
        TypeError: device is neither str nor device.
    """
    def __init__(self, device: _Device = "cpu") -> None: ...
    @property
    def device(self) -> device:
        """Where the numbers are made: the CPU."""
    def manual_seed(self, seed: SupportsIndex, /) -> Self:
        """Start anew by this seed. Returns the generator itself.

        Raises:
            RuntimeError: the seed is no int.
            ValueError: it has more than 64 bits.
        """
    def seed(self) -> _int:
        """Start anew by a seed from the system, which is returned."""
    def initial_seed(self) -> _int:
        """The seed that the generator started from."""
    def get_state(self) -> Tensor:
        """Where the generator is in its stream: a tensor for `set_state`. It has four whole numbers
        below 2 ** 32: the halves of the seed and those of the next block's place, the low ones
        first.
        """
    def set_state(self, new_state: Tensor, /) -> Self:
        """Go where `get_state` found this generator, or another one. Returns the generator itself.

        Raises:
            TypeError: the state is no Tensor.
            RuntimeError: it is none that get_state gives.
        """
    def clone_state(self) -> Generator:
        """A new generator in the same state."""

@final
class Size(tuple[_int, ...]):
    """The shape of a tensor: a tuple of ints. Slices and sums of it are Sizes too."""
    def numel(self) -> _int:
        """The product of the sizes: how many elements a tensor of this shape has."""
    @overload
    def __getitem__(self, key: SupportsIndex, /) -> _int: ...
    @overload
    def __getitem__(self, key: slice, /) -> Size: ...
    def __add__(self, other: tuple[_int, ...], /) -> Size: ...  # type: ignore[override]
    def __mul__(self, n: SupportsIndex, /) -> Size: ...
    def __rmul__(self, n: SupportsIndex, /) -> Size: ...

@final
class _RemovableHandle:
    """What registering a hook returns: removes it, also at the end of a with block.

    The hook does not depend on the handle's life.
    """
    @property
    def id(self) -> _int:
        """A number that no other hook has."""
    def remove(self) -> None:
        """Remove the hook. Once more does nothing."""
    def __enter__(self) -> Self: ...
    def __exit__(
        self,
        kind: _type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
        /,
    ) -> None: ...

class Node:
    """An entry of the tape: the op that made a tensor. `Tensor.grad_fn` gives it.

    Called with a gradient of what it made, one of each result or None, it gives those of its
    inputs: one, or a tuple.
    """
    def name(self) -> str:
        """The name that is printed: the op and a digit."""
    @property
    def next_functions(self) -> tuple[tuple[Node | None, _int], ...]:
        """For each input of the op the node that made it, None where no gradient is needed, and
        which
        of that node's results it is.
        """
    @property
    def _saved_self(self) -> Tensor:
        """The first input, if it was saved for the rule."""
    @property
    def _saved_other(self) -> Tensor:
        """The second input, if it was saved for the rule."""
    @property
    def _saved_result(self) -> Tensor:
        """The result, if it was saved for the rule."""
    def _input_shape(self, k: _int, /) -> Size | None:
        """The shape of an input, None where it is the result's."""
    def _kept(self) -> list[tuple[_int, _int]]:
        """What is kept for the rule: of each value the address of its memory, and the bytes of
        that."""
    def _sequence_nr(self) -> _int:
        """The number under which its thread recorded it, modulo 2 ** 32.

        Of the nodes that are ready a backward runs the one with the highest number first, but an
        AccumulateGrad at once.
        """
    def register_hook(
        self,
        hook: Callable[
            [tuple[Tensor | None, ...], tuple[Tensor | None, ...]],
            tuple[Tensor | None, ...] | None,
        ],
        /,
    ) -> _RemovableHandle:
        """Have each backward call `hook(grad_inputs, grad_outputs)` after this node's rule.

        Both are tuples, with None where there is no gradient. A tuple that the hook returns goes
        on in place of grad_inputs. Of an AccumulateGrad it is called when .grad is set, and
        grad_inputs is empty.

        Returns:
            A handle, whose remove() removes the hook.

        Raises:
            RuntimeError: the leaf of an AccumulateGrad does not require grad.

        backward() raises what the hook raises, TypeError if it returns no tuple of tensors, and
        RuntimeError if these do not fit.
        """
    def register_prehook(
        self,
        hook: Callable[[tuple[Tensor | None, ...]], tuple[Tensor | None, ...] | None],
        /,
    ) -> _RemovableHandle:
        """Have each backward call `hook(grad_outputs)` before this node's rule.

        grad_outputs is a tuple, with None where there is no gradient. A tuple that the hook
        returns goes on in its place.

        Returns:
            A handle, whose remove() removes the hook.

        Raises:
            RuntimeError: the leaf of an AccumulateGrad does not require grad.

        backward() raises what the hook raises, TypeError if it returns no tuple of tensors, and
        RuntimeError if these do not fit.
        """
    @property
    def variable(self) -> Tensor:
        """Of an AccumulateGrad: the leaf that the gradient is added to."""
    @property
    def metadata(self) -> dict[str, Any]:
        """A dict that the node keeps. In anomaly mode it has the traceback of the forward call, as
        traceback_, and as parent_ the node whose rule recorded this one, if one did.

        Of an AccumulateGrad a new one each time.
        """
    @property
    def source(self) -> str | None:
        """The line that the op was called in, outside of this library: file, line and function.

        None where it is not known: of an AccumulateGrad, and of ops that C called.
        """
    def __call__(
        self, /, *gradients: Tensor | None
    ) -> Tensor | tuple[Tensor | None, ...] | None: ...

class FunctionCtx(Node):
    """The context of a call of an autograd.Function: its entry of the tape, which
    `Tensor.grad_fn` of what it made gives, and a place for what backward needs.

    Any attribute can be set. Tensors are better given to save_for_backward().
    """
    to_save: tuple[Tensor | None, ...] | None
    saved_for_forward: tuple[Tensor | None, ...] | None
    dirty_tensors: tuple[Tensor, ...] | None
    non_differentiable: tuple[Tensor, ...] | None
    materialize_grads: _bool
    @property
    def saved_tensors(self) -> tuple[Tensor, ...]:
        """What save_for_backward kept, as a tuple.

        Raises:
            RuntimeError: a backward has freed it, or one of it was written in place since.
        """
    @property
    def needs_input_grad(self) -> tuple[_bool, ...]:
        """For each argument of apply() whether it is a tensor that requires grad."""
    def save_for_backward(self, *tensors: Tensor | None) -> None:
        """Keep tensors, inputs or results above all, for backward: it finds them in saved_tensors.

        Each is kept with its history and its version, so that higher derivatives are right and a
        write in place is found. None stays None. The last call counts.

        Raises:
            TypeError: from apply(), an argument is neither a Tensor nor None.
        """
    def save_for_forward(self, *tensors: Tensor | None) -> None:
        """Keep tensors for jvp.

        Raises:
            AssertionError: an argument is neither a Tensor nor None.
        """
    def mark_dirty(self, *args: Tensor) -> None:
        """Say which inputs forward has written in place. It must return them, too."""
    def mark_non_differentiable(self, *args: Tensor) -> None:
        """Say which results need no gradient. What backward gets for them is zeros."""
    def set_materialize_grads(self, value: _bool, /) -> None:
        """Whether backward gets zeros (as it does without this call), or None, for a result that no
        gradient came to.
        """
    def __getattr__(self, name: str, /) -> Any: ...
    def __setattr__(self, name: str, value: Any, /) -> None: ...

class _FunctionBase:
    """What autograd.Function is made from."""
    @classmethod
    def apply(cls, *args: Any, **kwargs: Any) -> Any:
        """Call forward, and record what it made as one entry of the tape."""

def _bump_version(tensor: Tensor, /) -> None:
    """The tensor's numbers were written by somebody who tells nobody."""
def _set_function_defaults(
    setup_context: Any, backward: Any, vjp: Any, bind: Any, /
) -> None:
    """What stands for the methods that a Function class does not have; how keywords are bound."""

class Tensor:
    """An array of float64 numbers that can record what is done to it.

    Made from sizes (the values are then undefined) or from data: nested sequences or an array,
    which is copied, or another tensor, whose memory is shared. `tensor`, `zeros` and their like
    say more plainly what is wanted.

    Raises:
        TypeError: `data` is neither.
        RuntimeError: a size is negative.
    """
    __array_priority__: _int
    @overload
    def __new__(cls, *sizes: _int) -> Self: ...
    @overload
    def __new__(cls, data: Tensor | ArrayLike, /) -> Self: ...

    # ---- autograd
    @property
    def data(self) -> Self:
        """The same memory without history.

        Assigning a tensor makes this one share its memory and shape.
        """
    @data.setter
    def data(self, value: Tensor) -> None: ...
    @property
    def grad(self) -> Tensor | None:
        """The gradient that backward() left here, added up, or None.

        May be assigned and deleted.
        """
    @grad.setter
    def grad(self, value: Tensor | None) -> None: ...
    @grad.deleter
    def grad(self) -> None: ...
    @property
    def requires_grad(self) -> _bool:
        """Whether gradients with respect to this tensor are wanted. Leaves can be told."""
    @requires_grad.setter
    def requires_grad(self, value: _bool) -> None: ...
    @property
    def output_nr(self) -> _int:
        """Which result of `grad_fn`'s op this tensor is."""
    @property
    def is_leaf(self) -> _bool:
        """Whether no recorded op made this tensor."""
    @property
    def retains_grad(self) -> _bool:
        """Whether retain_grad() was called on this tensor, which is no leaf."""
    @property
    def grad_fn(self) -> Node | None:
        """The tape's node for the op that made this tensor; None for leaves."""
    @property
    def _version(self) -> _int:
        """How often the memory was written in place."""
    def _is_view(self) -> _bool:
        """Whether this is a view of another tensor that autograd follows."""
    def backward(
        self,
        gradient: Tensor | None = None,
        retain_graph: _bool | None = None,
        create_graph: _bool = False,
        inputs: _Ends | dict[Any, Any] | None = None,
    ) -> None:
        """Add the gradients of this tensor into the .grad of the leaves that it was made from.

        Args:
            gradient: of something with respect to this tensor, of its shape; by default 1, for
                tensors of one element.
            retain_graph: keep what the tape saved, for another backward. As create_graph if None.
            create_graph: record the computation of the gradients, for higher derivatives.
            inputs: the tensors to give a gradient to, leaves or not, instead of all leaves; or a
                dict of them.

        Raises:
            RuntimeError: the tensor does not require grad, has more than one element where no
                gradient is given, saved values were freed or written in place, or shapes do not
                agree. No .grad has changed then.
            TypeError: an argument is of the wrong type.
        """
    def requires_grad_(self, requires_grad: _bool = True) -> Self:
        """Set requires_grad of a leaf. Returns the tensor itself.

        Raises:
            RuntimeError: the tensor is not a leaf.
            TypeError: the argument is not a bool.
        """
    def is_inference(self) -> _bool:
        """Whether this tensor was made in `inference_mode`."""
    def retain_grad(self) -> None:
        """Have backward() leave the gradient of this tensor in .grad though it is not a leaf.

        Raises:
            RuntimeError: the tensor does not require grad.
        """
    def register_hook(self, hook: Callable[[Any], Tensor | None], /) -> _RemovableHandle:
        """Have each backward call `hook(grad)` with the gradient of this tensor as it is now.

        What the hook returns, of the same shape, goes on in the gradient's place; None leaves it.
        Hooks are called in the order in which they came, each with what the one before left.
        Writing the tensor in place makes a new value, which has none of them. The gradient that
        retain_grad() keeps is the one after all hooks.

        Returns:
            A handle, whose remove() removes the hook.

        Raises:
            RuntimeError: the tensor does not require grad.

        backward() raises what the hook raises, TypeError if it returns no Tensor, and RuntimeError
        if that has another shape or dtype. No .grad has changed then.
        """
    def register_post_accumulate_grad_hook(
        self, hook: Callable[[Self], None], /
    ) -> _RemovableHandle:
        """Have each backward call `hook(self)` after it has set the .grad of this leaf.

        All other leaves have their .grad by then, too, and keep it if the hook raises.

        Returns:
            A handle, whose remove() removes the hook.

        Raises:
            RuntimeError: the tensor does not require grad, or is not a leaf.

        backward() raises what the hook raises, and TypeError or RuntimeError if it does not return
        None.
        """
    @property
    def _backward_hooks(self) -> OrderedDict[_int, Callable[..., Any]] | None:
        """What register_hook() was given, by the ids of the handles: an OrderedDict, or None before
        the first. Deleting one removes the hook, as its handle does; None removes all.
        """
    @_backward_hooks.setter
    def _backward_hooks(self, value: None) -> None: ...
    def detach(self) -> Self:
        """A tensor over the same memory that does not require grad and has no history."""
    def detach_(self) -> Self:
        """Forget the history of this tensor. Returns the tensor itself.

        Raises:
            RuntimeError: the tensor is a view.
        """

    # ---- shape
    @property
    def shape(self) -> Size:
        """The sizes of the dimensions."""
    @property
    def ndim(self) -> _int:
        """The number of dimensions."""
    @property
    def dtype(self) -> dtype:
        """How the elements are read: pyautograd.float64, pyautograd.int64 or pyautograd.bool."""
    @property
    def device(self) -> device:
        """Where the elements are: device(type='cpu')."""
    @property
    def itemsize(self) -> _int:
        """Bytes of one element: 8."""
    @property
    def nbytes(self) -> _int:
        """Bytes of all elements."""
    @property
    def T(self) -> Self:
        """A view with the dimensions reversed."""
    @property
    def mT(self) -> Self:
        """A view with the last two dimensions exchanged. RuntimeError if there are fewer."""
    @property
    def H(self) -> Self:
        """A view of a matrix with its dimensions exchanged. RuntimeError if it is none."""
    @property
    def mH(self) -> Self:
        """A view with the last two dimensions exchanged. RuntimeError if there are fewer."""
    def storage_offset(self) -> _int:
        """How many elements of its memory lie before the first one of the tensor."""
    @overload
    def size(self, dim: None = None) -> Size:
        """The shape, or one size of it.

        Raises:
            IndexError: dim is out of range.
        """
    @overload
    def size(self, dim: _int) -> _int: ...
    @overload
    def stride(self, dim: None = None) -> tuple[_int, ...]:
        """How many elements apart neighbours lie in memory, for each dimension or for one.

        Raises:
            IndexError: dim is out of range.
        """
    @overload
    def stride(self, dim: _int) -> _int: ...
    def dim(self) -> _int:
        """The number of dimensions."""
    def ndimension(self) -> _int:
        """The number of dimensions."""
    def numel(self) -> _int:
        """The number of elements."""
    def nelement(self) -> _int:
        """The number of elements."""
    def element_size(self) -> _int:
        """Bytes of one element: 8."""
    def is_contiguous(self) -> _bool:
        """Whether the elements lie in row-major order, without gaps."""
    def data_ptr(self) -> _int:
        """The address of the first element; 0 if there is none."""
    def as_subclass(self, cls: type[_T], /) -> _T:
        """The same memory as an instance of a subclass of Tensor; gradients flow through.

        Raises:
            TypeError: cls is no subclass of Tensor.
        """

    # ---- dtype
    def float(self) -> Self:
        """As float64. The tensor itself where it is that already.

        Raises:
            RuntimeError: int64 is asked for of NaN, or of a number beyond 2 ** 53.
        """
    def double(self) -> Self:
        """As float64. The tensor itself where it is that already.

        Raises:
            RuntimeError: int64 is asked for of NaN, or of a number beyond 2 ** 53.
        """
    def int(self) -> Self:
        """As int64, rounded towards zero. The tensor itself where it is that already.

        Raises:
            RuntimeError: int64 is asked for of NaN, or of a number beyond 2 ** 53.
        """
    def long(self) -> Self:
        """As int64, rounded towards zero. The tensor itself where it is that already.

        Raises:
            RuntimeError: int64 is asked for of NaN, or of a number beyond 2 ** 53.
        """
    def bool(self) -> Self:
        """As bool: whether the elements are not 0. The tensor itself where it is that already.

        Raises:
            RuntimeError: int64 is asked for of NaN, or of a number beyond 2 ** 53.
        """
    def cpu(self) -> Self:
        """The tensor itself, as all are in the computer's memory."""
    @overload
    def to(
        self,
        dtype: _DType = None,
        non_blocking: _bool = False,
        copy: _bool = False,
        *,
        memory_format: Any = None,
    ) -> Self:
        """The tensor as another dtype, itself where it has that: to(dtype), to(device), to(device,
        dtype), to(other tensor); copy=True makes a copy in any case.

        The one device is "cpu". `non_blocking` and `memory_format` make no difference.

        Raises:
            RuntimeError: int64 is asked for of NaN, or of a number beyond 2 ** 53.
        """
    @overload
    def to(
        self,
        device: _Device,
        dtype: _DType = None,
        non_blocking: _bool = False,
        copy: _bool = False,
        *,
        memory_format: Any = None,
    ) -> Self: ...
    @overload
    def to(
        self,
        other: Tensor,
        non_blocking: _bool = False,
        copy: _bool = False,
        *,
        memory_format: Any = None,
    ) -> Self: ...
    @overload
    def type(self, dtype: None = None, non_blocking: _bool = False) -> str:
        """The tensor as another dtype; without one the name of its type.

        Raises:
            RuntimeError: int64 is asked for of NaN, or of a number beyond 2 ** 53.
        """
    @overload
    def type(self, dtype: _SomeDType, non_blocking: _bool = False) -> Self: ...
    def type_as(self, other: Tensor, /) -> Self:
        """The tensor as the dtype of another.

        Raises:
            RuntimeError: int64 is asked for of NaN, or of a number beyond 2 ** 53.
        """
    def is_floating_point(self) -> _bool:
        """Whether the dtype is float64."""
    def is_complex(self) -> _bool:
        """False: there are no complex numbers."""
    def is_signed(self) -> _bool:
        """Whether the dtype has negative numbers: all but bool."""

    # ---- values
    def item(self) -> Any:
        """The only element, as a Python float, int or bool.

        Raises:
            RuntimeError: there are more elements, or none.
        """
    def tolist(self) -> Any:
        """The elements as nested lists of numbers; a number for 0-d."""
    def numpy(self, *, force: _bool = False) -> NDArray[Any]:
        """A NumPy array over the same memory: writing one is writing the other. Of an int64 or bool
        tensor a copy.

        force: of a tensor that requires grad too, detached.

        Raises:
            RuntimeError: the tensor requires grad, grad mode is on, and force is False.
        """
    def __array_ufunc__(
        self, ufunc: np.ufunc, method: str, /, *inputs: Any, **kwargs: Any
    ) -> Any: ...
    def __array_function__(
        self,
        function: Callable[..., Any],
        types: Iterable[_type],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        /,
    ) -> Any: ...
    def __array__(
        self, dtype: DTypeLike | None = None, *, copy: _bool | None = None
    ) -> NDArray[Any]: ...
    def __array_wrap__(
        self, array: NDArray[Any], context: Any = None, return_scalar: _bool = False
    ) -> Any: ...
    def __len__(self) -> _int: ...
    def __iter__(self) -> Iterator[Self]: ...
    def __contains__(self, value: Tensor | _Number, /) -> _bool: ...
    def __bool__(self) -> _bool: ...
    def __float__(self) -> _float: ...
    def __int__(self) -> _int: ...
    def __hash__(self) -> _int: ...
    def __format__(self, spec: str, /) -> str: ...
    def __getitem__(self, key: _Index, /) -> Self: ...
    def __setitem__(self, key: _Index, value: _Value, /) -> None: ...
    def __buffer__(self, flags: _int, /) -> memoryview: ...
    def __copy__(self) -> Self: ...
    def __deepcopy__(self, memo: dict[_int, Any], /) -> Self: ...

    # ---- operators
    def __add__(self, other: _Operand, /) -> Self: ...
    def __radd__(self, other: _Operand, /) -> Self: ...
    def __iadd__(self, other: _Operand, /) -> Self: ...
    def __sub__(self, other: _Operand, /) -> Self: ...
    def __rsub__(self, other: _Operand, /) -> Self: ...
    def __isub__(self, other: _Operand, /) -> Self: ...
    def __mul__(self, other: _Operand, /) -> Self: ...
    def __rmul__(self, other: _Operand, /) -> Self: ...
    def __imul__(self, other: _Operand, /) -> Self: ...
    def __floordiv__(self, other: _Operand, /) -> Self: ...
    def __rfloordiv__(self, other: _Operand, /) -> Self: ...
    def __ifloordiv__(self, other: _Operand, /) -> Self: ...
    def __mod__(self, other: _Operand, /) -> Self: ...
    def __rmod__(self, other: _Operand, /) -> Self: ...
    def __imod__(self, other: _Operand, /) -> Self: ...
    def __and__(self, other: _Operand, /) -> Self: ...
    def __rand__(self, other: _Operand, /) -> Self: ...
    def __iand__(self, other: _Operand, /) -> Self: ...
    def __or__(self, other: _Operand, /) -> Self: ...
    def __ror__(self, other: _Operand, /) -> Self: ...
    def __ior__(self, other: _Operand, /) -> Self: ...
    def __xor__(self, other: _Operand, /) -> Self: ...
    def __rxor__(self, other: _Operand, /) -> Self: ...
    def __ixor__(self, other: _Operand, /) -> Self: ...
    def __lshift__(self, other: _Operand, /) -> Self: ...
    def __rlshift__(self, other: _Operand, /) -> Self: ...
    def __ilshift__(self, other: _Operand, /) -> Self: ...
    def __rshift__(self, other: _Operand, /) -> Self: ...
    def __rrshift__(self, other: _Operand, /) -> Self: ...
    def __irshift__(self, other: _Operand, /) -> Self: ...
    def __invert__(self) -> Self: ...
    def __index__(self) -> _int: ...
    def __matmul__(self, other: _Array | _Sparse, /) -> Self: ...
    def __rmatmul__(self, other: _Array | _Sparse, /) -> Self: ...
    def __truediv__(self, other: _Operand, /) -> Self: ...
    def __rtruediv__(self, other: _Operand, /) -> Self: ...
    def __itruediv__(self, other: _Operand, /) -> Self: ...
    def __pow__(self, other: _Operand, modulo: None = None, /) -> Self: ...
    def __rpow__(self, other: _Operand, modulo: None = None, /) -> Self: ...
    def __ipow__(self, other: _Operand, /) -> Self: ...  # type: ignore[misc]
    def __neg__(self) -> Self: ...
    def __pos__(self) -> Self: ...
    def __abs__(self) -> Self: ...
    def __eq__(self, other: object, /) -> Self: ...  # type: ignore[override]
    def __ne__(self, other: object, /) -> Self: ...  # type: ignore[override]
    def __lt__(self, other: _Operand, /) -> Self: ...  # type: ignore[misc]
    def __le__(self, other: _Operand, /) -> Self: ...  # type: ignore[misc]
    def __gt__(self, other: _Operand, /) -> Self: ...  # type: ignore[misc]
    def __ge__(self, other: _Operand, /) -> Self: ...  # type: ignore[misc]

    # ---- ops
    def zero_(self) -> Self:
        """Set every element to 0. Returns the tensor itself.

        Raises:
            RuntimeError: the tensor is a leaf that requires grad while grad mode is on, or its
                memory is read-only.
        """
    def fill_(self, value: Tensor | _Number) -> Self:
        """Set every element to a number or a 0-d tensor. Returns the tensor itself.

        Raises:
            RuntimeError: the tensor is a leaf that requires grad while grad mode is on, or its
                memory is read-only.
            TypeError: value is no number.
        """
    def copy_(self, src: _Value) -> Self:
        """Copy a tensor, array, nested sequence or number, broadcast to this shape, into this one.

        Returns the tensor itself. Gradients flow to src.

        Raises:
            RuntimeError: the tensor is a leaf that requires grad while grad mode is on, or its
                memory is read-only.
            TypeError: src is none of these.
        """
    # <ops methods>
    def mul(self, other: _Operand) -> Self:
        """Elementwise mul: x * y.

        The operands are tensors, numbers or arrays; their shapes broadcast to the result's.

        Raises:
            RuntimeError: the shapes do not broadcast.
            TypeError: an operand is none of these, or neither is a tensor.
        """
    def mul_(self, other: _Operand) -> Self:
        """`mul` in place, written over the tensor. Returns the tensor itself.

        The operand broadcasts to the shape of the tensor.

        Raises:
            RuntimeError: the operand does not broadcast, the tensor is a leaf that requires grad,
                or its memory is read-only.
            TypeError: the operand is not a tensor, number or array.
        """
    def remainder(self, other: _Operand) -> Self:
        """Elementwise remainder: what is left of x after whole multiples of y, with the sign of y.

        The operands are tensors, numbers or arrays; their shapes broadcast to the result's.

        Raises:
            RuntimeError: the shapes do not broadcast.
            TypeError: an operand is none of these, or neither is a tensor.
        """
    def remainder_(self, other: _Operand) -> Self:
        """`remainder` in place, written over the tensor. Returns the tensor itself.

        The operand broadcasts to the shape of the tensor.

        Raises:
            RuntimeError: the operand does not broadcast, the tensor is a leaf that requires grad,
                or its memory is read-only.
            TypeError: the operand is not a tensor, number or array.
        """
    def neg(self) -> Self:
        """Elementwise neg: -x.

        The result has the shape of the input.

        Raises:
            TypeError: the input is not a Tensor.
        """
    def neg_(self) -> Self:
        """`neg` in place: -x. Returns the tensor itself.

        Raises:
            RuntimeError: the tensor is a leaf that requires grad, or its memory is read-only.
        """
    def exp(self) -> Self:
        """Elementwise exp: e to the power x.

        The result has the shape of the input.

        Raises:
            TypeError: the input is not a Tensor.
        """
    def exp_(self) -> Self:
        """`exp` in place: e to the power x. Returns the tensor itself.

        Raises:
            RuntimeError: the tensor is a leaf that requires grad, or its memory is read-only.
        """
    def expm1(self) -> Self:
        """Elementwise expm1: exp(x) - 1, accurate near 0.

        The result has the shape of the input.

        Raises:
            TypeError: the input is not a Tensor.
        """
    def expm1_(self) -> Self:
        """`expm1` in place: exp(x) - 1, accurate near 0. Returns the tensor itself.

        Raises:
            RuntimeError: the tensor is a leaf that requires grad, or its memory is read-only.
        """
    def log(self) -> Self:
        """Elementwise log: natural logarithm.

        The result has the shape of the input.

        Raises:
            TypeError: the input is not a Tensor.
        """
    def log_(self) -> Self:
        """`log` in place: natural logarithm. Returns the tensor itself.

        Raises:
            RuntimeError: the tensor is a leaf that requires grad, or its memory is read-only.
        """
    def log1p(self) -> Self:
        """Elementwise log1p: log(1 + x), accurate near 0.

        The result has the shape of the input.

        Raises:
            TypeError: the input is not a Tensor.
        """
    def log1p_(self) -> Self:
        """`log1p` in place: log(1 + x), accurate near 0. Returns the tensor itself.

        Raises:
            RuntimeError: the tensor is a leaf that requires grad, or its memory is read-only.
        """
    def log2(self) -> Self:
        """Elementwise log2: logarithm to base 2.

        The result has the shape of the input.

        Raises:
            TypeError: the input is not a Tensor.
        """
    def log2_(self) -> Self:
        """`log2` in place: logarithm to base 2. Returns the tensor itself.

        Raises:
            RuntimeError: the tensor is a leaf that requires grad, or its memory is read-only.
        """
    def log10(self) -> Self:
        """Elementwise log10: logarithm to base 10.

        The result has the shape of the input.

        Raises:
            TypeError: the input is not a Tensor.
        """
    def log10_(self) -> Self:
        """`log10` in place: logarithm to base 10. Returns the tensor itself.

        Raises:
            RuntimeError: the tensor is a leaf that requires grad, or its memory is read-only.
        """
    def sqrt(self) -> Self:
        """Elementwise sqrt: square root.

        The result has the shape of the input.

        Raises:
            TypeError: the input is not a Tensor.
        """
    def sqrt_(self) -> Self:
        """`sqrt` in place: square root. Returns the tensor itself.

        Raises:
            RuntimeError: the tensor is a leaf that requires grad, or its memory is read-only.
        """
    def rsqrt(self) -> Self:
        """Elementwise rsqrt: 1 / sqrt(x).

        The result has the shape of the input.

        Raises:
            TypeError: the input is not a Tensor.
        """
    def rsqrt_(self) -> Self:
        """`rsqrt` in place: 1 / sqrt(x). Returns the tensor itself.

        Raises:
            RuntimeError: the tensor is a leaf that requires grad, or its memory is read-only.
        """
    def square(self) -> Self:
        """Elementwise square: x * x.

        The result has the shape of the input.

        Raises:
            TypeError: the input is not a Tensor.
        """
    def square_(self) -> Self:
        """`square` in place: x * x. Returns the tensor itself.

        Raises:
            RuntimeError: the tensor is a leaf that requires grad, or its memory is read-only.
        """
    def reciprocal(self) -> Self:
        """Elementwise reciprocal: 1 / x.

        The result has the shape of the input.

        Raises:
            TypeError: the input is not a Tensor.
        """
    def reciprocal_(self) -> Self:
        """`reciprocal` in place: 1 / x. Returns the tensor itself.

        Raises:
            RuntimeError: the tensor is a leaf that requires grad, or its memory is read-only.
        """
    def sin(self) -> Self:
        """Elementwise sin: sine of x in radians.

        The result has the shape of the input.

        Raises:
            TypeError: the input is not a Tensor.
        """
    def sin_(self) -> Self:
        """`sin` in place: sine of x in radians. Returns the tensor itself.

        Raises:
            RuntimeError: the tensor is a leaf that requires grad, or its memory is read-only.
        """
    def cos(self) -> Self:
        """Elementwise cos: cosine of x in radians.

        The result has the shape of the input.

        Raises:
            TypeError: the input is not a Tensor.
        """
    def cos_(self) -> Self:
        """`cos` in place: cosine of x in radians. Returns the tensor itself.

        Raises:
            RuntimeError: the tensor is a leaf that requires grad, or its memory is read-only.
        """
    def tan(self) -> Self:
        """Elementwise tan: tangent of x in radians.

        The result has the shape of the input.

        Raises:
            TypeError: the input is not a Tensor.
        """
    def tan_(self) -> Self:
        """`tan` in place: tangent of x in radians. Returns the tensor itself.

        Raises:
            RuntimeError: the tensor is a leaf that requires grad, or its memory is read-only.
        """
    def sinh(self) -> Self:
        """Elementwise sinh: hyperbolic sine.

        The result has the shape of the input.

        Raises:
            TypeError: the input is not a Tensor.
        """
    def sinh_(self) -> Self:
        """`sinh` in place: hyperbolic sine. Returns the tensor itself.

        Raises:
            RuntimeError: the tensor is a leaf that requires grad, or its memory is read-only.
        """
    def cosh(self) -> Self:
        """Elementwise cosh: hyperbolic cosine.

        The result has the shape of the input.

        Raises:
            TypeError: the input is not a Tensor.
        """
    def cosh_(self) -> Self:
        """`cosh` in place: hyperbolic cosine. Returns the tensor itself.

        Raises:
            RuntimeError: the tensor is a leaf that requires grad, or its memory is read-only.
        """
    def tanh(self) -> Self:
        """Elementwise tanh: hyperbolic tangent.

        The result has the shape of the input.

        Raises:
            TypeError: the input is not a Tensor.
        """
    def tanh_(self) -> Self:
        """`tanh` in place: hyperbolic tangent. Returns the tensor itself.

        Raises:
            RuntimeError: the tensor is a leaf that requires grad, or its memory is read-only.
        """
    def asin(self) -> Self:
        """Elementwise asin: inverse sine, in radians.

        The result has the shape of the input.

        Raises:
            TypeError: the input is not a Tensor.
        """
    def asin_(self) -> Self:
        """`asin` in place: inverse sine, in radians. Returns the tensor itself.

        Raises:
            RuntimeError: the tensor is a leaf that requires grad, or its memory is read-only.
        """
    def acos(self) -> Self:
        """Elementwise acos: inverse cosine, in radians.

        The result has the shape of the input.

        Raises:
            TypeError: the input is not a Tensor.
        """
    def acos_(self) -> Self:
        """`acos` in place: inverse cosine, in radians. Returns the tensor itself.

        Raises:
            RuntimeError: the tensor is a leaf that requires grad, or its memory is read-only.
        """
    def atan(self) -> Self:
        """Elementwise atan: inverse tangent, in radians.

        The result has the shape of the input.

        Raises:
            TypeError: the input is not a Tensor.
        """
    def atan_(self) -> Self:
        """`atan` in place: inverse tangent, in radians. Returns the tensor itself.

        Raises:
            RuntimeError: the tensor is a leaf that requires grad, or its memory is read-only.
        """
    def sigmoid(self) -> Self:
        """Elementwise sigmoid: 1 / (1 + exp(-x)).

        The result has the shape of the input.

        Raises:
            TypeError: the input is not a Tensor.
        """
    def sigmoid_(self) -> Self:
        """`sigmoid` in place: 1 / (1 + exp(-x)). Returns the tensor itself.

        Raises:
            RuntimeError: the tensor is a leaf that requires grad, or its memory is read-only.
        """
    def relu(self) -> Self:
        """Elementwise relu: x where positive, else 0.

        The result has the shape of the input.

        Raises:
            TypeError: the input is not a Tensor.
        """
    def relu_(self) -> Self:
        """`relu` in place: x where positive, else 0. Returns the tensor itself.

        Raises:
            RuntimeError: the tensor is a leaf that requires grad, or its memory is read-only.
        """
    def abs(self) -> Self:
        """Elementwise abs: absolute value.

        The result has the shape of the input.

        Raises:
            TypeError: the input is not a Tensor.
        """
    def abs_(self) -> Self:
        """`abs` in place: absolute value. Returns the tensor itself.

        Raises:
            RuntimeError: the tensor is a leaf that requires grad, or its memory is read-only.
        """
    def sign(self) -> Self:
        """Elementwise sign: -1, 0 or 1; NaN stays.

        The result has the shape of the input.

        Raises:
            TypeError: the input is not a Tensor.
        """
    def sign_(self) -> Self:
        """`sign` in place: -1, 0 or 1; NaN stays. Returns the tensor itself.

        Raises:
            RuntimeError: the tensor is a leaf that requires grad, or its memory is read-only.
        """
    def floor(self) -> Self:
        """Elementwise floor: the largest whole number that is not above x.

        The result has the shape of the input.

        Raises:
            TypeError: the input is not a Tensor.
        """
    def floor_(self) -> Self:
        """`floor` in place: the largest whole number that is not above x. Returns the tensor
        itself.

        Raises:
            RuntimeError: the tensor is a leaf that requires grad, or its memory is read-only.
        """
    def ceil(self) -> Self:
        """Elementwise ceil: the smallest whole number that is not below x.

        The result has the shape of the input.

        Raises:
            TypeError: the input is not a Tensor.
        """
    def ceil_(self) -> Self:
        """`ceil` in place: the smallest whole number that is not below x. Returns the tensor
        itself.

        Raises:
            RuntimeError: the tensor is a leaf that requires grad, or its memory is read-only.
        """
    def trunc(self) -> Self:
        """Elementwise trunc: x without the digits behind the point.

        The result has the shape of the input.

        Raises:
            TypeError: the input is not a Tensor.
        """
    def trunc_(self) -> Self:
        """`trunc` in place: x without the digits behind the point. Returns the tensor itself.

        Raises:
            RuntimeError: the tensor is a leaf that requires grad, or its memory is read-only.
        """
    def logical_and(self, other: _Operand) -> Self:
        """Elementwise: true where x and y are not 0, as a bool tensor.

        The operands are tensors, numbers or arrays; their shapes broadcast to the result's.

        Raises:
            RuntimeError: the shapes do not broadcast.
            TypeError: an operand is none of these, or neither is a tensor.
        """
    def logical_and_(self, other: _Operand) -> Self:
        """`logical_and` in place, written over the tensor. Returns the tensor itself.

        The operand broadcasts to the shape of the tensor.

        Raises:
            RuntimeError: the operand does not broadcast, the tensor is a leaf that requires grad,
                or its memory is read-only.
            TypeError: the operand is not a tensor, number or array.
        """
    def logical_or(self, other: _Operand) -> Self:
        """Elementwise: true where x or y is not 0, as a bool tensor.

        The operands are tensors, numbers or arrays; their shapes broadcast to the result's.

        Raises:
            RuntimeError: the shapes do not broadcast.
            TypeError: an operand is none of these, or neither is a tensor.
        """
    def logical_or_(self, other: _Operand) -> Self:
        """`logical_or` in place, written over the tensor. Returns the tensor itself.

        The operand broadcasts to the shape of the tensor.

        Raises:
            RuntimeError: the operand does not broadcast, the tensor is a leaf that requires grad,
                or its memory is read-only.
            TypeError: the operand is not a tensor, number or array.
        """
    def logical_xor(self, other: _Operand) -> Self:
        """Elementwise: true where one of x and y is 0 and the other is not, as a bool tensor.

        The operands are tensors, numbers or arrays; their shapes broadcast to the result's.

        Raises:
            RuntimeError: the shapes do not broadcast.
            TypeError: an operand is none of these, or neither is a tensor.
        """
    def logical_xor_(self, other: _Operand) -> Self:
        """`logical_xor` in place, written over the tensor. Returns the tensor itself.

        The operand broadcasts to the shape of the tensor.

        Raises:
            RuntimeError: the operand does not broadcast, the tensor is a leaf that requires grad,
                or its memory is read-only.
            TypeError: the operand is not a tensor, number or array.
        """
    def logical_not(self) -> Self:
        """Elementwise logical_not: true where x is 0.

        The result has the shape of the input.

        Raises:
            TypeError: the input is not a Tensor.
        """
    def logical_not_(self) -> Self:
        """`logical_not` in place: true where x is 0. Returns the tensor itself.

        Raises:
            RuntimeError: the tensor is a leaf that requires grad, or its memory is read-only.
        """
    def bitwise_and(self, other: _Operand) -> Self:
        """Elementwise bitwise_and: the bits that both x and y have.

        The operands are tensors, numbers or arrays; their shapes broadcast to the result's.

        Raises:
            RuntimeError: the shapes do not broadcast.
            TypeError: an operand is none of these, or neither is a tensor.
        """
    def bitwise_and_(self, other: _Operand) -> Self:
        """`bitwise_and` in place, written over the tensor. Returns the tensor itself.

        The operand broadcasts to the shape of the tensor.

        Raises:
            RuntimeError: the operand does not broadcast, the tensor is a leaf that requires grad,
                or its memory is read-only.
            TypeError: the operand is not a tensor, number or array.
        """
    def bitwise_or(self, other: _Operand) -> Self:
        """Elementwise bitwise_or: the bits that x or y has.

        The operands are tensors, numbers or arrays; their shapes broadcast to the result's.

        Raises:
            RuntimeError: the shapes do not broadcast.
            TypeError: an operand is none of these, or neither is a tensor.
        """
    def bitwise_or_(self, other: _Operand) -> Self:
        """`bitwise_or` in place, written over the tensor. Returns the tensor itself.

        The operand broadcasts to the shape of the tensor.

        Raises:
            RuntimeError: the operand does not broadcast, the tensor is a leaf that requires grad,
                or its memory is read-only.
            TypeError: the operand is not a tensor, number or array.
        """
    def bitwise_xor(self, other: _Operand) -> Self:
        """Elementwise bitwise_xor: the bits that one of x and y has, and the other has not.

        The operands are tensors, numbers or arrays; their shapes broadcast to the result's.

        Raises:
            RuntimeError: the shapes do not broadcast.
            TypeError: an operand is none of these, or neither is a tensor.
        """
    def bitwise_xor_(self, other: _Operand) -> Self:
        """`bitwise_xor` in place, written over the tensor. Returns the tensor itself.

        The operand broadcasts to the shape of the tensor.

        Raises:
            RuntimeError: the operand does not broadcast, the tensor is a leaf that requires grad,
                or its memory is read-only.
            TypeError: the operand is not a tensor, number or array.
        """
    def bitwise_not(self) -> Self:
        """Elementwise bitwise_not: the bits that x has not: -x - 1; of a bool its opposite.

        The result has the shape of the input.

        Raises:
            TypeError: the input is not a Tensor.
        """
    def bitwise_not_(self) -> Self:
        """`bitwise_not` in place: the bits that x has not: -x - 1; of a bool its opposite. Returns
        the tensor itself.

        Raises:
            RuntimeError: the tensor is a leaf that requires grad, or its memory is read-only.
        """
    def eq(self, other: _Operand) -> Self:
        """Elementwise: true where x == y, as a bool tensor.

        The operands are tensors, numbers or arrays; their shapes broadcast to the result's.

        Raises:
            RuntimeError: the shapes do not broadcast.
            TypeError: an operand is none of these, or neither is a tensor.
        """
    def eq_(self, other: _Operand) -> Self:
        """`eq` in place, written over the tensor. Returns the tensor itself.

        The operand broadcasts to the shape of the tensor.

        Raises:
            RuntimeError: the operand does not broadcast, the tensor is a leaf that requires grad,
                or its memory is read-only.
            TypeError: the operand is not a tensor, number or array.
        """
    def ne(self, other: _Operand) -> Self:
        """Elementwise: true where x != y, as a bool tensor.

        The operands are tensors, numbers or arrays; their shapes broadcast to the result's.

        Raises:
            RuntimeError: the shapes do not broadcast.
            TypeError: an operand is none of these, or neither is a tensor.
        """
    def ne_(self, other: _Operand) -> Self:
        """`ne` in place, written over the tensor. Returns the tensor itself.

        The operand broadcasts to the shape of the tensor.

        Raises:
            RuntimeError: the operand does not broadcast, the tensor is a leaf that requires grad,
                or its memory is read-only.
            TypeError: the operand is not a tensor, number or array.
        """
    def lt(self, other: _Operand) -> Self:
        """Elementwise: true where x < y, as a bool tensor.

        The operands are tensors, numbers or arrays; their shapes broadcast to the result's.

        Raises:
            RuntimeError: the shapes do not broadcast.
            TypeError: an operand is none of these, or neither is a tensor.
        """
    def lt_(self, other: _Operand) -> Self:
        """`lt` in place, written over the tensor. Returns the tensor itself.

        The operand broadcasts to the shape of the tensor.

        Raises:
            RuntimeError: the operand does not broadcast, the tensor is a leaf that requires grad,
                or its memory is read-only.
            TypeError: the operand is not a tensor, number or array.
        """
    def le(self, other: _Operand) -> Self:
        """Elementwise: true where x <= y, as a bool tensor.

        The operands are tensors, numbers or arrays; their shapes broadcast to the result's.

        Raises:
            RuntimeError: the shapes do not broadcast.
            TypeError: an operand is none of these, or neither is a tensor.
        """
    def le_(self, other: _Operand) -> Self:
        """`le` in place, written over the tensor. Returns the tensor itself.

        The operand broadcasts to the shape of the tensor.

        Raises:
            RuntimeError: the operand does not broadcast, the tensor is a leaf that requires grad,
                or its memory is read-only.
            TypeError: the operand is not a tensor, number or array.
        """
    def gt(self, other: _Operand) -> Self:
        """Elementwise: true where x > y, as a bool tensor.

        The operands are tensors, numbers or arrays; their shapes broadcast to the result's.

        Raises:
            RuntimeError: the shapes do not broadcast.
            TypeError: an operand is none of these, or neither is a tensor.
        """
    def gt_(self, other: _Operand) -> Self:
        """`gt` in place, written over the tensor. Returns the tensor itself.

        The operand broadcasts to the shape of the tensor.

        Raises:
            RuntimeError: the operand does not broadcast, the tensor is a leaf that requires grad,
                or its memory is read-only.
            TypeError: the operand is not a tensor, number or array.
        """
    def ge(self, other: _Operand) -> Self:
        """Elementwise: true where x >= y, as a bool tensor.

        The operands are tensors, numbers or arrays; their shapes broadcast to the result's.

        Raises:
            RuntimeError: the shapes do not broadcast.
            TypeError: an operand is none of these, or neither is a tensor.
        """
    def ge_(self, other: _Operand) -> Self:
        """`ge` in place, written over the tensor. Returns the tensor itself.

        The operand broadcasts to the shape of the tensor.

        Raises:
            RuntimeError: the operand does not broadcast, the tensor is a leaf that requires grad,
                or its memory is read-only.
            TypeError: the operand is not a tensor, number or array.
        """
    def atan2(self, other: _Operand) -> Self:
        """Elementwise atan2: the angle of the point at height x and width y, from -pi to pi.

        The operands are tensors, numbers or arrays; their shapes broadcast to the result's.

        Raises:
            RuntimeError: the shapes do not broadcast.
            TypeError: an operand is none of these, or neither is a tensor.
        """
    def atan2_(self, other: _Operand) -> Self:
        """`atan2` in place, written over the tensor. Returns the tensor itself.

        The operand broadcasts to the shape of the tensor.

        Raises:
            RuntimeError: the operand does not broadcast, the tensor is a leaf that requires grad,
                or its memory is read-only.
            TypeError: the operand is not a tensor, number or array.
        """
    def hypot(self, other: _Operand) -> Self:
        """Elementwise hypot: sqrt(x * x + y * y), without overflow or underflow on the way.

        The operands are tensors, numbers or arrays; their shapes broadcast to the result's.

        Raises:
            RuntimeError: the shapes do not broadcast.
            TypeError: an operand is none of these, or neither is a tensor.
        """
    def hypot_(self, other: _Operand) -> Self:
        """`hypot` in place, written over the tensor. Returns the tensor itself.

        The operand broadcasts to the shape of the tensor.

        Raises:
            RuntimeError: the operand does not broadcast, the tensor is a leaf that requires grad,
                or its memory is read-only.
            TypeError: the operand is not a tensor, number or array.
        """
    def ldexp(self, other: _Operand) -> Self:
        """Elementwise ldexp: x times 2 to the power y.

        The operands are tensors, numbers or arrays; their shapes broadcast to the result's.

        Raises:
            RuntimeError: the shapes do not broadcast.
            TypeError: an operand is none of these, or neither is a tensor.
        """
    def ldexp_(self, other: _Operand) -> Self:
        """`ldexp` in place, written over the tensor. Returns the tensor itself.

        The operand broadcasts to the shape of the tensor.

        Raises:
            RuntimeError: the operand does not broadcast, the tensor is a leaf that requires grad,
                or its memory is read-only.
            TypeError: the operand is not a tensor, number or array.
        """
    def xlogy(self, other: _Operand) -> Self:
        """Elementwise xlogy: x times the logarithm of y, 0 where x is 0; NaN where y is.

        The operands are tensors, numbers or arrays; their shapes broadcast to the result's.

        Raises:
            RuntimeError: the shapes do not broadcast.
            TypeError: an operand is none of these, or neither is a tensor.
        """
    def xlogy_(self, other: _Operand) -> Self:
        """`xlogy` in place, written over the tensor. Returns the tensor itself.

        The operand broadcasts to the shape of the tensor.

        Raises:
            RuntimeError: the operand does not broadcast, the tensor is a leaf that requires grad,
                or its memory is read-only.
            TypeError: the operand is not a tensor, number or array.
        """
    def fmod(self, other: _Operand) -> Self:
        """Elementwise fmod: what is left of x after whole multiples of y, with the sign of x.

        The operands are tensors, numbers or arrays; their shapes broadcast to the result's.

        Raises:
            RuntimeError: the shapes do not broadcast.
            TypeError: an operand is none of these, or neither is a tensor.
        """
    def fmod_(self, other: _Operand) -> Self:
        """`fmod` in place, written over the tensor. Returns the tensor itself.

        The operand broadcasts to the shape of the tensor.

        Raises:
            RuntimeError: the operand does not broadcast, the tensor is a leaf that requires grad,
                or its memory is read-only.
            TypeError: the operand is not a tensor, number or array.
        """
    def copysign(self, other: _Operand) -> Self:
        """Elementwise copysign: x with the sign of y.

        The operands are tensors, numbers or arrays; their shapes broadcast to the result's.

        Raises:
            RuntimeError: the shapes do not broadcast.
            TypeError: an operand is none of these, or neither is a tensor.
        """
    def copysign_(self, other: _Operand) -> Self:
        """`copysign` in place, written over the tensor. Returns the tensor itself.

        The operand broadcasts to the shape of the tensor.

        Raises:
            RuntimeError: the operand does not broadcast, the tensor is a leaf that requires grad,
                or its memory is read-only.
            TypeError: the operand is not a tensor, number or array.
        """
    def gcd(self, other: _Operand) -> Self:
        """Elementwise gcd: the largest whole number that divides both x and y; 0 where both are 0.

        The operands are tensors, numbers or arrays; their shapes broadcast to the result's.

        Raises:
            RuntimeError: the shapes do not broadcast.
            TypeError: an operand is none of these, or neither is a tensor.
        """
    def gcd_(self, other: _Operand) -> Self:
        """`gcd` in place, written over the tensor. Returns the tensor itself.

        The operand broadcasts to the shape of the tensor.

        Raises:
            RuntimeError: the operand does not broadcast, the tensor is a leaf that requires grad,
                or its memory is read-only.
            TypeError: the operand is not a tensor, number or array.
        """
    def lcm(self, other: _Operand) -> Self:
        """Elementwise lcm: the smallest positive multiple of both x and y; 0 where one is 0.

        The operands are tensors, numbers or arrays; their shapes broadcast to the result's.

        Raises:
            RuntimeError: the shapes do not broadcast.
            TypeError: an operand is none of these, or neither is a tensor.
        """
    def lcm_(self, other: _Operand) -> Self:
        """`lcm` in place, written over the tensor. Returns the tensor itself.

        The operand broadcasts to the shape of the tensor.

        Raises:
            RuntimeError: the operand does not broadcast, the tensor is a leaf that requires grad,
                or its memory is read-only.
            TypeError: the operand is not a tensor, number or array.
        """
    def frac(self) -> Self:
        """Elementwise frac: the digits of x behind the point, with its sign.

        The result has the shape of the input.

        Raises:
            TypeError: the input is not a Tensor.
        """
    def frac_(self) -> Self:
        """`frac` in place: the digits of x behind the point, with its sign. Returns the tensor
        itself.

        Raises:
            RuntimeError: the tensor is a leaf that requires grad, or its memory is read-only.
        """
    def sgn(self) -> Self:
        """Elementwise sgn: -1, 0 or 1, as sign has it; NaN stays.

        The result has the shape of the input.

        Raises:
            TypeError: the input is not a Tensor.
        """
    def sgn_(self) -> Self:
        """`sgn` in place: -1, 0 or 1, as sign has it; NaN stays. Returns the tensor itself.

        Raises:
            RuntimeError: the tensor is a leaf that requires grad, or its memory is read-only.
        """
    def deg2rad(self) -> Self:
        """Elementwise deg2rad: x degrees in radians.

        The result has the shape of the input.

        Raises:
            TypeError: the input is not a Tensor.
        """
    def deg2rad_(self) -> Self:
        """`deg2rad` in place: x degrees in radians. Returns the tensor itself.

        Raises:
            RuntimeError: the tensor is a leaf that requires grad, or its memory is read-only.
        """
    def rad2deg(self) -> Self:
        """Elementwise rad2deg: x radians in degrees.

        The result has the shape of the input.

        Raises:
            TypeError: the input is not a Tensor.
        """
    def rad2deg_(self) -> Self:
        """`rad2deg` in place: x radians in degrees. Returns the tensor itself.

        Raises:
            RuntimeError: the tensor is a leaf that requires grad, or its memory is read-only.
        """
    def exp2(self) -> Self:
        """Elementwise exp2: 2 to the power x.

        The result has the shape of the input.

        Raises:
            TypeError: the input is not a Tensor.
        """
    def exp2_(self) -> Self:
        """`exp2` in place: 2 to the power x. Returns the tensor itself.

        Raises:
            RuntimeError: the tensor is a leaf that requires grad, or its memory is read-only.
        """
    def erf(self) -> Self:
        """Elementwise erf: the error function, 2 / sqrt(pi) times the integral of exp(-t * t) from
        0 to x.

        The result has the shape of the input.

        Raises:
            TypeError: the input is not a Tensor.
        """
    def erf_(self) -> Self:
        """`erf` in place: the error function, 2 / sqrt(pi) times the integral of exp(-t * t) from 0
        to x. Returns the tensor itself.

        Raises:
            RuntimeError: the tensor is a leaf that requires grad, or its memory is read-only.
        """
    def erfc(self) -> Self:
        """Elementwise erfc: 1 - erf(x), accurate where that is small.

        The result has the shape of the input.

        Raises:
            TypeError: the input is not a Tensor.
        """
    def erfc_(self) -> Self:
        """`erfc` in place: 1 - erf(x), accurate where that is small. Returns the tensor itself.

        Raises:
            RuntimeError: the tensor is a leaf that requires grad, or its memory is read-only.
        """
    def erfinv(self) -> Self:
        """Elementwise erfinv: the inverse of erf.

        The result has the shape of the input.

        Raises:
            TypeError: the input is not a Tensor.
        """
    def erfinv_(self) -> Self:
        """`erfinv` in place: the inverse of erf. Returns the tensor itself.

        Raises:
            RuntimeError: the tensor is a leaf that requires grad, or its memory is read-only.
        """
    def asinh(self) -> Self:
        """Elementwise asinh: inverse hyperbolic sine.

        The result has the shape of the input.

        Raises:
            TypeError: the input is not a Tensor.
        """
    def asinh_(self) -> Self:
        """`asinh` in place: inverse hyperbolic sine. Returns the tensor itself.

        Raises:
            RuntimeError: the tensor is a leaf that requires grad, or its memory is read-only.
        """
    def acosh(self) -> Self:
        """Elementwise acosh: inverse hyperbolic cosine.

        The result has the shape of the input.

        Raises:
            TypeError: the input is not a Tensor.
        """
    def acosh_(self) -> Self:
        """`acosh` in place: inverse hyperbolic cosine. Returns the tensor itself.

        Raises:
            RuntimeError: the tensor is a leaf that requires grad, or its memory is read-only.
        """
    def atanh(self) -> Self:
        """Elementwise atanh: inverse hyperbolic tangent.

        The result has the shape of the input.

        Raises:
            TypeError: the input is not a Tensor.
        """
    def atanh_(self) -> Self:
        """`atanh` in place: inverse hyperbolic tangent. Returns the tensor itself.

        Raises:
            RuntimeError: the tensor is a leaf that requires grad, or its memory is read-only.
        """
    def sinc(self) -> Self:
        """Elementwise sinc: sin(pi x) / (pi x), 1 at 0.

        The result has the shape of the input.

        Raises:
            TypeError: the input is not a Tensor.
        """
    def sinc_(self) -> Self:
        """`sinc` in place: sin(pi x) / (pi x), 1 at 0. Returns the tensor itself.

        Raises:
            RuntimeError: the tensor is a leaf that requires grad, or its memory is read-only.
        """
    def lgamma(self) -> Self:
        """Elementwise lgamma: the logarithm of the absolute value of the gamma function.

        The result has the shape of the input.

        Raises:
            TypeError: the input is not a Tensor.
        """
    def lgamma_(self) -> Self:
        """`lgamma` in place: the logarithm of the absolute value of the gamma function. Returns the
        tensor itself.

        Raises:
            RuntimeError: the tensor is a leaf that requires grad, or its memory is read-only.
        """
    def digamma(self) -> Self:
        """Elementwise digamma: the derivative of lgamma.

        The result has the shape of the input.

        Raises:
            TypeError: the input is not a Tensor.
        """
    def digamma_(self) -> Self:
        """`digamma` in place: the derivative of lgamma. Returns the tensor itself.

        Raises:
            RuntimeError: the tensor is a leaf that requires grad, or its memory is read-only.
        """
    def i0(self) -> Self:
        """Elementwise i0: the modified Bessel function of the first kind and order 0.

        The result has the shape of the input.

        Raises:
            TypeError: the input is not a Tensor.
        """
    def i0_(self) -> Self:
        """`i0` in place: the modified Bessel function of the first kind and order 0. Returns the
        tensor itself.

        Raises:
            RuntimeError: the tensor is a leaf that requires grad, or its memory is read-only.
        """
    def multiply(self, other: _Operand) -> Self:
        """The same as `mul`."""
    def multiply_(self, other: _Operand) -> Self:
        """The same as `mul_`."""
    def negative(self) -> Self:
        """The same as `neg`."""
    def negative_(self) -> Self:
        """The same as `neg_`."""
    def arcsin(self) -> Self:
        """The same as `asin`."""
    def arcsin_(self) -> Self:
        """The same as `asin_`."""
    def arccos(self) -> Self:
        """The same as `acos`."""
    def arccos_(self) -> Self:
        """The same as `acos_`."""
    def arctan(self) -> Self:
        """The same as `atan`."""
    def arctan_(self) -> Self:
        """The same as `atan_`."""
    def absolute(self) -> Self:
        """The same as `abs`."""
    def absolute_(self) -> Self:
        """The same as `abs_`."""
    def not_equal(self, other: _Operand) -> Self:
        """The same as `ne`."""
    def not_equal_(self, other: _Operand) -> Self:
        """The same as `ne_`."""
    def less(self, other: _Operand) -> Self:
        """The same as `lt`."""
    def less_(self, other: _Operand) -> Self:
        """The same as `lt_`."""
    def less_equal(self, other: _Operand) -> Self:
        """The same as `le`."""
    def less_equal_(self, other: _Operand) -> Self:
        """The same as `le_`."""
    def greater(self, other: _Operand) -> Self:
        """The same as `gt`."""
    def greater_(self, other: _Operand) -> Self:
        """The same as `gt_`."""
    def greater_equal(self, other: _Operand) -> Self:
        """The same as `ge`."""
    def greater_equal_(self, other: _Operand) -> Self:
        """The same as `ge_`."""
    def arctan2(self, other: _Operand) -> Self:
        """The same as `atan2`."""
    def arctan2_(self, other: _Operand) -> Self:
        """The same as `atan2_`."""
    def fix(self) -> Self:
        """The same as `trunc`."""
    def fix_(self) -> Self:
        """The same as `trunc_`."""
    def arcsinh(self) -> Self:
        """The same as `asinh`."""
    def arcsinh_(self) -> Self:
        """The same as `asinh_`."""
    def arccosh(self) -> Self:
        """The same as `acosh`."""
    def arccosh_(self) -> Self:
        """The same as `acosh_`."""
    def arctanh(self) -> Self:
        """The same as `atanh`."""
    def arctanh_(self) -> Self:
        """The same as `atanh_`."""
    def add(self, other: _Operand, *, alpha: _Real = 1) -> Self:
        """Elementwise add: x + y.

        The operands are tensors, numbers or arrays; their shapes broadcast to the result's.
        `alpha` is a
        number that the second operand is multiplied by first.

        Raises:
            RuntimeError: the shapes do not broadcast.
            TypeError: an operand is none of these, or neither is a tensor.
        """
    def add_(self, other: _Operand, *, alpha: _Real = 1) -> Self:
        """`add` in place, written over the tensor. Returns the tensor itself.

        The operand broadcasts to the shape of the tensor.

        Raises:
            RuntimeError: the operand does not broadcast, the tensor is a leaf that requires grad,
                or its memory is read-only.
            TypeError: the operand is not a tensor, number or array.
        """
    def sub(self, other: _Operand, *, alpha: _Real = 1) -> Self:
        """Elementwise sub: x - y.

        The operands are tensors, numbers or arrays; their shapes broadcast to the result's.
        `alpha` is a
        number that the second operand is multiplied by first.

        Raises:
            RuntimeError: the shapes do not broadcast.
            TypeError: an operand is none of these, or neither is a tensor.
        """
    def sub_(self, other: _Operand, *, alpha: _Real = 1) -> Self:
        """`sub` in place, written over the tensor. Returns the tensor itself.

        The operand broadcasts to the shape of the tensor.

        Raises:
            RuntimeError: the operand does not broadcast, the tensor is a leaf that requires grad,
                or its memory is read-only.
            TypeError: the operand is not a tensor, number or array.
        """
    def subtract(self, other: _Operand, *, alpha: _Real = 1) -> Self:
        """The same as `sub`."""
    def subtract_(self, other: _Operand, *, alpha: _Real = 1) -> Self:
        """`subtract` in place, written over the tensor. Returns the tensor itself.

        The operand broadcasts to the shape of the tensor.

        Raises:
            RuntimeError: the operand does not broadcast, the tensor is a leaf that requires grad,
                or its memory is read-only.
            TypeError: the operand is not a tensor, number or array.
        """
    def div(
        self, other: _Operand, *, rounding_mode: Literal["trunc", "floor"] | None = None
    ) -> Self:
        """Elementwise div: x / y.

        The operands are tensors, numbers or arrays; their shapes broadcast to the result's.

        `rounding_mode` rounds the quotient: "trunc" towards zero, "floor" down, as Python's //
        does.
        The gradient of what is rounded is zero.

        Raises:
            RuntimeError: the shapes do not broadcast.
            TypeError: an operand is none of these, or neither is a tensor.
        """
    def div_(
        self, other: _Operand, *, rounding_mode: Literal["trunc", "floor"] | None = None
    ) -> Self:
        """`div` in place, written over the tensor. Returns the tensor itself.

        The operand broadcasts to the shape of the tensor.

        Raises:
            RuntimeError: the operand does not broadcast, the tensor is a leaf that requires grad,
                or its memory is read-only.
            TypeError: the operand is not a tensor, number or array.
        """
    def divide(
        self, other: _Operand, *, rounding_mode: Literal["trunc", "floor"] | None = None
    ) -> Self:
        """The same as `div`."""
    def divide_(
        self, other: _Operand, *, rounding_mode: Literal["trunc", "floor"] | None = None
    ) -> Self:
        """`divide` in place, written over the tensor. Returns the tensor itself.

        The operand broadcasts to the shape of the tensor.

        Raises:
            RuntimeError: the operand does not broadcast, the tensor is a leaf that requires grad,
                or its memory is read-only.
            TypeError: the operand is not a tensor, number or array.
        """
    def true_divide(self, other: _Operand) -> Self:
        """The same as `div`."""
    def true_divide_(self, other: _Operand) -> Self:
        """`true_divide` in place, written over the tensor. Returns the tensor itself.

        The operand broadcasts to the shape of the tensor.

        Raises:
            RuntimeError: the operand does not broadcast, the tensor is a leaf that requires grad,
                or its memory is read-only.
            TypeError: the operand is not a tensor, number or array.
        """
    def pow(self, exponent: _Operand) -> Self:
        """Elementwise pow: x raised to the power y.

        The operands are tensors, numbers or arrays; their shapes broadcast to the result's.

        Raises:
            RuntimeError: the shapes do not broadcast.
            TypeError: an operand is none of these, or neither is a tensor.
        """
    def pow_(self, exponent: _Operand) -> Self:
        """`pow` in place, written over the tensor. Returns the tensor itself.

        The operand broadcasts to the shape of the tensor.

        Raises:
            RuntimeError: the operand does not broadcast, the tensor is a leaf that requires grad,
                or its memory is read-only.
            TypeError: the operand is not a tensor, number or array.
        """
    def floor_divide(self, other: _Operand) -> Self:
        """Elementwise quotients rounded down, as Python's // has them: whole numbers.

        The operands are tensors, numbers or arrays; their shapes broadcast to the result's. The
        gradient is zero.

        Raises:
            RuntimeError: the shapes do not broadcast, or integers are divided by 0.
            TypeError: an operand is none of these.
        """
    def floor_divide_(self, other: _Operand) -> Self:
        """`floor_divide` in place. Returns the tensor itself. The example is that of
        `floor_divide`.

        Raises:
            RuntimeError: as `floor_divide` does, or the tensor is a leaf that requires grad, or its
                memory is read-only.
            TypeError: an argument is of the wrong type.
        """
    def maximum(self, other: _Operand) -> Self:
        """Elementwise maximum: the larger of x and y; NaN if either is.

        The operands are tensors, numbers or arrays; their shapes broadcast to the result's.

        Raises:
            RuntimeError: the shapes do not broadcast.
            TypeError: an operand is none of these, or the first is a number.
        """
    def minimum(self, other: _Operand) -> Self:
        """Elementwise minimum: the smaller of x and y; NaN if either is.

        The operands are tensors, numbers or arrays; their shapes broadcast to the result's.

        Raises:
            RuntimeError: the shapes do not broadcast.
            TypeError: an operand is none of these, or the first is a number.
        """
    def softplus(self, beta: _Real = 1, threshold: _Real = 20) -> Self:
        """Elementwise log(1 + exp(beta x)) / beta, and x itself where beta x is over the threshold.

        The result has the shape of the input.

        Raises:
            TypeError: the input is not a Tensor, beta or threshold not a number.
        """
    def where(self, condition: _Value, other: _Value) -> Self:
        """The tensor's elements where condition is true, those of other elsewhere: see the function
        `where`.

        Raises:
            RuntimeError: the shapes do not broadcast, or the condition is a tensor of another
                dtype.
            TypeError: an operand is no tensor, array or number.
        """
    def clamp(self, min: _Operand | None = None, max: _Operand | None = None) -> Self:
        """Elements limited to between min and max: numbers or tensors that broadcast, or None.

        Where min is over max, max wins.

        Raises:
            RuntimeError: both are None, or shapes do not broadcast.
            TypeError: a bound is neither tensor nor number.
        """
    def clamp_(self, min: _Operand | None = None, max: _Operand | None = None) -> Self:
        """`clamp` in place. Returns the tensor itself. The example is that of `clamp`.

        Raises:
            RuntimeError: as `clamp` does, or the tensor is a leaf that requires grad, or its
                memory is read-only.
            TypeError: an argument is of the wrong type.
        """
    def clip(self, min: _Operand | None = None, max: _Operand | None = None) -> Self:
        """The same as `clamp`."""
    def clip_(self, min: _Operand | None = None, max: _Operand | None = None) -> Self:
        """`clip` in place. Returns the tensor itself. The example is that of `clip`.

        Raises:
            RuntimeError: as `clip` does, or the tensor is a leaf that requires grad, or its
                memory is read-only.
            TypeError: an argument is of the wrong type.
        """
    def bitwise_left_shift(self, other: _Operand) -> Self:
        """Whole numbers with their bits moved `other` places up: times 2 to that power.

        The operands are int64 tensors, ints or arrays; their shapes broadcast to the result's.
        Of a number of places that is negative or above 63 the result is 0.

        Raises:
            RuntimeError: the shapes do not broadcast.
            OverflowError: a result is beyond 2 ** 53.
            NotImplementedError: an operand is float64, or both are bool.
        """
    def bitwise_left_shift_(self, other: _Operand) -> Self:
        """`bitwise_left_shift` in place. Returns the tensor itself. The example is that of
        `bitwise_left_shift`.

        Raises:
            RuntimeError: as `bitwise_left_shift` does, or the tensor is a leaf that requires grad,
            or its
                memory is read-only.
            TypeError: an argument is of the wrong type.
        """
    def bitwise_right_shift(self, other: _Operand) -> Self:
        """Whole numbers with their bits moved `other` places down: divided by 2 to that power,
        rounded down.

        The operands are int64 tensors, ints or arrays; their shapes broadcast to the result's.
        Of a number of places that is negative or above 63 the result is 0, or -1 of a negative
        number.

        Raises:
            RuntimeError: the shapes do not broadcast.
            NotImplementedError: an operand is float64, or both are bool.
        """
    def bitwise_right_shift_(self, other: _Operand) -> Self:
        """`bitwise_right_shift` in place. Returns the tensor itself. The example is that of
        `bitwise_right_shift`.

        Raises:
            RuntimeError: as `bitwise_right_shift` does, or the tensor is a leaf that requires grad,
            or its
                memory is read-only.
            TypeError: an argument is of the wrong type.
        """
    def logaddexp(self, other: _Operand) -> Self:
        """Elementwise log(exp(input) + exp(other)), without overflow on the way.

        The operands are tensors, numbers or arrays; their shapes broadcast to the result's.

        Raises:
            RuntimeError: the shapes do not broadcast.
            TypeError: an operand is none of these, or the first is a number.
            NotImplementedError: no operand is float64.
        """
    def logaddexp2(self, other: _Operand) -> Self:
        """Elementwise log2(2 ** input + 2 ** other), without overflow on the way.

        The operands are tensors, numbers or arrays; their shapes broadcast to the result's.

        Raises:
            RuntimeError: the shapes do not broadcast.
            TypeError: an operand is none of these, or the first is a number.
            NotImplementedError: no operand is float64.
        """
    def heaviside(self, values: _Operand) -> Self:
        """0 where input is negative, 1 where it is positive, values where it is 0; NaN stays.

        The operands are tensors of one dtype, the second also a number or array; their shapes
        broadcast to the result's. There is no gradient.

        Raises:
            RuntimeError: the shapes do not broadcast, or the dtypes differ.
            TypeError: an operand is none of these.
        """
    def heaviside_(self, values: _Operand) -> Self:
        """`heaviside` in place, written over the tensor. Returns the tensor itself.

        The operand broadcasts to the shape of the tensor.

        Raises:
            RuntimeError: the operand does not broadcast, the tensor is a leaf that requires grad,
                or its memory is read-only.
            TypeError: the operand is not a tensor, number or array.
        """
    def fmax(self, other: _Operand) -> Self:
        """The larger of the elements of input and other; of a number and NaN the number.

        The operands are tensors, numbers or arrays; their shapes broadcast to the result's. Of
        equal elements the first operand's gets the gradient.

        Raises:
            RuntimeError: the shapes do not broadcast.
            TypeError: an operand is none of these, or the first is a number.
        """
    def fmin(self, other: _Operand) -> Self:
        """The smaller of the elements of input and other; of a number and NaN the number.

        The operands are tensors, numbers or arrays; their shapes broadcast to the result's. Of
        equal elements the first operand's gets the gradient.

        Raises:
            RuntimeError: the shapes do not broadcast.
            TypeError: an operand is none of these, or the first is a number.
        """
    def clamp_min(self, min: _Operand) -> Self:
        """Elements limited to min and above: a number, or a tensor or array that broadcasts.

        An element that is min gets the gradient.

        Raises:
            RuntimeError: the shapes do not broadcast.
            TypeError: min is none of these.
        """
    def clamp_min_(self, min: _Operand) -> Self:
        """`clamp_min` in place, written over the tensor. Returns the tensor itself.

        The operand broadcasts to the shape of the tensor.

        Raises:
            RuntimeError: the operand does not broadcast, the tensor is a leaf that requires grad,
                or its memory is read-only.
            TypeError: the operand is not a tensor, number or array.
        """
    def clamp_max(self, max: _Operand) -> Self:
        """Elements limited to max and below: a number, or a tensor or array that broadcasts.

        An element that is max gets the gradient.

        Raises:
            RuntimeError: the shapes do not broadcast.
            TypeError: max is none of these.
        """
    def clamp_max_(self, max: _Operand) -> Self:
        """`clamp_max` in place, written over the tensor. Returns the tensor itself.

        The operand broadcasts to the shape of the tensor.

        Raises:
            RuntimeError: the operand does not broadcast, the tensor is a leaf that requires grad,
                or its memory is read-only.
            TypeError: the operand is not a tensor, number or array.
        """
    def lerp(self, end: Tensor, weight: _Operand) -> Self:
        """input + weight * (end - input), on the straight line from input to end; exact at the
        ends.

        The weight is a number, or a tensor or array; all shapes broadcast.

        Raises:
            RuntimeError: the shapes do not broadcast, or the tensors have different dtypes.
            TypeError: an argument is of the wrong type.
            NotImplementedError: the tensors are not float64.
        """
    def lerp_(self, end: Tensor, weight: _Operand) -> Self:
        """`lerp` in place. Returns the tensor itself. The example is that of `lerp`.

        Raises:
            RuntimeError: as `lerp` does, or the tensor is a leaf that requires grad, or its
                memory is read-only.
            TypeError: an argument is of the wrong type.
        """
    def addcmul(self, tensor1: Tensor, tensor2: Tensor, *, value: _Real = 1) -> Self:
        """input + value * tensor1 * tensor2, element by element.

        The shapes broadcast to the result's; value is a number.

        Raises:
            RuntimeError: the shapes do not broadcast.
            TypeError: an argument is of the wrong type.
            NotImplementedError: all tensors are bool.
        """
    def addcmul_(self, tensor1: Tensor, tensor2: Tensor, *, value: _Real = 1) -> Self:
        """`addcmul` in place. Returns the tensor itself. The example is that of `addcmul`.

        Raises:
            RuntimeError: as `addcmul` does, or the tensor is a leaf that requires grad, or its
                memory is read-only.
            TypeError: an argument is of the wrong type.
        """
    def addcdiv(self, tensor1: Tensor, tensor2: Tensor, *, value: _Real = 1) -> Self:
        """input + value * tensor1 / tensor2, element by element.

        The shapes broadcast to the result's; value is a number.

        Raises:
            RuntimeError: the shapes do not broadcast, or integers are divided by integers.
            TypeError: an argument is of the wrong type.
        """
    def addcdiv_(self, tensor1: Tensor, tensor2: Tensor, *, value: _Real = 1) -> Self:
        """`addcdiv` in place. Returns the tensor itself. The example is that of `addcdiv`.

        Raises:
            RuntimeError: as `addcdiv` does, or the tensor is a leaf that requires grad, or its
                memory is read-only.
            TypeError: an argument is of the wrong type.
        """
    def float_power(self, exponent: _Operand) -> Self:
        """Elementwise input ** exponent in float64, whatever dtypes the operands have.

        The operands are tensors, numbers or arrays; their shapes broadcast to the result's.

        Raises:
            RuntimeError: the shapes do not broadcast.
            TypeError: an operand is none of these.
        """
    def float_power_(self, exponent: _Operand) -> Self:
        """`float_power` in place. Returns the tensor itself. The example is that of `float_power`.

        Raises:
            RuntimeError: as `float_power` does, or the tensor is a leaf that requires grad, or its
                memory is read-only.
            TypeError: an argument is of the wrong type.
        """
    def positive(self) -> Self:
        """The tensor itself: what +x is.

        Raises:
            RuntimeError: the tensor is bool.
            TypeError: the input is not a Tensor.
        """
    def round(self, *, decimals: _int = 0) -> Self:
        """Elements rounded to so many decimals, halves to even; to tens, hundreds and so on where
        decimals is negative.

        The gradient is zero.

        Raises:
            TypeError: the input is not a Tensor, decimals not an int.
            NotImplementedError: the input is bool, or int64 and decimals not 0.
        """
    def round_(self, *, decimals: _int = 0) -> Self:
        """`round` in place. Returns the tensor itself. The example is that of `round`.

        Raises:
            RuntimeError: as `round` does, or the tensor is a leaf that requires grad, or its
                memory is read-only.
            TypeError: an argument is of the wrong type.
        """
    def nan_to_num(
        self, nan: _Real | None = None, posinf: _Real | None = None, neginf: _Real | None = None
    ) -> Self:
        """Elements with `nan`, `posinf` and `neginf` in place of NaN and of the infinities: 0 and
        the
        largest finite numbers, where they are None.

        The gradient is zero where an element was replaced.

        Raises:
            TypeError: the input is not a Tensor, or one of the others not a number.
        """
    def nan_to_num_(
        self, nan: _Real | None = None, posinf: _Real | None = None, neginf: _Real | None = None
    ) -> Self:
        """`nan_to_num` in place. Returns the tensor itself. The example is that of `nan_to_num`.

        Raises:
            RuntimeError: as `nan_to_num` does, or the tensor is a leaf that requires grad, or its
                memory is read-only.
            TypeError: an argument is of the wrong type.
        """
    def signbit(self) -> Self:
        """Where elements have a minus sign, as a bool tensor; -0.0 has one.

        Raises:
            TypeError: the input is not a Tensor.
        """
    def isnan(self) -> Self:
        """Where elements are NaN, as a bool tensor.

        Raises:
            TypeError: the input is not a Tensor.
        """
    def isinf(self) -> Self:
        """Where elements are inf or -inf, as a bool tensor.

        Raises:
            TypeError: the input is not a Tensor.
        """
    def isfinite(self) -> Self:
        """Where elements are neither infinite nor NaN, as a bool tensor.

        Raises:
            TypeError: the input is not a Tensor.
        """
    def isposinf(self) -> Self:
        """Where elements are inf, as a bool tensor.

        Raises:
            TypeError: the input is not a Tensor.
        """
    def isneginf(self) -> Self:
        """Where elements are -inf, as a bool tensor.

        Raises:
            TypeError: the input is not a Tensor.
        """
    def isreal(self) -> Self:
        """Where elements are real numbers, as a bool tensor: everywhere, as none are complex.

        Raises:
            TypeError: the input is not a Tensor.
        """
    def isclose(
        self, other: Tensor, rtol: _Real = 1e-05, atol: _Real = 1e-08, equal_nan: _bool = False
    ) -> Self:
        """Where |input - other| <= atol + rtol * |other|, as a bool tensor.

        An infinity is close to itself alone, NaN to nothing, or with equal_nan to NaN. The shapes
        broadcast.

        Raises:
            RuntimeError: shapes do not broadcast, dtypes differ, or a tolerance is negative.
            TypeError: an argument is of the wrong type.
        """
    def allclose(
        self, other: Tensor, rtol: _Real = 1e-05, atol: _Real = 1e-08, equal_nan: _bool = False
    ) -> _bool:
        """Whether all elements are close, as `isclose` has it: a bool.

        Raises:
            RuntimeError: shapes do not broadcast, dtypes differ, or a tolerance is negative.
            TypeError: an argument is of the wrong type.
        """
    def equal(self, other: Tensor) -> _bool:
        """Whether two tensors have the same shape and equal elements: a bool. NaN equals nothing.

        Raises:
            TypeError: an argument is not a Tensor.
        """
    def sum(
        self,
        dim: _Dims | None = None,
        keepdim: _bool = False,
        *,
        dtype: _DType = None,
        out: Tensor | None = None,
    ) -> Self:
        """The sum of the elements over dim: an int, a tuple of ints, or None for all.

        The summed dimensions are dropped, or kept with size 1 if keepdim. `axis` and `keepdims`
        are accepted as names too.

        Raises:
            IndexError: a dimension is out of range.
            RuntimeError: a dimension is named twice.
            TypeError: an argument is of the wrong type.
        """
    def mean(
        self,
        dim: _Dims | None = None,
        keepdim: _bool = False,
        *,
        dtype: _DType = None,
        out: Tensor | None = None,
    ) -> Self:
        """The mean of the elements over dim: an int, a tuple of ints, or None for all.

        The averaged dimensions are dropped, or kept with size 1 if keepdim. The mean of nothing
        is nan. `axis` and `keepdims` are accepted as names too.

        Raises:
            IndexError: a dimension is out of range.
            RuntimeError: a dimension is named twice.
            TypeError: an argument is of the wrong type.
        """
    def nansum(
        self,
        dim: _Dims | None = None,
        keepdim: _bool = False,
        *,
        dtype: _DType = None,
        out: Tensor | None = None,
    ) -> Self:
        """The sum of the elements over dim that are not NaN: an int, a tuple of ints, or None for
        all.

        The summed dimensions are dropped, or kept with size 1 if keepdim. A NaN has no gradient.

        Raises:
            IndexError: a dimension is out of range.
            RuntimeError: a dimension is named twice.
            TypeError: an argument is of the wrong type.
        """
    def nanmean(
        self,
        dim: _Dims | None = None,
        keepdim: _bool = False,
        *,
        dtype: _DType = None,
        out: Tensor | None = None,
    ) -> Self:
        """The mean of the elements over dim that are not NaN: an int, a tuple of ints, or None for
        all.

        The averaged dimensions are dropped, or kept with size 1 if keepdim. Where all are NaN it
        is nan. A NaN has no gradient.

        Raises:
            IndexError: a dimension is out of range.
            RuntimeError: a dimension is named twice, or the input has integers.
            TypeError: an argument is of the wrong type.
        """
    def prod(
        self,
        dim: _int | None = None,
        keepdim: _bool = False,
        *,
        dtype: _DType = None,
        out: Tensor | None = None,
    ) -> Self:
        """The product of all elements, or of those along a dimension.

        The dimension is dropped, or kept with size 1 if keepdim. The product of nothing is 1.
        Gradients of every order are exact beside zeros.

        Raises:
            IndexError: the dimension is out of range.
            TypeError: an argument is of the wrong type.
        """
    def norm(
        self,
        p: _Real | str | None = "fro",
        dim: _Dims | None = None,
        keepdim: _bool = False,
        dtype: _DType = None,
    ) -> Self:
        """The p-norm of the elements over dim: (sum of |x| ** p) ** (1 / p). dim is an int, a tuple
        of ints, or None for all.

        `p` is any number, also inf (the largest |x|), -inf (the smallest) and 0 (how many are not
        0); "fro" is 2, and "nuc" the sum of a matrix's singular values. The dimensions are
        dropped, or kept with size 1 if keepdim. Where the norm is 0, the gradient is 0 too.

        Raises:
            IndexError: a dimension is out of range.
            RuntimeError: a dimension is named twice, or the input has integers, or there are no
                elements to take an extreme of.
            TypeError: an argument is of the wrong type.
        """
    def amax(
        self, dim: _Dims = (), keepdim: _bool = False, *, out: Tensor | None = None
    ) -> Self:
        """The largest of the elements over dim: an int, a tuple of ints, or () or None for all.

        The dimensions are dropped, or kept with size 1 if keepdim. A NaN makes its result nan.
        Elements that are equally large share the gradient. `axis` and `keepdims` are accepted as
        names too.

        Raises:
            IndexError: a dimension is out of range, or has size 0.
            RuntimeError: a dimension is named twice, or there are no elements and no dim.
            TypeError: an argument is of the wrong type.
        """
    def amin(
        self, dim: _Dims = (), keepdim: _bool = False, *, out: Tensor | None = None
    ) -> Self:
        """The smallest of the elements over dim: an int, a tuple of ints, or () or None for all.

        The dimensions are dropped, or kept with size 1 if keepdim. A NaN makes its result nan.
        Elements that are equally small share the gradient. `axis` and `keepdims` are accepted as
        names too.

        Raises:
            IndexError: a dimension is out of range, or has size 0.
            RuntimeError: a dimension is named twice, or there are no elements and no dim.
            TypeError: an argument is of the wrong type.
        """
    def any(
        self, dim: _Dims | None = None, keepdim: _bool = False, *, out: Tensor | None = None
    ) -> Self:
        """Whether some element over dim is true (not 0): a bool tensor. dim is an int, a tuple of
        ints, or None for all.

        The dimensions are dropped, or kept with size 1 if keepdim. Of nothing it is False. NaN is
        not 0.

        Raises:
            IndexError: a dimension is out of range.
            RuntimeError: a dimension is named twice.
            TypeError: an argument is of the wrong type.
        """
    def all(
        self, dim: _Dims | None = None, keepdim: _bool = False, *, out: Tensor | None = None
    ) -> Self:
        """Whether all elements over dim are true (not 0): a bool tensor. dim is an int, a tuple of
        ints, or None for all.

        The dimensions are dropped, or kept with size 1 if keepdim. Of nothing it is True. NaN is
        not 0.

        Raises:
            IndexError: a dimension is out of range.
            RuntimeError: a dimension is named twice.
            TypeError: an argument is of the wrong type.
        """
    def count_nonzero(self, dim: _Dims | None = None) -> Self:
        """How many elements over dim are not 0: an int64 tensor. dim is an int, a tuple of ints, or
        None for all.

        Raises:
            IndexError: a dimension is out of range.
            RuntimeError: a dimension is named twice.
            TypeError: an argument is of the wrong type.
        """
    def aminmax(
        self, *, dim: _Dims | None = None, keepdim: _bool = False
    ) -> return_types.aminmax:
        """The smallest and the largest element over dim: an int, a tuple of ints, or None for all.

        As a named tuple with the fields `min` and `max`. The dimensions are dropped, or kept with
        size 1 if keepdim. A NaN makes both nan.

        Raises:
            IndexError: a dimension is out of range, or has size 0.
            RuntimeError: there are no elements and no dim.
            TypeError: an argument is of the wrong type.
        """
    def logsumexp(
        self, dim: _Dims, keepdim: _bool = False, *, out: Tensor | None = None
    ) -> Self:
        """The logarithm of the sum of exp(x) over dim: an int, a tuple of ints, or None for all.

        Nothing overflows on the way. Of elements that are all -inf the result is -inf, and the
        gradient 0; an element that is inf has all of it, or its part.

        Raises:
            IndexError: a dimension is out of range.
            RuntimeError: a dimension is named twice.
            TypeError: an argument is of the wrong type.
        """
    def softmax(self, dim: _int, dtype: _DType = None) -> Self:
        """exp(x) divided by its sum along a dimension, so that the elements along it sum to 1.

        The result has the shape of the input.

        Raises:
            IndexError: the dimension is out of range.
            TypeError: an argument is of the wrong type.
        """
    def log_softmax(self, dim: _int, dtype: _DType = None) -> Self:
        """The logarithm of `softmax`, also where that would be 0.

        The result has the shape of the input.

        Raises:
            IndexError: the dimension is out of range.
            TypeError: an argument is of the wrong type.
        """
    def logit(self, eps: _Real | None = None) -> Self:
        """The inverse of `sigmoid`: log(x / (1 - x)) of each element.

        With eps, elements are limited to between eps and 1 - eps first. Without, they must lie
        between 0 and 1: the result is nan for others.

        Raises:
            TypeError: the input is not a Tensor, or eps not a number.
        """
    def logit_(self, eps: _Real | None = None) -> Self:
        """`logit` in place. Returns the tensor itself. The example is that of `logit`.

        Raises:
            RuntimeError: as `logit` does, or the tensor is a leaf that requires grad, or its
                memory is read-only.
            TypeError: an argument is of the wrong type.
        """
    def polygamma(self, n: _int) -> Self:
        """The derivative of order n of `digamma`, of which 0 is itself.

        Raises:
            RuntimeError: n is negative.
            TypeError: n is no int.
        """
    def polygamma_(self, n: _int) -> Self:
        """`polygamma` in place. Returns the tensor itself. The example is that of `polygamma`.

        Raises:
            RuntimeError: as `polygamma` does, or the tensor is a leaf that requires grad, or its
                memory is read-only.
            TypeError: an argument is of the wrong type.
        """
    def mvlgamma(self, p: _int) -> Self:
        """The logarithm of the gamma function of p dimensions.

        It is p (p - 1) / 4 log(pi) and the sum of lgamma(x - k / 2) over the k from 0 to p - 1.

        Raises:
            RuntimeError: p is not positive.
            TypeError: the input is not a Tensor, or p no int.
        """
    def mvlgamma_(self, p: _int) -> Self:
        """`mvlgamma` in place. Returns the tensor itself. The example is that of `mvlgamma`.

        Raises:
            RuntimeError: as `mvlgamma` does, or the tensor is a leaf that requires grad, or its
                memory is read-only.
            TypeError: an argument is of the wrong type.
        """
    def igamma(self, other: Tensor) -> Self:
        """The lower incomplete gamma function, regularised: the integral of t ** (a - 1) * exp(-t)
        from 0 to x, over that up to infinity, where a is input and x other.

        Gradients flow to both operands, whose shapes broadcast to the result's. It is NaN where
        one of them is negative, or both are 0.

        Raises:
            NotImplementedError: no operand is float64.
            RuntimeError: the shapes do not broadcast.
            TypeError: an operand is not a Tensor.
        """
    def igamma_(self, other: Tensor) -> Self:
        """`igamma` in place. Returns the tensor itself. The example is that of `igamma`.

        Raises:
            RuntimeError: as `igamma` does, or the tensor is a leaf that requires grad, or its
                memory is read-only.
            TypeError: an argument is of the wrong type.
        """
    def igammac(self, other: Tensor) -> Self:
        """The upper incomplete gamma function, regularised: the integral of t ** (a - 1) * exp(-t)
        from x to infinity, over that from 0 on, where a is input and x other.

        Gradients flow to both operands, whose shapes broadcast to the result's. It is NaN where
        one of them is negative, or both are 0.

        Raises:
            NotImplementedError: no operand is float64.
            RuntimeError: the shapes do not broadcast.
            TypeError: an operand is not a Tensor.
        """
    def igammac_(self, other: Tensor) -> Self:
        """`igammac` in place. Returns the tensor itself. The example is that of `igammac`.

        Raises:
            RuntimeError: as `igammac` does, or the tensor is a leaf that requires grad, or its
                memory is read-only.
            TypeError: an argument is of the wrong type.
        """
    def cholesky(self, upper: _bool = False, *, out: Tensor | None = None) -> Self:
        """`linalg.cholesky`, with upper by place, too.

        Raises:
            linalg.LinAlgError: a matrix is not positive-definite.
            RuntimeError: the input is not square, has fewer than two dimensions, or is not
                float64.
            TypeError: an argument is of the wrong type.
        """
    def triangular_solve(
        self, A: Tensor, upper: _bool = True, transpose: _bool = False, unitriangular: _bool = False
    ) -> return_types.triangular_solve:
        """The solution X of A X = b with triangular matrices A, or of A^T X = b, and a copy of A.

        As a named tuple with the fields `solution` and `cloned_coefficient`. See
        `linalg.solve_triangular`.

        Raises:
            RuntimeError: A is not square, sizes do not fit, or dtypes are not float64.
            TypeError: an argument is of the wrong type.
        """
    def cholesky_solve(
        self, L: Tensor, upper: _bool = False, *, out: Tensor | None = None
    ) -> Self:
        """The solution X of A X = b, with A = L L^T, or U^T U if upper, given by its factor.

        One triangle of the factor is read, and only that has a gradient. Batches broadcast.

        Raises:
            RuntimeError: the factor is not square, sizes do not fit, or dtypes are not float64.
            TypeError: an argument is of the wrong type.
        """
    def cholesky_inverse(self, upper: _bool = False, *, out: Tensor | None = None) -> Self:
        """The inverse of A = L L^T, or of U^T U if upper, given by its factor.

        Raises:
            RuntimeError: the factor is not square, or is not float64.
            TypeError: an argument is of the wrong type.
        """
    def inverse(self, *, out: Tensor | None = None) -> Self:
        """`linalg.inv`: the inverses of square matrices.

        Raises:
            linalg.LinAlgError: a matrix is singular.
            RuntimeError: the input is not square, has fewer than two dimensions, or is not
                float64.
            TypeError: an argument is of the wrong type.
        """
    def lu_solve(
        self, LU_data: Tensor, LU_pivots: Tensor, *, out: Tensor | None = None
    ) -> Self:
        """`linalg.lu_solve`, with its arguments in another order.

        Raises:
            RuntimeError: LU_data is not square, LU_pivots are no such int64 tensor, sizes do not
                fit,
                or dtypes are not float64.
            TypeError: an argument is of the wrong type.
        """
    def det(self) -> Self:
        """`linalg.det`: the determinants of square matrices.

        Raises:
            RuntimeError: the input is not square, has fewer than two dimensions, or is not
                float64.
            TypeError: an argument is of the wrong type.
        """
    def slogdet(self) -> return_types.slogdet:
        """`linalg.slogdet`: the signs of determinants, and the logarithms of their absolute values.

        Raises:
            RuntimeError: the input is not square, has fewer than two dimensions, or is not
                float64.
            TypeError: an argument is of the wrong type.
        """
    def logdet(self) -> Self:
        """The logarithms of the determinants of square matrices: nan where one is negative.

        Raises:
            RuntimeError: the input is not square, has fewer than two dimensions, or is not
                float64.
            TypeError: an argument is of the wrong type.
        """
    def svd(self, some: _bool = True, compute_uv: _bool = True) -> return_types.svd:
        """`linalg.svd` of old, with V instead of its transpose; reduced, if some; U and V are
        zeros,
        if
        not compute_uv.

        As a named tuple with the fields `U`, `S` and `V`.

        Raises:
            linalg.LinAlgError: a matrix is not finite, or the algorithm does not converge.
            RuntimeError: the input has fewer than two dimensions, is not float64, or there is no
                LAPACK.
            TypeError: an argument is of the wrong type.
        """
    def qr(self, some: _bool = True) -> return_types.qr:
        """`linalg.qr`, reduced if some, else complete.

        As a named tuple with the fields `Q` and `R`.

        Raises:
            RuntimeError: the input has fewer than two dimensions, or is not float64.
            TypeError: an argument is of the wrong type.
        """
    def matrix_power(self, n: _int, *, out: Tensor | None = None) -> Self:
        """`linalg.matrix_power`: the n-th powers of square matrices.

        Raises:
            linalg.LinAlgError: n is negative, and a matrix is singular.
            RuntimeError: the input is not square, has fewer than two dimensions, or n is negative
                and the input is not float64.
            TypeError: an argument is of the wrong type.
        """
    def matrix_exp(self) -> Self:
        """`linalg.matrix_exp`: the exponentials of square matrices.

        Raises:
            RuntimeError: the input is not square, has fewer than two dimensions, or is not
                float64.
            TypeError: an argument is of the wrong type.
        """
    def pinverse(self, rcond: _Real = 1e-15) -> Self:
        """`linalg.pinv` with a relative tolerance of 1e-15.

        Raises:
            linalg.LinAlgError: a matrix is not finite, or the algorithm does not converge.
            RuntimeError: the input has fewer than two dimensions, is not float64, or there is no
                LAPACK.
            TypeError: an argument is of the wrong type.
        """
    def argmax(
        self, dim: _int | None = None, keepdim: _bool = False, *, out: Tensor | None = None
    ) -> Self:
        """Where the largest elements along a dimension are; without one, which element it is of
        all,
        counted in row-major order. An int64 tensor.

        The dimension is dropped, or kept with size 1 if keepdim. A NaN counts as the largest. Of
        equal elements the first is meant.

        Raises:
            IndexError: the dimension is out of range or has size 0, or there are no elements.
            NotImplementedError: the input is a bool tensor.
            TypeError: an argument is of the wrong type.
        """
    def argmin(
        self, dim: _int | None = None, keepdim: _bool = False, *, out: Tensor | None = None
    ) -> Self:
        """Where the smallest elements along a dimension are; without one, which element it is of
        all,
        counted in row-major order. An int64 tensor.

        The dimension is dropped, or kept with size 1 if keepdim. A NaN counts as the smallest. Of
        equal elements the first is meant.

        Raises:
            IndexError: the dimension is out of range or has size 0, or there are no elements.
            NotImplementedError: the input is a bool tensor.
            TypeError: an argument is of the wrong type.
        """
    def sort(
        self, dim: _int = -1, descending: _bool = False, *, stable: _bool = False
    ) -> return_types.sort:
        """The elements along a dimension in ascending order, or in descending order, and where they
        were.

        As a named tuple with the fields `values` and `indices`. A NaN counts as larger than all
        numbers. Equal elements stay in the order that they are in, `stable` or not.

        Raises:
            IndexError: the dimension is out of range.
            TypeError: an argument is of the wrong type.
        """
    def argsort(
        self, dim: _int = -1, descending: _bool = False, *, stable: _bool = False
    ) -> Self:
        """Where the elements along a dimension are, in ascending or in descending order: the
        indices
        of `sort`.

        Raises:
            IndexError: the dimension is out of range.
            TypeError: an argument is of the wrong type.
        """
    def msort(self, *, out: Tensor | None = None) -> Self:
        """The elements along the first dimension in ascending order.

        Raises:
            TypeError: the input is not a Tensor.
        """
    def topk(
        self, k: _int, dim: _int = -1, largest: _bool = True, sorted: _bool = True
    ) -> return_types.topk:
        """The k largest elements along a dimension, in descending order, or the k smallest ones in
        ascending order, and where they were.

        As a named tuple with the fields `values` and `indices`. A NaN counts as larger than all
        numbers. Of equal elements the first ones are meant. They are in order, `sorted` or not.

        Raises:
            IndexError: the dimension is out of range.
            NotImplementedError: the input is a bool tensor.
            RuntimeError: there are fewer than k elements.
            TypeError: an argument is of the wrong type.
        """
    def kthvalue(
        self, k: _int, dim: _int = -1, keepdim: _bool = False
    ) -> return_types.kthvalue:
        """The k-th smallest element along a dimension, k from 1 on, and where it is.

        As a named tuple with the fields `values` and `indices`. The dimension is dropped, or kept
        with size 1 if keepdim. A NaN counts as larger than all numbers. Of equal elements the
        first is meant.

        Raises:
            IndexError: the dimension is out of range, or has size 0.
            NotImplementedError: the input is a bool tensor.
            RuntimeError: there are fewer than k elements.
            TypeError: an argument is of the wrong type.
        """
    def mode(self, dim: _int = -1, keepdim: _bool = False) -> return_types.mode:
        """The most frequent elements along a dimension, and where they are.

        As a named tuple with the fields `values` and `indices`. The dimension is dropped, or kept
        with size 1 if keepdim. Of several that are as frequent the smallest is meant, and of it
        the first place.

        Raises:
            IndexError: the dimension is out of range, or has size 0.
            TypeError: an argument is of the wrong type.
        """
    def quantile(
        self,
        q: _Operand,
        dim: _int | None = None,
        keepdim: _bool = False,
        *,
        interpolation: Literal["linear", "lower", "higher", "midpoint", "nearest"] = "linear",
        out: Tensor | None = None,
    ) -> Self:
        """The q-quantiles of all elements, or of those along a dimension: q is a number from 0 to 1
        or a tensor of such, which becomes the first dimension of the result.

        Where a quantile lies between two elements, it is on the line between them (linear), the
        `lower` or the `higher` one, in the middle (midpoint), or the `nearest`. The dimension is
        dropped, or kept with size 1 if keepdim. A NaN makes it nan.

        Raises:
            IndexError: the dimension is out of range.
            RuntimeError: q is not between 0 and 1, or there are no elements, or they are integers.
            TypeError: an argument is of the wrong type.
        """
    def nanquantile(
        self,
        q: _Operand,
        dim: _int | None = None,
        keepdim: _bool = False,
        *,
        interpolation: Literal["linear", "lower", "higher", "midpoint", "nearest"] = "linear",
        out: Tensor | None = None,
    ) -> Self:
        """`quantile` of those elements that are not NaN; nan where none is.

        Raises:
            IndexError: the dimension is out of range.
            RuntimeError: q is not between 0 and 1, or there are no elements, or they are integers.
            TypeError: an argument is of the wrong type.
        """
    def cov(
        self,
        *,
        correction: _int = 1,
        fweights: _Operand | None = None,
        aweights: _Operand | None = None,
    ) -> Self:
        """The covariances of the rows of a matrix, each of which has the observations of one
        variable; of a vector its variance.

        Sums of products are divided by the number of observations less the correction. `fweights`
        says how often each observation was made (int64), `aweights` how much it counts.

        Raises:
            RuntimeError: there are more than two dimensions, or the weights do not fit.
            TypeError: an argument is of the wrong type.
        """
    def corrcoef(self) -> Self:
        """The correlation coefficients of the rows of a matrix: covariances divided by both
        standard
        deviations, between -1 and 1.

        Raises:
            RuntimeError: there are more than two dimensions.
            TypeError: the input is not a Tensor.
        """
    def hardshrink(self, lambd: _Real = 0.5) -> Self:
        """Elements of which the magnitude is above lambd as they are, and 0 for others.

        Raises:
            NotImplementedError: the input is no float64 tensor.
            TypeError: the input is not a Tensor, or another argument is not a number.
        """
    def prelu(self, weight: Tensor) -> Self:
        """Elements that are positive as they are, others times a weight.

        `weight` has one element for all, or one for each index of dimension 1.

        Raises:
            NotImplementedError: the input is no float64 tensor.
            RuntimeError: the weight has another number of elements, or another dtype.
            TypeError: an argument is not a Tensor.
        """
    @overload
    def view(self, *size: _int) -> Self:
        """The same memory under another shape, of as many elements.

        Sizes are ints or one tuple; one may be -1 and is worked out. A write through the view is
        a write to the tensor.

        Raises:
            RuntimeError: the number of elements differs, or the strides allow no such view.
            TypeError: a size is no int.
        """
    @overload
    def view(self, size: Sequence[_int]) -> Self: ...
    def view_as(self, other: Tensor) -> Self:
        """`view` with the shape of another tensor.

        Raises:
            RuntimeError: as `view` does for that shape.
            TypeError: other is not a Tensor.
        """
    @overload
    def reshape(self, *shape: _int) -> Self:
        """The elements, in order, in another shape: a view if there is one, otherwise a copy.

        One size may be -1 and is worked out.

        Raises:
            RuntimeError: the number of elements differs.
            TypeError: a size is no int.
        """
    @overload
    def reshape(self, shape: Sequence[_int]) -> Self: ...
    def reshape_as(self, other: Tensor) -> Self:
        """`reshape` with the shape of another tensor.

        Raises:
            RuntimeError: as `reshape` does for that shape.
            TypeError: other is not a Tensor.
        """
    def flatten(self, start_dim: _int = 0, end_dim: _int = -1) -> Self:
        """Dimensions start_dim to end_dim as one: a view if there is one, otherwise a copy.

        Raises:
            IndexError: a dimension is out of range.
            RuntimeError: start_dim comes after end_dim.
        """
    def ravel(self) -> Self:
        """All elements in one dimension: a view if there is one, otherwise a copy.

        Raises:
            TypeError: the input is not a Tensor.
        """
    def transpose(self, dim0: _int, dim1: _int) -> Self:
        """A view with two dimensions exchanged.

        Raises:
            IndexError: a dimension is out of range.
            TypeError: a dimension is no int.
        """
    def swapaxes(self, axis0: _int, axis1: _int) -> Self:
        """A view with two dimensions exchanged.

        Raises:
            IndexError: a dimension is out of range.
            TypeError: a dimension is no int.
        """
    def swapdims(self, dim0: _int, dim1: _int) -> Self:
        """A view with two dimensions exchanged.

        Raises:
            IndexError: a dimension is out of range.
            TypeError: a dimension is no int.
        """
    def t(self) -> Self:
        """The transpose of a matrix, as a view; a tensor of fewer dimensions as it is.

        Raises:
            RuntimeError: there are more than two dimensions.
        """
    @overload
    def permute(self, *dims: _int) -> Self:
        """A view with the dimensions in another order.

        Raises:
            IndexError: a dimension is out of range.
            RuntimeError: not every dimension is named once.
        """
    @overload
    def permute(self, dims: Sequence[_int]) -> Self: ...
    @overload
    def expand(self, *size: _int) -> Self:
        """A view with dimensions of size 1 repeated to the sizes given, and new ones in front.

        -1 keeps a size. No memory is used: each repetition is the same element.

        Raises:
            RuntimeError: a dimension of another size than 1 would have to grow.
            TypeError: a size is no int.
        """
    @overload
    def expand(self, size: Sequence[_int]) -> Self: ...
    @overload
    def broadcast_to(self, *size: _int) -> Self:
        """The same as `expand` with one tuple of sizes.

        Raises:
            RuntimeError: a dimension of another size than 1 would have to grow.
            TypeError: a size is no int.
        """
    @overload
    def broadcast_to(self, size: Sequence[_int]) -> Self: ...
    def expand_as(self, other: Tensor) -> Self:
        """`expand` with the shape of another tensor.

        Raises:
            RuntimeError: as `expand` does for that shape.
            TypeError: other is not a Tensor.
        """
    @overload
    def sum_to_size(self, *size: _int) -> Self:
        """Summed to a shape that expands to the tensor's: the reverse of `expand`.

        Raises:
            RuntimeError: the sizes do not expand to those of the tensor.
            TypeError: a size is no int.
        """
    @overload
    def sum_to_size(self, size: Sequence[_int]) -> Self: ...
    def squeeze(self, dim: _Dims | None = None) -> Self:
        """A view without the dimensions of size 1: all of them, or those named by dim.

        dim is an int or a tuple of ints; a dimension of another size stays.

        Raises:
            IndexError: a dimension is out of range.
            RuntimeError: a dimension is named twice.
        """
    def unsqueeze(self, dim: _int) -> Self:
        """A view with a dimension of size 1 put in at dim.

        Raises:
            IndexError: a dimension is out of range.
            TypeError: dim is no int.
        """
    def clone(self) -> Self:
        """A copy with memory of its own, through which gradients flow. Its dimensions lie in memory
        in the order of the tensor's own.

        Raises:
            MemoryError: there is no room for it.
        """
    def contiguous(self) -> Self:
        """The tensor itself if its elements lie in row-major order, otherwise a copy that does.

        Raises:
            MemoryError: there is no room for it.
        """
    def gather(
        self, dim: _int, index: Tensor, *, sparse_grad: _bool = False, out: Tensor | None = None
    ) -> Self:
        """Elements of lines along dim: where the index has k at a place, element k of the line
        there.

        The index is an int64 tensor with as many dimensions as the input, in all but dim at most
        as large; the result has its shape. An element that is named twice gets both gradients.
        sparse_grad changes nothing.

        Raises:
            IndexError: there is no such dimension.
            RuntimeError: the shapes do not fit, or a number of the index is out of range.
        """
    def index_select(self, dim: _int, index: Tensor, *, out: Tensor | None = None) -> Self:
        """The input at the numbers of a vector along dim, in their order, as often as they come.

        Raises:
            IndexError: there is no such dimension, a number of the index is out of range, or the
                index is no vector.
            RuntimeError: the index is not of dtype int64.
        """
    def scatter(
        self,
        dim: _int,
        index: Tensor,
        src: _Operand,
        *,
        reduce: Literal["add", "multiply"] | None = None,
    ) -> Self:
        """A copy with src written to it: where the index has k at a place, to element k of the line
        along dim there.

        Of several that are written to one element the last one stays. The index is an int64
        tensor, at most as large as src and, in all but dim, as the input. src may be a number.
        With reduce, "add" or "multiply", what is there is a term or factor of what is written.

        Raises:
            IndexError: there is no such dimension.
            RuntimeError: the shapes or dtypes do not fit, a number of the index is out of range,
                or reduce is another word.
        """
    def scatter_(
        self,
        dim: _int,
        index: Tensor,
        src: _Operand,
        *,
        reduce: Literal["add", "multiply"] | None = None,
    ) -> Self:
        """`scatter` in place. Returns the tensor itself. The example is that of `scatter`.

        Raises:
            RuntimeError: as `scatter` does, or the tensor is a leaf that requires grad, or its
                memory is read-only.
            TypeError: an argument is of the wrong type.
        """
    def scatter_add(self, dim: _int, index: Tensor, src: Tensor) -> Self:
        """A copy with src added to it: where the index has k at a place, to element k of the line
        along dim there.

        What comes to one element is added in the order in which it stands in src. The index is an
        int64 tensor, at most as large as src and, in all but dim, as the input.

        Raises:
            IndexError: there is no such dimension.
            RuntimeError: the shapes or dtypes do not fit, or a number of the index is out of
                range.
        """
    def scatter_add_(self, dim: _int, index: Tensor, src: Tensor) -> Self:
        """`scatter_add` in place. Returns the tensor itself. The example is that of `scatter_add`.

        Raises:
            RuntimeError: as `scatter_add` does, or the tensor is a leaf that requires grad, or its
                memory is read-only.
            TypeError: an argument is of the wrong type.
        """
    def index_add(self, dim: _int, index: Tensor, source: Tensor, *, alpha: _Real = 1) -> Self:
        """A copy with alpha times the slices of source added to those that a vector names along
        dim.

        Slices that come to one place are added in their order.

        Raises:
            IndexError: there is no such dimension, or a number of the index is out of range.
            RuntimeError: the shapes or dtypes do not fit.
        """
    def index_add_(self, dim: _int, index: Tensor, source: Tensor, *, alpha: _Real = 1) -> Self:
        """`index_add` in place. Returns the tensor itself. The example is that of `index_add`.

        Raises:
            RuntimeError: as `index_add` does, or the tensor is a leaf that requires grad, or its
                memory is read-only.
            TypeError: an argument is of the wrong type.
        """
    def index_copy(self, dim: _int, index: Tensor, source: Tensor) -> Self:
        """A copy with the slices of source in place of those that a vector names along dim.

        Of several that come to one place the last one stays.

        Raises:
            IndexError: there is no such dimension, or a number of the index is out of range.
            RuntimeError: the shapes or dtypes do not fit.
        """
    def index_copy_(self, dim: _int, index: Tensor, source: Tensor) -> Self:
        """`index_copy` in place. Returns the tensor itself. The example is that of `index_copy`.

        Raises:
            RuntimeError: as `index_copy` does, or the tensor is a leaf that requires grad, or its
                memory is read-only.
            TypeError: an argument is of the wrong type.
        """
    def index_fill(self, dim: _int, index: Tensor, value: _Operand) -> Self:
        """A copy with a number in all places of the slices that a vector names along dim.

        The value is a number or a 0-d tensor. Negative numbers of the index count from the end.

        Raises:
            IndexError: there is no such dimension, or a number of the index is out of range.
            RuntimeError: the value has dimensions.
        """
    def index_fill_(self, dim: _int, index: Tensor, value: _Operand) -> Self:
        """`index_fill` in place. Returns the tensor itself. The example is that of `index_fill`.

        Raises:
            RuntimeError: as `index_fill` does, or the tensor is a leaf that requires grad, or its
                memory is read-only.
            TypeError: an argument is of the wrong type.
        """
    def take(self, index: Tensor, *, out: Tensor | None = None) -> Self:
        """Elements of the input as if it had one dimension, at the numbers of an index, in its
        shape.

        Negative numbers count from the end.

        Raises:
            IndexError: a number is out of range.
            RuntimeError: the index is not of dtype int64.
        """
    def put(self, index: Tensor, source: Tensor, accumulate: _bool = False) -> Self:
        """A copy with the elements of source written, or added, to those that an index names.

        Elements are counted as if the input had one dimension, from the end where a number is
        negative. Of several that are written to one element the last one stays.

        Raises:
            IndexError: a number is out of range.
            RuntimeError: source has another dtype, or not as many elements as the index.
        """
    def put_(self, index: Tensor, source: Tensor, accumulate: _bool = False) -> Self:
        """`put` in place. Returns the tensor itself. The example is that of `put`.

        Raises:
            RuntimeError: as `put` does, or the tensor is a leaf that requires grad, or its
                memory is read-only.
            TypeError: an argument is of the wrong type.
        """
    def index_put(self, indices: _Value, values: Tensor, accumulate: _bool = False) -> Self:
        """A copy in which x[indices] is values, or with accumulate has values added to it.

        indices are a tuple of int64 and bool tensors, for the first dimensions; values broadcast
        to what they name. Of several that are written to one element the last one stays; several
        that are added to one are added in their order.

        Raises:
            IndexError: a number is out of range, or the index tensors do not fit each other.
            RuntimeError: the shape or dtype of values does not fit.
            TypeError: an index is no Tensor.
        """
    def index_put_(self, indices: _Value, values: Tensor, accumulate: _bool = False) -> Self:
        """`index_put` in place. Returns the tensor itself.

        Raises:
            IndexError: a number is out of range, or the index tensors do not fit each other.
            RuntimeError: the shape or dtype of values does not fit, or the tensor is a leaf that
                requires grad, or its memory is read-only.
            TypeError: an index is no Tensor.
        """
    def masked_fill(self, mask: Tensor, value: _Operand) -> Self:
        """The input with a number where a bool tensor is true: a number or a 0-d tensor.

        The input and the mask broadcast. The number is converted to the input's dtype.

        Raises:
            RuntimeError: the mask is not of dtype bool, the shapes do not broadcast, or the value
                has dimensions.
        """
    def masked_fill_(self, mask: Tensor, value: _Operand) -> Self:
        """`masked_fill` in place. Returns the tensor itself. The example is that of `masked_fill`.

        Raises:
            RuntimeError: as `masked_fill` does, or the tensor is a leaf that requires grad, or its
                memory is read-only.
            TypeError: an argument is of the wrong type.
        """
    def masked_select(self, mask: Tensor, *, out: Tensor | None = None) -> Self:
        """The elements where a bool tensor is true, row by row, in one dimension.

        The input and the mask broadcast.

        Raises:
            RuntimeError: the mask is not of dtype bool, or the shapes do not broadcast.
        """
    def masked_scatter(self, mask: Tensor, source: Tensor) -> Self:
        """The input with the elements of source, one after another, where a bool tensor is true.

        The input and the mask broadcast.

        Raises:
            RuntimeError: the mask is not of dtype bool, source has another dtype than the input or
                too few elements, or the shapes do not broadcast.
        """
    def masked_scatter_(self, mask: Tensor, source: Tensor) -> Self:
        """`masked_scatter` in place. Returns the tensor itself. The example is that of
        `masked_scatter`.

        Raises:
            RuntimeError: as `masked_scatter` does, or the tensor is a leaf that requires grad, or
            its
                memory is read-only.
            TypeError: an argument is of the wrong type.
        """
    def nonzero(self, *, as_tuple: _bool = False) -> Self:
        """The indices of the elements that are not 0, a row for each; NaN is not 0.

        With as_tuple a tuple of vectors, one for each dimension, with which the tensor can be
        indexed; what has no dimensions counts as a vector then.

        Raises:
            TypeError: the input is not a Tensor.
        """
    def argwhere(self) -> Self:
        """The indices of the elements that are not 0, a row for each; NaN is not 0.

        Raises:
            TypeError: the input is not a Tensor.
        """
    def take_along_dim(
        self, indices: Tensor, dim: _int | None = None, *, out: Tensor | None = None
    ) -> Self:
        """`gather` of an input and indices that broadcast in all dimensions but dim. Without dim,
        of
        both as vectors.

        Raises:
            IndexError: there is no such dimension.
            RuntimeError: the shapes do not fit, or a number of the index is out of range.
        """
    def scatter_reduce(
        self,
        dim: _int,
        index: Tensor,
        src: Tensor,
        reduce: Literal["sum", "prod", "mean", "amax", "amin"],
        *,
        include_self: _bool = True,
    ) -> Self:
        """A copy in which an element is the sum, product, mean, largest or smallest of what src has
        for it: where the index has k at a place, for element k of the line along dim there.

        Its own number is one of them with include_self. Elements that the index does not name
        stay. Of equal extremes each has the same part of the gradient.

        Raises:
            IndexError: there is no such dimension.
            RuntimeError: the shapes or dtypes do not fit, a number of the index is out of range,
                or reduce is another word.
        """
    def scatter_reduce_(
        self,
        dim: _int,
        index: Tensor,
        src: Tensor,
        reduce: Literal["sum", "prod", "mean", "amax", "amin"],
        *,
        include_self: _bool = True,
    ) -> Self:
        """`scatter_reduce` in place. Returns the tensor itself. The example is that of
        `scatter_reduce`.

        Raises:
            RuntimeError: as `scatter_reduce` does, or the tensor is a leaf that requires grad, or
            its
                memory is read-only.
            TypeError: an argument is of the wrong type.
        """
    def index_reduce(
        self,
        dim: _int,
        index: Tensor,
        source: Tensor,
        reduce: Literal["prod", "mean", "amax", "amin"],
        *,
        include_self: _bool = True,
    ) -> Self:
        """`scatter_reduce` of whole slices along dim, for which a vector says where they go.

        Raises:
            IndexError: there is no such dimension, or there are not as many numbers as slices.
            RuntimeError: the shapes or dtypes do not fit, a number of the index is out of range,
                or reduce is another word.
        """
    def index_reduce_(
        self,
        dim: _int,
        index: Tensor,
        source: Tensor,
        reduce: Literal["prod", "mean", "amax", "amin"],
        *,
        include_self: _bool = True,
    ) -> Self:
        """`index_reduce` in place. Returns the tensor itself. The example is that of
        `index_reduce`.

        Raises:
            RuntimeError: as `index_reduce` does, or the tensor is a leaf that requires grad, or its
                memory is read-only.
            TypeError: an argument is of the wrong type.
        """
    def select(self, dim: _int, index: _int) -> Self:
        """A view of one index of a dimension, which it lacks.

        Raises:
            IndexError: there is no such dimension or index.
            TypeError: an argument is no int.
        """
    def narrow(self, dim: _int, start: _int, length: _int) -> Self:
        """A view of `length` indices of a dimension, from start on.

        A start that is negative counts from the end.

        Raises:
            IndexError: there is no such dimension or start.
            RuntimeError: length is negative, or reaches over the end.
            TypeError: an argument is no int.
        """
    def movedim(self, source: _Dims, destination: _Dims) -> Self:
        """A view with dimensions moved to other places; the others keep their order.

        Both are ints or tuples of ints.

        Raises:
            IndexError: a dimension is out of range.
            RuntimeError: there are not as many places as dimensions, or one is named twice.
            TypeError: a dimension is no int.
        """
    def moveaxis(self, source: _Dims, destination: _Dims) -> Self:
        """A view with dimensions moved to other places; the others keep their order.

        Both are ints or tuples of ints.

        Raises:
            IndexError: a dimension is out of range.
            RuntimeError: there are not as many places as dimensions, or one is named twice.
            TypeError: a dimension is no int.
        """
    def adjoint(self) -> Self:
        """A view with the last two dimensions exchanged.

        Raises:
            RuntimeError: there is one dimension alone.
        """
    def unflatten(self, dim: _int, sizes: _Dims) -> Self:
        """A view with one dimension as several of these sizes; one may be -1 and is worked out.

        Raises:
            IndexError: there is no such dimension.
            RuntimeError: the sizes do not multiply up to that of the dimension.
            TypeError: a size is no int.
        """
    def diagonal(self, offset: _int = 0, dim1: _int = 0, dim2: _int = 1) -> Self:
        """A view of the diagonal of two dimensions, which becomes the last one.

        offset says how far above the main diagonal it is, or below where negative.

        Raises:
            IndexError: a dimension is out of range.
            RuntimeError: it is the same dimension twice.
            TypeError: an argument is no int.
        """
    def unfold(self, dimension: _int, size: _int, step: _int) -> Self:
        """A view of all windows of a size along a dimension, which begin step apart: that dimension
        counts them, and a last one is added along them.

        Raises:
            IndexError: there is no such dimension.
            RuntimeError: the size is negative or more than there is, or step is not positive.
            TypeError: an argument is no int.
        """
    def as_strided(
        self, size: _Dims, stride: _Dims, storage_offset: _int | None = None
    ) -> Self:
        """A view of the tensor's memory: any sizes, strides in elements, and place of the first
        one.

        storage_offset is counted from the beginning of the memory; without it, the view begins
        where the tensor does. Elements may be met more than once.

        Raises:
            RuntimeError: a size or stride is negative, they are not equally many, or lead outside.
            TypeError: an argument is no int.
        """
    def tensor_split(self, indices_or_sections: _Dims, dim: _int = 0) -> tuple[Self, ...]:
        """A tuple of views, of parts of a dimension: so many as nearly equal as can be, or what
        lies
        between the indices given.

        Raises:
            IndexError: there is no such dimension.
            RuntimeError: the number is not positive.
            TypeError: an index is no int.
        """
    def split_with_sizes(self, split_sizes: _Dims, dim: _int = 0) -> tuple[Self, ...]:
        """`split` into parts of the sizes given.

        Raises:
            IndexError: there is no such dimension.
            RuntimeError: a size is negative, or all sizes are not as long as the dimension.
        """
    def hsplit(self, indices_or_sections: _Dims) -> tuple[Self, ...]:
        """`tensor_split` of columns: of dimension 1, or of a vector.

        Raises:
            RuntimeError: there are no dimensions, or parts would not be equal.
            TypeError: an index is no int.
        """
    def vsplit(self, indices_or_sections: _Dims) -> tuple[Self, ...]:
        """`tensor_split` of rows: of dimension 0, where there are two or more.

        Raises:
            RuntimeError: there are fewer dimensions, or parts would not be equal.
            TypeError: an index is no int.
        """
    def dsplit(self, indices_or_sections: _Dims) -> tuple[Self, ...]:
        """`tensor_split` of dimension 2, where there are three or more.

        Raises:
            RuntimeError: there are fewer dimensions, or parts would not be equal.
            TypeError: an index is no int.
        """
    def transpose_(self, dim0: _int, dim1: _int) -> Self:
        """Exchange two dimensions of the tensor itself. Returns the tensor.

        Raises:
            IndexError: a dimension is out of range.
            RuntimeError: the tensor is a leaf that requires grad.
            TypeError: a dimension is no int.
        """
    def swapaxes_(self, axis0: _int, axis1: _int) -> Self:
        """Exchange two dimensions of the tensor itself. Returns the tensor.

        Raises:
            IndexError: a dimension is out of range.
            RuntimeError: the tensor is a leaf that requires grad.
            TypeError: a dimension is no int.
        """
    def swapdims_(self, dim0: _int, dim1: _int) -> Self:
        """Exchange two dimensions of the tensor itself. Returns the tensor.

        Raises:
            IndexError: a dimension is out of range.
            RuntimeError: the tensor is a leaf that requires grad.
            TypeError: a dimension is no int.
        """
    def t_(self) -> Self:
        """Transpose the matrix itself. Returns the tensor.

        Raises:
            RuntimeError: there are more than two dimensions, or it is a leaf that requires grad.
        """
    def unsqueeze_(self, dim: _int) -> Self:
        """Put a dimension of size 1 into the tensor itself. Returns the tensor.

        Raises:
            IndexError: dim is out of range.
            RuntimeError: the tensor is a leaf that requires grad.
            TypeError: dim is no int.
        """
    def squeeze_(self, dim: _Dims | None = None) -> Self:
        """Drop dimensions of size 1 of the tensor itself: all, or those named. Returns the tensor.

        Raises:
            IndexError: a dimension is out of range.
            RuntimeError: one is named twice, or the tensor is a leaf that requires grad.
        """
    def as_strided_(
        self, size: _Dims, stride: _Dims, storage_offset: _int | None = None
    ) -> Self:
        """Show other places of its memory by the tensor itself, as `as_strided` does. Returns the
        tensor.

        Raises:
            RuntimeError: as `as_strided`, or the tensor is a leaf that requires grad.
            TypeError: an argument is no int.
        """
    @overload
    def resize_(self, *size: _int) -> Self:
        """Give the tensor itself another size: its memory in row-major order, or where that is not
        enough, more, whose new elements are zeros. Returns the tensor.

        Raises:
            RuntimeError: the tensor requires grad, or a size is negative.
            TypeError: a size is no int.
        """
    @overload
    def resize_(self, size: Sequence[_int]) -> Self: ...
    def resize_as_(self, the_template: Tensor) -> Self:
        """`resize_` to the shape of another tensor.

        Raises:
            RuntimeError: the tensor requires grad.
            TypeError: the other is no Tensor.
        """
    @overload
    def flip(self, *dims: _int) -> Self:
        """A copy with the order of some dimensions reversed.

        Raises:
            IndexError: a dimension is out of range.
            RuntimeError: a dimension is named twice.
            TypeError: a dimension is no int.
        """
    @overload
    def flip(self, dims: Sequence[_int]) -> Self: ...
    def fliplr(self) -> Self:
        """A copy with the order of dimension 1 reversed.

        Raises:
            RuntimeError: there are fewer than two dimensions.
        """
    def flipud(self) -> Self:
        """A copy with the order of dimension 0 reversed.

        Raises:
            RuntimeError: there are no dimensions.
        """
    def rot90(self, k: _int = 1, dims: _Dims = (0, 1)) -> Self:
        """A copy turned by k quarters in the plane of two dimensions, from the first to the second.

        Raises:
            IndexError: a dimension is out of range.
            RuntimeError: dims are not two that differ.
            TypeError: an argument is no int.
        """
    def roll(self, shifts: _Dims, dims: _Dims = ()) -> Self:
        """A copy with the elements moved on along dimensions; what leaves at the end comes in at
        the
        beginning. Without dims all elements are one row.

        Raises:
            IndexError: a dimension is out of range.
            RuntimeError: there are not as many shifts as dimensions.
            TypeError: an argument is no int.
        """
    @overload
    def repeat(self, *repeats: _int) -> Self:
        """A copy with the whole so many times along each dimension; more numbers than dimensions
        put
        new ones in front.

        Raises:
            RuntimeError: there are fewer numbers than dimensions, or one is negative.
            TypeError: a number is no int.
        """
    @overload
    def repeat(self, repeats: Sequence[_int]) -> Self: ...
    @overload
    def tile(self, *dims: _int) -> Self:
        """`repeat`, where fewer numbers than dimensions are those of the last ones.

        Raises:
            RuntimeError: a number is negative.
            TypeError: a number is no int.
        """
    @overload
    def tile(self, dims: Sequence[_int]) -> Self: ...
    def tril(self, diagonal: _int = 0, *, out: Tensor | None = None) -> Self:
        """The lower triangles of matrices: up to a diagonal, which may be above or, where negative,
        below the main one. The rest is 0.

        Raises:
            RuntimeError: there are fewer than two dimensions.
            TypeError: an argument is of the wrong type.
        """
    def tril_(self, diagonal: _int = 0) -> Self:
        """`tril` in place. Returns the tensor itself.

        Raises:
            RuntimeError: there are fewer than two dimensions, or it is a leaf that requires grad.
            TypeError: diagonal is no int.
        """
    def triu(self, diagonal: _int = 0, *, out: Tensor | None = None) -> Self:
        """The upper triangles of matrices: from a diagonal on, which may be above or, where
        negative,
        below the main one. The rest is 0.

        Raises:
            RuntimeError: there are fewer than two dimensions.
            TypeError: an argument is of the wrong type.
        """
    def triu_(self, diagonal: _int = 0) -> Self:
        """`triu` in place. Returns the tensor itself.

        Raises:
            RuntimeError: there are fewer than two dimensions, or it is a leaf that requires grad.
            TypeError: diagonal is no int.
        """
    def trace(self) -> Self:
        """The sum of the diagonal of a matrix.

        Raises:
            RuntimeError: the tensor is no matrix.
        """
    def diag_embed(self, offset: _int = 0, dim1: _int = -2, dim2: _int = -1) -> Self:
        """The last dimension as the diagonal of two new ones, which are at dim1 and dim2. The rest
        is
        0.

        Raises:
            IndexError: a dimension is out of range.
            RuntimeError: it is the same dimension twice.
            TypeError: an argument is no int.
        """
    def diag(self, diagonal: _int = 0, *, out: Tensor | None = None) -> Self:
        """Of a vector a matrix with it as a diagonal; of a matrix a copy of its diagonal.

        Raises:
            RuntimeError: the tensor is neither.
            TypeError: an argument is of the wrong type.
        """
    def diagflat(self, offset: _int = 0) -> Self:
        """A matrix with all elements, in order, as a diagonal.

        Raises:
            TypeError: offset is no int.
        """
    def fill_diagonal_(self, fill_value: _Real, wrap: _bool = False) -> Self:
        """Set the diagonal to a number: of a matrix, or of more dimensions of one size. With wrap a
        tall matrix has one again below each. Returns the tensor itself.

        Raises:
            RuntimeError: there are fewer than two dimensions, more that are not of one size, or
                the tensor is a leaf that requires grad.
            TypeError: fill_value is no number.
        """
    def select_scatter(self, src: Tensor, dim: _int, index: _int) -> Self:
        """A copy in which one index of a dimension is src.

        Raises:
            IndexError: there is no such dimension or index.
            RuntimeError: src has not the shape of that part.
            TypeError: an argument is of the wrong type.
        """
    def slice_scatter(
        self,
        src: Tensor,
        dim: _int = 0,
        start: _int | None = None,
        end: _int | None = None,
        step: _int = 1,
    ) -> Self:
        """A copy in which every step-th index from start to before end, of a dimension, is src.

        Raises:
            IndexError: there is no such dimension.
            RuntimeError: src has not the shape of that part, or step is not positive.
            TypeError: an argument is of the wrong type.
        """
    def diagonal_scatter(
        self, src: Tensor, offset: _int = 0, dim1: _int = 0, dim2: _int = 1
    ) -> Self:
        """A copy in which the diagonal of two dimensions, as `diagonal` gives it, is src.

        Raises:
            IndexError: a dimension is out of range.
            RuntimeError: src has not the shape of the diagonal.
            TypeError: an argument is of the wrong type.
        """
    def outer(self, vec2: Tensor, *, out: Tensor | None = None) -> Self:
        """The products of each element of a vector with each of another, as a matrix.

        Raises:
            RuntimeError: one of them is no vector.
            TypeError: an argument is no Tensor.
        """
    def ger(self, vec2: Tensor, *, out: Tensor | None = None) -> Self:
        """The products of each element of a vector with each of another, as a matrix.

        Raises:
            RuntimeError: one of them is no vector.
            TypeError: an argument is no Tensor.
        """
    def kron(self, other: Tensor, *, out: Tensor | None = None) -> Self:
        """The Kronecker product: each element times all of the other, in its place.

        Raises:
            TypeError: an argument is no Tensor.
        """
    def unbind(self, dim: _int = 0) -> tuple[Self, ...]:
        """A tuple of views, one of each index of a dimension, which they lack.

        They cannot be written in place where gradients are recorded.

        Raises:
            IndexError: there is no such dimension.
        """
    def split(self, split_size_or_sections: _Dims, dim: _int = 0) -> tuple[Self, ...]:
        """A tuple of views, of parts of a dimension one behind the other.

        They have the size given, the last what is left; or the sizes given, as a tuple or list,
        which
        are as long together as the dimension. They cannot be written in place where gradients are
        recorded.

        Raises:
            IndexError: there is no such dimension.
            RuntimeError: a size is negative, or all sizes are not as long as the dimension.
        """
    def chunk(self, chunks: _int, dim: _int = 0) -> tuple[Self, ...]:
        """A tuple of views, of so many parts of a dimension or fewer: all have one size, the last
        what
        is left.

        Raises:
            IndexError: there is no such dimension.
            RuntimeError: the number is not positive.
        """
    @overload
    def new_zeros(self, *size: _int) -> Self:
        """A tensor of zeros of these sizes, of the tensor's own dtype where none is given.

        Raises:
            RuntimeError: a size is negative, or there are too many elements.
            TypeError: a size is no int, or dtype is none.
        """
    @overload
    def new_zeros(
        self,
        size: Sequence[_int],
        *,
        dtype: _DType = None,
        requires_grad: _bool = False,
        device: _Device = None,
    ) -> Self: ...
    @overload
    def new_ones(self, *size: _int) -> Self:
        """A tensor of ones of these sizes, of the tensor's own dtype where none is given.

        Raises:
            RuntimeError: a size is negative, or there are too many elements.
            TypeError: a size is no int, or dtype is none.
        """
    @overload
    def new_ones(
        self,
        size: Sequence[_int],
        *,
        dtype: _DType = None,
        requires_grad: _bool = False,
        device: _Device = None,
    ) -> Self: ...
    @overload
    def new_empty(self, *size: _int) -> Self:
        """A tensor of undefined values of these sizes, of the tensor's own dtype where none is
        given.

        Raises:
            RuntimeError: a size is negative, or there are too many elements.
            TypeError: a size is no int, or dtype is none.
        """
    @overload
    def new_empty(
        self,
        size: Sequence[_int],
        *,
        dtype: _DType = None,
        requires_grad: _bool = False,
        device: _Device = None,
    ) -> Self: ...
    def new_empty_strided(
        self,
        size: _Dims,
        stride: _Dims,
        *,
        dtype: _DType = None,
        requires_grad: _bool = False,
        device: _Device = None,
    ) -> Self:
        """A tensor of undefined values, of these sizes and strides in elements, of the tensor's own
        dtype where none is given.

        Raises:
            RuntimeError: a size or stride is negative, or they are not equally many.
            TypeError: one is no int, or dtype is none.
        """
    def new_full(
        self,
        size: _Dims,
        fill_value: _Real,
        *,
        dtype: _DType = None,
        requires_grad: _bool = False,
        device: _Device = None,
    ) -> Self:
        """A tensor with one number everywhere, of the tensor's own dtype where none is given.

        Raises:
            RuntimeError: a size is negative, or there are too many elements.
            TypeError: a size is no int, fill_value no number, or dtype is none.
        """
    def new_tensor(
        self,
        data: _Value,
        *,
        dtype: _DType = None,
        requires_grad: _bool = False,
        device: _Device = None,
    ) -> Self:
        """A tensor with a copy of data, of the tensor's own dtype where none is given.

        Raises:
            ValueError: the nesting is ragged, or has more than 32 levels.
            TypeError: something in it is no number, or dtype is none.
        """
    def uniform_(
        self, from_: _Real = 0, to: _Real = 1, *, generator: Generator | None = None
    ) -> Self:
        """Overwrite the tensor by random numbers, uniform from `from_` up to, but without, `to`.
        The numbers come from the generator, without one from the process's, and the gradient of
        what was there before is 0. Returns the tensor itself.

        Raises:
            TypeError: a bound is no number.
            NotImplementedError: the dtype is not float64.
            RuntimeError: from_ is larger than to, one is not finite, the tensor is a leaf that
                requires grad, or its memory is read-only.
        """
    def normal_(
        self, mean: _Real = 0, std: _Real = 1, *, generator: Generator | None = None
    ) -> Self:
        """Overwrite the tensor by random numbers, normal with this mean and standard deviation.
        The numbers come from the generator, without one from the process's, and the gradient of
        what was there before is 0. Returns the tensor itself.

        Raises:
            TypeError: an argument is no number.
            NotImplementedError: the dtype is not float64.
            RuntimeError: std is negative or NaN, the tensor is a leaf that requires grad,
                or its memory is read-only.
        """
    def log_normal_(
        self, mean: _Real = 1, std: _Real = 2, *, generator: Generator | None = None
    ) -> Self:
        """Overwrite the tensor by the exponentials of normal numbers of this mean and deviation.
        The numbers come from the generator, without one from the process's, and the gradient of
        what was there before is 0. Returns the tensor itself.

        Raises:
            TypeError: an argument is no number.
            NotImplementedError: the dtype is not float64.
            RuntimeError: std is not positive, the tensor is a leaf that requires grad,
                or its memory is read-only.
        """
    def exponential_(self, lambd: _Real = 1, *, generator: Generator | None = None) -> Self:
        """Overwrite the tensor by random waiting times: exponential numbers of the rate lambd.
        The numbers come from the generator, without one from the process's, and the gradient of
        what was there before is 0. Returns the tensor itself.

        Raises:
            TypeError: lambd is no number.
            RuntimeError: lambd is not positive, the dtype is not float64, the tensor is a leaf
                that requires grad, or its memory is read-only.
        """
    def cauchy_(
        self, median: _Real = 0, sigma: _Real = 1, *, generator: Generator | None = None
    ) -> Self:
        """Overwrite the tensor by numbers of the law of Cauchy: half of them are within sigma of
        the
        median.
        The numbers come from the generator, without one from the process's, and the gradient of
        what was there before is 0. Returns the tensor itself.

        Raises:
            TypeError: an argument is no number.
            RuntimeError: sigma is not positive, the dtype is not float64, the tensor is a leaf
                that requires grad, or its memory is read-only.
        """
    def geometric_(self, p: _Real, *, generator: Generator | None = None) -> Self:
        """Overwrite the tensor by how many trials it takes to the first success, each of which has
        the probability p.
        The numbers come from the generator, without one from the process's, and the gradient of
        what was there before is 0. Returns the tensor itself.

        Raises:
            TypeError: p is no number.
            NotImplementedError: the dtype is bool.
            RuntimeError: p is not between 0 and 1, the tensor is a leaf that requires grad,
                or its memory is read-only.
        """
    def multinomial(
        self,
        num_samples: _int,
        replacement: _bool = False,
        *,
        generator: Generator | None = None,
        out: Tensor | None = None,
    ) -> Self:
        """Numbers of classes, int64, by their weights, which need not add up to 1: of a vector, or
        of
        each row of a matrix. Without replacement no class comes twice, and those that come are in
        the order in which they would be drawn one by one; classes of weight 0 come last.

        Raises:
            RuntimeError: a weight is negative or not finite, all weights of a row are 0, there are
                not 1 or 2 dimensions, the dtype is not float64, num_samples is not positive or,
                without replacement, larger than the number of classes.
            TypeError: an argument is of the wrong type.
        """
    def dist(self, other: Tensor, p: _Real = 2) -> Self:
        """The p-norm of all differences between two tensors, which broadcast. Where it is 0, so
        is its gradient.

        Raises:
            RuntimeError: the shapes do not broadcast.
            TypeError: an argument is of the wrong type.
        """
    def cumsum(self, dim: _int, *, dtype: _DType = None, out: Tensor | None = None) -> Self:
        """The sums of the elements up to each along a dimension.

        The result has the shape of the input, and is int64 of a bool or int64 tensor.

        Raises:
            IndexError: there is no such dimension.
            NotImplementedError: dtype is bool.
            TypeError: an argument is of the wrong type.
        """
    def cumsum_(self, dim: _int, *, dtype: _DType = None, out: Tensor | None = None) -> Self:
        """`cumsum` in place. Returns the tensor itself. The example is that of `cumsum`.

        Raises:
            RuntimeError: as `cumsum` does, or the tensor is a leaf that requires grad, or its
                memory is read-only.
            TypeError: an argument is of the wrong type.
        """
    def cumprod(self, dim: _int, *, dtype: _DType = None, out: Tensor | None = None) -> Self:
        """The products of the elements up to each along a dimension.

        The result has the shape of the input, and is int64 of a bool or int64 tensor. Zeros have
        their exact gradients, too: nothing is divided.

        Raises:
            IndexError: there is no such dimension.
            NotImplementedError: dtype is bool.
            TypeError: an argument is of the wrong type.
        """
    def cumprod_(self, dim: _int, *, dtype: _DType = None, out: Tensor | None = None) -> Self:
        """`cumprod` in place. Returns the tensor itself. The example is that of `cumprod`.

        Raises:
            RuntimeError: as `cumprod` does, or the tensor is a leaf that requires grad, or its
                memory is read-only.
            TypeError: an argument is of the wrong type.
        """
    def logcumsumexp(self, dim: _int, *, out: Tensor | None = None) -> Self:
        """The logarithms of the sums of exp(x) up to each element along a dimension.

        Nothing overflows on the way. What is -inf has no part in what follows.

        Raises:
            IndexError: there is no such dimension.
            NotImplementedError: the input is not float64.
            TypeError: an argument is of the wrong type.
        """
    def diff(
        self,
        n: _int = 1,
        dim: _int = -1,
        prepend: Tensor | None = None,
        append: Tensor | None = None,
        *,
        out: Tensor | None = None,
    ) -> Self:
        """The differences between neighbours along a dimension, n times over.

        What is given as `prepend` and `append` is put before and behind the input first. Of a bool
        tensor it is whether neighbours differ.

        Raises:
            IndexError: there is no such dimension.
            RuntimeError: the input has no dimensions, n is negative, or shapes do not fit.
            TypeError: an argument is of the wrong type.
        """
    def cummax(self, dim: _int) -> return_types.cummax:
        """The largest elements up to each along a dimension, and where they are.

        As a named tuple with the fields `values` and `indices`. Of equal elements the last so far
        is meant, and takes the gradient. From the first NaN on all values are nan.

        Raises:
            IndexError: there is no such dimension.
            TypeError: an argument is of the wrong type.
        """
    def cummin(self, dim: _int) -> return_types.cummin:
        """The smallest elements up to each along a dimension, and where they are.

        As a named tuple with the fields `values` and `indices`. Of equal elements the last so far
        is meant, and takes the gradient. From the first NaN on all values are nan.

        Raises:
            IndexError: there is no such dimension.
            TypeError: an argument is of the wrong type.
        """
    def bincount(self, weights: Tensor | None = None, minlength: _int = 0) -> Self:
        """How often each whole number from 0 on is among the elements of an int64 vector; with
        weights the sums of the weights that lie beside them, in their order.

        The result has `minlength` elements, or as many as the largest number wants. No gradient
        goes to the weights.

        Raises:
            NotImplementedError: the input is not int64.
            RuntimeError: a number or minlength is negative, the input is no vector, or the weights
                have not its length.
            TypeError: an argument is of the wrong type.
        """
    def histc(
        self, bins: _int = 100, min: _Real = 0, max: _Real = 0, *, out: Tensor | None = None
    ) -> Self:
        """How many elements lie in each of `bins` intervals of one width from min to max.

        An interval has its lower end, the last one both. Where min and max are equal the smallest
        and the largest element stand for them, and where these are equal, that less and more 1.
        What lies outside is not counted, NaN neither.

        Raises:
            NotImplementedError: the input is not float64.
            RuntimeError: bins is not positive, max is below min, or an end is not finite.
            TypeError: an argument is of the wrong type.
        """
    def histogram(
        self,
        bins: _Real = 100,
        *,
        range: _Value | None = None,
        weight: Tensor | None = None,
        density: _bool = False,
    ) -> return_types.histogram:
        """How many elements lie in each interval, or what their weights sum to, and the ends of the
        intervals: as many of one width as `bins` says, or those between the numbers of a vector.

        An interval has its lower end, the last one both; what lies outside is not counted, NaN
        neither. The intervals of one width go from range[0] to range[1], without a range from the
        smallest element to the largest, and where these are equal, half below and above. With
        `density` the counts are divided by their sum and the widths. No gradient goes through it.

        Raises:
            NotImplementedError: the input is not float64.
            RuntimeError: bins is not positive, the range is not two finite numbers in ascending
                order, the vector has another dtype or less than two numbers, or the weights have
                another shape than the input.
            TypeError: a range is given with a vector, or an argument is of the wrong type.
        """
    def unique(
        self,
        sorted: _bool = True,
        return_inverse: _bool = False,
        return_counts: _bool = False,
        dim: _int | None = None,
    ) -> Any:
        """What is different among the elements, in ascending order; with dim among the slices along
        that dimension, ordered by their first elements that differ.

        A tensor, or a tuple of it, of which of them each element is (return_inverse) and of how
        often each is there (return_counts). A NaN is equal to nothing. The order is the same
        without `sorted`. No gradient goes through it.

        Raises:
            IndexError: there is no such dimension.
            RuntimeError: another dimension has size 0.
            TypeError: an argument is of the wrong type.
        """
    def unique_consecutive(
        self, return_inverse: _bool = False, return_counts: _bool = False, dim: _int | None = None
    ) -> Any:
        """The elements that differ from the one before them; with dim the slices along that
        dimension.

        A tensor, or a tuple of it, of which of them each element belongs to (return_inverse) and
        of how many belong to each (return_counts). A NaN is equal to nothing. No gradient goes
        through it.

        Raises:
            IndexError: there is no such dimension.
            RuntimeError: another dimension has size 0.
            TypeError: an argument is of the wrong type.
        """
    def mm(self, mat2: Tensor, *, out: Tensor | None = None) -> Self:
        """The product of two matrices, (n, m) times (m, p) gives (n, p). One may be a constant
        matrix
        of scipy.sparse.

        Bits may depend on the shapes, the BLAS in use and the processor, not on the number of
        threads.

        Raises:
            RuntimeError: one of them is no matrix, their sizes do not fit, or their dtypes
                differ.
            TypeError: an argument is no Tensor.
        """
    def bmm(self, mat2: Tensor, *, out: Tensor | None = None) -> Self:
        """The products of matrices in turn: (b, n, m) times (b, m, p) gives (b, n, p).

        Raises:
            RuntimeError: one of them has not three dimensions, their sizes do not fit, or
                their dtypes differ.
            TypeError: an argument is no Tensor.
        """
    def mv(self, vec: Tensor, *, out: Tensor | None = None) -> Self:
        """The product of a matrix (n, m) and a vector (m), which is a vector (n). The matrix may be
        a
        constant one of scipy.sparse.

        Raises:
            RuntimeError: they are none, their sizes do not fit, or their dtypes differ.
            TypeError: an argument is no Tensor.
        """
    def dot(self, tensor: Tensor, *, out: Tensor | None = None) -> Self:
        """The inner product of two vectors.

        Raises:
            RuntimeError: they are no vectors of one size, or their dtypes differ.
            TypeError: an argument is no Tensor.
        """
    def vdot(self, other: Tensor, *, out: Tensor | None = None) -> Self:
        """The inner product of two vectors, as `dot`.

        Raises:
            RuntimeError: they are no vectors of one size, or their dtypes differ.
            TypeError: an argument is no Tensor.
        """
    def matmul(self, other: Tensor, *, out: Tensor | None = None) -> Self:
        """The matrix product, as `input @ other`.

        Of two vectors their inner product; of a matrix and a vector, or a vector and a matrix, a
        vector; of two matrices a matrix. Dimensions before the last two are a batch, and
        broadcast. One operand may be a constant matrix of scipy.sparse, for the operator, too.

        Raises:
            RuntimeError: one of them has no dimensions, the sizes do not fit, or the dtypes
                differ.
            TypeError: an argument is no Tensor.
        """
    def inner(self, other: Tensor, *, out: Tensor | None = None) -> Self:
        """Sums of products over the last dimension of both: (..., n) and (***, n) give (..., ***).

        Where one of them has no dimensions, the plain product.

        Raises:
            RuntimeError: the last sizes differ, or the dtypes do.
            TypeError: an argument is no Tensor.
        """
    def addmm(self, mat1: Tensor, mat2: Tensor, *, beta: _Real = 1, alpha: _Real = 1) -> Self:
        """beta * input + alpha * (mat1 @ mat2), of matrices.

        The input is repeated to the product's shape. If beta is 0, nothing of the input counts,
        NaN neither.

        Raises:
            RuntimeError: the sizes do not fit, or the dtypes differ.
            TypeError: an argument is of the wrong type.
        """
    def addmm_(self, mat1: Tensor, mat2: Tensor, *, beta: _Real = 1, alpha: _Real = 1) -> Self:
        """`addmm` in place. Returns the tensor itself. The example is that of `addmm`.

        Raises:
            RuntimeError: as `addmm` does, or the tensor is a leaf that requires grad, or its
                memory is read-only.
            TypeError: an argument is of the wrong type.
        """
    def baddbmm(
        self, batch1: Tensor, batch2: Tensor, *, beta: _Real = 1, alpha: _Real = 1
    ) -> Self:
        """beta * input + alpha * (batch1 @ batch2), of matrices in batches.

        The input is repeated to the product's shape. If beta is 0, nothing of the input counts,
        NaN neither.

        Raises:
            RuntimeError: the sizes do not fit, or the dtypes differ.
            TypeError: an argument is of the wrong type.
        """
    def baddbmm_(
        self, batch1: Tensor, batch2: Tensor, *, beta: _Real = 1, alpha: _Real = 1
    ) -> Self:
        """`baddbmm` in place. Returns the tensor itself. The example is that of `baddbmm`.

        Raises:
            RuntimeError: as `baddbmm` does, or the tensor is a leaf that requires grad, or its
                memory is read-only.
            TypeError: an argument is of the wrong type.
        """
    def addmv(self, mat: Tensor, vec: Tensor, *, beta: _Real = 1, alpha: _Real = 1) -> Self:
        """beta * input + alpha * (mat @ vec), of a matrix and a vector.

        The input is repeated to the product's shape. If beta is 0, nothing of the input counts,
        NaN neither.

        Raises:
            RuntimeError: the sizes do not fit, or the dtypes differ.
            TypeError: an argument is of the wrong type.
        """
    def addmv_(self, mat: Tensor, vec: Tensor, *, beta: _Real = 1, alpha: _Real = 1) -> Self:
        """`addmv` in place. Returns the tensor itself. The example is that of `addmv`.

        Raises:
            RuntimeError: as `addmv` does, or the tensor is a leaf that requires grad, or its
                memory is read-only.
            TypeError: an argument is of the wrong type.
        """
    def addr(self, vec1: Tensor, vec2: Tensor, *, beta: _Real = 1, alpha: _Real = 1) -> Self:
        """beta * input + alpha * outer(vec1, vec2), of two vectors.

        The input is repeated to the product's shape. If beta is 0, nothing of the input counts,
        NaN neither.

        Raises:
            RuntimeError: the sizes do not fit, or the dtypes differ.
            TypeError: an argument is of the wrong type.
        """
    def addr_(self, vec1: Tensor, vec2: Tensor, *, beta: _Real = 1, alpha: _Real = 1) -> Self:
        """`addr` in place. Returns the tensor itself. The example is that of `addr`.

        Raises:
            RuntimeError: as `addr` does, or the tensor is a leaf that requires grad, or its
                memory is read-only.
            TypeError: an argument is of the wrong type.
        """
    def addbmm(
        self, batch1: Tensor, batch2: Tensor, *, beta: _Real = 1, alpha: _Real = 1
    ) -> Self:
        """beta * input + alpha * (batch1 @ batch2).sum(0), of matrices in batches.

        The input is repeated to the product's shape. If beta is 0, nothing of the input counts,
        NaN neither.

        Raises:
            RuntimeError: the sizes do not fit, or the dtypes differ.
            TypeError: an argument is of the wrong type.
        """
    def addbmm_(
        self, batch1: Tensor, batch2: Tensor, *, beta: _Real = 1, alpha: _Real = 1
    ) -> Self:
        """`addbmm` in place. Returns the tensor itself. The example is that of `addbmm`.

        Raises:
            RuntimeError: as `addbmm` does, or the tensor is a leaf that requires grad, or its
                memory is read-only.
            TypeError: an argument is of the wrong type.
        """
    @overload
    def var(self, unbiased: _bool) -> Self:
        """The variance of the elements over dim: an int, a tuple of ints, or None for all.

        Of N numbers the squares of what differs from the mean are summed and divided by
        N - correction: 1 for a sample (Bessel's correction), 0 for all that there is. `unbiased`
        is another way to say 1 (True) or 0. Warns where N is not larger than the correction.

        Raises:
            IndexError: there is no such dimension.
            RuntimeError: a dimension is named twice.
            TypeError: an argument is of the wrong type.
        """
    @overload
    def var(self, dim: _Dims, unbiased: _bool = True, keepdim: _bool = False) -> Self: ...
    @overload
    def var(
        self, dim: _Dims | None = None, *, correction: _Real | None = None, keepdim: _bool = False
    ) -> Self: ...
    @overload
    def std(self, unbiased: _bool) -> Self:
        """The standard deviation of the elements over dim: an int, a tuple of ints, or None for
        all.

        Of N numbers the squares of what differs from the mean are summed and divided by
        N - correction: 1 for a sample (Bessel's correction), 0 for all that there is. `unbiased`
        is another way to say 1 (True) or 0. Warns where N is not larger than the correction.

        The root of the variance; where that is 0, the gradient is 0 too.

        Raises:
            IndexError: there is no such dimension.
            RuntimeError: a dimension is named twice.
            TypeError: an argument is of the wrong type.
        """
    @overload
    def std(self, dim: _Dims, unbiased: _bool = True, keepdim: _bool = False) -> Self: ...
    @overload
    def std(
        self, dim: _Dims | None = None, *, correction: _Real | None = None, keepdim: _bool = False
    ) -> Self: ...
    @overload
    def max(self) -> Self:
        """The largest element; or, with a dim, the largest elements along it and where they are;
        or,
        with another tensor, `maximum`.

        With a dim as a named tuple with the fields `values` and `indices`; the dimension is
        dropped, or kept with size 1 if keepdim. A NaN counts as the largest. Of equal elements the
        first is meant and has the gradient; where there is no dim they share it.

        Raises:
            IndexError: the dimension is out of range, or has size 0.
            RuntimeError: there are no elements and no dim.
            TypeError: an argument is of the wrong type.
        """
    @overload
    def max(self, other: Tensor, *, out: Tensor | None = None) -> Self: ...
    @overload
    def max(self, dim: _int, keepdim: _bool = False) -> return_types.max: ...
    @overload
    def min(self) -> Self:
        """The smallest element; or, with a dim, the smallest elements along it and where they are;
        or, with another tensor, `minimum`.

        With a dim as a named tuple with the fields `values` and `indices`; the dimension is
        dropped, or kept with size 1 if keepdim. A NaN counts as the smallest. Of equal elements
        the first is meant and has the gradient; where there is no dim they share it.

        Raises:
            IndexError: the dimension is out of range, or has size 0.
            RuntimeError: there are no elements and no dim.
            TypeError: an argument is of the wrong type.
        """
    @overload
    def min(self, other: Tensor, *, out: Tensor | None = None) -> Self: ...
    @overload
    def min(self, dim: _int, keepdim: _bool = False) -> return_types.min: ...
    @overload
    def median(self) -> Self:
        """The median of all elements; or, with a dim, the medians along it and where they are.

        With a dim as a named tuple with the fields `values` and `indices`; the dimension is
        dropped, or kept with size 1 if keepdim. Of an even number of elements it is the lower of
        the two in the middle. A NaN makes it nan, of no elements it is nan. Of equal elements the
        first is meant and has the gradient; where there is no dim they share it.

        Raises:
            IndexError: the dimension is out of range, or has size 0.
            NotImplementedError: the input is a bool tensor.
            TypeError: an argument is of the wrong type.
        """
    @overload
    def median(self, dim: _int, keepdim: _bool = False) -> return_types.median: ...
    @overload
    def nanmedian(self) -> Self:
        """`median` of those elements that are not NaN; nan where none is.

        Raises:
            IndexError: the dimension is out of range, or has size 0.
            NotImplementedError: the input is a bool tensor.
            TypeError: an argument is of the wrong type.
        """
    @overload
    def nanmedian(self, dim: _int, keepdim: _bool = False) -> return_types.nanmedian: ...
    @overload
    def repeat_interleave(
        self, repeats: Tensor, dim: _int | None = None, *, output_size: _int | None = None
    ) -> Self:
        """A copy with each index of a dimension so many times, behind each other: as an int, or as
        a
        vector with a number for each of them. Without dim, all elements in one row. Of a vector of
        numbers alone, its places so many times.

        Raises:
            IndexError: there is no such dimension.
            RuntimeError: a number is negative, or there are not as many as indices.
            TypeError: an argument is of the wrong type.
        """
    @overload
    def repeat_interleave(
        self, repeats: _int, dim: _int | None = None, *, output_size: _int | None = None
    ) -> Self: ...
    @overload
    def repeat_interleave(self, *, output_size: _int | None = None) -> Self: ...
    @overload
    def random_(self, *, generator: Generator | None = None) -> Self:
        """Overwrite the tensor by random whole numbers from `from_` up to, but without, `to`,
        each as likely as another; random_(to) begins at 0. Without `to` they end at 2 ** 53,
        in a tensor of bool at 1. The numbers come from the generator, without one from the
        process's, and the gradient of what was there before is 0. Returns the tensor itself.

        Raises:
            TypeError: a bound is no int.
            RuntimeError: there is no number from from_ to to, the dtype does not have them,
                the tensor is a leaf that requires grad, or its memory is read-only.
        """
    @overload
    def random_(self, to: _int, *, generator: Generator | None = None) -> Self: ...
    @overload
    def random_(
        self, from_: _int, to: _int | None = None, *, generator: Generator | None = None
    ) -> Self: ...
    @overload
    def bernoulli(
        self, *, generator: Generator | None = None, out: Tensor | None = None
    ) -> Self:
        """1 with a probability, else 0: the one that the input has at each place, or if p is
        given that for all places of a tensor of the input's shape and dtype. The numbers come
        from the generator, without one from the process's. The gradient of a probability is
        0, as it is in PyTorch.

        Raises:
            RuntimeError: a probability is not in [0, 1].
            NotImplementedError: the input's probabilities are not float64.
            TypeError: an argument is of the wrong type.
        """
    @overload
    def bernoulli(self, p: _Real, *, generator: Generator | None = None) -> Self: ...
    @overload
    def bernoulli_(self, p: Tensor, *, generator: Generator | None = None) -> Self:
        """Overwrite the tensor by 1 with probability p, else 0: a number, or a Tensor that has a
        probability for each place and broadcasts. The numbers come from the generator,
        without one from the process's, and the gradient of what was there before is 0.
        Returns the tensor itself.

        Raises:
            TypeError: p is neither a number nor a Tensor.
            NotImplementedError: p is a Tensor that is not float64.
            RuntimeError: a probability is not in [0, 1], the shapes do not fit each other,
                the tensor is a leaf that requires grad, or its memory is read-only.
        """
    @overload
    def bernoulli_(self, p: _Real = 0.5, *, generator: Generator | None = None) -> Self: ...
    # </ops>

# ---- ops

class return_types:
    """The named tuples that functions with several results give."""
    # <ops tuples>
    class aminmax(NamedTuple):
        """What a function with several results gives."""
        min: Tensor
        max: Tensor
    class linalg_cholesky_ex(NamedTuple):
        """What a function with several results gives."""
        L: Tensor
        info: Tensor
    class linalg_solve_ex(NamedTuple):
        """What a function with several results gives."""
        result: Tensor
        info: Tensor
    class triangular_solve(NamedTuple):
        """What a function with several results gives."""
        solution: Tensor
        cloned_coefficient: Tensor
    class linalg_inv_ex(NamedTuple):
        """What a function with several results gives."""
        inverse: Tensor
        info: Tensor
    class linalg_lu_factor(NamedTuple):
        """What a function with several results gives."""
        LU: Tensor
        pivots: Tensor
    class linalg_lu_factor_ex(NamedTuple):
        """What a function with several results gives."""
        LU: Tensor
        pivots: Tensor
        info: Tensor
    class linalg_lu(NamedTuple):
        """What a function with several results gives."""
        P: Tensor
        L: Tensor
        U: Tensor
    class linalg_ldl_factor(NamedTuple):
        """What a function with several results gives."""
        LD: Tensor
        pivots: Tensor
    class linalg_ldl_factor_ex(NamedTuple):
        """What a function with several results gives."""
        LD: Tensor
        pivots: Tensor
        info: Tensor
    class linalg_slogdet(NamedTuple):
        """What a function with several results gives."""
        sign: Tensor
        logabsdet: Tensor
    class slogdet(NamedTuple):
        """What a function with several results gives."""
        sign: Tensor
        logabsdet: Tensor
    class linalg_eigh(NamedTuple):
        """What a function with several results gives."""
        eigenvalues: Tensor
        eigenvectors: Tensor
    class linalg_eig(NamedTuple):
        """What a function with several results gives."""
        eigenvalues: Tensor
        eigenvectors: Tensor
    class linalg_svd(NamedTuple):
        """What a function with several results gives."""
        U: Tensor
        S: Tensor
        Vh: Tensor
    class svd(NamedTuple):
        """What a function with several results gives."""
        U: Tensor
        S: Tensor
        V: Tensor
    class linalg_qr(NamedTuple):
        """What a function with several results gives."""
        Q: Tensor
        R: Tensor
    class qr(NamedTuple):
        """What a function with several results gives."""
        Q: Tensor
        R: Tensor
    class linalg_lstsq(NamedTuple):
        """What a function with several results gives."""
        solution: Tensor
        residuals: Tensor
        rank: Tensor
        singular_values: Tensor
    class max(NamedTuple):
        """What a function with several results gives."""
        values: Tensor
        indices: Tensor
    class min(NamedTuple):
        """What a function with several results gives."""
        values: Tensor
        indices: Tensor
    class sort(NamedTuple):
        """What a function with several results gives."""
        values: Tensor
        indices: Tensor
    class topk(NamedTuple):
        """What a function with several results gives."""
        values: Tensor
        indices: Tensor
    class kthvalue(NamedTuple):
        """What a function with several results gives."""
        values: Tensor
        indices: Tensor
    class median(NamedTuple):
        """What a function with several results gives."""
        values: Tensor
        indices: Tensor
    class nanmedian(NamedTuple):
        """What a function with several results gives."""
        values: Tensor
        indices: Tensor
    class mode(NamedTuple):
        """What a function with several results gives."""
        values: Tensor
        indices: Tensor
    class cummax(NamedTuple):
        """What a function with several results gives."""
        values: Tensor
        indices: Tensor
    class cummin(NamedTuple):
        """What a function with several results gives."""
        values: Tensor
        indices: Tensor
    class histogram(NamedTuple):
        """What a function with several results gives."""
        hist: Tensor
        bin_edges: Tensor
    # </ops>


# <ops functions>
def mul(input: _Operand, other: _Operand, *, out: Tensor | None = None) -> Tensor:
    """Elementwise mul: x * y.

    The operands are tensors, numbers or arrays; their shapes broadcast to the result's.

    With `out` the result is written there, and that is returned. If its shape is another one,
    it is resized, with a warning unless it is empty.

    Raises:
        RuntimeError: the shapes do not broadcast.
        TypeError: an operand is none of these, or neither is a tensor.
    """
def remainder(input: _Operand, other: _Operand, *, out: Tensor | None = None) -> Tensor:
    """Elementwise remainder: what is left of x after whole multiples of y, with the sign of y.

    The operands are tensors, numbers or arrays; their shapes broadcast to the result's.

    With `out` the result is written there, and that is returned. If its shape is another one,
    it is resized, with a warning unless it is empty.

    Raises:
        RuntimeError: the shapes do not broadcast.
        TypeError: an operand is none of these, or neither is a tensor.
    """
def neg(input: _T, *, out: Tensor | None = None) -> _T:
    """Elementwise neg: -x.

    The result has the shape of the input.

    With `out` the result is written there, and that is returned. If its shape is another one,
    it is resized, with a warning unless it is empty.

    Raises:
        TypeError: the input is not a Tensor.
    """
def exp(input: _T, *, out: Tensor | None = None) -> _T:
    """Elementwise exp: e to the power x.

    The result has the shape of the input.

    With `out` the result is written there, and that is returned. If its shape is another one,
    it is resized, with a warning unless it is empty.

    Raises:
        TypeError: the input is not a Tensor.
    """
def expm1(input: _T, *, out: Tensor | None = None) -> _T:
    """Elementwise expm1: exp(x) - 1, accurate near 0.

    The result has the shape of the input.

    With `out` the result is written there, and that is returned. If its shape is another one,
    it is resized, with a warning unless it is empty.

    Raises:
        TypeError: the input is not a Tensor.
    """
def log(input: _T, *, out: Tensor | None = None) -> _T:
    """Elementwise log: natural logarithm.

    The result has the shape of the input.

    With `out` the result is written there, and that is returned. If its shape is another one,
    it is resized, with a warning unless it is empty.

    Raises:
        TypeError: the input is not a Tensor.
    """
def log1p(input: _T, *, out: Tensor | None = None) -> _T:
    """Elementwise log1p: log(1 + x), accurate near 0.

    The result has the shape of the input.

    With `out` the result is written there, and that is returned. If its shape is another one,
    it is resized, with a warning unless it is empty.

    Raises:
        TypeError: the input is not a Tensor.
    """
def log2(input: _T, *, out: Tensor | None = None) -> _T:
    """Elementwise log2: logarithm to base 2.

    The result has the shape of the input.

    With `out` the result is written there, and that is returned. If its shape is another one,
    it is resized, with a warning unless it is empty.

    Raises:
        TypeError: the input is not a Tensor.
    """
def log10(input: _T, *, out: Tensor | None = None) -> _T:
    """Elementwise log10: logarithm to base 10.

    The result has the shape of the input.

    With `out` the result is written there, and that is returned. If its shape is another one,
    it is resized, with a warning unless it is empty.

    Raises:
        TypeError: the input is not a Tensor.
    """
def sqrt(input: _T, *, out: Tensor | None = None) -> _T:
    """Elementwise sqrt: square root.

    The result has the shape of the input.

    With `out` the result is written there, and that is returned. If its shape is another one,
    it is resized, with a warning unless it is empty.

    Raises:
        TypeError: the input is not a Tensor.
    """
def rsqrt(input: _T, *, out: Tensor | None = None) -> _T:
    """Elementwise rsqrt: 1 / sqrt(x).

    The result has the shape of the input.

    With `out` the result is written there, and that is returned. If its shape is another one,
    it is resized, with a warning unless it is empty.

    Raises:
        TypeError: the input is not a Tensor.
    """
def square(input: _T, *, out: Tensor | None = None) -> _T:
    """Elementwise square: x * x.

    The result has the shape of the input.

    With `out` the result is written there, and that is returned. If its shape is another one,
    it is resized, with a warning unless it is empty.

    Raises:
        TypeError: the input is not a Tensor.
    """
def reciprocal(input: _T, *, out: Tensor | None = None) -> _T:
    """Elementwise reciprocal: 1 / x.

    The result has the shape of the input.

    With `out` the result is written there, and that is returned. If its shape is another one,
    it is resized, with a warning unless it is empty.

    Raises:
        TypeError: the input is not a Tensor.
    """
def sin(input: _T, *, out: Tensor | None = None) -> _T:
    """Elementwise sin: sine of x in radians.

    The result has the shape of the input.

    With `out` the result is written there, and that is returned. If its shape is another one,
    it is resized, with a warning unless it is empty.

    Raises:
        TypeError: the input is not a Tensor.
    """
def cos(input: _T, *, out: Tensor | None = None) -> _T:
    """Elementwise cos: cosine of x in radians.

    The result has the shape of the input.

    With `out` the result is written there, and that is returned. If its shape is another one,
    it is resized, with a warning unless it is empty.

    Raises:
        TypeError: the input is not a Tensor.
    """
def tan(input: _T, *, out: Tensor | None = None) -> _T:
    """Elementwise tan: tangent of x in radians.

    The result has the shape of the input.

    With `out` the result is written there, and that is returned. If its shape is another one,
    it is resized, with a warning unless it is empty.

    Raises:
        TypeError: the input is not a Tensor.
    """
def sinh(input: _T, *, out: Tensor | None = None) -> _T:
    """Elementwise sinh: hyperbolic sine.

    The result has the shape of the input.

    With `out` the result is written there, and that is returned. If its shape is another one,
    it is resized, with a warning unless it is empty.

    Raises:
        TypeError: the input is not a Tensor.
    """
def cosh(input: _T, *, out: Tensor | None = None) -> _T:
    """Elementwise cosh: hyperbolic cosine.

    The result has the shape of the input.

    With `out` the result is written there, and that is returned. If its shape is another one,
    it is resized, with a warning unless it is empty.

    Raises:
        TypeError: the input is not a Tensor.
    """
def tanh(input: _T, *, out: Tensor | None = None) -> _T:
    """Elementwise tanh: hyperbolic tangent.

    The result has the shape of the input.

    With `out` the result is written there, and that is returned. If its shape is another one,
    it is resized, with a warning unless it is empty.

    Raises:
        TypeError: the input is not a Tensor.
    """
def asin(input: _T, *, out: Tensor | None = None) -> _T:
    """Elementwise asin: inverse sine, in radians.

    The result has the shape of the input.

    With `out` the result is written there, and that is returned. If its shape is another one,
    it is resized, with a warning unless it is empty.

    Raises:
        TypeError: the input is not a Tensor.
    """
def acos(input: _T, *, out: Tensor | None = None) -> _T:
    """Elementwise acos: inverse cosine, in radians.

    The result has the shape of the input.

    With `out` the result is written there, and that is returned. If its shape is another one,
    it is resized, with a warning unless it is empty.

    Raises:
        TypeError: the input is not a Tensor.
    """
def atan(input: _T, *, out: Tensor | None = None) -> _T:
    """Elementwise atan: inverse tangent, in radians.

    The result has the shape of the input.

    With `out` the result is written there, and that is returned. If its shape is another one,
    it is resized, with a warning unless it is empty.

    Raises:
        TypeError: the input is not a Tensor.
    """
def sigmoid(input: _T, *, out: Tensor | None = None) -> _T:
    """Elementwise sigmoid: 1 / (1 + exp(-x)).

    The result has the shape of the input.

    With `out` the result is written there, and that is returned. If its shape is another one,
    it is resized, with a warning unless it is empty.

    Raises:
        TypeError: the input is not a Tensor.
    """
def relu(input: _T) -> _T:
    """Elementwise relu: x where positive, else 0.

    The result has the shape of the input.

    Raises:
        TypeError: the input is not a Tensor.
    """
def abs(input: _T, *, out: Tensor | None = None) -> _T:
    """Elementwise abs: absolute value.

    The result has the shape of the input.

    With `out` the result is written there, and that is returned. If its shape is another one,
    it is resized, with a warning unless it is empty.

    Raises:
        TypeError: the input is not a Tensor.
    """
def sign(input: _T, *, out: Tensor | None = None) -> _T:
    """Elementwise sign: -1, 0 or 1; NaN stays.

    The result has the shape of the input.

    With `out` the result is written there, and that is returned. If its shape is another one,
    it is resized, with a warning unless it is empty.

    Raises:
        TypeError: the input is not a Tensor.
    """
def floor(input: _T, *, out: Tensor | None = None) -> _T:
    """Elementwise floor: the largest whole number that is not above x.

    The result has the shape of the input.

    With `out` the result is written there, and that is returned. If its shape is another one,
    it is resized, with a warning unless it is empty.

    Raises:
        TypeError: the input is not a Tensor.
    """
def ceil(input: _T, *, out: Tensor | None = None) -> _T:
    """Elementwise ceil: the smallest whole number that is not below x.

    The result has the shape of the input.

    With `out` the result is written there, and that is returned. If its shape is another one,
    it is resized, with a warning unless it is empty.

    Raises:
        TypeError: the input is not a Tensor.
    """
def trunc(input: _T, *, out: Tensor | None = None) -> _T:
    """Elementwise trunc: x without the digits behind the point.

    The result has the shape of the input.

    With `out` the result is written there, and that is returned. If its shape is another one,
    it is resized, with a warning unless it is empty.

    Raises:
        TypeError: the input is not a Tensor.
    """
def logical_and(input: _Array, other: _Operand, *, out: Tensor | None = None) -> Tensor:
    """Elementwise: true where x and y are not 0, as a bool tensor.

    The operands are tensors, numbers or arrays; their shapes broadcast to the result's.

    With `out` the result is written there, and that is returned. If its shape is another one,
    it is resized, with a warning unless it is empty.

    Raises:
        RuntimeError: the shapes do not broadcast.
        TypeError: an operand is none of these, or neither is a tensor.
    """
def logical_or(input: _Array, other: _Operand, *, out: Tensor | None = None) -> Tensor:
    """Elementwise: true where x or y is not 0, as a bool tensor.

    The operands are tensors, numbers or arrays; their shapes broadcast to the result's.

    With `out` the result is written there, and that is returned. If its shape is another one,
    it is resized, with a warning unless it is empty.

    Raises:
        RuntimeError: the shapes do not broadcast.
        TypeError: an operand is none of these, or neither is a tensor.
    """
def logical_xor(input: _Array, other: _Operand, *, out: Tensor | None = None) -> Tensor:
    """Elementwise: true where one of x and y is 0 and the other is not, as a bool tensor.

    The operands are tensors, numbers or arrays; their shapes broadcast to the result's.

    With `out` the result is written there, and that is returned. If its shape is another one,
    it is resized, with a warning unless it is empty.

    Raises:
        RuntimeError: the shapes do not broadcast.
        TypeError: an operand is none of these, or neither is a tensor.
    """
def logical_not(input: _T, *, out: Tensor | None = None) -> _T:
    """Elementwise logical_not: true where x is 0.

    The result has the shape of the input.

    With `out` the result is written there, and that is returned. If its shape is another one,
    it is resized, with a warning unless it is empty.

    Raises:
        TypeError: the input is not a Tensor.
    """
def bitwise_and(input: _Operand, other: _Operand, *, out: Tensor | None = None) -> Tensor:
    """Elementwise bitwise_and: the bits that both x and y have.

    The operands are tensors, numbers or arrays; their shapes broadcast to the result's.

    With `out` the result is written there, and that is returned. If its shape is another one,
    it is resized, with a warning unless it is empty.

    Raises:
        RuntimeError: the shapes do not broadcast.
        TypeError: an operand is none of these, or neither is a tensor.
    """
def bitwise_or(input: _Operand, other: _Operand, *, out: Tensor | None = None) -> Tensor:
    """Elementwise bitwise_or: the bits that x or y has.

    The operands are tensors, numbers or arrays; their shapes broadcast to the result's.

    With `out` the result is written there, and that is returned. If its shape is another one,
    it is resized, with a warning unless it is empty.

    Raises:
        RuntimeError: the shapes do not broadcast.
        TypeError: an operand is none of these, or neither is a tensor.
    """
def bitwise_xor(input: _Operand, other: _Operand, *, out: Tensor | None = None) -> Tensor:
    """Elementwise bitwise_xor: the bits that one of x and y has, and the other has not.

    The operands are tensors, numbers or arrays; their shapes broadcast to the result's.

    With `out` the result is written there, and that is returned. If its shape is another one,
    it is resized, with a warning unless it is empty.

    Raises:
        RuntimeError: the shapes do not broadcast.
        TypeError: an operand is none of these, or neither is a tensor.
    """
def bitwise_not(input: _T, *, out: Tensor | None = None) -> _T:
    """Elementwise bitwise_not: the bits that x has not: -x - 1; of a bool its opposite.

    The result has the shape of the input.

    With `out` the result is written there, and that is returned. If its shape is another one,
    it is resized, with a warning unless it is empty.

    Raises:
        TypeError: the input is not a Tensor.
    """
def eq(input: _Array, other: _Operand, *, out: Tensor | None = None) -> Tensor:
    """Elementwise: true where x == y, as a bool tensor.

    The operands are tensors, numbers or arrays; their shapes broadcast to the result's.

    With `out` the result is written there, and that is returned. If its shape is another one,
    it is resized, with a warning unless it is empty.

    Raises:
        RuntimeError: the shapes do not broadcast.
        TypeError: an operand is none of these, or neither is a tensor.
    """
def ne(input: _Array, other: _Operand, *, out: Tensor | None = None) -> Tensor:
    """Elementwise: true where x != y, as a bool tensor.

    The operands are tensors, numbers or arrays; their shapes broadcast to the result's.

    With `out` the result is written there, and that is returned. If its shape is another one,
    it is resized, with a warning unless it is empty.

    Raises:
        RuntimeError: the shapes do not broadcast.
        TypeError: an operand is none of these, or neither is a tensor.
    """
def lt(input: _Array, other: _Operand, *, out: Tensor | None = None) -> Tensor:
    """Elementwise: true where x < y, as a bool tensor.

    The operands are tensors, numbers or arrays; their shapes broadcast to the result's.

    With `out` the result is written there, and that is returned. If its shape is another one,
    it is resized, with a warning unless it is empty.

    Raises:
        RuntimeError: the shapes do not broadcast.
        TypeError: an operand is none of these, or neither is a tensor.
    """
def le(input: _Array, other: _Operand, *, out: Tensor | None = None) -> Tensor:
    """Elementwise: true where x <= y, as a bool tensor.

    The operands are tensors, numbers or arrays; their shapes broadcast to the result's.

    With `out` the result is written there, and that is returned. If its shape is another one,
    it is resized, with a warning unless it is empty.

    Raises:
        RuntimeError: the shapes do not broadcast.
        TypeError: an operand is none of these, or neither is a tensor.
    """
def gt(input: _Array, other: _Operand, *, out: Tensor | None = None) -> Tensor:
    """Elementwise: true where x > y, as a bool tensor.

    The operands are tensors, numbers or arrays; their shapes broadcast to the result's.

    With `out` the result is written there, and that is returned. If its shape is another one,
    it is resized, with a warning unless it is empty.

    Raises:
        RuntimeError: the shapes do not broadcast.
        TypeError: an operand is none of these, or neither is a tensor.
    """
def ge(input: _Array, other: _Operand, *, out: Tensor | None = None) -> Tensor:
    """Elementwise: true where x >= y, as a bool tensor.

    The operands are tensors, numbers or arrays; their shapes broadcast to the result's.

    With `out` the result is written there, and that is returned. If its shape is another one,
    it is resized, with a warning unless it is empty.

    Raises:
        RuntimeError: the shapes do not broadcast.
        TypeError: an operand is none of these, or neither is a tensor.
    """
def atan2(input: _Array, other: _Operand, *, out: Tensor | None = None) -> Tensor:
    """Elementwise atan2: the angle of the point at height x and width y, from -pi to pi.

    The operands are tensors, numbers or arrays; their shapes broadcast to the result's.

    With `out` the result is written there, and that is returned. If its shape is another one,
    it is resized, with a warning unless it is empty.

    Raises:
        RuntimeError: the shapes do not broadcast.
        TypeError: an operand is none of these, or neither is a tensor.
    """
def hypot(input: _Array, other: _Operand, *, out: Tensor | None = None) -> Tensor:
    """Elementwise hypot: sqrt(x * x + y * y), without overflow or underflow on the way.

    The operands are tensors, numbers or arrays; their shapes broadcast to the result's.

    With `out` the result is written there, and that is returned. If its shape is another one,
    it is resized, with a warning unless it is empty.

    Raises:
        RuntimeError: the shapes do not broadcast.
        TypeError: an operand is none of these, or neither is a tensor.
    """
def ldexp(input: _Array, other: _Operand, *, out: Tensor | None = None) -> Tensor:
    """Elementwise ldexp: x times 2 to the power y.

    The operands are tensors, numbers or arrays; their shapes broadcast to the result's.

    With `out` the result is written there, and that is returned. If its shape is another one,
    it is resized, with a warning unless it is empty.

    Raises:
        RuntimeError: the shapes do not broadcast.
        TypeError: an operand is none of these, or neither is a tensor.
    """
def xlogy(input: _Operand, other: _Operand, *, out: Tensor | None = None) -> Tensor:
    """Elementwise xlogy: x times the logarithm of y, 0 where x is 0; NaN where y is.

    The operands are tensors, numbers or arrays; their shapes broadcast to the result's.

    With `out` the result is written there, and that is returned. If its shape is another one,
    it is resized, with a warning unless it is empty.

    Raises:
        RuntimeError: the shapes do not broadcast.
        TypeError: an operand is none of these, or neither is a tensor.
    """
def fmod(input: _Array, other: _Operand, *, out: Tensor | None = None) -> Tensor:
    """Elementwise fmod: what is left of x after whole multiples of y, with the sign of x.

    The operands are tensors, numbers or arrays; their shapes broadcast to the result's.

    With `out` the result is written there, and that is returned. If its shape is another one,
    it is resized, with a warning unless it is empty.

    Raises:
        RuntimeError: the shapes do not broadcast.
        TypeError: an operand is none of these, or neither is a tensor.
    """
def copysign(input: _Array, other: _Operand, *, out: Tensor | None = None) -> Tensor:
    """Elementwise copysign: x with the sign of y.

    The operands are tensors, numbers or arrays; their shapes broadcast to the result's.

    With `out` the result is written there, and that is returned. If its shape is another one,
    it is resized, with a warning unless it is empty.

    Raises:
        RuntimeError: the shapes do not broadcast.
        TypeError: an operand is none of these, or neither is a tensor.
    """
def gcd(input: _Array, other: _Operand, *, out: Tensor | None = None) -> Tensor:
    """Elementwise gcd: the largest whole number that divides both x and y; 0 where both are 0.

    The operands are tensors, numbers or arrays; their shapes broadcast to the result's.

    With `out` the result is written there, and that is returned. If its shape is another one,
    it is resized, with a warning unless it is empty.

    Raises:
        RuntimeError: the shapes do not broadcast.
        TypeError: an operand is none of these, or neither is a tensor.
    """
def lcm(input: _Array, other: _Operand, *, out: Tensor | None = None) -> Tensor:
    """Elementwise lcm: the smallest positive multiple of both x and y; 0 where one is 0.

    The operands are tensors, numbers or arrays; their shapes broadcast to the result's.

    With `out` the result is written there, and that is returned. If its shape is another one,
    it is resized, with a warning unless it is empty.

    Raises:
        RuntimeError: the shapes do not broadcast.
        TypeError: an operand is none of these, or neither is a tensor.
    """
def frac(input: _T, *, out: Tensor | None = None) -> _T:
    """Elementwise frac: the digits of x behind the point, with its sign.

    The result has the shape of the input.

    With `out` the result is written there, and that is returned. If its shape is another one,
    it is resized, with a warning unless it is empty.

    Raises:
        TypeError: the input is not a Tensor.
    """
def sgn(input: _T, *, out: Tensor | None = None) -> _T:
    """Elementwise sgn: -1, 0 or 1, as sign has it; NaN stays.

    The result has the shape of the input.

    With `out` the result is written there, and that is returned. If its shape is another one,
    it is resized, with a warning unless it is empty.

    Raises:
        TypeError: the input is not a Tensor.
    """
def deg2rad(input: _T, *, out: Tensor | None = None) -> _T:
    """Elementwise deg2rad: x degrees in radians.

    The result has the shape of the input.

    With `out` the result is written there, and that is returned. If its shape is another one,
    it is resized, with a warning unless it is empty.

    Raises:
        TypeError: the input is not a Tensor.
    """
def rad2deg(input: _T, *, out: Tensor | None = None) -> _T:
    """Elementwise rad2deg: x radians in degrees.

    The result has the shape of the input.

    With `out` the result is written there, and that is returned. If its shape is another one,
    it is resized, with a warning unless it is empty.

    Raises:
        TypeError: the input is not a Tensor.
    """
def exp2(input: _T, *, out: Tensor | None = None) -> _T:
    """Elementwise exp2: 2 to the power x.

    The result has the shape of the input.

    With `out` the result is written there, and that is returned. If its shape is another one,
    it is resized, with a warning unless it is empty.

    Raises:
        TypeError: the input is not a Tensor.
    """
def erf(input: _T, *, out: Tensor | None = None) -> _T:
    """Elementwise erf: the error function, 2 / sqrt(pi) times the integral of exp(-t * t) from 0 to
    x.

    The result has the shape of the input.

    With `out` the result is written there, and that is returned. If its shape is another one,
    it is resized, with a warning unless it is empty.

    Raises:
        TypeError: the input is not a Tensor.
    """
def erfc(input: _T, *, out: Tensor | None = None) -> _T:
    """Elementwise erfc: 1 - erf(x), accurate where that is small.

    The result has the shape of the input.

    With `out` the result is written there, and that is returned. If its shape is another one,
    it is resized, with a warning unless it is empty.

    Raises:
        TypeError: the input is not a Tensor.
    """
def erfinv(input: _T, *, out: Tensor | None = None) -> _T:
    """Elementwise erfinv: the inverse of erf.

    The result has the shape of the input.

    With `out` the result is written there, and that is returned. If its shape is another one,
    it is resized, with a warning unless it is empty.

    Raises:
        TypeError: the input is not a Tensor.
    """
def asinh(input: _T, *, out: Tensor | None = None) -> _T:
    """Elementwise asinh: inverse hyperbolic sine.

    The result has the shape of the input.

    With `out` the result is written there, and that is returned. If its shape is another one,
    it is resized, with a warning unless it is empty.

    Raises:
        TypeError: the input is not a Tensor.
    """
def acosh(input: _T, *, out: Tensor | None = None) -> _T:
    """Elementwise acosh: inverse hyperbolic cosine.

    The result has the shape of the input.

    With `out` the result is written there, and that is returned. If its shape is another one,
    it is resized, with a warning unless it is empty.

    Raises:
        TypeError: the input is not a Tensor.
    """
def atanh(input: _T, *, out: Tensor | None = None) -> _T:
    """Elementwise atanh: inverse hyperbolic tangent.

    The result has the shape of the input.

    With `out` the result is written there, and that is returned. If its shape is another one,
    it is resized, with a warning unless it is empty.

    Raises:
        TypeError: the input is not a Tensor.
    """
def sinc(input: _T, *, out: Tensor | None = None) -> _T:
    """Elementwise sinc: sin(pi x) / (pi x), 1 at 0.

    The result has the shape of the input.

    With `out` the result is written there, and that is returned. If its shape is another one,
    it is resized, with a warning unless it is empty.

    Raises:
        TypeError: the input is not a Tensor.
    """
def lgamma(input: _T, *, out: Tensor | None = None) -> _T:
    """Elementwise lgamma: the logarithm of the absolute value of the gamma function.

    The result has the shape of the input.

    With `out` the result is written there, and that is returned. If its shape is another one,
    it is resized, with a warning unless it is empty.

    Raises:
        TypeError: the input is not a Tensor.
    """
def digamma(input: _T, *, out: Tensor | None = None) -> _T:
    """Elementwise digamma: the derivative of lgamma.

    The result has the shape of the input.

    With `out` the result is written there, and that is returned. If its shape is another one,
    it is resized, with a warning unless it is empty.

    Raises:
        TypeError: the input is not a Tensor.
    """
def i0(input: _T, *, out: Tensor | None = None) -> _T:
    """Elementwise i0: the modified Bessel function of the first kind and order 0.

    The result has the shape of the input.

    With `out` the result is written there, and that is returned. If its shape is another one,
    it is resized, with a warning unless it is empty.

    Raises:
        TypeError: the input is not a Tensor.
    """
def multiply(input: _Operand, other: _Operand, *, out: Tensor | None = None) -> Tensor:
    """The same as `mul`.

    With `out` the result is written there, and that is returned. If its shape is another one,
    it is resized, with a warning unless it is empty.
    """
def negative(input: _T, *, out: Tensor | None = None) -> _T:
    """The same as `neg`.

    With `out` the result is written there, and that is returned. If its shape is another one,
    it is resized, with a warning unless it is empty.
    """
def arcsin(input: _T, *, out: Tensor | None = None) -> _T:
    """The same as `asin`.

    With `out` the result is written there, and that is returned. If its shape is another one,
    it is resized, with a warning unless it is empty.
    """
def arccos(input: _T, *, out: Tensor | None = None) -> _T:
    """The same as `acos`.

    With `out` the result is written there, and that is returned. If its shape is another one,
    it is resized, with a warning unless it is empty.
    """
def arctan(input: _T, *, out: Tensor | None = None) -> _T:
    """The same as `atan`.

    With `out` the result is written there, and that is returned. If its shape is another one,
    it is resized, with a warning unless it is empty.
    """
def absolute(input: _T, *, out: Tensor | None = None) -> _T:
    """The same as `abs`.

    With `out` the result is written there, and that is returned. If its shape is another one,
    it is resized, with a warning unless it is empty.
    """
def not_equal(input: _Array, other: _Operand, *, out: Tensor | None = None) -> Tensor:
    """The same as `ne`.

    With `out` the result is written there, and that is returned. If its shape is another one,
    it is resized, with a warning unless it is empty.
    """
def less(input: _Array, other: _Operand, *, out: Tensor | None = None) -> Tensor:
    """The same as `lt`.

    With `out` the result is written there, and that is returned. If its shape is another one,
    it is resized, with a warning unless it is empty.
    """
def less_equal(input: _Array, other: _Operand, *, out: Tensor | None = None) -> Tensor:
    """The same as `le`.

    With `out` the result is written there, and that is returned. If its shape is another one,
    it is resized, with a warning unless it is empty.
    """
def greater(input: _Array, other: _Operand, *, out: Tensor | None = None) -> Tensor:
    """The same as `gt`.

    With `out` the result is written there, and that is returned. If its shape is another one,
    it is resized, with a warning unless it is empty.
    """
def greater_equal(input: _Array, other: _Operand, *, out: Tensor | None = None) -> Tensor:
    """The same as `ge`.

    With `out` the result is written there, and that is returned. If its shape is another one,
    it is resized, with a warning unless it is empty.
    """
def arctan2(input: _Array, other: _Operand, *, out: Tensor | None = None) -> Tensor:
    """The same as `atan2`.

    With `out` the result is written there, and that is returned. If its shape is another one,
    it is resized, with a warning unless it is empty.
    """
def fix(input: _T, *, out: Tensor | None = None) -> _T:
    """The same as `trunc`.

    With `out` the result is written there, and that is returned. If its shape is another one,
    it is resized, with a warning unless it is empty.
    """
def arcsinh(input: _T, *, out: Tensor | None = None) -> _T:
    """The same as `asinh`.

    With `out` the result is written there, and that is returned. If its shape is another one,
    it is resized, with a warning unless it is empty.
    """
def arccosh(input: _T, *, out: Tensor | None = None) -> _T:
    """The same as `acosh`.

    With `out` the result is written there, and that is returned. If its shape is another one,
    it is resized, with a warning unless it is empty.
    """
def arctanh(input: _T, *, out: Tensor | None = None) -> _T:
    """The same as `atanh`.

    With `out` the result is written there, and that is returned. If its shape is another one,
    it is resized, with a warning unless it is empty.
    """
def add(
    input: _Operand, other: _Operand, *, alpha: _Real = 1, out: Tensor | None = None
) -> Tensor:
    """Elementwise add: x + y.

    The operands are tensors, numbers or arrays; their shapes broadcast to the result's.
    `alpha` is a
    number that the second operand is multiplied by first.

    With `out` the result is written there, and that is returned. If its shape is another one,
    it is resized, with a warning unless it is empty.

    Raises:
        RuntimeError: the shapes do not broadcast.
        TypeError: an operand is none of these, or neither is a tensor.
    """
def sub(
    input: _Operand, other: _Operand, *, alpha: _Real = 1, out: Tensor | None = None
) -> Tensor:
    """Elementwise sub: x - y.

    The operands are tensors, numbers or arrays; their shapes broadcast to the result's.
    `alpha` is a
    number that the second operand is multiplied by first.

    With `out` the result is written there, and that is returned. If its shape is another one,
    it is resized, with a warning unless it is empty.

    Raises:
        RuntimeError: the shapes do not broadcast.
        TypeError: an operand is none of these, or neither is a tensor.
    """
def subtract(
    input: _Operand, other: _Operand, *, alpha: _Real = 1, out: Tensor | None = None
) -> Tensor:
    """The same as `sub`.

    With `out` the result is written there, and that is returned. If its shape is another one,
    it is resized, with a warning unless it is empty.
    """
def div(
    input: _Operand,
    other: _Operand,
    *,
    rounding_mode: Literal["trunc", "floor"] | None = None,
    out: Tensor | None = None,
) -> Tensor:
    """Elementwise div: x / y.

    The operands are tensors, numbers or arrays; their shapes broadcast to the result's.

    `rounding_mode` rounds the quotient: "trunc" towards zero, "floor" down, as Python's //
    does.
    The gradient of what is rounded is zero.

    With `out` the result is written there, and that is returned. If its shape is another one,
    it is resized, with a warning unless it is empty.

    Raises:
        RuntimeError: the shapes do not broadcast.
        TypeError: an operand is none of these, or neither is a tensor.
    """
def divide(
    input: _Operand,
    other: _Operand,
    *,
    rounding_mode: Literal["trunc", "floor"] | None = None,
    out: Tensor | None = None,
) -> Tensor:
    """The same as `div`.

    With `out` the result is written there, and that is returned. If its shape is another one,
    it is resized, with a warning unless it is empty.
    """
def true_divide(input: _Operand, other: _Operand, *, out: Tensor | None = None) -> Tensor:
    """The same as `div`.

    With `out` the result is written there, and that is returned. If its shape is another one,
    it is resized, with a warning unless it is empty.
    """
def pow(input: _Operand, exponent: _Operand, *, out: Tensor | None = None) -> Tensor:
    """Elementwise pow: x raised to the power y.

    The operands are tensors, numbers or arrays; their shapes broadcast to the result's.

    With `out` the result is written there, and that is returned. If its shape is another one,
    it is resized, with a warning unless it is empty.

    Raises:
        RuntimeError: the shapes do not broadcast.
        TypeError: an operand is none of these, or neither is a tensor.
    """
def floor_divide(input: _Operand, other: _Operand, *, out: Tensor | None = None) -> Tensor:
    """Elementwise quotients rounded down, as Python's // has them: whole numbers.

    The operands are tensors, numbers or arrays; their shapes broadcast to the result's. The
    gradient is zero.

    With `out` the result is written there, and that is returned. If its shape is another one,
    it is resized, with a warning unless it is empty.

    Raises:
        RuntimeError: the shapes do not broadcast, or integers are divided by 0.
        TypeError: an operand is none of these.
    """
def maximum(input: _Operand, other: _Operand, *, out: Tensor | None = None) -> Tensor:
    """Elementwise maximum: the larger of x and y; NaN if either is.

    The operands are tensors, numbers or arrays; their shapes broadcast to the result's.

    With `out` the result is written there, and that is returned. If its shape is another one,
    it is resized, with a warning unless it is empty.

    Raises:
        RuntimeError: the shapes do not broadcast.
        TypeError: an operand is none of these, or the first is a number.
    """
def minimum(input: _Operand, other: _Operand, *, out: Tensor | None = None) -> Tensor:
    """Elementwise minimum: the smaller of x and y; NaN if either is.

    The operands are tensors, numbers or arrays; their shapes broadcast to the result's.

    With `out` the result is written there, and that is returned. If its shape is another one,
    it is resized, with a warning unless it is empty.

    Raises:
        RuntimeError: the shapes do not broadcast.
        TypeError: an operand is none of these, or the first is a number.
    """
def softplus(input: _T, beta: _Real = 1, threshold: _Real = 20) -> _T:
    """Elementwise log(1 + exp(beta x)) / beta, and x itself where beta x is over the threshold.

    The result has the shape of the input.

    Raises:
        TypeError: the input is not a Tensor, beta or threshold not a number.
    """
@overload
def where(condition: Tensor, *, out: tuple[Tensor, ...] | None = None) -> tuple[Tensor, ...]:
    """Elements of input where condition is true, of other elsewhere. Of a condition alone, the
    indices of its elements that are not 0, as `nonzero` gives them as a tuple.

    The condition is a bool tensor, as comparisons give it, a bool array, a list or a bool; the
    other two are tensors, arrays or numbers. All broadcast. No gradient, not even a NaN,
    flows to elements that were not taken.

    With `out` the result is written there, and that is returned. If its shape is another one,
    it is resized, with a warning unless it is empty.

    Raises:
        RuntimeError: the shapes do not broadcast, or the condition is a tensor of another
            dtype.
        TypeError: an operand is none of these.
    """
@overload
def where(
    condition: _Value, input: _Value, other: _Value, *, out: Tensor | None = None
) -> Tensor: ...
def clamp(
    input: _T,
    min: _Operand | None = None,
    max: _Operand | None = None,
    *,
    out: Tensor | None = None,
) -> _T:
    """Elements limited to between min and max: numbers or tensors that broadcast, or None.

    Where min is over max, max wins.

    With `out` the result is written there, and that is returned. If its shape is another one,
    it is resized, with a warning unless it is empty.

    Raises:
        RuntimeError: both are None, or shapes do not broadcast.
        TypeError: a bound is neither tensor nor number.
    """
def clip(
    input: _T,
    min: _Operand | None = None,
    max: _Operand | None = None,
    *,
    out: Tensor | None = None,
) -> _T:
    """The same as `clamp`.

    With `out` the result is written there, and that is returned. If its shape is another one,
    it is resized, with a warning unless it is empty.
    """
def bitwise_left_shift(
    input: _Operand, other: _Operand, *, out: Tensor | None = None
) -> Tensor:
    """Whole numbers with their bits moved `other` places up: times 2 to that power.

    The operands are int64 tensors, ints or arrays; their shapes broadcast to the result's.
    Of a number of places that is negative or above 63 the result is 0.

    With `out` the result is written there, and that is returned. If its shape is another one,
    it is resized, with a warning unless it is empty.

    Raises:
        RuntimeError: the shapes do not broadcast.
        OverflowError: a result is beyond 2 ** 53.
        NotImplementedError: an operand is float64, or both are bool.
    """
def bitwise_right_shift(
    input: _Operand, other: _Operand, *, out: Tensor | None = None
) -> Tensor:
    """Whole numbers with their bits moved `other` places down: divided by 2 to that power,
    rounded down.

    The operands are int64 tensors, ints or arrays; their shapes broadcast to the result's.
    Of a number of places that is negative or above 63 the result is 0, or -1 of a negative
    number.

    With `out` the result is written there, and that is returned. If its shape is another one,
    it is resized, with a warning unless it is empty.

    Raises:
        RuntimeError: the shapes do not broadcast.
        NotImplementedError: an operand is float64, or both are bool.
    """
def logaddexp(input: _Operand, other: _Operand, *, out: Tensor | None = None) -> Tensor:
    """Elementwise log(exp(input) + exp(other)), without overflow on the way.

    The operands are tensors, numbers or arrays; their shapes broadcast to the result's.

    With `out` the result is written there, and that is returned. If its shape is another one,
    it is resized, with a warning unless it is empty.

    Raises:
        RuntimeError: the shapes do not broadcast.
        TypeError: an operand is none of these, or the first is a number.
        NotImplementedError: no operand is float64.
    """
def logaddexp2(input: _Operand, other: _Operand, *, out: Tensor | None = None) -> Tensor:
    """Elementwise log2(2 ** input + 2 ** other), without overflow on the way.

    The operands are tensors, numbers or arrays; their shapes broadcast to the result's.

    With `out` the result is written there, and that is returned. If its shape is another one,
    it is resized, with a warning unless it is empty.

    Raises:
        RuntimeError: the shapes do not broadcast.
        TypeError: an operand is none of these, or the first is a number.
        NotImplementedError: no operand is float64.
    """
def heaviside(input: _Operand, values: _Operand, *, out: Tensor | None = None) -> Tensor:
    """0 where input is negative, 1 where it is positive, values where it is 0; NaN stays.

    The operands are tensors of one dtype, the second also a number or array; their shapes
    broadcast to the result's. There is no gradient.

    With `out` the result is written there, and that is returned. If its shape is another one,
    it is resized, with a warning unless it is empty.

    Raises:
        RuntimeError: the shapes do not broadcast, or the dtypes differ.
        TypeError: an operand is none of these.
    """
def fmax(input: _Operand, other: _Operand, *, out: Tensor | None = None) -> Tensor:
    """The larger of the elements of input and other; of a number and NaN the number.

    The operands are tensors, numbers or arrays; their shapes broadcast to the result's. Of
    equal elements the first operand's gets the gradient.

    With `out` the result is written there, and that is returned. If its shape is another one,
    it is resized, with a warning unless it is empty.

    Raises:
        RuntimeError: the shapes do not broadcast.
        TypeError: an operand is none of these, or the first is a number.
    """
def fmin(input: _Operand, other: _Operand, *, out: Tensor | None = None) -> Tensor:
    """The smaller of the elements of input and other; of a number and NaN the number.

    The operands are tensors, numbers or arrays; their shapes broadcast to the result's. Of
    equal elements the first operand's gets the gradient.

    With `out` the result is written there, and that is returned. If its shape is another one,
    it is resized, with a warning unless it is empty.

    Raises:
        RuntimeError: the shapes do not broadcast.
        TypeError: an operand is none of these, or the first is a number.
    """
def clamp_min(input: _Operand, min: _Operand, *, out: Tensor | None = None) -> Tensor:
    """Elements limited to min and above: a number, or a tensor or array that broadcasts.

    An element that is min gets the gradient.

    With `out` the result is written there, and that is returned. If its shape is another one,
    it is resized, with a warning unless it is empty.

    Raises:
        RuntimeError: the shapes do not broadcast.
        TypeError: min is none of these.
    """
def clamp_max(input: _Operand, max: _Operand, *, out: Tensor | None = None) -> Tensor:
    """Elements limited to max and below: a number, or a tensor or array that broadcasts.

    An element that is max gets the gradient.

    With `out` the result is written there, and that is returned. If its shape is another one,
    it is resized, with a warning unless it is empty.

    Raises:
        RuntimeError: the shapes do not broadcast.
        TypeError: max is none of these.
    """
def lerp(input: _T, end: Tensor, weight: _Operand, *, out: Tensor | None = None) -> _T:
    """input + weight * (end - input), on the straight line from input to end; exact at the ends.

    The weight is a number, or a tensor or array; all shapes broadcast.

    With `out` the result is written there, and that is returned. If its shape is another one,
    it is resized, with a warning unless it is empty.

    Raises:
        RuntimeError: the shapes do not broadcast, or the tensors have different dtypes.
        TypeError: an argument is of the wrong type.
        NotImplementedError: the tensors are not float64.
    """
def addcmul(
    input: _T, tensor1: Tensor, tensor2: Tensor, *, value: _Real = 1, out: Tensor | None = None
) -> _T:
    """input + value * tensor1 * tensor2, element by element.

    The shapes broadcast to the result's; value is a number.

    With `out` the result is written there, and that is returned. If its shape is another one,
    it is resized, with a warning unless it is empty.

    Raises:
        RuntimeError: the shapes do not broadcast.
        TypeError: an argument is of the wrong type.
        NotImplementedError: all tensors are bool.
    """
def addcdiv(
    input: _T, tensor1: Tensor, tensor2: Tensor, *, value: _Real = 1, out: Tensor | None = None
) -> _T:
    """input + value * tensor1 / tensor2, element by element.

    The shapes broadcast to the result's; value is a number.

    With `out` the result is written there, and that is returned. If its shape is another one,
    it is resized, with a warning unless it is empty.

    Raises:
        RuntimeError: the shapes do not broadcast, or integers are divided by integers.
        TypeError: an argument is of the wrong type.
    """
def float_power(input: _Operand, exponent: _Operand, *, out: Tensor | None = None) -> Tensor:
    """Elementwise input ** exponent in float64, whatever dtypes the operands have.

    The operands are tensors, numbers or arrays; their shapes broadcast to the result's.

    With `out` the result is written there, and that is returned. If its shape is another one,
    it is resized, with a warning unless it is empty.

    Raises:
        RuntimeError: the shapes do not broadcast.
        TypeError: an operand is none of these.
    """
def rsub(input: _T, other: _Operand, *, alpha: _Real = 1) -> _T:
    """other - alpha * input, element by element.

    other is a tensor, number or array; the shapes broadcast. alpha is a number.

    Raises:
        RuntimeError: the shapes do not broadcast, or an operand is bool.
        TypeError: an argument is of the wrong type.
    """
def positive(input: _T) -> _T:
    """The tensor itself: what +x is.

    Raises:
        RuntimeError: the tensor is bool.
        TypeError: the input is not a Tensor.
    """
def round(input: _T, *, decimals: _int = 0, out: Tensor | None = None) -> _T:
    """Elements rounded to so many decimals, halves to even; to tens, hundreds and so on where
    decimals is negative.

    The gradient is zero.

    With `out` the result is written there, and that is returned. If its shape is another one,
    it is resized, with a warning unless it is empty.

    Raises:
        TypeError: the input is not a Tensor, decimals not an int.
        NotImplementedError: the input is bool, or int64 and decimals not 0.
    """
def nan_to_num(
    input: _T,
    nan: _Real | None = None,
    posinf: _Real | None = None,
    neginf: _Real | None = None,
    *,
    out: Tensor | None = None,
) -> _T:
    """Elements with `nan`, `posinf` and `neginf` in place of NaN and of the infinities: 0 and the
    largest finite numbers, where they are None.

    The gradient is zero where an element was replaced.

    With `out` the result is written there, and that is returned. If its shape is another one,
    it is resized, with a warning unless it is empty.

    Raises:
        TypeError: the input is not a Tensor, or one of the others not a number.
    """
def signbit(input: _T, *, out: Tensor | None = None) -> _T:
    """Where elements have a minus sign, as a bool tensor; -0.0 has one.

    With `out` the result is written there, and that is returned. If its shape is another one,
    it is resized, with a warning unless it is empty.

    Raises:
        TypeError: the input is not a Tensor.
    """
def isnan(input: _T) -> _T:
    """Where elements are NaN, as a bool tensor.

    Raises:
        TypeError: the input is not a Tensor.
    """
def isinf(input: _T) -> _T:
    """Where elements are inf or -inf, as a bool tensor.

    Raises:
        TypeError: the input is not a Tensor.
    """
def isfinite(input: _T) -> _T:
    """Where elements are neither infinite nor NaN, as a bool tensor.

    Raises:
        TypeError: the input is not a Tensor.
    """
def isposinf(input: _T, *, out: Tensor | None = None) -> _T:
    """Where elements are inf, as a bool tensor.

    With `out` the result is written there, and that is returned. If its shape is another one,
    it is resized, with a warning unless it is empty.

    Raises:
        TypeError: the input is not a Tensor.
    """
def isneginf(input: _T, *, out: Tensor | None = None) -> _T:
    """Where elements are -inf, as a bool tensor.

    With `out` the result is written there, and that is returned. If its shape is another one,
    it is resized, with a warning unless it is empty.

    Raises:
        TypeError: the input is not a Tensor.
    """
def isreal(input: _T) -> _T:
    """Where elements are real numbers, as a bool tensor: everywhere, as none are complex.

    Raises:
        TypeError: the input is not a Tensor.
    """
def isclose(
    input: _T, other: Tensor, rtol: _Real = 1e-05, atol: _Real = 1e-08, equal_nan: _bool = False
) -> _T:
    """Where |input - other| <= atol + rtol * |other|, as a bool tensor.

    An infinity is close to itself alone, NaN to nothing, or with equal_nan to NaN. The shapes
    broadcast.

    Raises:
        RuntimeError: shapes do not broadcast, dtypes differ, or a tolerance is negative.
        TypeError: an argument is of the wrong type.
    """
def allclose(
    input: _T, other: Tensor, rtol: _Real = 1e-05, atol: _Real = 1e-08, equal_nan: _bool = False
) -> _bool:
    """Whether all elements are close, as `isclose` has it: a bool.

    Raises:
        RuntimeError: shapes do not broadcast, dtypes differ, or a tolerance is negative.
        TypeError: an argument is of the wrong type.
    """
def equal(input: _T, other: Tensor) -> _bool:
    """Whether two tensors have the same shape and equal elements: a bool. NaN equals nothing.

    Raises:
        TypeError: an argument is not a Tensor.
    """
def sum(
    input: _T,
    dim: _Dims | None = None,
    keepdim: _bool = False,
    *,
    dtype: _DType = None,
    out: Tensor | None = None,
) -> _T:
    """The sum of the elements over dim: an int, a tuple of ints, or None for all.

    The summed dimensions are dropped, or kept with size 1 if keepdim. `axis` and `keepdims`
    are accepted as names too.

    Raises:
        IndexError: a dimension is out of range.
        RuntimeError: a dimension is named twice.
        TypeError: an argument is of the wrong type.
    """
def mean(
    input: _T,
    dim: _Dims | None = None,
    keepdim: _bool = False,
    *,
    dtype: _DType = None,
    out: Tensor | None = None,
) -> _T:
    """The mean of the elements over dim: an int, a tuple of ints, or None for all.

    The averaged dimensions are dropped, or kept with size 1 if keepdim. The mean of nothing
    is nan. `axis` and `keepdims` are accepted as names too.

    Raises:
        IndexError: a dimension is out of range.
        RuntimeError: a dimension is named twice.
        TypeError: an argument is of the wrong type.
    """
def nansum(
    input: _T,
    dim: _Dims | None = None,
    keepdim: _bool = False,
    *,
    dtype: _DType = None,
    out: Tensor | None = None,
) -> _T:
    """The sum of the elements over dim that are not NaN: an int, a tuple of ints, or None for
    all.

    The summed dimensions are dropped, or kept with size 1 if keepdim. A NaN has no gradient.

    Raises:
        IndexError: a dimension is out of range.
        RuntimeError: a dimension is named twice.
        TypeError: an argument is of the wrong type.
    """
def nanmean(
    input: _T,
    dim: _Dims | None = None,
    keepdim: _bool = False,
    *,
    dtype: _DType = None,
    out: Tensor | None = None,
) -> _T:
    """The mean of the elements over dim that are not NaN: an int, a tuple of ints, or None for
    all.

    The averaged dimensions are dropped, or kept with size 1 if keepdim. Where all are NaN it
    is nan. A NaN has no gradient.

    Raises:
        IndexError: a dimension is out of range.
        RuntimeError: a dimension is named twice, or the input has integers.
        TypeError: an argument is of the wrong type.
    """
def prod(
    input: _T,
    dim: _int | None = None,
    keepdim: _bool = False,
    *,
    dtype: _DType = None,
    out: Tensor | None = None,
) -> _T:
    """The product of all elements, or of those along a dimension.

    The dimension is dropped, or kept with size 1 if keepdim. The product of nothing is 1.
    Gradients of every order are exact beside zeros.

    Raises:
        IndexError: the dimension is out of range.
        TypeError: an argument is of the wrong type.
    """
def norm(
    input: _T,
    p: _Real | str | None = "fro",
    dim: _Dims | None = None,
    keepdim: _bool = False,
    dtype: _DType = None,
    *,
    out: Tensor | None = None,
) -> _T:
    """The p-norm of the elements over dim: (sum of |x| ** p) ** (1 / p). dim is an int, a tuple
    of ints, or None for all.

    `p` is any number, also inf (the largest |x|), -inf (the smallest) and 0 (how many are not
    0); "fro" is 2, and "nuc" the sum of a matrix's singular values. The dimensions are
    dropped, or kept with size 1 if keepdim. Where the norm is 0, the gradient is 0 too.

    With `out` the result is written there, and that is returned. If its shape is another one,
    it is resized, with a warning unless it is empty.

    Raises:
        IndexError: a dimension is out of range.
        RuntimeError: a dimension is named twice, or the input has integers, or there are no
            elements to take an extreme of.
        TypeError: an argument is of the wrong type.
    """
def amax(
    input: _T, dim: _Dims = (), keepdim: _bool = False, *, out: Tensor | None = None
) -> _T:
    """The largest of the elements over dim: an int, a tuple of ints, or () or None for all.

    The dimensions are dropped, or kept with size 1 if keepdim. A NaN makes its result nan.
    Elements that are equally large share the gradient. `axis` and `keepdims` are accepted as
    names too.

    Raises:
        IndexError: a dimension is out of range, or has size 0.
        RuntimeError: a dimension is named twice, or there are no elements and no dim.
        TypeError: an argument is of the wrong type.
    """
def amin(
    input: _T, dim: _Dims = (), keepdim: _bool = False, *, out: Tensor | None = None
) -> _T:
    """The smallest of the elements over dim: an int, a tuple of ints, or () or None for all.

    The dimensions are dropped, or kept with size 1 if keepdim. A NaN makes its result nan.
    Elements that are equally small share the gradient. `axis` and `keepdims` are accepted as
    names too.

    Raises:
        IndexError: a dimension is out of range, or has size 0.
        RuntimeError: a dimension is named twice, or there are no elements and no dim.
        TypeError: an argument is of the wrong type.
    """
def any(
    input: _T, dim: _Dims | None = None, keepdim: _bool = False, *, out: Tensor | None = None
) -> _T:
    """Whether some element over dim is true (not 0): a bool tensor. dim is an int, a tuple of
    ints, or None for all.

    The dimensions are dropped, or kept with size 1 if keepdim. Of nothing it is False. NaN is
    not 0.

    Raises:
        IndexError: a dimension is out of range.
        RuntimeError: a dimension is named twice.
        TypeError: an argument is of the wrong type.
    """
def all(
    input: _T, dim: _Dims | None = None, keepdim: _bool = False, *, out: Tensor | None = None
) -> _T:
    """Whether all elements over dim are true (not 0): a bool tensor. dim is an int, a tuple of
    ints, or None for all.

    The dimensions are dropped, or kept with size 1 if keepdim. Of nothing it is True. NaN is
    not 0.

    Raises:
        IndexError: a dimension is out of range.
        RuntimeError: a dimension is named twice.
        TypeError: an argument is of the wrong type.
    """
def count_nonzero(input: _T, dim: _Dims | None = None) -> _T:
    """How many elements over dim are not 0: an int64 tensor. dim is an int, a tuple of ints, or
    None for all.

    Raises:
        IndexError: a dimension is out of range.
        RuntimeError: a dimension is named twice.
        TypeError: an argument is of the wrong type.
    """
def aminmax(
    input: _T,
    *,
    dim: _Dims | None = None,
    keepdim: _bool = False,
    out: tuple[Tensor, ...] | None = None,
) -> return_types.aminmax:
    """The smallest and the largest element over dim: an int, a tuple of ints, or None for all.

    As a named tuple with the fields `min` and `max`. The dimensions are dropped, or kept with
    size 1 if keepdim. A NaN makes both nan.

    With `out` the result is written there, and that is returned. If its shape is another one,
    it is resized, with a warning unless it is empty.

    Raises:
        IndexError: a dimension is out of range, or has size 0.
        RuntimeError: there are no elements and no dim.
        TypeError: an argument is of the wrong type.
    """
def logsumexp(
    input: _T, dim: _Dims, keepdim: _bool = False, *, out: Tensor | None = None
) -> _T:
    """The logarithm of the sum of exp(x) over dim: an int, a tuple of ints, or None for all.

    Nothing overflows on the way. Of elements that are all -inf the result is -inf, and the
    gradient 0; an element that is inf has all of it, or its part.

    Raises:
        IndexError: a dimension is out of range.
        RuntimeError: a dimension is named twice.
        TypeError: an argument is of the wrong type.
    """
def softmax(input: _T, dim: _int, dtype: _DType = None, *, out: Tensor | None = None) -> _T:
    """exp(x) divided by its sum along a dimension, so that the elements along it sum to 1.

    The result has the shape of the input.

    With `out` the result is written there, and that is returned. If its shape is another one,
    it is resized, with a warning unless it is empty.

    Raises:
        IndexError: the dimension is out of range.
        TypeError: an argument is of the wrong type.
    """
def log_softmax(input: _T, dim: _int, dtype: _DType = None, *, out: Tensor | None = None) -> _T:
    """The logarithm of `softmax`, also where that would be 0.

    The result has the shape of the input.

    With `out` the result is written there, and that is returned. If its shape is another one,
    it is resized, with a warning unless it is empty.

    Raises:
        IndexError: the dimension is out of range.
        TypeError: an argument is of the wrong type.
    """
def logit(input: _T, eps: _Real | None = None, *, out: Tensor | None = None) -> _T:
    """The inverse of `sigmoid`: log(x / (1 - x)) of each element.

    With eps, elements are limited to between eps and 1 - eps first. Without, they must lie
    between 0 and 1: the result is nan for others.

    With `out` the result is written there, and that is returned. If its shape is another one,
    it is resized, with a warning unless it is empty.

    Raises:
        TypeError: the input is not a Tensor, or eps not a number.
    """
def polygamma(n: _int, input: _Value, *, out: Tensor | None = None) -> Tensor:
    """The derivative of order n of `digamma`, of which 0 is itself.

    With `out` the result is written there, and that is returned. If its shape is another one,
    it is resized, with a warning unless it is empty.

    Raises:
        RuntimeError: n is negative.
        TypeError: n is no int, or the input not a Tensor.
    """
def mvlgamma(input: _T, p: _int, *, out: Tensor | None = None) -> _T:
    """The logarithm of the gamma function of p dimensions.

    It is p (p - 1) / 4 log(pi) and the sum of lgamma(x - k / 2) over the k from 0 to p - 1.

    With `out` the result is written there, and that is returned. If its shape is another one,
    it is resized, with a warning unless it is empty.

    Raises:
        RuntimeError: p is not positive.
        TypeError: the input is not a Tensor, or p no int.
    """
def igamma(input: _T, other: Tensor, *, out: Tensor | None = None) -> _T:
    """The lower incomplete gamma function, regularised: the integral of t ** (a - 1) * exp(-t)
    from 0 to x, over that up to infinity, where a is input and x other.

    Gradients flow to both operands, whose shapes broadcast to the result's. It is NaN where
    one of them is negative, or both are 0.

    With `out` the result is written there, and that is returned. If its shape is another one,
    it is resized, with a warning unless it is empty.

    Raises:
        NotImplementedError: no operand is float64.
        RuntimeError: the shapes do not broadcast.
        TypeError: an operand is not a Tensor.
    """
def igammac(input: _T, other: Tensor, *, out: Tensor | None = None) -> _T:
    """The upper incomplete gamma function, regularised: the integral of t ** (a - 1) * exp(-t)
    from x to infinity, over that from 0 on, where a is input and x other.

    Gradients flow to both operands, whose shapes broadcast to the result's. It is NaN where
    one of them is negative, or both are 0.

    With `out` the result is written there, and that is returned. If its shape is another one,
    it is resized, with a warning unless it is empty.

    Raises:
        NotImplementedError: no operand is float64.
        RuntimeError: the shapes do not broadcast.
        TypeError: an operand is not a Tensor.
    """
def cholesky(input: _T, upper: _bool = False, *, out: Tensor | None = None) -> _T:
    """`linalg.cholesky`, with upper by place, too.

    Raises:
        linalg.LinAlgError: a matrix is not positive-definite.
        RuntimeError: the input is not square, has fewer than two dimensions, or is not
            float64.
        TypeError: an argument is of the wrong type.
    """
def triangular_solve(
    self: _T, A: Tensor, upper: _bool = True, transpose: _bool = False, unitriangular: _bool = False
) -> return_types.triangular_solve:
    """The solution X of A X = b with triangular matrices A, or of A^T X = b, and a copy of A.

    As a named tuple with the fields `solution` and `cloned_coefficient`. See
    `linalg.solve_triangular`.

    Raises:
        RuntimeError: A is not square, sizes do not fit, or dtypes are not float64.
        TypeError: an argument is of the wrong type.
    """
def cholesky_solve(
    input: _T, L: Tensor, upper: _bool = False, *, out: Tensor | None = None
) -> _T:
    """The solution X of A X = b, with A = L L^T, or U^T U if upper, given by its factor.

    One triangle of the factor is read, and only that has a gradient. Batches broadcast.

    Raises:
        RuntimeError: the factor is not square, sizes do not fit, or dtypes are not float64.
        TypeError: an argument is of the wrong type.
    """
def cholesky_inverse(L: _T, upper: _bool = False, *, out: Tensor | None = None) -> _T:
    """The inverse of A = L L^T, or of U^T U if upper, given by its factor.

    Raises:
        RuntimeError: the factor is not square, or is not float64.
        TypeError: an argument is of the wrong type.
    """
def inverse(input: _T, *, out: Tensor | None = None) -> _T:
    """`linalg.inv`: the inverses of square matrices.

    Raises:
        linalg.LinAlgError: a matrix is singular.
        RuntimeError: the input is not square, has fewer than two dimensions, or is not
            float64.
        TypeError: an argument is of the wrong type.
    """
def lu_solve(input: _T, LU_data: Tensor, LU_pivots: Tensor, *, out: Tensor | None = None) -> _T:
    """`linalg.lu_solve`, with its arguments in another order.

    Raises:
        RuntimeError: LU_data is not square, LU_pivots are no such int64 tensor, sizes do not
            fit,
            or dtypes are not float64.
        TypeError: an argument is of the wrong type.
    """
def det(input: _T) -> _T:
    """`linalg.det`: the determinants of square matrices.

    Raises:
        RuntimeError: the input is not square, has fewer than two dimensions, or is not
            float64.
        TypeError: an argument is of the wrong type.
    """
def slogdet(input: _T) -> return_types.slogdet:
    """`linalg.slogdet`: the signs of determinants, and the logarithms of their absolute values.

    Raises:
        RuntimeError: the input is not square, has fewer than two dimensions, or is not
            float64.
        TypeError: an argument is of the wrong type.
    """
def logdet(input: _T) -> _T:
    """The logarithms of the determinants of square matrices: nan where one is negative.

    Raises:
        RuntimeError: the input is not square, has fewer than two dimensions, or is not
            float64.
        TypeError: an argument is of the wrong type.
    """
def svd(input: _T, some: _bool = True, compute_uv: _bool = True) -> return_types.svd:
    """`linalg.svd` of old, with V instead of its transpose; reduced, if some; U and V are zeros,
    if
    not compute_uv.

    As a named tuple with the fields `U`, `S` and `V`.

    Raises:
        linalg.LinAlgError: a matrix is not finite, or the algorithm does not converge.
        RuntimeError: the input has fewer than two dimensions, is not float64, or there is no
            LAPACK.
        TypeError: an argument is of the wrong type.
    """
def qr(input: _T, some: _bool = True) -> return_types.qr:
    """`linalg.qr`, reduced if some, else complete.

    As a named tuple with the fields `Q` and `R`.

    Raises:
        RuntimeError: the input has fewer than two dimensions, or is not float64.
        TypeError: an argument is of the wrong type.
    """
def matrix_power(input: _T, n: _int, *, out: Tensor | None = None) -> _T:
    """`linalg.matrix_power`: the n-th powers of square matrices.

    Raises:
        linalg.LinAlgError: n is negative, and a matrix is singular.
        RuntimeError: the input is not square, has fewer than two dimensions, or n is negative
            and the input is not float64.
        TypeError: an argument is of the wrong type.
    """
def matrix_exp(input: _T) -> _T:
    """`linalg.matrix_exp`: the exponentials of square matrices.

    Raises:
        RuntimeError: the input is not square, has fewer than two dimensions, or is not
            float64.
        TypeError: an argument is of the wrong type.
    """
def pinverse(input: _T, rcond: _Real = 1e-15) -> _T:
    """`linalg.pinv` with a relative tolerance of 1e-15.

    Raises:
        linalg.LinAlgError: a matrix is not finite, or the algorithm does not converge.
        RuntimeError: the input has fewer than two dimensions, is not float64, or there is no
            LAPACK.
        TypeError: an argument is of the wrong type.
    """
def argmax(
    input: _T, dim: _int | None = None, keepdim: _bool = False, *, out: Tensor | None = None
) -> _T:
    """Where the largest elements along a dimension are; without one, which element it is of all,
    counted in row-major order. An int64 tensor.

    The dimension is dropped, or kept with size 1 if keepdim. A NaN counts as the largest. Of
    equal elements the first is meant.

    Raises:
        IndexError: the dimension is out of range or has size 0, or there are no elements.
        NotImplementedError: the input is a bool tensor.
        TypeError: an argument is of the wrong type.
    """
def argmin(
    input: _T, dim: _int | None = None, keepdim: _bool = False, *, out: Tensor | None = None
) -> _T:
    """Where the smallest elements along a dimension are; without one, which element it is of all,
    counted in row-major order. An int64 tensor.

    The dimension is dropped, or kept with size 1 if keepdim. A NaN counts as the smallest. Of
    equal elements the first is meant.

    Raises:
        IndexError: the dimension is out of range or has size 0, or there are no elements.
        NotImplementedError: the input is a bool tensor.
        TypeError: an argument is of the wrong type.
    """
def sort(
    input: _T,
    dim: _int = -1,
    descending: _bool = False,
    *,
    stable: _bool = False,
    out: tuple[Tensor, ...] | None = None,
) -> return_types.sort:
    """The elements along a dimension in ascending order, or in descending order, and where they
    were.

    As a named tuple with the fields `values` and `indices`. A NaN counts as larger than all
    numbers. Equal elements stay in the order that they are in, `stable` or not.

    With `out` the result is written there, and that is returned. If its shape is another one,
    it is resized, with a warning unless it is empty.

    Raises:
        IndexError: the dimension is out of range.
        TypeError: an argument is of the wrong type.
    """
def argsort(
    input: _T, dim: _int = -1, descending: _bool = False, *, stable: _bool = False
) -> _T:
    """Where the elements along a dimension are, in ascending or in descending order: the indices
    of `sort`.

    Raises:
        IndexError: the dimension is out of range.
        TypeError: an argument is of the wrong type.
    """
def msort(input: _T, *, out: Tensor | None = None) -> _T:
    """The elements along the first dimension in ascending order.

    Raises:
        TypeError: the input is not a Tensor.
    """
def topk(
    input: _T,
    k: _int,
    dim: _int = -1,
    largest: _bool = True,
    sorted: _bool = True,
    *,
    out: tuple[Tensor, ...] | None = None,
) -> return_types.topk:
    """The k largest elements along a dimension, in descending order, or the k smallest ones in
    ascending order, and where they were.

    As a named tuple with the fields `values` and `indices`. A NaN counts as larger than all
    numbers. Of equal elements the first ones are meant. They are in order, `sorted` or not.

    With `out` the result is written there, and that is returned. If its shape is another one,
    it is resized, with a warning unless it is empty.

    Raises:
        IndexError: the dimension is out of range.
        NotImplementedError: the input is a bool tensor.
        RuntimeError: there are fewer than k elements.
        TypeError: an argument is of the wrong type.
    """
def kthvalue(
    input: _T,
    k: _int,
    dim: _int = -1,
    keepdim: _bool = False,
    *,
    out: tuple[Tensor, ...] | None = None,
) -> return_types.kthvalue:
    """The k-th smallest element along a dimension, k from 1 on, and where it is.

    As a named tuple with the fields `values` and `indices`. The dimension is dropped, or kept
    with size 1 if keepdim. A NaN counts as larger than all numbers. Of equal elements the
    first is meant.

    With `out` the result is written there, and that is returned. If its shape is another one,
    it is resized, with a warning unless it is empty.

    Raises:
        IndexError: the dimension is out of range, or has size 0.
        NotImplementedError: the input is a bool tensor.
        RuntimeError: there are fewer than k elements.
        TypeError: an argument is of the wrong type.
    """
def mode(
    input: _T, dim: _int = -1, keepdim: _bool = False, *, out: tuple[Tensor, ...] | None = None
) -> return_types.mode:
    """The most frequent elements along a dimension, and where they are.

    As a named tuple with the fields `values` and `indices`. The dimension is dropped, or kept
    with size 1 if keepdim. Of several that are as frequent the smallest is meant, and of it
    the first place.

    With `out` the result is written there, and that is returned. If its shape is another one,
    it is resized, with a warning unless it is empty.

    Raises:
        IndexError: the dimension is out of range, or has size 0.
        TypeError: an argument is of the wrong type.
    """
def quantile(
    input: _T,
    q: _Operand,
    dim: _int | None = None,
    keepdim: _bool = False,
    *,
    interpolation: Literal["linear", "lower", "higher", "midpoint", "nearest"] = "linear",
    out: Tensor | None = None,
) -> _T:
    """The q-quantiles of all elements, or of those along a dimension: q is a number from 0 to 1
    or a tensor of such, which becomes the first dimension of the result.

    Where a quantile lies between two elements, it is on the line between them (linear), the
    `lower` or the `higher` one, in the middle (midpoint), or the `nearest`. The dimension is
    dropped, or kept with size 1 if keepdim. A NaN makes it nan.

    Raises:
        IndexError: the dimension is out of range.
        RuntimeError: q is not between 0 and 1, or there are no elements, or they are integers.
        TypeError: an argument is of the wrong type.
    """
def nanquantile(
    input: _T,
    q: _Operand,
    dim: _int | None = None,
    keepdim: _bool = False,
    *,
    interpolation: Literal["linear", "lower", "higher", "midpoint", "nearest"] = "linear",
    out: Tensor | None = None,
) -> _T:
    """`quantile` of those elements that are not NaN; nan where none is.

    Raises:
        IndexError: the dimension is out of range.
        RuntimeError: q is not between 0 and 1, or there are no elements, or they are integers.
        TypeError: an argument is of the wrong type.
    """
def cov(
    input: _T,
    *,
    correction: _int = 1,
    fweights: _Operand | None = None,
    aweights: _Operand | None = None,
) -> _T:
    """The covariances of the rows of a matrix, each of which has the observations of one
    variable; of a vector its variance.

    Sums of products are divided by the number of observations less the correction. `fweights`
    says how often each observation was made (int64), `aweights` how much it counts.

    Raises:
        RuntimeError: there are more than two dimensions, or the weights do not fit.
        TypeError: an argument is of the wrong type.
    """
def corrcoef(input: _T) -> _T:
    """The correlation coefficients of the rows of a matrix: covariances divided by both standard
    deviations, between -1 and 1.

    Raises:
        RuntimeError: there are more than two dimensions.
        TypeError: the input is not a Tensor.
    """
def celu(input: _T, alpha: _Real = 1.0) -> _T:
    """Elements that are positive as they are, and alpha * (exp(x / alpha) - 1) of others.

    The result has the shape of the input.

    Raises:
        RuntimeError: alpha is 0.
        NotImplementedError: the input is no float64 tensor.
        TypeError: the input is not a Tensor, or another argument is not a number.
    """
def selu(input: _T) -> _T:
    """1.0507 times elements that are positive, and 1.7581 * (exp(x) - 1) of others: layers of it
    keep a mean of 0 and a variance of 1.

    The result has the shape of the input.

    Raises:
        NotImplementedError: the input is no float64 tensor.
        TypeError: the input is not a Tensor.
    """
def threshold(input: _T, threshold: _Real, value: _Real, *, out: Tensor | None = None) -> _T:
    """Elements that are above the threshold as they are, and value for others.

    The result has the shape of the input.

    With `out` the result is written there, and that is returned. If its shape is another one,
    it is resized, with a warning unless it is empty.

    Raises:
        NotImplementedError: the input is a bool tensor.
        TypeError: the input is not a Tensor, or another argument is not a number.
    """
def hardshrink(input: _T, lambd: _Real = 0.5, *, out: Tensor | None = None) -> _T:
    """Elements of which the magnitude is above lambd as they are, and 0 for others.

    With `out` the result is written there, and that is returned. If its shape is another one,
    it is resized, with a warning unless it is empty.

    Raises:
        NotImplementedError: the input is no float64 tensor.
        TypeError: the input is not a Tensor, or another argument is not a number.
    """
def prelu(input: _T, weight: Tensor) -> _T:
    """Elements that are positive as they are, others times a weight.

    `weight` has one element for all, or one for each index of dimension 1.

    Raises:
        NotImplementedError: the input is no float64 tensor.
        RuntimeError: the weight has another number of elements, or another dtype.
        TypeError: an argument is not a Tensor.
    """
def reshape(input: _T, shape: Sequence[_int]) -> _T:
    """The elements, in order, in another shape: a view if there is one, otherwise a copy.

    One size may be -1 and is worked out.

    Raises:
        RuntimeError: the number of elements differs.
        TypeError: a size is no int.
    """
def flatten(input: _T, start_dim: _int = 0, end_dim: _int = -1) -> _T:
    """Dimensions start_dim to end_dim as one: a view if there is one, otherwise a copy.

    Raises:
        IndexError: a dimension is out of range.
        RuntimeError: start_dim comes after end_dim.
    """
def ravel(input: _T) -> _T:
    """All elements in one dimension: a view if there is one, otherwise a copy.

    Raises:
        TypeError: the input is not a Tensor.
    """
def transpose(input: _T, dim0: _int, dim1: _int) -> _T:
    """A view with two dimensions exchanged.

    Raises:
        IndexError: a dimension is out of range.
        TypeError: a dimension is no int.
    """
def swapaxes(input: _T, axis0: _int, axis1: _int) -> _T:
    """A view with two dimensions exchanged.

    Raises:
        IndexError: a dimension is out of range.
        TypeError: a dimension is no int.
    """
def swapdims(input: _T, dim0: _int, dim1: _int) -> _T:
    """A view with two dimensions exchanged.

    Raises:
        IndexError: a dimension is out of range.
        TypeError: a dimension is no int.
    """
def t(input: _T) -> _T:
    """The transpose of a matrix, as a view; a tensor of fewer dimensions as it is.

    Raises:
        RuntimeError: there are more than two dimensions.
    """
def permute(input: _T, dims: Sequence[_int]) -> _T:
    """A view with the dimensions in another order.

    Raises:
        IndexError: a dimension is out of range.
        RuntimeError: not every dimension is named once.
    """
def broadcast_to(input: _T, size: Sequence[_int]) -> _T:
    """The same as `expand` with one tuple of sizes.

    Raises:
        RuntimeError: a dimension of another size than 1 would have to grow.
        TypeError: a size is no int.
    """
def squeeze(input: _T, dim: _Dims | None = None) -> _T:
    """A view without the dimensions of size 1: all of them, or those named by dim.

    dim is an int or a tuple of ints; a dimension of another size stays.

    Raises:
        IndexError: a dimension is out of range.
        RuntimeError: a dimension is named twice.
    """
def unsqueeze(input: _T, dim: _int) -> _T:
    """A view with a dimension of size 1 put in at dim.

    Raises:
        IndexError: a dimension is out of range.
        TypeError: dim is no int.
    """
def clone(input: _T) -> _T:
    """A copy with memory of its own, through which gradients flow. Its dimensions lie in memory
    in the order of the tensor's own.

    Raises:
        MemoryError: there is no room for it.
    """
def gather(
    input: _T, dim: _int, index: Tensor, *, sparse_grad: _bool = False, out: Tensor | None = None
) -> _T:
    """Elements of lines along dim: where the index has k at a place, element k of the line there.

    The index is an int64 tensor with as many dimensions as the input, in all but dim at most
    as large; the result has its shape. An element that is named twice gets both gradients.
    sparse_grad changes nothing.

    Raises:
        IndexError: there is no such dimension.
        RuntimeError: the shapes do not fit, or a number of the index is out of range.
    """
def index_select(input: _T, dim: _int, index: Tensor, *, out: Tensor | None = None) -> _T:
    """The input at the numbers of a vector along dim, in their order, as often as they come.

    Raises:
        IndexError: there is no such dimension, a number of the index is out of range, or the
            index is no vector.
        RuntimeError: the index is not of dtype int64.
    """
def scatter(
    input: _T,
    dim: _int,
    index: Tensor,
    src: _Operand,
    *,
    reduce: Literal["add", "multiply"] | None = None,
    out: Tensor | None = None,
) -> _T:
    """A copy with src written to it: where the index has k at a place, to element k of the line
    along dim there.

    Of several that are written to one element the last one stays. The index is an int64
    tensor, at most as large as src and, in all but dim, as the input. src may be a number.
    With reduce, "add" or "multiply", what is there is a term or factor of what is written.

    With `out` the result is written there, and that is returned. If its shape is another one,
    it is resized, with a warning unless it is empty.

    Raises:
        IndexError: there is no such dimension.
        RuntimeError: the shapes or dtypes do not fit, a number of the index is out of range,
            or reduce is another word.
    """
def scatter_add(
    input: _T, dim: _int, index: Tensor, src: Tensor, *, out: Tensor | None = None
) -> _T:
    """A copy with src added to it: where the index has k at a place, to element k of the line
    along dim there.

    What comes to one element is added in the order in which it stands in src. The index is an
    int64 tensor, at most as large as src and, in all but dim, as the input.

    With `out` the result is written there, and that is returned. If its shape is another one,
    it is resized, with a warning unless it is empty.

    Raises:
        IndexError: there is no such dimension.
        RuntimeError: the shapes or dtypes do not fit, or a number of the index is out of
            range.
    """
def index_add(
    input: _T,
    dim: _int,
    index: Tensor,
    source: Tensor,
    *,
    alpha: _Real = 1,
    out: Tensor | None = None,
) -> _T:
    """A copy with alpha times the slices of source added to those that a vector names along dim.

    Slices that come to one place are added in their order.

    With `out` the result is written there, and that is returned. If its shape is another one,
    it is resized, with a warning unless it is empty.

    Raises:
        IndexError: there is no such dimension, or a number of the index is out of range.
        RuntimeError: the shapes or dtypes do not fit.
    """
def index_copy(
    input: _T, dim: _int, index: Tensor, source: Tensor, *, out: Tensor | None = None
) -> _T:
    """A copy with the slices of source in place of those that a vector names along dim.

    Of several that come to one place the last one stays.

    With `out` the result is written there, and that is returned. If its shape is another one,
    it is resized, with a warning unless it is empty.

    Raises:
        IndexError: there is no such dimension, or a number of the index is out of range.
        RuntimeError: the shapes or dtypes do not fit.
    """
def index_fill(input: _T, dim: _int, index: Tensor, value: _Operand) -> _T:
    """A copy with a number in all places of the slices that a vector names along dim.

    The value is a number or a 0-d tensor. Negative numbers of the index count from the end.

    Raises:
        IndexError: there is no such dimension, or a number of the index is out of range.
        RuntimeError: the value has dimensions.
    """
def take(input: _T, index: Tensor, *, out: Tensor | None = None) -> _T:
    """Elements of the input as if it had one dimension, at the numbers of an index, in its shape.

    Negative numbers count from the end.

    Raises:
        IndexError: a number is out of range.
        RuntimeError: the index is not of dtype int64.
    """
def put(input: _T, index: Tensor, source: Tensor, accumulate: _bool = False) -> _T:
    """A copy with the elements of source written, or added, to those that an index names.

    Elements are counted as if the input had one dimension, from the end where a number is
    negative. Of several that are written to one element the last one stays.

    Raises:
        IndexError: a number is out of range.
        RuntimeError: source has another dtype, or not as many elements as the index.
    """
def index_put(input: _T, indices: _Value, values: Tensor, accumulate: _bool = False) -> _T:
    """A copy in which x[indices] is values, or with accumulate has values added to it.

    indices are a tuple of int64 and bool tensors, for the first dimensions; values broadcast
    to what they name. Of several that are written to one element the last one stays; several
    that are added to one are added in their order.

    Raises:
        IndexError: a number is out of range, or the index tensors do not fit each other.
        RuntimeError: the shape or dtype of values does not fit.
        TypeError: an index is no Tensor.
    """
def masked_fill(input: _T, mask: Tensor, value: _Operand) -> _T:
    """The input with a number where a bool tensor is true: a number or a 0-d tensor.

    The input and the mask broadcast. The number is converted to the input's dtype.

    Raises:
        RuntimeError: the mask is not of dtype bool, the shapes do not broadcast, or the value
            has dimensions.
    """
def masked_select(input: _T, mask: Tensor, *, out: Tensor | None = None) -> _T:
    """The elements where a bool tensor is true, row by row, in one dimension.

    The input and the mask broadcast.

    Raises:
        RuntimeError: the mask is not of dtype bool, or the shapes do not broadcast.
    """
def masked_scatter(input: _T, mask: Tensor, source: Tensor) -> _T:
    """The input with the elements of source, one after another, where a bool tensor is true.

    The input and the mask broadcast.

    Raises:
        RuntimeError: the mask is not of dtype bool, source has another dtype than the input or
            too few elements, or the shapes do not broadcast.
    """
def nonzero(input: _T, *, as_tuple: _bool = False, out: Tensor | None = None) -> _T:
    """The indices of the elements that are not 0, a row for each; NaN is not 0.

    With as_tuple a tuple of vectors, one for each dimension, with which the tensor can be
    indexed; what has no dimensions counts as a vector then.

    With `out` the result is written there, and that is returned. If its shape is another one,
    it is resized, with a warning unless it is empty.

    Raises:
        TypeError: the input is not a Tensor.
    """
def argwhere(input: _T) -> _T:
    """The indices of the elements that are not 0, a row for each; NaN is not 0.

    Raises:
        TypeError: the input is not a Tensor.
    """
def take_along_dim(
    input: _T, indices: Tensor, dim: _int | None = None, *, out: Tensor | None = None
) -> _T:
    """`gather` of an input and indices that broadcast in all dimensions but dim. Without dim, of
    both as vectors.

    Raises:
        IndexError: there is no such dimension.
        RuntimeError: the shapes do not fit, or a number of the index is out of range.
    """
def scatter_reduce(
    input: _T,
    dim: _int,
    index: Tensor,
    src: Tensor,
    reduce: Literal["sum", "prod", "mean", "amax", "amin"],
    *,
    include_self: _bool = True,
    out: Tensor | None = None,
) -> _T:
    """A copy in which an element is the sum, product, mean, largest or smallest of what src has
    for it: where the index has k at a place, for element k of the line along dim there.

    Its own number is one of them with include_self. Elements that the index does not name
    stay. Of equal extremes each has the same part of the gradient.

    With `out` the result is written there, and that is returned. If its shape is another one,
    it is resized, with a warning unless it is empty.

    Raises:
        IndexError: there is no such dimension.
        RuntimeError: the shapes or dtypes do not fit, a number of the index is out of range,
            or reduce is another word.
    """
def index_reduce(
    input: _T,
    dim: _int,
    index: Tensor,
    source: Tensor,
    reduce: Literal["prod", "mean", "amax", "amin"],
    *,
    include_self: _bool = True,
    out: Tensor | None = None,
) -> _T:
    """`scatter_reduce` of whole slices along dim, for which a vector says where they go.

    With `out` the result is written there, and that is returned. If its shape is another one,
    it is resized, with a warning unless it is empty.

    Raises:
        IndexError: there is no such dimension, or there are not as many numbers as slices.
        RuntimeError: the shapes or dtypes do not fit, a number of the index is out of range,
            or reduce is another word.
    """
def select(input: _T, dim: _int, index: _int) -> _T:
    """A view of one index of a dimension, which it lacks.

    Raises:
        IndexError: there is no such dimension or index.
        TypeError: an argument is no int.
    """
def narrow(input: _T, dim: _int, start: _int, length: _int) -> _T:
    """A view of `length` indices of a dimension, from start on.

    A start that is negative counts from the end.

    Raises:
        IndexError: there is no such dimension or start.
        RuntimeError: length is negative, or reaches over the end.
        TypeError: an argument is no int.
    """
def movedim(input: _T, source: _Dims, destination: _Dims) -> _T:
    """A view with dimensions moved to other places; the others keep their order.

    Both are ints or tuples of ints.

    Raises:
        IndexError: a dimension is out of range.
        RuntimeError: there are not as many places as dimensions, or one is named twice.
        TypeError: a dimension is no int.
    """
def moveaxis(input: _T, source: _Dims, destination: _Dims) -> _T:
    """A view with dimensions moved to other places; the others keep their order.

    Both are ints or tuples of ints.

    Raises:
        IndexError: a dimension is out of range.
        RuntimeError: there are not as many places as dimensions, or one is named twice.
        TypeError: a dimension is no int.
    """
def adjoint(input: _T) -> _T:
    """A view with the last two dimensions exchanged.

    Raises:
        RuntimeError: there is one dimension alone.
    """
def unflatten(input: _T, dim: _int, sizes: _Dims) -> _T:
    """A view with one dimension as several of these sizes; one may be -1 and is worked out.

    Raises:
        IndexError: there is no such dimension.
        RuntimeError: the sizes do not multiply up to that of the dimension.
        TypeError: a size is no int.
    """
def diagonal(input: _T, offset: _int = 0, dim1: _int = 0, dim2: _int = 1) -> _T:
    """A view of the diagonal of two dimensions, which becomes the last one.

    offset says how far above the main diagonal it is, or below where negative.

    Raises:
        IndexError: a dimension is out of range.
        RuntimeError: it is the same dimension twice.
        TypeError: an argument is no int.
    """
def as_strided(input: _T, size: _Dims, stride: _Dims, storage_offset: _int | None = None) -> _T:
    """A view of the tensor's memory: any sizes, strides in elements, and place of the first one.

    storage_offset is counted from the beginning of the memory; without it, the view begins
    where the tensor does. Elements may be met more than once.

    Raises:
        RuntimeError: a size or stride is negative, they are not equally many, or lead outside.
        TypeError: an argument is no int.
    """
def tensor_split(input: _T, indices_or_sections: _Dims, dim: _int = 0) -> tuple[_T, ...]:
    """A tuple of views, of parts of a dimension: so many as nearly equal as can be, or what lies
    between the indices given.

    Raises:
        IndexError: there is no such dimension.
        RuntimeError: the number is not positive.
        TypeError: an index is no int.
    """
def split_with_sizes(input: _T, split_sizes: _Dims, dim: _int = 0) -> tuple[_T, ...]:
    """`split` into parts of the sizes given.

    Raises:
        IndexError: there is no such dimension.
        RuntimeError: a size is negative, or all sizes are not as long as the dimension.
    """
def hsplit(input: _T, indices_or_sections: _Dims) -> tuple[_T, ...]:
    """`tensor_split` of columns: of dimension 1, or of a vector.

    Raises:
        RuntimeError: there are no dimensions, or parts would not be equal.
        TypeError: an index is no int.
    """
def vsplit(input: _T, indices_or_sections: _Dims) -> tuple[_T, ...]:
    """`tensor_split` of rows: of dimension 0, where there are two or more.

    Raises:
        RuntimeError: there are fewer dimensions, or parts would not be equal.
        TypeError: an index is no int.
    """
def dsplit(input: _T, indices_or_sections: _Dims) -> tuple[_T, ...]:
    """`tensor_split` of dimension 2, where there are three or more.

    Raises:
        RuntimeError: there are fewer dimensions, or parts would not be equal.
        TypeError: an index is no int.
    """
@overload
def meshgrid(*tensors: _T, indexing: Literal["ij", "xy"] | None = None) -> tuple[_T, ...]:
    """A grid of vectors: for each of them a view over the whole grid, in which it goes along its
    own dimension. With "xy" the first two dimensions are exchanged.

    Raises:
        RuntimeError: a tensor has two or more dimensions.
        TypeError: an argument is no Tensor.
    """
@overload
def meshgrid(
    tensors: Sequence[_T], /, *, indexing: Literal["ij", "xy"] | None = None
) -> tuple[_T, ...]: ...
@overload
def broadcast_tensors(*tensors: _T) -> tuple[_T, ...]:
    """A tuple of views of the tensors, all of the shape that they broadcast to.

    Raises:
        RuntimeError: they do not broadcast.
        TypeError: an argument is no Tensor.
    """
@overload
def broadcast_tensors(tensors: Sequence[_T], /) -> tuple[_T, ...]: ...
@overload
def atleast_1d(*tensors: _T) -> _T:
    """A tensor with one dimension or more: as it is, or a view. Of several, a tuple.

    Raises:
        TypeError: an argument is no Tensor.
    """
@overload
def atleast_1d(tensors: Sequence[_T], /) -> _T: ...
@overload
def atleast_2d(*tensors: _T) -> _T:
    """A tensor with two dimensions or more: as it is, or a view. Of several, a tuple.

    Raises:
        TypeError: an argument is no Tensor.
    """
@overload
def atleast_2d(tensors: Sequence[_T], /) -> _T: ...
@overload
def atleast_3d(*tensors: _T) -> _T:
    """A tensor with three dimensions or more: as it is, or a view. Of several, a tuple.

    Raises:
        TypeError: an argument is no Tensor.
    """
@overload
def atleast_3d(tensors: Sequence[_T], /) -> _T: ...
def flip(input: _T, dims: Sequence[_int]) -> _T:
    """A copy with the order of some dimensions reversed.

    Raises:
        IndexError: a dimension is out of range.
        RuntimeError: a dimension is named twice.
        TypeError: a dimension is no int.
    """
def fliplr(input: _T) -> _T:
    """A copy with the order of dimension 1 reversed.

    Raises:
        RuntimeError: there are fewer than two dimensions.
    """
def flipud(input: _T) -> _T:
    """A copy with the order of dimension 0 reversed.

    Raises:
        RuntimeError: there are no dimensions.
    """
def rot90(input: _T, k: _int = 1, dims: _Dims = (0, 1)) -> _T:
    """A copy turned by k quarters in the plane of two dimensions, from the first to the second.

    Raises:
        IndexError: a dimension is out of range.
        RuntimeError: dims are not two that differ.
        TypeError: an argument is no int.
    """
def roll(input: _T, shifts: _Dims, dims: _Dims = ()) -> _T:
    """A copy with the elements moved on along dimensions; what leaves at the end comes in at the
    beginning. Without dims all elements are one row.

    Raises:
        IndexError: a dimension is out of range.
        RuntimeError: there are not as many shifts as dimensions.
        TypeError: an argument is no int.
    """
def tile(input: _T, dims: Sequence[_int]) -> _T:
    """`repeat`, where fewer numbers than dimensions are those of the last ones.

    Raises:
        RuntimeError: a number is negative.
        TypeError: a number is no int.
    """
def tril(input: _T, diagonal: _int = 0, *, out: Tensor | None = None) -> _T:
    """The lower triangles of matrices: up to a diagonal, which may be above or, where negative,
    below the main one. The rest is 0.

    Raises:
        RuntimeError: there are fewer than two dimensions.
        TypeError: an argument is of the wrong type.
    """
def triu(input: _T, diagonal: _int = 0, *, out: Tensor | None = None) -> _T:
    """The upper triangles of matrices: from a diagonal on, which may be above or, where negative,
    below the main one. The rest is 0.

    Raises:
        RuntimeError: there are fewer than two dimensions.
        TypeError: an argument is of the wrong type.
    """
def trace(input: _T) -> _T:
    """The sum of the diagonal of a matrix.

    Raises:
        RuntimeError: the tensor is no matrix.
    """
def diag_embed(input: _T, offset: _int = 0, dim1: _int = -2, dim2: _int = -1) -> _T:
    """The last dimension as the diagonal of two new ones, which are at dim1 and dim2. The rest is
    0.

    Raises:
        IndexError: a dimension is out of range.
        RuntimeError: it is the same dimension twice.
        TypeError: an argument is no int.
    """
def diag(input: _T, diagonal: _int = 0, *, out: Tensor | None = None) -> _T:
    """Of a vector a matrix with it as a diagonal; of a matrix a copy of its diagonal.

    Raises:
        RuntimeError: the tensor is neither.
        TypeError: an argument is of the wrong type.
    """
def diagflat(input: _T, offset: _int = 0) -> _T:
    """A matrix with all elements, in order, as a diagonal.

    Raises:
        TypeError: offset is no int.
    """
def select_scatter(input: _T, src: Tensor, dim: _int, index: _int) -> _T:
    """A copy in which one index of a dimension is src.

    Raises:
        IndexError: there is no such dimension or index.
        RuntimeError: src has not the shape of that part.
        TypeError: an argument is of the wrong type.
    """
def slice_scatter(
    input: _T,
    src: Tensor,
    dim: _int = 0,
    start: _int | None = None,
    end: _int | None = None,
    step: _int = 1,
    *,
    out: Tensor | None = None,
) -> _T:
    """A copy in which every step-th index from start to before end, of a dimension, is src.

    With `out` the result is written there, and that is returned. If its shape is another one,
    it is resized, with a warning unless it is empty.

    Raises:
        IndexError: there is no such dimension.
        RuntimeError: src has not the shape of that part, or step is not positive.
        TypeError: an argument is of the wrong type.
    """
def diagonal_scatter(
    input: _T, src: Tensor, offset: _int = 0, dim1: _int = 0, dim2: _int = 1
) -> _T:
    """A copy in which the diagonal of two dimensions, as `diagonal` gives it, is src.

    Raises:
        IndexError: a dimension is out of range.
        RuntimeError: src has not the shape of the diagonal.
        TypeError: an argument is of the wrong type.
    """
def stack(tensors: Sequence[_T], dim: _int = 0, *, out: Tensor | None = None) -> _T:
    """Tensors of one shape beside each other, along a new dimension.

    Raises:
        TypeError: `tensors` is no tuple or list of tensors.
        RuntimeError: it is empty, or their shapes differ.
        IndexError: dim is out of range.
    """
def hstack(tensors: Sequence[_T], *, out: Tensor | None = None) -> _T:
    """Tensors behind each other along dimension 1, or of vectors along that.

    Raises:
        TypeError: `tensors` is no tuple or list of tensors.
        RuntimeError: it is empty, or the other sizes differ.
    """
def vstack(tensors: Sequence[_T], *, out: Tensor | None = None) -> _T:
    """Tensors below each other, along dimension 0; a vector is one row.

    Raises:
        TypeError: `tensors` is no tuple or list of tensors.
        RuntimeError: it is empty, or the other sizes differ.
    """
def row_stack(tensors: Sequence[_T], *, out: Tensor | None = None) -> _T:
    """Tensors below each other, along dimension 0; a vector is one row.

    Raises:
        TypeError: `tensors` is no tuple or list of tensors.
        RuntimeError: it is empty, or the other sizes differ.
    """
def dstack(tensors: Sequence[_T], *, out: Tensor | None = None) -> _T:
    """Tensors behind each other along dimension 2, as `atleast_3d` makes them.

    Raises:
        TypeError: `tensors` is no tuple or list of tensors.
        RuntimeError: it is empty, or the other sizes differ.
    """
def column_stack(tensors: Sequence[_T], *, out: Tensor | None = None) -> _T:
    """Tensors behind each other along dimension 1; a vector is one column.

    Raises:
        TypeError: `tensors` is no tuple or list of tensors.
        RuntimeError: it is empty, or the other sizes differ.
    """
@overload
def cartesian_prod(*tensors: _T) -> _T:
    """All combinations of an element of each vector, as rows, the last one changing first.

    Raises:
        RuntimeError: a tensor is no vector.
        TypeError: an argument is no Tensor.
    """
@overload
def cartesian_prod(tensors: Sequence[_T], /) -> _T: ...
def combinations(input: _T, r: _int = 2, with_replacement: _bool = False) -> _T:
    """All ways to take r elements of a vector, in their order, as rows; with_replacement, an
    element can be taken again.

    Raises:
        RuntimeError: the tensor is no vector, or r is negative.
        TypeError: an argument is of the wrong type.
    """
def outer(input: _T, vec2: Tensor, *, out: Tensor | None = None) -> _T:
    """The products of each element of a vector with each of another, as a matrix.

    Raises:
        RuntimeError: one of them is no vector.
        TypeError: an argument is no Tensor.
    """
def ger(input: _T, vec2: Tensor, *, out: Tensor | None = None) -> _T:
    """The products of each element of a vector with each of another, as a matrix.

    Raises:
        RuntimeError: one of them is no vector.
        TypeError: an argument is no Tensor.
    """
def kron(input: _T, other: Tensor, *, out: Tensor | None = None) -> _T:
    """The Kronecker product: each element times all of the other, in its place.

    Raises:
        TypeError: an argument is no Tensor.
    """
def vander(x: _T, N: _int | None = None, increasing: _bool = False) -> _T:
    """The powers of a vector's elements as columns, from the highest to 0, or increasing: N of
    them, or without it as many as elements.

    Raises:
        RuntimeError: the tensor is no vector, or N is negative.
        TypeError: an argument is of the wrong type.
    """
def constant_pad_nd(input: _T, pad: _Dims, value: _Real = 0) -> _T:
    """A copy with a border of one number: pad has how much is put in front of and behind the last
    dimension, then of the one before it. What is negative is cut off.

    Raises:
        RuntimeError: pad has an odd number of ints, too many, or nothing would be left.
        TypeError: an argument is of the wrong type.
    """
def cat(tensors: Sequence[_T], dim: _int = 0, *, out: Tensor | None = None) -> _T:
    """Tensors behind each other along one dimension, in which alone their sizes may differ.

    The result has the sum of their sizes there. Empty vectors fit everywhere.

    Raises:
        TypeError: `tensors` is no tuple or list of tensors.
        ValueError: it is empty.
        RuntimeError: the other sizes differ, or a tensor has no dimensions.
        IndexError: there is no such dimension.
    """
def concat(tensors: Sequence[_T], dim: _int = 0, *, out: Tensor | None = None) -> _T:
    """Tensors behind each other along one dimension, in which alone their sizes may differ.

    The result has the sum of their sizes there. Empty vectors fit everywhere.

    Raises:
        TypeError: `tensors` is no tuple or list of tensors.
        ValueError: it is empty.
        RuntimeError: the other sizes differ, or a tensor has no dimensions.
        IndexError: there is no such dimension.
    """
def concatenate(tensors: Sequence[_T], dim: _int = 0, *, out: Tensor | None = None) -> _T:
    """Tensors behind each other along one dimension, in which alone their sizes may differ.

    The result has the sum of their sizes there. Empty vectors fit everywhere.

    Raises:
        TypeError: `tensors` is no tuple or list of tensors.
        ValueError: it is empty.
        RuntimeError: the other sizes differ, or a tensor has no dimensions.
        IndexError: there is no such dimension.
    """
def unbind(input: _T, dim: _int = 0) -> tuple[_T, ...]:
    """A tuple of views, one of each index of a dimension, which they lack.

    They cannot be written in place where gradients are recorded.

    Raises:
        IndexError: there is no such dimension.
    """
def split(input: _T, split_size_or_sections: _Dims, dim: _int = 0) -> tuple[_T, ...]:
    """A tuple of views, of parts of a dimension one behind the other.

    They have the size given, the last what is left; or the sizes given, as a tuple or list,
    which
    are as long together as the dimension. They cannot be written in place where gradients are
    recorded.

    Raises:
        IndexError: there is no such dimension.
        RuntimeError: a size is negative, or all sizes are not as long as the dimension.
    """
def chunk(input: _T, chunks: _int, dim: _int = 0) -> tuple[_T, ...]:
    """A tuple of views, of so many parts of a dimension or fewer: all have one size, the last
    what
    is left.

    Raises:
        IndexError: there is no such dimension.
        RuntimeError: the number is not positive.
    """
@overload
def zeros(
    *size: _int,
    dtype: _DType = None,
    requires_grad: _bool = False,
    device: _Device = None,
    out: Tensor | None = None,
) -> Tensor:
    """A tensor of zeros, of the sizes given as ints or as one tuple.
    With `out` the numbers are written there, as its dtype, and that is returned.

    Raises:
        RuntimeError: a size is negative, or there are too many elements.
        TypeError: a size is no int, dtype is none, or requires_grad is no bool.
        MemoryError: there is no room for it.
    """
@overload
def zeros(
    size: Sequence[_int],
    /,
    *,
    dtype: _DType = None,
    requires_grad: _bool = False,
    device: _Device = None,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def zeros(
    *,
    size: Sequence[_int],
    dtype: _DType = None,
    requires_grad: _bool = False,
    device: _Device = None,
    out: Tensor | None = None,
) -> Tensor: ...
def zeros_like(
    input: _T, *, dtype: _DType = None, requires_grad: _bool = False, device: _Device = None
) -> _T:
    """A tensor of zeros, of the shape of another, and in memory in the order of that one.

    Raises:
        TypeError: the input is not a Tensor, or dtype is none.
    """
@overload
def ones(
    *size: _int,
    dtype: _DType = None,
    requires_grad: _bool = False,
    device: _Device = None,
    out: Tensor | None = None,
) -> Tensor:
    """A tensor of ones, of the sizes given as ints or as one tuple.
    With `out` the numbers are written there, as its dtype, and that is returned.

    Raises:
        RuntimeError: a size is negative, or there are too many elements.
        TypeError: a size is no int, dtype is none, or requires_grad is no bool.
        MemoryError: there is no room for it.
    """
@overload
def ones(
    size: Sequence[_int],
    /,
    *,
    dtype: _DType = None,
    requires_grad: _bool = False,
    device: _Device = None,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def ones(
    *,
    size: Sequence[_int],
    dtype: _DType = None,
    requires_grad: _bool = False,
    device: _Device = None,
    out: Tensor | None = None,
) -> Tensor: ...
def ones_like(
    input: _T, *, dtype: _DType = None, requires_grad: _bool = False, device: _Device = None
) -> _T:
    """A tensor of ones, of the shape of another, and in memory in the order of that one.

    Raises:
        TypeError: the input is not a Tensor, or dtype is none.
    """
@overload
def empty(
    *size: _int,
    dtype: _DType = None,
    requires_grad: _bool = False,
    device: _Device = None,
    out: Tensor | None = None,
) -> Tensor:
    """A tensor of undefined values, of the sizes given as ints or as one tuple.
    With `out` the numbers are written there, as its dtype, and that is returned.

    Raises:
        RuntimeError: a size is negative, or there are too many elements.
        TypeError: a size is no int, dtype is none, or requires_grad is no bool.
        MemoryError: there is no room for it.
    """
@overload
def empty(
    size: Sequence[_int],
    /,
    *,
    dtype: _DType = None,
    requires_grad: _bool = False,
    device: _Device = None,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def empty(
    *,
    size: Sequence[_int],
    dtype: _DType = None,
    requires_grad: _bool = False,
    device: _Device = None,
    out: Tensor | None = None,
) -> Tensor: ...
def empty_like(
    input: _T, *, dtype: _DType = None, requires_grad: _bool = False, device: _Device = None
) -> _T:
    """A tensor of undefined values, of the shape of another, and in memory in the order of
    that one.

    Raises:
        TypeError: the input is not a Tensor, or dtype is none.
    """
def full(
    size: Sequence[_int],
    fill_value: _Real,
    *,
    dtype: _DType = None,
    requires_grad: _bool = False,
    device: _Device = None,
    out: Tensor | None = None,
) -> Tensor:
    """A tensor with one number everywhere, of its dtype where none is given.
    With `out` the numbers are written there, as its dtype, and that is returned.

    Raises:
        RuntimeError: a size is negative, or there are too many elements.
        TypeError: a size is no int, dtype is none, or requires_grad is no bool.
        MemoryError: there is no room for it.
    """
def full_like(
    input: _T,
    fill_value: _Real,
    *,
    dtype: _DType = None,
    requires_grad: _bool = False,
    device: _Device = None,
) -> _T:
    """A tensor with one number everywhere, of the shape of another, and in memory in the order of
    that one.

    Raises:
        TypeError: the input is not a Tensor, or fill_value no number.
    """
def linspace(
    start: _Real,
    end: _Real,
    steps: _int,
    *,
    dtype: _DType = None,
    requires_grad: _bool = False,
    device: _Device = None,
    out: Tensor | None = None,
) -> Tensor:
    """`steps` numbers from start to end, both included, equally far apart.
    With `out` the numbers are written there, as its dtype, and that is returned.

    Raises:
        RuntimeError: steps is negative.
        TypeError: an argument is no number.
    """
def logspace(
    start: _Real,
    end: _Real,
    steps: _int,
    base: _Real = 10.0,
    *,
    dtype: _DType = None,
    requires_grad: _bool = False,
    device: _Device = None,
    out: Tensor | None = None,
) -> Tensor:
    """The powers of base to `steps` exponents from start to end, equally far apart.
    With `out` the numbers are written there, as its dtype, and that is returned.

    Raises:
        RuntimeError: steps is negative.
        TypeError: an argument is no number.
    """
def empty_strided(
    size: _Dims,
    stride: _Dims,
    *,
    dtype: _DType = None,
    requires_grad: _bool = False,
    device: _Device = None,
) -> Tensor:
    """A tensor of undefined values, of these sizes and strides in elements.

    Raises:
        RuntimeError: a size or stride is negative, or they are not equally many.
        TypeError: one is no int, or dtype is none.
    """
def empty_permuted(
    size: _Dims,
    physical_layout: _Dims,
    *,
    dtype: _DType = None,
    requires_grad: _bool = False,
    device: _Device = None,
) -> Tensor:
    """A tensor of undefined values whose dimensions lie in memory in the order given, from the
    outermost in.

    Raises:
        RuntimeError: not every dimension is named once.
        TypeError: a size is no int, or dtype is none.
    """
def tril_indices(
    row: _int,
    col: _int,
    offset: _int = 0,
    *,
    dtype: _DType = None,
    requires_grad: _bool = False,
    device: _Device = None,
) -> Tensor:
    """The rows and columns of the lower triangle of a matrix, as two rows of int64.

    Raises:
        RuntimeError: a size is negative.
        TypeError: an argument is no int.
    """
def triu_indices(
    row: _int,
    col: _int,
    offset: _int = 0,
    *,
    dtype: _DType = None,
    requires_grad: _bool = False,
    device: _Device = None,
) -> Tensor:
    """The rows and columns of the upper triangle of a matrix, as two rows of int64.

    Raises:
        RuntimeError: a size is negative.
        TypeError: an argument is no int.
    """
@overload
def rand(
    *size: _int,
    generator: Generator | None = None,
    out: Tensor | None = None,
    dtype: _DType = None,
    requires_grad: _bool = False,
    device: _Device = None,
) -> Tensor:
    """A tensor of random numbers, uniform in [0, 1), of the sizes given as ints or as one tuple.
    They come from the generator, without one from the process's.

    Raises:
        RuntimeError: a size is negative, or there are too many elements.
        TypeError: a size is no int, generator is no Generator, dtype is not float64, or
            requires_grad is no bool.
        MemoryError: there is no room for it.
    """
@overload
def rand(
    size: Sequence[_int],
    /,
    *,
    generator: Generator | None = None,
    out: Tensor | None = None,
    dtype: _DType = None,
    requires_grad: _bool = False,
    device: _Device = None,
) -> Tensor: ...
@overload
def rand(
    *,
    size: Sequence[_int],
    generator: Generator | None = None,
    out: Tensor | None = None,
    dtype: _DType = None,
    requires_grad: _bool = False,
    device: _Device = None,
) -> Tensor: ...
def rand_like(
    input: _T,
    *,
    dtype: _DType = None,
    generator: Generator | None = None,
    requires_grad: _bool = False,
    device: _Device = None,
) -> _T:
    """A tensor of random numbers, uniform in [0, 1), of the shape of another, and in memory in
    the order of that one. They come from the generator, without one from the process's.

    Raises:
        TypeError: the input is not a Tensor, or generator is no Generator.
        NotImplementedError: the numbers would not be float64.
    """
@overload
def randn(
    *size: _int,
    generator: Generator | None = None,
    out: Tensor | None = None,
    dtype: _DType = None,
    requires_grad: _bool = False,
    device: _Device = None,
) -> Tensor:
    """A tensor of random numbers, normal with mean 0 and variance 1, of the sizes given as
    ints or as one tuple. They come from the generator, without one from the process's.

    Raises:
        RuntimeError: a size is negative, or there are too many elements.
        TypeError: a size is no int, generator is no Generator, dtype is not float64, or
            requires_grad is no bool.
        MemoryError: there is no room for it.
    """
@overload
def randn(
    size: Sequence[_int],
    /,
    *,
    generator: Generator | None = None,
    out: Tensor | None = None,
    dtype: _DType = None,
    requires_grad: _bool = False,
    device: _Device = None,
) -> Tensor: ...
@overload
def randn(
    *,
    size: Sequence[_int],
    generator: Generator | None = None,
    out: Tensor | None = None,
    dtype: _DType = None,
    requires_grad: _bool = False,
    device: _Device = None,
) -> Tensor: ...
def randn_like(
    input: _T,
    *,
    dtype: _DType = None,
    generator: Generator | None = None,
    requires_grad: _bool = False,
    device: _Device = None,
) -> _T:
    """A tensor of random numbers, normal with mean 0 and variance 1, of the shape of another,
    and in memory in the order of that one. They come from the generator, without one from the
    process's.

    Raises:
        TypeError: the input is not a Tensor, or generator is no Generator.
        NotImplementedError: the numbers would not be float64.
    """
def poisson(input: _T, generator: Generator | None = None) -> _T:
    """How many events there are, each place with a rate of its own. The numbers come from the
    generator, without one from the process's. The gradient of a rate is 0, as in PyTorch.

    Raises:
        RuntimeError: a rate is negative or NaN.
        NotImplementedError: the rates are not float64.
        TypeError: an argument is of the wrong type.
    """
def binomial(count: _T, prob: Tensor, generator: Generator | None = None) -> _T:
    """How many of `count` trials succeed, each of the probability `prob`; both broadcast. The
    numbers come from the generator, without one from the process's. The gradient of counts and
    probabilities is 0.

    A probability below 0 counts as 0, one above 1 as 1, a negative count as 0; of NaN there is
    NaN.

    Raises:
        RuntimeError: the shapes do not fit each other.
        TypeError: an argument is of the wrong type.
        ValueError: one of them is not float64.
    """
def multinomial(
    input: _T,
    num_samples: _int,
    replacement: _bool = False,
    *,
    generator: Generator | None = None,
    out: Tensor | None = None,
) -> _T:
    """Numbers of classes, int64, by their weights, which need not add up to 1: of a vector, or of
    each row of a matrix. Without replacement no class comes twice, and those that come are in
    the order in which they would be drawn one by one; classes of weight 0 come last.

    Raises:
        RuntimeError: a weight is negative or not finite, all weights of a row are 0, there are
            not 1 or 2 dimensions, the dtype is not float64, num_samples is not positive or,
            without replacement, larger than the number of classes.
        TypeError: an argument is of the wrong type.
    """
def randperm(
    n: _int,
    *,
    generator: Generator | None = None,
    out: Tensor | None = None,
    dtype: _DType = None,
    requires_grad: _bool = False,
    device: _Device = None,
) -> Tensor:
    """The whole numbers below n in random order, each order as likely as another. They come from
    the generator, without one from the process's, and are int64 where no dtype is given.

    Raises:
        RuntimeError: n is negative.
        NotImplementedError: dtype is bool.
        TypeError: an argument is of the wrong type.
    """
def feature_dropout(input: _T, p: _Real, train: _bool) -> _T:
    """In training each feature, all that the dimensions behind the second hold, becomes 0 with
    probability p, and is else divided by 1 - p; otherwise the input itself. The random numbers
    are the next of the process's generator.

    Raises:
        RuntimeError: p is not between 0 and 1, or the input has less than two dimensions or is
            not float64.
        TypeError: an argument is of the wrong type.
    """
def feature_dropout_(input: _T, p: _Real, train: _bool) -> _T:
    """`feature_dropout` in place: the input is written and returned.

    Raises:
        RuntimeError: p is not between 0 and 1, the input has less than two dimensions, is not
            float64, or is a leaf that requires grad.
        TypeError: an argument is of the wrong type.
    """
def rrelu(
    input: _T,
    lower: _Real = 0.125,
    upper: _Real = 0.3333333333333333,
    training: _bool = False,
    generator: Generator | None = None,
) -> _T:
    """Elements that are positive as they are, others times a slope: in training a random one for
    each, uniform between two bounds, otherwise the mean of these. The numbers come from the
    generator, without one from the process's.

    Raises:
        RuntimeError: lower is above upper, or one of them is not finite.
        NotImplementedError: the input is not float64.
        TypeError: an argument is of the wrong type.
    """
def rrelu_(
    input: _T,
    lower: _Real = 0.125,
    upper: _Real = 0.3333333333333333,
    training: _bool = False,
    generator: Generator | None = None,
) -> _T:
    """`rrelu` in place: the input is written and returned.

    Raises:
        RuntimeError: lower is above upper, one of them is not finite, the input is a leaf that
            requires grad, or its memory is read-only.
        NotImplementedError: the input is not float64.
        TypeError: an argument is of the wrong type.
    """
def pairwise_distance(
    x1: _T, x2: Tensor, p: _Real = 2.0, eps: _Real = 1e-06, keepdim: _bool = False
) -> _T:
    """The p-norm of x1 - x2 + eps along the last dimension, which is dropped, or kept with
    size 1 if keepdim. Where it is 0, so is its gradient.

    Raises:
        RuntimeError: the shapes do not broadcast.
        TypeError: an argument is of the wrong type.
    """
def cdist(
    x1: _T, x2: Tensor, p: _Real = 2.0, compute_mode: str = 'use_mm_for_euclid_dist_if_necessary'
) -> _T:
    """The p-norms of the differences between each row of x1 and each of x2, matrices or
    batches of such. They are those of the differences themselves, whatever compute_mode
    says: what is computed by a product loses the digits of small distances. Where one is
    0, so is its gradient.

    Raises:
        RuntimeError: there are fewer than two dimensions, the rows have other lengths, or p
            is
        negative.
        TypeError: an argument is of the wrong type.
    """
def pdist(input: _T, p: _Real = 2) -> _T:
    """The p-norms of the differences between each two rows of a matrix: of the first and the
    second, the first and the third, and so on. Where one is 0, so is its gradient.

    Raises:
        RuntimeError: there are not two dimensions, or p is negative.
        TypeError: an argument is of the wrong type.
    """
def dist(input: _T, other: Tensor, p: _Real = 2) -> _T:
    """The p-norm of all differences between two tensors, which broadcast. Where it is 0, so
    is its gradient.

    Raises:
        RuntimeError: the shapes do not broadcast.
        TypeError: an argument is of the wrong type.
    """
def cosine_similarity(x1: _T, x2: Tensor, dim: _int = 1, eps: _Real = 1e-08) -> _T:
    """The cosines of the angles between what x1 and x2, which broadcast, have along a
    dimension, which is dropped. A length counts as eps at least.

    Raises:
        IndexError: the dimension is out of range.
        RuntimeError: the shapes do not broadcast.
        TypeError: an argument is of the wrong type.
    """
def dropout(input: _T, p: _Real, train: _bool) -> _T:
    """`nn.functional.dropout`, in training where `train` is True.

    Raises:
        RuntimeError: p is not between 0 and 1, or the input is not float64.
        TypeError: an argument is of the wrong type.
    """
def dropout_(input: _T, p: _Real, train: _bool) -> _T:
    """`dropout` in place: the input is written and returned.

    Raises:
        RuntimeError: p is not between 0 and 1, the input is not float64,
            or it is a leaf that requires grad.
        TypeError: an argument is of the wrong type.
    """
def alpha_dropout(input: _T, p: _Real, train: _bool) -> _T:
    """`nn.functional.alpha_dropout`, in training where `train` is True.

    Raises:
        RuntimeError: p is not between 0 and 1, or the input is not float64.
        TypeError: an argument is of the wrong type.
    """
def alpha_dropout_(input: _T, p: _Real, train: _bool) -> _T:
    """`alpha_dropout` in place: the input is written and returned.

    Raises:
        RuntimeError: p is not between 0 and 1, the input is not float64,
            or it is a leaf that requires grad.
        TypeError: an argument is of the wrong type.
    """
def feature_alpha_dropout(input: _T, p: _Real, train: _bool) -> _T:
    """`nn.functional.feature_alpha_dropout`, in training where `train` is True.

    Raises:
        RuntimeError: p is not between 0 and 1, or the input is not float64
            or has less than two dimensions.
        TypeError: an argument is of the wrong type.
    """
def feature_alpha_dropout_(input: _T, p: _Real, train: _bool) -> _T:
    """`feature_alpha_dropout` in place: the input is written and returned.

    Raises:
        RuntimeError: p is not between 0 and 1, the input is not float64, has less than two
            dimensions,
            or it is a leaf that requires grad.
        TypeError: an argument is of the wrong type.
    """
def layer_norm(
    input: _T,
    normalized_shape: Sequence[_int],
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: _Real = 1e-05,
    cudnn_enable: _bool = True,
) -> _T:
    """`nn.functional.layer_norm`. `cudnn_enable` changes nothing.

    Raises:
        RuntimeError: normalized_shape is not that of the last dimensions, or of weight and
            bias.
        NotImplementedError: the input is not float64.
        TypeError: an argument is of the wrong type.
    """
def rms_norm(
    input: _T,
    normalized_shape: Sequence[_int],
    weight: Tensor | None = None,
    eps: _Real | None = None,
) -> _T:
    """`nn.functional.rms_norm`.

    Raises:
        RuntimeError: normalized_shape is not that of the last dimensions, or of the weight.
        NotImplementedError: the input is not float64.
        TypeError: an argument is of the wrong type.
        ValueError: normalized_shape is longer than the input's.
    """
def group_norm(
    input: _T,
    num_groups: _int,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: _Real = 1e-05,
    cudnn_enabled: _bool = True,
) -> _T:
    """`nn.functional.group_norm`, of a single number, too. `cudnn_enabled` changes nothing.

    Raises:
        RuntimeError: the input has no channels, or there are not equal groups of them, or
            not a weight and a bias for each.
        TypeError: an argument is of the wrong type.
    """
def batch_norm(
    input: _T,
    weight: Tensor | None,
    bias: Tensor | None,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    training: _bool,
    momentum: _Real,
    eps: _Real,
    cudnn_enabled: _bool,
) -> _T:
    """`nn.functional.batch_norm`, with weight and bias first. `cudnn_enabled` changes nothing.

    Raises:
        RuntimeError: there is no second dimension, statistics are missing that are needed, or
            an argument has not a number for each channel.
        NotImplementedError: the input is not float64.
        TypeError: an argument is of the wrong type.
    """
def embedding(
    weight: _T,
    indices: Tensor,
    padding_idx: _int = -1,
    scale_grad_by_freq: _bool = False,
    sparse: _bool = False,
) -> _T:
    """`nn.functional.embedding`, with the table first. A padding_idx that is no row stands for
    none.

    Raises:
        IndexError: an index is no row of the table.
        RuntimeError: the indices are not int64, the table has not two dimensions, or sparse
            is True.
        TypeError: an argument is of the wrong type.
    """
def binary_cross_entropy_with_logits(
    input: _T,
    target: Tensor,
    weight: Tensor | None = None,
    pos_weight: Tensor | None = None,
    reduction: _int = 0,
) -> _T:
    """`nn.functional.binary_cross_entropy_with_logits`, not reduced without a reduction.

    Raises:
        RuntimeError: the shapes do not fit each other.
        NotImplementedError: an argument is not float64.
        TypeError: an argument is of the wrong type.
    """
def cosine_embedding_loss(
    input1: _T, input2: Tensor, target: Tensor, margin: _Real = 0.0, reduction: _int = 0
) -> _T:
    """`nn.functional.cosine_embedding_loss`, not reduced without a reduction.

    Raises:
        RuntimeError: the shapes do not fit each other.
        TypeError: an argument is of the wrong type.
    """
def hinge_embedding_loss(
    input: _T, target: Tensor, margin: _Real = 1.0, reduction: _int = 0
) -> _T:
    """`nn.functional.hinge_embedding_loss`, not reduced without a reduction.

    Raises:
        RuntimeError: the shapes do not fit each other.
        TypeError: an argument is of the wrong type.
    """
def kl_div(input: _T, target: Tensor, reduction: _int = 0, *, log_target: _bool = False) -> _T:
    """`nn.functional.kl_div`, not reduced without a reduction.

    Raises:
        RuntimeError: the shapes do not fit each other.
        TypeError: an argument is of the wrong type.
    """
def margin_ranking_loss(
    input1: _T, input2: Tensor, target: Tensor, margin: _Real = 0.0, reduction: _int = 0
) -> _T:
    """`nn.functional.margin_ranking_loss` of shapes that broadcast, not reduced
    without a reduction.

    Raises:
        RuntimeError: the shapes do not fit each other.
        TypeError: an argument is of the wrong type.
    """
def poisson_nll_loss(
    input: _T, target: Tensor, log_input: _bool, full: _bool, eps: _Real, reduction: _int
) -> _T:
    """`nn.functional.poisson_nll_loss`.

    Raises:
        RuntimeError: the shapes do not fit each other.
        TypeError: an argument is of the wrong type.
    """
def triplet_margin_loss(
    anchor: _T,
    positive: Tensor,
    negative: Tensor,
    margin: _Real = 1.0,
    p: _Real = 2,
    eps: _Real = 1e-06,
    swap: _bool = False,
    reduction: _int = 0,
) -> _T:
    """`nn.functional.triplet_margin_loss`, not reduced without a reduction.

    Raises:
        RuntimeError: the shapes do not fit each other.
        TypeError: an argument is of the wrong type.
    """
def cumsum(input: _T, dim: _int, *, dtype: _DType = None, out: Tensor | None = None) -> _T:
    """The sums of the elements up to each along a dimension.

    The result has the shape of the input, and is int64 of a bool or int64 tensor.

    Raises:
        IndexError: there is no such dimension.
        NotImplementedError: dtype is bool.
        TypeError: an argument is of the wrong type.
    """
def cumprod(input: _T, dim: _int, *, dtype: _DType = None, out: Tensor | None = None) -> _T:
    """The products of the elements up to each along a dimension.

    The result has the shape of the input, and is int64 of a bool or int64 tensor. Zeros have
    their exact gradients, too: nothing is divided.

    Raises:
        IndexError: there is no such dimension.
        NotImplementedError: dtype is bool.
        TypeError: an argument is of the wrong type.
    """
def logcumsumexp(input: _T, dim: _int, *, out: Tensor | None = None) -> _T:
    """The logarithms of the sums of exp(x) up to each element along a dimension.

    Nothing overflows on the way. What is -inf has no part in what follows.

    Raises:
        IndexError: there is no such dimension.
        NotImplementedError: the input is not float64.
        TypeError: an argument is of the wrong type.
    """
def diff(
    input: _T,
    n: _int = 1,
    dim: _int = -1,
    prepend: Tensor | None = None,
    append: Tensor | None = None,
    *,
    out: Tensor | None = None,
) -> _T:
    """The differences between neighbours along a dimension, n times over.

    What is given as `prepend` and `append` is put before and behind the input first. Of a bool
    tensor it is whether neighbours differ.

    Raises:
        IndexError: there is no such dimension.
        RuntimeError: the input has no dimensions, n is negative, or shapes do not fit.
        TypeError: an argument is of the wrong type.
    """
def gradient(
    input: _T, *, spacing: _Value | None = None, dim: _Dims | None = None, edge_order: _int = 1
) -> tuple[_T, ...]:
    """The slopes of a sampled function along each dimension, or along those of dim: a tuple of
    tensors of the shape of the samples.

    `spacing` says how far samples are apart: a number, or a list with a number or a vector of
    places for each dimension. At the ends it is the slope of the line (edge_order 1) or of the
    parabola (2) through the last samples.

    Raises:
        IndexError: there is no such dimension.
        RuntimeError: a dimension is too short or named twice, the spacing does not fit, or
            edge_order is neither 1 nor 2.
        TypeError: an argument is of the wrong type.
    """
def cummax(
    input: _T, dim: _int, *, out: tuple[Tensor, ...] | None = None
) -> return_types.cummax:
    """The largest elements up to each along a dimension, and where they are.

    As a named tuple with the fields `values` and `indices`. Of equal elements the last so far
    is meant, and takes the gradient. From the first NaN on all values are nan.

    With `out` the result is written there, and that is returned. If its shape is another one,
    it is resized, with a warning unless it is empty.

    Raises:
        IndexError: there is no such dimension.
        TypeError: an argument is of the wrong type.
    """
def cummin(
    input: _T, dim: _int, *, out: tuple[Tensor, ...] | None = None
) -> return_types.cummin:
    """The smallest elements up to each along a dimension, and where they are.

    As a named tuple with the fields `values` and `indices`. Of equal elements the last so far
    is meant, and takes the gradient. From the first NaN on all values are nan.

    With `out` the result is written there, and that is returned. If its shape is another one,
    it is resized, with a warning unless it is empty.

    Raises:
        IndexError: there is no such dimension.
        TypeError: an argument is of the wrong type.
    """
def bincount(input: _T, weights: Tensor | None = None, minlength: _int = 0) -> _T:
    """How often each whole number from 0 on is among the elements of an int64 vector; with
    weights the sums of the weights that lie beside them, in their order.

    The result has `minlength` elements, or as many as the largest number wants. No gradient
    goes to the weights.

    Raises:
        NotImplementedError: the input is not int64.
        RuntimeError: a number or minlength is negative, the input is no vector, or the weights
            have not its length.
        TypeError: an argument is of the wrong type.
    """
def histc(
    input: _T, bins: _int = 100, min: _Real = 0, max: _Real = 0, *, out: Tensor | None = None
) -> _T:
    """How many elements lie in each of `bins` intervals of one width from min to max.

    An interval has its lower end, the last one both. Where min and max are equal the smallest
    and the largest element stand for them, and where these are equal, that less and more 1.
    What lies outside is not counted, NaN neither.

    Raises:
        NotImplementedError: the input is not float64.
        RuntimeError: bins is not positive, max is below min, or an end is not finite.
        TypeError: an argument is of the wrong type.
    """
def histogram(
    input: _T,
    bins: _Real = 100,
    *,
    range: _Value | None = None,
    weight: Tensor | None = None,
    density: _bool = False,
    out: tuple[Tensor, ...] | None = None,
) -> return_types.histogram:
    """How many elements lie in each interval, or what their weights sum to, and the ends of the
    intervals: as many of one width as `bins` says, or those between the numbers of a vector.

    An interval has its lower end, the last one both; what lies outside is not counted, NaN
    neither. The intervals of one width go from range[0] to range[1], without a range from the
    smallest element to the largest, and where these are equal, half below and above. With
    `density` the counts are divided by their sum and the widths. No gradient goes through it.

    With `out` the result is written there, and that is returned. If its shape is another one,
    it is resized, with a warning unless it is empty.

    Raises:
        NotImplementedError: the input is not float64.
        RuntimeError: bins is not positive, the range is not two finite numbers in ascending
            order, the vector has another dtype or less than two numbers, or the weights have
            another shape than the input.
        TypeError: a range is given with a vector, or an argument is of the wrong type.
    """
def unique(
    input: _T,
    sorted: _bool = True,
    return_inverse: _bool = False,
    return_counts: _bool = False,
    dim: _int | None = None,
) -> Any:
    """What is different among the elements, in ascending order; with dim among the slices along
    that dimension, ordered by their first elements that differ.

    A tensor, or a tuple of it, of which of them each element is (return_inverse) and of how
    often each is there (return_counts). A NaN is equal to nothing. The order is the same
    without `sorted`. No gradient goes through it.

    Raises:
        IndexError: there is no such dimension.
        RuntimeError: another dimension has size 0.
        TypeError: an argument is of the wrong type.
    """
def unique_consecutive(
    input: _T, return_inverse: _bool = False, return_counts: _bool = False, dim: _int | None = None
) -> Any:
    """The elements that differ from the one before them; with dim the slices along that
    dimension.

    A tensor, or a tuple of it, of which of them each element belongs to (return_inverse) and
    of how many belong to each (return_counts). A NaN is equal to nothing. No gradient goes
    through it.

    Raises:
        IndexError: there is no such dimension.
        RuntimeError: another dimension has size 0.
        TypeError: an argument is of the wrong type.
    """
def searchsorted(
    sorted_sequence: _T,
    input: _Operand,
    *,
    out_int32: _bool = False,
    right: _bool = False,
    side: Literal["left", "right"] | None = None,
    out: Tensor | None = None,
    sorter: Tensor | None = None,
) -> _T:
    """Where each number would have to be put into a sorted sequence for it to stay sorted: before
    what is equal, or with `right` (or side='right') behind that. An int64 tensor.

    The last dimension is searched. The others are those of the input, or there is none. NaN is
    behind all numbers, as sort puts it. With a sorter it is `sorted_sequence[sorter]` that is
    searched. There is no int32: out_int32 changes nothing.

    Raises:
        NotImplementedError: one of them is bool.
        RuntimeError: shapes do not fit each other, side and right contradict each other, or
            the sorter has what is no index.
        TypeError: an argument is of the wrong type.
    """
def bucketize(
    input: _Operand,
    boundaries: Tensor,
    *,
    out_int32: _bool = False,
    right: _bool = False,
    out: Tensor | None = None,
) -> Tensor:
    """Which of the buckets between sorted boundaries each number belongs to: as `searchsorted` of
    them.

    Raises:
        NotImplementedError: one of them is bool.
        RuntimeError: the boundaries are no vector.
        TypeError: an argument is of the wrong type.
    """
def isin(
    elements: _Operand,
    test_elements: _Operand,
    *,
    assume_unique: _bool = False,
    invert: _bool = False,
    out: Tensor | None = None,
) -> Tensor:
    """Whether each element is among the test elements; with `invert` whether it is not. A bool
    tensor.

    A NaN is among nothing. Whether elements are unique changes nothing.

    Raises:
        NotImplementedError: one of them is bool.
        TypeError: both are numbers, or an argument is of the wrong type.
    """
def mm(input: _T, mat2: Tensor, *, out: Tensor | None = None) -> _T:
    """The product of two matrices, (n, m) times (m, p) gives (n, p). One may be a constant matrix
    of scipy.sparse.

    Bits may depend on the shapes, the BLAS in use and the processor, not on the number of
    threads.

    Raises:
        RuntimeError: one of them is no matrix, their sizes do not fit, or their dtypes
            differ.
        TypeError: an argument is no Tensor.
    """
def bmm(input: _T, mat2: Tensor, *, out: Tensor | None = None) -> _T:
    """The products of matrices in turn: (b, n, m) times (b, m, p) gives (b, n, p).

    Raises:
        RuntimeError: one of them has not three dimensions, their sizes do not fit, or
            their dtypes differ.
        TypeError: an argument is no Tensor.
    """
def mv(input: _T, vec: Tensor, *, out: Tensor | None = None) -> _T:
    """The product of a matrix (n, m) and a vector (m), which is a vector (n). The matrix may be a
    constant one of scipy.sparse.

    Raises:
        RuntimeError: they are none, their sizes do not fit, or their dtypes differ.
        TypeError: an argument is no Tensor.
    """
def dot(input: _T, tensor: Tensor, *, out: Tensor | None = None) -> _T:
    """The inner product of two vectors.

    Raises:
        RuntimeError: they are no vectors of one size, or their dtypes differ.
        TypeError: an argument is no Tensor.
    """
def vdot(input: _T, other: Tensor, *, out: Tensor | None = None) -> _T:
    """The inner product of two vectors, as `dot`.

    Raises:
        RuntimeError: they are no vectors of one size, or their dtypes differ.
        TypeError: an argument is no Tensor.
    """
def matmul(input: _T, other: Tensor, *, out: Tensor | None = None) -> _T:
    """The matrix product, as `input @ other`.

    Of two vectors their inner product; of a matrix and a vector, or a vector and a matrix, a
    vector; of two matrices a matrix. Dimensions before the last two are a batch, and
    broadcast. One operand may be a constant matrix of scipy.sparse, for the operator, too.

    Raises:
        RuntimeError: one of them has no dimensions, the sizes do not fit, or the dtypes
            differ.
        TypeError: an argument is no Tensor.
    """
def inner(input: _T, other: Tensor, *, out: Tensor | None = None) -> _T:
    """Sums of products over the last dimension of both: (..., n) and (***, n) give (..., ***).

    Where one of them has no dimensions, the plain product.

    Raises:
        RuntimeError: the last sizes differ, or the dtypes do.
        TypeError: an argument is no Tensor.
    """
def addmm(input: _T, mat1: Tensor, mat2: Tensor, *, beta: _Real = 1, alpha: _Real = 1) -> _T:
    """beta * input + alpha * (mat1 @ mat2), of matrices.

    The input is repeated to the product's shape. If beta is 0, nothing of the input counts,
    NaN neither.

    Raises:
        RuntimeError: the sizes do not fit, or the dtypes differ.
        TypeError: an argument is of the wrong type.
    """
def baddbmm(
    input: _T, batch1: Tensor, batch2: Tensor, *, beta: _Real = 1, alpha: _Real = 1
) -> _T:
    """beta * input + alpha * (batch1 @ batch2), of matrices in batches.

    The input is repeated to the product's shape. If beta is 0, nothing of the input counts,
    NaN neither.

    Raises:
        RuntimeError: the sizes do not fit, or the dtypes differ.
        TypeError: an argument is of the wrong type.
    """
def addmv(input: _T, mat: Tensor, vec: Tensor, *, beta: _Real = 1, alpha: _Real = 1) -> _T:
    """beta * input + alpha * (mat @ vec), of a matrix and a vector.

    The input is repeated to the product's shape. If beta is 0, nothing of the input counts,
    NaN neither.

    Raises:
        RuntimeError: the sizes do not fit, or the dtypes differ.
        TypeError: an argument is of the wrong type.
    """
def addr(input: _T, vec1: Tensor, vec2: Tensor, *, beta: _Real = 1, alpha: _Real = 1) -> _T:
    """beta * input + alpha * outer(vec1, vec2), of two vectors.

    The input is repeated to the product's shape. If beta is 0, nothing of the input counts,
    NaN neither.

    Raises:
        RuntimeError: the sizes do not fit, or the dtypes differ.
        TypeError: an argument is of the wrong type.
    """
def addbmm(
    input: _T, batch1: Tensor, batch2: Tensor, *, beta: _Real = 1, alpha: _Real = 1
) -> _T:
    """beta * input + alpha * (batch1 @ batch2).sum(0), of matrices in batches.

    The input is repeated to the product's shape. If beta is 0, nothing of the input counts,
    NaN neither.

    Raises:
        RuntimeError: the sizes do not fit, or the dtypes differ.
        TypeError: an argument is of the wrong type.
    """
def bilinear(input1: _T, input2: Tensor, weight: Tensor, bias: Tensor | None = None) -> _T:
    """input1 @ weight[k] @ input2 + bias[k] for each k: (..., n) and (..., m) with a weight
    (p, n, m) and a bias (p) give (..., p).

    Raises:
        RuntimeError: the sizes do not fit, or the dtypes differ.
        TypeError: an argument is of the wrong type.
    """
@overload
def var_mean(input: _T, unbiased: _bool) -> tuple[_T, _T]:
    """Variance and mean over some or all dimensions, as a tuple.

    Of N numbers the squares of what differs from the mean are summed and divided by
    N - correction: 1 for a sample (Bessel's correction), 0 for all that there is. `unbiased`
    is another way to say 1 (True) or 0. Warns where N is not larger than the correction.

    Raises:
        IndexError: there is no such dimension.
        RuntimeError: a dimension is named twice.
        TypeError: an argument is of the wrong type.
    """
@overload
def var_mean(
    input: _T, dim: _Dims, unbiased: _bool = True, keepdim: _bool = False
) -> tuple[_T, _T]: ...
@overload
def var_mean(
    input: _T, dim: _Dims | None = None, *, correction: _Real | None = None, keepdim: _bool = False
) -> tuple[_T, _T]: ...
@overload
def std_mean(input: _T, unbiased: _bool) -> tuple[_T, _T]:
    """Standard deviation and mean over some or all dimensions, as a tuple: see `std`.

    Raises:
        IndexError: there is no such dimension.
        RuntimeError: a dimension is named twice.
        TypeError: an argument is of the wrong type.
    """
@overload
def std_mean(
    input: _T, dim: _Dims, unbiased: _bool = True, keepdim: _bool = False
) -> tuple[_T, _T]: ...
@overload
def std_mean(
    input: _T, dim: _Dims | None = None, *, correction: _Real | None = None, keepdim: _bool = False
) -> tuple[_T, _T]: ...
@overload
def var(input: _T, unbiased: _bool, *, out: Tensor | None = None) -> _T:
    """The variance of the elements over dim: an int, a tuple of ints, or None for all.

    Of N numbers the squares of what differs from the mean are summed and divided by
    N - correction: 1 for a sample (Bessel's correction), 0 for all that there is. `unbiased`
    is another way to say 1 (True) or 0. Warns where N is not larger than the correction.

    With `out` the result is written there, and that is returned. If its shape is another one,
    it is resized, with a warning unless it is empty.

    Raises:
        IndexError: there is no such dimension.
        RuntimeError: a dimension is named twice.
        TypeError: an argument is of the wrong type.
    """
@overload
def var(
    input: _T,
    dim: _Dims,
    unbiased: _bool = True,
    keepdim: _bool = False,
    *,
    out: Tensor | None = None,
) -> _T: ...
@overload
def var(
    input: _T,
    dim: _Dims | None = None,
    *,
    correction: _Real | None = None,
    keepdim: _bool = False,
    out: Tensor | None = None,
) -> _T: ...
@overload
def std(input: _T, unbiased: _bool, *, out: Tensor | None = None) -> _T:
    """The standard deviation of the elements over dim: an int, a tuple of ints, or None for all.

    Of N numbers the squares of what differs from the mean are summed and divided by
    N - correction: 1 for a sample (Bessel's correction), 0 for all that there is. `unbiased`
    is another way to say 1 (True) or 0. Warns where N is not larger than the correction.

    The root of the variance; where that is 0, the gradient is 0 too.

    With `out` the result is written there, and that is returned. If its shape is another one,
    it is resized, with a warning unless it is empty.

    Raises:
        IndexError: there is no such dimension.
        RuntimeError: a dimension is named twice.
        TypeError: an argument is of the wrong type.
    """
@overload
def std(
    input: _T,
    dim: _Dims,
    unbiased: _bool = True,
    keepdim: _bool = False,
    *,
    out: Tensor | None = None,
) -> _T: ...
@overload
def std(
    input: _T,
    dim: _Dims | None = None,
    *,
    correction: _Real | None = None,
    keepdim: _bool = False,
    out: Tensor | None = None,
) -> _T: ...
@overload
def max(input: _T, *, out: Tensor | None = None) -> _T:
    """The largest element; or, with a dim, the largest elements along it and where they are; or,
    with another tensor, `maximum`.

    With a dim as a named tuple with the fields `values` and `indices`; the dimension is
    dropped, or kept with size 1 if keepdim. A NaN counts as the largest. Of equal elements the
    first is meant and has the gradient; where there is no dim they share it.

    With `out` the result is written there, and that is returned. If its shape is another one,
    it is resized, with a warning unless it is empty.

    Raises:
        IndexError: the dimension is out of range, or has size 0.
        RuntimeError: there are no elements and no dim.
        TypeError: an argument is of the wrong type.
    """
@overload
def max(input: _T, other: Tensor, *, out: Tensor | None = None) -> _T: ...
@overload
def max(
    input: _T, dim: _int, keepdim: _bool = False, *, out: tuple[Tensor, ...] | None = None
) -> return_types.max: ...
@overload
def min(input: _T, *, out: Tensor | None = None) -> _T:
    """The smallest element; or, with a dim, the smallest elements along it and where they are;
    or, with another tensor, `minimum`.

    With a dim as a named tuple with the fields `values` and `indices`; the dimension is
    dropped, or kept with size 1 if keepdim. A NaN counts as the smallest. Of equal elements
    the first is meant and has the gradient; where there is no dim they share it.

    With `out` the result is written there, and that is returned. If its shape is another one,
    it is resized, with a warning unless it is empty.

    Raises:
        IndexError: the dimension is out of range, or has size 0.
        RuntimeError: there are no elements and no dim.
        TypeError: an argument is of the wrong type.
    """
@overload
def min(input: _T, other: Tensor, *, out: Tensor | None = None) -> _T: ...
@overload
def min(
    input: _T, dim: _int, keepdim: _bool = False, *, out: tuple[Tensor, ...] | None = None
) -> return_types.min: ...
@overload
def median(input: _T, *, out: Tensor | None = None) -> _T:
    """The median of all elements; or, with a dim, the medians along it and where they are.

    With a dim as a named tuple with the fields `values` and `indices`; the dimension is
    dropped, or kept with size 1 if keepdim. Of an even number of elements it is the lower of
    the two in the middle. A NaN makes it nan, of no elements it is nan. Of equal elements the
    first is meant and has the gradient; where there is no dim they share it.

    With `out` the result is written there, and that is returned. If its shape is another one,
    it is resized, with a warning unless it is empty.

    Raises:
        IndexError: the dimension is out of range, or has size 0.
        NotImplementedError: the input is a bool tensor.
        TypeError: an argument is of the wrong type.
    """
@overload
def median(
    input: _T, dim: _int, keepdim: _bool = False, *, out: tuple[Tensor, ...] | None = None
) -> return_types.median: ...
@overload
def nanmedian(input: _T, *, out: Tensor | None = None) -> _T:
    """`median` of those elements that are not NaN; nan where none is.

    With `out` the result is written there, and that is returned. If its shape is another one,
    it is resized, with a warning unless it is empty.

    Raises:
        IndexError: the dimension is out of range, or has size 0.
        NotImplementedError: the input is a bool tensor.
        TypeError: an argument is of the wrong type.
    """
@overload
def nanmedian(
    input: _T, dim: _int, keepdim: _bool = False, *, out: tuple[Tensor, ...] | None = None
) -> return_types.nanmedian: ...
@overload
def repeat_interleave(
    input: _T, repeats: Tensor, dim: _int | None = None, *, output_size: _int | None = None
) -> _T:
    """A copy with each index of a dimension so many times, behind each other: as an int, or as a
    vector with a number for each of them. Without dim, all elements in one row. Of a vector of
    numbers alone, its places so many times.

    Raises:
        IndexError: there is no such dimension.
        RuntimeError: a number is negative, or there are not as many as indices.
        TypeError: an argument is of the wrong type.
    """
@overload
def repeat_interleave(
    input: _T, repeats: _int, dim: _int | None = None, *, output_size: _int | None = None
) -> _T: ...
@overload
def repeat_interleave(repeats: _T, *, output_size: _int | None = None) -> _T: ...
@overload
def arange(
    end: _Real,
    *,
    dtype: _DType = None,
    requires_grad: _bool = False,
    device: _Device = None,
    out: Tensor | None = None,
) -> Tensor:
    """The numbers from start up to but without end, step apart; arange(end) starts at 0.

    Of ints an int64 tensor.
    With `out` the numbers are written there, as its dtype, and that is returned.

    Raises:
        RuntimeError: step is 0, or leads away from end.
        TypeError: an argument is no number.
    """
@overload
def arange(
    start: _Real,
    end: _Real,
    step: _Real = 1,
    *,
    dtype: _DType = None,
    requires_grad: _bool = False,
    device: _Device = None,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def eye(
    n: _int,
    *,
    dtype: _DType = None,
    requires_grad: _bool = False,
    device: _Device = None,
    out: Tensor | None = None,
) -> Tensor:
    """An n by m matrix, n by n without m, of ones on the diagonal and zeros elsewhere.
    With `out` the numbers are written there, as its dtype, and that is returned.

    Raises:
        RuntimeError: a size is negative.
        TypeError: a size is no int.
    """
@overload
def eye(
    n: _int,
    m: _int,
    *,
    dtype: _DType = None,
    requires_grad: _bool = False,
    device: _Device = None,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def normal(
    mean: _T, std: Tensor, *, generator: Generator | None = None, out: Tensor | None = None
) -> _T:
    """Random numbers, each normal with a mean and a standard deviation of its own: those of
    two Tensors that broadcast, of a Tensor and a number, or of two numbers, and then of
    the sizes given. They come from the generator, without one from the process's. The
    gradient of a mean or a deviation is 0, as it is in PyTorch.

    Raises:
        RuntimeError: a deviation is negative or NaN, shapes do not fit each other, or a
            size is negative.
        TypeError: an argument is of another type, or two numbers come without sizes.
    """
@overload
def normal(
    mean: _T, std: _Real = 1, *, generator: Generator | None = None, out: Tensor | None = None
) -> _T: ...
@overload
def normal(
    mean: _Real, std: Tensor, *, generator: Generator | None = None, out: Tensor | None = None
) -> Tensor: ...
@overload
def normal(
    mean: _Real,
    std: _Real,
    size: Sequence[_int],
    *,
    generator: Generator | None = None,
    out: Tensor | None = None,
    dtype: _DType = None,
    requires_grad: _bool = False,
    device: _Device = None,
) -> Tensor: ...
@overload
def bernoulli(
    input: _T, *, generator: Generator | None = None, out: Tensor | None = None
) -> _T:
    """1 with a probability, else 0: the one that the input has at each place, or if p is
    given that for all places of a tensor of the input's shape and dtype. The numbers come
    from the generator, without one from the process's. The gradient of a probability is
    0, as it is in PyTorch.

    Raises:
        RuntimeError: a probability is not in [0, 1].
        NotImplementedError: the input's probabilities are not float64.
        TypeError: an argument is of the wrong type.
    """
@overload
def bernoulli(input: _T, p: _Real, *, generator: Generator | None = None) -> _T: ...
@overload
def randint(
    high: _int,
    size: Sequence[_int],
    *,
    generator: Generator | None = None,
    out: Tensor | None = None,
    dtype: _DType = None,
    requires_grad: _bool = False,
    device: _Device = None,
) -> Tensor:
    """A tensor of random whole numbers from low up to, but without, high, each as likely as
    another, of the sizes of a tuple; randint(high, size) begins at 0. They come from the
    generator, without one from the process's, and are int64 where no dtype is given.

    Raises:
        RuntimeError: there is no number from low to high, the dtype does not have them,
            or a size is negative.
        TypeError: an argument is of the wrong type.
    """
@overload
def randint(
    low: _int,
    high: _int,
    size: Sequence[_int],
    *,
    generator: Generator | None = None,
    out: Tensor | None = None,
    dtype: _DType = None,
    requires_grad: _bool = False,
    device: _Device = None,
) -> Tensor: ...
@overload
def randint_like(
    input: _T,
    high: _int,
    *,
    generator: Generator | None = None,
    dtype: _DType = None,
    requires_grad: _bool = False,
    device: _Device = None,
) -> _T:
    """Random whole numbers from low up to, but without, high, of the shape and dtype of
    another tensor, and in memory in the order of that one; randint_like(input, high)
    begins at 0. They come from the generator, without one from the process's.

    Raises:
        RuntimeError: there is no number from low to high, or the dtype does not have it.
        TypeError: an argument is of the wrong type.
    """
@overload
def randint_like(
    input: _T,
    low: _int,
    high: _int,
    *,
    generator: Generator | None = None,
    dtype: _DType = None,
    requires_grad: _bool = False,
    device: _Device = None,
) -> _T: ...
@overload
def trapezoid(y: _T, x: Tensor, *, dim: _int = -1) -> _T:
    """The area under straight lines between samples y along a dimension, which lie at the
    places x, or dx apart.

    Places that are a vector are those along dim; others broadcast to the samples.

    Raises:
        IndexError: there is no such dimension.
        RuntimeError: shapes do not fit, or a tensor is bool.
        TypeError: x and dx are given both, or an argument is of the wrong type.
    """
@overload
def trapezoid(y: _T, *, dx: _Real = 1, dim: _int = -1) -> _T: ...
@overload
def trapz(y: _T, x: Tensor, *, dim: _int = -1) -> _T:
    """The area under straight lines between samples y along a dimension, which lie at the
    places x, or dx apart.

    Places that are a vector are those along dim; others broadcast to the samples.

    Raises:
        IndexError: there is no such dimension.
        RuntimeError: shapes do not fit, or a tensor is bool.
        TypeError: x and dx are given both, or an argument is of the wrong type.
    """
@overload
def trapz(y: _T, *, dx: _Real = 1, dim: _int = -1) -> _T: ...
@overload
def cumulative_trapezoid(y: _T, x: Tensor, *, dim: _int = -1) -> _T:
    """The areas under straight lines between samples y up to each but the first, which lie
    at the places x, or dx apart.

    Places that are a vector are those along dim; others broadcast to the samples.

    Raises:
        IndexError: there is no such dimension.
        RuntimeError: shapes do not fit, or a tensor is bool.
        TypeError: x and dx are given both, or an argument is of the wrong type.
    """
@overload
def cumulative_trapezoid(y: _T, *, dx: _Real = 1, dim: _int = -1) -> _T: ...
# </ops>

# ---- shapes

def numel(input: Tensor, /) -> _int:
    """The number of elements of a tensor.

    Raises:
        TypeError: the input is not a Tensor.
    """
def is_tensor(object: object, /) -> _bool:
    """Whether an object is a Tensor."""

# ---- creating

def tensor(
    data: Any, *, dtype: _DType = None, requires_grad: _bool = False, device: _Device = None
) -> Tensor:
    """A tensor with a copy of data: a number, an array, nested sequences of these and tensors.

    Without a dtype it has that of the data: bool of nothing but bools, int64 of bools and
    integers, else float64.

    Raises:
        ValueError: the nesting is ragged, or has more than 32 levels.
        TypeError: something in it is no number, or dtype is none.
        OverflowError: an integer is beyond 2 ** 53.
        RuntimeError: an object in it is of no known type.
        RuntimeError: requires_grad is asked for and data has no floating-point number.
    """
def asarray(
    obj: Any,
    *,
    dtype: _DType = None,
    device: _Device = None,
    copy: _bool | None = None,
    requires_grad: _bool = False,
) -> Tensor:
    """A tensor of data, without history. Memory of float64 arrays and of tensors is shared,
    unless copy is True or another dtype is asked for; where copy is False, it must be.

    Raises:
        ValueError: the nesting is ragged, or has more than 32 levels.
        TypeError: something in it is no number, or dtype is none.
        OverflowError: an integer is beyond 2 ** 53.
        RuntimeError: an object in it is of no known type.
        ValueError: copy is False, and the memory cannot be shared.
    """
def scalar_tensor(
    s: _Number, *, dtype: _DType = None, requires_grad: _bool = False, device: _Device = None
) -> Tensor:
    """A number as a tensor without dimensions, float64 where no dtype is given.

    Raises:
        TypeError: s is no number.
    """
def is_floating_point(input: Tensor, /) -> _bool:
    """Whether the dtype of a tensor is float64.

    Raises:
        TypeError: the input is not a Tensor.
    """
def is_complex(input: Tensor, /) -> _bool:
    """False of every tensor: there are no complex numbers.

    Raises:
        TypeError: the input is not a Tensor.
    """
def promote_types(type1: _DType, type2: _DType) -> dtype:
    """The dtype of what an op makes of two: bool is below int64, int64 below float64.

    Raises:
        TypeError: an argument is no dtype.
    """
def can_cast(from_: _DType, to: _DType) -> _bool:
    """Whether a result of a dtype may be written in place to a tensor of another.

    Raises:
        TypeError: an argument is no dtype.
    """
def result_type(tensor1: _Real, tensor2: _Real) -> dtype:
    """The dtype of what arithmetic makes of two tensors or numbers.

    Raises:
        TypeError: an argument is neither.
    """
def get_default_dtype() -> dtype:
    """The dtype of numbers with a point: float64."""
def set_default_dtype(d: _DType, /) -> None:
    """Takes float64, which is the default anyway.

    Raises:
        TypeError: another dtype.
    """
def as_tensor(data: Any, dtype: _DType = None, device: _Device = None) -> Tensor:
    """A tensor of data, sharing the memory of a float64 array or buffer; a Tensor as it is, but
    for its dtype.

    Raises:
        ValueError: the nesting is ragged, or has more than 32 levels.
        TypeError: something in it is no number, or dtype is none.
        OverflowError: an integer is beyond 2 ** 53.
        RuntimeError: an object in it is of no known type.
    """
def from_numpy(ndarray: NDArray[Any], /) -> Tensor:
    """A tensor over the memory of a float64 array: writing one is writing the other. Of an int64
    or bool array a copy.

    Raises:
        TypeError: the argument is no array, or one of another type.
        ValueError: its strides are negative or no whole elements, or its bytes are swapped.
    """
def manual_seed(seed: SupportsIndex, /) -> Generator:
    """Start the random numbers of the process anew: those that are drawn without a generator of
    their own. Returns `default_generator`.

    Raises:
        TypeError: the seed is no int.
        ValueError: it has more than 64 bits.
    """

# ---- autograd

class _GradMode:
    def __enter__(self) -> None: ...
    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
        /,
    ) -> None: ...
    def __call__(self, func: _F, /) -> _F: ...

@final
class no_grad(_GradMode):
    """Recording on the tape is off inside `with no_grad():`, in this thread.

    Also a decorator, with or without brackets, of functions, generators and coroutines, and a
    class to derive others from, whose __enter__ and __exit__ decorated functions then use.

    Raises:
        TypeError: what is decorated cannot be called.
    """
    @overload
    def __new__(cls, orig_func: None = None) -> Self: ...
    @overload
    def __new__(cls, orig_func: _F) -> _F: ...  # type: ignore[misc]

@final
class enable_grad(_GradMode):
    """Recording on the tape is on inside `with enable_grad():`, in this thread.

    Also a decorator, with or without brackets, of functions, generators and coroutines, and a
    class to derive others from, whose __enter__ and __exit__ decorated functions then use.

    Raises:
        TypeError: what is decorated cannot be called.
    """
    @overload
    def __new__(cls, orig_func: None = None) -> Self: ...
    @overload
    def __new__(cls, orig_func: _F) -> _F: ...  # type: ignore[misc]

@final
class set_grad_enabled(_GradMode):
    """Switch recording on the tape on or off, in this thread.

    Called alone it acts at once and for good; in a `with`, until its end; as a decorator, while
    the function runs.

    Raises:
        TypeError: mode is not a bool.
    """
    def __new__(cls, mode: _bool) -> Self: ...

def is_inference(input: Tensor, /) -> _bool:
    """Whether a tensor was made in `inference_mode`.

    Raises:
        TypeError: the input is not a Tensor.
    """
def is_inference_mode_enabled() -> _bool:
    """Whether this thread is in `inference_mode`."""
def _set_inference_mode(mode: _bool, /) -> _bool:
    """Turns it on or off, and grad mode off or on; whether it was on."""
def is_grad_enabled() -> _bool:
    """Whether this thread records on the tape."""
def set_anomaly_enabled(enabled: _bool, check_nan: _bool = True) -> None:
    """Switch anomaly mode on or off, in the whole process: see autograd.detect_anomaly.

    Raises:
        TypeError: an argument is not a bool.
    """
def is_anomaly_enabled() -> _bool:
    """Whether anomaly mode is on."""
def is_anomaly_check_nan_enabled() -> _bool:
    """Whether anomaly mode, when it is on, looks for NaN."""
def _set_edge_type(type: _type[Any], /) -> None:
    """Tells the class of gradient edges."""

def _edge_of(tensor: Tensor, /) -> Tensor | None:
    """A tensor with the history of another, which is one of several results, and no numbers."""

def _node_edge(node: Node, number: _int, as_root: _bool, /) -> Tensor:
    """The same for any result of a node's op."""

def _node_of(tensor: Tensor, /) -> Node:
    """grad_fn, or the AccumulateGrad of a leaf."""

def _backward_numbers() -> tuple[_int, ...]:
    """Numbers of the backwards that this thread is in, the innermost first."""

def _hook_is_due(handle: _RemovableHandle, /) -> _bool:
    """Whether the backward that is on comes by a hook, whose handle this is."""

def _hooks_of(tensor: Tensor, /) -> list[tuple[_RemovableHandle, Callable[..., Any]]]:
    """Handles and functions of a tensor's hooks."""

def _backward(
    tensors: _Ends,
    grad_tensors: Tensor | Iterable[Tensor | None] | None = None,
    retain_graph: _bool | None = None,
    create_graph: _bool = False,
    inputs: _Ends | dict[Any, Any] | None = None,
) -> None:
    """See pyautograd.autograd.backward."""
def _grad(
    outputs: _Ends,
    inputs: _Ends,
    grad_outputs: Tensor | Iterable[Tensor | None] | None = None,
    retain_graph: _bool | None = None,
    create_graph: _bool = False,
    allow_unused: _bool | None = None,
    materialize_grads: _bool = False,
) -> tuple[Tensor, ...]:
    """See pyautograd.autograd.grad."""

# ---- tuning and looking inside

def set_num_threads(n: SupportsIndex, /) -> None:
    """How many threads share the work on large tensors.

    Raises:
        RuntimeError: n is under 1.
        TypeError: n is no int.
    """
def get_num_threads() -> _int:
    """How many threads share the work on large tensors: PYAUTOGRAD_NUM_THREADS, else
    OMP_NUM_THREADS, else as many as the machine has, unless set_num_threads said otherwise.
    """
def show_config() -> str:
    """How the library was built and what it found: version, compiler, CPU level, vector math,
    machine code for groups of ops, threads, as lines of `key: value`.
    """
def explain(input: Tensor, /) -> str:
    """The program that would compute a tensor whose value is still pending, as text: a line for
    each load, step and result, which steps are one loop of machine code, and the bytes that it
    moves; "computed" where there is nothing left to do. Looking computes nothing.
    """
def memory_allocated() -> _int:
    """Bytes that living tensors hold."""
def max_memory_allocated() -> _int:
    """The most bytes that tensors held since the start or reset_peak_memory_stats()."""
def memory_cached() -> _int:
    """Bytes of freed memory that are kept for reuse."""
def memory_stats() -> dict[str, _int]:
    """All counters of memory as a dict: allocated, max_allocated, cached and cache_limit in
    bytes, live_tensors, live_nodes.
    """
def reset_peak_memory_stats() -> None:
    """Let max_memory_allocated() begin again from what is held now."""
def empty_cache() -> None:
    """Give the memory that is kept for reuse back to the system."""
def set_cache_limit(limit: SupportsIndex, /) -> None:
    """The most bytes of freed memory to keep for reuse.

    Raises:
        ValueError: the limit is negative.
        TypeError: it is no int.
    """
def _live_tensors() -> _int:
    """How many tensors there are."""
def _live_nodes() -> _int:
    """How many nodes of the tape there are."""
def _backward_is_whole() -> _bool:
    """Whether the backward that is on gives all leaves their gradients."""

class _CheckpointFrame:
    """A call of a checkpointed function, which runs in a `with` block of this."""

    def __new__(
        cls,
        again: Callable[..., None],
        complain: Callable[[list[Any], _int, Any], None],
        inputs: tuple[Any, ...],
        stops_early: _bool,
        checks: _bool,
    ) -> Self: ...
    def __enter__(self) -> None: ...
    def __exit__(self, *args: object) -> None: ...

class _StopRecomputationError(Exception):
    """Ends a checkpointed function that runs again, when all that is needed is there."""

def _push_saved_hooks(pair: tuple[Callable[[Tensor], Any], Callable[[Any], Tensor]], /) -> None:
    """From here on values that this thread saves go through this pair of functions."""
def _pop_saved_hooks() -> None:
    """The last pair counts no more."""
def _push_copy_on_write() -> None:
    """From here on writes copy what this thread saves, whatever was pushed before."""
def _set_copy_on_write(mode: _bool, /) -> _bool:
    """Whether writes copy what this thread saves from here on; gives what was before."""
def _has_saved_hooks() -> _bool:
    """Whether this thread has such pairs."""
def _functions_of(module: str, /) -> dict[str, Callable[..., Any]]:
    """The functions of a module of the package, "nn.functional", by their names."""
def _optim_step(
    kind: str, group: dict[str, Any], state: dict[Tensor, dict[str, Any]]
) -> None:
    """One step of the optimiser of this name: of the parameters of a group that have a gradient,
    by the arguments in the group. `state` has a dict for each parameter, which is made where
    there is none.
    """
def _call_table() -> list[dict[str, str]]:
    """The rows of functions of the op table."""
def _op_table() -> list[dict[str, Any]]:
    """The op table, a dict for each op."""
def _set_parameter_type(type: _type[Tensor], /) -> None:
    """The class of parameters, of which results are plain tensors."""
def _gamma_log_draw(concentration: Tensor, /) -> Tensor:
    """Logarithms of gamma numbers of rate 1, which follow their parameters."""
def _einsum(equation: str, operands: tuple[Tensor, ...], /) -> Tensor:
    """The contraction that an equation says."""
def _tensordot(
    a: Tensor, b: Tensor, dims_a: tuple[_int, ...], dims_b: tuple[_int, ...], /
) -> Tensor:
    """The contraction over dimensions of two tensors."""
def _sparse_product(
    x: Tensor,
    values: NDArray[Any],
    starts: NDArray[Any],
    columns: NDArray[Any],
    rows: _int,
    cols: _int,
    transposed: _bool,
    right: _bool,
    /,
) -> Tensor:
    """The product of a tensor and a sparse matrix that is given by its rows."""
def _tensor_address(tensor: Tensor, /) -> _int:
    """The address of a tensor's ag_tensor."""
def _tensor_from_address(address: _int, /) -> Tensor:
    """The Tensor of the ag_tensor at an address, which keeps its own reference to it."""
def _fail_allocation(nth: SupportsIndex, /) -> None:
    """In testing builds: the nth allocation from now on fails; 0 for none."""
def _profile_start() -> None:
    """From here on events are recorded."""
def _profile_stop() -> tuple[_int, _int, list[tuple[Any, ...]]]:
    """No more: when that began, how long it took, and the events."""
def _region_begin() -> Any:
    """An event with a name begins; None if no profile is recorded."""
def _region_end(region: Any, name: str, /) -> None:
    """It ends: what began, and its name."""
def _watch_lines() -> _bool:
    """Have nodes know the lines that make them. Whether they do with this Python."""

def _check_interpreter() -> None:
    """ImportError where the module does not work."""
def _rebuild(
    cls: type[_T],
    format: _int,
    dtype: str,
    shape: tuple[_int, ...],
    values: bytes | bytearray | memoryview,
    requires_grad: _bool,
    /,
) -> _T:
    """What a pickled tensor is made with."""
