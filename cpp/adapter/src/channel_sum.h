// The layer that a sum of EDDL's becomes where its operands need not have the same channels. Our engine has one; on
// EDDL it is ours.
#pragma once

#include "eddl/net/net.h"

#if defined(EDDL_EMBEDDED_ENGINE)

#include "eddl/layers/channel_sum.h"

namespace eddl_prune::adapter {
using ChannelSum = LChannelSum;
}

#else

#include <cstddef>
#include <string>
#include <vector>

namespace eddl_prune::adapter {

// Of each operand's channels some are added, in their order, to some of the sum's, times a factor; a constant may be
// added to a channel as well. The constants are the layer's one parameter, [number of them], and trained like a bias;
// without any it has no parameter.
class ChannelSum : public MLayer {
public:
    struct Operand {
        float factor = 1.0f;
        // [channel of the sum]: the operand's channel that is added there; -1: none
        std::vector<std::ptrdiff_t> source;
    };
    struct Form {
        std::vector<Operand> operands;       // one a parent
        std::vector<std::size_t> constants;  // the sum's channels that have one, ascending
    };

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

protected:
    ChannelSum(const std::string& name, int device, int mem) : MLayer(name, device, mem) {}

private:
    ChannelSum(const ChannelSum& like, const vlayer& parents, const std::string& name, int device);

    // [channel of the sum]: its constant, or 0; of the parameter or its gradient.
    std::vector<float> spread(const Tensor& constants) const;

    Form form_;
};

}  // namespace eddl_prune::adapter

#endif
