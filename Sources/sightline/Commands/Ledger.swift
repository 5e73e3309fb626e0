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

struct QuarantineCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "quarantine", abstract: "Lists refused items, sends them through again after a fix, or drops them.",
        discussion: "Example: sightline ledger quarantine list --data ./my-data", subcommands: [List.self, Replay.self, Drop.self],
        defaultSubcommand: List.self)

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Lists refused items, oldest first.",
            discussion:
                "With --json each is printed whole, one a line. An item of more than 128 KB is cut and cannot be replayed: its kind says so.\n\nExample: sightline ledger quarantine list --limit 20 --data ./my-data"
        )
        @Option(help: ArgumentHelp("Only those behind this one.", valueName: "ID")) var after: Int64?
        @Option(help: ArgumentHelp("How many at most.", valueName: "COUNT")) var limit = 100
        @Flag(help: "Print JSON, one item a line.") var json = false
        @OptionGroup var folder: DataOptions

        func validate() throws {
            guard (1...100_000).contains(limit) else { throw ValidationError("--limit takes a whole number from 1 to 100000.") }
        }

        func run() async throws {
            try await withFolder(folder) { client, terminal in
                var table = Table([
                    .init(title: "id", right: true), .init(title: "received"), .init(title: "times", right: true), .init(title: "message id"),
                    .init(title: "kind"), .init(title: "reason", shrinks: true),
                ])
                var after = after
                var left = limit
                while left > 0 {
                    let query = [("after", after.map(String.init)), ("limit", String(min(left, 500)))].compactMap { name, value in
                        value.map { (name, $0) }
                    }
                    let page = try await client.json(APIRequest("GET", "/api/quarantine", query: query))
                    let items = try page.list("items")
                    for item in items {
                        let id = try item.whole("id")
                        after = Int64(id)
                        if json {
                            try terminal.print(item.text)
                        } else {
                            table.add([
                                String(id), Moment.minute(item["receivedAt"]?.string ?? ""), String(try item.whole("times")),
                                item["messageId"]?.string ?? "none", try item.text("kind") + (item["truncated"]?.bool == true ? ", cut" : ""),
                                try item.text("reason"),
                            ])
                        }
                    }
                    left -= items.count
                    if items.isEmpty || page["next"]?.isNull != false { break }
                }
                if !json { try terminal.show(table, none: "Nothing is in quarantine.") }
            }
        }
    }

    struct Replay: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Sends refused items through again. Those that are taken now leave the quarantine; what came several times is taken once.",
            discussion: "Example: sightline ledger quarantine replay --all --data ./my-data")
        @Argument(help: ArgumentHelp("The items' ids.", valueName: "ID")) var ids: [Int64] = []
        @Flag(help: "All that are there.") var all = false
        @OptionGroup var folder: DataOptions

        func validate() throws {
            guard all == ids.isEmpty else { throw ValidationError("Name the items' ids, or --all.") }
        }

        func run() async throws {
            try await withFolder(folder) { client, terminal in
                let body: JSON = all ? ["all": true] : ["ids": .array(ids.map(JSON.integer))]
                let done = try await client.json(APIRequest("POST", "/api/quarantine/replay", body: body.bytes))
                for line in Facts.lines(done) { try terminal.print(line) }
                let missing = Set(ids).count - (try done.whole("accepted")) - (try done.whole("refused"))
                guard all || missing <= 0 else {
                    terminal.say("\(Text.count(missing, "item")) of those named \(missing == 1 ? "is" : "are") not in quarantine.")
                    throw ExitCode(1)
                }
            }
        }
    }

    struct Drop: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Drops refused items for good.", discussion: "Example: sightline ledger quarantine drop 17 18 --data ./my-data")
        @Argument(help: ArgumentHelp("The items' ids.", valueName: "ID")) var ids: [Int64]
        @OptionGroup var folder: DataOptions
        func run() async throws {
            try await withFolder(folder) { client, terminal in
                for id in ids { try await client.send(APIRequest("DELETE", "/api/quarantine/\(id)")).check() }
                terminal.say("\(Text.count(ids.count, "item")) dropped.")
            }
        }
    }
}
