"""Building ONNX models, running them on ONNX Runtime and, imported, on the engine."""

import numpy as np
import onnx
import onnxruntime
import pyeddl.eddl as eddl
from onnx import TensorProto, helper, numpy_helper
from pyeddl.tensor import Tensor

OPSET = 17
BATCH = "batch"

onnxruntime.set_default_logger_severity(3)


def tensor_type(array):
    return helper.np_dtype_to_tensor_dtype(np.asarray(array).dtype)


def model(nodes, inputs, outputs=("y",), constants=None, opset=OPSET, producer="", functions=(), extra_domains=()):
    """A checked model. `inputs`: name to shape, or to (shape, type); `constants`: name to array."""
    infos = []
    for name, shape in inputs.items():
        shape, kind = shape if isinstance(shape[0], tuple) else (shape, TensorProto.FLOAT)
        infos.append(helper.make_tensor_value_info(name, kind, shape))
    graph = helper.make_graph(
        list(nodes),
        "graph",
        infos,
        [onnx.ValueInfoProto(name=name) for name in outputs],
        [numpy_helper.from_array(np.asarray(a), name) for name, a in (constants or {}).items()],
    )
    domains = [helper.make_opsetid(d, 1) for d in extra_domains]
    result = helper.make_model(
        graph,
        opset_imports=[helper.make_opsetid("", opset), *domains],
        producer_name=producer,
        functions=list(functions),
    )
    result.ir_version = 8
    return result


def without_types(made):
    """ONNX Runtime wants to know outputs' types; it works them out itself when they are left to shape inference."""
    inferred = onnx.shape_inference.infer_shapes(made)
    known = {info.name: info for info in [*inferred.graph.value_info, *inferred.graph.output, *inferred.graph.input]}
    for i, output in enumerate(made.graph.output):
        made.graph.output[i].CopyFrom(known[output.name])
    return made


def run_reference(made, feeds):
    """What ONNX Runtime computes."""
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(without_types(made).SerializeToString(), options, ["CPUExecutionProvider"])
    return session.run(None, feeds)


def load(made, mem=0):
    content = made if isinstance(made, bytes) else made.SerializeToString()
    return eddl.import_net_from_onnx_string(content, mem)


def build(net, mem="full_mem", lr=0.01, loss="mse"):
    outputs = len(eddl.getOut(net))
    eddl.build(net, eddl.sgd(lr, 0.0), [loss] * outputs, ["mse"] * outputs, eddl.CS_CPU(2, mem), False)
    return net


def as_samples(array):
    """[batch, ...] with at least one axis behind the batch, as nets have it."""
    with np.errstate(over="ignore"):
        array = np.asarray(array, dtype=np.float32)
    return array.reshape(-1, 1) if array.ndim == 1 else array


def run_net(net, feeds):
    return [np.array(out) for out in eddl.predict(net, [Tensor.fromarray(as_samples(a)) for a in feeds])]


def run(made, feeds, mem="full_mem"):
    """What the imported net predicts; feeds in the order of the model's inputs."""
    return run_net(build(load(made), mem), feeds)


def compare(results, expected, rtol=1e-5, atol=1e-5):
    assert len(results) == len(expected)
    for result, right in zip(results, expected):
        right = np.asarray(right)
        assert result.shape == as_samples(right).shape
        np.testing.assert_allclose(result, as_samples(right), rtol=rtol, atol=atol)


def freeze(made, values):
    """The model with these inputs as initialisers instead."""
    frozen = onnx.ModelProto()
    frozen.CopyFrom(made)
    kept = [i for i in frozen.graph.input if i.name not in values]
    del frozen.graph.input[:]
    frozen.graph.input.extend(kept)
    present = {i.name for i in frozen.graph.initializer}
    frozen.graph.initializer.extend(
        numpy_helper.from_array(np.asarray(a), n) for n, a in values.items() if n not in present
    )
    return frozen
