// The functions that scripts call to write ONNX.
#include <cstdio>
#include <fstream>
#include <memory>

#include "eddl/serialization/onnx/eddl_onnx.h"
#include "serialization/onnx_io.h"

namespace {

using namespace eddl;

constexpr const char *SAVE = "save_net_to_onnx_file";
constexpr const char *SERIALIZE = "serialize_net_to_onnx_string";

std::string written(const char *function, const Net *net, bool gradients, int seq_len) {
    if (net == nullptr) invalid(function, "expected a net, received none");
    if (seq_len < 0) invalid(function, "expected a sequence length of 0 (any) or more, received ", seq_len);
#ifdef EDDL_PRUNE_WITH_ONNX
    return onnx_io::write_net(function, *net, gradients, seq_len);
#else
    (void)gradients;
    onnx_io::without_protobuf(function);
#endif
}

}  // namespace

void save_net_to_onnx_file(Net *net, std::string path, int seq_len) {
    const std::string bytes = written(SAVE, net, false, seq_len);
    // Written beside it first: what was there stays if anything fails.
    const std::string unfinished = path + ".part";
    std::ofstream file(unfinished, std::ios::binary);
    file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    file.close();
    if (!file || std::rename(unfinished.c_str(), path.c_str()) != 0) {
        std::remove(unfinished.c_str());
        failed(SAVE, "cannot write '", path, "'");
    }
}

std::string *serialize_net_to_onnx_string(Net *net, bool gradients, int seq_len) {
    return new std::string(written(SERIALIZE, net, gradients, seq_len));
}
