import ArgumentParser
import Kernel

struct RetentionCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "retention", abstract: "Says how long interactions are kept, and takes out what is kept no longer.",
        discussion: """
            How long is a definition of kind `retention`. A server looks once a day; this is for now.

            Example: sightline retention run --dry-run --data ./my-data
            """, subcommands: [Status.self, Run.self], defaultSubcommand: Status.self)

    struct Status: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Says of each name how long it is kept and how much of it is due, and when something was taken out.",
            discussion: "Example: sightline retention status --data ./my-data")
        @Flag(help: "Print JSON, for scripts.") var json = false
        @OptionGroup var folder: DataOptions
        func run() async throws {
            try await withFolder(folder) { client, terminal in
                let found = try await client.json(APIRequest("GET", "/api/retention"))
                if json { return try terminal.print(found.text) }
                try RetentionCommand.show(found.list("events"), terminal)
                for run in try found.list("runs").prefix(5) {
                    let count = Text.count(try run.whole("interactions"), "interaction")
                    let state = run["done"]?.bool == true ? "done" : "under way"
                    terminal.say("\(Moment.minute(run["at"]?.string ?? "")): \(count) taken out, by \(Text.clean(try run.text("author"))), \(state).")
                }
            }
        }
    }

    struct Run: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Takes out what is kept no longer, and returns when it is out of the files.",
            discussion: """
                It cannot be taken back. Who a customer is stays as it was: identifiers, merges and traits.

                Example: sightline retention run --data ./my-data
                """)
        @Flag(help: "Only say how many interactions of which name are due.") var dryRun = false
        @Flag(help: "Print JSON, for scripts.") var json = false
        @OptionGroup var folder: DataOptions

        func run() async throws {
            try await withFolder(folder) { client, terminal in
                let body: JSON = ["dryRun": .bool(dryRun)]
                let made = try await client.json(APIRequest("POST", "/api/retention/runs", body: body.bytes))
                let due = try made.whole("due")
                if json { try terminal.print(made.text) } else { try RetentionCommand.show(made.list("events"), terminal) }
                guard !dryRun else { return terminal.say("\(Text.count(due, "interaction")) due. Nothing was changed.") }
                try await RetentionCommand.wait(client, terminal)
                terminal.say(due == 0 ? "Nothing is due." : "\(Text.count(due, "interaction")) taken out.")
            }
        }
    }

    private static func show(_ events: [JSON], _ terminal: Terminal) throws {
        var table = Table([
            .init(title: "name", shrinks: true), .init(title: "kept"), .init(title: "interactions", right: true), .init(title: "due", right: true),
            .init(title: "oldest"),
        ])
        for event in events {
            let days = event["keepDays"]?.integer
            table.add([
                try event.text("name"), days.map { Text.count(Int($0), "day") } ?? "forever", String(try event.whole("interactions")),
                String(try event.whole("due")), event["oldest"]?.string.map(Moment.minute) ?? "",
            ])
        }
        try terminal.show(table, none: "Nothing is due.")
    }

    /// Returns when nothing is under way any more.
    private static func wait(_ client: FolderClient, _ terminal: Terminal) async throws {
        while true {
            let runs = try await client.json(APIRequest("GET", "/api/retention")).list("runs")
            guard let open = runs.last(where: { $0["done"]?.bool != true }) else { return }
            terminal.say("\(Int((open["progress"]?.double ?? 0) * 100)) % of the ledger is done.")
            try await Task.sleep(for: .seconds(1))
        }
    }
}
