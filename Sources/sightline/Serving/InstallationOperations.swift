import Foundation
import Kernel
import Ledger
import Logging
import Store
import Web

/// What concerns the installation as a whole, for the API.
struct InstallationOperations: Operations {
    let installation: Installation
    let stop: @Sendable (ServerEnd) -> Void

    func backup(to folder: String?) async throws -> JSON {
        do {
            let made = try await installation.backups.make(in: folder)
            var members = made.manifest.json.members ?? []
            members.append(.init("path", .string(made.path)))
            members.append(.init("verified", BackupsOverview.Check(made.check).json))
            return .object(members)
        } catch {
            throw Self.problem(error)
        }
    }

    func beginBackup() throws {
        do {
            try installation.backups.ask()
        } catch {
            throw Self.problem(error)
        }
    }

    func backups() async throws -> BackupsOverview {
        let backups = installation.backups
        return try await apart { backups.overview }
    }

    var backupFigures: BackupFigures? { installation.backups.figures }

    func restore(from folder: String, keepReplaced: Bool) async throws -> JSON {
        let data = installation.folder
        let manifest = try await apart { try Restoration.stage(folder, in: data, keep: keepReplaced, check: CarryOver.check) }
        installation.logger.notice("a backup is staged; starting again")
        stop(.restart)
        return manifest.json
    }

    /// Runs what takes a while on a thread of its own, and says what went wrong as a problem.
    private func apart<R: Sendable>(_ work: @escaping @Sendable () throws -> R) async throws -> R {
        do {
            return try await withCheckedThrowingContinuation { done in
                Thread.detachNewThread { done.resume(with: Result(catching: work)) }
            }
        } catch {
            throw Self.problem(error)
        }
    }

    /// What went wrong with a backup, for whoever asked.
    private static func problem(_ error: any Error) -> any Error {
        switch error {
        case BackupProblem.busy:
            Problem(status: 409, kind: "backup-running", title: "A backup is being made", detail: Failure.sentence(BackupProblem.busy))
        case let problem as BackupProblem:
            Problem(status: 422, kind: "backup", title: "This cannot be done", detail: Failure.sentence(problem))
        case let problem as LedgerProblem: problem
        case is CancellationError:
            Problem(
                status: 503, kind: "ending", title: "The server ends",
                detail: "The backup was given up as the server ends. Ask again when it is back.")
        default: Problem(status: 422, kind: "backup", title: "This cannot be done", detail: Failure.sentence(error))
        }
    }
}
