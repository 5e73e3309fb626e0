import ArgumentParser
import Foundation
import Glibc
import Ledger
import Pipeline

/// Measures Sightline on this machine, each figure beside a bare limit taken in the same run.
@main struct Bench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sightline-bench", abstract: "Measures Sightline on this machine, each figure beside a bare limit taken in the same run.",
        discussion: "Example: sightline-bench --interactions 2000000 --people 100000")

    @Option(help: "Interactions to fill the folder with.") var interactions = 20_000_000
    @Option(help: "People they belong to.") var people = 1_000_000
    @Option(help: "Where the data lies while measuring; about 350 bytes per interaction. Kept when it was there before.") var folder: String?
    @Option(help: "The sightline program, for the rows over HTTP.") var program: String?
    @Flag(help: "Only measures the starts, on a folder that is there.") var starts = false
    @Flag(help: "Only measures the pages, signing in and live viewers, after filling the folder.") var console = false
    @Flag(help: "Only measures formulas over everybody, after filling the folder.") var formulas = false
    @Option(help: "A Python that has DuckDB, which answers the same questions.") var python: String?
    @Flag(help: "Only measures lifetime values, on customers made up for it: needs no folder and no program.") var values = false
    /// Appends so many without a snapshot and kills itself: the start after `kill -9` is measured on what it leaves.
    @Option(help: .hidden) var tail: Int?

    func run() async throws {
        let path = folder ?? NSTemporaryDirectory() + "sightline-bench-\(getpid())"
        if let tail { try await leave(tail, in: path) }
        defer { if folder == nil { try? FileManager.default.removeItem(atPath: path) } }
        var report = Report()
        if values {
            try LifetimeValues(customers: people).measure(&report)
            return report.end()
        }
        if console && program == nil { throw ValidationError("The pages are measured over HTTP: --program names the sightline program.") }
        if !starts { try await inProcess(path, &report) }
        if formulas { return report.end() }
        if !console { try await start(path, &report) }
        if let program { try await OverHTTP(program: program, folder: path, people: people).measure(console: console, &report) }
        report.end()
    }

    private func inProcess(_ path: String, _ report: inout Report) async throws {
        let house = try await House(path)
        let way = LedgerToView(house: house, people: people)
        let there = house.pipeline.status.interactions
        if there < interactions { try await way.fill(interactions - there, seed: 7, &report) }
        if !console { try Formulas(house: house, python: python).measure(&report) }
        if !console, !formulas {
            try await way.throughput(2_000_000, &report)
            try await way.lag(&report)
            try SingleView(house: house).measure(&report)
            // Of fewer there may be nothing to learn.
            try await LiveAudiences(house: house, people: people).measure(&report)
            try LifetimeValues(customers: max(people, 10_000)).measure(&report)
        }
        await house.close()
    }

    private func start(_ path: String, _ report: inout Report) async throws {
        let clean = try await House(path)
        report.row(
            "start after a clean stop", "\(milliseconds(clean.took)), \(clean.pipeline.status.interactions) marks", target: "≤ 1 s",
            reached: clean.took <= 1
        )
        await clean.close()
        let n = 1_000_000
        let child = Process()
        child.executableURL = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        child.arguments = ["--folder", path, "--people", "\(people)", "--tail", "\(n)"]
        try child.run()
        child.waitUntilExit()
        let began = seconds()
        let killed = try await House(path)
        while await !killed.pipeline.wait(for: killed.ledger.newestBody, atMost: 60) {}
        let took = seconds() - began
        report.row(
            "start after kill -9, a million to catch up", "\(milliseconds(took)), \(killed.pipeline.status.totals.replayed) replayed",
            target: "≤ 3 s per million",
            reached: took <= 3)
        await killed.close()
    }

    private func leave(_ n: Int, in path: String) async throws -> Never {
        let house = try await House(path)
        var report = Report()
        try await LedgerToView(house: house, people: people).fill(n, seed: UInt64(getpid()), &report)
        kill(getpid(), SIGKILL)
        fatalError("still alive after SIGKILL")
    }
}
