// The two directions, without protobuf's headers: what the public functions call. Defined in serialization/onnx/, which is
// built only where there is a protobuf (EDDL_PRUNE_WITH_ONNX).
#pragma once

#include <string>

#include "errors.h"

class Net;

namespace eddl::onnx_io {

// What the public functions do in an engine that was built without protobuf.
[[noreturn]] inline void without_protobuf(const std::string &function) {
    throw NotAvailable(function + " is not available: the engine was built without protobuf; see docs/dependencies.md");
}

}  // namespace eddl::onnx_io
