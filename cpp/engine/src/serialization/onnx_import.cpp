#include "eddl/serialization/onnx/eddl_onnx.h"
#include "errors.h"

namespace {
constexpr const char *IMPORT = "ONNX import";
}  // namespace

Net *import_net_from_onnx_file(std::string, int, LOG_LEVEL) { eddl::not_available(IMPORT); }
Net *import_net_from_onnx_file(std::string, std::vector<int>, int, LOG_LEVEL) { eddl::not_available(IMPORT); }
Net *import_net_from_onnx_string(std::string *, int) { eddl::not_available(IMPORT); }
