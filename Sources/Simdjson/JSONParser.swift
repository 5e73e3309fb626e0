import CSimdjson
import Synchronization

/// Why bytes are no document that we take. Facts only; trying again never helps.
package enum JSONParseError: Error, Equatable, Sendable {
    /// Nothing but white space.
    case empty
    /// Nested deeper than the parser's limit.
    case tooDeep(limit: Int)
    /// Not UTF-8.
    case utf8
    /// A string holds a bad escape, half a surrogate pair or a raw control character.
    case string
    /// A number is written wrongly, or is a whole number beyond 64 bits, or overflows a double.
    case number
    /// Any other break of the grammar of RFC 8259.
    case syntax
    /// Longer than the 4 GB that simdjson can index.
    case tooLong
    /// The machine had no memory for it.
    case memory
}

/// Reads JSON by simdjson (Langdale and Lemire 2019, "Parsing Gigabytes of JSON per Second").
///
///     try parser.parse(bytes) { root in root["email"]?.string }
///
/// For one thread at a time: keep one per worker, or borrow one from a ``JSONParserPool``. Its buffers grow to the
/// longest document and stay, so that parsing allocates nothing.
package final class JSONParser {
    /// Objects and arrays within each other that ``init(depth:)`` allows unless told otherwise.
    package static let defaultDepth = 32
    /// Bytes that simdjson may read behind its input.
    package static let padding = sl_json_padding()

    private let parser: OpaquePointer
    /// How deep objects and arrays may lie within each other; a lone object counts 1.
    package let depth: Int
    /// A copy of input that has too little room behind it.
    private var padded: UnsafeMutableRawBufferPointer

    /// - Parameter depth: 1 to 1,000. simdjson does not count an object or array without members at the very bottom;
    ///   ``JSONValueView/flaw(depth:members:)`` does.
    package init(depth: Int = JSONParser.defaultDepth) {
        precondition((1...1000).contains(depth))
        // simdjson refuses on reaching its limit, so its limit is one more than what we allow.
        guard let made = sl_json_new(depth + 1) else { preconditionFailure("no memory for a JSON parser") }
        parser = made
        self.depth = depth
        padded = .init(start: nil, count: 0)
    }

    deinit {
        sl_json_free(parser)
        padded.deallocate()
    }

    /// Bytes of the longest document there is room for.
    package var capacity: Int { max(sl_json_capacity(parser), padded.count) }

    /// Parses a document and hands out its root, which is valid during the call only.
    ///
    /// - Parameter bytes: UTF-8; copied unless it is short of nothing (see ``document(_:readableBehind:)``).
    /// - Throws: ``JSONParseError``, or what `body` throws.
    package func parse<R>(_ bytes: UnsafeRawBufferPointer, _ body: (JSONValueView) throws -> R) throws -> R {
        try body(document(bytes))
    }

    /// ``parse(_:_:)-(UnsafeRawBufferPointer,_)`` of an array's bytes.
    package func parse<R>(_ bytes: [UInt8], _ body: (JSONValueView) throws -> R) throws -> R {
        try bytes.withUnsafeBytes { try parse($0, body) }
    }

    /// Parses a document and returns its root, for hot loops: **valid until this parser parses again or goes away**.
    ///
    /// - Parameter readableBehind: How many bytes behind `bytes` may be read. With ``padding`` or more nothing is copied, and
    ///   `bytes` must stay in place only until the call returns: the document has its own copy of all strings.
    package func document(_ bytes: UnsafeRawBufferPointer, readableBehind: Int = 0) throws(JSONParseError) -> JSONValueView {
        guard bytes.count > 0, let start = bytes.baseAddress else { throw .empty }
        let input = readableBehind >= Self.padding ? start : copy(bytes)
        let made = sl_json_parse(parser, input.assumingMemoryBound(to: UInt8.self), bytes.count)
        guard made.error == 0, let tape = made.tape, let strings = made.strings else { throw fault(made.error) }
        return JSONValueView(tape: tape, strings: strings, index: 1)
    }

    private func copy(_ bytes: UnsafeRawBufferPointer) -> UnsafeRawPointer {
        let wanted = bytes.count + Self.padding
        if padded.count < wanted {
            padded.deallocate()
            padded = .allocate(byteCount: max(wanted + wanted / 2, 4096), alignment: 64)
            // Only once: what lies behind later inputs is old text, which simdjson reads but never interprets.
            padded.initializeMemory(as: UInt8.self, repeating: 32)
        }
        padded.copyMemory(from: bytes)
        return UnsafeRawPointer(padded.baseAddress!)
    }

    private func fault(_ code: Int32) -> JSONParseError {
        switch sl_json_classify(code) {
        case SL_JSON_EMPTY: .empty
        case SL_JSON_DEPTH: .tooDeep(limit: depth)
        case SL_JSON_UTF8: .utf8
        case SL_JSON_STRING: .string
        case SL_JSON_NUMBER: .number
        case SL_JSON_CAPACITY: .tooLong
        case SL_JSON_MEMORY: .memory
        default: .syntax
        }
    }
}

/// A few parsers that threads borrow. A parser whose buffers grew past ``keep`` is not taken back.
package final class JSONParserPool: Sendable {
    /// Proven safe: a parser is in the pool or with one borrower, never both, and the pool's lock lies between two borrowers on
    /// different threads. It is made by its first borrower; a result cannot hold it nor a view into it, since a result is
    /// Sendable and they are not; and that `body` keeps them nowhere else is what ``borrow(_:)`` asks.
    private struct Idle: @unchecked Sendable { var parsers: [JSONParser] = [] }

    private let idle = Mutex(Idle())
    private let depth: Int
    private let most: Int
    private let keep: Int

    /// - Parameters:
    ///   - most: Parsers kept when idle.
    ///   - keep: Bytes of the longest document whose parser is kept.
    package init(depth: Int = JSONParser.defaultDepth, most: Int = 16, keep: Int = 1 << 20) {
        self.depth = depth
        self.most = most
        self.keep = keep
    }

    /// Lends a parser for the call; `body` may keep neither it nor what it reads.
    package func borrow<R: Sendable>(_ body: (JSONParser) throws -> R) rethrows -> R {
        let parser =
            idle.withLock { (idle) -> Idle in
                var one = Idle()
                if let last = idle.parsers.popLast() { one.parsers.append(last) }
                return one
            }.parsers.first ?? JSONParser(depth: depth)
        defer {
            if parser.capacity <= keep {
                let back = Idle(parsers: [parser])
                idle.withLock { [most] idle in
                    if idle.parsers.count < most { idle.parsers.append(contentsOf: back.parsers) }
                }
            }
        }
        return try body(parser)
    }
}
