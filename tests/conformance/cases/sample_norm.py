"""Normalisation within a sample: layer, group, and the plain ones."""

import numpy as np
import pyeddl.eddl as eddl
from conformance.cases.base import alone, beside, family, image_net, vector_net
from helpers import array, tensor, view

case = family(__name__)


def _mean_remains(case):
    """Whether the layer `norm` of the case gives rows that are not around 0, before scale and shift."""
    net = case.built()
    layer = eddl.getLayer(net, "norm")
    for parameter, value in zip(layer.params[: len(layer.gradients)], (1.0, 0.0)):
        view(parameter)[...] = value
    eddl.predict(net, [tensor(x) for x in case.data(net)[0]])
    return np.abs(array(layer.output).reshape(case.batch, -1).mean(axis=1)).max() > 0.01


MEAN_TWICE = {
    "eddl_defect": "subtracts the mean twice; the gradients of scale and shift are means over the batch",
    "shown": _mean_remains,
}
# What is left to be held to is the mean and the deviation, which are parameters of layer normalisation.
LAYERNORM = {**MEAN_TWICE, "spoils": r"(?!params-1/norm/[0-9]+$)|params-1/norm/[01]$"}
LAYERNORM_PLAIN = {**MEAN_TWICE, "spoils": r"(?!params-1/norm/)"}
DELTA_OF_EXTREME = {
    "eddl_defect": "what flows back to a kept maximum or minimum goes to the first elements",
    "spoils": r"input-delta|gradient/before|params-1/before|params-3|predict-after",
}


def small(layer):
    """An image net that ends in a few numbers, since a normalised output alone has a loss that hardly depends on x."""
    return image_net(lambda h: eddl.Dense(eddl.Flatten(layer(h), "flat"), 3, True, "y"), before=4, height=3, width=2)


LAYERNORMS = {
    "": lambda h: eddl.LayerNormalization(h, True, 1e-5, "norm"),
    "-epsilon": lambda h: eddl.LayerNormalization(h, True, 0.1, "norm"),
}
for _id, _layer in LAYERNORMS.items():
    case(f"layernorm-2d{_id}", vector_net(_layer, units=7), **LAYERNORM)
    case(f"layernorm-4d{_id}", small(_layer), **LAYERNORM)
case("layernorm-batch-1", vector_net(LAYERNORMS[""], units=7), batch=1, **LAYERNORM)
case(
    "layernorm-2d-plain",
    vector_net(lambda h: eddl.LayerNormalization(h, False, 1e-3, "norm"), units=7),
    **LAYERNORM_PLAIN,
)
case("layernorm-4d-plain", small(lambda h: eddl.LayerNormalization(h, False, 1e-3, "norm")), **LAYERNORM_PLAIN)
case("layernorm-beside", beside(lambda h: eddl.LayerNormalization(h, False, 1e-3, "norm")), **LAYERNORM_PLAIN)

GROUPS = {"1": 1, "2": 2, "each": 4}
for _id, _groups in GROUPS.items():
    case(
        f"groupnorm-{_id}",
        small(lambda h, g=_groups: eddl.GroupNormalization(h, g, 1e-3, True, "norm")),
        **MEAN_TWICE,
    )
    case(
        f"groupnorm-{_id}-plain",
        small(lambda h, g=_groups: eddl.GroupNormalization(h, g, 1e-2, False, "norm")),
        **MEAN_TWICE,
    )
case("groupnorm-batch-1", small(lambda h: eddl.GroupNormalization(h, 2, 1e-3, True, "norm")), batch=1, **MEAN_TWICE)

NORMS = {"norm": eddl.Norm, "normmax": eddl.NormMax, "normminmax": eddl.NormMinMax}
for _id, _norm in NORMS.items():
    _defect = {} if _id == "norm" else DELTA_OF_EXTREME
    case(f"{_id}-2d", vector_net(lambda h, f=_norm: f(h, 0.001, "norm"), units=7), **_defect)
    case(f"{_id}-4d", small(lambda h, f=_norm: f(h, 0.05, "norm")), **_defect)
    case(f"{_id}-alone", alone(lambda x, f=_norm: f(x, 0.05, "norm"), [5]), stands_still=_id == "norm", **_defect)
case("norm-beside", beside(lambda h: eddl.Norm(h, 0.05, "norm")))
