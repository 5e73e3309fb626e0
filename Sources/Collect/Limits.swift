/// How much the tracking API takes. Every limit is a setting with a default and a range.
package struct Limits: Sendable, Equatable {
    /// A limit as a setting: what it is called, what it may be, and what it bounds.
    package struct Setting: Sendable {
        /// `item-bytes`
        package let name: String
        package let range: ClosedRange<Int>
        package let standard: Int
        /// One sentence for help and documentation.
        package let text: String
        package let field: any WritableKeyPath<Limits, Int> & Sendable
    }

    /// Bytes of one item as it was sent.
    package private(set) var item = 32 * 1024
    /// Bytes of a body, unpacked, on every route but `import`.
    package private(set) var body = 500 * 1024
    /// Items of a `batch`.
    package private(set) var batchItems = 2500
    /// Bytes of a body of `import`, unpacked.
    package private(set) var importBody = 4 * 1024 * 1024
    /// Items of an `import`.
    package private(set) var importItems = 25_000
    /// Objects and arrays within each other in one item; the item itself counts 1.
    package private(set) var depth = 32
    /// Members of one object.
    package private(set) var members = 1000
    /// How far an interaction may lie after the moment it was received, in milliseconds: clocks are never quite the same.
    package private(set) var ahead = 300_000

    /// Bytes that a body may grow to when what its batch shares is written to each of its items. Not a setting: it keeps
    /// a small body with a large shared context from filling the memory.
    package static let expanded = 64 * 1024 * 1024

    package static let settings: [Setting] = [
        Setting(
            name: "item-bytes", range: 1024...49_152, standard: 32 * 1024, text: "Bytes of one item as it was sent; also of what a batch shares.",
            field: \.item),
        Setting(name: "batch-bytes", range: 1024...(64 * 1024 * 1024), standard: 500 * 1024, text: "Bytes of a body, unpacked.", field: \.body),
        Setting(name: "batch-items", range: 1...100_000, standard: 2500, text: "Items of a batch.", field: \.batchItems),
        Setting(
            name: "import-bytes", range: 1024...(64 * 1024 * 1024), standard: 4 * 1024 * 1024, text: "Bytes of a body of /v1/import, unpacked.",
            field: \.importBody),
        Setting(name: "import-items", range: 1...100_000, standard: 25_000, text: "Items of an import.", field: \.importItems),
        Setting(name: "item-depth", range: 4...256, standard: 32, text: "Objects and arrays within each other in one item.", field: \.depth),
        Setting(name: "object-members", range: 16...10_000, standard: 1000, text: "Members of one object.", field: \.members),
        Setting(
            name: "ahead-milliseconds", range: 0...86_400_000, standard: 300_000, text: "How far an interaction may lie after it was received.",
            field: \.ahead),
    ]

    /// The defaults.
    package init() {}

    /// The defaults, changed by name.
    ///
    /// - Throws: ``LimitProblem`` for a name that is no limit or a value out of its range.
    package init(_ values: [String: Int]) throws(LimitProblem) {
        self.init()
        for (name, value) in values.sorted(by: { $0.key < $1.key }) {
            guard let setting = Self.settings.first(where: { $0.name == name }) else { throw .unknown(name) }
            guard setting.range.contains(value) else { throw .outOfRange(name: name, value: value, range: setting.range) }
            self[keyPath: setting.field] = value
        }
    }

    /// Bytes of a body, unpacked.
    package func bytes(of route: Route) -> Int { route == .import ? importBody : body }
    /// Items of a body.
    package func items(of route: Route) -> Int { route == .import ? importItems : route == .batch ? batchItems : 1 }
}

/// Why a limit cannot be set. Facts only.
package enum LimitProblem: Error, Equatable, Sendable {
    case unknown(String)
    case outOfRange(name: String, value: Int, range: ClosedRange<Int>)
}
