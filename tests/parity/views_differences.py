# SPDX-License-Identifier: MIT
"""Where random programs of views and writes may part from PyTorch, each with its reason.

Most are lines of pyautograd/differences.md, seen from where a program meets them. The others are
about what torch leaves behind after an error, or in an order that nobody promises. Nothing else in
the comparison looks the other way.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

Names = dict[str, Any]
MODIFIED = "one of the variables needed for gradient computation has been modified by an inplace"
NO_GRAD_VIEW = "A view was created in no_grad mode and"
UNRECORDED = re.compile(r"no_grad\(\): .*(_\(|[-+*/]= |\] = )")
IN_PLACE = re.compile(r"\.(sigmoid|tanh|exp|sqrt|pow)_\(|\*\*= ")


def targets(line: str) -> list[str]:
    """The names that a line gives."""
    match = re.match(r"(?:with ag.no_grad\(\): )?((?:t\d+, )*[tl]\d+),? = ", line)
    return match[1].split(", ") if match else []


def asked_for(line: str) -> list[str]:
    """The names whose gradients alone a line wants."""
    match = re.search(r"inputs=\[(.*?)\]|autograd\.grad\(.*?, \[(.*?)\]", line)
    return (match[1] or match[2]).split(", ") if match else []


def tensors(names: Names) -> Names:
    return {name: x for name, x in names.items() if name[0] in "tl" and x is not None}


def asked(x: Any, name: str) -> Any:
    """An attribute; None, too, where torch refuses: views that writes left without a history."""
    try:
        return getattr(x, name)
    except RuntimeError:
        return None


def gradients(names: Names) -> Names:
    """Torch's .grad of each that has one."""
    found = {name: asked(x, "grad") for name, x in tensors(names).items()}
    return {name: grad for name, grad in found.items() if grad is not None}


def memory(x: Any) -> int:
    return int(x.untyped_storage().data_ptr())


@dataclass
class Scene:
    """A program in the middle of a comparison, as torch has it."""

    lines: list[str]
    names: Names
    at: int = 0
    error: str = ""  # torch's message to this line
    received: set[str] = field(default_factory=set)  # names of gradients
    used_up: bool = False  # a backward failed on its way
    exchanged: bool = False  # data, of what has a history, views or another shape
    overlapped: bool = False  # a write read what it wrote, in another arrangement
    leaf_view: bool = False  # a view is a leaf that requires grad
    crossed: bool = False  # a backward read the memory of a .grad
    owned: set[int] = field(default_factory=set)  # memory that has a name, before this line
    graded: dict[str, int] = field(default_factory=dict)  # that of each .grad, before this line

    @property
    def line(self) -> str:
        return self.lines[self.at]

    @property
    def goes_back(self) -> bool:
        return "backward(" in self.line or "autograd.grad(" in self.line

    def seen(self, text: str) -> bool:
        """Whether this line or one before has it."""
        return any(text in line for line in self.lines[: self.at + 1])


def has_leaf_view(scene: Scene) -> bool:
    views = [x for x in tensors(scene.names).values() if x._is_view()]
    return any(x.requires_grad and asked(x, "is_leaf") for x in views)


# ---- before a line -------------------------------------------------------------------------------


def marks_a_base(scene: Scene) -> bool:
    itself = r"(?:\.(?:flatten|ravel|contiguous|reshape)\([^()]*\))?"  # these may be no view
    match = re.search(rf"(\w+){itself}\.requires_grad_\(\)$", scene.line)
    marked = scene.names.get(match[1]) if match else None
    if marked is None or marked.requires_grad:
        return False
    base = marked._base if marked._is_view() else marked
    every = [*tensors(scene.names).values(), *gradients(scene.names).values()]
    return any(t._base is base for t in every if t is not marked and t._is_view())


def goes_back_to_nothing(scene: Scene) -> bool:
    names = scene.names
    return any(name in names and names[name] is None for name in asked_for(scene.line))


# ---- after a line --------------------------------------------------------------------------------


def views_without_history(scene: Scene) -> bool:
    made = [scene.names.get(name) for name in targets(scene.line)]
    guarded = scene.line.startswith("with ag.no_grad(): ")
    return guarded and any(x is not None and x._is_view() and x.requires_grad for x in made)


def out_of_row_order(scene: Scene) -> bool:
    made = [scene.names.get(name) for name in targets(scene.line) if "ag.where(" in scene.line]
    return any(x is not None and not x.is_contiguous() for x in made)


def lost_history(scene: Scene) -> bool:
    for x in tensors(scene.names).values():
        if not x._is_view() or not x.requires_grad or x._base.requires_grad:
            continue
        try:
            node = x.grad_fn
        except RuntimeError:
            return True  # of a view made under no_grad, the same is an error
        if node is not None and node.name() == "AsStridedBackward0":
            return True
    return False


def took_the_given(scene: Scene) -> bool:
    if not scene.goes_back or scene.error:
        return False
    now = {memory(grad) for grad in gradients(scene.names).values() if grad.numel()}
    return bool((now - {*scene.graded.values()}) & scene.owned)


# ---- errors of torch's alone ---------------------------------------------------------------------


def is_another_names_memory(scene: Scene) -> bool:
    """An element of a tensor written, whose view's node is as yet that of before."""
    return bool(re.search(r"\] [-+*]= ", scene.line))


def of_an_input(scene: Scene) -> bool:
    return "inputs=" in scene.line


def saved_more(scene: Scene) -> bool:
    """What changed is the result of a power, or of an op in place that saves its result, or it is
    needed for a second derivative in torch alone."""
    if scene.seen("create_graph=True"):
        return True
    match = re.search(r"which is output 0 of (?:torch::autograd::)?([A-Za-z]+)", scene.error)
    if match is None:
        return False
    written = any(IN_PLACE.search(line) for line in scene.lines[: scene.at])
    return match[1] == "Pow" or written


def written_before_it_was_detached(scene: Scene) -> bool:
    text = "\n".join(scene.lines[: scene.at])
    written = r"(?s)(?:^|\n){}(\[[^\n]*\] [-+*/]*=|\.\w+_\(| [-+*/]+=).*\n{}\.detach_\(\)"
    names = set(re.findall(r"(t\d+)\.detach_\(\)", text))
    return any(re.search(written.format(name, name), text) for name in names)


def back_through_a_write(scene: Scene) -> bool:
    return scene.goes_back


def of_a_gradient(scene: Scene) -> bool:
    return bool(scene.received) or scene.seen("autograd.grad(")


# ---- partings ------------------------------------------------------------------------------------

Both = tuple[str, Any, Any]  # what parts, torch's, ours


def no_number(scene: Scene, what: str, expected: Any, found: Any) -> bool:
    if not isinstance(expected, np.ndarray) or not isinstance(found, np.ndarray):
        return False
    return expected.shape == found.shape and bool((np.isnan(expected) & ~np.isnan(found)).any())


def after_exchange(scene: Scene, what: str, expected: Any, found: Any) -> bool:
    if not scene.exchanged:
        return False
    if what == "error":
        return True
    flags = (".shape", ".is_leaf", ".requires_grad", ".written")
    return ".grad" in what or what.endswith(flags)


def after_failure(scene: Scene, what: str, expected: Any, found: Any) -> bool:
    if scene.used_up and (scene.goes_back or ".grad" in what):
        return True
    return bool(scene.error) and scene.goes_back and what != "error"


def writes_what_it_reads(scene: Scene) -> bool:
    """A .grad whose memory the graph reads: torch adds to it when it comes by."""
    if not scene.goes_back:
        return False
    only_assigned = re.compile(r"\.grad = |^(see|flags)\(")
    used = " ".join(line for line in scene.lines[: scene.at + 1] if not only_assigned.search(line))
    names = tensors(scene.names)
    read = {memory(x) for name, x in names.items() if len(re.findall(rf"\b{name}\b", used)) > 1}
    retained = {at for name, at in scene.graded.items() if not asked(names[name], "is_leaf")}
    leaves = {at for name, at in scene.graded.items() if asked(names[name], "is_leaf")}
    return bool(read & (retained | leaves) or retained & leaves)


def written_as_read(scene: Scene, what: str, expected: Any, found: Any) -> bool:
    return scene.crossed or writes_what_it_reads(scene)


def arranged(x: Any) -> tuple[Any, ...]:
    return x.storage_offset(), tuple(x.shape), tuple(x.stride())


def overlaps_itself(x: Any) -> bool:
    return any(size > 1 and step == 0 for size, step in zip(x.shape, x.stride(), strict=True))


def spread(scene: Scene, what: str, expected: Any, found: Any) -> bool:
    x = scene.names.get(what.partition(".")[0])
    return what.endswith(".grad.values") and x is not None and overlaps_itself(x)


def written_unrecorded(scene: Scene) -> bool:
    """Whether torch has made a view's node anew though no write was recorded."""
    if any(UNRECORDED.search(line) for line in scene.lines[: scene.at + 1]):
        return True
    views = [x for x in tensors(scene.names).values() if x._is_view() and x._base.is_leaf]
    nodes = [asked(x, "grad_fn") for x in views]
    return any(node is not None and node.name() == "AsStridedBackward0" for node in nodes)


def passed_by(scene: Scene, what: str, expected: Any, found: Any) -> bool:
    name = what.partition(".")[0]
    x = scene.names.get(name)
    unused = what == "error" and "appears to not have been used" in expected
    unused = unused or (name in targets(scene.line) and x is None)
    lines = scene.lines[: scene.at + 1]
    inputs = [scene.names.get(one) for line in lines for one in asked_for(line)]
    of_view = ".grad" in what and any(t is not None and t._is_view() for t in (x, *inputs))
    return (unused or of_view) and written_unrecorded(scene)


def saved_apart(scene: Scene, what: str, expected: Any, found: Any) -> bool:
    """A result that torch has saved was written by what no version tells of."""
    text = "\n".join(scene.lines[: scene.at + 1])
    silent = ".data" in text or ".numpy()" in text
    return silent and bool(IN_PLACE.search(text) or "**" in text) and what.endswith(".values")


def constant_slope(scene: Scene, what: str, expected: Any, found: Any) -> bool:
    if not scene.seen("create_graph=True") or "materialize_grads" in scene.line:
        return False
    if what == "error":
        return expected == "" and "does not require grad" in found
    name, _, flag = what.rpartition(".")
    gradient = name.endswith(".grad") or name in scene.received
    return gradient and flag in ("requires_grad", "is_leaf", "has grad_fn")


def reads_what_it_writes(scene: Scene) -> bool:
    """Two names in a line that share memory, arranged in two ways."""
    names = set(re.findall(r"t\d+", scene.line)) - set(targets(scene.line))
    found = [x for name, x in tensors(scene.names).items() if name in names]
    ways = {(memory(x), *arranged(x)) for x in found}
    return len(ways) > len({memory(x) for x in found})


def read_and_written(scene: Scene, what: str, expected: Any, found: Any) -> bool:
    refused = what == "error" and expected == "" and "more than one element" in found
    line = scene.line.removeprefix("with ag.no_grad(): ")
    itself = re.match(r"(t\d+)(\[\.\.\.\] = |\.copy_\()(t\d+)\)?$", line)
    if refused and itself:
        return memory(scene.names[itself[1]]) == memory(scene.names[itself[3]])
    return scene.overlapped and (what.endswith(".values") or refused)


def unusable(scene: Scene, what: str, expected: Any, found: Any) -> bool:
    """An error of ours, on a line that begins with a view whose node torch refuses to make."""
    match = re.match(r"(?:with ag.no_grad\(\): )?(t\d+)\.", scene.line)
    x = scene.names.get(match[1]) if match else None
    if what != "error" or expected or x is None:
        return False
    try:
        return x.grad_fn is ...
    except RuntimeError:
        return True


def piece_written_unrecorded(scene: Scene, what: str, expected: Any, found: Any) -> bool:
    pieces = re.compile(r"\.(split|unbind|chunk)\(|ag\.split\(")
    made = any(pieces.search(line) for line in scene.lines[: scene.at + 1])
    flag = what.endswith((".has grad_fn", ".retains_grad"))
    return made and flag and expected == "raises" and found is True


def turned_unrecorded(scene: Scene, what: str, expected: Any, found: Any) -> bool:
    if not what.endswith(".grad_fn"):
        return False
    name = what.partition(".")[0]
    turn = re.compile(rf"no_grad\(\): {name}\.(squeeze|unsqueeze|transpose|swapdims|t)_\(")
    return any(turn.search(line) for line in scene.lines[: scene.at + 1])


def order_of_picks(scene: Scene, what: str, expected: Any, found: Any) -> bool:
    lines = scene.lines[: scene.at + 1]
    picked = any("= " in x and "[ag.tensor(" in x for x in lines)
    return what.endswith(".stride") and picked and scene.seen(".expand(")


def retained_and_turned(scene: Scene, what: str, expected: Any, found: Any) -> bool:
    name, _, rest = what.partition(".")
    text = "\n".join(scene.lines[: scene.at + 1])
    turn = rf"{name}\.(squeeze|unsqueeze|transpose|swapdims|t)_\("
    return (
        rest.startswith("grad.") and f"{name}.retain_grad()" in text and bool(re.search(turn, text))
    )


def retained_and_detached(scene: Scene, what: str, expected: Any, found: Any) -> bool:
    name, _, rest = what.partition(".")
    text = "\n".join(scene.lines[: scene.at + 1])
    detached = f"{name}.retain_grad()" in text and f"{name}.detach_()" in text
    return rest.startswith("grad is None") and detached and found is True


def repeats_and_is_indexed(scene: Scene, what: str, expected: Any, found: Any) -> bool:
    indexed = re.search(r"\[\(?(ag\.tensor|t\d+\.detach)|\.(index|masked)_\w+_\(", scene.line)
    refused = what == "error" and expected == "" and "more than one element" in found
    return refused and indexed is not None


def order_of_gradients(scene: Scene, what: str, expected: Any, found: Any) -> bool:
    return what.endswith(".stride") and (scene.seen("autograd.grad(") or scene.seen(".grad"))


def of_nothing(scene: Scene, what: str, expected: Any, found: Any) -> bool:
    name, _, flag = what.rpartition(".")
    if name.startswith("look"):
        name = scene.line.partition("(")[2].removesuffix(")")
    x = scene.names.get(name.removesuffix(".grad"))
    empty = x is not None and x.numel() == 0
    return empty and (flag == "grad_fn" or (name.endswith(".grad") and flag != "values"))


# ---- the table -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Difference:
    """What the libraries do differently, and why that is no fault.

    before: a line that neither is to run.
    forget: what the line made is deleted in both.
    stops: the comparison ends after the line.
    raises, when: how torch's messages begin that are its alone; then `runs` says who else runs the
        line: "we", who may raise or not, "none", or "stop" the comparison.
    parts: a parting that ends the comparison and is no failure.
    """

    reason: str
    before: Callable[[Scene], bool] | None = None
    forget: Callable[[Scene], bool] | None = None
    stops: Callable[[Scene], bool] | None = None
    raises: tuple[str, ...] = ()
    when: Callable[[Scene], bool] = lambda scene: True
    runs: Literal["we", "none", "stop"] = "we"
    parts: Callable[[Scene, str, Any, Any], bool] | None = None


DIFFERENCES = (
    Difference(
        "A view made before its base's requires_grad_() is a constant here. In torch it says True "
        "and then loses its gradient without a word.",
        before=marks_a_base,
    ),
    Difference(
        "A view made under no_grad of what requires grad is a constant here. In torch it is a leaf "
        "beside it, and what is computed from it leaves nothing in the gradient of its base.",
        forget=views_without_history,
    ),
    Difference(
        "What was made from a view that is a leaf keeps its way to that leaf when a base is "
        "written without a record. In torch it goes to the base, which has no history, and the "
        "gradient is lost without a word.",
        stops=lost_history,
    ),
    Difference(
        "None in place of a tensor is a TypeError here, in torch a RuntimeError.",
        before=goes_back_to_nothing,
    ),
    Difference(
        "A write from memory that overlaps what is written is as if from a copy here; torch "
        "refuses it where the overlap is partial.",
        raises=("unsupported operation: some elements of the input tensor and the written-to",),
        runs="none",
    ),
    Difference(
        "The same where what is read repeats elements, which torch does not notice. What repeats "
        "elements is not written here, not even with itself.",
        parts=read_and_written,
    ),
    Difference(
        "What repeats elements is not written through an index tensor or a mask either; torch "
        "warns that one day this will be an error.",
        parts=repeats_and_is_indexed,
    ),
    Difference(
        "One of several views that came together can be looked at after a write that was not "
        "recorded; in torch not after any write.",
        parts=piece_written_unrecorded,
    ),
    Difference(
        "The same where such a view is used: torch refuses to make the node of it anew.",
        raises=tuple(f"Output {k} of " for k in range(10)),
        when=written_unrecorded,
        runs="stop",
    ),
    Difference(
        "What becomes another view of itself without a record gets a node that knows its new "
        "shape; torch's keeps the old one.",
        parts=turned_unrecorded,
    ),
    Difference(
        "What index tensors pick of what repeats elements is row-major; torch keeps an order.",
        parts=order_of_picks,
    ),
    Difference(
        "What retains its gradient and became another view of itself has the gradient of what it "
        "is now; torch's has the shape of before.",
        parts=retained_and_turned,
    ),
    Difference(
        "What was detached in place retains no gradient any more.",
        parts=retained_and_detached,
    ),
    Difference(
        "A view that cannot be used has no flags to change either; in torch its first use is the "
        "first error.",
        parts=unusable,
    ),
    Difference(
        "Where elements of a leaf share memory, the gradient of each is its own; torch spreads the "
        "gradient of views that were written over all.",
        parts=spread,
    ),
    Difference(
        "What an op in place saves of its result is a copy here: writes that no version tells of, "
        "through .data or an array, do not change it.",
        parts=saved_apart,
    ),
    Difference(
        "A view of a view goes back by way of that, also after a write that was not recorded; "
        "torch's goes to the base then, and the gradient of the view between is None.",
        parts=passed_by,
    ),
    Difference(
        "A view can be written as soon as its base has a history; torch takes it for a leaf until "
        "somebody has looked at it.",
        raises=("a leaf Variable that requires grad is being used in an in-place operation",),
        when=is_another_names_memory,
        runs="stop",
    ),
    Difference(
        "Numbers are not saved for the way back, so that more graphs can be gone back twice.",
        raises=("Trying to backward through the graph a second time",),
    ),
    Difference(
        "backward(inputs=[y]) does not run the node that made y; torch does, for nothing.",
        raises=(MODIFIED,),
        when=of_an_input,
    ),
    Difference(
        "A power does not save its result, and an op in place saves a copy of its own: later "
        "writes do no harm.",
        raises=(MODIFIED,),
        when=saved_more,
    ),
    Difference(
        "Of what was saved, then written and then detached, the first is said first.",
        raises=("Trying to use a saved tensor that has been detached in-place",),
        when=written_before_it_was_detached,
    ),
    Difference(
        "A tensor that retained its gradient and was then detached, or became another view of "
        "itself, can be written here; in torch an assertion of its own fails.",
        raises=("old_fn INTERNAL ASSERT FAILED", "out != nullptr INTERNAL ASSERT FAILED"),
        runs="stop",
    ),
    Difference(
        "A write to a view that repeats elements can be gone back through here.",
        raises=("unsupported operation: more than one element of the written-to tensor",),
        when=back_through_a_write,
    ),
    Difference(
        "Gradients are tensors like others; in torch some are views made under no_grad.",
        raises=(NO_GRAD_VIEW, "Can't detach views in-place"),
        when=of_a_gradient,
        runs="none",
    ),
    Difference(
        "The gradient that a backward is given does not become anybody's .grad; torch takes it "
        "where it passes through views alone, and adds to it in the next backward.",
        stops=took_the_given,
    ),
    Difference(
        "After x.data = y with another shape, or where x has views or a history: gradients of a "
        "shape that is not the leaf's are refused here; saved values and views keep the memory "
        "and the history that they had.",
        parts=after_exchange,
    ),
    Difference(
        "A backward that fails changes nothing here. Torch has added to some .grad by then, and "
        "used up another part of the graph than we.",
        parts=after_failure,
    ),
    Difference(
        "A backward reads everything before it writes anything, also where what it reads is the "
        "memory of some .grad.",
        parts=written_as_read,
    ),
    Difference(
        "A gradient of 0 stays 0 whatever it is multiplied with; in torch it becomes NaN where "
        "that is infinite.",
        parts=no_number,
    ),
    Difference(
        "A slope that is the same everywhere (of 3 x, of zeros) is a constant here; in torch it "
        "requires grad, and leads nowhere.",
        parts=constant_slope,
    ),
    Difference(
        "The order in memory of gradients, and of what is made from them, is nobody's business.",
        parts=order_of_gradients,
    ),
    Difference(
        "Comparisons give NumPy's masks, which are row-major, and so is what is chosen by them.",
        forget=out_of_row_order,
    ),
    Difference("Of what has no elements the history is nobody's business.", parts=of_nothing),
)

# Names of nodes that mean the same.
SAME_NODES = {
    "AliasBackward0": "SliceBackward0",  # a slice that takes all
    "ReshapeAliasBackward0": "ViewBackward0",
    "UnsafeViewBackward0": "ViewBackward0",
    "FillBackward3": "CopyBackwards",  # x[...] = 0-d
    "FillBackward2": "CopyBackwards",  # x[...] = number
}
VIEW_NODES = re.compile(
    "(AsStrided|Slice|View|Select|Unsqueeze|Squeeze|Permute|T|Transpose|Expand)"
)


def same_view(expected: Any, name: Any) -> bool:
    """Torch makes a view's node anew after each write, recorded or not; here only after those that
    were recorded. (And x[...] of a number is a view like any other.)"""
    return expected in ("AsStridedBackward0", "SliceBackward0") and bool(
        VIEW_NODES.match(str(name))
    )
