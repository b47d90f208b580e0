// Recurrent nets compute through an unrolled one, `rnet`: a copy of the layers for every time step, all of which share
// the parameters and gradients of this net's layers.
#include <algorithm>
#include <functional>
#include <memory>
#include <unordered_map>

#include "eddl/layers/core/layer_core.h"
#include "eddl/layers/recurrent/layer_recurrent.h"
#include "eddl/net/net.h"
#include "errors.h"
#include "net/sequences.h"

namespace {

// A step of an unrolled net is one of the net that it comes from, which has the parameters.
class StepOf : public Optimizer {
public:
    explicit StepOf(Optimizer *whole) : whole_(whole) { name = whole->name; }
    void applygrads(int batch) override { whole_->applygrads(batch); }

private:
    Optimizer *whole_;
};

// The ends of an unrolled net, those of one layer together: inputs (then decoder inputs), outputs, by time steps.
struct Ends {
    vlayer in, decoder_in, out;
};

class Unrolling {
public:
    Unrolling(const Net &net, int input_steps, int output_steps)
        : net_(net), roles_(net), input_steps_(input_steps), output_steps_(output_steps) {}
    Unrolling(const Unrolling &) = delete;
    ~Unrolling() {
        for (auto l = made_.rbegin(); l != made_.rend(); ++l) delete *l;
    }

    void run() {
        if (roles_.decoders.empty()) {
            if (output_steps_ > input_steps_)
                eddl::invalid("build_rnet", "expected at most ", input_steps_, " output steps, received ",
                              output_steps_);
            encode(output_steps_);
        } else {
            check_decoder();
            encode(1);
            decode();
        }
    }

    // The copies, those of one layer together. They are the caller's from now on.
    vlayer release() {
        std::unordered_map<const Layer *, std::size_t> place;
        for (std::size_t i = 0; i < net_.layers.size(); ++i) place[net_.layers[i]] = i;
        for (Layer *l : made_) {
            l->isrecurrent = false;
            l->sorig = l->orig;
            l->orig = l;
        }
        vlayer released;
        released.swap(made_);
        std::stable_sort(released.begin(), released.end(), [&](const Layer *a, const Layer *b) {
            const auto of = [&](const Layer *l) { return l->sorig == nullptr ? place.size() : place.at(l->sorig); };
            return of(a) < of(b);
        });
        return released;
    }

    Ends ends() const {
        Ends ends;
        for (Layer *l : net_.lin) append(ends.in, copies_.at(l));
        for (Layer *l : roles_.decoder_inputs) append(ends.decoder_in, copies_.at(l));
        for (Layer *l : net_.lout) {
            const vlayer &all = copies_.at(l);
            ends.out.insert(ends.out.end(), all.end() - output_steps_, all.end());
        }
        return ends;
    }

private:
    static void append(vlayer &list, const vlayer &more) { list.insert(list.end(), more.begin(), more.end()); }

    // Layers with a recurrent one behind them are needed at all steps, others only where there is an output.
    void encode(int output_steps) {
        std::unordered_map<const Layer *, bool> carries;
        for (auto l = net_.layers.rbegin(); l != net_.layers.rend(); ++l)
            carries[*l] = (*l)->isrecurrent || std::any_of((*l)->child.begin(), (*l)->child.end(), [&](Layer *c) {
                return carries[c];
            });
        for (int step = 0; step < input_steps_; ++step)
            for (Layer *l : net_.layers) {
                const bool is_input = std::find(net_.lin.begin(), net_.lin.end(), l) != net_.lin.end();
                if (roles_.decodes(l)) continue;
                if (step > 0 && is_input && !roles_.steps_through(l)) continue;
                if (is_input || carries[l] || step >= input_steps_ - output_steps) copy(l, step);
            }
    }

    void decode() {
        for (int step = 0; step < output_steps_; ++step) {
            for (Layer *l : roles_.decoders) copy(l, step);
            if (!net_.decoder_teacher_training && step + 1 < output_steps_) feed_back(step);
        }
    }

    void check_decoder() const {
        for (const Layer *l : net_.lout)
            if (!roles_.decodes(l))
                eddl::invalid("build_rnet", "net '", net_.name, "' has a decoder, but output '", l->name,
                              "' is not part of it");
        const vlayer &inputs = roles_.decoder_inputs;
        if (!inputs.empty() && inputs.size() != net_.lout.size())
            eddl::invalid("build_rnet", "net '", net_.name, "' has ", inputs.size(), " decoder inputs and ",
                          net_.lout.size(), " outputs; each input takes the output of the step before");
        for (std::size_t i = 0; i < inputs.size(); ++i)
            if (dynamic_cast<LInput *>(inputs[i]) == nullptr ||
                inputs[i]->output->shape != net_.lout[i]->output->shape)
                eddl::invalid("build_rnet", "decoder input '", inputs[i]->name, "' has shape ",
                              inputs[i]->output->shape, ", and output '", net_.lout[i]->name, "', which it takes, ",
                              net_.lout[i]->output->shape);
    }

    // A layer at a time step. Its parents are at the same step, or at their last one if they have ended before.
    Layer *copy(Layer *l, int step) {
        vlayer parents;
        for (Layer *p : l->parent) parents.push_back(copies_.at(p).back());
        const auto fed = fed_by_.find(l);
        if (fed != fed_by_.end()) parents.push_back(fed->second);
        vlayer &earlier = copies_[l];
        if (l->isrecurrent) {
            if (!earlier.empty()) parents = {parents[0], earlier.back()};
            else if (l == roles_.linked_decoder) parents.push_back(copies_.at(roles_.linked_encoder).back());
        }
        Layer *made = l->share(step, net_.batch_size, parents);
        if (made == nullptr)
            eddl::not_available("Unrolling layer '" + l->name + "' over time");
        made_.push_back(made);
        earlier.push_back(made);
        return made;
    }

    // Makes the outputs of a step the decoder inputs of the next one.
    void feed_back(int step) {
        for (std::size_t i = 0; i < roles_.decoder_inputs.size(); ++i) {
            Layer *output = net_.lout[i], *input = roles_.decoder_inputs[i];
            Layer *source = copies_.at(output).back();
            if (output->delta_bp) {
                // The loss gives such an output a delta of another kind, which must not mix with that of the next step.
                source = output->share(step, net_.batch_size, source->parent);
                source->delta_bp = 0;
                source->orig = nullptr;
                source->reg = nullptr;
                made_.push_back(source);
            }
            fed_by_[input] = source;
        }
    }

    const Net &net_;
    eddl::Roles roles_;
    int input_steps_, output_steps_;
    vlayer made_;
    std::unordered_map<const Layer *, vlayer> copies_;
    std::unordered_map<const Layer *, Layer *> fed_by_;
};

// Lets the first step of each LSTM and GRU lead the others where the inputs of all come before it.
void lead_steps(const Net &unrolled) {
    std::unordered_map<const Layer *, std::size_t> position;
    std::unordered_map<const Layer *, std::vector<GatedLayer *>> steps;
    for (Layer *l : unrolled.vfts) {
        position[l] = position.size();
        auto *gated = dynamic_cast<GatedLayer *>(l);
        if (gated != nullptr && l->sorig != nullptr) steps[l->sorig].push_back(gated);
    }
    for (const auto &[layer, all] : steps) {
        GatedLayer *const first = all.front();
        const std::vector<GatedLayer *> followers(all.begin() + 1, all.end());
        const bool ready = std::all_of(followers.begin(), followers.end(), [&](const GatedLayer *l) {
            return position.at(l->parent[0]) < position.at(first);
        });
        if (ready) first->lead(followers);
    }
}

}  // namespace

Net *Net::unroll(int inl, int outl) {
    if (inl < 1 || outl < 1)
        eddl::invalid("build_rnet", "expected numbers of time steps above 0, received ", inl, " and ", outl);
    constexpr std::size_t MOST_LAYERS = 1'000'000;  // kilobytes each, apart from what they compute
    const auto steps = static_cast<std::size_t>(inl) + static_cast<std::size_t>(outl);
    if (steps > MOST_LAYERS / std::max<std::size_t>(layers.size(), 1)) {
        eddl::invalid("build_rnet", layers.size(), " layers unrolled for ", inl, " and ", outl,
                      " time steps are more than ", MOST_LAYERS);
    }
    Unrolling unrolling(*this, inl, outl);
    unrolling.run();
    Ends ends = unrolling.ends();
    std::unique_ptr<Net> unrolled(new Net());
    unrolled->din = ends.decoder_in;
    unrolled->lin = ends.in;
    unrolled->lin.insert(unrolled->lin.end(), ends.decoder_in.begin(), ends.decoder_in.end());
    unrolled->lout = ends.out;
    unrolled->layers = unrolling.release();
    unrolled->fts();
    unrolled->layers = unrolled->vfts;  // parents first
    for (Layer *l : unrolled->layers) {
        l->net = unrolled.get();
        l->increase_reference_counter();
    }
    unrolled->size_totals();
    unrolled->name = "rnet";
    unrolled->isencoder = isencoder;
    unrolled->isdecoder = isdecoder;
    unrolled->decoder_teacher_training = decoder_teacher_training;
    unrolled->decsize = outl;
    return unrolled.release();
}

// The net's own layers tell which of these it is.
Net *Net::unroll_enc(int inl, int outl) { return unroll(inl, outl); }
Net *Net::unroll_dec(int inl, int outl) { return unroll(inl, outl); }
Net *Net::unroll_enc_dec(int inl, int outl) { return unroll(inl, outl); }

void Net::build_rnet(int inl, int outl) {
    require_built("build_rnet");
    if (!isrecurrent) eddl::invalid("build_rnet", "net '", name, "' is not recurrent");
    if (rnet != nullptr && rnet->decsize == outl && input_steps() == inl &&
        rnet->decoder_teacher_training == decoder_teacher_training)
        return;

    std::unique_ptr<Net> unrolled(unroll(inl, outl));
    vloss step_losses;
    vmetrics step_metrics;
    for (Loss *loss : losses) step_losses.insert(step_losses.end(), static_cast<std::size_t>(outl), loss);
    for (Metric *metric : metrics) step_metrics.insert(step_metrics.end(), static_cast<std::size_t>(outl), metric);
    std::unique_ptr<Optimizer> step(new StepOf(optimizer));
    unrolled->build(step.get(), step_losses, step_metrics, cs, false);
    lead_steps(*unrolled);
    static_cast<void>(step.release());
    delete rnet;
    rnet = unrolled.release();
    rnet->setmode(trmode);
}

int Net::input_steps() const {
    const eddl::Roles roles(*this);
    for (const Layer *l : lin)
        if (roles.steps_through(l))
            return static_cast<int>(
                std::count_if(rnet->lin.begin(), rnet->lin.end(), [l](const Layer *copy) { return copy->sorig == l; }));
    return 1;
}

int Net::prepare_steps(const char *function, const vtensor &X, const vtensor &Y) {
    const eddl::Lengths inputs = eddl::check_sequences(function, *this, X);
    const eddl::Lengths targets = eddl::check_target_sequences(function, *this, Y);
    if (inputs.samples != targets.samples)
        eddl::invalid(function, "there are ", inputs.samples, " input samples and ", targets.samples, " targets");
    if (!isdecoder && targets.steps > inputs.steps)
        eddl::invalid(function, "targets of ", targets.steps, " time steps for inputs of ", inputs.steps,
                      "; without a decoder there is at most one output for each input step");
    build_rnet(inputs.steps, targets.steps);
    refresh_copies();
    return inputs.samples;
}

// Without targets the number of output steps stays, if it can, or is 1.
int Net::prepare_steps(const char *function, const vtensor &X) {
    const eddl::Lengths inputs = eddl::check_sequences(function, *this, X);
    if (isdecoder && (decoder_teacher_training || rnet == nullptr))
        eddl::invalid(function, "the decoder of net '", name, "' takes the targets as inputs; to let it take its own ",
                      "outputs, set decoder_teacher_training to False and call build_rnet");
    const bool stays = rnet != nullptr && (isdecoder || input_steps() == inputs.steps);
    build_rnet(inputs.steps, stays ? rnet->decsize : 1);
    refresh_copies();
    return inputs.samples;
}

// Takes over what may have been set on the layers since they were copied.
void Net::refresh_copies() {
    for (Layer *l : rnet->layers) {
        if (l->sorig == nullptr) continue;
        l->trainable = l->sorig->trainable;
        l->reg = l->sorig->reg;
        l->init = l->sorig->init;
    }
    rnet->flog_tr = flog_tr;
    rnet->flog_ts = flog_ts;
}

void Net::load_steps(const vtensor &X, const vtensor &Y, const vind &samples) {
    const eddl::Roles roles(*this);
    auto next = rnet->lin.begin();
    for (std::size_t i = 0; i < X.size(); ++i) {
        const int steps = roles.steps_through(lin[i]) ? X[i]->shape[1] : 1;
        for (int t = 0; t < steps; ++t) eddl::copy_step(*X[i], t, samples, *(*next++)->output);
    }
    // A decoder sees the target of the step before. Where it takes its own outputs, they replace this in forward.
    for (std::size_t i = 0; i < roles.decoder_inputs.size(); ++i)
        for (int t = 0; t < rnet->decsize; ++t) {
            Tensor *input = (*next++)->output;
            if (t == 0 || Y.empty()) input->fill_(0.0f);
            else eddl::copy_step(*Y[i], t - 1, samples, *input);
        }
    load_targets(Y, samples);
}

void Net::load_targets(const vtensor &Y, const vind &samples) {
    auto next = rnet->lout.begin();
    for (const Tensor *targets : Y)
        for (int t = 0; t < rnet->decsize; ++t, ++next) {
            (*next)->check_target();
            eddl::copy_step(*targets, t, samples, *(*next)->target);
        }
}
