"""Live channels that go: zeroed or removed, by name and number or by their importance."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from numbers import Integral
from typing import Any, ClassVar

from . import _core
from ._checks import require_choice, require_integer, require_names, require_net, require_real, type_name
from ._samples import Samples
from ._table import number
from .importance import CRITERIA, WITH_DATA, importance, units_of
from .removal import Report, from_dict
from .selection import SCOPES, Limits, Ranking

Channels = dict[str, tuple[int, ...]]


@dataclass(frozen=True)
class Rounding:
    """What `round_to` costs: channels (units) that stay for its sake, and what the net has more by them."""

    channels: int
    parameters: int
    macs: int


@dataclass(frozen=True)
class ChannelReport(Report):
    """What :func:`remove_channels` did: a :class:`Report`, and which channels were chosen.

    channels: {layer: channels}; of channels that are coupled, only those of the first layer.
    rounding: what rounding cost; None without.
    seconds: the measured time of a prediction after removal, where a latency was asked for.
    """

    channels: Channels = field(default_factory=dict)
    rounding: Rounding | None = None
    seconds: float | None = None

    _title: ClassVar[str] = "removed"

    def __str__(self) -> str:
        lines = [super().__str__()]
        if self.rounding is not None and self.rounding.channels:
            cost = self.rounding
            lines.append(
                f"{cost.channels} channels stay to make round numbers: {number(cost.parameters)} parameters, "
                f"{number(cost.macs)} MACs"
            )
        if self.seconds is not None:
            lines.append(f"a prediction takes {1e3 * self.seconds:.3g} ms")
        return "\n".join(lines)


def remove_channels(
    net: Any,
    channels: Mapping[str, Sequence[int]] | None = None,
    *,
    amount: float | None = None,
    parameters: int | None = None,
    macs: int | None = None,
    latency: float | None = None,
    criterion: str = "l2",
    scope: str = "global",
    layers: Sequence[str] | None = None,
    keep: int | float = 1,
    round_to: int = 1,
    data: Any = None,
    batch_size: int = 32,
    latency_batch: int = 1,
    seed: int = 0,
) -> ChannelReport:
    """Remove live channels, in place, with everything that is coupled to them.

    Channels of several layers may be coupled: those of the operands of a sum, those of a depthwise convolution and of
    its input. Such a unit goes as a whole; naming one of its channels is enough. The net then computes what it would if
    these channels were 0 wherever they are read. What is dead goes too, as :func:`simplify` removes it, and all that it
    says of objects, names, moments, views and layers that leave holds here.

    Say what goes by exactly one of `channels`, `amount`, `parameters`, `macs` and `latency`. All but the first rank the
    units by `criterion` and remove the least important first.

    :param net: a PyEDDL net on the CPU, built or not.
    :param channels: {layer name: indices of its output channels}.
    :param amount: the share of the units that may go, in [0, 1); rounded down, for each layer with `scope` "layer".
        Those that are dead count, and are the first.
    :param parameters: remove as few as will leave at most so many parameters.
    :param macs: as few as will leave at most so many multiply-accumulates for one sample.
    :param latency: as few as will make a prediction of `latency_batch` samples last at most so many seconds: measured,
        on copies of the built net, the median of nine. Not for recurrent nets.
    :param criterion: what a unit's channels are ranked by.

        - "l1", "l2": the mean |w|, or the root of the mean w², of all weights into its channels in all layers that
          compute them (Li et al., ICLR 2017), of all gates of a recurrent cell, of all words of an embedding. Means, so
          that layers of different sizes compare.
        - "bn_scale": the mean |scale| of the batch norms on them (Liu et al., ICCV 2017); units without one stay.
        - "taylor": (Σ a·∂L/∂a)² over the unit's values a where they are read, averaged over batches, and the root of
          it: the first-order change of the loss L if they become 0 there (Molchanov et al., ICLR 2017 and, as a gate
          on a layer's output, CVPR 2019). Computed as Σ w·∂L/∂w of the weights w that read the unit, which is the same.
          One backward pass a batch of `data`.
        - "sensitivity": SeReNe's, (1/C)·Σ|∂y/∂p|, averaged over `data` and the layers of the unit (:class:`SeReNe`);
          units without a convolution or dense layer stay. Not for recurrent nets.
        - "random": drawn from `seed`.
    :param scope: "global" ranks all units together, "layer" takes the same share of every group of coupled layers.
    :param layers: names of layers; only units with a channel of one of them may go. None: all.
    :param keep: how many units every group keeps at least: a number, or a share in (0, 1).
    :param round_to: every group that loses units keeps a multiple of so many channels of its first layer: the most
        important of the units that were to go stay. Where dead ones go too, there may be too few for that; then all
        others stay.
    :param data: for "taylor" and "sensitivity": ([inputs], [targets]), arrays or tensors, one a layer of the net. They
        go through it as in training; its parameters and statistics are afterwards what they were.
    :param batch_size: how many of these go at once.
    :raises TypeError: an argument of the wrong type.
    :raises ValueError: none or several of the ways to say what goes, an unknown layer or criterion, a number out of its
        range, a budget that cannot be met, data that does not fit the net, NaN or infinite parameters.
    :raises IndexError: a channel that the layer does not have.
    :raises PruneError: a channel that must stay, with the reason; a net whose structure cannot be changed.
    """
    function = "remove_channels"
    require_net(net, function)
    _require_one_way(function, channels=channels, amount=amount, parameters=parameters, macs=macs, latency=latency)
    if channels is not None:
        named = _require_channels(channels, function)
        return from_dict(ChannelReport, {**_core.remove_channels(net, named), "channels": _tuples(named)})

    search = _Search(net, function, criterion, scope, layers, keep, round_to, data, batch_size, seed)
    seconds: float | None = None
    if amount is not None:
        count = search.ranking.count(_require_share(amount, function))
    elif latency is not None:
        limit = require_real(latency, "latency", function)
        batch = require_integer(latency_batch, "latency_batch", function, 1)

        def predict_seconds(count: int) -> float:
            shortest = math.inf
            for _ in range(LATENCY_ATTEMPTS):  # what else the machine does makes a time longer, never shorter
                if shortest > limit:
                    measured = _core.prediction_seconds(net, search.chosen(count), batch, LATENCY_REPEATS)
                    shortest = min(shortest, measured)
            return shortest

        count, seconds = search.fewest(predict_seconds, limit, "latency", "s")
    else:
        what, budget = ("parameters", parameters) if parameters is not None else ("macs", macs)
        most = require_integer(budget, what, function, 0)
        count, _ = search.fewest(lambda n: search.planned(n)[f"{what}_after"], most, what, "")
    rounding = search.rounding(count) if round_to > 1 else None
    chosen = search.chosen(count)
    report = {**_core.remove_channels(net, chosen), "channels": _tuples(chosen)}
    return from_dict(ChannelReport, {**report, "rounding": rounding, "seconds": seconds})


def zero_channels(
    net: Any,
    channels: Mapping[str, Sequence[int]] | None = None,
    *,
    amount: float | None = None,
    criterion: str = "l2",
    scope: str = "global",
    layers: Sequence[str] | None = None,
    keep: int | float = 1,
    round_to: int = 1,
    data: Any = None,
    batch_size: int = 32,
    seed: int = 0,
) -> Channels:
    """Make channels 0 wherever they are read, in place: what :func:`remove_channels` would leave, in the old sizes.

    All parameters of the channels become 0: weights, biases, scale and shift of the batch norms on them. Where
    something else still makes them differ from 0 (a sigmoid, the shift of a group normalisation, which all groups
    share), so do the weights that read them. :func:`simplify` then removes what :func:`remove_channels` would. The
    optimizer's moments stay as they are. Units, criteria and limits are those of :func:`remove_channels`, as are the
    errors; say what becomes zero by exactly one of `channels` and `amount`.

    :return: {layer: channels whose parameters were set to zero}, all layers of the units.
    """
    function = "zero_channels"
    require_net(net, function)
    _require_one_way(function, channels=channels, amount=amount)
    if channels is not None:
        chosen = _require_channels(channels, function)
    else:
        search = _Search(net, function, criterion, scope, layers, keep, round_to, data, batch_size, seed)
        chosen = search.chosen(search.ranking.count(_require_share(amount, function)))
    return _tuples(_core.zero_coupled_channels(net, chosen))


LATENCY_REPEATS = 9
LATENCY_ATTEMPTS = 3


class _Search:
    """The ranking of a net's units, and what removing its first would come to. All arguments are checked first."""

    def __init__(
        self,
        net: Any,
        function: str,
        criterion: str,
        scope: str,
        layers: Sequence[str] | None,
        keep: int | float,
        round_to: int,
        data: Any,
        batch_size: int,
        seed: int,
    ) -> None:
        require_choice(criterion, "criterion", function, CRITERIA)
        require_choice(scope, "scope", function, SCOPES)
        limits = Limits(_require_keep(keep, function), require_integer(round_to, "round_to", function, 1))
        require_integer(batch_size, "batch_size", function, 1)
        require_integer(seed, "seed", function, 0)
        samples = None
        if criterion in WITH_DATA:
            require_net(net, function, built=True)
            samples = _require_samples(net, data, criterion, function)
        self._net, self._function = net, function
        self._names = [layer.name for layer in net.layers]
        self._units = units_of(net)
        candidates = self._candidates(require_names(layers, "layers", function))
        values = importance(net, self._units, criterion, samples, batch_size, seed)
        self.ranking = Ranking(self._units, values, candidates, self._dead(), scope, limits)

    def _candidates(self, layers: list[str] | None) -> list[int]:
        unknown = sorted(set(layers or []) - set(self._names))
        if unknown:
            raise ValueError(f"{self._function}: no layer is named {unknown[0]!r}; allowed: {', '.join(self._names)}")
        allowed = set(self._names if layers is None else layers)
        return [
            number
            for number, unit in enumerate(self._units)
            if not unit.pinned and any(self._names[position] in allowed for position, _ in unit.channels)
        ]

    def _dead(self) -> set[int]:
        """Return the units that go even if no others do."""
        removed = [set(layer["removed"]) for layer in _core.plan_channel_removal(self._net, {})["layers"]]
        return {
            number
            for number, unit in enumerate(self._units)
            if all(channel in removed[position] for position, channel in unit.channels)
        }

    def chosen(self, count: int, rounded: bool = True) -> dict[str, list[int]]:
        """Return the first `count` of the ranking, within the limits, each as a channel of its first layer."""
        channels: dict[str, list[int]] = {}
        for chosen in self.ranking.first(count, rounded):
            position, channel = self._units[chosen].channels[0]
            channels.setdefault(self._names[position], []).append(channel)
        return channels

    def planned(self, count: int, rounded: bool = True) -> dict[str, Any]:
        """Return what removing the first `count` would come to."""
        return _core.plan_channel_removal(self._net, self.chosen(count, rounded))

    def fewest(self, measure: Callable[[int], float], limit: float, name: str, unit: str) -> tuple[int, float]:
        """Return how many units must go for a measure to be within the limit, and what it then is."""
        measured: dict[int, float] = {}

        def fits(count: int) -> bool:
            measured[count] = measure(count)
            return measured[count] <= limit

        count = self.ranking.fewest(fits)
        if count is None:
            least = min(measured.values())
            raise ValueError(
                f"{self._function}: {name} <= {limit:g} cannot be reached; the least is {least:g} {unit}".rstrip()
            )
        return count, measured[count]

    def rounding(self, count: int) -> Rounding:
        """Return what rounding costs."""
        exact, rounded = self.planned(count, False), self.planned(count)
        return Rounding(
            len(self.ranking.first(count, False)) - len(self.ranking.first(count)),
            rounded["parameters_after"] - exact["parameters_after"],
            rounded["macs_after"] - exact["macs_after"],
        )


def _require_one_way(function: str, **ways: Any) -> None:
    given = [name for name, value in ways.items() if value is not None]
    if len(given) != 1:
        raise ValueError(
            f"{function}: exactly one of {', '.join(ways)} must be given, got {', '.join(given) or 'none'}"
        )


def _require_channels(channels: Any, function: str) -> dict[str, list[int]]:
    if not isinstance(channels, Mapping):
        raise TypeError(f"{function}: channels must be {{layer name: [indices]}}, got {type_name(channels)}")
    checked = {}
    for name, indices in channels.items():
        try:
            values = list(indices)
        except TypeError:
            values = [None]
        integers = all(isinstance(index, Integral) and not isinstance(index, bool) for index in values)
        if not isinstance(name, str) or not integers:
            raise TypeError(f"{function}: channels must be {{layer name: [indices]}}, got {{{name!r}: {indices!r}}}")
        checked[name] = [int(index) for index in values]
    return checked


def _require_samples(net: Any, data: Any, criterion: str, function: str) -> Samples:
    if data is None:
        raise ValueError(f"{function}: criterion {criterion!r} needs data: ([inputs], [targets])")
    if not isinstance(data, (tuple, list)) or len(data) != 2:
        raise TypeError(f"{function}: data must be a pair of lists, inputs and targets, got {type_name(data)}")
    return Samples(net, data[0], data[1], ("data[0]", "data[1]"), function)


def _require_share(value: Any, function: str) -> float:
    share = require_real(value, "amount", function)
    if share >= 1.0:
        raise ValueError(f"{function}: amount must be in [0, 1), got {value}")
    return share


def _require_keep(value: Any, function: str) -> int | float:
    if isinstance(value, Integral) and not isinstance(value, bool):
        return require_integer(value, "keep", function, 1)
    share = require_real(value, "keep", function)
    if not 0.0 < share < 1.0:
        raise ValueError(f"{function}: keep must be an integer >= 1 or a share in (0, 1), got {value}")
    return share


def _tuples(channels: Mapping[str, Sequence[int]]) -> Channels:
    return {name: tuple(sorted(set(indices))) for name, indices in channels.items()}
