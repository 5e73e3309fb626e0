import Formula
import Foundation
import GRDB
import Kernel
import Ledger
import Store
import Synchronization
import Timeline

/// Somebody asks for the marks of some selectors, and waits until they are there.
struct SelectorRequest: Sendable {
    var wanted: Set<Selector>
    var done: CheckedContinuation<[Selector: UInt16], any Error>
}

/// Brings the marks of new selectors into the timeline: what comes from now on is marked as it is concluded, what was there before
/// is read from the ledger in the background, and both are one after the next merge. It belongs to the pipeline's thread.
struct Selecting {
    private enum Phase {
        case idle
        case filling(SelectorRequest, [SelectorMatcher.Numbered])
        /// The marks of before are there, and wait for the merge that runs.
        case ready(SelectorRequest, [SelectorMatcher.Numbered], Filling)
        case merging(SelectorRequest, [SelectorMatcher.Numbered])
    }
    private var phase = Phase.idle
    private var waiting: [SelectorRequest] = []
    private(set) var numbers: SelectorNumbers
    var matcher: SelectorMatcher
    /// Selectors whose marks the next merge leaves out.
    private var dropped: Set<UInt16> = []
    private let make: ([SelectorMatcher.Numbered]) -> SelectorMatcher
    private let progress: @Sendable (SelectorProgress?) -> Void

    init(
        _ db: Database, progress: @escaping @Sendable (SelectorProgress?) -> Void,
        matcher make: @escaping ([SelectorMatcher.Numbered]) -> SelectorMatcher
    ) throws {
        numbers = try SelectorNumbers(db)
        matcher = make(numbers.numbered)
        self.make = make
        self.progress = progress
    }

    /// Whether it should be looked at again soon, though nothing arrives.
    var isWaiting: Bool {
        switch phase {
        case .idle, .filling: false
        case .ready, .merging: true
        }
    }

    mutating func ask(_ request: SelectorRequest) { waiting.append(request) }

    /// What was asked is not done, as everything has to be read again.
    mutating func abandon() {
        var all = waiting
        switch phase {
        case .idle: break
        case .filling(let request, _), .ready(let request, _, _), .merging(let request, _): all.append(request)
        }
        for request in all { request.done.resume(throwing: PipelineProblem.behind) }
        waiting = []
        phase = .idle
        progress(nil)
    }

    // MARK: Between two groups

    /// Goes as far as it can now.
    /// - Parameters:
    ///   - position: Everything up to this body is concluded, and nothing behind it.
    ///   - fill: Starts to read what the ledger has of new selectors up to that body.
    ///   - expire: Has marks of selectors left out whose time is over.
    mutating func advance(
        _ store: Store, _ timeline: Timeline, position: Int64, customers: Int, fill: ([SelectorMatcher.Numbered]) -> Void,
        expire: (SelectorNumbers) throws -> Void
    ) throws {
        if case .merging(let request, let new) = phase, !timeline.isMerging {
            if let trouble = timeline.unwritable { throw TimelineProblem.unwritable(trouble) }
            var numbers = numbers
            try store.write { try numbers.finish(new, $0) }
            self.numbers = numbers
            end(request)
        }
        if case .ready(let request, let new, let filling) = phase, !timeline.isMerging {
            // What was taken out of the ledger while it was read must not come back by it.
            try expire(numbers)
            timeline.freeze(body: position, customers: customers, filling: filling, dropped: dropped)
            dropped = []
            phase = .merging(request, new)
        }
        while case .idle = phase, !waiting.isEmpty {
            let request = waiting.removeFirst()
            var numbers = numbers
            var new: [SelectorMatcher.Numbered] = []
            var gone: Set<UInt16> = []
            do {
                try store.write { db in
                    gone = try numbers.drop(except: request.wanted, db)
                    new = try numbers.begin(request.wanted, db)
                }
            } catch let problem as PipelineProblem {
                request.done.resume(throwing: problem)
                continue
            }
            dropped.formUnion(gone)
            self.numbers = numbers
            matcher = make(numbers.numbered)
            if new.isEmpty || position == 0 {
                try store.write { try numbers.finish(new, $0) }
                self.numbers = numbers
                end(request)
            } else {
                phase = .filling(request, new)
                fill(new)
            }
        }
    }

    private mutating func end(_ request: SelectorRequest) {
        phase = .idle
        progress(nil)
        request.done.resume(returning: numbers.filled)
    }

    /// The marks of before are there, or could not be made.
    mutating func filled(_ result: Result<Filling, any Error>, _ store: Store) throws {
        guard case .filling(let request, let new) = phase else { return }
        switch result {
        case .success(let filling): phase = .ready(request, new, filling)
        case .failure(let error):
            var numbers = numbers
            try store.write { try numbers.giveUp(new, $0) }
            self.numbers = numbers
            matcher = make(numbers.numbered)
            phase = .idle
            progress(nil)
            request.done.resume(throwing: error)
        }
    }
}

/// Reads the marks of new selectors from what the ledger has of before.
struct SelectorFill: Sendable {
    let store: Store
    let ledgerPath: String
    let timeline: String
    /// Up to this body.
    let end: Int64
    let number: @Sendable (String) -> UInt16
    let progress: @Sendable (SelectorProgress?) -> Void
    let isStopped: @Sendable () -> Bool

    /// - Throws: ``LedgerProblem``, ``TimelineProblem``, ``PipelineProblem``.
    func run(_ matcher: SelectorMatcher) throws -> Filling {
        var matcher = matcher
        let reader = try LedgerReader(path: ledgerPath)
        let filling = Filling(directory: timeline)
        var at: Int64 = 0
        while at < end {
            if isStopped() { throw PipelineProblem.behind }
            progress(SelectorProgress(done: at, of: end))
            try store.read { db in
                let known = try db.cachedStatement(sql: "SELECT customers FROM concluded WHERE body = ?")
                try reader.bodies(after: at, limit: 96) { id, view in
                    guard id <= end else {
                        at = end
                        return false
                    }
                    at = id
                    guard let blob = try Data.fetchOne(known, arguments: [id]), blob.count == 4 * view.count else { return true }
                    try blob.withUnsafeBytes { try read(id, view, $0, &matcher, filling) }
                    return true
                }
            }
        }
        try filling.finish()
        return filling
    }

    private func read(_ id: Int64, _ view: BodyView, _ blob: UnsafeRawBufferPointer, _ matcher: inout SelectorMatcher, _ filling: Filling) throws {
        for i in 0..<view.count {
            let customer = blob.loadUnaligned(fromByteOffset: 4 * i, as: UInt32.self)
            guard customer & Concluded.duplicate == 0, let record = view[i], record.kind == .interaction else { continue }
            let mark = Core.mark(record, Position(body: id, index: i), number(record.name))
            try matcher.match(record, mark) { try filling.append(customer, $0) }
        }
    }
}
