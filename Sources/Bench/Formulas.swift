import Audiences
import Formula
import Foundation
import Glibc
import Identity
import Kernel
import Ledger
import Pipeline
import Statistics
import Timeline

/// Formulas over everybody: twenty audiences swept, and questions that DuckDB answers over the same marks in the same run.
struct Formulas {
    let house: House
    /// A Python that has DuckDB; nil to leave the comparison out.
    let python: String?

    static let audiences = [
        "count(\"Order Completed\" in last 90 days) >= 3 and last(\"NPS Answered\".value) >= 9 and never(\"Complaint Received\" in last 30 days)",
        "\"Checkout Started\" in last 7 days not followed by \"Order Completed\" within 1 hour",
        "time since last(\"Order Completed\") > 180 days",
        "sum(\"Order Completed\".value in last 365 days) >= 300",
        "did(\"Page Viewed\" in last 7 days)",
        "count(\"Page Viewed\" in last 30 days) >= 20",
        "count(\"Products Searched\" in last 30 days) >= 3 and never(\"Order Completed\" in last 30 days)",
        "last(\"NPS Answered\".value) >= 9",
        "last(\"NPS Answered\".value) <= 6",
        "did(\"Complaint Received\" in last 90 days) and last(\"NPS Answered\".value in last 90 days) <= 6",
        "count(\"Email Opened\" in last 30 days) >= 2 or did(\"Email Link Clicked\" in last 30 days)",
        "never(\"Email Opened\" in last 90 days) and did(\"Email Opened\")",
        "count(\"Application Opened\" in last 30 days) >= 3",
        "count(\"Product Viewed\" where channel = \"app\" in last 30 days) >= 2",
        "count(\"Order Completed\") = 1",
        "count(\"Order Completed\") >= 2 and time since last(\"Order Completed\") < 60 days",
        "count(\"Product Added\" in last 14 days) >= 2 and never(\"Checkout Started\" in last 14 days)",
        "count(\"Product Viewed\" in last 30 days) >= 5 and never(\"Product Added\" in last 30 days)",
        "sum(\"Order Completed\".value in last 90 days) < 50 and sum(\"Order Completed\".value in last 365 days) > 200",
        "time since last(\"Page Viewed\") > 60 days and time since last(\"Application Opened\") > 60 days",
    ]

    private var binding: Binding {
        Binding(
            events: house.pipeline.names.all, selectors: [:], vocabulary: house.ledger.vocabulary, texts: house.pipeline.texts, keepsTexts: true,
            zone: .utc)
    }

    private func bound(_ formulas: [String], isCondition: Bool = true) throws -> BoundProgram {
        var names = FormulaNames()
        names.areEventsKnown = false
        names.channels = Set(Channel.builtIn)
        var program = Program(names: names, library: FormulaLibrary())
        var checker = Checker(names: names, library: FormulaLibrary())
        for (i, text) in formulas.enumerated() {
            let tree = try Parser.parse(text)
            try program.add(isCondition ? checker.condition(tree) : checker.formula(tree), as: .asked(i))
        }
        return try BoundProgram(program, binding)
    }

    /// How many each formula holds for, and the least of some times that it took.
    private func sweep(_ bound: BoundProgram, now: UInt32, times: Int) -> (counts: [Int], took: Double) {
        let (parts, rings) = (house.pipeline.timeline, house.pipeline.people.rings)
        let slots = bound.program.slots.count
        var best = Double.infinity
        var counts: [Int] = []
        for _ in 0..<times {
            let began = seconds()
            let found = Sweep.run(
                bound, Everybody(), parts, rings, now: now, isPatient: false, make: { [Int](repeating: 0, count: slots) },
                { _, values, counts in for i in 0..<slots where values[i] == 1 { counts[i] += 1 } })
            best = min(best, seconds() - began)
            counts = (0..<slots).map { i in found.reduce(0) { $0 + $1[i] } }
        }
        return (counts, best)
    }

    func measure(_ report: inout Report) throws {
        // Everything lies in the past, so that a moment is the same for both.
        let now = UInt32(time(nil))
        let marks = house.pipeline.timeline.interactions
        let all = try bound(Self.audiences)
        let recent = house.pipeline.timeline.recent
        if recent > 0 {
            let took = sweep(all, now: now, times: 5).took
            report.row("20 audiences swept, \(recent) of the marks not merged yet", milliseconds(took))
        }
        rest()
        let twenty = sweep(all, now: now, times: 5)
        report.row(
            "20 audiences swept, \(marks) interactions", "\(milliseconds(twenty.took)), \(twenty.counts.reduce(0, +)) memberships",
            target: "≤ 350 ms at 20 million", reached: twenty.took <= 0.35)
        let one = try bound([Self.audiences[0]])
        let segment = sweep(one, now: now, times: 5)
        report.row(
            "one audience swept: orders, rating, complaints", "\(milliseconds(segment.took)), \(segment.counts[0]) belong", target: "≤ 60 ms",
            reached: segment.took <= 0.06)
        memory(marks, &report)
        guard let python else {
            print("no Python with DuckDB was named (--python), so nothing is compared")
            return
        }
        try compare(python, now, segment, &report)
    }

    /// Waits until the timeline has merged what it merges while nothing comes.
    private func rest() {
        for _ in 0..<120 where house.pipeline.timeline.recent > house.pipeline.timeline.marks / 64 { usleep(500_000) }
    }

    private func memory(_ marks: Int, _ report: inout Report) {
        let status = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
        func kilobytes(_ name: String) -> Int {
            status.split(separator: "\n").first { $0.hasPrefix(name + ":") }.flatMap { Int($0.split(separator: " ").dropFirst().first ?? "") } ?? 0
        }
        let million = Double(marks) / 1e6
        report.row(
            "memory of this process",
            "\(kilobytes("RssAnon") / 1024) MB of its own, \(number(Double(kilobytes("RssAnon")) / 1024 / million, 1)) MB per million interactions; \(number(Double(kilobytes("RssFile")) / 1024 / million, 1)) MB per million mapped"
        )
    }

    // MARK: DuckDB

    private func compare(_ python: String, _ now: UInt32, _ segment: (counts: [Int], took: Double), _ report: inout Report) throws {
        let path = house.folder + "/marks.csv"
        try export(to: path)
        defer { unlink(path) }
        let names = house.pipeline.names
        func code(_ name: String) -> String { names.numbers([name]).first.map { String($0) } ?? "65535" }
        let answers = try ask(python, [path, String(now), code("Order Completed"), code("NPS Answered"), code("Complaint Received")])
        func row(_ what: String, ours: Double, question: String, agrees: Bool, target: String = "≥ 5 times faster, equal answers") {
            let theirs = (answers[question] as? [String: Any])?["seconds"] as? Double ?? .nan
            report.row(
                what, "\(milliseconds(ours)); DuckDB \(milliseconds(theirs)), \(Self.times(theirs / ours)); answers \(agrees ? "equal" : "DIFFER")",
                target: target,
                reached: agrees && theirs / ours >= 5)
        }
        let theirSegment = (answers["segment"] as? [String: Any])?["rows"] as? Int
        row("segment", ours: segment.took, question: "segment", agrees: theirSegment == segment.counts[0])

        let (totals, took) = totals(now)
        let rows = ((answers["sums"] as? [String: Any])?["rows"] as? [[Any]] ?? []).compactMap { row -> (Totals.Key, Totals.Cell)? in
            let numbers = row.compactMap { ($0 as? NSNumber)?.doubleValue }
            guard numbers.count == 5 else { return nil }
            return (
                Totals.Key(week: Int(numbers[0]), channel: UInt8(numbers[1]), event: UInt16(numbers[2])),
                Totals.Cell(count: Int(numbers[3]), sum: numbers[4])
            )
        }
        // Sums of so many binary fractions differ in their last digits by the order in which they are added.
        let same =
            rows.count == totals.cells.count
            && rows.allSatisfy { key, cell in
                guard let ours = totals.cells[key] else { return false }
                return ours.count == cell.count && abs(ours.sum - cell.sum) <= 1e-9 * max(1, abs(cell.sum))
            }
        row("sum by week, channel and event, \(totals.cells.count) cells", ours: took, question: "sums", agrees: same)

        let (value, ranking) = try percentile(now)
        let theirs = ((answers["percentile"] as? [String: Any])?["rows"] as? NSNumber)?.doubleValue ?? .nan
        row("95th percentile of a year's spend", ours: ranking, question: "percentile", agrees: abs(value - theirs) <= 1e-9 * max(1, abs(theirs)))
    }

    private static func times(_ ratio: Double) -> String { "\(String(format: "%.1f", ratio)) times as long" }

    private func totals(_ now: UInt32) -> (Totals, Double) {
        let parts = house.pipeline.timeline
        var best = Double.infinity
        var totals = Totals()
        for _ in 0..<5 {
            let began = seconds()
            totals = parts.totals(in: (now - 400 * 86_400)...now, events: house.pipeline.names.all.count)
            best = min(best, seconds() - began)
        }
        return (totals, best)
    }

    /// The least value that at least 95 in 100 have at most.
    private func percentile(_ now: UInt32) throws -> (Double, Double) {
        let bound = try bound(["sum(\"Order Completed\".value in last 365 days)"], isCondition: false)
        let (parts, rings) = (house.pipeline.timeline, house.pipeline.people.rings)
        let people = rings.count
        var best = Double.infinity
        var value = 0.0
        for _ in 0..<5 {
            let began = seconds()
            let found = Sweep.run(
                bound, Everybody(), parts, rings, now: now, isPatient: false,
                make: {
                    var spend: [Double] = []
                    spend.reserveCapacity(people / 8)
                    return spend
                }, { _, values, spend in spend.append(values[0]) })
            value = Quantiles.nearestRank(0.95, of: found) ?? .nan
            best = min(best, seconds() - began)
        }
        return (value, best)
    }

    private func export(to path: String) throws {
        guard let file = fopen(path, "w") else { throw CocoaError(.fileWriteUnknown) }
        defer { fclose(file) }
        let roots = house.pipeline.people.allRoots
        var buffer: [UInt8] = []
        func line(_ c: UInt32, _ second: UInt32, _ event: UInt16, _ channel: UInt8, _ value: Double, _ position: UInt64) {
            // Two of one second come in the order in which they lie in the ledger.
            let order = Int64(second) << 32 | Int64(position & 0xffff_ffff)
            for (i, number) in [Int64(roots[Int(c)]), Int64(second), order, Int64(event), Int64(channel)].enumerated() {
                if i > 0 { buffer.append(44) }
                JSONText.append(number, to: &buffer)
            }
            buffer.append(44)
            if !value.isNaN { JSONText.append(value, to: &buffer) }
            buffer.append(10)
            if buffer.count > 1 << 20 {
                fwrite(buffer, 1, buffer.count, file)
                buffer.removeAll(keepingCapacity: true)
            }
        }
        house.pipeline.timeline.sweep { c, columns, marks in
            for i in marks { line(c, columns.seconds[i], columns.events[i], columns.channels[i], columns.values[i], columns.positions[i]) }
        } recent: { c, mark in
            line(c, mark.second, mark.event, mark.channel, mark.value, mark.position)
        }
        fwrite(buffer, 1, buffer.count, file)
    }

    private func ask(_ python: String, _ arguments: [String]) throws -> [String: Any] {
        let script = URL(fileURLWithPath: FileManager.default.currentDirectoryPath + "/scripts/bench-duckdb").path
        let process = Process()
        process.executableURL = URL(fileURLWithPath: python)
        process.arguments = [script] + arguments
        let out = Pipe()
        process.standardOutput = out
        try process.run()
        let data = out.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return try JSONSerialization.jsonObject(with: data) as? [String: Any] ?? [:]
    }
}
