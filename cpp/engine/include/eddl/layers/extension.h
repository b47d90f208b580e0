// What the engine asks of layers of other libraries, which it cannot know. EDDL has nothing like it.
#ifndef EDDL_LAYERS_EXTENSION_H
#define EDDL_LAYERS_EXTENSION_H

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "eddl/tensor/tensor.h"

namespace eddl {

// Writes the ONNX operators that compute one layer. Values go by the names that these functions return; `part` names
// what is computed within the layer.
class OnnxNodes {
public:
    using Ints = std::vector<std::int64_t>;
    using Attributes = std::vector<std::pair<std::string, std::int64_t>>;

    virtual ~OnnxNodes() = default;

    // The output of the layer's parent, [batch, …].
    virtual std::string input(std::size_t parent) = 0;
    // Constants.
    virtual std::string integers(const std::string &part, const Ints &values) = 0;
    virtual std::string numbers(const std::string &part, const Ints &dims, const std::vector<float> &values) = 0;
    // The layer's params[index], or its gradient where these are to be written instead.
    virtual const Tensor &parameter(std::size_t index) const = 0;

    virtual std::string node(const std::string &part, const std::string &op, const std::vector<std::string> &inputs,
                             const Attributes &attributes = {}) = 0;
    // The node whose output is the layer's. Once, last.
    virtual void result(const std::string &op, const std::vector<std::string> &inputs) = 0;
};

// A second base class of such layers.
class ExtensionLayer {
public:
    virtual ~ExtensionLayer() = default;

    // Whether backward reads the values of the parents' outputs, and of the layer's own. Otherwise low_mem frees them.
    virtual bool backward_reads_input() const { return true; }
    virtual bool backward_reads_output() const { return true; }

    // In operators of ONNX' operator set 11.
    virtual void write_onnx(OnnxNodes &nodes) const = 0;
};

}  // namespace eddl

#endif  // EDDL_LAYERS_EXTENSION_H
