"""What the benchmarks train: shapes, losses and data, for whichever library builds the nets."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

VGG16_STAGES = ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3))  # filters, convolutions
RESNET18_STAGES = ((64, 1), (128, 2), (256, 2), (512, 2))  # filters, stride; two blocks each
RESNET50_STAGES = ((64, 3, 1), (128, 4, 2), (256, 6, 2), (512, 3, 2))  # inner filters, blocks, stride
DENSENET121_STAGES = (6, 12, 24, 16)  # layers of GROWTH channels each
DENSENET_GROWTH = 32
SQUEEZENET_STAGES = (((16, 64),) * 2, ((32, 128),) * 2, ((48, 192),) * 2 + ((64, 256),) * 2)  # fires: squeeze, expand
MOBILENET_V2_STAGES = (  # expansion, filters, blocks, stride
    (1, 16, 1, 1),
    (6, 24, 2, 2),
    (6, 32, 3, 2),
    (6, 64, 4, 2),
    (6, 96, 3, 1),
    (6, 160, 3, 2),
    (6, 320, 1, 1),
)
UNET_FILTERS = (16, 32, 64, 128, 256)
VOCABULARY, TRANSLATED_VOCABULARY, WORD_SIZE, LSTM_UNITS = 2000, 500, 64, 128


def one_hot(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Return the targets of a classifier, or of one for each time step."""
    return np.eye(shape[-1], dtype=np.float32)[rng.integers(0, shape[-1], shape[:-1])]


def masks(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Return the targets of a segmentation."""
    return (rng.random(shape, dtype=np.float32) < 0.5).astype(np.float32)


def numbers(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Return the inputs of a net that takes pixels and the like."""
    return rng.standard_normal(shape, dtype=np.float32)


def words(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Return the inputs of a net that takes words, one a time step."""
    return rng.integers(0, VOCABULARY, shape).astype(np.float32)


@dataclass(frozen=True)
class Task:
    """Shapes of one sample and of its target, and EDDL's names of loss and metric.

    A recurrent net's shapes begin with time steps, which are not part of its layers' shapes. One that decodes takes the
    target of the step before as an input.
    """

    sample: tuple[int, ...]
    target: tuple[int, ...] = (10,)
    loss: str = "softmax_cross_entropy"
    metric: str = "categorical_accuracy"
    make_targets: Callable[[np.random.Generator, tuple[int, ...]], np.ndarray] = one_hot
    make_inputs: Callable[[np.random.Generator, tuple[int, ...]], np.ndarray] = numbers
    recurrent: bool = False
    decodes: bool = False

    def arrays(self, size: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
        """Return random inputs and targets for a batch."""
        rng = np.random.default_rng(seed)
        x = self.make_inputs(rng, (size, *self.sample))
        return x, self.make_targets(rng, (size, *self.target))


CHAINS = {"LeNet-5": Task((1, 28, 28)), "VGG-16-BN": Task((3, 32, 32))}
RECURRENT = {
    "LSTM classifier": Task((50, 1), (1, 10), make_inputs=words, recurrent=True),
    "LSTM translator": Task((20, 1), (20, TRANSLATED_VOCABULARY), make_inputs=words, recurrent=True, decodes=True),
}
TASKS = {
    **CHAINS,
    **RECURRENT,
    "ResNet-18": Task((3, 64, 64)),
    "U-Net": Task((3, 128, 128), (1, 128, 128), "binary_cross_entropy", "mean_squared_error", masks),
    "ResNet-50": Task((3, 128, 128)),
    "DenseNet-121": Task((3, 128, 128)),
    "SqueezeNet": Task((3, 128, 128)),
    "MobileNetV2": Task((3, 128, 128)),
}
ENGINE = (*CHAINS, "ResNet-18", "U-Net", *RECURRENT)  # what engine.py measures unless told otherwise
REMOVAL = tuple(net for net in TASKS if net not in ("LeNet-5", *RECURRENT))  # likewise, removal.py


def parameter(kind: str, number: int, role: int, shape: tuple[int, ...], outputs: int) -> np.ndarray:
    """Return random values for one tensor of the `number`th layer of its kind, the same in every contender.

    Weights are such that activations neither vanish nor explode; vectors are near one, since variances must be
    positive.
    """
    rng = np.random.default_rng([len(kind), number, role])
    if len(shape) == 1:
        return 1 + 0.1 * rng.random(shape, dtype=np.float32)
    return rng.standard_normal(shape, dtype=np.float32) * np.float32(math.sqrt(2 * outputs / math.prod(shape)))


def zeroed(seed: int, kind: str, number: int, channels: int) -> np.ndarray:
    """Return half of the output channels of the `number`th layer of its kind, the same half in every contender."""
    return np.random.default_rng([seed, len(kind), number]).permutation(channels)[: channels // 2]
