"""Layers that merge their parents."""

import numpy as np
import pyeddl.eddl as eddl
from conformance.cases.base import fails, family, merge_net
from helpers import array, tensor

case = family(__name__)

case("add", merge_net(lambda b: eddl.Add(b, "merge")))
case("concat", merge_net(lambda b: eddl.Concat(b, 0, "merge")))


def _adds(case):
    net = case.built()
    xs, _ = case.data(net)
    eddl.forward(net, [tensor(x) for x in xs])
    merge = eddl.getLayer(net, "merge")
    return np.allclose(array(merge.output), sum(array(p.output) for p in merge.parent), rtol=1e-5, atol=1e-6)


ADDS_INSTEAD = {"eddl_defect": "computes the sum", "shown": _adds}
case("subtract", merge_net(lambda b: eddl.Subtract(b[:2], "merge")), **ADDS_INSTEAD)
case("average", merge_net(lambda b: eddl.Average(b, "merge")), **ADDS_INSTEAD)
case("maximum", merge_net(lambda b: eddl.Maximum(b, "merge")), **ADDS_INSTEAD)
case("minimum", merge_net(lambda b: eddl.Minimum(b, "merge")), **ADDS_INSTEAD)


def _image_branches(merge):
    def make():
        x = eddl.Input([2, 4, 4], "x")
        a = eddl.Conv2D(x, 2, [3, 3], [1, 1], "same", True, 1, [1, 1], "a")
        b = eddl.Conv2D(x, 2, [1, 1], [1, 1], "same", True, 1, [1, 1], "b")
        return eddl.Model([x], [eddl.Conv2D(merge([a, b]), 2, [2, 2], [2, 2], "valid", True, 1, [1, 1], "y")])

    return make


case("add-4d", _image_branches(lambda b: eddl.Add(b, "merge")))
case("concat-channels", _image_branches(lambda b: eddl.Concat(b, 0, "merge")))
case("concat-rows", _image_branches(lambda b: eddl.Concat(b, 1, "merge")))
case(
    "concat-vectors-counting-the-batch",
    merge_net(lambda b: eddl.Concat(b, 1, "merge")),
    eddl_defect="joins along an axis that vectors do not have",
    shown=fails,
)


def _product(*shapes):
    """The product of branches of these shapes, each a Dense of one input."""

    def make():
        x = eddl.Input([5], "x")
        factors = [
            eddl.Reshape(eddl.Dense(x, int(np.prod(shape)), True, f"branch{i}"), shape, f"factor{i}")
            for i, shape in enumerate(shapes)
        ]
        return eddl.Model([x], [eddl.MatMul(factors, "merge")])

    return make


case("matmul", _product([3, 3], [3, 3]), **ADDS_INSTEAD)
case("matmul-three", _product([2, 2], [2, 2], [2, 2]), batch=2, **ADDS_INSTEAD)
case("matmul-many", _product([2, 3, 2, 2], [2, 3, 2, 2]), **ADDS_INSTEAD)
case("matmul-vectors", _product([4], [4]), **ADDS_INSTEAD)
case("matmul-oblong", _product([2, 3], [3, 4], [4, 1]), **{**ADDS_INSTEAD, "shown": fails})
