#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compiles the kernels for GPUs that are not present, with the very source and options that gradus would pass, and prints
what they need of the hardware. Usage: gpu_compile.py GPU_PROGRAMS [--gpus h100,mi250] [--files layered/bias.cl]

GPU_PROGRAMS is tests/gpu/gpu_programs.c, which lists the programs and launches. The exit status is 1 if, for any kernel,
  - a compiler refuses it;
  - a loop accesses spilled registers (machine_code.py says what a loop is);
  - fewer work-groups fit on a unit than its plan assumes: those of RESIDENT, which are launched all at once, and LEAST.
It is 77 if there are no faults, but for no target there is a compiler that says what a kernel needs. Needed: clang-19 and
libclc-19; ptxas of a CUDA toolkit, without which PTX is all that can be had for NVIDIA's; and ocloc of intel-opencl-icd.
"""
import argparse
import concurrent.futures
import os
import subprocess
import sys
import tempfile

import compilers

# Kernels whose plan launches as many work-groups as run at the same time.
RESIDENT = {"fused_gpu_pass", "fused_gpu_forward"}
# Kernels whose groups must hide each other's waiting, and how many that are.
LEAST = {"product_tensor": 2}

COLUMNS = ("kernel", "network", "items", "groups", "regs", "spills", "in loops", "arrays", "local", "fit", "planned")


# ---- What gradus builds and launches ----

def list_programs(tool, folder, gpus):
    """Those of all GPUs, or of some. Programs by number, each with its launches: {(kernel, work-items): {"groups": most, "networks": [...]}}."""
    programs = {}
    launches = []
    command = [tool, "list", folder, *gpus]
    for line in subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout.splitlines():
        kind, *fields = line.split("\t")
        if kind == "program":
            number, gpu, target, first_line, options = fields
            programs[number] = {"gpu": gpu, "target": target, "file": first_line.split('"')[1].removeprefix("kernels/"),
                                "options": options, "path": f"{folder}/{number}.cl", "launches": {}, "items": {}}
        else:
            launches.append(fields)
    for _, network, batch, engine, number, kernel, items, groups, units, _ in launches:
        launch = programs[number]["launches"].setdefault((kernel, int(items)), {"groups": 0, "networks": []})
        launch["groups"], launch["units"] = max(launch["groups"], int(groups)), int(units)
        name = f"{network} {engine}" + (f", {batch}" if batch != "0" else "")
        if name not in launch["networks"]:
            launch["networks"].append(name)
        programs[number]["items"][kernel] = int(items)
    return programs


# ---- Results ----

def compile_all(programs):
    """The results of each program by number: by kernel, or the compiler's error."""
    def one(program):
        try:
            return compilers.compile_program(program, program["target"])
        except compilers.CompileError as error:
            return error
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        return dict(zip(programs, pool.map(one, programs.values())))


def rows_of(program, result):
    """A row for each launched kernel, and for those that were not launched."""
    launched = {kernel for kernel, _ in program["launches"]}
    cases = [*program["launches"].items(), *(((kernel, None), None) for kernel in result if kernel not in launched)]
    for (kernel, items), launch in cases:
        if kernel not in result:
            yield {"gpu": program["gpu"], "kernel": kernel, "fault": "is not in the program"}
            continue
        row = {"gpu": program["gpu"], "kernel": kernel, "items": items, "fault": None, **result[kernel]}
        if launch:
            row["network"] = launch["networks"][0] + (f" and {len(launch['networks']) - 1} more"
                                                      if len(launch["networks"]) > 1 else "")
            row["groups"] = launch["groups"]
            if kernel in RESIDENT:
                row["planned"] = -(-launch["groups"] // launch["units"])
            if kernel in LEAST:
                row["planned"] = LEAST[kernel]
        yield row


def add_occupancy(tool, rows):
    asked = [r for r in rows if r.get("items") and "registers" in r]
    lines = "".join(f"{r['gpu']} {r['items']} {r['registers']} {r['local']}\n" for r in asked)
    answers = subprocess.run([tool, "occupancy"], input=lines, capture_output=True, text=True, check=True).stdout.split()
    for row, answer in zip(asked, answers, strict=True):
        row["fit"] = int(answer)


def find_fault(row):
    """What is wrong with a row; None: nothing."""
    if row["fault"]:
        return row["fault"]
    if row.get("inside"):
        return f"spills {row['spills']} bytes, with {row['inside']} accesses in loops"
    if "fit" in row and row["fit"] < row.get("planned", 1):
        return f"{row['fit']} work-groups fit, {row.get('planned', 1)} were planned"
    return None


# ---- The table ----

def text(row, column):
    keys = {"regs": "registers", "in loops": "inside"}
    value = row.get(keys.get(column, column))
    return "-" if value is None else str(value)


def print_table(programs, rows):
    widths = [max(len(c), *(len(text(r, c)) for r in rows)) for c in COLUMNS]
    line = lambda cells: "  ".join(c.ljust(w) if i < 2 else c.rjust(w) for i, (c, w) in enumerate(zip(cells, widths)))
    targets = {p["gpu"]: p["target"] for p in programs.values()}
    for gpu, target in targets.items():
        print(f"\n{gpu} ({target})\n{line(COLUMNS)}")
        for row in rows:
            if row["gpu"] == gpu:
                print(line([text(row, c) for c in COLUMNS]) + (f"  FAULT: {row['fault']}" if row["fault"] else ""))


def select(programs, arguments):
    chosen = {}
    for number, program in programs.items():
        missing = compilers.missing_for(program["target"])
        if not missing and (not arguments.files or program["file"] in arguments.files.split(",")):
            chosen[number] = program
    return chosen


def report_missing(programs):
    for target in sorted({p["target"] for p in programs.values()}):
        missing = compilers.missing_for(target)
        if missing:
            print(f"{target}: there is no {missing}: skipped")
    if not compilers.find_ptxas():
        print("There is no ptxas (CUDA toolkit): for NVIDIA's GPUs only PTX is made, without registers and spills.")


def main():
    parser = argparse.ArgumentParser(description="Compiles the kernels for GPUs that are not present.")
    parser.add_argument("tool", metavar="GPU_PROGRAMS")
    parser.add_argument("--gpus", help="only these, with commas in between")
    parser.add_argument("--files", help="only these files of kernels/")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="gradus-gpu-") as folder:
        programs = list_programs(arguments.tool, folder, arguments.gpus.split(",") if arguments.gpus else [])
        report_missing(programs)
        chosen = select(programs, arguments)
        if not chosen:
            print("nothing to compile: skipped")
            return 77
        rows, faults = [], []
        for number, result in compile_all(chosen).items():
            if isinstance(result, compilers.CompileError):
                faults.append(f"{chosen[number]['gpu']}: {chosen[number]['file']}: {result}")
            else:
                rows += rows_of(chosen[number], result)
    add_occupancy(arguments.tool, rows)
    for row in rows:
        row["fault"] = find_fault(row)
        if row["fault"]:
            faults.append(f"{row['gpu']}: {row['kernel']} ({row.get('network', 'not launched')}): {row['fault']}")
    if rows:
        print_table(chosen, rows)
    print(f"\n{len(chosen)} programs, {len(rows)} kernels, {len(faults)} faults")
    print("".join(f"  {fault}\n" for fault in faults), end="")
    measured = any("registers" in row for row in rows)
    return 1 if faults else 0 if measured else 77


if __name__ == "__main__":
    sys.exit(main())
