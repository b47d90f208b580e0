#include "eddl/serialization/onnx/eddl_onnx.h"

#include "errors.h"

namespace {
constexpr const char *IMPORT = "ONNX import";
constexpr const char *EXPORT = "ONNX export";
}  // namespace

Net *import_net_from_onnx_file(std::string, int, LOG_LEVEL) { eddl::not_available(IMPORT); }
Net *import_net_from_onnx_file(std::string, std::vector<int>, int, LOG_LEVEL) { eddl::not_available(IMPORT); }
Net *import_net_from_onnx_string(std::string *, int) { eddl::not_available(IMPORT); }
void save_net_to_onnx_file(Net *, std::string, int) { eddl::not_available(EXPORT); }
std::string *serialize_net_to_onnx_string(Net *, bool, int) { eddl::not_available(EXPORT); }
