/* SPDX-License-Identifier: MIT
 *
 * The record of a thread's last failure, and the text forms of shapes that messages need. Nothing
 * here allocates: a failure to allocate is reported through it.
 */
#include "status.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "thread.h"

/* The text is made aside and then moved, since an argument may be the present message. */
static void status_set(ag_status code, const char *format, va_list args)
{
    char text[AGI_MESSAGE_MAX];
    int length = vsnprintf(text, sizeof text, format, args);
    if (length < 0)
        text[0] = '\0';
    else if (length >= AGI_MESSAGE_MAX)
        memcpy(text + AGI_MESSAGE_MAX - 4, "...", 4);
    agi_thread *thread = agi_thread_get();
    thread->status = code;
    memcpy(thread->message, text, strlen(text) + 1);
}

ag_status agi_fail(ag_status code, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    status_set(code, format, args);
    va_end(args);
    return code;
}

void *agi_fail_null(ag_status code, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    status_set(code, format, args);
    va_end(args);
    return NULL;
}

ag_status agi_fail_missing(const char *op, const char *wanted)
{
    const ag_status before = agi_thread_get()->status;
    return before != AG_OK ? before
                           : agi_fail(AG_ERR_TYPE, "%s: expected %s, got NULL", op, wanted);
}

ag_status agi_fail_memory(const char *what, int64_t bytes)
{
    return agi_fail(AG_ERR_MEMORY, "%s: out of memory: %" PRId64 " bytes wanted", what, bytes);
}

ag_status ag_last_status(void)
{
    return agi_thread_get()->status;
}

const char *ag_last_message(void)
{
    return agi_thread_get()->message;
}

void ag_clear_error(void)
{
    agi_thread *thread = agi_thread_get();
    thread->status = AG_OK;
    thread->message[0] = '\0';
}

/* "2, 3" between brackets. What does not fit is left out, with "..." in its place: room for the
 * longest number, the dots and the closing bracket is kept in hand. */
static void status_sizes(char *buf, char open, int ndim, const int64_t *shape, const char *close)
{
    size_t at = 0;
    buf[at++] = open;
    for (int k = 0; k < ndim; k++) {
        const char *comma = k > 0 ? ", " : "";
        if (at + 40 > AGI_SHAPE_TEXT) {
            at += (size_t)snprintf(buf + at, AGI_SHAPE_TEXT - at, "%s...", comma);
            break;
        }
        at += (size_t)snprintf(buf + at, AGI_SHAPE_TEXT - at, "%s%" PRId64, comma, shape[k]);
    }
    memcpy(buf + at, close, strlen(close) + 1);
}

char *agi_format_shape(char buf[AGI_SHAPE_TEXT], int ndim, const int64_t *shape)
{
    status_sizes(buf, '(', ndim, shape, ndim == 1 ? ",)" : ")");
    return buf;
}

char *agi_format_shape_list(char buf[AGI_SHAPE_TEXT], int ndim, const int64_t *shape)
{
    status_sizes(buf, '[', ndim, shape, "]");
    return buf;
}
