// The two directions, without protobuf's headers: what the public functions call. Defined in serialization/onnx/, which
// is built only where there is a protobuf (EDDL_PRUNE_WITH_ONNX).
#pragma once

#include <string>

#include "errors.h"

class Net;

namespace eddl::onnx_io {

// What the public functions do in an engine that was built without protobuf.
[[noreturn]] inline void without_protobuf(const std::string &function) {
    throw NotAvailable(function + " is not available in the embedded engine as it was built: without protobuf "
                       "(docs/dependencies.md)");
}

// The net as a serialized ModelProto. With `gradients` the parameters' gradients are in the parameters' places.
// seq_len: the length of sequences, 0 where it is free. Errors name `function`.
std::string write_net(const std::string &function, const Net &net, bool gradients, int seq_len);

}  // namespace eddl::onnx_io
