import Audiences
import Audit
import Customers
import Definitions
import Formula
import Kernel
import Pipeline
import Rendering

/// Audiences: all of them, and each with who belongs, how it grew, and what its members have in common.
extension Console {
    static let audiencesRoutes: [PageRoute] = [
        PageRoute(.get, "/audiences", .read, to: "see audiences") { try await $0.audiencesPage($1) },
        PageRoute(.get, "/audiences/:key", .read, to: "see audiences", audit: .view) { try await $0.audiencePage($1) },
        PageRoute(.get, "/audiences/:key/sizes", .read, to: "see audiences") { try $0.sizesPart($1) },
        PageRoute(.get, "/audiences/:key/others", .read, to: "see audiences") { try await $0.othersPart($1) },
        PageRoute(.get, "/audiences/:key/members", .read, to: "see audiences", audit: .view) { try await $0.membersPage($1) },
        PageRoute(.get, "/audiences/:key/members.csv", .export, to: "take customers out", audit: .export) { try await $0.membersFile($1) },
    ]

    /// Members on a page of them.
    static let membersPage = 50
    /// Audiences, or metrics, from which on their list can be searched.
    static let searchedFrom = 10
    /// Weeks of the past that an audience's page shows.
    static let sizeWeeks: Int64 = 12

    /// The audience that the path names.
    /// - Throws: a 404 problem.
    private func audience(_ visit: Visit) throws -> Defined<AudienceDefinition> {
        guard services.audiences != nil,
            let found = services.definitions.blueprint.defined(AudienceDefinition.self).first(where: { $0.key == visit.parameters[0] })
        else { throw Self.nowhere }
        return found
    }

    func houses() throws -> Audiences {
        guard let audiences = services.audiences else { throw Self.nowhere }
        return audiences
    }

    /// What is being put to work, in words; nil when all of it is.
    func preparing(_ audiences: Audiences) -> Fields? {
        switch audiences.phase {
        case .ready: return nil
        case .preparing(let progress):
            var fields: Fields = ["words": "Definitions that changed are being put to work. What was in force before holds until then."]
            if let progress, progress.of > 0 {
                fields["done"] = "\(progress.done)"
                fields["all"] = "\(progress.of)"
                fields["percent"] = "\(100 * progress.done / progress.of)%"
            }
            return fields
        case .failed(let reason):
            return [
                "words": "The definitions cannot be put to work, and it is tried again: \(reason). What was in force before holds.", "isFailed": true,
            ]
        }
    }

    /// `worked out 3 s ago`
    func workedOut(_ audiences: Audiences, _ visit: Visit) -> String? {
        audiences.swept.map { "worked out \(Formats.span(max(0, (visit.formats.now - $0.at) / 1000))) ago" }
    }

    private func audiencesPage(_ visit: Visit) async throws -> PageAnswer {
        let audiences = try houses()
        let all = services.definitions.blueprint.defined(AudienceDefinition.self).sorted { $0.definition.name < $1.definition.name }
        let search = visit.request.query["search"].map { String($0.prefix(Self.searchLength)) }
        let wanted = search.map { TextCase.folded($0) }
        let shown = all.filter { audience in
            wanted.map { word in
                [audience.definition.name, audience.definition.purpose ?? "", audience.owner ?? ""].contains { TextCase.folded($0).contains(word) }
            } ?? true
        }
        let sizes = try audiences.sizes(since: visit.formats.start(of: visit.formats.today))
        let swept = audiences.swept
        let company = audiences.company
        let rows = shown.map { audience -> Fields in
            let isInForce = company?.audiences.contains { $0.key == audience.key && $0.definition == audience.definition } ?? false
            let size = swept == nil || company?.audiences.contains { $0.key == audience.key } != true ? nil : sizes["audience/\(audience.key)"]
            return [
                "href": "/audiences/\(audience.key)", "name": audience.definition.name, "purpose": audience.definition.purpose,
                "owner": audience.owner,
                "size": size.map { Formats.number($0.people) }, "share": size.flatMap { size in swept.map { Self.share(size.people, $0.people) } },
                "entered": size.map { Formats.number($0.entered) }, "left": size.map { Formats.number($0.left) }, "isPreparing": !isInForce,
            ]
        }
        return try await page(
            "audiences", title: "Audiences", room: "audiences", visit,
            [
                "rows": rows, "hasRows": !rows.isEmpty, "isEmpty": all.isEmpty, "isNone": !all.isEmpty && rows.isEmpty,
                "hasSearch": all.count >= Self.searchedFrom || search != nil, "q": "", "asked": search,
                "count": Formats.counted(all.count, "audience"), "workedOut": workedOut(audiences, visit),
                "mayDefine": visit.may(.administer), "preparing": preparing(audiences), "refreshed": "/audiences",
            ])
    }

    private func audiencePage(_ visit: Visit) async throws -> PageAnswer {
        let audiences = try houses()
        let audience = try audience(visit)
        visit.trail.subject = "audience/\(audience.key)"
        let set = "audience/\(audience.key)"
        let company = audiences.company
        let known = company?.audiences.first { $0.key == audience.key }
        let isInForce = known?.definition == audience.definition
        let swept = audiences.swept
        let size = try audiences.sizes(since: visit.formats.start(of: visit.formats.today))[set]
        let titles = company?.titles ?? FormulaTitles()
        let members = known == nil ? [] : try audiences.members(of: set, limit: Self.sampled).sorted { $0.since.at > $1.since.at }
        let version = try services.definitions.newest(of: set)
        func field(_ name: String, _ label: String, _ text: String?) -> Fields? {
            text.map { text in
                var fields = FormulaField(name: name, label: label, hint: "", text: text.trimmedEnd, kind: .condition).fields(titles)
                fields["isShown"] = true
                return fields
            }
        }
        var fields: Fields = [
            "key": audience.key, "name": audience.definition.name, "purpose": audience.definition.purpose, "owner": audience.owner,
            "place": "/audiences/\(audience.key)", "refreshed": "/audiences/\(audience.key)", "mayDefine": visit.may(.administer),
            "isKnown": known != nil && swept != nil, "size": size.map { Formats.number($0.people) },
            "share": size.flatMap { size in swept.map { Self.share(size.people, $0.people) + " of " + Formats.number($0.people) } },
            "entered": Formats.number(size?.entered ?? 0), "left": Formats.number(size?.left ?? 0), "workedOut": workedOut(audiences, visit),
            "file": visit.may(.export) ? "/audiences/\(audience.key)/members.csv" : nil,
            "members": try await memberFields(members, visit), "isNobody": members.isEmpty,
            "who": field("who", "Who belongs", audience.definition.who.text),
            "except": field("except", "But never", audience.definition.except?.text),
            "explained": audience.definition.who.tree.map { Explainer.explain($0, titles: titles) },
            "never": audience.definition.except?.tree.map { Explainer.explain($0, titles: titles) },
            "versions": "/settings/definitions/" + Parameters.encoded(set) + "#versions",
            "version": version.map { "Version \($0.number) by \($0.author), \(visit.formats.shortDate($0.at))" },
        ]
        if !isInForce { fields["preparing"] = preparing(audiences) ?? ["words": "It is put to work in a moment."] }
        fields["hears"] = visit.may(.administer) ? hearers(of: audience.key) : nil
        fields["uses"] = Self.useFields(company?.uses { $0.audiences.contains(audience.key) })
        fields.merge(try sizesFields(audience.key, audiences, visit))
        fields.merge(try await othersFields(audience.key, audiences, visit))
        return try await page("audience", title: audience.definition.name, room: "audiences", visit, fields)
    }

    static func useFields(_ uses: [Company.Use]?) -> [Fields] {
        (uses ?? []).map { ["kind": $0.kind, "name": $0.name, "href": $0.place] }
    }

    private func memberFields(_ members: [Audiences.Member], _ visit: Visit) async throws -> [Fields] {
        var rows: [Fields] = []
        for member in members {
            guard let view = try await services.view(.id(member.customer)) else { continue }
            let who = Who(view)
            rows.append([
                "href": "/customers/\(view.id)", "title": who.title, "initials": who.initials, "note": who.nameless,
                "since": visit.formats.since(member.since), "at": member.since.at.rfc3339, "whole": visit.formats.whole(member.since.at),
            ])
        }
        return rows
    }

    // MARK: The past

    private func sizesPart(_ visit: Visit) throws -> PageAnswer {
        let audience = try audience(visit)
        return try part("audience-sizes", try sizesFields(audience.key, houses(), visit))
    }

    private func sizesFields(_ key: String, _ audiences: Audiences, _ visit: Visit) throws -> Fields {
        var fields: Fields = ["sizesPlace": "/audiences/\(key)/sizes", "pagePlace": "/audiences/\(key)"]
        guard audiences.company?.audiences.contains(where: { $0.key == key }) == true else { return fields }
        let week: Int64 = 604_800
        guard let past = audiences.pastSizes(of: key, last: visit.formats.now, step: week, count: Int(Self.sizeWeeks) + 1) else {
            fields["isWaiting"] = true
            return fields
        }
        var points = past.map { (at: $0.at, people: $0.people, isNow: false) }
        if let now = try audiences.sizes(since: visit.formats.now)["audience/\(key)"] { points.append((visit.formats.now, now.people, true)) }
        guard let first = points.first, let last = points.last else { return fields }
        let most = Self.top(points.map(\.people).max() ?? 0)
        func x(_ at: Instant) -> Double { 600 * Double(at - first.at) / Double(max(1, last.at - first.at)) }
        func y(_ people: Int) -> Double { 200 * (1 - Double(people) / Double(most)) }
        let difference = last.people - first.people
        let change =
            difference == 0
            ? "as many as \(Self.sizeWeeks) weeks ago"
            : "\(Formats.number(abs(difference))) \(difference > 0 ? "more" : "fewer") than \(Self.sizeWeeks) weeks ago"
        fields["chart"] =
            [
                "points": points.map { Formats.drawn(x($0.at)) + "," + Formats.drawn(y($0.people)) }.joined(separator: " "),
                "top": Formats.number(most), "middle": most % 2 == 0 ? Formats.number(most / 2) : nil,
                "from": visit.formats.shortDay(first.at), "to": "now", "change": change,
                "label": "Size by week: \(Formats.number(first.people)) on \(visit.formats.shortDay(first.at)), now \(Formats.number(last.people))",
                "rows": points.reversed().map { point -> Fields in
                    ["at": point.isNow ? "Now" : visit.formats.shortDate(point.at), "people": Formats.number(point.people)]
                },
            ] as Fields
        return fields
    }

    /// A round number at or above the largest, even, so that its half is one too.
    static func top(_ most: Int) -> Int {
        guard most > 2 else { return 2 }
        var power = 1
        while power * 10 <= most { power *= 10 }
        return [1, 2, 4, 6, 8, 10].map { $0 * power }.first { $0 >= most && $0 % 2 == 0 } ?? most + most % 2
    }

    // MARK: Others

    private func othersPart(_ visit: Visit) async throws -> PageAnswer {
        let audience = try audience(visit)
        return try part("audience-others", try await othersFields(audience.key, houses(), visit))
    }

    private func othersFields(_ key: String, _ audiences: Audiences, _ visit: Visit) async throws -> Fields {
        var fields: Fields = ["othersPlace": "/audiences/\(key)/others", "pagePlace": "/audiences/\(key)"]
        guard let company = audiences.company, company.audiences.contains(where: { $0.key == key }) else { return fields }
        guard let found = audiences.comparison(of: key) else {
            fields["isOthersWaiting"] = true
            fields["asksAgain"] = true
            return fields
        }
        let metrics = Dictionary(company.metrics.map { ($0.key, $0) }) { a, _ in a }
        let differences = found.differences.filter { abs($0.size) >= 0.2 }.prefix(6).compactMap { difference -> Fields? in
            guard let metric = metrics[difference.metric], !services.mask.hides(metric.definition, company.library) else { return nil }
            let unit = metric.definition.countedIn
            return [
                "name": metric.definition.name, "href": "/metric/\(metric.key)", "words": Self.words(difference),
                "members": MetricWords.text(difference.members, difference.type, unit: unit, visit.formats),
                "others": MetricWords.text(difference.others, difference.type, unit: unit, visit.formats),
                "size": Formats.number(difference.size, places: 1),
            ]
        }
        let desk = try desk()
        var reach: [Audiences.Reach]?
        if let words = try? desk.words() {
            reach = try? await desk.ask { desk.audiences.reach("in audience \(key)", words.names) }
        }
        fields["asksAgain"] = reach == nil
        fields["others"] =
            [
                "differences": differences, "hasDifferences": !differences.isEmpty, "hasMetrics": !metrics.isEmpty,
                "overlaps": found.overlaps.map { overlap -> Fields in
                    [
                        "name": overlap.name, "href": "/audiences/\(overlap.key)", "both": Formats.number(overlap.both),
                        "share": Self.share(overlap.both, found.members),
                        "width": Formats.drawn(96 * Double(overlap.both) / Double(max(1, found.members))),
                    ]
                }, "hasOverlaps": !found.overlaps.isEmpty, "isNobody": found.members == 0, "reach": Self.reachFields(reach, of: found.members),
                "isReachKnown": reach != nil,
            ] as Fields
        return fields
    }

    /// `much higher`, `a little earlier`
    private static func words(_ difference: Audiences.Comparison.Difference) -> String {
        let size = abs(difference.size)
        let how = size >= 0.8 ? "much " : size >= 0.5 ? "" : "a little "
        let isMore = difference.size > 0
        return switch difference.type {
        case .flag: how + (isMore ? "more often yes" : "less often yes")
        case .date: how + (isMore ? "later" : "earlier")
        case .duration: how + (isMore ? "longer" : "shorter")
        default: how + (isMore ? "higher" : "lower")
        }
    }

    // MARK: Members

    private func membersPage(_ visit: Visit) async throws -> PageAnswer {
        let audiences = try houses()
        let audience = try audience(visit)
        visit.trail.subject = "audience/\(audience.key)"
        let set = "audience/\(audience.key)"
        let asked = max(1, visit.request.query["page"].flatMap { Int($0) } ?? 1)
        let number = min(asked, 100_000)
        let size = try audiences.sizes(since: visit.formats.now)[set]
        let offset = (number - 1) * Self.membersPage
        let found = try audiences.members(of: set, offset: offset, limit: Self.membersPage + 1)
        let place = "/audiences/\(audience.key)"
        return try await page(
            "audience-members", title: "Who belongs to \(audience.definition.name)", room: "audiences", visit,
            [
                "name": audience.definition.name, "place": place, "count": Formats.counted(size?.people ?? 0, "customer"),
                "members": try await memberFields(found.prefix(Self.membersPage).sorted { $0.since.at > $1.since.at }, visit),
                "isNobody": found.isEmpty,
                "earlier": number > 1 ? "\(place)/members?page=\(number - 1)" : nil,
                "later": found.count > Self.membersPage ? "\(place)/members?page=\(number + 1)" : nil,
                "hasPages": number > 1 || found.count > Self.membersPage,
                "range": "\(Formats.number(offset + 1)) to \(Formats.number(offset + min(found.count, Self.membersPage)))",
                "file": visit.may(.export) ? "\(place)/members.csv" : nil,
            ])
    }

    private func membersFile(_ visit: Visit) async throws -> PageAnswer {
        let audiences = try houses()
        let audience = try audience(visit)
        let set = "audience/\(audience.key)"
        let size = try audiences.sizes(since: visit.formats.now)[set]?.people ?? 0
        visit.trail.subject = set
        visit.trail.detail = Formats.counted(size, "customer")
        visit.trail.isSilent = visit.request.method == .head
        let view = services.view
        let writer = MembersCSV(audiences, set: set) { try await view(.id($0)) }
        return PageAnswer(
            status: 200,
            headers: [
                ("content-type", "text/csv; charset=utf-8; header=present"),
                ("content-disposition", "attachment; filename=\"\(audience.key)-\(visit.formats.today.iso).csv\""), ("sightline-rows", String(size)),
            ], body: .pieces { try await writer.next() })
    }
}
