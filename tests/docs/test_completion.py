#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The completion for bash knows each command and option that the program takes, and no other."""
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
passed = failed = 0


def check(name, true):
    global passed, failed
    passed, failed = passed + bool(true), failed + (not true)
    print("ok" if true else "not ok", name)


def complete(*words):
    """What bash offers for the last of these words."""
    script = 'source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _tidegate; printf "%s\\n" "${COMPREPLY[@]}"'
    out = subprocess.run(["bash", "-c", script, "-", ROOT / "packaging/tidegate.bash", *words], capture_output=True, text=True,
                         env={"PATH": "/usr/bin:/bin", "TIDEGATE_CONTROL": "/nonexistent"}, check=True)
    return set(out.stdout.split())


usage = subprocess.run([ROOT / "build/tidegate", "--help"], capture_output=True, text=True, check=True).stdout
usage = re.sub(r"\n +\[", " [", usage)  # what goes on in a second line
commands = {}
for line in usage.splitlines():
    found = re.match(r"  ([a-z]+)\b(.*)", line)
    if found:
        commands.setdefault(found[1], set()).update(re.findall(r"(?<!\w)--?[a-z]+", found[2].split("   ")[0]))
check("the usage text names commands", len(commands) > 10)
offered = {word for word in complete("tidegate", "") if not word.startswith("-")}
check(f"each command is offered: {offered ^ set(commands)}", offered == set(commands))
for command, options in sorted(commands.items()):
    offered = complete("tidegate", command, "x", "-") - {"--json", "--control"}
    if command == "deny":
        options = commands["allow"]
    check(f"{command}: its options are offered: {offered ^ options}", offered == options)
check("a beginning is enough", complete("tidegate", "stat") == {"status"})
check("files for check", complete("tidegate", "check", str(ROOT / "READ")) == {str(ROOT / "README.md")})
check("settings for set", "capacity=" in complete("tidegate", "set", "a", "cap"))
check("and new_sources", "new_sources=" in complete("tidegate", "set", "a", "new"))
check("actions for deny", complete("tidegate", "deny", "") == {"add", "del", "list"})
print(f"{passed} passed, {failed} failed, 0 skipped")
sys.exit(failed != 0)
