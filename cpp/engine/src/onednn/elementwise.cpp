#include "onednn/elementwise.h"

namespace eddl::onednn {

namespace {

dnnl::algorithm algorithm_of(Function function) {
    switch (function) {
        case Function::exponential: return dnnl::algorithm::eltwise_exp;
        case Function::sigmoid: return dnnl::algorithm::eltwise_logistic;
        case Function::tanh: return dnnl::algorithm::eltwise_tanh;
        case Function::elu: return dnnl::algorithm::eltwise_elu;
    }
    return dnnl::algorithm::undef;
}

}  // namespace

Operation Elementwise::make(const Key& key) {
    const Desc tensor = plain({static_cast<dnnl::memory::dim>(key.size)});
    const dnnl::eltwise_forward::primitive_desc pd(engine(), dnnl::prop_kind::forward_training,
                                                   algorithm_of(key.function), tensor, tensor, key.alpha);
    Operation op{dnnl::eltwise_forward(pd)};
    op.reads(DNNL_ARG_SRC, tensor, tensor).writes(DNNL_ARG_DST, tensor, tensor);
    return op;
}

void Elementwise::forward(Function function, float alpha, std::size_t size, const float* src, float* dst) {
    forward_.get(Key{function, alpha, size}, make).run({{DNNL_ARG_SRC, src}, {DNNL_ARG_DST, dst}});
}

}  // namespace eddl::onednn
