#!/usr/bin/python3 -B
# SPDX-License-Identifier: GPL-2.0-or-later
"""The tables of keys in the documents are what schema/tables.py makes of the schema, one for each mapping, and
the ranges and defaults in them are the program's."""
import os
import re
import subprocess
import sys

from documents import MANUAL, MARKDOWN, ROOT, Tests, Workshop, read
from parser_keys import known_defaults, known_keys, known_ranges

sys.path.insert(0, os.path.join(ROOT, "schema"))
from tables import Schema, THE_FILE  # noqa: E402

MARKS = {MARKDOWN[0]: r"<!-- keys of (\S+) -->", MANUAL: r'^\.\\" keys of (\S+)$'}


def in_program(default):
    """A default of the schema as `check --json` has it: durations in milliseconds."""
    unit = {"ms": 1, "s": 1000}
    found = re.fullmatch(r"(\d+)(ms|s)", default) if isinstance(default, str) else None
    return int(found[1]) * unit[found[2]] if found else default


def check_values(tests, workshop, schema, mappings):
    """What the tables say of values, against what the program says of them."""
    kinds, defaults = {}, {}
    for where in mappings:
        prefix = "" if where == THE_FILE else f"{where}."
        kinds |= {prefix + key: kind for key, kind, _, _ in schema.rows(where)}
        properties = schema.find("" if where == THE_FILE else where)["properties"]
        defaults |= {prefix + key: schema.resolved(node).get("default") for key, node in properties.items()}
    for path, wanted in known_ranges(workshop).items():
        kind = kinds[path].replace("`", "")
        tests.check(f"{path}: its range", re.search(rf"(^|[ ,]){wanted}($|[,; ])", kind), f"{kind!r}, not {wanted!r}")
    compared = 0
    for path, wanted in known_defaults(workshop).items():
        if defaults.get(path) is not None:
            compared += 1
            tests.check(f"{path}: its default", in_program(defaults[path]) == wanted, f"{defaults[path]}, not {wanted}")
    tests.check("defaults were compared", compared >= 16, str(compared))


def main():
    tests = Tests()
    done = subprocess.run([f"{ROOT}/schema/tables.py", "--check"], capture_output=True, text=True, check=False)
    tests.check("the tables are what the schema says", done.returncode == 0, done.stdout + done.stderr)
    with Workshop() as workshop:
        mappings = sorted(path or THE_FILE for path in known_keys(workshop))
        check_values(tests, workshop, Schema(), mappings)
    for path, mark in MARKS.items():
        found = sorted(re.findall(mark, read(path), re.M))
        tests.check(f"{path}: a table for each mapping", found == mappings, f"{found}, not {mappings}")
    return tests.finish()


if __name__ == "__main__":
    sys.exit(main())
