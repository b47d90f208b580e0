"""Removal of dead channels: the net really gets smaller."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, ClassVar, TypeVar

from . import _core
from ._checks import require_flag, require_net
from ._table import number, percent, table


@dataclass(frozen=True)
class LayerRemoval:
    """One layer before and after.

    name, kind: as in :class:`eddl_prune.LayerStats`.
    channels_before, channels_after, removed: output channels (neurons of a dense layer), and the indices that go.
    parameters_before, parameters_after, macs_before, macs_after: trained values; multiply-accumulates for one sample.
    folded: input channels, numbered as before, that are constant and are carried into what stays: into the bias where
        ``folded_into_bias``, else into the input channels `carriers`, which stay and whose weights stand for them all:
        one, or at most one a group of a grouped convolution.
    """

    name: str
    kind: str
    channels_before: int
    channels_after: int
    removed: tuple[int, ...]
    parameters_before: int
    parameters_after: int
    macs_before: int
    macs_after: int
    folded: tuple[int, ...]
    carriers: tuple[int, ...]
    folded_into_bias: bool


@dataclass(frozen=True)
class ChannelGroup:
    """Layers that can only lose channels together.

    layers: their names, in the net's order.
    removed, carriers: channels of the first of them that go, and that stay only to carry constants.
    kept: {why: how many of the others stay}.
    pinned: why all or some must stay; None where they need not.
    """

    layers: tuple[str, ...]
    removed: tuple[int, ...]
    carriers: tuple[int, ...]
    kept: dict[str, int]
    pinned: str | None


@dataclass(frozen=True)
class Plan:
    """What :func:`simplify` would do to a net. ``print(plan)`` shows it as a table.

    layers: every layer, in the net's order.
    groups: the layers that are coupled, and what they lose.
    pinned: {layer name: why all its channels must stay}.
    fused: {batch norm: the layer that it becomes a part of}, and not_fused: {batch norm: why it does not}; both empty
        unless asked for.
    """

    layers: tuple[LayerRemoval, ...]
    groups: tuple[ChannelGroup, ...]
    pinned: dict[str, str]
    fused: dict[str, str]
    not_fused: dict[str, str]
    parameters_before: int
    parameters_after: int
    macs_before: int
    macs_after: int

    _title: ClassVar[str] = "would remove"
    _fused_title: ClassVar[str] = "would become part of"

    @property
    def parameters_removed(self) -> float:
        """The part of the parameters that goes, 0 to 1; 0 for a net without parameters."""
        return 1.0 - self.parameters_after / self.parameters_before if self.parameters_before else 0.0

    @property
    def channels_removed(self) -> dict[str, tuple[int, ...]]:
        """{layer name: indices of the channels that go}, layers that lose none left out."""
        return {layer.name: layer.removed for layer in self.layers if layer.removed}

    def to_dict(self) -> dict[str, Any]:
        """Return plain data: the attributes by name, with dicts for layers and groups."""
        return asdict(self)

    def __str__(self) -> str:
        header = ("layer", "kind", "channels", "after", "parameters", "after", "MACs", "after", "kept")
        rows = [
            (
                layer.name,
                layer.kind,
                number(layer.channels_before),
                number(layer.channels_after),
                *_sizes(layer),
            )
            for layer in self.layers
            if layer.parameters_before
        ]
        lines = [
            f"{self._title} {number(self.parameters_before - self.parameters_after)} of "
            f"{number(self.parameters_before)} parameters ({100 * self.parameters_removed:.1f} %)",
            table(header, [*rows, ("total", "", "", "", *_sizes(self))], text_columns=2),
        ]
        for reason in dict.fromkeys(self.pinned.values()):
            layers = [name for name, why in self.pinned.items() if why == reason]
            lines.append(f"all channels stay in {', '.join(layers)}: {reason}")
        if self.fused:
            lines.append(f"{len(self.fused)} batch norms {self._fused_title} the layers before them")
        lines += [f"{name} stays a batch norm: {reason}" for name, reason in self.not_fused.items()]
        return "\n".join(lines)


@dataclass(frozen=True)
class Report(Plan):
    """What :func:`simplify` did to a net. ``print(report)`` shows it as a table; the attributes are a plan's."""

    _title: ClassVar[str] = "removed"
    _fused_title: ClassVar[str] = "became part of"


PlanType = TypeVar("PlanType", bound=Plan)


def plan(net: Any, *, fuse_batchnorm: bool = False) -> Plan:
    """Work out what :func:`simplify` would do, without doing it.

    :param net: a PyEDDL net on the CPU, built or not. It is not changed.
    :param fuse_batchnorm: as for :func:`simplify`.
    :raises TypeError: `net` is not a PyEDDL net, `fuse_batchnorm` not a bool.
    :raises ValueError: NaN or infinite parameters.
    :raises PruneError: a net whose structure cannot be changed: on a GPU, recurrent, or with layers that another net
        uses as well.
    """
    require_net(net, "plan")
    return _from_dict(Plan, _core.plan(net, require_flag(fuse_batchnorm, "fuse_batchnorm", "plan")))


def simplify(net: Any, *, fuse_batchnorm: bool = False) -> Report:
    """Remove all dead channels from a net, in place, so that it computes the same in inference mode.

    A channel is dead if no output of the net depends on it, or if it is constant: above all where all weights into it
    are exactly zero (never because they sum to zero). Its constant is carried on into the layers that read it: into
    their bias where that is exact, otherwise (zero-padded convolutions) into one carrier channel that stands for all
    constants. Outputs before and after agree to float rounding for every input. Every layer keeps at least one channel,
    and layers whose kind is not known keep all of theirs.

    The net, its layers and their names stay the same objects; the optimizer's moments keep the surviving entries, so
    that training may go on. NumPy views of parameters become invalid. See Bragagnolo & Barbano, "Simplify: A Python
    library for optimizing pruned neural networks", SoftwareX 17 (2022).

    :param net: a PyEDDL net on the CPU, built or not.
    :param fuse_batchnorm: whether batch norms become part of the convolution or dense layer before them (which gets a
        bias if it has none), wherever that layer feeds nothing else. Prediction is faster, and the same to rounding;
        but training goes on without batch statistics, and cannot go back. The batch norm's place is taken by an
        identity that costs nothing; a handle of the batch norm stays valid, with the net's output and without
        parameters. The optimizer's moments follow the rescaled weights. Files saved before do not fit the net then.
    :return: a :class:`Report`; print it for a table.
    :raises TypeError: `net` is not a PyEDDL net, `fuse_batchnorm` not a bool.
    :raises ValueError: NaN or infinite parameters.
    :raises PruneError: a net whose structure cannot be changed: on a GPU, recurrent, or with layers that another net
        uses as well.
    """
    require_net(net, "simplify")
    return _from_dict(Report, _core.simplify(net, require_flag(fuse_batchnorm, "fuse_batchnorm", "simplify")))


def _from_dict(kind: type[PlanType], data: dict[str, Any]) -> PlanType:
    def frozen(entry: dict[str, Any]) -> dict[str, Any]:
        return {name: tuple(value) if isinstance(value, list) else value for name, value in entry.items()}

    return kind(
        **{
            **data,
            "layers": tuple(LayerRemoval(**frozen(layer)) for layer in data["layers"]),
            "groups": tuple(
                ChannelGroup(**{**frozen(group), "kept": {why["reason"]: why["channels"] for why in group["kept"]}})
                for group in data["groups"]
            ),
            "pinned": {entry["layer"]: entry["reason"] for entry in data["pinned"]},
        }
    )


def _sizes(of: LayerRemoval | Plan) -> Sequence[str]:
    return (
        number(of.parameters_before),
        number(of.parameters_after),
        number(of.macs_before),
        number(of.macs_after),
        percent(of.parameters_after, of.parameters_before),
    )
