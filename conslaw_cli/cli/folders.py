"""Output folders, as `batch` and `merge` open them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from conslaw_cli.cli.output import OutputError, complain
from conslaw_cli.spec import visible

if TYPE_CHECKING:
    from conslaw_cli.batch.outputs import Manifest, Outputs

_SHOWN = 20


def opened(folder: Path, manifest: Manifest) -> Outputs:
    """A folder to write what the manifest says; names the reports that leave it. Raises OutputError."""
    from conslaw_cli.batch.outputs import NotOurs, Outputs

    try:
        outputs = Outputs(folder, manifest)
    except NotOurs as error:
        raise OutputError(visible(str(error))) from None
    except OSError as error:
        raise OutputError(f"{folder}: cannot be written: {error.strerror}; name a folder you may write to") from None
    if outputs.removed:
        more = [f"… and {len(outputs.removed) - _SHOWN} more"] if len(outputs.removed) > _SHOWN else []
        number = "1 report of a case that is" if len(outputs.removed) == 1 else f"{len(outputs.removed)} reports of cases that are"
        complain("\n  ".join([f"{folder}: removed {number} no longer among the specs:", *outputs.removed[:_SHOWN], *more]))
    return outputs
