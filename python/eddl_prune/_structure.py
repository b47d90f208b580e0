"""What simplification has removed from a net since a run began, so that another net can be given the same structure."""

from __future__ import annotations

from itertools import zip_longest
from typing import Any

from . import _core

# One layer: its class, the shapes of its parameters and, of an uneven sum, what it adds up. Names may be numbers that
# differ from one net to the next.
Layers = list[list[Any]]


class Structure:
    """The layers of a net when the run began, and which of their channels are gone."""

    def __init__(self, net: Any) -> None:
        self._net = net
        self.layers_at_start = _layers(net)
        self._removed: dict[str, list[int]] = {}  # by the layer's position, channels numbered as at the start

    def simplify(self) -> None:
        """Remove what is dead, and remember it."""
        for position, layer in enumerate(_core.simplify(self._net)["layers"]):
            if layer["removed"]:
                before = self._removed.get(str(position), [])
                there = sorted(set(range(layer["channels_before"] + len(before))) - set(before))
                self._removed[str(position)] = sorted([*before, *(there[channel] for channel in layer["removed"])])

    def state(self) -> dict[str, Any]:
        """Return plain data for :meth:`restore`."""
        return {"layers_at_start": self.layers_at_start, "layers": _layers(self._net), "removed": self._removed}

    def restore(self, state: dict[str, Any]) -> None:
        """Give the net the structure of a run that returned this state; its values are undefined where that changes it.

        :raises ValueError: the net has neither the structure that the run began with nor the one that it came to.
        """
        if self.layers_at_start not in (state["layers_at_start"], state["layers"]):
            pairs = enumerate(zip_longest(self.layers_at_start, state["layers_at_start"]))
            position, (ours, theirs) = next((i, pair) for i, pair in pairs if pair[0] != pair[1])
            raise ValueError(
                f"fit: the checkpoint is of a net whose layer {position} began as {theirs}, here it is {ours}; "
                "build the net as for the first run"
            )
        if self.layers_at_start != state["layers"]:
            names = [layer.name for layer in self._net.layers]
            removed = {names[int(position)]: channels for position, channels in state["removed"].items()}
            sums = {name: layer[2] for name, layer in zip(names, state["layers"]) if layer[2:]}
            _core.remove_again(self._net, removed, sums)
        self.layers_at_start = state["layers_at_start"]
        self._removed = state["removed"]


def _layers(net: Any) -> Layers:
    shapes: dict[int, list[list[int]]] = {}
    for name, values in _core.Snapshot(net, False).arrays().items():
        shapes.setdefault(int(name.split(".")[0]), []).append(list(values.shape))
    sums = _core.sum_structures(net)
    return [
        [type(layer).__name__, shapes.get(i, []), *([sums[layer.name]] if layer.name in sums else [])]
        for i, layer in enumerate(net.layers)
    ]
