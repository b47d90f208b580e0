"""What the ONNX tests share: running a serialized model in ONNX Runtime, and comparing with the engine."""

import numpy as np
import pyeddl.eddl as eddl
import pytest
from helpers import array, has_onnx, tensor

onnx = pytest.importorskip("onnx")
onnxruntime = pytest.importorskip("onnxruntime")
if not has_onnx():
    pytest.skip("the engine was built without protobuf", allow_module_level=True)


def as_list(values) -> list:
    return list(values) if isinstance(values, (list, tuple)) else [values]


def run_onnx(model: bytes, inputs) -> list:
    """The outputs that ONNX Runtime computes for arrays, one an input of the model."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    names = [i.name for i in session.get_inputs()]
    assert len(names) == len(as_list(inputs))
    return session.run(None, dict(zip(names, as_list(inputs))))


def exported(net, gradients=False) -> "onnx.ModelProto":
    """The net as a model that passes ONNX' own checker, shapes inferred."""
    model = onnx.load_from_string(eddl.serialize_net_to_onnx_string(net, gradients))
    onnx.checker.check_model(model, full_check=True)
    return model


def assert_close(actual, expected, tolerance=1e-5) -> None:
    """Equal within `tolerance` of the largest absolute value."""
    assert actual.shape == expected.shape
    scale = np.abs(expected).max(initial=0.0) or 1.0
    np.testing.assert_allclose(actual, expected, rtol=0, atol=tolerance * scale)


def assert_same_as_onnx_runtime(net, inputs, tolerance=1e-5) -> "onnx.ModelProto":
    """The net predicts what ONNX Runtime makes of its export, also for the first sample alone."""
    model = exported(net)
    for batch in (as_list(inputs), [x[:1] for x in as_list(inputs)]):
        ours = [array(y) for y in eddl.predict(net, [tensor(x) for x in batch])]
        theirs = run_onnx(model.SerializeToString(), batch)
        assert len(ours) == len(theirs) == len(model.graph.output)
        for mine, other in zip(ours, theirs):
            assert_close(mine, other, tolerance)
    return model


def initializers(model) -> dict:
    return {i.name: onnx.numpy_helper.to_array(i) for i in model.graph.initializer}
