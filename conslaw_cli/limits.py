"""Every budget of an analysis in one value: where the engine stops, and why there. What it stops at is said in the report, never guessed."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """How far an analysis goes. Sizes that only cut work into pieces, and never change a result, stand where they are used."""

    error_bits: float = 40.0
    """A dimension that no sum proves is stated with an error probability below 2^-40."""
    least_bits: float = 1.0
    """Growths that err with a higher probability than 1/2, for all that is known, are not repeated: no number of them helps soon."""

    parameters: int = 20_000_000
    """Parameters up to which the positions of a model's parts are laid out in memory."""
    coordinates: int = 20_000
    """Coordinates of a part: its echelon form has their square in entries of 8 bytes, about 3 GB."""
    operations: int = 1_000
    """Operations in a program's gradients: a linear network has about six a layer, and every bracket runs through all of them.

    The number of brackets grows with depth too, so the time grows with its square: 166 layers of width 3 take about 5 s, 330 of width
    2 took 20 s on an idle machine and 33 s on a busy one. What is refused is undecided, with the laws that theory knows.
    """
    functional_degree: int = 100_000
    """Degree of a functional: the bounds of its brackets are numbers of so many digits."""
    network_operations: int = 6_000
    """The same of a network's graph, whose depth is in its text: a transformer block has some 250."""
    word: int = 9
    """Length of brackets: one of length k costs 3^(k-1) times the memory of one of length 1."""

    barren_chunks: int = 4
    """Chunks of 512 members of a family without a new law after which the rest of it is not looked at: members of one family are alike."""
    reduced_basis: int = 200
    """Entries of the vectors of a basis that is made short: the time of lattice reduction grows with a high power of their number."""

    degree: int = 6
    """Degree up to which laws are searched."""
    quadratic_monomials: int = 4_500_000
    """Monomials of a search up to degree 2: 3,000 coordinates, whose classes are small."""
    monomials: int = 60_000
    """Monomials of a search beyond degree 2, whose classes grow with the degree."""
    monomials_in_class: int = 4_500
    """Monomials of one class, a dense system of equations: 160 MB."""
    degree_work: float = 5e9
    """Sum of the cubes of the sizes of the classes of a degree, the operations that solving them takes."""
    products: int = 100_000
    """Products of known laws that are held at a degree, to tell new laws from them."""

    own_count: int = 60
    """Parameters of a network up to which its own count is taken beside that of a phi that does not stand for it."""
    case_inputs: int = 4_096
    """Inputs over which the branches of a network are collected; discrete inputs are all looked at where there are no more."""
    most_cases: int = 4_096
    """Cases that are held."""
    mixed_cases: int = 32
    """Cases up to which every generator is a combination of all of them: then a bracket's closure speaks of all."""

    training_steps: int = 10_000_000
    """Steps of a simulated training."""

    flow_work: int = 400_000_000
    """Evaluations of the gradient that an integrated flow takes, times the parameters: some seconds for a large network."""

    expanded_terms: int = 5_000
    """Up to this many terms of grad f it is expanded once for all laws, with nothing abstract."""
    most_expanded_terms: int = 1_000_000
    """Beyond this many a law that needs more than its own blocks is too large to verify."""
    tangent_terms: int = 5_000
    """Terms of all tangents of a law of a network, and of one polynomial at the end, before random points are asked whether it fails."""
    most_tangent_terms: int = 50_000
    """The same for a law that they do not refute."""
    tangent_entries: int = 2_000_000
    """Terms of all sums in a network's graph together, up to which laws are verified as identities."""
    joined_terms: int = 20_000_000
    """Terms of one product of expansions. Sums of so many products of signs fit int64."""


LIMITS = Limits()
"""Those that every module reads."""
