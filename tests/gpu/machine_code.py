# SPDX-License-Identifier: Apache-2.0
"""Where machine code accesses spilled registers: inside of loops, or outside.

Code is a list of instructions: (address, whether it is such an access, targets of a branch). An instruction is in a loop
if its basic block is on a cycle of the control flow. No loop is excepted: those with few iterations the compilers unroll,
and what remains depends on sizes of the data or the network.
"""
import bisect
import re
import struct


def basic_blocks(code):
    """The indices at which blocks begin, and the index of each address."""
    index = {address: i for i, (address, _, _) in enumerate(code)}
    starts = {0}
    for i, (_, _, targets) in enumerate(code):
        if targets:
            starts.update(index[t] for t in targets if t in index)
            if i + 1 < len(code):
                starts.add(i + 1)
    return sorted(starts), index


def reachable(edges, start):
    """The nodes that can be reached from the successors of `start`."""
    found, rest = set(), list(edges[start])
    while rest:
        node = rest.pop()
        if node not in found:
            found.add(node)
            rest += edges[node]
    return found


def count_accesses(code):
    """(inside of loops, outside) of a kernel's accesses to spilled registers."""
    starts, index = basic_blocks(code)
    block_of = lambda i: bisect.bisect_right(starts, i) - 1
    edges = []
    for number, start in enumerate(starts):
        end = starts[number + 1] if number + 1 < len(starts) else len(code)
        edges.append({block_of(index[t]) for t in code[end - 1][2] if t in index} if end > start else set())
        if end < len(code): # also after a jump without condition: that adds no cycle to code in the usual order
            edges[-1].add(number + 1)
    accesses = [block_of(i) for i, (_, is_access, _) in enumerate(code) if is_access]
    looping = {block for block in set(accesses) if block in reachable(edges, block)}
    inside = sum(block in looping for block in accesses)
    return inside, len(accesses) - inside


# ---- Text ----

def text_code(lines, label, access, targets_of):
    """Code from assembly text: a label is group 1 of `label`, an access is found by `access`; targets_of(line) gives the
    labels to which a line branches."""
    code, names = [], {}
    for line in lines:
        found = label.match(line)
        if found:
            names[found[1]] = len(code)
        code.append((len(code), bool(access.search(line)), targets_of(line)))
    return [(i, is_access, [names[t] for t in targets if t in names]) for i, is_access, targets in code]


AMD_LABEL = re.compile(r"^(\.LBB\w+):")
AMD_ACCESS = re.compile(r"; \d+-byte Folded (Spill|Reload)")
AMD_BRANCH = re.compile(r"^\s+s_c?branch\w*\s+(\.LBB\w+)")


def amd_code(lines):
    return text_code(lines, AMD_LABEL, AMD_ACCESS, AMD_BRANCH.findall)


INTEL_LABEL = re.compile(r"^((?:L|_)\w+):")
INTEL_ACCESS = re.compile(r"scratch space (spill|fill)")
INTEL_BRANCH = re.compile(r"\s*(?:\([^)]*\)\s*)?(?:while|jmpi|goto|if|else|break|cont|brc|brd|call)\b")


def intel_code(lines):
    def targets(line):
        return re.findall(r"\b(?:L\d+|_\d+_\d+)\b", line.split("//")[0]) if INTEL_BRANCH.match(line) else []
    return text_code([line for line in lines if not line.startswith("//")], INTEL_LABEL, INTEL_ACCESS, targets)


# ---- NVIDIA's instructions: 16 bytes each, the opcode in the lowest 12 bits ----

LDL, STL, BRA = 0x983, 0x387, 0x947


def branch_offset(low, high, architecture):
    """Bytes from the next instruction: a signed number of words in bits 34 to 81, from sm_90 on with 8 lower bits in
    bits 16 to 23."""
    offset = low >> 34 | (high & 0x3FFFF) << 30
    offset -= (offset & 1 << 47) << 1
    return 4 * (offset << 8 | low >> 16 & 0xFF if architecture >= 90 else offset)


def nvidia_code(section, architecture):
    """Of a kernel's section. Arrays that are not in registers are accessed by the same instructions as spilled ones."""
    code = []
    for address in range(0, len(section), 16):
        low, high = struct.unpack_from("<QQ", section, address)
        opcode = low & 0xFFF
        if opcode == BRA:
            code.append((address, False, [address + 16 + branch_offset(low, high, architecture)]))
        else:
            code.append((address, opcode in (LDL, STL), []))
    return code


def elf_sections(data):
    """Names and contents of the sections of a 64-bit ELF file."""
    table, = struct.unpack_from("<Q", data, 40)
    size, count, names = struct.unpack_from("<HHH", data, 58)
    headers = [struct.unpack_from("<IIQQQQ", data, table + i * size) for i in range(count)]
    for name, kind, _, _, offset, length in headers:
        start = headers[names][4] + name
        if kind != 8: # no contents
            yield data[start:data.index(b"\0", start)].decode(), data[offset:offset + length]
