# SPDX-License-Identifier: GPL-2.0-or-later
"""Honest servers on a stage's receiver (a web server, a DNS server), and honest clients of theirs, which measure."""

import json
import os
import re
import statistics
import subprocess
import tempfile
import time

from stage import ADDRESS, PORT, ROOT

NGINX = """daemon off; master_process off; user root; pid {0}/nginx.pid; error_log {0}/nginx.log;
events {{ worker_connections 256; }}
http {{ access_log off; client_body_temp_path {0}/1; proxy_temp_path {0}/2; fastcgi_temp_path {0}/3;
uwsgi_temp_path {0}/4; scgi_temp_path {0}/5; keepalive_requests 1000000; server {{ listen 80; return 200 "hello\\n"; }} }}
"""
NAME = "www.example.net"
QUERIES_A_SECOND = 16  # of each client: within its limit
PRIORITY = ("nice", "-n", "-20")  # what else runs on the machine is not to be seen
PATIENCE = 20  # s, for a client that is to end by itself


class Servers:
    """A context, on one CPU; that of the receiving side."""

    def __init__(self, stage, cpu):
        self.stage, self.cpu = stage, cpu

    def __enter__(self):
        # Removed with all that nginx may put there, at the end.
        self.work = tempfile.TemporaryDirectory(prefix="tidegate-bench.", dir="/var/tmp")
        work, stage = self.work.name, self.stage
        with open(work + "/nginx.conf", "w", encoding="utf-8") as file:
            file.write(NGINX.format(work))
        with open(work + "/queries", "w", encoding="utf-8") as file:
            file.write(NAME + " A\n")
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        web = stage.spawn(stage.receiver, "nginx", "-p", work, "-c", work + "/nginx.conf", cpu=self.cpu, priority=PRIORITY, **quiet)
        dns = stage.spawn(stage.receiver, "dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--no-resolv", "--no-hosts",
                    f"--address=/{NAME}/192.0.2.1", f"--port={PORT}", "--listen-address=" + ADDRESS, "--bind-interfaces",
                    "--user=root", "--pid-file=", cpu=self.cpu, priority=PRIORITY, **quiet)
        self.children = (web, dns)
        self._wait()
        return self

    def _wait(self):
        for _ in range(200):
            listening = self.stage.inside(self.stage.receiver, "ss", "-Hltun")
            if re.search(r":80\s", listening) and re.search(rf":{PORT}\s", listening):
                return
            time.sleep(0.05)
        raise RuntimeError("nginx or dnsmasq does not listen")

    def __exit__(self, *_):
        for child in self.children:
            child.terminate()
            child.wait()
        self.work.cleanup()

    def ask_dns(self, address, seconds, cpu):
        """A client of that address: started, to be given to dns_answers()."""
        return self.stage.spawn(self.stage.sender, "dnsperf", "-s", ADDRESS, "-p", str(PORT), "-a", address, "-d",
                                self.work.name + "/queries", "-l", str(seconds), "-Q", str(QUERIES_A_SECOND), "-c", "1",
                                "-T", "1", "-t", "1", "-v", cpu=cpu, priority=PRIORITY, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)

    def ask_http(self, seconds, cpu):
        return self.stage.spawn(self.stage.sender, "wrk", "-t", "1", "-c", "10", "-d", str(seconds), "--timeout", "1",
                                "-s", os.path.join(ROOT, "bench/pace.lua"), f"http://{ADDRESS}/", cpu=cpu, priority=PRIORITY,
                                stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)


def dns_answers(clients):
    """The share of their questions that were answered, in percent, and p50 and p99 of the answers' ms."""
    sent, ms = 0, []
    for client in clients:
        text = client.communicate(timeout=PATIENCE)[0]
        sent += int(re.search(r"Queries sent: +(\d+)", text).group(1))
        ms += [float(seconds) * 1000 for seconds in re.findall(r"^> NOERROR .* ([\d.]+)$", text, re.M)]
    if len(ms) < 100:
        return 100 * len(ms) / sent, None, None
    cuts = statistics.quantiles(ms, n=100)
    return 100 * len(ms) / sent, cuts[49], cuts[98]


def http_answers(client):
    """Answers a second, and p50 and p99 of their ms; the two are None if there are hardly any."""
    got = json.loads(client.communicate(timeout=PATIENCE)[0].strip().splitlines()[-1])
    rate = got["requests"] / got["us"] * 1e6
    if got["requests"] < 100:
        return rate, None, None
    return rate, got["p50_us"] / 1000, got["p99_us"] / 1000
