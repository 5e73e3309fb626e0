/// A JSON value, for small things: definitions, traits, answers of the API. Objects keep their order.
package indirect enum JSON: Sendable, Equatable {
    case null
    case bool(Bool)
    case integer(Int64)
    case number(Double)
    case string(String)
    case array([JSON])
    case object([Member])

    package struct Member: Sendable, Equatable {
        package var key: String
        package var value: JSON
        package init(_ key: String, _ value: JSON) {
            self.key = key
            self.value = value
        }
    }

    /// The value of an object's member, or nil.
    package subscript(key: String) -> JSON? {
        guard case .object(let members) = self else { return nil }
        return members.first { $0.key == key }?.value
    }
    package var string: String? { if case .string(let s) = self { s } else { nil } }
    package var array: [JSON]? { if case .array(let a) = self { a } else { nil } }
    package var members: [Member]? { if case .object(let m) = self { m } else { nil } }
    package var integer: Int64? { if case .integer(let i) = self { i } else { nil } }
    package var bool: Bool? { if case .bool(let b) = self { b } else { nil } }
    package var double: Double? {
        switch self {
        case .integer(let i): Double(i)
        case .number(let d): d
        default: nil
        }
    }
    package var isNull: Bool { self == .null }
}

extension JSON: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral, ExpressibleByFloatLiteral,
    ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    package init(stringLiteral value: String) { self = .string(value) }
    package init(integerLiteral value: Int64) { self = .integer(value) }
    package init(booleanLiteral value: Bool) { self = .bool(value) }
    package init(floatLiteral value: Double) { self = .number(value) }
    package init(arrayLiteral elements: JSON...) { self = .array(elements) }
    package init(dictionaryLiteral elements: (String, JSON)...) { self = .object(elements.map { Member($0.0, $0.1) }) }
}

extension JSON {
    /// The text of the value, without spaces.
    package var text: String { String(decoding: bytes, as: UTF8.self) }
    /// The UTF-8 bytes of ``text``.
    package var bytes: [UInt8] {
        var out: [UInt8] = []
        write(to: &out)
        return out
    }

    package func write(to out: inout [UInt8]) {
        switch self {
        case .null: out.append(contentsOf: "null".utf8)
        case .bool(let b): out.append(contentsOf: (b ? "true" : "false").utf8)
        case .integer(let i): JSONText.append(i, to: &out)
        case .number(let d): JSONText.append(d, to: &out)
        case .string(let s): JSONText.append(s, to: &out)
        case .array(let elements):
            out.append(91)
            for (i, e) in elements.enumerated() {
                if i > 0 { out.append(44) }
                e.write(to: &out)
            }
            out.append(93)
        case .object(let members):
            out.append(123)
            for (i, m) in members.enumerated() {
                if i > 0 { out.append(44) }
                JSONText.append(m.key, to: &out)
                out.append(58)
                m.value.write(to: &out)
            }
            out.append(125)
        }
    }
}

/// Appends JSON text to bytes: what hot paths write answers with.
package enum JSONText {
    private static let hex = Array("0123456789abcdef".utf8)

    /// A quoted string, escaped as RFC 8259 section 7 demands and no more.
    @inlinable package static func append(_ text: String, to out: inout [UInt8]) {
        var text = text
        text.withUTF8 { append(UnsafeRawBufferPointer($0), to: &out) }
    }

    /// ``append(_:to:)-(String,_)`` of UTF-8 bytes.
    package static func append(_ text: UnsafeRawBufferPointer, to out: inout [UInt8]) {
        out.append(34)
        var from = 0
        for i in 0..<text.count {
            let c = text[i]
            if c >= 32 && c != 34 && c != 92 { continue }
            if i > from { out.append(contentsOf: text[from..<i]) }
            from = i + 1
            out.append(92)
            switch c {
            case 34, 92: out.append(c)
            case 8: out.append(98)
            case 9: out.append(116)
            case 10: out.append(110)
            case 12: out.append(102)
            case 13: out.append(114)
            default:
                out.append(117)
                out.append(48)
                out.append(48)
                out.append(hex[Int(c >> 4)])
                out.append(hex[Int(c & 15)])
            }
        }
        if from < text.count { out.append(contentsOf: text[from..<text.count]) }
        out.append(34)
    }

    /// A whole number.
    package static func append(_ value: Int64, to out: inout [UInt8]) {
        if value < 0 { out.append(45) }
        append(value.magnitude, to: &out)
    }

    /// A whole number.
    package static func append(_ value: UInt64, to out: inout [UInt8]) {
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 20) { digits in
            var n = value
            var i = 20
            repeat {
                i -= 1
                digits[i] = UInt8(48 + n % 10)
                n /= 10
            } while n > 0
            out.append(contentsOf: digits[i..<20])
        }
    }

    /// The shortest text that reads back as the same number; a whole number below 2^53 without a point. `null` for what JSON cannot say.
    package static func append(_ value: Double, to out: inout [UInt8]) {
        if let whole = Int64(exactly: value), whole.magnitude < 1 << 53 {
            append(whole, to: &out)
        } else if value.isFinite {
            out.append(contentsOf: value.description.utf8)
        } else {
            out.append(contentsOf: "null".utf8)
        }
    }
}

extension JSON {
    /// A number that was worked out, such as a sum of money, the value of a metric or a share: to six decimals at most, and a whole one without
    /// a point. What somebody sent stays as it was sent. Null for what is no number.
    package static func figure(_ value: Double) -> JSON {
        guard value.isFinite else { return .null }
        return Int64(exactly: value.tidy).map { .integer($0) } ?? .number(value.tidy)
    }
}
