"""Which array of a checkpoint is which block: as the user says, else by the same name, else by shape and order. Nothing is guessed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from conslaw_cli.checkpoints.archives import Shape, natural
from conslaw_cli.checkpoints.faults import CheckpointError, several, size
from conslaw_cli.checkpoints.matching import VELOCITY, Matching, about
from conslaw_cli.checkpoints.runs import STEP, TIME
from conslaw_cli.checkpoints.selecting import Selection, selection
from conslaw_cli.problems import nearest, suggestion

Fault = tuple[str, str]
"""What is wrong, and a remedy."""
_FIRST_STEP = "before its first step an optimizer may have none: then save zeros, or leave this checkpoint out"


@dataclass(frozen=True)
class Wanted:
    """Blocks with their shapes in the order of layers; those which the laws are of, and those of them of which they need the velocity.

    ``maps`` and ``velocities`` are what the user says: texts by block, and in ``pattern`` one for all velocities, in which ``*`` stands
    for the key of the block.
    """

    blocks: Mapping[str, Shape]
    needed: frozenset[str]
    moving: frozenset[str]
    maps: Mapping[str, str]
    velocities: Mapping[str, str]
    pattern: str | None = None


def match(wanted: Wanted, shapes: Mapping[str, Shape], file: str) -> Matching:
    """Find all that is wanted among the arrays of a checkpoint. Raises CheckpointError, which holds all that is not found."""
    with about(file):
        found = _Search(wanted, shapes).blocks()
        moving = {VELOCITY + name: _velocity(wanted, name, found[name], shapes) for name in wanted.blocks if name in wanted.moving}
    kept = {name: found[name] for name in wanted.blocks if name in wanted.needed}
    of_velocities = {VELOCITY + name: shape for name, shape in wanted.blocks.items()}
    used = {one.key for one in (*found.values(), *moving.values())}
    others = [key for key in shapes if key not in used | {STEP, TIME} and not any(_about(key, other) for other in used)]
    return Matching({**kept, **moving}, {**wanted.blocks, **of_velocities}, file, tuple(others))


@dataclass(frozen=True)
class _Search:
    """The search for the blocks among arrays of such shapes."""

    wanted: Wanted
    shapes: Mapping[str, Shape]

    def blocks(self) -> dict[str, Selection]:
        """All that are found; only those that no law is of may be missing."""
        blocks, maps = self.wanted.blocks, self.wanted.maps
        known = {name: _told(name, text, blocks[name], self.shapes, "map") for name, text in maps.items()}
        known |= {name: Selection(name) for name in blocks if name not in known and self.shapes.get(name) == blocks[name]}
        left = [name for name in blocks if name not in known]
        faults = [self._wrong(name) for name in left if name in self.shapes and name in self.wanted.needed]
        keys, more = self._by_shape([name for name in left if name not in self.shapes], self._free(known))
        _raise(faults + more or list(self._disordered(keys)))
        return {**known, **{name: Selection(key) for name, key in keys.items()}}

    def _by_shape(self, left: list[str], free: list[str]) -> tuple[dict[str, str], list[Fault]]:
        """The keys of blocks that nothing is known of, among those that are free; and what is wrong with the others."""
        found, lost = {}, []
        for shape in dict.fromkeys(self.wanted.blocks[name] for name in left):
            names = [name for name in left if self.wanted.blocks[name] == shape]
            candidates = _candidates([key for key in free if self.shapes[key] == shape], len(names))
            if len(candidates) == len(names) and _alike(candidates):
                found |= dict(zip(names, candidates))
            elif self.wanted.needed & set(names):
                lost.append((names, shape, candidates))
        others = [key for key in free if key not in found.values()]
        return found, [_ambiguous(*one) if one[2] else self._missing(*one[:2], others) for one in lost]

    def _disordered(self, keys: Mapping[str, str]) -> Iterator[Fault]:
        """Blocks found by their shapes whose keys are numbered in another order than the blocks: layers that are stored transposed, as a rule."""
        for kind in dict.fromkeys(map(_unnumbered, keys.values())):
            names = [name for name in keys if _unnumbered(keys[name]) == kind and len(self.wanted.blocks[name]) > 1]
            in_order = sorted((keys[name] for name in names), key=natural)
            if [keys[name] for name in names] != in_order:
                what = f"{', '.join(names)} would by their shapes be {', '.join(keys[name] for name in names)}, in another order"
                yield what, "say what is meant, such as " + " ".join(f"--map {name}={key}.T" for name, key in zip(names, in_order))

    def _free(self, known: Mapping[str, Selection]) -> list[str]:
        """Keys under which a block may be: none that is in use, a block's own name, a step, a time, or a velocity."""
        wanted = self.wanted
        velocities = {VELOCITY + name for name in wanted.blocks} | {text.lstrip("-") for text in wanted.velocities.values()}
        if wanted.pattern:
            velocities |= {wanted.pattern.lstrip("-").replace("*", key) for key in self.shapes}
        taken = {one.key for one in known.values()} | set(wanted.blocks) | velocities | {STEP, TIME}
        return [key for key in self.shapes if key not in taken]

    def _wrong(self, name: str) -> Fault:
        given, shape = self.shapes[name], self.wanted.blocks[name]
        return f"{name} is {size(given)} here and {size(shape)} in the spec", _turned(name, name, given, shape, "map")

    def _missing(self, names: list[str], shape: Shape, free: list[str]) -> Fault:
        """What there is instead: keys that are free and of the shape that is meant when transposed, or the nearest name."""
        first, turned = names[0], [key for key in free if self.shapes[key] == shape[::-1] and len(shape) > 1]
        what = f"no array has the shape {size(shape)} of {', '.join(names)}"
        if turned:
            return f"{what}, but {several(turned)} {_is(turned)} {size(shape[::-1])}", f"--map {first}={turned[0]}.T is of that shape"
        near = nearest(first, self.shapes)
        hint = f'did you mean "{near}" ({size(self.shapes[near])})? ' if near else ""
        holds = several([f"{key} {size(other)}" for key, other in self.shapes.items()]) or "no arrays"
        return what, f"{hint}say where it is by --map {first}=KEY; the file holds {holds}"


def _ambiguous(names: list[str], shape: Shape, candidates: list[str]) -> Fault:
    """Blocks of one shape, of which the keys are not told apart, or too few or too many."""
    maps = " ".join(f"--map {name}=KEY" for name in names)
    return f"{', '.join(names)} {_is(names)} {size(shape)}, as {_is(candidates)} {several(candidates)}", f"say which is which by {maps}"


def _is(names: list[str]) -> str:
    return "is" if len(names) == 1 else "are"


def _candidates(keys: list[str], number: int) -> list[str]:
    """The keys, without those that are about another of them, such as momentum.fc1.weight beside fc1.weight, where these are too many."""
    if len(keys) <= number:
        return keys
    own = [key for key in keys if not any(_about(key, other) for other in keys if other != key)]
    return own if len(own) == number else keys


def _about(key: str, other: str) -> bool:
    """Whether an array is about another, by their keys: momentum.fc1.weight, or fc1.weight.scale."""
    return key.endswith(f".{other}") or key.startswith(f"{other}.")


def _alike(keys: Iterable[str]) -> bool:
    """Whether keys differ by their numbers only, so that these tell their order."""
    return len(set(map(_unnumbered, keys))) <= 1


def _unnumbered(key: str) -> str:
    return re.sub(r"\d+", "0", key)


def _raise(faults: list[Fault]) -> None:
    if faults:
        remedies = dict.fromkeys(remedy for _, remedy in faults)
        raise CheckpointError(several([what for what, _ in faults], "; "), several(list(remedies), "; "))


def _told(name: str, text: str, shape: Shape, shapes: Mapping[str, Shape], option: str) -> Selection:
    """What the user says of a block. Raises CheckpointError."""
    found = selection(text, shapes)
    given = found.shape_of(shapes[found.key])
    if given != shape:
        raise CheckpointError(f"{found} is {size(given)}, {name} is {size(shape)}", _turned(name, str(found), given, shape, option))
    return found


def _turned(name: str, text: str, given: Shape, shape: Shape, option: str) -> str:
    if given == shape[::-1]:
        return f"--{option} {name}={text.removesuffix('.T') if text.endswith('.T') else text + '.T'} is of that shape"
    return f"--{option} {name}=KEY[…] takes a part, or change the spec"


def _velocity(wanted: Wanted, name: str, block: Selection, shapes: Mapping[str, Shape]) -> Selection:
    """Where the velocity of a block is. Raises CheckpointError, which says how velocities are saved."""
    shape, own = wanted.blocks[name], VELOCITY + name
    if name in wanted.velocities:
        return _told(own, wanted.velocities[name], shape, shapes, "velocity")
    if wanted.pattern:
        if (key := wanted.pattern.lstrip("-").replace("*", block.key)) not in shapes:
            raise CheckpointError(f"has no array {key}, the velocity of {name}", f"{_FIRST_STEP}; {suggestion(key, shapes)}")
        return _told(own, wanted.pattern.replace("*", block.key) + block.tail, shape, shapes, "velocity")
    if own in shapes:
        return _told(own, own, shape, shapes, "velocity")
    needed = ", ".join(VELOCITY + one for one in wanted.blocks if one in wanted.moving)
    raise CheckpointError(
        f"the laws are of velocities ({needed}), and there are none",
        "save them under these names; of PyTorch's SGD the momentum_buffer of each parameter is minus its velocity: save it as "
        "momentum.NAME and give --velocity '-momentum.*'",
    )
