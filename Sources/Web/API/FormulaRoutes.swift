import Audiences
import Audit
import Customers
import Formula
import Hummingbird
import Kernel
import Ledger
import Pipeline

/// What can be asked of formulas: `/api/formulas`.
struct FormulaRoutes: Sendable {
    let services: Services

    var endpoints: [Endpoint] { [check, explain, evaluate] }

    private var desk: FormulaDesk { services.formulas }

    private var check: Endpoint {
        Endpoint(
            .post, "/api/formulas/check", .read,
            about: .init(
                "Whether a formula reads, and what it means", tag: "Formulas",
                description: """
                    Names are looked up among the definitions in force and among what has arrived. Places count Unicode scalars from 0; lines \
                    and columns from 1.
                    """, body: .init("FormulaQuestion"), answer: .init(200, "What is wrong, or what it means", .init("FormulaAnswer")),
                problems: [422, 503])
        ) { request, _ in
            let asked = try await Asked(request)
            return Response(.ok, .object(try answer(asked, desk.words()).members))
        }
    }

    private var explain: Endpoint {
        Endpoint(
            .post, "/api/formulas/explain", .read,
            about: .init(
                "What a formula means, and for how many it holds", tag: "Formulas",
                description: """
                    As `check`, and for a condition its `size` with how many are left after each of `conjuncts`. Where it asks for something \
                    that was not read from old interactions before, that begins, and `reading` says how far it is: ask again.
                    """, body: .init("FormulaQuestion"), answer: .init(200, "What it means", .init("FormulaExplanation")),
                problems: [403, 422, 429, 503])
        ) { request, context in
            let asked = try await Asked(request)
            let words = try desk.words()
            let (reading, found) = try answer(asked, words)
            var members = found
            var size = JSON.null
            var progress = JSON.null
            if let tree = reading.tree, reading.faults.isEmpty {
                try demandSight(of: tree, words, context)
                if reading.type == .flag {
                    switch try await desk.ask({ [desk] in desk.audiences.ask(asked.text, words.names, sampleCount: 0) }) {
                    case .answer(let answer):
                        size = [
                            "holds": JSON(answer.holds), "of": JSON(answer.people), "narrowing": .array(answer.narrowing.map { JSON($0) }),
                            "at": JSON(answer.at), "milliseconds": .number((answer.milliseconds * 10).rounded() / 10),
                        ]
                    case .reading(let read): progress = ["done": .integer(read?.done ?? 0), "of": .integer(read?.of ?? 0)]
                    case .problem(let problem): throw Problem.unacceptable("\(problem)", kind: "formula")
                    }
                }
            }
            members += [.init("size", size), .init("reading", progress)]
            return Response(.ok, .object(members))
        }
    }

    private var evaluate: Endpoint {
        Endpoint(
            .post, "/api/formulas/evaluate", .read, audit: .view,
            about: .init(
                "What a formula says of one customer", tag: "Formulas",
                description: """
                    A value is a number, a text, true or false, or a date; a length of time is its seconds. Null is unknown. The problem of a \
                    formula that does not read has `problems`, as `check` answers them.
                    """,
                body: .init("FormulaEvaluation"), answer: .init(200, "Its value now", .init("FormulaValue")), problems: [403, 404, 409, 422, 503])
        ) { request, context in
            let body = try await Body.json(request, "FormulaEvaluation")
            let text = try Asked.formula(body)
            let id = try services.customer(reference: try body.required("customer"))
            context.trail.subject = id.description
            let words = try desk.words()
            let reading = desk.read(text, as: .value, words)
            guard let tree = reading.tree, reading.faults.isEmpty else {
                let fault = reading.faults.first.map { fault in
                    "Line \(fault.line), column \(fault.column): \(fault.problem)" + (fault.problem.mend.hasSuffix("?") ? "" : ".")
                }
                return Problem.unacceptable(fault ?? "", kind: "formula").response(
                    request: context.request.description, more: [.init("problems", .array(reading.faults.map(\.json)))])
            }
            try demandSight(of: tree, words, context)
            guard let (value, reasons) = try services.audiences.evaluate(text, words.names, for: id, at: services.clock.now) else {
                throw Problem(
                    status: 409, kind: "reading", title: "Old interactions are being read",
                    detail: "The formula asks for something that was not read from them before. Ask again in a moment.", retryAfter: 2)
            }
            let mask = services.seen(by: context).mask
            let secrets = try services.customers.view(id).map { mask.secrets(of: $0) } ?? []
            let said = value.text.map { mask.text($0, secrets) }
            return Response(
                .ok,
                [
                    "value": said.map { .string($0) } ?? MetricWords.json(value), "type": .string(value.type.rawValue),
                    "text": .string(said ?? MetricWords.text(value, unit: nil, services.formats)),
                    "why": .array(try reasons.compactMap { try services.interaction(of: id, at: $0).map(why) }),
                ])
        }
    }

    /// An interaction that a value is made of.
    private func why(_ item: HistoryItem) -> JSON {
        let interaction = item.interaction
        return [
            "at": JSON(interaction.at), "name": .string(interaction.name), "position": .integer(Int64(bitPattern: interaction.position.raw)),
        ]
    }

    /// - Throws: a 403 problem for a formula that looks at what is hidden from whoever asks.
    private func demandSight(of tree: FormulaExpression, _ words: FormulaDesk.Words, _ context: Context) throws {
        let mask = services.seen(by: context).mask
        if let name = mask.hidden(in: FormulaReads([tree], through: words.library)) { throw Problem.hiddenFromRole(name) }
    }

    /// A formula that somebody asks about.
    private struct Asked: Sendable {
        var text: String
        var kind: FormulaDesk.Kind

        init(_ request: Request) async throws {
            let body = try await Body.json(request, "FormulaQuestion")
            text = try Self.formula(body)
            let name = try body.optional("as") ?? "condition"
            guard let kind = FormulaDesk.Kind(rawValue: name) else { throw Problem.badRequest("`as` can be `condition` or `value`.") }
            self.kind = kind
        }

        /// - Throws: a 400 problem when there is none, a 422 problem for one that is too long.
        static func formula(_ body: JSON) throws -> String {
            let text = try body.required("formula")
            let length = text.unicodeScalars.count
            guard length <= FormulaLimits.length else {
                throw Problem.unacceptable(
                    "A formula has at most \(FormulaLimits.length) characters; this one has \(length). Name parts of it as metrics or audiences.",
                    kind: "formula-length")
            }
            return text
        }
    }

    private func answer(_ asked: Asked, _ words: FormulaDesk.Words) throws -> (reading: FormulaDesk.Reading, members: [JSON.Member]) {
        let reading = desk.read(asked.text, as: asked.kind, words)
        let tree = reading.faults.isEmpty ? reading.tree : nil
        return (
            reading,
            [
                .init("ok", .bool(tree != nil)), .init("type", JSON(reading.type?.rawValue)),
                .init("problems", .array(reading.faults.map(\.json))),
                .init("explanation", JSON(tree.map { Explainer.explain($0, titles: words.titles) })),
                .init("conjuncts", .array(tree.map { Explainer.conjuncts($0, titles: words.titles).map(\.json) } ?? [])),
                .init("reads", tree.map { FormulaReads([$0], through: words.library).json } ?? .null),
            ]
        )
    }
}

extension Explainer.Part {
    var json: JSON { ["from": JSON(span.from), "to": JSON(span.to), "words": .string(words)] }
}

extension FormulaReads {
    var json: JSON {
        func texts(_ all: [String]) -> JSON { .array(all.map(JSON.string)) }
        return [
            "events": .array(events.map { ["name": .string($0.name), "properties": texts($0.properties)] }), "any": .bool(isAny),
            "traits": texts(traits), "consents": .array(consents.map { ["channel": .string($0.channel), "purpose": .string($0.purpose)] }),
            "identifiers": texts(identifiers), "metrics": texts(metrics), "audiences": texts(audiences), "stages": texts(stages),
            "stage": .bool(isStage),
        ]
    }
}
