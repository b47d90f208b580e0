"""Every layer function of PyEDDL and what works on a layer like one, called with good arguments."""

import pyeddl.eddl as eddl
from pyeddl.tensor import Tensor


def vector(size=16):
    return eddl.Input([size])


def pair():
    return [vector(), vector()]


def signal():
    return eddl.Input([1, 16])


def image(channels=3):
    return eddl.Input([channels, 16, 16])


def volume():
    return eddl.Input([3, 10, 16, 16])


def dense():
    return eddl.Dense(vector(), 3)


def each(names, *make_arguments):
    """{function: call} of functions that take arguments of the same kind, made anew for each call."""

    def call(function):
        return lambda: function(*(make() for make in make_arguments))

    return {name: call(getattr(eddl, name)) for name in names.split()}


# {function: call}: by the kind of its arguments, then one by one.
LAYERS = {
    **each(
        "Softmax Sigmoid HardSigmoid ReLu ThresholdedReLu LeakyReLu Elu Selu Exponential Softplus Softsign Linear Tanh",
        vector,
    ),
    **each("Flatten Bypass Shape Squeeze Unsqueeze Transpose Abs Exp Log Log2 Log10 Sqrt", vector),
    **each("Norm NormMax NormMinMax LayerNormalization", vector),
    **each("AveragePool AvgPool AveragePool2D AvgPool2D MaxPool MaxPool2D", image),
    **each("GlobalMaxPool GlobalMaxPool2D GlobalAveragePool GlobalAvgPool GlobalAveragePool2D GlobalAvgPool2D", image),
    **each("Flip HorizontalFlip VerticalFlip RandomHorizontalFlip RandomVerticalFlip", image),
    **each("AveragePool1D AvgPool1D MaxPool1D GlobalMaxPool1D GlobalAveragePool1D GlobalAvgPool1D", signal),
    **each("AveragePool3D AvgPool3D MaxPool3D GlobalMaxPool3D GlobalAveragePool3D GlobalAvgPool3D", volume),
    **each("Add Average Concat MatMul Maximum Minimum Subtract", pair),
    **each("Sub Diff Sum Div Mult Broadcast", vector, vector),
    **each("ReduceMean ReduceVar ReduceSum ReduceMax ReduceMin ReduceArgMax", vector, lambda: [0]),
    **each("GlorotNormal GlorotUniform HeNormal HeUniform RandomNormal RandomUniform Constant", dense),
    "Activation": lambda: eddl.Activation(vector(), "relu"),
    "Input": lambda: eddl.Input([3]),
    "Dense": lambda: eddl.Dense(vector(), 4),
    "Dropout": lambda: eddl.Dropout(vector(), 0.5),
    "Embedding": lambda: eddl.Embedding(vector(), 1001, 16, 25),
    "GaussianNoise": lambda: eddl.GaussianNoise(vector(), 0.1),
    "Conv": lambda: eddl.Conv(image(), 4, [3, 3]),
    "Conv1D": lambda: eddl.Conv1D(signal(), 4, [3]),
    "Conv2D": lambda: eddl.Conv2D(image(), 4, [3, 3]),
    "Conv3D": lambda: eddl.Conv3D(volume(), 4, [3, 3, 3]),
    "ConvT2D": lambda: eddl.ConvT2D(image(), 3, [3, 3]),
    "ConvT3D": lambda: eddl.ConvT3D(volume(), 3, [3, 3, 3]),
    "PointwiseConv": lambda: eddl.PointwiseConv(image(), 4),
    "PointwiseConv2D": lambda: eddl.PointwiseConv2D(image(), 4),
    "DepthwiseConv2D": lambda: eddl.DepthwiseConv2D(image(1), [3, 3]),
    "BatchNormalization": lambda: eddl.BatchNormalization(image(), True),
    "GroupNormalization": lambda: eddl.GroupNormalization(image(6), 3),
    "Reshape": lambda: eddl.Reshape(vector(), [4, 4]),
    "UpSampling": lambda: eddl.UpSampling(image(), [2, 2]),
    "UpSampling2D": lambda: eddl.UpSampling2D(image(), [2, 2]),
    "UpSampling3D": lambda: eddl.UpSampling3D(volume(), [10, 32, 32]),
    "Resize": lambda: eddl.Resize(image(), [8, 8]),
    "Repeat": lambda: eddl.Repeat(image(), 2, 0),
    "Tile": lambda: eddl.Tile(image(), [1, 2, 2]),
    "Permute": lambda: eddl.Permute(image(), [1, 2, 0]),
    "Select": lambda: eddl.Select(image(), [":", ":8", ":8"]),
    "Slice": lambda: eddl.Slice(image(), [":", ":8", ":8"]),
    "Split": lambda: eddl.Split(image(), [1, 2], 0),
    "Expand": lambda: eddl.Expand(signal(), 3),
    "ConstOfTensor": lambda: eddl.ConstOfTensor(Tensor.zeros([4])),
    "Where": lambda: eddl.Where(*pair(), vector()),
    "Clamp": lambda: eddl.Clamp(vector(), 0.1, 0.9),
    "Clip": lambda: eddl.Clip(vector(), 0.1, 0.9),
    "Pow": lambda: eddl.Pow(vector(), 2.0),
    "GaussGenerator": lambda: eddl.GaussGenerator(0.0, 1.0, [10]),
    "UniformGenerator": lambda: eddl.UniformGenerator(0.0, 5.0, [10]),
    "Crop": lambda: eddl.Crop(image(), [1, 1], [8, 8]),
    "CenteredCrop": lambda: eddl.CenteredCrop(image(), [8, 8]),
    "CropScale": lambda: eddl.CropScale(image(), [1, 1], [8, 8]),
    "Cutout": lambda: eddl.Cutout(image(), [1, 1], [8, 8]),
    "Pad": lambda: eddl.Pad(image(), [1, 1]),
    "Rotate": lambda: eddl.Rotate(image(), 30.0),
    "Scale": lambda: eddl.Scale(image(), [8, 8]),
    "Shift": lambda: eddl.Shift(image(), [1, 1]),
    "RandomCrop": lambda: eddl.RandomCrop(image(), [8, 8]),
    "RandomCropScale": lambda: eddl.RandomCropScale(image(), [0.5, 1.0]),
    "RandomCutout": lambda: eddl.RandomCutout(image(), [0.0, 0.3], [0.0, 0.3]),
    "RandomFlip": lambda: eddl.RandomFlip(image(), 0),
    "RandomRotation": lambda: eddl.RandomRotation(image(), [-10.0, 10.0]),
    "RandomScale": lambda: eddl.RandomScale(image(), [0.8, 1.2]),
    "RandomShift": lambda: eddl.RandomShift(image(), [-0.1, 0.1], [-0.1, 0.1]),
    "RNN": lambda: eddl.RNN(vector(), 4),
    "LSTM": lambda: eddl.LSTM(vector(), 4),
    "GRU": lambda: eddl.GRU(vector(), 4),
    "States": lambda: eddl.States([2, 4]),
    "GetStates": lambda: eddl.GetStates(eddl.LSTM(vector(), 4)),
    "L1": lambda: eddl.L1(dense(), 0.1),
    "L2": lambda: eddl.L2(dense(), 0.1),
    "L1L2": lambda: eddl.L1L2(dense(), 0.1, 0.1),
}
