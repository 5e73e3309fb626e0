extension OpenAPI {
    /// Schemas of webhooks, and of what they send.
    static let webhooks = #"""
            "Webhook": {
              "type": "object",
              "required": ["key", "name", "url", "interactions", "audiences", "owner", "state", "waiting", "dead", "sentLastDay", "lastSentAt",
                "failingSince", "disabledAt", "error"],
              "properties": {
                "key": {"type": "string"}, "name": {"type": "string"}, "url": {"type": "string"},
                "interactions": {"type": "array", "items": {"type": "string"}},
                "audiences": {"type": ["array", "null"], "items": {"type": "string"}, "description": "Null: all of them."},
                "owner": {"type": ["string", "null"]}, "state": {"type": "string", "enum": ["ok", "failing", "off", "disabled"]},
                "waiting": {"type": "integer", "description": "Messages to be sent or tried again."},
                "dead": {"type": "integer", "description": "Messages tried to the end, and not taken."},
                "sentLastDay": {"type": "integer"}, "lastSentAt": {"type": ["string", "null"], "format": "date-time"},
                "failingSince": {"type": ["string", "null"], "format": "date-time"},
                "disabledAt": {"type": ["string", "null"], "format": "date-time"},
                "error": {"type": ["string", "null"], "description": "Why the newest attempt was not taken."}
              }
            },
            "WebhookPage": {"type": "object", "required": ["items", "next"], "properties": {
              "items": {"type": "array", "items": {"$ref": "#/components/schemas/Webhook"}}, "next": {"type": "null"}}},
            "WebhookMessage": {
              "type": "object",
              "required": ["id", "position", "name", "at", "customer", "state", "reason", "attempts", "receivedAt", "dueAt", "triedAt", "status",
                "error"],
              "properties": {
                "id": {"type": "string", "description": "What the header `webhook-id` says."},
                "position": {"type": "integer", "description": "Of the interaction that it is about."},
                "name": {"type": ["string", "null"], "description": "The interaction's name; null when it is not there any more, or damaged."},
                "at": {"type": ["string", "null"], "format": "date-time"}, "customer": {"type": ["string", "null"]},
                "state": {"type": "string", "enum": ["waiting", "sent", "held", "dead"]},
                "reason": {"type": ["string", "null"], "enum": ["late", "history", "full", "gone", null],
                  "description": "Why it was held back: `late` was concluded more than a day after it arrived, `history` had happened more than a week before it arrived, `full` came while 100,000 messages waited, of `gone` the interaction is not there any more."},
                "attempts": {"type": "integer"}, "receivedAt": {"$ref": "#/components/schemas/Time"},
                "dueAt": {"type": ["string", "null"], "format": "date-time", "description": "When it is sent or tried next; null unless it waits."},
                "triedAt": {"type": ["string", "null"], "format": "date-time"},
                "status": {"type": ["integer", "null"], "description": "What the receiver last answered."},
                "error": {"type": ["string", "null"]}
              }
            },
            "WebhookMessagePage": {"type": "object", "required": ["items", "next"], "properties": {
              "items": {"type": "array", "items": {"$ref": "#/components/schemas/WebhookMessage"}}, "next": {"type": ["string", "null"]}}},
            "WebhookTrial": {
              "type": "object", "required": ["id", "taken", "status", "error", "answer", "milliseconds"],
              "properties": {
                "id": {"type": "string"}, "taken": {"type": "boolean"}, "status": {"type": ["integer", "null"]},
                "error": {"type": ["string", "null"]}, "answer": {"type": "string", "description": "What the receiver wrote, its first 2,000 bytes."},
                "milliseconds": {"type": "integer"}
              }
            },
            "WebhookSecret": {
              "type": "object", "required": ["secret", "previous"],
              "properties": {
                "secret": {"type": "string", "description": "`whsec_` and Base64."},
                "previous": {"type": ["object", "null"], "required": ["secret", "until"], "properties": {
                  "secret": {"type": "string"}, "until": {"$ref": "#/components/schemas/Time"}}}
              }
            }
        """#
}
