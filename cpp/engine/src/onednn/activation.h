// What an activation layer takes from oneDNN.
#pragma once

#include "onednn/elementwise.h"
#include "onednn/softmax.h"

namespace eddl::onednn {

class Activation {
public:
    Softmax softmax;
    Elementwise elementwise;
};

}  // namespace eddl::onednn
