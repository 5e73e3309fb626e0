import Audiences
import Customers
import Formula
import Kernel
import Ledger
import Rendering

/// Where a customer stands: stage, metrics, audiences, and what made it so.
extension Console {
    /// Weeks of a metric's history.
    static let metricWeeks = 26

    func addStanding(to fields: inout Fields, of view: CustomerView, _ visit: Visit) throws {
        guard let audiences = services.audiences, audiences.company != nil else { return }
        let formats = visit.formats
        let found = try audiences.belongings(of: view.id)
        let place = "/customers/\(view.id)/why/"
        if let stage = found.stage {
            let isFirst = audiences.company?.lifecycle.stages.first?.name == stage.key
            fields["stage"] =
                [
                    "name": stage.name, "href": "/lifecycle/" + Parameters.encoded(stage.name), "since": Self.since(stage, formats),
                    "whyLink": isFirst ? nil : place + "stage/" + Parameters.encoded(stage.key),
                ] as Fields
        }
        let metrics = try audiences.metrics(of: view.id, at: formats.now).filter(\.metric.definition.isShown)
        fields["metrics"] = metrics.map { metric, value -> Fields in
            [
                "name": metric.definition.name, "value": words(value, metric, formats),
                "rank": rank(value, metric, audiences), "whyLink": place + "metric/" + Parameters.encoded(metric.key),
            ]
        }
        fields["audiences"] = found.audiences.map { audience -> Fields in
            ["name": audience.name, "since": Self.since(audience, formats), "whyLink": place + "audience/" + Parameters.encoded(audience.key)]
        }
        fields["hasAudiences"] = !found.audiences.isEmpty
        fields["hasStanding"] = found.stage != nil || !metrics.isEmpty || !found.audiences.isEmpty
    }

    /// `since 4 May`; where it may be longer `at least since 4 May`. Nothing while it is not known.
    static func since(_ belonging: Audiences.Belonging, _ formats: Formats) -> String? {
        let since = belonging.since
        guard since.at.milliseconds > 0 else { return nil }
        return (since.isAtLeast ? "at least " : "") + "since " + formats.date(formats.day(of: since.at))
    }

    /// A value with its unit, as people write it: `£842.60`, `11 orders`, `16 days`.
    func words(_ value: Audiences.Value, _ metric: Company.Metric, _ formats: Formats) -> String {
        // A text may be one that the role does not get to see, and where it comes from is not told.
        if isHidden(metric) || value.isKnown && value.text != nil && !services.mask.isNone { return Mask.hidden }
        return MetricWords.text(value, unit: metric.definition.countedIn, formats)
    }

    /// Whether its values would tell what is hidden from the role.
    private func isHidden(_ metric: Company.Metric) -> Bool { services.mask.hides(metric.definition, services.audiences?.company?.library) }

    private func rank(_ value: Audiences.Value, _ metric: Company.Metric, _ audiences: Audiences) -> String? {
        // Whoever compares one customer with all does not need the last minutes.
        guard value.isKnown, !isHidden(metric), let spread = audiences.spreads(lasting: 600_000)?[metric.key] else { return nil }
        return Self.rank(value.number, in: spread)
    }

    /// `higher than 88% of customers`; nil where there is no order, or nobody to compare with.
    static func rank(_ number: Double, in spread: Audiences.Spread) -> String? {
        guard spread.known >= 20, let below = spread.below(number), let lowest = spread.quantiles.first, let highest = spread.quantiles.last,
            lowest != highest
        else { return nil }
        if number >= highest { return "the highest there is" }
        if number <= lowest { return "the lowest there is" }
        // To whole per cent, downwards: whoever is not the highest is not higher than all.
        let percent = min(99, Int((below * 100).rounded(.down)))
        return percent < 1 ? "among the lowest" : "higher than \(percent)% of customers"
    }

    // MARK: Why

    /// `/customers/{id}/why/{audience, metric, stage}/{key}`: what made it so, as a page or, with `part`, inside the customer's.
    func whyPage(_ visit: Visit) async throws -> PageAnswer {
        let view = try await customer(visit.parameters[0], visit)
        let (kind, key) = (visit.parameters[1], visit.parameters[2])
        guard let audiences = services.audiences, let company = audiences.company else { throw Self.nowhere }
        let formats = visit.formats
        let titles = FormulaTitles(
            metrics: Dictionary(company.metrics.map { ($0.key, $0.definition.name) }) { a, _ in a },
            audiences: Dictionary(company.audiences.map { ($0.key, $0.definition.name) }) { a, _ in a })
        var fields: Fields = ["back": "/customers/\(view.id)", "who": Who(view).title]
        let subject: Audiences.Subject
        switch kind {
        case "audience":
            guard let audience = company.audiences.first(where: { $0.key == key }) else { throw Self.nowhere }
            subject = .audience(key)
            let belonging = try audiences.belongings(of: view.id).audiences.first { $0.key == key }
            fields["heading"] = audience.definition.name
            fields["state"] = belonging.map { "Belongs to it" + (Self.since($0, formats).map { " " + $0 } ?? "") + "." } ?? "Does not belong to it."
            let except = audience.definition.except?.tree.map { " Except: " + Explainer.explain($0, titles: titles) } ?? ""
            fields["words"] = audience.definition.who.tree.map { Explainer.explain($0, titles: titles) + except }
            fields["formula"] = audience.definition.who.text + (audience.definition.except.map { "\n\nexcept: " + $0.text } ?? "")
            fields["about"] = "/audiences/" + Parameters.encoded(key)
            fields["aboutName"] = "About this audience"
        case "stage":
            guard let stage = company.lifecycle.stages.first(where: { $0.name == key }) else { throw Self.nowhere }
            subject = .stage(key)
            fields["heading"] = stage.name
            fields["words"] = stage.when?.tree.map { Explainer.explain($0, titles: titles) }
            fields["formula"] = stage.when?.text
            fields["about"] = "/lifecycle/" + Parameters.encoded(key)
            fields["aboutName"] = "About this stage"
        case "metric":
            guard let metric = company.metrics.first(where: { $0.key == key }) else { throw Self.nowhere }
            subject = .metric(key)
            let value = try audiences.metrics(of: view.id, at: formats.now).first { $0.metric.key == key }?.value
            fields["heading"] = metric.definition.name
            fields["state"] = value.map { words($0, metric, formats) }
            // Weights tell of everybody whose engagement is hidden.
            let learned = isHidden(metric) ? nil : audiences.model(of: key)
            fields["words"] = [metric.definition.meaning, metric.definition.explained(titles, learned: learned, formats)].compactMap { $0 }
                .joined(separator: " ")
            fields["formula"] = metric.definition.formula(learned: learned)
            fields["chart"] = chart(metric, view.id, audiences, formats)
            fields["about"] = "/metric/" + Parameters.encoded(key)
            fields["aboutName"] = "About this metric"
        default: throw Self.nowhere
        }
        fields.merge(try await reasons(subject, view, audiences, formats))
        if visit.request.query["part"] != nil { return try part("why-part", fields) }
        return try await page("why", title: "Why", room: "customers", visit, fields)
    }

    private func reasons(_ subject: Audiences.Subject, _ view: CustomerView, _ audiences: Audiences, _ formats: Formats) async throws -> Fields {
        var rows: [Fields] = []
        for position in audiences.why(subject, view.id, at: formats.now) ?? [] {
            guard let item = try await services.interaction(view.id, position) else { continue }
            let sentence = EventCatalogue.sentence(History.telling(item, services.json, formats))
            let text = [sentence.subject == .we ? "We " + sentence.does : sentence.does, sentence.what].compactMap { $0 }.joined(separator: " ")
            rows.append([
                "href": "/customers/\(view.id)/interactions/\(position.raw)", "day": formats.shortDay(item.interaction.at),
                "at": item.interaction.at.rfc3339, "whole": formats.whole(item.interaction.at),
                "text": text.prefix(1).uppercased() + text.dropFirst()
                    + (sentence.asides.isEmpty ? "" : ", " + sentence.asides.joined(separator: ", ")),
            ])
        }
        let isFull = rows.count == Audiences.mostReasons
        return [
            "reasons": rows, "hasReasons": !rows.isEmpty,
            "reasonsHead": isFull ? "The newest \(rows.count) of what it is made of" : "What it is made of",
            "noReasons": "Nothing that they did or said is counted in it: it is what did not happen, or has no part in a stretch of time yet.",
        ]
    }

    /// Weekly values of the last half year, each as it was then.
    private func chart(_ metric: Company.Metric, _ customer: CustomerID, _ audiences: Audiences, _ formats: Formats) -> Fields? {
        guard !isHidden(metric) else { return nil }
        let moments = (0..<Self.metricWeeks).reversed().map { formats.now + -Int64($0) * 604_800_000 }
        let values = audiences.history(of: metric.key, customer, at: moments)
        guard let first = values.first, [.number, .duration].contains(first.type), values.count == moments.count else { return nil }
        let known = values.filter(\.isKnown).map(\.number)
        guard let highest = known.max(), let lowest = known.min(), highest > lowest else { return nil }
        let low = min(0, lowest)
        func say(_ number: Double) -> String { words(.init(type: first.type, number: number), metric, formats) }
        // What was unknown in between leaves a gap.
        var lines: [[String]] = [[]]
        for (at, value) in values.enumerated() {
            guard value.isKnown else {
                lines.append([])
                continue
            }
            let x = Double(at) * Spark.width / Double(values.count - 1)
            let y = Spark.height * (1 - (value.number - low) / (highest - low))
            lines[lines.count - 1].append(Formats.drawn(x) + "," + Formats.drawn(y))
        }
        return [
            "lines": lines.filter { $0.count > 1 }.map { ["points": $0.joined(separator: " ")] as Fields },
            "high": say(highest), "low": say(low), "now": values.last.map { words($0, metric, formats) },
            "from": formats.shortDay(moments[0]), "to": formats.shortDay(formats.now),
            "said": "\(metric.definition.name), week by week in the last half year: from \(say(lowest)) to \(say(highest))",
            "weeks": zip(moments, values).reversed().map { moment, value in
                ["day": formats.shortDate(moment), "value": words(value, metric, formats)] as Fields
            },
        ]
    }
}
