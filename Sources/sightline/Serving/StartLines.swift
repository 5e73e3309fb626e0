import Kernel
import Logging

/// What a server says on standard output when it starts: lines for people or, with `log-format: json`, objects as those of the log.
///
/// Objects are gathered by programs and kept where many can read them, so no secret is among them: neither the link of the first
/// administrator nor the tokens of the invented company. They name the command that prints one to whoever has the data folder.
struct StartLines: Sendable {
    private let terminal: Terminal
    /// Nil when people read it.
    private let log: Logger?

    init(_ terminal: Terminal, _ format: LogFormat, clock: Clock) {
        self.terminal = terminal
        guard format == .json else {
            log = nil
            return
        }
        log = Logger(label: "sightline") { _ in
            // Nobody reading it is no reason to stop.
            JSONLog(clock: clock) { line in line.withUnsafeBytes { try? terminal.out.write($0) } }
        }
    }

    /// Whether secrets may be among them.
    var arePrivate: Bool { log == nil }

    func serves(_ folder: DataFolder, at address: String) {
        let line = "Sightline serves \(folder.path) at \(address)"
        guard let log else { return print(line) }
        log.info("\(line)", metadata: ["folder": "\(folder.path)", "address": "\(address)"])
    }

    func made(_ folder: DataFolder) {
        guard let log else { return terminal.sayMade(folder) }
        log.info("made a new data folder", metadata: ["folder": "\(folder.path)"])
    }

    /// - Parameters:
    ///   - workspace: Which one of several; nil for the main one.
    ///   - link: What leads the first administrator in. Not asked for when it would not be shown, as a new link ends the one before.
    func nobodyCanSignIn(to workspace: String?, _ folder: DataFolder, link: () throws -> String) rethrows {
        guard let log else {
            let place = workspace.map { " at \($0)" } ?? ""
            return print("Nobody can sign in\(place) yet. This link works once, for the first administrator: \(try link())")
        }
        log.info(
            "nobody can sign in yet; this command prints the link of the first administrator",
            metadata: ["command": "sightline person first --data \(folder.path)"])
    }

    /// More about it, without secrets.
    func say(_ text: String) {
        guard let log else { return terminal.say(text) }
        log.info("\(text)")
    }

    private func print(_ line: String) { try? terminal.print(line) }
}
