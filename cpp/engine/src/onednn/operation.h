// One oneDNN primitive with the tensors it reads and writes. Tensors outside are plain (nchw, oihw, nc); where the
// primitive wants another layout, the operation brings them there and back through scratch memory that all operations
// of a thread share. Primitives are made once per key (shapes, thread count) and no data pointer is kept between runs.
#pragma once

#include <dnnl.hpp>
#include <omp.h>

#include <cstddef>
#include <initializer_list>
#include <optional>
#include <unordered_map>
#include <vector>

#include "onednn/transposition.h"

namespace eddl::onednn {

using Desc = dnnl::memory::desc;
using Dims = dnnl::memory::dims;
using Tag = dnnl::memory::format_tag;

const dnnl::engine& engine();

Desc plain(const Dims& dims);                 // row-major float32
Desc channels_last(const Dims& dims);         // float32, axis 1 innermost
Desc any_layout(const Dims& dims);            // float32, the primitive chooses
Desc with_layout(const Dims& dims, Tag tag);  // float32

enum class Write { overwrite, accumulate };

class Operation {
public:
    Operation() = default;
    explicit Operation(const dnnl::primitive& primitive) : primitive_(primitive) {}

    // The primitive reads `wanted`, the caller has `outside`.
    Operation& reads(int argument, const Desc& outside, const Desc& wanted);
    // The primitive writes `made`; accumulate adds it to what the caller has.
    Operation& writes(int argument, const Desc& outside, const Desc& made, Write how = Write::overwrite);
    // Memory that outlives the run and has the primitive's own layout, such as a workspace.
    Operation& keeps(int argument, const dnnl::memory& memory);

    struct Binding {
        int argument;
        const float* data;  // written to where the argument is an output
    };
    // Every argument declared by reads() and writes() must be bound.
    void run(std::initializer_list<Binding> bindings);

private:
    struct Port {
        int argument;
        bool input;
        bool staged;            // the primitive sees scratch memory, from this offset on
        std::size_t offset;
        bool add;               // to what the caller has
        dnnl::memory outside;
        dnnl::memory inside;    // outside itself unless staged
        // The change of layout, if any. oneDNN's reorder takes up to five times as long as the transposition where the
        // rows are a power of two long.
        std::optional<dnnl::reorder> reorder;
        std::optional<Transposition> transposition;

        void bring_in();
        void bring_out();
    };

    void add_port(int argument, const Desc& outside, const Desc& inside, bool input, bool accumulate);

    dnnl::primitive primitive_;
    std::vector<Port> ports_;
    std::size_t scratch_bytes_ = 0;
    std::unordered_map<int, dnnl::memory> arguments_;
};

// A value made from a key and made anew when the key or the number of threads changes.
template <typename Key, typename Value>
class Cached {
public:
    template <typename Make>
    Value& get(const Key& key, Make make) {
        const int threads = omp_get_max_threads();
        if (!value_ || !(key == *key_) || threads != threads_) {
            value_.reset();
            value_.emplace(make(key));
            key_ = key;
            threads_ = threads;
        }
        return *value_;
    }

private:
    std::optional<Key> key_;
    std::optional<Value> value_;
    int threads_ = 0;
};

}  // namespace eddl::onednn
