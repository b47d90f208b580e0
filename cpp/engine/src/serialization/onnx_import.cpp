// The functions that scripts call to read ONNX.
#include <algorithm>
#include <filesystem>

#include "eddl/serialization/onnx/eddl_onnx.h"
#include "serialization/onnx/import/import.h"
#include "serialization/onnx_io.h"
#include "tensor/input_file.h"

namespace {

using namespace eddl;
using onnx_io::ImportSettings;

constexpr const char *FROM_FILE = "import_net_from_onnx_file";
constexpr const char *FROM_STRING = "import_net_from_onnx_string";

Net *read(const char *function, const std::string &bytes, const ImportSettings &settings) {
    if (settings.mem_level < 0 || settings.mem_level > 2)
        invalid(function, "expected a memory level from 0 to 2, received ", settings.mem_level);
#ifdef EDDL_PRUNE_WITH_ONNX
    return onnx_io::read_net(bytes, settings).release();
#else
    (void)bytes;
    onnx_io::without_protobuf(function);
#endif
}

std::string contents(const std::string &path) {
    std::ifstream file = open_to_read(FROM_FILE, path);
    std::error_code error;
    std::string bytes(static_cast<std::size_t>(std::filesystem::file_size(path, error)), '\0');
    if (error || !file.read(bytes.data(), static_cast<std::streamsize>(bytes.size())))
        failed(FROM_FILE, "cannot read '", path, "'");
    return bytes;
}

Net *read_file(const std::string &path, ImportSettings settings) {
    const std::string folder = std::filesystem::path(path).parent_path().string();
    settings.folder = &folder;
    return read(FROM_FILE, contents(path), settings);
}

}  // namespace

Net *import_net_from_onnx_file(std::string path, int mem, LOG_LEVEL log_level) {
    return read_file(path, {{}, mem, log_level, nullptr});
}

Net *import_net_from_onnx_file(std::string path, std::vector<int> input_shape, int mem, LOG_LEVEL log_level) {
    if (input_shape.empty() || *std::min_element(input_shape.begin(), input_shape.end()) < 1)
        invalid(FROM_FILE, "expected an input shape without the batch, all of it above 0, received ", input_shape);
    return read_file(path, {input_shape, mem, log_level, nullptr});
}

Net *import_net_from_onnx_string(std::string *model_string, int mem) {
    if (model_string == nullptr) invalid(FROM_STRING, "expected a model, received none");
    return read(FROM_STRING, *model_string, {{}, mem, LOG_LEVEL::INFO, nullptr});
}
