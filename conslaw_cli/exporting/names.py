"""Names in exported code: those of blocks and letters as they are, unless something else is called so."""

from __future__ import annotations

import builtins
import keyword
from dataclasses import dataclass, field


@dataclass
class Names:
    """Names that are taken; Python's own are from the start."""

    taken: set[str] = field(default_factory=lambda: {*keyword.kwlist, *keyword.softkwlist, *dir(builtins)})

    def fresh(self, wanted: str) -> str:
        """The name, with underscores behind it where it is taken; now it is."""
        while wanted in self.taken:
            wanted += "_"
        self.taken.add(wanted)
        return wanted
