"""What formulas say of real companies' customers: recency, frequency and monetary value, held against the files themselves, asked with SQL."""

import datetime
import time

import duckdb
import pytest
from program import ROOT, Folder, in_threads, wait_until

RETAIL = {
    "event.yaml": """
event:
  key: order
  name: Order Completed
  value: revenue
  properties:
    revenue: {type: number}
    'products[].quantity': {type: number}
    'products[].price': {type: number}
    country: {type: text}
""",
    "orders.yaml": "metric: {key: orders, name: Orders, formula: 'count(\"Order Completed\")'}",
    "spend.yaml": "metric: {key: spend, name: Spend, unit: GBP, formula: 'sum(\"Order Completed\".revenue)'}",
    "goods.yaml": "metric: {key: goods, name: Pieces, formula: 'sum(\"Order Completed\".products[].quantity where price > 2)'}",
    "recency.yaml": "metric: {key: recency, name: Recency, formula: 'time since last(\"Order Completed\")'}",
    "days.yaml": "metric: {key: days, name: Days, formula: 'days active(\"Order Completed\")'}",
    "country.yaml": "metric: {key: country, name: Country, formula: 'last(\"Order Completed\".country)'}",
    "fifth.yaml": "metric: {key: fifth, name: Fifth, formula: 'quintile(average_order)'}",
    "average.yaml": "metric: {key: average_order, name: Average, formula: 'average(\"Order Completed\".revenue)'}",
    "many.yaml": "audience: {key: many, name: Many orders, who: 'orders >= 3 and spend > 500'}",
    "workspace.yaml": "workspace: {name: Retail, country: GB, time_zone: Europe/London}",
}
OLIST = {
    "orders.yaml": "metric: {key: orders, name: Orders, formula: 'count(\"Order Placed\")'}",
    "paid.yaml": "metric: {key: paid, name: Paid, formula: 'sum(\"Order Placed\".payments[].value)'}",
    "cards.yaml": "metric: {key: cards, name: By card, formula: 'sum(\"Order Placed\".payments[].value where method = \"credit_card\")'}",
    "last.yaml": "metric: {key: last, name: Last order, formula: 'last(\"Order Placed\")'}",
    "city.yaml": "metric: {key: city, name: City, formula: 'trait.city'}",
    "late.yaml": "audience: {key: again, name: Came again, who: 'orders > 1'}",
}


def serving(tmp, mapping, files, blueprint):
    folder = Folder(tmp / "data")
    folder.run("import", "--mapping", ROOT / "mappings" / f"{mapping}.yaml", *files, check=False, timeout=200)
    documents = tmp / "blueprint"
    documents.mkdir()
    for name, text in blueprint.items():
        (documents / name).write_text(text)
    folder.run("blueprint", "apply", documents)
    return folder


def ready(server, audience):
    """Once the definitions are in force everybody has been looked at."""
    def holds():
        found = {a["key"]: a for a in server.ask("/api/audiences")["items"]}
        return found.get(audience, {}).get("size") is not None
    wait_until(holds, seconds=120, why="the definitions never came into force")
    return {a["key"]: a for a in server.ask("/api/audiences")["items"]}[audience]["size"]


def values(server, reference):
    return {m["key"]: m["value"] for m in server.ask(f"/api/customers/{reference}/metrics")["items"]}


@pytest.fixture(scope="module")
def retail(real, tmp_path_factory):
    file = real / "online-retail-50k" / "online_retail_first_50k.csv"
    folder = serving(tmp_path_factory.mktemp("retail"), "online-retail", [file], RETAIL)
    # Each time as London's clocks showed it; what has no customer is nobody's.
    rows = duckdb.connect().execute(
        """
        WITH line AS (
            SELECT CAST(CAST("Customer ID" AS DOUBLE) AS BIGINT) AS who, Invoice AS invoice, CAST(InvoiceDate AS TIMESTAMP) AS moment,
                CAST(Quantity AS DOUBLE) AS quantity, CAST(Price AS DOUBLE) AS price, Country AS country
            FROM read_csv(?, all_varchar = true) WHERE "Customer ID" IS NOT NULL AND "Customer ID" <> '' AND Invoice NOT LIKE 'C%'),
        invoice AS (
            SELECT who, invoice, min(moment) AS moment, round(sum(quantity * price), 2) AS revenue, sum(quantity) FILTER (price > 2) AS goods,
                any_value(country) AS country
            FROM line GROUP BY who, invoice)
        SELECT who, count(*) AS orders, sum(revenue) AS spend, max(moment) AS last, count(DISTINCT CAST(moment AS DATE)) AS days,
            coalesce(sum(goods), 0) AS goods, arg_max(country, moment) AS country, avg(revenue) AS average
        FROM invoice GROUP BY who
        """,
        [str(file)],
    ).fetchall()
    with folder.serving() as server:
        yield server, {row[0]: row[1:] for row in rows}


def test_recency_frequency_and_monetary_value_are_those_of_the_file(retail):
    import zoneinfo
    server, expected = retail
    size = ready(server, "many")
    assert len(expected) > 1_000
    assert size == sum(orders >= 3 and spend > 500 for orders, spend, *_ in expected.values())
    people = sorted(expected)[::3]
    london = zoneinfo.ZoneInfo("Europe/London")

    def check(part):
        for who in people[part::4]:
            orders, spend, last, days, goods, country, _ = expected[who]
            before = time.time()
            found = values(server, f"user_id:{who}")
            after = time.time()
            assert found["orders"] == orders, who
            assert found["spend"] == pytest.approx(spend, abs=0.01 * orders + 0.001), who
            assert found["goods"] == pytest.approx(goods), who
            assert found["days"] == days, who
            assert found["country"].lower() == country.lower(), who
            since = last.replace(tzinfo=london).timestamp()
            assert before - since - 1 <= found["recency"] <= after - since + 1, who

    in_threads(4, check)


def test_a_fifth_of_the_buyers_is_in_each_fifth(retail):
    server, expected = retail
    ready(server, "many")
    # Whoever bought without an account is somebody too, so the fifths are those of all buyers; among the known they keep their order.
    people = sorted(expected)[::25]
    found = {who: values(server, f"user_id:{who}") for who in people}
    ranked = sorted(people, key=lambda who: found[who]["average_order"])
    fifths = [found[who]["fifth"] for who in ranked]
    assert fifths == sorted(fifths)
    assert set(fifths) <= {1, 2, 3, 4, 5} and len(set(fifths)) >= 4


def test_orders_and_payments_of_a_marketplace_are_those_of_its_files(real, tmp_path_factory):
    source = real / "olist-8k"
    folder = serving(tmp_path_factory.mktemp("olist"), "olist", [source / "olist_orders_dataset.csv", source / "olist_order_reviews_dataset.csv"], OLIST)
    rows = duckdb.connect().execute(
        f"""
        WITH orders AS (SELECT * FROM read_csv('{source}/olist_orders_dataset.csv') AS o JOIN read_csv('{source}/olist_customers_dataset.csv') AS c USING (customer_id)),
        paid AS (
            SELECT order_id, sum(payment_value) AS paid, coalesce(sum(payment_value) FILTER (payment_type = 'credit_card'), 0) AS cards
            FROM read_csv('{source}/olist_order_payments_dataset.csv') GROUP BY order_id)
        SELECT customer_unique_id, count(*), coalesce(sum(paid), 0), coalesce(sum(cards), 0), max(order_purchase_timestamp),
            arg_max(customer_city, order_purchase_timestamp)
        FROM orders LEFT JOIN paid USING (order_id) GROUP BY 1
        """
    ).fetchall()
    import zoneinfo
    brazil = zoneinfo.ZoneInfo("America/Sao_Paulo")
    with folder.serving() as server:
        assert ready(server, "again") == sum(row[1] > 1 for row in rows) == 73
        again = [row for row in rows if row[1] > 1]
        for who, orders, paid, cards, last, city in again + sorted(rows)[::150]:
            found = values(server, f"user_id:{who}")
            assert found["orders"] == orders, who
            assert found["paid"] == pytest.approx(paid, abs=0.01), who
            assert found["cards"] == pytest.approx(cards, abs=0.01), who
            assert found["city"].lower() == city.lower(), who
            assert datetime.datetime.fromisoformat(found["last"].replace("Z", "+00:00")) == last.replace(tzinfo=brazil), who
