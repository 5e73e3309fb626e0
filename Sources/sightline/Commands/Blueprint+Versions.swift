import ArgumentParser
import Definitions
import Kernel

extension BlueprintCommand {
    struct Log: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Lists the versions of the definitions, newest first: which document, when and by whom.",
            discussion: "Example: sightline blueprint log identity --data ./my-data")
        @Argument(help: ArgumentHelp("One document alone, as identity.", valueName: "DOCUMENT")) var document: String?
        @Option(help: "How many at most, 1 to 500.") var limit = 50
        @Flag(help: "Show what each version changed in its document.") var changes = false
        @Flag(help: "Print JSON.") var json = false
        @OptionGroup var folder: DataOptions

        func validate() throws {
            guard (1...500).contains(limit) else { throw ValidationError("--limit takes 1 to 500.") }
            guard !(changes && json) else { throw ValidationError("--changes is for people; --json has no use for it.") }
        }

        func run() async throws {
            try await withFolder(folder) { client, terminal in
                let only = document.map { "&document=" + APIRequest.encoded($0) } ?? ""
                let page = try await client.json(APIRequest("GET", "/api/blueprint/versions?limit=\(limit)\(only)"))
                if json { return try terminal.print(page.text) }
                let versions = try page.list("items")
                if changes { return try await tell(versions, client, terminal) }
                var table = Table([
                    .init(title: "document", shrinks: true), .init(title: "version"), .init(title: "when"), .init(title: "by"), .init(title: ""),
                ])
                for version in versions {
                    table.add([
                        try version.text("document"), String(try version.whole("version")), Moment.minute(try version.text("at")),
                        try version.text("author"),
                        version["removed"]?.bool == true ? "out of force" : "",
                    ])
                }
                try terminal.show(table, none: "Nothing was put in force yet: the defaults hold.")
            }
        }

        private func tell(_ versions: [JSON], _ client: FolderClient, _ terminal: Terminal) async throws {
            let style = Style(on: terminal.out.colours)
            for version in versions {
                let document = try version.text("document")
                let number = try version.whole("version")
                let when = Moment.minute(try version.text("at"))
                try terminal.print(style.bold(Text.clean("\(document), version \(number), \(when), \(try version.text("author"))")))
                let now = try await text(document, number, client)
                let before = number > 1 ? try await text(document, number - 1, client) : ""
                try BlueprintCommand.show(LineDifference(from: before, to: now), style, terminal)
            }
        }

        private func text(_ document: String, _ number: Int, _ client: FolderClient) async throws -> String {
            try await client.json(APIRequest("GET", "/api/blueprint/versions/\(APIRequest.encoded(document))/\(number)"))["text"]?.string ?? ""
        }
    }

    struct Rollback: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Puts an older version of a document in force again.",
            discussion: """
                It is checked as if it were new, and becomes a new version. Going back to a version that took the document out of force takes \
                it out again.

                Example: sightline blueprint rollback identity 2 --data ./my-data
                """)
        @Argument(help: ArgumentHelp("The document, as identity.", valueName: "DOCUMENT")) var document: String
        @Argument(help: ArgumentHelp("The number of the version, as `sightline blueprint log` has it.", valueName: "VERSION")) var version: Int
        @OptionGroup var folder: DataOptions

        func validate() throws {
            guard (1...Int(Int32.max)).contains(version) else { throw ValidationError("VERSION is a number from 1 on.") }
        }

        func run() async throws {
            try await withFolder(folder) { client, terminal in
                let body: JSON = ["document": .string(document), "version": .integer(Int64(version))]
                let changes = try await client.json(APIRequest("POST", "/api/blueprint/rollback", body: body.bytes)).list("changes")
                if changes.isEmpty { return terminal.say("It is what is in force: nothing changed.") }
                try BlueprintCommand.tell(changes, terminal)
            }
        }
    }
}
