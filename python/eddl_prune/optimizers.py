"""Optimizers that regularise by sensitivity: they wrap one of EDDL's.

After each step of the wrapped optimizer, every weight w of the selected layers shrinks by
``lmbda * w * max(0, 1 - S)``. The methods differ in the sensitivity S: of the loss to the weight (:class:`LOBSTER`), of
the outputs to the neuron (:class:`SeReNe`), of the outputs to the weight (:class:`OutputSensitivity`).

The outputs y are those before the function that makes probabilities of them: of an output layer that is a softmax or a
sigmoid, its input; of any other output layer, what it computes. C counts them over all output layers. Where an output
has positions (the pixels of a segmentation), y is a class's sum over them. Their derivatives are taken between the
backward pass of training and the optimizer's step, at the weights and with the dropout masks of the last forward. They
change nothing else: neither gradients, deltas and running statistics, nor the loss that is reported.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from . import _core
from ._checks import require_choice, require_flag, require_names, require_optimizer, require_real, type_name


class _Regularizer:
    """What the methods have in common. EDDL's nets delete their optimizers, whatever Python still holds."""

    def __init__(self, optimizer: Any, lmbda: float, *mode: str, biases: bool, layers: Sequence[str] | None) -> None:
        name = type(self).__name__
        super().__init__(  # type: ignore[call-arg]
            require_optimizer(optimizer, name),
            require_real(lmbda, "lmbda", name),
            *mode,
            biases=require_flag(biases, "biases", name),
            layers=require_names(layers, "layers", name),
        )
        self._exists = super()._watch()  # type: ignore[misc]

    @property
    def lmbda(self) -> float:
        """The strength."""
        return float(self._require_existing("lmbda").lmbda)

    @property
    def biases(self) -> bool:
        """Whether biases shrink, too."""
        return bool(self._require_existing("biases").biases)

    @property
    def layers(self) -> list[str] | None:
        """Names and kinds of the layers that it works on; None for all."""
        layers: list[str] | None = self._require_existing("layers").layers
        return layers

    @property
    def optimizer(self) -> Any:
        """The wrapped optimizer."""
        return self._require_existing("optimizer").optimizer

    def set_lambda(self, lmbda: float) -> None:
        """Change the strength from the next step on; same range and errors as in the constructor."""
        name = f"{type(self).__name__}.set_lambda"
        self._require_existing("set_lambda").set_lambda(require_real(lmbda, "lmbda", name))

    def _require_existing(self, attribute: str) -> Any:
        if not self._exists():
            raise ValueError(
                f"{type(self).__name__}.{attribute}: the optimizer went with the net that it was built into; "
                "make a new one"
            )
        return super()


class _OutputRegularizer(_Regularizer):
    """The methods that derive the net's outputs, in one of several modes."""

    MODES: tuple[str, ...]

    def __init__(self, optimizer: Any, lmbda: float, mode: str, biases: bool, layers: Sequence[str] | None) -> None:
        checked = require_choice(mode, "mode", type(self).__name__, self.MODES)
        super().__init__(optimizer, lmbda, checked, biases=biases, layers=layers)

    @property
    def mode(self) -> str:
        """Which sensitivity it takes."""
        return str(self._require_existing("mode").mode)

    @property
    def passes(self) -> int:
        """How many extra backward passes the last step took."""
        return int(self._require_existing("passes").passes)


class LambdaSchedule:
    """A callback of :func:`eddl_prune.fit` that gives every epoch a strength of its own.

    ``ep.fit(..., callbacks=[ep.LambdaSchedule(optimizer, lambda epoch: 1e-4 * min(1, epoch / 10))])`` warms up over ten
    epochs. In a loop of one's own, make it before the first epoch and call it as ``schedule(epoch, {})`` after each.

    :param optimizer: a :class:`LOBSTER`, :class:`SeReNe` or :class:`OutputSensitivity`.
    :param lmbda: takes the number of an epoch, from 1, and returns its strength, finite and >= 0.
    :raises TypeError: an argument of the wrong type, or a function that returns no number.
    :raises ValueError: a function that returns a number out of the range, also when it is called later.
    """

    def __init__(self, optimizer: Any, lmbda: Callable[[int], float]) -> None:
        if not isinstance(optimizer, _Regularizer):
            raise TypeError(
                f"LambdaSchedule: optimizer must be a LOBSTER, SeReNe or OutputSensitivity, got {type_name(optimizer)}"
            )
        if not callable(lmbda):
            raise TypeError(f"LambdaSchedule: lmbda must be a function of the epoch, got {type_name(lmbda)}")
        self._optimizer = optimizer
        self._lmbda = lmbda
        self._set(1)

    def __call__(self, epoch: int, logs: dict[str, Any]) -> None:
        """Set the strength of the epoch after this one."""
        self._set(epoch + 1)

    def _set(self, epoch: int) -> None:
        self._optimizer.set_lambda(self._lmbda(epoch))


class LOBSTER(_Regularizer, _core.LOBSTER):
    """An EDDL optimizer that shrinks the weights to which the loss is not sensitive.

    It wraps another optimizer: ``eddl.build(net, ep.LOBSTER(eddl.sgd(0.1, 0.9), lmbda=1e-4), ...)``. After each of that
    optimizer's steps, for every weight w of the trainable convolutions (1-D to 3-D, transposed or not) and dense
    layers::

        w -= lmbda * w * max(0, 1 - |dL/dw|)

    with L the loss of the batch (its mean over the samples) and the gradient that the step was made of. Weights that
    the loss does not depend on decay by the factor ``1 - lmbda`` a batch; those with a gradient of 1 and more stay.
    This is the update rule of Tartaglione, Bragagnolo, Fiandrotti, Grangetto, "LOss-Based SensiTivity rEgulaRization:
    towards deep sparse neural networks", Neural Networks 146 (2022). It costs one pass over the weights.

    ``eddl.setlr`` goes through to the wrapped optimizer. As with EDDL's own, one optimizer serves one net.

    :param optimizer: one of EDDL's that takes a step: sgd, adam or rmsprop, on the embedded engine any; or another of
        these methods. Not yet used by a net or wrapped.
    :param lmbda: strength, dimensionless, finite, >= 0; 0 changes nothing.
    :param biases: whether biases shrink, too.
    :param layers: which layers: names and, where no layer has such a name, kinds: "conv" (any convolution), "conv1d",
        "conv2d", "conv3d", "convt2d", "convt3d", "dense"; None for all. Frozen layers are never touched.
    :raises TypeError: an argument of the wrong type.
    :raises ValueError: lmbda negative or not finite; an optimizer in use, without a step of its own, or of the same
        method; no layers. ``eddl.build`` raises it where the net has no layer of that name, or none of the kinds.
        The attributes raise it once the net that the optimizer was built into is gone, and the optimizer with it.
    """

    def __init__(self, optimizer: Any, lmbda: float, biases: bool = True, layers: Sequence[str] | None = None) -> None:
        super().__init__(optimizer, lmbda, biases=biases, layers=layers)


class SeReNe(_OutputRegularizer, _core.SeReNe):
    """An EDDL optimizer that shrinks the neurons (channels) to which the net's outputs are not sensitive.

    It wraps another optimizer, as :class:`LOBSTER` does. After each of that optimizer's steps, all weights w (and the
    bias) of a neuron of the trainable convolutions and dense layers shrink alike::

        w -= lmbda * w * max(0, 1 - S)

    The neuron computes p, in front of batch normalisation and activation; y_1 … y_C are the net's outputs before
    softmax. With means over the batch and the positions of the neuron's channel, S is

    ============= ================================================ =====================================
    mode          S                                                costs, beside a pass over the weights
    ============= ================================================ =====================================
    "full"        mean of (1/C) · Σ_k |∂y_k/∂p|                    C backward passes
    "lower-bound" mean of (1/C) · |Σ_k ∂y_k/∂p|, at most the above one backward pass
    "local"       part of where the derivative of the following    the activations' backward pass
                  activation is not 0 (ReLU: where it is active)
    ============= ================================================ =====================================

    A pass makes no gradients of weights, and ends at the first layer that it is for. In the layer that computes y
    itself S = 1/C by definition, without a pass. "local" looks for the activation behind batch normalisation, dropout,
    pooling, padding, flattening, sums and concatenations; where there is none, S = 1.

    From Tartaglione, Bragagnolo, Odierna, Fiandrotti, Grangetto, "SeReNe: Sensitivity-Based Regularization of Neurons
    for Structured Sparsity in Neural Networks", IEEE TNNLS 33(12), 2022, arXiv:2102.03773. (The authors' script leaves
    biases alone, as ``biases=False`` does.) With batch normalisation, ∂y_k/∂p includes what p does to other samples.

    :param optimizer: as in :class:`LOBSTER`.
    :param lmbda: as in :class:`LOBSTER`.
    :param mode: "full", "lower-bound" or "local".
    :param biases: as in :class:`LOBSTER`.
    :param layers: as in :class:`LOBSTER`.
    :raises TypeError: an argument of the wrong type.
    :raises ValueError: as :class:`LOBSTER`; an unknown mode.
    :raises PruneError: from ``eddl.build``, for a net with recurrent layers, where no sensitivity is defined; from the
        step, for a net with an output that has no axis of classes.
    """

    MODES = ("full", "lower-bound", "local")

    def __init__(
        self,
        optimizer: Any,
        lmbda: float = 1e-5,
        mode: str = "full",
        biases: bool = True,
        layers: Sequence[str] | None = None,
    ) -> None:
        super().__init__(optimizer, lmbda, mode, biases, layers)


class OutputSensitivity(_OutputRegularizer, _core.OutputSensitivity):
    """An EDDL optimizer that shrinks the weights to which the net's outputs are not sensitive.

    It wraps another optimizer, as :class:`LOBSTER` does. After each of that optimizer's steps, for every weight w of
    the trainable convolutions and dense layers::

        w -= lmbda * w * max(0, 1 - S),   S = Σ_k |∂/∂w mean(a_k · y_k)|

    with y_1 … y_C the net's outputs before softmax, their mean over the batch (and an output's positions), and

    "unspecific": a_k = 1/C. Costs C backward passes.
    "specific": a_k = 1 for the class k that is the sample's target (its largest entry), 0 for the others. Costs as many
    passes as there are classes in the batch. With several output layers, each has its share of a.

    A pass is the whole of backward down to the first layer that it is for, gradients of the weights included; one is
    enough where only the layer that computes y is regularised.

    From Tartaglione, Lepsøy, Fiandrotti, Francini, "Learning sparse neural networks via sensitivity-driven
    regularization", NeurIPS 2018, arXiv:1810.11764.

    :param optimizer: as in :class:`LOBSTER`.
    :param lmbda: as in :class:`LOBSTER`.
    :param mode: "unspecific" or "specific".
    :param biases: as in :class:`LOBSTER`.
    :param layers: as in :class:`LOBSTER`.
    :raises TypeError: an argument of the wrong type.
    :raises ValueError: as :class:`LOBSTER`; an unknown mode.
    :raises PruneError: as :class:`SeReNe`; from the step, in mode "specific", for an output without a target.
    """

    MODES = ("unspecific", "specific")

    def __init__(
        self,
        optimizer: Any,
        lmbda: float = 1e-5,
        mode: str = "unspecific",
        biases: bool = True,
        layers: Sequence[str] | None = None,
    ) -> None:
        super().__init__(optimizer, lmbda, mode, biases, layers)
