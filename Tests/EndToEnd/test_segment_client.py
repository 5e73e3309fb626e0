"""Segment's own Python client from PyPI, unmodified."""

import collections
import datetime

import pytest
import segment.analytics.client


@pytest.mark.parametrize("zipped", [False, True], ids=["plain", "gzip"])
def test_every_call_of_the_official_client_arrives_once(shop, zipped):
    failures = []
    client = segment.analytics.client.Client(
        shop.key, host=shop.url, gzip=zipped, upload_interval=0.05, upload_size=50, on_error=lambda error, _: failures.append(error),
    )
    who = "gzip" if zipped else "plain"
    begun = datetime.datetime(2026, 2, 3, 4, 5, 6, 789000, tzinfo=datetime.timezone.utc)
    messages = []
    for n in range(100):
        user = f"{who}-user-{n % 20}"
        calls = [
            client.identify(user, {"email": f"{user}@example.com", "n": n}),
            client.track(user, "Order Placed", {"total": n / 4, "when": begun, "note": "žluťoučký 🐎"}, timestamp=begun),
            client.page(user, "Docs", "Start", {"url": "https://shop.example/"}),
            client.screen(user, "App", "Start"),
            client.group(user, f"{who}-team", {"size": 20}),
        ]
        assert all(queued for queued, _ in calls)
        messages += [message["messageId"] for _, message in calls]
    client.alias(f"{who}-anonymous", f"{who}-user-0")
    client.flush()
    client.join()
    assert not failures
    shop.send({"type": "track", "userId": "u-after-client", "event": "Last"})

    there = collections.Counter(i["messageId"] for i in shop.folder.export())
    assert {there[m] for m in messages} == {1}
    assert len(messages) == len(set(messages)) == 500
    names = collections.Counter(i["name"] for n in range(20) for i in shop.history(f"user_id:{who}-user-{n}"))
    assert names == {
        "Customer Identified": 100, "Order Placed": 100, "Page Viewed": 100, "Screen Viewed": 100, "Group Joined": 100, "Alias Added": 1,
    }
    order = next(i for i in shop.history(f"user_id:{who}-user-3") if i["name"] == "Order Placed")
    # The client says when it sent, so its clock is corrected: by the way over the network, here next to nothing.
    at = datetime.datetime.fromisoformat(order["at"].replace("Z", "+00:00"))
    assert abs((at - begun).total_seconds()) < 15
    assert order["properties"]["note"] == "žluťoučký 🐎"
    assert shop.customer(f"email:{who}-user-7@example.com")["id"] == shop.customer(f"user_id:{who}-user-7")["id"]
