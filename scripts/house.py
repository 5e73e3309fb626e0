#!/usr/bin/env python3
"""Holds the rules of the house that the compiler does not: what each target may import, sizes, words, proofs.

Run from anywhere: scripts/house.py [ROOT]. Prints each breach as `file:line: what is wrong` and exits 1 if there is one.
ARCHITECTURE.md has the table of targets for people, Package.swift has it for the compiler: both must say the same.
After a change of Package.swift that was meant, scripts/house.py --table brings the table's last column up to date.
"""

import json
import pathlib
import re
import subprocess
import sys

# Modules of the system and the toolchain: anyone may import them.
SYSTEM = {"Darwin", "Dispatch", "Foundation", "FoundationEssentials", "Glibc", "Musl", "Synchronization", "Testing"}
LINES_A_FILE = 600
LINES_A_FUNCTION = 70
SOURCES = {".swift", ".py", ".h", ".cpp", ".js"}
# Spelled in halves, so that this file does not name them.
UNFINISHED = re.compile(r"\b(TO" r"DO|FIX" r"ME|X" r"XX)\b")
# What switches a check of the compiler off needs a comment above it that says why it is safe.
UNPROVED = re.compile(r"\btry!|\bas! |@unchecked Sendable|\bnonisolated\(unsafe\)")
IMPORT = re.compile(
    r"^\s*(?:@\w+(?:\([^)]*\))?\s+)*(?:(?:public|package|internal|fileprivate|private)\s+)?import\s+"
    r"(?:(?:struct|class|enum|protocol|typealias|func|var|let|actor)\s+)?([A-Za-z_]\w*)"
)
FUNCTION = re.compile(r"^( *)(?:[@\w()]+ )*(?:func [^ (]|init[?]?[(<]|deinit )")


def package(root):
    """Each target of Package.swift: its folder, and the names that it may import."""
    text = subprocess.run(["swift", "package", "--ignore-lock", "dump-package"], cwd=root, check=True, capture_output=True, text=True).stdout
    targets = {}
    for target in json.loads(text)["targets"]:
        names = [next(iter(d.values()))[0] for d in target["dependencies"]]
        folder = target.get("path") or ("Tests/" if target["type"] == "test" else "Sources/") + target["name"]
        targets[target["name"]] = (root / folder, names)
    return targets


def table(root):
    """The rows of ARCHITECTURE.md's table of targets: name to line number and names it may import."""
    rows, inside = {}, False
    for number, line in enumerate((root / "ARCHITECTURE.md").read_text().splitlines(), 1):
        inside = line.startswith("|") and (inside or line.startswith("| Target |"))
        cells = [c.strip() for c in line.strip().strip("|").split("|")]
        name = re.fullmatch(r"`([\w-]+)`", cells[0]) if inside and len(cells) == 3 else None
        if name:
            rows[name[1]] = (number, set(re.findall(r"`(\w+)`", cells[2])))
    return rows


def documented(root, targets):
    """ARCHITECTURE.md and Package.swift name the same targets and dependencies."""
    rows = table(root)
    for name, (folder, allowed) in targets.items():
        if folder.parent.name == "Tests":
            continue
        if name not in rows:
            yield f"ARCHITECTURE.md: the table has no row for the target {name}"
        elif rows[name][1] != set(allowed):
            number, said = rows[name]
            more, fewer = sorted(set(allowed) - said), sorted(said - set(allowed))
            yield f"ARCHITECTURE.md:{number}: {name}: Package.swift also names {more}, and does not name {fewer}"
    for name in rows.keys() - targets.keys():
        yield f"ARCHITECTURE.md:{rows[name][0]}: Package.swift has no target {name}"


def write_table(root, targets):
    """Makes the table's last column what Package.swift says, in its order. A row for a new target is for a person to write."""
    file = root / "ARCHITECTURE.md"
    lines = file.read_text().splitlines()
    for name, (number, _) in table(root).items():
        if name in targets:
            start = lines[number - 1].rsplit("|", 2)[0].rstrip()
            lines[number - 1] = f"{start} | {', '.join(f'`{module}`' for module in targets[name][1])} |".replace("|  |", "| |")
    file.write_text("\n".join(lines) + "\n")


def imports(root, targets):
    """No file imports a module that its target does not declare."""
    for name, (folder, allowed) in targets.items():
        for file in sorted(folder.rglob("*.swift")):
            for number, line in enumerate(file.read_text().splitlines(), 1):
                found = IMPORT.match(line)
                if found and found[1] not in SYSTEM.union(allowed):
                    place = f"{file.relative_to(root)}:{number}"
                    yield f"{place}: {name} may not import {found[1]}; Package.swift and ARCHITECTURE.md say what it may"


def texts(root):
    """No file is too long or unfinished, no function fills more than a screen, no check is switched off without a reason."""
    for top in ("Sources", "Tests", "scripts"):
        for file in sorted((root / top).rglob("*")):
            if file.suffix not in SOURCES or "__pycache__" in file.parts or not file.is_file():
                continue
            lines = file.read_text().splitlines()
            place = file.relative_to(root)
            if len(lines) > LINES_A_FILE:
                yield f"{place}: {len(lines)} lines, and {LINES_A_FILE} are the most: what are its two things?"
            for number, line in enumerate(lines, 1):
                if word := UNFINISHED.search(line):
                    yield f"{place}:{number}: {word[0]} says that something is unfinished: finish it or file an issue"
            if file.suffix == ".swift" and top == "Sources":
                yield from (f"{place}:{breach}" for breach in [*unproved(lines), *long_functions(lines)])


def unproved(lines):
    """Uses of what switches a check of the compiler off without a comment line directly above."""
    for i, line in enumerate(lines):
        found = UNPROVED.search(line.split("//")[0])
        if not found:
            continue
        above = i - 1
        while above >= 0 and lines[above].strip().startswith("@"):
            above -= 1
        if above < 0 or not lines[above].strip().startswith("//"):
            yield f"{i + 1}: {found[0].strip()} needs a comment directly above that says why it is safe"


def long_functions(lines):
    """Functions over the limit, by indentation: the formatter puts the closing brace under the first letter."""
    for i, line in enumerate(lines):
        found = FUNCTION.match(line)
        if not found or line.rstrip().endswith("}"):
            continue
        for j in range(i + 1, len(lines)):
            if lines[j].startswith(found[1] + "}"):
                if j - i + 1 > LINES_A_FUNCTION:
                    yield f"{i + 1}: a function of {j - i + 1} lines, and {LINES_A_FUNCTION} are the most"
                break
            # A requirement of a protocol has no body: the next line stands at the same depth.
            if lines[j].strip() and not lines[j].startswith(found[1] + " ") and not lines[j].startswith(found[1] + ")"):
                break


def main():
    words = [word for word in sys.argv[1:] if word != "--table"]
    root = pathlib.Path(words[0] if words else pathlib.Path(__file__).parent.parent).resolve()
    targets = package(root)
    if "--table" in sys.argv:
        write_table(root, targets)
    breaches = [*documented(root, targets), *imports(root, targets), *texts(root)]
    for breach in breaches:
        print(breach)
    if breaches:
        print(f"{len(breaches)} breaches of the rules of the house")
        sys.exit(1)
    print(f"The house is in order: {len(targets)} targets")


if __name__ == "__main__":
    main()
