import Audiences
import Audit
import Definitions
import Formula
import Kernel
import Pipeline
import Rendering

/// Metrics: all of them, and each with how it is spread over everybody.
extension Console {
    // Not /metrics, where monitoring programs read how the server is doing.
    static let metricsRoutes: [PageRoute] = [
        PageRoute(.get, "/metric", .read, to: "see metrics") { try await $0.metricsPage($1) },
        PageRoute(.get, "/metric/:key", .read, to: "see metrics") { try await $0.metricPage($1) },
        PageRoute(.get, "/metric/:key/spread", .read, to: "see metrics") { try $0.spreadPart($1) },
    ]

    private func metricsPage(_ visit: Visit) async throws -> PageAnswer {
        let audiences = try houses()
        let all = services.definitions.blueprint.defined(MetricDefinition.self).sorted { $0.definition.name < $1.definition.name }
        let search = visit.request.query["search"].map { String($0.prefix(Self.searchLength)) }
        let wanted = search.map { TextCase.folded($0) }
        let shown = all.filter { metric in
            wanted.map { word in
                [metric.definition.name, metric.definition.meaning ?? "", metric.key, metric.owner ?? ""].contains {
                    TextCase.folded($0).contains(word)
                }
            } ?? true
        }
        let spreads = audiences.spreads()
        let titles = audiences.company?.titles ?? FormulaTitles()
        let library = audiences.company?.library
        let rows = shown.map { metric -> Fields in
            let unit = metric.definition.countedIn
            let isHidden = services.mask.hides(metric.definition, library)
            let learned = isHidden ? nil : audiences.model(of: metric.key)
            var row: Fields = [
                "href": "/metric/\(metric.key)", "name": metric.definition.name, "key": metric.key, "unit": MetricWords.unit(unit),
                "owner": metric.owner,
                "explained": metric.definition.explained(titles, learned: learned, visit.formats),
            ]
            if let spread = spreads?[metric.key], !isHidden {
                row["known"] = Formats.number(spread.known)
                row["share"] = Self.share(spread.known, spread.people)
                row["quartiles"] = quartiles(spread, unit: unit, visit)
            } else if isHidden {
                row["quartiles"] = Mask.hidden
            }
            return row
        }
        return try await page(
            "metrics", title: "Metrics", room: "metrics", visit,
            [
                "rows": rows, "hasRows": !rows.isEmpty, "isEmpty": all.isEmpty, "isNone": !all.isEmpty && rows.isEmpty,
                "hasSearch": all.count >= Self.searchedFrom || search != nil, "q": "", "asked": search, "count": Formats.counted(all.count, "metric"),
                "mayDefine": visit.may(.administer), "preparing": preparing(audiences), "refreshed": "/metric",
                "isWaiting": spreads == nil && !all.isEmpty,
                "here": "/metric" + (search.map { "?search=" + Parameters.encoded($0) } ?? ""),
            ])
    }

    /// The middle half of those whose value is known, in words.
    private func quartiles(_ spread: Audiences.Spread, unit: String?, _ visit: Visit) -> String {
        if spread.known == 0 { return "nobody’s is known" }
        if spread.type == .flag { return MetricWords.text(spread.mean ?? .nan, .flag, unit: nil, visit.formats) }
        if let first = spread.texts.first { return services.mask.isNone ? "most often \(first.text)" : Mask.hidden }
        guard spread.quantiles.count == 5 else { return "" }
        func text(_ i: Int) -> String { MetricWords.text(spread.quantiles[i], spread.type, unit: unit, visit.formats) }
        if text(1) == text(3) { return text(2) }
        // What both are counted in is said once.
        let isCounted = unit.map { !MetricWords.isCurrency($0) && $0 != MetricDefinition.share } ?? false
        let first = isCounted ? MetricWords.text(spread.quantiles[1], spread.type, unit: nil, visit.formats) : text(1)
        return "\(first) to \(text(3))"
    }

    private func metric(_ visit: Visit) throws -> Defined<MetricDefinition> {
        guard services.audiences != nil,
            let found = services.definitions.blueprint.defined(MetricDefinition.self).first(where: { $0.key == visit.parameters[0] })
        else { throw Self.nowhere }
        return found
    }

    private func metricPage(_ visit: Visit) async throws -> PageAnswer {
        let audiences = try houses()
        let metric = try metric(visit)
        let titles = audiences.company?.titles ?? FormulaTitles()
        let document = "metric/\(metric.key)"
        let version = try services.definitions.newest(of: document)
        let isInForce = audiences.company?.metrics.contains { $0.key == metric.key && $0.definition == metric.definition } ?? false
        let learned = services.mask.hides(metric.definition, audiences.company?.library) ? nil : audiences.model(of: metric.key)
        var fields: Fields = [
            "key": metric.key, "name": metric.definition.name, "meaning": metric.definition.meaning,
            "unit": MetricWords.unit(metric.definition.countedIn),
            "owner": metric.owner, "place": "/metric/\(metric.key)", "refreshed": "/metric/\(metric.key)", "mayDefine": visit.may(.administer),
            "isHiddenOnPages": !metric.definition.isShown,
            "explained": metric.definition.explained(titles, learned: learned, visit.formats),
            "versions": "/settings/definitions/" + Parameters.encoded(document) + "#versions",
            "version": version.map { "Version \($0.number) by \($0.author), \(visit.formats.shortDate($0.at))" },
        ]
        if let formula = metric.definition.formula(learned: learned) {
            // Each kind of engagement on a line of its own.
            let isEngagement = if case .engagement = metric.definition.way { true } else { false }
            fields["formula"] = FormulaField(
                name: "formula", label: "Formula", hint: "", text: isEngagement ? formula.replacing(" + ", with: "\n+ ") : formula.trimmedEnd,
                kind: .value
            ).fields(titles)
        }
        if !isInForce { fields["preparing"] = preparing(audiences) ?? ["words": "It is put to work in a moment."] }
        fields["uses"] = Self.useFields(audiences.company?.uses { $0.metrics.contains(metric.key) })
        fields.merge(try spreadPlaces(metric, audiences, visit))
        if fields["isMasked"] == nil { fields["model"] = modelFields(metric, audiences, visit) }
        return try await page("metric", title: metric.definition.name, room: "metrics", visit, fields)
    }

    private func spreadPart(_ visit: Visit) throws -> PageAnswer {
        try part("metric-spread", try spreadPlaces(metric(visit), houses(), visit))
    }

    private func spreadPlaces(_ metric: Defined<MetricDefinition>, _ audiences: Audiences, _ visit: Visit) throws -> Fields {
        var fields: Fields = ["spreadPlace": "/metric/\(metric.key)/spread", "pagePlace": "/metric/\(metric.key)"]
        guard let company = audiences.company, company.metrics.contains(where: { $0.key == metric.key }) else { return fields }
        guard !services.mask.hides(metric.definition, company.library) else {
            fields["isMasked"] = true
            return fields
        }
        guard let spread = audiences.spreads()?[metric.key] else {
            fields["isWaiting"] = true
            return fields
        }
        fields["spread"] = spreadFields(spread, unit: metric.definition.countedIn, visit)
        return fields
    }

    /// How values are spread: quartiles, a small drawing, and the same as a table.
    func spreadFields(_ spread: Audiences.Spread, unit: String?, _ visit: Visit) -> Fields {
        func text(_ number: Double) -> String { MetricWords.text(number, spread.type, unit: unit, visit.formats) }
        var fields: Fields = [
            "known": Formats.number(spread.known), "people": Formats.number(spread.people), "share": Self.share(spread.known, spread.people),
            "isUnknown": spread.known == 0, "type": spread.type == .flag ? "yes or no" : spread.type.rawValue,
        ]
        if spread.type == .flag, let mean = spread.mean {
            fields["yes"] = Self.share(Int((mean * Double(spread.known)).rounded()), spread.known)
        } else if spread.quantiles.count == 5 {
            fields["median"] = text(spread.quantiles[2])
            fields["mean"] = spread.type == .date ? nil : spread.mean.map(text)
            fields["quantiles"] = zip(["Least", "A quarter is below", "Median", "A quarter is above", "Greatest"], spread.quantiles).map {
                ["name": $0, "value": text($1)] as Fields
            }
            fields["hasQuantiles"] = true
        }
        let most = Double(spread.bins.map(\.count).max() ?? 0)
        let width = 600 / Double(max(1, spread.bins.count))
        fields["bars"] = spread.bins.enumerated().map { i, bin -> Fields in
            let height = most > 0 ? 120 * Double(bin.count) / most : 0
            let isOne = bin.to.map { $0 - bin.from == 1 && bin.from == bin.from.rounded() && spread.type == .number } ?? false
            let label = bin.to.map { isOne ? text(bin.from) : "\(text(bin.from)) to under \(text($0))" } ?? "\(text(bin.from)) or more"
            return [
                "x": Formats.drawn((Double(i) + 0.1) * width), "y": Formats.drawn(120 - height), "width": Formats.drawn(width * 0.8),
                "height": Formats.drawn(height), "label": label, "count": Formats.number(bin.count),
            ]
        }
        fields["hasBars"] = spread.bins.count > 1
        fields["first"] = spread.bins.first.map { text($0.from) }
        fields["last"] = spread.bins.last.map { bin in bin.to == nil ? text(bin.from) + " or more" : text(spread.quantiles.last ?? bin.from) }
        // A text may be personal, wherever it comes from.
        let texts = services.mask.isNone ? spread.texts : []
        fields["texts"] = texts.map { ["text": $0.text, "count": Formats.number($0.count)] as Fields }
        fields["hasTexts"] = !texts.isEmpty
        if spread.lookedAt < spread.known { fields["lookedAt"] = "Of \(Formats.number(spread.lookedAt)) of them, taken evenly." }
        return fields
    }
}
