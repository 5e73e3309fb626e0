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
            FormulaCommand.self, LedgerCommand.self, SourcesCommand.self, RetentionCommand.self,
            BackupCommand.self, RestoreCommand.self, ReadyCommand.self, DemoCommand.self, VersionCommand.self, DocumentSettings.self,
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
    /// - Parameter flags: Settings that the command's own flags gave.
    /// - Throws: ``SettingsProblem`` with everything that is wrong.
    func settings(_ flags: [String: String] = [:], environment: [String: String]) throws(SettingsProblem) -> Settings {
        let (settings, problems) = worked(flags, environment, isForServer: false)
        guard problems.isEmpty else { throw SettingsProblem(all: problems) }
        return settings
    }

    /// The workspaces that a server is to serve, the main one first. What the values name is looked at too.
    /// - Throws: ``SettingsProblem`` with everything that is wrong about any of them.
    func workspaces(_ flags: [String: String], environment: [String: String]) throws(SettingsProblem) -> [ServedWorkspace] {
        let (main, found) = worked(flags, environment, isForServer: true)
        var problems = found
        var all = [ServedWorkspace(host: nil, settings: main)]
        for place in main.given[Known.workspaces] ?? [] {
            var unreadable: [SettingsProblem.One] = []
            var file = Self.file(place.data.settings, isNamed: false, &unreadable)
            file?.isOfWorkspace = true
            let (settings, more) = main.workspace(place, flags: flags, environment: environment, file: file, found: unreadable)
            problems += more
            all.append(ServedWorkspace(host: place.host, settings: settings))
        }
        problems += SettingsProblem.shared(all)
        guard problems.isEmpty else { throw SettingsProblem(all: problems) }
        return all
    }

    private func worked(
        _ flags: [String: String], _ environment: [String: String], isForServer: Bool
    ) -> (Settings, problems: [SettingsProblem.One]) {
        var flags = flags
        flags[Known.data.name] = data
        // Where the folder is decides which file counts, so it is worked out first, without the file.
        let named = config ?? environment["SIGHTLINE_CONFIG"]
        let place = named ?? DataFolder(flags[Known.data.name] ?? environment[Known.data.environment] ?? Known.data.standard).settings
        var found: [SettingsProblem.One] = []
        let file = Self.file(place, isNamed: named != nil, &found)
        return Settings.worked(out: flags, environment, file, found: found, isForServer: isForServer)
    }

    private static func file(_ path: String, isNamed: Bool, _ found: inout [SettingsProblem.One]) -> Settings.File? {
        do {
            return .init(path: path, text: try String(contentsOfFile: path, encoding: .utf8), inDataFolder: !isNamed)
        } catch {
            // Nobody needs a file in the data folder; but one that is there is meant to be read.
            if isNamed || FileManager.default.fileExists(atPath: path) { found.append(.unreadable(path: path, reason: reason(path))) }
            return nil
        }
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
