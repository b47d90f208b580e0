"""Zeroing of what does not matter. Shapes stay as they are: see removal.py for that."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from . import _core
from ._checks import require_flag, require_names, require_net, require_real


def threshold(net: Any, T: float, *, biases: bool = True, layers: Sequence[str] | None = None) -> dict[str, int]:  # noqa: N803
    """Set every weight with ``|w| < T`` to zero, in place.

    :param net: a PyEDDL net on the CPU, built or not.
    :param T: the threshold, in units of the weights; finite, >= 0. A weight of exactly this magnitude stays.
    :param biases: whether biases are thresholded too.
    :param layers: names of the convolution and dense layers to work on; None means all of them. Batch normalisation
        is never thresholded.
    :return: for each of these layers, how many entries that were not zero are now.
    :raises TypeError: an argument of the wrong type.
    :raises ValueError: T negative or not finite, an unknown layer name, a layer without prunable weights, NaN weights.
    :raises PruneError: a net that cannot be pruned, such as one on a GPU.
    """
    require_net(net, "threshold")
    return dict(
        _core.threshold(
            net,
            require_real(T, "T", "threshold"),
            require_flag(biases, "biases", "threshold"),
            require_names(layers, "layers", "threshold"),
        )
    )
