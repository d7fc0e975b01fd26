"""The training steps of two VAEs in PyTorch, one at a time: the peer that `deno task bench:peers` takes turns with.

Reads lines "conv 128 1" (model, batch, threads) and answers each with the milliseconds of one step.
"""
import sys
import time

import torch
from torch import nn
from torch.nn import functional as F


class ConvVae(nn.Module):
    """The networks of src/models/conv_vae.ts with their defaults."""

    def __init__(self):
        super().__init__()
        self.encoder = nn.Sequential(
            nn.Conv2d(1, 32, 3, stride=2, padding=1), nn.ReLU(),
            nn.Conv2d(32, 64, 3, stride=2, padding=1), nn.ReLU(),
            nn.Flatten(), nn.Linear(7 * 7 * 64, 16), nn.ReLU(), nn.Linear(16, 2 * 2),
        )
        self.decoder = nn.Sequential(
            nn.Linear(2, 7 * 7 * 64), nn.ReLU(), nn.Unflatten(1, (64, 7, 7)),
            nn.ConvTranspose2d(64, 64, 3, stride=2, padding=1, output_padding=1), nn.ReLU(),
            nn.ConvTranspose2d(64, 32, 3, stride=2, padding=1, output_padding=1), nn.ReLU(),
            nn.ConvTranspose2d(32, 1, 3, padding=1),
        )


class DenseVae(nn.Module):
    """The networks of src/models/dense_vae.ts with their defaults."""

    def __init__(self):
        super().__init__()
        self.encoder = nn.Sequential(nn.Flatten(), nn.Linear(784, 400), nn.ReLU(), nn.Linear(400, 2 * 20))
        self.decoder = nn.Sequential(nn.Linear(20, 400), nn.ReLU(), nn.Linear(400, 784), nn.Unflatten(1, (1, 28, 28)))


def stepper(name, batch):
    model = {"conv": ConvVae, "dense": DenseVae}[name]()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    x = torch.rand(batch, 1, 28, 28)

    def step():
        mu, log_var = model.encoder(x).chunk(2, dim=1)
        logits = model.decoder(mu + torch.exp(log_var / 2) * torch.randn_like(mu))
        reconstruction = F.binary_cross_entropy_with_logits(logits, x, reduction="sum")
        kl = (mu**2 + log_var.exp() - 1 - log_var).sum() / 2
        optimizer.zero_grad()
        ((reconstruction + kl) / batch).backward()
        optimizer.step()

    return step


steps = {}
for line in sys.stdin:
    name, batch, threads = line.split()
    torch.set_num_threads(int(threads))
    key = (name, batch)
    if key not in steps:
        steps[key] = stepper(name, int(batch))
        for _ in range(3):
            steps[key]()
    start = time.perf_counter()
    steps[key]()
    print((time.perf_counter() - start) * 1000, flush=True)
