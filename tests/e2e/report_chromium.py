#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The report in a real browser: desk, phone, dark, printed.

usage: report_chromium.py VLAT FIXTURE   (two programs; exit 77 = no Chromium here)

Chromium's own --dump-dom is all it takes: a copy of the page carries
report_probe.js, stands in a frame of the wanted width, and tells the frame's
owner what it saw.  The page must bring everything itself, so any address
that is not a plain link is an error, and so is any line on the console.
"""
import html
import html.parser
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
WIDTHS = {"desk": 1280, "phone": 390, "narrow phone": 320}
PROGRAMS = ["chromium", "chromium-browser", "chromium-headless", "chromium-headless-shell", "headless_shell", "google-chrome"]
FIXTURES = ["welch", "quick", "rival", "failed"]


class Page(html.parser.HTMLParser):
    """What a static reader can say about the page."""

    def __init__(self):
        super().__init__()
        self.ids, self.links, self.wrong = [], [], []

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        if "id" in attrs:
            self.ids.append(attrs["id"])
        if tag in ("script", "link", "iframe", "object", "embed", "img", "base", "form"):
            self.wrong.append(f"<{tag}> has no place in a report")
        for name, value in attrs.items():
            if name.startswith("on"):
                self.wrong.append(f"<{tag} {name}>: a script")
            if name in ("src", "srcset", "xlink:href", "action", "poster", "data"):
                self.wrong.append(f"<{tag} {name}>: loads something")
            if name == "href" and tag == "a":
                self.links.append(value)
            elif name == "href":
                self.wrong.append(f"<{tag} href>: loads something")
            if name in ("aria-labelledby", "aria-describedby"):
                self.links += ["#" + word for word in value.split()]


def static_check(text):
    page = Page()
    page.feed(text)
    wrong = page.wrong
    wrong += [f"id {i} stands twice" for i in set(page.ids) if page.ids.count(i) > 1]
    for link in page.links:
        if link.startswith("#") and link[1:] not in page.ids:
            wrong.append(f"{link} leads nowhere")
        if not link.startswith(("#", "https://")):
            wrong.append(f"a link to {link}")
    if re.search(r"url\(|@import|@font-face", text):
        wrong.append("the style loads something")
    return wrong


def expected_figures(report):
    """One panel of changes for each answer that compared something, curves for groups with times, a strip for each group with values."""
    known = lambda g: any(m["est"] is not None for a in g["arms"] for m in a["median_over_runs"].values())
    times = lambda g: any("p50_ns" in a["median_over_runs"] for a in g["arms"])
    changes = sum(1 for a in report["answers"] if a["change_percent"] is not None)
    return changes + sum(known(g) + (known(g) and times(g)) for g in report["groups"])


def chromium(program, profile, page, *options):
    """DOM and console of a page; a fresh profile, nothing fetched behind our back."""
    words = [program, "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
             "--disable-component-update", "--disable-sync", "--disable-extensions", "--hide-scrollbars", "--enable-logging=stderr",
             f"--user-data-dir={profile}", "--window-size=1400,2000", *options, page.as_uri()]
    done = subprocess.run(words, capture_output=True, text=True, timeout=240, check=False)
    if done.returncode != 0:
        sys.exit(f"chromium ended with {done.returncode}:\n{done.stderr[-2000:]}")
    return done.stdout, [line for line in done.stderr.splitlines() if "CONSOLE" in line]


def views(program, work, page, dark):
    """What the probe saw in a frame of each width, by width; and the console."""
    frame = work / "frame.html"
    frame.write_text("""<!DOCTYPE html><title>frames</title><body style="margin:0"><script>const seen = {};
addEventListener("message", (e) => { seen[e.data.width] = e.data; document.body.dataset.seen = JSON.stringify(seen); });</script>
""" + "\n".join(f'<iframe src="{page.name}" style="border:0;width:{width}px;height:1900px"></iframe>' for width in WIDTHS.values()))
    options = ["--virtual-time-budget=5000", "--dump-dom"] + (["--blink-settings=preferredColorScheme=0"] if dark else [])
    dom, console = chromium(program, work / "profile", frame, *options)
    seen = re.search(r'data-seen="([^"]*)"', dom)
    if not seen:
        sys.exit(f"the page did not report back:\n{dom[:2000]}")
    return json.loads(html.unescape(seen.group(1))), console


def judge(seen, dark, figures):
    if not seen:
        return ["no window of that width answered"]
    wrong = seen["wrong"]
    if seen["dark"] != dark or (seen["paper"] == "rgb(255, 255, 255)") == dark:
        wrong.append(f"paper {seen['paper']}, dark {seen['dark']}")
    if seen["figures"] != figures:
        wrong.append(f"{seen['figures']} pictures, {figures} expected")
    return wrong


def check_fixture(name, vlat, fixture, program, work):
    folder, page, probed = work / name, work / f"{name}.html", work / f"{name}-probed.html"
    subprocess.run([fixture, name, folder], check=True)
    subprocess.run([vlat, "report", folder, "--html", page], check=True)
    report = json.loads(subprocess.run([vlat, "report", folder, "--json"], check=True, capture_output=True, text=True).stdout)
    text = page.read_text()
    wrong = [f"{name}: {w}" for w in static_check(text)]
    probed.write_text(text.replace("</body>", f"<script>{(HERE / 'report_probe.js').read_text()}</script></body>"))
    for dark in (False, True):
        seen, console = views(program, work, probed, dark)
        wrong += [f"{name}: {line}" for line in console]
        for title, width in WIDTHS.items():
            at = f"{name}, {'dark ' if dark else ''}{title}"
            wrong += [f"{at}: {w}" for w in judge(seen.get(str(width)), dark, expected_figures(report))]
    pdf = work / f"{name}.pdf"
    chromium(program, work / "profile", page, f"--print-to-pdf={pdf}", "--no-pdf-header-footer")
    if not pdf.read_bytes().startswith(b"%PDF"):
        wrong.append(f"{name}: printing made no PDF")
    return wrong


def main():
    vlat, fixture = (str(pathlib.Path(p).resolve()) for p in sys.argv[1:3])
    program = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if not program:
        print("skipped: no chromium on PATH (Debian: apt-get install chromium)")
        sys.exit(77)
    with tempfile.TemporaryDirectory(prefix="vlat-report-") as work:
        wrong = [w for name in FIXTURES for w in check_fixture(name, vlat, fixture, program, pathlib.Path(work))]
    print("\n".join(wrong) if wrong else f"{len(FIXTURES)} reports at {len(WIDTHS)} widths, light, dark and printed: nothing to complain about")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
