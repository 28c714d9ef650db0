/* SPDX-License-Identifier: MIT
 *
 * Steps of optimisers over plain memory: parameters and what is kept of each of them are written
 * where they lie, all parameters in one pass that threads share.
 */
#ifndef AGI_OPTIM_H
#define AGI_OPTIM_H

#include "../base/config.h"

#define AGI_STEP_ARRAYS 3   /* the most that are kept of a parameter */
#define AGI_STEP_NUMBERS 6

typedef enum agi_step_kernel {
    AGI_STEP_SGD,            /* f: lr */
    AGI_STEP_MOMENTUM,       /* s: buffer; f: lr, momentum, weight of the gradient */
    AGI_STEP_NESTEROV,
    AGI_STEP_ADAM,           /* s: m, v; f: c, e, 1 - beta1, beta2, 1 - beta2, decay */
    AGI_STEP_AMSGRAD,        /* s: m, v, largest v */
    AGI_STEP_ADAMAX,         /* s: m, u; f: c, eps, 1 - beta1, beta2 */
    AGI_STEP_NADAM,          /* s: m, v; f: c, e, 1 - beta1, beta2, weight of the gradient, decay */
    AGI_STEP_RMSPROP,        /* s: mean square; f: lr, eps, alpha, 1 - alpha */
    AGI_STEP_RMSPROP_MOMENTUM,           /* s: mean square, buffer; f: ... momentum */
    AGI_STEP_RMSPROP_CENTERED,           /* s: mean square, mean */
    AGI_STEP_RMSPROP_CENTERED_MOMENTUM,  /* s: mean square, buffer, mean */
    AGI_STEP_ADAGRAD,        /* s: sum of squares; f: lr, eps */
    AGI_STEP_ADADELTA,       /* s: mean square, of steps too; f: lr, eps, rho, 1 - rho */
    AGI_STEP_KERNELS
} agi_step_kernel;

/* What is done with one parameter: n numbers in each array. */
typedef struct agi_step {
    double *p;
    const double *g;
    double *s[AGI_STEP_ARRAYS];
    double f[AGI_STEP_NUMBERS];
    double weight_decay;     /* so many p are added to the gradient; 0: it is not touched */
    int64_t n;
    int64_t first;           /* how many numbers the parameters before it have */
    bool maximize;           /* the gradient counts negative */
    uint8_t kernel;          /* agi_step_kernel */
} agi_step;

#pragma GCC visibility push(hidden)
/* The arrays of a step may be one array, but overlap none otherwise. If `alone` is set the steps
 * are done in turn, by this thread. The embedder's lock is let go where there is much to do. */
void agi_steps_run(int n, agi_step *steps, bool alone);
#pragma GCC visibility pop

#endif
