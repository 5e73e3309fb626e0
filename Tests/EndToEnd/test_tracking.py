"""The tracking API as Segment's clients speak it: routes, keys, encodings, batches, times, channels."""

import base64
import datetime
import json
import uuid

import pytest
from program import refused

COMMON = {"anonymousId": "anon-routes", "userId": "user-routes"}
CALLS = {
    "identify": ({"traits": {"plan": "gold"}}, "Customer Identified"),
    "track": ({"event": "Coffee Bought", "properties": {"cups": 2}}, "Coffee Bought"),
    "page": ({"name": "Home", "properties": {"url": "https://shop.example/"}}, "Page Viewed"),
    "screen": ({"name": "Start"}, "Screen Viewed"),
    "group": ({"groupId": "team-7", "traits": {"employees": 20}}, "Group Joined"),
    "alias": ({"previousId": "anon-before"}, "Alias Added"),
}


def unique():
    return uuid.uuid4().hex


def stored(server, message_id):
    """What the ledger has under a message id."""
    found = [i for i in server.folder.export() if i["messageId"] == message_id]
    assert len(found) == 1, found
    return found[0]


@pytest.mark.parametrize("call", CALLS)
def test_each_call_becomes_one_interaction_of_its_name(shop, call):
    fields, name = CALLS[call]
    message = unique()
    answer = shop.post(f"/v1/{call}?wait=view", COMMON | fields | {"messageId": message})
    assert answer.status_code == 200, answer.text
    found = stored(shop, message)
    assert found["name"] == name
    assert found["customer"] == shop.customer("user_id:user-routes")["id"]


@pytest.mark.parametrize("route", ["batch", "import"])
def test_batches_take_items_of_every_type(shop, route):
    items = [COMMON | fields | {"type": call, "messageId": unique()} for call, (fields, _) in CALLS.items()]
    answer = shop.post(f"/v1/{route}?wait=view", {"batch": items})
    assert answer.status_code == 200 and not refused(answer), answer.text
    names = {i["messageId"]: i["name"] for i in shop.folder.export()}
    assert [names[i["messageId"]] for i in items] == [name for _, name in CALLS.values()]


def test_an_import_keeps_old_times(shop):
    message = unique()
    item = {"type": "track", "userId": "user-old", "event": "Born", "messageId": message, "timestamp": "1987-06-05T04:03:02.001Z"}
    assert shop.post("/v1/import?wait=view", {"batch": [item]}).status_code == 200
    assert stored(shop, message)["at"] == "1987-06-05T04:03:02.001Z"


def test_what_the_ledger_exports_has_every_field(shop):
    message = unique()
    shop.send({
        "type": "track", "userId": "user-fields", "anonymousId": "anon-fields", "event": "Order Placed", "messageId": message,
        "timestamp": "2026-03-04T05:06:07.089Z", "properties": {"total": 12.5, "items": [{"sku": "ä-1"}], "note": None},
    })
    found = stored(shop, message)
    assert set(found) >= {
        "position", "messageId", "customer", "name", "channel", "direction", "at", "receivedAt", "identifiers", "properties"
    }
    assert found["at"] == "2026-03-04T05:06:07.089Z"
    assert found["properties"]["total"] == 12.5 and found["properties"]["items"] == [{"sku": "ä-1"}]
    assert {(i["kind"], i["value"]) for i in found["identifiers"]} == {("user_id", "user-fields"), ("anonymous_id", "anon-fields")}
    received = datetime.datetime.fromisoformat(found["receivedAt"].replace("Z", "+00:00"))
    assert abs((datetime.datetime.now(datetime.timezone.utc) - received).total_seconds()) < 60


# Keys

def test_the_write_key_is_the_user_name_of_basic_authentication(shop):
    pair = base64.b64encode(f"{shop.key}:".encode()).decode()
    answer = shop.post("/v1/track", {"userId": "u-basic", "event": "Seen"}, key=False, headers={"Authorization": f"Basic {pair}"})
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize("body", [{"userId": "u-body", "event": "Seen"}, {"batch": [{"type": "track", "userId": "u-body", "event": "Seen"}]}])
def test_the_write_key_may_stand_in_the_body(shop, body):
    path = "/v1/batch" if "batch" in body else "/v1/track"
    assert shop.post(path, body | {"writeKey": shop.key}, key=False).status_code == 200


def test_the_write_key_itself_is_never_stored(shop):
    message = unique()
    shop.post("/v1/track?wait=view", {"userId": "u-body", "event": "Seen", "messageId": message, "writeKey": shop.key}, key=False)
    assert shop.key not in json.dumps(stored(shop, message))


@pytest.mark.parametrize("key", [False, "slk_unknown", "x" * 10_000])
def test_without_a_key_that_is_in_force_nothing_is_taken(shop, key):
    message = unique()
    answer = shop.post("/v1/track", {"userId": "u-none", "event": "Seen", "messageId": message}, key=key)
    assert answer.status_code == 401, answer.text
    assert answer.headers["Content-Type"].startswith("application/problem+json")
    # Basic would make a browser ask the visitors of a shop for a name and a password.
    assert answer.headers["WWW-Authenticate"].startswith("WriteKey ")
    assert message not in {i["messageId"] for i in shop.folder.export()}


def test_a_revoked_key_is_refused_from_then_on(shop):
    name = "soon-revoked-" + unique()[:8]
    key = shop.folder.key(name)
    assert shop.post("/v1/track", {"userId": "u-revoked", "event": "Seen"}, key=key).status_code == 200
    shop.folder.run("key", "revoke", name)
    assert shop.post("/v1/track", {"userId": "u-revoked", "event": "Seen"}, key=key).status_code == 401


# Encodings

def test_gzip_is_read(shop):
    message = unique()
    answer = shop.post("/v1/track?wait=view", {"userId": "u-gzip", "event": "Seen", "messageId": message}, zipped=True)
    assert answer.status_code == 200, answer.text
    assert stored(shop, message)["name"] == "Seen"


def test_broken_gzip_is_refused(shop):
    for body in (b"\x1f\x8b not really", b"plain"):
        answer = shop.post("/v1/track", body, headers={"Content-Encoding": "gzip"})
        assert answer.status_code == 400, answer.text


def test_a_small_body_that_unpacks_to_very_much_is_refused(shop):
    answer = shop.post("/v1/batch", b" " * 200_000_000 + b"{}", zipped=True)
    assert answer.status_code == 413, answer.text
    assert shop.healthy()


@pytest.mark.parametrize("kind", ["text/plain", "text/plain;charset=UTF-8", "application/json; charset=utf-8", "application/x-www-form-urlencoded"])
def test_beacons_send_json_under_other_names(shop, kind):
    message = unique()
    body = {"userId": "u-beacon", "event": "Left", "messageId": message, "writeKey": shop.key}
    answer = shop.post("/v1/track?wait=view", body, key=False, headers={"Content-Type": kind})
    assert answer.status_code == 200, answer.text
    assert stored(shop, message)["name"] == "Left"


def test_a_browser_of_another_origin_may_send(shop):
    ask = {"Origin": "https://shop.example", "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization,content-type"}
    answer = shop.http.options(shop.url + "/v1/track", headers=ask)
    assert answer.status_code in (200, 204)
    assert answer.headers["Access-Control-Allow-Origin"] in ("*", "https://shop.example")
    assert "POST" in answer.headers["Access-Control-Allow-Methods"]
    allowed = answer.headers["Access-Control-Allow-Headers"].lower()
    assert "authorization" in allowed and "content-type" in allowed
    sent = shop.post("/v1/track", {"userId": "u-cors", "event": "Seen"}, headers={"Origin": "https://shop.example"})
    assert sent.status_code == 200
    assert sent.headers["Access-Control-Allow-Origin"] in ("*", "https://shop.example")


def test_the_api_of_customers_is_not_open_to_other_origins(shop):
    answer = shop.http.get(shop.url + "/api/customers?search=a", headers={"Origin": "https://bad.example", "Authorization": "Bearer " + shop.token})
    assert "Access-Control-Allow-Origin" not in answer.headers


# Batches

def test_a_bad_item_never_sinks_its_batch(shop):
    good = [unique() for _ in range(3)]
    bad = [unique() for _ in range(3)]
    answer = shop.post("/v1/batch?wait=view", {"batch": [
        {"type": "track", "userId": "u-mixed", "event": "First", "messageId": good[0]},
        {"type": "dance", "userId": "u-mixed", "messageId": bad[0]},
        {"type": "track", "userId": "u-mixed", "event": "Second", "messageId": good[1]},
        {"type": "track", "event": "Nobody's", "messageId": bad[1]},
        {"type": "track", "userId": "u-mixed", "messageId": bad[2]},
        17,
        {"type": "page", "userId": "u-mixed", "messageId": good[2]},
    ]})
    assert answer.status_code == 200, answer.text
    assert answer.json()["accepted"] == 3
    assert [(r["index"], r.get("messageId")) for r in refused(answer)] == [(1, bad[0]), (3, bad[1]), (4, bad[2]), (5, None)]
    assert all(len(r["reason"]) > 5 for r in refused(answer))
    there = {i["messageId"] for i in shop.folder.export()}
    assert there.issuperset(good) and there.isdisjoint(bad)


def test_a_bad_single_item_is_named_too(shop):
    answer = shop.post("/v1/track", {"userId": "u-single", "messageId": "single-bad"})
    assert answer.status_code == 200
    assert answer.json()["accepted"] == 0
    assert [(r["index"], r["messageId"]) for r in refused(answer)] == [(0, "single-bad")]


@pytest.mark.parametrize("body", ["", "{", "null", "[]", "no json", '{"userId": "u", "event": "x"} more', '"text"'])
def test_a_body_that_is_no_json_object_is_400(shop, body):
    answer = shop.post("/v1/track", body)
    assert answer.status_code == 400, answer.text
    problem = answer.json()
    assert problem["status"] == 400 and problem["title"] and problem["detail"]


@pytest.mark.parametrize("body", [{}, {"batch": 1}, {"batch": {}}, {"batch": None}])
def test_a_batch_without_items_is_400(shop, body):
    assert shop.post("/v1/batch", body).status_code == 400


def test_context_and_integrations_of_a_batch_reach_each_item(shop):
    messages = [unique(), unique()]
    answer = shop.post("/v1/batch?wait=view", {
        "context": {"locale": "pt-BR", "app": {"name": "Kiosk", "version": "1.0"}},
        "integrations": {"All": True},
        "batch": [
            {"type": "track", "userId": "u-context", "event": "Plain", "messageId": messages[0]},
            {"type": "track", "userId": "u-context", "event": "Own", "messageId": messages[1], "context": {"app": {"version": "2.0"}}},
        ],
    })
    assert answer.status_code == 200 and not refused(answer), answer.text
    plain, own = (stored(shop, m)["context"] for m in messages)
    assert plain["locale"] == "pt-BR" and plain["app"]["version"] == "1.0"
    assert own["locale"] == "pt-BR" and own["app"]["version"] == "2.0"


def test_the_same_message_counts_once(shop):
    message = unique()
    item = {"type": "track", "userId": "u-twice", "event": "Once", "messageId": message}
    for _ in range(3):
        shop.send(dict(item))
    shop.send(dict(item), {"type": "track", "userId": "u-twice", "event": "Other"}, dict(item))
    assert [i["name"] for i in shop.history("user_id:u-twice")].count("Once") == 1
    stored(shop, message)


def test_items_without_a_message_id_get_one(shop):
    answer = shop.post("/v1/batch?wait=view", {"batch": [{"type": "track", "userId": "u-noid", "event": "Seen"}] * 2})
    assert answer.status_code == 200 and not refused(answer)
    ids = [i["messageId"] for i in shop.folder.export() if ("user_id", "u-noid") in {(x["kind"], x["value"]) for x in i["identifiers"]}]
    assert len(ids) == len(set(ids)) == 2 and all(ids)


def test_numbers_serve_as_user_ids(shop):
    shop.send({"type": "track", "userId": 90210, "event": "Seen"})
    assert shop.customer("user_id:90210")["interactions"] == 1


# Times

def test_the_clock_of_the_sender_is_corrected(shop):
    message = unique()
    now = datetime.datetime.now(datetime.timezone.utc)
    ahead = now + datetime.timedelta(hours=5)
    shop.send({
        "type": "track", "userId": "u-skew", "event": "Seen", "messageId": message,
        "originalTimestamp": (ahead - datetime.timedelta(seconds=90)).isoformat(), "sentAt": ahead.isoformat(),
    })
    at = datetime.datetime.fromisoformat(stored(shop, message)["at"].replace("Z", "+00:00"))
    assert abs((at - (now - datetime.timedelta(seconds=90))).total_seconds()) < 15


def test_the_time_of_sending_may_stand_on_the_batch(shop):
    message = unique()
    now = datetime.datetime.now(datetime.timezone.utc)
    behind = now - datetime.timedelta(days=2)
    answer = shop.post("/v1/batch?wait=view", {"sentAt": behind.isoformat(), "batch": [{
        "type": "track", "userId": "u-skew", "event": "Seen", "messageId": message,
        "timestamp": (behind - datetime.timedelta(seconds=30)).isoformat(),
    }]})
    assert answer.status_code == 200 and not refused(answer)
    at = datetime.datetime.fromisoformat(stored(shop, message)["at"].replace("Z", "+00:00"))
    assert abs((at - (now - datetime.timedelta(seconds=30))).total_seconds()) < 15


def test_a_time_that_is_none_is_refused(shop):
    answer = shop.post("/v1/track", {"userId": "u-time", "event": "Seen", "timestamp": "yesterday", "messageId": "no-time"})
    assert [(r["index"], r["messageId"]) for r in refused(answer)] == [(0, "no-time")]


@pytest.mark.parametrize("time", ["2030-01-01T00:00:00Z", "9999-12-31T23:59:59Z"])
def test_what_is_still_to_come_does_not_stand_above_what_happens(shop, time):
    who = "u-ahead-" + time[:4]
    answer = shop.post("/v1/track?wait=view", {"userId": who, "event": "Dreamt", "timestamp": time})
    assert answer.json()["accepted"] == answer.json()["ahead"] == 1, answer.text
    seen = shop.customer("user_id:" + who)["lastSeen"]
    assert seen < "2030"
    shop.send({"type": "track", "userId": who, "event": "Woke"})
    newest, oldest = shop.history("user_id:" + who)
    assert (newest["name"], oldest["name"]) == ("Woke", "Dreamt")
    assert oldest["at"] == oldest["receivedAt"] and oldest["context"]["originalTimestamp"] == time


def test_an_import_of_what_is_still_to_come_is_refused_and_kept(shop):
    item = {"type": "track", "userId": "u-plan", "event": "Delivery Planned", "messageId": "plan", "timestamp": "2090-01-01T00:00:00Z"}
    answer = shop.post("/v1/import", {"batch": [item]})
    assert [(r["index"], r["messageId"], r["kind"]) for r in refused(answer)] == [(0, "plan", "time-ahead")]
    assert "time-ahead" in shop.folder.run("ledger", "quarantine").stdout


# What is said of a customer

def test_a_trait_of_null_goes_and_an_omitted_one_stays(shop):
    def traits():
        return {t["key"]: t["value"] for t in shop.customer("user_id:u-traits")["traits"]}

    shop.send({"type": "identify", "userId": "u-traits", "traits": {"plan": "gold", "city": "Lisbon", "age": 41}})
    assert traits() == {"plan": "gold", "city": "Lisbon", "age": 41}
    shop.send({"type": "identify", "userId": "u-traits", "traits": {"plan": None, "age": 42}})
    assert traits() == {"city": "Lisbon", "age": 42}


def test_what_happened_earlier_does_not_overwrite_a_newer_trait(shop):
    shop.send({"type": "identify", "userId": "u-late", "timestamp": "2026-05-05T00:00:00Z", "traits": {"city": "Porto"}})
    shop.send({"type": "identify", "userId": "u-late", "timestamp": "2026-04-04T00:00:00Z", "traits": {"city": "Braga", "age": 3}})
    found = {t["key"]: t for t in shop.customer("user_id:u-late")["traits"]}
    assert found["city"]["value"] == "Porto" and found["age"]["value"] == 3
    assert found["city"]["at"] == "2026-05-05T00:00:00.000Z"


def test_an_alias_joins_two_histories(shop):
    shop.send({"type": "track", "anonymousId": "anon-alias", "event": "Browsed"})
    shop.send({"type": "track", "userId": "u-alias", "event": "Bought"})
    assert shop.customer("anonymous_id:anon-alias")["id"] != shop.customer("user_id:u-alias")["id"]
    shop.send({"type": "alias", "previousId": "anon-alias", "userId": "u-alias"})
    one, other = shop.customer("anonymous_id:anon-alias"), shop.customer("user_id:u-alias")
    assert one["id"] == other["id"]
    assert {"Browsed", "Bought"} <= {i["name"] for i in shop.history(one["id"])}


def test_an_alias_of_a_former_user_id_joins_too(shop):
    shop.send({"type": "track", "userId": "u-former", "event": "Browsed"})
    shop.send({"type": "track", "userId": "u-renamed", "event": "Bought"})
    shop.send({"type": "alias", "previousId": "u-former", "userId": "u-renamed"})
    assert shop.customer("user_id:u-former")["id"] == shop.customer("user_id:u-renamed")["id"]


def test_identifiers_stand_in_traits_and_context_and_external_ids(shop):
    shop.send({
        "type": "identify", "userId": "u-many", "traits": {"email": "Many@Example.COM", "phone": "+44 20 7946 0958"},
        "context": {"device": {"id": "device-many"}},
    })
    customer = shop.customer("email:many@example.com")
    assert {(i["kind"], i["value"]) for i in customer["identifiers"]} >= {
        ("user_id", "u-many"), ("email", "many@example.com"), ("phone", "+442079460958"), ("device_id", "device-many"),
    }
    assert shop.customer("email: MANY@example.com")["id"] == customer["id"]


# Channels

@pytest.mark.parametrize(("context", "channel", "media"), [
    ({"userAgent": "Mozilla/5.0", "page": {"url": "https://shop.example/"}, "library": {"name": "analytics.js"}}, "web", None),
    ({"os": {"name": "iOS"}, "app": {"name": "Shop"}, "device": {"type": "ios"}, "library": {"name": "analytics-ios"}}, "app", None),
    ({"page": {"url": "https://shop.example/"}, "campaign": {"name": "spring", "source": "google", "medium": "cpc"}}, "web", "paid"),
])
def test_channel_and_media_follow_from_the_context(shop, context, channel, media):
    message = unique()
    shop.send({"type": "page", "userId": "u-channel", "messageId": message, "context": context})
    found = stored(shop, message)
    assert (found["channel"], found["direction"]) == (channel, "in")
    if media:
        assert found["media"] == media


def test_channel_direction_and_media_can_be_given_outright(shop):
    message = unique()
    shop.send({
        "type": "track", "userId": "u-given", "event": "Letter Sent", "messageId": message,
        "context": {"channel": "letter", "direction": "out", "media": "owned"},
    })
    found = stored(shop, message)
    assert (found["channel"], found["direction"], found["media"]) == ("letter", "out", "owned")


# Reading one's own writes

def test_who_waits_for_the_view_sees_what_they_sent(shop):
    for n in range(50):
        shop.send({"type": "track", "userId": "u-own-writes", "event": f"Step {n}"})
        assert shop.customer("user_id:u-own-writes")["interactions"] == n + 1


def test_health_tells_the_lag(shop):
    health = shop.http.get(shop.url + "/health").json()
    assert "lag" in json.dumps(health).lower()
