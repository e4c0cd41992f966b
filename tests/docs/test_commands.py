#!/usr/bin/python3 -B
# SPDX-License-Identifier: GPL-2.0-or-later
"""--help of every command, and the tables that list commands print, from a daemon that is none and says what it likes."""
import json
import re
import socket
import subprocess
import sys
import tempfile
import threading

from documents import ROOT, TIDEGATE, Tests

HOSTILE = "\x1b]0;owned\x07\r\n\u009b2J\x7f café"
PACKETS = {"admitted": 10, "dropped": 2, "marked": 0, "delayed": 0, "rejected": 7, "shadow_exceeded": 0}
ANSWERS = {
    "status": {"daemon": {"version": "0", "pid": 1, "uptime_ms": 0, "config": "c", "state": "s"}, "health": "ok", "policy": "c",
               "table": {"buckets": 1, "size": 2},
               "interfaces": [{"interface": HOSTILE, "hook": "xdp", "mode": "native", "header": "ethernet", "healthy": True, "received": 9, "passed": 8,
                               "dropped": 1, "reasons": {"limit": 1}},
                              {"interface": "eth1", "hook": "tc-ingress", "mode": HOSTILE, "header": "none", "healthy": False, "received": 0,
                               "passed": 0, "dropped": 1234567, "reasons": {}}]},
    "limits": {"limits": [{"name": "dns", "unit": "packets", "capacity": 100, "rate": "10/s", "on_exceed": "drop", "buckets": 3,
                           "buckets_reserved": 256, "packets": PACKETS},
                          {"name": HOSTILE, "unit": "bytes", "capacity": 5, "refill_amount": 1, "refill_interval_ms": 1000,
                           "on_exceed": HOSTILE, "buckets": 0, "packets": PACKETS}]},
    "top": {"sources": [{"source": "192.0.2.9/32", "limit": "dns", "exceeded": 5, "admitted": 6, "remaining": 7, "capacity": 8,
                         "state": "open", "shadow": True},
                        {"source": HOSTILE, "limit": HOSTILE, "exceeded": 0, "admitted": 0, "remaining": 0, "capacity": 0,
                         "state": HOSTILE}]},
    "events": {"next": 3, "events": [{"time": "2026-01-01T00:00:00.000Z", "limit": "dns", "verdict": "dropped", "hook": "xdp",
                                      "protocol": 17, "source": "2001:db8::1", "source_port": 7, "destination": "192.0.2.1",
                                      "destination_port": 53, "not_shown": 12},
                                     {"time": "2026-01-01T00:00:01.000Z", "limit": HOSTILE, "verdict": "marked", "hook": HOSTILE,
                                      "protocol": 6, "source": HOSTILE, "destination": "192.0.2.1"}]},
    "cluster": {"cluster": "c", "node": "one", "epoch": "e", "nodes": 2, "interval_ms": 50.0, "state": "heard", "last_round_ms": 1.0,
                "store": {"server": "s", "connected": True}, "share": 0.5, "sources": {}, "frames_refused": {},
                "peers": [{"node": HOSTILE, "state": "heard", "age_ms": 12.0, "share": 0.5, "frames": 10, "lost": 1, "repeated": 0}],
                "limits": [{"limit": "dns", "mode": "split", "parts": 2, "differs_on": ["a", HOSTILE], "sources": 1, "left_out": 0,
                            "overshoot_seen": 3, "overshoot_bound": 44}]},
}
ENTRY = {"prefix": "192.0.2.0/24", "origin": "dynamic", "expires_in_ms": 90000, "added": "2026-01-01T00:00:00Z", "note": "ticket 42"}
PAGES = {None: {"entries": [dict(ENTRY, note=HOSTILE)], "next": "more"},
         "more": {"entries": [dict(ENTRY, prefix="2001:db8::/32", origin="config", expires_in_ms=None, added="", note="")]}}

# What each prints without options: people know it, and so may scripts.
SHOWN = {
    "status": """\
tidegated 0, pid 1, up 0 s; policy generation 0 with 0 limit(s)
health: ok
configuration c, state s
table: 1 of 2 buckets used

INTERFACE HOOK       MODE   HEADER   LINK    RECEIVED PASSED DROPPED
nice      xdp        native ethernet healthy        9      8       1
eth1      tc-ingress nice   none     BROKEN         0      0 1234567

INTERFACE REASON PACKETS
nice      limit        1
""",
    "limits": """\
LIMIT UNIT    CAPACITY REFILL     EXCESS BUCKETS ADMITTED DROPPED REJECTED RESERVED
dns   packets      100 10/s       drop         3       10       2        7      256
nice  bytes          5 1 every 1s nice         0       10       2        7        0
""",
    "top": """\
SOURCE                                   LIMIT                          EXCEEDED       ADMITTED              REMAINING STATE
192.0.2.9/32                             dns                                   5              6          7 of        8 open (shadow)
nice                                     nice                                  0              0          0 of        0 nice
""",
    "events": """\
TIME                     LIMIT                    VERDICT         HOOK       PROTO   SOURCE                     DESTINATION
2026-01-01T00:00:00.000Z dns                      dropped         xdp        udp     [2001:db8::1]:7            192.0.2.1:53               and 12 more before
2026-01-01T00:00:01.000Z nice                     marked          nice       tcp     nice                       192.0.2.1
""",
    "cluster": """\
cluster c, node one (epoch e), 2 node(s), interval 50 ms
the other nodes are heard, the last time 1 ms ago
store s: connected, round trip 0.0 ms, 0 rounds, 0 missed
sources exchanged: 0 of 0; left out for lack of room: 0

NODE STATE    LAST FRAME SHARE FRAMES LOST REPEATED
one  this one            50 %
nice heard    12 ms      50 %      10    1        0

LIMIT MODE       DIFFERS ON SOURCES LEFT OUT OVERSHOOT SEEN BOUND
dns   split by 2 a, nice          1        0              3    44
""",
    "deny list": """\
PREFIX                                       ORIGIN   ENDS IN    ADDED                NOTE
192.0.2.0/24                                 dynamic  90s        2026-01-01T00:00:00Z nice
2001:db8::/32                                config   never
""",
}
# Where the options and operands of a command line go.
REQUESTS = {
    "limits dns": {"command": "limits", "limit": "dns"},
    "top --limit dns --by admitted -n 5": {"command": "top", "limit": "dns", "by": "admitted", "n": 5},
    "--json top": {"command": "top", "n": 0},
    "why 192.0.2.9": {"command": "why", "address": "192.0.2.9"},
    "why --key alice": {"command": "why", "key": "alice"},
    "events --limit dns --number=7": {"command": "events", "limit": "dns", "after": 0, "n": 7, "last": True},
    "events": {"command": "events", "after": 0, "n": 20, "last": True},
    "set dns capacity=5 rate=1/s": {"command": "set", "limit": "dns", "values": {"capacity": "5", "rate": "1/s"}, "save": False},
    "set --save dns shadow=true": {"command": "set", "limit": "dns", "values": {"shadow": "true"}, "save": True},
    "shadow on dns web --save": {"command": "shadow", "on": True, "limits": ["dns", "web"], "save": True},
    "shadow off dns": {"command": "shadow", "on": False, "limits": ["dns"], "save": False},
    "diff /dev/null": {"command": "diff", "file": "/dev/null"},
    "apply --confirm 60s /dev/null": {"command": "apply", "file": "/dev/null", "confirm": "60s"},
    "confirm": {"command": "confirm"},
    "rollback": {"command": "rollback"},
    "allow add 192.0.2.0/24 --for 10m --note why": {"command": "entries_add", "list": "allow", "prefixes": ["192.0.2.0/24"],
                                                   "for": "10m", "note": "why"},
    "deny --note list --f 1h add 2001:db8::1": {"command": "entries_add", "list": "deny", "prefixes": ["2001:db8::1/128"], "for": "1h",
                                                "note": "list"},
    "allow add --no=--help 192.0.2.1": {"command": "entries_add", "list": "allow", "prefixes": ["192.0.2.1/32"], "note": "--help"},
    "deny del 192.0.2.1": {"command": "entries_remove", "list": "deny", "prefixes": ["192.0.2.1/32"]},
    "reset 192.0.2.9 --limit dns": {"command": "reset", "address": "192.0.2.9", "limit": "dns", "all": False},
    "reset --key alice": {"command": "reset", "key": "alice", "all": False},
    "reset --all": {"command": "reset", "all": True},
}
ESCAPED = r"\x1b]0;owned\x07\x0d\x0a\xc2\x9b2J\x7f café"


class Daemon(threading.Thread):
    """Answers one request a connection, with this name for all that is named from outside."""

    def __init__(self, path, name):
        super().__init__(daemon=True)
        self.name_of_all = name
        self.requests = []
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.bind(path)
        self.socket.listen()

    def run(self):
        while True:
            client = self.socket.accept()[0]
            with client, client.makefile("rw", encoding="utf-8") as stream:
                request = json.loads(stream.readline())
                self.requests.append(request)
                name = request["command"]
                result = PAGES[request.get("after")] if name == "entries_list" else ANSWERS.get(name, {})
                answer = json.dumps({"code": 0, "result": result})
                stream.write(answer.replace(json.dumps(HOSTILE), json.dumps(self.name_of_all)) + "\n")


class Tidegate:
    def __init__(self, folder, name):
        self.control = f"{folder}/{len(name)}.sock"
        self.daemon = Daemon(self.control, name)
        self.daemon.start()

    def run(self, words):
        # bytes: reading as text would take \\r\\n for an end of line
        done = subprocess.run([TIDEGATE, "--control", self.control, *words.split()], stdin=subprocess.DEVNULL,
                              capture_output=True, timeout=60, env={"LANG": "C", "PATH": "/usr/bin:/bin"})
        return done.returncode, done.stdout.decode(), done.stderr.decode()

    def says(self, words):
        code, said, errors = self.run(words)
        return said if code == 0 and not errors else f"exit {code}: {said}{errors}"


def has_controls(text):
    return re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", text)


def test_help(tests, tidegate):
    overview = tidegate.says("--help")
    tests.check("help is --help", tidegate.says("help") == overview)
    commands = list(dict.fromkeys(re.findall(r"^  ([a-z]+)\b", overview, re.M)))
    with open(f"{ROOT}/man/tidegate.1", encoding="utf-8") as file:
        manual = file.read()
    tests.check("the overview names the commands", len(commands) > 20, str(commands))
    for command in commands:
        code, said, errors = tidegate.run(f"{command} --help")
        first = said.split("\n", 1)[0]
        tests.check(f"{command} --help", code == 0 and not errors and first.startswith(f"usage: tidegate {command}"), said + errors)
        tests.check(f"{command}: no line is longer than a terminal", max(map(len, said.splitlines())) <= 80, said)
        usage, about = re.match(r"(.*?)\n\n(.*)", said, re.S).groups()
        # each option of the usage has its line, by letter if it has one; and so has each operand
        words = usage.replace("usage:", " ").replace("tidegate " + command, "")
        shown = set(re.findall(r"^  (?:(-\w), )?(--\w+)", about, re.M))
        options = {letter or name for letter, name in shown} - {"--control", "-h"}
        tests.check(f"{command}: the usage has the options", set(re.findall(r"(?<![\w-])--?[a-z]+", words)) == options, said)
        for operand in re.findall(r"^  ([A-Z][^ ]*) ", about, re.M):
            tests.check(f"{command}: the usage has {operand}", operand in words, said)
        tests.check(f"{command}: has an item in tidegate(1)", re.search(rf"^\.It .*\b{command}\b", manual, re.M), command)
        tests.check(f"{command}: and says why not", tidegate.run(f"{command} --wibble")[0] == 2)
    tests.check("one action's help", tidegate.says("deny add --help").startswith("usage: tidegate deny add PREFIX"))
    tests.check("-h", tidegate.says("top -h") == tidegate.says("top --help"))
    tests.check("help COMMAND", tidegate.says("help top") == tidegate.says("top --help"))
    tests.check("help COMMAND ACTION", tidegate.says("help deny add") == tidegate.says("deny add --help"))
    tests.check("not with an option before the action", tidegate.run("deny --for 1s list")[0] == 2)
    tests.check("but with the action's own", tidegate.says("deny --noheadings -o prefix list") == "192.0.2.0/24\n2001:db8::/32\n")


def test_shown(tests, tidegate):
    for words, expected in SHOWN.items():
        said = tidegate.says(words)
        tests.check(f"{words}: as ever", [line.rstrip() for line in said.split("\n")] == expected.split("\n"), said)


def test_empty_list(tests, tidegate):
    for name in ("allow", "deny"):
        tests.check(f"{name} del - with nothing", tidegate.says(f"{name} del -") == f"0 prefixes taken off the {name} list\n")
        tests.check(f"{name} add - with nothing", tidegate.says(f"{name} add -").startswith(f"0 prefixes added to the {name} list"))


def test_tables(tests, tidegate):
    for words in ["status", "limits", "top", "events", "cluster", "allow list", "deny list"]:
        said = tidegate.says(words)
        tests.check(f"{words}: nothing that a terminal obeys", ESCAPED in said and not has_controls(said), repr(said))
        tests.check(f"{words}: JSON is as it was sent", tidegate.says(f"{words} --json --noheadings").count("\n") == 1)
        code, said, errors = tidegate.run(f"{words} -o wibble")
        names = re.search(r"there are (.*)", errors)
        tests.check(f"{words}: an unknown column", code == 2 and not said and '"wibble"' in errors and names, errors)
        help_text = tidegate.says(f"{words} --help")
        listed = re.findall(r"\w+", " ".join(re.findall(r"  columns:((?:.*\n {28})*.*)", help_text)))
        tests.check(f"{words}: and the known ones", names and names[1].split(", ") == listed, f"{errors}{help_text}")
        for name in listed:
            said = tidegate.says(f"{words} -o {name.upper()} --noheadings")
            tests.check(f"{words} -o {name}", not said.startswith("exit") and not has_controls(said), said)


def test_requests(tests, tidegate):
    for words, expected in REQUESTS.items():
        code, _, errors = tidegate.run(words)
        asked = tidegate.daemon.requests[-1]
        tests.check(f"asks as told: {words}", code == 0 and asked == expected, f"{asked} {errors}")


def test_chosen(tests, tidegate):
    tests.check("columns of status", tidegate.says("status -o dropped,hook") == "DROPPED HOOK\n      1 xdp\n1234567 tc-ingress\n")
    tests.check("no headings", tidegate.says("status --output=hook --noheadings") == "xdp\ntc-ingress\n")
    tests.check("all else is there", "tidegated 0, pid 1" in tidegate.says("status --noheadings"))
    tests.check("but the headings", not re.search(r"^(INTERFACE|NODE|LIMIT|SOURCE|TIME|PREFIX)\b", tidegate.says("status --noheadings") +
                tidegate.says("cluster --noheadings") + tidegate.says("limits --noheadings") + tidegate.says("top --noheadings") +
                tidegate.says("events --noheadings") + tidegate.says("deny list --noheadings"), re.M))
    tests.check("what is not shown by itself", tidegate.says("limits -o limit,marked").startswith("LIMIT "))
    tests.check("has its column", tidegate.says("limits -o marked") == "MARKED\n     0\n     0\n")
    tests.check("one of the two tables", tidegate.says("cluster -o limit,bound") == "LIMIT BOUND\ndns      44\n")
    tests.check("the other", tidegate.says("cluster -o share --noheadings") == "50 %\n50 %\n")
    tests.check("both", tidegate.says("cluster -o limit,share") == "SHARE\n50 %\n50 %\nLIMIT\ndns\n")
    tests.check("what an event stands for", tidegate.says("events -o protocol,not_shown --noheadings") ==
                "udp     and 12 more before\ntcp\n")
    tests.check("as wide on every page", tidegate.says("deny list -o ends_in,note").splitlines()[2] == "never")
    for words in ["check FILE -o x", "version --noheadings", "deny add 192.0.2.1 -o prefix"]:
        tests.check(f"no table: {words}", "no such option" in tidegate.run(words)[2])


def main():
    tests = Tests()
    with tempfile.TemporaryDirectory() as folder:
        test_shown(tests, Tidegate(folder, "nice"))
        tidegate = Tidegate(folder, HOSTILE)
        test_help(tests, tidegate)
        test_empty_list(tests, tidegate)
        test_tables(tests, tidegate)
        test_chosen(tests, tidegate)
        test_requests(tests, tidegate)
    return tests.finish()


if __name__ == "__main__":
    sys.exit(main())
