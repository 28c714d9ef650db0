# SPDX-License-Identifier: MIT
"""Modules: parameters, buffers and other modules by names, and what is computed from them."""

from __future__ import annotations

import itertools
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple, TypeVar

from .._core import Tensor, no_grad
from .._gradients import forget_gradients
from .parameter import Parameter

__all__ = ["Module"]

_M = TypeVar("_M", bound="Module")


class _IncompatibleKeys(NamedTuple):
    missing_keys: list[str]
    unexpected_keys: list[str]


class _Keys(_IncompatibleKeys):
    """Names that a state lacked, and those that it had beside."""

    def __repr__(self) -> str:
        if not self.missing_keys and not self.unexpected_keys:
            return "<All keys matched successfully>"
        return (
            f"_IncompatibleKeys(missing_keys={self.missing_keys}, "
            f"unexpected_keys={self.unexpected_keys})"
        )


def indented(text: str) -> str:
    """The lines behind the first one moved in by two."""
    return text.replace("\n", "\n  ")


class Module:
    """The base of all modules, as in PyTorch. Parameters, modules and registered buffers that are
    its attributes are part of it.

    Raises:
        TypeError: there are arguments.

    Example:
        >>> import pyautograd as ag
        >>> from pyautograd import nn
        >>> class Scaled(nn.Module):
        ...     def __init__(self):
        ...         super().__init__()
        ...         self.scale = nn.Parameter(ag.tensor(2.0))
        ...         self.inner = nn.Tanh()
        ...     def forward(self, x):
        ...         return self.scale * self.inner(x)
        >>> model = Scaled()
        >>> model
        Scaled(
          (inner): Tanh()
        )
        >>> model(ag.tensor([0.0, 1.0]))
        tensor([0.0000, 1.5232], grad_fn=<MulBackward0>)
        >>> dict(model.state_dict())
        {'scale': tensor(2.)}
    """

    training: bool
    _parameters: dict[str, Parameter | None]
    _buffers: dict[str, Tensor | None]
    _modules: dict[str, Module | None]
    _non_persistent_buffers_set: set[str]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        name = type(self).__name__
        if kwargs:
            raise TypeError(
                f"{name}.__init__() got an unexpected keyword argument '{next(iter(kwargs))}'"
            )
        if args:
            raise TypeError(
                f"{name}.__init__() takes 1 positional argument but {len(args) + 1} were given"
            )
        own = self.__dict__
        own["training"] = True
        own["_parameters"] = {}
        own["_buffers"] = {}
        own["_non_persistent_buffers_set"] = set()
        own["_modules"] = {}

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """What the module computes. Call the module itself.

        Raises:
            NotImplementedError: of modules that have not defined it.
        """
        raise NotImplementedError(
            f'Module [{type(self).__name__}] is missing the required "forward" function'
        )

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.forward(*args, **kwargs)

    # ---- attributes ----------------------------------------------------------------------------

    def __getattr__(self, name: str) -> Any:
        for kind in ("_parameters", "_buffers", "_modules"):
            members = self.__dict__.get(kind)
            if members is not None and name in members:
                return members[name]
        raise AttributeError(f"'{type(self).__name__}' object has no attribute '{name}'")

    def _forget(self, name: str) -> None:
        """Make way for another attribute of the name."""
        self.__dict__.pop(name, None)
        for members in (self._parameters, self._buffers, self._modules):
            members.pop(name, None)
        self._non_persistent_buffers_set.discard(name)

    def __setattr__(self, name: str, value: Any) -> None:
        own = self.__dict__
        params, modules = own.get("_parameters"), own.get("_modules")
        kind = type(value).__name__
        if isinstance(value, Parameter):
            if params is None:
                raise AttributeError("cannot assign parameters before Module.__init__() call")
            if name not in params:
                self._forget(name)
            self.register_parameter(name, value)
        elif params is not None and name in params:
            if value is not None:
                raise TypeError(
                    f"cannot assign '{kind}' as parameter '{name}' (nn.Parameter or None expected)"
                )
            params[name] = None
        elif isinstance(value, Module):
            if modules is None:
                raise AttributeError("cannot assign module before Module.__init__() call")
            if name not in modules:
                self._forget(name)
            modules[name] = value
        elif modules is not None and name in modules:
            if value is not None:
                raise TypeError(
                    f"cannot assign '{kind}' as child module '{name}' (nn.Module or None expected)"
                )
            modules[name] = None
        elif name in own.get("_buffers", ()):
            if value is not None and not isinstance(value, Tensor):
                raise TypeError(
                    f"cannot assign '{kind}' as buffer '{name}' (Tensor or None expected)"
                )
            self._buffers[name] = value
        else:
            super().__setattr__(name, value)

    def __delattr__(self, name: str) -> None:
        for members in (self._parameters, self._buffers, self._modules):
            if name in members:
                del members[name]
                self._non_persistent_buffers_set.discard(name)
                return
        super().__delattr__(name)

    def __dir__(self) -> list[str]:
        names = [*super().__dir__(), *self._parameters, *self._buffers, *self._modules]
        return sorted({name for name in names if not name[0].isdigit()})

    def _check_name(self, kind: str, name: str, members: Mapping[str, Any]) -> None:
        if not isinstance(name, str):
            raise TypeError(f"{kind} name should be a string. Got {type(name).__name__}")
        if "." in name:
            end = f", got: {name}" if kind == "module" else ""
            raise KeyError(f"{kind} name can't contain \".\"{end}")
        if name == "":
            raise KeyError(f'{kind} name can\'t be empty string ""')
        if hasattr(self, name) and name not in members:
            raise KeyError(f"attribute '{name}' already exists")

    def register_parameter(self, name: str, param: Parameter | None) -> None:
        """Add a parameter, or None in its place.

        Raises:
            KeyError: the name is taken, empty, or has a dot.
            TypeError: it is no parameter.
            ValueError: it is no leaf.
            AttributeError: `Module.__init__` was not called.
        """
        if "_parameters" not in self.__dict__:
            raise AttributeError("cannot assign parameter before Module.__init__() call")
        self._check_name("parameter", name, self._parameters)
        if param is not None and not isinstance(param, Parameter):
            raise TypeError(
                f"cannot assign '{type(param).__name__}' object to parameter '{name}' "
                "(nn.Parameter or None required)"
            )
        if param is not None and param.grad_fn is not None:
            raise ValueError(
                f"Cannot assign non-leaf Tensor to parameter '{name}'. Model parameters must be "
                f"created explicitly. To express '{name}' as a function of another Tensor, compute "
                "the value in the forward() method."
            )
        self._parameters[name] = param

    def register_buffer(self, name: str, tensor: Tensor | None, persistent: bool = True) -> None:
        """Add a tensor that is part of the module's state and no parameter, or None in its place.

        Args:
            name: what it is called.
            tensor: the buffer.
            persistent: whether it is in `state_dict`.

        Raises:
            KeyError: the name is taken, empty, or has a dot.
            TypeError: it is no tensor.
            AttributeError: `Module.__init__` was not called.

        Example:
            >>> import pyautograd as ag
            >>> module = ag.nn.Module()
            >>> module.register_buffer("mean", ag.zeros(2))
            >>> module.mean
            tensor([0., 0.])
        """
        if "_buffers" not in self.__dict__:
            raise AttributeError("cannot assign buffer before Module.__init__() call")
        self._check_name("buffer", name, self._buffers)
        if tensor is not None and not isinstance(tensor, Tensor):
            raise TypeError(
                f"cannot assign '{type(tensor).__name__}' object to buffer '{name}' "
                "(Tensor or None required)"
            )
        self._buffers[name] = tensor
        if persistent:
            self._non_persistent_buffers_set.discard(name)
        else:
            self._non_persistent_buffers_set.add(name)

    def add_module(self, name: str, module: Module | None) -> None:
        """Add a module, or None in its place.

        Raises:
            KeyError: the name is taken, empty, or has a dot.
            TypeError: it is no module.
        """
        if module is not None and not isinstance(module, Module):
            raise TypeError(f"{type(module).__name__} is not a Module subclass")
        self._check_name("module", name, self._modules)
        self._modules[name] = module

    register_module = add_module

    # ---- members -------------------------------------------------------------------------------

    def named_modules(
        self, memo: set[Module] | None = None, prefix: str = "", remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Module]]:
        """This module and all that are in it, with their names."""
        memo = set() if memo is None else memo
        if self in memo:
            return
        if remove_duplicate:
            memo.add(self)
        yield prefix, self
        for name, module in self._modules.items():
            if module is not None:
                path = f"{prefix}.{name}" if prefix else name
                yield from module.named_modules(memo, path, remove_duplicate)

    def modules(self, remove_duplicate: bool = True) -> Iterator[Module]:
        """This module and all that are in it."""
        for _, module in self.named_modules(remove_duplicate=remove_duplicate):
            yield module

    def named_children(self) -> Iterator[tuple[str, Module]]:
        """The modules that are attributes of this one, with their names."""
        seen: set[Module] = set()
        for name, module in self._modules.items():
            if module is not None and module not in seen:
                seen.add(module)
                yield name, module

    def children(self) -> Iterator[Module]:
        """The modules that are attributes of this one."""
        for _, module in self.named_children():
            yield module

    def _members(
        self, kind: str, prefix: str, recurse: bool, remove_duplicate: bool
    ) -> Iterator[tuple[str, Any]]:
        seen: set[int] = set()
        modules: Any = [(prefix, self)]
        if recurse:
            modules = self.named_modules(prefix=prefix, remove_duplicate=remove_duplicate)
        for path, module in modules:
            for name, member in module.__dict__[kind].items():
                if member is None or id(member) in seen:
                    continue
                if remove_duplicate:
                    seen.add(id(member))
                yield f"{path}.{name}" if path else name, member

    def named_parameters(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Parameter]]:
        """The parameters with their names; with `recurse` those of modules in it, too."""
        return self._members("_parameters", prefix, recurse, remove_duplicate)

    def parameters(self, recurse: bool = True) -> Iterator[Parameter]:
        """The parameters; with `recurse` those of modules in it, too.

        Example:
            >>> import pyautograd as ag
            >>> [p.numel() for p in ag.nn.Linear(3, 2).parameters()]
            [6, 2]
        """
        for _, parameter in self.named_parameters(recurse=recurse):
            yield parameter

    def named_buffers(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Tensor]]:
        """The buffers with their names; with `recurse` those of modules in it, too."""
        return self._members("_buffers", prefix, recurse, remove_duplicate)

    def buffers(self, recurse: bool = True) -> Iterator[Tensor]:
        """The buffers; with `recurse` those of modules in it, too."""
        for _, buffer in self.named_buffers(recurse=recurse):
            yield buffer

    def get_submodule(self, target: str) -> Module:
        """The module at a path of names with dots between them.

        Raises:
            AttributeError: there is none.
        """
        module: Any = self
        for name in target.split(".") if target else []:
            if not hasattr(module, name):
                raise AttributeError(f"{type(module).__name__} has no attribute `{name}`")
            module = getattr(module, name)
            if not isinstance(module, Module):
                raise AttributeError(f"`{name}` is not an nn.Module")
        found: Module = module
        return found

    def _owner_of(self, target: str) -> tuple[Module, str]:
        """The module that has what is at a path, and the name that it has there."""
        path, _, name = target.rpartition(".")
        module = self.get_submodule(path)
        if not hasattr(module, name):
            raise AttributeError(f"{type(module).__name__} has no attribute `{name}`")
        return module, name

    def get_parameter(self, target: str) -> Parameter:
        """The parameter at a path of names with dots between them.

        Raises:
            AttributeError: there is none.
        """
        module, name = self._owner_of(target)
        parameter = getattr(module, name)
        if not isinstance(parameter, Parameter):
            raise AttributeError(f"`{name}` is not an nn.Parameter")
        return parameter

    def get_buffer(self, target: str) -> Tensor:
        """The buffer at a path of names with dots between them.

        Raises:
            AttributeError: there is none.
        """
        module, name = self._owner_of(target)
        if name not in module._buffers:
            raise AttributeError(f"`{name}` is not a buffer")
        buffer: Tensor = getattr(module, name)
        return buffer

    # ---- what is done to all -------------------------------------------------------------------

    def apply(self: _M, fn: Callable[[Module], Any]) -> _M:
        """Call a function of each module in it, and of itself last. Returns the module."""
        for child in self.children():
            child.apply(fn)
        fn(self)
        return self

    def train(self: _M, mode: bool = True) -> _M:
        """Set `training`, which Dropout goes by, of this module and of all in it.

        Raises:
            ValueError: the mode is no bool.
        """
        if not isinstance(mode, bool):
            raise ValueError("training mode is expected to be boolean")
        self.training = mode
        for child in self.children():
            child.train(mode)
        return self

    def eval(self: _M) -> _M:
        """`train(False)`."""
        return self.train(False)

    def requires_grad_(self: _M, requires_grad: bool = True) -> _M:
        """Set `requires_grad` of all parameters."""
        for parameter in self.parameters():
            parameter.requires_grad_(requires_grad)
        return self

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients of all parameters, or fill them with zeros."""
        forget_gradients(self.parameters(), set_to_none)

    def to(self: _M, *args: Any, **kwargs: Any) -> _M:
        """The module itself: all is float64, on the CPU. The arguments are those of `Tensor.to`.

        Raises:
            TypeError: another dtype than float64 is asked for.
        """
        for tensor in itertools.chain(self.parameters(), self.buffers()):
            if tensor.is_floating_point() and tensor.detach().to(*args, **kwargs).dtype != (
                tensor.dtype
            ):
                raise TypeError("nn.Module.to only accepts floating point dtypes")
        return self

    def double(self: _M) -> _M:
        """The module itself: all is float64."""
        return self

    float = double
    cpu = double

    # ---- states --------------------------------------------------------------------------------

    def _save_into(self, destination: dict[str, Any], prefix: str, keep_vars: bool) -> None:
        kept = {
            name: buffer
            for name, buffer in self._buffers.items()
            if name not in self._non_persistent_buffers_set
        }
        for name, tensor in itertools.chain(self._parameters.items(), kept.items()):
            if tensor is not None:
                destination[prefix + name] = tensor if keep_vars else tensor.detach()
        for name, module in self._modules.items():
            if module is not None:
                module.state_dict(destination, f"{prefix}{name}.", keep_vars)

    def state_dict(
        self, destination: Any = None, prefix: str = "", keep_vars: bool = False
    ) -> OrderedDict[str, Any]:
        """Parameters and persistent buffers by their names. They share memory with the module's.

        Args:
            destination: the dict to put them in; by default a new one.
            prefix: what all names begin with.
            keep_vars: give the parameters themselves.

        Example:
            >>> import io
            >>> import pyautograd as ag
            >>> model, file = ag.nn.Linear(2, 1), io.BytesIO()
            >>> ag.save(model.state_dict(), file)
            >>> file.seek(0)
            0
            >>> model.load_state_dict(ag.load(file))
            <All keys matched successfully>
        """
        result = OrderedDict() if destination is None else destination
        self._save_into(result, prefix, keep_vars)
        found: OrderedDict[str, Any] = result
        return found

    def _load_from(
        self, state: Mapping[str, Any], prefix: str, assign: bool, keys: _Keys, errors: list[str]
    ) -> None:
        kept = {
            name: buffer
            for name, buffer in self._buffers.items()
            if name not in self._non_persistent_buffers_set
        }
        own = {
            name: tensor
            for name, tensor in itertools.chain(self._parameters.items(), kept.items())
            if tensor is not None
        }
        for name, tensor in own.items():
            key = prefix + name
            if key not in state:
                keys.missing_keys.append(key)
            else:
                self._load_one(name, key, tensor, state[key], assign, errors)
        for key in state:
            if key.startswith(prefix):
                rest = key[len(prefix) :].split(".", 1)
                known = rest[0] in self._modules if len(rest) > 1 else rest[0] in own
                if not known:
                    keys.unexpected_keys.append(key)
        for name, module in self._modules.items():
            if module is not None:
                path = f"{prefix}{name}."
                part = {key: value for key, value in state.items() if key.startswith(path)}
                module._load_from(part, path, assign, keys, errors)

    def _load_one(
        self, name: str, key: str, own: Tensor, value: Any, assign: bool, errors: list[str]
    ) -> None:
        if not isinstance(value, Tensor):
            errors.append(
                f'While copying the parameter named "{key}", expected Tensor or Tensor-like '
                f"object from checkpoint but received {type(value)}"
            )
            return
        if own.ndim == 0 and value.shape == (1,):
            value = value[0]
        if value.shape != own.shape:
            errors.append(
                f"size mismatch for {key}: copying a param with shape {value.shape} from "
                f"checkpoint, the shape in current model is {own.shape}."
            )
        elif not assign:
            with no_grad():
                own.copy_(value)
        elif isinstance(own, Parameter):
            if not isinstance(value, Parameter):
                value = Parameter(value, requires_grad=own.requires_grad)
            setattr(self, name, value.requires_grad_(own.requires_grad))
        else:
            setattr(self, name, value)

    def load_state_dict(
        self, state_dict: Mapping[str, Any], strict: bool = True, assign: bool = False
    ) -> _Keys:
        """Copy parameters and buffers from what `state_dict` gave.

        Args:
            state_dict: tensors by their names.
            strict: refuse names that are missing or too many; otherwise they are returned.
            assign: take the tensors themselves.

        Returns:
            The names that were missing and those that were too many.

        Raises:
            RuntimeError: names or shapes do not fit. What fitted is copied.
            TypeError: the state is no dict.
        """
        if not isinstance(state_dict, Mapping):
            raise TypeError(f"Expected state_dict to be dict-like, got {type(state_dict)}.")
        keys, errors = _Keys([], []), list[str]()
        self._load_from(state_dict, "", assign, keys, errors)
        if strict and keys.unexpected_keys:
            names = ", ".join(f'"{k}"' for k in keys.unexpected_keys)
            errors.insert(0, f"Unexpected key(s) in state_dict: {names}. ")
        if strict and keys.missing_keys:
            names = ", ".join(f'"{k}"' for k in keys.missing_keys)
            errors.insert(0, f"Missing key(s) in state_dict: {names}. ")
        if errors:
            text = "\n\t".join(errors)
            raise RuntimeError(
                f"Error(s) in loading state_dict for {type(self).__name__}:\n\t{text}"
            )
        return keys

    # ---- as text -------------------------------------------------------------------------------

    def extra_repr(self) -> str:
        """What the printed form has in its brackets: the arguments."""
        return ""

    def __repr__(self) -> str:
        extra = self.extra_repr()
        extra_lines = extra.split("\n") if extra else []
        children = [f"({name}): {indented(repr(m))}" for name, m in self._modules.items()]
        name = type(self).__name__
        if not children and len(extra_lines) <= 1:
            return f"{name}({extra})"
        return f"{name}(\n  " + "\n  ".join(extra_lines + children) + "\n)"
