"""A commented spec to start from."""

from __future__ import annotations

from conslaw_cli.dynamics import DYNAMICS
from conslaw_cli.models import ARCHITECTURES, Architecture
from conslaw_cli.vocabulary import POINTS, STATUSES

_TEMPLATE = """\
# {summary}
# phi: {phi}; valid where: {domain}

[model]
architecture = "{name}"  # {architectures}
{options}

{trained}# [expect]                  # what `conslaw check` holds the result against; every key is optional
# laws = 0                  # number of independent laws
# time_dependent = false    # true | false: whether some law depends on time
# complete = true           # true | false: whether all laws are found in closed form
# time_free = 0             # number of independent laws free of time
# dimension = 0             # dimension of the trace of the Lie algebra
# status = "proved"         # {statuses}
"""
_TRAINED = """\
# [metric]                  # one of euclidean | entropy | theta^a (a = 0 ... 20); without this table:
# default = "euclidean"     # for all parameter blocks
{metrics}
# at = "theta"              # {points}; lookahead by default for momentum with constant damping, unless all is Euclidean

[dynamics]
kind = "gradient-flow"      # {kinds}
{rates}
# start = 1                 # not gradient-flow: time from which the laws are claimed; 0 by default where the rate is finite

"""


def new_spec(architecture: Architecture) -> str:
    """The text of a spec for an architecture, with every key and its choices in comments; it reads back as it is."""
    return _TEMPLATE.format(
        summary=architecture.summary,
        phi=architecture.phi,
        domain=architecture.domains,
        name=architecture.name,
        architectures=" | ".join(ARCHITECTURES),
        options="\n".join(architecture.table.lines()),
        trained="" if architecture.table.options.as_given else _trained(architecture),
        statuses=" | ".join(STATUSES),
    )


def _trained(architecture: Architecture) -> str:
    """The tables [metric] and [dynamics]."""
    return _TRAINED.format(
        metrics="\n".join(_metric_lines(architecture)),
        points=" | ".join(POINTS),
        kinds=" | ".join(DYNAMICS),
        rates="\n".join(_rate_lines()),
    )


def _rate_lines() -> list[str]:
    """One line for each dynamics that takes a rate, with its default; the first says what a rate may be."""
    rated = [kind for kind in DYNAMICS.values() if kind.rate_key]
    values = ['a number >= 0, a symbol, or an expression in t such as "3/t"', *["the same kinds of value"] * (len(rated) - 1)]
    given = [f'# {kind.rate_key} = "{kind.default_rate}"' for kind in rated]
    return [f"{key:<27} # {kind.name}: {value}" for key, kind, value in zip(given, rated, values)]


def _metric_lines(architecture: Architecture) -> list[str]:
    """One line for each parameter block of the example, with the metric it has by default."""
    blocks = architecture.blocks(architecture.table.example)
    return [f'# {name} = "{architecture.default_metric(name)}"' for name, _ in blocks]
