# SPDX-License-Identifier: Apache-2.0
"""scikit-learn with mini-batches: partial_fit of MLPClassifier is an epoch. The fastest number of threads is used."""
import os
import time
import warnings

import numpy as np
from sklearn.neural_network import MLPClassifier
from threadpoolctl import threadpool_limits

from work import CLASSES

warnings.filterwarnings("ignore", module="sklearn")

chosen = {}  # number of threads for each kind of work


class Mlp:
    def __init__(self, work):
        self.X = work.pixels.astype(np.float32) / 255  # (B x F)
        self.labels = work.labels
        self.test = None if work.test_pixels is None else (work.test_pixels.astype(np.float32) / 255, work.test_labels)
        kind = work.hidden, work.batch, work.optimizer
        if kind not in chosen:
            chosen[kind] = min({1, int(os.environ["OMP_NUM_THREADS"])}, key=lambda count: self.try_out(work, count))
        self.begin(work, chosen[kind])
        self.about = {"chosen": f"{chosen[kind]} thread(s)"}

    def begin(self, work, threads):
        self.threads = threads
        self.model = MLPClassifier([work.hidden], solver=work.optimizer, batch_size=work.batch, alpha=0,
                                   learning_rate_init=work.learning_rate, momentum=0, nesterovs_momentum=False)
        some = np.concatenate([np.flatnonzero(self.labels == c)[:1] for c in range(CLASSES)])
        self.model.partial_fit(self.X[some], self.labels[some], classes=np.arange(CLASSES))  # makes the parameters
        W1, b1, W2, b2 = work.parameters(np.float32)
        for ours, theirs in zip((W1.T, W2.T, b1, b2), self.model.coefs_ + self.model.intercepts_):
            theirs[...] = ours  # in place, since the optimizer keeps these arrays
        self.forget_moments()

    def forget_moments(self):
        optimizer = self.model._optimizer
        if hasattr(optimizer, "ms"):  # Adam's
            optimizer.t = 0
            for moment in optimizer.ms + optimizer.vs:
                moment[...] = 0

    def try_out(self, work, threads):
        self.begin(work, threads)
        start = time.perf_counter()
        self.step()
        return time.perf_counter() - start

    def step(self):
        with threadpool_limits(self.threads):
            self.model.partial_fit(self.X, self.labels)

    def loss(self):
        probabilities = self.model.predict_proba(self.X)[np.arange(len(self.labels)), self.labels]
        return float(-np.mean(np.log(probabilities)))

    def accuracy(self):
        pixels, labels = self.test
        return float(np.mean(self.model.predict(pixels) == labels))


PEERS = {"sklearn": Mlp}
