"""Definitions as people write them in forms: the lifecycle and the vocabulary by the keyboard, metrics of every kind, and two at once."""

import pytest
from browser import visiting
from playwright.sync_api import expect
from program import ago, wait_until

SLOW = 20_000


def fill(shop):
    """Twelve customers, of whom two in three ordered: some long ago."""
    items = []
    for n in range(12):
        who = {"userId": f"u{n}"}
        items.append(who | {"type": "identify", "traits": {"name": f"Customer {chr(65 + n)}", "city": "York"}, "timestamp": ago(days=200)})
        if n % 3:
            order = {"total": 10 * (n + 1), "gift": n % 2 == 0, "products": [{"sku": f"A-{n}", "price": 3.5}]}
            items.append(who | {"type": "track", "event": "Order Completed", "properties": order, "timestamp": ago(days=10 if n < 6 else 100)})
            items.append(who | {"type": "track", "event": "Email Opened", "properties": {}, "timestamp": ago(days=n)})
    shop.post("/v1/import?wait=view", {"batch": items})
    wait_until(lambda: shop.call("POST", "/api/formulas/check", {"formula": "did(any)"}).status_code == 200, why="formulas were never at work")


@pytest.fixture
def filled(server):
    fill(server)
    return server


def document(server, name):
    return {d["name"]: d["text"] for d in server.ask("/api/blueprint")["documents"]}.get(f"{name}.yaml")


def sizes(page):
    """What stands beside the lifecycle: the stages with how many are in each now, and how many would be."""
    return [[cell.inner_text() for cell in row.locator("th, td").all()] for row in page.locator("#means tbody tr").all()]


@pytest.mark.parametrize("window", ["wide", "narrow"])
def test_the_lifecycle_is_written_from_nothing_and_changed_by_the_keyboard_alone(browser, filled, window):
    with visiting(browser, filled, window) as visitor:
        page = visitor.page
        visitor.open("/lifecycle")
        page.get_by_role("link", name="Write the stages").press("Enter")
        expect(page.get_by_role("heading", level=1)).to_have_text("Edit the lifecycle")
        visitor.check("the form of the lifecycle, empty", picture=f"lifecycle-form-empty-{window}")
        page.locator("#stage1").fill("Aware")
        page.locator("#stage2").fill("Customer")
        when = page.locator("#when2")
        when.press_sequentially('did("Order Comp')
        expect(page.get_by_role("option", name="Order Completed")).to_be_visible()
        expect(page.locator("#when2-says .error")).to_be_visible()
        if window == "narrow":
            # What is wrong can be read while names are offered.
            offered, said = page.locator("#when2-choices").bounding_box(), page.locator("#when2-says").bounding_box()
            assert offered["y"] + offered["height"] <= said["y"] + 1
        visitor.whole("names to choose from")
        visitor.picture(f"lifecycle-form-choices-{window}", "light")
        when.press("Enter")
        expect(when).to_have_value('did("Order Completed"')
        when.press_sequentially(")")
        expect(page.locator("#when2-says")).to_contain_text("Reads well")
        expect(page.locator("#means tbody tr")).to_have_count(2, timeout=SLOW)
        assert sizes(page) == [["Aware", "–", "4"], ["Customer", "–", "8"]]

        # A new row has the focus in it, and a mistake in it is said as it is typed.
        page.get_by_role("button", name="Add a stage").press("Enter")
        expect(page.locator("#stage3")).to_be_focused()
        page.keyboard.type("customer")
        expect(page.locator("#stage3-fault")).to_contain_text("stands here twice")
        page.locator("#stage3").fill("Lapsing")
        expect(page.locator("#stage3-fault")).to_be_empty()
        page.locator("#when3").press_sequentially('time since last("Order Cmpleted") > 40 days')
        page.locator("#when3").press("Escape")
        expect(page.locator("#when3-says")).to_contain_text("did you mean", ignore_case=True)
        expect(page.locator("#why-not")).to_have_text("Mend “Who has come so far, Lapsing” to put it in force")
        page.evaluate("scrollTo(0, 0)")
        visitor.check("the form of the lifecycle with a mistake", picture=f"lifecycle-form-mistake-{window}")
        page.get_by_role("button", name='Use "Order Completed"').press("Enter")
        expect(page.locator("#means tbody tr")).to_have_count(3, timeout=SLOW)
        assert sizes(page) == [["Aware", "–", "4"], ["Customer", "–", "4"], ["Lapsing", "–", "4"]]

        # Moved up and down by the same key, with what was typed.
        page.get_by_role("button", name="Up Stage 3").press("Enter")
        expect(page.get_by_role("button", name="Up Stage 2")).to_be_focused()
        expect(page.locator("#stage2")).to_have_value("Lapsing")
        page.keyboard.press("Enter")
        expect(page.locator("#stage1")).to_be_focused()
        expect(page.locator("#stage1")).to_have_value("Lapsing")
        expect(page.locator("#when1")).to_be_hidden()
        page.get_by_role("button", name="Down Stage 1").press("Enter")
        expect(page.locator("#when2")).to_have_value('time since last("Order Completed") > 40 days')
        expect(page.get_by_role("button", name="Down Stage 2")).to_be_focused()
        page.keyboard.press("Enter")
        expect(page.locator("#stage3")).to_be_focused()
        expect(page.locator("#stage3")).to_have_value("Lapsing")
        expect(page.locator("#when3")).to_have_value('time since last("Order Completed") > 40 days')
        expect(page.locator("#when2")).to_have_value('did("Order Completed")')
        page.locator("#wants2").fill("That it comes on time.")
        page.locator("#owner").fill("Marta Lindqvist")
        expect(page.locator("#when3-says")).to_contain_text("Reads well", timeout=SLOW)
        visitor.check("the form of the lifecycle", picture=f"lifecycle-form-{window}")
        page.get_by_role("button", name="Put in force").press("Enter")
        expect(page.get_by_role("status").first).to_contain_text("The lifecycle is saved as version 1.")
        saved = document(filled, "lifecycle")
        assert "owner: Marta Lindqvist" in saved and saved.index("Aware") < saved.index("Customer") < saved.index("Lapsing")

        # Edited again: now and then, side by side.
        wait_until(lambda: "Stage by stage" in (visitor.open("/lifecycle") and page.content()), 30, "the lifecycle never came to be")
        page.get_by_role("link", name="Edit stages").press("Enter")
        page.get_by_role("button", name="Remove Stage 3").press("Enter")
        expect(page.locator("#stage3")).to_have_count(0)
        expect(page.locator("#means tbody tr")).to_have_count(3, timeout=SLOW)
        assert sizes(page) == [["Aware", "4", "4"], ["Customer", "4", "8"], ["Lapsing", "4", "–"]]
        page.evaluate("scrollTo(0, 0)")
        visitor.check("the form of the lifecycle, edited", picture=f"lifecycle-form-edited-{window}")


def test_the_lifecycle_is_written_without_scripts_too(browser, filled):
    with visiting(browser, filled, java_script_enabled=False) as visitor:
        page = visitor.page
        visitor.open("/edit/lifecycle")
        page.locator("#stage1").fill("Aware")
        page.locator("#when2").fill('did("Order Completed")')
        page.get_by_role("button", name="Put in force").click()
        expect(page.locator("#stage2-fault")).to_contain_text("Give the stage a name.")
        page.locator("#stage2").fill("Customer")
        page.get_by_role("button", name="Add a stage").click()
        page.locator("#stage3").fill("Regular")
        page.locator("#when3").fill('count("Order Completed") > 5')
        page.get_by_role("button", name="Up Stage 3").click()
        expect(page.locator("#stage2")).to_have_value("Regular")
        page.get_by_role("button", name="Remove Stage 2").click()
        expect(page.locator("#stage2")).to_have_value("Customer")
        page.get_by_role("button", name="Put in force").click()
        expect(page.get_by_role("status").first).to_contain_text("The lifecycle is saved as version 1.")
        assert "Regular" not in document(filled, "lifecycle")


@pytest.mark.parametrize("window", ["wide", "narrow"])
def test_an_event_is_defined_and_edited_by_the_keyboard_alone(browser, server, window):
    with visiting(browser, server, window) as visitor:
        page = visitor.page
        visitor.open("/events")
        # In the window of an empty folder, before anything arrives.
        page.get_by_role("link", name="Define an event").first.press("Enter")
        expect(page.locator("#name")).to_be_focused()
        visitor.check("the form of an event, empty", picture=f"event-form-empty-{window}")
        page.keyboard.type("Order Completed")
        page.locator("#purpose").fill("Somebody has bought something.")
        page.locator("#path1").fill("total..sum")
        expect(page.locator("#path1-fault")).to_contain_text("is no path of a property")
        expect(page.locator("#path1")).to_have_attribute("aria-invalid", "true")
        visitor.check("the form of an event with a mistake", picture=f"event-form-mistake-{window}")
        page.locator("#path1").fill("total")
        expect(page.locator("#path1-fault")).to_be_empty()
        # A value is a number.
        page.get_by_role("radio", name="Its value is property 1").press("Space")
        expect(page.locator("#path1-fault")).to_contain_text("a value is a number")
        page.locator("#type1").select_option("number")
        expect(page.locator("#path1-fault")).to_be_empty()
        page.get_by_role("button", name="Add a property").press("Enter")
        expect(page.locator("#path2")).to_be_focused()
        page.keyboard.type("gift")
        page.locator("#type2").select_option("number")
        page.locator("#says2").fill("Wrapped")
        page.get_by_role("button", name="Put in force").press("Enter")
        expect(page.get_by_role("heading", level=1)).to_have_text("Order Completed")
        text = document(server, "event/order_completed")
        assert "value: total" in text and "meaning: Wrapped" in text

        # What arrives does not fit, and is mended beside what it is.
        fill(server)
        visitor.open("/events/Order%20Completed")
        page.get_by_role("link", name="Edit", exact=True).press("Enter")
        expect(page.locator("#means")).to_contain_text("gift is not number in 8", timeout=SLOW)
        visitor.check("the form of an event", picture=f"event-form-{window}")
        page.locator("#type2").select_option("yes/no")
        expect(page.locator("#means")).to_contain_text("All that is declared fits.", timeout=SLOW)
        page.get_by_role("button", name="Declare products[].price").press("Enter")
        expect(page.locator("#path3")).to_have_value("products[].price")
        expect(page.locator("#path3")).to_be_focused()
        expect(page.get_by_role("button", name="Declare products[].price")).to_have_count(0)
        page.get_by_role("button", name="Put in force").press("Enter")
        expect(page.get_by_role("status").first).to_contain_text("saved as version 2")
        assert "products[].price" in document(server, "event/order_completed")

        # What arrives and is not in the vocabulary: its own name and properties stand in the form.
        visitor.open("/events/Email%20Opened")
        page.get_by_role("link", name="Define it").press("Enter")
        expect(page.locator("#name")).to_have_value("Email Opened")
        page.get_by_role("button", name="Put in force").press("Enter")
        expect(page.get_by_role("heading", level=1)).to_have_text("Email Opened")
        page.get_by_role("link", name="Remove").press("Enter")
        expect(page.get_by_role("heading", level=1)).to_have_text("Remove Email Opened?")
        visitor.check("the question before an event is removed", picture=f"event-remove-{window}")
        page.get_by_role("button", name="Remove it").press("Enter")
        expect(page.get_by_role("status").first).to_contain_text("Email Opened (event/email_opened) is out of force.")


@pytest.mark.parametrize("window", ["wide", "narrow"])
def test_metrics_of_every_kind_are_written_in_their_own_form(browser, filled, window):
    with visiting(browser, filled, window) as visitor:
        page = visitor.page
        visitor.open("/new/metric")
        page.locator("#name").fill("Engagement")
        page.locator("#formula").fill("count(any)")
        page.get_by_role("radio", name="By weights of engagement").check()
        expect(page.locator("#formula")).to_be_hidden()
        page.locator("#event1").fill("Email Opned")
        expect(page.locator("#means")).to_contain_text("did you mean", ignore_case=True, timeout=SLOW)
        page.locator("#event1").fill("Email Opened")
        assert page.locator("#event1").bounding_box()["width"] > 200, "a name can be read where it is written"
        page.locator("#worth1").fill("a lot")
        expect(page.locator("#worth1-fault")).to_contain_text("Write a number")
        page.locator("#worth1").fill("2.5")
        page.get_by_role("button", name="Add a kind").press("Enter")
        expect(page.locator("#event2")).to_be_focused()
        page.keyboard.type("Order Completed")
        expect(page.locator("#means .figure-value")).to_be_visible(timeout=SLOW)
        page.evaluate("scrollTo(0, 0)")
        visitor.check("the form of engagement", picture=f"metric-form-engagement-{window}")
        page.get_by_role("checkbox", name="Learn the weights").check()
        page.locator("#conversion").fill("Order Completed")
        page.evaluate("scrollTo(0, 0)")
        visitor.check("the form of learned engagement", picture=f"metric-form-learned-{window}")
        # Nothing is lost by looking at another way.
        page.get_by_role("radio", name="By a formula").check()
        expect(page.locator("#formula")).to_have_value("count(any)")
        page.get_by_role("radio", name="By weights of engagement").check()
        page.get_by_role("button", name="Put in force").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Engagement")
        text = document(filled, "metric/engagement")
        assert "weight: 250" in text and "conversion: Order Completed" in text and "formula" not in text
        page.get_by_role("link", name="Edit", exact=True).click()
        expect(page.locator("#worth1")).to_have_value("2.5")
        expect(page.locator("#within")).to_have_value("30")
        page.get_by_role("button", name="Remove kind 2").press("Enter")
        expect(page.locator("#event2")).to_have_count(0)
        page.get_by_role("button", name="Put in force").click()
        expect(page.get_by_role("status").first).to_contain_text("saved as version 2")

        visitor.open("/new/metric")
        page.locator("#name").fill("Still with us")
        page.get_by_role("radio", name="By the model of lifetime value").check()
        page.get_by_role("radio", name="How likely it is that they still buy").check()
        page.locator("#value").fill("total")
        expect(page.locator("#means")).to_contain_text("8 of 12 customers ever had Order Completed", timeout=SLOW)
        page.evaluate("scrollTo(0, 0)")
        visitor.check("the form of lifetime value", picture=f"metric-form-lifetime-{window}")
        page.get_by_role("button", name="Put in force").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Still with us")
        assert "gives: alive" in document(filled, "metric/still_with_us")


YORK = "audience:\n  key: yorkers\n  name: {}\n  who: trait.city = \"York\"\n"


@pytest.mark.parametrize("window", ["wide", "narrow"])
def test_of_two_who_edit_at_once_the_second_sees_what_the_first_changed_and_decides(browser, filled, window):
    filled.define(("audience/yorkers", YORK.format("Yorkers")))
    with visiting(browser, filled, window) as visitor:
        page = visitor.page
        for path, field, mine in [("/audiences/yorkers/edit", "#purpose", "Mine"), ("/settings/definitions/audience%2Fyorkers", "#text", YORK.format("Ours"))]:
            visitor.open(path)
            version = int(page.locator("input[name=basis]").get_attribute("value")) + 1
            filled.define(("audience/yorkers", YORK.format(f"People of York {version}")))
            page.locator(field).fill(mine)
            page.get_by_role("button", name="Put in force", exact=True).click()
            alert = page.get_by_role("alert")
            expect(alert).to_contain_text(f"version {version}")
            # What the form was asking when it was sent is given up.
            visitor.faults.clear()
            expect(page.get_by_role("region", name="What they changed")).to_contain_text(f"People of York {version}")
            expect(page.locator(field)).to_have_value(mine.rstrip("\n") if field == "#purpose" else mine)
            page.get_by_text("What yours would change of theirs").press("Enter")
            expect(page.get_by_role("region", name="What yours would change")).to_be_visible()
            visitor.check("two at once", status=409, picture=f"overtaken-{field[1:]}-{window}")
            # Pressing the same again does not go over the other's unawares.
            page.get_by_role("button", name="Put in force", exact=True).click()
            expect(page.get_by_role("alert")).to_contain_text(f"version {version}")
            page.get_by_role("button", name=f"Put mine in force over version {version}").click()
            expect(page.get_by_role("status").first).to_contain_text(f"version {version + 1}")
            visitor.faults.clear()
        # Enter in a field is no consent to go over what the other wrote.
        visitor.open("/settings/workspace")
        filled.define(("workspace", "workspace:\n  name: Theirs\n"))
        page.locator("#name").fill("Mine")
        for _ in range(2):
            page.locator("#name").press("Enter")
            expect(page.get_by_role("alert")).to_contain_text("version 1")
        visitor.check("two at once in the workspace", status=409, picture=f"overtaken-workspace-{window}")
        page.get_by_role("button", name="Put mine in force over version 1").click()
        expect(page.get_by_role("status").first).to_contain_text("Saved, as version 2.")
        visitor.faults.clear()
        visitor.open("/audiences/yorkers/edit")
        filled.define(("audience/yorkers", YORK.format("Theirs")))
        page.locator("#purpose").fill("Mine again")
        page.get_by_role("button", name="Check only").click()
        page.get_by_role("link", name="Drop mine, go on with theirs").click()
        expect(page.locator("#name")).to_have_value("Theirs")
        expect(page.locator("#purpose")).to_have_value("")
