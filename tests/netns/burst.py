#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""burst.py URL KEY N: N requests at once that would wait for 2 s; a line for each check of what comes back."""
import http.client
import re
import sys
import threading
import time
from urllib.parse import urlsplit

url, key, n = urlsplit(sys.argv[1]), sys.argv[2], int(sys.argv[3])
replies, lock = [], threading.Lock()


def check(name, true):
    print("ok" if true else "not ok", name, flush=True)


def ask(prefer):
    started = time.monotonic()
    connection = http.client.HTTPConnection(url.hostname, url.port, timeout=10)
    connection.request("GET", "/", headers={"X-Api-Key": key, **prefer})
    reply = connection.getresponse()
    body = reply.read().decode()
    with lock:
        replies.append((time.monotonic() - started, reply.status, reply.headers, body))
    return replies[-1]


threads = [threading.Thread(target=ask, args=({"Prefer": "wait=2"},)) for _ in range(n)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
good = sorted(reply[0] for reply in replies if reply[1] == 200)
bad = [reply for reply in replies if reply[1] == 429]
print("# admitted after", [round(after, 2) for after in good], "refused after", [round(reply[0], 2) for reply in bad])
check(f"each request has an answer: {len(good)} + {len(bad)}", len(good) + len(bad) == n)
check("as many as the bucket holds at once", sum(after < 0.35 for after in good) >= 3)
check("more as tokens come back", any(0.35 <= after <= 2.3 for after in good))
check("no more than came", 3 < len(good) <= 3 + 5)
check("the rest is refused with 429", bad)
headers = bad[0][2]
check(f"and told when: {headers['Retry-After']}", int(headers["Retry-After"]) >= 1 and f"try again in {headers['Retry-After']} seconds" in bad[0][3])
for reply in replies:
    if reply[2]["X-RateLimit-Limit"] != "3" or not reply[2]["X-RateLimit-Remaining"].isdigit() or not reply[2]["X-RateLimit-Reset"].isdigit():
        check(f"X-RateLimit: {reply[2]}", False)
policy, state = headers["RateLimit-Policy"], headers["RateLimit"]
check(f"RateLimit-Policy: {policy}", re.fullmatch(r'"api-key";q=3;w=2', policy))
check(f"RateLimit: {state}", re.fullmatch(r'"api-key";r=\d+;t=\d+', state))
refused = ask({})
while refused[1] != 429:
    refused = ask({})
check("one that would not wait is refused at once", refused[0] < 0.3)
time.sleep(int(refused[2]["Retry-After"]))
check("an obeyed Retry-After is admitted", ask({})[1] == 200)
