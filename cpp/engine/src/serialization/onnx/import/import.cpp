#include "serialization/onnx/import/import.h"

#include "serialization/onnx/import/translation.h"

namespace eddl::onnx_io {

std::unique_ptr<Net> read_net(const std::string& bytes, const ImportSettings& settings) {
    try {
        ModelProto model;
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
