#!/usr/bin/python3 -B
# SPDX-License-Identifier: GPL-2.0-or-later
"""Lines of Markdown have at most 100 columns. Not counted: tables, code, and where a link leads."""
import re
import subprocess
import sys

from documents import ROOT, Tests, read

COLUMNS = 100


def prose(text):
    """Yields (number, line) of the lines that are neither in a table nor code."""
    fence = item = False
    before = ""
    for number, line in enumerate(text.splitlines(), 1):
        if re.match(r"\s*```", line):
            fence = not fence
        elif line.strip():
            item = bool(re.match(r"\s*([-*]|\d+\.) ", line)) or item and line.startswith(" ")
            code = line.startswith("    ") and not item and not before.strip()
            # What follows a line of code without a blank line between is code as well.
            if not fence and not code and not line.lstrip().startswith("|"):
                yield number, line
            line = "" if code else line
        before = line


def main():
    tests = Tests()
    paths = subprocess.run(["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.md"], cwd=ROOT,
                           capture_output=True, text=True, check=True).stdout.split()
    tests.check("documents were found", len(paths) > 10, str(paths))
    for path in paths:
        for number, line in prose(read(path)):
            width = len(re.sub(r"\]\([^)]*\)", "]", line))
            if width > COLUMNS:
                tests.check(f"{path}:{number}: {width} columns; {COLUMNS} at most", False)
        tests.check(f"{path}: read", True)
    return tests.finish()


if __name__ == "__main__":
    sys.exit(main())
