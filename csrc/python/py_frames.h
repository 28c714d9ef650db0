/* SPDX-License-Identifier: MIT
 *
 * The frames of running Python code, read without making an object: the public way,
 * PyEval_GetFrame, makes one for each call since Python 3.11, which costs as much as a recorded op.
 *
 * The struct of a frame stands in a header of the interpreter's own (internal/pycore_frame.h, since
 * 3.14 pycore_interpframe_structs.h) that takes Py_BUILD_CORE, and with it much else that a module
 * must not see. So its first members are declared here again, for each version that is known; they
 * do not change while a version is out. py_site.c compares what is read so with the public way once
 * when the module is imported, and reads nothing where they differ. Of other versions, and of
 * builds without the GIL, which have instructions apart for each thread, there is nothing here.
 */
#ifndef PY_FRAMES_H
#define PY_FRAMES_H

#include "py_api.h"

#include <frameobject.h>

#if !defined(Py_GIL_DISABLED) && !defined(PYPY_VERSION) && PY_VERSION_HEX >= 0x030A0000 && \
    PY_VERSION_HEX < 0x030F0000
#define PY_HAS_FRAMES 1
#endif

#ifdef PY_HAS_FRAMES
#if PY_VERSION_HEX < 0x030B0000

typedef PyFrameObject py_frame;

static inline const py_frame *py_frame_now(const PyThreadState *thread) { return thread->frame; }
static inline const py_frame *py_frame_outer(const py_frame *f) { return f->f_back; }
static inline PyCodeObject *py_frame_code(const py_frame *f) { return f->f_code; }
static inline uintptr_t py_frame_place(const py_frame *f) { return (uintptr_t)f->f_lasti; }
static inline int py_frame_offset(const PyCodeObject *code, uintptr_t place)
{
    (void)code;
    return 2 * (int)place;
}

#else

#if PY_VERSION_HEX < 0x030C0000
typedef struct py_frame {
    PyObject *function, *globals, *builtins, *locals;
    PyCodeObject *code;
    PyObject *object;
    const struct py_frame *previous;
    const void *instruction;
} py_frame;
#else
typedef struct py_frame {
    uintptr_t code;  /* since 3.14 with bits that tell who owns it */
    const struct py_frame *previous;
    PyObject *function, *globals, *builtins, *locals;
    PyObject *object;
    const void *instruction;
#if PY_VERSION_HEX < 0x030E0000
    int stack_top;
#else
    void *stack_pointer;
#endif
    uint16_t return_offset;
    char owner;      /* from 3 on: no code of Python's, but a place on C's stack */
} py_frame;
#endif

static inline const py_frame *py_frame_now(const PyThreadState *thread)
{
#if PY_VERSION_HEX < 0x030D0000
    return (const py_frame *)thread->cframe->current_frame;
#else
    return (const py_frame *)thread->current_frame;
#endif
}

static inline const py_frame *py_frame_outer(const py_frame *f) { return f->previous; }

/* NULL where it is none of Python's. */
static inline PyCodeObject *py_frame_code(const py_frame *f)
{
#if PY_VERSION_HEX < 0x030C0000
    return f->code;
#else
    return PY_LIKELY(f->owner < 3) ? (PyCodeObject *)(f->code & ~(uintptr_t)7) : NULL;
#endif
}

/* Where it is in its code. */
static inline uintptr_t py_frame_place(const py_frame *f) { return (uintptr_t)f->instruction; }

/* The same in bytes from the beginning of the code, as PyCode_Addr2Line takes it. */
static inline int py_frame_offset(const PyCodeObject *code, uintptr_t place)
{
    return (int)(place - (uintptr_t)code->co_code_adaptive);
}

#endif
#endif
#endif
