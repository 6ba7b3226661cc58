"""The papers that an explanation leans on, each under the mark it is cited by."""

from __future__ import annotations

import re
from collections.abc import Iterator

SOURCES = {
    "A": "S. Marcotte, R. Gribonval, G. Peyré: Abide by the law and follow the flow: conservation laws for gradient flows. NeurIPS 2023",
    "B": "S. Marcotte, R. Gribonval, G. Peyré: Keep the momentum: conservation laws beyond Euclidean gradient flows. ICML 2024",
    "Noether": "E. Noether: Invariante Variationsprobleme. Nachrichten der Königlichen Gesellschaft der Wissenschaften zu Göttingen, 1918",
    "Kunin": "D. Kunin, J. Sagastuy-Brena, S. Ganguli, D. Yamins, H. Tanaka: Neural mechanics: symmetry and broken conservation laws in deep learning dynamics. ICLR 2021",
    "Zhao": "B. Zhao, I. Ganev, R. Walters, R. Yu, N. Dehmamy: Symmetries, flat minima, and the conserved quantities of gradient flow. ICLR 2023",
    "Du": "S. Du, W. Hu, J. Lee: Algorithmic regularization in learning deep homogeneous models: layers are automatically balanced. NeurIPS 2018",
    "Arora": "S. Arora, N. Cohen, E. Hazan: On the optimization of deep networks: implicit acceleration by overparameterization. ICML 2018",
}


def cited(text: str) -> Iterator[tuple[str, str]]:
    """Mark and source of what a text cites, as [A] or [Noether, B], in the order of the list."""
    marks = {mark for found in re.findall(r"\[([\w, ]+)\]", text) for mark in found.split(", ")}
    return ((mark, source) for mark, source in SOURCES.items() if mark in marks)
