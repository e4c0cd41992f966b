# SPDX-License-Identifier: GPL-2.0-or-later
"""The examples of the documentation, and a workshop in which `tidegate check` judges them.

In Markdown, ```yaml is a whole file. ```yaml fragment is not: the keys of the file, or of one limit, that
it lacks are added. ```text NAME is a list file that the examples after it may use. ```console is what
`$ tidegate check NAME` says about the ```yaml before it, word for word. In a manual page each
literal display is a file, or a fragment if it names no interfaces.
"""
import os
import re
import shutil
import subprocess
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.environ.get("TG_BUILD") or os.path.join(ROOT, "build")
TIDEGATE = os.path.join(BUILD, "tidegate")
MARKDOWN = ["docs/configuration.md", "README.md", "docs/cookbook.md"]
MANUAL = "man/tidegate.yaml.5"
EXAMPLES = sorted("examples/" + name for name in os.listdir(ROOT + "/examples") if name.endswith(".yaml"))
ROOT_KEYS = "interfaces|sets|allow|deny|table|on_stop|limits"
# So generous that no other limit is out of reach beside it, and not for SSH; without it `check` would rightly warn.
EVERYONE = ("{name: everyone-together, per: everyone, match: {not: {destination_port: 22}}, "
            "capacity: 1000000000, rate: 1000000000/s}")


class Block:
    def __init__(self, path, line, kind, text):
        self.path, self.line, self.kind, self.text = path, line, kind, text

    def __str__(self):
        return f"{self.path}:{self.line}"


def read(path):
    with open(os.path.join(ROOT, path), encoding="utf-8") as file:
        return file.read()


def markdown_blocks(path):
    pattern = re.compile(r"^```(\w[^\n]*)\n(.*?)^```$", re.M | re.S)
    text = read(path)
    return [Block(path, text.count("\n", 0, m.start()) + 1, m[1], m[2]) for m in pattern.finditer(text)]


def manual_blocks(path):
    text, blocks = read(path), []
    for m in re.finditer(r"^\.Bd -literal[^\n]*\n(.*?)^\.Ed$", text, re.M | re.S):
        plain = m[1].replace(r"\e", "\\").replace(r"\&", "").replace(r"\-", "-")
        kind = "yaml" if re.search("^interfaces:", plain, re.M) else "yaml fragment"
        blocks.append(Block(path, text.count("\n", 0, m.start()) + 1, kind, plain))
    return blocks


def all_blocks():
    blocks = [block for path in MARKDOWN for block in markdown_blocks(path)] + manual_blocks(MANUAL)
    return blocks + [Block(path, 1, "yaml", read(path)) for path in EXAMPLES]


def complete(fragment):
    """The whole file that a fragment of a file, or of one limit, stands for."""
    keys = re.findall(r"^(\w+):", fragment, re.M)
    if keys and re.fullmatch(ROOT_KEYS, keys[0]):
        more = "" if "interfaces" in keys else "interfaces: [{name: eth0}]\n"
        return fragment + more + ("" if "limits" in keys else f"limits: [{EVERYONE}]\n")
    if "name" not in keys:
        fragment += "name: example\n"
    if "capacity" not in keys and "burst" not in keys:
        fragment += "capacity: 100000\n"
    if "rate" not in keys and "refill_amount" not in keys:
        fragment += "rate: 1MiB/s\n" if "unit: bytes" in fragment else "rate: 10/s\n"
    limit = "".join("    " + line for line in fragment.splitlines(True))
    return f"interfaces: [{{name: eth0}}]\nlimits:\n  -\n{limit}  - {EVERYONE}\n"


class Workshop:
    """A directory of its own, in which files are written and checked."""

    def __enter__(self):
        self.directory = tempfile.mkdtemp(prefix="tidegate-docs-", dir="/var/tmp")
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.directory)

    def write(self, name, text):
        with open(os.path.join(self.directory, os.path.basename(name)), "w", encoding="utf-8") as file:
            file.write(text)

    def check(self, text, name="tidegate.yaml", options=()):
        """(exit status, everything that was said)"""
        self.write(name, text)
        done = subprocess.run([TIDEGATE, "check", *options, name], cwd=self.directory, timeout=60, check=False,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        return done.returncode, done.stderr + done.stdout


class Tests:
    def __init__(self):
        self.passed = self.failed = self.skipped = 0

    def check(self, name, good, why=""):
        self.passed += bool(good)
        self.failed += not good
        if not good:
            print(f"not ok {name}{': ' if why else ''}{why}")

    def finish(self):
        print(f"{self.passed} passed, {self.failed} failed, {self.skipped} skipped")
        return self.failed != 0
