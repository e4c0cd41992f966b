# SPDX-License-Identifier: GPL-2.0-or-later
"""What the figures were measured on."""

import glob
import os
import platform
import re

from stage import ROOT, command


def first(path, otherwise):
    try:
        with open(path, encoding="utf-8") as file:
            return file.read().strip()
    except OSError:
        return otherwise


def commit():
    """Of what was measured, where git is there to say it."""
    try:
        return command("git", "-C", ROOT, "describe", "--always", "--dirty").strip()
    except (OSError, RuntimeError):
        return ""


def describe():
    cpu = re.search(r"model name\s*: (.*)", first("/proc/cpuinfo", ""))
    memory = re.search(r"MemTotal: *(\d+)", first("/proc/meminfo", ""))
    mitigations = {os.path.basename(path): first(path, "") for path in
                   sorted(glob.glob("/sys/devices/system/cpu/vulnerabilities/*"))}
    return {
        "cpu": cpu.group(1) if cpu else platform.machine(),
        "cpus": os.cpu_count(),
        "hypervisor": bool(re.search(r"^flags.*\bhypervisor\b", first("/proc/cpuinfo", ""), re.M)),
        "memory_mib": int(memory.group(1)) // 1024 if memory else 0,
        "kernel": platform.release(),
        "clang": command(os.environ.get("CLANG") or command(ROOT + "/packaging/clang").strip(), "--version").splitlines()[0],
        "nft": command("nft", "--version").strip(),
        "iptables": command("iptables-legacy", "--version").strip(),
        "governor": first("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", "none (the host's)"),
        "mitigations": {name: text for name, text in mitigations.items() if text != "Not affected"},
        "commit": commit(),
    }
