import Access
import Kernel
import Synchronization

/// Who is signed in on which browser, as pages need it, and what the next page is to tell them.
final class Sessions: Sendable {
    /// A message for the next page that somebody sees, with what would undo the deed.
    struct Flash: Sendable, Equatable {
        var text: String
        /// Where to post to undo it.
        var undo: String?
        var undoLabel: String = "Undo"
        /// Fields to post with it.
        var fields: [Parameters.Pair] = []
        /// A one-time link that was just made, which the page it belongs to shows this once.
        var link: Link?
    }

    struct Link: Sendable, Equatable {
        var title: String
        var path: String
        var until: Instant
    }

    struct Session: Sendable {
        let id: Int64
        let person: Person
        let principal: Principal
        /// What every form has to bring along.
        let formToken: String
    }

    /// Messages that wait, by session; past so many all are dropped, as they matter little.
    private static let most = 10_000
    private let flashes = Mutex<[Int64: Flash]>([:])
    private let staff: Staff

    init(_ staff: Staff) { self.staff = staff }

    /// The session that a cookie's value leads to, used now; nil when it is over or never was.
    /// - Parameter touching: false for what goes on by itself, as the live stream, which keeps nobody signed in.
    func find(_ cookie: String?, touching: Bool = true) -> Session? {
        guard let cookie, let found = staff.session(cookie, touching: touching) else { return nil }
        return Session(id: found.session.id, person: found.person, principal: Principal(found.person), formToken: Staff.formToken(of: cookie))
    }

    func leave(_ flash: Flash, for session: Session) {
        flashes.withLock { flashes in
            if flashes.count >= Self.most { flashes.removeAll() }
            flashes[session.id] = flash
        }
    }
    /// The link that waits for the page, once; the message stays.
    func takeLink(for session: Session) -> Link? {
        flashes.withLock { flashes in
            defer { flashes[session.id]?.link = nil }
            return flashes[session.id]?.link
        }
    }
    /// The message, once.
    func takeFlash(for session: Session) -> Flash? { flashes.withLock { $0.removeValue(forKey: session.id) } }

    /// Whether two texts are the same, in a time that does not tell where they differ.
    static func equal(_ a: String, _ b: String) -> Bool {
        let x = Array(a.utf8)
        let y = Array(b.utf8)
        guard x.count == y.count else { return false }
        var difference: UInt8 = 0
        for i in x.indices { difference |= x[i] ^ y[i] }
        return difference == 0
    }
}
