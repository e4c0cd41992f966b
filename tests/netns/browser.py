# SPDX-License-Identifier: GPL-2.0-or-later
"""A headless Chromium, driven by chromedriver (W3C WebDriver, as JSON over HTTP)."""
import base64
import json
import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request

ELEMENT = "element-6066-11e4-a52e-4f735466cecf"  # of WebDriver, section 12.2
ENTER = "\ue007"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Browser:
    def __init__(self, directory):
        self.base = f"http://127.0.0.1:{free_port()}"
        with open(f"{directory}/chromedriver.log", "wb") as log:
            self.driver = subprocess.Popen(["chromedriver", f"--port={self.base.rsplit(':', 1)[1]}"], stdout=log, stderr=log,
                                           start_new_session=True, env={**os.environ, "HOME": directory, "TMPDIR": directory})
        self.session = ""
        self.wait(lambda: self.call("GET", "/status")["ready"], "chromedriver")
        options = {"args": ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
                            f"--user-data-dir={directory}/profile", "--window-size=1280,900"]}
        wanted = {"goog:chromeOptions": options, "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"}}
        session = self.call("POST", "/session", {"capabilities": {"alwaysMatch": wanted}})
        self.session = f"/session/{session['sessionId']}"

    def call(self, method, path, body=None):
        data = None if method == "GET" else json.dumps(body or {}).encode()
        request = urllib.request.Request(self.base + path, data, {"Content-Type": "application/json"}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=60) as reply:
                return json.load(reply)["value"]
        except urllib.error.HTTPError as error:
            raise RuntimeError(error.read().decode()[:500]) from None

    def post(self, path, **body):
        return self.call("POST", self.session + path, body)

    def open(self, url):
        self.post("/url", url="about:blank")  # so that another fragment is another page
        self.post("/url", url=url)

    def run(self, script, *arguments):
        """What the script, the body of a function, returns; it may be a promise."""
        return self.post("/execute/sync", script=script, args=list(arguments))

    def devtools(self, command, **parameters):
        return self.post("/goog/cdp/execute", cmd=command, params=parameters)

    def find(self, selector):
        return self.post("/element", using="css selector", value=selector)[ELEMENT]

    def click(self, selector):
        self.post(f"/element/{self.find(selector)}/click")

    def type(self, selector, text):
        self.post(f"/element/{self.find(selector)}/clear")
        self.post(f"/element/{self.find(selector)}/value", text=text)

    def log(self, kind):
        """What came since it was last asked for."""
        return self.post("/se/log", type=kind)

    def requests(self):
        """The URLs of all requests since the last call."""
        events = [json.loads(entry["message"])["message"] for entry in self.log("performance")]
        return [event["params"]["request"]["url"] for event in events if event["method"] == "Network.requestWillBeSent"]

    def screen(self, width, height, dark=False):
        self.devtools("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600)
        scheme = "dark" if dark else "light"
        self.devtools("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])

    def picture(self, path):
        """Of the whole page."""
        picture = self.devtools("Page.captureScreenshot", captureBeyondViewport=True)
        with open(path, "wb") as file:
            file.write(base64.b64decode(picture["data"]))

    @staticmethod
    def wait(condition, what, seconds=30):
        end = time.monotonic() + seconds
        while True:
            try:
                result = condition()
                if result:
                    return result
            except (OSError, RuntimeError):
                pass
            if time.monotonic() > end:
                raise TimeoutError(f"{what}: not within {seconds} s")
            time.sleep(0.1)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        try:
            if self.session:
                self.call("DELETE", self.session)
        except (OSError, RuntimeError):
            pass
        os.killpg(self.driver.pid, signal.SIGKILL)  # with what Chromium left, in the session that we made
        self.driver.wait()
