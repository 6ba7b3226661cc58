"""Sentences on what a metric and a dynamics do to laws, and on what of all that is proved."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from conslaw_cli.report import prose as say
from conslaw_cli.report.explanation import Explanation, Fate
from conslaw_cli.report.model import Report
from conslaw_cli.report.outline import law_of
from conslaw_cli.report.prose import Prose

COUNTED = "The numbers are counted, not argued: see above how each is known."

_METRICS = {
    "natural": "M = (JᵀJ)⁺ with J = dφ, and MJᵀ has the range of Jᵀ: at every point the same velocities are possible as for M = "
    "1, so laws and symmetries are the same.",
    "constant": "M is constant: a linear motion ξ = Kθ gives a law where M⁻¹K is symmetric, with M⁻¹ in the law's inner products.",
}
_CRITERION = (
    "The symmetries are those of the loss, whatever the metric; which of them give laws is not: a symmetry ξ does where M⁻¹ξ is "
    "a gradient, ∇h = M⁻¹ξ."
)
_RESCALING = (
    "Rescalings of a neuron keep theirs under every M that is a function of each entry, with the primitive of θ/M(θ) in place of "
    "θ²/2: M⁻¹ξ = cθ/M(θ) is a gradient."
)
_MIXING = (
    "Motions that mix neurons lose it: for ξ = XW and M⁻¹ξ = XW/M(W) entry by entry, the derivatives of two entries of a column "
    "by each other are X[i,k]/M(W[i,j]) and X[k,i]/M(W[k,j]), equal everywhere only if M is constant or X diagonal."
)


def counts(explanation: Explanation, prose: Prose) -> Iterator[tuple[str, str]]:
    """For every stage its number of laws, and what it is and how that is known."""
    for stage in explanation.stages:
        number = say.count(stage, prose) + prose.text(" law" if stage.laws.independent == 1 else " laws")
        setting = prose.text(" · ").join((say.metric(stage.metric, prose), say.dynamics(stage.dynamics, prose)))
        yield number, f"{setting}{prose.text(' (')}{say.status(stage, prose)}{prose.text(')')}"


def of_metric(explanation: Explanation, prose: Prose) -> list[str]:
    """What a metric that is not the Euclidean does; nothing to say otherwise."""
    if len(explanation.stages) < 2 or explanation.stages[0].metric == explanation.stages[1].metric:
        return []
    before, after = explanation.stages[:2]
    if after.dynamics.drifts:
        return []
    said = [_change(before, after, "under the Euclidean metric", "under this one", prose)]
    if explanation.metric in _METRICS:
        return [*said, prose.text(_METRICS[explanation.metric])]
    said.append(prose.text(_CRITERION))
    if explanation.metric == "separate":
        said += map(prose.text, [_RESCALING, *([_MIXING] if explanation.mixing else [])])
    return said


def of_dynamics(explanation: Explanation, prose: Prose) -> list[str]:
    """What momentum or weight decay does to the laws of gradient flow under the same metric; nothing for gradient flow."""
    if not explanation.report.dynamics.drifts:
        return []
    before, after = explanation.stages[-2:]
    said = [_change(before, after, "under gradient flow", f"under {after.dynamics.title}", prose)]
    if explanation.order == 1:
        return [*said, prose.text(_DECAY), *(_decayed(fate, prose) for fate in explanation.fates)]
    if after.metric.lookahead:
        return [*said, prose.text(_LOOKAHEAD)]
    said.append(prose.text(_MOMENTUM))
    said += [_in_motion(fate, prose) for fate in explanation.fates]
    if any(found.why == "rotation" for found in explanation.explained):
        said.append(prose.text("Rotations, which give no law of gradient flow, as their M⁻¹ξ is no gradient, are isometries: they give the laws above."))
    return said


_DECAY = (
    "Q = exp(Λ) θ with Λ = ∫λ moves without the decay, Q' = −exp(Λ) M∇E at θ = exp(−Λ) Q, so a law of gradient flow stays one, "
    "as h(Q), where it holds along every ray: where θ → cθ changes it by a factor (or, for logarithms, a constant); see [Kunin] "
    "for the decay."
)
_MOMENTUM = (
    "A law h(θ) of gradient flow has ξ = M∇h, so M⁻¹ξ = ∇h, and ⟨θ', D(∇h) θ'⟩ is zero for all θ' only if h is affine in θ: then "
    "its symmetry is kept, twice; otherwise no law s ⟨θ', M⁻¹ξ⟩ comes from it."
)
_LOOKAHEAD = (
    "The metric is taken at the lookahead point y = τθ + θ', where ξ = M(y) ∂h/∂θ' must be a symmetry for all velocities: what a "
    "law of gradient flow says of ξ = M(θ)∇h does not carry over as it is [B]."
)


def _change(before: Report, after: Report, there: str, here: str, prose: Prose) -> str:
    """6 laws under gradient flow, 3 under momentum. The numbers are counted, not argued."""
    old, new = before.laws.independent, after.laws.independent
    laws = "law" if old == 1 else "laws"
    known = "" if None in (old, new) else ": as many" if old == new else f": {abs(new - old)} {'more' if new > old else 'fewer'}"
    return f"{say.count(before, prose)} {prose.text(f'{laws} {there}, ')}{say.count(after, prose)} {prose.text(f'{here}{known}. {COUNTED}')}"


def _in_motion(fate: Fate, prose: Prose) -> str:
    law = law_of(fate.family, prose)
    if fate.degrees is None:
        return law + prose.text(": where it is not affine in θ, no such law comes from its symmetry.")
    if fate.affine:
        return law + prose.text(": affine, so M⁻¹ξ is constant, and there are a momentum and a centre of motion.")
    return law + prose.text(": not affine, so no law comes from its symmetry in this way.")


def _decayed(fate: Fate, prose: Prose) -> str:
    law, degrees = law_of(fate.family, prose), fate.degrees
    if degrees is None:
        return law + prose.text(": its terms are of no one degree, or not known to be; the argument says nothing of it.")
    if len(degrees) > 1:
        return law + prose.text(f": mixes degrees {', '.join(map(str, degrees))}, so it is no law along rays, and not kept as it is.")
    if degrees == (0,):
        return law + prose.text(": logarithms, which θ → cθ changes by constants: kept, with a multiple of Λ.")
    grows, shrinks = _growth(degrees[0], prose), _growth(-degrees[0], prose)
    kept = f": homogeneous of degree {degrees[0]}, so "
    return law + prose.text(kept) + grows + prose.text(" h is a law, and h itself changes like ") + shrinks + prose.text(".")


def _growth(degree: Fraction, prose: Prose) -> str:
    """exp(2Λ)."""
    write = prose.notation
    number = int(degree) if degree.denominator == 1 else degree
    return prose.math(write.exponential(write.sum([(number, write.letter("Lambda"))])))


def proof(explanation: Explanation, prose: Prose) -> list[str]:
    """What is proved, what is verified, what is theory."""
    report, families = explanation.report, explanation.report.laws.families
    argued = "That a motion along ξ is the map written here, and what becomes of laws under another metric or dynamics, is argued, not computed."
    said = {
        f"That each law is constant is an exact identity{_PART_OF_IT[explanation.as_given]}; {_AGAIN}": report.status.startswith("proved") and families,
        "The laws were verified; the count is exact up to what is said.": report.status.startswith("exact") and families,
        "Laws from theory were not verified at this size; their symmetries are what the theory says.": not all(one.verified for one in families),
        "The count is that of one region, in which every input keeps the branches it takes there.": report.region,
        "Laws that hold in this region only, and their symmetries, are local.": not all(one.everywhere for one in families),
        argued: not explanation.as_given and (families or len(explanation.stages) > 1),
    }
    return [f"{say.accounting(report, prose)}.", *(prose.text(sentence) for sentence, true in said.items() if true)]


_PART_OF_IT = {False: ", and ⟨ξ, ∇E⟩ = 0 is part of it", True: ""}
"""Of fields as they are given nothing is said of a loss."""
_AGAIN = "conslaw verify-certificate proves the JSON report again."
