#include "eddl/serialization/onnx/eddl_onnx.h"
#include "errors.h"

namespace {
constexpr const char *EXPORT = "ONNX export";
}  // namespace

void save_net_to_onnx_file(Net *, std::string, int) { eddl::not_available(EXPORT); }
std::string *serialize_net_to_onnx_string(Net *, bool, int) { eddl::not_available(EXPORT); }
