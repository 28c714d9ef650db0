/* SPDX-License-Identifier: MIT
 *
 * Work along one dimension, line by line: a line is the n numbers along that dimension at one place
 * of the others, and gives one or two results of k numbers each along the same dimension. Whoever
 * works on a line sees numbers behind each other: where they do not lie so, some neighbouring lines
 * are brought together first. Lines are shared among threads, so what a line gives must depend on
 * it alone.
 */
#ifndef AGI_LINES_H
#define AGI_LINES_H

#include "../base/config.h"
#include "../base/walk.h"

/* One line: n numbers at x, results to z[0] and z[1] (NULL where there is none). `scratch` is of as
 * many doubles as the job asks for. */
typedef void (*agi_line_fn)(const void *context, const double *x, int64_t n, double *const *z,
                            double *scratch);

typedef struct agi_lines {
    agi_walk walk;         /* over the other dimensions; offsets 0: x, 1: results */
    int64_t count;         /* lines */
    const double *x;
    int64_t n, x_step;     /* length of a line, and how far its numbers are apart */
    double *z[2];          /* row-major: see agi_lines_of */
    int64_t k, z_step;
    int64_t scratch;       /* doubles that a line needs beside */
    double cost;           /* ns that a number takes, about */
} agi_lines;

#pragma GCC visibility push(hidden)

/* The lines of x along dimension dim (0 of a tensor without dimensions), for results of the same
 * shape but k along dim, which lie row-major. z, scratch and cost are left to be set. */
void agi_lines_of(agi_lines *lines, int ndim, const int64_t *shape, const int64_t *strides,
                  const double *x, int dim, int64_t k);

ag_status agi_lines_run(const agi_lines *lines, agi_line_fn fn, const void *context);

#pragma GCC visibility pop
#endif
