# SPDX-License-Identifier: Apache-2.0
"""The work that all programs do: data sets, initial weights, and the losses that prove that it is the same work.

A step of the work is one full-batch iteration (forward, loss, backward and update). With mini-batches it is one epoch:
all samples in the program's own order, `batch` samples per update, the last one with the rest.
F features, H hidden units, C classes, B samples. Pixels are bytes, which the network gets as byte / 255.
W1 (H x F), b1 (H), W2 (C x H), b2 (C), as in PyTorch.
"""
import gzip
import json
import os
import struct
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

SAMPLES = 41_000
CLASSES = 10
LEARNING_RATE = 0.1
CHECK_ITERATIONS = 3
TOLERANCE = 1e-4  # relative, of a loss; float32 rounding causes about 1e-6
EPOCH_TOLERANCE = 0.3  # of the loss after an epoch, for which each program has its own order: seeds differ by 0.1
DATA_SETS = ("mnist", "fashion-mnist", "dense")


class Unavailable(Exception):
    """A data set or peer that is not available on this machine; the text says why."""


@dataclass
class Data:
    """The training samples of one data set, and the folder where gradus finds the same samples."""

    name: str
    folder: str
    pixels: np.ndarray  # (B x F) bytes: sample after sample
    labels: np.ndarray  # (B) bytes
    test_pixels: np.ndarray = None  # the same, if the data set has a test part
    test_labels: np.ndarray = None


@dataclass
class Work:
    """The work of one measurement, as a peer gets it."""

    pixels: np.ndarray  # (B x F) bytes
    labels: np.ndarray  # (B) bytes
    weights: dict = field(default_factory=dict)  # name -> float32 array
    batch: int = 0  # samples of an update; 0: all
    optimizer: str = "sgd"  # or "adam"
    learning_rate: float = LEARNING_RATE
    test_pixels: np.ndarray = None
    test_labels: np.ndarray = None

    def __post_init__(self):
        self.samples, self.features = self.pixels.shape
        self.hidden = len(self.weights["fc1.bias"])
        self.check_steps = 1 if self.batch else CHECK_ITERATIONS

    def parameters(self, dtype):
        """Copies of W1, b1, W2, b2 for a peer to train."""
        return [self.weights[name].astype(dtype) for name in ("fc1.weight", "fc1.bias", "fc2.weight", "fc2.bias")]

    def save(self, path):
        others = {name: value for name, value in vars(self).items() if name in OTHERS and value is not None}
        np.savez(path, pixels=self.pixels, labels=self.labels, **self.weights, **others)

    @staticmethod
    def load(path):
        with np.load(path) as arrays:
            weights = {name: arrays[name] for name in arrays.files if name.startswith("fc")}
            others = {name: arrays[name] for name in arrays.files if name in OTHERS}
            others = {name: value if value.ndim else value.item() for name, value in others.items()}
            return Work(arrays["pixels"], arrays["labels"], weights, **others)


OTHERS = ("batch", "optimizer", "learning_rate", "test_pixels", "test_labels")  # other members in a Work's file


# ---- Data sets ----


def data_folders():
    """The folders in which gradus, too, searches for named data sets."""
    home = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local/share"
    folders = [os.environ.get("GRADUS_DATA_DIR"), Path(home) / "gradus", "/usr/local/share/gradus",
               "/usr/share/gradus", "/usr/share/datasets"]
    return [Path(folder) for folder in folders if folder]


def read_idx(folder, name):
    """The bytes of an IDX file, gzipped or not, in the shape that its header gives."""
    path = Path(folder) / name
    content = path.read_bytes() if path.exists() else gzip.decompress(path.with_name(name + ".gz").read_bytes())
    dimensions = content[3]
    shape = struct.unpack_from(f">{dimensions}I", content, 4)
    return np.frombuffer(content, np.uint8, offset=4 + 4 * dimensions).reshape(shape)


def write_idx(folder, name, array):
    header = struct.pack(f">BBBB{array.ndim}I", 0, 0, 8, array.ndim, *array.shape)
    (Path(folder) / name).write_bytes(header + array.tobytes())


def find_data(name):
    for folder in data_folders():
        if any((folder / name).glob("train-images-idx3-ubyte*")):
            return folder / name
    raise Unavailable(f"no folder {name} in {', '.join(map(str, data_folders()))}; `data/fetch {name}` gets it")


def make_dense(folder):
    """Random bytes without zeros, so that nothing can be skipped."""
    random = np.random.default_rng(1)
    folder.mkdir()
    write_idx(folder, "train-images-idx3-ubyte", random.integers(1, 256, (SAMPLES, 28, 28), np.uint8))
    write_idx(folder, "train-labels-idx1-ubyte", random.integers(0, CLASSES, SAMPLES, np.uint8))
    return folder


def read_part(folder, part, samples=None):
    """Pixels (B x F) and labels (B) of the first samples, or of all."""
    images = read_idx(folder, f"{part}-images-idx3-ubyte")[:samples]
    return images.reshape(len(images), -1), read_idx(folder, f"{part}-labels-idx1-ubyte")[:samples]


def open_data(name, scratch):
    """The first SAMPLES training samples of a data set; `scratch` is a folder for the generated one."""
    folder = make_dense(scratch / name) if name == "dense" else find_data(name)
    return Data(name, str(folder), *read_part(folder, "train", SAMPLES))


def open_whole(name):
    """All training and test samples of a data set."""
    folder = find_data(name)
    return Data(name, str(folder), *read_part(folder, "train"), *read_part(folder, "t10k"))


def density(pixels):
    """The share of bytes that are not zero."""
    return np.count_nonzero(pixels) / pixels.size


def require_zeros(pixels):
    """For peers that skip zeros: without zeros they would only take minutes longer."""
    if density(pixels) > 0.9:
        raise Unavailable("these data have hardly any zeros to skip")


# ---- Weights ----


def draw_weights(features, hidden, seed=1):
    """Uniform in +-1 / sqrt(inputs), PyTorch's default: no width diverges, so losses can be compared closely."""
    random = np.random.default_rng(seed)
    shapes = {"fc1.weight": (hidden, features), "fc1.bias": (hidden,),
              "fc2.weight": (CLASSES, hidden), "fc2.bias": (CLASSES,)}
    limits = {"fc1": features ** -0.5, "fc2": hidden ** -0.5}
    return {name: random.uniform(-limits[name[:3]], limits[name[:3]], shape).astype(np.float32)
            for name, shape in shapes.items()}


def save_safetensors(path, weights):
    """Writes the model file that gradus starts from: length of the header, header in JSON, all numbers."""
    header, offset = {}, 0
    for name, array in weights.items():
        header[name] = {"dtype": "F32", "shape": array.shape, "data_offsets": [offset, offset + array.nbytes]}
        offset += array.nbytes
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    numbers = b"".join(array.astype("<f4").tobytes() for array in weights.values())
    Path(path).write_bytes(struct.pack("<Q", len(text)) + text + numbers)


# ---- The same work ----


def check_losses(work, losses, expected, tolerance):
    """Raises Unavailable unless the losses before the first and after the last step of the check are as expected."""
    later = EPOCH_TOLERANCE if work.batch else tolerance
    for step, loss, truth, allowed in zip((0, work.check_steps), losses, expected, (tolerance, later)):
        if not abs(loss - truth) <= allowed * abs(truth):
            what = "epochs" if work.batch else "iterations"
            raise Unavailable(f"refused: its loss after {step} {what} is {loss:.7g}, expected {truth:.7g}")
