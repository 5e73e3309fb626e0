import ArgumentParser
import Foundation
import Kernel

struct BackupCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backup", abstract: "Writes a consistent copy of the data folder into a new folder, while a server runs.",
        discussion: """
            The copy holds the ledger, the state, keys and tokens, and a manifest with checksums. The server writes it, so the folder is one of \
            its machine.

            Example: sightline backup /backups/2026-11-21 --data ./my-data
            """)
    @Argument(help: ArgumentHelp("A folder that is not there yet, or empty.", valueName: "DIR")) var target: String
    @OptionGroup var folder: DataOptions

    func run() async throws {
        try await withFolder(folder) { client, terminal in
            let body: JSON = ["to": .string(DataFolder(target).path)]
            let made = try await client.json(APIRequest("POST", "/api/backups", body: body.bytes))
            let bytes = (made["files"]?.array ?? []).reduce(0) { $0 + Int($1["bytes"]?.integer ?? 0) }
            terminal.say("The backup is whole: \(DataFolder(target).path), \(Measure.roundedBytes(bytes)).")
        }
    }
}

struct RestoreCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "restore", abstract: "Makes a backup the content of the data folder.",
        discussion: """
            The backup is verified first. What the folder held is kept in it as replaced-…, to be removed when it is needed no more. A server \
            that runs on the folder stops in peace and starts again with the backup.

            Example: sightline restore /backups/2026-11-21 --data ./new-data
            """)
    @Argument(help: ArgumentHelp("The backup's folder.", valueName: "DIR")) var source: String
    @Flag(help: "The folder may have data, which is put aside. A running server needs no such word.") var replace = false
    @OptionGroup var folder: DataOptions

    func run() async throws {
        let environment = Environment.current
        let terminal = environment.terminal
        let settings = try folder.settings(environment: environment.variables)
        let data = DataFolder(settings[Known.data])
        let backup = DataFolder(source).path
        try data.make()
        guard let lock = try FolderLock.ifFree(data) else { return try await throughServer(settings, backup, terminal) }
        defer { lock.release() }
        guard replace || !data.hasData else {
            throw CommandProblem.notConfirmed("\(data.path) has data. With --replace it is put aside, into a folder replaced-… beside it.")
        }
        let now = SystemClock.clock.now
        _ = try Restoration.complete(in: data, now: now)
        let manifest = try Restoration.stage(backup, in: data)
        let replaced = try Restoration.complete(in: data, now: now)
        terminal.say("\(data.path) holds the backup of \(Moment.minute(manifest.madeAt.rfc3339)) UTC.")
        if let replaced { terminal.say("What it held before is in \(replaced).") }
    }

    /// The server stages the backup, answers, and starts again; done is when it answers again.
    private func throughServer(_ settings: Settings, _ backup: String, _ terminal: Terminal) async throws {
        try await FolderClient.with(settings, make: false, start: EmbeddedServer.start) { client in
            let body: JSON = ["from": .string(backup)]
            let staged = try await client.json(APIRequest("POST", "/api/restorations", body: body.bytes))
            let began = ContinuousClock.now
            while ContinuousClock.now - began < .seconds(300) {
                try await Task.sleep(for: .milliseconds(100))
                let answer = try? await client.send(APIRequest("GET", "/health"))
                // The staged copies are gone once they have taken their place, before the server answers again.
                if answer?.status == 200, !Disk.exists(client.folder.restoring) {
                    let madeAt = staged["madeAt"]?.string.map { " of " + Moment.minute($0) + " UTC" } ?? ""
                    return terminal.say(
                        "The server has started again with the backup\(madeAt). What the folder held before is beside it, in replaced-….")
                }
            }
            throw CommandProblem.notConfirmed(
                "The backup is staged, but the server did not come back within five minutes. Start it: it goes on by itself.")
        }
    }
}
