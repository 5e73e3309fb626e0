extension OpenAPI {
    /// The document's `components`, as JSON text: what the API takes and gives. Kept beside the functions that write it
    /// (CustomerJSON.swift and the routes) by a test that checks real answers against these schemas.
    static let components = #"""
        {
          "securitySchemes": {
            "token": {"type": "http", "scheme": "bearer", "description": "An API token, which an administrator makes: on the server with `sightline token create NAME --role ROLE`."},
            "writeKey": {"type": "http", "scheme": "basic", "description": "A write key as the user name, with an empty password."}
          },
          "responses": {
            "Problem": {
              "description": "What went wrong, and how to mend it",
              "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
            }
          },
          "schemas": {
        \#(tracking),
        \#(customers),
        \#(installation),
        \#(people),
        \#(formulas),
        \#(webhooks)
          }
        }
        """#

    // Regular expressions of ECMA-262 as they stand in JSON text, with the letters that nobody sees by their numbers.
    private static let unseen =
        #"\\u0000-\\u001f\\u007f-\\u009f\\u00ad\\u0600-\\u0605\\u061c\\u06dd\\u070f\\u180e\\u200b-\\u200f\\u2028-\\u202e\\u2060-\\u206f\\ufeff\\ufff9-\\ufffb"#
    private static let staffName = "[^\(unseen)]*[^\(unseen)\\\\s][^\(unseen)]*"
    private static let keyName = "^[^\(unseen)/\\\\s]([^\(unseen)/]*[^\(unseen)/\\\\s])?$"
    private static let address =
        #"^[^\\u0000-\\u0020\\u007f-\\u00a0\\s@<>,;:\"()\\[\\]\\\\.]+@[^\\u0000-\\u0020\\u007f-\\u00a0\\s@<>,;:\"()\\[\\]\\\\.]+\\.[^\\u0000-\\u0020\\u007f-\\u00a0\\s@<>,;:\"()\\[\\]\\\\.]+$"#

    private static let tracking = #"""
            "TrackingItem": {
              "type": "object",
              "description": "A call of the Segment tracking API, at most 32 KB.",
              "properties": {
                "type": {"type": "string", "enum": ["identify", "track", "page", "screen", "group", "alias"], "description": "In a batch only."},
                "writeKey": {"type": "string"},
                "messageId": {"type": "string"}, "userId": {"type": ["string", "null"]}, "anonymousId": {"type": ["string", "null"]},
                "previousId": {"type": "string"}, "groupId": {"type": "string"}, "event": {"type": "string"}, "name": {"type": ["string", "null"]},
                "properties": {"type": "object"}, "traits": {"type": "object"}, "context": {"type": "object"}, "integrations": {"type": "object"},
                "timestamp": {"type": "string", "format": "date-time"}, "sentAt": {"type": "string", "format": "date-time"}
              }
            },
            "TrackingBatch": {
              "type": "object", "required": ["batch"],
              "properties": {
                "batch": {"type": "array", "items": {"$ref": "#/components/schemas/TrackingItem"}},
                "writeKey": {"type": "string"}, "context": {"type": "object"}, "integrations": {"type": "object"},
                "sentAt": {"type": "string", "format": "date-time"}
              }
            },
            "Receipt": {
              "type": "object", "required": ["success", "accepted", "ahead", "refused"],
              "properties": {
                "success": {"const": true}, "accepted": {"type": "integer"},
                "ahead": {
                  "type": "integer",
                  "description": "How many of them said that they are still to come, and count as of when they were received."
                },
                "refused": {
                  "type": "array",
                  "items": {
                    "type": "object", "required": ["index", "messageId", "kind", "reason"],
                    "properties": {
                      "index": {"type": "integer", "description": "Its place in the batch, from 0."}, "messageId": {"type": ["string", "null"]},
                      "kind": {"type": "string"}, "reason": {"type": "string"}
                    }
                  }
                },
                "position": {"type": "integer", "description": "Of the last that was accepted, in the ledger."},
                "concluded": {"type": "boolean", "description": "With `wait=view`: whether the views have it."},
                "repeated": {"type": "integer", "description": "With `concluded: true`: how many of the accepted had been taken before, by their messageId. They count once."}
              }
            },
            "Problem": {
              "type": "object", "required": ["type", "title", "status", "detail", "instance"],
              "properties": {
                "type": {"type": "string", "format": "uri"}, "title": {"type": "string"}, "status": {"type": "integer"},
                "detail": {"type": "string"}, "instance": {"type": "string", "format": "uri"},
                "problems": {"type": "array", "items": {"$ref": "#/components/schemas/FormulaProblem"},
                  "description": "Of a formula that does not read: what is wrong, where, and how to mend it."}
              }
            }
        """#

    private static let customers = #"""
            "CustomerID": {"type": "string", "pattern": "^cus_[0-9a-z]{7}$"},
            "Time": {"type": "string", "format": "date-time"},
            "Count": {
              "type": "object", "required": ["name", "count", "last"],
              "properties": {"name": {"type": "string"}, "count": {"type": "integer"}, "last": {"$ref": "#/components/schemas/Time"}}
            },
            "Identifier": {
              "type": "object", "required": ["kind", "value"],
              "properties": {"kind": {"type": "string"}, "value": {"type": "string"}}
            },
            "KnownIdentifier": {
              "type": "object", "required": ["kind", "value", "unique", "shared", "former", "firstSeen", "position"],
              "properties": {
                "kind": {"type": "string"}, "value": {"type": "string"},
                "unique": {"type": "boolean", "description": "Joins people; false for what they are only found by."},
                "shared": {"type": "boolean", "description": "Seen with so many people that it joins nobody any more."},
                "former": {"type": "boolean", "description": "Replaced by an alias."},
                "firstSeen": {"$ref": "#/components/schemas/Time"}, "position": {"type": "integer"}
              }
            },
            "Trait": {
              "type": "object", "required": ["key", "value", "at", "source", "channel", "position"],
              "properties": {
                "key": {"type": "string"}, "value": {}, "at": {"$ref": "#/components/schemas/Time"},
                "source": {"type": ["string", "null"], "description": "The name of the write key it came by."},
                "channel": {"type": "string"}, "position": {"type": "integer"}
              }
            },
            "Merge": {
              "type": "object", "required": ["id", "kept", "absorbed", "reason", "sentence", "at", "position", "undoneAt", "undoneBy"],
              "properties": {
                "id": {"type": "integer"}, "kept": {"$ref": "#/components/schemas/CustomerID"}, "absorbed": {"$ref": "#/components/schemas/CustomerID"},
                "reason": {
                  "type": "object", "required": ["type"],
                  "properties": {
                    "type": {"type": "string", "enum": ["identifiers", "match", "person"]},
                    "identifiers": {"type": "array", "items": {"$ref": "#/components/schemas/Identifier"}},
                    "rule": {"type": "string"}, "values": {"type": "array", "items": {"type": "string"}},
                    "person": {"type": "string"}, "note": {"type": ["string", "null"]}
                  }
                },
                "sentence": {"type": "string"}, "at": {"$ref": "#/components/schemas/Time"}, "position": {"type": ["integer", "null"]},
                "undoneAt": {"type": ["string", "null"], "format": "date-time"}, "undoneBy": {"type": ["string", "null"]}
              }
            },
            "Customer": {
              "type": "object",
              "required": ["id", "ids", "name", "identifiers", "traits", "firstSeen", "lastSeen", "interactions", "channels", "names", "merges"],
              "properties": {
                "id": {"$ref": "#/components/schemas/CustomerID"},
                "ids": {"type": "array", "items": {"$ref": "#/components/schemas/CustomerID"}, "description": "All that lead here, this one first."},
                "name": {"type": ["string", "null"]}, "identifiers": {"type": "array", "items": {"$ref": "#/components/schemas/KnownIdentifier"}},
                "traits": {"type": "array", "items": {"$ref": "#/components/schemas/Trait"}},
                "firstSeen": {"type": ["string", "null"], "format": "date-time"}, "lastSeen": {"type": ["string", "null"], "format": "date-time"},
                "interactions": {"type": "integer", "description": "What passed between them and the company; not what was worked out (`internal`). So too when they were seen, and `channels`."},
                "channels": {"type": "array", "items": {"$ref": "#/components/schemas/Count"}},
                "names": {"type": "array", "items": {"$ref": "#/components/schemas/Count"}},
                "merges": {"type": "array", "items": {"$ref": "#/components/schemas/Merge"}}
              }
            },
            "Found": {
              "type": "object", "required": ["id", "name", "matched", "value", "lastSeen"],
              "properties": {
                "id": {"$ref": "#/components/schemas/CustomerID"}, "name": {"type": ["string", "null"]},
                "matched": {"type": "string", "description": "What matched: `email`, `name`, `order_id`, …"}, "value": {"type": "string"},
                "lastSeen": {"type": ["string", "null"], "format": "date-time"}
              }
            },
            "CustomerRow": {
              "type": "object", "required": ["id", "name", "identifier", "firstSeen", "lastSeen", "interactions", "orders", "spent"],
              "properties": {
                "id": {"$ref": "#/components/schemas/CustomerID"}, "name": {"type": ["string", "null"]},
                "identifier": {"type": ["object", "null"], "description": "The best to recognise them by.",
                  "properties": {"kind": {"type": "string"}, "value": {"type": "string"}}},
                "firstSeen": {"type": ["string", "null"], "format": "date-time"}, "lastSeen": {"type": ["string", "null"], "format": "date-time"},
                "interactions": {"type": "integer", "description": "What passed between them and the company; not what was worked out (`internal`)."},
                "orders": {"type": "integer"}, "spent": {"type": "number"}
              }
            },
            "CustomerList": {"type": "object", "required": ["items", "total", "customers", "asOf", "next"], "properties": {
              "items": {"type": "array", "items": {"$ref": "#/components/schemas/CustomerRow"}},
              "total": {"type": "integer", "description": "How many fit."},
              "customers": {"type": "integer", "description": "How many there are at all."},
              "asOf": {"$ref": "#/components/schemas/Time"}, "next": {"type": ["integer", "null"]}}},
            "FoundPage": {"type": "object", "required": ["items", "next"], "properties": {
              "items": {"type": "array", "items": {"$ref": "#/components/schemas/Found"}}, "next": {"type": "null"}}},
            "Interaction": {
              "type": "object",
              "required": ["position", "messageId", "name", "type", "channel", "direction", "media", "at", "receivedAt", "value", "source", "identifiers",
                "properties", "context"],
              "properties": {
                "position": {"type": "integer", "description": "In the ledger: never changes, and grows with every interaction."},
                "messageId": {"type": "string"},
                "customer": {"$ref": "#/components/schemas/CustomerID", "description": "Left out where all are one customer's."},
                "name": {"type": "string"}, "type": {"type": "string", "enum": ["identify", "track", "page", "screen", "group", "alias"]},
                "channel": {"type": "string"}, "direction": {"type": "string", "enum": ["in", "out", "internal"]},
                "media": {"type": ["string", "null"], "enum": ["owned", "earned", "paid", null]},
                "at": {"$ref": "#/components/schemas/Time"}, "receivedAt": {"$ref": "#/components/schemas/Time"},
                "value": {"type": ["number", "null"]}, "source": {"type": ["string", "null"], "description": "The name of the write key it came by."},
                "identifiers": {"type": "array", "items": {"$ref": "#/components/schemas/Identifier"}},
                "properties": {"type": "object"}, "context": {"type": "object"}
              }
            },
            "InteractionPage": {"type": "object", "required": ["items", "next"], "properties": {
              "items": {"type": "array", "items": {"$ref": "#/components/schemas/Interaction"}}, "next": {"type": ["string", "null"]}}},
            "CustomerExport": {"type": "object", "required": ["customer", "interactions"], "properties": {
              "customer": {"$ref": "#/components/schemas/Customer"},
              "interactions": {"type": "array", "items": {"$ref": "#/components/schemas/Interaction"}}}},
            "MergeRequest": {"type": "object", "additionalProperties": false, "required": ["with"], "properties": {
              "with": {"type": "string", "description": "The other customer: an id or `kind:value`."}, "note": {"type": ["string", "null"], "maxLength": 1000}}},
            "Review": {
              "type": "object", "required": ["id", "customers", "likeness", "reasons", "at"],
              "properties": {
                "id": {"type": "integer"},
                "customers": {"type": "array", "items": {"$ref": "#/components/schemas/CustomerID"}, "minItems": 2, "maxItems": 2},
                "likeness": {"type": "number", "minimum": 0, "maximum": 1}, "reasons": {"type": "array", "items": {"type": "string"}},
                "at": {"$ref": "#/components/schemas/Time"}
              }
            },
            "ReviewPage": {"type": "object", "required": ["items", "next"], "properties": {
              "items": {"type": "array", "items": {"$ref": "#/components/schemas/Review"}}, "next": {"type": ["string", "null"]}}},
            "Decision": {"type": "object", "additionalProperties": false, "required": ["same"], "properties": {"same": {"type": "boolean"}}}
        """#

    private static let people = #"""
            "NoteOnCustomer": {
              "type": "object", "required": ["id", "customer", "author", "authorName", "text", "mentions", "at"],
              "properties": {
                "id": {"type": "string"}, "customer": {"$ref": "#/components/schemas/CustomerID"},
                "author": {"type": "string", "description": "`per_…` of somebody signed in, `token NAME` or `operator`."},
                "authorName": {"type": "string"}, "text": {"type": "string"},
                "mentions": {"type": "array", "items": {"type": "string"}}, "at": {"$ref": "#/components/schemas/Time"}
              }
            },
            "NotePage": {"type": "object", "required": ["items", "next"], "properties": {
              "items": {"type": "array", "items": {"$ref": "#/components/schemas/NoteOnCustomer"}}, "next": {"type": "null"}}},
            "NewNote": {"type": "object", "additionalProperties": false, "required": ["text"], "properties": {"text": {"type": "string", "minLength": 1, "maxLength": 10000}}},
            "Consent": {
              "type": "object", "required": ["purpose", "channel", "given", "at", "position", "method", "wording", "recordedBy"],
              "properties": {
                "purpose": {"type": "string", "examples": ["marketing"]},
                "channel": {"type": ["string", "null"], "description": "Null for every channel."},
                "given": {"type": "boolean"}, "at": {"$ref": "#/components/schemas/Time"},
                "position": {"type": "integer", "description": "The interaction that proves it."},
                "method": {"type": ["string", "null"]}, "wording": {"type": ["string", "null"]},
                "recordedBy": {"type": ["string", "null"], "description": "The colleague who wrote it down; null when it came by itself."}
              }
            },
            "Consents": {"type": "object", "required": ["current", "history"], "properties": {
              "current": {"type": "array", "items": {"$ref": "#/components/schemas/Consent"}},
              "history": {"type": "array", "items": {"$ref": "#/components/schemas/Consent"}}}},
            "NewConsent": {"type": "object", "additionalProperties": false, "required": ["purpose", "given"], "properties": {
              "purpose": {"type": "string", "minLength": 1, "maxLength": 60}, "given": {"type": "boolean"},
              "channel": {"type": ["string", "null"], "description": "One of the channels there are; null or left out for every channel."},
              "method": {"type": ["string", "null"], "maxLength": 60}, "wording": {"type": ["string", "null"], "maxLength": 2000}}},
            "Person": {
              "type": "object", "required": ["id", "email", "name", "role", "teams", "createdAt", "joinedAt", "disabledAt", "seenAt"],
              "properties": {
                "id": {"type": "string"}, "email": {"type": "string"},
                "name": {"type": ["string", "null"], "description": "Null until they accepted their invitation."},
                "role": {"$ref": "#/components/schemas/Role"}, "teams": {"type": "array", "items": {"type": "string"}},
                "createdAt": {"$ref": "#/components/schemas/Time"}, "joinedAt": {"type": ["string", "null"], "format": "date-time"},
                "disabledAt": {"type": ["string", "null"], "format": "date-time"}, "seenAt": {"type": ["string", "null"], "format": "date-time"}
              }
            },
            "PersonPage": {"type": "object", "required": ["items", "next"], "properties": {
              "items": {"type": "array", "items": {"$ref": "#/components/schemas/Person"}}, "next": {"type": "null"}}},
            "NewPerson": {"type": "object", "additionalProperties": false, "required": ["email", "role"], "properties": {
              "email": {"type": "string", "maxLength": 254, "pattern": "\#(address)"}, "role": {"$ref": "#/components/schemas/Role"},
              "name": {"type": ["string", "null"], "maxLength": 100, "pattern": "^(\#(staffName))?$"}}},
            "PersonChange": {"type": "object", "additionalProperties": false, "properties": {
              "name": {"type": ["string", "null"], "maxLength": 100, "pattern": "^\#(staffName)$"},
              "email": {"type": ["string", "null"], "maxLength": 254, "pattern": "\#(address)"},
              "role": {"$ref": "#/components/schemas/Role"}, "disabled": {"type": "boolean"}}},
            "Link": {"type": "object", "required": ["link", "url", "linkExpiresAt"], "properties": {
              "link": {"type": "string", "description": "The path of a page on this server; it works once."},
              "url": {"type": ["string", "null"], "description": "The same with the address that the server listens at; null while none serves pages. Behind a proxy, put the path after the proxy's address."},
              "linkExpiresAt": {"$ref": "#/components/schemas/Time"}}},
            "PersonWithLink": {"allOf": [{"$ref": "#/components/schemas/Person"}, {"$ref": "#/components/schemas/Link"}]},
            "Team": {
              "type": "object", "required": ["id", "name", "lead", "members"],
              "properties": {
                "id": {"type": "string"}, "name": {"type": "string"}, "lead": {"type": ["string", "null"]},
                "members": {"type": "array", "items": {"type": "string"}}
              }
            },
            "TeamPage": {"type": "object", "required": ["items", "next"], "properties": {
              "items": {"type": "array", "items": {"$ref": "#/components/schemas/Team"}}, "next": {"type": "null"}}},
            "NewTeam": {"type": "object", "additionalProperties": false, "required": ["name"], "properties": {
              "name": {"type": "string", "minLength": 1, "maxLength": 64, "pattern": "^\#(staffName)$"},
              "lead": {"type": ["string", "null"], "pattern": "^per_[0-9a-hjkmnp-tv-z]{26}$", "description": "One of the members."},
              "members": {"type": "array", "items": {"type": "string", "pattern": "^per_[0-9a-hjkmnp-tv-z]{26}$"}}}},
            "AuditEntry": {
              "type": "object", "required": ["number", "at", "actor", "name", "action", "subject", "detail", "address", "hash"],
              "properties": {
                "number": {"type": "integer"}, "at": {"$ref": "#/components/schemas/Time"},
                "actor": {"type": "string", "description": "`per_…`, `token NAME`, `operator`, or empty for nobody known."}, "name": {"type": "string"},
                "action": {"type": "string"}, "subject": {"type": "string"}, "detail": {"type": "string"}, "address": {"type": "string"},
                "hash": {"type": "string", "description": "BLAKE2b-256 over these fields and the hash of the entry before."}
              }
            },
            "AuditPage": {"type": "object", "required": ["items", "next"], "properties": {
              "items": {"type": "array", "items": {"$ref": "#/components/schemas/AuditEntry"}}, "next": {"type": ["string", "null"]}}},
            "AuditCheck": {
              "type": "object", "required": ["sound", "entries", "head", "broken"],
              "properties": {
                "sound": {"type": "boolean"}, "entries": {"type": ["integer", "null"]}, "head": {"type": ["string", "null"]},
                "broken": {"type": ["integer", "null"], "description": "The first entry that is not what was written, or is missing."}
              }
            }
        """#

    private static let installation = #"""
            "Key": {
              "type": "object", "required": ["id", "name", "calls", "expiresAt", "createdAt", "lastUsedAt", "revokedAt"],
              "properties": {
                "id": {"type": "integer"}, "name": {"type": "string"},
                "calls": {"type": ["array", "null"], "items": {"$ref": "#/components/schemas/Call"}, "description": "What it may send; null: everything."},
                "expiresAt": {"type": ["string", "null"], "format": "date-time"}, "createdAt": {"$ref": "#/components/schemas/Time"},
                "lastUsedAt": {"type": ["string", "null"], "format": "date-time"}, "revokedAt": {"type": ["string", "null"], "format": "date-time"}
              }
            },
            "Call": {"type": "string", "enum": ["track", "identify", "page", "screen", "group", "alias", "import"]},
            "KeyPage": {"type": "object", "required": ["items", "next"], "properties": {
              "items": {"type": "array", "items": {"$ref": "#/components/schemas/Key"}}, "next": {"type": "null"}}},
            "NewKey": {"type": "object", "additionalProperties": false, "required": ["name"], "properties": {
              "name": {"type": "string", "minLength": 1, "maxLength": 64, "pattern": "\#(keyName)"},
              "calls": {"type": ["array", "null"], "items": {"$ref": "#/components/schemas/Call"}, "minItems": 1},
              "expiresAt": {"type": ["string", "null"], "format": "date-time", "description": "Still to come."}}},
            "KeyWithSecret": {"allOf": [{"$ref": "#/components/schemas/Key"}, {"type": "object", "required": ["secret"], "properties": {"secret": {"type": "string"}}}]},
            "Role": {"type": "string", "enum": ["administrator", "lead", "analyst", "marketer", "agent", "employee"]},
            "Token": {
              "type": "object", "required": ["name", "role", "scopes", "expiresAt", "createdAt", "lastUsedAt", "revokedAt"],
              "properties": {
                "name": {"type": "string"}, "role": {"$ref": "#/components/schemas/Role"},
                "scopes": {"type": ["array", "null"], "items": {"$ref": "#/components/schemas/Scope"}, "description": "Of its role's permissions; null: all."},
                "expiresAt": {"type": ["string", "null"], "format": "date-time"}, "createdAt": {"$ref": "#/components/schemas/Time"},
                "lastUsedAt": {"type": ["string", "null"], "format": "date-time"}, "revokedAt": {"type": ["string", "null"], "format": "date-time"}
              }
            },
            "Scope": {"type": "string", "enum": ["belong", "read", "annotate", "export", "change", "readStaff", "administer"]},
            "TokenPage": {"type": "object", "required": ["items", "next"], "properties": {
              "items": {"type": "array", "items": {"$ref": "#/components/schemas/Token"}}, "next": {"type": "null"}}},
            "NewToken": {"type": "object", "additionalProperties": false, "required": ["name", "role"], "properties": {
              "name": {"type": "string", "minLength": 1, "maxLength": 64, "pattern": "\#(keyName)"}, "role": {"$ref": "#/components/schemas/Role"},
              "scopes": {"type": ["array", "null"], "items": {"$ref": "#/components/schemas/Scope"}, "minItems": 1, "description": "Of the permissions of the role."},
              "expiresAt": {"type": ["string", "null"], "format": "date-time", "description": "Still to come."}}},
            "TokenWithSecret": {"allOf": [{"$ref": "#/components/schemas/Token"}, {"type": "object", "required": ["secret"], "properties": {"secret": {"type": "string"}}}]},
            "LedgerStatus": {
              "type": "object", "required": ["position", "concluded", "interactions", "customers", "queuedBytes", "quarantined", "unwritable"],
              "properties": {
                "position": {"type": "integer", "description": "Of the newest interaction or decision."},
                "concluded": {"type": "integer", "description": "Of the newest that is in the views."},
                "interactions": {"type": "integer", "description": "In customers' views: neither repeated messages nor what erased customers said."},
                "customers": {"type": "integer", "description": "People, those who never said who they are among them."},
                "queuedBytes": {"type": "integer"}, "quarantined": {"type": "integer"}, "unwritable": {"type": ["string", "null"]}
              }
            },
            "Verification": {
              "type": "object", "required": ["bodies", "records", "erased", "bytes", "damaged"],
              "properties": {
                "bodies": {"type": "integer"}, "records": {"type": "integer"}, "erased": {"type": "integer"}, "bytes": {"type": "integer"},
                "damaged": {"type": "array", "items": {"type": "integer"}, "description": "Bodies. A position is its body times 65,536, plus its place in it."}
              }
            },
            "Refused": {
              "type": "object", "required": ["id", "receivedAt", "lastReceivedAt", "times", "source", "sourceId", "route", "index", "messageId", "kind", "reason", "bytes", "truncated", "item"],
              "properties": {
                "id": {"type": "integer"}, "receivedAt": {"$ref": "#/components/schemas/Time"},
                "lastReceivedAt": {"$ref": "#/components/schemas/Time"},
                "times": {"type": "integer", "minimum": 1, "description": "How often it came and was refused for this reason."},
                "source": {"type": ["string", "null"]},
                "sourceId": {"type": "integer", "description": "The number of the write key; 0 for none."},
                "route": {"type": "string"}, "index": {"type": "integer"}, "messageId": {"type": ["string", "null"]}, "kind": {"type": "string"},
                "reason": {"type": "string"}, "bytes": {"type": "integer", "description": "Of the whole item, with what its batch shared."},
                "truncated": {"type": "boolean", "description": "Only the first 131072 bytes are kept; it cannot be replayed."},
                "item": {"type": "string", "description": "As it first arrived."}
              }
            },
            "QuarantinePage": {"type": "object", "required": ["items", "next"], "properties": {
              "items": {"type": "array", "items": {"$ref": "#/components/schemas/Refused"}}, "next": {"type": ["integer", "null"]}}},
            "Replay": {"type": "object", "additionalProperties": false, "description": "Some by `ids`; or all that fit `source`, `kind` and `reason`; or all that are there.", "oneOf": [
              {"required": ["ids"]}, {"required": ["all"], "properties": {"all": {"const": true}}},
              {"anyOf": [
                {"required": ["source"], "properties": {"source": {"type": "integer"}}}, {"required": ["kind"], "properties": {"kind": {"type": "string"}}},
                {"required": ["reason"], "properties": {"reason": {"type": "string"}}}]}], "properties": {
              "ids": {"type": "array", "maxItems": 10000, "items": {"type": "integer", "minimum": -9223372036854775808, "maximum": 9223372036854775807}},
              "all": {"type": "boolean"},
              "source": {"type": ["integer", "null"], "minimum": 0, "maximum": 65535, "description": "The number of a write key; 0 for none."},
              "kind": {"type": ["string", "null"]}, "reason": {"type": ["string", "null"]}}},
            "Dismissal": {"type": "object", "required": ["number", "dropped"], "properties": {
              "number": {"type": "integer"}, "dropped": {"type": "integer"}}},
            "TakenBack": {"type": "object", "required": ["returned"], "properties": {"returned": {"type": "integer"}}},
            "Refusal": {
              "type": "object", "required": ["source", "sourceId", "kind", "reason", "items", "times", "lastReceivedAt", "sample"],
              "properties": {
                "source": {"type": ["string", "null"]}, "sourceId": {"type": "integer"}, "kind": {"type": "string"}, "reason": {"type": "string"},
                "items": {"type": "integer"}, "times": {"type": "integer", "description": "How often they came, all together."},
                "lastReceivedAt": {"$ref": "#/components/schemas/Time"}, "sample": {"type": "integer", "description": "The newest item."}
              }
            },
            "RefusalPage": {"type": "object", "required": ["items", "next"], "properties": {
              "items": {"type": "array", "items": {"$ref": "#/components/schemas/Refusal"}}, "next": {"type": "null"}}},
            "SourceCounts": {"type": "object", "required": ["accepted", "repeated", "refused"], "properties": {
              "accepted": {"type": "integer"}, "refused": {"type": "integer"},
              "repeated": {"type": "integer", "description": "Messages that had been there before; they count once."}}},
            "Source": {
              "type": "object", "required": ["id", "name", "createdAt", "revokedAt", "lastAt", "hour", "day", "hours", "channels", "quarantined"],
              "properties": {
                "id": {"type": "integer"}, "name": {"type": ["string", "null"]}, "createdAt": {"type": ["string", "null"], "format": "date-time"},
                "revokedAt": {"type": ["string", "null"], "format": "date-time"}, "lastAt": {"type": ["string", "null"], "format": "date-time"},
                "hour": {"$ref": "#/components/schemas/SourceCounts"}, "day": {"$ref": "#/components/schemas/SourceCounts"},
                "hours": {"type": "array", "items": {"type": "integer"}, "description": "Accepted in each of the last 24 hours, the newest last."},
                "channels": {"type": "array", "items": {"type": "object", "required": ["name", "hour", "day"], "properties": {
                  "name": {"type": "string"}, "hour": {"type": "integer"}, "day": {"type": "integer"}}}},
                "quarantined": {"type": "integer"}
              }
            },
            "SourcePage": {"type": "object", "required": ["items", "next"], "properties": {
              "items": {"type": "array", "items": {"$ref": "#/components/schemas/Source"}}, "next": {"type": "null"}}},
            "Replayed": {
              "type": "object", "required": ["accepted", "refused", "refusals"],
              "properties": {
                "accepted": {"type": "integer"}, "refused": {"type": "integer"},
                "refusals": {"type": "array", "description": "The first 100.", "items": {"type": "object", "required": ["id", "kind", "reason"],
                  "properties": {"id": {"type": "integer"}, "kind": {"type": "string"}, "reason": {"type": "string"}}}}
              }
            },
            "RetentionEvent": {
              "type": "object", "required": ["name", "keepDays", "listed", "interactions", "due", "oldest"],
              "properties": {
                "name": {"type": "string"}, "keepDays": {"type": ["integer", "null"], "description": "Null: forever."},
                "listed": {"type": "boolean", "description": "Whether the definition names it."},
                "interactions": {"type": "integer"}, "due": {"type": "integer", "description": "Kept no longer."},
                "oldest": {"type": ["string", "null"], "format": "date-time"}
              }
            },
            "RetentionRun": {
              "type": "object", "required": ["number", "at", "author", "interactions", "progress", "done"],
              "properties": {
                "number": {"type": "integer"}, "at": {"$ref": "#/components/schemas/Time"}, "author": {"type": "string"},
                "interactions": {"type": "integer", "description": "Taken out so far, repeated messages among them."},
                "progress": {"type": "number", "minimum": 0, "maximum": 1}, "done": {"type": "boolean"}
              }
            },
            "Retention": {
              "type": "object", "required": ["everythingElseDays", "due", "events", "runs", "checkedAt"],
              "properties": {
                "everythingElseDays": {"type": ["integer", "null"], "description": "Null: forever."}, "due": {"type": "integer"},
                "events": {"type": "array", "items": {"$ref": "#/components/schemas/RetentionEvent"}},
                "runs": {"type": "array", "description": "The newest 20, newest first.", "items": {"$ref": "#/components/schemas/RetentionRun"}},
                "checkedAt": {"type": ["string", "null"], "format": "date-time", "description": "When it was last looked what is due, since the start."}
              }
            },
            "NewRetentionRun": {"type": "object", "additionalProperties": false, "properties": {"dryRun": {"type": "boolean", "description": "Only say what is due."}}},
            "RetentionRunMade": {"type": "object", "required": ["due", "events"], "properties": {
              "due": {"type": "integer"}, "events": {"type": "array", "items": {"$ref": "#/components/schemas/RetentionEvent"}}}},
            "BackupRequest": {"type": "object", "additionalProperties": false, "properties": {"to": {"type": ["string", "null"],
              "description": "A folder that does not exist yet; without one a new one in the folder of the setting `backup-folder`."}}},
            "RestoreRequest": {"type": "object", "additionalProperties": false, "required": ["from"], "properties": {
              "from": {"type": "string", "description": "The folder of a backup."},
              "keepReplaced": {"type": "boolean", "default": false, "description": "Whether what the folder held is kept in it, as replaced-…."}}},
            "Backup": {
              "type": "object", "required": ["format", "version", "madeAt", "position", "files"],
              "properties": {
                "path": {"type": "string", "description": "On the server's machine."},
                "verified": {"$ref": "#/components/schemas/BackupCheck"},
                "installation": {"type": ["string", "null"], "description": "By which a backup is known as this installation's."},
                "format": {"type": "integer"}, "version": {"type": "string"}, "madeAt": {"$ref": "#/components/schemas/Time"},
                "position": {"type": "integer", "description": "Of the newest interaction or decision in it."},
                "files": {"type": "array", "items": {"type": "object", "required": ["name", "bytes", "blake2b"], "properties": {
                  "name": {"type": "string"}, "bytes": {"type": "integer"}, "blake2b": {"type": "string"}}}}
              }
            },
            "BackupCheck": {
              "type": ["object", "null"], "required": ["at", "result", "wrong", "bodies", "interactions", "customers"],
              "description": "What a test restore found; null before one.",
              "properties": {
                "at": {"$ref": "#/components/schemas/Time"},
                "result": {"type": "string", "enum": ["sound", "damaged", "untested"], "description": "`untested` could not be looked at, as on a full disk."},
                "wrong": {"type": "array", "items": {"type": "string"}, "description": "Whole sentences; none for a sound one."},
                "bodies": {"type": "integer", "description": "Of the ledger, each verified by its checksum."},
                "interactions": {"type": "integer", "description": "In the ledger, repeated messages among them."},
                "customers": {"type": "integer"}
              }
            },
            "Backups": {
              "type": "object", "required": ["folder", "schedule", "running", "failure", "items"],
              "properties": {
                "folder": {"type": ["string", "null"], "description": "On the server's machine; null when none are made by themselves."},
                "schedule": {"type": ["object", "null"], "required": ["everyMilliseconds", "keepMilliseconds", "keepWeeks", "next"], "properties": {
                  "everyMilliseconds": {"type": "integer"}, "keepMilliseconds": {"type": "integer"}, "keepWeeks": {"type": "integer"},
                  "next": {"type": ["string", "null"], "format": "date-time"}}},
                "running": {"type": ["object", "null"], "required": ["since", "phase", "done", "total"], "properties": {
                  "since": {"$ref": "#/components/schemas/Time"}, "phase": {"type": "string", "enum": ["copying", "testing"]},
                  "done": {"type": "integer", "description": "Bytes copied of a file, or bodies tested."}, "total": {"type": "integer"}}},
                "failure": {"type": ["object", "null"], "required": ["at", "reason"], "description": "What went wrong last, unless a backup was made since.",
                  "properties": {"at": {"$ref": "#/components/schemas/Time"}, "reason": {"type": "string"}}},
                "items": {"type": "array", "items": {"type": "object",
                  "required": ["name", "path", "madeAt", "bytes", "version", "removable", "verified"],
                  "properties": {
                    "name": {"type": "string"}, "path": {"type": "string"}, "madeAt": {"$ref": "#/components/schemas/Time"}, "bytes": {"type": "integer"},
                    "version": {"type": "string", "description": "Of the program that made it."},
                    "removable": {"type": "boolean", "description": "Whether it is removed when its time is over. What is not one of ours stays."},
                    "verified": {"$ref": "#/components/schemas/BackupCheck"}
                  }}}
              }
            },
            "Document": {"type": "object", "additionalProperties": false, "required": ["name", "text"], "properties": {"name": {"type": "string", "minLength": 1}, "text": {"type": "string"}}},
            "Blueprint": {"type": "object", "required": ["documents"], "properties": {
              "documents": {"type": "array", "items": {"$ref": "#/components/schemas/Document"}}}},
            "NewBlueprint": {"type": "object", "additionalProperties": false, "required": ["documents"], "properties": {
              "documents": {"type": "array", "items": {"$ref": "#/components/schemas/Document"}, "maxItems": 1000}, "check": {"type": "boolean"}}},
            "BlueprintChanges": {"type": "object", "required": ["changes", "applied"], "properties": {
              "changes": {"type": "array", "items": {"type": "object", "required": ["document", "what", "version"], "properties": {
                "document": {"type": "string"}, "what": {"type": "string", "enum": ["added", "changed", "removed", "rewritten"]},
                "version": {"type": ["integer", "null"], "description": "That it became; null when nothing was changed."}}}},
              "applied": {"type": "boolean"}}},
            "Rollback": {"type": "object", "additionalProperties": false, "required": ["document", "version"], "properties": {
              "document": {"type": "string", "minLength": 1, "description": "`identity`, `metric/lifetime_value`"},
              "version": {"type": "integer", "minimum": 1, "maximum": 2147483647}}},
            "Version": {"type": "object", "required": ["document", "version", "removed", "author", "at", "position"], "properties": {
              "document": {"type": "string"}, "version": {"type": "integer", "minimum": 1},
              "removed": {"type": "boolean", "description": "It took the document out of force."}, "author": {"type": "string"},
              "at": {"$ref": "#/components/schemas/Time"}, "position": {"type": "integer", "description": "Of the decision in the ledger."},
              "text": {"type": ["string", "null"]}}},
            "VersionPage": {"type": "object", "required": ["items", "next"], "properties": {
              "items": {"type": "array", "items": {"$ref": "#/components/schemas/Version"}}, "next": {"type": ["string", "null"]}}},
            "Ready": {"type": "object", "required": ["status", "lag"], "properties": {
              "status": {"type": "string", "enum": ["ready"]},
              "lag": {"type": "object", "required": ["milliseconds"], "properties": {"milliseconds": {"type": "integer"}}}}},
            "Health": {
              "type": "object", "required": ["status", "reason", "version", "position", "concluded", "lag", "queue", "interactions", "customers"],
              "properties": {
                "status": {"type": "string", "enum": ["ok", "behind", "unwritable"]}, "reason": {"type": ["string", "null"]},
                "version": {"type": "string"}, "position": {"type": "integer", "description": "Of the newest interaction or decision in the ledger."},
                "concluded": {"type": "integer", "description": "Of the newest that is in the views."},
                "lag": {"type": "object", "required": ["milliseconds"], "properties": {"milliseconds": {"type": "integer",
                  "description": "How far the views are behind: since the newest in them was received, or since there is something to conclude, whichever is later; 0 when there is nothing."}}},
                "queue": {"type": "object", "required": ["bytes"], "properties": {"bytes": {"type": "integer"}}},
                "interactions": {"type": "integer", "description": "In customers' views: neither repeated messages nor what erased customers said."},
                "customers": {"type": "integer", "description": "People, those who never said who they are among them."}
              }
            }
        """#
}
