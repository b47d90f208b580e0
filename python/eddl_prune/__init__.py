"""EDDL Prune: regularise, prune and really shrink EDDL nets, in place.

::

    import eddl_prune as ep

    eddl.build(net, ep.LOBSTER(eddl.sgd(0.1, 0.9), lmbda=1e-4), ["softmax_cross_entropy"], ["categorical_accuracy"])
    history = ep.fit(net, [x], [y], validation=([xv], [yv]), batch_size=100, epochs=200, schedule=ep.Schedule(pwe=5))
    print(ep.simplify(net))

Every function takes PyEDDL's own objects. Bad arguments raise TypeError (wrong type), ValueError (wrong value) or
IndexError (no such channel); a net that EDDL accepts but that cannot be pruned raises :class:`PruneError`. After any
error the net is what it was before the call. One thread at a time may work on a net.
"""

import pyeddl._core  # noqa: F401  (registers EDDL's classes, which the extension shares)

from ._core import PruneError
from .callbacks import Callback, TensorBoard
from .channels import ChannelReport, Rounding, remove_channels, zero_channels
from .cycle import Cycle
from .engine import __version__, engine_info
from .fitting import fit
from .history import History
from .optimizers import LOBSTER, LambdaSchedule, OutputSensitivity, SeReNe
from .pruning import threshold
from .removal import Certificate, ChannelGroup, LayerRemoval, Plan, Report, plan, simplify
from .schedule import Schedule
from .statistics import LayerStats, Stats, stats

PruneError.__doc__ = "A net that EDDL accepts but that cannot be pruned: on a GPU, with layers shared between nets, ..."

__all__ = [
    "LOBSTER",
    "Callback",
    "Certificate",
    "ChannelGroup",
    "ChannelReport",
    "Cycle",
    "History",
    "LambdaSchedule",
    "LayerRemoval",
    "LayerStats",
    "OutputSensitivity",
    "Plan",
    "PruneError",
    "Report",
    "Rounding",
    "Schedule",
    "SeReNe",
    "Stats",
    "TensorBoard",
    "__version__",
    "engine_info",
    "fit",
    "plan",
    "remove_channels",
    "simplify",
    "stats",
    "threshold",
    "zero_channels",
]
