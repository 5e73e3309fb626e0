import ArgumentParser
import Kernel

struct QuarantineCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "quarantine", abstract: "Lists refused items, sends them through again after a fix, or drops them.",
        discussion: "Example: sightline ledger quarantine list --data ./my-data", subcommands: [List.self, Reasons.self, Replay.self, Drop.self],
        defaultSubcommand: List.self)

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Lists refused items, oldest first.",
            discussion:
                "With --json each is printed whole, one a line. An item of more than 128 KB is cut and cannot be replayed: its kind says so.\n\nExample: sightline ledger quarantine list --limit 20 --data ./my-data"
        )
        @Option(help: ArgumentHelp("Only those behind this one.", valueName: "ID")) var after: Int64?
        @Option(help: ArgumentHelp("How many at most.", valueName: "COUNT")) var limit = 100
        @OptionGroup var which: QuarantineChoice
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
                    let place = [("after", after.map(String.init)), ("limit", String(min(left, 500)))].compactMap { name, value in
                        value.map { (name, $0) }
                    }
                    let query = place + which.query
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

    struct Reasons: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Counts what is in quarantine by source and reason, what came most often first.",
            discussion: "Example: sightline ledger quarantine reasons --data ./my-data")
        @OptionGroup var which: QuarantineChoice
        @Flag(help: "Print JSON, for scripts.") var json = false
        @OptionGroup var folder: DataOptions

        func run() async throws {
            try await withFolder(folder) { client, terminal in
                let page = try await client.json(APIRequest("GET", "/api/quarantine/reasons", query: which.query))
                if json { return try terminal.print(page.text) }
                var table = Table([
                    .init(title: "source"), .init(title: "items", right: true), .init(title: "times", right: true), .init(title: "last"),
                    .init(title: "kind"), .init(title: "reason", shrinks: true),
                ])
                for group in try page.list("items") {
                    table.add([
                        group["source"]?.string ?? "none", String(try group.whole("items")), String(try group.whole("times")),
                        Moment.minute(group["lastReceivedAt"]?.string ?? ""), try group.text("kind"), try group.text("reason"),
                    ])
                }
                try terminal.show(table, none: "Nothing is in quarantine.")
            }
        }
    }

    struct Replay: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Sends refused items through again. Those that are taken now leave the quarantine; what came several times is taken once.",
            discussion: "Example: sightline ledger quarantine replay --all --data ./my-data")
        @Argument(help: ArgumentHelp("The items' ids.", valueName: "ID")) var ids: [Int64] = []
        @Flag(help: "All that are there.") var all = false
        @OptionGroup var which: QuarantineChoice
        @OptionGroup var folder: DataOptions

        func validate() throws {
            guard [all, !ids.isEmpty, !which.isEmpty].filter({ $0 }).count == 1 else {
                throw ValidationError("Name the items' ids, or some of --source, --kind and --reason, or --all.")
            }
        }

        func run() async throws {
            try await withFolder(folder) { client, terminal in
                let body = which.body(ids: ids, all: all)
                let done = try await client.json(APIRequest("POST", "/api/quarantine/replay", body: body.bytes))
                for line in Facts.lines(done) { try terminal.print(line) }
                let missing = Set(ids).count - (try done.whole("accepted")) - (try done.whole("refused"))
                guard ids.isEmpty || missing <= 0 else {
                    terminal.say("\(Text.count(missing, "item")) of those named \(missing == 1 ? "is" : "are") not in quarantine.")
                    throw ExitCode(1)
                }
            }
        }
    }

    struct Drop: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Gives up refused items. For a day --undo takes them back; then they are gone.",
            discussion: """
                Example: sightline ledger quarantine drop 17 18 --data ./my-data
                Example: sightline ledger quarantine drop --kind invalid-time --source 2 --data ./my-data
                """)
        @Argument(help: ArgumentHelp("The items' ids.", valueName: "ID")) var ids: [Int64] = []
        @Flag(help: "All that are there.") var all = false
        @Option(help: ArgumentHelp("Takes back what was given up under this number.", valueName: "NUMBER")) var undo: Int64?
        @OptionGroup var which: QuarantineChoice
        @OptionGroup var folder: DataOptions

        func validate() throws {
            guard [all, !ids.isEmpty, !which.isEmpty, undo != nil].filter({ $0 }).count == 1 else {
                throw ValidationError("Name the items' ids, or some of --source, --kind and --reason, or --all, or --undo.")
            }
        }

        func run() async throws {
            try await withFolder(folder) { client, terminal in
                if let undo {
                    let done = try await client.json(APIRequest("DELETE", "/api/quarantine/dismissals/\(undo)"))
                    return terminal.say("\(Text.count(try done.whole("returned"), "item")) back in quarantine.")
                }
                let body = which.body(ids: ids, all: all)
                let done = try await client.json(APIRequest("POST", "/api/quarantine/dismissals", body: body.bytes))
                let count = try done.whole("dropped")
                terminal.say("\(Text.count(count, "item")) dropped.")
                if count > 0 { terminal.say("For a day `sightline ledger quarantine drop --undo \(try done.whole("number"))` takes them back.") }
                let missing = Set(ids).count - count
                guard ids.isEmpty || missing <= 0 else {
                    terminal.say("\(Text.count(missing, "item")) of those named \(missing == 1 ? "is" : "are") not in quarantine.")
                    throw ExitCode(1)
                }
            }
        }
    }
}

/// Which refused items, by what they have in common.
struct QuarantineChoice: ParsableArguments {
    @Option(help: ArgumentHelp("Only what came by the write key of this number (`sightline sources` shows it); 0 for none.", valueName: "NUMBER"))
    var source: UInt16?
    @Option(help: ArgumentHelp("Only what was refused with this word, as invalid-time.", valueName: "KIND")) var kind: String?
    @Option(help: ArgumentHelp("Only what was refused with this sentence.", valueName: "TEXT")) var reason: String?

    var isEmpty: Bool { source == nil && kind == nil && reason == nil }
    var query: [(String, String)] {
        [("source", source.map { String($0) }), ("kind", kind), ("reason", reason)].compactMap { name, value in value.map { (name, $0) } }
    }

    /// What the API takes.
    func body(ids: [Int64], all: Bool) -> JSON {
        if all { return ["all": true] }
        if !ids.isEmpty { return ["ids": .array(ids.map(JSON.integer))] }
        return [
            "source": source.map { .integer(Int64($0)) } ?? .null, "kind": kind.map(JSON.string) ?? .null,
            "reason": reason.map(JSON.string) ?? .null,
        ]
    }
}

struct SourcesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sources", abstract: "Lists the sources: what each sent in the last hour and day, and what was refused.",
        discussion: "Example: sightline sources --data ./my-data")
    @Flag(help: "Print JSON, for scripts.") var json = false
    @OptionGroup var folder: DataOptions

    func run() async throws {
        try await withFolder(folder) { client, terminal in
            let page = try await client.json(APIRequest("GET", "/api/sources"))
            if json { return try terminal.print(page.text) }
            var table = Table([
                .init(title: "number", right: true), .init(title: "source", shrinks: true), .init(title: "last hour", right: true),
                .init(title: "last day", right: true), .init(title: "refused", right: true), .init(title: "waiting", right: true),
                .init(title: "last came"),
            ])
            for source in try page.list("items") {
                guard let hour = source["hour"], let day = source["day"] else { continue }
                table.add([
                    String(try source.whole("id")),
                    (source["name"]?.string ?? "none") + (source["revokedAt"]?.isNull == false ? ", revoked" : ""),
                    String(try hour.whole("accepted")), String(try day.whole("accepted")), String(try day.whole("refused")),
                    String(try source.whole("quarantined")), source["lastAt"]?.string.map(Moment.minute) ?? "never",
                ])
            }
            try terminal.show(table, none: "Nothing has come yet, and there is no write key. `sightline key create NAME` makes one.")
        }
    }
}
