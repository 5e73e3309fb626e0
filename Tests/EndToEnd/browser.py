"""A real browser on the real pages: finds a Chromium, opens pages as people have them, and finds faults in what is shown."""

import contextlib
import os
import pathlib
import shutil
import urllib.parse

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
# What an eye sees at once and axe does not: tables that have to be moved sideways, lists of choices that cut their words off, first
# columns too narrow to read, buttons that hang beside their field.
BROKEN = """() => {
    const found = [], seen = (it) => it.checkVisibility(), box = (it) => it.getBoundingClientRect();
    const say = (it, what) => found.push(`${what}: ${it.outerHTML.slice(0, 120)}`);
    for (const wrap of document.querySelectorAll('.table-wrap')) {
        if (seen(wrap) && wrap.scrollWidth > wrap.clientWidth) say(wrap, `a table ${wrap.scrollWidth - wrap.clientWidth} px too wide`);
        for (const head of wrap.querySelectorAll('tbody th')) {
            if (seen(head) && box(head).width < 80 && head.textContent.trim().length > 12) say(head, 'a first column too narrow');
        }
    }
    for (const select of document.querySelectorAll('select')) {
        if (!seen(select)) continue;
        const whole = select.cloneNode(true);
        whole.removeAttribute('id');
        whole.style.cssText = 'position: absolute; visibility: hidden; max-width: none; width: max-content; flex: none';
        select.parentNode.append(whole);
        const chosen = [...whole.options].filter((option) => option.index !== select.selectedIndex);
        chosen.forEach((option) => option.remove());
        if (box(whole).width > box(select).width + 1) say(select, 'a choice that is cut off');
        whole.remove();
    }
    for (const button of document.querySelectorAll('form button.button')) {
        for (const input of button.form.querySelectorAll('.input:not(textarea)')) {
            // What stands beside a form is no part of its rows.
            if (!seen(button) || !seen(input) || button.closest('aside') !== input.closest('aside')) continue;
            const a = box(button), b = box(input), over = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
            if (over > 8 && Math.abs(a.top + a.bottom - b.top - b.bottom) > 4) say(button, 'a button that hangs beside its field');
        }
    }
    return found;
}"""
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
        return self.page.goto(urllib.parse.urljoin(self.server.url, path))

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
        self.whole(what)
        self.page.evaluate(AXE)
        # From the top: where a page happens to be scrolled to, any link may be half behind what stands still.
        scrolled = self.page.evaluate("() => { const y = scrollY; scrollTo({top: 0, behavior: 'instant'}); return y }")
        self.page.emulate_media(color_scheme="light")
        found = self.axe(RULES)
        self.picture(picture, "light")
        # What colours there are is all that the other theme changes.
        self.page.emulate_media(color_scheme="dark")
        found += self.axe({"type": "rule", "values": ["color-contrast", "link-in-text-block"]})
        self.picture(picture, "dark")
        self.page.evaluate("y => scrollTo({top: y, behavior: 'instant'})", scrolled)
        assert not found, f"{what}: " + "; ".join(
            f"{v['id']} ({v['impact']}): {v['nodes'][0]['html'][:200]} {v['nodes'][0]['failureSummary']}" for v in found
        )

    def whole(self, what):
        """Nothing is wider than the window, and nothing cut off or out of line."""
        wider = self.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wider <= 0, f"{what}: {wider} px wider than the window"
        broken = self.page.evaluate(BROKEN)
        assert not broken, f"{what}: {broken}"

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
