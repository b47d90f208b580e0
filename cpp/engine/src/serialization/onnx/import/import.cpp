#include "serialization/onnx/import/import.h"

#include <google/protobuf/arena.h>

#include "serialization/onnx/import/translation.h"

namespace eddl::onnx_io {

namespace {

// An empty message takes two bytes in a file and a hundred times as many in memory, so that a small file could fill it.
// All messages lie in one arena, whose blocks must not add up to more than this; only the contents of strings, tensors'
// raw data among them, lie elsewhere, and take what they take in the file. Models stay far below: a node takes some
// hundred bytes for its dozens, numbers outside of raw data eight for one or more.
constexpr std::size_t LEAST_MEMORY = std::size_t{64} << 20;
constexpr std::size_t MEMORY_PER_BYTE = 16;

// An arena hands no context to the function that takes blocks: parsing is done by one thread at a time.
thread_local std::size_t bytes_left = 0;

void *take_block(std::size_t size) {
    if (size > bytes_left) reject("the model's messages take too much memory for a file of its size");
    bytes_left -= size;
    return ::operator new(size);
}

void give_block(void *block, std::size_t) { ::operator delete(block); }

google::protobuf::ArenaOptions limited_to(std::size_t bytes) {
    bytes_left = bytes;
    google::protobuf::ArenaOptions options;
    options.max_block_size = std::size_t{1} << 20;
    options.block_alloc = take_block;
    options.block_dealloc = give_block;
    return options;
}

}  // namespace

std::unique_ptr<Net> read_net(const std::string& bytes, const ImportSettings& settings) {
    try {
        google::protobuf::Arena arena(limited_to(LEAST_MEMORY + MEMORY_PER_BYTE * bytes.size()));
        ModelProto& model = *google::protobuf::Arena::CreateMessage<ModelProto>(&arena);
        if (bytes.size() > INT32_MAX || !model.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
            reject("expected an ONNX model, received ", bytes.size(), " bytes that are none or not all of one");
        }
        const Graph graph = read_graph(model);
        return Translation(graph, settings).run();
    } catch (const ImportError&) {
        throw;
    } catch (const std::bad_alloc&) {
        reject("there is not enough memory for the model");
    } catch (const std::exception& error) {
        reject(error.what());
    }
}

}  // namespace eddl::onnx_io
