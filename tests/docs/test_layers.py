#!/usr/bin/python3 -B
# SPDX-License-Identifier: GPL-2.0-or-later
"""tests/layers.py finds each kind of breach of the rules for includes and for names, and none in the tree as it is."""
import os
import shutil
import subprocess
import sys
import tempfile

from documents import ROOT, Tests

# What is wrong, the file, what is written into it, what must be said.
BREACHES = [
    ("upward", "user/base/a.c", '#include "config/config.h"', "user/base/ may not include user/config/config.h"),
    ("sideways", "user/http/a.c", '#include "control/reply.h"', "user/http/ may not include user/control/reply.h"),
    ("the boundary, for the configuration", "user/config/a.c", "#include <tidegate/abi.h>",
     "user/config/ may not include include/tidegate/abi.h"),
    ("one header of a folder of which another is allowed", "user/cli/a.c", '#include "control/server.h"',
     "user/cli/ may not include user/control/server.h"),
    ("a private header", "user/cluster/a.c", '#include "datapath/datapath_private.h"', "is private to user/datapath/"),
    ("user in bpf", "bpf/a.bpf.h", '#include "base/text.h"', "bpf/ may not include user/base/text.h"),
    ("bpf in user", "user/kernel/a.c", '#include "table.bpf.h"', "user/kernel/ may not include bpf/table.bpf.h"),
    ("bpf in user, by its path", "user/kernel/a.c", '#include "bpf/table.bpf.h"', "user/kernel/ may not include bpf/table.bpf.h"),
    ("a skeleton outside kernel/", "user/datapath/a.c", '#include "tidegate.skel.h"', "only user/kernel/ sees skeletons"),
    ("more than cleanup.h in lib", "lib/a.c", '#include "base/log.h"', "lib/ may not include user/base/log.h"),
    ("anything at the boundary", "include/tidegate/a.h", '#include "../../user/base/exit.h"', "include/tidegate/ may not include"),
    ("no folder before the name", "user/base/a.c", '#include "log.h"', 'write "base/log.h", with its folder'),
    ("no such header", "user/base/a.c", '#include "base/nothing.h"', "no such header in the tree"),
    ("a name twice", "user/http/log.h", "", "user/base/log.h has the same name"),
    ("a circle in a folder", "user/base/cleanup.h", '#include "base/text.h"', "a circle: "),
    ("a function called as a struct", "user/base/a.c", "static int tg_prefix(void) { return 0; }",
     "the function tg_prefix has the name of struct tg_prefix at user/base/prefix.h"),
    ("a function called as an enum", "bpf/a.bpf.h", "static int tg_log_level(void) { return 0; }",
     "the function tg_log_level has the name of enum tg_log_level at user/base/log.h"),
    ("two static functions of one name", "user/http/a.c", "static int route_private(void) { return 0; }",
     "static route_private: user/http/a.c:1 has one of the same name"),
    ("a folder without a rule", "user/other/a.c", "", "no rule for the folder user/other"),
]


def layers(top):
    done = subprocess.run([sys.executable, os.path.join(ROOT, "tests/layers.py"), top], capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def add(path, line):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "a", encoding="utf-8") as file:
        file.write(line + "\n")


def main():
    tests = Tests()
    code, said = layers(ROOT)
    tests.check("the tree keeps the rules", code == 0, said)
    for name, path, line, expected in BREACHES:
        with tempfile.TemporaryDirectory() as top:
            for folder in ("bpf", "include", "lib", "user"):
                shutil.copytree(os.path.join(ROOT, folder), os.path.join(top, folder))
            add(os.path.join(top, path), line)
            code, said = layers(top)
            tests.check(name, code == 1 and expected in said, said)
    tests.finish()


main()
