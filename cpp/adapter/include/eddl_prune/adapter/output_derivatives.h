// The derivatives of a net's outputs by what its layers compute or by their parameters, for the batch that went forward
// last: backward passes of our own between training's backward and the optimizer's step.
//
// The outputs y are those before the function that turns them into probabilities: of an output layer that is a softmax
// or a sigmoid (the softmax of one class), its input; of any other output layer, what it computes. An output with
// positions (a segmentation's pixels) has one y a class, the sum over them; the class axis is softmax's, elsewhere the
// one behind the batch.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "eddl_prune/adapter/backward_scope.h"
#include "eddl_prune/kernels/axis.h"

namespace eddl_prune::adapter {

class OutputDerivatives {
public:
    enum class By {
        outputs,     // of layers: their delta
        parameters,  // of layers: their gradients
    };
    // What takes the place of y_k, by summing up over the batch (and the output's positions):
    enum class Reduction {
        sum,             // Σ y_k: the derivative by what a sample's neuron computes is that of its own y_k
        mean,            // their mean
        mean_of_target,  // the same, 0 in place of y_k where the largest target (the first of equals) is not k
    };
    // Sees a wanted layer once in a pass, when its delta or its gradients are complete. They are gone after the call.
    using Visit = std::function<void(Layer*)>;

    // `layers`: all of the net; `wanted`: some of them, in forward order. `function` opens messages.
    // `scratch`: see BackwardScope. Throws PruneError where an output has no axis of classes.
    OutputDerivatives(std::string function, const vlayer& layers, const vlayer& wanted, By by,
                      std::vector<float>& scratch);

    // How many y there are, and how many output layers they belong to.
    std::size_t classes() const;
    std::size_t outputs() const { return outputs_.size(); }

    // Throws PruneError where a net with these layers has outputs that this class cannot derive: one that is unrolled
    // over time.
    static void check(const std::string& function, const vlayer& layers);

    // Visits with `scale` times ∂y_k/∂·, in a pass for each k; but where the layer that computes the y_k is all that
    // is wanted, in one for all k, which comes to the same: each of its values and weights has part in one y_k only.
    // Classes that are the target of no sample are left out. Throws PruneError where targets are asked for and an
    // output has none.
    void visit_each(Reduction reduction, float scale, const Visit& visit);
    // Visits with ∂(Σ_k y_k)/∂·, in one pass.
    void visit_sum(const Visit& visit);

    // Passes that ran layers backward.
    std::size_t passes() const { return passes_; }

private:
    struct Stop {
        Layer* layer;
        bool wanted;
        bool runs;  // whether anything wanted comes of running it backward
    };
    struct Output {
        Layer* layer;              // of the net's output
        Layer* source;             // of y
        kernels::AxisShape shape;  // of y along its class axis
        std::vector<Stop> way;     // from the source back
    };
    static constexpr std::size_t all_classes = static_cast<std::size_t>(-1);

    std::vector<Output> find_outputs(const vlayer& layers) const;
    std::vector<Stop> find_way(const vlayer& layers, const std::vector<const Layer*>& sources) const;
    // False where no sample has part in it.
    bool seed(const Output& output, std::size_t k, Reduction reduction, float scale);
    void go_back(const std::vector<Stop>& way, const Visit& visit);

    std::string function_;
    vlayer wanted_;
    By by_;
    std::vector<Output> outputs_;
    std::vector<Stop> way_;  // from all sources
    BackwardScope scope_;
    std::size_t passes_ = 0;
};

}  // namespace eddl_prune::adapter
