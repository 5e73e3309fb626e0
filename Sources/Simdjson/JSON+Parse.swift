package import Kernel

extension JSON {
    private static let parsers = JSONParserPool()

    /// The value of a JSON document; for small things, as it copies everything.
    /// - Throws: ``JSONParseError``
    package static func parse(_ bytes: UnsafeRawBufferPointer) throws -> JSON {
        try parsers.borrow { try $0.parse(bytes) { $0.toJSON() } }
    }
    /// ``parse(_:)-(UnsafeRawBufferPointer)`` of an array's bytes.
    package static func parse(_ bytes: [UInt8]) throws -> JSON { try bytes.withUnsafeBytes { try parse($0) } }
}
