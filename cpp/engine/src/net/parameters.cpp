// Parameters of a net as files and as lists, and comparison of nets.
#include <cmath>
#include <fstream>
#include <iostream>
#include <memory>

#include "eddl/net/net.h"
#include "errors.h"
#include "layers/common.h"
#include "tensor/input_file.h"

namespace {

using Owned = std::unique_ptr<Tensor>;

// Reads a tensor a parameter, in layer order, and looks that they are what the layers expect.
std::vector<Owned> read_parameters(std::ifstream &file, const vlayer &layers, const std::string &format) {
    std::vector<Owned> loaded;
    for (Layer *l : layers)
        for (std::size_t i = 0; i < l->params.size(); ++i) {
            loaded.emplace_back(Tensor::loadfs(file, format));
            if (loaded.back() == nullptr || !file) throw std::runtime_error("the file ends too early");
            if (!eddl::fits_parameter(*l, i, *loaded.back()))
                throw std::runtime_error("layer '" + l->name + "' expects a parameter of shape " +
                                         eddl::to_text(l->params[i]->shape) + ", the file has " +
                                         eddl::to_text(loaded.back()->shape));
        }
    if (file.peek() != std::ifstream::traits_type::eof())
        throw std::runtime_error("the file holds more parameters than the net");
    return loaded;
}

// What differs between two nets, one line a layer where `verbose`.
class Comparison {
public:
    Comparison(const char *function, bool verbose, float atol, float rtol, bool equal_nan)
        : function_(function), verbose_(verbose), atol_(atol), rtol_(rtol), equal_nan_(equal_nan) {}

    void compare(const std::string &what, Tensor *a, Tensor *b) {
        const bool same = a->shape == b->shape && Tensor::equivalent(a, b, atol_, rtol_, equal_nan_, false);
        report(what, same);
    }

    void report(const std::string &what, bool same) {
        if (verbose_) std::cout << function_ << ": " << what << (same ? ": equal" : ": different") << '\n';
        equal_ = equal_ && same;
    }

    bool equal() const { return equal_; }

private:
    const char *function_;
    bool verbose_;
    float atol_;
    float rtol_;
    bool equal_nan_;
    bool equal_ = true;
};

std::string names(const Layer *a, const Layer *b) { return "'" + a->name + "' and '" + b->name + "'"; }

}  // namespace

void Net::save(const std::string &filename, const std::string &format) {
    std::ofstream file(filename, std::ios::binary);
    if (!file) eddl::failed("save", "cannot write to '", filename, "'");
    try {
        for (Layer *l : layers) l->save(file, format);
        if (!file.flush()) throw std::runtime_error("writing failed");
    } catch (const std::exception &error) {
        eddl::failed("save", "cannot write all of '", filename, "': ", error.what());
    }
}

void Net::load(const std::string &filename, const std::string &format) {
    std::ifstream file = eddl::open_to_read("load", filename);
    std::vector<Owned> loaded;
    try {
        loaded = read_parameters(file, layers, format);
    } catch (const std::exception &error) {
        eddl::failed("load", "'", filename, "' is not a file of this net: ", error.what());
    }
    // Nothing is touched before all of the file is known to fit.
    auto next = loaded.begin();
    for (Layer *l : layers)
        for (std::size_t i = 0; i < l->params.size(); ++i) eddl::set_parameter(*l, i, **next++);
}

std::vector<vtensor> Net::get_parameters(bool deepcopy) {
    std::vector<vtensor> parameters;
    for (const Layer *l : layers) {
        parameters.emplace_back();
        for (Tensor *p : l->params) parameters.back().push_back(deepcopy ? p->clone() : p);
    }
    return parameters;
}

void Net::set_parameters(const std::vector<vtensor> &new_params) {
    if (new_params.size() != layers.size())
        eddl::invalid("set_parameters", "net '", name, "' has ", layers.size(), " layers, received parameters of ",
                      new_params.size());
    for (std::size_t i = 0; i < layers.size(); ++i) {
        const vtensor &own = layers[i]->params, &given = new_params[i];
        if (given.size() != own.size())
            eddl::invalid("set_parameters", "layer '", layers[i]->name, "' has ", own.size(),
                          " parameter tensors, received ", given.size());
        for (std::size_t j = 0; j < own.size(); ++j)
            if (given[j] == nullptr || !eddl::fits_parameter(*layers[i], j, *given[j]))
                eddl::invalid("set_parameters", "parameter ", j, " of layer '", layers[i]->name, "' has shape ",
                              own[j]->shape, ", received ", given[j] ? given[j]->shape : std::vector<int>());
    }
    for (std::size_t i = 0; i < layers.size(); ++i)
        for (std::size_t j = 0; j < new_params[i].size(); ++j)
            if (new_params[i][j] != layers[i]->params[j]) eddl::set_parameter(*layers[i], j, *new_params[i][j]);
}

namespace {

void require_nets(const char *function, const Net *a, const Net *b) {
    if (a == nullptr || b == nullptr) eddl::invalid(function, "expected two nets, received none");
}

}  // namespace

bool Net::compare_outputs(Net *net1, Net *net2, bool verbose, float atol, float rtol, bool equal_nan) {
    require_nets("compare_outputs", net1, net2);
    Comparison comparison("compare_outputs", verbose, atol, rtol, equal_nan);
    if (net1->layers.size() != net2->layers.size()) comparison.report("number of layers", false);
    else
        for (std::size_t i = 0; i < net1->layers.size(); ++i) {
            const Layer *a = net1->layers[i], *b = net2->layers[i];
            comparison.compare(names(a, b), a->output, b->output);
        }
    return comparison.equal();
}

bool Net::compare_params(Net *net1, Net *net2, bool verbose, float atol, float rtol, bool equal_nan) {
    require_nets("compare_params", net1, net2);
    Comparison comparison("compare_params", verbose, atol, rtol, equal_nan);
    if (net1->layers.size() != net2->layers.size()) comparison.report("number of layers", false);
    else
        for (std::size_t i = 0; i < net1->layers.size(); ++i) {
            const Layer *a = net1->layers[i], *b = net2->layers[i];
            if (a->params.size() != b->params.size()) comparison.report(names(a, b), false);
            else
                for (std::size_t j = 0; j < a->params.size(); ++j)
                    comparison.compare(names(a, b) + ", parameter " + std::to_string(j), a->params[j], b->params[j]);
        }
    return comparison.equal();
}
