#include "onednn/operation.h"

#include <cstddef>

#include "errors.h"
#include "onednn/scratch.h"
#include "parallel.h"

namespace eddl::onednn {

namespace {

dnnl::stream& stream() {
    thread_local dnnl::stream instance(engine());
    return instance;
}

constexpr std::size_t ALIGNMENT = 64;

std::size_t aligned(std::size_t bytes) { return (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT; }

dnnl::memory unbound(const Desc& desc) { return dnnl::memory(desc, engine(), nullptr); }

dnnl::reorder make_reorder(const dnnl::memory& from, const dnnl::memory& to, bool accumulate) {
    dnnl::primitive_attr attributes;
    if (accumulate) {
        dnnl::post_ops post;
        post.append_sum(1.0f);
        attributes.set_post_ops(post);
    }
    return dnnl::reorder(dnnl::reorder::primitive_desc(from, to, attributes));
}

// outside -> inside or back, if that is a transposition.
std::optional<Transposition> transposition_between(const Desc& outside, const Desc& inside, bool back) {
    const Dims dims = outside.get_dims();
    if (dims.size() < 3 || outside != plain(dims) || inside != channels_last(dims)) return std::nullopt;
    std::ptrdiff_t positions = 1;
    for (std::size_t axis = 2; axis < dims.size(); ++axis) positions *= dims[axis];
    return back ? Transposition{dims[0], positions, dims[1]} : Transposition{dims[0], dims[1], positions};
}

float* data_of(const dnnl::memory& memory) { return static_cast<float*>(memory.get_data_handle()); }

void add_to(float* dst, const float* src, std::size_t count) {
    parallel_for(static_cast<std::ptrdiff_t>(count), [=](std::ptrdiff_t i) { dst[i] += src[i]; });
}

}  // namespace

const dnnl::engine& engine() {
    static const dnnl::engine instance(dnnl::engine::kind::cpu, 0);
    return instance;
}

Desc plain(const Dims& dims) {
    Dims strides(dims.size(), 1);
    for (std::size_t i = dims.size(); i-- > 1;) strides[i - 1] = strides[i] * dims[i];
    return Desc(dims, dnnl::memory::data_type::f32, strides);
}

Desc channels_last(const Dims& dims) {
    Dims strides(dims.size(), 1);
    std::ptrdiff_t stride = dims[1];
    for (std::size_t i = dims.size(); i-- > 2; stride *= dims[i]) strides[i] = stride;
    strides[0] = stride;
    return Desc(dims, dnnl::memory::data_type::f32, strides);
}

Desc with_layout(const Dims& dims, Tag tag) { return Desc(dims, dnnl::memory::data_type::f32, tag); }

Desc any_layout(const Dims& dims) { return with_layout(dims, Tag::any); }

void Operation::Port::bring_in() {
    if (reorder) reorder->execute(stream(), outside, inside);
    if (transposition) transposition->run(data_of(outside), data_of(inside), false);
}

void Operation::Port::bring_out() {
    if (reorder) {
        reorder->execute(stream(), inside, outside);
    } else if (transposition) {
        transposition->run(data_of(inside), data_of(outside), add);
    } else if (add) {
        add_to(data_of(outside), data_of(inside), outside.get_desc().get_size() / sizeof(float));
    }
}

void Operation::add_port(int argument, const Desc& outside, const Desc& inside, bool input, bool accumulate) {
    const bool same = outside == inside;
    Port port{argument, input, !same || accumulate, scratch_bytes_, accumulate, unbound(outside), {}, {}, {}};
    port.inside = port.staged ? unbound(inside) : port.outside;
    if (port.staged) scratch_bytes_ += aligned(inside.get_size());
    if (!same) {
        port.transposition = transposition_between(outside, inside, !input);
        if (!port.transposition) {
            port.reorder = input ? make_reorder(port.outside, port.inside, false)
                                 : make_reorder(port.inside, port.outside, accumulate);
        }
    }
    arguments_[argument] = port.inside;
    ports_.push_back(std::move(port));
}

Operation& Operation::reads(int argument, const Desc& outside, const Desc& wanted) {
    add_port(argument, outside, wanted, true, false);
    return *this;
}

Operation& Operation::writes(int argument, const Desc& outside, const Desc& made, Write how) {
    add_port(argument, outside, made, false, how == Write::accumulate);
    return *this;
}

Operation& Operation::keeps(int argument, const dnnl::memory& memory) {
    arguments_[argument] = memory;
    return *this;
}

void Operation::run(std::initializer_list<Binding> bindings) {
    char* const staging = static_cast<char*>(scratch_memory(scratch_bytes_));
    for (Port& port : ports_) {
        const float* data = nullptr;
        for (const Binding& binding : bindings) {
            if (binding.argument == port.argument) data = binding.data;
        }
        if (data == nullptr) failed("Operation::run", "no data for argument ", port.argument);
        // oneDNN takes inputs by pointer to non-const; it does not write to them.
        port.outside.set_data_handle(const_cast<float*>(data));
        if (port.staged) port.inside.set_data_handle(staging + port.offset);
        if (port.input) port.bring_in();
    }
    primitive_.execute(stream(), arguments_);
    for (Port& port : ports_) {
        if (!port.input) port.bring_out();
    }
    stream().wait();
}

}  // namespace eddl::onednn
