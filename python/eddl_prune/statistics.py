"""What a net holds, layer by layer."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from . import _core
from ._checks import require_net
from ._table import number, percent, table


@dataclass(frozen=True)
class LayerStats:
    """The counts of one layer.

    name, kind: the layer's name in the net and its class in EDDL's words, such as "Conv" or "Dense".
    parameters, nonzero: trained values, and how many of them are not exactly zero.
    channels: channels of the output (neurons of a dense layer); None where the output has no channel axis.
    dead_channels: those whose weights (bias aside) are all exactly zero; None but for convolutions and dense layers.
    macs: multiply-accumulates for one sample.
    output_shape: of one sample, without the batch axis.
    """

    name: str
    kind: str
    parameters: int
    nonzero: int
    channels: int | None
    dead_channels: int | None
    macs: int
    output_shape: tuple[int, ...]


@dataclass(frozen=True)
class Stats:
    """The counts of a net. ``print(stats)`` shows a table with totals; the totals are attributes too."""

    layers: tuple[LayerStats, ...]

    @property
    def parameters(self) -> int:
        """Trained values of all layers."""
        return sum(layer.parameters for layer in self.layers)

    @property
    def nonzero(self) -> int:
        """Trained values that are not exactly zero."""
        return sum(layer.nonzero for layer in self.layers)

    @property
    def sparsity(self) -> float:
        """The part of the trained values that is exactly zero, 0 to 1; 0 for a net without any."""
        return 1.0 - self.nonzero / self.parameters if self.parameters else 0.0

    @property
    def channels(self) -> int:
        """Channels and neurons of the convolutions and dense layers."""
        return sum(layer.channels or 0 for layer in self.layers if layer.dead_channels is not None)

    @property
    def dead_channels(self) -> int:
        """How many of the channels are dead."""
        return sum(layer.dead_channels or 0 for layer in self.layers)

    @property
    def macs(self) -> int:
        """Multiply-accumulates of the whole net for one sample."""
        return sum(layer.macs for layer in self.layers)

    def layer(self, name: str) -> LayerStats:
        """Return one layer's counts by its name; KeyError with the known names where there is none."""
        for layer in self.layers:
            if layer.name == name:
                return layer
        raise KeyError(f"no layer {name!r}; there are {', '.join(layer.name for layer in self.layers)}")

    def to_dict(self) -> dict[str, Any]:
        """Return plain data: the totals and a list of dicts under ``layers``."""
        totals = ("parameters", "nonzero", "sparsity", "channels", "dead_channels", "macs")
        return {"layers": [asdict(layer) for layer in self.layers], **{name: getattr(self, name) for name in totals}}

    def __str__(self) -> str:
        header = ("layer", "kind", "output", "parameters", "non-zero", "", "channels", "dead", "MACs")
        rows = [
            (layer.name, layer.kind, " x ".join(map(str, layer.output_shape)), *self._counts(layer))
            for layer in self.layers
        ]
        return table(header, [*rows, ("total", "", "", *self._counts(self))], text_columns=(0, 1, 2))

    @staticmethod
    def _counts(of: LayerStats | Stats) -> tuple[str, ...]:
        return (
            number(of.parameters),
            number(of.nonzero),
            percent(of.nonzero, of.parameters),
            number(of.channels),
            number(of.dead_channels),
            number(of.macs),
        )


def stats(net: Any) -> Stats:
    """Count parameters, non-zero parameters, channels, dead channels and multiply-accumulates of each layer.

    :param net: a PyEDDL net on the CPU, built or not. It is not changed.
    :return: a :class:`Stats`; print it for a table.
    :raises TypeError: `net` is not a PyEDDL net.
    :raises PruneError: a net whose parameters cannot be read, such as one on a GPU.
    """
    require_net(net, "stats")
    return Stats(
        tuple(LayerStats(**{**layer, "output_shape": tuple(layer["output_shape"])}) for layer in _core.layer_stats(net))
    )
