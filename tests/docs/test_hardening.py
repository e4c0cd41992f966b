#!/usr/bin/python3 -B
# SPDX-License-Identifier: GPL-2.0-or-later
"""What `make` built is position independent, fortified, has stack protectors, and binds all symbols before main()."""
import os
import subprocess
import sys

from documents import BUILD, Tests


def read(tool, *options):
    return subprocess.run([tool, *options], capture_output=True, text=True, check=True).stdout


tests = Tests()
for name in "tidegated", "tidegate", "libtidegate.so.1":
    path = os.path.join(BUILD, name)
    program = not name.startswith("lib")
    dynamic = read("readelf", "-dW", path)
    segments = read("readelf", "-lW", path)
    symbols = read("nm", "-D", path)
    tests.check(f"{name}: all symbols are bound at the start", "BIND_NOW" in dynamic)
    tests.check(f"{name}: what the linker relocated is read-only afterwards", "GNU_RELRO" in segments)
    tests.check(f"{name}: the stack is not executable", " RWE " not in segments)
    tests.check(f"{name}: stack protectors", "__stack_chk_fail" in symbols)
    if program:
        tests.check(f"{name}: runs at any address", "PIE" in dynamic)
        tests.check(f"{name}: FORTIFY", "__vsnprintf_chk" in symbols or "__snprintf_chk" in symbols)
sys.exit(tests.finish())
