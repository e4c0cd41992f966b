#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""tests/layers.py [TOP]: holds the rules for includes (docs/architecture.md) and for names of functions. Prints each breach with its
place, then the number of levels of user/'s folders; exits 1 on a breach."""
import os
import re
import subprocess
import sys

BOUNDARY = "include/tidegate"
# A folder may include itself and what stands here.
MAY = {
    BOUNDARY: "",
    "include": "",
    "bpf": BOUNDARY,
    "lib": f"{BOUNDARY} include base",
    "user/base": "",
    "user/config": "base",
    "user/explain": "base config",
    "user/policy": f"{BOUNDARY} base config",
    "user/redis": "base",
    "user/attach": f"{BOUNDARY} base config",
    "user/kernel": f"{BOUNDARY} base policy",
    "user/datapath": f"{BOUNDARY} base config policy attach kernel",
    "user/cluster": f"{BOUNDARY} base config redis kernel datapath",
    "user/replay": f"{BOUNDARY} base config policy kernel datapath",
    "user/daemon": f"{BOUNDARY} base config cluster datapath",
    "user/control": f"{BOUNDARY} base config explain redis datapath cluster daemon",
    "user/http": f"{BOUNDARY} base config redis datapath cluster daemon",
    "user/cli": f"{BOUNDARY} include base config explain kernel datapath replay control/client.h control/entry_terms.h",
    "user/gateway": "include base",
    "user": f"{BOUNDARY} base config explain policy redis attach kernel datapath cluster daemon control http",
}
# base/ has one header that applications' library shares.
ONLY = {("lib", "base"): {"base/cleanup.h"}}
MAX_LEVELS = 10
INCLUDE = re.compile(r'\s*#\s*include\s+(?:"([^"]+)"|<(tidegate[^>]*)>)')


def sources(top):
    for root in ("bench", "bpf", "include", "lib", "tests", "user"):
        for folder, _, names in os.walk(os.path.join(top, root)):
            for name in names:
                if name.endswith((".c", ".h")):
                    yield os.path.relpath(os.path.join(folder, name), top)


class Tree:
    def __init__(self, top):
        self.top = top
        self.files = sorted(sources(top))
        self.known = set(self.files)
        self.breaches = []

    def complain(self, place, text):
        self.breaches.append(f"{place}: {text}")

    def includes(self, path):
        """(line, as written, path in the tree or None) of each quoted or <tidegate...> include"""
        with open(os.path.join(self.top, path), encoding="utf-8") as lines:
            for number, line in enumerate(lines, 1):
                if m := INCLUDE.match(line):
                    name = m.group(1) or m.group(2)
                    yield number, name, self.find(path, name, bool(m.group(2)))

    def find(self, path, name, angled):
        here = os.path.dirname(path)
        places = [f"include/{name}"] if angled else [f"{here}/{name}", f"user/{name}", f"bpf/{name}", name]
        return next((p for p in map(os.path.normpath, places) if p in self.known), None)


def folder_of(path):
    return os.path.dirname(path)


def allowed(folder, target):
    if folder == folder_of(target):
        return True
    short = target.removeprefix("user/")
    only = ONLY.get((folder, folder_of(short)))
    words = MAY[folder].split()
    return folder_of(short) in words and (only is None or short in only) or short in words


def check_file(tree, path):
    folder = folder_of(path)
    if folder not in MAY:
        if folder.startswith(("user/", "bpf/", "lib/", "include/")):
            tree.complain(path, f"no rule for the folder {folder}; add it to tests/layers.py and docs/architecture.md")
        return
    for line, name, target in tree.includes(path):
        place = f"{path}:{line}"
        if name.endswith(".skel.h"):
            if folder != "user/kernel":
                tree.complain(place, f"{name}: only user/kernel/ sees skeletons")
            continue
        if target is None:
            tree.complain(place, f"{name}: no such header in the tree")
            continue
        if folder.startswith("user") and target.startswith("user/") and name != target.removeprefix("user/"):
            tree.complain(place, f'{name}: write "{target.removeprefix("user/")}", with its folder')
        if not allowed(folder, target):
            tree.complain(place, f"{folder}/ may not include {target}; it may include: {MAY[folder] or 'nothing'}")
        if target.endswith("_private.h") and folder != folder_of(target):
            tree.complain(place, f"{target} is private to {folder_of(target)}/")


def check_names(tree):
    seen = {}
    for path in tree.files:
        if path.endswith(".h"):
            name = os.path.basename(path)
            if name in seen:
                tree.complain(path, f"{seen[name]} has the same name")
            seen[name] = path


def tags(tree):
    """(kind, name, path:line, whether it is static) of each function, struct and enum that is shipped, in order of place"""
    paths = [path for path in tree.files if not path.startswith(("bench/", "tests/"))]
    command = ["ctags", "-x", "--sort=no", "--kinds-c=fsg", "--_xformat=%K %N %F:%n %{file}", *paths]
    out = subprocess.run(command, cwd=tree.top, capture_output=True, text=True, check=True).stdout
    for kind, name, place, scope in map(str.split, out.splitlines()):
        if not name.startswith("__anon"):
            yield kind, name, place, scope == "file"


def check_functions(tree):
    """no function is called as a struct or enum is; no two static functions of a folder of user/ have one name"""
    found = list(tags(tree))
    types = {name: (kind, place) for kind, name, place, _ in found if kind != "function"}
    statics = {}
    for kind, name, place, static in found:
        if kind != "function":
            continue
        if name in types:
            tree.complain(place, "the function {0} has the name of {1} {0} at {2}".format(name, *types[name]))
        if static and place.startswith("user/") and place.split(":")[0].endswith(".c"):
            first = statics.setdefault((folder_of(place), name), place)
            if first.split(":")[0] != place.split(":")[0]:
                tree.complain(place, f"static {name}: {first} has one of the same name; call each for what it does, or share one")


def units(tree):
    """x.c and x.h of one folder are one unit, as a reader sees them: a circle may pass through a header and its source"""
    graph = {}
    for path in tree.files:
        if path.startswith("user/"):
            targets = graph.setdefault(os.path.splitext(path)[0], set())
            for _, _, target in tree.includes(path):
                if target and target.startswith("user/"):
                    targets.add(os.path.splitext(target)[0])
    return {unit: targets - {unit} for unit, targets in graph.items()}


def folders(graph):
    above = {}
    for unit, targets in graph.items():
        above.setdefault(folder_of(unit), set()).update(folder_of(target) for target in targets)
    return {folder: targets - {folder} for folder, targets in above.items()}


def levels(tree, graph):
    """the longest way down, in levels; complains of circles"""
    depth = {}

    def walk(node, way):
        if node in way:
            tree.complain(node, "a circle: " + " -> ".join(way[way.index(node):] + [node]))
            return 0
        if node not in depth:
            depth[node] = 1 + max((walk(n, way + [node]) for n in sorted(graph.get(node, ()))), default=0)
        return depth[node]

    return max(walk(node, []) for node in sorted(graph))


def main():
    tree = Tree(sys.argv[1] if len(sys.argv) > 1 else ".")
    for path in tree.files:
        check_file(tree, path)
    check_names(tree)
    check_functions(tree)
    graph = units(tree)
    levels(tree, graph)
    most = levels(tree, folders(graph))
    if most > MAX_LEVELS:
        tree.complain("user", f"{most} levels of folders; {MAX_LEVELS} at most")
    for breach in sorted(set(tree.breaches)):
        print(breach)
    print(f"includes: {most} levels of folders in user/, {len(tree.breaches)} breaches of the rules")
    return 1 if tree.breaches else 0


sys.exit(main())
