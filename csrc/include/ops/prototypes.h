/* SPDX-License-Identifier: MIT
 *
 * From the rows of ops.def to prototypes: a part of pyautograd.h, where OP and CALL are explained.
 */
#ifndef PYAUTOGRAD_OPS_PROTOTYPES_H
#define PYAUTOGRAD_OPS_PROTOTYPES_H

/* ---- OP ------------------------------------------------------------------------------------- */

#define AG_DECLARE_UNARY(name) AG_API ag_tensor *ag_##name(ag_tensor *x);
#define AG_DECLARE_BINARY(name) \
    AG_API ag_tensor *ag_##name(ag_tensor *x, ag_tensor *y); \
    AG_API ag_tensor *ag_##name##_scalar(ag_tensor *x, double y); \
    AG_API ag_tensor *ag_scalar_##name(double x, ag_tensor *y);
#define AG_DECLARE_PAIR AG_DECLARE_BINARY
#define AG_DECLARE_MASK AG_DECLARE_BINARY
#define AG_DECLARE_TERNARY(name) \
    AG_API ag_tensor *ag_##name(ag_tensor *x, ag_tensor *y, ag_tensor *z);
#define AG_DECLARE_INNER1(name)
#define AG_DECLARE_INNER(name)
#define AG_DECLARE_INNER3(name)
#define AG_DECLARE_UNARY_ATTR(name)
#define AG_DECLARE_TERNARY_ATTR(name)
#define AG_DECLARE_REDUCE(name)
#define AG_DECLARE_VIEW(name)
#define AG_DECLARE_MAKE(name)
#define AG_DECLARE_EDIT(name)
#define AG_DECLARE_JOIN(name)
#define AG_DECLARE_FORMULA(name)
#define AG_DECLARE_REDUCES(name)
#define AG_DECLARE_VIEWS(name)
#define AG_DECLARE_FORMULAS(name)
#define OP(name, arity, KIND, dtypes, saves, GRAD, label, doc) AG_DECLARE_##KIND(name)
#include "../ops.def"

/* ---- CALL ----------------------------------------------------------------------------------- */

/* Its parameters: AG_C_<KIND> as the first, AG_NEXT_C_<KIND> behind others. */
#define AG_C_TENSOR(name) ag_tensor *name
#define AG_C_OPERAND(name) ag_arg name
#define AG_C_SCALAR(name) ag_arg name
#define AG_C_NUMBER(name) double name
#define AG_C_VALUE(name) double name
#define AG_C_INT(name) int64_t name
#define AG_C_WHOLE(name) int64_t name
#define AG_C_DIM(name) int name
#define AG_C_FLAG(name) bool name
#define AG_C_CHOICE(name) int name
#define AG_C_DIMS(name) int n_##name, const int64_t *name
#define AG_C_SIZES(name) int n_##name, const int64_t *name
#define AG_C_PLACES(name) int n_##name, const int64_t *name
#define AG_C_INT_OR_INTS(name) int n_##name, const int64_t *name
#define AG_C_INTS(name) int n_##name, const int64_t *name
#define AG_C_EACH(name) int n_##name, ag_tensor *const *name
#define AG_C_TENSORS(name) int n_##name, ag_tensor *const *name
#define AG_C_MAYBE(name) ag_tensor *name
#define AG_C_REDUCTION(name) int name
#define AG_C_GENERATOR(name) ag_generator *name
#define AG_NEXT_C_TENSOR(name) , AG_C_TENSOR(name)
#define AG_NEXT_C_OPERAND(name) , AG_C_OPERAND(name)
#define AG_NEXT_C_SCALAR(name) , AG_C_SCALAR(name)
#define AG_NEXT_C_NUMBER(name) , AG_C_NUMBER(name)
#define AG_NEXT_C_VALUE(name) , AG_C_VALUE(name)
#define AG_NEXT_C_INT(name) , AG_C_INT(name)
#define AG_NEXT_C_WHOLE(name) , AG_C_WHOLE(name)
#define AG_NEXT_C_DIM(name) , AG_C_DIM(name)
#define AG_NEXT_C_FLAG(name) , AG_C_FLAG(name)
#define AG_NEXT_C_CHOICE(name) , AG_C_CHOICE(name)
#define AG_NEXT_C_DIMS(name) , AG_C_DIMS(name)
#define AG_NEXT_C_SIZES(name) , AG_C_SIZES(name)
#define AG_NEXT_C_INT_OR_INTS(name) , AG_C_INT_OR_INTS(name)
#define AG_NEXT_C_INTS(name) , AG_C_INTS(name)
#define AG_NEXT_C_GENERATOR(name) , AG_C_GENERATOR(name)
#define AG_NEXT_C_MAYBE(name) , AG_C_MAYBE(name)
#define AG_NEXT_C_REDUCTION(name) , AG_C_REDUCTION(name)
#define AG_NEXT_C_AVERAGE(name)
#define AG_NEXT_C_REDUCE(name)
#define AG_NEXT_C_INPLACE(name)
#define AG_NEXT_C_DRIVER(name)
#define AG_NEXT_C_DTYPE(name)
#define AG_NEXT_C_REAL(name)
#define AG_NEXT_C_DEVICE(name)
#define AG_NEXT_C_GRAD(name)
#define AG_NEXT_C_INTO(name)
#define AG_PARAMETER(of, KIND, name, default) AG_C_##KIND(name)
#define AG_NEXT_PARAMETER(of, KIND, name, default) AG_NEXT_C_##KIND(name)
#define AG_PARAMETERS(parameters) AG_EACH(AG_PARAMETER, AG_NEXT_PARAMETER, , parameters)

/* Its result, and the arguments at the end for several results. */
#define AG_C_OF_TENSOR ag_tensor *
#define AG_C_OF_SELF ag_tensor *
#define AG_C_OF_MADE ag_tensor *
#define AG_C_OF_LIKE ag_tensor *
#define AG_C_OF_ITSELF ag_status
#define AG_C_OF_PAIR_OF ag_status
#define AG_C_OF_NAMED(...) ag_status
#define AG_C_OF_LIST ag_status
#define AG_C_OF_TRUTH ag_status
#define AG_OUTS_TENSOR
#define AG_OUTS_SELF
#define AG_OUTS_MADE
#define AG_OUTS_LIKE
#define AG_OUTS_ITSELF
#define AG_OUTS_PAIR_OF , ag_tensor **outs
#define AG_OUTS_NAMED(...) , ag_tensor **outs
#define AG_OUTS_LIST , int n, ag_tensor **outs
#define AG_OUTS_TRUTH , bool *truth
#define AG_COUNT_TENSOR(cname, parameters)
#define AG_COUNT_SELF(cname, parameters)
#define AG_COUNT_MADE(cname, parameters)
#define AG_COUNT_LIKE(cname, parameters)
#define AG_COUNT_ITSELF(cname, parameters)
#define AG_COUNT_PAIR_OF(cname, parameters)
#define AG_COUNT_NAMED(...) AG_COUNT_TENSOR
#define AG_COUNT_TRUTH(cname, parameters)
#define AG_COUNT_LIST(cname, parameters) \
    AG_API int ag_##cname##_count(AG_PARAMETERS(parameters));
#define AG_PROTOTYPE(cname, RESULT, parameters) \
    AG_C_OF_##RESULT ag_##cname(AG_PARAMETERS(parameters) AG_OUTS_##RESULT)
#define AG_PROTOTYPE_IN_PLACE(cname, parameters) \
    ag_status ag_##cname##_(AG_PARAMETERS(parameters))

#define AG_CALL_FUNCTION(cname, parameters)
#define AG_CALL_METHOD(cname, parameters)
#define AG_CALL_BOTH(cname, parameters)
#define AG_CALL_PART(cname, parameters)
#define AG_CALL_FUNCTIONAL(cname, parameters)
#define AG_CALL_SPECIAL(cname, parameters)
#define AG_CALL_LINALG(cname, parameters)
#define AG_CALL_BOTH_IN_PLACE(cname, parameters) AG_API AG_PROTOTYPE_IN_PLACE(cname, parameters);
#define AG_CALL_METHOD_IN_PLACE AG_CALL_BOTH_IN_PLACE
#define AG_CALL_FUNCTIONAL_IN_PLACE AG_CALL_BOTH_IN_PLACE
#define AG_CALL_OP(cname, FORMS, RESULT, parameters) \
    AG_API AG_PROTOTYPE(cname, RESULT, parameters); \
    AG_CALL_##FORMS(cname, parameters)
#define AG_CALL_OWN(cname, FORMS, RESULT, parameters) \
    AG_API AG_PROTOTYPE(cname, RESULT, parameters); \
    AG_COUNT_##RESULT(cname, parameters) \
    AG_CALL_##FORMS(cname, parameters)
#define AG_CALL_DONE(cname, FORMS, RESULT, parameters)
#define AG_CALL_C AG_CALL_OP
#define AG_CALL_CHECKED_OP AG_CALL_OP
#define AG_CALL_CHECKED_OWN AG_CALL_OWN
#define AG_CALL_CHECKED_DONE AG_CALL_DONE
#define AG_CALL_PYTHON(cname, FORMS, RESULT, parameters)
#define AG_CALL_PAIR(cname, FORMS, RESULT, parameters)
#define CALL(name, cname, FORMS, BODY, RESULT, parameters, doc, example) \
    AG_CALL_##BODY(cname, FORMS, RESULT, parameters)
#include "../ops.def"

#endif
