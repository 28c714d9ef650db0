# SPDX-License-Identifier: MIT
"""What all optimisers have in common: groups of parameters, what is kept of each parameter, hooks,
and states that are saved and loaded."""

from __future__ import annotations

import functools
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Iterable
from copy import deepcopy
from itertools import chain
from typing import Any, TypeAlias

from .._core import Tensor, enable_grad, tensor
from .._gradients import forget_gradients

__all__ = ["Optimizer", "ParamsT", "RemovableHandle"]

ParamsT: TypeAlias = (
    "Iterable[Tensor] | Iterable[dict[str, Any]] | Iterable[tuple[str, Tensor]]"
)
_Hook: TypeAlias = Callable[..., Any]


class RemovableHandle:
    """What the registration of a hook gives: `remove()` takes the hook away again.

    Example:
        >>> import pyautograd as ag
        >>> optimizer = ag.optim.SGD([ag.ones(1, requires_grad=True)])
        >>> with optimizer.register_step_post_hook(lambda *_: print("step")):
        ...     optimizer.step()
        step
        >>> optimizer.step()
    """

    _next_id = 0

    def __init__(self, hooks: OrderedDict[int, _Hook]) -> None:
        self._hooks = hooks
        self.id = RemovableHandle._next_id
        RemovableHandle._next_id += 1

    def remove(self) -> None:
        """Take the hook away. Nothing is done if it is gone already."""
        self._hooks.pop(self.id, None)

    def __enter__(self) -> RemovableHandle:
        return self

    def __exit__(self, *_: object) -> None:
        self.remove()


def _add_hook(
    hooks: OrderedDict[int, _Hook], hook: _Hook, prepend: bool = False
) -> RemovableHandle:
    handle = RemovableHandle(hooks)
    hooks[handle.id] = hook
    if prepend:
        hooks.move_to_end(handle.id, last=False)
    return handle


def _with_hooks(step: Callable[..., Any]) -> Callable[..., Any]:
    """`step` with the hooks of the optimizer around it."""

    @functools.wraps(step)
    def hooked(self: Optimizer, *args: Any, **kwargs: Any) -> Any:
        self._step_was_called = True
        before, after = self._optimizer_step_pre_hooks, self._optimizer_step_post_hooks
        if not before and not after:
            return step(self, *args, **kwargs)
        given: tuple[Any, ...] = (self, *args)
        for hook in list(before.values()):
            changed = hook(self, given, kwargs)
            if changed is None:
                continue
            if not (isinstance(changed, tuple) and len(changed) == 2):
                raise RuntimeError(
                    f"{step} must return None or a tuple of (new_args, new_kwargs), but got "
                    f"{changed}."
                )
            given, kwargs = changed
        result = step(*given, **kwargs)
        for hook in list(after.values()):
            hook(self, given, kwargs)
        return result

    hooked.hooked = True  # type: ignore[attr-defined]
    return hooked


class Optimizer:
    """The base of all optimizers, as in PyTorch: of those here, and of others that are derived from
    it and define `step`.

    Args:
        params: tensors, or pairs of a name and a tensor, or dicts with `params` and arguments that
            are the group's own.
        defaults: the arguments of groups that have none of their own.

    Raises:
        TypeError: `params` is one tensor, or something in it is none.
        ValueError: there are no parameters, one is in two groups or no leaf, or some have names and
            others none.

    Example:
        >>> import pyautograd as ag
        >>> class Descent(ag.optim.Optimizer):
        ...     def __init__(self, params, lr):
        ...         super().__init__(params, {"lr": lr})
        ...     @ag.no_grad()
        ...     def step(self):
        ...         for group in self.param_groups:
        ...             for p in group["params"]:
        ...                 p.sub_(p.grad, alpha=group["lr"])
        >>> x = ag.tensor([3.0], requires_grad=True)
        >>> (x * x).sum().backward()
        >>> Descent([x], lr=0.5).step()
        >>> x
        tensor([0.], requires_grad=True)
    """

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "step" in vars(cls):
            cls.step = _with_hooks(vars(cls)["step"])  # type: ignore[method-assign]

    def __init__(self, params: ParamsT, defaults: dict[str, Any]) -> None:
        if isinstance(params, Tensor):
            raise TypeError(
                "params argument given to the optimizer should be an iterable of Tensors or "
                f"dicts, but got {type(params).__name__}"
            )
        self.defaults = defaults
        self._make_hooks()
        self.state: defaultdict[Any, dict[str, Any]] = defaultdict(dict)
        self.param_groups: list[dict[str, Any]] = []
        groups: list[Any] = list(params)
        if not groups:
            raise ValueError("optimizer got an empty parameter list")
        if not isinstance(groups[0], dict):
            groups = [{"params": groups}]
        for group in groups:
            self.add_param_group(group)

    def _make_hooks(self) -> None:
        self._step_was_called = False
        self._optimizer_step_pre_hooks: OrderedDict[int, _Hook] = OrderedDict()
        self._optimizer_step_post_hooks: OrderedDict[int, _Hook] = OrderedDict()
        self._state_dict_pre_hooks: OrderedDict[int, _Hook] = OrderedDict()
        self._state_dict_post_hooks: OrderedDict[int, _Hook] = OrderedDict()
        self._load_state_dict_pre_hooks: OrderedDict[int, _Hook] = OrderedDict()
        self._load_state_dict_post_hooks: OrderedDict[int, _Hook] = OrderedDict()

    def __getstate__(self) -> dict[str, Any]:
        return {"defaults": self.defaults, "state": self.state, "param_groups": self.param_groups}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        if "_optimizer_step_pre_hooks" not in self.__dict__:
            self._make_hooks()
        for group in self.param_groups:
            for name, default in self.defaults.items():
                group.setdefault(name, default)
        for kept in self.state.values():
            for name in ("step", "mu_product"):
                if isinstance(kept, dict) and isinstance(kept.get(name), (int, float)):
                    kept[name] = tensor(float(kept[name]))

    def __repr__(self) -> str:
        text = type(self).__name__ + " ("
        for number, group in enumerate(self.param_groups):
            text += f"\nParameter Group {number}\n"
            for key in sorted(group):
                if key != "params":
                    text += f"    {key}: {group[key]}\n"
        return text + ")"

    # ---- steps ---------------------------------------------------------------------------------

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Change the parameters by their gradients.

        Args:
            closure: computes the loss anew with its gradients, and returns the loss, which `step`
                then returns.

        Raises:
            NotImplementedError: of the base class, which has no step.
        """
        raise NotImplementedError

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients of all parameters.

        Args:
            set_to_none: leave None in `.grad`; otherwise what is there is filled with zeros. A step
                leaves a parameter alone whose gradient is None.

        Example:
            >>> import pyautograd as ag
            >>> x = ag.ones(2, requires_grad=True)
            >>> optimizer = ag.optim.SGD([x])
            >>> x.sum().backward()
            >>> optimizer.zero_grad()
            >>> x.grad is None
            True
        """
        for group in self.param_groups:
            forget_gradients(group["params"], set_to_none)

    def register_step_pre_hook(self, hook: _Hook) -> RemovableHandle:
        """Have `hook(optimizer, args, kwargs)` called before each step. It may return a tuple of
        new arguments and new keyword arguments."""
        return _add_hook(self._optimizer_step_pre_hooks, hook)

    def register_step_post_hook(self, hook: _Hook) -> RemovableHandle:
        """Have `hook(optimizer, args, kwargs)` called after each step."""
        return _add_hook(self._optimizer_step_post_hooks, hook)

    # ---- groups --------------------------------------------------------------------------------

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Add parameters with arguments of their own, such as `{"params": [x], "lr": 0.1}`.

        Raises:
            TypeError: the group is no dict, its parameters are a set, or one is no tensor.
            ValueError: a parameter is there already, or is no leaf; or some have names and others
                none.

        Example:
            >>> import pyautograd as ag
            >>> optimizer = ag.optim.SGD([ag.ones(1, requires_grad=True)], lr=0.1)
            >>> optimizer.add_param_group({"params": ag.ones(2, requires_grad=True), "lr": 1.0})
            >>> [group["lr"] for group in optimizer.param_groups]
            [0.1, 1.0]
        """
        if not isinstance(param_group, dict):
            raise TypeError(f"param_group must be a dict, but got {type(param_group)}")
        params = param_group["params"]
        if isinstance(params, set):
            raise TypeError(
                "optimizer parameters need to be organized in ordered collections, but the "
                "ordering of tensors in sets will change between runs. Please use a list instead."
            )
        listed = [params] if isinstance(params, Tensor) else list(params)
        names = [p[0] for p in listed if isinstance(p, tuple)]
        tensors = [p[1] if isinstance(p, tuple) else p for p in listed]
        if names and len(names) != len(tensors):
            raise ValueError(
                "all optimizer params should be with/without names. Some param names are missing"
            )
        param_group["params"] = tensors
        if names:
            param_group["param_names"] = names
        for p in tensors:
            if not isinstance(p, Tensor):
                raise TypeError(
                    "optimizer can only optimize Tensors, but one of the params is "
                    f"{type(p).__name__}"
                )
            if not (self.defaults.get("differentiable") or p.is_leaf or p.retains_grad):
                raise ValueError("can't optimize a non-leaf Tensor")
        for name, default in self.defaults.items():
            param_group.setdefault(name, default)
        self._check_is_new(param_group)
        self.param_groups.append(param_group)

    def _check_is_new(self, param_group: dict[str, Any]) -> None:
        ids = {id(p) for p in param_group["params"]}
        if len(ids) != len(param_group["params"]):
            raise ValueError("optimizer contains a parameter group with duplicate parameters")
        for group in self.param_groups:
            if ("param_names" in param_group) != ("param_names" in group):
                kind = "with names" if "param_names" in param_group else "without names"
                raise ValueError(
                    "all optimizer param groups should be with/without names. cannot add param "
                    f"group {kind} to the optimizer"
                )
            if any(id(p) in ids for p in group["params"]):
                raise ValueError("some parameters appear in more than one parameter group")

    # ---- states --------------------------------------------------------------------------------

    def state_dict(self) -> dict[str, Any]:
        """What the optimizer keeps and its arguments, with numbers in place of the parameters. The
        tensors in it are those of the optimizer, which later steps write.

        Example:
            >>> import pyautograd as ag
            >>> optimizer = ag.optim.SGD([ag.ones(1, requires_grad=True)], lr=0.5)
            >>> state = optimizer.state_dict()
            >>> state["param_groups"][0]["params"], state["param_groups"][0]["lr"]
            ([0], 0.5)
        """
        for hook in list(self._state_dict_pre_hooks.values()):
            hook(self)
        numbers: dict[int, int] = {}
        groups = []
        for group in self.param_groups:
            for p in group["params"]:
                numbers.setdefault(id(p), len(numbers))
            packed = {key: value for key, value in group.items() if key != "params"}
            packed["params"] = [numbers[id(p)] for p in group["params"]]
            groups.append(packed)
        state = {
            numbers[id(key)] if isinstance(key, Tensor) else key: kept
            for key, kept in self.state.items()
        }
        result: dict[str, Any] = {"state": state, "param_groups": groups}
        for hook in list(self._state_dict_post_hooks.values()):
            changed = hook(self, result)
            result = result if changed is None else changed
        return result

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take over what `state_dict` gave, of this optimizer or of one with as many groups and
        parameters. Tensors are copied.

        Raises:
            ValueError: the numbers of groups or of parameters differ.

        Example:
            >>> import pyautograd as ag
            >>> params = [ag.ones(1, requires_grad=True)]
            >>> optimizer = ag.optim.SGD(params, lr=0.1)
            >>> optimizer.load_state_dict(ag.optim.SGD(params, lr=0.5).state_dict())
            >>> optimizer.param_groups[0]["lr"]
            0.5
        """
        state_dict = dict(state_dict)
        for hook in list(self._load_state_dict_pre_hooks.values()):
            changed = hook(self, state_dict)
            state_dict = state_dict if changed is None else changed
        groups, saved = self.param_groups, deepcopy(state_dict["param_groups"])
        if len(groups) != len(saved):
            raise ValueError("loaded state dict has a different number of parameter groups")
        if any(
            len(g["params"]) != len(s["params"]) for g, s in zip(groups, saved, strict=True)
        ):
            raise ValueError(
                "loaded state dict contains a parameter group that doesn't match the size of "
                "optimizer's group"
            )
        params = dict(
            zip(
                chain.from_iterable(s["params"] for s in saved),
                chain.from_iterable(g["params"] for g in groups),
                strict=True,
            )
        )
        state: defaultdict[Any, dict[str, Any]] = defaultdict(dict)
        for key, kept in state_dict["state"].items():
            state[params.get(key, key)] = deepcopy(kept)
        for group, new in zip(groups, saved, strict=True):
            new["params"] = group["params"]
            if "param_names" in group:
                new.setdefault("param_names", group["param_names"])
        self.__setstate__({"state": state, "param_groups": saved})
        for hook in list(self._load_state_dict_post_hooks.values()):
            hook(self)

    def register_state_dict_pre_hook(self, hook: _Hook, prepend: bool = False) -> RemovableHandle:
        """Have `hook(optimizer)` called before `state_dict`."""
        return _add_hook(self._state_dict_pre_hooks, hook, prepend)

    def register_state_dict_post_hook(self, hook: _Hook, prepend: bool = False) -> RemovableHandle:
        """Have `hook(optimizer, state_dict)` called after `state_dict`; it may return another."""
        return _add_hook(self._state_dict_post_hooks, hook, prepend)

    def register_load_state_dict_pre_hook(
        self, hook: _Hook, prepend: bool = False
    ) -> RemovableHandle:
        """Have `hook(optimizer, state_dict)` called before `load_state_dict`; it may return
        another."""
        return _add_hook(self._load_state_dict_pre_hooks, hook, prepend)

    def register_load_state_dict_post_hook(
        self, hook: _Hook, prepend: bool = False
    ) -> RemovableHandle:
        """Have `hook(optimizer)` called after `load_state_dict`."""
        return _add_hook(self._load_state_dict_post_hooks, hook, prepend)


# ---- what the classes of optimizers share --------------------------------------------------------


def evaluate(closure: Callable[[], Any] | None) -> Any:
    """What the closure of a step gives, recorded; None if there is none."""
    if closure is None:
        return None
    with enable_grad():
        return closure()


def check_rate(lr: Any) -> None:
    """Raise ValueError if this is no learning rate."""
    if isinstance(lr, Tensor) and lr.numel() != 1:
        raise ValueError("Tensor lr must be 1-element")
    if not lr >= 0.0:
        raise ValueError(f"Invalid learning rate: {lr}")


def check_not_negative(**values: Any) -> None:
    """Raise ValueError for the first that is below 0, or NaN."""
    for name, value in values.items():
        if not value >= 0.0:
            raise ValueError(f"Invalid {name} value: {value}")


def check_betas(betas: Any) -> None:
    """Raise ValueError if one of both is not below 1."""
    for k in (0, 1):
        if not 0.0 <= betas[k] < 1.0:
            raise ValueError(f"Invalid beta parameter at index {k}: {betas[k]}")


def check_ways(
    foreach: bool | None = None,
    capturable: bool = False,
    differentiable: bool = False,
    fused: bool | None = None,
) -> None:
    """Refuse what there is not. `foreach` and `fused` may be given, and change nothing: all
    parameters are stepped in one pass."""
    if fused and differentiable:
        raise RuntimeError("`fused` does not support `differentiable`")
    if fused and foreach:
        raise RuntimeError("`fused` and `foreach` cannot be `True` together.")
    if capturable:
        raise NotImplementedError("capturable=True: there are no graphs of a GPU to capture")
