# SPDX-License-Identifier: GPL-2.0-or-later
"""What is looked at all the time: programs on interfaces, processes, memory, health; and the counters, when no packet is under way."""
import subprocess
import time

import clients
import kernel
import node as nodes
import policies

PREFIX = "tidegate"  # of the names of our programs
APPEAR = 15  # s until an interface that appeared is limited


def ours(id_):
    return (kernel.program_name(id_) or "").startswith(PREFIX)


def missing(links, name):
    """What of ours is not at an interface that is to have it, or None."""
    link = links.get(name)
    if link is None:
        return f"{name} is not there"
    for hook in nodes.HOOKS.get(name, ["xdp"]):
        if hook == "xdp":
            if not link["xdp"] or not ours(link["xdp"]):
                return f"no program of tidegate at {name}, xdp (program {link['xdp']})"
        elif not any(isinstance(each, str) or ours(each) for each in kernel.tc_programs(link["index"], name, hook)):
            return f"no program of tidegate at {name}, {hook}"
    return None


def attachments(node, stopping):
    """From the first start on something of ours is at each interface, whatever becomes of the daemon."""
    links = kernel.Links()
    gone = {}
    while not stopping.wait(0.25):
        node.look_after()
        for name in nodes.ALWAYS:
            found = missing(links, name)
            if not found:
                node.report.ok("attached")
                if gone.pop(name, None):
                    node.report.act(node.name, f"{name} has its program again")
            elif name not in gone:
                gone[name] = found
                node.report.wrong("attached", f"{node.name}: {found}")


def processes(node, stopping):
    while not stopping.wait(1):
        node.sample()
        if int(time.monotonic()) % 5 == 0:
            node.look_at_log()


def health(node, stopping):
    """ok when everything is as it should be; and not, while something that was asked for is not enforced."""
    world = node.world
    while not stopping.wait(1.5):
        epoch, quiet, changing = node.epoch, time.monotonic() - node.epoch_at, node.changing
        store, others = world.store.good_for(), world.others_quiet(node)
        status, found = (node.ask("status"), node.in_force()) if node.up() else (None, None)
        if not status or not node.up() or node.epoch != epoch or changing or node.changing:
            continue
        # the others come and go, and are missed for a moment
        line = "; ".join(each for each in status["problems"] if not each.startswith("cv")) or "ok"
        if found and node.markers and not node.busy:
            node.report.check("in force", found[0] in node.markers, f"{node.name}: {found[0]} is in force, though {node.markers} was and nothing was done")
        if node.reload_failed and quiet > 1:
            node.report.check("health", line != "ok" and "reload" in line, f"{node.name}: health is {line} after a reload that failed")
        elif node.pending and quiet > 1:
            node.report.check("health", line != "ok", f"{node.name}: health is {line} while a change waits to be confirmed")
        elif world.store.gone and world.store.bad_for() > 5 and quiet > 3:
            node.report.check("health", line != "ok", f"{node.name}: health is {line} without a store")
        elif quiet > 3 and not node.short and node.reload_failed is False and not node.pending:
            if line.startswith(("store lost", "no other node")) and (min(store, world.store.good_for()) < 8 or others < 5):
                continue
            if line != "ok" and any(each.starved() for each in world.nodes):
                node.report.unjudged("health", f"a daemon had no processor; {node.name}: {line}")
                continue
            node.report.check("health", line == "ok", f"{node.name}: health is {line} though nothing was done for {quiet:.0f} s")
            there = {(each["interface"], each["hook"]) for each in status["interfaces"] if each["healthy"]}
            for name in nodes.ALWAYS:
                for hook in nodes.HOOKS.get(name, ["xdp"]):
                    node.report.check("health", (name, hook) in there, f"{node.name}: status has no healthy {name}, {hook}")


FLOODS = [("udp", "10.77.128.1"), ("udp", "fd77:f::1"), ("syn", "10.77.129.1"), ("ack", "10.77.130.1"), ("icmp", "10.77.131.1"), ("icmp", "fd77:e::1"),
          ("fragment", "10.77.132.1"), ("udp", "192.0.2.1"), ("udp", "203.0.113.1"), ("udp", "11.0.0.1")]  # fmt: skip


def flood(node, rng, stopping):
    """Many sources at a bounded rate; between two floods the counters are compared with what was sent and what arrived."""
    links, world, before, rounds = kernel.Links(), node.world, None, 0
    while not stopping.is_set():
        kind, source = rng.choice(FLOODS)
        sources, rate, seconds = rng.choice((1, 20, 250, 2000)), rng.choice((50, 200, 500)), rng.randrange(2, 8)
        to = "fd77::2" if ":" in source else "10.77.0.2"
        process = subprocess.Popen([world.traffic_command, "send", "out", node.in_mac, source, to, str(policies.FLOOD_PORT), str(sources), str(rate),
                                    str(seconds), "74", kind], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # fmt: skip
        while process.poll() is None:
            if stopping.wait(0.1):
                process.terminate()
        process.wait()
        rounds += 1
        if rounds % 3 == 0 and not stopping.is_set():
            before = account(node, links, before)


COUNTED = {"steady": "in", "steady-tc": "tc", "steady-out": "tcout", "gentle": "in", "together": "in"}


def account(node, links, before):
    """Everything of a node stands still for a moment. Returns what to compare with the next time."""
    world, report = node.world, node.report
    world.pause(node)
    try:
        time.sleep(0.8)  # also longer than what the daemon may show old numbers for
        kernel.enter(node.server)
        if not node.up() or node.short:
            return before
        first = links_of(links)
        flows = world.counts()
        texts = []
        for _ in range(2):
            try:
                status, text = clients.get("/metrics")
            except OSError:
                return before
            if status != 200:
                return before
            texts.append(text)
            time.sleep(0.3)
        if first != links_of(links) or flows is None:
            report.unjudged("counters", f"{node.name}: packets came while it was to be quiet")
            return before
    finally:
        kernel.enter(node.client)
        world.resume(node)
    now = {"links": first, "metrics": clients.metrics(texts[1]), "flows": {each[2]: each for each in flows_of(node, flows)}}
    if before:
        compare(node, before, now)
    return now


def flows_of(node, flows):
    """Both flows of each limit together."""
    sums = {}
    for number, device, limit, sent, passed in flows:
        if number == node.number:
            entry = sums.setdefault(limit, [number, device, limit, 0, 0])
            entry[3] += sent
            entry[4] += passed
    return sums.values()


def links_of(links):
    return [links.get(name)["tx_packets"] for name in ("out", "tcout")]


def value(found, name, **labels):
    """A sum over all series that have these labels."""
    total = 0
    for key, each in found.items():
        if key.split("{")[0] == name and all(f'{label}="{wanted}"' in key for label, wanted in labels.items()):
            total += each
    return int(total)


def compare(node, before, now):
    def grown(name, **labels):
        return value(now["metrics"], name, **labels) - value(before["metrics"], name, **labels)

    check = node.report.check
    for i, (device, hook) in enumerate((("in", "xdp"), ("tc", "tc-ingress"))):
        received, passed, dropped = (grown(f"tidegate_{word}_packets_total", interface=device, hook=hook) for word in ("received", "passed", "dropped"))
        handed = now["links"][i] - before["links"][i]
        check("counters", received == passed + dropped == handed,
              f"{node.name}: {device}, {hook}: {received} received, {passed} passed, {dropped} dropped, {handed} handed over by the kernel")  # fmt: skip
    for limit in COUNTED:
        sent, arrived = (now["flows"][limit][i] - before["flows"][limit][i] for i in (3, 4))
        admitted, dropped = (grown("tidegate_limit_packets_total", limit=limit, verdict=word) for word in ("admitted", "dropped"))
        check("counters", admitted == arrived and admitted + dropped == sent,
              f"{node.name}: {limit}: {sent} sent, {arrived} arrived, {admitted} admitted, {dropped} dropped")  # fmt: skip


def churn(node, rng, stopping):
    """Interfaces come and go, most of which no configuration means; one that a pattern means is limited soon after it appeared."""
    links = kernel.Links()
    number = 0
    while not stopping.wait(rng.random() * 3):
        choice = rng.randrange(6)
        number += 1
        if choice < 3:
            n = rng.choice((1, 5, 20))
            node.report.act(node.name, f"{n} interfaces come and go", "churn")
            for i in range(n):
                kernel.ip(f"link add y{i} type veth peer name py{i}", f"link set y{i} up", f"link del y{i}")
        elif choice == 3:
            node.report.act(node.name, "limited interfaces come and go", "churn")
            for i in range(rng.choice((1, 4))):
                kernel.ip(f"link add cvs{i} type veth peer name pcvs{i}", f"link set cvs{i} up")
                stopping.wait(rng.random())
                kernel.ip(f"link del cvs{i}")
        elif choice == 4:
            kernel.ip("link add z0 type veth peer name pz0", "link set z0 name cvz", "link set cvz name z1", "link set z1 name cvz", "link del cvz")
        else:
            appear(node, links, f"cv{number}", stopping)


def appear(node, links, name, stopping):
    kernel.ip(f"link add {name} type veth peer name p{name}", f"link set {name} up", f"link set p{name} up")
    began, ready, found = time.monotonic(), node.ready_at, "?"
    while found and time.monotonic() - began < APPEAR and not stopping.wait(0.3):
        found = missing(links, name)
    if not found:
        node.report.measure("new interface (s)", time.monotonic() - began)
        node.report.ok("new")
    elif node.up() and node.ready_at == ready and not node.short and not stopping.is_set():
        node.report.wrong("new", f"{node.name}: {found} {APPEAR} s after it appeared")
    stopping.wait(2)
    kernel.ip(f"link del {name}")
