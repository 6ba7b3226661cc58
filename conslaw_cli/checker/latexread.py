"""The LaTeX of laws and forms as the product writes it, back in ASCII: W_2^\\top \\dot{W}_2 is W2^T*dW2, e^{\\tau t} exp(tau*t)."""

from __future__ import annotations

import re

from conslaw_cli.checker.parse import FUNCTIONS, ExpressionError

_TOKEN = re.compile(r"\s*(\\[A-Za-z]+|\d+(?:\.\d+)?|[A-Za-z]|[-+(){}_^,:/])")
_DIFFERENTIAL = re.compile(r"\s*\\mathrm\{d\}")
DIAGONAL = frozenset({"diag", "sum"})
_GROUPS = {"(": ")", r"\left": r"\right", "{": "}"}
_NORM = re.compile(r"(d?[A-Za-z]+\d*)\[(?::,k|k,:)\]")
_QUOTIENT = re.compile(r"\(\((\d+)\)/\((\d+)\)\)")
_MATRIX = re.compile(r"\{pmatrix\}([-\d& \\]*)\\end\{pmatrix\}")
DEEPEST = 40


def ascii_of(latex: str, letters: frozenset[str], blocks: frozenset[str] | None = None) -> str:
    """A formula or form in ASCII; ``letters`` are the names of constants, ``blocks`` those of a network's. Raises ExpressionError."""
    reader = _Reader(latex, letters, blocks)
    text = reader.sequence()
    if reader.token() is not None:
        raise reader.fault()
    return text


class _Reader:
    def __init__(self, text: str, letters: frozenset[str], blocks: frozenset[str] | None = None) -> None:
        self.text, self.letters, self.place, self.depth = text.rstrip(), letters, 0, 0
        self.blocks = blocks

    def fault(self) -> ExpressionError:
        return ExpressionError(f"LaTeX that this checker cannot read near {self.text[max(0, self.place - 10) : self.place + 20]!r}")

    def token(self) -> str | None:
        if self.place >= len(self.text):
            return None
        match = _TOKEN.match(self.text, self.place)
        if not match:
            raise self.fault()
        return match[1]

    def take(self, wanted: str | None = None) -> str | None:
        """Consume the next token, or only if it is the one wanted."""
        token = self.token()
        if token is None or (wanted is not None and token != wanted):
            return None
        self.place = _TOKEN.match(self.text, self.place).end()
        return token

    def expect(self, wanted: str) -> None:
        if not self.take(wanted):
            raise self.fault()

    def sequence(self) -> str:
        """Sums of products; neighbours are multiplied."""
        self.depth += 1
        if self.depth > DEEPEST:
            raise ExpressionError("LaTeX nested too deeply")
        found: list[str] = []
        while (token := self.token()) not in (None, ")", "}", r"\right", r"\rVert", ",") and not self._differential():
            if token in ("+", "-"):
                self.take()
                found.append(f" {token} " if found else token)
            elif token == "/":
                self.take()
                found.append("/" + self.factor())
            else:
                factor = self.factor()
                found.append(f"*{factor}" if found and found[-1].strip() not in ("+", "-") else factor)
        self.depth -= 1
        return "".join(found)

    def _differential(self) -> bool:
        return bool(_DIFFERENTIAL.match(self.text, self.place))

    def group(self, opening: str) -> str:
        """What stands in brackets that were just opened."""
        if opening == r"\left":
            self.expect("(")
        text = self.sequence()
        self.expect(_GROUPS[opening])
        if opening == r"\left":
            self.expect(")")
        return text

    def braces(self) -> str:
        """The argument of a command or an index: in braces, or a single token."""
        if self.take("{"):
            return self.group("{")
        return self.factor_of_index()

    def factor_of_index(self) -> str:
        token = self.take()
        if token is None or not (token.isalnum() or token.startswith("\\")):
            raise self.fault()
        return token if token.isalnum() else self.command(token)

    def factor(self) -> str:
        """One factor with what is attached to it."""
        token = self.take()
        if token in ("(", r"\left"):
            text = self.group(token)
            base = self.entry(text) if self.token() == "_" else f"({text})"
        elif token[0].isdigit():
            base = token
        elif token.isalpha():
            base = self.indexed(token)
        elif token.startswith("\\"):
            base = self.command(token)
        else:
            raise self.fault()
        return self.raised(base)

    def raised(self, base: str) -> str:
        if not self.take("^"):
            return base
        if self.take(r"\top"):
            return f"{base}^T"
        exponent = self.braces()
        if base == "e":
            return f"exp({exponent})"
        exponent = _QUOTIENT.sub(r"\1/\2", exponent)
        return f"{base}^{exponent if exponent.isalnum() else f'({exponent})'}"

    def command(self, token: str) -> str:
        """A command that is a factor."""
        name = token[1:]
        if name in ("frac", "tfrac"):
            return f"(({self.braces()})/({self.braces()}))"
        if name == "dot":
            return self.indexed("d" + self.braces())
        if name in ("mathrm", "operatorname"):
            self.expect("{")
            word = self._word()
            return self.applied(word, DIAGONAL) if name == "operatorname" else self.indexed(word)
        if name == "sqrt":
            return f"sqrt({self.braces()})"
        if name == "sum":
            self.expect("_")
            return f"sum_{self.take()} {self.factor()}"
        if name == "int":
            integrand = self.sequence()
            match = _DIFFERENTIAL.match(self.text, self.place)
            if not match:
                raise self.fault()
            self.place = match.end()
            self.expect("t")
            return f"Integral({integrand}, t)"
        if name == "lVert":
            return self.norm()
        if name == "begin":
            return self.matrix()
        return self.applied(name) if name in FUNCTIONS else self.indexed("lamda" if name == "lambda" else name)

    def _word(self) -> str:
        match = re.compile(r"((?:[A-Za-z0-9]|\\_)+)\}").match(self.text, self.place)
        if not match:
            raise self.fault()
        self.place = match.end()
        return match[1].replace(r"\_", "_")

    def matrix(self) -> str:
        """The rows of a matrix of integers, after its beginning."""
        match = _MATRIX.match(self.text, self.place)
        if not match:
            raise self.fault()
        self.place = match.end()
        rows = (", ".join(entry.strip() for entry in row.split("&")) for row in match[1].split("\\\\"))
        return f"[{', '.join(f'[{row}]' for row in rows)}]"

    def applied(self, function: str, others: frozenset[str] = frozenset()) -> str:
        """A function with its argument in brackets."""
        if function not in FUNCTIONS | others or self.token() not in ("(", r"\left"):
            raise self.fault()
        return f"{function}({self.group(self.take())})"

    def norm(self) -> str:
        """The squared norm of a row or a column: the sum of squares."""
        text = self.sequence()
        for end in (r"\rVert", "^", "2"):
            self.expect(end)
        if self.blocks is not None:
            return f"sum({text}^2)"
        match = _NORM.fullmatch(text)
        if not match:
            raise self.fault()
        return f"sum_i {match[1]}[i,k]^2" if "[:" in text else f"sum_j {match[1]}[k,j]^2"

    def indexed(self, letters: str) -> str:
        """A name with its index, as a block W1, an entry U[i,k] or a constant."""
        if self.token() != "_":
            return letters
        before = self.place
        self.take("_")
        indices = self.indices()
        if len(indices) == 1 and indices[0].isdigit():
            spelled, whole = f"{letters}_{indices[0]}", letters + indices[0]
            if self.blocks is not None and not {whole, whole.removeprefix("d")} & self.blocks:
                return spelled
            return spelled if spelled in self.letters else whole
        self.place = before
        return self.entry(letters)

    def entry(self, block: str) -> str:
        """A block with the indices that follow."""
        self.expect("_")
        indices = self.indices()
        if all(index.isdigit() for index in indices):
            return "_".join([block, *indices])
        return f"{block}[{','.join(indices)}]"

    def _axes(self) -> str:
        """Numbers of axes in brackets, or sizes, after the first bracket."""
        axes = [self.take() or ""]
        separator = "x" if self.token() == "x" else ","
        while self.take(separator):
            axes.append(self.take() or "")
        self.expect(")")
        if not all(axis.isdigit() for axis in axes):
            raise self.fault()
        return f"({separator.join(axes)})"

    def indices(self) -> list[str]:
        if not self.take("{"):
            return [self.take() or ""]
        found = []
        while not self.take("}"):
            self.take(",")
            if self.take("{"):
                self.expect(":")
                self.expect("}")
                found.append(":")
            elif self.take("("):
                found.append(self._axes())
            else:
                token = self.take()
                if token is None or not token.isalnum():
                    raise self.fault()
                found.append(token)
        return found
