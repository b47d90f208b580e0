// What Python cannot reach of layers that normalise, reduce, rearrange, look up or draw: shared and cloned ones, and the
// memory that some borrow. Says what is wrong and exits with 1; run by test_engine_cpp.py.
#include "checks.h"

namespace {

void check_all_shared() {
    using namespace eddl;
    const std::vector<int> vector{6}, image{4, 3, 2};
    check_shared("LayerNormalization", image, [](layer x) { return LayerNormalization(x, 0.1f); });
    check_shared("LayerNormalization, plain", vector, [](layer x) { return LayerNormalization(x, 0.1f, false); });
    check_shared("GroupNormalization", image, [](layer x) { return GroupNormalization(x, 2, 0.1f); });
    check_shared("Norm", vector, [](layer x) { return Norm(x); });
    check_shared("NormMax", image, [](layer x) { return NormMax(x, 2.0f); });
    check_shared("NormMinMax", image, [](layer x) { return NormMinMax(x); });
    check_shared("Embedding", vector, [](layer x) { return Embedding(x, 3, 6, 2); });
    check_shared("GaussianNoise", vector, [](layer x) { return GaussianNoise(x, 0.0f); });
    check_shared("Repeat", image, [](layer x) { return Repeat(x, {2, 1, 3}, 1); });
    check_shared("Repeat, equally", image, [](layer x) { return Repeat(x, 2, 2); });
    check_shared("Tile", image, [](layer x) { return Tile(x, {2, 1, 3}); });
    check_shared("Expand", {1, 3, 1}, [](layer x) { return Expand(x, 3); });
    check_shared("ReduceMean", image, [](layer x) { return ReduceMean(x, {1, 2}); });
    check_shared("ReduceVar", image, [](layer x) { return ReduceVar(x, {0}, true); });
    check_shared("ReduceSum", image, [](layer x) { return ReduceSum(x, {2}); });
    check_shared("ReduceMax", image, [](layer x) { return ReduceMax(x, {0, 2}); });
    check_shared("ReduceMin", image, [](layer x) { return ReduceMin(x, {1}, true); });
    check_shared("ReduceArgMax", image, [](layer x) { return ReduceArgMax(x, {0}); });
    check_shared("Shape", image, [](layer x) { return Shape(x); });

    const Owned wide(filled_input({4, 3, 2}));
    check_shared("Broadcast", {3}, [&](layer x) { return Broadcast(x, wide.get()); });
    check_shared("Broadcast, swapped", {4, 1, 2}, [&](layer x) { return Broadcast(wide.get(), x); });
}

void check_shared_products() {
    const Owned x(filled_input({3, 3})), y(filled_input({3, 3})), c(filled_input({3, 3}));
    const Owned product(eddl::MatMul({x.get(), y.get(), c.get()})), choice(eddl::Where(x.get(), y.get(), c.get()));
    for (const Owned* original : {&product, &choice}) {
        (*original)->forward();
        const Owned shared((*original)->share(1, 1, {x.get(), y.get(), c.get()}));
        const Owned cloned((*original)->clone(1, 1, {x.get(), y.get(), c.get()}, DEV_CPU));
        for (const Owned* copy : {&shared, &cloned}) {
            (*copy)->forward();
            expect_close(values_of((*copy)->output), values_of((*original)->output), (*original)->name);
        }
    }
}

void check_sources() {
    Tensor values({2, 3});
    fill(&values, 5);
    for (const layer made : {eddl::ConstOfTensor(&values), eddl::GaussGenerator(1.5f, 0.0f, {2, 3}),
                             eddl::UniformGenerator(2.0f, 2.0f, {2, 3})}) {
        const Owned source(made), shared(made->share(1, 4, {})), cloned(made->clone(1, 4, {}, DEV_CPU));
        source->forward();
        for (const Owned* copy : {&shared, &cloned}) {
            expect((*copy)->output->shape == std::vector<int>({4, 2, 3}), made->name + ": batch of a copy");
            (*copy)->forward();
            const Values all = values_of((*copy)->output), one = values_of(source->output);
            expect_close(Values(all.end() - 6, all.end()), one, made->name + ": a copy's last sample");
        }
    }
}

// The layers that Split gives do not need it any more; a copy of it makes its own.
void check_split() {
    const Owned x(filled_input({5, 2})), y(filled_input({5, 2}));
    const auto split = std::make_unique<LSplit>(x.get(), std::vector<int>{2}, 0, false, "", DEV_CPU, 0);
    const Owned first(split->split_layers[0]), last(split->split_layers[1]);
    const Owned copied(split->clone(1, 1, {y.get()}, DEV_CPU));
    expect(x->child.size() == 2 && y->child.size() == 2, "Split: children");
    const std::vector<Layer*> copies = static_cast<LSplit*>(copied.get())->split_layers;
    const Owned first_copy(copies[0]), last_copy(copies[1]);
    first->forward();
    first_copy->forward();
    expect_close(values_of(first->output), Values(x->output->ptr, x->output->ptr + 4), "Split: the first part");
    expect_close(values_of(first_copy->output), values_of(first->output), "Split: the first part of a copy");
}

// The deltas of a bypass are its parent's, also once the parent has made them anew.
void check_bypass() {
    const Owned x(filled_input({3}));
    const Owned bypass(eddl::Bypass(x.get(), "", "bypass"));
    const Owned shared(bypass->share(1, 1, {x.get()})), cloned(bypass->clone(1, 1, {x.get()}, DEV_CPU));
    expect(shared->output == x->output && cloned->output == x->output, "Bypass: outputs of copies");
    expect(bypass->output == x->output && bypass->get_name_id() == "bypass", "Bypass: output");
    for (const int batch : {1, 4, 2}) {
        x->resize(batch);
        bypass->resize(batch);
        bypass->mem_delta();
        expect(bypass->delta == x->delta && x->delta->shape == std::vector<int>({batch, 3}), "Bypass: delta");
        if (batch == 4) {
            bypass->free_delta();
            x->Layer::free_delta();
            expect(bypass->delta == nullptr && x->delta == nullptr, "Bypass: freed delta");
        }
    }
}

void check_refusals() {
    const Owned x(filled_input({4, 3, 2}));
    using Repeats = std::vector<unsigned int>;
    expect_refusal([&] { LRepeat(x.get(), 2u, 0u, "", DEV_CPU, 0); }, "repeating the batch");
    expect_refusal([&] { LRepeat(x.get(), Repeats{1, 2}, 9u, "", DEV_CPU, 0); }, "repeating an axis that is not there");
    expect_refusal([&] { LTile(x.get(), {2, 1, 1, 1}, "", DEV_CPU, 0); }, "tiling the batch");
    expect_refusal([&] { LWhere(x.get(), nullptr, x.get(), "", DEV_CPU, 0); }, "a choice without a second layer");
    expect_refusal([&] { LBroadcast(x.get(), nullptr, "", DEV_CPU, 0); }, "a broadcast to nothing");
    expect_refusal([&] { LMatMul({x.get(), nullptr}, "", DEV_CPU, 0); }, "a product with nothing");
    expect_refusal([&] { LConstOfTensor(nullptr, "", DEV_CPU, 0); }, "a constant without a tensor");
    expect(x->child.empty(), "refused layers left traces");
}

}  // namespace

int main() {
    return outcome([] {
        check_all_shared();
        check_shared_products();
        check_sources();
        check_split();
        check_bypass();
        check_refusals();
    });
}
