// What a net says about itself: progress, losses, summary.
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <iostream>
#include <sstream>

#include "eddl/net/net.h"
#include "errors.h"

namespace {

float per_sample(float total, int samples) { return samples > 0 ? total / static_cast<float>(samples) : 0.0f; }

void print_bar(int done, int all) {
    constexpr int WIDTH = 50;
    const int filled = all > 0 ? std::min(WIDTH, done * WIDTH / all) : WIDTH;
    const bool colored = isatty(STDOUT_FILENO) != 0;
    std::string bar = "[";
    if (colored) bar += "\033[0;32m";
    for (int i = 0; i < filled; ++i) bar += "█";
    if (colored) bar += "\033[0;31m";
    bar.append(static_cast<std::size_t>(WIDTH - filled), '-');
    if (colored) bar += "\033[0m";
    std::printf("%s] ", bar.c_str());
}

FILE *open_log(const std::string &name) {
    FILE *log = std::fopen(name.c_str(), "wt");
    if (log == nullptr) eddl::failed("setlogfile", "cannot write to '", name, "'");
    return log;
}

std::string sample_shape(const Tensor *t) {
    if (t == nullptr) return "()";
    std::string text;
    for (std::size_t i = t->shape.size() > 1 ? 1 : 0; i < t->shape.size(); ++i)
        text += (text.empty() ? "" : ", ") + std::to_string(t->shape[i]);
    return "(" + text + ")";
}

std::string padded(std::string text, std::size_t width) {
    if (text.size() < width) text.append(width - text.size(), ' ');
    return text;
}

}  // namespace

// Per sample, and per time step where the net is an unrolled one, for each `decsize` outputs that have a measure.
std::vector<float> Net::averages(const verr &totals, std::size_t measures, std::size_t offset) const {
    const auto steps = static_cast<std::size_t>(decsize);
    std::vector<float> values;
    for (std::size_t first = 0; first < measures; first += steps) {
        float total = 0.0f;
        for (std::size_t i = first; i < first + steps && i < measures; ++i) total += totals[i] + fiterr[2 * i + offset];
        values.push_back(per_sample(total, inferenced_samples * decsize));
    }
    return values;
}

void Net::print_loss(int b, int nb) {
    if (rnet != nullptr) {
        rnet->trmode = trmode;
        return rnet->print_loss(b, nb);
    }
    if (nb != -1) print_bar(b, nb);
    std::printf("%d ", b);
    FILE *log = trmode ? flog_tr : flog_ts;
    const std::vector<float> loss = get_losses(), metric = get_metrics();
    const auto steps = static_cast<std::size_t>(decsize);
    for (std::size_t i = 0; i * steps < lout.size(); ++i) {
        const Layer *l = lout[i * steps];
        const std::string output = (l->sorig != nullptr ? l->sorig : l)->name;
        std::printf("%s[", output.c_str());
        if (i < loss.size()) std::printf("loss=%1.3f ", static_cast<double>(loss[i]));
        if (i < metric.size()) std::printf("metric=%1.3f", static_cast<double>(metric[i]));
        std::printf("] ");
        if (log == nullptr) continue;
        std::fprintf(log, "%s ", output.c_str());
        if (i < loss.size())
            std::fprintf(log, "loss[%s]=%1.4f ", losses[i * steps]->name.c_str(), static_cast<double>(loss[i]));
        if (i < metric.size() && metrics[i * steps]->name != "none")
            std::fprintf(log, "metric[%s]=%1.4f ", metrics[i * steps]->name.c_str(), static_cast<double>(metric[i]));
        std::fprintf(log, " -- ");
    }
    std::fflush(stdout);
    if (log != nullptr) {
        std::fprintf(log, "\n");
        std::fflush(log);
    }
}

std::vector<float> Net::get_losses() {
    require_built("get_losses");
    return rnet != nullptr ? rnet->get_losses() : averages(total_loss, losses.size(), 0);
}

std::vector<float> Net::get_metrics() {
    require_built("get_metrics");
    return rnet != nullptr ? rnet->get_metrics() : averages(total_metric, metrics.size(), 1);
}

void Net::setlogfile(const std::string &fname) {
    FILE *training = open_log(fname + "_tr.log");
    FILE *testing = nullptr;
    try {
        testing = open_log(fname + "_ts.log");
    } catch (...) {
        std::fclose(training);
        throw;
    }
    if (has_to_close_flog_tr && flog_tr != nullptr) std::fclose(flog_tr);
    if (has_to_close_flog_ts && flog_ts != nullptr) std::fclose(flog_ts);
    flog_tr = training;
    flog_ts = testing;
    has_to_close_flog_tr = has_to_close_flog_ts = true;
}

std::string Net::summary(bool print_stdout) {
    const std::string rule(79, '-');
    std::size_t name_width = 0;
    for (const Layer *l : layers) name_width = std::max(name_width, l->name.size());

    std::ostringstream text;
    text << rule << '\n' << name << '\n' << rule << '\n';
    unsigned long trainable_total = 0, frozen_total = 0;
    for (Layer *l : layers) {
        const std::size_t trainable = l->trainable ? static_cast<std::size_t>(l->get_trainable_params_count()) : 0;
        unsigned long parameters = 0;
        for (std::size_t i = 0; i < l->params.size(); ++i) {
            parameters += l->params[i]->size;
            (i < trainable ? trainable_total : frozen_total) += l->params[i]->size;
        }
        text << padded(l->name, name_width) << "|  " << padded(sample_shape(l->input), 20) << "=>   "
             << padded(sample_shape(l->output), 20) << padded(std::to_string(parameters), 10) << '\n';
    }
    text << rule << "\nTotal params: " << trainable_total + frozen_total << "\nTrainable params: " << trainable_total
         << "\nNon-trainable params: " << frozen_total << '\n';
    if (print_stdout) std::cout << text.str() << std::endl;
    return text.str();
}
