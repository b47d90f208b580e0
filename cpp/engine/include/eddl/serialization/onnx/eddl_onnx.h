// Nets to and from ONNX. The embedded engine has the functions, and each says by name that it is not available.
#ifndef EDDL_SERIALIZATION_ONNX_EDDL_ONNX_H
#define EDDL_SERIALIZATION_ONNX_EDDL_ONNX_H

#include <string>
#include <vector>

#include "eddl/net/net.h"

enum class LOG_LEVEL { TRACE, DEBUG, INFO, WARN, ERROR, NO_LOGS };

// `mem` is the memory level; `input_shape` (without batch) replaces the one in the file.
Net *import_net_from_onnx_file(std::string path, int mem = 0, LOG_LEVEL log_level = LOG_LEVEL::INFO);
Net *import_net_from_onnx_file(std::string path, std::vector<int> input_shape, int mem = 0,
                               LOG_LEVEL log_level = LOG_LEVEL::INFO);
Net *import_net_from_onnx_string(std::string *model_string, int mem = 0);

void save_net_to_onnx_file(Net *net, std::string path, int seq_len = 0);
std::string *serialize_net_to_onnx_string(Net *net, bool gradients = false, int seq_len = 0);

#endif  // EDDL_SERIALIZATION_ONNX_EDDL_ONNX_H
