#include "carriers.h"

#include <algorithm>
#include <cstdint>

#include "eddl_prune/graph/connections.h"

namespace eddl_prune::graph {

namespace {

using Offer = CarrierDemand::Offer;

// A much smaller constant than the largest would amplify rounding.
constexpr float largest_factor = 16.0f;

// What speaks for a unit: how many demands it would serve, and how well.
struct Merit {
    std::size_t served = 0;
    double fitness = 0.0;  // sum of the constants, each relative to the largest of its demand
    bool is_read = false;
};

class Choice {
public:
    // Units are numbered anew, those that are offered, in their order.
    Choice(const std::vector<CarrierDemand>& demands, const std::function<std::size_t(std::size_t)>& cost_of)
        : demands_(demands) {
        std::vector<std::size_t> units;
        for (const CarrierDemand& demand : demands_)
            for (const Offer& offer : demand.offers) units.push_back(offer.unit);
        std::sort(units.begin(), units.end());
        units.erase(std::unique(units.begin(), units.end()), units.end());
        for (const std::size_t unit : units) costs_.push_back(cost_of(unit));
        for (const std::size_t cost : costs_) stays_.push_back(cost == 0);
        merits_.resize(units.size());
        for (CarrierDemand& demand : demands_)
            for (Offer& offer : demand.offers) {
                const auto place = std::lower_bound(units.begin(), units.end(), offer.unit);
                offer.unit = static_cast<std::size_t>(place - units.begin());
            }
    }

    std::vector<std::size_t> make() {
        serve_all();
        drop_superfluous();
        std::vector<std::size_t> carriers;
        for (const CarrierDemand& demand : demands_) carriers.push_back(best_of(demand)->channel);
        return carriers;
    }

private:
    static float largest_read(const CarrierDemand& demand) {
        float largest = 0.0f;
        for (const Offer& offer : demand.offers)
            if (offer.is_read) largest = std::max(largest, offer.size);
        return largest;
    }

    static bool fits(const Offer& offer, float largest) { return offer.size * largest_factor >= largest; }

    // The largest offer of those that stay; nullptr without any.
    const Offer* best_of(const CarrierDemand& demand) const {
        const Offer* best = nullptr;
        for (const Offer& offer : demand.offers)
            if (stays_[offer.unit] != 0 && (best == nullptr || offer.size > best->size)) best = &offer;
        return best;
    }

    void choose(std::size_t unit) {
        stays_[unit] = 1;
        chosen_.push_back(unit);
    }

    // Where there is only one offer it is taken; then again and again the unit that serves most for its cost.
    void serve_all() {
        std::vector<const CarrierDemand*> open;
        const auto close = [&] {
            const auto served = [this](const CarrierDemand* demand) { return is_served(*demand); };
            open.erase(std::remove_if(open.begin(), open.end(), served), open.end());
        };
        for (const CarrierDemand& demand : demands_) open.push_back(&demand);
        close();
        for (const CarrierDemand* demand : open)
            if (const std::size_t unit = demand->offers.front().unit; demand->offers.size() == 1 && stays_[unit] == 0)
                choose(unit);
        close();
        while (!open.empty()) {
            choose(best_unit(open));
            close();
        }
    }

    bool is_served(const CarrierDemand& demand) const {
        const Offer* best = best_of(demand);
        return best != nullptr && fits(*best, largest_read(demand));
    }

    std::size_t best_unit(const std::vector<const CarrierDemand*>& open) {
        std::vector<std::size_t> units;
        for (const CarrierDemand* demand : open) {
            const float largest = largest_read(*demand);
            for (const Offer& offer : demand->offers) {
                if (!fits(offer, largest)) continue;
                Merit& merit = merits_[offer.unit];
                if (merit.served++ == 0) units.push_back(offer.unit);
                merit.fitness += std::min(1.0, static_cast<double>(offer.size) / static_cast<double>(largest));
                merit.is_read = merit.is_read || offer.is_read;
            }
        }
        const std::size_t best =
            *std::min_element(units.begin(), units.end(), [this](auto a, auto b) { return is_better(a, b); });
        for (const std::size_t unit : units) merits_[unit] = {};
        return best;
    }

    bool is_better(std::size_t a, std::size_t b) const {
        const Merit &of_a = merits_[a], &of_b = merits_[b];
        if (of_a.is_read != of_b.is_read) return of_a.is_read;
        const std::size_t for_a = of_a.served * costs_[b], for_b = of_b.served * costs_[a];
        if (for_a != for_b) return for_a > for_b;
        return of_a.fitness != of_b.fitness ? of_a.fitness > of_b.fitness : a < b;
    }

    // When the others have gone, the largest constant is the carrier itself, and one that was too small may do.
    void drop_superfluous() {
        for (bool dropped = true; dropped;) {
            dropped = false;
            for (std::size_t k = chosen_.size(); k-- > 0;) {
                if (!is_superfluous(chosen_[k])) continue;
                stays_[chosen_[k]] = 0;
                chosen_.erase(chosen_.begin() + static_cast<std::ptrdiff_t>(k));
                dropped = true;
            }
        }
    }

    bool is_superfluous(std::size_t unit) {
        return std::all_of(demands_.begin(), demands_.end(), [&](const CarrierDemand& demand) {
            const Offer* const with = best_of(demand);
            stays_[unit] = 0;
            const Offer* const without = best_of(demand);
            stays_[unit] = 1;
            return without != nullptr && fits(*without, with->size);
        });
    }

    std::vector<CarrierDemand> demands_;
    std::vector<std::size_t> costs_;   // [unit]
    Flags stays_;                      // [unit]
    std::vector<std::size_t> chosen_;  // units
    std::vector<Merit> merits_;        // [unit], kept for its memory
};

}  // namespace

std::vector<std::size_t> choose_carriers(const std::vector<CarrierDemand>& demands,
                                         const std::function<std::size_t(std::size_t)>& cost_of) {
    return Choice(demands, cost_of).make();
}

}  // namespace eddl_prune::graph
