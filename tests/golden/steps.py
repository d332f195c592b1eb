#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""200 mini-batch steps by PyTorch in float64, with each optimizer and schedule and each activation: writes steps.json.

The batches are those of host/core/permutation.h. README.md has the command.
"""
import json
import os
import sys

import numpy as np
import torch
from safetensors.numpy import load_file

from notebook import read_samples

SAMPLES, BATCH, STEPS, SEED = 4500, 64, 200, 1
RANDOM_SHUFFLE, ROUNDS = 4, 6
WEIGHT_DECAY, GAMMA, DECAY_EVERY = 0.01, 0.5, 40
LEARNING_RATES = {"sgd": 0.1, "momentum": 0.02, "nesterov": 0.02, "rmsprop": 0.002, "adam": 0.003, "adamw": 0.003,
                  "nadam": 0.003, "lion": 0.0003}
SCHEDULES = ("constant", "step", "exponential", "cosine")
ACTIVATIONS = {"relu": torch.nn.ReLU(), "leaky-relu": torch.nn.LeakyReLU(), "sigmoid": torch.nn.Sigmoid(),
               "tanh": torch.nn.Tanh(), "gelu": torch.nn.GELU(), "silu": torch.nn.SiLU()}
MASK32 = 0xFFFFFFFF


def philox(counter, key):
    """Philox 4x32-10: four words."""
    c, (k0, k1) = list(counter), key
    for _ in range(10):
        a, b = 0xD2511F53 * c[0], 0xCD9E8D57 * c[2]
        c = [(b >> 32) ^ c[1] ^ k0, b & MASK32, (a >> 32) ^ c[3] ^ k1, a & MASK32]
        k0, k1 = (k0 + 0x9E3779B9) & MASK32, (k1 + 0xBB67AE85) & MASK32
    return c


def mix(x):
    x ^= x >> np.uint64(16)
    x = x * np.uint64(0x85EBCA6B) & np.uint64(MASK32)
    x ^= x >> np.uint64(13)
    x = x * np.uint64(0xC2B2AE35) & np.uint64(MASK32)
    return x ^ x >> np.uint64(16)


def order(count, epoch):
    """The permutation of the numbers below count in an epoch."""
    words = [w for block in range(2) for w in philox((block, 0, epoch, RANDOM_SHUFFLE), (SEED, 0))]
    half = 1
    while 4**half < count:
        half += 1
    bits, mask = np.uint64(half), np.uint64(2**half - 1)
    result, todo = np.arange(count, dtype=np.uint64), np.arange(count)
    while len(todo):
        left, right = result[todo] >> bits, result[todo] & mask
        for key in words[:ROUNDS]:
            left, right = right, left ^ (mix(right ^ np.uint64(key)) & mask)
        result[todo] = left << bits | right
        todo = todo[result[todo] >= count]
    return result.astype(np.int64)


class Lion(torch.optim.Optimizer):
    """Algorithm 2 of Chen et al. 2023, "Symbolic discovery of optimization algorithms"; PyTorch has none."""

    def __init__(self, groups, lr, beta1=0.9, beta2=0.99):
        super().__init__(groups, {"lr": lr, "weight_decay": 0})
        self.beta1, self.beta2 = beta1, beta2

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            for p in group["params"]:
                m = self.state[p].setdefault("m", torch.zeros_like(p))
                update = (self.beta1 * m + (1 - self.beta1) * p.grad).sign()
                p -= group["lr"] * (update + group["weight_decay"] * p)
                m.mul_(self.beta2).add_((1 - self.beta2) * p.grad)


def optimizer(name, parameters):
    weights = [p for p in parameters if p.dim() == 2]
    biases = [p for p in parameters if p.dim() == 1]
    groups = [{"params": weights, "weight_decay": WEIGHT_DECAY}, {"params": biases, "weight_decay": 0}]
    lr, optim = LEARNING_RATES[name], torch.optim
    return {"sgd": lambda: optim.SGD(groups, lr),
            "momentum": lambda: optim.SGD(groups, lr, momentum=0.9),
            "nesterov": lambda: optim.SGD(groups, lr, momentum=0.9, nesterov=True),
            "rmsprop": lambda: optim.RMSprop(groups, lr),
            "adam": lambda: optim.Adam(groups, lr),
            "adamw": lambda: optim.AdamW(groups, lr),
            "nadam": lambda: optim.NAdam(groups, lr),
            "lion": lambda: Lion(groups, lr)}[name]()


def schedule(name, of):
    rates = torch.optim.lr_scheduler
    return {"constant": lambda: rates.ConstantLR(of, factor=1),
            "step": lambda: rates.StepLR(of, DECAY_EVERY, gamma=GAMMA),
            "exponential": lambda: rates.ExponentialLR(of, gamma=GAMMA ** (1 / DECAY_EVERY)),
            "cosine": lambda: rates.CosineAnnealingLR(of, STEPS)}[name]()


def train(X, labels, initial, optimizer_name, schedule_name, activation_name="relu"):
    """The mean loss over the samples of each 20 steps, before their updates."""
    W1, b1, W2, b2 = [torch.tensor(initial[n].astype(np.float64), requires_grad=True)
                      for n in ("fc1.weight", "fc1.bias", "fc2.weight", "fc2.bias")]
    steps = optimizer(optimizer_name, [W1, b1, W2, b2])
    rates = schedule(schedule_name, steps)
    losses, summed, samples = {}, 0, 0
    per_epoch = -(-SAMPLES // BATCH)
    for step in range(STEPS):
        if step % per_epoch == 0:
            places = order(SAMPLES, step // per_epoch)
        batch = places[step % per_epoch * BATCH:(step % per_epoch + 1) * BATCH]
        logits = ACTIVATIONS[activation_name](X[batch] @ W1.T + b1) @ W2.T + b2
        loss = torch.nn.functional.cross_entropy(logits, labels[batch])
        summed, samples = summed + len(batch) * loss.item(), samples + len(batch)
        if (step + 1) % 20 == 0:
            losses[str(step)] = summed / samples
            summed, samples = 0, 0
        steps.zero_grad()
        loss.backward()
        steps.step()
        rates.step()
    return losses


def main():
    here = os.path.dirname(os.path.abspath(__file__))
    X, labels = read_samples(sys.argv[1], SAMPLES)
    X, labels = torch.tensor(X.T.copy()), torch.tensor(labels.astype(np.int64))
    initial = load_file(os.path.join(here, "initial.safetensors"))
    runs = [{"optimizer": o, "schedule": s, "loss": train(X, labels, initial, o, s)}
            for o in LEARNING_RATES for s in SCHEDULES]
    activated = [{"activation": a, "optimizer": "momentum", "schedule": "constant",
                  "loss": train(X, labels, initial, "momentum", "constant", a)} for a in ACTIVATIONS]
    result = {"samples": SAMPLES, "batch": BATCH, "steps": STEPS, "seed": SEED, "weight_decay": WEIGHT_DECAY,
              "gamma": GAMMA, "decay_every": DECAY_EVERY,
              "learning_rates": LEARNING_RATES,
              "runs": runs + activated}
    with open(os.path.join(here, "steps.json"), "w") as file:
        json.dump(result, file, indent=1)
        file.write("\n")


if __name__ == "__main__":
    main()
