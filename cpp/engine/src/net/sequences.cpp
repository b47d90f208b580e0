#include "net/sequences.h"

#include <algorithm>

#include "eddl/layers/recurrent/layer_recurrent.h"
#include "errors.h"
#include "parallel.h"

namespace eddl {

namespace {

bool contains(const vlayer &list, const Layer *l) { return std::find(list.begin(), list.end(), l) != list.end(); }

void check_sequence(const char *function, const char *what, const Layer &layer, const Tensor *data, bool stepped) {
    if (data == nullptr) invalid(function, what, " for layer '", layer.name, "' is missing (None)");
    const std::vector<int> sample(layer.output->shape.begin() + 1, layer.output->shape.end());
    const auto rest = static_cast<std::ptrdiff_t>(sample.size());
    if (data->shape.size() != sample.size() + (stepped ? 2 : 1) || data->size == 0 ||
        !std::equal(sample.begin(), sample.end(), data->shape.end() - rest))
        invalid(function, what, " for layer '", layer.name, "' expects shape [samples", stepped ? ", time steps" : "",
                "] followed by ", sample, ", received ", data->shape);
}

template <typename Stepped>
Lengths check_ends(const char *function, const char *what, const vlayer &layers, const vtensor &data, Stepped stepped) {
    if (data.size() != layers.size())
        invalid(function, "expected ", layers.size(), " ", what, " tensors, received ", data.size());
    Lengths common;
    for (std::size_t i = 0; i < data.size(); ++i) {
        check_sequence(function, what, *layers[i], data[i], stepped(layers[i]));
        const int samples = data[i]->shape[0], steps = stepped(layers[i]) ? data[i]->shape[1] : common.steps;
        if (i > 0 && samples != common.samples)
            invalid(function, what, " 0 has ", common.samples, " samples, ", what, " ", i, " has ", samples);
        if (common.steps > 0 && steps != common.steps)
            invalid(function, what, " for layer '", layers[i]->name, "' has ", steps, " time steps, another has ",
                    common.steps);
        common = {samples, steps};
    }
    if (common.steps == 0) common.steps = 1;
    return common;
}

}  // namespace

Roles::Roles(const Net &net) {
    for (Layer *l : net.layers) {
        const bool hangs = std::any_of(l->parent.begin(), l->parent.end(), [&](Layer *p) { return decodes(p); });
        if (l->isdecoder || hangs) {
            decoders.push_back(l);
            if (l->parent.empty()) decoder_inputs.push_back(l);
        } else {
            encodes = encodes || l->isrecurrent;
        }
    }
    if (encodes) link(net);
}

void Roles::link(const Net &net) {
    const auto begins_anywhere = [](const Layer *l) { return l->isrecurrent && l->parent.size() < 2; };
    const auto decoder = std::find_if(decoders.begin(), decoders.end(), begins_anywhere);
    const auto encoder = std::find_if(net.layers.rbegin(), net.layers.rend(), [this](const Layer *l) {
        return !decodes(l) && !l->states.empty();
    });
    if (decoder == decoders.end() || encoder == net.layers.rend()) return;
    const vtensor &states = (*encoder)->states;
    const int units = (*decoder)->output->shape[1];
    const auto fits = [&](const Tensor *state) { return state->shape.size() == 2 && state->shape[1] == units; };
    if (states.size() < (*decoder)->states.size() || !std::all_of(states.begin(), states.end(), fits)) return;
    linked_decoder = *decoder;
    linked_encoder = *encoder;
}

bool Roles::decodes(const Layer *l) const { return contains(decoders, l); }

bool Roles::steps_through(const Layer *input) const {
    return dynamic_cast<const LStates *>(input) == nullptr && (encodes || decoders.empty());
}

Lengths check_sequences(const char *function, const Net &net, const vtensor &X) {
    const Roles roles(net);
    return check_ends(function, "input", net.lin, X, [&](const Layer *l) { return roles.steps_through(l); });
}

Lengths check_target_sequences(const char *function, const Net &net, const vtensor &Y) {
    return check_ends(function, "target", net.lout, Y, [](const Layer *) { return true; });
}

void copy_step(const Tensor &data, int step, const vind &rows, Tensor &into) {
    const auto size = static_cast<std::ptrdiff_t>(into.size) / into.shape[0];
    const auto stride = static_cast<std::ptrdiff_t>(data.size) / data.shape[0];
    const float *from = data.ptr + step * size;
    float *to = into.ptr;
    const int *row = rows.data();
    parallel_for(static_cast<std::ptrdiff_t>(rows.size()),
                 [=](std::ptrdiff_t i) { std::copy_n(from + row[i] * stride, size, to + i * size); }, size);
}

}  // namespace eddl
