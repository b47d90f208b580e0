// A weighted sum whose operands need not have the same channels.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "eddl/layers/layer.h"
#include "eddl/net/net.h"

#if defined(EDDL_EMBEDDED_ENGINE)
#include "eddl/layers/extension.h"
#endif

namespace eddl_prune::adapter {

// Of each operand's channels some are added, in their order, to some of the sum's, times a factor; a constant may be added to
// a channel as well. The constants are the layer's one parameter, [number of them], and trained like a bias; without
// any it has no parameter.
class UnevenSum : public MLayer
#if defined(EDDL_EMBEDDED_ENGINE)
    ,
                  public eddl::ExtensionLayer
#endif
{
public:
    struct Operand {
        float factor = 1.0f;
        std::vector<std::ptrdiff_t> source;  // [channel of the sum]: the operand's channel that is added there; -1: none
    };
    struct Form {
        std::vector<Operand> operands;       // one a parent
        std::vector<std::size_t> constants;  // the sum's channels that have one, ascending
    };

    // To stand for `sum`, of which it will take name, place and output: replace().
    explicit UnevenSum(Layer& sum);
    ~UnevenSum() override;

    // Once. Takes `sum`, which becomes the net's no more but lives as long as this layer: a script's handle of it stays valid.
    // Allocates nothing.
    void replace(Net& net, Layer& sum) noexcept;

    const Form& form() const { return form_; }
    // Must fit the outputs of the layer and its parents before the next forward. Allocates nothing.
    void set_form(Form& form) noexcept;

    void forward() override;
    void backward() override;
    int get_trainable_params_count() override { return static_cast<int>(params.size()); }
    void initialize() override;
    Layer* share(int c, int bs, vlayer p) override;
    Layer* clone(int c, int bs, vlayer p, int todev) override;
    std::string plot(int c) override;

#if defined(EDDL_EMBEDDED_ENGINE)
    bool backward_reads_input() const override { return false; }
    bool backward_reads_output() const override { return false; }
    void write_onnx(eddl::OnnxNodes& nodes) const override;
#endif

private:
    UnevenSum(const UnevenSum& like, const vlayer& parents, const std::string& name, int device);

    // [channel of the sum]: its constant, or 0; of the parameter or its gradient.
    std::vector<float> spread(const Tensor& constants) const;

    Form form_;
    Layer* replaced_ = nullptr;
};

}  // namespace eddl_prune::adapter
