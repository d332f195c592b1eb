# SPDX-License-Identifier: Apache-2.0
"""The circumstances of a figure: the machine, its devices, the versions, the commit."""
import datetime
import json
import os
import platform
import re
import subprocess
import sys


def output_of(*command):
    """The output of a command, or None if it cannot be run or fails."""
    try:
        result = subprocess.run(command, capture_output=True, text=True)
    except OSError:
        return None
    return result.stdout.strip() if result.returncode == 0 else None


def cpu_model():
    try:
        with open("/proc/cpuinfo") as file:
            found = re.search(r"^model name\s*: *(.*)$", file.read(), re.MULTILINE)
    except OSError:
        found = None
    return found.group(1).strip() if found else platform.machine()


def cores():
    """The number of cores that this process may use."""
    return len(os.sched_getaffinity(0))


def cuda_gpu():
    """The GPU that PyTorch computes on, or None. Found in a separate process, so that this one stays small."""
    code = "import torch; print(torch.cuda.get_device_name() if torch.cuda.is_available() else '')"
    return output_of(sys.executable, "-c", code) or None


def opencl_devices(gradus):
    listed = output_of(gradus, "devices", "--json")
    return json.loads(listed)["devices"] if listed else None


def commit():
    """The commit of the working tree, with a + if there are uncommitted changes."""
    git = ["git", "-C", os.path.dirname(__file__)]
    changed = output_of(*git, "status", "--porcelain", "--untracked-files=no")
    return (output_of(*git, "rev-parse", "HEAD") or "unknown") + ("+" if changed else "")


def default_name(gpu):
    """A file name made of the hardware's names, which distinguishes machines."""
    text = " ".join([cpu_model(), f"{cores()} cores", gpu or ""]).lower()
    return re.sub(r"[^a-z0-9]+", "-", re.sub(r"\((r|tm)\)|\bcpu\b|@.*hz", "", text)).strip("-")


def describe(gradus, gpu):
    return {
        "date": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
        "commit": commit(),
        "system": f"{platform.system()} {platform.machine()}",
        "cpu": cpu_model(),
        "cores": cores(),
        "load_average_before": os.getloadavg()[0],
        "cuda_gpu": gpu,
        "gradus": output_of(gradus, "--version"),
        "opencl_devices": opencl_devices(gradus),
    }
