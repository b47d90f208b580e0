// What a net says about itself: progress, losses, summary, drawing.
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
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

// What precedes the extension of a file name.
std::string stem(const std::string &name) {
    const std::size_t dot = name.rfind('.'), slash = name.rfind('/');
    return dot == std::string::npos || (slash != std::string::npos && dot < slash) ? name : name.substr(0, dot);
}

}  // namespace

void Net::print_loss(int b, int nb) {
    if (nb != -1) print_bar(b, nb);
    std::printf("%d ", b);
    FILE *log = trmode ? flog_tr : flog_ts;
    for (std::size_t i = 0; i < lout.size(); ++i) {
        const std::string output = (lout[i]->sorig != nullptr ? lout[i]->sorig : lout[i])->name;
        const float loss = per_sample(total_loss[i], inferenced_samples);
        const float metric = per_sample(total_metric[i], inferenced_samples);
        std::printf("%s[", output.c_str());
        if (i < losses.size()) std::printf("loss=%1.3f ", static_cast<double>(loss));
        if (i < metrics.size()) std::printf("metric=%1.3f", static_cast<double>(metric));
        std::printf("] ");
        if (log == nullptr) continue;
        std::fprintf(log, "%s ", output.c_str());
        if (i < losses.size())
            std::fprintf(log, "loss[%s]=%1.4f ", losses[i]->name.c_str(), static_cast<double>(loss));
        if (i < metrics.size() && metrics[i]->name != "none")
            std::fprintf(log, "metric[%s]=%1.4f ", metrics[i]->name.c_str(), static_cast<double>(metric));
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
    std::vector<float> values;
    for (std::size_t i = 0; i < losses.size(); ++i)
        values.push_back(per_sample(total_loss[i] + fiterr[2 * i], inferenced_samples));
    return values;
}

std::vector<float> Net::get_metrics() {
    require_built("get_metrics");
    std::vector<float> values;
    for (std::size_t i = 0; i < metrics.size(); ++i)
        values.push_back(per_sample(total_metric[i] + fiterr[2 * i + 1], inferenced_samples));
    return values;
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

void Net::plot(const std::string &fname, const std::string &rankdir) {
    // Graphviz is not run from here: the drawing is left as its source.
    const std::string source = stem(fname) + ".dot";
    std::ofstream out(source);
    if (!out) eddl::failed("plot", "cannot write to '", source, "'");
    out << "digraph Model {\nrankdir=" << rankdir << ";\n";
    for (Layer *l : layers) {
        const bool end = std::count(lin.begin(), lin.end(), l) + std::count(lout.begin(), lout.end(), l) > 0;
        out << l->plot(end ? 1 : 0) << '\n';
    }
    for (const Layer *l : layers)
        for (const Layer *c : l->child) out << l->name << "->" << c->name << '\n';
    out << "}\n";
    if (!out.flush()) eddl::failed("plot", "cannot write to '", source, "'");
    std::cerr << "Wrote " << source << "; draw it with: dot -T pdf -O " << source << std::endl;
}
