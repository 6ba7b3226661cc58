"""The class that exported callbacks are made of: ``conslaw export --to callback`` writes its source beside the laws.

It uses NumPy alone, and of a framework what its objects have: ``named_parameters``, ``param_groups``, ``state``, ``detach``.
"""

import importlib.util
import json
import math

import numpy as np


def first_of(*names):
    """The first of these modules that is there. Raises ImportError."""
    for name in names:
        if importlib.util.find_spec(name.split(".")[0]):
            return importlib.import_module(name)
    raise ImportError(f"install {names[0].split('.')[0]} to use this callback")


class DriftLogger:
    """Logs how far laws are from their values at the start, as JSON lines {"step", "t", "law", "value" or "norm", "drift"}.

    A drift is ||h - h(start)|| over the sum of the norms of the law's terms, each the largest up to then, times their functions of
    time at the start, with 2^-10 of the growth of these, as rounding errors grow with them; one that is 0 then counts as it is.
    ``terms`` gives the terms of each law from arrays, velocities, the time and the ``letters``; ``shapes`` are those of the blocks,
    ``moving`` those with velocities.
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
        """A law's distance from the start, and what that is relative to."""
        factors = np.abs([factor for factor, _ in terms])
        norms = np.array([np.linalg.norm(np.ravel(term)) for _, term in terms])
        start, first, largest = self.start.get(law, (value, factors, norms))
        largest = np.maximum(largest, norms)
        self.start[law] = start, first, largest
        base = np.where(first == 0, factors, first)
        size = largest @ (base + 2**-10 * np.maximum(factors - base, 0))
        return np.linalg.norm(np.ravel(value - start)), size

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
        states = [optimizer.state.get(self._parameter(named, name)[0]) for name in self.moving]
        if not all(states):
            return None
        if any(state.get("momentum_buffer") is None for state in states):
            raise ValueError("these laws are of velocities, and the optimizer has no momentum_buffer: use SGD with momentum")
        return {name: -self._taken(named, name, optimizer.state) for name in self.moving}

    def _taken(self, named, name, buffers=None):
        """A block's parameter as an array, or its momentum buffer."""
        parameter, transposed = self._parameter(named, name)
        array = parameter if buffers is None else buffers[parameter]["momentum_buffer"]
        array = array.detach().cpu().double().numpy() if hasattr(array, "detach") else np.asarray(array, dtype=float)
        return array.T if transposed else array

    def _parameter(self, named, name):
        """A block's parameter, and whether it is transposed. Raises ValueError where there is none."""
        key = self.map[name]
        if key in named:
            return named[key], False
        if key.endswith(".T") and key[:-2] in named:
            return named[key[:-2]], True
        raise ValueError(f"{name} is mapped to {key}, which is no parameter; there are {', '.join(named)}")
