import ArgumentParser
import Kernel

/// How the commands of keys and tokens are alike.
enum SecretCommands {
    /// Makes one and prints its secret alone on standard output.
    static func create(_ path: String, _ body: JSON, what: String, name: String, _ client: FolderClient, _ terminal: Terminal) async throws {
        let made = try await client.json(APIRequest("POST", path, body: body.bytes))
        // First the secret: it is shown once, and what is said about it must not come before it fails to be written.
        try terminal.print(made.text("secret"))
        if terminal.out.isTerminal {
            terminal.say("This is the \(what) of \(Text.clean(name)). It is shown this once; Sightline keeps only its hash.")
        }
    }

    /// What can be said of a name before a data folder is touched.
    static func check(_ name: String) throws {
        guard (1...64).contains(name.unicodeScalars.count) else { throw ValidationError("NAME has 1 to 64 characters.") }
    }

    static func check(expires: String?) throws {
        guard let expires, Instant(expires) == nil else { return }
        throw ValidationError("--expires takes a time, as 2027-01-31 or 2027-01-31T12:00:00Z.")
    }

    static func revoke(_ path: String, what: String, name: String, _ client: FolderClient, _ terminal: Terminal) async throws {
        try await client.send(APIRequest("DELETE", path + "/" + APIRequest.encoded(name))).check()
        terminal.say("The \(what) of \(Text.clean(name)) is refused from now on.")
    }

    static func list(_ path: String, json: Bool, columns: [(title: String, key: String)], _ client: FolderClient, _ terminal: Terminal) async throws {
        let page = try await client.json(APIRequest("GET", path))
        if json { return try terminal.print(page.text) }
        var table = Table(
            columns.map { .init(title: $0.title, shrinks: $0.key == "name") } + [
                .init(title: "created"), .init(title: "last used"), .init(title: "state"),
            ])
        for item in try page.list("items") {
            let cells = columns.map { column in
                let value = item[column.key]
                if let words = value?.array?.compactMap(\.string) { return words.joined(separator: ", ") }
                return value?.string ?? value?.integer.map(String.init) ?? "all"
            }
            let until = item["expiresAt"]?.string.map { "until \(Moment.minute($0))" } ?? "in force"
            let state = item["revokedAt"]?.string.map { "revoked \(Moment.minute($0))" } ?? until
            table.add(cells + [Moment.minute(try item.text("createdAt")), item["lastUsedAt"]?.string.map(Moment.minute) ?? "never", state])
        }
        try terminal.show(table, none: "There are none yet.")
    }
}

struct Key: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Makes, lists and revokes write keys: with one a program sends interactions, and reads nothing.",
        discussion: "Example: sightline key create website --data ./my-data",
        subcommands: [Create.self, List.self, Revoke.self])

    struct Create: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Makes a write key and prints its secret, this once, alone on standard output.",
            discussion: "Example: KEY=$(sightline key create website --data ./my-data)")
        @Argument(help: "What sends with it: 1 to 64 characters.") var name: String
        @Option(
            name: .customLong("call"), parsing: .singleValue,
            help: ArgumentHelp(
                "A call that it may make: track, page, screen, identify, group, alias or import; may be given more than once. Without it all are. A key that stands in a page for everybody to read needs track, page and identify at most.",
                valueName: "CALL"))
        var calls: [String] = []
        @Option(help: ArgumentHelp("From when on it is refused, as 2027-01-31 or 2027-01-31T12:00:00Z.", valueName: "TIME")) var expires: String?
        @OptionGroup var folder: DataOptions
        func validate() throws {
            try SecretCommands.check(name)
            try SecretCommands.check(expires: expires)
        }
        func run() async throws {
            try await withFolder(folder, missing: .isMade) { client, terminal in
                let body: JSON = [
                    "name": .string(name), "calls": calls.isEmpty ? .null : .array(calls.map(JSON.string)),
                    "expiresAt": expires.map(JSON.string) ?? .null,
                ]
                try await SecretCommands.create("/api/keys", body, what: "write key", name: name, client, terminal)
            }
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Lists the write keys, revoked ones too.", discussion: "Example: sightline key list --data ./my-data")
        @Flag(help: "Print JSON, for scripts.") var json = false
        @OptionGroup var folder: DataOptions
        func run() async throws {
            try await withFolder(folder) { client, terminal in
                try await SecretCommands.list(
                    "/api/keys", json: json, columns: [("number", "id"), ("name", "name"), ("may send", "calls")], client, terminal)
            }
        }
    }

    struct Revoke: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Refuses a write key from now on. What came by it stays.", discussion: "Example: sightline key revoke website --data ./my-data")
        @Argument(help: "The key's name.") var name: String
        @OptionGroup var folder: DataOptions
        func run() async throws {
            try await withFolder(folder) { client, terminal in
                try await SecretCommands.revoke("/api/keys", what: "write key", name: name, client, terminal)
            }
        }
    }
}
