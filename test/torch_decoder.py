"""The decoder of src/models/conv_vae.ts rebuilt in PyTorch, from a `weights.npz` alone.

Takes the file's path; reads codes, a JSON array of B arrays of L numbers, and writes the logits, B arrays of H arrays of W.
"""
import json
import sys

import numpy
import torch
from torch.nn import functional as F


# With a stride of two, an input of n gives 2n + 1, and Keras cuts the last row and column off. PyTorch's padding=1,
# output_padding=1 would cut the first: so no padding, and the cut by hand.
def double(x, kernel, bias):
    return F.conv_transpose2d(x, kernel, bias, stride=2)[:, :, :-1, :-1]


# With a stride of one, n gives n + 2, and both cut one off at either end.
def same(x, kernel, bias):
    return F.conv_transpose2d(x, kernel, bias, padding=1)


arrays = numpy.load(sys.argv[1])


def weights(layer):
    kernel, bias = (torch.from_numpy(arrays[f"decoder/{layer}/{name}"]) for name in ("kernel", "bias"))
    # Keras: [inputs, units] and [height, width, filters, inputs]. PyTorch: [units, inputs], [inputs, filters, height, width].
    return kernel.permute(3, 2, 0, 1) if kernel.ndim == 4 else kernel.T, bias


z = torch.tensor(json.load(sys.stdin))  # [B, L]
h = F.relu(F.linear(z, *weights("dense")))  # [B, h * w * F2]
kernel, _ = weights("conv2d_transpose")
size = round((h.shape[1] // kernel.shape[0]) ** 0.5)
h = h.reshape(-1, size, size, kernel.shape[0]).permute(0, 3, 1, 2)  # Keras keeps channels last, PyTorch first
h = F.relu(double(h, *weights("conv2d_transpose")))
h = F.relu(double(h, *weights("conv2d_transpose_1")))
json.dump(same(h, *weights("conv2d_transpose_2"))[:, 0].tolist(), sys.stdout)  # [B, H, W]
