import Access
import Customers
import Kernel
import Ledger
import Notes

extension ConsoleServices {
    /// The same, without what a role does not get to see: every page goes through this, so that none has to think of it.
    func seen(by role: Role) -> ConsoleServices {
        let mask = privacy().mask(for: role)
        if mask.isNone { return self }
        let all = self
        var seen = self
        seen.mask = mask
        seen.view = { try await all.view($0).map { mask($0) } }
        seen.history = { id, filter, cursor, limit in
            let page = try await all.history(id, filter, cursor, limit)
            let secrets = try await all.secrets(of: id, mask)
            return Page(items: page.items.map { mask($0, secrets, kindName: all.kindName) }, next: page.next)
        }
        seen.interaction = { id, position in
            guard let item = try await all.interaction(id, position) else { return nil }
            return mask(item, try await all.secrets(of: id, mask), kindName: all.kindName)
        }
        seen.find = { text, limit, _ in try await all.find(text, limit, mask).map { mask($0) } }
        seen.recent = { try await all.recent($0).map { mask($0) } }
        seen.list = { query, orders, offset, limit in
            var page = try await all.list(query, orders, offset, limit)
            page.rows = page.rows.map { mask($0) }
            return page
        }
        seen.listing = { query, orders in
            let listing = try await all.listing(query, orders)
            return CustomerListing(total: listing.total) { try listing.rows(from: $0.lowerBound).map { mask($0) } }
        }
        seen.merge = { mask(try await all.merge($0, $1, $2, $3)) }
        seen.reviews = { limit in
            var reviews: [Review] = []
            for review in try await all.reviews(limit) {
                reviews.append(mask(review, try await all.secrets(of: review.a, mask) + all.secrets(of: review.b, mask)))
            }
            return reviews
        }
        seen.latest = { filter, limit in
            var items: [LiveItem] = []
            for item in try await all.latest(filter, limit) { items.append(try await all.masked(item, mask)) }
            return items
        }
        seen.live = { try all.live($0, mask) }
        seen.notes = all.notes(mask)
        seen.consents.state = { mask(try await all.consents.state($0), try await all.secrets(of: $0, mask)) }
        seen.sources.reasons = { try await all.sources.reasons($0, $1).map { mask($0) } }
        seen.sources.items = {
            var page = try await all.sources.items($0, $1, $2)
            page.items = page.items.map { mask($0) }
            return page
        }
        seen.sources.item = { try await all.sources.item($0).map { mask($0) } }
        seen.sources.replay = { mask(try await all.sources.replay($0)) }
        return seen
    }

    private func secrets(of id: CustomerID, _ mask: Mask) async throws -> [String] {
        try await view(.id(id)).map { mask.secrets(of: $0) } ?? []
    }

    private func masked(_ item: LiveItem, _ mask: Mask) async throws -> LiveItem {
        mask(item, try await secrets(of: item.item.customer, mask), kindName: kindName)
    }

    private func live(_ filter: LiveFilter, _ mask: Mask) throws -> AsyncStream<LiveItem> {
        let source = try live(filter)
        let (stream, continuation) = AsyncStream.makeStream(of: LiveItem.self, bufferingPolicy: .bufferingNewest(Live.batch))
        let all = self
        let task = Task {
            for await item in source {
                // What cannot be masked is not shown.
                if let shown = try? await all.masked(item, mask) { continuation.yield(shown) }
            }
            continuation.finish()
        }
        continuation.onTermination = { _ in task.cancel() }
        return stream
    }

    private func notes(_ mask: Mask) -> NoteServices {
        let all = self
        let notes = notes
        var seen = notes
        @Sendable func masked(_ note: Note) async throws -> Note { mask(note, try await all.secrets(of: note.customer, mask)) }
        @Sendable func masked(_ found: [Note]) async throws -> [Note] {
            var out: [Note] = []
            for note in found { out.append(try await masked(note)) }
            return out
        }
        seen.on = { try await masked(notes.on($0, $1)) }
        seen.write = { try await masked(notes.write($0, $1, $2, $3)) }
        seen.mentioning = { try await masked(notes.mentioning($0, $1)) }
        return seen
    }
}
