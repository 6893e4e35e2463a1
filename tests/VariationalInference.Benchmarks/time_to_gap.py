"""Trains the hybrid's encoder in PyTorch until its exact gap on held-out rows is small, and prints how long that took.

usage: time_to_gap.py THREADS ESTIMATOR RUNS      ESTIMATOR: analytic or reparameterized

The same network (2-32-32-2 tanh and a linear path), standardised inputs, scaled outputs, start, minibatches, coordinate block solved exactly,
estimator, Adam and test after each epoch as the library's defaults: x = z1 + z2 + z3 + noise, all variances 1, K = 2, 100,000 rows.
"""
import json
import math
import sys
import time

import torch

threads, estimator, runs = int(sys.argv[1]), sys.argv[2], int(sys.argv[3])
torch.set_num_threads(threads)
N, K, J, TOLERANCE, BATCH = 100_000, 2, 3, 1e-3, 256
C = J - 1                                   # latents of the coordinate block
PRECISION = 1 + K                           # of each latent given the others
PROFILE = 1 / (1 - 1 / (J + 1 / K))         # curvature in the mean of z1 with the others at their best


class Encoder(torch.nn.Module):
    def __init__(self, x):
        super().__init__()
        self.layers = torch.nn.Sequential(
            torch.nn.Linear(K, 32), torch.nn.Tanh(), torch.nn.Linear(32, 32), torch.nn.Tanh(), torch.nn.Linear(32, 2))
        for layer in self.layers[::2]:
            torch.nn.init.xavier_uniform_(layer.weight)
            torch.nn.init.zeros_(layer.bias)
        self.path = torch.nn.Linear(K, 1, bias=False)
        torch.nn.init.zeros_(self.path.weight)
        self.mean, self.deviation = x.mean(0), x.std(0)
        self.scale = math.sqrt(1 - (1 - 1 / (J + 1 / K)))

    def forward(self, x):
        u = (x - self.mean) / self.deviation
        out = self.layers(u)
        return self.scale * (out[:, 0] + self.path(u)[:, 0]), out[:, 1] - math.log(PRECISION)


def rest(x, mu):
    """The sum of the coordinate means at their best, given the mean of z1."""
    return C * (x.sum(1) - K * mu) / (1 + C * K)


def gap(encoder, x):
    with torch.no_grad():
        mu, rho = encoder(x)
        ratio = PRECISION * rho.exp()
        best = x.sum(1) / (J * K + 1)
        return (0.5 * PROFILE * (mu - best) ** 2 + 0.5 * (ratio - 1 - ratio.log())).mean().item()


def run(seed):
    torch.manual_seed(seed)
    z = torch.randn(N, J)
    x = z.sum(1, keepdim=True) + torch.randn(N, K)
    start = time.perf_counter()
    held, x = x[: N // 10], x[N // 10:]
    encoder = Encoder(x)
    optimizer = torch.optim.Adam(encoder.parameters(), lr=0.01)
    epochs = 0
    while gap(encoder, held) > TOLERANCE and epochs < 200:
        order = torch.randperm(len(x))
        for first in range(0, len(x), BATCH):
            rows = x[order[first: first + BATCH]]
            mu, rho = encoder(rows)
            with torch.no_grad():
                others = rest(rows, mu)
            if estimator == "analytic":
                z1, spread = mu, 0.5 * PRECISION * rho.exp()
            else:
                z1, spread = mu + (0.5 * rho).exp() * torch.randn_like(mu), 0
            residual = rows - (z1 + others)[:, None]
            loss = (0.5 * (residual ** 2).sum(1) + 0.5 * z1 ** 2 + spread - 0.5 * rho).mean()
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
        epochs += 1
    return time.perf_counter() - start, epochs


run(0)
for seed in range(1, runs + 1):
    seconds, epochs = run(seed)
    print(json.dumps({"tag": "time_to_gap", "seconds": seconds, "epochs": epochs}))
