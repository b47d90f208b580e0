// Making a net, giving it an optimizer and a place to run, writing and reading it.
#ifndef EDDL_APIS_MODELS_H
#define EDDL_APIS_MODELS_H

#include <functional>
#include <string>
#include <vector>

#include "eddl/apis/types.h"

namespace eddl {

model Model(vlayer in, vlayer out);
void setName(model m, std::string name);
vlayer getOut(model net);

// By name; an unknown name throws std::invalid_argument. removeLayer takes childless layers of an unbuilt net.
layer getLayer(model net, std::string l);
void removeLayer(model net, std::string l);
void initializeLayer(model net, std::string l);
void setTrainable(model net, std::string lname, bool val);

std::vector<vtensor> get_parameters(model net, bool deepcopy = false);
void set_parameters(model net, const std::vector<vtensor> &params);
void clamp(model m, float min, float max);

// Without an optimizer: SGD(0.001, 0.9). Without a compute service: all cores, full memory. The net takes both over.
void build(model net, optimizer o = nullptr, CompServ *cs = nullptr, bool init_weights = true);
void build(model net, optimizer o, const std::vector<std::string> &lo, const std::vector<std::string> &me,
           CompServ *cs = nullptr, bool init_weights = true);

// `mem` is "full_mem", "mid_mem" or "low_mem".
compserv CS_CPU(int th = -1, std::string mem = "full_mem");
compserv CS_GPU(const std::vector<int> &g, const std::string &mem = "full_mem");
compserv CS_GPU(const std::vector<int> &g, int lsb, const std::string &mem = "full_mem");
compserv CS_FPGA(const std::vector<int> &f, int lsb = 1);
compserv CS_COMPSS(const std::string &filename);

void toCPU(model net, int th = -1);
void toGPU(model net, const std::string &mem = "full_mem");
void toGPU(model net, std::vector<int> g, const std::string &mem = "full_mem");
void toGPU(model net, std::vector<int> g, int lsb, const std::string &mem = "full_mem");
model toFPGA(model net, int hlsinf_version = 1, int hlsinf_subversion = 0);

void summary(model m);
void plot(model m, const std::string &fname = "model.pdf", const std::string &rankdir = "LR");
void setlogfile(model net, const std::string &fname);
void load(model m, const std::string &fname, const std::string &format = "bin");
void save(model m, const std::string &fname, const std::string &format = "bin");

optimizer sgd(float lr = 0.01f, float momentum = 0.0f, float weight_decay = 0.0f, bool nesterov = false);
optimizer adam(float lr = 0.01f, float beta_1 = 0.9f, float beta_2 = 0.999f, float epsilon = 0.000001f,
               float weight_decay = 0.0f, bool amsgrad = false);
optimizer rmsprop(float lr = 0.01f, float rho = 0.9f, float epsilon = 0.00001f, float weight_decay = 0.0f);
optimizer adadelta(float lr, float rho, float epsilon, float weight_decay);
optimizer adagrad(float lr, float epsilon, float weight_decay);
optimizer adamax(float lr, float beta_1, float beta_2, float epsilon, float weight_decay);
optimizer nadam(float lr, float beta_1, float beta_2, float epsilon, float schedule_decay);
void setlr(model net, std::vector<float> p);

// By name, "none" included; an unknown name throws std::invalid_argument.
Loss *getLoss(std::string type);
Metric *getMetric(std::string type);

// A loss or metric that is a graph of layers on top of layers of a built net.
loss newloss(const std::function<Layer *(std::vector<Layer *>)> &f, std::vector<Layer *> in, std::string name);
loss newloss(const std::function<Layer *(Layer *)> &f, Layer *in, std::string name);
metric newmetric(const std::function<Layer *(std::vector<Layer *>)> &f, std::vector<Layer *> in, std::string name);
metric newmetric(const std::function<Layer *(Layer *)> &f, Layer *in, std::string name);

// Ready-made nets and data sets. The embedded engine fetches nothing over the network, but takes the files that lie in the
// working directory already, as EDDL does: a script that finds its data runs on. A net whose `top` goes ends before its
// classifier, at a layer named "top"; its input is named "input".
void download_model(std::string name, std::string link);
#define EDDL_DOWNLOAD(Name) Net *download_##Name(bool top = true, std::vector<int> input_shape = {});
EDDL_DOWNLOAD(vgg16) EDDL_DOWNLOAD(vgg16_bn) EDDL_DOWNLOAD(vgg19) EDDL_DOWNLOAD(vgg19_bn)
EDDL_DOWNLOAD(resnet18) EDDL_DOWNLOAD(resnet34) EDDL_DOWNLOAD(resnet50) EDDL_DOWNLOAD(resnet101)
EDDL_DOWNLOAD(resnet152) EDDL_DOWNLOAD(densenet121)
#undef EDDL_DOWNLOAD
void download_mnist();
void download_cifar10();
void download_drive();
void download_imdb_2000();
void download_eutrans();
void download_flickr();
void download_hlsinf(int version, int subversion);
bool exist(std::string name);  // whether a file of that name can be read

}  // namespace eddl

#endif  // EDDL_APIS_MODELS_H
