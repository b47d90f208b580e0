"""Regularizers, clamping, frozen layers."""

import pyeddl.eddl as eddl
from conformance.cases.base import BATCHNORM_MEAN, classifier, family, image_net

case = family(__name__)


def regularized(regularize):
    def make():
        x = eddl.Input([2, 4, 4], "x")
        h = regularize(eddl.Conv2D(x, 2, [3, 3], [1, 1], "valid", True, 1, [1, 1], "conv"))
        return eddl.Model([x], [regularize(eddl.Dense(eddl.Flatten(eddl.Tanh(h, "tanh"), "flat"), 2, True, "y"))])

    return make


case("regularizer-l1", regularized(lambda h: eddl.L1(h, 0.01)))
case("regularizer-l2", regularized(lambda h: eddl.L2(h, 0.02)))
case("regularizer-l1l2", regularized(lambda h: eddl.L1L2(h, 0.01, 0.02)))
case("clamp", classifier(), prepare=lambda net: eddl.clamp(net, -0.2, 0.15))
case("frozen-first", classifier(), prepare=lambda net: eddl.setTrainable(net, "hidden", False), differentiable=False)
case("frozen-last", classifier(), prepare=lambda net: eddl.setTrainable(net, "logits", False), differentiable=False)
case(
    "frozen-conv",
    image_net(lambda h: eddl.Conv2D(h, 2, [3, 3], [1, 1], "same", True, 1, [1, 1], "y")),
    prepare=lambda net: eddl.setTrainable(net, "before", False),
    differentiable=False,
)
case(
    "frozen-batchnorm",
    image_net(lambda h: eddl.BatchNormalization(h, True, 0.9, 1e-3, "bn")),
    prepare=lambda net: eddl.setTrainable(net, "bn", False),
    differentiable=False,
    **BATCHNORM_MEAN,
)
