"""Reductions over the axes of a sample."""

import pyeddl.eddl as eddl
from conformance.cases.base import beside, fails, family, image_net, vector_net

case = family(__name__)

AXES = {"channels": [0], "rows": [1], "columns": [2], "image": [1, 2], "apart": [0, 2]}
BACKWARD = r"input-delta|gradient/before|params-1/before|params-3|predict-after"


def image(reduce):
    return image_net(lambda h: eddl.Dense(eddl.Flatten(reduce(h), "flat"), 3, True, "y"), before=3, height=3, width=5)


def cases(name, reduce, keeps=True, kept=None, several=None, **options):
    """
    A reduction in all settings, those with keepdims only if it `keeps`; kept, several: the defects where keepdims is
    set, and of several axes.
    """
    for id, axes in AXES.items():
        defect = {**options, **((several or {}) if len(axes) > 1 else {})}
        case(f"reduce-{name}-{id}", image(lambda h, a=axes: reduce(h, a, False)), **defect)
    case(f"reduce-{name}-batch-1", image(lambda h: reduce(h, [0], False)), batch=1, **options)
    case(f"reduce-{name}-beside", beside(lambda h: reduce(h, [0], False)), **options)
    if not keeps:
        return
    defect = {**options, **(kept or {})}
    for id in ("rows", "apart"):
        case(f"reduce-{name}-{id}-keepdims", image(lambda h, a=AXES[id]: reduce(h, a, True)), **defect)
    case(f"reduce-{name}-vector", vector_net(lambda h: reduce(h, [0], True)), **defect)


cases("mean", eddl.ReduceMean)
cases("sum", eddl.ReduceSum)
FIRST = {"eddl_defect": "what flows back to a kept maximum or minimum goes to the first elements", "spoils": BACKWARD}
cases("max", eddl.ReduceMax, kept=FIRST)
cases("min", eddl.ReduceMin, kept=FIRST)
cases("var", eddl.ReduceVar, eddl_defect="crashes", shown=fails)
# With keepdims EDDL computes with what it never set: it crashes, or not.
cases(
    "argmax",
    eddl.ReduceArgMax,
    keeps=False,
    several={"eddl_defect": "numbers the places of several axes in no order", "spoils": ".*"},
    eddl_defect="the delta of the place goes to the maximum",
    spoils=BACKWARD,
)
