"""
Models in daily use that PyPI packages carry: they predict what ONNX Runtime does, or are refused by the operator that
is not covered. The packages are only where the files come from; none is imported.
"""

import importlib.util
from pathlib import Path

import numpy as np
import onnx_models as om
import onnxruntime
import pyeddl.eddl as eddl
import pytest
from helpers import has_onnx

pytestmark = [
    pytest.mark.embedded_engine,
    pytest.mark.skipif(not has_onnx(), reason="the engine was built without protobuf"),
]


def path_in(package, name):
    spec = importlib.util.find_spec(package)
    if spec is None:
        pytest.skip(f"{package} is not installed (requirements/models.txt)")
    (path,) = Path(spec.submodule_search_locations[0]).rglob(name)
    return str(path)


# Letters, seven lines each: what a text detector finds.
GLYPHS = {
    "H": "10001 10001 10001 11111 10001 10001 10001",
    "E": "11111 10000 10000 11110 10000 10000 11111",
    "L": "10000 10000 10000 10000 10000 10000 11111",
    "O": "01110 10001 10001 10001 10001 10001 01110",
}


def written(word, height, width, scale=4):
    """Black letters on white, [1, 3, height, width], from -1 to 1."""
    image = np.ones((height, width), np.float32)
    for i, letter in enumerate(word):
        glyph = np.array([[int(pixel) for pixel in line] for line in GLYPHS[letter].split()])
        top, left = (height - 7 * scale) // 2, 12 + 6 * scale * i
        image[top : top + 7 * scale, left : left + 5 * scale] -= 2 * np.kron(glyph, np.ones((scale, scale)))
    return np.broadcast_to(image, (1, 3, height, width))


def lines(word, height, width):
    """The same, and upside down: a batch of two."""
    upright = written(word, height, width)
    return np.ascontiguousarray(np.concatenate([upright, upright[:, :, ::-1, ::-1]]))


def file_bytes():
    """What a program looks at to tell kinds of files: numbers of bytes; 256 stands for none."""
    content = np.frombuffer(Path(__file__).read_bytes()[:2048], np.uint8).astype(np.int32)
    return np.stack([np.resize(content, 2048), np.r_[content[:900], np.full(1148, 256, np.int32)]])


# The detector ends with a steep sigmoid: what agrees within some 1e-6 of the largest number before it is 5e-5 apart
# behind it. ONNX Runtime itself, with and without its optimizations, is 3e-5 apart there.
MODELS = {
    "text direction": ("rapidocr_onnxruntime", "ch_ppocr_mobile_v2.0_cls_infer.onnx", lines("HELLO", 48, 192), 1e-5),
    "text detection": ("rapidocr_onnxruntime", "ch_PP-OCRv4_det_infer.onnx", lines("HELLO", 96, 160), 1e-4),
    "kinds of files": ("magika", "model.onnx", file_bytes(), 1e-5),
}


@pytest.mark.parametrize("package, name, x, tolerance", MODELS.values(), ids=MODELS)
def test_it_predicts_what_onnx_runtime_does(package, name, x, tolerance):
    path = path_in(package, name)
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    [expected] = session.run(None, {session.get_inputs()[0].name: x})
    [result] = om.run_net(om.build(eddl.import_net_from_onnx_file(path, list(x.shape[1:]))), [x])
    scale = np.abs(expected).max()
    assert scale > 0.1  # the input means something to the net
    om.compare([result / scale], [expected / scale], rtol=0, atol=tolerance)


@pytest.mark.parametrize(
    "package, name, shape, message",
    [
        ("silero_vad", "silero_vad.onnx", [], r"1 operator is not covered: If \(node 'If_0'\)"),
        ("silero_vad", "silero_vad_16k_op15.onnx", [], r"\d operators? (is|are) not covered: If \(node '[^']*'\)"),
        (
            "rapidocr_onnxruntime",
            "ch_PP-OCRv4_rec_infer.onnx",
            [3, 48, 160],
            r"node 'p2o.Transpose.1' \(Transpose\): an order of axes \[2, 0, 3, 1, 4\] that moves the batch",
        ),
    ],
)
def test_what_is_not_covered_is_named(package, name, shape, message):
    with pytest.raises(RuntimeError, match=message) as error:
        eddl.import_net_from_onnx_file(path_in(package, name), shape)
    assert "Relu" not in str(error.value)  # what follows from it is no reason of its own
