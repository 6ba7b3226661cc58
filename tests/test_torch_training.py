"""Networks trained in PyTorch, outside the project: their state dicts go through ``conslaw drift``, and exported code runs on them."""

from __future__ import annotations

import json

import numpy as np
import pytest
from click.testing import CliRunner

from conslaw_cli.cli import group
from conslaw_cli.cli.exits import Exit

pytestmark = pytest.mark.torch

RELU = '[model]\narchitecture = "relu"\nwidths = [4, 6, 3]\nbias = "all"\n'
LINEAR = '[model]\narchitecture = "linear"\nwidths = [3, 4, 2]\n[dynamics]\nkind = "momentum"\n'
BLOCK = """[model]
network = '''
u = rms_norm(x, g1)
y = x + attention(u @ Q, u @ K, u @ V) @ O
y + gelu(rms_norm(y, g2) @ W1.T) @ W2.T
'''
[model.parameters]
g1 = [6]
Q = [6, 4]
K = [6, 4]
V = [6, 4]
O = [4, 6]
g2 = [6]
W1 = [8, 6]
W2 = [6, 8]
[model.inputs]
x = [3, 6]
"""


@pytest.fixture
def torch():
    found = pytest.importorskip("torch")
    found.manual_seed(0)
    found.set_num_threads(1)
    return found


def arrays(tensors):
    return {name: tensor.detach().numpy() for name, tensor in tensors.items()}


def train(torch, model, optimizer, loss, steps, every, save):
    """Steps on fresh random data; ``save`` gets the step and the state at step 0 and every so many steps."""
    save(0)
    for step in range(1, steps + 1):
        optimizer.zero_grad()
        loss().backward()
        optimizer.step()
        if step % every == 0:
            save(step)


def drift(folder, spec, *options):
    """(exit code, the JSON of the drifts, stderr)."""
    (folder / "spec.toml").write_text(spec)
    result = CliRunner().invoke(group, ["drift", str(folder / "spec.toml"), str(folder / "run"), "--format", "json", *options], standalone_mode=False)
    if result.exception:
        raise result.exception
    return result.return_value, json.loads(result.stdout), result.stderr


def largest(table):
    return max(law["drift"] for law in table["laws"])


def mlp(torch):
    return torch.nn.Sequential(torch.nn.Linear(4, 6), torch.nn.ReLU(), torch.nn.Linear(6, 3))


def relu_run(torch, folder, lr, steps):
    """SGD on mini-batches of fresh data over the time lr * steps; state dicts as .npz."""
    (folder / "run").mkdir(parents=True)
    torch.manual_seed(1)
    model, teacher = mlp(torch), mlp(torch)
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)

    def loss():
        x = torch.randn(32, 4)
        return ((model(x) - 3 * teacher(x).detach()) ** 2).sum(1).mean()

    train(torch, model, optimizer, loss, steps, 1, lambda step: np.savez(folder / "run" / f"step_{step:05d}.npz", **arrays(model.state_dict())))


def test_sgd_keeps_the_laws_of_a_relu_network_up_to_its_step(torch, tmp_path):
    """State-dict names are matched by shape and order; the drift is what the step predicts, and in proportion to it."""
    drifts = []
    for number, lr in enumerate((0.02, 0.01, 0.005)):
        relu_run(torch, tmp_path / str(number), lr, round(2 / lr))
        code, table, _ = drift(tmp_path / str(number), RELU)
        assert code == Exit.OK
        predicted = max(law["predicted"] for law in table["laws"])
        drifts.append(largest(table))
        assert predicted == pytest.approx(drifts[-1], rel=0.05)
    assert drifts[0] > drifts[1] > drifts[2]
    slope = np.polyfit(np.log([0.02, 0.01, 0.005]), np.log(drifts), 1)[0]
    assert 0.8 < slope < 1.2


def test_a_tolerance_tells_a_layer_that_is_none_of_the_spec(torch, tmp_path):
    """With weight decay the laws of gradient flow shrink; a spec that knows of the decay has laws that do not."""
    (tmp_path / "run").mkdir()
    model = mlp(torch)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01, weight_decay=0.5)
    x, y = torch.randn(16, 4), torch.randn(16, 3)
    train(torch, model, optimizer, lambda: ((model(x) - y) ** 2).mean(), 200, 20, lambda step: np.savez(tmp_path / "run" / f"{step}.npz", **arrays(model.state_dict())))
    code, table, stderr = drift(tmp_path, RELU, "--tolerance", "0.01")
    assert code == Exit.FAILED and "more than the tolerance" in stderr and largest(table) > 0.1
    decays = RELU + '[dynamics]\nkind = "weight-decay"\n'
    code, table, _ = drift(tmp_path, decays, "--tolerance", "0.01", "--lr", "0.01", "--weight-decay", "0.5")
    assert code == Exit.OK and largest(table) < 0.01


def test_heavy_ball_keeps_angular_momenta_to_rounding(torch, tmp_path):
    """Velocities are minus the momentum buffers of the optimizer's state; of a run that starts at rest angular momenta are zero for good."""
    (tmp_path / "run").mkdir()
    model = torch.nn.Sequential(torch.nn.Linear(3, 4, bias=False), torch.nn.Linear(4, 2, bias=False)).double()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
    for parameter in model.parameters():
        optimizer.state[parameter]["momentum_buffer"] = torch.randn_like(parameter)
    x, y = torch.randn(20, 3).double(), torch.randn(20, 2).double()

    def save(step):
        buffers = {f"momentum.{name}": optimizer.state[p]["momentum_buffer"] for name, p in model.named_parameters()}
        np.savez(tmp_path / "run" / f"step{step}.npz", **arrays(model.state_dict() | buffers))

    train(torch, model, optimizer, lambda: ((model(x) - y) ** 2).mean(), 60, 3, save)
    options = ("--velocity", "-momentum.*", "--lr", "0.01")
    code, table, _ = drift(tmp_path, LINEAR, *options, "--momentum", "0.9", "--tolerance", "1e-9")
    assert code == Exit.OK and largest(table) < 1e-9
    code, table, _ = drift(tmp_path, LINEAR, *options, "--momentum", "0.8", "--tolerance", "1e-3")
    assert code == Exit.FAILED and largest(table) > 1e-2


def block(torch):
    """A transformer block as one would write it: RMS norms with gains, one head, exact GELU; widths as in BLOCK."""
    functional = torch.nn.functional

    class Block(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.norm1, self.norm2 = (torch.nn.RMSNorm(6, eps=1e-30) for _ in range(2))
            self.q, self.k, self.v = (torch.nn.Linear(6, 4, bias=False) for _ in range(3))
            self.o = torch.nn.Linear(4, 6, bias=False)
            self.up, self.down = torch.nn.Linear(6, 8, bias=False), torch.nn.Linear(8, 6, bias=False)

        def forward(self, x):
            u = self.norm1(x)
            y = x + self.o(functional.scaled_dot_product_attention(self.q(u), self.k(u), self.v(u)))
            return y + self.down(functional.gelu(self.up(self.norm2(y))))

    return Block()


MAPS = {
    "g1": "norm1.weight", "g2": "norm2.weight", "Q": "q.weight.T", "K": "k.weight.T", "V": "v.weight.T", "O": "o.weight.T",
    "W1": "up.weight", "W2": "down.weight",
}  # fmt: skip


def test_a_transformer_block_keeps_its_laws(torch, tmp_path):
    from safetensors.torch import save_file

    drifts = []
    for number, lr in enumerate((0.02, 0.01)):
        folder = tmp_path / str(number)
        (folder / "run").mkdir(parents=True)
        torch.manual_seed(2)
        model = block(torch)
        optimizer = torch.optim.SGD(model.parameters(), lr=lr)
        x, y = torch.randn(24, 3, 6), torch.randn(24, 3, 6)
        save = lambda step, model=model, folder=folder: save_file(model.state_dict(), folder / "run" / f"model-{step}.safetensors")
        train(torch, model, optimizer, lambda model=model, x=x, y=y: ((model(x) - y) ** 2).sum(2).mean(), round(1 / lr), 1, save)
        maps = [option for name, key in MAPS.items() for option in ("--map", f"{name}={key}")]
        code, table, _ = drift(folder, BLOCK, *maps)
        assert code == Exit.OK
        drifts.append({law["law"]: law["drift"] for law in table["laws"]})
        for law in table["laws"]:
            assert law["drift"] == pytest.approx(law["predicted"], rel=0.1)
    for law, coarse in drifts[0].items():
        assert 1.6 < coarse / drifts[1][law] < 2.4, law
