"""2-D convolution: plain, grouped, dilated, depthwise."""

import pyeddl.eddl as eddl
from conformance.cases.base import REFUSED, alone, family, image_net

case = family(__name__)

CONVOLUTIONS = {
    # id: filters, kernel, strides, padding, bias
    "valid": (3, [3, 3], [1, 1], "valid", True),
    "none": (3, [3, 3], [1, 1], "none", True),
    "same": (3, [3, 3], [1, 1], "same", True),
    "same-no-bias": (3, [3, 3], [1, 1], "same", False),
    "same-oblong": (2, [3, 5], [1, 1], "same", True),
    "same-rows-only": (2, [3, 3], [1, 1], "same,none", True),
    "same-columns-only": (2, [3, 3], [1, 1], "none,same", True),
    "valid-strided": (3, [3, 2], [2, 3], "valid", True),
    "valid-no-bias": (2, [2, 3], [1, 1], "valid", False),
    "1x1": (4, [1, 1], [1, 1], "valid", True),
    "1x1-strided": (3, [1, 1], [2, 2], "valid", False),
    "row-kernel": (3, [1, 5], [1, 1], "same", True),
    "full-kernel": (3, [6, 5], [1, 1], "valid", True),
}
for _id, (_filters, _kernel, _strides, _padding, _bias) in CONVOLUTIONS.items():
    case(
        f"conv-{_id}",
        image_net(lambda h, a=(_filters, _kernel, _strides, _padding, _bias): eddl.Conv2D(h, *a, 1, [1, 1], "y")),
    )
case(
    "conv-same-strided-odd",
    image_net(lambda h: eddl.Conv2D(h, 3, [3, 3], [2, 2], "same", True, 1, [1, 1], "y"), height=5, width=7),
)
case("conv-alone", alone(lambda x: eddl.Conv(x, 3, [3, 3], [1, 1], "same", True, 1, [1, 1], "y"), [2, 5, 4]))
case(
    "conv-chain",
    image_net(
        lambda h: eddl.Conv2D(
            eddl.Tanh(eddl.Conv2D(h, 3, [3, 3], [1, 1], "same", True, 1, [1, 1], "middle"), "tanh"),
            2,
            [3, 3],
            [2, 2],
            "valid",
            True,
            1,
            [1, 1],
            "y",
        )
    ),
)
case("conv-pointwise", image_net(lambda h: eddl.PointwiseConv2D(h, 3, [1, 1], True, 1, [1, 1], "y")))

case(
    "depthwise-one-channel",
    image_net(lambda h: eddl.DepthwiseConv2D(h, [3, 3], [1, 1], "valid", True, [1, 1], "y"), before=1),
)
case(
    "depthwise",
    image_net(lambda h: eddl.DepthwiseConv2D(h, [3, 3], [1, 1], "same", True, [1, 1], "y"), before=3),
    **REFUSED,
)
case(
    "conv-groups",
    image_net(lambda h: eddl.Conv2D(h, 6, [3, 3], [1, 1], "same", True, 2, [1, 1], "y"), before=4),
    **REFUSED,
)
case(
    "conv-dilated",
    image_net(lambda h: eddl.Conv2D(h, 2, [2, 3], [1, 1], "valid", True, 1, [2, 1], "y")),
    **REFUSED,
)

case(
    "conv-same-uneven",
    image_net(lambda h: eddl.Conv2D(h, 3, [2, 3], [2, 2], "same", True, 1, [1, 1], "y"), height=5, width=6),
    **REFUSED,
)
