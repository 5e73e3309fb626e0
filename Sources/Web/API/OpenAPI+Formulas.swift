extension OpenAPI {
    /// Schemas of formulas, and of what is made of them: metrics, audiences, stages.
    static let formulas = #"""
            "Audience": {
              "type": "object",
              "required": ["key", "name", "purpose", "owner", "who", "except", "explanation", "state", "size", "share", "enteredToday", "leftToday",
                "definedAt", "asOf"],
              "properties": {
                "key": {"type": "string"}, "name": {"type": "string"}, "purpose": {"type": ["string", "null"]}, "owner": {"type": ["string", "null"]},
                "who": {"type": "string", "description": "The formula of those who belong."},
                "except": {"type": ["string", "null"], "description": "The formula of those who are left out even so."},
                "explanation": {"type": "string", "description": "Both in plain words."},
                "state": {"type": "string", "enum": ["inForce", "preparing"]},
                "size": {"type": ["integer", "null"]}, "share": {"type": ["number", "null"], "description": "Of all customers, from 0 to 1."},
                "enteredToday": {"type": "integer"}, "leftToday": {"type": "integer"},
                "definedAt": {"type": ["string", "null"], "format": "date-time", "description": "When its members were last found out by its definition."},
                "asOf": {"type": ["string", "null"], "format": "date-time"}
              }
            },
            "AudiencePage": {"type": "object", "required": ["items", "next"], "properties": {
              "items": {"type": "array", "items": {"$ref": "#/components/schemas/Audience"}}, "next": {"type": "null"}}},
            "Member": {
              "type": "object", "required": ["customer", "name", "identifier", "since", "found", "atLeast"],
              "properties": {
                "customer": {"$ref": "#/components/schemas/CustomerID"}, "name": {"type": ["string", "null"]},
                "identifier": {"type": ["object", "null"], "required": ["kind", "value"],
                  "properties": {"kind": {"type": "string"}, "value": {"type": "string"}}},
                "since": {"$ref": "#/components/schemas/Time"},
                "found": {"type": "boolean", "description": "Whether the definition or history found them: they did not enter, and since is worked out of their interactions."},
                "atLeast": {"type": "boolean", "description": "Whether it may be longer: only the newest of their interactions were looked at, or older ones may be gone by retention."}
              }
            },
            "MemberPage": {"type": "object", "required": ["items", "next"], "properties": {
              "items": {"type": "array", "items": {"$ref": "#/components/schemas/Member"}}, "next": {"type": ["integer", "null"]}}},
            "Metric": {
              "type": "object", "required": ["key", "name", "meaning", "unit", "owner", "way", "formula", "type", "explanation", "shown", "model"],
              "properties": {
                "key": {"type": "string"}, "name": {"type": "string"}, "meaning": {"type": ["string", "null"]}, "unit": {"type": ["string", "null"], "description": "What it is counted in; `share` is a part of 1, of which 0.91 is 91%."},
                "owner": {"type": ["string", "null"]}, "way": {"type": "string", "enum": ["formula", "engagement", "lifetime"]},
                "formula": {"type": ["string", "null"], "description": "Null for lifetime value. That of engagement has the weights in force, learned or written."}, "type": {"type": ["string", "null"]},
                "explanation": {"type": "string"}, "shown": {"type": "boolean", "description": "Whether the page of a customer shows it."},
                "model": {"type": ["object", "null"], "required": ["at", "failed", "learnedAt"],
                  "description": "How what it learns from everybody was learned last; null for a metric that learns nothing, and before the first time.",
                  "properties": {
                    "at": {"type": "string", "format": "date-time", "description": "When it was tried last."},
                    "learnedAt": {"type": ["string", "null"], "format": "date-time",
                      "description": "When what holds was learned, of which the rest speaks; null while nothing was."},
                    "failed": {"type": ["string", "null"], "description": "Why it cannot be learned; null when it was."},
                    "customers": {"type": "integer", "description": "That it was learned from."},
                    "converted": {"type": "integer", "description": "Of them, those who came to the conversion."},
                    "explained": {"type": "number", "description": "McFadden's pseudo R²."},
                    "weights": {"type": "array", "items": {
                      "type": "object", "required": ["event", "weight", "customers", "converted", "contrary", "oddsRatio"],
                      "properties": {
                        "event": {"type": "string"}, "weight": {"type": "number"},
                        "customers": {"type": "integer", "description": "Who did it; the rest did not."}, "converted": {"type": "integer"},
                        "contrary": {"type": "boolean", "description": "Whether it pointed the other way than the weight written, beside the others, so that it counts 0."},
                        "oddsRatio": {"type": ["object", "null"], "properties": {
                          "least": {"type": "number"}, "likely": {"type": "number"}, "most": {"type": "number"}}}
                      }}},
                    "parameters": {"type": "object", "description": "BG/NBD: r, alpha, a, b; Gamma-Gamma: p, q, v.", "additionalProperties": {"type": "number"}},
                    "logLikelihood": {"type": "number"}, "averageOrder": {"type": "number"},
                    "atEdge": {"type": "array", "items": {"type": "string"},
                      "description": "Parameters fitted at the edge of what they can be: the orders do not tell them, nor how sure what is expected is."}
                  }}
              }
            },
            "MetricPage": {"type": "object", "required": ["items", "next"], "properties": {
              "items": {"type": "array", "items": {"$ref": "#/components/schemas/Metric"}}, "next": {"type": "null"}}},
            "MetricValue": {
              "type": "object", "required": ["key", "name", "unit", "type", "value", "text"],
              "properties": {
                "key": {"type": "string"}, "name": {"type": "string"}, "unit": {"type": ["string", "null"], "description": "What it is counted in; `share` is a part of 1, of which 0.91 is 91%."}, "type": {"type": "string"},
                "value": {}, "text": {"type": "string", "description": "As people read it."}
              }
            },
            "MetricValuePage": {"type": "object", "required": ["items", "next"], "properties": {
              "items": {"type": "array", "items": {"$ref": "#/components/schemas/MetricValue"}}, "next": {"type": "null"}}},
            "Lifecycle": {
              "type": "object", "required": ["owner", "customers", "asOf", "stages", "lifeEvents"],
              "properties": {
                "owner": {"type": ["string", "null"]}, "customers": {"type": ["integer", "null"]}, "asOf": {"type": ["string", "null"], "format": "date-time"},
                "stages": {"type": "array", "items": {"type": "object",
                  "required": ["name", "when", "wants", "owner", "size", "share", "enteredToday", "leftToday"], "properties": {
                    "name": {"type": "string"}, "when": {"type": ["string", "null"], "description": "Null for the first."},
                    "wants": {"type": ["string", "null"]}, "owner": {"type": ["string", "null"]},
                    "size": {"type": ["integer", "null"]}, "share": {"type": ["number", "null"]}, "enteredToday": {"type": "integer"},
                    "leftToday": {"type": "integer"}}}},
                "lifeEvents": {"type": ["array", "null"],
                  "description": "Interactions that the vocabulary names as a life event; null for a moment while they are counted.",
                  "items": {"type": "object", "required": ["title", "event", "customers7d", "customers7dBefore", "last"], "properties": {
                    "title": {"type": "string"}, "event": {"type": "string"},
                    "customers7d": {"type": "integer", "description": "To whom it happened in the last 7 days."},
                    "customers7dBefore": {"type": "integer", "description": "In the 7 days before."},
                    "last": {"type": ["string", "null"], "format": "date-time"}}}}
              }
            },
            "FormulaQuestion": {"type": "object", "additionalProperties": false, "required": ["formula"], "properties": {
              "formula": {"type": "string", "minLength": 1, "maxLength": 10000},
              "as": {"type": "string", "enum": ["condition", "value"], "default": "condition"}}},
            "FormulaProblem": {
              "type": "object", "required": ["from", "to", "line", "column", "what", "mend", "excerpt", "replacement"],
              "properties": {
                "from": {"type": "integer", "description": "In Unicode scalars from 0."}, "to": {"type": "integer"}, "line": {"type": "integer"},
                "column": {"type": "integer"}, "what": {"type": "string"}, "mend": {"type": "string"},
                "excerpt": {"type": "string", "description": "The line it is in, at most 120 columns of it, and below it marks under the part that is meant."},
                "replacement": {"type": ["string", "null"], "description": "What in the place of `from` to `to` mends it, where that is known."}
              }
            },
            "FormulaAnswer": {
              "type": "object", "required": ["ok", "type", "problems", "explanation", "conjuncts", "reads"],
              "properties": {
                "ok": {"type": "boolean"}, "type": {"type": ["string", "null"]},
                "problems": {"type": "array", "items": {"$ref": "#/components/schemas/FormulaProblem"}},
                "explanation": {"type": ["string", "null"], "description": "In plain words."},
                "conjuncts": {"type": "array", "description": "The conditions that all must hold, in order.", "items": {"type": "object",
                  "required": ["from", "to", "words"],
                  "properties": {"from": {"type": "integer"}, "to": {"type": "integer"}, "words": {"type": "string"}}}},
                "reads": {"type": ["object", "null"], "description": "What it looks at, through the definitions that it names too.",
                  "required": ["events", "any", "traits", "consents", "identifiers", "metrics", "audiences", "stages", "stage"], "properties": {
                    "events": {"type": "array", "items": {"type": "object", "required": ["name", "properties"], "properties": {
                      "name": {"type": "string"}, "properties": {"type": "array", "items": {"type": "string"}}}}},
                    "any": {"type": "boolean", "description": "Interactions of any name."},
                    "traits": {"type": "array", "items": {"type": "string"}},
                    "consents": {"type": "array", "items": {"type": "object", "required": ["channel", "purpose"],
                      "properties": {"channel": {"type": "string"}, "purpose": {"type": "string"}}}},
                    "identifiers": {"type": "array", "items": {"type": "string"}}, "metrics": {"type": "array", "items": {"type": "string"}},
                    "audiences": {"type": "array", "items": {"type": "string"}}, "stages": {"type": "array", "items": {"type": "string"}},
                    "stage": {"type": "boolean"}}}
              }
            },
            "FormulaExplanation": {
              "allOf": [{"$ref": "#/components/schemas/FormulaAnswer"}], "type": "object", "required": ["size", "reading"],
              "properties": {
                "size": {"type": ["object", "null"], "description": "Null for a value, for what does not read, and while old interactions are read.",
                  "required": ["holds", "of", "narrowing", "at", "milliseconds"], "properties": {
                    "holds": {"type": "integer"}, "of": {"type": "integer"}, "narrowing": {"type": "array", "items": {"type": "integer"}},
                    "at": {"$ref": "#/components/schemas/Time"}, "milliseconds": {"type": "number", "description": "How long it took."}}},
                "reading": {"type": ["object", "null"], "required": ["done", "of"], "description": "How much of the ledger was read; null when nothing is.",
                  "properties": {"done": {"type": "integer"}, "of": {"type": "integer"}}}
              }
            },
            "FormulaEvaluation": {"type": "object", "additionalProperties": false, "required": ["formula", "customer"], "properties": {
              "formula": {"type": "string", "minLength": 1, "maxLength": 10000},
              "customer": {"type": "string", "minLength": 1, "description": "An id, or an identifier as `email:ann@example.com`."}}},
            "FormulaValue": {"type": "object", "required": ["value", "type", "text", "why"], "properties": {
              "value": {}, "type": {"type": "string"}, "text": {"type": "string", "description": "As people read it."},
              "why": {"type": "array", "description": "The interactions that it is made of, the newest first, ten at most.", "items": {
                "type": "object", "required": ["at", "name", "position"], "properties": {
                  "at": {"$ref": "#/components/schemas/Time"}, "name": {"type": "string"}, "position": {"type": "integer"}}}}}}
        """#
}
