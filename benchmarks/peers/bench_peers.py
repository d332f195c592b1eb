#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Measures gradus and what its users might take instead, side by side: the same work, data and number of threads.

All start from the same weights and must have the same loss before the first and after the third iteration, or they
are refused. Then they take turns, round after round, so that what else the machine does hits all alike.
"""
import argparse
import json
import math
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import machine
import report
from measured import MODULES, Gradus, Peer
from numpy_peers import NotebookFloat64
from work import (CHECK_ITERATIONS, CLASSES, DATA_SETS, SAMPLES, Data, Unavailable, Work, check_losses, density,
                  draw_weights, open_data, save_safetensors)

ROOT = Path(__file__).resolve().parents[2]
MINIMUM_ITERATIONS = 3
PAUSE_SECONDS = 0.05  # between measurements: OpenBLAS' threads go to sleep only some time after their work


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


def make_cell(data, hidden, scratch):
    work = Work(data.pixels, data.labels, draw_weights(data.pixels.shape[1], hidden))
    cell = Cell(data, hidden, work, scratch / "work.npz", scratch / "initial.safetensors")
    work.save(cell.work_file)
    save_safetensors(cell.model_file, work.weights)
    return cell


def expected_losses(work):
    """What all must agree with: the notebook's float64."""
    reference = NotebookFloat64(work)
    losses = [reference.loss()]
    for _ in range(CHECK_ITERATIONS):
        reference.step()
    return losses + [reference.loss()]


def choose_iterations(program, seconds_wanted):
    """How many iterations take about that long; found by trying ever more."""
    iterations = MINIMUM_ITERATIONS
    seconds = program.measure(iterations)
    while seconds < seconds_wanted / 4:
        iterations = math.ceil(iterations * min(seconds_wanted / seconds, 30))
        seconds = program.measure(iterations)
    return max(MINIMUM_ITERATIONS, math.ceil(iterations * seconds_wanted / seconds))


def prepare(cell, programs, arguments):
    """Checks and warms up. Returns the iterations of a measurement by program, and why others are left out."""
    expected = expected_losses(cell.work)
    iterations, unavailable = {}, {}
    for program in programs:
        say(f"  preparing {program.name}")
        try:
            losses, tolerance = program.prepare(cell)
            check_losses(losses, expected, tolerance)
            iterations[program] = choose_iterations(program, arguments.seconds)
        except Unavailable as reason:
            say(f"  {program.name} is left out: {reason}")
            unavailable[program.name] = str(reason)
    return iterations, unavailable


# ---- Measuring ----


def measure_rounds(iterations, rounds, unavailable):
    """Seconds an iteration, one sample for each round, by program; taken in turns. What fails leaves the race."""
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
    say(f"{cell.data.name}, {cell.hidden} hidden units:")
    iterations, unavailable = prepare(cell, programs, arguments)
    samples = measure_rounds(iterations, arguments.rounds, unavailable)
    base_seconds = samples.get(programs[0])
    return {
        "data": cell.data.name, "density": density(cell.data.pixels), "features": cell.work.features,
        "hidden": cell.hidden, "classes": CLASSES,
        "measured": {program.name: summarise(program, iterations[program], seconds, base_seconds)
                     for program, seconds in samples.items()},
        "unavailable": unavailable,
    }


# ---- The whole ----


def measure_all(results, programs, arguments, scratch):
    """Fills `results` cell by cell and writes them after each, so that an interrupted run leaves what it has."""
    for name in arguments.data:
        try:
            data = open_data(name, scratch)
        except Unavailable as reason:
            say(f"{name} is left out: {reason}")
            results["unavailable_data"][name] = str(reason)
            continue
        for hidden in arguments.hidden:
            cell = make_cell(data, hidden, scratch)
            results["cells"].append(measure_cell(cell, programs, arguments))
            arguments.out.write_text(json.dumps(results, indent=1) + "\n")


def make_programs(arguments, gpu):
    """What is to be measured; the first one is what the others are compared with."""
    peers = arguments.peers or [name for name in MODULES if gpu or "cuda" not in name]
    engines = [Gradus(arguments.gradus, name, arguments.device, arguments.threads) for name in arguments.engines]
    return engines + [Peer(name, arguments.threads) for name in peers]


def parse_arguments():
    def names(known):
        def split(text):
            unknown = [name for name in text.split(",") if known and name not in known]
            if unknown:
                raise argparse.ArgumentTypeError(f"found {unknown[0]}, expected some of {', '.join(known)}")
            return text.split(",")
        return split

    def numbers(text):
        return [int(number) for number in text.split(",")]

    parser = argparse.ArgumentParser(prog="./dev bench-peers", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hidden", type=numbers, metavar="LIST", help="hidden units (10,32,128,512)")
    parser.add_argument("--data", type=names(DATA_SETS), metavar="LIST", help=",".join(DATA_SETS))
    parser.add_argument("--peers", type=names(MODULES), metavar="LIST", help=", ".join(MODULES))
    parser.add_argument("--engines", type=names(None), default=["auto", "blas"], metavar="LIST",
                        help="engines of gradus (auto,blas); ratios are to the first")
    parser.add_argument("--device", help="OpenCL device, as for `gradus train`")
    parser.add_argument("--threads", type=int, default=machine.cores(), help="for all alike (all cores)")
    parser.add_argument("--rounds", type=int, help="samples of each figure (5)")
    parser.add_argument("--seconds", type=float, help="length of one measurement (0.7), three iterations at least")
    parser.add_argument("--name", help="of the results file, NAME.json (from CPU and GPU)")
    parser.add_argument("--quick", action="store_true", help="two widths, no fashion-mnist, two short rounds")
    parser.add_argument("--gradus", default=ROOT / "build/release/bin/gradus", help="the program")
    arguments = parser.parse_args()
    usual = {"hidden": [10, 32, 128, 512], "data": list(DATA_SETS), "rounds": 5, "seconds": 0.7}
    quick = {"hidden": [10, 128], "data": ["mnist", "dense"], "rounds": 2, "seconds": 0.2}
    for option, value in (quick if arguments.quick else usual).items():
        if getattr(arguments, option) is None:
            setattr(arguments, option, value)
    return arguments


def main():
    arguments = parse_arguments()
    gpu = machine.cuda_gpu()
    arguments.out = ROOT / "benchmarks/results" / f"{arguments.name or machine.default_name(gpu)}.json"
    arguments.out.parent.mkdir(exist_ok=True)
    programs = make_programs(arguments, gpu)
    results = {"machine": machine.describe(arguments.gradus, gpu), "samples": SAMPLES, "threads": arguments.threads,
               "rounds": arguments.rounds, "seconds_per_sample": arguments.seconds, "base": programs[0].name,
               "unavailable_data": {}, "cells": []}
    load = results["machine"]["load_average_before"]
    if load > 0.5:
        say(f"The machine is busy (load {load:.1f}): these figures will mislead.")
    with tempfile.TemporaryDirectory(prefix="gradus-peers-") as scratch:
        measure_all(results, programs, arguments, Path(scratch))
    for program in programs:
        program.close()
    report.show(results)
    say(f"\nwritten: {arguments.out.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
