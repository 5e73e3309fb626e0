"""A real browser on the real pages: finds a Chromium, opens pages as people have them, and finds faults in what is shown."""

import contextlib
import os
import pathlib
import shutil

import axe_playwright_python
from program import ROOT

# People's windows: a desk and a phone. The phone's size is a device metric, not a window, which Chromium keeps wider.
WINDOWS = {
    "wide": {"viewport": {"width": 1440, "height": 900}},
    "narrow": {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True, "device_scale_factor": 2},
}
AXE = (pathlib.Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text()
# Where pictures of the pages go.
PICTURES = pathlib.Path(os.environ.get("SIGHTLINE_TEST_SCREENSHOTS", ROOT / ".build" / "screenshots"))
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


def chromium(playwright):
    """Starts the browser that is here: named in SIGHTLINE_CHROMIUM, on the path, or Playwright's own."""
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    path = os.environ.get("SIGHTLINE_CHROMIUM") or next(filter(None, map(shutil.which, names)), None) or playwright.chromium.executable_path
    assert os.path.exists(path), "there is no Chromium: scripts/browser .venv installs one, SIGHTLINE_CHROMIUM names one"
    return playwright.chromium.launch(executable_path=path)


class Visitor:
    """Somebody at a browser: one window, and what went wrong in it."""

    def __init__(self, context, server):
        self.server = server
        self.page = context.new_page()
        self.faults = []
        self.page.on("console", lambda m: self.faults.append(m.text) if m.type in ("error", "warning") else None)
        self.page.on("pageerror", lambda e: self.faults.append(str(e)))
        self.page.on("dialog", lambda d: (self.faults.append("a dialog: " + d.message), d.dismiss()))

    def open(self, path):
        return self.page.goto(self.server.url + path)

    def sign_in(self, email=None, password=None):
        email = email or self.server.person()
        self.open("/signin")
        self.page.fill("#email", email)
        self.page.fill("#password", password or self.server.PASSWORD)
        self.page.click("button[type=submit]")
        return self

    def check(self, what, status=200, picture=None):
        """All is calm, nothing is wider than the window, and axe finds nothing, in the light and in the dark. With a picture's
        name, the whole page goes to ``PICTURES`` in both."""
        self.calm(what, status)
        wider = self.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wider <= 0, f"{what}: {wider} px wider than the window"
        self.page.evaluate(AXE)
        self.page.emulate_media(color_scheme="light")
        found = self.axe(RULES)
        self.picture(picture, "light")
        # What colours there are is all that the other theme changes.
        self.page.emulate_media(color_scheme="dark")
        found += self.axe({"type": "rule", "values": ["color-contrast", "link-in-text-block"]})
        self.picture(picture, "dark")
        assert not found, f"{what}: " + "; ".join(
            f"{v['id']} ({v['impact']}): {v['nodes'][0]['html'][:200]} {v['nodes'][0]['failureSummary']}" for v in found
        )

    def picture(self, name, theme):
        if name:
            PICTURES.mkdir(parents=True, exist_ok=True)
            self.page.screenshot(path=PICTURES / f"{name}-{theme}.png", full_page=True)

    def calm(self, what, status=200):
        """No script failed, nothing was blocked, and nobody was asked anything."""
        # A browser tells of a page whose status is a failure as of a resource that failed.
        faults = [f for f in self.faults if not (status >= 400 and f"status of {status}" in f)]
        assert not faults, f"{what}: {faults}"
        self.faults.clear()

    def axe(self, rules):
        """What axe finds against."""
        run = "rules => axe.run(document, {runOnly: rules, resultTypes: ['violations'], preload: false})"
        return self.page.evaluate(run, rules)["violations"]


@contextlib.contextmanager
def visiting(browser, server, window="wide", signed_in=True, state=None, **more):
    """A window of its own, without the cookies of others unless a state is handed over."""
    # Without motion, or colours would be measured half way from one to the other.
    context = browser.new_context(**WINDOWS[window], storage_state=state, reduced_motion="reduce", **more)
    context.set_default_timeout(10_000)
    try:
        visitor = Visitor(context, server)
        if signed_in and state is None:
            visitor.sign_in()
        yield visitor
    finally:
        context.close()
