/* SPDX-License-Identifier: MIT
 *
 * pyautograd: reverse-mode automatic differentiation over float64 arrays, in C.
 *
 * A tensor is a float64 array on the CPU. An op makes a new tensor from others and, where one of
 * them requires a gradient, writes an entry (a node) to the tape. ag_backward walks the tape from
 * a result to the leaves and leaves each leaf's gradient in it. Nothing else is needed:
 *
 *     #include <pyautograd.h>
 *     #include <stdio.h>
 *
 *     int main(void)
 *     {
 *         const int64_t shape[] = {3};
 *         const double values[] = {1.0, 2.0, 3.0};
 *         ag_tensor *x = ag_from_data(values, 1, shape);
 *         ag_set_requires_grad(x, true);
 *
 *         ag_tensor *s = ag_sin(x);                  // each result is yours to release
 *         ag_tensor *p = ag_mul(s, x);
 *         ag_tensor *y = ag_sum_all(p);              // y = sum(x sin x)
 *         if (y == NULL || ag_backward(y, NULL, 0) != AG_OK) {
 *             fprintf(stderr, "%s\n", ag_last_message());
 *             return 1;
 *         }
 *         const double *g = ag_data(ag_grad_of(x));  // sin x + x cos x
 *         printf("%.6f %.6f %.6f\n", g[0], g[1], g[2]);
 *
 *         ag_release(y);
 *         ag_release(p);
 *         ag_release(s);
 *         ag_release(x);
 *         return 0;
 *     }
 *
 * Ownership. A function that returns `ag_tensor *` returns a reference that you own and release,
 * unless its comment says "borrowed". Arguments are borrowed: nothing takes yours away. Releasing
 * NULL does nothing. ag_scope_open and ag_scope_close release all that was made in between.
 *
 * Errors. What makes something returns NULL when it fails, what does something returns an
 * ag_status below zero, what tells a number returns -1 (ag_tensor_version 0), what tells yes or no
 * returns false, and what returns nothing does nothing; the reason is in ag_last_status and
 * ag_last_message until the thread's next failure or ag_clear_error. Nothing aborts or prints. What
 * failed has changed nothing.
 *
 * NULL where a tensor (or memory) is expected is such a failure, in every function. While an
 * earlier failure still stands (ag_last_status is not AG_OK) its reason is kept, so that a chain of
 * calls can be tested once, at its end, and tells what went wrong first; otherwise the message says
 * which function was given NULL (AG_ERR_TYPE). So clear an error that was dealt with: it would be
 * given as the reason of a later NULL that has another. NULL is no failure where a comment says
 * what it means, for lists, values and texts of which 0 are wanted, and in ag_release.
 *
 * Everything else is checked, too: ops, counts, lists, dimensions, sizes, strides, regions, flags,
 * and whether scopes are open. Not checked is what cannot be: whether a pointer that is not NULL
 * leads to what it should, and to enough of it.
 *
 * Threads. Any thread may call; tensors may be shared. Grad mode, scopes and errors are each
 * thread's own. Two threads that write one tensor, or write and read it, need a lock of yours.
 */
#ifndef PYAUTOGRAD_H
#define PYAUTOGRAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__) || defined(__clang__)
#define AG_API __attribute__((visibility("default")))
#else
#define AG_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

typedef struct ag_tensor ag_tensor;
typedef struct ag_node ag_node;
typedef struct ag_generator ag_generator;

#define AG_VERSION "0.1.0"  /* of this header; ag_version() is the library's */
#define AG_MAX_DIMS 32
#define AG_NO_DIM (-INT32_MAX - 1)  /* where a dimension may be given and none is */

/* How the numbers of a tensor are read. All lie in memory as doubles: whole and finite ones under
 * AG_INT64, never -0; 1.0 and 0.0 under AG_BOOL. What comes of two is their bitwise and. */
typedef int32_t ag_dtype;
enum { AG_FLOAT64 = 0, AG_INT64 = 1, AG_BOOL = 3 };

/* ---- status --------------------------------------------------------------------------------- */

typedef int32_t ag_status;
enum {
    AG_OK = 0,
    AG_ERR_MEMORY = -1,     /* an allocation failed */
    AG_ERR_OVERFLOW = -2,   /* a size does not fit */
    AG_ERR_SHAPE = -10,     /* shapes do not fit each other or the op */
    AG_ERR_INDEX = -11,     /* an index or dimension is out of range */
    AG_ERR_VALUE = -12,     /* another argument is out of its range */
    AG_ERR_TYPE = -13,      /* an argument is of the wrong kind */
    AG_ERR_DTYPE = -14,     /* an op that is not made for numbers of this dtype */
    AG_ERR_INTEGER = -15,   /* an integer beyond 2 to the power 53 */
    AG_ERR_GRAD = -20,      /* against the rules of autograd */
    AG_ERR_VERSION = -21,   /* a saved value was written in place */
    AG_ERR_FREED = -22,     /* a saved value was freed by an earlier backward */
    AG_ERR_LINALG = -23,    /* a matrix that is singular, or not positive-definite */
    AG_ERR_CALLBACK = -30,  /* a callback failed and has the reason */
    AG_ERR_INTERRUPTED = -31, /* the interrupt hook had the evaluation given up */
    AG_ERR_MISSING = -32,   /* no library that is in use has a routine that is needed */
    AG_ERR_STOPPED = -33    /* a checkpointed function has run again as far as is needed */
};

AG_API ag_status ag_last_status(void);
AG_API const char *ag_last_message(void);  /* borrowed; "" if nothing failed */
AG_API void ag_clear_error(void);
AG_API const char *ag_version(void);       /* "major.minor.patch", AG_VERSION when it was built */

/* ---- creating ------------------------------------------------------------------------------- */

/* Shapes are int64_t[ndim], ndim 0 .. AG_MAX_DIMS (ndim 0: one number). Fail with AG_ERR_SHAPE,
 * AG_ERR_OVERFLOW or AG_ERR_MEMORY. Others come from ops/create.def: zeros, ones and their like,
 * eye; and from ops/random.def: rand, randn, their like, normal. */
AG_API ag_tensor *ag_scalar(double value);                   /* 0-d */
AG_API ag_tensor *ag_empty(int ndim, const int64_t *shape);  /* values undefined */
AG_API ag_tensor *ag_empty_like(ag_tensor *x);
AG_API ag_tensor *ag_full(int ndim, const int64_t *shape, double value);
AG_API ag_tensor *ag_full_like(ag_tensor *x, double value);
AG_API ag_tensor *ag_arange(double start, double end, double step);
AG_API ag_tensor *ag_linspace(double start, double end, int64_t steps);
AG_API ag_tensor *ag_logspace(double start, double end, int64_t steps, double base);
/* The strides, none of them negative, say in which order the dimensions lie in memory (NULL:
 * row-major). The tensor is dense: where these strides are not, it has others, in their order.
 * Values undefined. */
AG_API ag_tensor *ag_empty_in_order(int ndim, const int64_t *shape, const int64_t *strides);
AG_API ag_tensor *ag_from_data(const double *values, int ndim, const int64_t *shape);  /* copies */

/* Shares memory that stays yours: strides in elements, may be 0, not negative (NULL: row-major).
 * release(context) is called once, when the last tensor over it goes, on any thread; on failure it
 * is not called. read_only memory is refused by in-place ops. */
AG_API ag_tensor *ag_from_memory(double *data, int ndim, const int64_t *shape,
                                 const int64_t *strides, bool read_only,
                                 void (*release)(void *context), void *context);

/* Memory that you share is read when an op is called, not later, as you may write it at any time.
 * Where is_shared says that only tensors know it (asked, on the calling thread, about memory shared
 * with this release), ops on it are evaluated late like others. One such pair for the process. */
AG_API void ag_set_sharing_hook(void (*release)(void *context), bool (*is_shared)(void *context));

AG_API ag_tensor *ag_retain(ag_tensor *t);                   /* returns t, with one more owner */
AG_API void ag_release(ag_tensor *t);

/* Random numbers. A generator is a stream of them: a seed and a position in the stream. The same
 * seed gives the same numbers again. NULL is the process's generator, in every function; that one
 * begins with a seed from the system. Threads that share a generator each get other numbers of the
 * stream. A child of fork() begins where its parent was. A generator has owners as a tensor has,
 * but scopes own none. Positions count pairs of numbers; after the highest comes 0. */
AG_API ag_generator *ag_generator_new(uint64_t seed);        /* yours to release */
AG_API ag_generator *ag_generator_retain(ag_generator *g);   /* returns g, with one more owner */
AG_API void ag_generator_release(ag_generator *g);
AG_API void ag_generator_seed(ag_generator *g, uint64_t seed);     /* starts anew, at position 0 */
AG_API uint64_t ag_generator_seed_anew(ag_generator *g);     /* by a seed from the system: that */
AG_API uint64_t ag_generator_initial_seed(ag_generator *g);  /* the seed that it started from */
AG_API ag_status ag_generator_get_state(ag_generator *g, uint64_t *seed, uint64_t *position);
AG_API void ag_generator_set_state(ag_generator *g, uint64_t seed, uint64_t position);
AG_API void ag_manual_seed(uint64_t seed);                   /* ag_generator_seed(NULL, seed) */

/* Logarithms of gamma numbers of rate 1, each place with a parameter of its own, whose gradient is
 * how the numbers follow it. Of an infinite parameter infinity, of one that is not positive NaN. */
AG_API ag_tensor *ag_gamma_log_draw(ag_tensor *concentration, ag_generator *g);

/* Scopes: between open and close, what this thread's calls return belongs to the scope and is
 * released by close; ag_keep takes one result out (then it is yours). Scopes nest: closing one
 * closes those that were opened inside of it. A mark whose scope is closed, or that is another
 * thread's, is refused. */
AG_API int64_t ag_scope_open(void);                          /* a mark for close; -1 if it fails */
AG_API ag_status ag_scope_close(int64_t mark);
AG_API ag_tensor *ag_keep(ag_tensor *t); /* the same as ag_retain; NULL in, NULL out */

/* ---- reading -------------------------------------------------------------------------------- */

AG_API int ag_ndim(const ag_tensor *t);
AG_API const int64_t *ag_shape(const ag_tensor *t);          /* borrowed, ndim entries */
AG_API const int64_t *ag_strides(const ag_tensor *t);        /* borrowed, in elements */
AG_API int64_t ag_numel(const ag_tensor *t);
AG_API bool ag_is_contiguous(const ag_tensor *t);
/* First element, to be walked by ag_strides. Borrowed: good while t lives. NULL if the value could
 * not be computed. Writing through it is yours to answer for: ag_bump_version says it was done. */
AG_API double *ag_data(ag_tensor *t);
AG_API ag_status ag_item(ag_tensor *t, double *value);       /* t must have one element */
AG_API ag_status ag_copy_out(ag_tensor *t, double *values);  /* row-major, numel of them */
AG_API uint32_t ag_tensor_version(const ag_tensor *t);       /* counts writes in place */
AG_API void ag_bump_version(ag_tensor *t);
AG_API int64_t ag_storage_offset(const ag_tensor *t); /* of its first element in its storage */
AG_API bool ag_shares_storage(const ag_tensor *a, const ag_tensor *b);
AG_API ag_tensor *ag_storage_of(ag_tensor *t);  /* all of its storage, 1-d, without history */
AG_API void ag_mark_exported(ag_tensor *t); /* others may write its memory while t lives */
AG_API bool ag_is_read_only(const ag_tensor *t);

/* ---- dtypes --------------------------------------------------------------------------------- */

/* What ag_from_data, ag_from_memory and the forms of ops that take a double make is float64. Ops
 * do with dtypes what their lines in ops.def say. ag_data shows doubles under any dtype; who writes
 * through it sees to it that they are such as the dtype has. */
AG_API ag_dtype ag_dtype_of(const ag_tensor *t);
/* t as numbers of another dtype, t itself where it has that: to AG_BOOL whether they are not 0 (NaN
 * is not), to AG_INT64 towards zero. AG_ERR_VALUE where one is NaN or beyond 2 to the power 53. */
AG_API ag_tensor *ag_cast(ag_tensor *t, ag_dtype dtype);
/* t's own numbers read as another dtype, for which they must be right already. Nobody may share
 * them (AG_ERR_GRAD), nor t require a gradient. */
AG_API ag_status ag_set_dtype(ag_tensor *t, ag_dtype dtype);
/* Copies. */
AG_API ag_tensor *ag_from_int64(const int64_t *values, int ndim, const int64_t *shape);
AG_API ag_tensor *ag_from_bool(const bool *values, int ndim, const int64_t *shape);
/* Row-major, numel of them, converted as by ag_cast. */
AG_API ag_status ag_copy_out_int64(ag_tensor *t, int64_t *values);
AG_API ag_status ag_copy_out_bool(ag_tensor *t, bool *values);

/* ---- autograd ------------------------------------------------------------------------------- */

AG_API bool ag_requires_grad(const ag_tensor *t);
AG_API ag_status ag_set_requires_grad(ag_tensor *t, bool on);  /* leaves only */
AG_API bool ag_is_leaf(const ag_tensor *t);
AG_API bool ag_is_view(const ag_tensor *t);
AG_API ag_tensor *ag_grad_of(const ag_tensor *t);            /* borrowed; NULL if there is none */
AG_API ag_status ag_set_grad(ag_tensor *t, ag_tensor *grad); /* NULL drops it; shapes must agree */
AG_API ag_status ag_retain_grad(ag_tensor *t);               /* keep .grad of a non-leaf too */
AG_API bool ag_retains_grad(const ag_tensor *t);
AG_API ag_tensor *ag_detach(ag_tensor *t);                   /* the same memory, no history */
AG_API ag_status ag_detach_(ag_tensor *t);
/* As ag_detach, but writes through it are not noticed by values that autograd saved. */
AG_API ag_tensor *ag_data_of(ag_tensor *t);
/* t takes over the value of `from` (storage and shape), keeping its own autograd side. */
AG_API ag_status ag_set_data(ag_tensor *t, ag_tensor *from);

/* A backward frees the values that the tape saved, once it has done all its work, unless told not
 * to; a second one over the same nodes then fails with AG_ERR_FREED. */
enum {
    AG_RETAIN_GRAPH = 1,   /* keep what the tape saved, for another backward */
    AG_CREATE_GRAPH = 2,   /* record the gradients' computation, for higher derivatives; which use
                              the same tape again, so that this implies AG_RETAIN_GRAPH */
    AG_ALLOW_UNUSED = 4,   /* ag_grad alone: see there */
    AG_FREE_GRAPH = 8      /* free it in spite of AG_CREATE_GRAPH; not with AG_RETAIN_GRAPH */
};

/* Gradients of <root, gradient> are added into the .grad of all leaves that it depends on.
 * gradient may be NULL if root has one element. A backward that fails leaves every .grad as it was,
 * and the tape, so that it can be tried again. (Of values that were computed already, beside those
 * that are computed late, no more than 256 KB are kept for that: what the tape saved beyond that is
 * freed on the way, and the second try then gives AG_ERR_FREED.) */
AG_API ag_status ag_backward(ag_tensor *root, ag_tensor *gradient, unsigned flags);
/* Several roots; with n_inputs > 0 only those inputs get a gradient, of which those that are not
 * leaves retain it from then on. gradients may be NULL, or have NULL entries. */
AG_API ag_status ag_backward_many(int n, ag_tensor *const *roots, ag_tensor *const *gradients,
                                  int n_inputs, ag_tensor *const *inputs, unsigned flags);
/* The gradients of the roots with respect to inputs (leaves or not) into results[n_inputs], each
 * owned; no .grad changes. With AG_ALLOW_UNUSED an input that was not used gives NULL. On failure
 * all results are NULL. */
AG_API ag_status ag_grad(int n, ag_tensor *const *roots, ag_tensor *const *gradients, int n_inputs,
                         ag_tensor *const *inputs, unsigned flags, ag_tensor **results);

/* Hooks: functions of yours that a backward calls with gradients on their way, in the order in
 * which they were registered, with grad mode on if it has AG_CREATE_GRAPH. One that gives a status
 * below zero makes the backward fail. A context is given back by release (NULL: by nothing), on any
 * thread, when the hook is removed or what it hangs on dies; where registering fails it stays
 * yours. Register none on what another thread's backward is passing. */
typedef struct ag_hook ag_hook;
/* grad, borrowed, is NULL where none arrived. A tensor of its shape, owned, in *replacement (NULL
 * at first) goes on in its place. */
typedef ag_status (*ag_tensor_hook)(void *context, ag_tensor *grad, ag_tensor **replacement);
/* Gradients of the results of a node's op, and for a hook after it those of its inputs that count,
 * which it may change: an entry is owned, and what takes its place, too. The others are to read. */
typedef ag_status (*ag_node_hook)(void *context, int n_inputs, ag_tensor **of_inputs,
                                  int n_results, ag_tensor **of_results);
typedef ag_status (*ag_leaf_hook)(void *context, ag_tensor *leaf);
typedef int (*ag_hook_visit)(ag_hook *hook, void *context, void *argument);
typedef enum ag_hook_kind {
    AG_HOOK_TENSOR = 0,       /* a tensor's gradient is there */
    AG_HOOK_BEFORE = 1,       /* the gradients of a node's results are there */
    AG_HOOK_AFTER = 2,        /* and those of its inputs, too */
    AG_HOOK_ACCUMULATED = 3,  /* a leaf's .grad is set */
} ag_hook_kind;

/* Each gives a handle, yours to release, of which the hook's life does not depend. On the gradient
 * of a tensor as it is now, not of what writes in place make of it; */
AG_API ag_hook *ag_register_hook(ag_tensor *t, ag_tensor_hook hook, void *context,
                                 void (*release)(void *context));
/* after a backward has set the leaf's .grad, with all others; of one that fails all stay set; */
AG_API ag_hook *ag_register_post_accumulate_grad_hook(ag_tensor *leaf, ag_leaf_hook hook,
                                                      void *context,
                                                      void (*release)(void *context));
/* before and after a node's rule; or with a leaf (node NULL) before and after its .grad is set. */
AG_API ag_hook *ag_node_register_prehook(ag_node *node, ag_tensor *leaf, ag_node_hook hook,
                                         void *context, void (*release)(void *context));
AG_API ag_hook *ag_node_register_hook(ag_node *node, ag_tensor *leaf, ag_node_hook hook,
                                      void *context, void (*release)(void *context));
AG_API void ag_hook_remove(ag_hook *hook);                   /* again: does nothing */
AG_API ag_hook *ag_hook_retain(ag_hook *hook);
AG_API void ag_hook_release(ag_hook *hook);
AG_API uint64_t ag_hook_id(const ag_hook *hook);             /* no other hook has it */
AG_API ag_hook_kind ag_hook_kind_of(const ag_hook *hook);
/* Visits the hooks of t as it is now (those of its node, too), until `visit` gives something other
 * than 0: that, else 0. */
AG_API int ag_visit_hooks(ag_tensor *t, ag_hook_visit visit, void *argument);
/* Whether ag_register_hook was called for t as it is now, also if that hook was removed. */
AG_API bool ag_has_had_hooks(ag_tensor *t);
/* For collectors of garbage: the hooks that would go if the caller let go of t, those of nodes that
 * lead to it included; but none farther than a thousand nodes away. */
AG_API int ag_visit_owned_hooks(ag_tensor *t, ag_hook_visit visit, void *argument);
/* The same of a node or, with node NULL, a leaf, of which the caller has one reference, and another
 * one by `result`, if that is not NULL: the tensor that the node made, or the leaf. */
AG_API int ag_visit_owned_node_hooks(ag_node *node, ag_tensor *leaf, ag_tensor *result,
                                     ag_hook_visit visit, void *argument);

/* The backwards that this thread is in, for hooks: numbers that no other has, the innermost first,
 * as many as there is room for. Returns how many there are. */
AG_API int ag_backward_numbers(int n, uint64_t *numbers);
AG_API bool ag_backward_is_whole(void);  /* the innermost one gives all leaves their gradients */
/* Whether the innermost one comes by the hook, before or after, whether or not that was removed:
 * what it hangs on lives and has a part in the gradients that were asked for. */
AG_API bool ag_hook_is_due(const ag_hook *hook);

/* Functions with rules of your own: what you made of some tensors, with grad mode off, is recorded
 * as one node. A backward calls the rule with the gradients of the results, borrowed, NULL where
 * none came, with grad mode on if it has AG_CREATE_GRAPH; the rule gives those of the inputs that
 * are needed, owned, into of_inputs (NULL at first: there is none), in their shapes or broadcast
 * from them. A status below zero makes the backward fail. */
typedef ag_status (*ag_function_rule)(void *context, ag_node *node, int n_results,
                                      ag_tensor *const *of_results, int n_inputs,
                                      const bool *needed, ag_tensor **of_inputs);
typedef struct ag_function {
    const char *name;                   /* "Cube", of what is printed as CubeBackward; copied */
    ag_function_rule rule;
    void *context;                      /* what all of these are called with */
    void (*free_saved)(void *context);  /* values kept for the rule may go; NULL: there are none */
    void (*release)(void *context);     /* the node is gone; NULL: nothing to do */
} ag_function;
/* Records the results, fresh tensors or inputs that were written in place, as made of the inputs by
 * the function; of a result that is NULL none knows a gradient. Where grad mode is off or no input
 * requires a gradient nothing is recorded, and the context is released at once. On failure it stays
 * yours. */
AG_API ag_status ag_record_function(const ag_function *function, int n_inputs,
                                    ag_tensor *const *inputs, int n_results,
                                    ag_tensor *const *results);
/* The context of a node that is a function with this rule; NULL of other nodes. Borrowed. */
AG_API void *ag_node_function(const ag_node *node, ag_function_rule rule);

/* Saved values: functions of yours between the tape and what ops of this thread save for their
 * rules, from push to pop; of several pairs the last that was pushed counts. `pack` is called with
 * each tensor that is saved, borrowed, grad mode off, and leaves in *packed (NULL at first) what is
 * kept in its place. `unpack` is called with that when a rule is about to read the value, once for
 * each time, and gives a tensor of the same shape and dtype, owned. If *packed stays NULL the
 * library keeps the value itself, as it does without hooks, and unpack gets it as `kept`, borrowed,
 * NULL otherwise. A status below zero makes the op, or the backward, fail. Writes in place to what
 * was packed are not noticed. `drop` (may be NULL) gives back what was packed, `release` (may be
 * NULL) the context, when it is popped and nothing is packed any more; both on any thread. */
typedef struct ag_saved_hooks {
    ag_status (*pack)(void *context, ag_tensor *value, void **packed);
    ag_status (*unpack)(void *context, void *packed, ag_tensor *kept, ag_tensor **value);
    void (*drop)(void *context, void *packed);
    void (*release)(void *context);
} ag_saved_hooks;
AG_API ag_status ag_push_saved_hooks(const ag_saved_hooks *hooks, void *context);
AG_API ag_status ag_pop_saved_hooks(void);
AG_API bool ag_has_saved_hooks(void);                        /* this thread has some pushed */

/* Writes in place to what was saved. By default a rule that is to read such a value fails
 * (AG_ERR_VERSION). Of what this thread saves while copying on write is enabled, every write, on
 * any thread, first copies the old numbers for the rules, once for all that was saved of them: the
 * memory that is written stays where it is, and gradients are those of the values as they were. A
 * copy goes with the last value that needs it; a write that has no memory for it fails and changes
 * nothing. Memory that others may write (ag_mark_exported, ag_from_memory) is copied when it is
 * saved. ag_data counts as a write; who writes by a pointer from before says so (ag_bump_version),
 * and the rules fail. No thread may write while another's rule reads. The function gives what was
 * before; a new thread begins without. */
AG_API bool ag_set_copy_on_write(bool enabled);
AG_API bool ag_copy_on_write_enabled(void);                  /* as that was set last */
/* The same as if it were hooks: until ag_pop_saved_hooks, instead of hooks that were pushed before,
 * but not where others are pushed later, which then pack. What these leave to the library is
 * copied, too. */
AG_API ag_status ag_push_copy_on_write(void);
/* For collectors of garbage: visits what was packed for the node of t, if the caller's is the only
 * reference to t and t's the only one to the node, until `visit` gives something other than 0:
 * that, else 0. The context comes with one of the values if none but these keep it, else it is
 * NULL. And lets go of it: rules that would read it fail from then on. */
typedef int (*ag_packed_visit)(const ag_saved_hooks *hooks, void *context, void *packed,
                               void *argument);
AG_API int ag_visit_owned_packed(ag_tensor *t, ag_packed_visit visit, void *argument);
AG_API void ag_drop_owned_packed(ag_tensor *t);
/* The same of a node of which the caller has one reference, and another one by `result`, if that is
 * not NULL. */
AG_API int ag_visit_owned_node_packed(ag_node *node, ag_tensor *result, ag_packed_visit visit,
                                      void *argument);
AG_API void ag_drop_owned_node_packed(ag_node *node, ag_tensor *result);

/* A tensor as an op would save it, for a rule above all, by hooks if there are any: with its
 * history, so that gradients of gradients pass through it, and its version. `result` says which
 * result of a function it is, whose node must not be owned by what it keeps; -1 of anything else.
 * And the tensor again, owned, unless it was written in place (AG_ERR_VERSION); `of` is the node
 * whose rule wants it, which may be NULL of what is no result. */
typedef struct ag_saved ag_saved;
AG_API ag_saved *ag_save_tensor(ag_tensor *t, int result);   /* yours to release */
AG_API ag_tensor *ag_saved_tensor(ag_saved *kept, ag_node *of);
AG_API void ag_saved_release(ag_saved *kept);
/* As ag_node_pack and ag_node_packed, of a value that was kept. */
AG_API ag_status ag_saved_pack(ag_saved *kept, ag_node *of);
AG_API void *ag_saved_packed(const ag_saved *kept, const ag_saved_hooks **hooks, void **context);
/* As ag_visit_owned_packed, of n values (NULL: none) that are all that their owner keeps. */
AG_API int ag_visit_saved_packed(int n, ag_saved *const *kept, ag_packed_visit visit,
                                 void *argument);
/* AG_ERR_FREED, with its message: of a value that was kept and let go by a backward. */
AG_API ag_status ag_fail_freed(void);
/* A checkpoint: what ops of this thread would save from begin to end is counted alone. When a rule
 * is about to read one of these values, once for each backward, `again` must call the same ops;
 * what they save is taken. It does so with grad mode on; with AG_STOPS_EARLY an op fails with
 * AG_ERR_STOPPED when all is there, and `again` is to end with that, too. Where it does not save
 * the same, `complain` is called, and says why: how many there were (or one of the numbers below),
 * and with AG_COMPARES those of another shape or dtype. It gives a status below zero. Where the
 * library is not serialised, enter and leave (or NULL) stand around all use of a checkpoint, as a
 * lock that a thread may take again. */
typedef struct ag_checkpoint ag_checkpoint;
typedef struct ag_difference {
    int place;
    ag_tensor *again;  /* borrowed */
} ag_difference;
typedef struct ag_checkpoint_hooks {
    ag_status (*again)(void *context);
    ag_status (*complain)(void *context, const ag_checkpoint *checkpoint, int saved_again, int n,
                          const ag_difference *differences);
    void *(*enter)(void);
    void (*leave)(void *token);
    void (*release)(void *context);
} ag_checkpoint_hooks;
enum { AG_STOPS_EARLY = 1, AG_COMPARES = 2 };
enum { AG_SAVED_MORE = -1,    /* more than the first time */
       AG_SAVED_TAKEN = -2 }; /* one backward asks for a value that it had already */
AG_API ag_checkpoint *ag_checkpoint_new(const ag_checkpoint_hooks *hooks, void *context,
                                        unsigned flags);
AG_API ag_status ag_checkpoint_begin(ag_checkpoint *checkpoint);
AG_API ag_status ag_checkpoint_end(ag_checkpoint *checkpoint, bool is_complete);
AG_API void ag_checkpoint_release(ag_checkpoint *checkpoint);
/* What was counted, and the shape (borrowed) and dtype of one of them. */
AG_API int ag_checkpoint_count(const ag_checkpoint *checkpoint);
AG_API const int64_t *ag_checkpoint_shape(const ag_checkpoint *checkpoint, int place, int *ndim,
                                          ag_dtype *dtype);

AG_API bool ag_grad_enabled(void);                           /* this thread records */
AG_API bool ag_set_grad_enabled(bool on);                    /* returns what it was */

/* What this thread makes while inference mode is on has no part in autograd, also later: outside it
 * cannot be written in place or saved for a backward. Turning it on turns grad mode off, and the
 * other way round; in it nothing is recorded, whatever grad mode is. Returns what it was. */
AG_API bool ag_set_inference_mode(bool on);
AG_API bool ag_inference_mode(void);
AG_API bool ag_is_inference(const ag_tensor *t);             /* made in it */

/* Nodes, for looking at the tape. */
AG_API ag_node *ag_node_of(ag_tensor *t);                    /* owned; NULL for leaves */
AG_API ag_node *ag_node_retain(ag_node *node);
AG_API void ag_node_release(ag_node *node);
AG_API int ag_node_name(const ag_node *node, char *text, size_t size);  /* like snprintf */
/* Nodes are numbered as each thread records them, modulo 2^32: of those that are ready a backward
 * runs the one with the highest number first. */
AG_API uint32_t ag_node_number(const ag_node *node);
AG_API int ag_node_input_count(const ag_node *node);
AG_API int ag_node_output_count(const ag_node *node);        /* results of the op, mostly 1 */
AG_API int ag_output_number(ag_tensor *t);                   /* which of them t is; 0 for leaves */
/* Where the program was when the node was made, see ag_set_site_hooks; 0 for unknown. */
AG_API uint32_t ag_node_site(const ag_node *node);
/* In anomaly mode a node notes the stack of sites, innermost first, of which n go into `sites`: how
 * many there are, -1 for a node that noted nothing; and the node (borrowed) whose rule recorded it,
 * NULL for none. */
AG_API int ag_node_stack(const ag_node *node, int n, uint32_t *sites);
AG_API ag_node *ag_node_parent(const ag_node *node);
/* Something of yours, given back by release when the node dies or gets another. */
AG_API void *ag_node_context(const ag_node *node);
AG_API ag_status ag_node_set_context(ag_node *node, void *context, void (*release)(void *context));
/* Where input k came from: a node or a leaf (the other is NULL), both borrowed, both NULL where no
 * gradient is needed. from and leaf may be NULL. */
AG_API ag_status ag_node_input(const ag_node *node, int k, ag_node **from, ag_tensor **leaf);
/* Which result of that node input k is. */
AG_API int ag_node_input_output(const ag_node *node, int k);
/* The shape that input k had: how many dimensions into *ndim, sizes into shape[AG_MAX_DIMS]. *ndim
 * is -1 where the input had the shape of the result. */
AG_API ag_status ag_node_input_shape(const ag_node *node, int k, int *ndim, int64_t *shape);
/* What was saved for the rule, with its history: input k (0, 1 or 2), or with k == 3 the result.
 * NULL with AG_ERR_VALUE where that was not saved. */
AG_API ag_tensor *ag_node_saved(ag_node *node, int k);
/* Has that value go through the pair of hooks that counts for this thread (ag_push_saved_hooks),
 * which packs it now. AG_ERR_VALUE where it was not saved or is a number, AG_ERR_GRAD where hooks
 * have it already or none are there, AG_ERR_FREED. */
AG_API ag_status ag_node_pack(ag_node *node, int k);
/* What a pair of hooks packed of that value, borrowed, and whose pair it was; NULL where none did,
 * or left it to the library to keep it (then *hooks is not NULL). */
AG_API void *ag_node_packed(const ag_node *node, int k, const ag_saved_hooks **hooks,
                            void **context);
/* The k-th number (0 .. 2) among the arguments that the op was called with and keeps, else
 * AG_ERR_VALUE. */
AG_API ag_status ag_node_number_kept(const ag_node *node, int k, double *number);
/* The k-th value that the node keeps for its rule: an address that tells its memory from any other
 * that lives, and the bytes of that, 0 while the value is not computed; -1 behind the last. */
AG_API int64_t ag_node_kept(const ag_node *node, int k, const void **memory);
AG_API const void *ag_memory_of(ag_tensor *t);               /* the same address of t's memory */
/* Stand-ins, owned, for roots and inputs of a backward: tensors that have a shape and a history,
 * but no numbers, so that they keep no memory. Of t, which is given itself if it is a leaf; and of
 * result k of a node, whose shape must be that which it had (as an input it may be any). A backward
 * leaves no .grad in them. */
AG_API ag_tensor *ag_edge_of(ag_tensor *t);
AG_API ag_tensor *ag_node_edge(ag_node *node, int k, int ndim, const int64_t *shape);
/* The node's rule by itself, of n gradients, one for each result that the op has, NULL where none
 * came (but not all of them): for each input that counts an owned gradient, or NULL where none is
 * needed, into results. Parts of broadcast inputs are not summed; they are recorded if grad mode is
 * on; what the node saved stays, so that it may be called again. */
AG_API ag_status ag_node_call(ag_node *node, int n, ag_tensor *const *gradients,
                              ag_tensor **results);

/* ---- ops ------------------------------------------------------------------------------------ */

/* Elementwise ops broadcast as NumPy and PyTorch do. Their results are dense, and row-major unless
 * operands lie in memory in another order, as a transpose does: they then have that order too. (Of
 * two dimensions the first operand that repeats neither decides.) For every OP of ops.def:
 *   UNARY    ag_tensor *ag_<op>(ag_tensor *x);
 *   BINARY, PAIR  ag_tensor *ag_<op>(ag_tensor *x, ag_tensor *y),
 *            ag_<op>_scalar(ag_tensor *x, double y), ag_scalar_<op>(double x, ag_tensor *y)
 *   TERNARY  ag_tensor *ag_<op>(ag_tensor *x, ag_tensor *y, ag_tensor *z)
 *   MASK     as BINARY, a bool tensor
 * and for every CALL, where each parameter's kind says what it is in C:
 *   ag_tensor *ag_<name>(parameters); of several results: ag_status ag_<name>(parameters, outs)
 * A list is two arguments, n_<name> and <name>. Dimensions that are negative count from the end. */
typedef enum ag_op {
#define OP(name, arity, KIND, dtypes, saves, GRAD, label, doc) AG_OP_##name,
#include "ops.def"
    AG_OP_COUNT
} ag_op;

/* An argument: a tensor, or if that is NULL a plain number of a dtype. (The NULL of a call that
 * failed is a number here, 0 mostly: test it first.) */
typedef struct ag_arg {
    ag_tensor *tensor;
    double value;
    ag_dtype dtype;  /* of the number */
} ag_arg;
AG_API ag_arg ag_number(double value);                       /* float64 */
AG_API ag_arg ag_integer(int64_t value);                     /* int64 */
AG_API ag_arg ag_boolean(bool value);                        /* bool */
AG_API ag_arg ag_operand(ag_tensor *t);                      /* borrows t */
/* One number everywhere, converted as by ag_cast. */
AG_API ag_tensor *ag_full_as(int ndim, const int64_t *shape, ag_arg value, ag_dtype dtype);

#include "ops/prototypes.h"

AG_API ag_tensor *ag_sum_all(ag_tensor *x);
AG_API ag_tensor *ag_mean_all(ag_tensor *x);

/* x with a border: pad has how much is put in front of and behind the last dimension, then of the
 * one before it; what is negative is cut off. mode is 0: of `value`; of x itself 1: mirrored, 2:
 * the elements at the ends repeated, 3: what comes round from the other end. */
AG_API ag_tensor *ag_pad(ag_tensor *x, int n, const int64_t *pad, int mode, double value);
/* x with 1, 2 or 3 dimensions or more: itself, or a view with dimensions of size 1 put in. */
AG_API ag_tensor *ag_atleast(ag_tensor *x, int ndim);

/* Views that Python writes as indexing. */
AG_API ag_tensor *ag_select(ag_tensor *x, int dim, int64_t index);
AG_API ag_tensor *ag_slice(ag_tensor *x, int dim, int64_t start, int64_t end, int64_t step);
/* Any region of x's storage; strides are not negative, and offset is counted from x's first
 * element. What reaches outside fails with AG_ERR_VALUE, what does not fit with AG_ERR_OVERFLOW. */
AG_API ag_tensor *ag_as_strided(ag_tensor *x, int ndim, const int64_t *shape,
                                const int64_t *strides, int64_t offset);

/* Norms of matrices, which lie in the dimensions row and col: kind 0 by `ord` (1, -1, 2, -2, inf,
 * -inf), 1 the Frobenius norm, 2 the nuclear norm; condition numbers by such a norm. */
AG_API ag_tensor *ag_linalg_matrix_norm(ag_tensor *x, int kind, double ord, int row, int col,
                                        bool keepdim);
AG_API ag_tensor *ag_linalg_cond(ag_tensor *a, int kind, double p);

/* What is different among the elements of x, which of them each element is, how often each is
 * there: three tensors, owned, into outs, or none. With a dimension (else AG_NO_DIM) among slices.
 * The first function sorts them, the second compares neighbours. */
AG_API ag_status ag_unique(ag_tensor *x, int dim, ag_tensor **outs);
AG_API ag_status ag_unique_consecutive(ag_tensor *x, int dim, ag_tensor **outs);

/* How many elements of x lie in each of `bins` intervals of one width from min to max (both NaN:
 * from the smallest element to the largest) or between edges that are given, or what their weights
 * (NULL: none) sum to; with density divided by the sum of all and the widths. Then the ends of the
 * intervals: two tensors, owned, into outs, or none. */
AG_API ag_status ag_histogram(ag_tensor *x, int64_t bins, double min, double max,
                              ag_tensor *weight, bool density, ag_tensor **outs);
AG_API ag_status ag_histogram_between(ag_tensor *x, ag_tensor *edges, ag_tensor *weight,
                                      bool density, ag_tensor **outs);

/* The slopes of samples along one dimension, which lie at the places of a vector, or if that is
 * NULL so far apart. At the ends those of the line (edge_order 1) or parabola (2) through the last
 * samples. */
AG_API ag_tensor *ag_gradient_along(ag_tensor *samples, ag_tensor *places, double spacing, int dim,
                                    int edge_order);

/* The softmax of log odds and random numbers of the process's generator, divided by tau. With
 * `hard` the largest becomes 1 and the others 0, and the gradient stays that of the softmax. */
AG_API ag_tensor *ag_gumbel_softmax(ag_tensor *logits, double tau, bool hard, int dim);

/* x[...] with index tensors, one for each dimension of x from the first on, NULL for all of a
 * dimension: int64, negative numbers count from the end, or bool, which stands for as many
 * dimensions as it has, and chooses where it is true. They broadcast together; their dimensions
 * stand where the indexed ones were or, if others come between these, first. AG_ERR_INDEX where a
 * number is out of range or they do not fit. index_put writes value, which broadcasts to what index
 * reads, or adds it; of several that are written to one element the last one stays. */
AG_API ag_tensor *ag_index(ag_tensor *x, int n, ag_tensor *const *indices);
AG_API ag_tensor *ag_index_put(ag_tensor *x, int n, ag_tensor *const *indices, ag_arg value,
                               bool accumulate);
AG_API ag_status ag_index_put_(ag_tensor *x, int n, ag_tensor *const *indices, ag_arg value,
                               bool accumulate);

/* In place: x's memory is written, its version counts up, and if grad mode is on the tape follows.
 * y broadcasts to x, never the other way round. A leaf that requires grad is refused unless grad
 * mode is off. */
AG_API ag_status ag_add_(ag_tensor *x, ag_tensor *y);
AG_API ag_status ag_sub_(ag_tensor *x, ag_tensor *y);
AG_API ag_status ag_mul_(ag_tensor *x, ag_tensor *y);
AG_API ag_status ag_div_(ag_tensor *x, ag_tensor *y);
AG_API ag_status ag_pow_(ag_tensor *x, ag_tensor *y);
AG_API ag_status ag_copy_(ag_tensor *x, ag_tensor *y);
AG_API ag_status ag_fill_(ag_tensor *x, double value);
AG_API ag_status ag_zero_(ag_tensor *x);

/* ---- optimisers ----------------------------------------------------------------------------- */

/* Steps towards smaller values of what the gradients are of, by PyTorch's formulas:
 *
 *     ag_optim how = ag_optim_defaults(AG_OPTIM_ADAM);
 *     ag_tensor *params[2] = {weight, bias}, *state[2 * 3] = {NULL};  // 3 is ag_optim_states(&how)
 *     for (int k = 0; k < 100; k++) {
 *         ...                                              // a loss, and its ag_backward
 *         ag_optim_step(&how, 2, params, state);
 *         ag_set_grad(weight, NULL);
 *         ag_set_grad(bias, NULL);
 *     }
 *     for (int k = 0; k < 2 * 3; k++)
 *         ag_release(state[k]);
 */
typedef enum ag_optim_kind {
    AG_OPTIM_SGD,       /* momentum, dampening, nesterov */
    AG_OPTIM_ADAM,      /* beta1, beta2, eps, amsgrad; decoupled: AdamW */
    AG_OPTIM_ADAMAX,    /* beta1, beta2, eps */
    AG_OPTIM_NADAM,     /* beta1, beta2, eps, momentum_decay, decoupled */
    AG_OPTIM_RMSPROP,   /* alpha, eps, momentum, centered */
    AG_OPTIM_ADAGRAD,   /* lr_decay, initial_accumulator_value, eps */
    AG_OPTIM_ADADELTA,  /* rho, eps */
    AG_OPTIM_COUNT
} ag_optim_kind;

/* All read lr, weight_decay and maximize, and what stands beside their names above. */
typedef struct ag_optim {
    ag_optim_kind kind;
    double lr, weight_decay, eps;
    double beta1, beta2, alpha, rho;
    double momentum, dampening, momentum_decay;
    double lr_decay, initial_accumulator_value;
    bool nesterov, centered, amsgrad;
    bool decoupled;  /* the weights' decay goes beside the gradient, not through it */
    bool maximize;   /* towards larger values */
} ag_optim;

AG_API ag_optim ag_optim_defaults(ag_optim_kind kind);       /* PyTorch's; SGD: lr 0.001 */
/* How many tensors are kept of each parameter, and the name that PyTorch has for the kth. Those
 * called "step" and "mu_product" are one number, others have the parameter's shape. */
AG_API int ag_optim_states(const ag_optim *how);
AG_API const char *ag_optim_state_name(const ag_optim *how, int k);  /* borrowed */
/* One step of n different parameters, all in one pass. Each is written in place, as where grad mode
 * is off, and what is kept of it too; parameters without a gradient are left as they are. `state`
 * has ag_optim_states entries for each parameter in turn, which may be changed in between. Those
 * that are NULL are made, as at the first step, and are yours to release, whatever scope is open.
 * state may be NULL if there are none. */
AG_API ag_status ag_optim_step(const ag_optim *how, int n, ag_tensor *const *params,
                               ag_tensor **state);

/* A constant sparse matrix by its rows, in memory of yours. Columns of a row come in any order. */
typedef struct ag_csr {
    int64_t rows, cols, entries;
    const double *values;          /* of all entries */
    const void *starts, *columns;  /* integers: where rows begin and the last ends; of entries */
    int index_bytes;               /* of these integers: 4 or 8 */
} ag_csr;
/* A x or A^T x, with `right` x A or x A^T. A is read until this returns, and copied for a node. */
AG_API ag_tensor *ag_csr_matmul(ag_tensor *x, const ag_csr *a, bool transposed, bool right);

/* ---- any op by its number: for bindings ----------------------------------------------------- */

/* The arguments of an op that are neither. Where a CALL of ops.def has the BODY OP, its parameters
 * in turn: numbers in f, integers, flags and choices in i, a list as the list. Of other ops:
 *   select          i = dim, index
 *   slice, slice_scatter  i = dim, start, end, step
 *   as_strided, strided_scatter  list = shape then strides, i[0] = offset from x's first element
 *   strided_gather_vjp           the same, i[1] = size of the whole
 *   unbind          i[0] = dim (0 or more)
 *   split           i[0] = dim (0 or more), list = sizes along it
 *   cat             i[0] = dim (0 or more), list = sizes along it, -1 for an empty vector
 *   index, index_put  i = bits of the indexed dimensions, how many others come before those of the
 *                   index; i[2] = whether it is added. The numbers count all places of the indexed
 *                   dimensions, row by row
 *   stack           i[0] = dim (0 or more), list = as many ones as tensors
 *   roll            list = a shift for each dimension; or i[0] = 1 and one for all as a row; where
 *                   i[1] = 1 shifts are taken off
 *   rot90           i[0] = k, list = the two dimensions
 *   clone           no attr: in the order of x's strides; list = strides: in theirs; empty list:
 *                   row-major */
typedef struct ag_attr {
    double f[3];
    int64_t i[4];
    int n_list;
    const int64_t *list;
} ag_attr;

/* n must be the op's arity; attr may be NULL for ops that take none. The first argument of what is
 * neither elementwise nor a REDUCE must be a tensor, unless its CALL says OPERAND (of slice_scatter
 * a number stands for zeros in the shape that list gives), and so must all that are TENSOR there.
 * Fail with AG_ERR_INDEX for an op that there is not, AG_ERR_VALUE for another n, AG_ERR_TYPE for
 * missing args, attr or list, and for a number in place of a tensor, AG_ERR_SHAPE for an n_list out
 * of range. */
AG_API ag_tensor *ag_apply(ag_op op, int n, const ag_arg *args, const ag_attr *attr);
/* The same for ops with several results: n of them, owned, into outs; none on failure. */
AG_API ag_status ag_apply_several(ag_op op, int n_args, const ag_arg *args, const ag_attr *attr,
                                  int n, ag_tensor **outs);
/* x op= args[1 ..]: elementwise ops, formulas, EDITs, fill and copy, others fail with AG_ERR_TYPE.
 * args[0] is x. */
AG_API ag_status ag_apply_(ag_op op, int n, const ag_arg *args, const ag_attr *attr);
/* Pointers may be NULL; name, label (of grad_fn) and doc are borrowed. */
AG_API ag_status ag_op_info(ag_op op, const char **name, const char **label, const char **doc,
                            int *arity, const char **kind, const char **grad);
/* Sums of products of n operands' elements, over the dimensions that an equation like
 * "bij,bjk->bik" names: letters, "..." for dimensions that broadcast, without "->" the letters that
 * are there once. AG_ERR_SHAPE where it does not fit the operands. */
AG_API ag_tensor *ag_einsum(const char *equation, int n, ag_tensor *const *operands);
/* The same over n dimensions of x and as many of y, in turn; the rest of x's come first. */
AG_API ag_tensor *ag_tensordot(ag_tensor *x, ag_tensor *y, int n, const int64_t *dims_x,
                               const int64_t *dims_y);
/* The broadcast of two shapes; *ndim and shape[AG_MAX_DIMS] are written. */
AG_API ag_status ag_broadcast(const ag_tensor *x, const ag_tensor *y, int *ndim, int64_t *shape);

/* ---- tuning and looking inside -------------------------------------------------------------- */

AG_API ag_status ag_set_num_threads(int n);                  /* n >= 1 */
AG_API int ag_get_num_threads(void);
/* "key: value" lines: version, compiler, flags, CPU level, caches (bytes of the first, the second
 * and the last), vector math, BLAS, machine code (of groups of ops: for which level, or no),
 * threads. */
AG_API int ag_show_config(char *text, size_t size);          /* like snprintf */

/* Which BLAS and LAPACK are used, from the next call on: those of the library at this path, or of
 * several as "path:path", of which the first has each routine that it has; "none": a few routines
 * of our own, without spectra, singular values and least squares. The libraries stay open. Fails
 * with AG_ERR_VALUE where one cannot be opened or has no dgemm; then all is as before. Without a
 * call PYAUTOGRAD_BLAS in the environment says the same, at the first use; else what
 * ag_set_default_blas named (the Python module: the file of NumPy's that is linked to its BLAS).
 * Its own threads are one, but in factorisations PYAUTOGRAD_BLAS_THREADS, read at the first one. */
AG_API ag_status ag_open_blas(const char *paths);
AG_API ag_status ag_set_default_blas(const char *path);
/* The same with routines that `find` returns for Fortran names such as "dgemm", NULL where there is
 * none: dgemm, dgemv, ddot and idamax at least. It is called before this returns, and not later. */
typedef void (*(*ag_blas_finder)(void *context, const char *name))(void);
AG_API ag_status ag_set_blas(ag_blas_finder find, void *context);

/* The program that would compute t, one line for each load, step and result, and the bytes that it
 * moves; "computed" in a line of its own if t has its numbers already. Like snprintf; -1 if it
 * fails. */
AG_API int ag_explain(const ag_tensor *t, char *text, size_t size);

typedef struct ag_memory_stats {
    int64_t allocated;      /* bytes that live tensors hold */
    int64_t max_allocated;  /* the most since the start or ag_reset_peak */
    int64_t cached;         /* bytes kept for reuse */
    int64_t cache_limit;
    int64_t live_tensors, live_nodes;
} ag_memory_stats;
AG_API void ag_get_memory_stats(ag_memory_stats *stats);
AG_API void ag_reset_peak(void);
AG_API void ag_empty_cache(void);
AG_API void ag_set_cache_limit(int64_t bytes);

/* on: the caller promises that no two threads are inside this library at once except in a
 * blocking region; reference counts are then plain instead of atomic. Off at first. */
AG_API void ag_set_serialised(bool on);
/* Called around work that takes long (a loop over many elements): enter may let a lock go, leave
 * takes it back. Both NULL: none; one NULL is refused. */
AG_API void ag_set_blocking_hooks(void *(*enter)(void), void (*leave)(void *token));
/* Asked during a long evaluation, at most every 50 ms, on the thread that waits for it and where
 * that has let the lock above go: true gives the evaluation up. The call then fails with
 * AG_ERR_INTERRUPTED; values that were to be computed can be asked for again. What writes memory
 * that is there already is run to its end first. The hook may not call the library. NULL: none. */
AG_API void ag_set_interrupt_hook(bool (*is_interrupted)(void));
/* Sites: numbers of yours for places in your program's source. `now` is asked for the present one
 * when a node is made or a tensor is written, on that thread (alone: calls are serialised, see
 * above); 0 is unknown. `text` writes a site as snprintf would, "file:line in function", when an
 * error message tells of it. Neither may call the library. Both NULL: none; one NULL is refused. */
AG_API void ag_set_site_hooks(uint32_t (*now)(bool alone),
                              int (*text)(uint32_t site, char *text, size_t size));
/* The sites of all calls that lead to the present one, innermost first: the first n into `sites`,
 * and how many that were. NULL: none. */
AG_API void ag_set_stack_hook(int (*stack)(int n, uint32_t *sites));
/* Anomaly mode, of the whole process: nodes note their stack, a backward that fails tells `failed`
 * which node's rule did (borrowed; NULL: a hook on a leaf), before it returns. With check_nan, a
 * NaN among the gradients that a rule gives is AG_ERR_GRAD, and forward results are looked at,
 * too. */
AG_API void ag_set_anomaly_enabled(bool on, bool check_nan);
AG_API bool ag_anomaly_enabled(void);
AG_API bool ag_anomaly_check_nan_enabled(void);              /* also kept while it is off */
AG_API void ag_set_anomaly_hook(void (*failed)(ag_node *node));
/* The text of a site; nothing, and 0, of one that is unknown. */
AG_API int ag_site_text(uint32_t site, char *text, size_t size);
/* fork() waits until no thread computes. Where it must not wait for the lock of the hooks above (a
 * fork whose handlers run under that lock), ag_before_fork does the waiting, before fork(), and
 * ag_after_fork lets the others go on, in the parent; nothing is to be called in the child. */
AG_API void ag_before_fork(void);
AG_API void ag_after_fork(void);

/* ---- profiles ------------------------------------------------------------------------------- */

/* What all threads do is recorded, as events, from the start to the stop:
 *
 *     ag_event event;
 *     ag_profile_start();
 *     ...
 *     ag_profile *p = ag_profile_stop();
 *     for (int64_t k = 0; k < ag_profile_count(p); k++)
 *         if (ag_profile_event(p, k, &event) == AG_OK)
 *             printf("%s took %lld ns\n", event.name, (long long)event.duration);
 *     ag_profile_free(p);
 *
 * The events of a thread lie in each other or apart. Those that began before the start or had not
 * ended at the stop are left out, and so are the ops of which a rule, a formula or another op
 * consists. Nothing that is computed changes: what pends goes on pending. */
typedef enum ag_event_kind {
    AG_EVENT_OP,        /* the call of an op. Where its result pends it is recorded here, no more */
    AG_EVENT_NODE,      /* a node's turn in a backward, with its hooks */
    AG_EVENT_PROGRAM,   /* pending values are computed: "fused(sub, exp)", of which ops */
    AG_EVENT_BACKWARD,  /* all of ag_backward or ag_grad */
    AG_EVENT_AGAIN,     /* a checkpointed function runs again */
    AG_EVENT_STEP,      /* of an optimiser */
    AG_EVENT_FUNCTION,  /* the forward of a function of yours: ag_region_end */
    AG_EVENT_REGION     /* what else you have named there */
} ag_event_kind;

/* An op in a program: `of` is the event in which it was recorded (an OP, or a NODE, BACKWARD or
 * STEP), 0 if that was before the start. What it is expected to take, in ns for each element, tells
 * its share in the program's time. */
typedef struct ag_event_step {
    ag_op op;
    uint32_t of;
    double cost;
    int64_t bytes;           /* of new memory, where its value is stored; else 0 */
} ag_event_step;

typedef struct ag_event {
    ag_event_kind kind;
    uint32_t id, parent;     /* its number, above that of the one that it lies in: 0 for none */
    uint32_t site;           /* where the program was; of a NODE, where that was recorded */
    ag_dtype dtype;          /* of an OP's result, */
    int ndim;                /* whose shape this is, of several the first's; ndim -1: none */
    const int64_t *shape;
    int n_inputs;            /* of an OP: for each its ndim, then its shape; -1 for a number */
    const int64_t *inputs;
    int n_steps;             /* of a PROGRAM */
    const ag_event_step *steps;
    const char *name;
    uint64_t thread;         /* its pthread_t */
    int64_t start, duration; /* ns, of CLOCK_MONOTONIC */
    int64_t bytes;           /* of new memory for results; of a NODE for what its rule gave */
    int64_t kept;            /* by the node of an OP for its rule, the arguments' memory too */
    int64_t elements;        /* of a PROGRAM: it goes over so many, */
    int64_t bytes_read, bytes_written;  /* and so much memory, beside registers */
} ag_event;

typedef struct ag_profile ag_profile;
AG_API ag_status ag_profile_start(void);   /* AG_ERR_GRAD if one is recorded already */
/* Owned. AG_ERR_MEMORY if there was not enough for an event: then all are lost, and what was
 * profiled has not noticed. AG_ERR_GRAD if none is recorded. */
AG_API ag_profile *ag_profile_stop(void);
AG_API bool ag_profile_is_on(void);
AG_API int64_t ag_profile_count(const ag_profile *p);
/* Event k in the order in which they ended; texts and lists are the profile's. */
AG_API ag_status ag_profile_event(const ag_profile *p, int64_t k, ag_event *event);
AG_API ag_status ag_profile_time(const ag_profile *p, int64_t *start, int64_t *duration);
AG_API void ag_profile_free(ag_profile *p);

/* An event of yours, of this thread, between the two: as calls lie in each other, or it is left
 * out. False if no profile is recorded; then region_end does nothing. */
typedef struct ag_region { int64_t space[6]; } ag_region;
AG_API bool ag_region_begin(ag_region *region);
AG_API ag_status ag_region_end(ag_region *region, ag_event_kind kind, const char *name);

/* The object of a language binding that stands for t; the binding clears it when that dies. */
AG_API void *ag_wrapper(const ag_tensor *t);
AG_API void ag_set_wrapper(ag_tensor *t, void *wrapper);

/* Testing builds: the nth allocation from now on fails (0: none). Others: AG_ERR_VALUE. */
AG_API ag_status ag_fail_allocation(int64_t nth);

#ifdef __cplusplus
}
#endif

#endif
