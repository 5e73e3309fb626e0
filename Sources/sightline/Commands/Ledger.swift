import ArgumentParser
import Kernel

struct LedgerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ledger", abstract: "Looks after the ledger: how it is, whether it is sound, and what was refused.",
        discussion: "Example: sightline ledger status --data ./my-data", subcommands: [Status.self, Verify.self, QuarantineCommand.self])

    struct Status: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Says how much the ledger holds and how far the view is behind it.",
            discussion: "Example: sightline ledger status --data ./my-data")
        @Flag(help: "Print JSON, for scripts.") var json = false
        @OptionGroup var folder: DataOptions
        func run() async throws {
            try await withFolder(folder) { client, terminal in
                let status = try await client.json(APIRequest("GET", "/api/ledger"))
                if json { return try terminal.print(status.text) }
                for line in Facts.lines(status) { try terminal.print(line) }
            }
        }
    }

    struct Verify: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Checks every body of the ledger. Exits with 1 when one is damaged.",
            discussion: "Works while a server runs; takes about a second per gigabyte.\n\nExample: sightline ledger verify --data ./my-data")
        @Flag(help: "Print JSON, for scripts.") var json = false
        @OptionGroup var folder: DataOptions
        func run() async throws {
            try await withFolder(folder) { client, terminal in
                let found = try await client.json(APIRequest("POST", "/api/ledger/verification", body: []))
                let damaged = try found.list("damaged").compactMap(\.integer)
                if json {
                    try terminal.print(found.text)
                } else {
                    let bodies = Text.count(try found.whole("bodies"), "body", "bodies")
                    let records = Text.count(try found.whole("records"), "record")
                    try terminal.print(
                        "\(bodies) with \(records), \(Measure.roundedBytes(try found.whole("bytes"))): \(damaged.isEmpty ? "all sound" : "not all sound")."
                    )
                }
                guard damaged.isEmpty else {
                    let named = damaged.prefix(20).map(String.init).joined(separator: ", ")
                    terminal.say("Damaged: \(Text.count(damaged.count, "body", "bodies")): \(named)\(damaged.count > 20 ? ", …" : "").")
                    terminal.say("What they held is lost here; `sightline restore` brings back a backup that has it. Look at the disk before.")
                    throw ExitCode(1)
                }
            }
        }
    }
}
