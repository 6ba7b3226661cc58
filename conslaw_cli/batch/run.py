"""Running a batch: what the cache has first, then the rest, each content once however many cases share it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from conslaw_cli.batch.cache import Cache
from conslaw_cli.batch.cases import Case
from conslaw_cli.batch.outputs import Outputs
from conslaw_cli.batch.rows import Row, row_of, unusable
from conslaw_cli.batch.tasks import RunLimits, Result, Task, task_of
from conslaw_cli.steps import Listener, nobody

Runner = Callable[[Sequence[Task]], Iterator[Result]]
"""Runs tasks somewhere and yields their results in any order."""


@dataclass(frozen=True)
class Done:
    """A case that is done. ``seconds`` it took to analyse; None when its result was there already.

    ``result`` is what came of it, without the report; None for a file that is no spec.
    """

    row: Row
    seconds: float | None = None
    result: Result | None = None


@dataclass
class Batch:
    """Cases on their way; ``done`` has, by position, those that have arrived, so that an interrupted batch keeps them."""

    cases: Sequence[Case]
    seed: int
    runner: Runner
    cache: Cache | None = None
    outputs: Outputs | None = None
    warn: Callable[[str], None] = lambda message: None
    done: dict[int, Done] = field(default_factory=dict)
    unwritten: int = 0
    """Reports that could not be written."""

    def run(self) -> Iterator[Done]:
        """Every case as soon as it is done."""
        missing: dict[str, tuple[Task, list[int]]] = {}
        for position, case in enumerate(self.cases):
            if case.spec is None:
                yield self._arrived(position, Done(unusable(case)))
                continue
            task = task_of(case.spec, self.seed)
            if task.key in missing:
                missing[task.key][1].append(position)
            elif (known := self.cache and self.cache.get(task)) is not None:
                yield self._finished(position, known, None)
            else:
                missing[task.key] = (task, [position])
        try:
            for result in self.runner([task for task, _ in missing.values()]) if missing else ():
                if self.cache is not None:
                    self.cache.put(result)
                first, *others = missing[result.key][1]
                yield self._finished(first, result, result.seconds)
                for position in others:
                    yield self._finished(position, result, None)
        finally:
            if self.cache is not None:
                self.cache.settle()

    def rows(self) -> list[Row]:
        """The rows of the cases that are done, in the order of the cases."""
        return [self.done[position].row for position in sorted(self.done)]

    def in_order(self) -> Iterator[Done]:
        """Every case as soon as it and all before it are done."""
        following = 0
        for _ in self.run():
            while following in self.done:
                yield self.done[following]
                following += 1

    def _finished(self, position: int, result: Result, seconds: float | None) -> Done:
        case = self.cases[position]
        row = row_of(case, result, self._report(case, result))
        return self._arrived(position, Done(row, seconds, replace(result, body="")))

    def _arrived(self, position: int, done: Done) -> Done:
        self.done[position] = done
        return done

    def _report(self, case: Case, result: Result) -> str:
        """Writes the report where there is a folder for it; when that fails the result itself goes on."""
        if self.outputs is None or not result.body:
            return ""
        try:
            return self.outputs.write(case.name, result.body)
        except OSError as error:
            self.unwritten += 1
            if self.unwritten == 1:
                where = error.filename or self.outputs.folder
                self.warn(f"{where}: cannot be written ({error.strerror}); make room for the reports and run again")
            return ""


def here(listener: Listener = nobody) -> Runner:
    """Runs tasks in this process, one after another."""

    def runner(tasks: Sequence[Task]) -> Iterator[Result]:
        from conslaw_cli.batch.engine import analysed

        for task in tasks:
            try:
                result = analysed(task, listener)
            except MemoryError:
                result = Result(task.key, stopped="out of memory")
            yield result

    return runner


def local(jobs: int, limits: RunLimits) -> Runner:
    """Runs tasks in worker processes on this machine."""

    def runner(tasks: Sequence[Task]) -> Iterator[Result]:
        from conslaw_cli.batch.pool import Pool

        return Pool(jobs, limits).run(tasks)

    return runner
