import Customers
import Kernel
import Rendering

extension Console {
    /// The most customers that a search shows.
    static let searchLimit = 50
    static let recentLimit = 25
    /// The most characters of a search.
    static let searchLength = 200

    /// `/customers`: the list, or with `search` whom it finds. `part=results` gives what stands below the search field alone.
    func customersPage(_ visit: Visit) async throws -> PageAnswer {
        let q = visit.request.query["search"].map { $0.prefix(Self.searchLength).trimmed }
        var fields: Fields
        var status = 200
        if let q {
            fields = try await results(q, visit) { "/customers/\($0.id)" }
        } else {
            let list = try await list(visit)
            status = list.status
            // While the list has nobody yet, as in its first seconds, whoever has just come stands there all the same.
            fields = list.isEmpty ? try await results(nil, visit) { "/customers/\($0.id)" } : list.fields
            fields["isList"] = !list.isEmpty
        }
        if visit.request.query["part"] == "results" {
            return try part("found", fields, status: status, at: q.map { "/customers?search=" + Parameters.encoded($0) } ?? "/customers")
        }
        fields["q"] = q
        fields["fresh"] = visit.request.query.pairs.isEmpty
        return try await page(
            "customers", title: q.map { "“\($0)” · Customers" } ?? "Customers", room: "customers", visit, status: status, fields)
    }

    /// What the results' table shows.
    /// - Parameter place: where a row leads.
    func results(_ q: String?, _ visit: Visit, leavingOut left: Set<CustomerID> = [], place: (Found) -> String) async throws -> Fields {
        let found: [Found]
        if let q { found = try await services.search(q, Self.searchLimit) } else { found = try await services.recent(Self.recentLimit) }
        let rows = found.filter { !left.contains($0.id) }.map { found -> Fields in
            let who = Who(name: found.name, isHidden: found.isNameHidden, identifier: (found.matched, found.value), id: found.id)
            let isByName = found.matched == "name"
            return [
                "href": place(found), "title": who.title, "initials": who.initials, "hasName": who.hasName,
                "matched": isByName && q != nil ? "Name" : NameWords.title(found.matched),
                "value": isByName && found.value == who.title ? nil : found.value,
                "seen": found.lastSeen.map(visit.formats.ago), "at": found.lastSeen?.rfc3339, "whole": found.lastSeen.map(visit.formats.whole),
                "note": who.nameless,
            ]
        }
        let count = rows.count
        var summary: String
        if let q {
            summary =
                count == 0
                ? "\(left.isEmpty ? "Nobody" : "Nobody else") fits “\(q)”" : Formats.counted(count, "customer fits", "customers fit") + " “\(q)”"
            if found.count >= Self.searchLimit { summary = "The first \(Self.searchLimit) who fit “\(q)”. Type more to narrow it down." }
        } else {
            summary = count == 0 ? "Nobody has been here yet" : "Seen last"
        }
        return ["rows": rows, "searched": q, "summary": summary, "nobody": q != nil && count == 0, "empty": q == nil && count == 0]
    }
}
