#!/usr/bin/python3 -B
# SPDX-License-Identifier: GPL-2.0-or-later
"""packaging/deps asks each system's installer for the right packages, once, and only for what is missing; where it knows no names it says
what is missing. packaging/clang takes the first of its order. The installers are stand-ins that note what they are asked."""
import os
import shutil
import subprocess
import sys
import tempfile

from documents import ROOT, Tests, read

BASE = "bash sh grep sed cut dirname id uname tr sort ls cat env".split()
SYSTEMS = {
    "debian-12": ("ID=debian", 'VERSION_ID="12"'),
    "debian-13": ("ID=debian", 'VERSION_ID="13"'),
    "ubuntu-24.04": ("ID=ubuntu", 'VERSION_ID="24.04"'),
    "ubuntu-26.04": ("ID=ubuntu", 'VERSION_ID="26.04"'),
    "fedora": ("ID=fedora", "VERSION_ID=43"),
    "other": ("ID=other", 'PRETTY_NAME="Other Linux"'),
    "debian-testing": ("ID=debian", 'PRETTY_NAME="Debian forky/sid"'),
}


def rows():
    return [line.split() for line in read("packaging/packages").splitlines() if line and line[0] != "#"]


class System:
    """Programs of a system that has nothing: BASE, and installers that know the packages but `lacks`."""

    def __init__(self, name, lacks=()):
        self.directory = tempfile.mkdtemp(prefix="tidegate-deps-", dir="/var/tmp")
        os.chmod(self.directory, 0o755)
        os.mkdir(os.path.join(self.directory, "packaging"))
        for file in "deps", "clang", "packages":
            shutil.copy(f"{ROOT}/packaging/{file}", os.path.join(self.directory, "packaging"))
        self.asked = os.path.join(self.directory, "asked")
        with open(os.path.join(self.directory, "os"), "w", encoding="utf-8") as file:
            file.write("\n".join(SYSTEMS[name]) + "\n")
        os.mkdir(os.path.join(self.directory, "bin"))
        for program in BASE:
            os.symlink(shutil.which(program), os.path.join(self.directory, "bin", program))
        refuse = "".join(f'[ "$package" != {package} ] || exit 1\n' for package in lacks)
        self.program("apt-get", f'echo "$@" >>{self.asked}')
        self.program("update-rc.d", ":")
        self.program("apt-cache", f'for package; do :; done\n{refuse}')
        self.program("dnf", f'for package; do :; done\n[ "$2" = info ] || echo "$@" >>{self.asked}\n'
                            f'[ "$2" != info ] || {{ :\n{refuse}}}')

    def program(self, name, text):
        path = os.path.join(self.directory, "bin", name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(f"#!/bin/bash\n{text}\n")
        os.chmod(path, 0o755)

    def deps(self, *groups, as_user=()):
        environment = {"PATH": os.path.join(self.directory, "bin"), "TIDEGATE_OS": os.path.join(self.directory, "os")}
        done = subprocess.run([*as_user, "/bin/bash", self.directory + "/packaging/deps", *groups], env=environment, check=False,
                              capture_output=True, text=True)
        installed = []
        if os.path.exists(self.asked):
            with open(self.asked, encoding="utf-8") as file:
                for line in file:
                    words = line.split()
                    installed += [word for word in words[words.index("install") + 1:]
                                  if word[0] != "-"] if "install" in words else []
        return done, installed

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.directory)


tests = Tests()
table = rows()
columns = next(line for line in read("packaging/packages").splitlines() if line.startswith("# group "))[1:].split()
tests.check("each row has a name, or none, for each system",
            all(len(row) == len(columns) for row in table), [row for row in table if len(row) != len(columns)])
tests.check("Debian 12, whose names the others have by default, has a name where it is referred to",
            all(row[2][0].isalpha() or "=" not in row for row in table))
tests.check("a sign is of a known kind",
            all(row[1].split(":")[0] in ("run", "lib", "header", "python", "gcc", "clang") for row in table))

if os.geteuid() != 0:
    print("skipped what deps installs: needs root, as deps does")
    tests.skipped += 1
else:
    for name in "debian-12", "debian-13", "ubuntu-24.04", "ubuntu-26.04", "fedora":
        with System(name) as system:
            done, installed = system.deps("build")
            expected = {part for row in table if row[0] == "build" and not row[1].startswith(("run:", "header:"))
                        for cell in [row[2] if row[columns.index(name)] == "=" else row[columns.index(name)]]
                        for part in cell.split("|")[0].split("+") if part != "-"}
            tests.check(f"{name}: installs what is missing", done.returncode == 0 and expected <= set(installed),
                        f"{done.stderr} {sorted(expected - set(installed))}")
            tests.check(f"{name}: names nothing twice", len(installed) == len(set(installed)), installed)
    with System("fedora", lacks=["clang19"]) as system:
        installed = system.deps("build")[1]
        tests.check("the first of several names that there is", {"clang18", "compiler-rt18"} <= set(installed)
                    and not {"clang19", "compiler-rt19", "clang"} & set(installed), installed)
    for name, title in ("other", "Other Linux"), ("debian-testing", "Debian forky/sid"):
        with System(name) as system:
            done, installed = system.deps("build")
            tests.check(f"{title}: exits 2", done.returncode == 2, done.returncode)
            tests.check(f"{title}: says what is missing", title in done.stderr and "libbpf-dev" in done.stderr, done.stderr)
            tests.check(f"{title}: installs nothing", not installed, installed)
    with System("debian-12") as system:
        done, installed = system.deps("build", as_user=[shutil.which("setpriv"), "--reuid=65534", "--regid=65534", "--clear-groups"])
        tests.check("without root: one line, and nothing installed",
                    done.returncode == 2 and "only root" in done.stderr and done.stderr.count("\n") == 1 and not installed, done.stderr)
with System("debian-12") as system:
    done, installed = system.deps("wibble")
    tests.check("a group that there is not", done.returncode == 2 and "no group wibble" in done.stderr, done.stderr)

order = subprocess.run([ROOT + "/packaging/clang", "order"], capture_output=True, text=True, check=True).stdout.split()
for there in (order[0],), (order[-1], order[2]), (order[-1],), ():
    with System("debian-12") as system:
        for program in there:
            system.program(program, ":")
        said = subprocess.run(["/bin/sh", ROOT + "/packaging/clang"], env={"PATH": os.path.join(system.directory, "bin")},
                              capture_output=True, text=True, check=True).stdout.strip()
        best = next((name for name in order if name in there), order[0])
        tests.check(f"of {', '.join(there) or 'no clang'}: {best}", said == best, said)
for row in table:
    if row[1] == "clang:":
        first = {part for cell in row[2:] for names in cell.split("|") for part in names.split("+") if part.startswith("clang-")}
        tests.check("the clang of each system is in the order", first <= set(order), first)
sys.exit(tests.finish())
