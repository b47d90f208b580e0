"""
What the onnx package tests runtimes with: single operators, nets that PyTorch exported, small forms of known nets.

Each case computes what it should or is refused for a reason that is listed here.
"""

import collections
import re
import warnings
from pathlib import Path

import numpy as np
import onnx
import onnx_models as om
import pytest
from helpers import has_onnx
from onnx import numpy_helper
from onnx.backend.test.case.node import collect_testcases

pytestmark = [
    pytest.mark.embedded_engine,
    pytest.mark.skipif(not has_onnx(), reason="the engine was built without protobuf"),
]

DATA = Path(onnx.__file__).parent / "backend/test/data"

# Why a case may be refused: what the message says. The first that fits counts.
REASONS = {
    "operators without a layer": r"operators? (is|are) not covered|this operator is not covered",
    "the batch is not the first axis, or is mixed": "is the batch|mix the samples|varies along the batch|"
    "different ranks|batch included|moves? the batch|turn the batch|parts of the batch|samples of the batch|"
    "the batch cannot|repeat the batch|without the batch|input 0 has . samples, input 1 has|whole number of|"
    "has no shape with a batch|(their|differ in their) axes of batch",
    "what a layer takes as a setting depends on the input": r"depends on the net's input|"
    r"is a constant, which is not covered",
    "settings that no layer has": r"dilations|select|linear_before_reset|layout 1|sequence_lens|direction|clip is|"
    r"slopes that|no layer (rounds|has|does)|an exponent of several|tf_crop_and_resize|its output \d|expected zeros as|"
    r"not two matrices|do not (fit|make up)|(are|leave) .* without input|expected .* axis|more than .* dimensions|"
    r"an output_padding|initial",
    "outputs and inputs that are no float tensors": r"it is a constant|is not a tensor|no numbers that are covered|"
    r"is not fixed|elements of type|expected a model with inputs|expected integers|tensor .* is sparse",
}
# Cases that compute something else, and why.
DIFFERENT = {
    "test_averagepool_2d_ceil_last_window_starts_on_pad": "the expected numbers have four digits",
    "test_gather_negative_indices": "indices from the net's input: a table has no negative rows",
    "test_resize_downsample_scales_cubic_align_corners": "as ONNX Runtime, which aligns the corners of whole sizes",
    "test_resize_downsample_scales_linear_align_corners": "as ONNX Runtime, which aligns the corners of whole sizes",
    "test_attention_4d_fp16_expanded": "half precision",
    "test_unsqueeze_axis_0": "the 1 in front of the batch is left out",
}


def arrays_of(folder, kind):
    for path in sorted(folder.glob(f"{kind}_*.pb"), key=lambda p: int(p.stem.split("_")[1])):
        yield numpy_helper.to_array(onnx.load_tensor(str(path)))


def stored(kind):
    for folder in sorted((DATA / kind).iterdir()):
        made, data = onnx.load(str(folder / "model.onnx")), folder / "test_data_set_0"
        yield folder.name, made, list(arrays_of(data, "input")), list(arrays_of(data, "output"))


def operators():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # NumPy's, about the divisions by zero that cases are made of
        cases = collect_testcases(None)
    for case in cases:
        if case.data_sets:
            yield case.name, case.model, *map(list, case.data_sets[0])


def result_of(made, inputs, expected):
    """The message of a refusal, "different" or "". Inputs that layers take as settings are tried as initialisers."""
    given = {i.name for i in made.graph.initializer}
    names = [i.name for i in made.graph.input if i.name not in given]
    message = ""
    for kept in [range(len(inputs)), [0], [0, 1], [1], [2]]:
        if not kept or max(kept) >= len(inputs) or len(names) != len(inputs):
            continue
        frozen = om.freeze(made, {n: a for i, (n, a) in enumerate(zip(names, inputs)) if i not in kept})
        feeds = [inputs[i] for i in kept]
        recurrent = any(n.op_type in ("LSTM", "GRU", "RNN") for n in made.graph.node)
        try:
            # Recurrent nets take sequences batch first; their states have no axis for the direction.
            results = om.run(frozen, [f.swapaxes(0, 1) if recurrent and f.ndim == 3 else f for f in feeds])
        except (RuntimeError, ValueError) as error:
            message = message or str(error)
            continue
        wanted = [np.squeeze(e, 0) for e in expected] if recurrent else expected
        try:
            om.compare(results, wanted, 1e-4, 1e-5)
            return ""
        except AssertionError:
            return "different"
    return message or "expected a model with inputs"


def check(cases, floor):
    passed, counted, unexplained = 0, collections.Counter(), {}
    for name, made, inputs, expected in cases:
        if not all(isinstance(a, np.ndarray) and a.dtype.kind in "fiub" for a in inputs + expected) or not inputs:
            counted["outputs and inputs that are no float tensors"] += 1
            continue
        message = result_of(made, inputs, expected)
        reason = next((r for r, pattern in REASONS.items() if re.search(pattern, message)), None) if message else None
        if not message:
            passed += 1
        elif message == "different" and name in DIFFERENT:
            counted["different"] += 1
        elif reason:
            counted[reason] += 1
        else:
            unexplained[name] = message
    assert unexplained == {}
    assert passed >= floor, f"{passed} passed; {dict(counted)}"


def test_single_operators():
    check(operators(), 440)


@pytest.mark.parametrize("kind, floor", [("pytorch-converted", 79), ("pytorch-operator", 27)])
def test_exported_by_pytorch(kind, floor):
    check(stored(kind), floor)


def with_random_weights(made):
    """The small forms have one number for all weights of a tensor, with which nets compute next to nothing."""
    rng = np.random.default_rng(3)
    shapes = {n.output[0]: n.input[0] for n in made.graph.node if n.op_type == "ConstantOfShape"}
    values = {i.name: numpy_helper.to_array(i) for i in made.graph.initializer}
    kept = [n for n in made.graph.node if n.output[0] not in shapes]
    positive = {name for n in kept if n.op_type == "BatchNormalization" for name in (n.input[1], n.input[4])}
    del made.graph.node[:]
    made.graph.node.extend(kept)
    for name, shape in shapes.items():
        dims = values[shape]
        scale = np.sqrt(2 / max(1, np.prod(dims[1:]))) if len(dims) > 1 else 0.1
        array = rng.normal(0, scale, dims).astype(np.float32)
        made.graph.initializer.append(numpy_helper.from_array(1 + np.abs(array) if name in positive else array, name))
    return made


@pytest.mark.parametrize("name", ["squeezenet", "shufflenet", "densenet121", "resnet50", "inception_v2"])
def test_well_known_net(name):
    made = with_random_weights(onnx.load(str(DATA / "light" / f"light_{name}.onnx")))
    given = {i.name for i in made.graph.initializer}
    data = next(i for i in made.graph.input if i.name not in given)
    x = np.random.default_rng(4).normal(0, 1, [d.dim_value for d in data.type.tensor_type.shape.dim]).astype(np.float32)
    [expected] = om.run_reference(made, {data.name: x})
    [result] = om.run(made, [x])
    scale = np.abs(expected).max()
    om.compare([result / scale], [expected / scale])
