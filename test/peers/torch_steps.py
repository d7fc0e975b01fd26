"""The training steps of two VAEs in PyTorch."""
import torch
from torch import nn
from torch.nn import functional as F

NAME = f"PyTorch {torch.__version__.split('+')[0]}"

_COMPILED = ["compile"] if hasattr(torch, "compile") else []

WAYS = {
    "conv": ["eager", "channels_last", *_COMPILED, *(way + "+channels_last" for way in _COMPILED)],
    "dense": ["eager", *_COMPILED],
}


class ConvVae(nn.Module):
    """The networks of `convVae` with its defaults."""

    latent = 2

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
    """The networks of `denseVae` with its defaults."""

    latent = 20

    def __init__(self):
        super().__init__()
        self.encoder = nn.Sequential(nn.Flatten(), nn.Linear(784, 400), nn.ReLU(), nn.Linear(400, 2 * 20))
        self.decoder = nn.Sequential(nn.Linear(20, 400), nn.ReLU(), nn.Linear(400, 784), nn.Unflatten(1, (1, 28, 28)))


def stepper(model, way, batch, threads):
    """A function that takes a step of Adam: eagerly, with images as `channels_last`, by `torch.compile`, or both."""
    torch.set_num_threads(threads)
    vae = {"conv": ConvVae, "dense": DenseVae}[model]()
    x = torch.rand(batch, 1, 28, 28)
    if "channels_last" in way:
        vae, x = vae.to(memory_format=torch.channels_last), x.to(memory_format=torch.channels_last)
    optimizer = adam(vae.parameters())

    def loss(x, eps):
        mu, log_var = vae.encoder(x).chunk(2, dim=1)
        logits = vae.decoder(mu + torch.exp(log_var / 2) * eps)
        reconstruction = F.binary_cross_entropy_with_logits(logits, x, reduction="sum")
        return (reconstruction + (mu**2 + log_var.exp() - 1 - log_var).sum() / 2) / batch

    if "compile" in way:
        loss = torch.compile(loss)

    def step():
        optimizer.zero_grad()
        loss(x, torch.randn(batch, vae.latent)).backward()
        optimizer.step()

    return step


def adam(parameters):
    """Adam in one pass over each parameter, which older versions do not have on a processor."""
    parameters = list(parameters)
    try:
        return torch.optim.Adam(parameters, lr=1e-3, fused=True)
    except (RuntimeError, TypeError):
        return torch.optim.Adam(parameters, lr=1e-3)
