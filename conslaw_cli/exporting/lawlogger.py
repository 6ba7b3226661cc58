"""The class that exported callbacks are made of: ``conslaw export --to callback`` writes its source beside the laws.

It uses NumPy alone, and of a framework what its objects have: ``named_parameters``, ``param_groups``, ``state``, ``detach``.
"""

import importlib.util
import json
import math
import re

import numpy as np


def first_of(*names):
    """The first of these modules that is there. Raises ImportError."""
    for name in names:
        if importlib.util.find_spec(name.split(".")[0]):
            return importlib.import_module(name)
    raise ImportError(f"install {names[0].split('.')[0]} to use this callback")


class DriftLogger:
    """Logs how far laws are from their values at the start, as JSON lines {"step", "t", "law", "value" or "norm", "drift"}.

    A drift is ||h - h(start)|| over the sum of the norms of the law's terms, each the largest up to then, as are functions of time in
    them; divided by the largest of these, as one such as exp(tau t) grows beyond all numbers. ``terms`` gives the terms of each law
    from arrays, velocities, the time and the ``letters``; ``shapes`` are those of the blocks, ``moving`` those with velocities.
    """

    def __init__(self, terms, shapes, moving, letters, path, map=None, constants=None, every=1):
        """See LawLogger. Raises ValueError for blocks and letters that there are not, and for letters without a number."""
        self.terms, self.moving, self.path, self.every = terms, moving, path, every
        self.map = {name: name for name in shapes} | dict(map or {})
        self.constants = dict(constants or {})
        self.start, self.logged, self.step, self.t = {}, None, 0, 0.0
        if unknown := sorted(set(self.map) - set(shapes)):
            raise ValueError(f"there is no {', '.join(unknown)} to map: the laws are of {', '.join(shapes)}")
        if set(self.constants) != set(letters):
            raise ValueError(f"constants: give numbers for {', '.join(letters) or 'nothing'}, not for {list(self.constants)}")

    def log(self, model, optimizer=None, step=0, t=None):
        """Log a module, or a mapping of names to arrays, after so many steps of its optimizer.

        The time is by default the sum of the steps' learning rates, velocities are minus the momentum buffers of SGD:
        theta'' + tau theta' = -grad(loss)/lr, with tau = -log(momentum)/lr. Before there are buffers nothing is logged.
        Raises ValueError for parameters that are missing or of another shape, and for velocities without an SGD with momentum.
        """
        t = self._time(optimizer, step) if t is None else t
        if step % self.every or step == self.logged:
            return
        named = dict(model.named_parameters()) if hasattr(model, "named_parameters") else model
        velocities = self._velocities(named, optimizer) if self.moving else None
        if not self.moving or velocities is not None:
            self.log_arrays({name: self._taken(named, name) for name in self.map}, velocities, step, t)

    def log_arrays(self, arrays, velocities=None, step=0, t=None):
        """Log arrays and velocities by the names of blocks. Raises ValueError for those that are missing or of another shape."""
        lines = [self._line(law, terms, step, t) for law, terms in self.terms(arrays, velocities, t, **self.constants).items()]
        with open(self.path, "w" if self.logged is None else "a", encoding="utf-8") as file:
            file.writelines(json.dumps(line) + "\n" for line in lines)
        self.logged = step

    def _line(self, law, terms, step, t):
        """What is said of a law; a number that is not finite is null."""
        value = sum(factor * term for factor, term in terms)
        distance, size = self._drift(law, value, terms)
        drift = 0.0 if distance == 0 else distance / size if size else math.inf
        said = {"norm": np.linalg.norm(np.ravel(value))} if np.ndim(value) else {"value": value}
        line = {"t": math.nan if t is None else t, "law": law, **said, "drift": drift}
        numbers = {key: float(x) if math.isfinite(x) else None for key, x in line.items() if key != "law"}
        return {"step": int(step), **line, **numbers}

    def _drift(self, law, value, terms):
        """A law's distance from the start, and what that is relative to, both divided by the largest function of time."""
        factors, parts = np.array([float(factor) for factor, _ in terms]), [term for _, term in terms]
        norms = np.array([np.linalg.norm(np.ravel(part)) for part in parts])
        start, tops, largest = self.start.get(law, (value, np.abs(factors), norms))
        tops, largest = np.maximum(tops, np.abs(factors)), np.maximum(largest, norms)
        self.start[law] = start, tops, largest
        scale = max(1.0, *tops)
        now, top = (np.where(np.isinf(of), np.sign(of), of / scale) for of in (factors, tops))
        change = sum(factor * part for factor, part in zip(now, parts)) - start / scale
        return np.linalg.norm(np.ravel(change)), top @ largest

    def lightning(self):
        """A callback for a Trainer of Lightning. Raises ImportError without it."""
        logger = self

        class LawCallback(first_of("lightning.pytorch", "pytorch_lightning").Callback):
            def on_train_start(self, trainer, module):
                logger.log(module, trainer.optimizers[0], trainer.global_step)

            def on_train_batch_end(self, trainer, module, *rest, **others):
                logger.log(module, trainer.optimizers[0], trainer.global_step)
        return LawCallback()

    def transformers(self):
        """A callback for a Trainer of Transformers. Raises ImportError without it."""
        logger = self

        class LawCallback(first_of("transformers").TrainerCallback):
            def on_train_begin(self, args, state, control, model=None, optimizer=None, **others):
                logger.log(model, optimizer, state.global_step)

            def on_step_end(self, args, state, control, model=None, optimizer=None, **others):
                logger.log(model, optimizer, state.global_step)
        return LawCallback()

    def _time(self, optimizer, step):
        rates = {float(group["lr"]) for group in optimizer.param_groups} if optimizer is not None else ()
        if len(rates) != 1:
            return None
        self.step, self.t = step, self.t + (step - self.step) * rates.pop()
        return self.t

    def _velocities(self, named, optimizer):
        """Minus the momentum buffers; None before the first step."""
        if optimizer is None:
            raise ValueError("these laws are of velocities: give the optimizer too")
        if not any(group.get("momentum") for group in optimizer.param_groups):
            raise ValueError("these laws are of velocities, and the optimizer has no momentum: use SGD with momentum")
        states = [optimizer.state.get(self._parameter(named, name)[0]) for name in self.moving]
        if not all(states):
            return None
        if any(state.get("momentum_buffer") is None for state in states):
            raise ValueError("these laws are of velocities, and the optimizer has no momentum_buffer: use SGD with momentum")
        return {name: -self._taken(named, name, optimizer.state) for name in self.moving}

    def _taken(self, named, name, buffers=None):
        """A block's parameter as an array, or its momentum buffer."""
        parameter, tail = self._parameter(named, name)
        array = parameter if buffers is None else buffers[parameter]["momentum_buffer"]
        array = array.detach().cpu().double().numpy() if hasattr(array, "detach") else np.asarray(array, dtype=float)
        for part in re.findall(r"\.T|\[[^]]*\]", tail):
            array = array.T if part == ".T" else array[_index(part)]
        return array

    def _parameter(self, named, name):
        """A block's parameter, and the parts of it that are taken, such as .T[0:3]. Raises ValueError where there is none."""
        said = self.map[name]
        keys = [key for key in named if said.startswith(key) and re.fullmatch(r"(\.T|\[[-0-9:, ]+\])*", said[len(key) :])]
        if not keys:
            raise ValueError(f"{name} is mapped to {said}, which is no parameter; there are {', '.join(named)}")
        key = max(keys, key=len)
        return named[key], said[len(key) :]


def _index(part):
    """The index that a text such as [0:3, 1] stands for. Raises ValueError for what is none."""
    numbers = lambda text: [int(number) if number.strip() else None for number in text.split(":")]
    return tuple(slice(*numbers(text)) if ":" in text else int(text) for text in part[1:-1].split(","))
