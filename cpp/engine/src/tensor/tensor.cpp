// Life and memory of a Tensor.
#include "eddl/tensor/tensor.h"

#include <algorithm>
#include <limits>

#include "tensor/support.h"

namespace {

void require_cpu(int dev) {
    if (dev != DEV_CPU) eddl::not_available("Device " + std::to_string(dev) + " (only the CPU, 0)");
}

// Leaves room for byte counts in a signed 64-bit number.
constexpr unsigned long MAX_ELEMENTS = std::numeric_limits<long>::max() / sizeof(float);

// Elements of a shape; refuses negative dimensions and products that do not fit.
unsigned long checked_size(const std::vector<int>& shape) {
    unsigned long size = 1;
    for (int d : shape) {
        if (d < 0) eddl::invalid("Tensor", "negative dimension in shape ", shape);
        if (__builtin_mul_overflow(size, static_cast<unsigned long>(d), &size) || size > MAX_ELEMENTS) {
            eddl::invalid("Tensor", "shape ", shape, " has too many elements");
        }
    }
    return size;
}

}  // namespace

Tensor::Tensor() = default;

Tensor::Tensor(const vector<int>& shape, float* fptr, int dev, void* fptr2) {
    updateDevice(dev);
    updateShape(shape);
    updateSize();
    updateStrides();
    updateData(fptr, fptr2);
}

Tensor::Tensor(const vector<int>& shape, int dev) : Tensor(shape, nullptr, dev) {}

Tensor::Tensor(const vector<int>& shape, Tensor* T) : Tensor(shape, T->ptr, T->device) {
    if (size > T->size) eddl::invalid("Tensor", "shape ", shape, " on the memory of a tensor of shape ", T->shape);
}

Tensor::Tensor(const vector<float>& data, const vector<int>& shape, int dev) : Tensor(shape, nullptr, dev) {
    if (data.size() != size) eddl::invalid("Tensor", data.size(), " values for shape ", shape);
    std::copy(data.begin(), data.end(), ptr);
}

Tensor::Tensor(const Tensor& other) { *this = other; }

Tensor& Tensor::operator=(const Tensor& other) {
    if (this == &other) return *this;
    float* data = nullptr;
    if (other.ptr != nullptr) {
        data = get_fmem(other.size, "Tensor::operator=");
        std::copy(other.ptr, other.ptr + other.size, data);
    }
    deleteData();
    device = other.device;
    gpu_device = other.gpu_device;
    updateShape(other.shape);
    size = other.size;
    stride = other.stride;
    ptr = data;
    isshared = false;
    return *this;
}

Tensor::~Tensor() { deleteData(); }

void Tensor::updateDevice(int dev) {
    require_cpu(dev);
    device = dev;
}

void Tensor::updateShape(const vector<int>& new_shape) {
    if (&new_shape != &shape) shape = new_shape;
    ndim = static_cast<unsigned int>(shape.size());
}

void Tensor::updateSize() { size = checked_size(shape); }

void Tensor::updateStrides() { stride = shape.empty() ? vector<int>() : shape2stride(shape); }

void Tensor::updateData(float* fptr, void* fptr2, bool setshared) {
    if (fptr == nullptr) {
        float* fresh = get_fmem(size, "Tensor::updateData");
        deleteData();
        ptr = fresh;
        isshared = false;
    } else {
        if (ptr != fptr) deleteData();
        ptr = fptr;
        isshared = setshared;
    }
    ptr2 = fptr2;
}

void Tensor::deleteData() {
    if (isshared) return;
    eddl_free(ptr);
    ptr = nullptr;
}

Tensor* Tensor::clone() { return new Tensor(*this); }

void Tensor::reallocate(Tensor* old_t) { reallocate(old_t, shape); }

void Tensor::reallocate(Tensor* old_t, const vector<int>& new_shape) {
    eddl::require_given("Tensor::reallocate", old_t);
    if (checked_size(new_shape) > old_t->size) {
        eddl::invalid("Tensor::reallocate", "shape ", new_shape, " on the memory of a tensor of shape ", old_t->shape);
    }
    if (ptr != old_t->ptr) deleteData();
    updateDevice(old_t->device);
    updateShape(new_shape);
    updateSize();
    updateStrides();
    if (old_t != this) updateData(old_t->ptr);
}

void Tensor::resize(int b, float* fptr, void* fptr2, bool delete_data) {
    if (shape.empty() || b < 0) eddl::invalid("Tensor::resize", "batch ", b, " for a tensor of shape ", shape);
    if (b == shape[0]) return;
    vector<int> new_shape = shape;
    new_shape[0] = b;
    checked_size(new_shape);
    const int batch = shape[0];
    const auto set_batch = [this](int samples) {
        shape[0] = samples;
        updateSize();
        updateStrides();
    };
    set_batch(b);
    if (delete_data) deleteData();
    try {
        updateData(fptr, fptr2);
    } catch (...) {
        set_batch(ptr != nullptr ? batch : 0);  // never a shape beyond the memory
        throw;
    }
}

void Tensor::copy(Tensor* A, Tensor* B) {
    eddl::require_given("Tensor::copy", A, B);
    const auto without_ones = [](vector<int> shape) {
        shape.erase(std::remove(shape.begin(), shape.end(), 1), shape.end());
        return shape;
    };
    if (A->shape != B->shape && without_ones(A->shape) != without_ones(B->shape)) {
        eddl::invalid("Tensor::copy", "from shape ", A->shape, " to shape ", B->shape);
    }
    if (A->ptr != B->ptr) std::copy(A->ptr, A->ptr + A->size, B->ptr);
}

vector<int> Tensor::getShape() { return shape; }
unsigned int Tensor::numel() { return static_cast<unsigned int>(size); }
vector<float> Tensor::to_std() { return vector<float>(ptr, ptr + size); }

bool Tensor::isSquared(Tensor* A) {
    eddl::require_given("Tensor::isSquared", A);
    return std::all_of(A->shape.begin(), A->shape.end(), [A](int d) { return d == A->shape[0]; });
}
