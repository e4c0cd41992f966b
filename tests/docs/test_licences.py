#!/usr/bin/python3 -B
# SPDX-License-Identifier: GPL-2.0-or-later
"""What an application links or copies may be used under LGPL or BSD; all else is GPL. Every licence named has its text."""
import os
import re
import subprocess
import sys

from documents import ROOT, Tests

FREE = "LGPL-2.1-or-later OR BSD-2-Clause"
OURS = "GPL-2.0-or-later"
SHARED = ("lib/", "include/", "examples/", "bindings/", "user/base/cleanup.h")
SOURCES = (".c", ".h", ".py", ".js")

tests = Tests()


def licence_of(path):
    with open(path, encoding="utf-8", errors="replace") as file:
        found = re.search(r"SPDX-License-Identifier: ([^*\n]+)", "".join(file.readlines()[:3]))
    return found[1].strip() if found else None


for folder, folders, files in os.walk(ROOT):
    folders[:] = [name for name in folders if name not in ("build", ".git")]
    for name in files:
        path = os.path.relpath(os.path.join(folder, name), ROOT)
        if not name.endswith(SOURCES) or path.startswith("user/http/page/"):
            continue
        wanted = FREE if path.startswith(SHARED) else OURS
        found = licence_of(os.path.join(folder, name))
        if found != wanted:
            tests.check(path, False, f"{found}, wanted {wanted}")
for licence in FREE.split(" OR ") + [OURS]:
    tests.check(f"LICENSES has {licence}", os.path.exists(f"{ROOT}/LICENSES/{licence}.txt"))
# Files of lib/ include these, so an application's object code has what they have.
included = set()
for name in os.listdir(ROOT + "/lib"):
    if name.endswith((".c", ".h")):
        with open(f"{ROOT}/lib/{name}", encoding="utf-8") as file:
            included |= set(re.findall(r'#include "(base/[^"]+)"', file.read()))
for path in sorted(included):
    tests.check(f"user/{path}, which lib/ includes, is {FREE}", licence_of(f"{ROOT}/user/{path}") == FREE)
done = subprocess.run(["reuse", "--root", ROOT, "lint"], capture_output=True, text=True, check=False)
tests.check("reuse lint", done.returncode == 0, done.stdout[-2000:])
sys.exit(tests.finish())
