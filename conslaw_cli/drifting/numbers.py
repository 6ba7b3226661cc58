"""Numbers for the letters of laws, such as tau: as given, or from the settings of an optimizer.

Heavy-ball steps theta_{k+1} = theta_k + mu (theta_k - theta_{k-1}) - lr g multiply an angular momentum by mu, so exp(tau t) with t = lr k
makes up for it exactly where exp(-tau lr) = mu. Decoupled weight decay multiplies weights by 1 - lr wd, so exp(-lambda lr) is that.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from math import isclose, log

from conslaw_cli.checkpoints.faults import CheckpointError
from conslaw_cli.dynamics import DYNAMICS
from conslaw_cli.problems import suggestion
from conslaw_cli.spec import Spec

_LAMBDA = "lambda"
_AGREE = 1e-3
"""Relative difference up to which a rate of the spec and one that follows from settings are the same."""


@dataclass(frozen=True)
class Settings:
    """What the user says of the optimizer: ``given`` numbers by letter, None for what is not said."""

    given: Mapping[str, float] = field(default_factory=dict)
    learning_rate: float | None = None
    momentum: float | None = None
    weight_decay: float | None = None


def constants(spec: Spec, letters: Iterable[str], settings: Settings) -> dict[str, float]:
    """A number for each of the letters of the laws, and of the rate. Raises CheckpointError for those that are missing or at odds."""
    wanted = set(letters)
    known = {_letter(name): value for name, value in settings.given.items()}
    allowed = wanted | {_letter(name) for name in (spec.dynamics.rate.names if spec.dynamics.rate else ())} - {"t"}
    for name in settings.given:
        if _letter(name) not in allowed:
            raise CheckpointError(f"--set {name}: the laws hold no letter {name}", suggestion(name, sorted(_LAMBDA if one == "lamda" else one for one in allowed)) or "leave it out")
    for letter, value in _of_rate(spec, settings).items():
        if letter in known:
            raise CheckpointError(f"{letter} is given by --set and follows from --momentum or --weight-decay", "leave one of them out")
        known[letter] = value
    if missing := sorted(wanted - set(known)):
        shown = [_LAMBDA if letter == "lamda" else letter for letter in missing]
        raise CheckpointError(f"the laws hold {', '.join(shown)}, of which there is no number", _remedy(spec, shown[0]))
    return known


def _letter(name: str) -> str:
    """As laws spell it: ``lambda`` is a word of Python's own."""
    return "lamda" if name == _LAMBDA else name


def _remedy(spec: Spec, letter: str) -> str:
    options = {"damping": "--momentum and --learning-rate", "decay": "--weight-decay and --learning-rate"}
    option = options.get(DYNAMICS[spec.dynamics.kind].rate_key or "") if spec.dynamics.rate and spec.dynamics.rate.lone_name else None
    return f"give --set {letter}=0.7" + (f", or {option}" if option else "")


def _of_rate(spec: Spec, settings: Settings) -> dict[str, float]:
    """The letter of the spec's rate with the number that follows from the optimizer's settings."""
    found: dict[str, float] = {}
    for option, key, setting in (("momentum", "damping", settings.momentum), ("weight-decay", "decay", settings.weight_decay)):
        if setting is not None:
            found |= _rate(spec, option, key, _per_time(option, setting, settings.learning_rate))
    return found


def _per_time(option: str, setting: float, learning_rate: float | None) -> float:
    if learning_rate is None:
        raise CheckpointError(f"--{option} takes --learning-rate too, which makes times of steps", "give --learning-rate")
    factor = setting if option == "momentum" else 1 - learning_rate * setting
    if not 0 < factor <= 1:
        what = f"--{option} {setting:g}" + ("" if option == "momentum" else f" with --learning-rate {learning_rate:g}")
        raise CheckpointError(f"{what} multiplies by {factor:g} in a step", "that factor must be over 0 and at most 1")
    return -log(factor) / learning_rate + 0.0


def _rate(spec: Spec, option: str, key: str, value: float) -> dict[str, float]:
    kind, rate = DYNAMICS[spec.dynamics.kind], spec.dynamics.rate
    if kind.rate_key != key:
        what = f"--{option} is of no use: the spec's dynamics is {kind.title}"
        raise CheckpointError(what, f'it is for a spec with a letter for its {key}, such as {key} = "{_EXAMPLES[key]}"')
    if rate.lone_name:
        return {_letter(rate.lone_name): value}
    if rate.names:
        raise CheckpointError(f"--{option} gives no number for {key} = {rate.text}", "give its letters by --set")
    if not isclose(float(rate.value_at({})), value, rel_tol=_AGREE, abs_tol=1e-12):
        what = f"the spec's {key} is {rate.text}, --{option} with --learning-rate makes it {value:.6g}"
        raise CheckpointError(what, f'write {key} = {value:.6g} or a letter such as {key} = "{_EXAMPLES[key]}", or leave the option out')
    return {}


_EXAMPLES = {"damping": "tau", "decay": "lambda"}
