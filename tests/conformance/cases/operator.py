"""Operators, element by element and of shapes. (Their layers hold no parameters, so they need no names.)"""

import pyeddl.eddl as eddl
from conformance.cases.base import family, vector_net

case = family(__name__)

OPERATORS = {
    "abs": lambda h: eddl.Abs(h),
    "sub": lambda h: eddl.Sub(h, eddl.Tanh(h, "tanh")),
    "sub-number": lambda h: eddl.Sub(h, 0.7),
    "number-sub": lambda h: eddl.Sub(0.7, h),
    "mult": lambda h: eddl.Mult(h, eddl.Sigmoid(h, "sigmoid")),
    "mult-itself": lambda h: eddl.Mult(h, h),
    "mult-number": lambda h: eddl.Mult(h, -1.5),
    "number-mult": lambda h: eddl.Mult(2.5, h),
    "div": lambda h: eddl.Div(h, eddl.Sigmoid(h, "sigmoid")),
    "div-number": lambda h: eddl.Div(h, 3.0),
    "number-div": lambda h: eddl.Div(0.5, eddl.Sigmoid(h, "sigmoid")),
    "sum": lambda h: eddl.Add(h, eddl.Tanh(h, "tanh")),
    "sum-number": lambda h: eddl.Add(h, 0.25),
    "number-sum": lambda h: eddl.Add(0.25, h),
    "exp": lambda h: eddl.Exp(h),
    "log": lambda h: eddl.Log(eddl.Sigmoid(h, "sigmoid")),
    "log2": lambda h: eddl.Log2(eddl.Sigmoid(h, "sigmoid")),
    "log10": lambda h: eddl.Log10(eddl.Sigmoid(h, "sigmoid")),
    "sqrt": lambda h: eddl.Sqrt(eddl.Sigmoid(h, "sigmoid")),
    "pow": lambda h: eddl.Pow(eddl.Sigmoid(h, "sigmoid"), 2.5),
    "clamp": lambda h: eddl.Clamp(h, -0.5, 0.6, "clamp"),
    "clip": lambda h: eddl.Clip(h, -0.4, 0.5, "clip"),
    "squeeze": lambda h: eddl.Squeeze(eddl.Reshape(h, [1, 5, 1], "up"), -1, "squeeze"),
    "unsqueeze": lambda h: eddl.Flatten(eddl.Unsqueeze(h, 0, "unsqueeze"), "flat"),
}
for _id, _layer in OPERATORS.items():
    case(f"operator-{_id}", vector_net(_layer))
