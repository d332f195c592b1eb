#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Full-batch gradient descent on a 784-10-10 network in NumPy float64: the equations, and nothing else.

Writes the golden files that the engines are compared with; README.md has the commands.
X (F x B), Z1, A1 (H x B), Z2, A2, Y (C x B): one column per sample. W1 (H x F), b1 (H x 1), W2 (C x H), b2 (C x 1).
"""
import argparse
import gzip
import json
import os

import numpy as np
from safetensors.numpy import load_file, save_file

F, H, C = 784, 10, 10
LEARNING_RATE = 0.1


def read_idx(path):
    """The bytes of a gzipped IDX file, in the shape that its header gives."""
    with gzip.open(path) as file:
        data = file.read()
    dimensions = data[3]
    shape = np.frombuffer(data, ">u4", dimensions, offset=4)
    return np.frombuffer(data, np.uint8, offset=4 + 4 * dimensions).reshape(shape)


def read_samples(folder, samples):
    """The first samples of the training part in file order: X (F x B) in 0..1, labels (B)."""
    images = read_idx(os.path.join(folder, "train-images-idx3-ubyte.gz"))[:samples]
    labels = read_idx(os.path.join(folder, "train-labels-idx1-ubyte.gz"))[:samples]
    return images.reshape(len(images), F).T / 255.0, labels


def draw_parameters():
    """Every parameter from U(-0.5, 0.5), rounded to float32 so that all engines start from the same numbers."""
    random = np.random.default_rng(1)
    shapes = {"fc1.weight": (H, F), "fc1.bias": (H,), "fc2.weight": (C, H), "fc2.bias": (C,)}
    return {name: random.uniform(-0.5, 0.5, shape).astype(np.float32) for name, shape in shapes.items()}


def forward(parameters, X):
    Z1 = parameters["fc1.weight"] @ X + parameters["fc1.bias"][:, None]
    A1 = np.maximum(Z1, 0)
    Z2 = parameters["fc2.weight"] @ A1 + parameters["fc2.bias"][:, None]
    shifted = Z2 - Z2.max(axis=0)
    log_A2 = shifted - np.log(np.exp(shifted).sum(axis=0))
    return Z1, A1, log_A2


def gradient(parameters, X, Y, Z1, A1, log_A2):
    B = X.shape[1]
    dZ2 = np.exp(log_A2) - Y
    dZ1 = (parameters["fc2.weight"].T @ dZ2) * (Z1 > 0)
    return {"fc1.weight": dZ1 @ X.T / B, "fc1.bias": dZ1.sum(axis=1) / B,
            "fc2.weight": dZ2 @ A1.T / B, "fc2.bias": dZ2.sum(axis=1) / B}


def train(parameters, X, labels, iterations):
    """Returns loss and accuracy before update 0, 100, 200, ..., and the last one, those at the end, and gradient 0."""
    reported = {*range(0, iterations, 100), iterations - 1, iterations}
    Y = np.eye(C)[labels].T
    loss, accuracy, first_gradient = {}, {}, None
    for i in range(iterations + 1):
        Z1, A1, log_A2 = forward(parameters, X)
        if i in reported:
            loss[i] = -(log_A2 * Y).sum() / len(labels)
            accuracy[i] = float((log_A2.argmax(axis=0) == labels).mean())
            print(f"iteration {i}: loss {loss[i]:.6f}, accuracy {accuracy[i]:.4f}")
        if i == iterations:
            break
        slope = gradient(parameters, X, Y, Z1, A1, log_A2)
        first_gradient = first_gradient or slope
        parameters = {name: value - LEARNING_RATE * slope[name] for name, value in parameters.items()}
    return loss, accuracy, first_gradient


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", help="folder with the gzipped IDX files of the set")
    parser.add_argument("set", help="name of the set: the files written are SET.json and SET-gradient.safetensors")
    parser.add_argument("--samples", type=int, required=True)
    parser.add_argument("--iterations", type=int, default=500)
    parser.add_argument("--initial", required=True, help="initial parameters; drawn and written if there are none")
    arguments = parser.parse_args()

    if not os.path.exists(arguments.initial):
        save_file(draw_parameters(), arguments.initial)
    initial = {name: value.astype(np.float64) for name, value in load_file(arguments.initial).items()}
    X, labels = read_samples(arguments.folder, arguments.samples)
    loss, accuracy, first_gradient = train(initial, X, labels, arguments.iterations)

    save_file({name: value.astype(np.float32) for name, value in first_gradient.items()},
              f"{arguments.set}-gradient.safetensors")
    with open(f"{arguments.set}.json", "w", encoding="ascii") as file:
        json.dump({"samples": len(labels), "iterations": arguments.iterations, "learning_rate": LEARNING_RATE,
                   "loss": loss, "accuracy": accuracy}, file, indent=2)
        file.write("\n")


if __name__ == "__main__":
    main()
