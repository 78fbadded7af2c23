"""The part of check_run.py that examines one .pt file."""
import re

import torch
import yaml

import ckpt
from reference import optimizer

class ConfigLoader(yaml.SafeLoader):
    """YAML 1.2's core types: PyYAML alone takes 1e-3 for text and yes for true."""

    yaml_implicit_resolvers = {}


for _tag, _pattern, _first in (
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("bool", r"true|True|TRUE|false|False|FALSE", list("tTfF")),
    ("int", r"[-+]?[0-9]+", list("-+0123456789")),
    ("float", r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)", list("-+.0123456789")),
):
    ConfigLoader.add_implicit_resolver("tag:yaml.org,2002:" + _tag, re.compile(f"^(?:{_pattern})$"), _first)

STATE = {"adam": {"step", "exp_avg", "exp_avg_sq"}, "adamw": {"step", "exp_avg", "exp_avg_sq"}, "sgd": {"momentum_buffer"}}
TYPES = {"epoch": int, "model_state_dict": dict, "optimizer_state_dict": dict, "metric_value": float, "config": dict,
         "random_state": dict, "trainer_state": dict}


def check_checkpoint(path, shape):
    """Yields a sentence for everything that is wrong with the file."""
    try:
        c, mapped = ckpt.load(path), ckpt.load(path, mmap=True)
    except Exception as e:  # whatever torch.load says is the finding
        yield f"torch.load: {e}"
        return
    if not same(c, mapped):
        yield "torch.load with mmap=True gives other content"
    if list(c) not in (ckpt.KEYS, ckpt.SPECIFIED):
        yield f"keys are {list(c)}, expected {ckpt.KEYS}"
        return
    yield from (f"{k} is {type(v).__name__}, expected {TYPES[k].__name__}" for k, v in c.items() if type(v) is not TYPES[k]
                and not isinstance(v, dict))
    yield from check_config(path.parent.parent / "config.yaml", c["config"])
    try:
        twin = ckpt.twin_of(c, shape)
    except (RuntimeError, TypeError, KeyError) as e:
        yield f"the torch.nn twin does not take the weights: {e}"
        return
    if list(c["model_state_dict"]) != list(twin.state_dict()):
        yield f"state dict order is {list(c['model_state_dict'])}, torch.nn has {list(twin.state_dict())}"
    yield from check_optimizer(c, twin)
    yield from check_random(c["random_state"])


def same(a, b):
    """Whether two loaded values are equal, tensors by bits."""
    if isinstance(a, torch.Tensor):
        return a.dtype == b.dtype and torch.equal(a.reshape(-1).view(torch.uint8), b.reshape(-1).view(torch.uint8))
    if isinstance(a, dict):
        return list(a) == list(b) and all(same(a[k], b[k]) for k in a)
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(map(same, a, b))
    return a == b or a != a


def check_config(path, config):
    """The saved config.yaml and the checkpoint's config say the same."""
    if path.is_file() and yaml.load(path.read_text(), ConfigLoader) != config:
        yield "config differs from config.yaml"


def check_optimizer(c, twin):
    """load_state_dict is lenient, so shapes, names and key types are compared here before."""
    config, saved, params = ckpt.optimizer_config(c), c["optimizer_state_dict"], list(twin.parameters())
    opt = optimizer(config, params)
    fresh, (group, *more) = opt.state_dict()["param_groups"][0], saved["param_groups"]
    if more or group["params"] != list(range(len(params))):
        yield f"param_groups: expected one group with parameters 0 to {len(params) - 1}"
        return
    if set(group) - {"initial_lr"} != set(fresh):
        yield f"param_groups: keys differ from torch.optim's: {sorted(set(group) ^ set(fresh))}"
    for k in fresh.keys() & group.keys() - {"lr", "params"}:
        if plain(group[k]) != plain(fresh[k]):
            yield f"param_groups: {k} is {group[k]}, config means {fresh[k]}"
    wrong = list(check_state(saved["state"], params, STATE[config["name"]], group))
    if wrong:
        yield from wrong
        return
    opt.load_state_dict(saved)
    for p in params:
        p.grad = torch.full_like(p, 1e-3)
    opt.step()
    if not all(torch.isfinite(p).all() for p in params):
        yield "the next step of torch.optim gives weights that are not finite"


def plain(v):
    return list(v) if isinstance(v, (list, tuple)) else v


def check_state(state, params, names, group):
    """An entry for each parameter with the names, shapes and dtypes that torch.optim makes."""
    if group.get("momentum") == 0:
        if any(v is not None for entry in state.values() for v in entry.values()):
            yield "optimizer state: SGD without momentum has none"
        return
    if list(state) != list(range(len(params))):
        yield f"optimizer state: keys are {list(state)}, expected 0 to {len(params) - 1}"
        return
    for i, p in enumerate(params):
        if set(state[i]) != names:
            yield f"optimizer state {i}: entries are {sorted(state[i])}, expected {sorted(names)}"
        for name, t in state[i].items():
            shape = () if name == "step" else tuple(p.shape)
            if tuple(t.shape) != shape or t.dtype != torch.float32:
                yield f"optimizer state {i}: {name} is {t.dtype} {tuple(t.shape)}, expected float32 {shape}"
    steps = {state[i]["step"].item() for i in state if "step" in state[i]}
    if "step" in names and (len(steps) != 1 or min(steps) < 1):
        yield f"optimizer state: step counts are {sorted(steps)}, expected one, at least 1"


def check_random(state):
    """torch.set_rng_state takes the generator's state as it is."""
    if not isinstance(state.get("seed"), int):
        yield f"random_state: seed is {state.get('seed')!r}, expected an integer"
    try:
        torch.set_rng_state(state["torch"])
    except Exception as e:  # whatever torch says is the finding
        yield f"random_state: torch.set_rng_state: {e}"
