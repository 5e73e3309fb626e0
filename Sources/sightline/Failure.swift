import Access
import Collect
import Definitions
import Foundation
import Kernel
import Ledger
import Store
import Web

/// The one place where what went wrong becomes a sentence for whoever typed the command: what, where, and how to mend it.
enum Failure {
    static func sentence(_ error: any Error) -> String {
        switch error {
        case let problem as Problem: "\(problem.title). \(problem.detail)"
        case let problem as SettingsProblem: problem.description
        case let problem as FolderProblem: sentence(problem)
        case let problem as ClientProblem: sentence(problem)
        case let problem as AnswerProblem: sentence(problem)
        case let problem as WriteProblem: sentence(problem)
        case let problem as CommandProblem: sentence(problem)
        case let problem as BackupProblem: sentence(problem)
        case RestorationProblem.notErased(let reason):
            "The backup is in place, but who was erased since it was made cannot be erased again yet: \(reason). Start again when that is mended."
        case DemonstrationProblem.refused(let reason): "An item of the invented company was refused: \(reason)"
        case DemonstrationProblem.notEmpty(let path):
            "\(path) has data that is not the invented company's, and is left alone. Name an empty or new folder with --data."
        case let problem as BlueprintProblem: sentence(problem)
        case let problem as MappingProblem: problem.sentence
        case let problem as FileProblem: problem.sentence
        case let problem as ServerProblem: sentence(problem)
        case let problem as ResourceProblem: problem.description
        case let problem as CertificateProblem: problem.description
        case let problem as WorkspaceProblem:
            "The workspace \(problem.host) (\(problem.folder)) cannot be opened, so none is served. \(sentence(problem.reason))"
        case let problem as LedgerProblem: sentence(problem)
        case let problem as StoreProblem: sentence(problem)
        case let problem as AccessProblem: sentence(problem)
        default: Failure.sentence(unforeseen: error)
        }
    }

    private static func sentence(_ problem: FolderProblem) -> String {
        switch problem {
        case .noFolder(let path): "\(path) is no folder. Name another with --data."
        case .missing(let path): "There is no data folder \(path). Is the name right? `sightline serve --data DIR` makes one."
        case .inUse(let path, let pid): "Another process\(number(pid)) uses the data folder \(path). Stop it, or use another folder with --data."
        case .noAnswer(let path, let pid, let reason):
            "Another process\(number(pid)) uses the data folder \(path) but does not answer on its socket (\(reason)). Is it still starting, or stopped?"
        case .system(let what, let code): "\(what): \(String(cString: strerror(code)))."
        }
    }

    private static func number(_ pid: Int?) -> String { pid.map { " (pid \($0))" } ?? "" }

    private static func sentence(_ problem: ClientProblem) -> String {
        switch problem {
        case .unreachable(let reason): "The server does not answer: \(reason)."
        case .broken(let reason): "The connection to the server broke before its answer was whole: \(reason). Its log may say why."
        case .stopped(let problem): sentence(problem)
        }
    }

    private static func sentence(_ problem: AnswerProblem) -> String {
        switch problem {
        case .notJSON(let status): "The server answered with status \(status) and something that is no JSON. Is it another version of Sightline?"
        case .status(let status): "The server answered with status \(status) and did not say why."
        case .lacks(let key): "The server's answer lacks `\(key)`. Is it another version of Sightline?"
        }
    }

    private static func sentence(_ problem: WriteProblem) -> String {
        switch problem {
        case .closed: "Nobody takes the output any more."
        case .failed(let code): "The output cannot be written: \(String(cString: strerror(code)))."
        }
    }

    private static func sentence(_ problem: CommandProblem) -> String {
        switch problem {
        case .notConfirmed(let what): what
        case .file(let path, let reason): "\(path): \(reason)"
        case .nothingToRead(let path): "\(path): there is nothing to read here."
        case .nobody(let email): "Nobody has the e-mail address \(email). `sightline person list` names everybody."
        case .interrupted: "Interrupted."
        }
    }

    static func sentence(_ problem: BackupProblem) -> String {
        switch problem {
        case .exists(let path): "\(path) is there already and not empty. Name a new folder."
        case .noBackup(let path): "\(path) is no backup: it has no \(BackupManifest.name), which is written when a backup is whole."
        case .damaged(let path): "\(path) is damaged: it is not what the backup was made of. Take another backup."
        case .newer(let path, let format): "\(path) has format \(format), which a newer version of Sightline made. Install that version."
        case .unusable(let why): "The backup cannot be used by this version of Sightline. \(why)"
        case .staged(let path): "A backup waits already to take the place of the data in \(path). The next start of the server sees to it."
        case .relative(let path): "\(path) is a relative path. The server needs it from the root on."
        case .busy: "Another backup is being made. Try again when it is done: `sightline backup list` says how far it is."
        case .nowhere: "No folder is set for backups. Set `\(Known.backupFolder.name)`, or name a folder for this one."
        case .system(let what, let code): "\(what): \(String(cString: strerror(code)))."
        }
    }

    private static func sentence(_ problem: BlueprintProblem) -> String {
        switch problem {
        case .noFolder(let path): "\(path) is no folder. Name the folder of a blueprint."
        case .inaccessible(let path, let why): "\(path): \(why)"
        case .tooManyFiles(let path, let most): "\(path) has more than \(most) files. Is it another folder than the blueprint's?"
        }
    }

    private static func sentence(_ problem: ServerProblem) -> String {
        switch problem {
        case .addressInUse(let address): "\(address) is taken: another program listens there. Stop it, or choose another port with --port."
        case .notAllowed(let address):
            "The system does not allow to listen at \(address). Ports below 1024 are for administrators; choose another with --port."
        case .noAddress(let address): "This machine has no such address to listen at: \(address). Choose another with --host."
        case .noFolder(let path): "The folder \(path) of the socket cannot be opened."
        case .system(let address, let code): "Nothing can listen at \(address): \(String(cString: strerror(code)))."
        }
    }

    private static func sentence(_ problem: LedgerProblem) -> String {
        switch problem {
        case .busy: "The disk cannot keep up: too much waits to be written. Try again later."
        case .unwritable(let reason): "The ledger cannot be written: \(reason)."
        case .closed: "The ledger was closed."
        case .format(let words): "The ledger cannot be used: \(words)."
        default: "The ledger cannot be used: \(problem)."
        }
    }

    private static func sentence(_ problem: StoreProblem) -> String {
        switch problem {
        case .unwritable(let reason): "The state database cannot be written: \(reason)."
        case .newer(let path, let migrations):
            "\(path) belongs to a newer version of Sightline than this, which is \(Version.number): it has been through \(migrations.map { "“\($0)”" }.joined(separator: ", ")), which this version does not know. Nothing was changed. Install the newer version again, or restore a backup that this version made."
        }
    }

    private static func sentence(_ problem: AccessProblem) -> String {
        switch problem {
        case .nameLength(let count): "A name has 1 to 64 characters; this one has \(count)."
        case .nameCharacters: "A name has no control characters, no `/`, and no space at either end."
        case .nameTaken(let name): "One in force has the name \(name) already. Revoke it first, or take another name."
        case .unknownName(let name): "None in force has the name \(name)."
        case .expired(let at): "It would have expired already, at \(at.rfc3339). Name a time that is still to come."
        case .noLimits: "Name at least one thing that it may do, or leave the list out: then it may do all."
        case .keysUsedUp: "All 65,535 numbers of write keys were given."
        case .damaged(let table, let name): "The table \(table) is damaged at \(name). Restore a backup."
        }
    }

    private static func sentence(unforeseen error: any Error) -> String { "\(error)" }
}

/// What stops a command.
enum CommandProblem: Error, Equatable {
    /// Something that cannot be taken back was not confirmed; the whole sentence.
    case notConfirmed(String)
    case file(path: String, reason: String)
    case nothingToRead(path: String)
    /// Nobody has this e-mail address.
    case nobody(String)
    case interrupted
}
