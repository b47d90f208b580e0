// What convolutions and pools share: a window that slides over the input, told by a descriptor.
#ifndef EDDL_LAYERS_WINDOW_H
#define EDDL_LAYERS_WINDOW_H

#include "eddl/descriptors/descriptors.h"
#include "eddl/layers/declare.h"

// A 1-D layer's descriptor works on images one column wide: its tensors are those of the layer with one more axis of 1.
class WindowLayer : public LinLayer {
public:
    // 1-D only: the input as the descriptor sees it. Owned; its memory is the input's.
    Tensor* input_reshaped = nullptr;

    ~WindowLayer() override;

    void mem_delta() override;
    void free_delta() override;
    void resize(int batch) override;

protected:
    using LinLayer::LinLayer;

    // Builds the descriptor on the parent's output and takes input and output from it. axes: those of the layer.
    void fit(Layer* parent, WindowDescriptor& descriptor, int axes);
    // What the destructor of a layer that owns the descriptor calls.
    void release(WindowDescriptor* descriptor);
    virtual WindowDescriptor& descriptor() = 0;

private:
    bool one_column() const { return input_reshaped != nullptr; }
};

#endif  // EDDL_LAYERS_WINDOW_H
