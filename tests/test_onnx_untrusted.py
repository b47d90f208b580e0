"""Files that are damaged, or made to harm: an exception that says where, in little time and memory."""

import os
import random
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import onnx_models as om
import pyeddl.eddl as eddl
import pytest
from helpers import damaged, has_onnx, measures_memory
from onnx import TensorProto, helper
from test_onnx_import import classifier, functions_of_a_model, node, recurrent

pytestmark = [
    pytest.mark.embedded_engine,
    pytest.mark.skipif(not has_onnx(), reason="the engine was built without protobuf"),
]

MB = 2**20


def refused(made, message):
    with pytest.raises(RuntimeError, match=message):
        om.load(made)


def one(op, *constants, shape=(2, 4, 4), opset=om.OPSET, **attributes):
    given = {f"c{i}": np.asarray(c) for i, c in enumerate(constants)}
    return om.model(
        [node(op, " ".join(["x", *given]), "y", "bad", **attributes)],
        {"x": (om.BATCH, *shape)},
        constants=given,
        opset=opset,
    )


def ones(*shape):
    return np.ones(shape, np.float32)


def test_cut_off_at_every_length():
    content = classifier().SerializeToString()
    # Up to the graph's length a shorter file is another one; it is never a whole net, nor a crash.
    for length in range(len(content)):
        with pytest.raises(RuntimeError):
            om.load(content[:length])


@pytest.mark.parametrize("seed", range(4))
def test_damaged(seed):
    chance = random.Random(seed)
    contents = [
        classifier().SerializeToString(),
        recurrent("LSTM", "gathered", zeros=True).SerializeToString(),
        om.model(
            [node("Twice", "x", "y", domain="local")],
            {"x": (om.BATCH, 3)},
            functions=functions_of_a_model(),
            extra_domains=["local"],
        ).SerializeToString(),
    ]
    survivors = 0
    for _ in range(300):
        try:
            om.load(damaged(chance, chance.choice(contents)))
            survivors += 1
        except RuntimeError as error:
            str(error).encode()
    assert survivors < 300


@pytest.mark.parametrize("content", [b"", b"\x00", b"not a model", b"\x08\x08", b"\xff" * 1000])
def test_no_model(content):
    with pytest.raises(RuntimeError):
        om.load(content)


# ---- graphs ----


def test_unsupported_operators_are_listed_all_at_once():
    nodes = [
        node("Loop", "x", "a", "first"),
        node("Relu", "a", "b"),
        node("Det", "b", "c", "second"),
        node("Custom", "c", "y", "third", domain="somewhere"),
    ]
    refused(
        om.model(nodes, {"x": (om.BATCH, 2)}, extra_domains=["somewhere"]),
        r"3 operators are not covered: Loop \(node 'first'\), Det \(node 'second'\), somewhere.Custom \(node 'third'\)",
    )


@pytest.mark.parametrize(
    "nodes, message",
    [
        (
            [node("Add", "x b", "a", "one"), node("Relu", "a", "b", "two"), node("Exp", "b", "y")],
            "it is part of a cycle through",
        ),
        ([node("Relu", "missing", "y", "one")], r"node 'one' \(Relu\): its input 'missing' is produced by nothing"),
        ([node("Relu", "x", "a")], "output 'y' is produced by nothing"),
        (
            [node("Relu", "x", "y", "one"), node("Exp", "x", "y", "two")],
            r"node 'two' \(Exp\): its output 'y' exists already",
        ),
        ([node("Relu", "x", "x", "one"), node("Exp", "x", "y")], r"node 'one' \(Relu\): its output 'x' exists already"),
        ([helper.make_node("Relu", [], ["y"], "one")], "node 'one'"),
        ([helper.make_node("Add", ["x"], ["y"], "one")], r"node 'one' \(Add\): input 1 is missing"),
    ],
)
def test_bad_graph(nodes, message):
    refused(om.model(nodes, {"x": (om.BATCH, 2)}), message)


def test_names_that_are_not_unique():
    made = classifier()
    made.graph.initializer.append(made.graph.initializer[0])
    refused(made, "initializer 'w1' has no name of its own")
    made = classifier()
    made.graph.input.append(made.graph.input[0])
    refused(made, "input 'x' has no name of its own")


@pytest.mark.parametrize("version", [0, -1, 1000])
def test_operator_set(version):
    made = classifier()
    made.opset_import[0].version = version
    refused(made, f"operator set '' has version {version}, expected 1 to")


def test_operator_set_that_is_missing():
    made = classifier()
    del made.opset_import[:]
    refused(made, "the model names no version of operator set ''")


def test_names_that_are_no_text():
    content = one("Softmax", axis=7).SerializeToString().replace(b"bad", b"\xff\x1b\x80")
    refused(content, r"node '\?\?\?' \(Softmax\)")


def test_deep_net():
    nodes = [node("Relu", f"t{i}", f"t{i + 1}") for i in range(30000)]
    nodes[0].input[0], nodes[-1].output[0] = "x", "y"
    assert len(om.load(om.model(nodes, {"x": (om.BATCH, 1)})).layers) == 30001


def test_too_many_nodes():
    content = om.model([node("Relu", "x", "y")], {"x": (om.BATCH, 1)})
    content.graph.node.extend([content.graph.node[0]] * 100000)
    refused(content, "more than 100000 nodes")


def field(number, content):
    """A field of bytes, as protobuf writes it."""

    def varint(value):
        return bytes([value]) if value < 128 else bytes([value % 128 + 128]) + varint(value // 128)

    return varint(number * 8 + 2) + varint(len(content)) + content


def test_deeply_nested_messages():
    graph = b""
    for _ in range(200):  # a graph's node's attribute is a graph
        graph = field(1, field(5, field(6, graph)))
    refused(field(7, graph), "expected an ONNX model, received")


def test_functions_that_call_themselves_or_grow_without_end():
    again = helper.make_function(
        "local", "Again", ["a"], ["b"], [node("Again", "a", "b", domain="local")], [helper.make_opsetid("local", 1)]
    )
    call = [node("Again", "x", "y", "one", domain="local")]
    refused(
        om.model(call, {"x": (om.BATCH, 2)}, functions=[again], extra_domains=["local"]), "functions call each other"
    )
    many = [
        helper.make_function(
            "local",
            f"F{i}",
            ["a"],
            ["b"],
            [node(f"F{i + 1}", "a", f"b{k}", domain="local") for k in range(30)],
            [helper.make_opsetid("local", 1)],
        )
        for i in range(14)
    ]
    many.append(helper.make_function("local", "F14", ["a"], ["b"], [], []))
    call = [node("F0", "x", "y", "one", domain="local")]
    refused(om.model(call, {"x": (om.BATCH, 2)}, functions=many, extra_domains=["local"]), "more than 100000 nodes")


# ---- tensors ----


def damaged_weights(change):
    made = one("MatMul", ones(4, 3))
    change(made.graph.initializer[0])
    return made


@pytest.mark.parametrize(
    "change, message",
    [
        (lambda t: t.dims.__setitem__(0, 5), "of shape .5, 3. holds 48 bytes"),
        (lambda t: t.dims.__setitem__(0, -4), "c0"),
        (lambda t: t.dims.extend([2**40, 2**40]), "c0"),
        (lambda t: t.dims.__setitem__(0, 2**62), "c0"),
        (lambda t: setattr(t, "raw_data", t.raw_data[:-1]), "holds 47 bytes"),
        (lambda t: t.ClearField("raw_data"), "holds 0 values"),
        (lambda t: setattr(t, "data_type", TensorProto.STRING), "elements of type STRING are not supported"),
        (lambda t: setattr(t, "data_type", 1000), "elements of type 1000 are not supported"),
        (lambda t: setattr(t, "data_type", TensorProto.INT64), "holds 48 bytes"),
        (lambda t: setattr(t, "data_location", TensorProto.EXTERNAL), "another file"),
    ],
)
def test_bad_tensor(change, message):
    refused(damaged_weights(change), message)


def external(tmp_path, **entries):
    made = one("MatMul", ones(4, 3))
    tensor = made.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    for key, value in entries.items():
        tensor.external_data.add(key=key, value=value)
    folder = tmp_path / "models"
    folder.mkdir(exist_ok=True)
    onnx_file = folder / "net.onnx"
    onnx_file.write_bytes(made.SerializeToString())
    return str(onnx_file)


@pytest.mark.parametrize(
    "entries, message",
    [
        ({"location": "../secret"}, "no file in the model's folder"),
        ({"location": "link"}, "no file in the model's folder"),
        ({"location": "/etc/passwd"}, "no file in the model's folder"),
        ({"location": "."}, "no file in the model's folder"),
        ({"location": ""}, "no file in the model's folder"),
        ({}, "no file in the model's folder"),
        ({"location": "absent"}, "no file in the model's folder"),
        ({"location": "data", "offset": "16"}, "holds 32 bytes"),
        ({"location": "data", "offset": "-1"}, "external data with offset '-1'"),
        ({"location": "data", "length": "49"}, "has 49 bytes from 0 on in 'data', a file of 48 bytes"),
        ({"location": "data", "length": "99999999999999999999"}, "external data with length"),
    ],
)
def test_data_outside_of_the_folder(tmp_path, entries, message):
    (tmp_path / "secret").write_bytes(bytes(48))
    path = external(tmp_path, **entries)
    (tmp_path / "models" / "data").write_bytes(bytes(48))
    os.symlink(tmp_path / "secret", tmp_path / "models" / "link")
    with pytest.raises(RuntimeError, match=message):
        eddl.import_net_from_onnx_file(path)


@pytest.mark.parametrize("path", ["absent.onnx", ".", "/dev/zero"])
def test_bad_file(path):
    with pytest.raises(RuntimeError, match="there is no file"):
        eddl.import_net_from_onnx_file(path)


# ---- settings ----

BIG = 2**31


@pytest.mark.parametrize(
    "made, message",
    [
        (one("Conv", ones(1, 2, 3, 3), strides=[0, 1]), "expected strides between 1 and"),
        (one("Conv", ones(1, 2, 3, 3), strides=[BIG, 1]), "expected strides between 1 and"),
        (one("Conv", ones(1, 2, 3, 3), dilations=[BIG, BIG]), "expected dilations between 1 and"),
        (one("Conv", ones(1, 2, 3, 3), pads=[-1, 0, 0, 0]), "expected pads between 0 and"),
        (one("Conv", ones(1, 2, 3, 3), pads=[2**20] * 4), "is beyond the|is too large"),
        (one("Conv", ones(1, 2, 3, 3), pads=[1]), "expected 4 pads, received"),
        (one("Conv", ones(1, 2, 3, 3), group=0), "expected group between 1 and"),
        (one("Conv", ones(1, 2, 3, 3), group=-(2**63)), "expected group between 1 and"),
        (one("Conv", ones(1, 3, 3, 3)), "do not fit 2 channels"),
        (one("Conv", ones(1, 2, 5, 5)), "is larger than its input"),
        (one("Conv", ones(1, 2, 3)), "do not fit a sample"),
        (one("Conv", ones(0, 2, 3, 3)), "do not fit a sample"),
        (one("Conv", ones(1, 2, 3, 3), ones(2)), "a bias of 2 numbers does not fit 1 filters"),
        (one("Conv", ones(1, 2, 3, 3), kernel_shape=[BIG, BIG]), "kernel_shape between 1 and"),
        (one("Conv", ones(1, 2, 3, 3), auto_pad="MAYBE"), "auto_pad is 'MAYBE'"),
        (one("Conv", ones(1, 2, 3, 3), strides=1.5), "strides"),
        (one("ConvTranspose", ones(2, 1, 3, 3), strides=[2**20, 2**20]), "is beyond the|is too large"),
        (one("ConvTranspose", ones(2, 1, 3, 3), output_shape=[BIG, BIG]), "output_shape between 1 and"),
        (one("ConvTranspose", ones(2, 1, 3, 3), pads=[9, 9, 9, 9]), "an output's dimension between 1 and"),
        (one("MaxPool", kernel_shape=[BIG, 1]), "kernel_shape between 1 and"),
        (one("MaxPool", kernel_shape=[2]), "expected 2 numbers in kernel_shape"),
        (one("AveragePool", kernel_shape=[2, 2], pads=[2, 2, 2, 2]), "without input"),
        (one("Gemm", ones(4, 3)), "expected a sample of one dimension"),
        (one("Gemm", ones(5, 3), shape=(4,)), "does not fit a matrix of 5 by 3"),
        (one("MatMul", ones(5, 3)), "does not fit a matrix of 5 by 3"),
        (one("BatchNormalization", ones(2), ones(2), ones(2), ones(3)), "expected 2 numbers for a parameter"),
        (one("BatchNormalization", ones(2), ones(2), ones(2), ones(2), epsilon=-1.0), "expected a positive epsilon"),
        (one("Reshape", np.int64([0, 7, -1])), "mix the samples"),
        (one("Reshape", np.int64([0, -1, -1])), "more than one dimension open"),
        (one("Reshape", np.int64([0, 2**40, 2**40])), "is not covered"),
        (one("Reshape", np.int64([])), "without the batch"),
        (one("Reshape", ones(2)), "expected integers as shape"),
        (one("Transpose", perm=[0, 1, 1, 2]), "is no order of 4 axes"),
        (one("Transpose", perm=[1, 0, 2, 3]), "moves the batch"),
        (one("Tile", np.int64([1, 2**30, 2**30, 1])), "is beyond the|is too large|dimension"),
        (one("Tile", np.int64([1, 0, 1, 1])), "expected repeats between 1 and"),
        (one("Expand", np.int64([1, 2, BIG, 4])), "expected a dimension between"),
        (one("Pad", np.int64([0, 0, 2**24, 2**24, 0, 0, 2**24, 2**24])), "is beyond the|is too large"),
        (one("Pad", np.int64([0, 0, -3, 0, 0, 0, -3, 0])), "it leaves nothing of axis"),
        (one("Pad", np.int64([2**62] * 8)), "expected pads between"),
        (one("Resize", ones(0), np.float32([1, 1, 1e30, 1])), "do not fit a sample"),
        (one("Resize", ones(0), np.float32([1, 1, 1e8, 1e8])), "is beyond the|is too large"),
        (one("Resize", ones(0), np.float32([1, 1, np.nan, 1])), "do not fit a sample"),
        (one("Slice", np.int64([0]), np.int64([1]), np.int64([1]), np.int64([0])), "a step is 0"),
        (one("Slice", np.int64([3]), np.int64([1]), np.int64([1])), "it leaves nothing of axis"),
        (one("Slice", np.int64([0]), np.int64([1]), np.int64([9])), "expected an axis between"),
        (one("Gather", np.int64([99]), axis=1), "expected an axis between"),
        (one("Gather", np.int64([0, 1, -3]), axis=1), "expected an axis between -2 and 1, received -3"),
        (one("Gather", np.int64([]), axis=1), "it leaves nothing of axis 1"),
        (one("Gather", ones(2), axis=1), "expected integers as indices"),
        (one("Pad", np.int64([0, 2**24, 0, 0, 0, 2**24, 0, 0])), "is beyond the|is too large"),
        (one("Pad", np.int64([0, 2**24, 0, 0, 0, 2**24, 0]), shape=(2, 5, 4)), "expected 8 pads, received"),
        (one("Softmax", axis=9), "expected an axis between -4 and 3, received 9"),
        (one("Softmax", axis=0), "which must stay whole"),
        (one("Split", np.int64([1, 5]), axis=1), "do not make up an axis of 2"),
        (one("Split", np.int64([2**63 - 1, 3]), axis=1), "do not make up an axis of 2"),
        (one("LRN", size=2**40), "expected size between"),
        (one("DepthToSpace", blocksize=2**20), "do not make blocks"),
        (one("Dropout", np.float32(2)), "expected a ratio"),
        (one("PRelu", np.float32([[[0.1]], [[0.2]]])), "slopes that differ are not covered"),
        (one("TopK", np.int64([1])), "1 operator is not covered: TopK"),
        (one("Elu", alpha="text"), "alpha"),
    ],
    ids=lambda v: v.graph.node[0].op_type if isinstance(v, onnx.ModelProto) else "",
)
def test_bad_setting(made, message):
    refused(made, rf"(?s)node 'bad' \(\w+\).*({message})|{message}")


@pytest.mark.parametrize("shape", [(2**40,), (2**20, 2**20), (-5,), (0, 3)])
def test_bad_input_shape(shape):
    made = om.model([node("Relu", "x", "y")], {"x": (om.BATCH, 1)})
    dims = made.graph.input[0].type.tensor_type.shape.dim
    del dims[1:]
    for d in shape:
        dims.add().dim_value = d
    refused(made, r"node 'x' \(input\)|x: shape .* is too large")


def constant_bomb(*nodes):
    return om.model(
        [*nodes, node("Add", "x big", "y", "use")],
        {"x": (om.BATCH, 1)},
        constants={
            "dims": np.int64([2**20, 2**20]),
            "one": ones(1),
            "start": np.int64(0),
            "end": np.int64(2**60),
            "step": np.int64(1),
        },
    )


@pytest.mark.parametrize(
    "nodes",
    [
        [node("ConstantOfShape", "dims", "big", "bomb")],
        [node("Expand", "one dims", "big", "bomb")],
        [node("Tile", "one dims", "big", "bomb")],
        [node("Range", "start end step", "big", "bomb")],
    ],
    ids=lambda nodes: nodes[0].op_type,
)
def test_constants_that_grow(nodes):
    refused(constant_bomb(*nodes), "bomb")


def test_many_layers_that_are_too_large_together():
    nodes = [node("Relu", f"t{i}", f"t{i + 1}", f"n{i}") for i in range(2000)]
    nodes[0].input[0], nodes[-1].output[0] = "x", "y"
    refused(om.model(nodes, {"x": (om.BATCH, 2**20)}), "which is beyond the")


@measures_memory
def test_memory_stays_small():
    """All of the above that would be large, in a process that may not be."""
    script = f"""
import resource, sys
sys.path[:0] = {sys.path!r}
import numpy as np
import test_onnx_untrusted as t
limit = 4096 * {MB}
resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
for made in [t.one("Conv", t.ones(1, 2, 3, 3), pads=[2**20] * 4), t.one("Tile", np.int64([1, 2**30, 2**30, 1])),
             t.one("Resize", t.ones(0), np.float32([1, 1, 1e8, 1e8])),
             t.one("ConvTranspose", t.ones(2, 1, 3, 3), strides=[2**20, 2**20]),
             t.constant_bomb(t.node("ConstantOfShape", "dims", "big", "bomb")),
             t.constant_bomb(t.node("Expand", "one dims", "big", "bomb"))]:
    t.refused(made, "bad|bomb")
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=Path(__file__).parent)
    assert result.returncode == 0, result.stderr
    assert int(result.stdout) < 100


# A field's number for each message on the way to one that a file repeats: of ModelProto graph is 7, functions 25,
# metadata_props 14; of GraphProto node is 1, initializer 5, value_info 13; of NodeProto attribute is 5; of
# AttributeProto ints is 8, strings 9, graphs 11.
BOMBS = {
    "nodes": [7, 1],
    "initializers": [7, 5],
    "values": [7, 13],
    "functions": [25],
    "properties": [14],
    "attributes": [7, 1, 5],
    "strings": [7, 1, 5, 9],
    "graphs": [7, 1, 5, 11],
}


@measures_memory
@pytest.mark.parametrize("repeated", [*BOMBS, "ints"])
def test_messages_that_grow(repeated, tmp_path):
    """20 MB of empty messages are a hundred times as much in memory, unless it is limited."""
    size = 20 * MB
    script = f"""
import resource, sys
sys.path[:0] = {sys.path!r}
import onnx_models as om
import test_onnx_untrusted as t
if {repeated!r} == "ints":
    content, path = t.field(8, bytes({size})), [7, 1, 5]
else:
    *path, last = t.BOMBS[{repeated!r}]
    content = t.field(last, b"") * ({size} // len(t.field(last, b"")))
for number in reversed(path):
    content = t.field(number, content)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
t.refused(content, "take too much memory for a file of its size")
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert int(result.stdout) < 64 + 20 * 20  # 64 MB, and 16 times the file's length
