// What EDDL downloads unless the file is there: here it has to be there.
#include <algorithm>
#include <iostream>
#include <memory>
#include <string>

#include "eddl/apis/models.h"
#include "eddl/layers/conv/layer_conv.h"
#include "eddl/layers/core/layer_core.h"
#include "eddl/serialization/onnx/eddl_onnx.h"
#include "errors.h"

namespace eddl {

namespace {

void expect_file(const std::string &function, const std::string &file) {
    if (!exist(file))
        not_available(function + ": file '" + file + "' is not in the working directory, and downloading it");
    std::cout << file << " \u2713" << std::endl;
}

void expect_data_set(const std::string &name, const std::string &prefix, std::initializer_list<const char *> parts) {
    std::cout << "Downloading " << prefix << std::endl;
    for (const char *part : parts) expect_file("download_" + name, prefix + "_" + part + ".bin");
}

// Removes the classifier: the first dense layer and all after it, or the last convolution where there is none.
void cut_top(Net &net) {
    const auto is_dense = [](Layer *l) { return dynamic_cast<LDense *>(l) != nullptr; };
    const auto is_convolution = [](Layer *l) { return dynamic_cast<LConv *>(l) != nullptr; };
    vlayer &layers = net.layers;
    auto first = std::find_if(layers.begin(), layers.end(), is_dense);
    if (first == layers.end()) {
        const auto last = std::find_if(layers.rbegin(), layers.rend(), is_convolution);
        if (last != layers.rend()) first = last.base() - 1;
    }
    if (first == layers.end() || (*first)->parent.empty()) return;
    Layer *top = (*first)->parent[0];
    const auto kept = static_cast<std::size_t>(first - layers.begin());
    while (layers.size() > kept) net.removeLayer(layers.back()->name);
    top->name = "top";
}

Net *stored_net(const std::string &name, const std::string &file, bool top, const std::vector<int> &input_shape) {
    std::cout << "Downloading " << file << std::endl;
    expect_file("download_" + name, file);
    std::cout << "Import ONNX..." << std::endl;
    std::unique_ptr<Net> net(input_shape.empty() ? import_net_from_onnx_file(file, DEV_CPU)
                                                 : import_net_from_onnx_file(file, input_shape, DEV_CPU));
    net->lin.at(0)->name = "input";
    if (top) cut_top(*net);
    return net.release();
}

}  // namespace

void download_model(std::string name, std::string) {
    std::cout << "Downloading " << name << std::endl;
    expect_file("download_model", name);
}

#define EDDL_STORED_NET(Name, File) \
    Net *download_##Name(bool top, std::vector<int> input_shape) { return stored_net(#Name, File, top, input_shape); }
EDDL_STORED_NET(vgg16, "vgg16.onnx")
EDDL_STORED_NET(vgg16_bn, "vgg16bn-7.onnx")
EDDL_STORED_NET(vgg19, "vgg19-7.onnx")
EDDL_STORED_NET(vgg19_bn, "vgg19bn-7.onnx")
EDDL_STORED_NET(resnet18, "resnet18.onnx")
EDDL_STORED_NET(resnet34, "resnet34.onnx")
EDDL_STORED_NET(resnet50, "resnet50.onnx")
EDDL_STORED_NET(resnet101, "resnet101.onnx")
EDDL_STORED_NET(resnet152, "resnet152.onnx")
EDDL_STORED_NET(densenet121, "densenet121.onnx")
#undef EDDL_STORED_NET

void download_mnist() { expect_data_set("mnist", "mnist", {"trX", "trY", "tsX", "tsY"}); }
void download_cifar10() { expect_data_set("cifar10", "cifar", {"trX", "trY", "tsX", "tsY"}); }
void download_imdb_2000() { expect_data_set("imdb_2000", "imdb_2000", {"trX", "trY", "tsX", "tsY"}); }
void download_eutrans() { expect_data_set("eutrans", "eutrans", {"trX", "trY", "tsX", "tsY"}); }
void download_flickr() { expect_data_set("flickr", "flickr", {"trX", "trY"}); }
void download_drive() { expect_data_set("drive", "drive", {"trX", "trY"}); }

void download_hlsinf(int, int) { not_available("download_hlsinf"); }

}  // namespace eddl
