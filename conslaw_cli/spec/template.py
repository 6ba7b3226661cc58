"""A commented spec to start from."""

from __future__ import annotations

from conslaw_cli.models import ARCHITECTURES, Architecture
from conslaw_cli.spec.schema import KINDS, POINTS, STATUSES

_TEMPLATE = """\
# {summary}
# phi: {phi}; valid where: {domain}

[model]
architecture = "{name}"  # {architectures}
widths = {widths}  # {note}
bias = "none"  # {biases}

# [metric]                  # one of euclidean | entropy | theta^a (a = 0 ... 20); without this table:
# default = "euclidean"     # for all parameter blocks
{metrics}
# at = "theta"              # {points}; lookahead by default for momentum with constant damping, unless all is Euclidean

[dynamics]
kind = "gradient-flow"      # {kinds}
# damping = "tau"           # momentum: a number >= 0, a symbol, or an expression in t such as "3/t"
# decay = "lambda"          # weight-decay: the same kinds of value
# start = 1                 # not gradient-flow: time from which the laws are claimed; 0 by default where the rate is finite

# [expect]                  # what `conslaw check` holds the result against; every key is optional
# laws = 0                  # number of independent laws
# time_dependent = false    # true | false: whether some law depends on time
# complete = true           # true | false: whether all laws are found in closed form
# time_free = 0             # number of independent laws free of time
# dimension = 0             # dimension of the trace of the Lie algebra
# status = "proved"         # {statuses}
"""


def new_spec(architecture: Architecture) -> str:
    """The text of a spec for an architecture, with every key and its choices in comments; it reads back as it is."""
    return _TEMPLATE.format(
        summary=architecture.summary,
        phi=architecture.phi,
        domain=architecture.domains,
        name=architecture.name,
        architectures=" | ".join(ARCHITECTURES),
        widths=list(architecture.example_widths),
        note=f"input, hidden ..., output; {_number_of_widths(architecture)}",
        biases=" | ".join(architecture.biases),
        metrics="\n".join(_metric_lines(architecture)),
        points=" | ".join(POINTS),
        kinds=" | ".join(KINDS),
        statuses=" | ".join(STATUSES),
    )


def _number_of_widths(architecture: Architecture) -> str:
    least, most = architecture.min_widths, architecture.max_widths
    if least == most:
        return f"exactly {least}"
    return f"at least {least}" if most is None else f"{least} to {most}"


def _metric_lines(architecture: Architecture) -> list[str]:
    """One line for each parameter block of the example, with the metric it has by default."""
    blocks = architecture.blocks(tuple(architecture.example_widths), "none")
    return [f'# {name} = "{architecture.default_metric(name)}"' for name, _ in blocks]
