"""
Transposed convolution. EDDL has none on the CPU (and elsewhere as many output channels as input ones): these are held
to finite differences, and to NumPy's numbers by test_engine_convolution.py.
"""

import pyeddl.eddl as eddl
from conformance.cases.base import REFUSED, family, reshaped_net

case = family(__name__)

LAYERS_2D = {
    # id: filters, kernel, strides, padding, bias, groups, dilation
    "same": (3, [3, 3], [1, 1], "same", True, 1, [1, 1]),
    "same-strided": (3, [3, 3], [2, 2], "same", True, 1, [1, 1]),
    "same-gaps": (2, [2, 1], [3, 2], "same", True, 1, [1, 1]),
    "valid": (3, [3, 2], [1, 1], "valid", True, 1, [1, 1]),
    "valid-strided": (4, [3, 2], [2, 3], "valid", False, 1, [1, 1]),
    "same-rows-only": (2, [3, 3], [2, 2], "same,none", True, 1, [1, 1]),
    "groups": (6, [3, 3], [2, 2], "same", True, 2, [1, 1]),
    "depthwise": (4, [2, 2], [2, 2], "same", True, 4, [1, 1]),
    "dilated": (3, [2, 3], [2, 1], "valid", True, 1, [2, 3]),
    "1x1": (3, [1, 1], [1, 1], "valid", True, 1, [1, 1]),
}
for _id, _args in LAYERS_2D.items():
    case(f"convt2d-{_id}", reshaped_net(lambda h, a=_args: eddl.ConvT2D(h, *a, "y"), [4, 3, 4]), **REFUSED)

LAYERS_3D = {
    "same-strided": (3, [3, 3, 3], [2, 1, 2], "same", True, 1, [1, 1, 1]),
    "valid": (2, [2, 3, 1], [1, 1, 1], "valid", True, 1, [1, 1, 1]),
    "valid-strided": (3, [2, 2, 2], [2, 2, 2], "valid", False, 1, [1, 1, 1]),
    "groups": (4, [2, 3, 2], [1, 2, 1], "same", True, 2, [1, 1, 1]),
    "dilated": (3, [2, 1, 2], [1, 2, 1], "valid", True, 1, [2, 1, 3]),
}
for _id, _args in LAYERS_3D.items():
    case(f"convt3d-{_id}", reshaped_net(lambda h, a=_args: eddl.ConvT3D(h, *a, "y"), [4, 2, 3, 3]), **REFUSED)
