/* SPDX-License-Identifier: MIT
 *
 * Which line of Python made a node. Asked for with every node that is recorded, so the answer is
 * kept by instruction: a look into a cache. What that holds is (file, function, line) in a table of
 * sites, where a line is once; text is made of it for an error alone.
 *
 * The line is that of the innermost frame outside of this package: what a user wrote.
 *
 * One cache is shared by all threads, as the GIL keeps them apart; where there is none, there are
 * no sites (py_frames.h). An entry must not speak for another code object that came to lie at the
 * same address, and must not keep code alive, whose end may run anybody's code in the midst of an
 * op. So it names by what its line follows from: the table of lines, the first line, file and name,
 * whose objects it owns, and which run nothing when they end.
 */
#include "py_site.h"

#include "py_frames.h"

#define SITES_MAX (1 << 20)

PyObject *py_site_object(uint32_t site)
{
    char text[1024];
    if (ag_site_text(site, text, sizeof text) <= 0)
        Py_RETURN_NONE;
    return PyUnicode_DecodeUTF8(text, (Py_ssize_t)strlen(text), "replace");
}

#ifdef PY_HAS_FRAMES

/* ---- sites ---------------------------------------------------------------------------------- */

typedef struct place {
    PyObject *file, *name;               /* owned for good */
    const char *file_text, *name_text;   /* theirs: read without the GIL */
    int line;
} place;

#define CHUNK 1024

/* Chunks never move, and `count` is set last, so that a thread without the GIL can read. */
static place *chunks[SITES_MAX / CHUNK];
static uint32_t count;
static uint32_t *by_place;               /* owned: sites by hash, 0 is free */
static uint32_t by_place_size;

static const place *place_of(uint32_t site)
{
    return &chunks[(site - 1) / CHUNK][(site - 1) % CHUNK];
}

static bool is_same_text(PyObject *a, PyObject *b)
{
    return a == b || PyUnicode_Compare(a, b) == 0;
}

static uint32_t hash_of(PyObject *file, PyObject *name, int line)
{
    const uint64_t mixed = (uint64_t)PyObject_Hash(file) * 3 + (uint64_t)PyObject_Hash(name) +
                           (uint64_t)line * UINT64_C(0x9e3779b97f4a7c15);
    return (uint32_t)(mixed * UINT64_C(0x9e3779b97f4a7c15) >> 32);
}

/* Where it stands in by_place, or is to stand. */
static uint32_t *find_place(PyObject *file, PyObject *name, int line)
{
    uint32_t k = hash_of(file, name, line) & (by_place_size - 1);
    for (; by_place[k] != 0; k = (k + 1) & (by_place_size - 1)) {
        const place *p = place_of(by_place[k]);
        if (p->line == line && is_same_text(p->file, file) && is_same_text(p->name, name))
            break;
    }
    return &by_place[k];
}

/* Room in by_place for one more. */
static bool grow_places(void)
{
    if (2 * (count + 1) <= by_place_size)
        return true;
    const uint32_t size = by_place_size == 0 ? 256 : 2 * by_place_size;
    uint32_t *grown = PyMem_RawCalloc(size, sizeof *grown), *old = by_place;
    if (grown == NULL)
        return false;
    by_place = grown;
    by_place_size = size;
    for (uint32_t site = 1; site <= count; site++) {
        const place *p = place_of(site);
        *find_place(p->file, p->name, p->line) = site;
    }
    PyMem_RawFree(old);
    return true;
}

/* A new one, 0 if there is no memory, no room, or no text. */
static uint32_t add_place(PyObject *file, PyObject *name, int line)
{
    if (count == SITES_MAX)
        return 0;
    place **chunk = &chunks[count / CHUNK];
    if (*chunk == NULL && (*chunk = PyMem_RawCalloc(CHUNK, sizeof **chunk)) == NULL)
        return 0;
    const char *file_text = PyUnicode_AsUTF8(file);
    const char *name_text = file_text != NULL ? PyUnicode_AsUTF8(name) : NULL;
    if (name_text == NULL)
        return 0;
    (*chunk)[count % CHUNK] = (place){Py_NewRef(file), Py_NewRef(name), file_text, name_text, line};
    __atomic_store_n(&count, count + 1, __ATOMIC_RELEASE);
    return count;
}

static int write_site(uint32_t site, char *text, size_t size)
{
    if (site == 0 || site > __atomic_load_n(&count, __ATOMIC_ACQUIRE))
        return 0;
    const place *p = place_of(site);
    return snprintf(text, size, "%s:%d in %s", p->file_text, p->line, p->name_text);
}

PyObject *py_site_tuple(uint32_t site)
{
    const place *p = place_of(site);
    return Py_BuildValue("OiO", p->file, p->line, p->name);
}

/* ---- code ----------------------------------------------------------------------------------- */

#define OWN UINT32_MAX  /* a place in this package: who called it counts */

static PyObject *package;  /* owned for good: "/.../pyautograd/", with which its files begin */

static bool is_own(PyObject *file)
{
    return package != NULL &&
           PyUnicode_Tailmatch(file, package, 0, PyUnicode_GET_LENGTH(file), -1) == 1;
}

/* Makes no object that the collector of garbage counts, so that it does not run here. */
static uint32_t new_site(PyCodeObject *code, uintptr_t where)
{
    PyObject *file = code->co_filename, *name = code->co_name;
    if (!PyUnicode_CheckExact(file) || !PyUnicode_CheckExact(name))
        return 0;
    if (is_own(file))
        return OWN;
    const int line = PyCode_Addr2Line(code, py_frame_offset(code, where));
    if (line < 0 || !grow_places())
        return 0;
    uint32_t *site = find_place(file, name, line);
    if (*site == 0)
        *site = add_place(file, name, line);
    return *site;
}

/* ---- the cache ------------------------------------------------------------------------------ */

#define CACHED 4096  /* entries, in pairs: a place may be in either of its pair */

typedef struct cached {
    const PyCodeObject *code;       /* an address alone: it may have died */
    uintptr_t where;
    PyObject *lines, *file, *name;  /* owned */
    int first_line;
    uint32_t site;
} cached;

static cached *cache;  /* owned for good */

/* Instructions are two bytes apart, and those of one function follow each other. */
static inline cached *pair_of(uintptr_t where)
{
    return cache + (where & (CACHED - 2));
}

static inline bool is_of(const cached *e, const PyCodeObject *code, uintptr_t where)
{
    return e->where == where && e->code == code && e->lines == code->co_linetable &&
           e->file == code->co_filename && e->name == code->co_name &&
           e->first_line == code->co_firstlineno;
}

static void forget(cached *e)
{
    Py_XDECREF(e->lines);
    Py_XDECREF(e->file);
    Py_XDECREF(e->name);
}

/* In place of the older one of the pair. The first one is never a place in this package, so that
 * who looks there alone need not ask. */
static uint32_t learn(PyCodeObject *code, uintptr_t where)
{
    PyObject *type, *value, *traceback;
    PyErr_Fetch(&type, &value, &traceback);  /* an error of ours must not meet another's */
    const uint32_t site = new_site(code, where);
    PyErr_Clear();
    PyErr_Restore(type, value, traceback);
    if (!PyUnicode_CheckExact(code->co_filename) || !PyUnicode_CheckExact(code->co_name) ||
        !PyBytes_CheckExact(code->co_linetable))
        return site;
    cached *pair = pair_of(where);
    forget(&pair[1]);
    if (site != OWN)
        pair[1] = pair[0];
    pair[site == OWN] = (cached){code, where,
                                 Py_NewRef(code->co_linetable), Py_NewRef(code->co_filename),
                                 Py_NewRef(code->co_name), code->co_firstlineno, site};
    return site;
}

static uint32_t site_in(const py_frame *frame)
{
    PyCodeObject *code = py_frame_code(frame);
    if (code == NULL)
        return OWN;
    const uintptr_t where = py_frame_place(frame);
    const cached *pair = pair_of(where);
    return is_of(&pair[0], code, where)   ? pair[0].site
           : is_of(&pair[1], code, where) ? pair[1].site : learn(code, where);
}

#define DEEPEST 100  /* frames of the package in each other */

static __attribute__((noinline)) uint32_t site_outside(const py_frame *frame)
{
    uint32_t site = OWN;
    for (int k = 0; k < DEEPEST && frame != NULL && site == OWN; k++) {
        site = site_in(frame);
        frame = py_frame_outer(frame);
    }
    return site != OWN ? site : 0;
}

/* Up to Python 3.11 the interpreter knows one present thread, which another one without the GIL
 * would take for itself. */
static inline const PyThreadState *present_thread(bool alone)
{
#if PY_VERSION_HEX < 0x030C0000
    return alone || PyGILState_Check() ? _PyThreadState_UncheckedGet() : NULL;
#elif PY_VERSION_HEX < 0x030D0000
    (void)alone;
    return _PyThreadState_UncheckedGet();
#else
    (void)alone;
    return PyThreadState_GetUnchecked();
#endif
}

static uint32_t site_now(bool alone)
{
    const PyThreadState *thread = present_thread(alone);
    const py_frame *frame = PY_LIKELY(thread != NULL) ? py_frame_now(thread) : NULL;
    if (PY_UNLIKELY(frame == NULL))
        return 0;
    const PyCodeObject *code = py_frame_code(frame);
    const cached *e = pair_of(py_frame_place(frame));
    return PY_LIKELY(code != NULL) && PY_LIKELY(is_of(e, code, py_frame_place(frame)))
               ? e->site : site_outside(frame);
}

/* All frames but those of the package. */
static int sites_of_stack(int n, uint32_t *sites)
{
    const PyThreadState *thread = present_thread(false);
    const py_frame *frame = thread != NULL ? py_frame_now(thread) : NULL;
    int found = 0;
    for (; found < n && frame != NULL; frame = py_frame_outer(frame)) {
        const uint32_t site = site_in(frame);
        if (site != 0 && site != OWN)
            sites[found++] = site;
    }
    return found;
}

/* ---- whether frames are what they are taken for ---------------------------------------------- */

static bool is_same_frame(const py_frame *fast, PyFrameObject *slow)
{
    PyCodeObject *code = PyFrame_GetCode(slow);
    const bool same =
        py_frame_code(fast) == code &&
        PyCode_Addr2Line(code, py_frame_offset(code, py_frame_place(fast))) ==
            PyFrame_GetLineNumber(slow);
    Py_DECREF(code);
    return same;
}

static const py_frame *outer_of_python(const py_frame *frame)
{
    do
        frame = py_frame_outer(frame);
    while (frame != NULL && py_frame_code(frame) == NULL);
    return frame;
}

/* The innermost frames, read in both ways. */
static bool frames_are_known(void)
{
    const PyThreadState *thread = present_thread(false);
    const py_frame *fast = thread != NULL ? py_frame_now(thread) : NULL;
    PyFrameObject *slow = PyEval_GetFrame();
    Py_XINCREF(slow);
    bool same = fast != NULL && slow != NULL;
    for (int k = 0; k < 4 && same && slow != NULL; k++) {
        same = fast != NULL && is_same_frame(fast, slow);
        PyFrameObject *back = PyFrame_GetBack(slow);
        Py_DECREF(slow);
        slow = back;
        fast = same ? outer_of_python(fast) : NULL;
    }
    Py_XDECREF(slow);
    return same;
}

/* The folder of the file that is running. */
static bool find_package(void)
{
    PyFrameObject *frame = PyEval_GetFrame();  /* borrowed */
    PyCodeObject *code = PyFrame_GetCode(frame);
    PyObject *file = code->co_filename;
    const Py_ssize_t n = PyUnicode_GET_LENGTH(file), at = PyUnicode_FindChar(file, '/', 0, n, -1);
    Py_XSETREF(package, at >= 0 ? PyUnicode_Substring(file, 0, at + 1) : NULL);
    Py_DECREF(code);
    return at < 0 || package != NULL;
}

PyObject *py_watch_lines(PyObject *module, PyObject *unused)
{
    (void)module;
    (void)unused;
    if (!frames_are_known())
        Py_RETURN_FALSE;
    if (cache == NULL && (cache = PyMem_RawCalloc(CACHED, sizeof *cache)) == NULL)
        return PyErr_NoMemory();
    if (!find_package())
        return NULL;
    ag_set_site_hooks(site_now, write_site);
    ag_set_stack_hook(sites_of_stack);
    Py_RETURN_TRUE;
}

#else

PyObject *py_site_tuple(uint32_t site)
{
    (void)site;
    PyErr_SetString(PyExc_SystemError, "there are no sites");
    return NULL;
}

PyObject *py_watch_lines(PyObject *module, PyObject *unused)
{
    (void)module;
    (void)unused;
    Py_RETURN_FALSE;
}

#endif
