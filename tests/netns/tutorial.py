#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs the commands of docs/tutorial.md, in a machine of its own, and compares what they say with what is shown.

```sh is for the server, ```sh client for the other machine; `beside` (goes on in the background) may follow.
A ```text block is what the commands before it print: whole lines, in this order, … stands for anything.
"""
import re
import subprocess
import sys


def blocks(path):
    with open(path, encoding="utf-8") as file:
        return re.findall(r"^```(\w[^\n]*)\n(.*?)^```$", file.read(), re.M | re.S)


def pattern(shown):
    """The lines as one expression: a … alone is any number of lines."""
    parts = []
    for line in shown.splitlines():
        if line == "…":
            parts.append(r"(?:[^\n]*\n)*?")
        else:
            parts.append(".*".join(re.escape(part) for part in line.split("…")) + r"[ ]*\n")
    return "".join(parts)


def run(command, words):
    where = ["nsenter", "--net=/run/netns/peer"] if "client" in words else []
    return subprocess.Popen([*where, "bash", "-e", "-c", command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT, text=True)


def main():
    said, beside = "", []
    for kind, text in blocks(sys.argv[1]):
        words = kind.split()
        if words[0] == "sh":
            process = run(text, words)
            if "beside" in words:
                beside.append(process)
                continue
            said = process.communicate(timeout=120)[0]
            good = process.returncode == 0
            print("ok" if good else "not ok", text.strip().splitlines()[0])
            if not good:
                print(f"exit status {process.returncode}\n{said}")
        elif words[0] == "text":
            good = re.search("^" + pattern(text), said, re.M)
            print("ok" if good else "not ok", "as shown:", text.strip().splitlines()[-2:][0])
            if not good:
                print(said)
    for process in beside:
        process.communicate(timeout=60)


main()
