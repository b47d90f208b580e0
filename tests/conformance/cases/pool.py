"""2-D pools."""

import pyeddl.eddl as eddl
from conformance.cases.base import REFUSED, family, image_net

case = family(__name__)

POOLS = {
    # id: size, strides, padding
    "2x2": ([2, 2], [2, 2], "none"),
    "3x3-overlapping": ([3, 3], [1, 1], "valid"),
    "3x2-strided": ([3, 2], [2, 1], "none"),
    "same": ([3, 3], [1, 1], "same"),
    "same-row": ([1, 5], [1, 2], "same"),
}
for _id, _args in POOLS.items():
    case(f"maxpool-{_id}", image_net(lambda h, a=_args: eddl.MaxPool2D(h, *a, "y")))
    case(f"avgpool-{_id}", image_net(lambda h, a=_args: eddl.AveragePool2D(h, *a, "y")))
case("global-maxpool", image_net(lambda h: eddl.GlobalMaxPool2D(h, "y")))
case("global-avgpool", image_net(lambda h: eddl.GlobalAveragePool2D(h, "y")))
case(
    "pool-then-dense",
    image_net(
        lambda h: eddl.Dense(eddl.Flatten(eddl.MaxPool(h, [2, 2], [2, 2], "none", "pool"), "flat"), 3, True, "y")
    ),
)

UNEVEN = {
    "maxpool": lambda h: eddl.MaxPool2D(h, [2, 3], [2, 2], "same", "y"),
    "avgpool": lambda h: eddl.AveragePool2D(h, [2, 3], [1, 2], "same", "y"),
}
for _id, _layer in UNEVEN.items():
    case(f"{_id}-same-uneven", image_net(_layer, height=5, width=6), **REFUSED)
