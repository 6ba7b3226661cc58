"""Specs: TOML files or mappings, read into frozen typed objects or refused with every problem they have."""

from conslaw_cli.spec.canonical import normalised, spec_sha256
from conslaw_cli.problems import Problem, SpecError, visible
from conslaw_cli.expressions.parsing import Expression, ExpressionError, number, parse_expression
from conslaw_cli.expressions.rates import time_text
from conslaw_cli.spec.reader import parse_cases, parse_spec, read_cases, read_spec
from conslaw_cli.spec.schema import DynamicsSpec, ExpectSpec, MetricSpec, ModelSpec, Spec
from conslaw_cli.spec.template import new_spec
from conslaw_cli.expressions.values import Pole

__all__ = [
    "DynamicsSpec",
    "ExpectSpec",
    "Expression",
    "ExpressionError",
    "MetricSpec",
    "ModelSpec",
    "Pole",
    "Problem",
    "Spec",
    "SpecError",
    "new_spec",
    "normalised",
    "number",
    "parse_cases",
    "parse_expression",
    "parse_spec",
    "read_cases",
    "read_spec",
    "spec_sha256",
    "time_text",
    "visible",
]
