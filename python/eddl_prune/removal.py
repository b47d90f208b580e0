"""Removal of dead channels: the net really gets smaller."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, ClassVar, TypeVar

import numpy as np
import numpy.typing as npt
import pyeddl.eddl as eddl

from . import _core
from ._checks import require_flag, require_net
from ._samples import input_tensors
from ._table import number, percent, table


@dataclass(frozen=True)
class LayerRemoval:
    """One layer before and after.

    name, kind: as in :class:`eddl_prune.LayerStats`.
    inputs: positions, in the plan's ``layers``, of the layers that it reads.
    lost_inputs: indices into `inputs`: those that a concatenation or a sum does without from then on.
    channels_before, channels_after, removed: output channels (neurons of a dense layer), and the indices that go. Where
        none are left, the layer leaves the net.
    parameters_before, parameters_after, macs_before, macs_after: trained values; multiply-accumulates for one sample.
    folded: input channels, numbered as before, that are constant and are carried into what stays: into the bias (or,
        without one, the mean of the batch norm behind) where ``folded_into_bias``, else into the input channels
        `carriers`, which stay and whose weights stand for them all: one, or at most one a group of a grouped
        convolution.
    """

    name: str
    kind: str
    inputs: tuple[int, ...]
    lost_inputs: tuple[int, ...]
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
    channels: how many channels of the first of them are in the group.
    parameters, macs: what goes, in all layers, if this group alone loses the channels in `removed`. Where a weight
        joins two groups that both lose channels, both count it.
    removed, carriers: channels of the first of them that go, and that stay only to carry constants.
    kept: {why: how many of the others stay}.
    pinned: why all or some must stay; None where they need not.
    """

    layers: tuple[str, ...]
    channels: int
    parameters: int
    macs: int
    removed: tuple[int, ...]
    carriers: tuple[int, ...]
    kept: dict[str, int]
    pinned: str | None


@dataclass(frozen=True)
class Certificate:
    """How far a net's outputs on given samples moved when it was simplified.

    samples: how many.
    absolute: the largest difference of an output value before and after.
    relative: the largest of ``absolute / (largest absolute value before)`` over the net's outputs; 0 if nothing moved.
    """

    samples: int
    absolute: float
    relative: float

    def __str__(self) -> str:
        return (
            f"outputs of {number(self.samples)} samples moved by at most {self.absolute:.1e}, "
            f"relative to the largest output {self.relative:.1e}"
        )


@dataclass(frozen=True)
class Plan:
    """What :func:`simplify` would do to a net. ``print(plan)`` shows it as tables.

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
    _leave_title: ClassVar[str] = "would leave the net"
    _fused_title: ClassVar[str] = "would become part of"

    @property
    def parameters_removed(self) -> float:
        """The part of the parameters that goes, 0 to 1; 0 for a net without parameters."""
        return 1.0 - self.parameters_after / self.parameters_before if self.parameters_before else 0.0

    @property
    def channels_removed(self) -> dict[str, tuple[int, ...]]:
        """{layer name: indices of the channels that go}, layers that lose none left out."""
        return {layer.name: layer.removed for layer in self.layers if layer.removed}

    @property
    def layers_removed(self) -> tuple[str, ...]:
        """The names of the layers that leave the net."""
        return tuple(layer.name for layer in self.layers if not layer.channels_after)

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
            table(header, [*rows, ("total", "", "", "", *_sizes(self))], text_columns=(0, 1)),
        ]
        if self.layers_removed:
            lines.append(f"{len(self.layers_removed)} layers {self._leave_title}: {', '.join(self.layers_removed)}")
        if self.fused:
            lines.append(f"{len(self.fused)} batch norms {self._fused_title} the layers before them")
        lines += [f"{name} stays a batch norm: {reason}" for name, reason in self.not_fused.items()]
        return "\n".join([*lines, *self._group_lines()])

    def _group_lines(self) -> list[str]:
        rows = [
            (
                group.layers[0] + (f" +{len(group.layers) - 1}" if len(group.layers) > 1 else ""),
                number(group.channels),
                number(len(group.removed)),
                number(group.parameters),
                number(group.macs),
                "; ".join(f"{why}: {number(channels)}" for why, channels in group.kept.items()),
            )
            for group in self.groups
        ]
        header = ("coupled layers", "channels", "go", "parameters", "MACs", "what stays")
        return ["", table(header, rows, text_columns=(0, 5))] if rows else []

    def to_dot(self) -> str:
        """Return the net as a graph in Graphviz' DOT language: a box a layer, with its channels before and after.

        Layers that lose channels are green, those that leave dashed, those that must keep all grey, with the reason as
        tooltip. Layers that can only lose channels together name the same group.
        """
        groups_of: dict[str, list[str]] = {}
        for index, group in enumerate(self.groups):
            for name in group.layers:
                groups_of.setdefault(name, []).append(str(index))
        lines = ["digraph plan {", '  node [shape=box, style="filled,rounded", fontname="sans-serif"];']
        for index, layer in enumerate(self.layers):
            after = f" → {layer.channels_after}" if layer.removed else ""
            label = f"{layer.name}\n{layer.kind}\n{layer.channels_before}{after} channels"
            label += f"\ngroup {', '.join(groups_of.get(layer.name, []))}"
            color = "palegreen" if layer.removed else "lightgrey" if layer.name in self.pinned else "white"
            tooltip = self.pinned.get(layer.name, label)
            style = "" if layer.channels_after else ', style="filled,rounded,dashed"'
            lines.append(f"  {index} [label={_quoted(label)}, tooltip={_quoted(tooltip)}, fillcolor={color}{style}];")
            lines += [
                f"  {source} -> {index}{' [style=dashed]' if k in layer.lost_inputs else ''};"
                for k, source in enumerate(layer.inputs)
            ]
        return "\n".join([*lines, "}", ""])


@dataclass(frozen=True)
class Report(Plan):
    """What :func:`simplify` did to a net. ``print(report)`` shows it as tables; the attributes are a plan's.

    certificate: how far the outputs on the samples that were given moved; None without samples.
    """

    certificate: Certificate | None = None

    _title: ClassVar[str] = "removed"
    _leave_title: ClassVar[str] = "left the net"
    _fused_title: ClassVar[str] = "became part of"

    def __str__(self) -> str:
        return super().__str__() + (f"\n{self.certificate}" if self.certificate else "")


PlanType = TypeVar("PlanType", bound=Plan)


def plan(net: Any, *, fuse_batchnorm: bool = False, uneven_sums: bool | None = None) -> Plan:
    """Work out what :func:`simplify` would do, without doing it.

    :param net: a PyEDDL net on the CPU, built or not. It is not changed.
    :param fuse_batchnorm, uneven_sums: as for :func:`simplify`.
    :raises TypeError: `net` is not a PyEDDL net, `fuse_batchnorm` or `uneven_sums` not a bool.
    :raises ValueError: NaN or infinite parameters.
    :raises PruneError: a net whose structure cannot be changed: on a GPU, or with layers that another net uses as well.
    """
    require_net(net, "plan")
    return from_dict(Plan, _core.plan(net, *_flags(fuse_batchnorm, uneven_sums, "plan")))


def _flags(fuse_batchnorm: bool, uneven_sums: bool | None, function: str) -> tuple[bool, bool | None]:
    if uneven_sums is not None:
        require_flag(uneven_sums, "uneven_sums", function)
    return require_flag(fuse_batchnorm, "fuse_batchnorm", function), uneven_sums


def simplify(net: Any, *, fuse_batchnorm: bool = False, uneven_sums: bool | None = None, samples: Any = None) -> Report:
    """Remove all dead channels from a net, in place, so that it computes the same in inference mode.

    A channel is dead if no output of the net depends on it, or if it is constant: above all where all weights into it
    are exactly zero (never because they sum to zero). Its constant is carried on into the layers that read it: into
    their bias where that is exact, otherwise (zero-padded convolutions) into one carrier channel that stands for all
    constants. Outputs before and after agree to float rounding for every input. Where a concatenation or a sum can do
    without an operand, that goes as a whole, and with it the layers that feed nothing else: they leave the net. Every
    other layer keeps at least one channel, and those whose kind is not known keep all of theirs.

    The net, its layers and their names stay the same objects, but for batch norms and sums that become others, as asked
    for below, and for a concatenation or sum of which one operand is left, which becomes an identity. Handles stay
    valid as long as the net; those of layers that left have a single 0 in each tensor. The optimizer's moments keep the
    surviving entries, so that training may go on. NumPy views of parameters become invalid. See Bragagnolo & Barbano,
    "Simplify: A Python library for optimizing pruned neural networks", SoftwareX 17 (2022).

    :param net: a PyEDDL net on the CPU, built or not.
    :param fuse_batchnorm: whether batch norms become part of the convolution or dense layer before them (which gets a
        bias if it has none), wherever that layer feeds nothing else. Prediction is faster, and the same to rounding;
        but training goes on without batch statistics, and cannot go back. The batch norm's place is taken by an
        identity that costs nothing; a handle of the batch norm stays valid, with the net's output and without
        parameters. The optimizer's moments follow the rescaled weights. Files saved before do not fit the net then.
    :param uneven_sums: whether an operand of a sum (Add, Subtract, Average, Sum and Diff of layers) may lose channels
        that the others keep: in residual nets much goes that way. Such a sum becomes a layer of ours in the same
        place, with the same name and output, that adds what there is, and constants, which it trains like a bias; a
        handle of the old layer stays valid. False leaves only layers of EDDL's. None is True on the embedded engine
        and False on EDDL, whose ONNX export does not know that layer.
    :param samples: one array or tensor per input layer, of shape [samples, ...]. If given, the net, which must be
        built, predicts them before and after, and the report's ``certificate`` says how far its outputs moved.
    :return: a :class:`Report`; print it for tables.
    :raises TypeError: `net` is not a PyEDDL net, a flag not a bool, `samples` no list of arrays.
    :raises ValueError: NaN or infinite parameters; samples of another shape, not finite, or for a net not built.
    :raises PruneError: a net whose structure cannot be changed: on a GPU, or with layers that another net uses as well.
    """
    require_net(net, "simplify")
    flags = _flags(fuse_batchnorm, uneven_sums, "simplify")
    if samples is None:
        return from_dict(Report, _core.simplify(net, *flags))
    inputs = input_tensors(net, samples, "simplify")
    if not net.isbuild:
        raise ValueError("simplify: samples need a built net; build it first, or leave them out")
    _core.plan(net, *flags)  # refuses what cannot be simplified before anything is computed
    before = _predictions(net, inputs)
    report = from_dict(Report, _core.simplify(net, *flags))
    return replace(report, certificate=_certify(before, _predictions(net, inputs)))


def _predictions(net: Any, inputs: list[Any]) -> list[npt.NDArray[np.float32]]:
    return [tensor.getdata() for tensor in eddl.predict(net, inputs)]


def _certify(before: list[npt.NDArray[np.float32]], after: list[npt.NDArray[np.float32]]) -> Certificate:
    moved = [float(np.abs(a.astype(np.float64) - b).max()) for a, b in zip(after, before)]
    largest = [float(np.abs(b).max()) for b in before]
    relative = [0.0 if m == 0 else m / size if size else float("inf") for m, size in zip(moved, largest)]
    return Certificate(len(before[0]), max(moved), max(relative))


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def from_dict(kind: type[PlanType], data: dict[str, Any]) -> PlanType:
    """Make a plan or a report of what the extension returns."""

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
