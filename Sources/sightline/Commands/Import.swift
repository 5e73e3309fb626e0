import ArgumentParser
import Collect
import Foundation
import Kernel

struct Import: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Reads interactions out of files: NDJSON of the tracking API, or CSV through a mapping.",
        discussion: """
            Files are sent in the order they are named, each from front to back. Running it again adds nothing: what has no messageId gets one \
            made of what it says. When it ends, what it took is in the customers' views. Rows that are refused stand in the report, a CSV file \
            with line numbers and reasons. It fails when rows were refused and nothing was taken; with --strict when any was refused. \
            docs/import.md describes mappings.

            Example: sightline import --mapping mappings/olist.yaml olist/ --data ./my-data
            """)

    @Argument(help: ArgumentHelp("Files, - is standard input; with a mapping also folders, in which it finds the files it names.", valueName: "FILE"))
    var files: [String]
    @Option(help: ArgumentHelp("How rows of CSV files become interactions.", valueName: "FILE")) var mapping: String?
    @Option(help: ArgumentHelp("The write key by whose name the interactions are known; by default none.", valueName: "NAME")) var key: String?
    @Option(help: ArgumentHelp("Where the report goes, if there is anything to report.", valueName: "FILE")) var report =
        "sightline-import-report.csv"
    @Flag(help: "Exit with 1 when a row was refused.") var strict = false
    @OptionGroup var folder: DataOptions

    func run() async throws {
        let environment = Environment.current
        let settings = try folder.settings(environment: environment.variables)
        let reader = try reader(settings, environment.terminal)
        let report = ImportReport(path: report)
        let display = ImportDisplay(environment.terminal.error)
        let began = ContinuousClock.now
        let summary = try await FolderClient.with(
            settings, missing: .isMadeWithParents, made: environment.terminal.sayMade, start: EmbeddedServer.start
        ) { client in
            let most = min(settings[Known.importItems], 10_000)
            let headers = key.map { [(name: "Sightline-Source", value: APIRequest.encoded($0))] } ?? []
            let run = ImportRun(
                limit: settings[Known.importLimit], most: most, report: report.add, show: display.show, sleep: { try await Task.sleep(for: $0) }
            ) { body in
                // The answer says how much was known only once the view has it.
                var request = APIRequest("POST", "/v1/import", query: [("wait", "view")], body: body)
                request.headers = headers
                return try await client.send(request)
            }
            let summary = try await run.run(reader)
            try await Self.waitForView(client, environment.terminal)
            return summary
        }
        display.end()
        try report.close()
        say(summary, after: ContinuousClock.now - began, report, environment.terminal)
        if summary.refused > 0, strict || summary.accepted == 0 { throw ExitCode(1) }
    }

    /// Returns when everything that is in the ledger by now is in the views too, so that what was imported can be looked at;
    /// also when something keeps it from getting there, as a full disk.
    private static func waitForView(_ client: FolderClient, _ terminal: Terminal) async throws {
        let end = try await client.json(APIRequest("GET", "/api/ledger")).whole("position")
        while true {
            // 503 says how it is, too.
            let answer = try await client.send(APIRequest("GET", "/health"))
            let health = try APIAnswer(status: 200, body: answer.body).json()
            if try health.whole("concluded") >= end { return }
            if let reason = health["reason"]?.string {
                return terminal.say("What was taken is in the ledger, and not yet in the customers' views: \(Text.clean(reason))")
            }
            try await Task.sleep(for: .milliseconds(50))
        }
    }

    private func reader(_ settings: Settings, _ terminal: Terminal) throws -> any ImportReader {
        guard let mapping else {
            if let other = try files.first(where: { try !NDJSONImport.looksRight($0) }) {
                throw CommandProblem.file(
                    path: other,
                    reason:
                        "its lines are no JSON objects, so it is no NDJSON. A CSV file needs --mapping FILE, which says what its rows are: docs/import.md"
                )
            }
            return try NDJSONImport(files: files, itemLimit: settings[Known.itemLimit])
        }
        let made = try MappedImport(mapping: Mapping(path: mapping), inputs: files, itemLimit: settings[Known.itemLimit])
        for name in made.notGiven { terminal.say("There is no \(Text.clean(name)) among the files, so its rows are not imported.") }
        return made
    }

    private func say(_ summary: ImportRun.Summary, after time: Duration, _ report: ImportReport, _ terminal: Terminal) {
        let seconds = max(0.1, Double(time.components.seconds) + Double(time.components.attoseconds) * 1e-18)
        var parts = [
            "\(Text.count(summary.rows, "row")) read", "\(Text.count(summary.accepted - summary.repeated, "new interaction"))",
            "\(Text.count(summary.repeated)) known already", "\(Text.count(summary.refused)) refused",
        ]
        if summary.notCompared > 0 { parts.append("\(Text.count(summary.notCompared)) of the new not yet compared with what is known") }
        if summary.leftOut > 0 { parts.append("\(Text.count(summary.leftOut)) left out by the mapping") }
        terminal.say(parts.joined(separator: ", ") + " in \(Int(seconds * 10 + 0.5) / 10).\(Int(seconds * 10 + 0.5) % 10) s.")
        if report.lines > 0 { terminal.say("\(report.path) says which rows, and why.") }
    }
}
