// What is computed at import, from constants alone: shapes that exporters spell out node by node, weights that they
// turn.
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <functional>
#include <numeric>

#include "serialization/onnx/import/layout.h"
#include "serialization/onnx/import/operators.h"

namespace eddl::onnx_io {

namespace {

// Elements that one computed constant may have: as many floats as fit 1 GiB.
constexpr std::int64_t MAX_ELEMENTS = std::int64_t{1} << 28;

std::int64_t checked_size(const Node& node, const Ints& dims) { return count(dims, node.name, MAX_ELEMENTS); }

const Constant& argument(const Node& node, const Arguments& inputs, std::size_t i) {
    if (i >= inputs.size() || inputs[i] == nullptr) refuse(node, "input ", i, " is missing");
    return *inputs[i];
}

bool has(const Arguments& inputs, std::size_t i) { return i < inputs.size() && inputs[i] != nullptr; }

// From the attribute, or from the input of that place.
bool axes_of(const Node& node, const Arguments& inputs, std::size_t place, Ints& axes) {
    if (node.has("axes")) axes = node.integers("axes");
    else if (has(inputs, place)) axes = integers(node, inputs, place);
    else return false;
    return true;
}

// Of elements in a constant.
using Places = std::vector<std::uint32_t>;

// A constant of the same type with other elements: those at `from`.
Constant gathered(const Constant& source, Ints dims, const Places& from) {
    return std::visit(
        [&](const auto& values) {
            std::decay_t<decltype(values)> chosen;
            chosen.reserve(from.size());
            for (const std::size_t i : from) chosen.push_back(values.at(i));
            return Constant{std::move(dims), std::move(chosen)};
        },
        source.data);
}

Ints strides_of(const Ints& dims) {
    Ints strides(dims.size(), 1);
    for (std::size_t d = dims.size(); d-- > 1;) strides[d - 1] = strides[d] * dims[d];
    return strides;
}

// The places in a source, one for each element of a result of shape `dims`, that step by `strides` from `first` on.
Places places(const Node& node, const Ints& dims, const Ints& strides, std::int64_t first = 0) {
    const std::int64_t size = checked_size(node, dims);
    Places result;
    result.reserve(static_cast<std::size_t>(size));
    Ints index(dims.size(), 0);
    std::int64_t place = first;
    for (std::int64_t i = 0; i < size; ++i) {
        result.push_back(static_cast<std::uint32_t>(place));
        for (std::size_t d = dims.size(); d-- > 0;) {
            place += strides[d];
            if (++index[d] < dims[d]) break;
            place -= strides[d] * dims[d];
            index[d] = 0;
        }
    }
    return result;
}

Constant reshaped(const Node& node, const Constant& source, Ints dims) {
    if (checked_size(node, dims) != static_cast<std::int64_t>(source.size())) {
        refuse(node, "a constant of shape ", source.dims, " does not have shape ", dims);
    }
    Constant result = source;
    result.dims = std::move(dims);
    return result;
}

// ---- constants ----

Constant constant(const Node& node, const Arguments&) {
    if (const auto* value = find_attribute(*node.message, "value")) {
        if (!value->has_t()) refuse(node, "its value is not a tensor");
        return decode(value->t(), nullptr);
    }
    if (node.has("value_float")) return {{}, Floats{node.number("value_float", 0.0f)}};
    if (node.has("value_int")) return {{}, Ints{node.integer("value_int", 0)}};
    if (node.has("value_floats")) {
        const Floats values = get_floats(*node.message, "value_floats");
        return {{static_cast<std::int64_t>(values.size())}, values};
    }
    if (node.has("value_ints")) {
        const Ints values = node.integers("value_ints");
        return {{static_cast<std::int64_t>(values.size())}, values};
    }
    refuse(node, "it has no value that is covered");
}

// A constant that a graph makes for each sample or time step is the same for all.
Ints for_one(Ints dims) {
    for (std::int64_t& d : dims)
        if (d == BATCH || d == STEPS) d = 1;
    return dims;
}

Constant constant_of_shape(const Node& node, const Arguments& inputs) {
    const Ints dims = for_one(integers(node, inputs, 0));
    const auto size = static_cast<std::size_t>(checked_size(node, dims));
    const auto* value = find_attribute(*node.message, "value");
    if (value == nullptr) return {dims, Floats(size, 0.0f)};
    const Constant one = decode(value->t(), nullptr);
    if (one.size() != 1) refuse(node, "expected one number as value, received ", one.size());
    if (one.integral()) return {dims, Ints(size, std::get<Ints>(one.data)[0])};
    return {dims, Floats(size, one.floats()[0])};
}

Constant range_of(const Node& node, const Arguments& inputs) {
    const Constant &start = argument(node, inputs, 0), &limit = argument(node, inputs, 1),
                   &step = argument(node, inputs, 2);
    if (start.size() != 1 || limit.size() != 1 || step.size() != 1) refuse(node, "expected three numbers");
    const double first = start.floats()[0], last = limit.floats()[0], by = step.floats()[0];
    const double number = std::ceil((last - first) / by);
    if (!(number <= static_cast<double>(MAX_ELEMENTS))) refuse(node, "a range of ", number, " numbers is not covered");
    const auto size = static_cast<std::int64_t>(std::max(number, 0.0));
    if (start.integral() && step.integral()) {
        Ints values;
        std::int64_t value = integers(node, inputs, 0)[0];
        for (std::int64_t i = 0; i < size; ++i) {
            values.push_back(value);
            if (__builtin_add_overflow(value, integers(node, inputs, 2)[0], &value)) break;
        }
        return {{static_cast<std::int64_t>(values.size())}, values};
    }
    Floats values;
    for (std::int64_t i = 0; i < size; ++i) values.push_back(static_cast<float>(first + static_cast<double>(i) * by));
    return {{size}, values};
}

Constant same(const Node& node, const Arguments& inputs) { return argument(node, inputs, 0); }

Constant shape_of(const Node& node, const Arguments& inputs) {
    const Ints& dims = argument(node, inputs, 0).dims;
    const auto rank = static_cast<std::int64_t>(dims.size());
    return {{rank}, dims};
}

Constant size_of(const Node& node, const Arguments& inputs) {
    return {{}, Ints{static_cast<std::int64_t>(argument(node, inputs, 0).size())}};
}

Constant cast(const Node& node, const Arguments& inputs) {
    const Constant& x = argument(node, inputs, 0);
    const int to = as_int(node, "to", node.integer("to", 0), 0, 64);
    if (to == TensorProto::BOOL) {
        Ints values;
        for (const float v : x.floats()) values.push_back(v != 0.0f ? 1 : 0);
        return {x.dims, values};
    }
    if (!is_whole(to)) return {x.dims, x.floats()};
    if (x.integral()) return x;
    Ints values;
    for (const float v : x.floats()) {
        if (!(std::abs(v) < 9e18f)) refuse(node, v, " is no whole number");
        values.push_back(static_cast<std::int64_t>(v));
    }
    return {x.dims, values};
}

// ---- shapes ----

Constant reshape(const Node& node, const Arguments& inputs) {
    const Constant& x = argument(node, inputs, 0);
    Ints dims = node.opset < 5 ? node.integers("shape") : integers(node, inputs, 1);
    std::int64_t rest = 1;
    for (std::size_t i = 0; i < dims.size(); ++i) {
        if (dims[i] == 0 && !node.flag("allowzero", false) && i < x.dims.size()) dims[i] = x.dims[i];
        if (dims[i] != -1 && (dims[i] < 0 || __builtin_mul_overflow(rest, dims[i], &rest)))
            refuse(node, dims, " is no shape");
    }
    const auto open = std::find(dims.begin(), dims.end(), -1);
    if (open != dims.end() && rest > 0) *open = static_cast<std::int64_t>(x.size()) / rest;
    return reshaped(node, x, dims);
}

Constant flatten(const Node& node, const Arguments& inputs) {
    const Constant& x = argument(node, inputs, 0);
    const auto rank = static_cast<std::int64_t>(x.dims.size());
    const std::int64_t given = node.integer("axis", 1), axis = given < 0 ? given + rank : given;
    if (axis < 0 || axis > rank) refuse(node, "there is no axis ", given);
    const Ints front(x.dims.begin(), x.dims.begin() + axis), back(x.dims.begin() + axis, x.dims.end());
    return reshaped(node, x, {checked_size(node, front), checked_size(node, back)});
}

Constant squeeze(const Node& node, const Arguments& inputs) {
    const Constant& x = argument(node, inputs, 0);
    Ints axes, dims;
    const bool named = axes_of(node, inputs, 1, axes);
    std::vector<bool> gone(x.dims.size(), false);
    for (const std::int64_t a : axes) gone[as_axis(node, a, x.dims.size())] = true;
    for (std::size_t d = 0; d < x.dims.size(); ++d)
        if (named ? !gone[d] : x.dims[d] != 1) dims.push_back(x.dims[d]);
    return reshaped(node, x, dims);
}

Constant unsqueeze(const Node& node, const Arguments& inputs) {
    const Constant& x = argument(node, inputs, 0);
    Ints axes;
    if (!axes_of(node, inputs, 1, axes) || axes.size() > 8) refuse(node, "expected one to eight axes");
    const std::size_t rank = x.dims.size() + axes.size();
    for (std::int64_t& a : axes) a = static_cast<std::int64_t>(as_axis(node, a, rank));
    std::sort(axes.begin(), axes.end());
    Ints dims = x.dims;
    for (const std::int64_t a : axes) {
        if (a > static_cast<std::int64_t>(dims.size())) refuse(node, "axes ", axes, " repeat");
        dims.insert(dims.begin() + a, 1);
    }
    return reshaped(node, x, dims);
}

Constant transpose(const Node& node, const Arguments& inputs) {
    const Constant& x = argument(node, inputs, 0);
    Ints dims, strides;
    const Ints old = strides_of(x.dims);
    for (const std::int64_t a : read_order(node, x.dims.size())) {
        dims.push_back(x.dims[static_cast<std::size_t>(a)]);
        strides.push_back(old[static_cast<std::size_t>(a)]);
    }
    return gathered(x, dims, places(node, dims, strides));
}

// ---- broadcasting ----

Ints broadcast(const Node& node, Ints a, Ints b) {
    if (a.size() < b.size()) a.swap(b);
    b.insert(b.begin(), a.size() - b.size(), 1);
    for (std::size_t d = 0; d < a.size(); ++d) {
        if (a[d] != b[d] && a[d] != 1 && b[d] != 1)
            refuse(node, "shapes ", a, " and ", b, " cannot be broadcast to each other");
        if (a[d] == 1) a[d] = b[d];
    }
    return a;
}

Constant spread(const Node& node, const Constant& x, const Ints& dims) {
    if (x.dims == dims) return x;
    Ints strides = strides_of(x.dims);
    for (std::size_t d = 0; d < x.dims.size(); ++d)
        if (x.dims[d] == 1) strides[d] = 0;
    strides.insert(strides.begin(), dims.size() - x.dims.size(), 0);
    return gathered(x, dims, places(node, dims, strides));
}

Constant expand(const Node& node, const Arguments& inputs) {
    const Constant& x = argument(node, inputs, 0);
    return spread(node, x, broadcast(node, x.dims, for_one(integers(node, inputs, 1))));
}

Constant tile(const Node& node, const Arguments& inputs) {
    const Constant& x = argument(node, inputs, 0);
    const Ints& repeats = integers(node, inputs, 1);
    if (repeats.size() != x.dims.size()) refuse(node, "repeats ", repeats, " do not fit shape ", x.dims);
    // Axis by axis as two: which repetition, which element.
    Ints dims, steps, result = x.dims;
    const Ints strides = strides_of(x.dims);
    for (std::size_t d = 0; d < repeats.size(); ++d) {
        dims.insert(dims.end(), {repeats[d], x.dims[d]});
        steps.insert(steps.end(), {0, strides[d]});
        if (repeats[d] < 0 || __builtin_mul_overflow(result[d], repeats[d], &result[d]))
            refuse(node, "repeats are ", repeats);
    }
    return gathered(x, result, places(node, dims, steps));
}

using FloatFunction = float (*)(float, float);
using IntFunction = bool (*)(std::int64_t, std::int64_t, std::int64_t*);  // true: it does not fit

template <IntFunction of_integers, FloatFunction of_floats>
Constant binary(const Node& node, const Arguments& inputs) {
    const Constant &a = argument(node, inputs, 0), &b = argument(node, inputs, 1);
    const Ints dims = broadcast(node, a.dims, b.dims);
    const Constant left = spread(node, a, dims), right = spread(node, b, dims);
    if (left.integral() && right.integral()) {
        Ints values = std::get<Ints>(left.data);
        for (std::size_t i = 0; i < values.size(); ++i) {
            const std::int64_t other = std::get<Ints>(right.data)[i];
            if (of_integers(values[i], other, &values[i]))
                refuse(node, "its result on ", values[i], " and ", other, " is no 64-bit integer");
        }
        return {dims, values};
    }
    Floats values = left.floats();
    const Floats others = right.floats();
    std::transform(values.begin(), values.end(), others.begin(), values.begin(), of_floats);
    return {dims, values};
}

bool add_int(std::int64_t a, std::int64_t b, std::int64_t* r) { return __builtin_add_overflow(a, b, r); }
bool sub_int(std::int64_t a, std::int64_t b, std::int64_t* r) { return __builtin_sub_overflow(a, b, r); }
bool mul_int(std::int64_t a, std::int64_t b, std::int64_t* r) { return __builtin_mul_overflow(a, b, r); }
bool div_int(std::int64_t a, std::int64_t b, std::int64_t* r) {
    if (b == 0 || (a == INT64_MIN && b == -1)) return true;
    *r = a / b;
    return false;
}
bool mod_int(std::int64_t a, std::int64_t b, std::int64_t* r) {
    if (b == 0 || b == -1) return b == 0 || (*r = 0) != 0;
    *r = a % b;
    if (*r != 0 && (*r < 0) != (b < 0)) *r += b;
    return false;
}
bool pow_int(std::int64_t a, std::int64_t b, std::int64_t* r) {
    const double value = std::pow(static_cast<double>(a), static_cast<double>(b));
    if (!(std::abs(value) < 9e18)) return true;
    *r = static_cast<std::int64_t>(value);
    return false;
}

#define INT_AND_FLOAT(name, expression)                                                    \
    bool name##_int(std::int64_t a, std::int64_t b, std::int64_t* r) {                     \
        *r = expression;                                                                   \
        return false;                                                                      \
    }                                                                                      \
    float name##_float(float a, float b) { return static_cast<float>(expression); }
INT_AND_FLOAT(max, std::max(a, b))
INT_AND_FLOAT(min, std::min(a, b))
INT_AND_FLOAT(equal, a == b)
INT_AND_FLOAT(less, a < b)
INT_AND_FLOAT(less_or_equal, a <= b)
INT_AND_FLOAT(greater, a > b)
INT_AND_FLOAT(greater_or_equal, a >= b)
INT_AND_FLOAT(both, a != 0 && b != 0)
INT_AND_FLOAT(either, a != 0 || b != 0)
#undef INT_AND_FLOAT
float add_float(float a, float b) { return a + b; }
float sub_float(float a, float b) { return a - b; }
float mul_float(float a, float b) { return a * b; }
float div_float(float a, float b) { return a / b; }
float mod_float(float a, float b) { return std::fmod(a, b); }
float pow_float(float a, float b) { return std::pow(a, b); }

// Comparisons are of whole numbers whatever they compare.
template <IntFunction of_integers, FloatFunction of_floats>
Constant comparison(const Node& node, const Arguments& inputs) {
    const Constant result = binary<of_integers, of_floats>(node, inputs);
    if (result.integral()) return result;
    const Floats values = result.floats();
    return {result.dims, Ints(values.begin(), values.end())};
}

Constant where(const Node& node, const Arguments& inputs) {
    const Constant &condition = argument(node, inputs, 0), &a = argument(node, inputs, 1),
                   &b = argument(node, inputs, 2);
    const Ints dims = broadcast(node, broadcast(node, condition.dims, a.dims), b.dims);
    const Floats chooses = spread(node, condition, dims).floats();
    const Constant yes = spread(node, a, dims), no = spread(node, b, dims);
    const auto choose = [&](auto result, const auto& other) {
        for (std::size_t i = 0; i < result.size(); ++i)
            if (chooses[i] == 0.0f) result[i] = other[i];
        return Constant{dims, result};
    };
    if (yes.integral() && no.integral()) return choose(std::get<Ints>(yes.data), std::get<Ints>(no.data));
    return choose(yes.floats(), no.floats());
}

// ---- element by element ----

template <float (*function)(float)>
Constant unary(const Node& node, const Arguments& inputs) {
    Floats values = argument(node, inputs, 0).floats();
    std::transform(values.begin(), values.end(), values.begin(), function);
    return {inputs[0]->dims, std::move(values)};
}

float square_root(float x) { return std::sqrt(x); }
float exponential(float x) { return std::exp(x); }
float logarithm(float x) { return std::log(x); }
float reciprocal(float x) { return 1.0f / x; }
float floor_of(float x) { return std::floor(x); }
float ceiling(float x) { return std::ceil(x); }
float rounded(float x) { return std::nearbyint(x); }

Constant opposite(const Node& node, const Arguments& inputs) {
    Ints values;
    for (const float v : argument(node, inputs, 0).floats()) values.push_back(v == 0.0f ? 1 : 0);
    return {inputs[0]->dims, std::move(values)};
}

template <bool absolute>
Constant sign_changed(const Node& node, const Arguments& inputs) {
    Constant result = argument(node, inputs, 0);
    const auto change = [](auto v) { return absolute && v >= 0 ? v : -v; };
    if (result.integral()) {
        for (std::int64_t& v : std::get<Ints>(result.data)) {
            if (v == INT64_MIN) refuse(node, v, " has no opposite");
            v = change(v);
        }
    } else {
        for (float& v : std::get<Floats>(result.data)) v = change(v);
    }
    return result;
}

// ---- parts ----

Constant concat(const Node& node, const Arguments& inputs) {
    const Constant& first = argument(node, inputs, 0);
    const std::size_t axis = as_axis(node, node.integer("axis", 1), first.dims.size());
    Ints dims = first.dims;
    dims[axis] = 0;
    bool integral = true;
    std::int64_t rows = 1;
    for (std::size_t d = 0; d < axis; ++d) rows *= dims[d];
    for (std::size_t i = 0; i < inputs.size(); ++i) {
        Ints other = argument(node, inputs, i).dims;
        if (other.size() != dims.size()) refuse(node, "shapes ", first.dims, " and ", other, " do not fit");
        dims[axis] += other[axis];
        other[axis] = dims[axis];
        if (other != dims) refuse(node, "shapes ", first.dims, " and ", argument(node, inputs, i).dims, " do not fit");
        integral = integral && inputs[i]->integral();
    }
    const auto join = [&](const auto& parts) {
        typename std::decay_t<decltype(parts)>::value_type values;
        for (std::int64_t row = 0; row < rows; ++row)
            for (const auto& part : parts) {
                const auto length = static_cast<std::ptrdiff_t>(part.size()) / rows;
                values.insert(values.end(), part.begin() + row * length, part.begin() + (row + 1) * length);
            }
        return Constant{dims, std::move(values)};
    };
    std::vector<Ints> whole;
    std::vector<Floats> real;
    for (const Constant* input : inputs) {
        if (integral) whole.push_back(std::get<Ints>(input->data));
        else real.push_back(input->floats());
    }
    return integral ? join(whole) : join(real);
}

Constant gather(const Node& node, const Arguments& inputs) {
    const Constant& x = argument(node, inputs, 0);
    const Constant& chosen = argument(node, inputs, 1);
    const std::size_t axis = as_axis(node, node.integer("axis", 0), x.dims.size());
    const auto at = static_cast<std::ptrdiff_t>(axis);
    Ints dims(x.dims.begin(), x.dims.begin() + at);
    dims.insert(dims.end(), chosen.dims.begin(), chosen.dims.end());
    dims.insert(dims.end(), x.dims.begin() + at + 1, x.dims.end());
    const std::int64_t size = checked_size(node, dims);
    const std::int64_t inner = checked_size(node, Ints(x.dims.begin() + at + 1, x.dims.end()));
    const std::int64_t outer = checked_size(node, Ints(x.dims.begin(), x.dims.begin() + at));
    Places from;
    from.reserve(static_cast<std::size_t>(size));
    for (std::int64_t o = 0; o < outer; ++o)
        for (const std::int64_t index : integers(node, inputs, 1)) {
            const auto i = static_cast<std::int64_t>(as_axis(node, index, static_cast<std::size_t>(x.dims[axis])));
            for (std::int64_t k = 0; k < inner; ++k)
                from.push_back(static_cast<std::uint32_t>((o * x.dims[axis] + i) * inner + k));
        }
    return gathered(x, dims, from);
}

Constant slice(const Node& node, const Arguments& inputs) {
    const Constant& x = argument(node, inputs, 0);
    Ints dims = x.dims, strides = strides_of(x.dims);
    std::int64_t first = 0;
    for (const SlicedAxis& s : read_slices(node, inputs, x.dims)) {
        dims[s.axis] = s.number;
        first += s.start * strides[s.axis];
        strides[s.axis] *= s.step;
    }
    return gathered(x, dims, places(node, dims, strides, first));
}

// ---- reductions ----

template <IntFunction of_integers, FloatFunction of_floats>
Constant reduce(const Node& node, const Arguments& inputs) {
    const Constant& x = argument(node, inputs, 0);
    Ints axes;
    if (!axes_of(node, inputs, 1, axes) || axes.empty()) {
        if (node.flag("noop_with_empty_axes", false)) return x;
        axes.resize(x.dims.size());
        std::iota(axes.begin(), axes.end(), 0);
    }
    std::vector<bool> gone(x.dims.size(), false);
    for (const std::int64_t a : axes) gone[as_axis(node, a, x.dims.size())] = true;
    Ints kept, dims, inner, strides, inner_strides;
    const Ints all = strides_of(x.dims);
    for (std::size_t d = 0; d < x.dims.size(); ++d) {
        (gone[d] ? inner : kept).push_back(x.dims[d]);
        (gone[d] ? inner_strides : strides).push_back(all[d]);
        if (!gone[d]) dims.push_back(x.dims[d]);
        else if (node.flag("keepdims", true)) dims.push_back(1);
    }
    const auto outer_places = places(node, kept, strides), inner_places = places(node, inner, inner_strides);
    if (inner_places.empty()) refuse(node, "there is nothing to reduce in shape ", x.dims);
    const auto fold = [&](const auto& values, auto add) {
        std::decay_t<decltype(values)> result;
        for (const std::size_t o : outer_places) {
            auto total = values[o + inner_places[0]];
            for (std::size_t i = 1; i < inner_places.size(); ++i) total = add(total, values[o + inner_places[i]]);
            result.push_back(total);
        }
        return Constant{dims, std::move(result)};
    };
    if (!x.integral()) return fold(std::get<Floats>(x.data), of_floats);
    return fold(std::get<Ints>(x.data), [&](std::int64_t a, std::int64_t b) {
        if (of_integers(a, b, &a)) refuse(node, "its result is no 64-bit integer");
        return a;
    });
}

}  // namespace

std::vector<Folding> folding_operators() {
    return {{"Constant", constant}, {"ConstantOfShape", constant_of_shape}, {"Range", range_of}, {"Identity", same},
            {"Dropout", same}, {"Shape", shape_of}, {"Size", size_of}, {"Cast", cast}, {"Reshape", reshape},
            {"Flatten", flatten}, {"Squeeze", squeeze}, {"Unsqueeze", unsqueeze}, {"Transpose", transpose},
            {"Expand", expand}, {"Tile", tile}, {"Concat", concat}, {"Gather", gather}, {"Slice", slice},
            {"Where", where}, {"Add", binary<add_int, add_float>}, {"Sub", binary<sub_int, sub_float>},
            {"Mul", binary<mul_int, mul_float>}, {"Div", binary<div_int, div_float>},
            {"Mod", binary<mod_int, mod_float>}, {"Pow", binary<pow_int, pow_float>},
            {"Max", binary<max_int, max_float>}, {"Min", binary<min_int, min_float>},
            {"Equal", comparison<equal_int, equal_float>}, {"Less", comparison<less_int, less_float>},
            {"LessOrEqual", comparison<less_or_equal_int, less_or_equal_float>},
            {"Greater", comparison<greater_int, greater_float>},
            {"GreaterOrEqual", comparison<greater_or_equal_int, greater_or_equal_float>},
            {"And", comparison<both_int, both_float>}, {"Or", comparison<either_int, either_float>},
            {"Not", opposite}, {"Neg", sign_changed<false>}, {"Abs", sign_changed<true>}, {"Sqrt", unary<square_root>},
            {"Exp", unary<exponential>}, {"Log", unary<logarithm>}, {"Reciprocal", unary<reciprocal>},
            {"Floor", unary<floor_of>}, {"Ceil", unary<ceiling>}, {"Round", unary<rounded>},
            {"ReduceSum", reduce<add_int, add_float>}, {"ReduceProd", reduce<mul_int, mul_float>},
            {"ReduceMax", reduce<max_int, max_float>}, {"ReduceMin", reduce<min_int, min_float>}};
}

}  // namespace eddl::onnx_io
