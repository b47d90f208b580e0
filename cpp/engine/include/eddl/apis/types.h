// The names that scripts use for the engine's objects.
#ifndef EDDL_APIS_TYPES_H
#define EDDL_APIS_TYPES_H

#include "eddl/net/net.h"
#include "eddl/net/netloss.h"

namespace eddl {

using layer = Layer *;
using model = Net *;
using optimizer = Optimizer *;
using initializer = Initializer *;
using regularizer = Regularizer *;
using compserv = CompServ *;
using loss = NetLoss *;
using metric = NetLoss *;

}  // namespace eddl

#endif  // EDDL_APIS_TYPES_H
