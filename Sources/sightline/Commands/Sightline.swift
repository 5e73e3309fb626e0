import ArgumentParser
import Foundation

/// The command and its subcommands.
struct Sightline: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sightline",
        abstract: "One line of sight from every interaction with a customer to the people who can act on it.",
        discussion: """
            Everything lies in one data folder. `sightline serve` answers over HTTP; the other commands work on the same folder, whether a \
            server runs on it or not.

            Example: sightline serve --data ./my-data --port 8080

            Exit codes: 0 done, 1 failed (standard error says why), 2 not understood.
            """,
        version: Version.text,
        subcommands: [
            Serve.self, Import.self, Export.self, Key.self, Token.self, PersonCommand.self, CustomerCommand.self, BlueprintCommand.self,
            LedgerCommand.self, SourcesCommand.self,
            BackupCommand.self, RestoreCommand.self, DemoCommand.self, VersionCommand.self, DocumentSettings.self,
        ])
}

/// What this program is.
enum Version {
    static let number = "0.1.0"
    static var text: String { "sightline \(number)" }
}

struct VersionCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "version", abstract: "Prints the version.", discussion: "Example: sightline version")
    // Taken and not used: a script may give all commands the same words.
    @OptionGroup var folder: DataOptions
    func run() throws { try Environment.current.terminal.print(Version.text) }
}

struct DocumentSettings: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "document-settings", abstract: "Prints docs/configuration.md.",
        discussion: "Example: sightline document-settings > docs/configuration.md", shouldDisplay: false)
    func run() throws { try Environment.current.terminal.out.write(Settings.documentation) }
}

/// What a command gets from the process.
struct Environment: Sendable {
    let variables: [String: String]
    let terminal: Terminal

    static let current: Environment = {
        let variables = ProcessInfo.processInfo.environment
        return Environment(variables: variables, terminal: Terminal(environment: variables))
    }()
}

extension Terminal {
    /// A folder that was missing may be a name mistyped, so it is said.
    func sayMade(_ folder: DataFolder) { say("Made a new data folder at \(Text.clean(folder.path)).") }
}

/// Which data folder, and where its settings are.
struct DataOptions: ParsableArguments {
    @Option(name: .customLong(Known.data.name), help: Known.data.help)
    var data: String?

    @Option(help: ArgumentHelp("A YAML file of settings, instead of sightline.yaml in the data folder.", valueName: "FILE"))
    var config: String?

    /// What holds for this command.
    /// - Parameters:
    ///   - flags: Settings that the command's own flags gave.
    ///   - isForServer: Whether what the values name is looked at too.
    /// - Throws: ``SettingsProblem`` with everything that is wrong.
    func settings(_ flags: [String: String] = [:], environment: [String: String], isForServer: Bool = false) throws(SettingsProblem) -> Settings {
        var flags = flags
        flags[Known.data.name] = data
        // Where the folder is decides which file counts, so it is worked out first, without the file.
        let named = config ?? environment["SIGHTLINE_CONFIG"]
        let place = named ?? DataFolder(flags[Known.data.name] ?? environment[Known.data.environment] ?? Known.data.standard).settings
        var file: Settings.File?
        var found: [SettingsProblem.One] = []
        do {
            file = .init(path: place, text: try String(contentsOfFile: place, encoding: .utf8), inDataFolder: named == nil)
        } catch {
            // Nobody needs a file in the data folder; but one that is there is meant to be read.
            if named != nil || FileManager.default.fileExists(atPath: place) {
                found.append(.unreadable(path: place, reason: Self.reason(place)))
            }
        }
        return try Settings(flags: flags, environment: environment, file: file, found: found, isForServer: isForServer)
    }

    private static func reason(_ path: String) -> String {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else { return "there is no such file." }
        if isFolder.boolValue { return "it is a folder." }
        return access(path, R_OK) == 0 ? "it is no text in UTF-8." : "\(String(cString: strerror(errno)))."
    }
}

extension AnySetting {
    /// The text of `--help`.
    var help: ArgumentHelp {
        ArgumentHelp("\(summary) It takes \(takes). Also \(environment), and `\(name)` in the file. (default: \(standard))", valueName: placeholder)
    }
}

extension AsyncParsableCommand {
    /// Runs `work` with the API of the data folder.
    func withFolder<R>(
        _ options: DataOptions, missing: MissingFolder = .isAnError, _ work: (FolderClient, Terminal) async throws -> R
    ) async throws -> R {
        let environment = Environment.current
        let settings = try options.settings(environment: environment.variables)
        return try await FolderClient.with(settings, missing: missing, made: environment.terminal.sayMade, start: EmbeddedServer.start) {
            try await work($0, environment.terminal)
        }
    }
}
