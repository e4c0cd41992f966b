#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The completion for bash knows each command and option that the program takes, and no other."""
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
BUILD = Path(os.environ.get("TG_BUILD") or ROOT / "build")
passed = failed = 0


def check(name, true):
    global passed, failed
    passed, failed = passed + bool(true), failed + (not true)
    print("ok" if true else "not ok", name)


def complete(*words):
    """What bash offers for the last of these words."""
    script = 'source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _tidegate; printf "%s\\n" "${COMPREPLY[@]}"'
    out = subprocess.run(["bash", "-c", script, "-", ROOT / "packaging/tidegate.bash", *words], capture_output=True, text=True,
                         env={"PATH": f"{BUILD}:/usr/bin:/bin", "TIDEGATE_CONTROL": "/nonexistent"}, check=True)
    return set(out.stdout.split())


def say(*words):
    return subprocess.run([BUILD / "tidegate", *words], capture_output=True, text=True, check=True).stdout


def in_usage(*command):
    """What stands before the first empty line of --help; of -n, --number it has the letter."""
    return set(re.findall(r"(?<![\w-])--?[a-z]+", say(*command, "--help").split("\n\n")[0]))


commands = set(re.findall(r"^  ([a-z]+)\b", say("--help"), re.M))
check("the usage text names commands", len(commands) > 10)
offered = {word for word in complete("tidegate", "") if not word.startswith("-")}
check(f"each command is offered: {offered ^ commands}", offered == commands)
LONG = {"-n": "--number", "-o": "--output"}
for command in [[name] for name in sorted(commands)] + [["deny", "add"], ["allow", "del"], ["deny", "list"]]:
    options = in_usage(*command)
    options |= {LONG[letter] for letter in options & set(LONG)} | {"-h", "--help", "--control"}
    offered = complete("tidegate", *command, "x", "-")
    check(f"{command}: its options are offered: {offered ^ options}", offered == options)
    if "-o" in options and command not in (["allow"], ["deny"]):
        columns = complete("tidegate", *command, "-o", "")
        check(f"{command}: columns are offered", len(columns) > 4 and all(re.fullmatch(r"[a-z_]+", name) for name in columns))
        for name in columns:
            out = subprocess.run([BUILD / "tidegate", "--control", "/nonexistent", *command, "-o", name], capture_output=True)
            check(f"{command}: and known: {name}", out.returncode == 5)
check("one column more", complete("tidegate", "limits", "-o", "unit,cap") == {"unit,capacity"})
with tempfile.TemporaryDirectory() as folder:
    complete("tidegate", "limits", "-o", f"$(touch${{IFS}}{folder}/run),cap")
    check("what is typed is never run", not os.listdir(folder))
check("hooks", complete("tidegate", "simulate", "x", "--hook", "") == {"xdp", "tc-ingress", "tc-egress"})
check("whose limits", complete("tidegate", "suggest", "--per", "") == {"source", "destination", "everyone"})
check("what comes first", complete("tidegate", "top", "--by", "a") == {"admitted"})
check("a beginning is enough", complete("tidegate", "stat") == {"status"})
check("files for check", complete("tidegate", "check", str(ROOT / "READ")) == {str(ROOT / "README.md")})
check("settings for set", "capacity=" in complete("tidegate", "set", "a", "cap"))
check("and new_sources", "new_sources=" in complete("tidegate", "set", "a", "new"))
check("actions for deny", complete("tidegate", "deny", "") == {"add", "del", "list"})
print(f"{passed} passed, {failed} failed, 0 skipped")
sys.exit(failed != 0)
