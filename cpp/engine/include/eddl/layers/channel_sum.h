// A layer that EDDL does not have: what ONNX says with Gather and Pad along the channels, and a Sum of such.
#ifndef EDDL_LAYERS_CHANNEL_SUM_H
#define EDDL_LAYERS_CHANNEL_SUM_H

#include <cstddef>

#include "eddl/layers/declare.h"

// Each channel (index along the first axis after the batch) is the sum of one channel of every parent, or of some of
// them, each times the parent's factor, and of a constant where there is one. With one parent: channels taken in any
// order.
class LChannelSum : public MLayer {
public:
    struct Operand {
        float factor = 1.0f;
        std::vector<std::ptrdiff_t> source;  // [channel of the sum]: the parent's channel that is added there; -1: none
    };
    struct Form {
        std::vector<Operand> operands;       // one a parent
        std::vector<std::size_t> constants;  // the channels that have one, ascending
    };

    static int total_layers;

    // The parents' samples differ in their channels only. The constants, 0 at first, are the layer's one parameter,
    // [number of them]; without any it has none. Throws std::invalid_argument where the form does not fit the parents.
    LChannelSum(const vlayer& parents, Form form, const std::string& name, int dev, int mem);

    const Form& form() const { return form_; }
    // Exchanged; nothing is allocated. Outputs and parameters must fit it before the next forward.
    void set_form(Form& form) noexcept;
    // [channel]: the values of a parameter, or of its gradient, and 0 between them.
    std::vector<float> spread(const Tensor& constants) const;

    void initialize() override;
    EDDL_LAYER_OVERRIDES

protected:
    // Without parents, output or form, for a class that gets them in another way.
    LChannelSum(const std::string& name, int dev, int mem);

private:
    Form form_;
};

#endif  // EDDL_LAYERS_CHANNEL_SUM_H
