"""Sources, keys and data in a real browser: what came, what was refused, what is limited, what is kept and who is erased."""

import json
import re

import pytest
from browser import visiting
from playwright.sync_api import expect

LONG = "x" * 64


@pytest.mark.parametrize("window", ["wide", "narrow"])
def test_what_was_refused_is_tried_again_and_given_up_and_taken_back(browser, server, window):
    with visiting(browser, server, window) as visitor:
        page = visitor.page
        visitor.open("/settings/sources")
        visitor.check("sources, none yet")
        wrong = {"type": "track", "userId": "u", "event": "E", "timestamp": "<b>yesterday"}
        long = wrong | {"properties": {LONG * 4: "y" * 6000}, "messageId": LONG * 4}
        fine = {"type": "track", "userId": "u", "event": "E"}
        server.post("/v1/batch?wait=view", {"batch": [wrong, long, fine, {"type": "track", "event": "Nobody's"}]}, key=server.folder.key(LONG))
        visitor.open("/settings/sources")
        visitor.check("sources")
        page.get_by_role("link", name=LONG).focus()
        page.keyboard.press("Enter")
        expect(page.get_by_text("3 items in quarantine")).to_be_visible()
        assert page.locator("mark").first.inner_text() == json.dumps("<b>yesterday")
        visitor.check("a source")
        page.get_by_role("button", name="Try all again").click()
        expect(page.get_by_role("status")).to_contain_text("None taken in. 3 refused again")
        visitor.check("tried again")
        page.get_by_text("Give up all").press("Enter")
        # What is said there is a sentence, not a heading.
        expect(page.locator(".change[open] > .change-box").first).to_have_css("font-weight", "400")
        visitor.check("asked whether to give up")
        page.get_by_role("button", name="Give up 3 items").click()
        expect(page.get_by_role("status")).to_contain_text("3 items given up.")
        visitor.check("given up")
        page.get_by_role("button", name="Undo").click()
        expect(page.get_by_role("status")).to_contain_text("3 items back in quarantine.")
        page.get_by_role("link", name="Show all of it").first.click()
        visitor.check("one item whole")
        visitor.open("/settings/sources/1?kind=never&reason=never")
        visitor.check("nothing fits")


@pytest.mark.parametrize("window", ["wide", "narrow"])
def test_keys_are_limited_and_data_is_looked_after(browser, server, window, tmp_path):
    (tmp_path / "blueprint").mkdir()
    (tmp_path / "blueprint" / "retention.yaml").write_text("retention:\n  events:\n    - {name: %s, keep: 10 days}\n" % LONG)
    server.folder.run("blueprint", "apply", tmp_path / "blueprint")
    old = {"type": "track", "userId": "ann", "event": LONG, "timestamp": "2020-01-01T00:00:00Z"}
    server.post("/v1/import?wait=view", {"batch": [old, {"type": "identify", "userId": "ann", "traits": {"name": "Ann " + LONG}}]})
    with visiting(browser, server, window) as visitor:
        page = visitor.page
        visitor.open("/settings/keys")
        page.get_by_label("Name of a new key").fill("page of the shop")
        page.get_by_text("Limit what it may send").press("Enter")
        page.get_by_role("checkbox", name="track").check()
        page.get_by_label("Last day").first.fill("2099-12-31")
        visitor.check("limits of a key")
        page.get_by_role("button", name="Make the key").click()
        expect(page.get_by_text("only track")).to_be_visible()
        secret = page.locator("pre code").inner_text()
        visitor.check("a key with limits")
        assert server.post("/v1/identify", {"userId": "u"}, key=secret).status_code == 403
        page.get_by_label("Name of a new token").fill("figures")
        page.get_by_text("Limit what it may do").press("Enter")
        page.get_by_role("checkbox", name="administer").check()
        page.get_by_role("button", name="Make the token").click()
        expect(page.get_by_role("alert")).to_contain_text("does not have the permission administer")
        visitor.check("a scope that the role has not", 422)
        visitor.open("/settings/data")
        visitor.check("data")
        page.get_by_text("Run now").press("Enter")
        page.get_by_role("button", name="Take out 1 interaction").click()
        expect(page.get_by_role("status")).to_contain_text("1 interaction out of sight")
        page.get_by_label("Whom to erase").fill("user_id:nobody")
        page.get_by_role("button", name="Find").click()
        # The page that says so has come, or its status would be heard of only after the check.
        expect(page).to_have_url(re.compile("nobody"))
        page.wait_for_load_state("networkidle")
        visitor.check("nobody to erase", 422)
        page.get_by_label("Whom to erase").fill("user_id:ann")
        page.get_by_role("button", name="Find").click()
        visitor.check("asked whether to erase")
        customer = server.customer("user_id:ann")["id"]
        page.get_by_label(f"Write {customer} to confirm").fill(customer)
        page.get_by_role("button", name="Erase for good").click()
        expect(page.get_by_role("status")).to_contain_text(f"{customer} is erased")
        visitor.check("erased")
    assert server.customer("user_id:ann") is None
