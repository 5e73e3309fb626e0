"""The lifecycle, where a customer stands, and the company's vocabulary, in a real browser."""

import uuid

import pytest
from browser import visiting
from playwright.sync_api import expect
from program import ago, wait_until

LIFECYCLE = """lifecycle:
  owner: Marta Lindqvist
  stages:
    - name: Aware
      wants: To know whether we have what they look for.
    - name: Customer
      when: did("Order Completed")
      wants: That it comes on time.
      owner: Priya Nair
    - name: Lapsing
      when: did("Order Completed") and time since last("Order Completed") > 40 days
"""
BUYERS = """audience:
  key: buyers
  name: Buyers
  who: count("Order Completed" in last 90 days) >= 2
"""
SPENT = """metric:
  key: spent
  name: Spent lately
  unit: EUR
  formula: sum("Order Completed".total in last 90 days)
"""


def define(server, *texts):
    put = server.call("POST", "/api/blueprint", {"documents": [{"name": f"{n}.yaml", "text": text} for n, text in enumerate(texts)]})
    assert put.status_code == 200, put.text


def order(who, days, total=20, **more):
    return {"type": "track", "userId": who, "event": "Order Completed", "properties": {"total": total} | more, "timestamp": ago(days=days)}


def history(count=24):
    """Customers who came, bought, and stayed away, spread over some months."""
    items = []
    for n in range(count):
        who = f"c{n}"
        items.append({"type": "identify", "userId": who, "traits": {"name": f"Customer {n}"}, "timestamp": ago(days=120 - n)})
        if n % 3:
            items.append(order(who, days=100 - 4 * n if n % 3 == 1 else n, total=10 + n))
    items.append(order("c5", days=2, total=30))
    words = {"comment": "I know what I will get.", "score": 9}
    items.append({"type": "track", "userId": "c5", "event": "Survey Answered", "properties": words, "timestamp": ago(days=1)})
    return items


def settled(visitor):
    """What is worked out is there."""
    visitor.page.wait_for_selector("main [aria-busy]", state="detached", timeout=30_000)


@pytest.mark.parametrize("window", ["wide", "narrow"])
def test_the_lifecycle_from_nothing_to_a_customer_and_why(browser, server, window):
    with visiting(browser, server, window) as visitor:
        page = visitor.page
        visitor.open("/lifecycle")
        expect(page.get_by_role("heading", name="No lifecycle yet")).to_be_visible()
        page.get_by_text("An example to start from").press("Enter")
        visitor.check("no lifecycle", picture=f"lifecycle-none-{window}")
        page.get_by_role("link", name="Write the stages").click()
        expect(page).to_have_url(server.url + "/edit/lifecycle")

        server.post("/v1/import?wait=view", {"batch": history()})
        define(server, LIFECYCLE, BUYERS, SPENT)
        wait_until(lambda: "Stage by stage" in (visitor.open("/lifecycle") and page.content()), 30, "the lifecycle never came to be")
        settled(visitor)
        # Each window has its own drawing, and a phone has one too.
        wide, tall = page.locator("svg.lifecycle:not(.is-tall)"), page.locator("svg.lifecycle.is-tall")
        expect(wide if window == "wide" else tall).to_be_visible()
        expect(tall if window == "wide" else wide).to_be_hidden()
        assert (wide if window == "wide" else tall).locator(".arc").count() >= 1
        page.get_by_text("Show as a table").press("Enter")
        expect(page.get_by_role("region", name="Moves between stages, table")).to_be_visible()
        rows = page.locator("section[aria-labelledby=stages] tbody tr")
        assert [row.inner_text().split()[0] for row in rows.all()] == ["Aware", "Customer", "Lapsing"]
        expect(page.locator(".quote .voice")).to_have_text("“I know what I will get.”")
        visitor.check("the lifecycle", picture=f"lifecycle-full-{window}")

        rows.nth(1).get_by_role("link").click()
        settled(visitor)
        expect(page.get_by_role("heading", level=1, name="Customer")).to_be_visible()
        expect(page.get_by_text('did("Order Completed")')).to_be_visible()
        visitor.check("a stage", picture=f"stage-{window}")
        page.get_by_role("region", name="Customers, table").get_by_role("link", name="Customer 5", exact=True).click()

        # Where they stand, and why.
        standing = page.locator(".standing")
        expect(standing.get_by_text("€45.00")).to_be_visible()
        standing.get_by_role("link", name="why Spent lately").click()
        reasons = standing.locator(".reasons-list li")
        expect(reasons).to_have_count(2)
        standing.get_by_role("link", name="Buyers").click()
        expect(standing.locator("#why-audience .reasons-list li")).to_have_count(2)
        visitor.check("where a customer stands", picture=f"customer-standing-{window}")
        reasons.first.get_by_role("link").click()
        expect(page.get_by_text("Order Completed").first).to_be_visible()
        visitor.check("one reason")


@pytest.mark.parametrize("window", ["wide", "narrow"])
def test_whoever_moves_is_told_of_in_words(browser, server, window):
    server.post("/v1/import?wait=view", {"batch": history(6)})
    define(server, LIFECYCLE, BUYERS)
    with visiting(browser, server, window) as visitor:
        page = visitor.page
        wait_until(lambda: "Stage by stage" in (visitor.open("/lifecycle") and page.content()), 30, "the lifecycle never came to be")
        visitor.open("/now")
        server.send({"type": "page", "userId": "new"}, {"type": "track", "userId": "new", "event": "Order Completed", "properties": {"total": 5}})
        new = server.customer("user_id:new")
        seen, count = new["lastSeen"], new["interactions"]
        wait_until(lambda: server.history("user_id:new", name="Stage Changed"), 30, "the stage never changed")
        expect(page.locator("#conveyor")).to_contain_text("Came from Aware to Customer")
        visitor.check("a change on Now")
        # Nobody was seen because something was worked out about them.
        new = server.customer("user_id:new")
        assert (new["lastSeen"], new["interactions"]) == (seen, count)
        visitor.open("/customers/" + new["id"] + "?name=Stage+Changed")
        event = page.locator("#history .event")
        expect(event).to_have_count(1)
        expect(event).to_contain_text("Came from Aware to Customer")
        expect(event).to_have_class("event is-ours")
        expect(page.locator(".customer-head a.badge")).to_contain_text("Customer since")
        visitor.check("a change in the history")


@pytest.mark.parametrize("window", ["wide", "narrow"])
def test_a_life_event_is_counted_and_leads_to_whom_it_happened(browser, server, window):
    with visiting(browser, server, window) as visitor:
        page = visitor.page
        server.post("/v1/import?wait=view", {"batch": history(6)})
        define(server, LIFECYCLE, "event:\n  key: moved\n  name: Address Changed\n  life_event: Moved house\n")
        wait_until(lambda: visitor.open("/lifecycle") and page.get_by_role("region", name="Life events, table").count(), 60, "never counted")
        settled(visitor)
        section = page.locator("section[aria-labelledby=life]")
        expect(section).to_contain_text("None in the last 7 days.")
        expect(section.get_by_role("row", name="Moved house")).to_contain_text("none")
        visitor.check("no life events", picture=f"lifecycle-quiet-{window}")
        moves = [("c1", 1), ("c1", 2), ("c2", 6), ("c3", 9)]
        server.post("/v1/import?wait=view", {"batch": [
            {"type": "track", "userId": who, "event": "Address Changed", "properties": {"new_city": "Leeds"}, "timestamp": ago(days=days)}
            for who, days in moves
        ]})  # fmt: skip

        def counted():
            visitor.open("/lifecycle")
            row = page.locator("section[aria-labelledby=life] tbody tr")
            return row.count() and [cell.inner_text() for cell in row.locator("td").all()][:2] == ["2", "1"]

        wait_until(counted, 90, "the moves were never counted")
        settled(visitor)
        expect(section).not_to_contain_text("None in the last 7 days.")
        visitor.check("life events", picture=f"lifecycle-life-{window}")
        page.get_by_role("link", name="Moved house").first.click()
        expect(page.get_by_role("heading", level=1, name="Address Changed")).to_be_visible()
        expect(page.locator("section[aria-labelledby=samples]")).to_contain_text("Customer 1")
        page.get_by_role("link", name="See the customers").click()
        expect(page.get_by_role("link", name="Customer 3")).to_be_visible()
        expect(page.get_by_role("link", name="Customer 4")).to_have_count(0)


@pytest.mark.parametrize("window", ["wide", "narrow"])
def test_what_arrives_is_adopted_with_one_click_and_what_does_not_fit_is_counted(browser, server, window):
    with visiting(browser, server, window) as visitor:
        page = visitor.page
        visitor.open("/events")
        settled(visitor)
        expect(page.get_by_role("heading", name="Nothing has arrived yet")).to_be_visible()
        visitor.check("no events", picture=f"events-none-{window}")
        lines = {"products": [{"sku": "A-1", "price": 3.5}], "gift": True, "ordered_on": "2026-05-03T10:00:00Z"}
        server.send(*[order(f"c{n}", days=n, order_id=f"A-{n}", **lines) for n in range(4)])
        server.send({"type": "track", "userId": "c1", "event": "Sofa: tested", "properties": {"minutes": 4}})

        def listed():
            visitor.open("/events")
            return page.get_by_role("link", name="Sofa: tested").count()

        wait_until(listed, 60, "what arrived was never listed")
        visitor.check("events", picture=f"events-strange-{window}")
        page.get_by_role("link", name="Order Completed").click()
        kinds = {row.inner_text().split()[0]: row.inner_text() for row in page.locator("section[aria-labelledby=properties] tbody tr").all()}
        assert "number" in kinds["products[].price"] and "yes/no" in kinds["gift"] and "date" in kinds["ordered_on"] and "text" in kinds["order_id"]
        page.locator("section.customer-side summary").first.press("Enter")
        page.evaluate("scrollTo(0, 0)")
        visitor.check("an event that is not in the vocabulary", picture=f"event-strange-{window}")
        page.get_by_role("button", name="Adopt").click()
        expect(page.get_by_role("status")).to_contain_text("Order Completed is in the vocabulary.")
        documents = {d["name"]: d["text"] for d in server.ask("/api/blueprint")["documents"]}
        assert "value: total" in documents["event/order_completed.yaml"]

        # Another source sends words where there should be a number.
        other = server.folder.key("till-" + uuid.uuid4().hex[:6])
        server.send(order("c2", days=0, total="a lot"), order("c3", days=0, total="a lot"), key=other)
        page.reload()
        wrong = page.locator("section[aria-labelledby=misfits] tbody tr")
        expect(wrong).to_have_count(1)
        expect(wrong).to_contain_text("till-")
        expect(wrong).to_contain_text('"a lot"')
        assert wrong.locator(".num").inner_text() == "2"
        visitor.check("an event with what does not fit", picture=f"event-known-{window}")
        page.get_by_role("link", name="Edit", exact=True).click()
        expect(page).to_have_url(server.url + "/edit/event/order_completed")

        # One without properties, by the list.
        visitor.open("/events")
        page.get_by_role("button", name="Adopt Sofa: tested").click()
        expect(page.get_by_role("status")).to_contain_text("Sofa: tested is in the vocabulary.")
        visitor.open("/events")
        settled(visitor)
        expect(page.get_by_role("region", name="Vocabulary, table").get_by_role("link")).to_have_count(2)
        visitor.check("the vocabulary", picture=f"events-known-{window}")
