#include "onednn/scratch.h"

#include "eddl/utils.h"

namespace eddl::onednn {

namespace {

class Scratch {
public:
    Scratch() = default;
    Scratch(const Scratch&) = delete;
    Scratch& operator=(const Scratch&) = delete;
    ~Scratch() { eddl_free(data_); }

    void* get(std::size_t bytes) {
        if (bytes_ < bytes) {
            eddl_free(data_);
            data_ = nullptr;
            bytes_ = 0;
            data_ = eddl_malloc(bytes, "scratch memory");
            bytes_ = bytes;
        }
        return data_;
    }

private:
    void* data_ = nullptr;
    std::size_t bytes_ = 0;
};

}  // namespace

void* scratch_memory(std::size_t bytes) {
    thread_local Scratch instance;
    return instance.get(bytes);
}

}  // namespace eddl::onednn
