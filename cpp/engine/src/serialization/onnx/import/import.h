// Reading nets, without protobuf's headers: what the public functions call.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "eddl/net/net.h"
#include "eddl/serialization/onnx/eddl_onnx.h"

namespace eddl::onnx_io {

struct ImportSettings {
    std::vector<int> input_shape;         // for a model with one input: replaces the file's, without the batch
    int mem_level = 0;
    LOG_LEVEL log_level = LOG_LEVEL::INFO;
    const std::string *folder = nullptr;  // where a model's external data may be; nowhere without it
};

// The net that a serialized ModelProto describes; it owns its layers. Throws std::runtime_error, whatever the bytes
// are.
std::unique_ptr<Net> read_net(const std::string &bytes, const ImportSettings &settings);

}  // namespace eddl::onnx_io
