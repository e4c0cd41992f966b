#!/usr/bin/python3 -B
# SPDX-License-Identifier: GPL-2.0-or-later
"""Every path, file and function that the documents name exists.

A `path/of/a/file` is looked for in the tree (tests/bpf/test_x is test_x.c there), a `file.c` in all folders, a
`function()` in the file whose path was named last before it, and a `test_x` among the functions and files of the tests.
A `*` is a pattern; what has <something> in it is no path. Blocks of code are not read. The table of folders says what
tests/layers.py, the lint, lets them include.
"""
import ast
import difflib
import fnmatch
import glob
import os
import re
import sys

from documents import ROOT, Tests, read

ARCHITECTURE = "docs/architecture.md"
DOCUMENTS = [ARCHITECTURE, "CONTRIBUTING.md", "README.md", "SECURITY.md", "CHANGELOG.md",
             *sorted(glob.glob("docs/*.md", root_dir=ROOT))]
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


def files():
    """The path of each file of ours."""
    return [path for top in TOP for path in glob.glob(top + "/**/*.*", root_dir=ROOT, recursive=True)]


def check_name(tests, where, name, paths):
    """A file, or a test, that is named without its folder."""
    if re.fullmatch(r"[\w*-]+(\.bpf)?\.(c|h|sh|py)", name):
        tests.check(f"{where}: there is a file {name}", fnmatch.filter([os.path.basename(path) for path in paths], name))
    elif re.fullmatch(r"test_\w+", name):
        source = any(f"TEST({name})" in read(path) for path in paths if fnmatch.fnmatch(path, "tests/*.[ch]"))
        tests.check(f"{where}: there is a test {name}", source or any(f"/{name}." in path for path in paths))


def defined_in(text):
    """The names of functions that begin in the first column, and of macros."""
    return set(re.findall(r"^(?=\w)[^;={}\n]*?\b(\w+)\(", text, re.M)) | set(re.findall(r"^#define (\w+)", text, re.M))


def check_function(tests, where, name, path):
    known = defined_in(read(path)) if path and os.path.isfile(os.path.join(ROOT, path)) else set()
    near = ", ".join(difflib.get_close_matches(name, known, 3, 0.5))
    tests.check(f"{where}: {name}() is in {path}", name in known, f"there are {near or 'none that resemble it'}")


def check_document(tests, document, all_files):
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
            tests.check(f"{where}: {span} exists", glob.glob(span, root_dir=ROOT) or glob.glob(span + ".c", root_dir=ROOT))
        else:
            check_name(tests, where, span, all_files)
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
    tests, all_files = Tests(), files()
    for document in dict.fromkeys(DOCUMENTS):
        paths, functions = check_document(tests, document, all_files)
        tests.check(f"{document} names paths", paths > 20 or document not in DOCUMENTS[:2], str(paths))
        tests.check(f"{document} names functions", functions > 20 or document != ARCHITECTURE, str(functions))
    check_layers(tests, ARCHITECTURE)
    named = {span.rstrip("/") for _, span in code_spans(read(ARCHITECTURE))}
    for folder in sorted({os.path.dirname(path) for path in glob.glob("user/*/*.[ch]", root_dir=ROOT)}):
        tests.check(f"{ARCHITECTURE} says what {folder} is for", folder in named)
    return tests.finish()


if __name__ == "__main__":
    sys.exit(main())
