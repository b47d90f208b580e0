// A net as a drawing, by graphviz.
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iostream>
#include <sstream>

#include "eddl/net/net.h"
#include "errors.h"
#include "layers/common.h"

namespace {

bool contains(const vlayer &layers, const Layer *l) {
    return std::find(layers.begin(), layers.end(), l) != layers.end();
}

// In graphviz' language.
std::string drawing(const Net &net, const std::string &rankdir) {
    std::ostringstream text;
    text << "digraph Model {\nrankdir=" << rankdir << ";\n";
    for (Layer *l : net.layers) {
        const std::string node = l->plot(contains(net.lin, l) || contains(net.lout, l) ? 1 : 0);
        text << (node.empty() ? eddl::graph_id(l->name) : node) << '\n';
    }
    for (const Layer *l : net.layers) {
        if (l->isrecurrent) text << eddl::graph_id(l->name) << "->" << eddl::graph_id(l->name) << '\n';
        for (const Layer *c : l->child) {
            if (contains(net.layers, c)) text << eddl::graph_id(l->name) << "->" << eddl::graph_id(c->name) << '\n';
        }
    }
    text << "}\n";
    return text.str();
}

void write_file(const std::string &name, const std::string &text) {
    std::ofstream file(name);
    if (!file || !(file << text).flush()) eddl::failed("plot", "cannot write to '", name, "'");
}

// What precedes the extension of a file name.
std::string stem(const std::string &name) { return name.substr(0, name.rfind('.')); }

// The letters behind the last dot of the file's own name, or "".
std::string format_of(const std::string &name) {
    const std::size_t dot = name.rfind('.'), slash = name.rfind('/');
    return dot == std::string::npos || (slash != std::string::npos && dot < slash) ? "" : name.substr(dot + 1);
}

// Why dot did not draw, or "" if it did. No shell comes between: names may be anything.
std::string draw(const std::string &source, const std::string &format, const std::string &picture) {
    std::string arguments[] = {"dot", "-T" + format, "-o", picture, source};
    char *argv[6] = {};
    for (std::size_t i = 0; i < 5; ++i) argv[i] = arguments[i].data();
    pid_t child = 0;
    const int error = posix_spawnp(&child, "dot", nullptr, nullptr, argv, environ);
    if (error == ENOENT) return "graphviz, whose program 'dot' draws, is not installed";
    if (error != 0) return std::string("graphviz' program 'dot' does not start: ") + std::strerror(error);
    int status = 0;
    while (waitpid(child, &status, 0) < 0) {
        if (errno != EINTR) return std::string("graphviz' program 'dot' was lost: ") + std::strerror(errno);
    }
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return "";
    return "graphviz' program 'dot' failed";
}

}  // namespace

void Net::plot(const std::string &fname, const std::string &rankdir) {
    constexpr const char *DIRECTIONS[] = {"LR", "TB", "RL", "BT"};
    if (std::count(std::begin(DIRECTIONS), std::end(DIRECTIONS), rankdir) == 0) {
        eddl::invalid("plot", "direction '", rankdir, "'; expected LR, TB, RL or BT");
    }
    const std::string format = format_of(fname);
    if (format.empty()) eddl::invalid("plot", "the file name '", fname, "' has no extension, such as .pdf or .dot");
    const std::string text = drawing(*this, rankdir);
    if (format == "dot" || format == "gv") return write_file(fname, text);

    const std::string source = stem(fname) + ".dot";
    write_file(source, text);
    const std::string failure = draw(source, format, fname);
    if (failure.empty()) {
        std::remove(source.c_str());
    } else {
        std::cerr << "plot: " << failure << "; the drawing is in '" << source << "', for: dot -T" << format << " -o '"
                  << fname << "' '" << source << "'" << std::endl;
    }
}
