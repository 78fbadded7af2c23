"""Checks that real torch opens trainer's checkpoints: python check_pt.py FILE...

Each file is opened with torch.load as users call it (the safe default) and with
mmap=True; both must give the same seven keys, in order, with the types that
docs and tests promise. Prints a line per file; exit code 1 if one is wrong.
"""

import collections
import sys
import zipfile

import torch

KEYS = {
    "epoch": int,
    "model_state_dict": collections.OrderedDict,
    "optimizer_state_dict": dict,
    "metric_value": float,
    "config": dict,
    "random_state": dict,
    "trainer_state": dict,
}
PLAIN = (str, int, float, bool, type(None))


def demand(condition, sentence):
    """Raises sentence when condition does not hold; unlike assert, also under python -O."""
    if not condition:
        raise ValueError(sentence)


def is_bytes(value):
    """Whether value is what torch's random generators give as their state."""
    return isinstance(value, torch.Tensor) and value.dtype == torch.uint8 and value.dim() == 1


def demand_plain(value, where, tensors=False):
    """All of value is dict (str or int keys), list, tuple and plain scalars, perhaps tensors."""
    if type(value) is dict:
        for key, item in value.items():
            demand(type(key) in (str, int), f"{where} has the key {key!r}")
            demand_plain(item, f"{where}.{key}", tensors)
    elif type(value) in (list, tuple):
        for i, item in enumerate(value):
            demand_plain(item, f"{where}.{i}", tensors)
    else:
        allowed = type(value) in PLAIN or tensors and isinstance(value, torch.Tensor)
        demand(allowed, f"{where} is a {type(value).__name__}")


def check_model(state):
    """Contiguous tensors under names."""
    demand(state, "model_state_dict is empty")
    for name, tensor in state.items():
        demand(type(name) is str and type(tensor) is torch.Tensor, f"model_state_dict.{name} is a {type(tensor).__name__}")
        demand(tensor.is_contiguous() and not tensor.requires_grad, f"model_state_dict.{name} is no plain tensor")


def check_optimizer(state):
    """The layout of torch.optim: integer keys, each parameter in one group."""
    demand(list(state) == ["state", "param_groups"], f"optimizer_state_dict has the keys {list(state)}")
    params = [p for group in state["param_groups"] for p in group["params"]]
    demand(params == list(range(len(params))), f"param_groups name the parameters {params}")
    demand(all(type(k) is int and k in params for k in state["state"]), f"state has the keys {list(state['state'])}")
    demand_plain(state, "optimizer_state_dict", tensors=True)


def check_random(state):
    """torch takes the generator's state."""
    demand(type(state["seed"]) is int, "random_state.seed is no int")
    demand(is_bytes(state["torch"]), "random_state.torch is no uint8 tensor")
    torch.Generator().set_state(state["torch"])
    demand(type(state["cuda"]) is list and all(map(is_bytes, state["cuda"])), "random_state.cuda is no list of uint8 tensors")
    demand(type(state["sampler"]) is dict, "random_state.sampler is no dict")


def check_content(content):
    """Raises ValueError on the first thing that is not as promised."""
    demand(type(content) is dict and list(content) == list(KEYS), f"keys are {list(content)}, expected {list(KEYS)}")
    for key, kind in KEYS.items():
        demand(type(content[key]) is kind, f"{key} is a {type(content[key]).__name__}, expected {kind.__name__}")
    demand(content["epoch"] >= 0, f"epoch is {content['epoch']}")
    check_model(content["model_state_dict"])
    check_optimizer(content["optimizer_state_dict"])
    check_random(content["random_state"])
    demand_plain(content["config"], "config")
    demand_plain(content["trainer_state"], "trainer_state", tensors=True)


def check(path):
    """Checks one file; returns its content."""
    content, mapped = torch.load(path), torch.load(path, mmap=True)
    check_content(content)
    check_content(mapped)
    for name, tensor in content["model_state_dict"].items():
        same = torch.equal(tensor.reshape(-1).view(torch.uint8), mapped["model_state_dict"][name].reshape(-1).view(torch.uint8))
        demand(same, f"model_state_dict.{name} differs with mmap=True")
    with zipfile.ZipFile(path) as archive:
        demand(archive.testzip() is None, f"{archive.testzip()} has a wrong CRC")
    return content


def main(paths):
    """Checks all files; the exit code."""
    wrong = 0
    for path in paths:
        try:
            content = check(path)
        except Exception as e:  # whatever torch or zipfile say about the file is the finding
            print(f"{path}: {e}", file=sys.stderr)
            wrong = 1
        else:
            tensors = len(content["model_state_dict"])
            print(f"ok {path}: epoch {content['epoch']}, metric {content['metric_value']:g}, {tensors} tensors")
    return wrong


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit("usage: python check_pt.py FILE...")
    sys.exit(main(sys.argv[1:]))
