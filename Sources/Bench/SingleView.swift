import Customers
import Foundation
import GRDBSQLite
import Identity
import Kernel
import Ledger
import Pipeline
import Timeline

/// The single customer view, in process: a page of what passed between us, bodies included.
struct SingleView {
    let house: House

    func measure(_ report: inout Report) throws {
        var random = SeededRandom(seed: 5)
        let total = house.pipeline.people.count
        let who = (0..<5000).map { _ in CustomerID(raw: house.pipeline.people.root(UInt32(random.below(total)))) }
        var out: [UInt8] = []
        out.reserveCapacity(1 << 20)
        func page(_ id: CustomerID, _ limit: Int) throws -> Double {
            let began = seconds()
            out.removeAll(keepingCapacity: true)
            try house.customers.writeHistory(of: id, limit: limit, to: &out)
            return seconds() - began
        }
        for id in who { _ = try page(id, 100) }  // the first touch reads from the disk
        let pages = try who.map { try page($0, 100) }
        let p50 = percentile(pages, 0.5)
        let p99 = percentile(pages, 0.99)
        let bare = try bareReads(who)
        report.row("raw SQLite reads of the same bodies", "p50 \(microseconds(percentile(bare, 0.5))), p99 \(microseconds(percentile(bare, 0.99)))")
        report.row(
            "history of any person, up to 100, as JSON",
            "p50 \(microseconds(p50)), p99 \(microseconds(p99)); \(number(p50 / percentile(bare, 0.5), 1)) times the bare reads",
            target: "p50 ≤ 40 µs, p99 ≤ 300 µs",
            reached: p50 <= 40e-6 && p99 <= 300e-6)
        let views = try who.map { id in
            let began = seconds()
            _ = try house.customers.view(id)
            return seconds() - began
        }
        report.row(
            "who it is: identifiers, traits, counts, merges",
            "p50 \(microseconds(percentile(views, 0.5))), p99 \(microseconds(percentile(views, 0.99)))")
        let typed = (0..<500).map { _ in "user-\(random.below(1_000_000))".prefix(7 + random.below(5)) }
        let searches = try typed.map { text in
            let began = seconds()
            _ = try house.customers.search(String(text), limit: 20)
            return seconds() - began
        }
        report.row(
            "search as typed over \(total) customers",
            "p50 \(milliseconds(percentile(searches, 0.5))), p99 \(milliseconds(percentile(searches, 0.99)))")
    }

    /// The bodies that the same pages need, each read by its id and its first byte looked at.
    private func bareReads(_ who: [CustomerID]) throws -> [Double] {
        var db: OpaquePointer?
        guard sqlite3_open_v2(house.folder + "/ledger.db", &db, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, nil) == SQLITE_OK else { return [] }
        defer { sqlite3_close(db) }
        sqlite3_exec(db, "PRAGMA mmap_size = 1099511627776", nil, nil, nil)
        var statement: OpaquePointer?
        sqlite3_prepare_v2(db, "SELECT data FROM body WHERE id = ?1", -1, &statement, nil)
        defer { sqlite3_finalize(statement) }
        let parts = house.pipeline.timeline
        var marks: [Mark] = []
        var sum = 0
        return who.map { id in
            parts.newest(house.pipeline.people.members(of: id.raw), limit: 100, into: &marks)
            let began = seconds()
            sqlite3_exec(db, "BEGIN", nil, nil, nil)
            for mark in marks {
                sqlite3_bind_int64(statement, 1, Position(raw: mark.position).body)
                if sqlite3_step(statement) == SQLITE_ROW, let bytes = sqlite3_column_blob(statement, 0) { sum &+= Int(bytes.load(as: UInt8.self)) }
                sqlite3_reset(statement)
            }
            sqlite3_exec(db, "COMMIT", nil, nil, nil)
            return seconds() - began
        }
    }
}
