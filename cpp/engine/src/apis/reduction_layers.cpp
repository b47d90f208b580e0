#include "apis/make.h"
#include "eddl/apis/eddl.h"

namespace eddl {

#define EDDL_REDUCTION(Name, Class) \
    layer Name(layer l, ints axis, bool keepdims) { return make<Class>(l, axis, keepdims, ""); }
EDDL_REDUCTION(ReduceMean, LRMean)
EDDL_REDUCTION(ReduceVar, LRVar)
EDDL_REDUCTION(ReduceSum, LRSum)
EDDL_REDUCTION(ReduceMax, LRMax)
EDDL_REDUCTION(ReduceMin, LRMin)
EDDL_REDUCTION(ReduceArgMax, LRArgmax)
#undef EDDL_REDUCTION

}  // namespace eddl
