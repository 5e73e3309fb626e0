package import Customers
package import Kernel
import Ledger
package import Pipeline
import ServiceLifecycle
import Synchronization

/// Which interactions somebody wants to see as they happen: those that fit all of it.
package struct LiveFilter: Sendable, Equatable {
    /// `web`; nil for any.
    package var channel: String?
    /// `Order Completed`; nil for any.
    package var name: String?
    /// At least this; nil also for those without a value.
    package var leastValue: Double?

    package init(channel: String? = nil, name: String? = nil, leastValue: Double? = nil) {
        self.channel = channel
        self.name = name
        self.leastValue = leastValue
    }

    package static let everything = LiveFilter()

    package func fits(_ item: HistoryItem) -> Bool {
        if let channel, item.channel != channel { return false }
        if let name, item.interaction.name != name { return false }
        if let leastValue { return (item.interaction.value ?? -.infinity) >= leastValue }
        return true
    }
}

/// Hands what was just concluded to whoever watches.
///
/// It asks for the newest interactions only while somebody listens, a few times a second, so that watching costs the
/// pipeline nothing and a flood shows its newest part rather than falling behind.
package final class Live: Service {
    /// Listeners at once.
    package static let most = 200
    /// Interactions shown at a time; of more, the newest.
    package static let batch = 50
    /// Interactions looked at between two looks while somebody wants only some: 16,000 a second. Of more, the newest.
    package static let searched = 4_000
    /// Milliseconds between two looks.
    package static let pause = 250

    /// The newest interactions of the bodies after `after` up to and with `upTo`, at most `limit`, oldest first.
    package typealias Read = @Sendable (_ after: Int64, _ upTo: Int64, _ limit: Int) throws -> [HistoryItem]
    /// A customer's name; nil while it is unknown.
    package typealias Name = @Sendable (CustomerID) throws -> String?

    private let read: Read
    private let name: Name
    private let pipeline: Pipeline
    private let listeners = Mutex<[ObjectIdentifier: Listener]>([:])
    private let isOver = Atomic<Bool>(false)

    package init(_ pipeline: Pipeline, read: @escaping Read, name: @escaping Name) {
        self.pipeline = pipeline
        self.read = read
        self.name = name
    }

    /// How many listen now.
    package var count: Int { listeners.withLock { $0.count } }
    /// True from when the server begins to stop.
    package var hasEnded: Bool { isOver.load(ordering: .acquiring) }

    /// Begins to listen.
    /// - Throws: a 429 problem when ``most`` listen already.
    package func listen(to filter: LiveFilter = .everything) throws -> Listener {
        let listener = Listener(self, filter)
        try listeners.withLock { listeners in
            guard listeners.count < Self.most else { throw Problem.tooManyListeners }
            listeners[ObjectIdentifier(listener)] = listener
        }
        // Who came while the server was stopping would keep it from doing so.
        if isOver.load(ordering: .acquiring) { listener.end() }
        return listener
    }

    /// What happens from now on, for one listener; the oldest are dropped when it falls behind. Ends when the server stops.
    package func stream(of filter: LiveFilter = .everything) throws -> AsyncStream<LiveItem> {
        let listener = try listen(to: filter)
        let (stream, continuation) = AsyncStream.makeStream(of: LiveItem.self, bufferingPolicy: .bufferingNewest(Self.batch))
        let task = Task {
            while let items = await listener.next(atMost: 60) { for item in items { continuation.yield(item) } }
            continuation.finish()
        }
        continuation.onTermination = { _ in
            listener.end()
            task.cancel()
        }
        return stream
    }

    fileprivate func remove(_ listener: Listener) { listeners.withLock { _ = $0.removeValue(forKey: ObjectIdentifier(listener)) } }

    /// Looks for news until the graceful stop, then ends all listeners.
    package func run() async throws {
        try? await cancelWhenGracefulShutdown { try await self.watch() }
        endAll()
    }

    /// Ends all listeners; the server does so when it stops, as it waits for its connections.
    package func endAll() {
        isOver.store(true, ordering: .releasing)
        for listener in listeners.withLock({ Array($0.values) }) { listener.end() }
    }

    private func watch() async throws {
        var seen = pipeline.body
        while true {
            try await Task.sleep(for: .milliseconds(Self.pause))
            let newest = pipeline.body
            let watching = listeners.withLock { Array($0.values) }
            defer { seen = newest }
            guard !watching.isEmpty, newest > seen else { continue }
            // What cannot be read now is not worth ending the watch for; the views say what is wrong.
            let limit = watching.allSatisfy { $0.filter == .everything } ? Self.batch : Self.searched
            guard let items = try? read(seen, newest, limit), !items.isEmpty else { continue }
            show(items, to: watching)
        }
    }

    /// Gives each listener the newest of what fits its filter; names are asked for only of what somebody sees.
    private func show(_ items: [HistoryItem], to watching: [Listener]) {
        var named: [Int: LiveItem] = [:]
        for listener in watching {
            let wanted = items.indices.filter { listener.filter.fits(items[$0]) }.suffix(Self.batch)
            guard !wanted.isEmpty else { continue }
            listener.put(
                wanted.map { at in
                    if let known = named[at] { return known }
                    let item = LiveItem(item: items[at], name: (try? name(items[at].customer)) ?? nil)
                    named[at] = item
                    return item
                })
        }
    }
}

extension Live {
    /// One who watches.
    package final class Listener: Sendable {
        private struct State {
            var items: [LiveItem] = []
            var waiting: CheckedContinuation<Void, Never>?
            var ended = false
        }
        private let state = Mutex(State())
        private let live: Live
        fileprivate let filter: LiveFilter

        fileprivate init(_ live: Live, _ filter: LiveFilter) {
            self.live = live
            self.filter = filter
        }

        fileprivate func put(_ items: [LiveItem]) {
            wake { state in state.items = (state.items + items).suffix(Live.batch) }
        }

        /// Ends it: ``next(atMost:)`` returns nil from now on.
        package func end() {
            live.remove(self)
            wake { $0.ended = true }
        }

        private func wake(_ change: (inout State) -> Void) {
            let waiting = state.withLock { state in
                change(&state)
                defer { state.waiting = nil }
                return state.waiting
            }
            waiting?.resume()
        }

        /// What happened since the last call, oldest first; empty after so many seconds without anything, nil at the end.
        /// For one caller at a time.
        package func next(atMost seconds: Int) async -> [LiveItem]? {
            let alarm = Task {
                try await Task.sleep(for: .seconds(seconds))
                self.wake { _ in }
            }
            defer { alarm.cancel() }
            await withTaskCancellationHandler {
                await withCheckedContinuation { continuation in
                    let ready = state.withLock { state in
                        if state.ended || !state.items.isEmpty { return true }
                        state.waiting = continuation
                        return false
                    }
                    if ready { continuation.resume() }
                }
            } onCancel: {
                end()
            }
            return state.withLock { state in
                if state.ended { return nil }
                defer { state.items = [] }
                return state.items
            }
        }
    }
}
