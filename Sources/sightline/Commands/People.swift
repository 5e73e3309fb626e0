import ArgumentParser
import Kernel

struct PersonCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "person",
        abstract: "Invites, lists and changes the people who sign in to the console.",
        discussion: "Example: sightline person invite mira@example.com --role agent --data ./my-data",
        subcommands: [First.self, Invite.self, List.self, Reset.self, SetRole.self, Disable.self, Enable.self])

    struct First: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Prints a link that works once, with which the first administrator comes in.",
            discussion:
                "The link has the address that the server listens at; behind a proxy, open its path at the proxy's. An earlier one stops working.\n\nExample: sightline person first --data ./my-data"
        )
        @OptionGroup var folder: DataOptions
        func run() async throws {
            try await withFolder(folder) { client, terminal in
                try PersonCommand.show(try await client.json(APIRequest("POST", "/api/people/first")), client, terminal)
            }
        }
    }

    struct Invite: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Makes an account and prints the link with which its owner chooses a password.",
            discussion: "The link works once, and for a week.\n\nExample: sightline person invite mira@example.com --role agent --data ./my-data")
        @Argument(help: "The e-mail address they sign in with.") var email: String
        @Option(help: ArgumentHelp("What they may do.", valueName: "ROLE")) var role: RoleChoice
        @Option(help: "Their name; they may choose another.") var name: String?
        @OptionGroup var folder: DataOptions
        func run() async throws {
            try await withFolder(folder) { client, terminal in
                let body: JSON = ["email": .string(email), "role": .string(role.rawValue), "name": name.map(JSON.string) ?? .null]
                try PersonCommand.show(try await client.json(APIRequest("POST", "/api/people", body: body.bytes)), client, terminal)
            }
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Lists the people, disabled ones too.", discussion: "Example: sightline person list --data ./my-data")
        @Flag(help: "Print JSON, for scripts.") var json = false
        @OptionGroup var folder: DataOptions
        func run() async throws {
            try await withFolder(folder) { client, terminal in
                let found = try await client.json(APIRequest("GET", "/api/people"))
                if json { return try terminal.print(found.text) }
                for person in try found.list("items") {
                    let state =
                        person["disabledAt"]?.string != nil
                        ? "disabled" : person["joinedAt"]?.string == nil ? "invited" : person["name"]?.string ?? ""
                    try terminal.print(Text.clean("\(try person.text("email"))  \(try person.text("role"))  \(state)"))
                }
            }
        }
    }

    struct Reset: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Prints a link with which somebody chooses a new password.",
            discussion:
                "The link works once, and for a day; the old password works until then.\n\nExample: sightline person reset mira@example.com --data ./my-data"
        )
        @Argument(help: "Their e-mail address.") var email: String
        @OptionGroup var folder: DataOptions
        func run() async throws {
            try await withFolder(folder) { client, terminal in
                let id = try await PersonCommand.find(email, client)
                try PersonCommand.show(try await client.json(APIRequest("POST", "/api/people/\(id)/reset")), client, terminal)
            }
        }
    }

    struct SetRole: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "role", abstract: "Gives somebody another role.",
            discussion: "Example: sightline person role mira@example.com lead --data ./my-data")
        @Argument(help: "Their e-mail address.") var email: String
        @Argument(help: ArgumentHelp("What they may do.", valueName: "ROLE")) var role: RoleChoice
        @OptionGroup var folder: DataOptions
        func run() async throws {
            try await withFolder(folder) { client, terminal in
                try await PersonCommand.change(email, ["role": .string(role.rawValue)], client)
                terminal.say("\(Text.clean(email)) has the role \(role.rawValue).")
            }
        }
    }

    struct Disable: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Keeps somebody from signing in, and ends their sessions.",
            discussion: "Example: sightline person disable mira@example.com --data ./my-data")
        @Argument(help: "Their e-mail address.") var email: String
        @OptionGroup var folder: DataOptions
        func run() async throws {
            try await withFolder(folder) { client, terminal in
                try await PersonCommand.change(email, ["disabled": true], client)
                terminal.say("\(Text.clean(email)) cannot sign in any more.")
            }
        }
    }

    struct Enable: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Lets somebody sign in again.", discussion: "Example: sightline person enable mira@example.com --data ./my-data")
        @Argument(help: "Their e-mail address.") var email: String
        @OptionGroup var folder: DataOptions
        func run() async throws {
            try await withFolder(folder) { client, terminal in
                try await PersonCommand.change(email, ["disabled": false], client)
                terminal.say("\(Text.clean(email)) can sign in again.")
            }
        }
    }

    /// Prints a one-time link: whole where a server serves the pages; else by the settings that the next start goes by.
    private static func show(_ made: JSON, _ client: FolderClient, _ terminal: Terminal) throws {
        if let url = made["url"]?.string { return try terminal.print(url) }
        let settings = client.settings
        try terminal.print(PageAddress.text(nil, port: settings[Known.port], settings) + made.text("link"))
        terminal.say("No server serves this folder. The link works once `sightline serve` does; with another host or port, put its path after those.")
    }

    /// The id of whoever has an e-mail address.
    /// - Throws: ``CommandProblem`` when nobody has.
    private static func find(_ email: String, _ client: FolderClient) async throws -> String {
        let people = try await client.json(APIRequest("GET", "/api/people")).list("items")
        guard let person = people.first(where: { $0["email"]?.string?.lowercased() == email.lowercased() }) else {
            throw CommandProblem.nobody(email)
        }
        return try person.text("id")
    }

    private static func change(_ email: String, _ change: JSON, _ client: FolderClient) async throws {
        let id = try await find(email, client)
        _ = try await client.json(APIRequest("PATCH", "/api/people/\(id)", body: change.bytes))
    }
}
