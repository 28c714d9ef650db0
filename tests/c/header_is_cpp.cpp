// SPDX-License-Identifier: MIT
//
// The public header in a C++ program: it compiles without a warning, twice included, and its
// functions have C linkage, so that the program links.
#include <pyautograd.h>
#include <pyautograd.h>

#include <cmath>
#include <cstdio>
#include <memory>

struct Release {
    void operator()(ag_tensor *t) const { ag_release(t); }
};
using Tensor = std::unique_ptr<ag_tensor, Release>;

int main()
{
    const int64_t shape[] = {2, 2};
    const double values[] = {0.5, 1.0, 1.5, 2.0};
    Tensor x(ag_from_data(values, 2, shape));
    if (!x || ag_set_requires_grad(x.get(), true) != AG_OK)
        return 1;
    Tensor y(ag_exp(x.get()));
    Tensor z(ag_sum_all(y.get()));
    if (ag_backward(z.get(), nullptr, AG_RETAIN_GRAPH) != AG_OK) {
        std::fprintf(stderr, "%s\n", ag_last_message());
        return 2;
    }
    const double *g = ag_data(ag_grad_of(x.get()));
    for (int i = 0; i < 4; i++)
        if (std::fabs(g[i] - std::exp(values[i])) > 1e-14)
            return 3;
    std::printf("%d ops, version %s\n", static_cast<int>(AG_OP_COUNT), ag_version());
    return 0;
}
