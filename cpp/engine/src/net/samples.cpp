#include "net/samples.h"

#include <algorithm>

#include "errors.h"

namespace eddl {

int check_samples(const char *function, const char *what, const vtensor &given, const vlayer &layers) {
    if (given.size() != layers.size())
        invalid(function, "expected ", layers.size(), " ", what, " tensors, received ", given.size());
    for (std::size_t i = 0; i < given.size(); ++i) {
        if (given[i] == nullptr) invalid(function, what, " ", i, " is missing (None)");
        std::vector<int> expected = layers[i]->output->shape;
        if (!given[i]->shape.empty() && !expected.empty()) expected[0] = given[i]->shape[0];
        if (given[i]->shape != expected)
            invalid(function, what, " ", i, " for layer '", layers[i]->name, "' expects shape ", expected,
                          ", received ", given[i]->shape);
        if (given[i]->shape[0] != given[0]->shape[0])
            invalid(function, what, " 0 has ", given[0]->shape[0], " samples, ", what, " ", i, " has ",
                          given[i]->shape[0]);
    }
    return given.empty() ? 0 : given[0]->shape[0];
}

int check_data(const char *function, const Net &net, const vtensor &X, const vtensor &Y) {
    const int inputs = check_samples(function, "input", X, net.lin);
    const int targets = check_samples(function, "target", Y, net.lout);
    if (inputs != targets && !X.empty() && !Y.empty())
        invalid(function, "there are ", inputs, " input samples and ", targets, " targets");
    return std::max(inputs, targets);
}

void check_indices(const char *function, const vind &samples, int count) {
    if (samples.empty()) invalid(function, "expected at least one sample index, received none");
    for (int i : samples)
        if (i < 0 || i >= count)
            invalid(function, "sample index ", i, " is out of range; there are ", count, " samples");
}

}  // namespace eddl
