"""The pages in a real browser: by eye, by keyboard, without scripts, on a phone, in the dark, on paper."""

import re

import pytest
from browser import visiting
from playwright.sync_api import expect
from program import ago, wait_until

HOSTILE = "\u0600<script>alert(1)</script>"
LONG = "Maximiliane-Theodora Freifrau von und zu Hohenlohe-Waldenburg-Schillingsfürst geborene Donaudampfschifffahrtsgesellschaft"


@pytest.fixture(scope="module")
def people(shop):
    """Everybody whom a page could stumble over; each by the path of their page."""
    for n in range(3):
        shop.send({"type": "page", "anonymousId": f"7f3a9b22-4c0e-4a6e-9f0b-5b1d8a77c21{n}", "properties": {"title": f"Benches {n}"}})
    for n in range(3):
        shop.send({"type": "identify", "userId": "nora", "anonymousId": f"7f3a9b22-4c0e-4a6e-9f0b-5b1d8a77c21{n}",
                   "traits": {"name": "Nora Adeyemi", "email": "nora@mail.example", "address": {"city": "Leeds"}}})
    complaint = {"subject": "the bench", "text": "Nobody told me anything for two weeks.", "due": "2026-05-03T10:00:00Z"}
    answer = {"score": 3, "scale": 10, "comment": "التوصيل كان متأخرا جدا."}
    shop.send(
        {"type": "track", "userId": "nora", "event": "Complaint Made", "properties": complaint, "context": {"channel": "phone"}},
        {"type": "track", "userId": "nora", "event": "Order Placed", "timestamp": ago(minutes=9000), "properties": {"order_id": "N-1", "total": 64.5}},
        *({"type": "track", "userId": "nora", "event": f"Thing {n % 7}", "timestamp": ago(minutes=100 * n)} for n in range(70)),
        {"type": "identify", "userId": "long", "traits": {"name": LONG, "email": "a" * 60 + "@" + "b" * 60 + ".example", "note": "x" * 400}},
        {"type": "identify", "userId": "rtl", "traits": {"name": "فاطمة الزهراء بنت محمد"}},
        {"type": "track", "userId": "rtl", "event": "Survey Answered", "properties": answer},
        {"type": "page", "anonymousId": "nobody-knows-who-this-is"},
        {"type": "identify", "userId": "hostile", "traits": {"name": HOSTILE}},
        {"type": "track", "userId": "hostile", "event": "<img src=x onerror=alert(1)>", "properties": {'"\u0301 onfocus=alert(1) x="': HOSTILE}},
    )
    twin = {"first_name": "Jonathan", "last_name": "Smithers", "birthday": "1980-04-02", "phone": "+447700900811",
            "address": {"street": "11 Chapel Row", "postcode": "LS6 3DA", "city": "Leeds"}}
    shop.send({"type": "identify", "userId": "twin-a", "traits": twin})
    shop.send({"type": "identify", "userId": "twin-b", "traits": twin | {"first_name": "Jonathon"}})
    found = {name: shop.customer(f"user_id:{name}") for name in ("nora", "long", "rtl", "hostile", "twin-a", "twin-b")}
    found["visitor"] = shop.customer("anonymous_id:nobody-knows-who-this-is")
    assert found["nora"]["merges"]
    wait_until(lambda: shop.ask("/api/reviews")["items"], why="the twins were never suggested")
    return {name: "/customers/" + customer["id"] for name, customer in found.items()} | {
        "undo": f"/customers/{found['nora']['id']}/merges/{found['nora']['merges'][0]['id']}/undo",
        "interaction": f"/customers/{found['nora']['id']}/interactions/{shop.history('user_id:nora', name='Complaint Made')[0]['position']}",
        "merge": f"/customers/{found['twin-a']['id']}/merge?with={found['rtl']['id']}",
    }


@pytest.fixture(scope="module")
def state(browser, shop):
    """The cookies of somebody who signed in."""
    with visiting(browser, shop) as visitor:
        return visitor.page.context.storage_state()


@pytest.mark.parametrize("window", ["wide", "narrow"])
def test_no_page_has_a_fault_that_a_machine_finds(browser, shop, people, state, window):
    with visiting(browser, shop, window, signed_in=False) as stranger:
        stranger.open("/signin")
        stranger.check("sign-in")
        stranger.sign_in("wrong")
        stranger.check("sign-in refused", 422)
    with visiting(browser, shop, window, state=state) as visitor:
        pages = {
            "/customers": 200, "/customers?did=Thing+1&sort=spent": 200, "/customers?did=Thnig+1&orders_min=x": 422, "/customers?orders_min=9": 200,
            "/customers?search=nora": 200, "/customers?search=nobody%20at%20all": 200, "/customers?search=" + "long%20" * 40: 200,
            people["nora"]: 200, people["nora"] + "?direction=in&name=Thing+1&from=2020-01-01": 200, people["nora"] + "?name=Never": 200,
            people["long"]: 200, people["rtl"]: 200, people["visitor"]: 200, people["interaction"]: 200, people["merge"]: 200,
            people["nora"] + "/merge?search=jonath": 200, people["undo"]: 200, "/reviews": 200, "/now": 200, "/customers/cus_zzzzzzz": 404,
        }  # fmt: skip
        for path, status in pages.items():
            answer = visitor.open(path)
            assert answer.status == status, path
            policy = answer.headers["content-security-policy"]
            assert "default-src 'none'" in policy and "script-src 'self'" in policy and "unsafe" not in policy, path
            visitor.check(path, status)


def test_what_customers_send_is_shown_as_text_and_never_runs(browser, shop, people, state):
    with visiting(browser, shop, state=state) as visitor:
        for path in (people["hostile"], "/customers?search=" + "%D8%80", "/now", people["hostile"] + "?name=%3Cimg+src%3Dx%3E&from=%22%3E%3Cb%3E"):
            visitor.open(path)
            assert visitor.page.locator("main script, main img, main [onfocus]").count() == 0, path
            visitor.calm(path)
        visitor.open(people["hostile"])
        assert visitor.page.locator("h1").text_content() == HOSTILE
        assert "<img src=x onerror=alert(1)>" in visitor.page.locator("#history").text_content()
        # And if something did come through, the browser would not run it.
        visitor.page.evaluate("document.body.append(Object.assign(document.createElement('script'), {text: 'window.ran = true'}))")
        assert visitor.page.evaluate("window.ran") is None
        assert any("Content Security Policy" in fault for fault in visitor.faults)


def focused(page):
    """What has the focus: its name, whether that is seen, and whether something lies over it."""
    return page.evaluate(
        """() => {
            const it = document.activeElement, style = getComputedStyle(it), box = it.getBoundingClientRect();
            const over = document.elementFromPoint(box.x + Math.min(box.width / 2, 20), box.y + box.height / 2);
            return {
                tag: it.tagName, text: (it.textContent || it.getAttribute('aria-label') || it.id).trim().slice(0, 60), id: it.id,
                outlined: style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2,
                covered: !(over && (it.contains(over) || over.contains(it) || it.labels?.[0]?.contains(over))),
                top: box.top + scrollY,
            };
        }"""
    )


@pytest.mark.parametrize("window", ["wide", "narrow"])
def test_a_customers_page_is_used_by_the_keyboard_alone(browser, shop, people, state, window):
    with visiting(browser, shop, window, state=state) as visitor:
        page = visitor.page
        visitor.open(people["nora"])
        page.keyboard.press("Tab")
        assert focused(page)["text"] == "Skip to the page" and focused(page)["outlined"]
        seen = []
        for _ in range(60):
            page.keyboard.press("Tab")
            now = focused(page)
            assert now["outlined"] and not now["covered"], now
            if now["tag"] == "BODY":
                break
            seen.append(now["text"])
        at = [next(i for i, text in enumerate(seen) if text.startswith(start)) for start in ("Now", "Sign out", "Join with", "All", "Phone")]
        assert at == sorted(at), seen

        page.keyboard.press("Home")
        visitor.open(people["nora"])
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        assert focused(page)["id"] == "main"
        summary = page.locator(".event-open > summary").first
        summary.focus()
        page.keyboard.press("Enter")
        expect(page.locator(".event-open").first).to_have_attribute("open", "")
        page.keyboard.press("Tab")
        assert "Everything about it" in focused(page)["text"]
        page.keyboard.press("Escape")
        expect(page.locator(".event-open").first).not_to_have_attribute("open", "")
        expect(summary).to_be_focused()
        visitor.calm("after the keyboard")


def test_somebody_is_found_from_anywhere_as_one_types(browser, shop, people, state):
    with visiting(browser, shop, state=state) as visitor:
        page = visitor.page
        visitor.open("/reviews")
        page.keyboard.press("/")
        page.keyboard.type("nora")
        page.keyboard.press("Enter")
        expect(page).to_have_url(shop.url + "/customers?search=nora")
        page.keyboard.press("/")
        assert focused(page)["id"] == "q"
        page.keyboard.press("Control+A")
        page.keyboard.type("maximiliane")
        expect(page.locator("#results")).to_contain_text("1 customer fits “maximiliane”")
        expect(page).to_have_url(shop.url + "/customers?search=maximiliane")
        page.keyboard.press("Enter")
        expect(page).to_have_url(shop.url + people["long"])
        visitor.calm("found")


@pytest.mark.parametrize("window", ["wide", "narrow"])
def test_the_list_is_filtered_sorted_and_taken_out(browser, shop, people, state, window, tmp_path):
    # The list's figures are some seconds old at most.
    with visiting(browser, shop, window, state=state, java_script_enabled=window == "wide") as visitor:
        page = visitor.page

        def shown():
            visitor.open("/customers?did=Thing+1")
            return page.locator(".results .row-link").all_text_contents() == ["Nora Adeyemi"]

        wait_until(shown, why="Nora never stood in the list")
        visitor.open("/customers")
        page.click("summary:has-text('Filter and sort')")
        page.fill("#f-did", "Thing 11")
        page.select_option("#f-sort", "interactions")
        page.click(".narrow-form button")
        expect(page.locator("#e-did")).to_contain_text("There is no interaction “Thing 11”.")
        expect(page.locator("#f-did")).to_have_value("Thing 11")
        page.click("#e-did a")
        expect(page.locator(".results tbody tr")).to_have_count(1)
        expect(page.locator(".list-head h2")).to_contain_text("1 of ")
        # What it is sorted by is the figure that a phone has room for.
        sorted_by = page.locator(".results thead [aria-sort]")
        expect(sorted_by).to_have_attribute("aria-sort", "descending")
        expect(sorted_by).to_be_visible()
        expect(sorted_by).to_have_text("Interactions")
        sorted_by.locator("a").click()
        expect(page.locator(".results thead [aria-sort]")).to_have_attribute("aria-sort", "ascending")
        with page.expect_download() as download:
            page.click("text=Export as CSV")
        text = tmp_path / "customers.csv"
        download.value.save_as(text)
        assert download.value.suggested_filename.startswith("customers-")
        lines = text.read_bytes().decode().split("\r\n")
        assert len(lines) == 3 and "Nora Adeyemi,email,nora@mail.example" in lines[1] and lines[2] == ""
        page.click(".chip:has-text('Did Thing 1')")
        expect(page.locator(".results .row-link").nth(1)).to_be_visible()
        visitor.calm("the list", 422)


def test_no_page_needs_scripts(browser, shop, people):
    with visiting(browser, shop, java_script_enabled=False) as visitor:
        page = visitor.page
        expect(page).to_have_url(shop.url + "/now")
        page.click("text=The last 8 weeks, day by day")
        expect(page.locator(".as-table tbody tr").first).to_contain_text("so far")
        visitor.open("/customers")
        page.fill("#q", "nora")
        page.click("form.find button")
        page.click("text=Nora Adeyemi")
        expect(page.locator("h1")).to_have_text("Nora Adeyemi")
        page.locator(".event-open > summary", has_text="complained").click()
        expect(page.locator(".event-open[open] .voice, .event .voice").first).to_contain_text("Nobody told me anything")
        page.click("text=Show earlier")
        expect(page.locator(".earlier")).to_contain_text("That is everything.")
        page.click("text=Back to the newest")
        page.click("summary:has-text('Filter')")
        page.select_option("#f-name", "Thing 3")
        page.click("button:has-text('Show')")
        expect(page.locator("#history .event")).to_have_count(10)

        # The keys are a section at the end of the page, and one comes back.
        expect(page.locator("#keys")).to_be_hidden()
        page.click("a[href='#keys']")
        expect(page.locator("#keys")).to_be_visible()
        expect(page.locator("#keys")).to_be_in_viewport()
        expect(page.locator("#keys button")).to_be_hidden()
        page.click("#keys a:has-text('Back to the page')")
        expect(page.locator("#keys")).to_be_hidden()

        # Joined, and taken apart again from the message that follows.
        visitor.open(people["merge"])
        page.fill("#note", "same flat")
        page.click("button:has-text('Join them')")
        expect(page.locator(".toast")).to_contain_text("are one customer now")
        page.click(".toast button")
        expect(page.locator(".toast")).to_contain_text("Two customers again")
        visitor.open("/now")
        expect(page.locator(".conveyor-item").first).to_be_visible()
        assert "Without scripts this page shows what happened last." in page.locator("main").inner_text()
        page.click("text=Sign out")
        expect(page).to_have_url(shop.url + "/signin")


def test_the_page_says_merges_and_times_in_words(browser, shop, people, state):
    with visiting(browser, shop, state=state) as visitor:
        visitor.open(people["nora"])
        why = visitor.page.locator("section[aria-labelledby=one]").inner_text()
        assert re.search(r"Joined because both used account nora: on \d+ [A-Z][a-z]+ it came together with browser or app 7f3a9b…", why), why
        for path in (people["nora"], people["interaction"], people["undo"], "/reviews"):
            visitor.open(path)
            assert not re.search(r"\b\d{4}-\d\d-\d\d|user_id|anonymous_id", visitor.page.locator("main").inner_text()), path
        visitor.open(people["interaction"])
        assert "3 May 2026, 10:00" in visitor.page.locator("main").inner_text()


def test_the_live_page_shows_what_happens_and_can_be_held(browser, shop, state):
    with visiting(browser, shop, state=state) as visitor:
        page = visitor.page
        visitor.open("/now")
        expect(page.locator("#state")).to_have_text("Live")
        shop.send({"type": "track", "userId": "live-1", "event": "First Moment"})
        expect(page.locator("#conveyor > li").first).to_contain_text("First Moment")
        page.keyboard.press("p")
        expect(page.locator("#state")).to_have_text("Paused")
        shop.send({"type": "track", "userId": "live-1", "event": "Second Moment"})
        expect(page.locator("#waiting")).to_have_text("1 new")
        expect(page.locator("#conveyor > li").first).to_contain_text("First Moment")
        page.keyboard.press("p")
        expect(page.locator("#conveyor > li").first).to_contain_text("Second Moment")
        visitor.calm("live")


def test_now_shows_figures_and_weeks_that_can_be_explored(browser, shop, state):
    with visiting(browser, shop, state=state) as visitor:
        page = visitor.page
        shop.send({"type": "track", "userId": "now-1", "event": "Order Completed", "properties": {"total": 77}})
        visitor.open("/now")
        expect(page.locator(".figure")).to_have_count(4)
        page.get_by_text("The last 8 weeks, day by day").click()
        canvas = page.locator("canvas")
        expect(canvas).to_be_visible()
        expect(page.locator(".as-table table")).to_be_hidden()
        drawn = "c => c.toDataURL()"
        interactions = canvas.evaluate(drawn)
        assert len(interactions) > 1000
        page.get_by_role("button", name="Spent").click()
        assert canvas.evaluate(drawn) != interactions
        page.get_by_text("Show as a table").click()
        expect(page.locator(".as-table tbody tr")).to_have_count(57)
        visitor.check("now with weeks")
        page.get_by_placeholder("Any interaction").fill("Order Completed")
        page.get_by_placeholder("Worth at least").fill("50")
        page.get_by_role("button", name="Show only these").click()
        expect(page.locator("#state")).to_have_text("Live")
        shop.send({"type": "track", "userId": "now-1", "event": "Order Completed", "properties": {"total": 40}})
        shop.send({"type": "track", "userId": "now-1", "event": "Order Completed", "properties": {"total": 60}})
        expect(page.locator("#conveyor > li").first).to_contain_text("60")
        assert "40.00" not in page.locator("#conveyor").inner_text()
        visitor.calm("now, filtered")


def test_what_a_customer_agrees_to_is_written_down_on_their_page(browser, shop, people, state):
    with visiting(browser, shop, state=state) as visitor:
        page = visitor.page
        visitor.open(people["nora"])
        expect(page.locator(".lifeline .key")).to_contain_text("interactions a week")
        page.get_by_text("Write down what they said").click()
        page.get_by_role("radio", name="do not agree").check()
        page.get_by_label("To", exact=True).fill("Surveys")
        page.get_by_label("On", exact=True).select_option("SMS")
        page.get_by_label("How they said it").fill("by phone <b>")
        visitor.check("consent form")
        page.get_by_role("button", name="Write it down").click()
        expect(page.locator(".toast")).to_contain_text("It is written down that they do not agree.")
        said = page.locator(".consent li").first
        expect(said).to_contain_text("Does not agree to surveys on SMS")
        expect(said).to_contain_text("by phone <b>, written down by")
        said.get_by_role("link").click()
        expect(page.locator("main")).to_contain_text("no longer agrees to surveys on SMS")
        visitor.calm("its proof")


def test_on_paper_there_is_the_page_alone(browser, shop, people, state):
    with visiting(browser, shop, state=state, color_scheme="dark") as visitor:
        visitor.open(people["nora"])
        visitor.page.emulate_media(media="print")
        for gone in (".rail", ".topbar", ".filters", ".customer-actions"):
            expect(visitor.page.locator(gone)).to_be_hidden()
        expect(visitor.page.locator("h1")).to_be_visible()
        ink = visitor.page.evaluate("getComputedStyle(document.body).color + getComputedStyle(document.body).backgroundColor")
        assert ink == "rgb(26, 27, 29)rgb(255, 255, 255)", ink


def test_who_may_not_come_in_is_told_why(browser, server):
    server.person()
    with visiting(browser, server, signed_in=False) as visitor:
        visitor.sign_in(password="not the password")
        expect(visitor.page.get_by_role("alert")).to_contain_text("The e-mail or the password is wrong.")
        visitor.check("refused", 422)
        for _ in range(8):
            visitor.sign_in(password="not the password")
        expect(visitor.page.get_by_role("alert")).to_contain_text("Signing in pauses for 15 min.")
        visitor.faults[:] = [f for f in visitor.faults if "status of 422" not in f]
        visitor.check("paused", 429)


def test_an_employee_has_an_account_and_no_customers(browser, server):
    email = server.person("eve@mail.example", role="employee", name="Eve Employee")
    with visiting(browser, server, signed_in=False) as visitor:
        visitor.sign_in(email)
        expect(visitor.page.get_by_role("heading", level=1)).to_have_text("Your account")
        visitor.check("account of an employee")
        visitor.open("/customers")
        expect(visitor.page.get_by_role("heading", level=1)).to_have_text("Your role may not do this")
        visitor.check("refused to an employee", 403)


@pytest.mark.parametrize("window", ["wide", "narrow"])
def test_the_first_administrator_invites_somebody_who_comes_in(browser, server, window):
    first = server.folder.run("person", "first").stdout.strip()
    assert first.startswith(server.url + "/link/")
    with visiting(browser, server, window, signed_in=False) as visitor:
        page = visitor.page
        visitor.open("/signin")
        visitor.check("sign-in of nobody yet")
        visitor.open(first)
        visitor.check("the first link")
        page.get_by_label("E-mail").fill("ann@mail.example")
        page.get_by_label("Your name").fill("Ann Example")
        page.get_by_label("Password").fill(server.PASSWORD)
        page.get_by_role("button", name="Come in").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Now")
        visitor.open("/settings/people")
        visitor.check("people")
        page.get_by_label("E-mail").fill("mira@mail.example")
        page.get_by_role("radio", name="Agent").check()
        page.get_by_role("button", name="Make the invitation").click()
        link = page.locator("pre code").inner_text()
        visitor.check("an invitation")
        for path in ("/settings/keys", "/settings/log", "/settings/log?check=1", "/settings/backups", "/you"):
            visitor.open(path)
            visitor.check(path)
    assert link.startswith(server.url)
    with visiting(browser, server, window, signed_in=False) as visitor:
        visitor.page.goto(link)
        visitor.page.get_by_label("Your name").fill("Mira Okafor")
        visitor.page.get_by_label("Password").fill(server.PASSWORD)
        visitor.page.get_by_role("button", name="Come in").click()
        expect(visitor.page.get_by_role("heading", level=1)).to_have_text("Now")
        visitor.page.goto(link)
        expect(visitor.page.get_by_role("heading", level=1)).to_have_text("This link does not work any more")
        visitor.check("a used link", 410)


@pytest.mark.parametrize("window", ["wide", "narrow"])
def test_a_definition_is_changed_refused_and_gone_back_from(browser, server, window):
    with visiting(browser, server, window) as visitor:
        page = visitor.page
        visitor.open("/settings/definitions")
        visitor.check("definitions")
        page.get_by_role("link", name="workspace", exact=True).click()
        visitor.check("a document by default")
        for name in ("Shop A", "Shop B"):
            page.get_by_label("The document, in YAML").fill(f"# ours\nworkspace:\n  name: {name}\n")
            page.get_by_role("button", name="Put in force").click()
            expect(page.locator(".toast")).to_contain_text("workspace is in force as version")
        expect(page.locator(".rail-home")).to_contain_text("Shop B")
        page.get_by_label("The document, in YAML").fill("workspace:\n  nmae: C\n")
        page.get_by_role("button", name="Put in force").click()
        expect(page.get_by_role("alert")).to_contain_text("Line 2, column 3: workspace: there is no nmae; did you mean name?")
        visitor.check("a document refused", 422)
        visitor.open("/settings/definitions/workspace/versions/1")
        page.get_by_role("link", name="Go back to this version").click()
        expect(page.locator(".diff")).to_contain_text("name: Shop B")
        visitor.check("going back")
        page.get_by_role("button", name="Go back to it").click()
        expect(page.locator(".rail-home")).to_contain_text("Shop A")
        page.locator("table").get_by_role("link").first.click()
        expect(page.locator(".diff .is-removed")).to_contain_text("removed:   name: Shop B")
        visitor.check("a version")


@pytest.mark.parametrize("window", ["wide", "narrow"])
def test_the_workspace_has_its_name_and_its_accent_in_light_and_dark(browser, server, window):
    with visiting(browser, server, window) as visitor:
        page = visitor.page
        visitor.open("/settings")
        expect(page.get_by_role("heading", level=2)).to_have_text("Workspace")
        for accent in ("blue", "indigo", "violet", "plum", "pine", "slate", "teal"):
            page.get_by_role("radio", name=accent).check()
            page.get_by_label("Name", exact=True).fill(f"Shop {accent}")
            page.get_by_role("button", name="Save").click()
            expect(page.locator(".rail-home")).to_contain_text(f"Shop {accent}")
            expect(page.locator("html")).to_have_attribute("data-accent", accent)
            visitor.check(f"the workspace in {accent}")
        page.get_by_label("Country").fill("XX")
        page.get_by_role("button", name="Save").click()
        expect(page.locator("#country-fault")).to_contain_text("XX is no country")
        visitor.check("the workspace refused", 422)


@pytest.mark.parametrize("window", ["wide", "narrow"])
def test_a_note_with_a_mention_reaches_the_colleague(browser, shop, people, state, window):
    name = f"Ola {window.title()}"
    email = shop.person(f"{window}@mail.example", "agent", name)
    text = f"@{name} promised to call back.\nOn Friday. {HOSTILE}"
    with visiting(browser, shop, window, state=state) as visitor:
        page = visitor.page
        visitor.open(people["rtl"])
        page.fill("#note-text", text)
        page.click("button:has-text('Write the note')")
        expect(page.locator(".toast")).to_contain_text(f"{name} will find it under Mentions.")
        note = page.locator("section[aria-labelledby=notes] .bubble").first
        assert note.locator(".whole").inner_text() == text
        expect(note.locator(".whole b")).to_have_text("@" + name)
        expect(page.locator("#history .event").first).to_contain_text("Ann Example wrote a note")
        visitor.check("a customer with a note")
        page.fill("#note-text", " ")
        page.click("button:has-text('Write the note')")
        expect(page.locator("#note-fault")).to_have_text("There is nothing in it yet.")
        assert focused(page)["id"] == "note-text"
        visitor.check("a note refused", 422)
    with visiting(browser, shop, window, signed_in=False) as visitor:
        page = visitor.sign_in(email).page
        entry = page.locator("nav[aria-label=Main] a", has_text="Mentions")
        expect(entry.locator(".count")).to_contain_text("1")
        entry.click()
        expect(page.locator(".bubble")).to_contain_text("Ann Example about فاطمة الزهراء بنت محمد")
        expect(page.locator(".bubble .badge")).to_have_text("new")
        expect(entry.locator(".count")).to_have_count(0)
        visitor.check("mentions")
        page.click(".bubble a")
        expect(page).to_have_url(shop.url + people["rtl"])
        expect(page.locator("#looks")).to_contain_text("Ann Example")
        visitor.check("a customer somebody looked at")
