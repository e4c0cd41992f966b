#!/usr/bin/python3 -B
# SPDX-License-Identifier: GPL-2.0-or-later
"""Metrics, alert rules and dashboard fit together: every name and label that is asked for is one that is there.

tests/unit/http/metrics.txt stands for what the daemon writes (test_metrics.c holds it to that). Whether a real
Prometheus gets real values: tests/netns/test_prometheus.sh.
"""
import json
import re
import shutil
import subprocess
import sys
import tempfile

import yaml

from documents import ROOT, Tests, read

VERDICTS = {"admitted", "dropped", "marked", "delayed", "rejected", "shadow_exceeded"}
# What is promised: names and labels. A label more would be a break as well.
PROMISED = {
    "tidegate_received_packets_total": {"interface", "hook"},
    "tidegate_passed_packets_total": {"interface", "hook"},
    "tidegate_dropped_packets_total": {"interface", "hook", "reason"},
    "tidegate_limit_packets_total": {"limit", "verdict"},
    "tidegate_limit_bytes_total": {"limit", "verdict"},
    "tidegate_buckets": {"limit"},
    "tidegate_buckets_reserved": {"limit"},
    "tidegate_table_size": set(),
    "tidegate_table_full_packets_total": set(),
    "tidegate_new_sources_total": {"limit"},
    "tidegate_new_sources_refused_total": {"limit"},
    "tidegate_policy_generation": set(),
    "tidegate_policy_reloads_total": {"result"},
    "tidegate_interface_attached": {"interface", "hook", "mode"},
    "tidegate_interface_missing": {"interface", "hook", "reason"},
    "tidegate_interfaces_missing": set(),
    "tidegate_interface_listing_failed": set(),
    "tidegate_build_info": {"version"},
    "tidegate_cluster_nodes": set(),
    "tidegate_cluster_peer_up": {"node"},
    "tidegate_cluster_peer_age_seconds": {"node"},
    "tidegate_cluster_peer_tokens_total": {"node"},
    "tidegate_cluster_store_connected": set(),
    "tidegate_cluster_store_round_trip_seconds": set(),
    "tidegate_cluster_store_failures_total": set(),
    "tidegate_cluster_rounds_total": {"outcome"},
    "tidegate_cluster_bytes_total": {"direction"},
    "tidegate_cluster_losses_total": set(),
    "tidegate_cluster_sources": set(),
    "tidegate_cluster_max_sources": set(),
    "tidegate_cluster_left_out_total": set(),
    "tidegate_cluster_frames_refused_total": {"reason"},
    "tidegate_cluster_limit_mode": {"limit", "mode"},
    "tidegate_cluster_limit_mismatches": {"limit"},
    "tidegate_cluster_overshoot_bound_tokens": {"limit"},
    "tidegate_cluster_overshoot_seen_tokens": {"limit"},
}
SCRAPED = {"job", "instance"}  # added by Prometheus
VARIABLES = {"$job": ".+", "$instance": ".+", "$limit": ".+", "$__rate_interval": "1m"}


def promtool(*arguments):
    """(succeeded, what it said)"""
    done = subprocess.run(["promtool", *arguments], cwd=ROOT, capture_output=True, text=True, timeout=120)
    return done.returncode == 0, done.stdout + done.stderr


def metrics():
    return read("tests/unit/http/metrics.txt").replace("BUILD_INFO", 'tidegate_build_info{version="0"} 1')


def families():
    """name -> (type, names of labels, {label: values}) of the made-up metrics."""
    found = {}
    for line in metrics().splitlines():
        if line.startswith("# TYPE "):
            _, _, name, kind = line.split(" ")
            found[name] = (kind, set(), {})
        elif not line.startswith("#"):
            name, labels = re.fullmatch(r"(\w+)(?:\{(.*)\})? \d+(?:\.\d+)?", line).groups()
            for label, value in re.findall(r'(\w+)="((?:[^"\\]|\\.)*)"', labels or ""):
                found[name][1].add(label)
                found[name][2].setdefault(label, set()).add(value)
    return found


def check_promises(tests, found):
    tests.check("no metric missing, none more", set(found) == set(PROMISED), set(found) ^ set(PROMISED))
    for name, labels in PROMISED.items():
        kind, has, values = found.get(name, ("", set(), {}))
        tests.check(f"{name}: its labels", has == labels, f"{has}")
        tests.check(f"{name}: its type", kind == ("counter" if name.endswith("_total") else "gauge"), kind)
        if "verdict" in labels:
            tests.check(f"{name}: its verdicts", values.get("verdict") == VERDICTS, f"{values}")
    tests.check("results of changes", found["tidegate_policy_reloads_total"][2]["result"] == {"ok", "failed"})


def check_expression(tests, where, expression, found):
    """Names and labels; the syntax is promtool's to check."""
    names = set(re.findall(r"\btidegate_\w+", expression))
    unknown = names - set(found)
    tests.check(f"{where}: metrics that exist", not unknown and (names or "up{" in expression), unknown or expression)
    allowed = SCRAPED.union(*(PROMISED.get(name, set()) for name in names))
    asked = set(re.findall(r"(\w+)\s*(?:=~|!=|!~|=)\s*\"", expression))
    for group in re.findall(r"\b(?:by|on|ignoring|without)\s*\(([^)]*)\)", expression):
        asked |= {label.strip() for label in group.split(",")}
    tests.check(f"{where}: labels that exist", asked <= allowed, f"{asked - allowed}")


def fill_in(expression):
    for variable, value in VARIABLES.items():
        expression = expression.replace(variable, value)
    return expression


def overlap(a, b):
    return (a["x"] < b["x"] + b["w"] and b["x"] < a["x"] + a["w"] and
            a["y"] < b["y"] + b["h"] and b["y"] < a["y"] + a["h"])


def check_reference(tests):
    rows = dict(re.findall(r"^\| `(tidegate_\w+)` \| [^|]*\| (.*) \|$", read("docs/metrics.md"), re.M))
    helps = dict(re.findall(r"^# HELP (\w+) (.*)$", read("tests/unit/http/metrics.txt"), re.M))
    tests.check("docs/metrics.md has every metric and its meaning", rows == helps, set(rows.items()) ^ set(helps.items()))


def check_dashboard(tests, found):
    panels = json.loads(read("packaging/grafana-dashboard.json"))["panels"]
    places = [panel["gridPos"] for panel in panels]
    tests.check("panels have numbers of their own", len({panel["id"] for panel in panels}) == len(panels))
    tests.check("panels do not overlap", not any(overlap(a, b) for i, a in enumerate(places) for b in places[:i]))
    rules = []
    for panel in panels:
        for target in panel["targets"]:
            where = f"dashboard, {panel['title']}, {target['refId']}"
            check_expression(tests, where, target["expr"], found)
            shown = set(re.findall(r"\{\{(\w+)\}\}", target["legendFormat"]))
            tests.check(f"{where}: the legend's labels are kept", all(label in target["expr"] for label in shown), shown)
            tests.check(f"{where}: no variable unknown", "$" not in fill_in(target["expr"]), target["expr"])
            rules.append({"record": f"dashboard:{len(rules)}", "expr": fill_in(target["expr"])})
    used = {name for name in found if any(name in rule["expr"] for rule in rules)}
    missing = set(found) - used - {"tidegate_build_info"}
    tests.check("the dashboard shows every metric", not missing, f"{missing}")
    with tempfile.NamedTemporaryFile("w", suffix=".yml") as file:
        yaml.safe_dump({"groups": [{"name": "dashboard", "rules": rules}]}, file)
        file.flush()
        good, said = promtool("check", "rules", file.name)
        tests.check("dashboard: Prometheus takes every expression", good and f"{len(rules)} rules found" in said, said)


def check_rules(tests, found):
    groups = yaml.safe_load(read("packaging/tidegate.rules.yml"))["groups"]
    cases = read("tests/docs/rules_cases.yaml")
    for rule in (rule for group in groups for rule in group["rules"]):
        check_expression(tests, rule["alert"], rule["expr"], found)
        tests.check(f"{rule['alert']}: has a case that fires",
                    re.search(rf"{rule['alert']}\n\s+exp_alerts|{rule['alert']}\",alertstate=\"firing", cases))
    tests.check("promtool check rules", *promtool("check", "rules", "packaging/tidegate.rules.yml"))
    tests.check("promtool test rules", *promtool("test", "rules", "tests/docs/rules_cases.yaml"))


def main():
    tests = Tests()
    if not shutil.which("promtool"):
        print("skipped all: promtool is missing (Debian's package prometheus)\n0 passed, 0 failed, 1 skipped")
        return 0
    found = families()
    lint = subprocess.run(["promtool", "check", "metrics"], input=metrics(), capture_output=True, text=True, timeout=120)
    said = lint.stdout + lint.stderr
    tests.check("promtool check metrics has nothing to say", lint.returncode == 0 and not said, said)
    check_promises(tests, found)
    check_rules(tests, found)
    check_reference(tests)
    check_dashboard(tests, found)
    return tests.finish()


sys.exit(main())
