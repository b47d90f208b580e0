// The functions that scripts call, all in namespace eddl.
#ifndef EDDL_APIS_EDDL_H
#define EDDL_APIS_EDDL_H

#include "eddl/apis/layers.h"
#include "eddl/apis/models.h"
#include "eddl/apis/training.h"
#include "eddl/initializers/initializer.h"
#include "eddl/layers/auxiliar/layer_auxiliar.h"
#include "eddl/layers/conv/layer_conv.h"
#include "eddl/layers/core/layer_core.h"
#include "eddl/layers/da/layer_da.h"
#include "eddl/layers/fpga/layer_hlsinf.h"
#include "eddl/layers/generators/layer_generators.h"
#include "eddl/layers/merge/layer_merge.h"
#include "eddl/layers/noise/layer_noise.h"
#include "eddl/layers/normalization/layer_normalization.h"
#include "eddl/layers/operators/layer_operators.h"
#include "eddl/layers/pool/layer_pool.h"
#include "eddl/layers/recurrent/layer_recurrent.h"
#include "eddl/layers/reductions/layer_reductions.h"
#include "eddl/losses/loss.h"
#include "eddl/metrics/metric.h"
#include "eddl/net/net.h"
#include "eddl/net/netloss.h"
#include "eddl/regularizers/regularizer.h"

#endif  // EDDL_APIS_EDDL_H
