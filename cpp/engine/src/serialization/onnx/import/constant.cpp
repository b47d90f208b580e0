#include "serialization/onnx/import/constant.h"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <map>
#include <system_error>

namespace eddl::onnx_io {

namespace fs = std::filesystem;

namespace {

std::int64_t non_negative(const TensorProto& tensor, const std::string& key, const std::string& text) {
    std::int64_t value = -1;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size() || value < 0) {
        reject("tensor '", tensor.name(), "' has external data with ", key, " '", text, "'");
    }
    return value;
}

// The real path of `location` in `folder`.
fs::path confined(const TensorProto& tensor, const std::string& location, const std::string& folder) {
    const fs::path relative(location);
    std::error_code error;
    const fs::path root = fs::canonical(folder.empty() ? "." : folder, error);
    fs::path file;
    if (!error && !location.empty() && !relative.is_absolute()) file = fs::canonical(root / relative, error);
    const bool inside = !error && !file.empty() &&
                        std::mismatch(root.begin(), root.end(), file.begin(), file.end()).first == root.end();
    if (!inside || !fs::is_regular_file(file, error)) {
        reject("tensor '", tensor.name(), "' has its data in '", location, "', which is no file in the model's folder");
    }
    return file;
}

// The tensor with its data where other tensors have it.
TensorProto with_external_data(const TensorProto& tensor, const std::string& folder) {
    std::map<std::string, std::string> entries;
    for (const auto& entry : tensor.external_data()) entries[entry.key()] = entry.value();
    const fs::path file = confined(tensor, entries["location"], folder);
    std::error_code error;
    const auto size = static_cast<std::int64_t>(fs::file_size(file, error));
    const std::int64_t offset = entries.count("offset") ? non_negative(tensor, "offset", entries["offset"]) : 0;
    const std::int64_t length =
        entries.count("length") ? non_negative(tensor, "length", entries["length"]) : size - std::min(size, offset);
    if (error || offset > size || length > size - offset) {
        reject("tensor '", tensor.name(), "' has ", length, " bytes from ", offset, " on in '",
               file.filename().string(), "', a file of ", size, " bytes");
    }
    std::string bytes(static_cast<std::size_t>(length), '\0');
    std::ifstream stream(file, std::ios::binary);
    if (!stream.seekg(offset) || !stream.read(bytes.data(), length)) {
        reject("tensor '", tensor.name(), "': cannot read '", file.filename().string(), "'");
    }
    TensorProto whole;
    whole.set_name(tensor.name());
    whole.set_data_type(tensor.data_type());
    *whole.mutable_dims() = tensor.dims();
    whole.set_raw_data(std::move(bytes));
    return whole;
}

bool is_one_of(int type, std::initializer_list<int> types) {
    return std::find(types.begin(), types.end(), type) != types.end();
}

}  // namespace

bool is_whole(int type) {
    return is_one_of(type, {TensorProto::BOOL, TensorProto::INT8, TensorProto::INT16, TensorProto::INT32,
                            TensorProto::INT64, TensorProto::UINT8, TensorProto::UINT16, TensorProto::UINT32,
                            TensorProto::UINT64});
}

bool is_fractional(int type) {
    return is_one_of(type, {TensorProto::FLOAT, TensorProto::DOUBLE, TensorProto::FLOAT16, TensorProto::BFLOAT16});
}

Constant decode(const TensorProto& tensor, const std::string* folder) {
    if (tensor.data_location() == TensorProto::EXTERNAL && folder != nullptr) {
        return decode(with_external_data(tensor, *folder), nullptr);
    }
    if (is_whole(tensor.data_type())) return {dims_of(tensor), read_ints(tensor)};
    return {dims_of(tensor), read_floats(tensor)};
}

}  // namespace eddl::onnx_io
