// What a tensor says about itself, and its devices.
#include <algorithm>
#include <iomanip>
#include <iostream>
#include <sstream>

#include "tensor/support.h"

namespace {

constexpr unsigned long MAX_PRINTED = 100000;

// Values [first, first + extent of axis) as nested brackets.
void write_axis(std::ostream& os, const Tensor* t, std::size_t axis, const float* first) {
    if (axis == t->shape.size()) {
        os << *first;
        return;
    }
    os << '[';
    for (int i = 0; i < t->shape[axis]; ++i) {
        if (i > 0) os << (axis + 1 == t->shape.size() ? " " : "\n" + std::string(axis + 1, ' '));
        write_axis(os, t, axis + 1, first + std::ptrdiff_t{i} * t->stride[axis]);
    }
    os << ']';
}

[[noreturn]] void refuse_device(const char* what) { eddl::not_available(what); }

}  // namespace

void Tensor::info() {
    std::ostringstream text;
    const auto line = [&text](const char* name) -> std::ostream& {
        return text << std::left << std::setw(14) << name;
    };
    line("shape") << eddl::to_text(shape) << '\n';
    line("strides") << eddl::to_text(stride) << '\n';
    line("elements") << size << " float (" << bytes2human(size * sizeof(float)) << ")\n";
    line("device") << getDeviceName() << " (" << device << ")\n";
    line("memory") << ptr << (isshared ? ", shared\n" : ", own\n");
    std::cout << text.str() << std::flush;
}

void Tensor::print(int precision, bool raw) {
    constexpr int MAX_PRECISION = 30;
    if (precision < 0 || precision > MAX_PRECISION)
        eddl::invalid("Tensor::print", "expected from 0 to ", MAX_PRECISION, " decimals, received ", precision);
    std::ostringstream text;
    text << std::fixed << std::setprecision(precision);
    if (size > MAX_PRINTED) text << "the first " << MAX_PRINTED << " of " << size << " elements:\n";
    if (raw || shape.empty() || size > MAX_PRINTED) {
        for (unsigned long i = 0; i < std::min(size, MAX_PRINTED); ++i) text << ptr[i] << ", ";
    } else {
        write_axis(text, this, 0, ptr);
    }
    std::cout << text.str() << std::endl;
}

void Tensor::toCPU(int) {}
void Tensor::toGPU(int) { refuse_device("Tensor::toGPU"); }
void Tensor::toFPGA(int) { refuse_device("Tensor::toFPGA"); }

void Tensor::toDevice(int dev) {
    switch (getDeviceID(dev)) {
        case 0: return toCPU(dev);
        case 1: return toGPU(dev);
        case 2: return toFPGA(dev);
        default: eddl::invalid("Tensor::toDevice", "no device has the number ", dev);
    }
}

int Tensor::isCPU() { return device == DEV_CPU; }
int Tensor::isGPU() { return device >= DEV_GPU && device < DEV_FPGA; }
int Tensor::isFPGA() { return device >= DEV_FPGA; }

int Tensor::getDeviceID(int dev) {
    if (dev < DEV_CPU) return -1;
    if (dev < DEV_GPU) return 0;
    return dev < DEV_FPGA ? 1 : 2;
}

string Tensor::getDeviceName() const {
    static const char* const NAMES[] = {"unknown", "CPU", "GPU", "FPGA"};
    return NAMES[getDeviceID(device) + 1];
}

int Tensor::getDeviceID(const string& dev) {
    const std::size_t colon = dev.find(':');
    const string name = dev.substr(0, colon);
    const string rank = colon == string::npos ? "0" : dev.substr(colon + 1);
    const bool number = !rank.empty() && rank.size() < 4 && std::all_of(rank.begin(), rank.end(), ::isdigit);
    if (number && name == "cpu") return DEV_CPU;
    if (number && (name == "gpu" || name == "cuda")) return DEV_GPU + std::stoi(rank);
    if (number && name == "fpga") return DEV_FPGA + std::stoi(rank);
    eddl::invalid("Tensor::getDeviceID", "'", dev,
                  "' is no device; expected cpu, gpu, cuda or fpga, or one with :number");
}

vector<string> Tensor::hardware_supported() { return {"cpu"}; }
bool Tensor::is_hardware_supported(string hardware) { return hardware == "cpu"; }
