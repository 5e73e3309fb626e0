"""Files of real companies, through our mappings: every reference figure comes back out of the ledger."""

import collections
import csv
import datetime
import json
import os
import statistics
import threading
import time
import zoneinfo

import pytest
from crowd import identifiers
from program import ROOT, Folder

BRAZIL = zoneinfo.ZoneInfo("America/Sao_Paulo")


class Imported:
    """A folder after one import, and what the import said."""

    def __init__(self, tmp, mapping, files):
        self.tmp, self.mapping, self.files = tmp, ROOT / "mappings" / f"{mapping}.yaml", files
        self.folder = Folder(tmp / "data")
        self.report = tmp / "report.csv"
        self.folder.key()
        self.done = self.run()
        self.interactions = self.folder.export()

    def run(self, check=True):
        # Rows that were refused are reported, and are no failure of the import as such.
        return self.folder.run("import", "--mapping", self.mapping, "--report", self.report, *self.files, check=check, timeout=200)

    def named(self, *names):
        return [i for i in self.interactions if i["name"] in names]

    def reported(self):
        if not self.report.exists():
            return []
        with self.report.open(newline="") as file:
            return list(csv.DictReader(file))


def moment(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))


def local(text):
    """The clock on the wall in Brazil, as the files have it."""
    return moment(text).astimezone(BRAZIL).replace(tzinfo=None)


def user(interaction):
    return dict(identifiers(interaction)).get("user_id")


def check_twice(imported):
    before = [(i["messageId"], i["position"], i["customer"]) for i in imported.interactions]
    imported.run()
    assert [(i["messageId"], i["position"], i["customer"]) for i in imported.folder.export()] == before


# Orders

@pytest.fixture(scope="module")
def olist(real, tmp_path_factory):
    folder = real / "olist-8k"
    return Imported(tmp_path_factory.mktemp("olist"), "olist", [folder / "olist_orders_dataset.csv", folder / "olist_order_reviews_dataset.csv"])


@pytest.fixture(scope="module")
def orders(olist):
    """By order id, what happened when."""
    found = collections.defaultdict(dict)
    for i in olist.named("Order Placed", "Order Approved", "Order Shipped", "Order Delivered"):
        steps = found[i["properties"]["order_id"]]
        assert i["name"] not in steps
        steps[i["name"]] = i
    return found


def late_orders(orders):
    return {
        o for o, steps in orders.items()
        if (d := steps.get("Order Delivered")) and moment(d["at"]) > moment(steps["Order Placed"]["properties"]["estimated_delivery"])
    }


def test_olist_all_orders_and_deliveries_are_there(orders):
    assert len(orders) == 8135
    assert all("Order Placed" in steps for steps in orders.values())
    assert sum("Order Delivered" in steps for steps in orders.values()) == 5170


def test_olist_415_orders_came_late(orders):
    assert len(late_orders(orders)) == 415
    assert round(100 * 415 / 5170, 3) == 8.027


def test_olist_the_median_delivery_took_10_3445_days(orders):
    took = [
        (local(steps["Order Delivered"]["at"]) - local(steps["Order Placed"]["at"])).total_seconds() / 86400
        for steps in orders.values() if "Order Delivered" in steps
    ]
    assert round(statistics.median(took), 4) == 10.3445


def test_olist_steps_that_happened_in_an_odd_order_are_kept_as_they_are(orders):
    delivered = [s for s in orders.values() if "Order Delivered" in s]

    def before(one, other):
        return sum(one in s and other in s and moment(s[one]["at"]) < moment(s[other]["at"]) for s in delivered)

    assert before("Order Shipped", "Order Approved") == 68
    assert before("Order Delivered", "Order Shipped") == 3


def test_olist_reviews_are_worse_when_the_order_was_late(olist, orders):
    late = late_orders(orders)
    on_time = {o for o, s in orders.items() if "Order Delivered" in s} - late
    answers = [i["properties"] for i in olist.named("Survey Answered")]
    assert len(answers) == 8225
    assert round(statistics.mean(a["score"] for a in answers if a["order_id"] in on_time), 4) == 4.2770
    assert round(statistics.mean(a["score"] for a in answers if a["order_id"] in late), 4) == 2.4988
    # Rows beyond the first of an order, and of a review.
    assert len(answers) - len({a["order_id"] for a in answers}) == 90
    assert len(answers) - len({a["response_id"] for a in answers}) == 34


def test_olist_what_people_wrote_comes_back_as_they_wrote_it(olist, real):
    with (real / "olist-8k" / "olist_order_reviews_dataset.csv").open(newline="") as file:
        wrote = {(r["review_id"], r["order_id"]): r["review_comment_message"].strip() for r in csv.DictReader(file)}
    found = {(p["response_id"], p["order_id"]): p.get("text") or "" for p in (i["properties"] for i in olist.named("Survey Answered"))}
    assert found == wrote


def test_olist_items_and_payments_stand_on_the_order(orders, real):
    with (real / "olist-8k" / "olist_order_items_dataset.csv").open(newline="") as file:
        prices = collections.Counter()
        for row in csv.DictReader(file):
            prices[row["order_id"]] += round(float(row["price"]) * 100)
    revenue = {o: round((s["Order Placed"]["properties"].get("revenue") or 0) * 100) for o, s in orders.items()}
    assert {o: cents for o, cents in revenue.items() if cents} == {o: cents for o, cents in prices.items() if o in orders and cents}


def test_olist_people_are_people_and_not_orders(olist):
    placed = olist.named("Order Placed")
    people = collections.Counter(i["customer"] for i in placed)
    assert len(people) == 8016 == len({user(i) for i in placed})
    assert sum(n > 1 for n in people.values()) == 73


def test_olist_nothing_was_refused_and_twice_adds_nothing(olist):
    assert [r for r in olist.reported() if r["kind"] == "refused"] == []
    check_twice(olist)


# Conversations

@pytest.fixture(scope="module")
def twcs(real, tmp_path_factory):
    return Imported(tmp_path_factory.mktemp("twcs"), "twcs", [real / "twcs-5k" / "twcs_5k.csv"])


def test_twcs_every_message_is_there_and_the_malformed_row_is_reported(twcs, real):
    messages = twcs.named("Message Received", "Message Sent")
    assert len(messages) == len({m["properties"]["message_id"] for m in messages}) == 5000
    # One row breaks within its text: its beginning is a row that ends early, its end is no row at all.
    [broken] = [n for n, line in enumerate((real / "twcs-5k" / "twcs_5k.csv").read_bytes().split(b"\n"), 1) if line.startswith(b"2484,3399,")]
    assert {(r["kind"], int(r["line"])) for r in twcs.reported()} == {("note", broken), ("refused", broken)}
    [cut] = [m for m in messages if m["properties"]["message_id"] == 3399]
    assert cut["properties"]["text"] == "@AskPayPal"


def test_twcs_first_responses_took_as_long_as_they_did(twcs):
    threads = collections.defaultdict(list)
    for m in twcs.named("Message Received", "Message Sent"):
        threads[m["properties"]["conversation_id"]].append((moment(m["at"]), m["direction"]))
    assert len(threads) == 1312
    waits = []
    for messages in threads.values():
        asked = min((at for at, direction in messages if direction == "in"), default=None)
        answered = min((at for at, direction in messages if direction == "out" and asked and at >= asked), default=None)
        if answered:
            waits.append((answered - asked).total_seconds())
    assert len(waits) == 1311
    assert statistics.median(waits) == 813
    assert statistics.quantiles(waits, n=10, method="inclusive")[8] == 32906
    assert round(100 * sum(w <= 3600 for w in waits) / len(waits), 2) == 72.01


def test_twcs_a_conversation_stands_on_its_customer(twcs):
    for m in twcs.named("Message Received"):
        assert user(m), m
    brands = {m["properties"]["brand"] for m in twcs.named("Message Sent")}
    assert not brands & {user(m) for m in twcs.interactions}


def test_twcs_twice_adds_nothing(twcs):
    check_twice(twcs)


# Invoices

@pytest.fixture(scope="module")
def retail(real, tmp_path_factory):
    return Imported(tmp_path_factory.mktemp("retail"), "online-retail", [real / "online-retail-50k" / "online_retail_first_50k.csv"])


@pytest.fixture(scope="module")
def invoices(real):
    """The file, counted by itself."""
    found = collections.defaultdict(list)
    with (real / "online-retail-50k" / "online_retail_first_50k.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            found[row["Invoice"]].append(row)
    return found


def test_retail_every_invoice_is_an_order_or_a_cancellation(retail, invoices):
    left_out = {
        n for n, rows in invoices.items()
        if not n.startswith("C") and all(not r["Customer ID"] and int(r["Quantity"]) < 0 for r in rows)
    }
    cancelled = {n for n in invoices if n.startswith("C")}
    assert {i["properties"]["order_id"] for i in retail.named("Order Cancelled")} == cancelled
    assert {i["properties"]["order_id"] for i in retail.named("Order Completed")} == set(invoices) - cancelled - left_out
    assert len(retail.interactions) == len(invoices) - len(left_out)


def test_retail_revenue_and_customers_are_those_of_the_file(retail, invoices):
    revenue = {i["properties"]["order_id"]: i["properties"]["revenue"] for i in retail.named("Order Completed")}
    for invoice, found in revenue.items():
        assert found == pytest.approx(sum(float(r["Quantity"]) * float(r["Price"]) for r in invoices[invoice]), abs=0.006)
    known = {str(int(float(r["Customer ID"]))) for rows in invoices.values() for r in rows if r["Customer ID"]}
    assert {user(i) for i in retail.interactions} - {None} == known
    assert len({i["customer"] for i in retail.interactions if user(i)}) == len(known) == 1112


def test_retail_times_are_those_of_london(retail, invoices):
    london = zoneinfo.ZoneInfo("Europe/London")
    for i in retail.interactions[::50]:
        wall = moment(i["at"]).astimezone(london).replace(tzinfo=None)
        assert wall == datetime.datetime.fromisoformat(invoices[i["properties"]["order_id"]][0]["InvoiceDate"])


def test_retail_twice_adds_nothing(retail):
    check_twice(retail)


SIMPLE = """mapping: t
sources:
  - name: rows
    file: "*.csv"
    key: id
    ids: {user_id: who}
    time: at
    events:
      - event: Done
"""

# NDJSON

def test_ndjson_of_the_tracking_api_is_read_and_bad_lines_are_reported(folder, tmp_path):
    file = tmp_path / "items.ndjson"
    lines = [f'{{"type":"track","userId":"n-{n % 7}","event":"Read","messageId":"n-{n}"}}' for n in range(5000)]
    lines[10] = "{broken"
    lines[20] = '{"type":"track","event":"Nobody\'s","messageId":"nobody"}'
    file.write_text("\n".join(lines) + "\n")
    report = tmp_path / "report.csv"
    folder.run("import", file, "--report", report, check=False)
    assert len(folder.export()) == 4998
    with report.open(newline="") as f:
        assert sorted(int(r["line"]) for r in csv.DictReader(f)) == [11, 21]
    folder.run("import", file, "--report", report, check=False)
    assert len(folder.export()) == 4998


def test_standard_input_and_pipes_are_read_like_files(folder, tmp_path):
    mark = "\ufeff"
    report = tmp_path / "report.csv"
    done = folder.run("import", "-", "--report", report, input=mark + '{"type":"track","userId":"s-in","event":"Read"}\r\n{broken\n', check=False)
    assert [i["name"] for i in folder.export()] == ["Read"], done.stderr
    assert report.read_text().splitlines()[1].startswith("standard input,2,refused,")
    pipe = tmp_path / "pipe.ndjson"
    os.mkfifo(pipe)

    def write():
        # The mark at the beginning comes in parts, as a pipe may give it.
        with pipe.open("wb", buffering=0) as f:
            for part in (mark.encode()[:1], mark.encode()[1:], b'{"type":"track","userId":"s-pipe","event":"Piped"}\n'):
                f.write(part)
                time.sleep(0.2)

    writer = threading.Thread(target=write)
    writer.start()
    folder.run("import", pipe)
    writer.join()
    assert [i["name"] for i in folder.export()] == ["Read", "Piped"]


BAD_FILES = {
    "empty": (b"", "the file is empty"),
    "separator": (b"id;at;who\n1;2026-01-01;ann\n", "separator: semicolon"),
    "wide": ("id,at,who\n1,2026-01-01,ann\n".encode("utf-16"), "UTF-16"),
    "twice": (b"id,at,who,id\n", "two columns are called"),
}


@pytest.mark.parametrize("name", BAD_FILES)
def test_a_file_that_cannot_be_read_is_named_with_what_to_do(folder, tmp_path, name):
    content, said = BAD_FILES[name]
    (tmp_path / "m.yaml").write_text(SIMPLE)
    (tmp_path / "x.csv").write_bytes(content)
    done = folder.run("import", "--mapping", tmp_path / "m.yaml", tmp_path / "x.csv", check=False)
    assert done.returncode == 1 and "x.csv" in done.stderr and said in done.stderr


def test_bad_rows_are_reported_by_line_and_the_others_are_taken(folder, tmp_path):
    rows = {
        2: b"1,2026-01-01,ann", 3: b"2,2026-01-01,Jos\xe9", 4: b"3,2026-01-01", 5: b"4,soon,ann", 6: b"5,2026-01-01,", 7: b"6,2099-01-01,ann",
        8: b"7,1950-01-01,ann", 9: b"8,2026-01-01," + b"x" * 2_000_000, 10: b"9,2026-01-01,a\0b", 11: b'10,2026-01-01,"ann', 12: b"11,2026-01-01,ann",
    }
    (tmp_path / "m.yaml").write_text(SIMPLE)
    (tmp_path / "x.csv").write_bytes(b"\xef\xbb\xbfid,at,who\r\n" + b"\r\n".join(rows.values()) + b"\r\n")
    report = tmp_path / "report.csv"
    folder.run("import", "--mapping", tmp_path / "m.yaml", tmp_path / "x.csv", "--report", report, check=False)
    with report.open(newline="") as f:
        why = {int(r["line"]): r["reason"] for r in csv.DictReader(f)}
    assert sorted(why) == list(range(3, 12))
    for line, words in {
        3: "windows-1252", 4: "2 fields", 5: "“soon”", 6: "every identifier is empty", 7: "in the future", 8: "before 1970", 9: "longer than",
        10: "control character", 11: "never closed",
    }.items():
        assert words in why[line], why
    assert {i["messageId"] for i in folder.export()} == {"t:rows:1:Done", "t:rows:11:Done"}


def test_an_import_works_while_a_server_runs(folder, tmp_path):
    file = tmp_path / "items.ndjson"
    file.write_text("".join(f'{{"type":"track","userId":"s-{n}","event":"Read","messageId":"s-{n}"}}\n' for n in range(300)))
    with folder.serving() as server:
        folder.run("import", file)
        assert server.customer("user_id:s-299")["interactions"] == 1


def test_a_file_that_is_not_there_or_a_mapping_that_is_wrong_is_told(folder, tmp_path):
    folder.key()
    done = folder.run("import", tmp_path / "missing.ndjson", check=False)
    assert done.returncode != 0 and "missing.ndjson" in done.stderr
    (tmp_path / "bad.yaml").write_text("mapping: bad\nsources:\n  - name: x\n    fiel: x.csv\n")
    (tmp_path / "x.csv").write_text("a,b\n1,2\n")
    done = folder.run("import", "--mapping", tmp_path / "bad.yaml", tmp_path / "x.csv", check=False)
    assert done.returncode != 0 and "bad.yaml:" in done.stderr


# NDJSON

def lines(path, *items):
    path.write_text("".join(json.dumps(i) + "\n" for i in items))
    return path


@pytest.mark.parametrize("serving", [False, True], ids=["no server", "a server"])
def test_an_import_says_what_is_new_and_what_was_known(folder, tmp_path, serving):
    def check():
        file = lines(tmp_path / "some.ndjson", *[{"type": "track", "userId": "u", "event": "Seen", "properties": {"n": n}} for n in range(300)])
        assert "300 new interactions, 0 known already, 0 refused" in folder.run("import", file).stderr
        assert "0 new interactions, 300 known already, 0 refused" in folder.run("import", file).stderr
        with file.open("a") as f:
            f.write(json.dumps({"type": "identify", "userId": "v", "traits": {"email": "v@mail.example"}}) + "\n")
        assert "1 new interaction, 300 known already" in folder.run("import", file).stderr
        # It ends when what it took can be looked at.
        assert "v@mail.example" in folder.run("customer", "show", "user_id:v").stdout

    if serving:
        with folder.serving():
            check()
    else:
        check()


def test_an_import_of_which_nothing_was_taken_fails(folder, tmp_path):
    bad = {"type": "track", "event": "Nobody's"}
    report = tmp_path / "report.csv"
    done = folder.run("import", lines(tmp_path / "bad.ndjson", bad, bad | {"event": "Else"}), "--report", report, check=False)
    assert done.returncode == 1 and "2 refused" in done.stderr and str(report) in done.stderr
    some = lines(tmp_path / "some.ndjson", bad, {"type": "track", "userId": "u", "event": "Seen"})
    assert folder.run("import", some, "--report", report).returncode == 0
    # What was known already was taken once.
    assert folder.run("import", some, "--report", report).returncode == 0
    assert folder.run("import", some, "--report", report, "--strict", check=False).returncode == 1
    assert folder.run("import", lines(tmp_path / "none.ndjson"), "--report", report).returncode == 0


def test_a_csv_file_without_a_mapping_is_known_by_what_is_in_it(folder, tmp_path):
    table = tmp_path / "customers.txt"
    table.write_text("\ufeffid;email\n1;ann@mail.example\n")
    done = folder.run("import", table, check=False)
    assert done.returncode == 1 and "--mapping" in done.stderr and str(table) in done.stderr
    assert not folder.path.exists(), "what cannot be read makes no folder"
    named = lines(tmp_path / "named.csv", {"type": "track", "userId": "u", "event": "Seen"})
    assert "1 new interaction" in folder.run("import", named).stderr
    # One broken line makes it no other kind of file.
    broken = tmp_path / "broken.ndjson"
    broken.write_text("what?\n" + json.dumps({"type": "track", "userId": "u", "event": "Seen again"}) + "\n")
    assert "1 new interaction, 0 known already, 1 refused" in folder.run("import", broken, "--report", tmp_path / "r.csv").stderr


def test_a_long_history_is_shown_over_several_pages(folder, tmp_path):
    file = lines(tmp_path / "long.ndjson", *[{"type": "track", "userId": "u", "event": f"Event {n}"} for n in range(230)])
    folder.run("import", file)
    shown = json.loads(folder.run("customer", "show", "user_id:u", "--interactions", "1000", "--json").stdout)
    assert len({i["name"] for i in shown["interactions"]}) == 230
