#!/usr/bin/python3 -B
# SPDX-License-Identifier: GPL-2.0-or-later
"""page.py BASE DIRECTORY DAEMON: the status page as a browser has it; test_page.sh says what the daemon was given.

Prints "ok WHAT" or "not ok WHAT: WHY". With PICTURES=DIR, pictures are left there.
"""
import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request

from browser import ENTER, Browser

BASE, DIRECTORY, DAEMON = sys.argv[1], sys.argv[2], int(sys.argv[3])
NOTE = os.environ["NOTE"]
INTERFACES = os.environ["INTERFACES"].split(" ")

# Text whose contrast with what is behind it is under 4.5, as WCAG 2 computes it.
CONTRAST = """
const channel = c => (c /= 255) <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
const light = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
const parse = text => text.match(/[0-9.]+/g).map(Number);
function behind(element) {
	for (; element; element = element.parentElement) {
		const color = parse(getComputedStyle(element).backgroundColor);
		if (color.length == 3 || color[3] == 1) return color;
	}
	return [255, 255, 255];
}
const poor = [];
for (const element of document.body.querySelectorAll("*")) {
	const own = [...element.childNodes].some(node => node.nodeType == 3 && node.data.trim());
	if (!own || !element.checkVisibility() || element.closest("noscript, option")) continue;
	const [a, b] = [light(parse(getComputedStyle(element).color)), light(behind(element))].sort((x, y) => y - x);
	if ((a + 0.05) / (b + 0.05) < 4.5) poor.push(element.tagName + " " + element.textContent.slice(0, 30));
}
return poor;
"""
NAMED_ROLES = {"button", "textbox", "combobox", "link", "image", "meter", "table", "region", "heading"}


def say(what, good, why=""):
    print(f"ok {what}" if good else f"not ok {what}: {why}".replace("\n", " ")[:600], flush=True)


def ask(path):
    with urllib.request.urlopen(f"{BASE}/api/{path}", timeout=10) as reply:
        return json.load(reply)


def text(browser, selector):
    return browser.run("return document.querySelector(arguments[0]).innerText", selector)


def texts(browser, selector):
    return browser.run("return [...document.querySelectorAll(arguments[0])].map(e => e.innerText.trim())", selector)


def until(browser, selector, wanted, what, seconds=30):
    """wanted(text of the element)"""
    try:
        browser.wait(lambda: wanted(text(browser, selector)), what, seconds)
        say(what, True)
    except TimeoutError as error:
        say(what, False, f"{error}; it is {text(browser, selector)!r}")


def check_health(browser):
    names = ", ".join(f"{name} (xdp)" for name in INTERFACES)
    until(browser, "#health", lambda shown: shown == f"✓ Enforced on {names}", "health names the interfaces")
    say("no warnings", text(browser, "#notes") == "", text(browser, "#notes"))
    say("version", text(browser, "#version") == ask("status")["daemon"]["version"])
    rows = texts(browser, "#interfaces tbody tr td:first-child")
    say("interfaces, one a row", rows == INTERFACES, rows)


def check_limits(browser):
    names = [limit["name"] for limit in ask("limits")["limits"]]
    say("a card for each limit, in order", texts(browser, ".card h3")[:len(names)] == names, texts(browser, ".card h3"))
    say("its settings in words", "bursts to 10 packets, then 10 packets every 1 s; what exceeds is dropped; " in text(browser, "#cards .card:nth-child(1)"),
        text(browser, "#cards"))
    say("bytes as bytes", "bursts to 1 MB" in text(browser, "#cards .card:nth-child(2)"), text(browser, "#cards"))
    tags = [header.split("\n")[1:] for header in texts(browser, "#cards header")]
    say("shadow is said, of the one", tags == [[], [], ["shadow"], [], []], tags)
    say("the limits can be chosen from", texts(browser, "#of option") == ["all limits", *names], texts(browser, "#of option"))


def number(shown):
    """"1.2 k/s admitted" -> 1200"""
    value, rest = shown.replace("/s", " ").split(" ", 1)
    return float(value) * {"k": 1000, "M": 1e6}.get(rest.strip()[:1], 1)


def check_rates(browser):
    """While 200 packets a second come in from one source, of which 10 are admitted."""
    def rates():
        shown = texts(browser, "#cards .card:nth-child(1) .now span")
        return shown[0] and abs(number(shown[1]) - 190) < 60 and number(shown[0]) < 60

    try:
        browser.wait(rates, "rates", 20)
        say("rates now: what the limit decides", True)
    except TimeoutError:
        say("rates now: what the limit decides", False, texts(browser, "#cards .now"))
    points = "return document.querySelector('#cards svg path.refused:not(.area)').getAttribute('d').match(/[ML]/g).length"
    before = browser.run(points)
    try:
        browser.wait(lambda: browser.run(points) >= before + 2, "more points", 10)
        say("the plot goes on", True)
    except TimeoutError as error:
        say("the plot goes on", False, error)
    label = browser.run("return document.querySelector('#cards svg').getAttribute('aria-label')")
    say("the plot in words", label.startswith("each, the last 3 minutes; now ") and label.endswith(" refused"), label)


def check_sources(browser):
    """When all is quiet again."""
    def as_shown():
        wanted = [[s["source"].removesuffix("/32"), s["limit"], f"{s['admitted']:,}", f"{s['exceeded']:,}"]
                  for s in ask("top?by=exceeded&n=15")["sources"]]
        rows = [row.split("\t") for row in texts(browser, "#sources tbody tr")]
        return len(wanted) > 3 and [[row[0].strip(), row[1], *row[4:6]] for row in rows] == wanted

    try:
        browser.wait(as_shown, "sources", 20)
        say("the busiest sources, as top has them", True)
    except TimeoutError:
        say("the busiest sources, as top has them", False, texts(browser, "#sources tbody tr"))
    browser.run("const s = document.getElementById('of'); s.value = 'bytes-together'; s.dispatchEvent(new Event('change'))")
    until(browser, "#sources tbody", lambda shown: shown.startswith("everyone") and "\n" not in shown.strip(), "of one limit")
    browser.run("const s = document.getElementById('of'); s.value = ''; s.dispatchEvent(new Event('change'))")
    until(browser, "#sources tbody", lambda shown: "10.77.1.1" in shown, "of all limits again")


def check_why(browser):
    browser.click("#sources tbody tr:first-child button")
    until(browser, "#verdicts", lambda shown: "refused" in shown, "a source leads to why it is limited")
    shown, why = text(browser, "#verdicts"), ask("why?address=10.77.1.1")["limits"]
    say("each limit that holds for it", texts(browser, "#verdicts h3") == [one["limit"] for one in why], shown)
    say("what was refused, and when", f"{why[0]['exceeded']:,} packets, the last " in shown, shown)
    browser.type("#address", "10.77.9.9" + ENTER)
    until(browser, "#answer", lambda shown: "on the deny list by 10.77.9.9/32" in shown, "a denied address")
    say("a note is text", f"“{NOTE}”" in text(browser, "#answer"), text(browser, "#answer"))
    browser.type("#address", '"><b>x')
    browser.click("#why button")
    until(browser, "#answer", lambda shown: shown == '""><b>x" is not an address; write it as 192.0.2.9 or 2001:db8::9.', "what is no address")
    browser.type("#address", "10.77.3.3" + ENTER)
    until(browser, "#verdicts", lambda shown: "penalty" in shown.lower() and re.search(r"\d+ refusals?, (9|10) min.* left", shown),
          "a penalty: how many refusals, and how long it lasts")
    browser.open(f"{BASE}/#why=fd77::5")
    until(browser, "#answer", lambda shown: "fd77::5 is on no list" in shown, "a link to a question")


def check_harmless(browser):
    markup = browser.run("return [document.scripts.length, document.querySelectorAll('img, svg, iframe, b, s').length, "
                         "document.querySelectorAll('.card svg').length, window.hacked === undefined]")
    say("no markup came of names, paths and notes", markup[0] == 1 and markup[1] == markup[2] + 1 and markup[3], markup)
    say("the odd path is shown", "<img src=x onerror=hacked=1>" in text(browser, "#about"), text(browser, "#about"))
    asked = browser.requests()
    outside = [url for url in asked if not url.startswith(BASE + "/") and url != "about:blank"]
    say("nothing is asked of anybody else", len(asked) > 10 and not outside, outside or len(asked))
    log = browser.log("browser")
    expected = [entry for entry in log if "/api/why?address=%22%3E%3Cb%3Ex" in entry["message"]]
    say("the console has only the error that was asked for", log == expected and expected, log)


def tidegate(*arguments):
    subprocess.run([*os.environ["TIDEGATE"].split(" "), *arguments], check=True, stdout=subprocess.DEVNULL, timeout=30)


def check_change(browser):
    before = texts(browser, ".card h3")
    tidegate("apply", os.environ["NEXT"], "--confirm", "60s")
    until(browser, "#notes", lambda shown: shown.startswith("The policy goes back to generation 1 in "), "a change that is not confirmed yet")
    until(browser, "#cards", lambda shown: "added" in shown and "in-shadow" not in shown, "limits come and go")
    names = ["added", "each"]
    say("their cards too, in order", texts(browser, "#cards h3") == names, texts(browser, "#cards h3"))
    say("and the choice of them", texts(browser, "#of option") == ["all limits", *names], texts(browser, "#of option"))
    say("what becomes of the excess", "what exceeds is rejected" in text(browser, "#cards .card:nth-child(1)"), text(browser, "#cards"))
    tidegate("rollback")
    until(browser, "#notes", lambda shown: shown == "", "gone back")
    until(browser, "#cards", lambda shown: "in-shadow" in shown and "added" not in shown, "with the limits from before")
    say("in their order", texts(browser, "#cards h3") == before[:5], texts(browser, "#cards h3"))


def check_policy(browser):
    """Last of all, since the browser reports what it refuses."""
    def refuses(script):
        return browser.run(f"try {{ {script}; return false }} catch (error) {{ return error instanceof TypeError }}")

    say("text cannot become markup", refuses("document.body.innerHTML = '<i>'"))
    say("nor a script", refuses("document.createElement('script').text = 'hacked = 1'"))
    browser.run("const e = document.createElement('div'); e.setAttribute('style', 'color: red'); document.body.append(e)")
    elsewhere = browser.run("return fetch('http://localhost:1/').then(() => false, error => true)")
    image = browser.run("return new Promise(done => { const i = new Image(); i.onerror = () => done(true); i.onload = () => done(false); "
                        "i.src = 'data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7' })")
    say("nothing from elsewhere", elsewhere and image)
    kinds = {kind for entry in browser.log("browser") for kind in ("connect-src", "img-src", "style-src") if kind in entry["message"]}
    say("refused by the policy", kinds == {"connect-src", "img-src", "style-src"}, kinds)


def check_looks(browser):
    for width, height in ((1280, 900), (390, 844), (320, 640)):
        for dark in (False, True):
            browser.screen(width, height, dark)
            time.sleep(0.2)
            scheme = "dark" if dark else "light"
            across = browser.run("return document.documentElement.scrollWidth")
            say(f"{width} wide, {scheme}: nothing sticks out", across <= width, across)
            poor = browser.run(CONTRAST)
            say(f"{width} wide, {scheme}: contrast", not poor, poor)
            if os.environ.get("PICTURES"):
                browser.screen(width, browser.run("return document.documentElement.scrollHeight"), dark)
                browser.picture(f"{os.environ['PICTURES']}/{width}-{scheme}.png")
    browser.screen(1280, 900)
    nodes = browser.devtools("Accessibility.getFullAXTree")["nodes"]
    roles = [(node["role"]["value"], node.get("name", {}).get("value", "")) for node in nodes if not node["ignored"]]
    nameless = [role for role, name in roles if role in NAMED_ROLES and not name]
    found = {role for role, _ in roles} & NAMED_ROLES
    unlabelled = browser.run("return [...document.querySelectorAll('input, select')].filter(e => !e.labels.length).map(e => e.id)")
    say("a label for each field", not unlabelled, unlabelled)
    say("all that can be used or read has a name", not nameless and len(found) >= 8, nameless or found)


def check_silence(browser):
    os.kill(DAEMON, signal.SIGSTOP)
    until(browser, "#health", lambda shown: "does not answer" in shown, "a daemon that does not answer")
    say("it is said as bad", browser.run("return document.getElementById('health').dataset.level") == "bad")
    os.kill(DAEMON, signal.SIGCONT)
    until(browser, "#health", lambda shown: shown.startswith("✓"), "and one that does again")


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that the browser goes along
    with Browser(DIRECTORY) as browser:
        browser.open("about:blank")
        browser.requests(), browser.log("browser")
        browser.screen(1280, 900)
        browser.open(BASE + "/")
        check_health(browser)
        check_limits(browser)
        check_rates(browser)
        os.kill(int(os.environ["TRAFFIC"]), signal.SIGTERM)
        check_sources(browser)
        check_why(browser)
        check_harmless(browser)
        check_looks(browser)
        check_change(browser)
        check_policy(browser)
        check_silence(browser)


main()
