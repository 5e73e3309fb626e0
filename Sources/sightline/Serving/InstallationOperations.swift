import Definitions
import Foundation
import Kernel
import Ledger
import Logging
import Pipeline
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

    func blueprint() async throws -> JSON {
        let documents = CompanyDefinitions.blueprint(installation.pipeline.definitions).documents
        return ["documents": .array(documents.map { ["name": .string("\($0.id).yaml"), "text": .string($0.text)] })]
    }

    func blueprint(_ documents: [(name: String, text: String)], checkOnly: Bool, by author: String) async throws -> JSON {
        let findings = Findings()
        let new = Blueprint(files: documents.map { (name: $0.name, bytes: Array($0.text.utf8)) }, findings)
        CompanyDefinitions.kinds.check(new, findings)
        guard findings.isEmpty else {
            throw Problem(
                status: 422, kind: "definitions", title: "The definitions cannot be put in force",
                detail: (checkOnly ? "" : "Nothing was changed. ") + findings.all.map(\.description).joined(separator: "\n"))
        }
        let changes = new.changes(from: CompanyDefinitions.blueprint(installation.pipeline.definitions))
        let said: JSON = .array(changes.map { ["document": .string("\($0.id)"), "what": .string($0.what.rawValue)] })
        guard !checkOnly, !changes.isEmpty else { return ["changes": said, "applied": false] }
        let words = CompanyDefinitions.declared(by: new)
        try await installation.ledger.declare(channels: words.channels, kinds: words.kinds)
        var texts: [String: String] = [:]
        // An empty text takes a definition out of force.
        for change in changes { texts["\(change.id)"] = new[change.id.kind, change.id.key]?.text ?? "" }
        _ = try await installation.pipeline.perform(.define(documents: texts, author: author), randomness: installation.randomness)
        return ["changes": said, "applied": true]
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
