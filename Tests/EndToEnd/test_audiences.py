"""Audiences and metrics as people write them: names completed by the keyboard, mistakes mended by a button, and what it means beside it."""

import re

import pytest
from browser import visiting
from playwright.sync_api import expect
from program import ago, wait_until


def fill(shop):
    """Twelve customers: each third ordered, each more than the one before."""
    items = []
    for n in range(12):
        who = {"userId": f"u{n}"}
        traits = {"name": f"Customer {chr(65 + n)}", "email": f"u{n}@mail.example", "city": "Leeds" if n % 2 else "York"}
        items.append(who | {"type": "identify", "traits": traits, "timestamp": ago(days=70)})
        for k in range(n // 3):
            order = {"order_id": f"o-{n}-{k}", "total": 10 * (n + 1)}
            items.append(who | {"type": "track", "event": "Order Completed", "properties": order, "timestamp": ago(days=7 * k + 1, minutes=n)})
    items.append({"userId": "u11", "type": "track", "event": "Complaint Received", "timestamp": ago(days=1)})
    shop.post("/v1/import?wait=view", {"batch": items})
    for n in (9, 10):
        said = shop.call("POST", f"/api/customers/user_id:u{n}/consents", {"given": True, "purpose": "marketing", "channel": "email"})
        assert said.status_code == 201, said.text


@pytest.fixture(scope="module")
def filled(shop):
    fill(shop)
    wait_until(lambda: shop.call("POST", "/api/formulas/check", {"formula": "did(any)"}).status_code == 200, why="formulas were never at work")
    return shop


def define(shop, *documents):
    """Puts documents in force beside those that are, and waits until they are at work."""
    shop.define(*documents)
    wait_until(lambda: all(a["state"] == "inForce" and a["size"] is not None for a in shop.ask("/api/audiences")["items"]), why="never in force")


def test_an_audience_is_written_with_completed_names_and_mended_mistakes_and_stands_in_the_list(browser, filled):
    with visiting(browser, filled) as visitor:
        page = visitor.page
        visitor.open("/audiences")
        expect(page.get_by_role("heading", name="There are no audiences yet")).to_be_visible()
        page.get_by_role("link", name="New audience").click()
        page.get_by_label("Name", exact=True).fill("Come back often")
        page.get_by_label("What it is for").fill("A word of thanks.")
        who = page.get_by_label("Who belongs")
        who.press_sequentially('count("Order')
        choice = page.get_by_role("option", name="Order Completed")
        expect(choice).to_be_visible()
        expect(choice).to_have_attribute("aria-selected", "true")
        assert who.get_attribute("aria-activedescendant") == choice.get_attribute("id")
        who.press("Enter")
        expect(who).to_have_value('count("Order Completed"')
        expect(page.locator("#who-choices")).to_be_hidden()
        who.press_sequentially(") >= 2")
        expect(page.locator("#means .figure-value")).to_contain_text("6")
        expect(page.locator("#means .figure-value")).to_contain_text("50% of 12")
        expect(page.locator("#who-says")).to_contain_text("Reads well")
        assert page.locator("#who-layer").text_content().startswith(who.input_value())

        who.press("End")
        who.press_sequentially("\n  and consent.emial = yes")
        who.press("Escape")
        expect(page.locator("#who-says")).to_contain_text("Line 2, column 7")
        expect(page.locator("#why-not")).to_have_text("Mend “Who belongs” to put it in force")
        expect(who).to_have_attribute("aria-invalid", "true")
        visitor.check("the editor with a mistake", picture="audience-editor-mistake-wide")
        page.get_by_role("button", name="Use consent.email").click()
        expect(who).to_have_value('count("Order Completed") >= 2\n  and consent.email = yes')
        expect(page.locator("#means .figure-value")).to_contain_text("2", timeout=20_000)
        expect(page.locator("#why-not")).to_be_empty()
        expect(page.locator("#means table").first).to_contain_text("6")
        expect(page.locator("#means")).to_contain_text("Customer J")
        expect(page.locator("#means .facts")).to_contain_text("E-mail")
        visitor.check("the editor", picture="audience-editor-wide")

        page.get_by_role("button", name="Put in force").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Come back often")
        expect(page.get_by_role("status").first).to_contain_text("saved as version 1")
        wait_until(lambda: filled.ask("/api/audiences")["items"][0]["size"] == 2, why="it never had its members")
        visitor.open("/audiences")
        row = page.get_by_role("row", name="Come back often")
        expect(row).to_contain_text("A word of thanks.")
        expect(row).to_contain_text("17%")
        visitor.calm("the list")


def test_two_who_edit_at_once_do_not_overwrite_each_other(browser, filled):
    define(filled, ("audience/yorkers", "audience:\n  key: yorkers\n  name: Yorkers\n  who: trait.city = \"York\"\n"))
    with visiting(browser, filled) as visitor:
        page = visitor.page
        visitor.open("/audiences/yorkers/edit")
        define(filled, ("audience/yorkers", "audience:\n  key: yorkers\n  name: People of York\n  who: trait.city = \"York\"\n"))
        page.get_by_label("What it is for").fill("Mine")
        page.get_by_role("button", name="Put in force").click()
        expect(page.get_by_role("alert")).to_contain_text("version 2")
        expect(page.get_by_label("What it is for")).to_have_value("Mine")


def test_what_others_use_is_not_removed_and_what_nobody_uses_is(browser, filled):
    define(
        filled,
        ("audience/leeds", "audience:\n  key: leeds\n  name: Leeds\n  who: trait.city = \"Leeds\"\n"),
        ("audience/quiet", "audience:\n  key: quiet\n  name: Quiet in Leeds\n  who: in audience leeds and not did(\"Order Completed\")\n"),
    )
    with visiting(browser, filled) as visitor:
        page = visitor.page
        visitor.open("/audiences/leeds/remove")
        expect(page.get_by_role("alert")).to_contain_text("audience/quiet")
        expect(page.get_by_role("button", name="Remove it")).to_have_count(0)
        visitor.check("a removal that cannot be", picture="audience-remove-used-wide")
        visitor.open("/audiences/quiet/remove")
        page.get_by_role("button", name="Remove it").click()
        expect(page.get_by_role("status").first).to_contain_text("Quiet in Leeds (audience/quiet) is out of force")
        expect(page.get_by_role("row", name="Quiet in Leeds")).to_have_count(0)


@pytest.mark.parametrize("window", ["wide", "narrow"])
def test_a_metric_is_written_and_says_how_it_is_spread(browser, filled, window):
    with visiting(browser, filled, window) as visitor:
        page = visitor.page
        visitor.open("/new/metric")
        page.get_by_label("Name", exact=True).fill(f"Spent, {window}")
        page.get_by_label("Unit").fill("GBP")
        formula = page.get_by_label("The formula")
        formula.press_sequentially('sum("Order Completed".total in last 365 days)')
        expect(page.locator("#means .figure-value")).to_contain_text("£", timeout=20_000)
        expect(page.locator("#formula-choices")).to_be_hidden()
        # From the top, where nothing lies half under the bar.
        page.evaluate("scrollTo(0, 0)")
        visitor.check("the editor of a metric", picture=f"metric-editor-{window}")
        page.get_by_role("button", name="Put in force").click()
        expect(page.get_by_role("heading", level=1)).to_have_text(f"Spent, {window}")
        expect(page.locator("#spread-part .plot")).to_be_visible(timeout=20_000)
        visitor.check("a metric", picture=f"metric-{window}")
        visitor.open("/metric")
        expect(page.get_by_role("row", name=f"Spent, {window}")).to_be_visible()


@pytest.mark.parametrize("window", ["wide", "narrow"])
def test_all_names_are_at_hand_beside_the_editor_and_narrowed_by_typing(browser, filled, window):
    with visiting(browser, filled, window) as visitor:
        page = visitor.page
        visitor.open("/new/audience")
        page.get_by_label("Who belongs").fill("did(any)")
        page.get_by_text("All names that formulas may use").press("Enter")
        names = page.locator("#names-list")
        expect(names).to_contain_text("time since last(…)")
        expect(names).to_contain_text('"Order Completed"')
        expect(names).to_contain_text("trait.city")
        visitor.check("the editor with all names", picture=f"audience-names-{window}")
        # Narrowing is about the list alone: nothing is asked or sent of the form, once what it asked before is answered.
        expect(page.locator("#means .figure-value")).to_be_visible(timeout=20_000)
        expect(page.locator("#means [hx-trigger]")).to_have_count(0, timeout=20_000)
        asked = []
        page.on("request", lambda request: asked.append(request.url))
        field = page.get_by_label("Show those with")
        field.press_sequentially("order completed")
        expect(names.locator("section > ul > li").filter(visible=True).first).to_contain_text("Order Completed")
        expect(names.get_by_text("trait.city", exact=True)).to_be_hidden()
        expect(names.get_by_role("status")).to_have_text(re.compile(r"^\d+ of \d+$"))
        field.press("Enter")
        page.wait_for_timeout(600)
        assert not asked and page.url.endswith("/new/audience")
        field.fill("")
        expect(names.get_by_text("trait.city", exact=True)).to_be_visible()
        expect(names.get_by_role("status")).to_be_empty()
    with visiting(browser, filled, window, java_script_enabled=False) as visitor:
        page = visitor.page
        visitor.open("/new/audience")
        page.get_by_text("All names that formulas may use").press("Enter")
        link = page.get_by_role("link", name="a page of their own")
        expect(link).to_be_visible()
        visitor.open(link.get_attribute("href"))
        expect(page.get_by_role("heading", level=1)).to_have_text("All names")
        expect(page.get_by_text("trait.city", exact=True)).to_be_visible()
        expect(page.get_by_label("Show those with")).to_be_hidden()


def test_without_scripts_the_editor_checks_mends_and_saves(browser, filled):
    with visiting(browser, filled, java_script_enabled=False) as visitor:
        page = visitor.page
        visitor.open("/new/audience")
        page.get_by_label("Name", exact=True).fill("Without scripts")
        page.get_by_label("Who belongs").fill('did("Order Cmpleted")')
        page.get_by_role("button", name="Check only").click()
        expect(page.locator("#who-says")).to_contain_text("Line 1, column 5")
        page.get_by_role("button", name='Use "Order Completed"').click()
        expect(page.get_by_label("Who belongs")).to_have_value('did("Order Completed")')
        expect(page.locator("#means .figure-value")).to_contain_text("9")
        page.get_by_role("button", name="Put in force").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Without scripts")


@pytest.mark.parametrize("window", ["wide", "narrow"])
def test_the_pages_of_an_audience_are_sound(browser, filled, window):
    define(
        filled,
        ("audience/buyers", "audience:\n  key: buyers\n  name: Buyers\n  purpose: A word of thanks.\n  owner: Priya Nair\n"
         "  who: |\n    did(\"Order Completed\" in last 365 days)\n      and trait.city is known\n  except: did(\"Complaint Received\" in last 30 days)\n"),
        ("audience/leeds", "audience:\n  key: leeds\n  name: Leeds\n  who: trait.city = \"Leeds\"\n"),
        ("metric/orders", "metric:\n  key: orders\n  name: Orders\n  formula: count(\"Order Completed\")\n"),
        ("metric/away", "metric:\n  key: away\n  name: Time since the last order\n  formula: time since last(\"Order Completed\")\n"),
    )
    with visiting(browser, filled, window) as visitor:
        page = visitor.page
        visitor.open("/audiences/buyers")
        expect(page.locator("#sizes .plot")).to_be_visible(timeout=30_000)
        expect(page.locator("#overlap")).to_be_visible(timeout=30_000)
        expect(page.locator("#others")).to_contain_text("Orders is much higher", timeout=30_000)
        visitor.check("an audience", picture=f"audience-{window}")
        page.get_by_text("The formula", exact=True).click()
        page.locator("#sizes summary").click()
        visitor.check("an audience, opened", picture=f"audience-open-{window}")
        for name, path in [("audiences", "/audiences"), ("audience-members", "/audiences/buyers/members"), ("audience-edit", "/audiences/buyers/edit"),
                           ("audience-remove", "/audiences/buyers/remove"), ("metrics", "/metric"), ("metric-page", "/metric/orders"),
                           ("audience-new", "/new/audience")]:
            visitor.open(path)
            if name == "audience-edit":
                expect(page.locator("#who-says")).to_contain_text("Reads well")
            visitor.check(name, picture=f"{name}-{window}")


def test_on_a_phone_the_other_rooms_stand_behind_more(browser, filled):
    with visiting(browser, filled, "narrow") as visitor:
        page = visitor.page
        visitor.open("/now")
        expect(page.get_by_role("link", name="Audiences")).to_be_hidden()
        page.get_by_role("link", name="More").click()
        expect(page.get_by_role("link", name="Metrics")).to_be_visible()
        visitor.check("the menu", picture="menu-narrow")
        page.get_by_role("link", name="Audiences").click()
        expect(page.get_by_role("heading", level=1, name="Audiences")).to_be_visible()
