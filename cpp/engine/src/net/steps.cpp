// One step of a net: forward, loss, backward, update.
#include <omp.h>

#include <algorithm>
#include <numeric>

#include "eddl/net/net.h"
#include "errors.h"
#include "net/output_memory.h"
#include "net/samples.h"
#include "net/sequences.h"
#include "profile.h"

namespace {

// The number of threads is a setting of the calling thread; each net has its own.
void use_threads_of(const Net &net) {
    if (net.cs != nullptr) omp_set_num_threads(net.cs->local_threads);
}

vind all_of(int samples) {
    vind indices(static_cast<std::size_t>(samples));
    std::iota(indices.begin(), indices.end(), 0);
    return indices;
}

}  // namespace

void Net::do_initialize() {
    for (Layer *l : layers) l->initialize();
}

void Net::do_reset() {
    for (Layer *l : layers) l->reset();
}

void Net::zero_deltas() {
    for (Layer *l : layers) {
        const bool detached = l->detached;
        l->reset();
        l->detached = detached;
    }
}

void Net::do_reset_grads() {
    for (Layer *l : layers) l->zeroGrads();
}

void Net::do_forward() { do_forward(eddl::OutputMemory()); }

void Net::do_forward(const eddl::OutputMemory &memory) {
    use_threads_of(*this);
    for (std::size_t i = 0; i < vfts.size(); ++i) {
        Layer *l = vfts[i];
        if (l->output->shape[0] == 0) l->resize(batch_size);  // an earlier batch has released it
        eddl::profiled(*l, "forward", [l] { l->forward(); });
        memory.after_forward(i);
    }
}

void Net::do_delta() {
    for (std::size_t i = 0; i < lout.size(); ++i) {
        lout[i]->mem_delta();
        if (i < losses.size())
            eddl::profiled(*losses[i], "delta",
                           [&] { losses[i]->delta(lout[i]->target, lout[i]->output, lout[i]->delta); });
    }
}

void Net::do_compute_loss() {
    for (std::size_t i = 0; i < lout.size(); ++i) {
        const auto value = [&](auto &measure, float &result) {
            eddl::profiled(measure, "value", [&] { result = measure.value(lout[i]->target, lout[i]->output); });
        };
        if (i < losses.size()) value(*losses[i], fiterr[2 * i]);
        if (i < metrics.size()) value(*metrics[i], fiterr[2 * i + 1]);
    }
}

void Net::do_backward() {
    use_threads_of(*this);
    for (Layer *l : vbts) {
        l->mem_delta();  // no child has made it where no output depends on the layer
        l->mem_delta_parent();
        eddl::profiled(*l, "backward", [l] { l->backward(); });
        if (l->mem_level != 0) l->free_delta();
    }
}

// do_backward leaves the inputs their deltas, for backward() to pass on to other nets.
void Net::free_input_deltas() {
    for (Layer *l : lin)
        if (l->mem_level != 0) l->Layer::free_delta();
}

void Net::do_applygrads() {
    require_built("do_applygrads");
    use_threads_of(*this);
    eddl::profiled(*optimizer, "step", [this] { optimizer->applygrads(batch_size); });
}

void Net::forward() {
    require_built("forward");
    if (rnet != nullptr) return rnet->forward();
    do_reset();
    do_forward();
}

void Net::forward(vtensor in) {
    require_built("forward");
    if (in.empty()) return forward();
    if (isrecurrent) return forward_steps("forward", in);
    load_inputs("forward", in);
    do_forward();
}

void Net::load_inputs(const char *function, const vtensor &in) {
    const int samples = eddl::check_samples(function, "input", in, lin);
    resize(samples);
    do_reset();
    for (std::size_t i = 0; i < in.size(); ++i) Tensor::copy(in[i], lin[i]->output);
}

void Net::forward(vlayer in) {
    vtensor outputs;
    for (const Layer *l : in) {
        if (l == nullptr) eddl::invalid("forward", "a layer is missing (None)");
        outputs.push_back(l->output);
    }
    forward(outputs);
    if (!isrecurrent) netinput = in;
}

void Net::forward_steps(const char *function, const vtensor &in) {
    const int samples = prepare_steps(function, in);
    resize(samples);
    rnet->do_reset();
    load_steps(in, {}, all_of(samples));
    rnet->do_forward();
}

void Net::set_targets(const vtensor &targets, const char *function) {
    const int samples = eddl::check_samples(function, "target", targets, lout);
    if (samples != batch_size)
        eddl::invalid(function, "the last forward was of ", batch_size, " samples, received targets of ", samples);
    for (std::size_t i = 0; i < targets.size(); ++i) {
        lout[i]->check_target();
        Tensor::copy(targets[i], lout[i]->target);
    }
}

void Net::backward(vtensor target) {
    require_built("backward");
    if (isrecurrent) return backward_steps(target);
    if (!target.empty()) set_targets(target, "backward");
    ++tr_batches;
    compute_loss();
    do_delta();
    do_backward();
    free_input_deltas();
}

void Net::backward_steps(const vtensor &target) {
    if (rnet == nullptr) eddl::invalid("backward", "net '", name, "' has had no forward");
    if (!target.empty()) {
        const eddl::Lengths lengths = eddl::check_target_sequences("backward", *this, target);
        if (lengths.samples != rnet->batch_size || lengths.steps != rnet->decsize)
            eddl::invalid("backward", "the last forward was of ", rnet->batch_size, " samples and ", rnet->decsize,
                          " output steps, received targets of ", lengths.samples, " and ", lengths.steps,
                          "; build_rnet before forward sets the number of steps");
        load_targets(target, all_of(lengths.samples));
    }
    rnet->backward(vtensor{});
}

// Goes on into the nets whose layers fed this one in forward(layers), unless they were detached.
void Net::backward() {
    require_built("backward");
    if (isrecurrent)
        eddl::invalid("backward", "net '", name, "' is recurrent: its loss must be its own, not one of layers");
    ++tr_batches;
    do_delta();
    do_backward();

    std::vector<Net *> nets;
    for (std::size_t i = 0; i < netinput.size(); ++i) {
        Layer *l = netinput[i];
        if (l->detached || l->net == nullptr) continue;
        if (std::find(nets.begin(), nets.end(), l->net) == nets.end()) {
            nets.push_back(l->net);
            l->net->zero_deltas();  // an earlier backward's belong to another loss
        }
        l->mem_delta();
        lin[i]->mem_delta();
        l->delta->add_(lin[i]->delta);
    }
    netinput.clear();
    free_input_deltas();
    for (Net *net : nets) net->backward();
}

void Net::delta() {
    require_built("delta");
    (rnet != nullptr ? rnet : this)->do_delta();
}

void Net::reset() { (rnet != nullptr ? rnet : this)->do_reset(); }

void Net::reset_grads() {
    require_built("zeroGrads");
    do_reset_grads();
}

void Net::update() {
    require_built("update");
    do_applygrads();
}

void Net::add_up_losses() {
    for (std::size_t i = 0; i < lout.size(); ++i) {
        total_loss[i] += fiterr[2 * i];
        total_metric[i] += fiterr[2 * i + 1];
        fiterr[2 * i] = fiterr[2 * i + 1] = 0.0f;
    }
    inferenced_samples += batch_size;
}

void Net::compute_loss() {
    require_built("compute_loss");
    if (rnet != nullptr) return rnet->compute_loss();
    do_compute_loss();
    add_up_losses();
}

void Net::reset_loss() {
    require_built("reset_loss");
    if (rnet != nullptr) return rnet->reset_loss();
    std::fill(total_loss.begin(), total_loss.end(), 0.0f);
    std::fill(total_metric.begin(), total_metric.end(), 0.0f);
    std::fill(fiterr.begin(), fiterr.end(), 0.0f);
    inferenced_samples = 0;
}

void Net::clamp(float min, float max) {
    for (Layer *l : layers) l->clamp(min, max);
}

void Net::train_batch(vtensor X, vtensor Y, vind sind, int eval) {
    const char *function = eval ? "eval_batch" : "train_batch";
    require_built(function);
    eddl::check_indices(function, sind, prepare(function, X, Y));

    const int batch = static_cast<int>(sind.size());
    resize(batch);
    setmode(eval ? TSMODE : TRMODE);
    if (isrecurrent) {
        load_steps(X, Y, sind);
        return rnet->run_batch(eval != 0);
    }
    for (std::size_t i = 0; i < X.size(); ++i) Tensor::select(X[i], lin[i]->output, sind, 0, batch);
    for (std::size_t i = 0; i < Y.size(); ++i) {
        lout[i]->check_target();
        Tensor::select(Y[i], lout[i]->target, sind, 0, batch);
    }
    run_batch(eval != 0);
}

void Net::run_batch(bool eval) {
    do_reset();
    if (!eval) do_reset_grads();
    const eddl::OutputMemory memory(*this, !eval);
    do_forward(memory);
    compute_loss();
    if (eval) return;
    do_delta();
    {
        const eddl::OutputMemory::Shapes shapes(memory);
        do_backward();
    }
    free_input_deltas();
    do_applygrads();
}

// Checks data for training and evaluation; returns the number of samples.
int Net::prepare(const char *function, const vtensor &X, const vtensor &Y) {
    return isrecurrent ? prepare_steps(function, X, Y) : eddl::check_data(function, *this, X, Y);
}

vtensor Net::predict(vtensor tin) {
    require_built("predict");
    vtensor outputs;
    if (isrecurrent) {
        setmode(TSMODE);
        forward_steps("predict", tin);
        for (Layer *l : rnet->lout) outputs.push_back(l->output->clone());
        return outputs;
    }
    eddl::check_samples("predict", "input", tin, lin);
    setmode(TSMODE);
    if (tin.empty()) {
        forward();
    } else {
        load_inputs("predict", tin);
        do_forward(eddl::OutputMemory(*this, false));
    }
    for (Layer *l : lout) outputs.push_back(l->output->clone());
    return outputs;
}
