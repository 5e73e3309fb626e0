import FoundationEssentials
package import Kernel
package import Ledger

/// What people decide, as it stands in the ledger between the interactions: replaying the ledger replays it too.
package enum Command: Codable, Sendable, Equatable {
    /// Two customers are one person. `reviewed` when somebody was asked.
    case merge(a: UInt32, b: UInt32, author: String, note: String?, reviewed: Bool? = nil)
    /// A merge was wrong; the two stay apart.
    case undo(merge: Int64, author: String)
    /// Two customers are not one person, says somebody who was asked; nothing joins them.
    case apart(a: UInt32, b: UInt32, author: String)
    /// What somebody who was asked said of two customers is taken back, be it that they are one person or that they are two: as
    /// before, nobody has said anything.
    case reopen(a: UInt32, b: UInt32, author: String)
    /// A person is forgotten.
    case erase(customer: UInt32, author: String)
    /// These were erased in a folder whose place a backup has taken: they are forgotten again where they are in this ledger.
    case eraseAgain(customers: [ErasedCustomer], author: String)
    /// Interactions that stand before the command and happened before a moment are kept no longer: the name of an interaction →
    /// milliseconds since 1970, whole seconds. `rest` holds for every name that is not there; nil for none of them.
    case expire(before: [String: Int64], rest: Int64?, author: String)
    /// Who belongs to a set by its definition, as of when that came into force: of the raw customers in a range exactly these.
    case members(MembersOfSet)
    /// Whoever something that happened long ago made belong somewhere was found, as far as it stands in bodies up to this one.
    case settled(upTo: Int64)
    /// These definitions are in force from here on: kind → YAML. A kind that is not named is as it was; an empty text removes it.
    case define(documents: [String: String], author: String)

    /// The most bytes a command may have as JSON.
    package static let maximum = 60_000

    /// The record's name.
    var name: String {
        switch self {
        case .merge: "merge"
        case .undo: "undo"
        case .apart: "apart"
        case .reopen: "reopen"
        case .erase: "erase"
        case .eraseAgain: "erase-again"
        case .expire: "expire"
        case .members: "members"
        case .settled: "settled"
        case .define: "define"
        }
    }

    /// A batch of this command alone.
    /// - Throws: ``PipelineProblem/commandTooLarge(bytes:)``
    package func batch(at: Instant, key: FingerprintKey, randomness: Randomness) throws -> Batch {
        let bytes = Array(try JSONEncoder().encode(self))
        guard bytes.count <= Self.maximum else { throw PipelineProblem.commandTooLarge(bytes: bytes.count) }
        let id = "cmd_" + Base32.text(randomness.bytes(15))
        var header = RecordHeader(at: at, receivedAt: at, message: key.message(id))
        header.kind = .command
        header.direction = .internal
        var batch = Batch()
        var name = name
        var message = id
        name.withUTF8 { n in message.withUTF8 { m in batch.begin(header, name: UnsafeRawBufferPointer(n), messageID: UnsafeRawBufferPointer(m)) } }
        batch.properties { $0.append(contentsOf: bytes) }
        batch.end()
        return batch
    }

    init(_ record: RecordView) throws {
        self = try JSONDecoder().decode(Command.self, from: Data(record.properties))
    }

    /// Who gave a command, from its properties; nil when they are none of one.
    package static func author(_ properties: UnsafeRawBufferPointer) -> String? {
        switch try? JSONDecoder().decode(Command.self, from: Data(properties)) {
        case .merge(_, _, let author, _, _), .undo(_, let author), .apart(_, _, let author), .reopen(_, _, let author), .erase(_, let author),
            .eraseAgain(_, let author), .expire(_, _, let author), .define(_, let author):
            author
        case .members, .settled, nil: nil
        }
    }

    /// The properties of a merge without what its author noted; nil when they are no merge or note nothing.
    package static func withoutNote(_ properties: UnsafeRawBufferPointer) throws -> [UInt8]? {
        guard case .merge(let a, let b, let author, .some, let reviewed) = try JSONDecoder().decode(Command.self, from: Data(properties)) else {
            return nil
        }
        return Array(try JSONEncoder().encode(Command.merge(a: a, b: b, author: author, note: nil, reviewed: reviewed)))
    }
}

package enum PipelineProblem: Error, Equatable, Sendable {
    case commandTooLarge(bytes: Int)
    /// What was asked stands in the ledger and will hold, but was not concluded in time.
    case behind
    /// Formulas have asked for more different things than there are numbers for, since the folder was made; how many those are.
    case tooManySelectors(Int)
    /// The state says a body was concluded, but not how.
    case missing(body: Int64)
}

/// Which raw customers of a range belong to a set, as a definition gives them: nobody entered or left, they were found.
package struct MembersOfSet: Codable, Sendable, Equatable {
    /// `audience/best_customers`, `lifecycle/Using`.
    package var set: String
    /// What the definition said, so that it is known when it says something else; see `Company.signature(of:)`.
    package var signature: String
    /// The first raw customer of the range, and the one behind the last.
    package var from: UInt32
    package var to: UInt32
    /// Whether the range is the last of its set.
    package var isLast: Bool
    /// The members: each number less the one before it, as LEB128, in Base64.
    private var coded: String

    package init(set: String, signature: String, from: UInt32, to: UInt32, isLast: Bool, members: [UInt32]) {
        self.set = set
        self.signature = signature
        self.from = from
        self.to = to
        self.isLast = isLast
        var bytes: [UInt8] = []
        var before = from
        for member in members {
            var step = member - before
            before = member
            repeat {
                bytes.append(UInt8(step & 0x7f) | (step > 0x7f ? 0x80 : 0))
                step >>= 7
            } while step > 0
        }
        coded = Data(bytes).base64EncodedString()
    }

    /// The most members that surely fit into a command.
    package static let most = 8_000

    /// Ascending, within the range.
    package var members: [UInt32] {
        var all: [UInt32] = []
        var at = UInt64(from)
        var step: UInt64 = 0
        var shift: UInt64 = 0
        for byte in Data(base64Encoded: coded) ?? Data() {
            step |= UInt64(byte & 0x7f) << shift
            shift += 7
            guard byte & 0x80 == 0 else {
                if shift > 35 { return all }
                continue
            }
            at += step
            guard at < UInt64(to) else { return all }
            all.append(UInt32(at))
            step = 0
            shift = 0
        }
        return all
    }
}
