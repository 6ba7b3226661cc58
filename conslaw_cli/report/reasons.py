"""Sentences on where laws come from: the principle, the motion that leaves the loss as it is, and how the law follows from it."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction

from conslaw_cli.report.explanation import (
    Action,
    Explained,
    Explanation,
    FieldAction,
    MatrixAction,
    SliceAction,
    Symmetry,
)
from conslaw_cli.report.prose import Prose

_COMPONENTS_SHOWN = 8
_LETTERS = {"matrix": "ATG", "number": "acz"}

WHY = {
    "product": "h = tr(X H) for the matrix H of the law: ξ = M∇h is the velocity of this motion{source}.",
    "sum": "the derivative of each entry's part of h is a multiple of {part}/M, so ξ = M∇h is {what}{source}.",
    "field": "ξ = {field}, written out{linear}.",
    "rotation": "ξ moves by isometries of the metric, which makes h its angular momentum: h = s ⟨θ', M⁻¹ξ⟩ changes neither with "
    "the loss, as ⟨ξ, ∇E⟩ = 0, nor with the motion, as ⟨θ', D(M⁻¹ξ) θ'⟩ = 0, and s = exp ∫τ undoes the damping [Noether].",
    "momentum": "w = M⁻¹ξ is constant, so the sum ⟨w, θ⟩ feels no force, ⟨w, M∇E⟩ = ⟨ξ, ∇E⟩ = 0: it moves as a free particle "
    "under the damping. h is its momentum ⟨w, θ'⟩, times the function of time that undoes the damping.",
    "centre": "w = M⁻¹ξ is constant, so the sum ⟨w, θ⟩ moves as a free particle under the damping. h is its place with the "
    "motion taken out, ⟨w, θ⟩ plus a function of time times ⟨w, θ'⟩.",
    "mirror": "with y = τθ + θ', which moves by y' = −M(y)∇E, M(y) = y²: the time derivative of θ/y is θ'/y + θ ∂E/∂θ, and in "
    "the law's sum over entries the last terms are ⟨ξ, ∇E⟩ = 0; as θ'/y = 1 − τθ/y, the sum of θ'/y shrinks like exp(−τt).",
    "mirror undamped": "with y = θ', which moves by y' = −M(y)∇E, M(y) = y²: the time derivative of θ/y is θ'/y + θ ∂E/∂θ = 1 + "
    "θ ∂E/∂θ, and in the law's sum over entries the last terms are ⟨ξ, ∇E⟩ = 0, so the sum of θ/y grows as t times the number of "
    "entries out less that of those in.",
    "integral": "ξ = M∇h leaves the loss as it is, as for every law, but its motion is not known in closed form. The law is an "
    "Abelian integral, constant while no sign in it changes.",
    "travel": "ξ = M∇h leaves the loss as it is, as for every law, but its motion is not known in closed form. The law says that "
    "two neurons differ by a constant in the time that a common clock gives them.",
    "general": "ξ = {field} leaves the loss as it is, as for every law; its motion is not written down here.",
    "as given": "the fields are tangent to the level sets of h.",
}
"""How a law follows from its symmetry, by the kinds of ``Explained.why``."""


def principle(explanation: Explanation) -> list[str]:
    """What a law has to do with a symmetry, for the order of the dynamics."""
    if explanation.as_given:
        return ["The fields are taken as they are: h is a law when ⟨∇h, χ⟩ = 0 for every field χ. There is no loss, so no symmetry of one."]
    flat = {"euclidean": " (M = 1 here)", "natural": " (read 1 for M, see the metric)"}.get(explanation.metric, "")
    if explanation.order == 1:
        return [
            f"Along training, d/dt h contains the loss E as −⟨ξ, ∇E⟩ with ξ = M∇h{flat}. A law has none of it whatever the data "
            "[A], so ξ is a symmetry: moving the parameters along ξ leaves the loss of every data set as it is.",
            "The converse holds where M⁻¹ξ is a gradient: under gradient flow a symmetry ξ with M⁻¹ξ = ∇h has h as a law [Kunin, Zhao].",
        ]
    ahead = explanation.report.metric.lookahead
    return [
        f"Along training, d/dt h contains the loss E as −⟨ξ, ∇E⟩ with ξ = M ∂h/∂θ'{flat}. A law has none of it whatever the data "
        "[B], so ξ is a symmetry, at every time and velocity: moving the parameters along ξ leaves the loss of every data set as "
        "it is.",
        "M is taken at the lookahead point y = τθ + θ', so ξ depends on the velocity too; what is said below is for θ fixed in it."
        if ahead
        else "The converse holds where ξ(θ) has ⟨θ', D(M⁻¹ξ) θ'⟩ = 0, for constant M where it moves by isometries, rotations and shifts: then "
        "s ⟨θ', M⁻¹ξ⟩ with s = exp ∫τ is a law [Noether, B]. Where M⁻¹ξ is constant there are two.",
    ]


def why(explained: Explained, explanation: Explanation, prose: Prose) -> str:
    """How the family's laws follow from their symmetries."""
    if explanation.as_given:
        return prose.text(WHY["as given"])
    return prose.text(WHY[explained.why].format(**_words(explained, explanation))) + _rotations(explained, prose)


def _words(explained: Explained, explanation: Explanation) -> dict[str, str]:
    """What is put into a sentence of ``WHY``; sources are those of the Euclidean case."""
    shift = any(isinstance(action, SliceAction) and action.kind == "shift" for found in explained.symmetries for action in found.actions)
    affine = explained.why == "field" and all(found.linear for found in explained.symmetries)
    sources = {"product": " [Arora, Du]", "sum": " [Kunin]" if shift else " [Du, Kunin]"} if explanation.metric == "euclidean" else {}
    return {
        "field": "M∇h" if explanation.order == 1 else "M ∂h/∂θ'",
        "source": sources.get(explained.why, ""),
        "part": "1" if shift else "θ",
        "what": "constant, a shift" if shift else "a multiple of the entry, a rescaling",
        "linear": "; it is affine in θ, so its motion is a group of affine maps" if affine else "; its motion is not known in closed form",
    }


def _rotations(explained: Explained, prose: Prose) -> str:
    """That rotations are symmetries too, and give no law of first order."""
    for found in explained.symmetries:
        if found.generator == "symmetric" and found.size > found.blocks:
            return prose.text(" Commutators of such motions are rotations, X antisymmetric, and symmetries too, but their M⁻¹ξ is no gradient: no law here.")
    return ""


def symmetry(found: Symmetry, blocks: Iterable[str], prose: Prose) -> str:
    """The motions, and what the letters in them are, which are no names of blocks."""
    used = set(blocks)
    letters = {kind: next((name for name in names if name not in used), names[0]) for kind, names in _LETTERS.items()}
    shown = found.actions[:_COMPONENTS_SHOWN] if found.generator == "field" else found.actions
    moves = prose.text(", ").join(_action(action, letters, prose) for action in shown)
    rest = prose.text(f", … ({len(found.actions)} entries move)") if len(shown) < len(found.actions) else ""
    return moves + rest + _generated(found, letters, prose)


def _generated(found: Symmetry, letters: dict[str, str], prose: Prose) -> str:
    """with A = exp(sX), X symmetric 3×3; for a > 0, each neuron by itself."""
    write = prose.notation
    if found.generator == "field":
        return ""
    if found.generator == "neuron":
        scales = any(action.kind == "scale" for action in found.actions)
        which = prose.math(write.letter(letters["number"])) + prose.text(" > 0") if scales else prose.text("every s")
        return prose.text("  for ") + which + _each(found, prose)
    side = found.size // found.blocks
    extent = f"{side}×{side}" if found.blocks == 1 else f"with {found.blocks} diagonal blocks {side}×{side}"
    return prose.text("  with ") + prose.math(write.letter(letters["matrix"])) + prose.text(f" = exp(sX), X {found.generator} {extent}")


def _each(found: Symmetry, prose: Prose) -> str:
    """That every neuron has a motion of its own."""
    letters = sorted({slot for action in found.actions for slot in action.slots if slot.isalpha()})
    return prose.text(f", each {', '.join(letters)} by itself") if letters and found.size > 1 else ""


def _action(action: Action, letters: dict[str, str], prose: Prose) -> str:
    write = prose.notation
    if isinstance(action, FieldAction):
        return prose.math(write.entry(action.entry)) + prose.text(" by ") + prose.math(write.formula(action.speed))
    if isinstance(action, MatrixAction):
        block, factor = write.block(action.ref), _power(letters["matrix"], action.exponent, prose)
        moved = write.matrix_product([factor, block] if action.side == "left" else [block, factor])
        return prose.math(block) + prose.text(" → ") + prose.math(moved)
    piece = _slice(action, prose)
    if action.kind == "shift":
        moved = write.sum([(1, piece), (_plain(action.rate), write.letter("s"))])
    else:
        moved = write.product([_power(letters["number"], action.rate, prose), piece])
    return prose.math(piece) + prose.text(" → ") + prose.math(moved)


def _slice(action: SliceAction, prose: Prose) -> str:
    write = prose.notation
    if action.shape:
        return write.at(action.block, [write.group(write.dimensions(action.shape)), *action.slots])
    return write.letter(action.block) if set(action.slots) <= {":"} else write.at(action.block, action.slots)


def _power(letter: str, exponent: Fraction, prose: Prose) -> str:
    written = prose.notation.letter(letter)
    return written if exponent == 1 else prose.notation.power(written, prose.notation.sum([(_plain(exponent), "")]))


def _plain(number: Fraction) -> int | Fraction:
    return int(number) if number.denominator == 1 else number
