#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Measures gradus side by side with its alternatives: the same work, data and number of threads.

All programs start from the same weights. One whose loss before the first or after the third iteration differs is
refused. Then they take turns, round after round, so that whatever else the machine does affects all alike.

--batches measures epochs of mini-batches over all training samples. Their losses need only be similar, since each
program has its own order of the samples. --to-accuracy measures the time until the test accuracy reaches a value
(race.py). In both, each peer uses the fastest of its own methods and numbers of threads.
"""
import json
import math
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import command_line
import machine
import numpy_batches
import race
import report
from measured import Gradus, Peer
from numpy_peers import NotebookFloat64
from work import (CLASSES, LEARNING_RATE, SAMPLES, Data, Unavailable, Work, check_losses, density, draw_weights,
                  open_data, open_whole, save_safetensors)

SUFFIXES = {"full": "", "batches": "-batches", "race": "-to-accuracy"}  # of the results file
MINIMUM_ITERATIONS = 3
ADAM_RATE = 0.001
RACE_BATCH = 128
PAUSE_SECONDS = 0.05  # between measurements: OpenBLAS' threads spin for some time before they sleep


@dataclass
class Cell:
    """One data set and one network: a row of the table."""

    data: Data
    hidden: int
    work: Work
    work_file: Path  # for the peers
    model_file: Path  # for gradus


def say(text):
    print(text, file=sys.stderr, flush=True)


# ---- Preparing ----


def make_cell(data, hidden, scratch, seed=1, **how):
    weights = draw_weights(data.pixels.shape[1], hidden, seed)
    work = Work(data.pixels, data.labels, weights, **how, test_pixels=data.test_pixels, test_labels=data.test_labels)
    cell = Cell(data, hidden, work, scratch / "work.npz", scratch / "initial.safetensors")
    work.save(cell.work_file)
    save_safetensors(cell.model_file, work.weights)
    return cell


def open_cells(name, arguments, scratch):
    """A data set's rows of the table, one by one, since they share their files."""
    if not arguments.batches:
        data = open_data(name, scratch)
        yield from (make_cell(data, hidden, scratch) for hidden in arguments.hidden)
        return
    data = open_whole(name)
    rate = LEARNING_RATE if arguments.optimizer == "sgd" else ADAM_RATE
    for hidden in arguments.hidden:
        yield make_cell(data, hidden, scratch, batch=arguments.batch_size or default_batch(hidden),
                        optimizer=arguments.optimizer, learning_rate=rate)


def default_batch(hidden):
    return 32 if hidden < 32 else 128


def expected_losses(work):
    """The losses that every program must have: the notebook's in float64, or those of an epoch by NumPy."""
    reference = numpy_batches.Float32(work) if work.batch else NotebookFloat64(work)
    losses = [reference.loss()]
    for _ in range(work.check_steps):
        reference.step()
    return losses + [reference.loss()]


def choose_iterations(program, seconds_wanted, minimum):
    """The number of steps that take about `seconds_wanted`, found by trying larger and larger numbers."""
    iterations = minimum
    seconds = program.measure(iterations)
    while seconds < seconds_wanted / 4:
        iterations = math.ceil(iterations * min(seconds_wanted / seconds, 30))
        seconds = program.measure(iterations)
    return max(minimum, math.ceil(iterations * seconds_wanted / seconds))


def make_check(cell):
    """A function that warms a program up, and refuses one that does different work."""
    expected = expected_losses(cell.work)

    def check(program):
        say(f"  preparing {program.name}")
        losses, tolerance = program.prepare(cell)
        check_losses(cell.work, losses, expected, tolerance)

    return check


def prepare(cell, programs, arguments):
    """Checks and warms up. Returns the iterations of a measurement for each program, and why others are skipped."""
    check = make_check(cell)
    minimum = 1 if cell.work.batch else MINIMUM_ITERATIONS
    iterations, unavailable = {}, {}
    for program in programs:
        try:
            check(program)
            iterations[program] = choose_iterations(program, arguments.seconds, minimum)
        except Unavailable as reason:
            say(f"  {program.name} is skipped: {reason}")
            unavailable[program.name] = str(reason)
    return iterations, unavailable


# ---- Measuring ----


def measure_rounds(iterations, rounds, unavailable):
    """Seconds of an iteration, one sample per round and program; in turns. A program that fails drops out."""
    samples = {program: [] for program in iterations}
    for number in range(1, rounds + 1):
        for program in list(samples):
            time.sleep(PAUSE_SECONDS)
            try:
                samples[program].append(program.measure(iterations[program]) / iterations[program])
            except Unavailable as reason:
                say(f"  {program.name} failed: {reason}")
                unavailable[program.name] = str(reason)
                del samples[program]
        say(f"  round {number}: " + ", ".join(f"{program.name} {report.figure(1e3 * taken[-1])}"
                                              for program, taken in samples.items()))
    return samples


def summarise(program, count, seconds, base_seconds):
    milliseconds = [1e3 * sample for sample in seconds]
    row = {"median_ms": median(milliseconds), "min_ms": min(milliseconds), "max_ms": max(milliseconds),
           "iterations_per_second": 1 / median(seconds), "iterations_per_sample": count, "samples_ms": milliseconds,
           "about": program.about}
    if base_seconds:
        row["ratios"] = [sample / base for sample, base in zip(seconds, base_seconds)]
        row["ratio"] = median(row["ratios"])
    return row


def measure_cell(cell, programs, arguments):
    work = cell.work
    say(f"{cell.data.name}, {cell.hidden} hidden units" + (f", batches of {work.batch}:" if work.batch else ":"))
    iterations, unavailable = prepare(cell, programs, arguments)
    samples = measure_rounds(iterations, arguments.rounds, unavailable)
    base_seconds = samples.get(programs[0])
    return {
        "data": cell.data.name, "density": density(cell.data.pixels), "features": work.features,
        "hidden": cell.hidden, "classes": CLASSES, "batch": work.batch, "optimizer": work.optimizer,
        "learning_rate": work.learning_rate,
        "measured": {program.name: summarise(program, iterations[program], seconds, base_seconds)
                     for program, seconds in samples.items()},
        "unavailable": unavailable,
    }


# ---- The whole run ----


def write(results, path):
    path.write_text(json.dumps(results, indent=1) + "\n")


def measure_all(results, programs, arguments, scratch):
    """Fills `results` cell by cell and writes them after each, so that an interrupted run keeps its results."""
    for name in arguments.data:
        try:
            for cell in open_cells(name, arguments, scratch):
                results["cells"].append(measure_cell(cell, programs, arguments))
                write(results, arguments.out)
        except Unavailable as reason:
            say(f"{name} is skipped: {reason}")
            results["unavailable_data"][name] = str(reason)


def race_all(results, programs, arguments, scratch):
    """Fills `results` round by round and writes them after each."""
    def make(data, **how):
        return make_cell(data, arguments.hidden[0], scratch, batch=arguments.batch_size or RACE_BATCH,
                         optimizer=arguments.optimizer, **how)

    for _ in race.run(results, programs, arguments, make, make_check, say):
        write(results, arguments.out)


def make_programs(arguments, gpu):
    """The programs to measure; the others are compared with the first one."""
    peers = arguments.peers or [name for name in arguments.modules if gpu or "cuda" not in name]
    engines = [Gradus(arguments.gradus, name, arguments.device, arguments.threads) for name in arguments.engines]
    return engines + [Peer(name, arguments.modules[name], arguments.threads) for name in peers]


def describe_run(arguments, gpu, base):
    """The description of the run, before there are results."""
    common = {"machine": machine.describe(arguments.gradus, gpu), "kind": arguments.kind, "threads": arguments.threads,
              "rounds": arguments.rounds, "base": base}
    if arguments.kind == "race":
        return common | {"data": arguments.data[0], "target": arguments.to_accuracy, "hidden": arguments.hidden[0],
                         "batch": arguments.batch_size or RACE_BATCH, "optimizer": arguments.optimizer,
                         "unavailable": {}, "measured": {}}
    samples = SAMPLES if arguments.kind == "full" else "all"
    return common | {"samples": samples, "seconds_per_sample": arguments.seconds, "unavailable_data": {}, "cells": []}


def main():
    arguments = command_line.parse(__doc__)
    gpu = machine.cuda_gpu()
    name = arguments.name or machine.default_name(gpu) + SUFFIXES[arguments.kind]
    arguments.out = command_line.ROOT / "benchmarks/results" / f"{name}.json"
    arguments.out.parent.mkdir(exist_ok=True)
    programs = make_programs(arguments, gpu)
    results = describe_run(arguments, gpu, programs[0].name)
    load = results["machine"]["load_average_before"]
    if load > 0.5:
        say(f"The machine is busy (load {load:.1f}): these figures will be misleading.")
    measure = race_all if arguments.kind == "race" else measure_all
    try:
        with tempfile.TemporaryDirectory(prefix="gradus-peers-") as scratch:
            measure(results, programs, arguments, Path(scratch))
    except Unavailable as reason:
        sys.exit(f"bench-peers: {reason}")
    for program in programs:
        program.close()
    report.show(results)
    say(f"\nwritten: {arguments.out.relative_to(command_line.ROOT)}")


if __name__ == "__main__":
    main()
