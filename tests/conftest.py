"""No test reads or fills the cache of whoever runs the tests; processes that tests start compile the package once."""

from __future__ import annotations

import os
import sys
from itertools import count

import pytest

_NUMBERS = count()


@pytest.fixture(scope="session", autouse=True)
def bytecode_of_processes(tmp_path_factory):
    """Where Python writes no bytecode (PYTHONDONTWRITEBYTECODE), each process that a test starts would compile the package anew."""
    folder = tmp_path_factory.getbasetemp()
    shared = folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder
    with pytest.MonkeyPatch.context() as patch:
        if sys.dont_write_bytecode:
            patch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
            patch.setenv("PYTHONPYCACHEPREFIX", str(shared / "bytecode"))
        yield


@pytest.fixture(autouse=True)
def cache_of_its_own(tmp_path_factory, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.getbasetemp() / f"cache{next(_NUMBERS)}"))
