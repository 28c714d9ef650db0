/* SPDX-License-Identifier: MIT
 *
 * Elements of a tensor at places that an index tensor names. All ops of this kind are one walk,
 * over the coordinates of a part (what was read, or what is to be written), each of which leads to
 * an element of the part, to a number of the index, and by that to an element of the whole.
 */
#ifndef AGI_INDEXED_H
#define AGI_INDEXED_H

#include "op.h"

/* The element of the whole at a coordinate is that at sum(coordinate[d] * strides[WHOLE][d]) plus
 * the place that the number of the index stands for. That counts the indices of the `n_indexed`
 * dimensions as one, row by row; where it is negative, from the end. */
enum { AGI_OF_WHOLE, AGI_OF_INDEX, AGI_OF_PART };
typedef struct agi_indexed {
    int ndim;
    int64_t shape[AGI_MAX_DIMS];
    int64_t strides[3][AGI_MAX_DIMS];  /* 0 where the coordinate does not count */
    int n_indexed;
    int64_t sizes[AGI_MAX_DIMS], steps[AGI_MAX_DIMS];  /* of the indexed dimensions */
    int64_t size;                      /* how many places there are */
    double *whole, *part;
    const double *index;
    double scale;                      /* AGI_INDEXED_ADD adds so many times the part */
    bool may_block;                    /* the arguments are snapshots (INVARIANT[blocking]) */
    double number;                     /* what `part` leads to where it is a number */
} agi_indexed;

/* What becomes of the two elements at a coordinate. In the order of the coordinates, so that of two
 * that are written to one place the last one stays, and sums have one order, whatever the number of
 * threads. */
typedef enum agi_indexed_act {
    AGI_INDEXED_READ,   /* part = whole */
    AGI_INDEXED_WRITE,  /* whole = part */
    AGI_INDEXED_ADD,    /* whole += scale * part */
    AGI_INDEXED_MUL, AGI_INDEXED_MAX, AGI_INDEXED_MIN,
} agi_indexed_act;

#pragma GCC visibility push(hidden)

/* Coordinates of the index, which has as many dimensions as the whole: each number names a place
 * along `dim` (gather, scatter). The part is at least as large as the index; NULL: a number. A
 * tensor of no dimensions counts as one of one. */
void agi_indexed_lines(agi_indexed *job, const ag_tensor *whole, int dim, const ag_tensor *index,
                       const ag_arg *part);

/* Coordinates of the whole, of which those along `dim` are those of the index, a vector or one
 * number (index_select): each number names a place along `dim`. The part has that shape; NULL: a
 * number. */
void agi_indexed_along(agi_indexed *job, const ag_tensor *whole, int dim, const ag_tensor *index,
                       const ag_arg *part);

/* Coordinates of the dimensions of the whole that are not in `mask`, with those of the index put in
 * after the first `at` of them: each number names places of the dimensions that are in the mask.
 * Writes the shape of that, of *ndim dimensions; the part must broadcast to it, or is one that was
 * made with it (NULL: a number). False with an error where there are too many dimensions. */
bool agi_indexed_shape(const ag_tensor *whole, uint32_t mask, int at, const ag_tensor *index,
                       int *ndim, int64_t *shape);
void agi_indexed_rows(agi_indexed *job, const ag_tensor *whole, uint32_t mask, int at,
                      const ag_tensor *index, const ag_arg *part);

/* Whether all numbers of the index are in [low, size); else *wrong is the first that is not. */
bool agi_indexed_fits(const ag_tensor *index, int64_t low, int64_t size, int64_t *wrong);

/* Does it. All numbers of the index fit. */
void agi_indexed_run(agi_indexed *job, agi_indexed_act act);

/* The positions, row by row, of the elements that are not 0: a flat tensor. Owned. */
ag_tensor *agi_indexed_of_mask(const ag_tensor *mask);

/* What an op that writes parts of a copy gives: the copy of args[0], or zeros of the shape in the
 * list where that is a number, with `edit` done to it. Owned. */
ag_tensor *agi_edit_new(const ag_arg *args, const ag_attr *attr, agi_edit edit);

#pragma GCC visibility pop

#define AG_EDIT(name) \
    AG_FORWARD(name) { return agi_edit_new(args, attr, agi_##name##_edit); } \
    ag_status agi_##name##_edit(ag_tensor *z, const ag_arg *args, const ag_attr *attr)

#endif
