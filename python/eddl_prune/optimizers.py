"""Optimizers that regularise by sensitivity: they wrap one of EDDL's."""

from __future__ import annotations

from typing import Any

import pyeddl._core as pyeddl_core

from . import _core
from ._checks import require_flag, require_real, type_name


class LOBSTER(_core.LOBSTER):
    """An EDDL optimizer that shrinks the weights to which the loss is not sensitive.

    It wraps another optimizer: ``eddl.build(net, ep.LOBSTER(eddl.sgd(0.1, 0.9), lmbda=1e-4), ...)``. After each of that
    optimizer's steps, for every weight w of the trainable convolutions and dense layers::

        w -= lmbda * w * max(0, 1 - |dL/dw|)

    with L the loss of the batch (its mean over the samples) and the gradient that the step was made of. Weights that
    the loss does not depend on decay by the factor ``1 - lmbda`` a batch; those with a gradient of 1 and more stay.
    This is the update rule of Tartaglione, Bragagnolo, Fiandrotti, Grangetto, "LOss-Based SensiTivity rEgulaRization:
    towards deep sparse neural networks", Neural Networks 146 (2022).

    ``eddl.setlr`` goes through to the wrapped optimizer. As with EDDL's own, one optimizer serves one net.

    :param optimizer: one of EDDL's that takes a step: sgd, adam or rmsprop, on the embedded engine any; not yet used by
        a net or another LOBSTER.
    :param lmbda: strength, dimensionless, finite, >= 0; 0 changes nothing.
    :param biases: whether biases shrink, too.
    :raises TypeError: an argument of the wrong type.
    :raises ValueError: lmbda negative or not finite; an optimizer in use, without a step of its own, or a LOBSTER.
        The attributes raise it once the net that the optimizer was built into is gone, and the optimizer with it.
    """

    def __init__(self, optimizer: Any, lmbda: float, biases: bool = True) -> None:
        if not isinstance(optimizer, pyeddl_core.Optimizer):
            raise TypeError(f"LOBSTER: optimizer must be an EDDL optimizer, got {type_name(optimizer)}")
        super().__init__(optimizer, require_real(lmbda, "lmbda", "LOBSTER"), require_flag(biases, "biases", "LOBSTER"))
        self._exists = self._watch()  # EDDL's nets delete their optimizers, whatever Python still holds

    @property
    def lmbda(self) -> float:
        """The strength."""
        return float(self._require_existing("lmbda").lmbda)

    @property
    def biases(self) -> bool:
        """Whether biases shrink, too."""
        return bool(self._require_existing("biases").biases)

    @property
    def optimizer(self) -> Any:
        """The wrapped optimizer."""
        return self._require_existing("optimizer").optimizer

    def set_lambda(self, lmbda: float) -> None:
        """Change the strength from the next step on; same range and errors as in the constructor."""
        self._require_existing("set_lambda").set_lambda(require_real(lmbda, "lmbda", "LOBSTER.set_lambda"))

    def _require_existing(self, attribute: str) -> Any:
        if not self._exists():
            raise ValueError(
                f"LOBSTER.{attribute}: the optimizer went with the net that it was built into; make a new one"
            )
        return super()
