"""Activations."""

import pyeddl.eddl as eddl
from conformance.cases.base import family, image_net, vector_net

case = family(__name__)

ACTIVATIONS = {
    "relu": lambda h: eddl.ReLu(h, "act"),
    "thresholded-relu": lambda h: eddl.ThresholdedReLu(h, 0.3, "act"),
    "leaky-relu": lambda h: eddl.LeakyReLu(h, 0.1, "act"),
    "elu": lambda h: eddl.Elu(h, 0.8, "act"),
    "selu": lambda h: eddl.Selu(h, "act"),
    "exponential": lambda h: eddl.Exponential(h, "act"),
    "softplus": lambda h: eddl.Softplus(h, "act"),
    "softsign": lambda h: eddl.Softsign(h, "act"),
    "sigmoid": lambda h: eddl.Sigmoid(h, "act"),
    "hard-sigmoid": lambda h: eddl.HardSigmoid(h, "act"),
    "tanh": lambda h: eddl.Tanh(h, "act"),
    "linear": lambda h: eddl.Linear(h, 1.5, "act"),
    "softmax": lambda h: eddl.Softmax(h, -1, "act"),
}
USES_OUTPUT = {
    "eddl_defect": "the gradient uses the output where the input belongs",
    "spoils": r"input-delta|gradient/before|params-1/before|params-3|predict-after",
}
for _id, _act in ACTIVATIONS.items():
    case(f"activation-{_id}", vector_net(_act), **(USES_OUTPUT if _id in ("softplus", "softsign") else {}))
case("activation-4d", image_net(lambda h: eddl.Elu(h, 1.0, "act"), height=3, width=3))
case("activation-by-name", vector_net(lambda h: eddl.Activation(h, "leaky_relu", [0.2], "act")))
case("softmax-channels", image_net(lambda h: eddl.Softmax(h, 1, "act"), before=3, height=2, width=3))
case("softmax-columns", image_net(lambda h: eddl.Softmax(h, 3, "act"), height=2, width=3))
