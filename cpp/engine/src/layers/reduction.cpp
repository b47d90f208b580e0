#include <algorithm>

#include "eddl/layers/reductions/layer_reductions.h"
#include "layers/common.h"
#include "layers/folds.h"
#include "layers/reduction_plan.h"

using namespace eddl;

namespace {

std::vector<int> sorted_axes(const char* function, std::vector<int> axes, const Tensor& input) {
    const std::vector<int> given = axes;
    std::sort(axes.begin(), axes.end());
    const bool repeated = std::adjacent_find(axes.begin(), axes.end()) != axes.end();
    const int rank = static_cast<int>(input.ndim) - 1;
    if (repeated || (!axes.empty() && (axes.front() < 0 || axes.back() >= rank))) {
        invalid(function, "expected different axes below ", rank, " (batch not counted) for an input of shape ",
                input.shape, ", received ", given);
    }
    return axes;
}

// Which elements of the layer's input go together, and the means to compute with them.
struct Groups {
    ReductionPlan plan;
    std::ptrdiff_t samples;
    double size;  // of a group

    explicit Groups(const ReductionLayer& layer)
        : plan({layer.input->shape.begin() + 1, layer.input->shape.end()},
               sorted_axes(layer.name.c_str(), layer.axis, *layer.input)),
          samples(layer.input->shape[0]), size(static_cast<double>(plan.group())) {}

    std::vector<float> one_each() const {
        return std::vector<float>(static_cast<std::size_t>(samples * plan.outputs()));
    }

    // result(fold) of each group's elements of src
    template <typename Fold, typename Result>
    void reduce(const float* src, float* dst, Result result) const {
        plan.fold<Fold>(samples, src,
                        [=](std::ptrdiff_t o, const Fold& fold) { dst[o] = static_cast<float>(result(fold)); });
    }
    template <typename Fold, typename Result>
    std::vector<float> reduced(const float* src, Result result) const {
        std::vector<float> values = one_each();
        reduce<Fold>(src, values.data(), result);
        return values;
    }
};

double sum_of(const SumFold& fold) { return fold.sum; }

// A rule a reduction: what becomes of a group, and how a group's delta d[o] goes back to its elements dx.

struct SumRule {
    using Fold = SumFold;
    static double result(const Fold& fold, double) { return fold.sum; }
    static void pass_back(const Groups& groups, const float*, const float* d, float* dx) {
        groups.plan.for_each(groups.samples, [=](std::ptrdiff_t e, std::ptrdiff_t o) { dx[e] += d[o]; });
    }
};

struct MeanRule {
    using Fold = SumFold;
    static double result(const Fold& fold, double size) { return fold.sum / size; }
    static void pass_back(const Groups& groups, const float*, const float* d, float* dx) {
        const auto share = static_cast<float>(1.0 / groups.size);
        groups.plan.for_each(groups.samples, [=](std::ptrdiff_t e, std::ptrdiff_t o) { dx[e] += d[o] * share; });
    }
};

struct VarianceRule {
    using Fold = MomentsFold;
    static double result(const Fold& fold, double size) { return fold.variance(size); }
    static void pass_back(const Groups& groups, const float* x, const float* d, float* dx) {
        const double size = groups.size;
        const std::vector<float> means = groups.reduced<Fold>(x, [=](const Fold& fold) { return fold.mean(size); });
        const float* mean = means.data();
        const auto share = static_cast<float>(2.0 / size);
        groups.plan.for_each(groups.samples, [=](std::ptrdiff_t e, std::ptrdiff_t o) {
            dx[e] += d[o] * share * (x[e] - mean[o]);
        });
    }
};

// Calls found(element, group, place) for the first element of each group that is the group's extreme.
template <typename Order, typename Found>
void find_extremes(const Groups& groups, const float* x, Found found) {
    using Fold = ExtremeFold<Order>;
    const std::vector<float> extremes = groups.reduced<Fold>(x, [](const Fold& fold) { return fold.value; });
    const float* extreme = extremes.data();
    groups.plan.find_first(
        groups.samples, [=](std::ptrdiff_t e, std::ptrdiff_t o) { return is_extreme(x[e], extreme[o]); }, found);
}

template <typename Order>
struct ExtremeRule {
    using Fold = ExtremeFold<Order>;
    static double result(const Fold& fold, double) { return fold.value; }
    static void pass_back(const Groups& groups, const float* x, const float* d, float* dx) {
        find_extremes<Order>(groups, x, [=](std::ptrdiff_t e, std::ptrdiff_t o, std::ptrdiff_t) { dx[e] += d[o]; });
    }
};

template <typename Rule>
void compute(const Groups& groups, const float* x, float* y) {
    const double size = groups.size;
    groups.reduce<typename Rule::Fold>(x, y, [=](const typename Rule::Fold& fold) { return Rule::result(fold, size); });
}

// The extreme's place: a step function, so nothing flows back. (EDDL adds the delta to the maximum.)
struct PlaceRule {
    static void pass_back(const Groups&, const float*, const float*, float*) {}
};

template <>
void compute<PlaceRule>(const Groups& groups, const float* x, float* y) {
    find_extremes<Larger>(groups, x, [=](std::ptrdiff_t, std::ptrdiff_t o, std::ptrdiff_t place) {
        y[o] = static_cast<float>(place);
    });
}

template <typename Rule>
void forward_reduced(const ReductionLayer& layer) {
    expect_forward(layer);
    const Groups groups(layer);
    if (!layer.keepdims) return compute<Rule>(groups, layer.input->ptr, layer.output->ptr);
    std::vector<float> values = groups.one_each();
    compute<Rule>(groups, layer.input->ptr, values.data());
    const float* value = values.data();
    float* y = layer.output->ptr;
    groups.plan.for_each(groups.samples, [=](std::ptrdiff_t e, std::ptrdiff_t o) { y[e] = value[o]; });
}

template <typename Rule>
void backward_reduced(const ReductionLayer& layer) {
    expect_backward(layer);
    const Groups groups(layer);
    const float* x = layer.input->ptr;
    float* dx = layer.parent[0]->delta->ptr;
    if (!layer.keepdims) return Rule::pass_back(groups, x, layer.delta->ptr, dx);
    Rule::pass_back(groups, x, groups.reduced<SumFold>(layer.delta->ptr, sum_of).data(), dx);
}

}  // namespace

ReductionLayer::ReductionLayer(std::string name, int dev, int mem) : Layer(name, dev, mem), keepdims(false) {}

ReductionLayer2::ReductionLayer2(std::string name, int dev, int mem) : ReductionLayer(name, dev, mem), RD2(nullptr) {}

void ReductionLayer::addchild(Layer* l) { append_child(l); }

void ReductionLayer::addparent(Layer* l) { append_parent(l); }

std::string ReductionLayer::plot(int c) { return graph_node(name, c, "bisque4", "White"); }

std::vector<int> ReductionLayer::output_shape(const char* function, Layer* parent) {
    input = checked_parent(function, parent).output;
    const std::vector<int> sorted = sorted_axes(function, axis, *input);
    std::vector<int> shape = input->shape;
    if (keepdims) return shape;
    for (auto a = sorted.rbegin(); a != sorted.rend(); ++a) shape.erase(shape.begin() + 1 + *a);
    return shape;
}

#define EDDL_DEFINE_REDUCTION(Name, Base, Rule, prefix, function)                                               \
    int Name::total_layers = 0;                                                                                 \
    Name::Name(Layer* l, std::vector<int> axis, bool keepdims, std::string name, int dev, int mem)              \
        : Base(name, dev, mem) {                                                                                \
        this->axis = axis;                                                                                      \
        this->keepdims = keepdims;                                                                              \
        const std::vector<int> shape = output_shape(function, l);                                               \
        name_layer(*this, name, prefix, total_layers);                                                          \
        output = new Tensor(shape, dev);                                                                        \
        join_graph(*this, {l});                                                                                 \
    }                                                                                                           \
    void Name::forward() { forward_reduced<Rule>(*this); }                                                      \
    void Name::backward() { backward_reduced<Rule>(*this); }                                                    \
    Layer* Name::share(int c, int bs, std::vector<Layer*> p) { return make_shared_copy(*this, c, bs, p); }      \
    Layer* Name::clone(int, int, std::vector<Layer*> p, int todev) {                                            \
        return make_clone(*this, todev, p.at(0), axis, keepdims);                                               \
    }

EDDL_DEFINE_REDUCTION(LRMean, ReductionLayer, MeanRule, "reduction_mean", "ReduceMean")
EDDL_DEFINE_REDUCTION(LRVar, ReductionLayer, VarianceRule, "reduction_var", "ReduceVar")
EDDL_DEFINE_REDUCTION(LRSum, ReductionLayer, SumRule, "reduction_sum", "ReduceSum")
EDDL_DEFINE_REDUCTION(LRMax, ReductionLayer, ExtremeRule<Larger>, "reduction_max", "ReduceMax")
EDDL_DEFINE_REDUCTION(LRMin, ReductionLayer, ExtremeRule<Smaller>, "reduction_min", "ReduceMin")
EDDL_DEFINE_REDUCTION(LRArgmax, ReductionLayer2, PlaceRule, "reduction_argmax", "ReduceArgMax")
