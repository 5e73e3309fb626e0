import Synchronization

/// What the audit log is to say of a request, filled in by whoever handles it.
package final class Trail: Sendable {
    private struct State {
        var subject: String?
        var detail = ""
        var isSilent = false
    }
    private let state = Mutex(State())

    init() {}

    /// To what it was done; unless set, the first parameter of the route's path.
    package var subject: String? {
        get { state.withLock { $0.subject } }
        set { state.withLock { $0.subject = newValue } }
    }
    /// More about it, in a few words, without personal data of customers.
    package var detail: String {
        get { state.withLock { $0.detail } }
        set { state.withLock { $0.detail = newValue } }
    }
    /// Nothing was done after all, as when something was only checked.
    package var isSilent: Bool {
        get { state.withLock { $0.isSilent } }
        set { state.withLock { $0.isSilent = newValue } }
    }
}
