"""What somebody saw wrong on the pages once, so that it stays right: long texts, keys, paper."""

import pytest
from browser import visiting
from playwright.sync_api import expect

NAME = ("Wolfeschlegelsteinhausenbergerdorff of the " * 5)[:200]
EVENT = ("A name that no person would choose " + "andaprogramdid" * 20)[:200]


@pytest.mark.parametrize("window", ["wide", "narrow"])
def test_nothing_that_is_long_breaks_out(browser, server, window):
    order = {"order_id": "O" * 150, "total": 1234567890.5, "currency": "GBP", "products": [{"name": "P" * 180, "quantity": 3}]}
    server.send(
        {"type": "identify", "userId": "long", "traits": {"name": NAME, "email": "a" * 60 + "@" + "b" * 60 + ".example", "note": "x" * 3000}},
        {"type": "track", "userId": "long", "event": EVENT, "properties": {"comment": "z" * 3000, "k" * 150: "v" * 200}},
        {"type": "track", "userId": "long", "event": "Order Completed", "properties": order},
        {"type": "identify", "userId": "wide", "traits": {"name": "W" * 200}},
        {"type": "page", "anonymousId": "n" * 200, "properties": {"title": "T" * 300, "url": "https://mail.example/" + "u" * 600}},
    )
    server.person()
    here = "/customers/" + server.customer("user_id:long")["id"]
    other = server.customer("user_id:wide")["id"]
    event = server.history("user_id:long", name=EVENT)[0]["position"]
    with visiting(browser, server, window) as visitor:
        for path in (here, f"{here}/interactions/{event}", f"{here}/merge?search=www", f"{here}/merge?with={other}", "/customers", "/now",
                     "/customers?search=wolf", "/customers/" + other, "/settings/data", "/settings/sources"):
            visitor.open(path)
            visitor.check(path)
        visitor.open(here)
        spent = visitor.page.locator(".worth .figure-value").nth(1)
        expect(spent).to_have_text("1.23 bn")
        expect(spent).to_have_attribute("title", "1,234,567,890.50")


def test_no_width_between_a_phone_and_a_wall_breaks_a_page(browser, server):
    server.send(
        {"type": "identify", "userId": "nora", "traits": {"name": "Nora Adeyemi", "email": "nora.adeyemi.of.the.garden@mail.example"}},
        {"type": "track", "userId": "nora", "event": "Order Completed", "properties": {"order_id": "A-1", "total": 1234567890.5}},
    )
    server.person()
    server.call("POST", "/api/blueprint", {"documents": [{"name": "workspace", "text": "workspace:\n  currency: GBP\n"}]})
    here = "/customers/" + server.customer("user_id:nora")["id"]
    with visiting(browser, server) as visitor:
        for width in (320, 721, 860, 1024, 1181, 1920):
            visitor.page.set_viewport_size({"width": width, "height": 800})
            for path in (here, "/now", "/customers", "/customers?sort=spent", "/settings/people", "/settings/keys", "/settings/definitions",
                         "/settings/sources", "/settings/data", "/settings/log", "/settings/workspace", "/you"):
                visitor.open(path)
                visitor.whole(f"{path} at {width} px")


def test_the_keys_lead_everywhere_and_nobody_is_trapped(browser, server):
    server.send({"type": "identify", "userId": "nora", "traits": {"name": "Nora Adeyemi"}})
    with visiting(browser, server) as visitor:
        page = visitor.page
        visitor.open("/now")
        page.keyboard.press("?")
        expect(page.get_by_role("dialog")).to_be_visible()
        page.keyboard.press("Escape")
        expect(page.get_by_role("dialog")).to_be_hidden()
        for key, path in {"c": "/customers", "r": "/reviews", "m": "/mentions", "s": "/settings/workspace", "n": "/now"}.items():
            page.keyboard.press("g")
            page.keyboard.press(key)
            expect(page).to_have_url(server.url + path)
            # The list of customers opens with its search in hand; one key lets go of it.
            page.keyboard.press("Escape")
            expect(page.locator("input:focus")).to_have_count(0)
        # While it has no words, the keys that stand beside it are keys; "/" lies in the hand already.
        visitor.open("/customers")
        page.keyboard.press("?")
        expect(page.get_by_role("dialog")).to_be_visible()
        page.keyboard.press("Escape")
        page.keyboard.press("/")
        page.keyboard.type("nora")
        expect(page.locator("#q")).to_have_value("nora")
        visitor.open("/now")
        # In a search that has words, Escape is for the words.
        page.keyboard.press("/")
        page.keyboard.type("gc")
        expect(page).to_have_url(server.url + "/now")
        expect(page.locator("#find")).to_be_focused()
        visitor.calm("the keys")


def test_what_has_the_focus_in_a_row_that_scrolls_is_in_sight(browser, server):
    with visiting(browser, server, "narrow") as visitor:
        for path, row in {"/now": ".chips.is-scroll", "/settings/workspace": ".settings-nav"}.items():
            visitor.open(path)
            visitor.page.evaluate("document.activeElement.blur()")
            seen = 0
            for _ in range(40):
                visitor.page.keyboard.press("Tab")
                box = visitor.page.evaluate(
                    """row => {
                        const it = document.activeElement, box = it.getBoundingClientRect();
                        return it.closest(row) ? [box.left, box.right, it.textContent.trim()] : null;
                    }""",
                    row,
                )
                if box is None:
                    continue
                seen += 1
                assert box[0] >= 0 and box[1] <= 390, (path, box)
            assert seen >= 8, path


def test_on_paper_it_is_said_who_it_is_before_what_happened(browser, server):
    server.send({"type": "identify", "userId": "nora", "traits": {"name": "Nora Adeyemi", "email": "nora@mail.example"}})
    with visiting(browser, server) as visitor:
        page = visitor.page
        visitor.open("/customers/" + server.customer("user_id:nora")["id"])
        page.emulate_media(media="print")
        tops = [page.locator(part).bounding_box()["y"] for part in ("h1", "#consent", "#timeline")]
        assert tops == sorted(tops), tops
        expect(page.get_by_text("Write down what they said")).to_be_hidden()
        expect(page.locator("#note-text")).to_be_hidden()


def test_notes_are_no_larger_than_the_timeline_and_who_looked_stands_line_by_line(browser, server):
    server.send({"type": "identify", "userId": "nora", "traits": {"name": "Nora Adeyemi"}})
    here = "/customers/" + server.customer("user_id:nora")["id"]
    for name in ("Ben", "Cem"):
        with visiting(browser, server, signed_in=False) as colleague:
            colleague.sign_in(server.person(f"{name.lower()}@mail.example", "agent", name))
            colleague.open(here)
    with visiting(browser, server, "narrow") as visitor:
        page = visitor.page
        visitor.open(here)
        page.fill("#note-text", "She wants a call on Friday.")
        page.get_by_role("button", name="Write the note").click()
        size = "it => getComputedStyle(it).fontSize"
        assert page.locator(".bubble .whole").evaluate(size) == page.locator(".said").first.evaluate(size)
        # Written in one row, they ran on beyond the edge.
        looks = page.locator("#looks li")
        expect(looks).to_have_count(2)
        first, second = looks.nth(0).bounding_box(), looks.nth(1).bounding_box()
        assert second["y"] >= first["y"] + first["height"] and second["x"] == first["x"]
        visitor.whole("notes and looks")
