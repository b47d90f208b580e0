// Random sources.
#ifndef EDDL_LAYER_GENERATORS_H
#define EDDL_LAYER_GENERATORS_H

#include "eddl/layers/declare.h"

// A layer without parents whose output, [batch, size…], is drawn anew by each forward.
class GeneratorLayer : public LinLayer {
public:
    std::vector<int> size;  // shape of one sample

    GeneratorLayer(const std::vector<int>& size, std::string name, int dev, int mem);

    void backward() override;
    std::string plot(int c) override;
};

#define EDDL_GENERATOR(Name, first, second)                                                                      \
    class Name : public GeneratorLayer {                                                                         \
    public:                                                                                                      \
        static int total_layers;                                                                                 \
        float first, second;                                                                                     \
        Name(float first, float second, const std::vector<int>& size, std::string name, int dev, int mem);       \
        void forward() override;                                                                                 \
        Layer* share(int c, int bs, std::vector<Layer*> p) override;                                             \
        Layer* clone(int c, int bs, std::vector<Layer*> p, int todev) override;                                  \
    };

EDDL_GENERATOR(LGauss, mean, stdev)
EDDL_GENERATOR(LUniform, low, high)
#undef EDDL_GENERATOR

#endif  // EDDL_LAYER_GENERATORS_H
