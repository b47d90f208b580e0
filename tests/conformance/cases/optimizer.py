"""Optimizers."""

import numpy as np
import pyeddl.eddl as eddl
from conformance.cases.base import classifier, family
from helpers import STEPLESS_ON_EDDL, named_params, tensor

case = family(__name__)

OPTIMIZERS = {
    "sgd": lambda: eddl.sgd(0.1),
    "sgd-momentum": lambda: eddl.sgd(0.1, 0.9),
    "sgd-nesterov": lambda: eddl.sgd(0.1, 0.9, 0.0, True),
    "sgd-weight-decay": lambda: eddl.sgd(0.1, 0.5, 0.1),
    "adam": lambda: eddl.adam(0.01),
    "adam-betas": lambda: eddl.adam(0.02, 0.8, 0.9, 1e-3, 0.1),
    "adam-amsgrad": lambda: eddl.adam(0.01, 0.9, 0.999, 1e-6, 0.0, True),
    "rmsprop": lambda: eddl.rmsprop(0.01),
    "rmsprop-rho": lambda: eddl.rmsprop(0.01, 0.7, 1e-3, 0.1),
}


def _stands_still(case):
    net = case.built()
    xs, ys = case.data(net)
    before = named_params(net)
    eddl.train_batch(net, [tensor(x) for x in xs], [tensor(y) for y in ys])
    return all(np.array_equal(before[name], value) for name, value in named_params(net).items())


NO_STEP = {"eddl_defect": "takes no step", "spoils": "params|predict-after", "shown": _stands_still}

for _id, _optimizer in (OPTIMIZERS | STEPLESS_ON_EDDL).items():
    case(
        f"optimizer-{_id}",
        classifier(),
        loss="softmax_cross_entropy",
        metric="accuracy",
        target="onehot",
        optimizer=_optimizer,
        keeps_gradients=_id.partition("-")[0] != "adam",
        **(NO_STEP if _id in STEPLESS_ON_EDDL else {}),
    )
