import Kernel
import Simdjson
import Synchronization

/// What collecting one body needs in memory: parsers and buffers that are used again. For one thread at a time.
struct Workspace: ~Copyable {
    /// Reads the items, one after the other.
    let items: JSONParser
    /// Reads what the batch shares; its values live as long as the body is collected.
    let envelopes: JSONParser
    /// The fields of the item at hand.
    let fields: UnsafeMutablePointer<JSONValueView?>
    /// What the batch's context alone sets them to.
    let shared: UnsafeMutablePointer<JSONValueView?>
    let fieldCount: Int
    var spans: [BodyScanner.Span] = []
    var envelope = Envelope()
    var envelopeText = JSONSink(capacity: 4096)
    /// The properties and the context of the item at hand, as JSON.
    var properties = JSONSink(capacity: 4096)
    var context = JSONSink(capacity: 4096)
    var scratch = JSONSink(capacity: 256)
    var memory = ChannelJudge.Memory()

    init(depth: Int, fieldCount: Int) {
        items = JSONParser(depth: depth)
        envelopes = JSONParser(depth: depth + 1)
        self.fieldCount = fieldCount
        fields = .allocate(capacity: fieldCount)
        fields.initialize(repeating: nil, count: fieldCount)
        shared = .allocate(capacity: fieldCount)
        shared.initialize(repeating: nil, count: fieldCount)
    }

    deinit {
        fields.deallocate()
        shared.deallocate()
    }

    /// Forgets the item before: only what the batch shares is known.
    mutating func reset() { fields.update(from: shared, count: fieldCount) }

    /// Forgets the body before, and lets memory go that an unusually large one took.
    mutating func clear() {
        shared.update(repeating: nil, count: fieldCount)
        envelope = Envelope()
        envelopeText.removeAll()
        properties.removeAll()
        context.removeAll()
        if spans.capacity > 100_000 { spans = [] } else { spans.removeAll(keepingCapacity: true) }
    }
}

/// Workspaces that threads borrow.
final class Workspaces: Sendable {
    private final class Box {
        var workspace: Workspace
        init(_ workspace: consuming Workspace) { self.workspace = workspace }
    }
    /// Proven safe: a box is here or with one borrower, never both, and the lock lies between two borrowers on different threads.
    /// A result cannot hold what lies in it, since a result is Sendable and a workspace and its views are not; and that `body`
    /// keeps them nowhere else is what ``borrow(_:)`` asks.
    private struct Idle: @unchecked Sendable { var boxes: [Box] = [] }

    private let idle = Mutex(Idle())
    private let depth: Int
    private let fieldCount: Int
    /// Kept when idle; more than that many bodies are seldom collected at once.
    private static let most = 16

    init(depth: Int, fieldCount: Int) {
        self.depth = depth
        self.fieldCount = fieldCount
    }

    /// Lends a workspace for the call; `body` may keep neither it nor what it reads.
    func borrow<R: Sendable>(_ body: (inout Workspace) throws(CollectProblem) -> R) throws(CollectProblem) -> R {
        let taken = idle.withLock { idle in Idle(boxes: idle.boxes.popLast().map { [$0] } ?? []) }
        let box = taken.boxes.first ?? Box(Workspace(depth: depth, fieldCount: fieldCount))
        defer {
            box.workspace.clear()
            let back = Idle(boxes: [box])
            idle.withLock { idle in
                if idle.boxes.count < Self.most { idle.boxes += back.boxes }
            }
        }
        return try body(&box.workspace)
    }
}

/// What a batch says for all its items.
struct Envelope {
    var context: JSONValueView?
    var integrations: JSONValueView?
    var sentAt: JSONValueView?
    /// The three as they were sent, with their keys, to be kept with an item that is refused: `,"context":{…},"sentAt":"…"`.
    var asSent: [UInt8] = []
}
