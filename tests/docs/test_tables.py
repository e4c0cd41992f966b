#!/usr/bin/python3 -B
# SPDX-License-Identifier: GPL-2.0-or-later
"""The tables of keys in the documents are what schema/tables.py makes of the schema, one for each mapping."""
import re
import subprocess
import sys

from documents import MANUAL, MARKDOWN, ROOT, Tests, Workshop, read
from parser_keys import known_keys

MARKS = {MARKDOWN[0]: r"<!-- keys of (\S+) -->", MANUAL: r'^\.\\" keys of (\S+)$'}


def main():
    tests = Tests()
    done = subprocess.run([f"{ROOT}/schema/tables.py", "--check"], capture_output=True, text=True, check=False)
    tests.check("the tables are what the schema says", done.returncode == 0, done.stdout + done.stderr)
    with Workshop() as workshop:
        mappings = sorted(path or "the-file" for path in known_keys(workshop))
    for path, mark in MARKS.items():
        found = sorted(re.findall(mark, read(path), re.M))
        tests.check(f"{path}: a table for each mapping", found == mappings, f"{found}, not {mappings}")
    return tests.finish()


if __name__ == "__main__":
    sys.exit(main())
