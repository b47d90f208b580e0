"""
Trains the cases with each method in PyTorch, in float64, and writes what becomes of their parameters to recorded.npz.
Needs PyTorch and NumPy, not PyEDDL; from the repository's root:

    python tests/sensitivity/record.py
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from sensitivity import cases

FUNCTIONS = {"relu": torch.relu, "tanh": torch.tanh, "sigmoid": torch.sigmoid}


def initial_parameters(case, rng):
    """Keyed "layer/0" (weight, scale) and "layer/1" (bias, shift), in EDDL's layout; and each head's classes."""
    trunk, heads = cases.named(case)
    parameters = {}

    def add(layers, shape):
        for name, layer in layers:
            kind = layer[0]
            axes = len(shape) - 1
            if kind == "dense":
                weight, shape = (shape[0], layer[1]), (layer[1],)
            elif kind == "conv":
                weight = (layer[1], shape[0], *[layer[2]] * axes)
                shape = (layer[1], *[n - layer[2] + 1 for n in shape[1:]])
            elif kind == "convt":
                weight = (shape[0], layer[1], *[layer[2]] * axes)
                shape = (layer[1], *[2 * n + layer[2] - 1 for n in shape[1:]])
            elif kind in ("maxpool", "avgpool"):
                shape = (shape[0], *[n // 2 for n in shape[1:]])
            elif kind == "flatten":
                shape = (int(np.prod(shape)),)
            elif kind == "bn":
                parameters[f"{name}/0"] = rng.uniform(0.5, 1.5, shape[0])
                parameters[f"{name}/1"] = rng.uniform(-0.5, 0.5, shape[0])
            if cases.has_weights(layer):
                fan_in = weight[0] if kind == "dense" else np.prod(weight[1:])
                parameters[f"{name}/0"] = rng.uniform(-1, 1, weight) * np.sqrt(3 / fan_in)
                if layer[-1]:
                    parameters[f"{name}/1"] = rng.uniform(-0.2, 0.2, layer[1])
        return shape

    end = add(trunk, case.shape)
    classes = [add(head, end)[0] for head in heads]
    return parameters, classes


def forward(case, parameters, x):
    """The logits of each head, and what each layer computes."""
    trunk, heads = cases.named(case)
    computed = {}

    def run(layers, x):
        for name, layer in layers:
            x = apply(name, layer, x)
            computed[name] = x
        return x

    def apply(name, layer, x):
        kind = layer[0]
        if kind in FUNCTIONS:
            return FUNCTIONS[kind](x)
        if kind == "softmax":
            return x  # what remains are the logits
        if kind == "flatten":
            return x.flatten(1)
        axes = x.dim() - 2
        if kind == "maxpool":
            return [functional.max_pool1d, functional.max_pool2d][axes - 1](x, 2)
        if kind == "avgpool":
            return functional.avg_pool2d(x, 2)
        weight, bias = parameters[f"{name}/0"], parameters.get(f"{name}/1")
        if kind == "bn":
            return functional.batch_norm(x, None, None, weight, bias, training=True, eps=1e-5)
        if kind == "dense":
            return functional.linear(x, weight.T, bias)
        if kind == "convt":
            return functional.conv_transpose2d(x, weight, bias, stride=2, output_padding=1)
        return [functional.conv1d, functional.conv2d, functional.conv3d][axes - 1](x, weight, bias)

    x = run(trunk, x)
    return [run(head, x) for head in heads], computed


def derivative(y, by):
    (found,) = torch.autograd.grad(y, by, retain_graph=True, allow_unused=True)
    return torch.zeros_like(by) if found is None else found


def neuron_axis(name, parameter):
    """The axis of a weight or bias that counts the neurons."""
    if parameter.dim() == 1:
        return 0
    return 0 if name.startswith("conv") and not name.startswith("convt") else 1


def serene(case, mode, logits, computed, parameters):
    """S of each layer's neurons, broadcast to its parameters' shapes."""
    trunk, heads = cases.named(case)
    classes = [y[:, k].sum() for y in logits for k in range(y.shape[1])]
    found = {}
    for key, parameter in parameters.items():
        name = key.split("/")[0]
        p = computed[name]
        if mode == "full":
            s = sum(derivative(y, p).abs() for y in classes) / len(classes)
        elif mode == "lower-bound":
            s = derivative(sum(classes), p).abs() / len(classes)
        else:
            s = local(next(trunk + head for head in heads if name in dict(trunk + head)), name, computed)
        s = s.transpose(0, 1).flatten(1).mean(1)
        shape = [1] * parameter.dim()
        shape[neuron_axis(name, parameter)] = -1
        found[key] = s.reshape(shape).expand(parameter.shape)
    return found


def local(way, name, computed):
    """Where the derivative of the layer's activation is not 0; ones where it has none."""
    names = [n for n, _ in way]
    at = names.index(name)
    for before, (_, layer) in zip(names[at:], way[at + 1 :]):
        if layer[0] in FUNCTIONS:
            entered = computed[before]
            return (derivative(FUNCTIONS[layer[0]](entered).sum(), entered) != 0).double()
        if cases.has_weights(layer):
            break
    return torch.ones_like(computed[name])


def output_sensitivity(mode, logits, targets, parameters):
    total = sum(y.shape[1] for y in logits)
    found = {}
    for key, parameter in parameters.items():
        s = 0
        for y, target in zip(logits, targets):
            alpha = target / len(logits) if mode == "specific" else torch.ones_like(target) / total
            s = s + sum(derivative((alpha * y)[:, k].mean(), parameter).abs() for k in range(y.shape[1]))
        found[key] = s
    return found


def train(case, method, mode, start, x, targets):
    """The parameters after each step."""
    parameters = {key: torch.tensor(value, requires_grad=True) for key, value in start.items()}
    shrinking = {key: p for key, p in parameters.items() if not key.startswith("bn")}
    momenta = {key: torch.zeros_like(p) for key, p in shrinking.items()}
    history = []
    for _ in range(cases.STEPS):
        logits, computed = forward(case, parameters, x)
        loss = sum(functional.cross_entropy(y, target) for y, target in zip(logits, targets))
        gradients = {key: derivative(loss, p) for key, p in shrinking.items()}
        if method == "LOBSTER":
            s = {key: g.abs() for key, g in gradients.items()}
        elif method == "SeReNe":
            s = serene(case, mode, logits, computed, shrinking)
        else:
            s = output_sensitivity(mode, logits, targets, shrinking)
        with torch.no_grad():
            for key, p in shrinking.items():
                momenta[key] = cases.RATE * gradients[key] + cases.MOMENTUM * momenta[key]
                p -= momenta[key]
                p -= cases.LAMBDA * p * torch.relu(1 - s[key])
        history.append({key: p.detach().numpy().astype(np.float32) for key, p in shrinking.items()})
    return history


def main():
    recorded = {}
    for number, name in enumerate(cases.RECORDED):
        case = cases.CASES[name]
        rng = np.random.default_rng(number)
        start, classes = initial_parameters(case, rng)
        # Both sides start from the same float32 numbers.
        start = {key: value.astype(np.float32) for key, value in start.items()}
        x = rng.normal(size=(cases.BATCH, *case.shape)).astype(np.float32)
        targets = [np.eye(n, dtype=np.float32)[rng.integers(n, size=cases.BATCH)] for n in classes]
        recorded[f"{name}/x"] = x
        recorded.update({f"{name}/target/{i}": target for i, target in enumerate(targets)})
        recorded.update({f"{name}/start/{key}": value for key, value in start.items()})
        as_double = {key: value.astype(np.float64) for key, value in start.items()}
        tensors = torch.tensor(x).double(), [torch.tensor(target).double() for target in targets]
        for method, modes in {"LOBSTER": ("",), **cases.METHODS}.items():
            for mode in modes:
                for step, parameters in enumerate(train(case, method, mode, as_double, *tensors), 1):
                    recorded.update({f"{name}/{method}/{mode}/{step}/{key}": v for key, v in parameters.items()})
    np.savez_compressed(Path(__file__).with_name("recorded.npz"), **recorded)


if __name__ == "__main__":
    main()
