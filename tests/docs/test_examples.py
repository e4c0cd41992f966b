#!/usr/bin/python3 -B
# SPDX-License-Identifier: GPL-2.0-or-later
"""Every example is what the program takes, every output shown is what it says, every key is documented.

test_examples.py --write puts what `tidegate check` says today into the console blocks of the documents.
"""
import re
import sys

from documents import (MANUAL, MARKDOWN, ROOT, Tests, Workshop, all_blocks, complete, manual_blocks,
                       markdown_blocks, read)
from parser_keys import known_keys

INVALID = 3


def transcript(workshop, block, yaml):
    """What the block of a console should be."""
    name = block.text.splitlines()[0].split()[-1]
    status, said = workshop.check(yaml, name)
    said = said.replace("; not on this machine now", "")  # which interfaces there are here is chance
    return status, f"$ tidegate check {name}\n{said}"


def check_blocks(tests, workshop, blocks):
    for block, after in zip(blocks, blocks[1:] + [None]):
        shown = after and after.kind == "console" and after.path == block.path
        if block.kind.startswith("text "):
            workshop.write(block.kind[5:], block.text)
        elif block.kind == "yaml fragment":
            tests.check(f"{block}: fragment without a console", not shown)
            status, said = workshop.check(complete(block.text))
            tests.check(f"{block}: valid", status == 0 and "warning: " not in said, said)
        elif block.kind == "yaml" and shown:
            status, wanted = transcript(workshop, after, block.text)
            tests.check(f"{after}: exactly what is said", wanted == after.text, "\n" + wanted)
            tests.check(f"{block}: status", status == (INVALID if ": error: " in wanted else 0), str(status))
        elif block.kind == "yaml":
            status, said = workshop.check(block.text)
            tests.check(f"{block}: valid, and no warning untold", status == 0 and "warning: " not in said, said)
        elif block.kind != "console":
            tests.check(f"{block}: a kind of block that is tested", False, block.kind)


def documented_keys(text):
    """The paths in the first column of the tables of keys."""
    keys = set()
    for where, table in re.findall(r"<!-- keys of (\S+) -->\n(.*?)<!-- end of keys -->", text, re.M | re.S):
        prefix = "" if where == "the-file" else f"{where}."
        keys |= {prefix + key for key in re.findall(r"^\| \[?`(\w+)`", table, re.M)}
    return keys


def explained_keys(text):
    """The paths in headings: ### `limits[].capacity`, `limits[].burst`"""
    headings = re.findall(r"^### (`.*)$", text, re.M)
    return {path for heading in headings for path in re.findall(r"`([^`]+)`", heading)}


def check_keys(tests, workshop):
    known = {(f"{where}." if where else "") + key for where, keys in known_keys(workshop).items() for key in keys}
    documented, explained = documented_keys(read(MARKDOWN[0])), explained_keys(read(MARKDOWN[0]))
    tests.check("keys were found", len(known) > 30, str(known))
    tests.check("explanations were found", len(explained) > 30, str(explained))
    for key in sorted(known | documented | explained):
        tests.check(f"{MARKDOWN[0]}: {key} is in a table", key in documented)
        tests.check(f"{MARKDOWN[0]}: {key} has a heading", key in explained)
        tests.check(f"{MARKDOWN[0]}: {key} is known to the program", key in known)
    named = set(re.findall(r"^\.It Ic (\w+)", read(MANUAL), re.M))
    words = {name.strip() for line in re.findall(r"^\.It Ic (.*)$", read(MANUAL), re.M) for name in line.split(" , ")}
    named |= {word for word in words if word.isidentifier()}
    for key in sorted({path.split(".")[-1] for path in known}):
        tests.check(f"{MANUAL}: {key} has an item", key in named)
    for key in sorted(named):
        tests.check(f"{MANUAL}: {key} is known to the program", key in {path.split(".")[-1] for path in known})


def write(workshop):
    """A console's place in the document is where its own text is, after that of the block before it."""
    for path in MARKDOWN:
        text, yaml = read(path), None
        for block in markdown_blocks(path):
            if block.kind.startswith("text "):
                workshop.write(block.kind[5:], block.text)
            elif block.kind == "yaml":
                yaml = block.text
            elif block.kind == "console":
                old = f"```yaml\n{yaml}```\n", f"```console\n{block.text}```"
                start = text.index(old[1], text.index(old[0]) + len(old[0]))
                new = f"```console\n{transcript(workshop, block, yaml)[1]}```"
                text = text[:start] + new + text[start + len(old[1]):]
        with open(f"{ROOT}/{path}", "w", encoding="utf-8") as file:
            file.write(text)


def main():
    with Workshop() as workshop:
        if sys.argv[1:] == ["--write"]:
            return write(workshop)
        tests = Tests()
        check_blocks(tests, workshop, all_blocks())
        tests.check("blocks were found", all(len(markdown_blocks(path)) for path in MARKDOWN) and
                    manual_blocks(MANUAL))
        check_keys(tests, workshop)
    return tests.finish()


if __name__ == "__main__":
    sys.exit(main())
