"""Optimizers."""

import pyeddl.eddl as eddl
from conformance.cases.base import classifier, family

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
for _id, _optimizer in OPTIMIZERS.items():
    case(
        f"optimizer-{_id}",
        classifier(),
        loss="softmax_cross_entropy",
        metric="accuracy",
        target="onehot",
        optimizer=_optimizer,
        keeps_gradients=not _id.startswith("adam"),
    )
