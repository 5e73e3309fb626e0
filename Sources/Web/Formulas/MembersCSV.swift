import Audiences
import Customers
import Kernel

/// The members of an audience as CSV, made piece by piece.
actor MembersCSV {
    private let audiences: Audiences
    private let set: String
    private let view: @Sendable (CustomerID) async throws -> CustomerView?
    private var wroteHead = false
    private var place: UInt32?
    private var isOver = false

    /// - Parameter view: A customer as whoever asks gets to see them.
    init(_ audiences: Audiences, set: String, view: @escaping @Sendable (CustomerID) async throws -> CustomerView?) {
        self.audiences = audiences
        self.set = set
        self.view = view
    }

    /// The head first, then some hundred rows each time; nil at the end.
    func next() async throws -> [UInt8]? {
        guard wroteHead else {
            wroteHead = true
            return CSV.line(["customer", "name", "identifier_kind", "identifier", "since", "at_least"])
        }
        guard !isOver else { return nil }
        let found = try audiences.members(of: set, after: place)
        place = found.next
        isOver = found.next == nil
        var out: [UInt8] = []
        for member in found.members {
            guard let view = try await view(member.customer) else { continue }
            let best = Who.best(view.identifiers)
            out += CSV.line([
                CSV.text(view.id.description), CSV.text(view.name ?? ""), CSV.text(best?.kind ?? ""), CSV.text(best?.value ?? ""),
                member.since.at.rfc3339, member.since.isAtLeast ? "true" : "false",
            ])
        }
        return out
    }
}
