package import Access
package import Audiences
package import Audit
package import Collect
package import Consent
package import Customers
package import Delivery
package import Kernel
package import Ledger
package import Notes
package import Pipeline

/// What the routes need from the rest of the house: the composition root fills it in, tests hand in their own.
package struct Services: Sendable {
    package var access: Access
    package var staff: Staff
    package var audit: Audit
    /// The collector by the definitions in force: a change of them is another one.
    package var collector: @Sendable () -> Collector
    package var ledger: Ledger
    package var pipeline: Pipeline
    package var customers: Customers
    package var notes: Notes
    package var consents: Consents
    /// Metrics, audiences and the lifecycle.
    package var audiences: Audiences
    /// What goes out to others when something happens.
    package var webhooks: Webhooks
    /// Lets few questions about everybody through at a time.
    package let formulaGate = FormulaGate()
    package var operations: any Operations
    package var live: Live
    /// What the company decides, with every version of it.
    package var definitions: DefinitionBook
    package var clock: Clock
    /// The program's version, as `/health` says it.
    package var version: String
    /// What the server counts of itself.
    package var metrics = Metrics()
    /// What is hidden from whom.
    package var privacy: @Sendable () -> Privacy = { .open }
    /// Milliseconds that conclusions may be behind while `/ready` says yes.
    package var mostLag: Int64 = 60_000
    /// Where a browser on this machine finds the pages, as `http://127.0.0.1:8080`; nil while only the folder's socket answers.
    package var address: @Sendable () -> String? = { nil }

    package init(
        access: Access, staff: Staff, audit: Audit, collector: @escaping @Sendable () -> Collector, ledger: Ledger, pipeline: Pipeline,
        customers: Customers, notes: Notes, consents: Consents, audiences: Audiences, webhooks: Webhooks, operations: any Operations, live: Live,
        definitions: DefinitionBook, clock: Clock, version: String
    ) {
        self.access = access
        self.staff = staff
        self.audit = audit
        self.collector = collector
        self.ledger = ledger
        self.pipeline = pipeline
        self.customers = customers
        self.notes = notes
        self.consents = consents
        self.audiences = audiences
        self.webhooks = webhooks
        self.operations = operations
        self.live = live
        self.definitions = definitions
        self.clock = clock
        self.version = version
    }
}

/// What concerns the installation as a whole: the composition root does it, the API asks for it.
package protocol Operations: Sendable {
    /// Writes a consistent copy of the data into a new folder of the server's machine, and restores it there for a test.
    /// - Parameter folder: nil for one in the folder of the backups that are made by themselves.
    /// - Throws: a ``Problem`` of status 422 when the folder exists or cannot be written, of 409 while another is made.
    func backup(to folder: String?) async throws -> JSON
    /// Begins a backup in a moment, and does not wait for it.
    /// - Throws: a ``Problem`` of status 422 when no folder is set, of 409 while another is made.
    func beginBackup() throws
    /// The backups that are made by themselves, and how it goes with them.
    func backups() async throws -> BackupsOverview
    /// Nil when none are made by themselves.
    var backupFigures: BackupFigures? { get }
    /// Puts a backup in the place of the data, and starts the server again with it. Who was erased and what was revoked since
    /// it was made stays so.
    /// - Parameter keepReplaced: Whether what was there is kept, in the data folder.
    /// - Throws: a ``Problem`` of status 422 when the folder holds no sound backup.
    func restore(from folder: String, keepReplaced: Bool) async throws -> JSON
}
