import Customers
import Kernel
import Synchronization

extension Console {
    /// `/customers.csv`: everybody whom the list would show, in its order.
    ///
    /// A filter that names what there is not leads back to the list, which says what is wrong.
    func customersFile(_ visit: Visit) async throws -> PageAnswer {
        let asked = ListQuery(visit.request.query)
        let workspace = services.workspace()
        let back = PageAnswer.seeOther(ListQuery.address(asked.parameters()))
        visit.trail.isSilent = true
        guard asked.faults.isEmpty else { return back }
        let listing: CustomerListing
        do {
            listing = try await services.listing(asked.query, workspace.orders)
        } catch CustomersProblem.filter {
            return back
        }
        visit.trail.detail = Formats.counted(listing.total, "customer") + (asked.query.isFiltered ? " of a filtered list" : "")
        // Whoever only asks for the head gets nothing of anybody.
        visit.trail.isSilent = visit.request.method == .head
        let day = visit.formats.today.iso
        let writer = CustomersCSV(listing, currency: workspace.currency)
        return PageAnswer(
            status: 200,
            headers: [
                ("content-type", "text/csv; charset=utf-8; header=present"), ("content-disposition", "attachment; filename=\"customers-\(day).csv\""),
                // For whoever shows how far it is.
                ("sightline-rows", String(listing.total)),
            ], body: .pieces { try writer.next() })
    }
}

/// A list of customers as CSV, made piece by piece.
final class CustomersCSV: Sendable {
    private let listing: CustomerListing
    private let currency: String?
    /// The place to go on from; nil before the head was written.
    private let place = Mutex<Int?>(nil)

    init(_ listing: CustomerListing, currency: String?) {
        self.listing = listing
        self.currency = currency
    }

    /// The head first, then some hundred rows each time; nil at the end.
    func next() throws -> [UInt8]? {
        try place.withLock { place -> [UInt8]? in
            guard let from = place else {
                place = 0
                return CSV.line([
                    "customer", "name", "identifier_kind", "identifier", "first_seen", "last_seen", "interactions", "orders", "spent", "currency",
                ])
            }
            guard from < listing.total else { return nil }
            let rows = try listing.rows(from: from)
            place = from + Customers.longestPage
            return rows.flatMap(line)
        }
    }

    private func line(_ row: CustomerRow) -> [UInt8] {
        CSV.line([
            CSV.text(row.id.description), CSV.text(row.name ?? ""), CSV.text(row.identifier?.kind ?? ""), CSV.text(row.identifier?.value ?? ""),
            row.firstSeen?.rfc3339 ?? "", row.lastSeen?.rfc3339 ?? "", String(row.interactions), String(row.orders), CSV.amount(row.spent),
            currency ?? "",
        ])
    }
}

/// Comma-separated values (RFC 4180) that a spreadsheet takes for text.
enum CSV {
    /// Text of a customer as a cell: what a spreadsheet would take for a formula has an apostrophe before it.
    static func text(_ text: String) -> String {
        // By bytes: a character may be a sign with a combining mark, and a return with a line feed.
        switch text.utf8.first {
        case UInt8(ascii: "="), UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "@"), 9, 10, 13: "'" + text
        default: text
        }
    }

    /// A sum of our own, which needs no apostrophe though it may be negative: to the cent, `1203.5`.
    static func amount(_ value: Double) -> String {
        guard value.isFinite else { return "" }
        let cents = (value * 100).rounded() / 100
        return Int(exactly: cents).map(String.init) ?? cents.description
    }

    /// A line with its end, cells quoted where they must be.
    static func line(_ cells: [String]) -> [UInt8] {
        var out: [UInt8] = []
        for (i, cell) in cells.enumerated() {
            if i > 0 { out.append(UInt8(ascii: ",")) }
            if cell.utf8.contains(where: { $0 == 34 || $0 == 44 || $0 == 10 || $0 == 13 }) {
                out.append(34)
                for byte in cell.utf8 {
                    if byte == 34 { out.append(34) }
                    out.append(byte)
                }
                out.append(34)
            } else {
                out.append(contentsOf: cell.utf8)
            }
        }
        out.append(contentsOf: [13, 10])
        return out
    }
}
