import Access
import Audiences
import Customers
import Formula
import Kernel
import Ledger
import Rendering

/// One stage: who is in it, where they came from and where they go, what they say there.
extension Console {
    /// Members on a page.
    static let membersShown = 25
    /// What customers said is looked for among so many newest interactions,
    static let saidAmong = 2_000
    /// then with so many who came into the stages last, in so many of what each did last.
    static let askedMembers = 180
    static let askedOfEach = 20
    /// Quotes on the page of a stage.
    static let quotesShown = 5

    func stagePage(_ name: String, _ visit: Visit) async throws -> PageAnswer {
        guard let state = try lifecycleState(visit.formats.now), let place = state.stages.firstIndex(where: { $0.name == name }),
            let audiences = services.audiences
        else { throw Self.nowhere }
        let stage = state.stages[place]
        let size = state.size(stage)
        let here = "/lifecycle/" + Parameters.encoded(stage.name)
        var fields: Fields = [
            "name": stage.name, "place": "Stage \(place + 1) of \(state.stages.count)", "wants": stage.wants,
            "owner": stage.owner ?? state.company.lifecycleOwner, "document": lifecyclePlace(visit), "mayChange": visit.may(.administer),
            "again": here + "?part=1", "isFirst": place == 0,
            "figures": figures(place, size, state),
        ]
        if let when = stage.when {
            fields["formula"] = when.text
            fields["words"] = when.tree.map { Explainer.explain($0, titles: state.titles) }
        }
        let isLast = place == state.stages.count - 1
        fields["rule"] =
            place == 0
            ? "Everybody is here for whom the formula of no other stage holds."
            : isLast ? "Whoever this holds for is here." : "Whoever this holds for is here, unless a later stage’s formula holds for them too."
        if let flow = state.flow { fields.merge(ways(place, flow, state.stages.map(\.name))) } else { fields["isWaiting"] = true }
        if visit.request.query["part"] != nil {
            // No customer is in it.
            visit.trail.isSilent = true
            return try part("stage-flow", fields)
        }
        fields["quotes"] = try await quotes(from: [stage.name], each: Self.quotesShown, visit.formats)[stage.name]
        fields.merge(try await members(stage.name, place, size, audiences, visit))
        return try await page("stage", title: stage.name, room: "lifecycle", visit, fields)
    }

    private func figures(_ place: Int, _ size: Audiences.Size?, _ state: LifecycleState) -> [Fields] {
        let count = size?.people ?? 0
        let stay = state.flow.map { Self.weeks($0.medianWeeks[place]) } ?? "…"
        return [
            ["name": "Customers", "value": Formats.number(count), "basis": Formats.share(count, of: state.people) + " of all, now"],
            [
                "name": "Came in", "value": state.flow.map { Formats.number(Self.came(to: place, $0)) } ?? "…",
                "basis": "in the last 7 days: they are here, and were not before",
            ],
            [
                "name": "Left", "value": state.flow.map { Formats.number(Self.gone(from: place, $0)) } ?? "…",
                "basis": "in the last 7 days: they were here, and are not now",
            ],
            [
                "name": "They stay", "value": stay,
                "basis": stay == "–"
                    ? "nobody came and left in the last \(Self.lifecycleWeeks) weeks"
                    : "the median of those who came and left in the last \(Self.lifecycleWeeks) weeks",
            ],
        ]
    }

    /// Where they came from and where they go, by the newest weeks.
    private func ways(_ place: Int, _ flow: Audiences.Flow, _ names: [String]) -> Fields {
        let weeks = flow.moves.count
        let moves = Self.moves(flow, weeks - Self.moveWeeks..<weeks)
        let new = Double(flow.new.suffix(Self.moveWeeks).reduce(0) { $0 + $1[place] }) / Double(Self.moveWeeks)
        var from = moves.filter { $0.to == place }.map { (name: Optional(names[$0.from]), perWeek: $0.perWeek) }
        if new > 0 { from.append((nil, new)) }
        let to = moves.filter { $0.from == place }.map { (name: Optional(names[$0.to]), perWeek: $0.perWeek) }
        func rows(_ all: [(name: String?, perWeek: Double)]) -> [Fields] {
            let most = max(0.1, (from + to).map(\.perWeek).max() ?? 0)
            return all.sorted { $0.perWeek > $1.perWeek }.map { row in
                [
                    "name": row.name ?? "new customers", "place": row.name.map { "/lifecycle/" + Parameters.encoded($0) },
                    "perWeek": LifecyclePicture.words(row.perWeek), "width": Formats.drawn(96 * row.perWeek / most),
                ]
            }
        }
        return ["from": rows(from), "to": rows(to), "noFrom": from.isEmpty, "noTo": to.isEmpty]
    }

    /// Who is in a stage: who came in last first. Nobody comes into the first from nowhere, so of it some are shown.
    private func members(_ name: String, _ place: Int, _ size: Audiences.Size?, _ audiences: Audiences, _ visit: Visit) async throws -> Fields {
        let offset = min(max(0, Int(visit.request.query["from"] ?? "") ?? 0), 100_000)
        var found = try audiences.members(of: "lifecycle/\(name)", offset: offset, limit: Self.membersShown + 1)
        let hasMore = found.count > Self.membersShown
        found = found.prefix(Self.membersShown).sorted { $0.since.at > $1.since.at }
        var rows: [Fields] = []
        for member in found { rows.append(try await person(member.customer, since: member.since, visit)) }
        if place == 0, offset == 0, !hasMore, let names = audiences.names,
            case .answer(let answer) = audiences.ask(
                "stage is \"\(name.replacing("\"", with: "\\\""))\"", names.names, sampleCount: Self.membersShown)
        {
            let known = Set(found.map(\.customer))
            for customer in answer.sample where !known.contains(customer) && rows.count < Self.membersShown {
                rows.append(try await person(customer, since: audiences.belongings(of: customer).stage?.since, visit))
            }
        }
        let here = "/lifecycle/" + Parameters.encoded(name)
        return [
            "members": rows, "noMembers": rows.isEmpty,
            "shown": place == 0
                ? "Some of them"
                : found.contains(where: \.since.isFound) ? "Who came in last first, then whom the definition found" : "Who came in last first",
            "earlier": offset > 0 ? here + (offset > Self.membersShown ? "?from=\(offset - Self.membersShown)" : "") + "#who" : nil,
            "later": hasMore ? here + "?from=\(offset + Self.membersShown)#who" : nil, "hasPages": offset > 0 || hasMore,
            "range": "\(Formats.number(offset + 1)) to \(Formats.number(offset + rows.count)) of \(Formats.number(size?.people ?? rows.count))",
        ]
    }

    /// A row of a list of members.
    func person(_ customer: CustomerID, since: Audiences.Since?, _ visit: Visit) async throws -> Fields {
        guard let view = try await services.view(.id(customer)) else { return ["title": "Somebody who was erased"] }
        let who = Who(view)
        return [
            "place": "/customers/\(view.id)", "title": who.title, "initials": who.initials, "note": who.nameless,
            "since": since.map(visit.formats.since),
            "at": since?.at.rfc3339, "whole": since.map { visit.formats.whole($0.at) }, "last": view.lastSeen.map(visit.formats.ago),
        ]
    }

    /// The newest words of customers, by the stage that they are in now: of the newest interactions of everybody, and where these have too
    /// few, of those who came into the stage last.
    func quotes(from stages: [String], each: Int, _ formats: Formats) async throws -> [String: [Fields]] {
        guard let audiences = services.audiences else { return [:] }
        var found: [String: [Fields]] = [:]
        var seen: Set<CustomerID> = []
        func isFull(_ stage: String) -> Bool { found[stage]?.count ?? 0 >= each }
        for item in try services.newest(Self.saidAmong) where item.interaction.direction == .in {
            guard EventCatalogue.sentence(History.telling(item, services.json, formats)).words != nil, !seen.contains(item.customer),
                let stage = audiences.stage(of: item.customer), stages.contains(stage), !isFull(stage),
                // Once more, as whoever looks gets to see it.
                let shown = try await services.interaction(item.customer, item.interaction.position),
                let quote = try await quote(shown, of: item.customer, formats)
            else { continue }
            seen.insert(item.customer)
            found[stage, default: []].append(quote)
            if stages.allSatisfy(isFull) { break }
        }
        var spoken = HistoryFilter()
        spoken.directions = [.in]
        for stage in stages where !isFull(stage) {
            for member in try audiences.members(of: "lifecycle/\(stage)", limit: Self.askedMembers / stages.count)
            where !seen.contains(member.customer) {
                for item in try await services.history(member.customer, spoken, nil, Self.askedOfEach).items {
                    guard let quote = try await quote(item, of: member.customer, formats) else { continue }
                    seen.insert(member.customer)
                    found[stage, default: []].append(quote)
                    break
                }
                if isFull(stage) { break }
            }
        }
        return found
    }

    /// An interaction as a quote; nil when nothing is said in it, or what is said is hidden.
    private func quote(_ item: HistoryItem, of customer: CustomerID, _ formats: Formats) async throws -> Fields? {
        let sentence = EventCatalogue.sentence(History.telling(item, services.json, formats))
        guard let words = sentence.words, words != Mask.hidden, let view = try await services.view(.id(customer)) else { return nil }
        return [
            "words": words.count > 280 ? words.prefix(279) + "…" : words, "who": Who(view).title,
            "href": "/customers/\(view.id)/interactions/\(item.interaction.position.raw)", "what": sentence.does,
            "when": formats.ago(item.interaction.at), "at": item.interaction.at.rfc3339,
        ]
    }
}
