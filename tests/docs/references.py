#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks the places in the code that docs/*.md name, such as [`relu_forward`, kernels/layered/relu.cl:5](../kernels/...#L5):
that line must have that name. With --fix, writes the line of the name's first definition instead. Usage: references.py [--fix]
"""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).parents[2]
REFERENCE = re.compile(r"\[`(?P<name>\w+)`,(?P<gap>\s+)(?P<file>[\w/.]+):(?P<line>\d+)\]\(\.\./(?P=file)#L(?P=line)\)")
ANY_PLACE = re.compile(r"\]\(\.\./[\w/.]+#L\d+\)")


def definition(lines, name):
    """The number of the first line that defines a function or an array of this name, or 0."""
    for number, line in enumerate(lines, 1):
        if re.match(rf"[a-z}}].*\b{name}[(\[]", line) and not line.rstrip().endswith(";"):
            return number
    return 0


def main():
    fix = sys.argv[1:] == ["--fix"]
    found, wrong = 0, 0
    for page in sorted((ROOT / "docs").glob("*.md")):
        text = page.read_text()

        def look(match):
            nonlocal found, wrong
            found += 1
            file, number = ROOT / match["file"], int(match["line"])
            lines = file.read_text().splitlines() if file.exists() else []
            if number <= len(lines) and re.search(rf"\b{match['name']}\b", lines[number - 1]):
                return match[0]
            right = definition(lines, match["name"])
            if fix and right:
                return f"[`{match['name']}`,{match['gap']}{match['file']}:{right}](../{match['file']}#L{right})"
            wrong += 1
            print(f"{page.relative_to(ROOT)}: {match['file']}:{number} does not have `{match['name']}`"
                  + (f", line {right} does" if right else ""))
            return match[0]

        written = REFERENCE.sub(look, text)
        if len(REFERENCE.findall(text)) != len(ANY_PLACE.findall(text)):
            wrong += 1
            print(f"{page.relative_to(ROOT)}: a place in the code is not written as [`name`, file:line](../file#Lline)")
        if fix and written != text:
            page.write_text(written)
    print(f"{found} references, {wrong} wrong")
    return 1 if wrong or found == 0 else 0


sys.exit(main())
