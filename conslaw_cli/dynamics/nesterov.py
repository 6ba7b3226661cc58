"""Nesterov momentum theta'' + (3/t) theta' = -M grad E (Su, Boyd, Candès 2014): momentum with s = t^3, S = -1/(2 t^2)."""

from __future__ import annotations

from conslaw_cli.dynamics.base import Dynamics, Kind
from conslaw_cli.dynamics.momentum import momentum
from conslaw_cli.dynamics.settings import DynamicsSpec
from conslaw_cli.dynamics.timefactors import TimeFactor
from conslaw_cli.expressions.parsing import parse_expression


def build(settings: DynamicsSpec, lookahead: bool) -> Dynamics:
    scale, lag = (TimeFactor(lambda text=text: parse_expression(text).tree) for text in ("t**3", "-t/2"))
    return momentum(settings, lookahead, scale, lag)


KIND = Kind("nesterov", "Nesterov momentum", build, 2, rate_words=", damping ", fixed_rate="3/t", compared_as="Nesterov")
