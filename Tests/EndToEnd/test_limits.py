"""Every stated limit, at its edge, and bodies made to do harm."""

import json
import random
import time
import uuid

import pytest
from program import refused

ITEM = 32 * 1024
BATCH = 500 * 1024
ITEMS = 2500
IMPORT = 4 * 1024 * 1024


def item(size, user="u-limits"):
    """An item of exactly so many bytes as JSON."""
    made = {"type": "track", "userId": user, "event": "Sized", "messageId": uuid.uuid4().hex, "properties": {"fill": ""}}
    made["properties"]["fill"] = "x" * (size - len(packed(made)))
    assert len(packed(made)) == size
    return made


def packed(value):
    return json.dumps(value, separators=(",", ":")).encode()


def body(size, count, item_size=ITEM):
    """A batch of exactly so many bytes: items, and white space that JSON allows."""
    text = packed({"batch": [item(item_size) for _ in range(count)]})
    assert len(text) <= size
    return text + b" " * (size - len(text))


def test_an_item_of_32_kilobytes_is_taken_and_one_byte_more_is_refused(shop):
    fits, over = item(ITEM), item(ITEM + 1)
    answer = shop.post("/v1/batch?wait=view", packed({"batch": [fits, over]}))
    assert answer.status_code == 200, answer.text
    assert [(r["index"], r["messageId"]) for r in refused(answer)] == [(1, over["messageId"])]
    assert "32" in refused(answer)[0]["reason"]
    there = {i["messageId"] for i in shop.folder.export()}
    assert fits["messageId"] in there and over["messageId"] not in there


def test_a_batch_of_500_kilobytes_is_taken_and_one_byte_more_is_refused(shop):
    assert shop.post("/v1/batch", body(BATCH, 15)).status_code == 200
    answer = shop.post("/v1/batch", body(BATCH, 15) + b" ")
    assert answer.status_code == 413, answer.text
    assert shop.post("/v1/batch", body(BATCH, 15), zipped=True).status_code == 200
    assert shop.post("/v1/batch", body(BATCH, 15) + b" ", zipped=True).status_code == 413


def test_an_import_of_4_megabytes_is_taken_and_one_byte_more_is_refused(shop):
    assert shop.post("/v1/import", body(IMPORT, 120)).status_code == 200
    assert shop.post("/v1/import", body(IMPORT, 120) + b" ").status_code == 413


def test_a_batch_of_2500_items_is_taken_and_one_more_is_refused(shop):
    def many(count):
        return packed({"batch": [{"type": "track", "userId": "u-count", "event": "Counted"}] * count})

    answer = shop.post("/v1/batch?wait=view", many(ITEMS))
    assert answer.status_code == 200 and answer.json()["accepted"] == ITEMS, answer.text
    before = shop.customer("user_id:u-count")["interactions"]
    answer = shop.post("/v1/batch?wait=view", many(ITEMS + 1))
    assert answer.status_code in (400, 413), answer.text
    assert shop.customer("user_id:u-count")["interactions"] == before


HOSTILE = {
    "nested arrays": b'{"userId":"u","event":"x","properties":{"a":' + b"[" * 20_000 + b"]" * 20_000 + b"}}",
    "nested objects": b'{"userId":"u","event":"x","properties":' + b'{"a":' * 20_000 + b"1" + b"}" * 20_001,
    "open brackets": b"[" * 400_000,
    "huge number": b'{"userId":"u","event":"x","properties":{"n":' + b"9" * 20_000 + b"}}",
    "huge exponent": b'{"userId":"u","event":"x","properties":{"n":1e999999}}',
    "broken UTF-8": b'{"userId":"u","event":"\xff\xfe\xc0\x80"}',
    "lone surrogate": b'{"userId":"u","event":"\\ud800"}',
    "raw control": b'{"userId":"u","event":"a\x00b"}',
    "unfinished string": b'{"userId":"u","event":"x',
    "unfinished escape": b'{"userId":"u","event":"\\u00',
    "no value": b'{"userId":}',
    "trailing comma": b'{"userId":"u","event":"x",}',
    "NaN": b'{"userId":"u","event":"x","properties":{"n":NaN}}',
    "byte order mark alone": b"\xef\xbb\xbf",
    "zeros": b"\x00" * 100_000,
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_json_is_refused_without_harm(shop, kind):
    begun = time.monotonic()
    answer = shop.post("/v1/track", HOSTILE[kind])
    assert answer.status_code == 400 or (answer.status_code == 200 and len(refused(answer)) == 1), f"{answer.status_code} {answer.text[:300]}"
    assert time.monotonic() - begun < 5
    shop.send({"type": "track", "userId": "u-after", "event": "Still Fine"})


def test_a_string_of_10_megabytes_is_refused(shop):
    answer = shop.post("/v1/import", {"batch": [{"type": "track", "userId": "u", "event": "x" * 10_000_000}]})
    assert answer.status_code == 413
    assert shop.healthy()


def test_of_duplicate_keys_one_counts_everywhere(shop):
    message = uuid.uuid4().hex
    text = '{"userId":"u-dup-a","userId":"u-dup-b","event":"One","event":"Two","messageId":"%s"}' % message
    answer = shop.post("/v1/track?wait=view", text)
    assert answer.status_code in (200, 400), answer.text
    found = [i for i in shop.folder.export() if i["messageId"] == message]
    if answer.status_code == 200 and not refused(answer):
        values = [x["value"] for x in found[0]["identifiers"]]
        assert (found[0]["name"], values) in [("One", ["u-dup-a"]), ("Two", ["u-dup-b"])]
    else:
        assert not found


@pytest.mark.parametrize("field", ["userId", "anonymousId", "messageId", "event", "context", "properties", "traits", "timestamp", "integrations"])
def test_no_kind_of_value_in_any_field_breaks_anything(shop, field):
    values = [None, True, 0, -1, 2**63, 1.5e300, "", " ", "x" * 5000, "\u0000", "💥" * 500, [], [[]], {}, {"a": {"b": [1, None]}}]
    items = [{"type": t, "userId": "u-values", "event": "Seen"} | {field: v} for v in values for t in ("track", "identify", "alias")]
    answer = shop.post("/v1/batch?wait=view", {"batch": items})
    assert answer.status_code == 200, answer.text
    assert answer.json()["accepted"] + len(refused(answer)) == len(items)
    assert all(isinstance(r["reason"], str) and r["reason"] for r in refused(answer))


def test_thousands_of_mutilated_bodies_do_no_harm(shop):
    # Seeded: a failure names the seed, and the same bytes come again.
    whole = packed({"batch": [item(400), {"type": "identify", "userId": "ü", "traits": {"email": "a@b.example", "n": -1.5e3, "l": [True, None]}}]})
    for seed in range(1500):
        r = random.Random(seed)
        made = bytearray(whole)
        for _ in range(r.randint(1, 8)):
            at = r.randrange(len(made) or 1)
            match r.randrange(4):
                case 0: made[at : at + 1] = bytes([r.randrange(256)])
                case 1: del made[at : at + r.randint(1, 30)]
                case 2: made[at:at] = bytes(r.choices(b'{}[]",:\\u0x\xff\x00-.eE', k=r.randint(1, 10)))
                case 3: made = made[: at + 1]
        status = shop.post("/v1/batch", bytes(made)).status_code
        assert status in (200, 400), f"seed {seed}: {status}"
    assert shop.healthy()
