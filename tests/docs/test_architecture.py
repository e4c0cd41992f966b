#!/usr/bin/python3 -B
# SPDX-License-Identifier: GPL-2.0-or-later
"""Every path and function that docs/architecture.md and CONTRIBUTING.md name exists.

A `path/of/a/file` is looked for in the tree, a `function()` in the file that was named last before it. A `*` in a
path is a pattern; a path with <something> in it is none. Blocks of code are not read. The table of folders says what
tests/layers.py, the lint, lets them include.
"""
import ast
import difflib
import glob
import os
import re
import sys

from documents import ROOT, Tests, read

DOCUMENTS = ["docs/architecture.md", "CONTRIBUTING.md"]
TOP = set(os.listdir(ROOT)) - {"build"}


def code_spans(text):
    """(line, text) of each code span that is not in a block of code."""
    lines = re.sub(r"^```.*?^```$", lambda found: "\n" * found[0].count("\n"), text, flags=re.M | re.S).split("\n")
    for number, line in enumerate(lines, 1):
        if not line.startswith("    "):
            for span in re.findall(r"`([^`]+)`", line):
                yield number, span


def is_path(span):
    return re.fullmatch(r"[\w./*-]+", span) and span.split("/")[0] in TOP


def defined_in(text):
    """The names of functions that begin in the first column, and of macros."""
    return set(re.findall(r"^(?=\w)[^;={}\n]*?\b(\w+)\(", text, re.M)) | set(re.findall(r"^#define (\w+)", text, re.M))


def check_function(tests, where, name, path):
    known = defined_in(read(path)) if path and os.path.isfile(os.path.join(ROOT, path)) else set()
    near = ", ".join(difflib.get_close_matches(name, known, 3, 0.5))
    tests.check(f"{where}: {name}() is in {path}", name in known, f"there are {near or 'none that resemble it'}")


def check_document(tests, document):
    """How many paths and functions it names."""
    paths = functions = 0
    last = None
    for line, span in code_spans(read(document)):
        where = f"{document}:{line}"
        if re.fullmatch(r"\w+\(\)", span):
            functions += 1
            check_function(tests, where, span[:-2], last)
        elif is_path(span):
            paths += 1
            last = span
            tests.check(f"{where}: {span} exists", glob.glob(os.path.join(ROOT, span)))
    return paths, functions


def layers():
    """BOUNDARY and MAY of tests/layers.py, which runs the lint when it is imported."""
    names, scope = {"BOUNDARY", "MAY"}, {}
    body = [node for node in ast.parse(read("tests/layers.py")).body
            if isinstance(node, ast.Assign) and node.targets[0].id in names]
    exec(compile(ast.Module(body, []), "tests/layers.py", "exec"), scope)
    return scope["BOUNDARY"], scope["MAY"]


def check_layers(tests, document):
    boundary, layer = layers()
    rows = dict(re.findall(r"^\| `([\w/]+)` \| .* \| (.*?) \|$", read(document), re.M))
    for folder, may in layer.items():
        if folder not in rows:  # said in words
            continue
        written = {boundary if name == "boundary" else name for name in rows[folder].split(", ")}
        written -= {"nothing", "nothing but linux/types.h"}
        tests.check(f"{document}: what {folder} may include", written == set(may.split()), f"it may include: {may}")
    tests.check(f"{document} has a table of folders", len(rows) > 10, str(len(rows)))


def main():
    tests = Tests()
    for document in DOCUMENTS:
        paths, functions = check_document(tests, document)
        tests.check(f"{document} names paths", paths > 20, str(paths))
        if document == DOCUMENTS[0]:
            tests.check(f"{document} names functions", functions > 20, str(functions))
    check_layers(tests, DOCUMENTS[0])
    named = {span.rstrip("/") for _, span in code_spans(read(DOCUMENTS[0]))}
    for folder in sorted({os.path.dirname(path) for path in glob.glob("user/*/*.[ch]", root_dir=ROOT)}):
        tests.check(f"{DOCUMENTS[0]} says what {folder} is for", folder in named)
    return tests.finish()


if __name__ == "__main__":
    sys.exit(main())
