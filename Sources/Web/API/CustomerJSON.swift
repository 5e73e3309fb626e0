import Customers
import Kernel
import Ledger

// How the API writes customers. Times are RFC 3339, ids are text, positions are numbers.

extension CustomerView {
    var json: JSON {
        [
            "id": .string(id.description), "ids": .array(ids.map { .string($0.description) }), "name": JSON(name),
            "identifiers": .array(identifiers.map(\.json)), "traits": .array(traits.map(\.json)), "firstSeen": JSON(firstSeen),
            "lastSeen": JSON(lastSeen), "interactions": JSON(interactions), "channels": .array(channels.map(\.json)),
            "names": .array(names.map(\.json)), "merges": .array(merges.map(\.json)),
        ]
    }
}

extension CustomerView.Count {
    var json: JSON { ["name": .string(name), "count": JSON(count), "last": JSON(last)] }
}

extension KnownIdentifier {
    var json: JSON {
        [
            "kind": .string(kind), "value": .string(value), "unique": .bool(unique), "shared": .bool(shared), "former": .bool(former),
            "firstSeen": JSON(firstSeen), "position": position.json,
        ]
    }
}

extension Trait {
    var json: JSON {
        [
            "key": .string(key), "value": value, "at": JSON(at), "source": JSON(source), "channel": .string(channel), "position": position.json,
        ]
    }
}

extension Merge {
    var json: JSON {
        [
            "id": .integer(id), "kept": .string(kept.description), "absorbed": .string(absorbed.description), "reason": reason.json,
            "sentence": .string(sentence), "at": JSON(at), "position": position?.json ?? .null, "undoneAt": JSON(undoneAt),
            "undoneBy": JSON(undoneBy),
        ]
    }
}

extension Merge.Reason {
    var json: JSON {
        switch self {
        case .identifiers(let kind, let value, let otherKind, let otherValue):
            [
                "type": "identifiers",
                "identifiers": [["kind": .string(kind), "value": .string(value)], ["kind": .string(otherKind), "value": .string(otherValue)]],
            ]
        case .match(let rule, let values): ["type": "match", "rule": .string(rule), "values": .array(values.map(JSON.string))]
        case .person(let name, let note): ["type": "person", "person": .string(name), "note": JSON(note)]
        }
    }
}

extension Found {
    var json: JSON {
        [
            "id": .string(id.description), "name": JSON(name), "matched": .string(matched), "value": .string(value), "lastSeen": JSON(lastSeen),
        ]
    }
}

extension Review {
    var json: JSON {
        [
            "id": .integer(id), "customers": [.string(a.description), .string(b.description)], "likeness": .figure(likeness),
            "reasons": .array(reasons.map(JSON.string)), "at": JSON(at),
        ]
    }
}

extension Position {
    var json: JSON { .integer(Int64(bitPattern: raw)) }
}
