/* SPDX-License-Identifier: MIT
 *
 * What a program consists of, shared by who builds it (program.c, program_order.c,
 * program_group.c, program_plan.c) and who runs it (program_run.c).
 */
#ifndef AGI_PROGRAM_FORM_H
#define AGI_PROGRAM_FORM_H

#include "../compute/sum.h"
#include "jit/jit.h"
#include "program.h"

#define AGI_SUM_COST 0.1  /* ns for each element, beside what makes it */

typedef enum value_kind {
    VALUE_NUMBER,
    VALUE_MEMORY,
    VALUE_STRIDED,
    VALUE_STEP,
    VALUE_SUM,              /* made beside the tiles: nothing in the program reads it */
} value_kind;

/* Something that a step can read, or that a program makes. */
typedef struct program_value {
    uint8_t kind;           /* value_kind */
    uint8_t n_in;
    bool splat;             /* one value for all elements: NUMBER; STRIDED where a tile says so */
    bool again;             /* not stored, though on the way to it something is computed again */
    bool lets_go;           /* read from memory that only pending values keep, not stored since */
    bool is_stored;         /* STEP, SUM: it has memory of its own, or is about to get some */
    bool is_elsewhere;      /* memory was given with the root: nothing is settled */
    bool passes_by;         /* stored past the caches */
    bool fetch;             /* its memory is one of the program's streams */
    bool leaves;            /* the group: read by a step that is not in it, */
    bool is_summed;         /* or by a sum */
    bool chooses;           /* a comparison that is made for choices alone, which make it anew */
    bool pairs;             /* the group makes sums of pairs of it: nothing but sums reads it */
    bool whole;             /* STRIDED: read by a group, and so never a splat */
    bool by_rows;           /* STRIDED: read by groups alone, as it lies, row by row */
    bool in_pieces;         /* STRIDED: read by kernels alone, as it lies, part by part of rows */
    bool reads_pieces;      /* STEP: a kernel that reads such */
    bool asks;              /* STRIDED: rows of much memory, asked for a tile ahead */
    int32_t group;          /* STEP: in which group it is, or -1 */
    int32_t local;          /* in a group: its number in the code */
    int32_t stream, stream_group;  /* its number among the streams of the group that had it last */
    int32_t in[AGI_SOURCES];
    int32_t reg;            /* register, or -1 */
    int32_t last_use;       /* place of the last step that reads it */
    int32_t readers;        /* steps and sums of the program that read it */
    int32_t uses;           /* expressions of this program that read it */
    int32_t let_go;         /* references to it that are gone when the program has run; */
    bool lets_inputs_go;    /* those of its expression to what it reads are */
    double *memory;         /* MEMORY: base; STEP, SUM: where it is stored, or NULL */
    const double *number;
    const agi_source *strided;
    int32_t place;          /* STRIDED: the first of its two places in a worker's list */
    agi_kernel kernel;
    const double *f;
    agi_expr *expr;         /* STEP, SUM: of which */
    agi_storage *storage;   /* MEMORY: whose data it is; STEP: whose data the result takes over */
    agi_storage *into;      /* owned: a storage for a stored value without an owner */
    agi_storage *overwritten;  /* owned: the owner, whose data a program that runs overwrites */
    size_t bytes;           /* of memory that is to become the owner's; else 0 */
} program_value;

/* Steps that are one piece of machine code. */
typedef struct program_group {
    int32_t first, last;    /* values; it runs in the place of the last */
    int32_t first_stream, stream_count;        /* in the program's lists */
    int32_t first_constant, constant_count;
    agi_jit_code code;
    agi_jit_code rest_code; /* for less than a turn: without sums of pairs */
    bool by_rows;           /* reads values row by row */
} program_group;

/* How the tiles go over the elements. */
typedef enum program_mode {
    MODE_FLAT,              /* in order; sums are over all elements */
    MODE_ROWS,              /* in order, row by row; sums are over rows */
    MODE_GRID,              /* blocks of rows, strips of columns; sums over columns and rows */
} program_mode;

typedef struct program_sum {
    const agi_expr *expr;
    int32_t source;         /* value that is summed */
    bool columns;
    double *z;
    double *partial;        /* sums of stretches, or of blocks of rows; NULL where these are the
                               results */
    int32_t block;          /* GRID: which block of rows in scratch its source's are in */
} program_sum;

typedef struct program {
    agi_expr **order;
    int32_t order_count, order_capacity;
    program_value *values;
    int32_t count, capacity;
    int32_t *loads;         /* table of MEMORY values by address: places, -1 where empty */
    int32_t load_count, load_bits;
    int32_t takeable;       /* loads of memory that pending values alone keep */
    program_sum *sums;
    int32_t sum_count, column_count, block_count;
    int32_t across;         /* a sum whose order goes across memory, made of what is stored; or 0 */
    int32_t registers;
    int32_t place_count;    /* of a worker */
    int32_t steps, kernel_steps;  /* kernel_steps: those that take longer than memory does */
    const double **streams; /* memory that is read or written element by element: first elements */
    int32_t stream_count;
    program_group *groups;
    int32_t group_count, grouped_steps;
    int32_t *group_streams; /* of all groups: values */
    double *constants;      /* of all groups; */
    double *cells;          /* and each as often as a vector has lanes, for the code */
    uint32_t code_held;     /* the code's memory: agi_jit_let_go */
    int32_t constant_count, most_streams, spill;  /* in all; of one group */
    program_mode mode;
    int64_t numel, tile;
    bool passes_by;         /* some value does; kernels make it in the last register */
    void (*range)(void *context, int64_t begin, int64_t end, int part);
    bool fetches;           /* memory ahead of its use, a few lines before each step */
    bool is_one_group;      /* all steps are in one, */
    bool is_loop;           /* FLAT: which goes over memory in order and nothing else */
    bool grid_in_code;      /* GRID: the one group's code makes a block of rows at a time */
    bool overwrites;        /* memory that was there before: runs to its end, once it has begun */
    bool asks;              /* now and then whether it is to be given up, */
    int64_t batch;          /* after so many units, elements in order; 0: all at once */
    _Atomic bool given_up;
    int64_t ahead;          /* from a tile to the one whose memory is fetched meanwhile */
    int64_t run;            /* elements of a row of what is read row by row; 0: nothing is */
    int64_t rows, cols;     /* ROWS, GRID: of the elements seen as a matrix */
    int64_t stretches;      /* partial sums of one result: FLAT, ROWS; GRID: strips of a row */
    double cost;            /* ns for each element, about */
    /* Per thread: pointers of the values, their splat flags, registers, blocks of rows, streams and
     * cells of a group. */
    void *block;            /* owned: all of scratch */
    char *scratch;
    size_t scratch_part;
    int parts;
} program;

/* Doubles of a line of memory: what goes past the caches begins and ends with one. */
#define AGI_PROGRAM_LINE 8

/* Doubles of a stream that the code reads in one turn, at most. */
#define AGI_PROGRAM_REST (2 * AGI_JIT_TURN)

/* Addresses of a group's streams, how far from row to row, and the number of rows. */
AGI_INLINE size_t agi_program_stream_bytes(const program *p)
{
    return (size_t)(2 * p->most_streams + 1) * sizeof(double *);
}

/* Where a worker is in a strided value. What comes soon behind is found without a division. */
typedef struct program_place {
    const double *x;
    int64_t at;             /* the element; -1 at first */
    int64_t index[AGI_SOURCE_DIMS];
    int64_t length, unit;   /* rows of so many elements are `unit` apart along the dimension */
    int dim;
} program_place;

AGI_INLINE size_t agi_program_place_bytes(const program *p)
{
    return (size_t)p->place_count * sizeof(program_place);
}

/* What a strip of a grid that code makes is part of: a row, or the runs of one. */
AGI_INLINE int64_t agi_program_grid_run(const program *p)
{
    return p->run > 0 && p->run < p->cols ? p->run : p->cols;
}

/* Parts of scratch start on lines of their own. */
AGI_INLINE size_t agi_program_round_up(size_t bytes) { return (bytes + 63) & ~(size_t)63; }

/* Whether pending values alone keep the data: nobody reads it but by their expressions. */
AGI_INLINE bool agi_program_is_takeable(agi_storage *s)
{
    return s->memory == AGI_MEMORY_BUFFER && agi_refs_get(&s->refs) == (uint32_t)s->readers &&
           s->exported == 0 && !agi_is_pending(s);
}

#pragma GCC visibility push(hidden)

/* In this order; false with an error. Lists what the roots lead to, inputs first; */
bool agi_program_order(program *p, int n, const agi_root *roots);
bool agi_program_compiles(const agi_expr *e);  /* machine code can be made of the step */
/* lets results take over the data of inputs that nobody has a use for afterwards (cannot fail); */
void agi_program_take_over(program *p);
/* sets mode, streams and what goes past the caches; */
bool agi_program_list_streams(program *p);
bool agi_program_fetches_in_loop(const program *p);  /* instead, in the loop of the one group */
/* makes groups, and their code; */
bool agi_program_group(program *p);
/* has kernels read rows as they lie, where that is worth it (cannot fail); */
void agi_program_choose_pieces(program *p);
/* sets tile and stretches, makes scratch and partial sums. */
bool agi_program_plan(program *p);

/* False if it was given up, as the interrupt hook said. Cannot fail otherwise. */
bool agi_program_go(program *p);

#pragma GCC visibility pop
#endif
