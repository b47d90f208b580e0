"""Metrics that no case of a loss has."""

from conformance.cases.base import family, sigmoid_net

case = family(__name__)

case("metric-mean-absolute-error", sigmoid_net(3), metric="mean_absolute_error")
case("metric-mean-relative-error", sigmoid_net(3), metric="mean_relative_error", target="positive")
