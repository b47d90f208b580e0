// Loops over whole data sets.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <numeric>

#include "eddl/net/net.h"
#include "eddl/random.h"
#include "errors.h"
#include "net/samples.h"

namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
    return std::chrono::duration<double>(Clock::now() - start).count();
}

}  // namespace

void Net::fit(vtensor tin, vtensor tout, int batch, int epochs) {
    require_built("fit");
    const int samples = prepare("fit", tin, tout);
    if (batch < 1 || batch > samples)
        eddl::invalid("fit", "expected a batch size from 1 to the number of samples, ", samples, ", received ", batch);
    if (epochs < 0) eddl::invalid("fit", "expected a number of epochs of at least 0, received ", epochs);
    resize(batch);

    const int batches = samples / batch;
    vind chosen(static_cast<std::size_t>(batch));
    std::printf("%d epochs of %d batches of size %d\n", epochs, batches, batch);
    for (int epoch = 1; epoch <= epochs; ++epoch) {
        std::printf("Epoch %d\n", epoch);
        const Clock::time_point start = Clock::now();
        reset_loss();
        for (int b = 1; b <= batches; ++b) {
            for (int &i : chosen) i = static_cast<int>(eddl::random_bits() % static_cast<std::uint64_t>(samples));
            ++tr_batches;
            train_batch(tin, tout, chosen);
            print_loss(b, batches);
            std::printf("%1.4f secs/batch\r", seconds_since(start) / b);
            std::fflush(stdout);
        }
        std::printf("\n%1.4f secs/epoch\n", seconds_since(start));
        std::fflush(stdout);
    }
}

void Net::evaluate(vtensor tin, vtensor tout, int bs) {
    require_built("evaluate");
    const int samples = prepare("evaluate", tin, tout);
    if (samples < 1) eddl::invalid("evaluate", "expected at least one sample, received none");
    constexpr int DEFAULT_BATCH = 10;
    const int batch = bs != -1 ? bs : (isresized ? batch_size : DEFAULT_BATCH);
    if (batch < 1) eddl::invalid("evaluate", "expected a batch size above 0, or -1, received ", bs);

    // The last batch takes what is left, so that every sample counts.
    const int batches = (samples - 1) / batch + 1;
    std::printf("Evaluate with batch size %d\n", batch);
    reset_loss();
    for (int b = 0; b < batches; ++b) {
        const int first = b * batch;
        vind chosen(static_cast<std::size_t>(std::min(batch, samples - first)));
        std::iota(chosen.begin(), chosen.end(), first);
        train_batch(tin, tout, chosen, 1);
        print_loss(b + 1, batches);
        std::printf("\r");
        std::fflush(stdout);
    }
    std::printf("\n");
    std::fflush(stdout);
    resize(batch);
}
