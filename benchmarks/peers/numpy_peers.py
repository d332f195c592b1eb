# SPDX-License-Identifier: Apache-2.0
"""NumPy: as in the well-known notebook, written for speed, and with SciPy's sparse matrices."""
import time

import numpy as np
import scipy.sparse

from work import CLASSES, LEARNING_RATE, require_zeros

# ---- float64, as in the notebook ----


def one_hot(Y):
    one_hot_Y = np.zeros((Y.size, CLASSES))
    one_hot_Y[np.arange(Y.size), Y] = 1
    return one_hot_Y.T


class NotebookFloat64:
    """One column per sample. Corrected: the bias gradients, which are sums over samples only, the divisor, and the
    softmax, which cannot overflow. Added: the loss, which the notebook does not compute."""

    def __init__(self, work):
        self.X = work.pixels.T / 255.0  # (F x B)
        self.Y = work.labels
        self.W1, b1, self.W2, b2 = work.parameters(np.float64)
        self.b1, self.b2 = b1[:, None], b2[:, None]

    def forward(self):
        Z1 = self.W1.dot(self.X) + self.b1  # (H x B)
        A1 = np.maximum(Z1, 0)
        Z2 = self.W2.dot(A1) + self.b2  # (C x B)
        shifted = Z2 - Z2.max(axis=0)
        exponentials = np.exp(shifted)
        sums = sum(exponentials)
        A2 = exponentials / sums
        loss = np.mean(np.log(sums) - shifted[self.Y, np.arange(self.Y.size)])
        return Z1, A1, A2, loss

    def backward(self, Z1, A1, A2):
        m = self.Y.size
        dZ2 = A2 - one_hot(self.Y)
        dW2 = 1 / m * dZ2.dot(A1.T)
        db2 = 1 / m * np.sum(dZ2, axis=1, keepdims=True)
        dZ1 = self.W2.T.dot(dZ2) * (Z1 > 0)
        dW1 = 1 / m * dZ1.dot(self.X.T)
        db1 = 1 / m * np.sum(dZ1, axis=1, keepdims=True)
        return dW1, db1, dW2, db2

    def step(self):
        Z1, A1, A2, _ = self.forward()
        dW1, db1, dW2, db2 = self.backward(Z1, A1, A2)
        self.W1 = self.W1 - LEARNING_RATE * dW1
        self.b1 = self.b1 - LEARNING_RATE * db1
        self.W2 = self.W2 - LEARNING_RATE * dW2
        self.b2 = self.b2 - LEARNING_RATE * db2

    def loss(self):
        return float(self.forward()[-1])


# ---- float32, written for speed ----


class Float32:
    """One column per sample, each row of X contiguous: OpenBLAS multiplies that fastest, and short columns need no
    loops of their own. No one-hot matrix; results overwrite what is no longer needed."""

    def __init__(self, work):
        self.W1, b1, self.W2, b2 = work.parameters(np.float32)
        self.b1, self.b2 = b1[:, None], b2[:, None]
        self.entries = work.labels, np.arange(work.samples)  # of the labels in a C x B matrix
        self.take_pixels(np.ascontiguousarray(work.pixels.T).astype(np.float32) / 255)

    def take_pixels(self, X):
        self.X = X  # (F x B)

    def first_layer(self):
        """W1 X (H x B)"""
        return self.W1 @ self.X

    def first_gradient(self, dZ1):
        """dZ1 X^T (H x F)"""
        return dZ1 @ self.X.T

    def forward(self):
        A1 = self.first_layer()
        A1 += self.b1
        np.maximum(A1, 0, out=A1)
        Z2 = self.W2 @ A1  # (C x B)
        Z2 += self.b2
        Z2 -= Z2.max(axis=0)
        logits = Z2[self.entries]
        A2 = np.exp(Z2, out=Z2)
        sums = A2.sum(axis=0)
        A2 /= sums
        return A1, A2, np.mean(np.log(sums) - logits)

    def step(self):
        A1, dZ2, _ = self.forward()
        dZ2[self.entries] -= 1
        dZ2 /= A1.shape[1]
        dZ1 = self.W2.T @ dZ2  # (H x B)
        dZ1 *= A1 > 0
        self.W2 -= LEARNING_RATE * (dZ2 @ A1.T)
        self.b2 -= LEARNING_RATE * dZ2.sum(axis=1, keepdims=True)
        self.W1 -= LEARNING_RATE * self.first_gradient(dZ1)
        self.b1 -= LEARNING_RATE * dZ1.sum(axis=1, keepdims=True)

    def loss(self):
        return float(self.forward()[-1])


# ---- float32, X as a sparse matrix ----


def fastest(matrices, columns):
    """Of equal matrices in several formats, the one that multiplies a dense matrix of `columns` columns fastest."""
    dense = np.ones((matrices[0].shape[1], columns), np.float32)

    def seconds(matrix):
        start = time.perf_counter()
        matrix @ dense
        return time.perf_counter() - start

    return min(matrices, key=seconds)


class ScipySparse(Float32):
    """X and X^T each as CSR or CSC, whichever is faster. SciPy's sparse products use one thread."""

    def __init__(self, work):
        require_zeros(work.pixels)
        super().__init__(work)

    def take_pixels(self, X):
        csr, csc = scipy.sparse.csr_array(X), scipy.sparse.csc_array(X)
        hidden = self.W1.shape[0]
        self.X = fastest([csr, csc], hidden)  # (F x B)
        self.X_transposed = fastest([csr.T, csc.T], hidden)  # (B x F)

    def first_layer(self):
        return np.ascontiguousarray((self.X_transposed @ self.W1.T).T)

    def first_gradient(self, dZ1):
        return (self.X @ dZ1.T).T


PEERS = {"numpy-float64": NotebookFloat64, "numpy-float32": Float32, "scipy-sparse": ScipySparse}
