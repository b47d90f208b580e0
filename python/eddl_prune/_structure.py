"""What simplification has removed from a net since a run began, so that another net can be given the same structure."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import zip_longest
from typing import Any

from . import _core

# One layer: its class, the shapes of its parameters and, of an uneven sum, what it adds up. Names may be numbers that
# differ from one net to the next.
Layers = list[list[Any]]


class Structure:
    """The layers of a net when the run began, and what is gone of them: layers, channels and inputs.

    Layers go by their positions when the run began; channels and inputs are numbered as then.
    """

    def __init__(self, net: Any) -> None:
        self._net = net
        self.layers_at_start = _layers(net)
        self._positions = list(range(len(self.layers_at_start)))  # of the layers that are there
        self._removed: dict[str, list[int]] = {}  # channels, by layer; all of them: the layer has left
        self._lost_inputs: dict[str, list[int]] = {}

    def simplify(self) -> None:
        """Remove what is dead, and remember it."""
        layers = _core.simplify(self._net)["layers"]
        for position, layer in zip(self._positions, layers):
            _add(self._removed, position, layer["removed"], layer["channels_before"])
            _add(self._lost_inputs, position, layer["lost_inputs"], len(layer["inputs"]))
        self._positions = [position for position, layer in zip(self._positions, layers) if layer["channels_after"]]

    def state(self) -> dict[str, Any]:
        """Return plain data for :meth:`restore`."""
        return {
            "layers_at_start": self.layers_at_start,
            "layers": _layers(self._net),
            "positions": self._positions,
            "removed": self._removed,
            "lost_inputs": self._lost_inputs,
        }

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
        # A version before layers could leave wrote neither of these.
        positions = state.get("positions", list(range(len(state["layers"]))))
        lost_inputs = state.get("lost_inputs", {})
        if self.layers_at_start != state["layers"]:
            names = [layer.name for layer in self._net.layers]
            sums = {names[position]: layer[2] for position, layer in zip(positions, state["layers"]) if layer[2:]}
            _core.remove_again(self._net, _by_name(state["removed"], names), sums, _by_name(lost_inputs, names))
        self.layers_at_start = state["layers_at_start"]
        self._positions = positions
        self._removed = state["removed"]
        self._lost_inputs = lost_inputs


def _add(gone: dict[str, list[int]], position: int, more: Iterable[int], count: int) -> None:
    """Add to what a layer lacks what it has lost of the `count` things that it had."""
    if more:
        before = gone.get(str(position), [])
        there = sorted(set(range(count + len(before))) - set(before))
        gone[str(position)] = sorted([*before, *(there[index] for index in more)])


def _by_name(gone: dict[str, list[int]], names: list[str]) -> dict[str, list[int]]:
    return {names[int(position)]: indices for position, indices in gone.items()}


def _layers(net: Any) -> Layers:
    shapes: dict[int, list[list[int]]] = {}
    for name, values in _core.Snapshot(net, False).arrays().items():
        shapes.setdefault(int(name.split(".")[0]), []).append(list(values.shape))
    sums = _core.sum_structures(net)
    return [
        [type(layer).__name__, shapes.get(i, []), *([sums[layer.name]] if layer.name in sums else [])]
        for i, layer in enumerate(net.layers)
    ]
