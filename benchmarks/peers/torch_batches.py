# SPDX-License-Identifier: Apache-2.0
"""PyTorch with mini-batches, written by hand for speed: no DataLoader, all samples as float32 in memory, each epoch's
order from randperm. The fastest of PyTorch's update methods and numbers of threads is used."""
import itertools
import os
import time

import torch
from torch import nn

from work import CLASSES

TRIAL_STEPS = 100
UPDATES = {"loop": {"foreach": False}, "foreach": {"foreach": True}, "fused": {"fused": True}}

chosen = {}  # update method and number of threads for each kind of work


class Loop:
    def __init__(self, work):
        self.batch = work.batch
        self.X = torch.tensor(work.pixels).to(torch.float32) / 255  # (B x F)
        self.labels = torch.tensor(work.labels).to(torch.int64)
        self.test = None if work.test_pixels is None else (torch.tensor(work.test_pixels).to(torch.float32) / 255,
                                                           torch.tensor(work.test_labels))
        self.criterion = nn.CrossEntropyLoss()
        kind = work.hidden, work.batch, work.optimizer
        if kind not in chosen:
            chosen[kind] = min(self.choices(), key=lambda choice: self.try_out(work, *choice))
        self.begin(work, *chosen[kind])
        self.about = {"chosen": f"{chosen[kind][0]}, {chosen[kind][1]} thread(s)"}

    def choices(self):
        return itertools.product(UPDATES, sorted({1, int(os.environ["OMP_NUM_THREADS"])}))

    def begin(self, work, update, threads):
        torch.set_num_threads(threads)
        self.model = nn.Sequential(nn.Linear(work.features, work.hidden), nn.ReLU(), nn.Linear(work.hidden, CLASSES))
        with torch.no_grad():
            for parameter, values in zip(self.model.parameters(), work.parameters("float32")):
                parameter.copy_(torch.from_numpy(values))
        optimizers = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam}
        self.optimizer = optimizers[work.optimizer](self.model.parameters(), lr=work.learning_rate,
                                                    **UPDATES[update])

    def try_out(self, work, update, threads):
        """Seconds of some updates, after a few to warm up."""
        self.begin(work, update, threads)
        order = torch.randperm(len(self.X))
        self.update_with(order[:10 * self.batch])
        start = time.perf_counter()
        self.update_with(order[:TRIAL_STEPS * self.batch])
        return time.perf_counter() - start

    def forward(self, X, labels):
        return self.criterion(self.model(X), labels)

    def update_with(self, order):
        for picked in order.split(self.batch):
            self.optimizer.zero_grad()
            self.forward(self.X[picked], self.labels[picked]).backward()
            self.optimizer.step()

    def step(self):
        self.update_with(torch.randperm(len(self.X)))

    def loss(self):
        with torch.no_grad():
            return self.criterion(self.model(self.X), self.labels).item()

    def accuracy(self):
        pixels, labels = self.test
        with torch.no_grad():
            return (self.model(pixels).argmax(dim=1) == labels).float().mean().item()


class Compiled(Loop):
    """Model and loss through torch.compile; the shorter last batch of an epoch has a compiled program of its own."""

    def begin(self, work, update, threads):
        super().begin(work, update, threads)
        self.forward = torch.compile(super().forward)


PEERS = {"torch": Loop, "torch-compile": Compiled}
