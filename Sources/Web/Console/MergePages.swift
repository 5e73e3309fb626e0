import Access
import Customers
import Kernel
import Rendering

extension Console {
    /// Two customers side by side, so that somebody can decide whether they are one.
    func compare(_ a: CustomerView, _ b: CustomerView, _ formats: Formats) -> Fields {
        let common = Set(a.traits.map { Properties.plain($0.key) }).intersection(b.traits.map { Properties.plain($0.key) })
        return ["sides": [side(a, b, common, formats), side(b, a, common, formats)]]
    }

    /// A trait's value in one line.
    private static func line(_ value: JSON, _ formats: Formats) -> String {
        let parts = (value.members?.map(\.value) ?? value.array ?? [value]).filter { !$0.isNull }
        return parts.map { $0.string.flatMap(formats.readable) ?? PropertyRow.plain($0) }.joined(separator: ", ")
    }

    private func side(_ view: CustomerView, _ other: CustomerView, _ common: Set<String>, _ formats: Formats) -> Fields {
        let who = Who(view)
        let identifiers = view.identifiers.filter(\.unique).sorted { $0.firstSeen < $1.firstSeen }
        // What both have comes first and in the same order, so that the eye can go across.
        let known = Set(view.identifiers.map(\.value))
        let traits = view.traits.filter { !$0.value.isNull && !($0.value.string.map(known.contains) ?? false) }.sorted {
            let x = Properties.plain($0.key)
            let y = Properties.plain($1.key)
            return common.contains(x) == common.contains(y) ? x < y : common.contains(x)
        }
        let seen = [view.firstSeen, view.lastSeen].compactMap { $0.map(formats.shortDate) }
        return [
            "title": who.title, "initials": who.initials, "href": "/customers/\(view.id)", "id": view.id.description,
            "identifiers": identifiers.prefix(8).map { identifier in
                // Of what is hidden nobody is told whether it is the same.
                let isSame =
                    identifier.value != Mask.hidden && other.identifiers.contains { $0.kind == identifier.kind && $0.value == identifier.value }
                return ["name": NameWords.title(identifier.kind), "value": identifier.value, "same": isSame] as Fields
            },
            "traits": traits.prefix(10).map { trait in
                let plain = Properties.plain(trait.key)
                let match = other.traits.first { Properties.plain($0.key) == plain }
                return [
                    "name": NameWords.title(trait.key), "value": Self.line(trait.value, formats),
                    "same": match?.value == trait.value && trait.value != .string(Mask.hidden),
                ] as Fields
            },
            "interactions": view.interactions == 0 ? "none" : Formats.number(view.interactions),
            "seen": seen.first == seen.last ? seen.first : seen.joined(separator: " to "),
            "channels": view.channels.sorted { $0.count > $1.count }.prefix(4).map { ChannelWords.title($0.name) + " " + Formats.number($0.count) }
                .joined(separator: ", "),
        ]
    }

    /// `/customers/{id}/merge`: find another customer, then look at both before they are joined.
    func mergePage(_ reference: String, _ visit: Visit) async throws -> PageAnswer {
        try Self.demand(.change, of: visit, to: "join customers")
        let view = try await customer(reference, visit)
        let who = Who(view)
        let place = "/customers/\(view.id)"
        if let with = visit.request.query["with"] {
            let other = try await customer(with, visit)
            guard other.id != view.id else { return .seeOther(place) }
            var fields = compare(view, other, visit.formats)
            fields["who"] = who.title
            fields["other"] = Who(other).title
            fields["back"] = place
            fields["post"] = place + "/merges"
            fields["with"] = other.id.description
            return try await page("merge", title: "Join two customers", room: "customers", visit, fields)
        }
        let q = visit.request.query["search"].map { $0.prefix(Self.searchLength).trimmed }
        var fields = try await results(q, visit, leavingOut: [view.id]) { "\(place)/merge?with=\($0.id)" }
        fields["who"] = who.title
        fields["back"] = place
        fields["q"] = q
        fields["place"] = place + "/merge"
        if visit.request.query["part"] == "results" {
            return try part("results", fields, at: "\(place)/merge" + (q.map { "?search=" + Parameters.encoded($0) } ?? ""))
        }
        return try await page("merge-find", title: "Join \(who.title) with another", room: "customers", visit, fields)
    }

    /// `POST /customers/{id}/merges`: the two are one.
    func merge(_ reference: String, _ visit: Visit) async throws -> PageAnswer {
        try Self.demand(.change, of: visit, to: "join customers")
        guard let with = visit.request.form["with"].flatMap(CustomerID.init) else {
            throw Problem(
                status: 422, kind: "no-customer", title: "No second customer was named", detail: "Nothing was changed. Choose one and try again.")
        }
        let view = try await customer(reference, visit)
        let other = try await customer(with.description, visit)
        guard view.id != other.id else { return .seeOther("/customers/\(view.id)") }
        let note = visit.request.form["note"].map { String($0.prefix(500)) }
        let merge = try await services.merge(view.id, other.id, note, visit.session.principal)
        sessions.leave(joined(Who(view).title, Who(other).title, merge), for: visit.session)
        return .seeOther("/customers/\(min(view.id, other.id))")
    }

    func joined(_ a: String, _ b: String, _ merge: Merge) -> Sessions.Flash {
        Sessions.Flash(
            text: "\(a) and \(b) are one customer now.", undo: "/customers/\(merge.kept)/merges/\(merge.id)/undo", undoLabel: "These are two people")
    }

    private func merge(_ number: String, of view: CustomerView) throws -> Merge {
        guard let number = Int64(number), let merge = view.merges.first(where: { $0.id == number }) else { throw Self.nowhere }
        return merge
    }

    /// `/customers/{id}/merges/{merge}/undo`: asks whether these are two people, and says what would follow.
    func undoPage(_ reference: String, _ number: String, _ visit: Visit) async throws -> PageAnswer {
        try Self.demand(.change, of: visit, to: "take customers apart")
        let view = try await customer(reference, visit)
        let merge = try merge(number, of: view)
        guard merge.undoneAt == nil else { return .seeOther("/customers/\(view.id)") }
        return try await page(
            "undo", title: "Two people?", room: "customers", visit,
            [
                "who": Who(view).title, "sentence": MergeWords.sentence(merge, visit.formats),
                "back": "/customers/\(view.id)",
                "post": "/customers/\(view.id)/merges/\(merge.id)/undo", "kept": merge.kept.description, "absorbed": merge.absorbed.description,
            ])
    }

    /// `POST /customers/{id}/merges/{merge}/undo`: they are two again.
    func undo(_ reference: String, _ number: String, _ visit: Visit) async throws -> PageAnswer {
        try Self.demand(.change, of: visit, to: "take customers apart")
        let view = try await customer(reference, visit)
        let merge = try merge(number, of: view)
        guard merge.undoneAt == nil else { return .seeOther("/customers/\(view.id)") }
        try await services.undo(merge.id, visit.session.principal)
        let flash = Sessions.Flash(
            text: "Two customers again, and they stay apart.", undo: "/customers/\(merge.kept)/merges", undoLabel: "Join again",
            fields: [Parameters.Pair(name: "with", value: merge.absorbed.description)])
        sessions.leave(flash, for: visit.session)
        return .seeOther("/customers/\(merge.kept)")
    }
}
