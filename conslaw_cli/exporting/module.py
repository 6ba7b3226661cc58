"""A file with one function, from arrays to laws, in the words of a library."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property, reduce
from typing import ClassVar

from conslaw_cli.evaluation.graphs import LawGraph, law_graphs, needs
from conslaw_cli.evaluation.leaves import VELOCITY
from conslaw_cli.evaluation.times import TIME
from conslaw_cli.exporting.layout import call, harmless, import_blocks, paragraph, statement
from conslaw_cli.exporting.names import Names
from conslaw_cli.exporting.pieces import multiplied, written
from conslaw_cli.exporting.targets import Target
from conslaw_cli.exporting.times import TimeWriter
from conslaw_cli.exporting.writer import Code, Writer
from conslaw_cli.report import prose as say
from conslaw_cli.report.ascii import PROSE
from conslaw_cli.report.formula import MatrixForm
from conslaw_cli.report.model import Report

_ARGUMENTS = ("arrays", "velocities", "t")
Timed = tuple[str, Code]
"""A function of time and what it multiplies."""


@dataclass(frozen=True)
class Module:
    """The laws of a report as code for a target; ``command`` is what the header says it was made with."""

    report: Report
    target: Target
    command: str

    signature: ClassVar[str] = "laws(arrays, velocities=None, t=None{letters})"
    summary: ClassVar[str] = "The laws at one state, by name; each keeps its value along the dynamics, in continuous time."

    brackets: ClassVar[tuple[str, str]] = ("", "")
    """Around a value."""

    @property
    def about(self) -> str:
        """What the file has."""
        return f"Conservation laws, for {self.target.title}"

    @cached_property
    def laws(self) -> tuple[LawGraph, ...]:
        """Those that are written: integrals over algebraic functions are not."""
        return tuple(law for law in law_graphs(self.report) if not law.integrals)

    @cached_property
    def left_out(self) -> tuple[LawGraph, ...]:
        return tuple(law for law in law_graphs(self.report) if law.integrals)

    @property
    def notes(self) -> tuple[str, ...]:
        """What is not in the file."""
        number = sum(law.name.family.number for law in self.left_out)
        said = f"{number} law{'s are' if number > 1 else ' is'} left out: integrals over algebraic functions have no matrix form"
        return (said,) if number else ()

    @cached_property
    def letters(self) -> list[str]:
        return sorted(frozenset().union(*(law.letters for law in self.laws)))

    @cached_property
    def timed(self) -> bool:
        return any(law.timed for law in self.laws)

    @cached_property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        return dict(self.report.model.blocks)

    @cached_property
    def needed(self) -> tuple[list[str], list[str]]:
        """The blocks that are read, and those whose velocities are, in the report's order."""
        blocks, moving = needs(self.laws, self.shapes)
        return [name for name in self.shapes if name in blocks], [name for name in self.shapes if name in moving]

    @cached_property
    def imports(self) -> dict[str, str]:
        """Import lines of what a file may use, by the names that they give."""
        return dict(self.target.imports)

    @cached_property
    def names(self) -> Names:
        """What is taken in the file before blocks and letters get their names."""
        names = Names()
        names.taken.update(_ARGUMENTS, self.imports, self.target.helpers, ("laws",))
        return names

    @cached_property
    def arguments(self) -> dict[str, str]:
        """What the letters are called, as arguments."""
        return {letter: self.names.fresh(letter) for letter in self.letters}

    @cached_property
    def variables(self) -> dict[str, str]:
        """What blocks and velocities are called."""
        blocks, moving = self.needed
        return {name: self.names.fresh(name) for name in (*blocks, *(VELOCITY + name for name in moving))}

    @cached_property
    def writer(self) -> Writer:
        times = TimeWriter(self.target, {TIME: "t", **self.arguments})
        return Writer(times, self.variables, self.names)

    def text(self) -> str:
        """The whole file."""
        parts = self.parts()
        constants = "\n".join(line for text, name in self.writer.indices.items() for line in statement(f"{name} = ", text, indent=0))
        imports = [line for name, line in self.imports.items() if any(re.search(rf"\b{name}\.", part) for part in (constants, *parts))]
        head = ['"""' + "\n".join(self.heading()) + '\n"""', *import_blocks(imports), constants]
        return "\n\n\n".join(["\n\n".join(filter(None, head)), *parts]) + "\n"

    def parts(self) -> list[str]:
        """The function, and those that it uses."""
        return ["\n".join(self.function()), *self.helpers()]

    def heading(self) -> Iterator[str]:
        """What the file is and where it is from."""
        report = self.report
        yield paragraph(f"{self.about}: {', '.join(map(harmless, say.title(report, PROSE)))}.")
        yield ""
        made = f"conslaw {report.reproduce.version}, seed {report.reproduce.seed}"
        yield paragraph(f"Generated by: {harmless(self.command)} ({made})", hanging=4)
        yield paragraph(f"Spec: {harmless(report.name)}, sha256 {report.reproduce.spec_sha256}", hanging=4)
        yield paragraph(f"Laws: {harmless(say.accounting(report, PROSE))}", hanging=4)
        yield paragraph(f"Valid: {harmless(say.domain(report, PROSE))}", hanging=4)
        yield from (paragraph(f"Note: {note}", hanging=4) for note in self.notes)

    def function(self) -> list[str]:
        """The function ``laws``."""
        codes = iter(self.writer.codes(*(term.node for law in self.laws for term in law.terms)))
        values = [self.value(law, [(term.time, next(codes)) for term in law.terms]) for law in self.laws]
        items = [line for law, text in zip(self.laws, values) for line in self._item(law, text)]
        letters = f", *, {', '.join(self.arguments.values())}" if self.letters else ""
        lines = [f"def {self.signature.format(letters=letters)}:", *self._documented(), *self._reading()]
        lines += [line for name, text in self.writer.lines for line in statement(f"{name} = ", text)]
        return [*lines, "    return {", *items, "    }"]

    def value(self, law: LawGraph, terms: list[Timed]) -> str:
        """A law's value: its terms with their functions of time, each of which is written once."""
        by_time: dict[str, list[Code]] = {}
        for time, code in terms:
            by_time.setdefault(time, []).append(code)
        total = reduce(self.writer.total, (self.timed_code(time, reduce(self.writer.total, codes)) for time, codes in by_time.items()))
        return self.target.result(len(law.shape), written(self.writer.full(total, law.shape)))

    def timed_code(self, time: str, code: Code) -> Code:
        """A function of time times an array."""
        code = self.writer.settled(code)
        return code if time == "1" else code.of(multiplied(self.writer.times.piece(time), code.piece))

    def _item(self, law: LawGraph, text: str) -> Iterator[str]:
        yield f"        # {_said(law)}"
        yield from statement(f"{json.dumps(law.key)}: ", text, ",", 8, self.brackets)

    def _documented(self) -> Iterator[str]:
        blocks, moving = self.needed
        listed = lambda names: ", ".join(f"{name} {self.shapes[name]}" for name in names)
        yield f'    """{self.summary}'
        yield ""
        yield paragraph(f"arrays: {listed(blocks) or 'none are read'}", 4, 4)
        yield paragraph(f"velocities: the derivatives by time of {', '.join(moving)}" if moving else "velocities: not used", 4, 4)
        yield f"    t: {'the time, a number' if self.timed else 'not used'}"
        yield from (f"    {name}: the number {letter} of the spec" for letter, name in self.arguments.items())
        yield ""
        yield "    Raises ValueError for what is missing and for arrays of another shape."
        yield '    """'

    def _reading(self) -> Iterator[str]:
        blocks, moving = self.needed
        if self.timed:
            yield from ("    if t is None:", '        raise ValueError("these laws depend on the time: give t")')
        if self.target.exact:
            yield from (f"    {name} = {self.target.exact.format(of=name)}" for name in ["t"] * self.timed + list(self.arguments.values()))
        for what, names, prefix in (("arrays", blocks, ""), ("velocities", moving, VELOCITY)):
            if names:
                shapes = (f"{name}={self.shapes[name]}" for name in names)
                yield from call([self.variables[prefix + name] for name in names], "_checked", [json.dumps(what), what, *shapes])

    def helpers(self) -> list[str]:
        """The functions that are used, and those that these use."""
        start = Fraction(self.report.dynamics.start or 1)
        texts = self.target.helpers
        used = [name for name in texts if name in self.writer.used | {"_checked", "_entries"}]
        return [texts[name].replace("START", written(self.writer.times.number(start))) for name in used]


def _said(law: LawGraph) -> str:
    """What laws are: balancedness, symmetric 3x3: 6 laws (theory, verified)."""
    family = law.name.family
    form, number = family.form, 1 if law.name.member is not None else family.number
    matrix = f", {_matrix(form)}" if isinstance(form, MatrixForm) else ""
    region = "" if family.everywhere else ", in this region"
    return f"{family.name}{matrix}: {number} law{'s' * (number > 1)} ({family.source}{region})"


def _matrix(form: MatrixForm) -> str:
    """Its symmetry and size, or those of its diagonal blocks."""
    side = form.size // form.blocks
    return f"{form.symmetry} {side}x{side}" + (f", {form.blocks} diagonal blocks" if form.blocks > 1 else "")
