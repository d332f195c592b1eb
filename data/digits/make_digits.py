#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes the four IDX files of the data set `digits` from OpenCV's digits.png.

Usage: make_digits.py digits.png [FOLDER]

The image has 100 x 50 cells of 20 x 20 pixels, white on black: five rows of cells for each digit, 0 first. Needs numpy
and Pillow.
"""
import pathlib
import struct
import sys
import zlib

import numpy as np
from PIL import Image

CELL, SIDE = 20, 28
TEST_PER_DIGIT = 50
SEED = 1


def cut_cells(path):
    """The cells (5000 x 20 x 20), row after row, and the digit that each shows (5000)."""
    sheet = np.asarray(Image.open(path))
    if sheet.shape != (50 * CELL, 100 * CELL) or sheet.dtype != np.uint8:
        sys.exit(f"{path}: found {sheet.shape} {sheet.dtype}, expected (1000, 2000) uint8")
    cells = sheet.reshape(50, CELL, 100, CELL).swapaxes(1, 2).reshape(-1, CELL, CELL)
    return cells, np.repeat(np.arange(10, dtype=np.uint8), 500)


def place(cell):
    """The cell in a black 28 x 28 image, moved by whole pixels until its centre of mass is nearest to the centre."""
    mass = cell.astype(float)
    top, left = (
        int(np.rint((SIDE - 1) / 2 - (mass.sum(axis=1 - axis) @ np.arange(CELL)) / mass.sum())) for axis in (0, 1)
    )
    if not (0 <= top <= SIDE - CELL and 0 <= left <= SIDE - CELL):
        sys.exit(f"a cell would have to move to row {top}, column {left}, and lose pixels")
    image = np.zeros((SIDE, SIDE), np.uint8)
    image[top : top + CELL, left : left + CELL] = cell
    return image


def split(labels):
    """Indices of the training and of the test samples, shuffled; each part has the same number of every digit."""
    random = np.random.RandomState(SEED)  # its numbers never change, those of default_rng() may
    order = random.permutation(len(labels))
    test = np.concatenate([order[labels[order] == digit][:TEST_PER_DIGIT] for digit in range(10)])
    in_test = np.isin(order, test)
    # Shuffled again: the test part took its samples from the beginning of `order`.
    return random.permutation(order[~in_test]), random.permutation(order[in_test])


def write_idx(path, array):
    """An IDX file of bytes, gzipped without name and time, so that the same input gives the same file."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    header = struct.pack(f">{1 + array.ndim}I", 0x800 + array.ndim, *array.shape)
    path.write_bytes(packer.compress(header + array.tobytes()) + packer.flush())


def main():
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    folder = pathlib.Path(sys.argv[2] if len(sys.argv) == 3 else pathlib.Path(__file__).parent)
    cells, labels = cut_cells(sys.argv[1])
    images = np.stack([place(cell) for cell in cells])
    for name, part in zip(("train", "t10k"), split(labels)):
        write_idx(folder / f"{name}-images-idx3-ubyte.gz", images[part])
        write_idx(folder / f"{name}-labels-idx1-ubyte.gz", labels[part])


main()
