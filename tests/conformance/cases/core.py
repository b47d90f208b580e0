"""Dense, dropout and what only moves values."""

import pyeddl.eddl as eddl
from conformance.cases.base import alone, beside, family, image_net, vector_net

case = family(__name__)

case("dense", alone(lambda x: eddl.Dense(x, 4, True, "y"), [5]))
case("dense-no-bias", alone(lambda x: eddl.Dense(x, 4, False, "y"), [5]))
case("dense-chain", vector_net(lambda h: eddl.Dense(h, 4, False, "middle")))
case("dense-batch-1", alone(lambda x: eddl.Dense(x, 4, True, "y"), [5]), batch=1)

case("dropout-eval", vector_net(lambda h: eddl.Dropout(h, 0.4, True, "drop")), train=False, differentiable=False)
case(
    "dropout-eval-unscaled",
    vector_net(lambda h: eddl.Dropout(h, 0.4, False, "drop")),
    train=False,
    differentiable=False,
)

case("flatten", image_net(lambda h: eddl.Dense(eddl.Flatten(h, "flat"), 3, True, "y"), height=3, width=2))
case(
    "reshape",
    image_net(
        lambda h: eddl.Conv2D(eddl.Reshape(h, [4, 3, 5], "shape"), 2, [2, 2], [1, 1], "valid", True, 1, [1, 1], "y")
    ),
)
case(
    "reshape-inferred", image_net(lambda h: eddl.Dense(eddl.Reshape(h, [-1], "shape"), 2, True, "y"), height=3, width=2)
)
case(
    "reshape-shared",
    vector_net(
        lambda h: eddl.Add([eddl.Reshape(eddl.Tanh(eddl.Reshape(h, [5, 1, 1], "up"), "tanh"), [5], "down"), h], "sum")
    ),
)
case(
    "pad",
    image_net(
        lambda h: eddl.Conv2D(eddl.Pad(h, [1, 2, 0, 1], 0.0, "pad"), 2, [3, 3], [1, 1], "valid", True, 1, [1, 1], "y")
    ),
)
case(
    "pad-constant",
    image_net(lambda h: eddl.Conv2D(eddl.Pad(h, [1, 0], 0.7, "pad"), 2, [3, 3], [1, 1], "valid", True, 1, [1, 1], "y")),
)
case(
    "upsampling",
    image_net(
        lambda h: eddl.Conv2D(
            eddl.UpSampling2D(h, [2, 3], "nearest", "up"), 2, [3, 3], [2, 2], "valid", True, 1, [1, 1], "y"
        ),
        height=3,
        width=3,
    ),
)

RESHAPERS = {
    "permute": lambda h: eddl.Permute(h, [2, 0, 1], "side"),
    "transpose": lambda h: eddl.Transpose(h, "side"),
    "select": lambda h: eddl.Select(h, [":", "1:3", ":2"], "side"),
    "slice": lambda h: eddl.Slice(h, ["1", ":", "2:"], "side"),
}
for _id, _layer in RESHAPERS.items():
    case(f"operator-{_id}", beside(_layer, (2, 4, 3)))
