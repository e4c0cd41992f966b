#!/usr/bin/python3 -B
# SPDX-License-Identifier: GPL-2.0-or-later
"""The example in Python waits without using the processor, also for a client that has sent more."""
import os
import socket
import sys
import time
import types

from documents import BUILD, ROOT, Tests

os.environ.setdefault("LD_LIBRARY_PATH", BUILD)
sys.path.insert(0, os.path.join(ROOT, "examples/server-python"))
sys.modules["tidegate"] = types.ModuleType("tidegate")  # the library's wrapper, of which no call is made
sys.modules["tidegate"].__getattr__ = lambda name: Exception
from server import Handler  # noqa: E402

tests = Tests()
ours, theirs = socket.socketpair()
waiting = types.SimpleNamespace(connection=ours)
theirs.sendall(b"x")
before = time.monotonic()
tests.check("a client that sent a byte more is waited for", Handler.sleep(waiting, 0.3))
tests.check("as long as was asked", time.monotonic() - before >= 0.25)
theirs.close()
before = time.monotonic()
tests.check("one that has gone ends the wait", not Handler.sleep(waiting, 60))
tests.check("at once", time.monotonic() - before < 30)
sys.exit(tests.finish())
