"""The plain PyTorch loop: encode the rows of a mapped .npy file and save the means.

  pytorch_extract.py CHECKPOINT ROWS.npy OUT.npy [THREADS]
"""
import sys

import numpy as np
import torch

checkpoint, rows, out = sys.argv[1:4]
if len(sys.argv) > 4:
    torch.set_num_threads(int(sys.argv[4]))
state = torch.load(checkpoint)["model_state_dict"]
net = torch.nn.ModuleDict({
    "encoder": torch.nn.Sequential(torch.nn.Linear(64, 128), torch.nn.ReLU()),
    "mu": torch.nn.Linear(128, 16),
})
net.load_state_dict({k: v for k, v in state.items() if k.startswith(("encoder.", "mu."))})
data = np.load(rows, mmap_mode="r")
codes = []
with torch.inference_mode():
    for i in range(0, len(data), 1024):
        x = torch.from_numpy(np.array(data[i:i + 1024]))
        codes.append(net["mu"](net["encoder"](x)).numpy())
np.save(out, np.concatenate(codes))
