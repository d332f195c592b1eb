# SPDX-License-Identifier: Apache-2.0
"""NumPy with mini-batches, in float32 and without needless copies."""
import numpy as np

BETA1, BETA2, EPSILON = 0.9, 0.999, 1e-8


class Float32:
    """One row per sample, as the samples of a batch are gathered."""

    def __init__(self, work):
        self.random = np.random.default_rng(2)
        self.batch, self.adam, self.learning_rate = work.batch, work.optimizer == "adam", work.learning_rate
        self.X = work.pixels.astype(np.float32) / 255  # (B x F)
        self.labels = work.labels
        self.test = work.test_pixels, work.test_labels
        self.parameters = work.parameters(np.float32)
        self.moments = [(np.zeros_like(p), np.zeros_like(p)) for p in self.parameters]
        self.steps = 0

    def forward(self, X):
        W1, b1, W2, b2 = self.parameters
        A1 = X @ W1.T
        A1 += b1
        np.maximum(A1, 0, out=A1)
        Z2 = A1 @ W2.T
        Z2 += b2
        return A1, Z2

    def gradients(self, X, labels):
        A1, dZ2 = self.forward(X)
        dZ2 -= dZ2.max(axis=1, keepdims=True)
        np.exp(dZ2, out=dZ2)
        dZ2 /= dZ2.sum(axis=1, keepdims=True)
        dZ2[np.arange(len(labels)), labels] -= 1
        dZ2 /= np.float32(len(labels))
        dZ1 = dZ2 @ self.parameters[2]
        dZ1 *= A1 > 0
        return dZ1.T @ X, dZ1.sum(axis=0), dZ2.T @ A1, dZ2.sum(axis=0)

    def update(self, gradients):
        self.steps += 1
        rate = self.learning_rate
        if not self.adam:
            for parameter, gradient in zip(self.parameters, gradients):
                gradient *= np.float32(rate)
                parameter -= gradient
            return
        rate *= np.sqrt(1 - BETA2 ** self.steps) / (1 - BETA1 ** self.steps)
        for parameter, gradient, (first, second) in zip(self.parameters, gradients, self.moments):
            first += (1 - BETA1) * (gradient - first)
            gradient *= gradient
            second += (1 - BETA2) * (gradient - second)
            parameter -= np.float32(rate) * first / (np.sqrt(second) + EPSILON)

    def step(self):
        order = self.random.permutation(len(self.X))
        for first in range(0, len(order), self.batch):
            picked = order[first:first + self.batch]
            self.update(self.gradients(self.X[picked], self.labels[picked]))

    def loss(self):
        Z2 = self.forward(self.X)[1].astype(np.float64)
        Z2 -= Z2.max(axis=1, keepdims=True)
        return float(np.mean(np.log(np.exp(Z2).sum(axis=1)) - Z2[np.arange(len(Z2)), self.labels]))

    def accuracy(self):
        pixels, labels = self.test
        return float(np.mean(self.forward(pixels.astype(np.float32) / 255)[1].argmax(axis=1) == labels))


PEERS = {"numpy": Float32}
