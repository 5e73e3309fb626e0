import Access
import Customers
import Kernel
import Ledger
import Notes
import Rendering

extension Console {
    static let nobody = Problem(
        status: 404, kind: "no-customer", title: "There is no such customer",
        detail:
            "Nobody has this id or identifier. It may be mistyped, or the customer was erased. Searching by name, e-mail or order number finds whom there is."
    )

    /// The customer that a part of a path leads to.
    func customer(_ reference: String, _ visit: Visit) async throws -> CustomerView {
        guard let reference = CustomerReference(reference), let view = try await services.view(reference) else { throw Self.nobody }
        if visit.trail.subject == nil { visit.trail.subject = view.id.description }
        return view
    }

    /// `/customers/{ref}`: who this is, why we think so, and what happened.
    func customerPage(_ reference: String, _ visit: Visit) async throws -> PageAnswer {
        let view = try await customer(reference, visit)
        let place = "/customers/\(view.id)"
        if reference != view.id.description {
            // Another id or an identifier of the same person: one person has one address.
            return .seeOther(place + (visit.request.query.pairs.isEmpty ? "" : "?" + visit.request.query.encoded))
        }
        return try await customerPage(view, visit)
    }

    /// - Parameters:
    ///   - refused: a note that was not written, and why.
    ///   - refusedConsent: a word on consent that was not written down, and why.
    func customerPage(_ view: CustomerView, _ visit: Visit, refused: RefusedNote? = nil, refusedConsent: RefusedConsent? = nil) async throws
        -> PageAnswer
    {
        let place = "/customers/\(view.id)"
        let who = Who(view)
        let ask = HistoryAsk(visit.request.query, visit.formats)
        var fields = try await history(view, who, ask, visit)
        try await addNotes(to: &fields, on: view, visit, refused)
        try addLooks(to: &fields, at: view, visit)
        await addRelationship(to: &fields, of: view, visit)
        try addStanding(to: &fields, of: view, visit)
        try await addDocuments(to: &fields, of: view, visit)
        try await addConsents(to: &fields, of: view, visit, refusedConsent)
        let mayDecide = visit.may(.change)
        fields["who"] = who.title
        fields["short"] = who.inline
        fields["initials"] = who.initials
        fields["nameless"] = who.nameless.map { $0.prefix(1).uppercased() + $0.dropFirst() }
        fields["facts"] = headline(view, visit.formats)
        fields["merge"] = mayDecide ? place + "/merge" : nil
        fields["place"] = place
        let about = About(view: view, who: who, formats: visit.formats, mayDecide: mayDecide)
        about.add(to: &fields)
        Filters(view: view, who: who, ask: ask, place: place, formats: visit.formats).add(to: &fields)
        return try await page(
            "customer", title: who.title, room: "customers", visit, status: refused?.status ?? (refusedConsent == nil ? 200 : 422), fields)
    }

    /// `/customers/{id}/history`: the days alone, for the script behind “Show earlier”.
    func historyPart(_ reference: String, _ visit: Visit) async throws -> PageAnswer {
        let view = try await customer(reference, visit)
        return try part("history", try await history(view, Who(view), HistoryAsk(visit.request.query, visit.formats), visit))
    }

    /// The days of the history and where the next ones are.
    private func history(_ view: CustomerView, _ who: Who, _ ask: HistoryAsk, _ visit: Visit) async throws -> Fields {
        let page = try await services.history(view.id, ask.filter, ask.cursor, History.pageSize)
        let history = History(formats: visit.formats, services: services, who: who, customer: view.id)
        var fields: Fields = ["days": history.days(page.items)]
        let place = "/customers/\(view.id)"
        if let next = page.next, let last = page.items.last {
            var query = ask.query
            query.add("cursor", next)
            fields["earlier"] =
                [
                    "href": place + "?" + query.encoded + "#timeline", "part": place + "/history?part=history&" + query.encoded,
                    "back": visit.formats.shortDate(last.interaction.at) + ", " + visit.formats.time(last.interaction.at),
                ] as Fields
        } else if !page.items.isEmpty {
            fields["isAll"] = true
        }
        if ask.cursor != nil { fields["newest"] = place + (ask.query.pairs.isEmpty ? "" : "?" + ask.query.encoded) + "#timeline" }
        if page.items.isEmpty {
            fields[ask.isFiltered ? "nothingFits" : view.interactions == 0 ? "nothingYet" : "nothingFits"] = true
            fields["all"] = place + "#timeline"
        }
        return fields
    }

    /// `Leeds · with us 14 months · last seen 3 h 22 min ago`
    private func headline(_ view: CustomerView, _ formats: Formats) -> String {
        var parts: [String] = []
        let city = ["city", "town"].lazy.compactMap { key in view.traits.first { $0.key.lowercased() == key }?.value.string }.first
        let address = view.traits.first { $0.key == "address" }?.value
        if let city = city ?? address?["city"]?.string, city != Mask.hidden { parts.append(city) }
        if let first = view.firstSeen {
            let since = formats.since(first)
            parts.append(since == "since today" ? "with us since today" : "with us " + since)
        }
        if let last = view.lastSeen {
            let channel = view.channels.first { $0.last == last }.flatMap { Self.by($0.name) }
            parts.append("last seen " + formats.ago(last) + (channel.map { ", " + $0 } ?? ""))
        }
        parts.append(view.interactions == 0 ? "no interactions" : Formats.counted(view.interactions, "interaction"))
        return parts.joined(separator: " · ")
    }
    /// How somebody came; nil for channels of which it cannot be said, as those that a company declared.
    private static func by(_ channel: String) -> String? {
        switch channel {
        case "store": "in a shop"
        case "web": "on the web"
        case "app", "chat": "in the \(channel)"
        case "social": "in public"
        case "email", "sms", "phone", "letter", "push": "by " + ChannelWords.inline(channel)
        default: nil
        }
    }

    /// `/customers/{id}/interactions/{position}`: all that is known of one interaction.
    func interactionPage(_ reference: String, _ position: String, _ visit: Visit) async throws -> PageAnswer {
        let view = try await customer(reference, visit)
        guard let raw = UInt64(position), let item = try await services.interaction(view.id, Position(raw: raw)) else {
            throw Self.nowhere
        }
        let who = Who(view)
        let history = History(formats: visit.formats, services: services, who: who, customer: view.id)
        let interaction = item.interaction
        let sentence = history.sentence(of: item)
        let isIn = interaction.direction == .in
        // What was said stands above in full, and is not repeated among the properties.
        let told = [sentence.words, sentence.said].compactMap { $0 }
        let members = Properties.notTold(services.json(interaction.properties)?.members ?? [], isNote: History.isNote(interaction), told)
        let properties = PropertyRow.rows(of: members, isFromCustomer: isIn, visit.formats)
        let context = PropertyRow.rows(of: services.json(interaction.context)?.members ?? [], isFromCustomer: false, visit.formats)
        var facts: [(String, String?)] = [
            ("What", interaction.name), ("When", visit.formats.whole(interaction.at)), ("Channel", ChannelWords.title(item.channel)),
            ("Direction", isIn ? "from " + who.inline : interaction.direction == .out ? "from us" : sentence.origin ?? "worked out"),
            ("Media", interaction.media.name),
        ]
        if abs(interaction.receivedAt - interaction.at) >= 60_000 { facts.append(("Came in", visit.formats.whole(interaction.receivedAt))) }
        for (kind, value) in interaction.identifiers { facts.append((NameWords.title(services.kindName(kind)), value)) }
        facts += [
            ("Value", interaction.value.map { Formats.number($0) }), ("Source", services.sourceName(interaction.source)),
            ("Message id", interaction.messageID),
            ("Position", String(interaction.position.raw)),
        ]
        return try await page(
            "interaction", title: interaction.name, room: "customers", visit,
            [
                "line": history.line(item), "who": who.title, "back": "/customers/\(view.id)", "words": sentence.words, "said": sentence.said,
                "facts": facts.filter { $0.1?.isEmpty == false }.map { ["name": $0.0, "value": $0.1] as Fields },
                "rows": properties.rows.map(\.fields),
                "more": properties.more, "hasMore": properties.more > 0, "context": context.rows.map(\.fields), "contextMore": context.more,
                "hasContextMore": context.more > 0,
            ])
    }
}

/// What part of a history an address asks for.
struct HistoryAsk: Sendable {
    var filter = HistoryFilter()
    var cursor: String?
    /// The filters as they stood in the address, without the cursor.
    var query = Parameters()
    var from: String?
    var to: String?

    init(_ query: Parameters, _ formats: Formats) {
        for channel in query.all("channel").prefix(40) { filter.channels.insert(channel) }
        for direction in query.all("direction") { if let found = Direction(name: direction) { filter.directions.insert(found) } }
        for name in query.all("name").prefix(40) { filter.names.insert(name) }
        if let text = query["from"], let day = formats.day(text) {
            from = text
            filter.since = formats.start(of: day)
        }
        if let text = query["to"], let day = formats.day(text) {
            to = text
            filter.until = formats.start(of: Formats.Day(number: day.number + 1))
        }
        cursor = query["cursor"]
        for channel in filter.channels.sorted() { self.query.add("channel", channel) }
        for direction in filter.directions.map(\.name).sorted() { self.query.add("direction", direction) }
        for name in filter.names.sorted() { self.query.add("name", name) }
        if let from { self.query.add("from", from) }
        if let to { self.query.add("to", to) }
    }

    var isFiltered: Bool { filter != HistoryFilter() }

    /// The filters' query without one of them, or with another instead.
    func query(replacing name: String, with value: String?) -> Parameters {
        var out = Parameters(query.pairs.filter { $0.name != name }.map { ($0.name, $0.value) })
        if let value { out.add(name, value) }
        return out
    }
}

/// The chips and the form above a timeline.
struct Filters: Sendable {
    let view: CustomerView
    let who: Who
    let ask: HistoryAsk
    let place: String
    let formats: Formats

    private func link(_ query: Parameters) -> String { place + (query.pairs.isEmpty ? "" : "?" + query.encoded) + "#timeline" }

    func add(to fields: inout Fields) {
        let channel = ask.filter.channels.first
        var chips: [Fields] = [
            [
                "href": link(ask.query(replacing: "channel", with: nil)), "label": "All", "count": Formats.number(view.interactions),
                "current": channel == nil,
            ]
        ]
        for count in view.channels.sorted(by: { $0.count > $1.count }) {
            chips.append([
                "href": link(ask.query(replacing: "channel", with: count.name)), "label": ChannelWords.title(count.name),
                "count": Formats.number(count.count), "current": ask.filter.channels.contains(count.name),
            ])
        }
        fields["chips"] = view.channels.count > 1 || ask.isFiltered ? chips : nil
        let directions: [(Direction, String)] = [(.in, "From " + who.inline), (.out, "From us"), (.internal, "Worked out")]
        fields["directions"] = directions.map { direction, label in
            ["value": direction.name, "label": label, "selected": ask.filter.directions == [direction]] as Fields
        }
        fields["names"] = view.names.sorted { $0.count > $1.count }.prefix(200).map { count in
            ["value": count.name, "label": count.name, "count": Formats.number(count.count), "selected": ask.filter.names == [count.name]] as Fields
        }
        fields["from"] = ask.from
        fields["to"] = ask.to
        fields["channel"] = channel
        fields["hasFilters"] = view.interactions > 0 || ask.isFiltered
        let isNarrowed = !ask.filter.directions.isEmpty || !ask.filter.names.isEmpty || ask.from != nil || ask.to != nil
        fields["isNarrowed"] = isNarrowed
        var active: [Fields] = []
        for direction in ask.filter.directions.sorted(by: { $0.rawValue < $1.rawValue }) {
            let label = directions.first { $0.0 == direction }?.1 ?? direction.name
            active.append(["label": label, "href": link(ask.query(replacing: "direction", with: nil))])
        }
        for name in ask.filter.names.sorted() { active.append(["label": name, "href": link(ask.query(replacing: "name", with: nil))]) }
        if let from = ask.from.flatMap(formats.day) {
            active.append(["label": "Since " + formats.date(from), "href": link(ask.query(replacing: "from", with: nil))])
        }
        if let to = ask.to.flatMap(formats.day) {
            active.append(["label": "Until " + formats.date(to), "href": link(ask.query(replacing: "to", with: nil))])
        }
        fields["active"] = active
        fields["hasActive"] = !active.isEmpty
    }
}
