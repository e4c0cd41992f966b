#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""prometheus.py METRICS PROMETHEUS: does the Prometheus at that address say what the metrics say now?

Prints "ok WHAT" or "not ok WHAT: WHY" for each thing compared.
"""
import json
import os
import re
import sys
import urllib.parse
import urllib.request

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
ESCAPES = {'\\"': '"', "\\\\": "\\", "\\n": "\n"}
VARIABLES = {"$job": ".+", "$instance": ".+", "$limit": ".+", "$__rate_interval": "1m"}


def fetch(url):
    with urllib.request.urlopen(url, timeout=5) as reply:
        return reply.read().decode()


def ask(base, path, **parameters):
    return json.loads(fetch(f"{base}/api/v1/{path}?{urllib.parse.urlencode(parameters)}"))["data"]


def say(what, good, why=""):
    print(f"ok {what}" if good else f"not ok {what}: {why}".replace("\n", " ")[:400])


def samples(text):
    """{(name, sorted labels): value}"""
    found = {}
    for line in text.splitlines():
        if line.startswith("#"):
            continue
        name, labels, value = re.fullmatch(r"(\w+)(?:\{(.*)\})? (\d+)", line).groups()
        pairs = re.findall(r'(\w+)="((?:[^"\\]|\\.)*)"', labels or "")
        pairs = [(label, re.sub(r"\\.", lambda escape: ESCAPES[escape[0]], value)) for label, value in pairs]
        found[name, tuple(sorted(pairs))] = int(value)
    return found


def scraped(base):
    found = {}
    for sample in ask(base, "query", query='{__name__=~"tidegate_.+"}')["result"]:
        labels = sample["metric"]
        name = labels.pop("__name__")
        labels.pop("job"), labels.pop("instance")
        found[name, tuple(sorted(labels.items()))] = int(float(sample["value"][1]))
    return found


def compare_values(here, there):
    say("every sample arrives, and no other", set(here) == set(there), set(here) ^ set(there))
    for name in sorted({name for name, _ in here}):
        wrong = {key: (value, there.get(key)) for key, value in here.items() if key[0] == name and there.get(key) != value}
        say(f"values of {name}", not wrong, wrong)


def expect(there):
    """What the test sent; the interface's own chatter makes received and passed more than that."""
    def value(name, **labels):
        return there.get((name, tuple(sorted(labels.items()))))

    say("each refused 20 + 5", value("tidegate_limit_packets_total", limit="each", verdict="dropped") == 25, there)
    say("bytes of what was refused", value("tidegate_limit_bytes_total", limit="each", verdict="dropped") == 25 * 62, there)
    in_shadow = value("tidegate_limit_packets_total", limit="in-shadow", verdict="shadow_exceeded")
    say("a shadow only counts", in_shadow and in_shadow >= 19, in_shadow)
    say("denied", 7 in [number for (name, labels), number in there.items()
                        if name == "tidegate_dropped_packets_total" and ("reason", "denied") in labels], there)
    say("a change that failed", value("tidegate_policy_reloads_total", result="failed") == 1, there)
    attached = [dict(labels) for (name, labels), number in there.items() if name == "tidegate_interface_attached" and number == 1]
    odd = [labels["interface"] for labels in attached]
    say("an interface named by any bytes", any(name.startswith('od"\\?') for name in odd), odd)
    hooks = sorted((labels["hook"], labels["mode"]) for labels in attached)
    say("hooks and modes", [hook for hook, _ in hooks] == ["tc-egress", "tc-ingress", "xdp"] and
        {mode for _, mode in hooks} <= {"native", "generic", "tcx", "clsact"}, hooks)
    sums = {kind: sum(number for (name, _), number in there.items() if name == f"tidegate_{kind}_packets_total")
            for kind in ("received", "passed", "dropped")}
    say("received = passed + dropped", sums["received"] == sums["passed"] + sums["dropped"] >= 52, sums)


def evaluate_dashboard(base):
    with open(f"{ROOT}/packaging/grafana-dashboard.json", encoding="utf-8") as file:
        panels = json.load(file)["panels"]
    for panel in panels:
        for target in panel["targets"]:
            expression = target["expr"]
            if "tidegate_cluster_" in expression:
                continue  # this daemon is in none
            if "tidegate_interface_missing{" in expression:
                continue  # all that it is to limit is there
            for variable, value in VARIABLES.items():
                expression = expression.replace(variable, value)
            # over an instant with two samples, rates exist; those compared with zero may rightly be empty
            result = ask(base, "query", query=expression.removesuffix(" > 0"))["result"]
            say(f"dashboard, {panel['title']}, {target['refId']}: has data", result, expression)


def main():
    metrics, base = sys.argv[1:]
    there = scraped(base)
    compare_values(samples(fetch(metrics)), there)
    expect(there)
    targets = ask(base, "targets")["activeTargets"]
    say("the target is up, without an error", [(t["health"], t["lastError"]) for t in targets] == [("up", "")], targets)
    types = {name: {entry["type"] for entry in entries} for name, entries in ask(base, "metadata").items()}
    wrong = {name for name, _ in there if types.get(name) != {"counter" if name.endswith("_total") else "gauge"}}
    say("types", not wrong, wrong)
    evaluate_dashboard(base)


main()
