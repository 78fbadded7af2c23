"""The part of check_run.py that examines one .pt file."""
import collections
import zipfile

import torch

import ckpt
import core_yaml
from reference import optimizer
from report import none_of

STATE = {"adam": {"step", "exp_avg", "exp_avg_sq"}, "adamw": {"step", "exp_avg", "exp_avg_sq"}, "sgd": {"momentum_buffer"}}
TYPES = {"epoch": int, "model_state_dict": collections.OrderedDict, "optimizer_state_dict": dict, "metric_value": float,
         "config": dict, "random_state": dict, "trainer_state": dict}
PLAIN = (str, int, float, bool, type(None))


def check_checkpoint(path):
    """Everything that check_run.py promises of a .pt file."""
    c = ckpt.load(path)
    none_of([] if same(c, ckpt.load(path, mmap=True)) else ["torch.load with mmap=True gives other content"])
    none_of(content(c))
    none_of(whole(path))
    none_of(saved_config(path.parent.parent / "config.yaml", c["config"]))
    twin = ckpt.twin_of(c)
    none_of(check_optimizer(c, twin))
    if list(c["model_state_dict"]) != list(twin.state_dict()):
        none_of([f"state dict order is {list(c['model_state_dict'])}, torch.nn has {list(twin.state_dict())}"])
    return f"epoch {c['epoch']}, metric {c['metric_value']:.4g}, {len(c['model_state_dict'])} tensors, {ckpt.optimizer_config(c)['name']}"


def same(a, b):
    """Whether two loaded values are equal, tensors by bits."""
    if isinstance(a, torch.Tensor):
        return a.dtype == b.dtype and a.shape == b.shape and torch.equal(a.reshape(-1).view(torch.uint8), b.reshape(-1).view(torch.uint8))
    if isinstance(a, dict):
        return list(a) == list(b) and all(same(a[k], b[k]) for k in a)
    if isinstance(a, (list, tuple)):
        return type(a) is type(b) and len(a) == len(b) and all(map(same, a, b))
    return a == b or a != a


def content(c):
    """The seven keys in order, and the types of all that is below them."""
    if list(c) != ckpt.KEYS:
        yield f"keys are {list(c)}, expected {ckpt.KEYS}"
        return
    yield from (f"{k} is a {type(c[k]).__name__}, expected {t.__name__}" for k, t in TYPES.items() if type(c[k]) is not t)
    if c["epoch"] < 1:
        yield f"epoch is {c['epoch']}, expected at least 1"
    for name, t in c["model_state_dict"].items():
        if type(name) is not str or type(t) is not torch.Tensor or not t.is_contiguous() or t.requires_grad:
            yield f"model_state_dict: {name} is no plain contiguous tensor"
    yield from not_plain(c["config"], "config")
    yield from not_plain(c["optimizer_state_dict"], "optimizer_state_dict", tensors=True)
    yield from not_plain(c["trainer_state"], "trainer_state", tensors=True)
    yield from random_state(c["random_state"])


def not_plain(value, where, tensors=False):
    """What is neither dict (str or int keys), list, tuple, plain scalar nor, where allowed, tensor."""
    if isinstance(value, dict):
        for key, item in value.items():
            if type(key) not in (str, int):
                yield f"{where} has the key {key!r}"
            yield from not_plain(item, f"{where}.{key}", tensors)
    elif type(value) in (list, tuple):
        for i, item in enumerate(value):
            yield from not_plain(item, f"{where}.{i}", tensors)
    elif type(value) not in PLAIN and not (tensors and type(value) is torch.Tensor):
        yield f"{where} is a {type(value).__name__}"


def random_state(state):
    """torch.set_rng_state takes the generator's state as it is."""
    is_bytes = lambda t: type(t) is torch.Tensor and t.dtype == torch.uint8 and t.dim() == 1
    if list(state) != ["seed", "torch", "cuda", "sampler"]:
        yield f"random_state has the keys {list(state)}"
        return
    if type(state["seed"]) is not int or type(state["sampler"]) is not dict:
        yield "random_state: seed is no int or sampler no dict"
    if type(state["cuda"]) is not list or not all(map(is_bytes, state["cuda"])):
        yield "random_state: cuda is no list of uint8 tensors"
    if not is_bytes(state["torch"]):
        yield "random_state: torch is no uint8 tensor"
        return
    torch.set_rng_state(state["torch"])
    if not torch.equal(torch.get_rng_state(), state["torch"]):
        yield "random_state: torch.get_rng_state gives back another state"


def whole(path):
    """The CRC of every record, which torch.load does not look at."""
    with zipfile.ZipFile(path) as archive:
        bad = archive.testzip()
    if bad is not None:
        yield f"{bad} has a wrong CRC"


def saved_config(path, config):
    """The saved config.yaml and the checkpoint's config say the same."""
    if path.is_file() and core_yaml.load(path) != config:
        yield "config differs from config.yaml"


def check_optimizer(c, twin):
    """load_state_dict is lenient, so shapes, names and key types are compared here before."""
    config, saved, params = ckpt.optimizer_config(c), c["optimizer_state_dict"], list(twin.parameters())
    opt = optimizer(config, params)
    fresh, (group, *more) = opt.state_dict()["param_groups"][0], saved["param_groups"]
    if list(saved) != ["state", "param_groups"] or more or group["params"] != list(range(len(params))):
        yield f"optimizer_state_dict: expected state and one param group with parameters 0 to {len(params) - 1}"
        return
    if set(group) - {"initial_lr"} != set(fresh):
        yield f"param_groups: keys differ from torch.optim's: {sorted(set(group) ^ set(fresh))}"
    for k in fresh.keys() & group.keys() - {"lr", "params"}:
        if group[k] != (tuple(fresh[k]) if k == "betas" else fresh[k]):
            yield f"param_groups: {k} is {group[k]}, config means {fresh[k]}"
    wrong = list(optimizer_tensors(saved["state"], params, STATE[config["name"]], group))
    if wrong:
        yield from wrong
        return
    opt.load_state_dict(saved)
    for p in params:
        p.grad = torch.full_like(p, 1e-3)
    opt.step()
    if not all(torch.isfinite(p).all() for p in params):
        yield "the next step of torch.optim gives weights that are not finite"


def optimizer_tensors(state, params, names, group):
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
