#include "layers/common.h"

namespace eddl {

namespace {

void expect_delta(const Layer& layer, const Layer& owner) {
    if (owner.delta == nullptr || owner.delta->size != owner.output->size) {
        failed("backward of layer '" + layer.name + "'", "layer '", owner.name,
               "' has no delta of its output's shape ", owner.output->shape, "; call mem_delta first");
    }
}

template <typename Items>
void delete_all(Items& items) {
    for (auto* item : items) delete item;
    items.clear();
}

}  // namespace

Layer& checked_parent(const char* function, Layer* parent) {
    if (parent == nullptr || parent->output == nullptr) invalid(function, "the parent layer is missing");
    return *parent;
}

void expect_ndim(const std::string& function, const Tensor& input, unsigned int ndim) {
    if (input.ndim != ndim) {
        invalid(function, "expected an input of ", ndim, " dimensions (batch included), received shape ", input.shape);
    }
}

void expect_same_shapes(const char* function, const std::vector<Layer*>& parents) {
    if (parents.empty()) invalid(function, "expected at least one layer, received none");
    const std::vector<int>& shape = checked_parent(function, parents[0]).output->shape;
    for (Layer* parent : parents) {
        if (checked_parent(function, parent).output->shape != shape) {
            invalid(function, "expected layers of one shape, received ", shape, " ('", parents[0]->name, "') and ",
                    parent->output->shape, " ('", parent->name, "')");
        }
    }
}

void join_graph(Layer& layer, const std::vector<Layer*>& parents) {
    for (Layer* parent : parents) {
        parent->addchild(&layer);
        layer.addparent(parent);
    }
}

void expect_forward(const Layer& layer) {
    for (const Layer* parent : layer.parent) {
        if (parent->output->shape[0] != layer.output->shape[0]) {
            failed("forward of layer '" + layer.name + "'", "its batch is ", layer.output->shape[0],
                   " but that of its parent '", parent->name, "' is ", parent->output->shape[0], "; resize the net");
        }
    }
}

void expect_backward(const Layer& layer) {
    expect_delta(layer, layer);
    for (const Layer* parent : layer.parent) expect_delta(layer, *parent);
}

void borrow_parameters(Layer& copy, const Layer& original) {
    delete_all(copy.params);
    delete_all(copy.gradients);
    copy.params = original.params;
    copy.gradients = original.gradients;
    copy.acc_gradients = original.acc_gradients;
    copy.isshared = true;
}

bool fits_parameter(Layer& layer, std::size_t i, const Tensor& given) {
    const Tensor& own = *layer.params.at(i);
    if (given.shape == own.shape) return true;
    const bool of_last_batch =
        layer.get_name_id() == "layernorm" && i >= static_cast<std::size_t>(layer.get_trainable_params_count());
    return of_last_batch && given.ndim == own.ndim && given.size > 0;
}

void set_parameter(Layer& layer, std::size_t i, Tensor& given) {
    Tensor& own = *layer.params.at(i);
    if (given.shape != own.shape) own.resize(given.shape[0]);
    Tensor::copy(&given, &own);
}

void adopt_rules(Layer& copy, Layer& original) {
    copy.orig = &original;
    // Its own, which its constructor made, go first.
    copy.set_regularizer(nullptr);
    copy.set_initializer(nullptr);
    copy.reg = original.reg;
    copy.init = original.init;
    copy.do_deletes = false;
    copy.trainable = original.trainable;
    copy.delta_bp = original.delta_bp;
}

std::string graph_id(const std::string& name) {
    std::string id = "\"";
    for (const char letter : name) {
        if (letter == '"' || letter == '\\') id += '\\';
        id += letter;
    }
    return id + '"';
}

std::string graph_node(const std::string& name, int c, const char* color_shared, const char* color,
                       const char* shape) {
    return graph_id(name) + " [label=" + graph_id(name) +
           ",style=filled,fontsize=12,fillcolor=" + (c ? color_shared : color) + ",shape=" + shape + "]";
}

}  // namespace eddl
