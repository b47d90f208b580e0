#include "eddl_prune/adapter/training_state.h"

#include <cmath>
#include <sstream>
#include <stdexcept>

#include "eddl_prune/adapter/net_view.h"
#include "eddl_prune/adapter/optimizer_state.h"

#if defined(EDDL_EMBEDDED_ENGINE)
#include "eddl/random.h"
#endif

namespace eddl_prune::adapter {

std::optional<float> learning_rate(Net* net) {
    const float* rate = OptimizerState(NetView(net, "learning_rate").optimizer()).learning_rate();
    return rate == nullptr ? std::nullopt : std::optional<float>(*rate);
}

void set_learning_rate(Net* net, double rate) {
    float* current = OptimizerState(NetView(net, "set_learning_rate").optimizer()).learning_rate();
    if (current == nullptr) throw std::invalid_argument("set_learning_rate: the net's optimizer has no learning rate");
    const auto narrow = static_cast<float>(rate);
    if (!(rate >= 0.0) || !std::isfinite(narrow)) {
        std::ostringstream text;
        text << "set_learning_rate: rate = " << rate << "; allowed: a finite number >= 0";
        throw std::invalid_argument(text.str());
    }
    *current = narrow;
}

#if defined(EDDL_EMBEDDED_ENGINE)
std::optional<std::uint64_t> random_state() { return eddl::random_state(); }
void set_random_state(std::uint64_t state) { eddl::seed_random(state); }
#else
std::optional<std::uint64_t> random_state() { return std::nullopt; }
void set_random_state(std::uint64_t) {}
#endif

}  // namespace eddl_prune::adapter
