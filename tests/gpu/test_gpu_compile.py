#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""gpu_compile.py must find what it is for: a kernel that spills in a loop, one that no compiler takes, and plans for more
work-groups than fit. Usage: test_gpu_compile.py GPU_PROGRAMS"""
import os
import pathlib
import subprocess
import sys
import tempfile

import compilers
import gpu_compile
import machine_code

FOLDER = pathlib.Path(__file__).parent
ROOT = FOLDER.parents[1]
FILE = "layered/softmax.cl"
# Targets, and more sums than a work-item there has registers.
GPUS = {"h100": ("sm_90", 300), "mi250": ("gfx90a", 600), "rx7900": ("gfx1100", 300), "a770": ("dg2", 150),
        "irisxe": ("tgllp", 150)}

SPILLING = """
kernel void spilling(global float *a, int n)
{
    float sums[SUMS];
    __attribute__((opencl_unroll_hint(SUMS))) for (int i = 0; i < SUMS; i++)
        sums[i] = a[i * 64 + get_local_id(0)];
    for (int step = 0; step < n; step++)
        __attribute__((opencl_unroll_hint(SUMS))) for (int i = 0; i < SUMS; i++)
            sums[i] = mad(sums[i], a[step], a[step + i]);
    __attribute__((opencl_unroll_hint(SUMS))) for (int i = 0; i < SUMS; i++)
        a[i * 64 + get_local_id(0)] = sums[i];
}
"""


def gate(tool, gpu, more):
    """Status and output for the file with `more` at its end."""
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder, FILE)
        path.parent.mkdir()
        path.write_text((ROOT / "kernels" / FILE).read_text() + more)
        done = subprocess.run([sys.executable, FOLDER / "gpu_compile.py", tool, "--gpus", gpu, "--files", FILE],
                              capture_output=True, text=True, check=False,
                              env={**os.environ, "GRADUS_KERNEL_DIR": folder})
        return done.returncode, done.stdout + done.stderr


def expect(condition, what, output=""):
    if not condition:
        sys.exit(f"{output}\n{what}")


def test_compilers(tool):
    """The number of GPUs whose compilers are here."""
    count = 0
    for gpu, (target, sums) in GPUS.items():
        if compilers.missing_for(target) or target.startswith("sm_") and not compilers.find_ptxas():
            print(f"{gpu}: no compiler: skipped")
            continue
        count += 1
        status, output = gate(tool, gpu, "")
        expect(status == 0, f"{gpu}: the file itself has faults", output)
        status, output = gate(tool, gpu, SPILLING.replace("SUMS", str(sums)))
        expect(status == 1 and f"{gpu}: spilling (not launched): spills" in output, f"{gpu}: spills are not found", output)
        status, output = gate(tool, gpu, "kernel void wrong(global float *a) { a[0] = unknown; }\n")
        expect(status == 1 and f"{gpu}: {FILE}: " in output, f"{gpu}: an error is not found", output)
    return count


def test_loops():
    """A loop from 1 to 3 with an access in it, one before it and one after it."""
    code = [(0, True, []), (1, False, []), (2, True, []), (3, False, [1]), (4, True, [])]
    expect(machine_code.count_accesses(code) == (1, 2), "a loop is not found")
    code[3] = (3, False, [4])
    expect(machine_code.count_accesses(code) == (0, 3), "a loop is found where there is none")
    nested = [(0, False, []), (1, True, []), (2, False, [2]), (3, False, [1]), (4, True, [])]
    expect(machine_code.count_accesses(nested) == (1, 1), "an outer loop is not found")


def test_faults():
    row = {"fault": None, "spills": 8, "inside": 0, "fit": 2, "planned": 2}
    expect(gpu_compile.find_fault(row) is None, "a fault is found where there is none")
    expect("2 were planned" in gpu_compile.find_fault({**row, "fit": 1}), "too few work-groups are not found")
    expect("in loops" in gpu_compile.find_fault({**row, "inside": 1}), "a spill is not found")


if __name__ == "__main__":
    test_loops()
    test_faults()
    sys.exit(0 if test_compilers(sys.argv[1]) > 0 else 77)
