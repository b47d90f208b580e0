"""Losses."""

from conformance.cases.base import classifier, family, sigmoid_net

case = family(__name__)

case(
    "loss-softmax-cross-entropy",
    classifier(),
    loss="softmax_cross_entropy",
    metric="accuracy",
    target="onehot",
    batch=6,
)
case("loss-soft-cross-entropy", classifier(), loss="soft_cross_entropy", metric="categorical_accuracy", target="onehot")
case(
    "loss-categorical-cross-entropy", classifier(), loss="categorical_cross_entropy", metric="accuracy", target="onehot"
)
case("loss-cross-entropy", classifier(), loss="cross_entropy", metric="mse", target="onehot")
case(
    "loss-binary-cross-entropy",
    sigmoid_net(),
    loss="binary_cross_entropy",
    metric="binary_accuracy",
    target="binary",
    batch=6,
)
case("loss-binary-cross-entropy-many", sigmoid_net(3), loss="bce", metric="mse", target="binary")
case("loss-mse", sigmoid_net(3), loss="mean_squared_error", metric="mean_squared_error", target="normal")
case("loss-dice", sigmoid_net(4), loss="dice", metric="dice", target="binary", batch=4)

case("loss-none", sigmoid_net(2), loss="none", metric="none", differentiable=False, stands_still=True)
