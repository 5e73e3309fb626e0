import ArgumentParser
import Foundation

@main enum Program {
    static func main() async {
        // A reader that goes away is an error of the write (EPIPE), not the end of a server.
        signal(SIGPIPE, SIG_IGN)
        // Whatever is made here holds personal data or secrets.
        umask(0o077)
        do {
            var command = try Sightline.parseAsRoot()
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
        } catch {
            finish(error)
        }
    }

    /// Says what went wrong and ends the process: 1 when something failed, 2 when the command was not understood.
    private static func finish(_ error: any Error) -> Never {
        let terminal = Environment.current.terminal
        if isClosedOutput(error) {
            // As any program that prints to `head`: ended by the signal, without a word.
            signal(SIGPIPE, SIG_DFL)
            raise(SIGPIPE)
        }
        let code = Sightline.exitCode(for: error)
        switch code {
        case .success:
            try? terminal.print(Sightline.fullMessage(for: error))
            exit(0)
        case .validationFailure:
            terminal.say(Sightline.fullMessage(for: error))
            exit(2)
        default:
            if let code = error as? ExitCode { exit(code.rawValue) }
            terminal.say("sightline: " + Text.cleanLines(Failure.sentence(error)))
            exit(error is SettingsProblem ? 2 : 1)
        }
    }

    private static func isClosedOutput(_ error: any Error) -> Bool {
        switch error {
        case WriteProblem.closed, ClientProblem.stopped(.closed): true
        default: false
        }
    }
}
