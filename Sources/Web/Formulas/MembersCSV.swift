import Audiences
import Customers
import Kernel
import Synchronization

/// The members of an audience as CSV, made piece by piece.
final class MembersCSV: Sendable {
    private struct State {
        var wroteHead = false
        var place: UInt32?
        var isOver = false
    }
    private let audiences: Audiences
    private let set: String
    private let view: @Sendable (CustomerID) throws -> CustomerView?
    private let state = Mutex(State())

    /// - Parameter view: A customer as whoever asks gets to see them.
    init(_ audiences: Audiences, set: String, view: @escaping @Sendable (CustomerID) throws -> CustomerView?) {
        self.audiences = audiences
        self.set = set
        self.view = view
    }

    /// The head first, then some hundred rows each time; nil at the end.
    func next() throws -> [UInt8]? {
        try state.withLock { state -> [UInt8]? in
            guard state.wroteHead else {
                state.wroteHead = true
                return CSV.line(["customer", "name", "identifier_kind", "identifier", "since"])
            }
            guard !state.isOver else { return nil }
            let found = try audiences.members(of: set, after: state.place)
            state.place = found.next
            state.isOver = found.next == nil
            return try found.members.flatMap { member -> [UInt8] in
                guard let view = try view(member.customer) else { return [] }
                let best = Who.best(view.identifiers)
                return CSV.line([
                    CSV.text(view.id.description), CSV.text(view.name ?? ""), CSV.text(best?.kind ?? ""), CSV.text(best?.value ?? ""),
                    member.since.rfc3339,
                ])
            }
        }
    }
}
