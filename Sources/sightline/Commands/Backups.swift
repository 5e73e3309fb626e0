import ArgumentParser
import Foundation
import Kernel

struct BackupCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backup", abstract: "Writes a consistent copy of the data folder while a server runs, lists such copies, tests one.",
        discussion: "Example: sightline backup /backups/2026-11-21 --data ./my-data", subcommands: [Make.self, List.self, Test.self],
        defaultSubcommand: Make.self)

    struct Make: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Writes a consistent copy of the data folder into a new folder, while a server runs.",
            discussion: """
                The copy holds the ledger, the state, people, keys and tokens, and a manifest with checksums. The server writes it, so the folder \
                is one of its machine. Then the copy is opened as a restoration would, beside the data; what that found is kept with it as \
                verified.json, and the command exits with 1 when the copy is not sound.

                Example: sightline backup /backups/2026-11-21 --data ./my-data
                """)
        @Argument(help: ArgumentHelp("A folder that is not there yet, or empty. Without one a new one in the backup-folder.", valueName: "DIR"))
        var target: String?
        @OptionGroup var folder: DataOptions

        func run() async throws {
            try await withFolder(folder) { client, terminal in
                let body: JSON = target.map { ["to": .string(DataFolder($0).path)] } ?? [:]
                let made = try await client.json(APIRequest("POST", "/api/backups", body: body.bytes))
                let bytes = (made["files"]?.array ?? []).reduce(0) { $0 + Int($1["bytes"]?.integer ?? 0) }
                terminal.say("The backup is whole: \(Text.clean(made["path"]?.string ?? "")), \(Measure.roundedBytes(bytes)).")
                try terminal.tell(made["verified"] ?? .null)
            }
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Lists the backups in the backup-folder, newest first, and says when the next is made.",
            discussion: "Example: sightline backup list --data ./my-data")
        @Flag(help: "Print JSON, for scripts.") var json = false
        @OptionGroup var folder: DataOptions

        func run() async throws {
            try await withFolder(folder) { client, terminal in
                let found = try await client.json(APIRequest("GET", "/api/backups"))
                if json { return try terminal.print(found.text) }
                guard let place = found["folder"]?.string else {
                    return terminal.say("No backups are made by themselves. Set `\(Known.backupFolder.name)` to a folder on another disk.")
                }
                var table = Table([
                    .init(title: "made (UTC)"), .init(title: "size", right: true), .init(title: "tested"), .init(title: "customers", right: true),
                    .init(title: "name", shrinks: true),
                ])
                for item in try found.list("items") {
                    let check = item["verified"]
                    table.add([
                        Moment.minute(item["madeAt"]?.string ?? ""), Measure.roundedBytes(Int(item["bytes"]?.integer ?? 0)),
                        check?["result"]?.string ?? "not yet", check?["customers"]?.integer.map { Text.count($0) } ?? "", item["name"]?.string ?? "",
                    ])
                }
                try terminal.show(table, none: "There are no backups in \(Text.clean(place)) yet.")
                for item in try found.list("items") {
                    for line in item["verified"]?["wrong"]?.array ?? [] {
                        terminal.say(Text.clean("\(item["name"]?.string ?? ""): \(line.string ?? "")"))
                    }
                }
                if let running = found["running"], !running.isNull {
                    let since = Moment.clock(running["since"]?.string ?? "")
                    terminal.say("One is being made since \(since) UTC: \(running["phase"]?.string ?? "").")
                } else if let next = found["schedule"]?["next"]?.string {
                    terminal.say("The next is made after \(Moment.minute(next)) UTC, while the server runs.")
                }
                if let failure = found["failure"], let at = failure["at"]?.string, let reason = failure["reason"]?.string {
                    terminal.say(Text.clean("Failed at \(Moment.minute(at)) UTC: \(reason)"))
                }
            }
        }
    }

    struct Test: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Opens a backup as a restoration would, and says what is wrong with it.",
            discussion: """
                Neither the data folder nor a server is needed: it works on any machine that has this program, also after copying a backup there. \
                It needs room in the backup's folder for another state database while it runs. Exits with 1 when the backup is not sound.

                Example: sightline backup test /backups/2026-11-21
                """)
        @Argument(help: ArgumentHelp("The backup's folder.", valueName: "DIR")) var source: String
        // Taken and not used: a script may give all commands the same words.
        @OptionGroup var folder: DataOptions

        func run() throws {
            let check = try TestRestore.run(DataFolder(source).path, now: SystemClock.clock.now)
            try Environment.current.terminal.tell(check.json)
        }
    }
}

extension Terminal {
    /// What a test restore found. Fails when the backup is not sound.
    fileprivate func tell(_ check: JSON) throws {
        if check["result"]?.string == BackupCheck.Result.sound.rawValue {
            let bodies = Text.count(check["bodies"]?.integer ?? 0, "body", "bodies")
            let customers = Text.count(check["customers"]?.integer ?? 0, "customer")
            let interactions = Text.count(check["interactions"]?.integer ?? 0, "interaction")
            return say("A test restore found it sound: \(bodies) of the ledger verified, \(customers), \(interactions).")
        }
        for line in check["wrong"]?.array ?? [] { say(Text.clean(line.string ?? "")) }
        say(
            check["result"]?.string == BackupCheck.Result.untested.rawValue
                ? "It could not be tested. Mend that, then: sightline backup test DIR" : "It is not sound: do not rely on it, and make another.")
        throw ExitCode(1)
    }
}

struct RestoreCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "restore", abstract: "Makes a backup the content of the data folder.",
        discussion: """
            The backup is verified first. Customers who were erased since it was made are erased in it again, and keys and tokens that were \
            revoked since stay revoked; what cannot be read of that is said. A folder that has data needs --replace, which deletes the data \
            once the backup is in its place, or --keep-replaced. A server that runs on the folder stops in peace and starts again with the \
            backup.

            Example: sightline restore /backups/2026-11-21 --data ./my-data --replace
            """)
    @Argument(help: ArgumentHelp("The backup's folder.", valueName: "DIR")) var source: String
    @Flag(help: "The folder may have data: it is deleted once the backup is in its place.") var replace = false
    @Flag(help: "The folder may have data: it is kept in it as replaced-…. Whoever is erased later stays in there, so remove it in time.")
    var keepReplaced = false
    @OptionGroup var folder: DataOptions

    func validate() throws {
        guard !(replace && keepReplaced) else { throw ValidationError("--replace deletes the data, --keep-replaced keeps it: give one of them.") }
    }

    func run() async throws {
        let environment = Environment.current
        let terminal = environment.terminal
        let settings = try folder.settings(environment: environment.variables)
        let data = DataFolder(settings[Known.data])
        let backup = DataFolder(source).path
        // A mistake in the backup's name makes no folder.
        _ = try BackupManifest(folder: backup)
        if try data.make() { terminal.sayMade(data) }
        let lock = try FolderLock.ifFree(data)
        defer { lock?.release() }
        guard replace || keepReplaced || !data.hasData else {
            throw CommandProblem.notConfirmed(
                "\(data.path) has data. --replace deletes it once the backup is in its place; --keep-replaced keeps it, in a folder replaced-… of it."
            )
        }
        guard let lock else { return try await throughServer(settings, backup, terminal) }
        let now = SystemClock.clock.now
        let carry: (String) async throws -> CarriedOver = { try await CarryOver.from(data, into: $0) }
        _ = try await Restoration.complete(in: data, now: now, carry: carry)
        _ = try Restoration.stage(backup, in: data, keep: keepReplaced, check: CarryOver.check)
        _ = try await Restoration.complete(in: data, now: now, carry: carry)
        lock.release()
        // Opening it erases again who was erased, and shows that it can be opened.
        try await FolderClient.with(settings, missing: .isAnError, start: EmbeddedServer.start) { client in
            _ = try await client.send(APIRequest("GET", "/health"))
        }
        say(data, terminal)
    }

    private func say(_ data: DataFolder, _ terminal: Terminal) {
        for line in Restored(in: data.path)?.sentences(data) ?? [] { terminal.say(Text.clean(line)) }
    }

    /// The server stages the backup, answers, and starts again; done is when it answers again.
    private func throughServer(_ settings: Settings, _ backup: String, _ terminal: Terminal) async throws {
        let folder = DataFolder(settings[Known.data])
        try await FolderClient.with(settings, missing: .isAnError, start: EmbeddedServer.start) { client in
            let body: JSON = ["from": .string(backup), "keepReplaced": .bool(keepReplaced)]
            _ = try await client.json(APIRequest("POST", "/api/restorations", body: body.bytes))
        }
        // Asked by the socket alone: a client that finds nobody there would take the folder from the server that is coming back.
        let place = try ReachablePath(folder.socket)
        let client = APIClient(.socket(path: place.text))
        let began = ContinuousClock.now
        while ContinuousClock.now - began < .seconds(300) {
            try await Task.sleep(for: .milliseconds(100))
            let answer = try? await client.send(APIRequest("GET", "/health"))
            // The staged copies are gone once they have taken their place, before the server answers again.
            if answer?.status == 200, !Disk.exists(folder.restoring) {
                terminal.say("The server has started again.")
                return say(folder, terminal)
            }
        }
        throw CommandProblem.notConfirmed(
            "The backup is staged, but the server did not come back within five minutes. Start it: it goes on by itself.")
    }
}
