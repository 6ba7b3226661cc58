"""What the user says of the arrays of checkpoints, read from the command line's texts."""

from __future__ import annotations

from collections.abc import Iterable

from conslaw_cli.checkpoints.faults import CheckpointError
from conslaw_cli.checkpoints.matching import VELOCITY
from conslaw_cli.problems import shortened, suggestion


def maps(texts: Iterable[str], blocks: Iterable[str]) -> dict[str, str]:
    """W1=fc1.weight, … by block. Raises CheckpointError for a text of another form, for no block, and for one that is there twice."""
    return _by_block("map", texts, tuple(blocks))


def velocities(texts: Iterable[str], blocks: Iterable[str]) -> tuple[dict[str, str], str | None]:
    """W1=-momentum.fc1.weight, … by block (or dW1=…), and the pattern with ``*``, None for none. Raises CheckpointError likewise."""
    names, texts = tuple(blocks), tuple(texts)
    of_blocks = [text for text in texts if _block(text.partition("=")[0].strip(), names) in names]
    patterns = [text for text in texts if text not in of_blocks and "*" in text]
    if len(patterns) > 1:
        raise CheckpointError(f"--velocity {patterns[1]}: there is a pattern already", "give one, and velocities of single blocks as W1=KEY")
    others = [text for text in texts if text not in patterns]
    return _by_block("velocity", others, names), patterns[0] if patterns else None


def _block(name: str, blocks: tuple[str, ...]) -> str:
    """The block of which a name is, or of whose velocity."""
    return name if name in blocks else name.removeprefix(VELOCITY)


def _by_block(option: str, texts: Iterable[str], blocks: tuple[str, ...]) -> dict[str, str]:
    found: dict[str, str] = {}
    for text in texts:
        name, equals, rest = (part.strip() for part in text.partition("="))
        name = _block(name, blocks) if option == "velocity" else name
        if not equals or not rest:
            raise CheckpointError(f"--{option} {shortened(text)}: is not BLOCK=KEY", f"write --{option} {blocks[0]}=KEY")
        if name not in blocks:
            raise CheckpointError(f"--{option} {shortened(text)}: there is no block {shortened(name)}", suggestion(name, blocks))
        if name in found:
            raise CheckpointError(f"--{option} {shortened(text)}: {name} is said already", f"give {name} once")
        found[name] = rest
    return found
