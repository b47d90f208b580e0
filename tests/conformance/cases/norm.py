"""Batch normalisation."""

import pyeddl.eddl as eddl
from conformance.cases.base import BATCHNORM_MEAN, family, image_net, vector_net

case = family(__name__)

BATCHNORM_PLAIN = {
    "eddl_defect": "without affine, the backward pass reads normalised inputs that the forward pass did not store",
    "spoils": r"gradient/before|input-delta|params-1/before|params-3|predict-after",
}
case("batchnorm-2d", vector_net(lambda h: eddl.BatchNormalization(h, True, 0.9, 1e-3, "bn")), batch=6, **BATCHNORM_MEAN)
case(
    "batchnorm-2d-plain",
    vector_net(lambda h: eddl.BatchNormalization(h, False, 0.9, 1e-3, "bn")),
    batch=6,
    **BATCHNORM_PLAIN,
)
case("batchnorm-4d", image_net(lambda h: eddl.BatchNormalization(h, True, 0.9, 1e-3, "bn")), **BATCHNORM_MEAN)
case("batchnorm-4d-plain", image_net(lambda h: eddl.BatchNormalization(h, False, 0.9, 1e-3, "bn")), **BATCHNORM_PLAIN)
case("batchnorm-momentum", image_net(lambda h: eddl.BatchNormalization(h, True, 0.6, 1e-2, "bn")), **BATCHNORM_MEAN)
case(
    "batchnorm-conv",
    image_net(
        lambda h: eddl.Conv2D(
            eddl.ReLu(eddl.BatchNormalization(h, True, 0.9, 1e-3, "bn"), "relu"),
            2,
            [3, 3],
            [1, 1],
            "same",
            True,
            1,
            [1, 1],
            "y",
        )
    ),
    **BATCHNORM_MEAN,
)
