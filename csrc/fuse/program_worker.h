/* SPDX-License-Identifier: MIT
 *
 * One thread at work on a program: program_run.c goes over it in tiles, program_grid.c in blocks of
 * rows.
 */
#ifndef AGI_PROGRAM_WORKER_H
#define AGI_PROGRAM_WORKER_H

#include "program_form.h"

typedef struct worker {
    const double **at;      /* of each value: where its tile is */
    uint8_t *splat;
    program_place *places;  /* of each strided value: what is read, and what is asked for ahead */
    double *registers;
    double *blocks;         /* of rows, one block for each sum of columns */
    const double **streams; /* of a group */
    double *spill;
    double *rest;           /* of a tile: what the code reads in one turn, REST of each stream */
} worker;

#pragma GCC visibility push(hidden)

worker agi_program_worker(const program *p, int part);

/* Where element `at` of a strided source is, to which the place goes. */
const double *agi_program_seek(const agi_source *source, program_place *place, int64_t at);

/* Where a value that is read by rows of this length has element `at`; *step becomes how far it is
 * to the next row, and *rows no more than there are before it is farther than that. The length is
 * that of some inner dimensions, and maybe a part of the next one. */
const double *agi_program_seek_row(const agi_source *source, program_place *place, int64_t length,
                                   int64_t at, int64_t *step, int64_t *rows);

/* The group's code over rows of n elements, whose streams and steps are in w->streams. */
void agi_program_run_rows(const program *p, const worker *w, const program_group *group,
                          int64_t rows, int64_t n);

/* Where the sums of blocks of rows stand. */
AGI_INLINE double *agi_program_column_sums(const program_sum *sum)
{
    return sum->partial != NULL ? sum->partial : sum->z;
}

/* What a finished sum is stored as: as ops/reduce.c has it. */
double agi_program_finish(const agi_expr *e, double sum);

/* Units [begin, end) of a program whose code makes blocks of rows (`grid_in_code`). */
void agi_program_grid_range(void *context, int64_t begin, int64_t end, int part);

#pragma GCC visibility pop
#endif
