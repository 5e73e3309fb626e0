import Access
import ArgumentParser
import Kernel

struct Token: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Makes, lists and revokes API tokens: with one a program or a person asks, as somebody with a role.",
        discussion: "Example: sightline token create ann --role analyst --data ./my-data",
        subcommands: [Create.self, List.self, Revoke.self])

    struct Create: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Makes a token and prints its secret, this once, alone on standard output.",
            discussion: "Example: TOKEN=$(sightline token create ann --role administrator --data ./my-data)")
        @Argument(help: "Who asks with it: 1 to 64 characters. Histories show it.") var name: String
        @Option(help: ArgumentHelp("What they may do.", valueName: "ROLE")) var role: RoleChoice
        @Option(
            name: .customLong("scope"), parsing: .singleValue,
            help: ArgumentHelp(
                "A permission of the role that it has: belong, read, annotate, export, change, readStaff or administer; may be given more than once. Without it it has all of the role's.",
                valueName: "PERMISSION"))
        var scopes: [String] = []
        @Option(help: ArgumentHelp("From when on it is refused, as 2027-01-31 or 2027-01-31T12:00:00Z.", valueName: "TIME")) var expires: String?
        @OptionGroup var folder: DataOptions
        func validate() throws {
            try SecretCommands.check(name)
            try SecretCommands.check(expires: expires)
        }
        func run() async throws {
            try await withFolder(folder, missing: .isMade) { client, terminal in
                let body: JSON = [
                    "name": .string(name), "role": .string(role.rawValue), "scopes": scopes.isEmpty ? .null : .array(scopes.map(JSON.string)),
                    "expiresAt": expires.map(JSON.string) ?? .null,
                ]
                try await SecretCommands.create("/api/tokens", body, what: "token", name: name, client, terminal)
            }
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Lists the tokens, revoked ones too.", discussion: "Example: sightline token list --data ./my-data")
        @Flag(help: "Print JSON, for scripts.") var json = false
        @OptionGroup var folder: DataOptions
        func run() async throws {
            try await withFolder(folder) { client, terminal in
                try await SecretCommands.list(
                    "/api/tokens", json: json, columns: [("name", "name"), ("role", "role"), ("scopes", "scopes")], client, terminal)
            }
        }
    }

    struct Revoke: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Refuses a token from now on.", discussion: "Example: sightline token revoke ann --data ./my-data")
        @Argument(help: "The token's name.") var name: String
        @OptionGroup var folder: DataOptions
        func run() async throws {
            try await withFolder(folder) { client, terminal in
                try await SecretCommands.revoke("/api/tokens", what: "token", name: name, client, terminal)
            }
        }
    }
}

/// A role as the command line takes it.
struct RoleChoice: ExpressibleByArgument {
    let role: Role
    var rawValue: String { role.rawValue }
    init?(argument: String) {
        guard let role = Role(rawValue: argument) else { return nil }
        self.role = role
    }
    static var allValueStrings: [String] { Role.allCases.map(\.rawValue) }
}
