#!/usr/bin/python3 -B
# SPDX-License-Identifier: GPL-2.0-or-later
"""Every relative link and every #anchor in a Markdown file leads somewhere, and docs/README.md lists every document."""
import os
import re
import sys

from documents import ROOT, Tests, read

INDEX = "docs/README.md"
LISTED = ["docs", "man", "schema", "examples"]  # each file in these folders has a link in the index,
UNLISTED = (".png", ".svg", ".py")  # but for pictures, which other documents show, and for tools


def markdown_files():
    for folder, folders, names in os.walk(ROOT):
        folders[:] = sorted(name for name in folders if not name.startswith(".") and name != "build")
        for name in sorted(names):
            if name.endswith(".md"):
                yield os.path.relpath(os.path.join(folder, name), ROOT)


def without_code(text):
    """The text with fenced and indented blocks and code spans blanked out, line by line as it was."""
    def blank(found):
        return re.sub(r"[^\n]", " ", found[0])

    text = re.sub(r"^```.*?^```$", blank, text, flags=re.M | re.S)
    text = re.sub(r"^(    |\t).*$", blank, text, flags=re.M)
    return re.sub(r"`[^`\n]+`", lambda found: "x" * len(found[0]), text)


def links(text):
    """(line, target) of each inline link, image, and reference definition."""
    text = without_code(text)
    for found in re.finditer(r"\]\(\s*([^)\s]+)[^)]*\)|^\[[^\]]+\]:\s*(\S+)", text, re.M):
        yield text.count("\n", 0, found.start()) + 1, found[1] or found[2]


def anchors(text):
    """What GitHub makes of the headings: lower case, hyphens for spaces, a number on the second of a name."""
    known, text = {}, re.sub(r"^```.*?^```$", "", text, flags=re.M | re.S)
    for heading in re.findall(r"^#{1,6}\s+(.*?)\s*#*$", text, re.M):
        heading = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)
        slug = re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
        known[slug] = known.get(slug, -1) + 1
    return {slug if not n else f"{slug}-{n}" for slug, last in known.items() for n in range(last + 1)}


def check_link(tests, path, line, target):
    file, _, anchor = target.partition("#")
    full = os.path.normpath(os.path.join(os.path.dirname(path), file)) if file else path
    exists = os.path.exists(os.path.join(ROOT, full))
    tests.check(f"{path}:{line}: {target}", exists, "no such file")
    if exists and anchor:
        tests.check(f"{path}:{line}: {target}", anchor in anchors(read(full)), "no such heading")
    return full


def main():
    tests, listed = Tests(), set()
    for path in markdown_files():
        for line, target in links(read(path)):
            if re.match(r"[a-z]+:", target):
                continue
            full = check_link(tests, path, line, target)
            if path == INDEX:
                listed.add(full)
    for folder in LISTED:
        for name in sorted(os.listdir(os.path.join(ROOT, folder))):
            document = f"{folder}/{name}"
            if document != INDEX and not name.endswith(UNLISTED):
                tests.check(f"{INDEX}: lists {document}", document in listed)
    return tests.finish()


if __name__ == "__main__":
    sys.exit(main())
