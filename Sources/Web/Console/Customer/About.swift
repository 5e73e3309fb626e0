import Customers
import Kernel
import Ledger
import Rendering

/// What stands beside a timeline: what we were told, why this is one person, and how much happened where.
struct About: Sendable {
    let view: CustomerView
    let who: Who
    let formats: Formats
    /// Whether whoever looks may take people apart.
    let mayDecide: Bool

    /// This many traits, identifiers and names are shown at once; the rest on demand.
    static let shownTraits = 10
    static let shownIdentifiers = 8
    static let shownNames = 6
    static let shownMerges = 4

    func add(to fields: inout Fields) {
        let traits = view.traits.filter { !$0.value.isNull }.sorted { (Self.rank($0.key), $0.key) < (Self.rank($1.key), $1.key) }
        fields["traits"] = grouped(traits.prefix(Self.shownTraits))
        fields["moreTraits"] = grouped(traits.dropFirst(Self.shownTraits))
        fields["moreTraitsCount"] = traits.count > Self.shownTraits ? Formats.number(traits.count - Self.shownTraits) : nil
        fields["noTraits"] = traits.isEmpty

        let joining = view.identifiers.filter(\.unique).sorted { $0.firstSeen < $1.firstSeen }
        let found = view.identifiers.filter { !$0.unique }.sorted { $0.firstSeen > $1.firstSeen }
        let links = joining.map(link)
        fields["links"] = Array(links.prefix(Self.shownIdentifiers))
        fields["moreLinks"] = Array(links.dropFirst(Self.shownIdentifiers))
        fields["moreLinksCount"] = links.count > Self.shownIdentifiers ? Formats.number(links.count - Self.shownIdentifiers) : nil
        fields["foundBy"] = found.prefix(200).map {
            ["kind": NameWords.title($0.kind), "value": $0.value, "date": formats.shortDate($0.firstSeen)] as Fields
        }
        fields["foundByCount"] = found.isEmpty ? nil : "Also found by " + Formats.counted(found.count, "number")
        let merges = view.merges.sorted { $0.at < $1.at }
        fields["merges"] = merges.prefix(Self.shownMerges).map(merge)
        fields["moreMerges"] = merges.dropFirst(Self.shownMerges).map(merge)
        fields["moreMergesCount"] = merges.count > Self.shownMerges ? Formats.number(merges.count - Self.shownMerges) : nil
        let standing = merges.filter { $0.undoneAt == nil }.count
        fields["why"] = why(joining.count, standing)
        fields["ids"] = view.ids.map(\.description).joined(separator: ", ")

        let most = max(1, view.channels.map(\.count).max() ?? 1)
        fields["channels"] = view.channels.sorted { $0.count > $1.count }.map { count in
            [
                "title": ChannelWords.title(count.name), "count": Formats.number(count.count), "last": formats.ago(count.last),
                "width": Formats.drawn(Double(count.count) / Double(most) * 96),
            ] as Fields
        }
        let names = view.names.sorted { $0.count > $1.count }.map { count in
            [
                "title": count.name, "count": Formats.number(count.count), "last": formats.ago(count.last),
                "href": "/customers/\(view.id)?name=\(Parameters.encoded(count.name))#timeline",
            ] as Fields
        }
        fields["hasEvents"] = !names.isEmpty
        fields["events"] = Array(names.prefix(Self.shownNames))
        fields["moreEvents"] = Array(names.dropFirst(Self.shownNames))
        fields["moreEventsCount"] = names.count > Self.shownNames ? Formats.number(names.count - Self.shownNames) : nil
    }

    private func why(_ identifiers: Int, _ merges: Int) -> String {
        switch (identifiers, merges) {
        case (0, 0): "Nothing identifies this customer any more."
        case (1, 0): "One identifier, so nothing had to be joined."
        case (_, 0): "Each of these came together with one known before, so nothing had to be joined."
        default: "\(Formats.counted(identifiers, "identifier")), joined \(merges == 1 ? "once" : merges == 2 ? "twice" : "\(merges) times"):"
        }
    }

    /// What people look for first stands first.
    private static func rank(_ key: String) -> Int {
        let order = [
            "name", "firstname", "givenname", "lastname", "surname", "email", "phone", "company", "title", "birthday", "dateofbirth", "address",
            "street",
            "city", "postcode", "postalcode", "zip", "state", "country", "locale", "language",
        ]
        return order.firstIndex(of: Properties.plain(key)) ?? order.count
    }

    /// Traits with when and from where they were told; those that came together stand together, and it is said once.
    private func grouped(_ traits: ArraySlice<Trait>) -> [Fields] {
        var groups: [(origin: String, traits: [Fields])] = []
        for trait in traits {
            let origin = origin(of: trait)
            if let at = groups.firstIndex(where: { $0.origin == origin }) {
                groups[at].traits.append(fields(of: trait))
            } else {
                groups.append((origin, [fields(of: trait)]))
            }
        }
        return groups.map { ["origin": $0.origin, "traits": $0.traits] }
    }
    private func origin(of trait: Trait) -> String {
        let parts = [
            "Told " + formats.shortDate(trait.at), trait.channel == "other" ? nil : ChannelWords.inline(trait.channel),
            trait.source.map { "by " + $0 },
        ]
        return parts.compactMap { $0 }.joined(separator: ", ")
    }
    private func fields(of trait: Trait) -> Fields {
        let rows = PropertyRow.rows(of: trait.value.members ?? [], isFromCustomer: false, formats).rows
        let text = trait.value.string.flatMap(formats.readable) ?? PropertyRow.plain(trait.value)
        return [
            "name": NameWords.title(trait.key), "value": !rows.isEmpty ? nil : text.count > 300 ? String(text.prefix(300)) + "…" : text,
            "rows": rows.map { row in
                ["name": Properties.words(of: row.name), "value": row.value, "depth": row.depth > 0 ? "is-in-\(min(row.depth, 4))" : nil] as Fields
            },
        ]
    }

    private func link(_ identifier: KnownIdentifier) -> Fields {
        var note: String?
        if identifier.shared { note = "Several people use it, so it joins nobody." }
        if identifier.former { note = "Replaced by another; it still leads here." }
        return [
            "value": identifier.value, "kind": NameWords.title(identifier.kind), "date": formats.shortDate(identifier.firstSeen), "note": note,
            "apart": identifier.shared, "proof": "/customers/\(view.id)/interactions/\(identifier.position.raw)",
        ]
    }

    private func merge(_ merge: Merge) -> Fields {
        let place = "/customers/\(view.id)"
        let other = merge.undoneAt == nil ? nil : [merge.kept, merge.absorbed].first { !view.ids.contains($0) }
        return [
            "sentence": MergeWords.sentence(merge, formats), "apart": merge.undoneAt != nil,
            "proof": merge.position.map { "\(place)/interactions/\($0.raw)" },
            "date": formats.shortDate(merge.at), "at": merge.at.rfc3339,
            "undone": merge.undoneAt.map { "Taken apart on \(formats.date(formats.day(of: $0)))" + (merge.undoneBy.map { " by " + $0 } ?? "") },
            "undo": mayDecide && merge.undoneAt == nil ? "\(place)/merges/\(merge.id)/undo" : nil,
            "again": mayDecide ? other.map { "\(place)/merge?with=\($0)" } : nil,
        ]
    }
}
