/// Puts items together into bodies for `POST /v1/import`, and remembers which line each item came from.
///
/// ```swift
/// var bodies = ImportBodies()
/// while let step = try reader.next() {
///     if case .item(let item) = step, let body = bodies.add(item) { post(body) }
/// }
/// if let body = bodies.finish() { post(body) }
/// ```
package struct ImportBodies: Sendable {
    /// A body that is ready to be sent.
    package struct Body: Sendable {
        /// `{"batch":[…]}`.
        package let bytes: [UInt8]
        /// Where each item was read, in the order of the batch: what the server refuses by index can be reported by file and line.
        package let origins: [(file: String, line: Int)]
    }

    /// How large a body may be, in bytes.
    package let limit: Int
    /// How many items it may have.
    package let most: Int
    private var bytes: [UInt8] = []
    private var origins: [(file: String, line: Int)] = []

    private static let head = Array("{\"batch\":[".utf8)
    private static let tail = Array("]}".utf8)

    /// - Parameters:
    ///   - limit: bytes of a body; at least one item always goes into one.
    ///   - most: items of a body.
    package init(limit: Int = 4_000_000, most: Int = 10_000) {
        self.limit = limit
        self.most = most
    }

    /// Adds an item. Gives the body that is full, without this item, if there is one.
    package mutating func add(_ item: ImportItem) -> Body? {
        var full: Body?
        if !origins.isEmpty, origins.count == most || bytes.count + 1 + item.bytes.count + Self.tail.count > limit { full = finish() }
        if origins.isEmpty {
            bytes.reserveCapacity(limit)
            bytes += Self.head
        } else {
            bytes.append(44)
        }
        bytes += item.bytes
        origins.append((item.file, item.line))
        return full
    }

    /// The last body, or nil when there is nothing in it.
    package mutating func finish() -> Body? {
        guard !origins.isEmpty else { return nil }
        defer {
            bytes = []
            origins = []
        }
        return Body(bytes: bytes + Self.tail, origins: origins)
    }
}
