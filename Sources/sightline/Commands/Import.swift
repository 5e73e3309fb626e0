import ArgumentParser
import Collect
import Foundation
import Kernel

struct Import: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Reads interactions out of files: NDJSON of the tracking API, or CSV through a mapping.",
        discussion: """
            Files are sent in the order they are named, each from front to back. Running it again adds nothing: what has no messageId gets one \
            made of what it says. Rows that are refused stand in the report, a CSV file with line numbers and reasons; that some were refused \
            is no failure unless --strict says so. docs/import.md describes mappings.

            Example: sightline import --mapping mappings/olist.yaml olist/ --data ./my-data
            """)

    @Argument(help: ArgumentHelp("Files; with a mapping also folders, in which it finds the files it names.", valueName: "FILE")) var files: [String]
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
        let summary = try await FolderClient.with(settings, make: true, start: EmbeddedServer.start) { client in
            let most = min(settings[Known.importItems], 10_000)
            let headers = key.map { [(name: "Sightline-Source", value: APIRequest.encoded($0))] } ?? []
            let run = ImportRun(
                limit: settings[Known.importLimit], most: most, report: report.add, show: display.show, sleep: { try await Task.sleep(for: $0) }
            ) { body in
                var request = APIRequest("POST", "/v1/import", body: body)
                request.headers = headers
                return try await client.send(request)
            }
            return try await run.run(reader)
        }
        display.end()
        try report.close()
        say(summary, after: ContinuousClock.now - began, report, environment.terminal)
        if strict, summary.refused > 0 { throw ExitCode(1) }
    }

    private func reader(_ settings: Settings, _ terminal: Terminal) throws -> any ImportReader {
        if mapping == nil, let table = files.first(where: { $0.lowercased().hasSuffix(".csv") }) {
            throw CommandProblem.file(path: table, reason: "a CSV file needs --mapping FILE, which says what its rows are: docs/import.md")
        }
        guard let mapping else { return try NDJSONImport(files: files, itemLimit: settings[Known.itemLimit]) }
        let made = try MappedImport(mapping: Mapping(path: mapping), inputs: files, itemLimit: settings[Known.itemLimit])
        for name in made.notGiven { terminal.say("There is no \(Text.clean(name)) among the files, so its rows are not imported.") }
        return made
    }

    private func say(_ summary: ImportRun.Summary, after time: Duration, _ report: ImportReport, _ terminal: Terminal) {
        let seconds = max(0.1, Double(time.components.seconds) + Double(time.components.attoseconds) * 1e-18)
        var parts = [
            "\(Text.count(summary.rows, "row")) read", "\(Text.count(summary.accepted, "interaction")) taken",
            "\(Text.count(summary.refused)) refused",
        ]
        if summary.leftOut > 0 { parts.append("\(Text.count(summary.leftOut)) left out by the mapping") }
        terminal.say(parts.joined(separator: ", ") + " in \(Int(seconds * 10 + 0.5) / 10).\(Int(seconds * 10 + 0.5) % 10) s.")
        if report.lines > 0 { terminal.say("\(report.path) says which rows, and why.") }
    }
}
