# SPDX-License-Identifier: MIT
"""Makes the source of `pyautograd._capi`, the cffi view of libpyautograd, at build time.

The declarations are the public header's own, after the C preprocessor: there is no copy of them to
keep in step. Run by setup.py, never imported by the package.
"""

from __future__ import annotations

import re
import subprocess
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

# Between a prototype's tokens the preprocessor leaves what only compilers read.
_ATTRIBUTE = re.compile(r"__attribute__\s*\(\((?:[^()]|\([^()]*\))*\)\)")
_LINE_MARKER = re.compile(r'^# \d+ "(.*?)"')
_CONSTANT = re.compile(r"^#define (AG_\w+) (-?(?:0[xX][0-9a-fA-F]+|\d+))$")

# What cffi writes out in each function that calls one of the header's, and what it is here instead.
_ARGUMENT = re.compile(
    r"""  datasize = _cffi_prepare_pointer_call_argument\(
      (_cffi_type\(\d+\)), (\w+), \(char \*\*\)&(\w+)\);
  if \(datasize != 0\) \{
    \3 = [^;]*;
    if \(_cffi_convert_array_argument\(\1, \2, \(char \*\*\)&\3,
            datasize, &large_args_free\) < 0\)
      return NULL;
  \}
"""
)
_BEGIN = "  Py_BEGIN_ALLOW_THREADS\n  _cffi_restore_errno();\n"
_END = "  _cffi_save_errno();\n  Py_END_ALLOW_THREADS\n"
_WRAPPER = re.compile(
    r"^static PyObject \*\n_cffi_f_(\w+)\(PyObject \*self, PyObject \*(\w+)\)\n\{\n(.*?)^\}\n",
    re.MULTILINE | re.DOTALL,
)
_PREAMBLE = """\
#include <pyautograd.h>

#ifndef PYPY_VERSION
typedef void (*any_function)(void);

/* An argument that may be a list, which is copied to where it is freed after the call. */
static int pointer_argument(struct _cffi_ctypedescr *type, PyObject *given, char **pointer,
                            struct _cffi_freeme_s **copies)
{
  const Py_ssize_t size = _cffi_prepare_pointer_call_argument(type, given, pointer);
  if (size == 0)
    return 0;
  *pointer = NULL;
  if (size > 0 && _cffi_convert_array_argument(type, given, pointer, size, copies) >= 0)
    return 0;
  _cffi_free_array_arguments(*copies);
  return -1;
}

static PyThreadState *call_begins(void)
{
  PyThreadState *thread = PyEval_SaveThread();
  _cffi_restore_errno();
  return thread;
}

static void call_ends(PyThreadState *thread)
{
  _cffi_save_errno();
  PyEval_RestoreThread(thread);
}
#endif
"""


def declarations(header: Path, compiler: Sequence[str]) -> str:
    """What the header declares, in the C that cffi reads: types, enums, functions, constants.

    Args:
        header: path of the public header.
        compiler: the command of a C compiler that knows -E and -dD, as gcc and clang do.

    Raises:
        subprocess.CalledProcessError: the header does not preprocess.
    """
    command = [*compiler, "-E", "-dD", "-std=c11", "-x", "c", str(header)]
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    lines: list[str] = []
    here = False
    for line in text.splitlines():
        marker = _LINE_MARKER.match(line)
        if marker:
            here = marker[1].startswith(str(header.parent))  # the rest is the C library's headers
        elif here and line.startswith("#"):
            lines += [line] if _CONSTANT.match(line) else []
        elif here:
            lines.append(line)
    return re.sub(r"\n{2,}", "\n", _ATTRIBUTE.sub("", "\n".join(lines)))


def shorter(source: str) -> str:
    """The source that cffi emits, with functions in place of what it repeats in each wrapper, and
    one wrapper for all functions of one signature: a third of the machine code.

    What another version of cffi writes otherwise stays as it is.
    """
    source = _ARGUMENT.sub(
        r"""  (void)datasize;
  if (pointer_argument(\1, \2, (char **)&\3, &large_args_free) < 0)
    return NULL;
""",
        source,
    )
    source = source.replace(_BEGIN, "  PyThreadState *thread = call_begins();\n")
    source = source.replace(_END, "  call_ends(thread);\n")
    members = Counter(_signature(wrapper) for wrapper in _WRAPPER.finditer(source))
    written: dict[str, str] = {}

    def shared(wrapper: re.Match[str]) -> str:
        name, argument, body = wrapper.groups()
        signature = _signature(wrapper)
        if members[signature] == 1:
            return wrapper[0]
        head = ""
        if signature not in written:
            written[signature] = f"call_like_{name}"
            body = body.replace(f'"{name}"', "name")
            body = re.sub(rf"\b{name}\(", f"((__typeof__(&{name}))function)(", body)
            head = (
                f"static PyObject *\n{written[signature]}(PyObject *self, PyObject *{argument}, "
                f"const char *name, any_function function)\n{{\n  (void)name;\n{body}}}\n"
            )
        given = f'self, {argument}, "{name}", (any_function){name}'
        return (
            f"{head}static PyObject *\n_cffi_f_{name}(PyObject *self, PyObject *{argument})\n"
            f"{{\n  return {written[signature]}({given});\n}}\n"
        )

    return _WRAPPER.sub(shared, source)


def _signature(wrapper: re.Match[str]) -> str:
    """What wrappers of functions that are called alike have in common."""
    return re.sub(rf"\b{wrapper[1]}\b", "@", wrapper[2] + wrapper[3])


def emit(header: Path, compiler: Sequence[str], target: Path) -> None:
    """Write the C source of the module `pyautograd._capi` to `target`.

    Raises:
        cffi.CDefError: the header has something that cffi cannot read.
    """
    import cffi

    builder = cffi.FFI()
    builder.cdef(declarations(header, compiler))
    builder.set_source("pyautograd._capi", _PREAMBLE)
    target.parent.mkdir(parents=True, exist_ok=True)
    builder.emit_c_code(str(target))
    target.write_text(shorter(target.read_text()))
