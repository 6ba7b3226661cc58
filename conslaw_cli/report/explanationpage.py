"""An explanation as a page of text, for a terminal or in Markdown."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rich.cells import cell_len
from rich.text import Text

from conslaw_cli.report import effects, markdown, reasons, text
from conslaw_cli.report import prose as say
from conslaw_cli.report.escape import markdown as escaped
from conslaw_cli.report.escape import visible
from conslaw_cli.report.explanation import Explained, Explanation
from conslaw_cli.report.options import Options
from conslaw_cli.report.outline import cut, law_of, without_laws
from conslaw_cli.report.prose import Prose
from conslaw_cli.report.sources import cited

FORMATS = ("text", "markdown")
LAWS_SHOWN = 3
"""Of a family without a form."""
_LABEL = 10


@dataclass(frozen=True)
class Paragraph:
    """What is said, under a label or by itself; ``within`` a law, or at the left."""

    text: str
    label: str = ""
    within: bool = False


@dataclass(frozen=True)
class Section:
    heading: str
    paragraphs: tuple[Paragraph, ...]


def render(explanations: Sequence[Explanation], format: str, options: Options) -> str:
    """A page for each in one of ``FORMATS``; names stand above several."""
    named = len(explanations) > 1
    pages = [_markdown(one, named) if format == "markdown" else _text(one, named, options) for one in explanations]
    return "\n".join(pages)


def sections(explanation: Explanation, prose: Prose) -> Iterator[Section]:
    """What the page consists of; a section with nothing to say is left out."""
    dynamics = explanation.report.dynamics.title
    said = {
        "How many laws": [Paragraph(what, number) for number, what in effects.counts(explanation, prose)],
        "Why there are laws": [Paragraph(prose.text(sentence)) for sentence in reasons.principle(explanation)],
        "Each law and its symmetry": list(_laws(explanation, prose)),
        "What the metric does": [Paragraph(sentence) for sentence in effects.of_metric(explanation, prose)],
        f"What {dynamics} does": [Paragraph(sentence) for sentence in effects.of_dynamics(explanation, prose)],
        "What is proved": [Paragraph(sentence) for sentence in effects.proof(explanation, prose)],
    }
    yield from (Section(heading, tuple(paragraphs)) for heading, paragraphs in said.items() if paragraphs)


def _with_references(explanation: Explanation, prose: Prose) -> Iterator[Section]:
    """All of it, and what it cites."""
    yield from sections(explanation, prose)
    plain = " ".join(paragraph.text for section in sections(explanation, text.PROSE) for paragraph in section.paragraphs)
    references = tuple(Paragraph(prose.text(source), prose.text(f"[{mark}]")) for mark, source in cited(plain))
    if references:
        yield Section("References", references)


def _laws(explanation: Explanation, prose: Prose) -> Iterator[Paragraph]:
    if (nothing := without_laws(explanation.report)) is not None:
        yield Paragraph(prose.text(nothing))
    for found in explanation.explained:
        yield Paragraph(_heading(found, prose))
        yield from _motions(found, explanation, prose)
        yield Paragraph(reasons.why(found, explanation, prose), "why", within=True)


def _motions(found: Explained, explanation: Explanation, prose: Prose) -> Iterator[Paragraph]:
    """The symmetries; of a family without a form its first laws, each with its own."""
    blocks = [name for name, _ in explanation.report.model.blocks]
    motions = [] if explanation.as_given else [reasons.symmetry(one, blocks, prose) for one in found.symmetries]
    members = found.family.members[:LAWS_SHOWN] if found.family.form is None else ()
    for number, law in enumerate(members):
        shown, terms = cut(law)
        rest = "" if terms is None else f" + … ({terms} terms)"
        yield Paragraph(prose.math(prose.notation.formula(shown)) + prose.text(rest), "law", within=True)
        yield from (Paragraph(motion, "symmetry", within=True) for motion in motions[number : number + 1])
    if not members:
        yield from (Paragraph(motion, "symmetry", within=True) for motion in motions)
    if members and (left := len(found.family.members) - len(members)):
        yield Paragraph(prose.text(f"… and {left} more"), within=True)


def _heading(found: Explained, prose: Prose) -> str:
    """The law, its number, and what is to be known of where it holds."""
    family = found.family
    number = f"   {family.number} {'law' if family.number == 1 else 'laws'}"
    where = "" if family.everywhere else ", in this region only"
    return law_of(family, prose) + prose.text(number + where)


def _text(explanation: Explanation, named: bool, options: Options) -> str:
    prose, width = text.ASCII_PROSE if options.ascii_only else text.PROSE, options.width
    lines = [Text(visible(explanation.report.name), "bold cyan")] * named
    lines += [Text(line, "bold") for line in text.fold(prose.text(" · ").join(say.title(explanation.report, prose)), width, 2)]
    for section in _with_references(explanation, prose):
        lines += [Text(""), Text(prose.text(section.heading), "bold cyan")]
        label = max(_LABEL, *(cell_len(paragraph.label) + 2 for paragraph in section.paragraphs))
        lines += [line for paragraph in section.paragraphs for line in _paragraph(paragraph, label, width)]
    return text.printed(lines, options.color)


def _paragraph(paragraph: Paragraph, label: int, width: int | None) -> Iterator[Text]:
    indent = 4 if paragraph.within else 2
    hanging = indent + (label if paragraph.label else 0)
    first, *others = text.fold(paragraph.text, width and width - hanging, 0)
    head = paragraph.label + " " * (label - cell_len(paragraph.label)) if paragraph.label else ""
    yield Text.assemble(" " * indent, (head, "dim"), first)
    yield from (Text(" " * hanging + line) for line in others)


def _markdown(explanation: Explanation, named: bool) -> str:
    prose = markdown.PROSE
    name = f"{escaped(explanation.report.name)}: " if named else ""
    lines = [f"## {name}{' · '.join(say.title(explanation.report, prose))}", ""]
    for section in _with_references(explanation, prose):
        lines += [f"### {escaped(section.heading)}", ""]
        for paragraph in section.paragraphs:
            label = f"**{paragraph.label}** " if paragraph.label else ""
            lines.append(f"{'  ' if paragraph.within else ''}- {label}{paragraph.text.replace('  ', ' ')}")
        lines.append("")
    return "\n".join(lines)
