"""Seeded customers who do things, and what must hold of them afterwards."""

import collections
import random
import uuid

import networkx


class Crowd:
    """People with one user id, some browsers, e-mails and devices each. Nobody shares anything, and no limit is passed."""

    def __init__(self, seed, people, prefix=""):
        self.random = random.Random(seed)
        self.people = []
        for n in range(people):
            r = self.random
            name = f"{prefix}p{n}"
            self.people.append({
                "userId": f"{name}-user",
                "anonymousId": [f"{name}-anon-{i}" for i in range(r.randint(1, 4))],
                "email": [f"{name}.{i}@mail.example" for i in range(r.randint(1, 2))],
                "device": [f"{name}-device-{i}" for i in range(r.randint(0, 2))],
            })

    def item(self):
        """Something that one of them does, with two or more of their identifiers at times, one at others."""
        r = self.random
        person = r.choice(self.people)
        message = str(uuid.UUID(int=r.getrandbits(128)))
        item = {"type": "track", "event": f"Event {r.randrange(12)}", "messageId": message, "properties": {"n": r.randrange(1000)}}
        kinds = r.sample(["userId", "anonymousId", "email", "device"], k=r.choice([1, 1, 2, 3]))
        if not {"userId", "anonymousId"} & set(kinds):
            kinds.append("anonymousId")
        if "userId" in kinds:
            item["userId"] = person["userId"]
        if "anonymousId" in kinds:
            item["anonymousId"] = r.choice(person["anonymousId"])
        if "email" in kinds:
            item |= {"type": "identify", "traits": {"email": r.choice(person["email"])}}
            del item["event"], item["properties"]
        if "device" in kinds and person["device"]:
            item["context"] = {"device": {"id": r.choice(person["device"])}}
        return item

    def items(self, count):
        return [self.item() for _ in range(count)]


# Kinds that are only found by: an order number, a family's phone.
JOINS_NOBODY = {"order_id", "phone"}


def identifiers(interaction):
    return [(i["kind"], i["value"]) for i in interaction["identifiers"]]


def proofs(interaction):
    """The identifiers that join. A crowd's aliases replace anonymous ids."""
    return [("anonymous_id" if k == "previous_id" else k, v) for k, v in identifiers(interaction) if k not in JOINS_NOBODY]


def components(interactions):
    """Whose identifiers belong together, worked out apart from the program: connected components."""
    graph = networkx.Graph()
    for interaction in interactions:
        found = proofs(interaction)
        graph.add_nodes_from(found)
        graph.add_edges_from(zip(found, found[1:]))
    return {frozenset(c) for c in networkx.connected_components(graph)}


def customers(interactions):
    """Whose identifiers belong together by what the program says."""
    found = collections.defaultdict(set)
    for interaction in interactions:
        found[interaction["customer"]].update(proofs(interaction))
    return {frozenset(c) for c in found.values()}


def check_consistent(server, interactions, every=1):
    """What export says of customers, counts and identifiers is what the views say. `every` n-th customer is asked for."""
    by_customer = collections.defaultdict(list)
    for interaction in interactions:
        by_customer[interaction["customer"]].append(interaction)
    assert customers(interactions) == components(interactions)
    for customer in sorted(by_customer)[::every]:
        mine = by_customer[customer]
        view = server.customer(customer)
        assert view["id"] == customer
        assert view["interactions"] == len(mine)
        assert {c["name"]: c["count"] for c in view["names"]} == collections.Counter(i["name"] for i in mine)
        assert {c["name"]: c["count"] for c in view["channels"]} == collections.Counter(i["channel"] for i in mine)
        known = {(i["kind"], i["value"]) for i in view["identifiers"]}
        used = {i for interaction in mine for i in identifiers(interaction)}
        assert used <= known
        kind, value = sorted(used)[0]
        assert server.customer(f"{kind}:{value}")["id"] == customer
