"""The plain PyTorch script: a VAE (784-400-20) with fused Adam and a DataLoader.

  pytorch_train.py ROWS.npy STEPS [THREADS]
"""
import sys

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

rows, steps = sys.argv[1], int(sys.argv[2])
if len(sys.argv) > 3:
    torch.set_num_threads(int(sys.argv[3]))
torch.manual_seed(42)
data = torch.from_numpy(np.load(rows))
loader = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(data), batch_size=128, shuffle=True)
net = nn.ModuleDict({
    "encoder": nn.Sequential(nn.Linear(784, 400), nn.ReLU()), "mu": nn.Linear(400, 20), "logvar": nn.Linear(400, 20),
    "decoder": nn.Sequential(nn.Linear(20, 400), nn.ReLU(), nn.Linear(400, 784)),
})
optimizer = torch.optim.Adam(net.parameters(), lr=1e-3, fused=True)
step = 0
while step < steps:
    for (x,) in loader:
        h = net["encoder"](x)
        mu, logvar = net["mu"](h), net["logvar"](h)
        logits = net["decoder"](mu + torch.exp(logvar / 2) * torch.randn_like(mu))
        kl = -0.5 * (1 + logvar - mu.square() - logvar.exp()).sum()
        loss = (F.binary_cross_entropy_with_logits(logits, x, reduction="sum") + kl) / len(x)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        step += 1
        if step == steps:
            break
print(loss.item())
