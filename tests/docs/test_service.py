#!/usr/bin/python3 -B
# SPDX-License-Identifier: GPL-2.0-or-later
"""The unit: systemd takes it, and it has what keeps the daemon alive; `make install` brings its group."""
import glob
import os
import re
import shutil
import subprocess
import sys
import tempfile

from documents import BUILD, ROOT, Tests, read
from test_links import links

PREFIX = "/usr/local"


def settings(text):
    found = {}
    for key, value in re.findall(r"^(\w+)=(.*)$", text, re.M):
        found.setdefault(key, []).append(value)
    return found


tests = Tests()
unit = settings(read("packaging/tidegated.service"))
tests.check("a daemon that hangs is replaced", "WatchdogSec" in unit and unit["Type"] == ["notify"])
tests.check("descriptors for all interfaces", int(unit.get("LimitNOFILE", ["0"])[0]) >= 4096)
tests.check("the daemon may raise its own limit of them",
            {"prlimit64", "setrlimit"} <= set(unit["SystemCallFilter"][-1].split()))
tests.check("not the first to die without memory", int(unit.get("OOMScoreAdjust", ["0"])[0]) < 0)
tests.check("what was not confirmed outlives a boot, for root alone",
            unit.get("StateDirectory") == ["tidegate"] and unit.get("StateDirectoryMode") == ["0700"])
tests.check("a long start is let finish", "TimeoutStartSec" in unit)
tests.check("a start that always fails is given up",
            unit.get("StartLimitIntervalSec") not in (None, ["0"]) and "StartLimitBurst" in unit)

with tempfile.TemporaryDirectory() as root:
    # Not remade: a test of this layer changes nothing that was built.
    made = subprocess.run(["make", "-s", "-o", "all", "install", f"B={BUILD}", f"DESTDIR={root}", f"PREFIX={PREFIX}"],
                          cwd=ROOT, capture_output=True, text=True, env={**os.environ, "MAKEFLAGS": ""}, check=False)
    tests.check("make install", made.returncode == 0, made.stderr)
    with open(root + PREFIX + "/lib/systemd/system/tidegated.service", encoding="utf-8") as file:
        tests.check("nothing of the unit is left open", not re.search("@[A-Z]+@", file.read()))
    group = unit["Group"][0]
    users = os.path.join(root + PREFIX, "lib/sysusers.d/tidegate.conf")
    tests.check("the unit's group comes with it",
                os.path.exists(users) and f"g {group} " in open(users, encoding="utf-8").read())
    documents = os.path.join(root + PREFIX, "share/doc/tidegate")
    for path in sorted(glob.glob(documents + "/**/*.md", recursive=True)):
        with open(path, encoding="utf-8") as file:
            targets = {target.partition("#")[0] for _, target in links(file.read()) if not re.match("[a-z]+:", target)}
        dead = sorted(t for t in targets if not os.path.exists(os.path.join(os.path.dirname(path), t)))
        tests.check(f"installed: each link of {os.path.relpath(path, documents)} leads somewhere", not dead, ", ".join(dead))
    if shutil.which("systemd-analyze"):
        path = os.path.join(root, "tidegated.service")
        with open(path, "w", encoding="utf-8") as file:
            file.write(read("packaging/tidegated.service").replace("@PREFIX@", root + PREFIX).replace("@DEFAULTS@", "/etc/default/tidegate"))
        said = subprocess.run(["systemd-analyze", "verify", "--man=no", path], capture_output=True, text=True,
                              check=False).stderr
        faults = [line for line in said.splitlines() if "tidegated.service" in line]
        tests.check("systemd has no word against the unit", not faults, "\n".join(faults))
    else:
        print("skipped what systemd says of the unit: systemd-analyze is not there")
sys.exit(tests.finish())
