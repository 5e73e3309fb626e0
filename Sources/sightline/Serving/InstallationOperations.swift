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

    func backup(to folder: String) async throws -> JSON {
        let installation = installation
        return try await apart {
            try Backup.write(
                to: folder, now: installation.clock.now, copyState: { try installation.store.backup(to: $0) },
                copyAccess: { try installation.accessStore.backup(to: $0) },
                copyLedger: { try installation.ledger.backup(to: $0) }
            ).json
        }
    }

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
        } catch let problem as BackupProblem {
            throw Problem(status: 422, kind: "backup", title: "This cannot be done", detail: Failure.sentence(problem))
        } catch let problem as LedgerProblem {
            throw problem
        } catch {
            throw Problem(status: 422, kind: "backup", title: "This cannot be done", detail: "\(error)")
        }
    }
}
