# SPDX-License-Identifier: Apache-2.0
"""The vendors' compilers, and clang for them. compile(program, target) gives for each kernel a dict: registers (of a
work-item), local (bytes of a work-group), spills (bytes of a work-item that did not fit into registers), inside (accesses
to them in loops), and arrays (bytes of a work-item in memory for another reason).
"""
import os
import pathlib
import re
import shutil
import subprocess
import tempfile

import machine_code

CLC = pathlib.Path("/usr/lib/clc")
# What every driver's compiler defines.
DEFINES = ["-D", "__OPENCL_VERSION__=300"]
REGISTER_LIMIT = re.compile(r"-cl-nv-maxrregcount=(\d+)")
# A kernel with reqd_work_group_size, in text without macros.
SIZED_KERNEL = re.compile(r"kernel\b[^;{}]*?reqd_work_group_size[^;{}]*?\bvoid\s+(\w+)\s*\(")


class CompileError(Exception):
    pass


def run(command, env=None):
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=env)
    if done.returncode != 0:
        lines = (done.stdout + done.stderr).splitlines()
        raise CompileError(next((x for x in lines if "error" in x.lower()), lines[-1] if lines else "failed"))
    return done.stdout + done.stderr


def find_clang():
    return shutil.which("clang-19")


def find_ptxas():
    places = [shutil.which("ptxas"), *map(str, sorted(pathlib.Path("/usr/local").glob("cuda*/bin/ptxas")))]
    return next((p for p in places if p and os.access(p, os.X_OK)), None)


def ocloc_folder():
    """Where `./dev` has unpacked Intel's compiler, if it did; an installed one would be found first."""
    return pathlib.Path(__file__).parents[2] / "build/ocloc/usr"


def find_ocloc():
    unpacked = ocloc_folder() / "bin/ocloc"
    return shutil.which("ocloc") or (str(unpacked) if unpacked.exists() else None)


def run_ocloc(*arguments, **environment):
    libraries = ":".join([*map(str, (ocloc_folder() / "lib").glob("*-linux-gnu")), os.environ.get("LD_LIBRARY_PATH", "")])
    run([find_ocloc(), *map(str, arguments)], env={**os.environ, "LD_LIBRARY_PATH": libraries, **environment})


def clang(program, output, triple, processor, library, *more):
    options = [o for o in program["options"].split() if not o.startswith(("-cl-nv-", "-cl-intel-"))]
    run([find_clang(), "-S", "-x", "cl", "-O3", "-w", "-fgnu-keywords", "-target", triple, *processor, *options, *DEFINES,
         "-Xclang", "-finclude-default-header", "-Xclang", "-mlink-bitcode-file", "-Xclang", str(CLC / library), *more,
         "-o", str(output), program["path"]])


# ---- NVIDIA ----

def state_group_sizes(ptx, program):
    """Clang drops reqd_work_group_size, so it is written into the PTX."""
    options = [o for o in program["options"].split() if not o.startswith("-cl-")]
    expanded = run([find_clang(), "-E", "-P", "-x", "cl", "-w", "-target", "nvptx64-nvidia-nvcl", *options, *DEFINES,
                    program["path"]])
    sized, items = set(SIZED_KERNEL.findall(expanded)), program["items"]

    def with_size(match):
        size = items.get(match[2])
        return f"{match[1]}.reqntid {size}, 1, 1\n{{" if match[2] in sized and size else match[0]
    return re.sub(r"(\.entry (\w+)\([^)]*\)\s*)\{", with_size, ptx)


def nvidia(program, target, folder):
    ptx, cubin = folder / "program.ptx", folder / "program.cubin"
    clang(program, ptx, "nvptx64-nvidia-nvcl", ["-Xclang", "-target-cpu", "-Xclang", "sm_80"],
          "nvptx64--nvidiacl.bc", "-mllvm", "-inline-threshold=1000000")
    ptx.write_text(state_group_sizes(ptx.read_text(), program))
    if not find_ptxas():
        return {name: {} for name in re.findall(r"\.entry (\w+)", ptx.read_text())}
    limit = REGISTER_LIMIT.search(program["options"])
    log = run([find_ptxas(), "-v", f"-arch={target}", *(["--maxrregcount", limit[1]] if limit else []), str(ptx), "-o",
               str(cubin)])
    found = {}
    for name, text in re.findall(r"Compiling entry function '(\w+)'(.*?)(?=Compiling entry|\Z)", log, re.S):
        number = lambda pattern: int((re.search(pattern, text) or [0, 0])[1])
        found[name] = {"registers": number(r"Used (\d+) registers"), "local": number(r"(\d+) bytes smem"),
                       "spills": number(r"(\d+) bytes spill stores"), "inside": 0}
        found[name]["arrays"] = number(r"(\d+) bytes stack frame") - found[name]["spills"]
    for name, section in machine_code.elf_sections(cubin.read_bytes()):
        kernel = found.get(name.removeprefix(".text."))
        if kernel and kernel["spills"]:
            kernel["inside"], _ = machine_code.count_accesses(machine_code.nvidia_code(section, int(target[3:])))
    return found


# ---- AMD ----

def amd(program, target, folder):
    assembly = folder / "program.s"
    clang(program, assembly, "amdgcn-amd-amdhsa", [f"-mcpu={target}"], "amdgcn--amdhsa.bc", "-nogpulib", "-mllvm",
          "-amdgpu-early-inline-all=true", "-mllvm", "-amdgpu-function-calls=false")
    text = assembly.read_text()
    spilled = dict(re.findall(r"\.name: +(\w+)\n(?:    .*\n)*?    \.vgpr_spill_count: (\d+)", text))
    found = {}
    for name, body, notes in re.findall(r"^(\w+): +; @\1\n(.*?)^; Kernel info:\n(.*?)^; COMPUTE_PGM_RSRC2:TGID_X_EN",
                                        text, re.S | re.M):
        number = lambda key: int((re.search(rf"^; {key}: (\d+)", notes, re.M) or [0, 0])[1])
        inside, _ = machine_code.count_accesses(machine_code.amd_code(body.splitlines()))
        spills = 4 * int(spilled[name]) if number("ScratchSize") else 0
        found[name] = {"registers": number("TotalNumVgprs") or number("NumVgprs"), "local": number("LDSByteSize"),
                       "spills": spills, "inside": inside, "arrays": max(0, number("ScratchSize") - spills)}
    return found


# ---- Intel ----

def intel_kernel(path, words, local):
    """The results of an assembly file, and the file's rank among those of the kernel, which differ in the work-items of a
    wave: the compiler takes the one that spills least, with the widest waves."""
    lines = path.read_text().splitlines()
    number = lambda key: int(next((x.split()[-1] for x in lines if x.startswith(f"//.{key}")), 0))
    wave = int(re.search(r"_simd(\d+)_entry", path.name)[1])
    thread_registers = int(next(re.findall(r"numGRF=(\d+)", x)[0] for x in lines if "numGRF=" in x))
    name = lines[0].split()[-1]
    inside, _ = machine_code.count_accesses(machine_code.intel_code(lines))
    spill = number("spill size")
    return (spill, -wave), name, {"registers": thread_registers * words // wave, "local": local.get(name, 0),
                                  "spills": spill // wave, "inside": inside,
                                  "arrays": number("private memory size") // wave}


def intel_local(binary, target, folder):
    """Bytes of local memory by kernel: patch token 15 of the binary."""
    run_ocloc("disasm", "-file", binary, "-device", target, "-dump", folder / "disassembly")
    found = {}
    for part in (folder / "disassembly/PTM.txt").read_text().split("KernelBinaryHeader:")[1:]:
        token = re.search(r"Token 15\n\s*4 Size 16\n\s*Hex ([\da-f ]+)", part)
        octets = bytes(int(x, 16) for x in token[1].split()) if token else bytes(8)
        found[re.search(r"KernelName (\w+)", part)[1]] = int.from_bytes(octets[4:8], "little")
    return found


def intel(program, target, folder):
    options = " ".join(o for o in program["options"].split() if not o.startswith("-cl-nv-"))
    dump = folder / "dump"
    run_ocloc("compile", "-file", program["path"], "-device", target, "-options", options, "-out_dir", folder,
              IGC_ShaderDumpEnable="1", IGC_DumpToCustomDir=str(dump))
    local = intel_local(next(folder.glob("*.bin")), target, folder)
    words = 16 if target == "pvc" else 8 # of a register
    # Where registers do not suffice, the compiler makes second attempts, "_1_simd...", with arrays in memory instead. The
    # spills of the first ones are what counts.
    ranked = sorted((intel_kernel(path, words, local) for path in dump.glob("*.asm")
                     if not re.search(r"_\d+_simd\d+_entry", path.name)), key=lambda x: x[0], reverse=True)
    return {name: result for _, name, result in ranked}


# ---- Any ----

def vendor_of(target):
    return nvidia if target.startswith("sm_") else amd if target.startswith("gfx") else intel


def missing_for(target):
    """What is missing on this machine to compile for a target; None: nothing."""
    if vendor_of(target) is intel:
        return None if find_ocloc() else "ocloc (in package intel-opencl-icd)"
    if not find_clang():
        return "clang (package clang-19)"
    return None if (CLC / "nvptx64--nvidiacl.bc").exists() else "libclc (package libclc-19)"


def compile_program(program, target):
    with tempfile.TemporaryDirectory(prefix="gradus-gpu-") as folder:
        return vendor_of(target)(program, target, pathlib.Path(folder))
