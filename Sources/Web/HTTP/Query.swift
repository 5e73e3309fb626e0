package import Kernel

/// The query of an address: names and values, decoded as HTML forms encode them (`+` is a space).
package struct Query: Sendable, Equatable {
    private var pairs: [(name: String, value: String)] = []

    package init() {}

    /// - Throws: a 400 problem when a percent sign is not followed by two hexadecimal digits, or the bytes are no UTF-8.
    package init(_ text: some StringProtocol) throws {
        for part in text.split(separator: "&") {
            let at = part.firstIndex(of: "=")
            let name = part[..<(at ?? part.endIndex)]
            let value = at.map { part[part.index(after: $0)...] } ?? ""
            guard let n = Percent.decode(name, plusIsSpace: true), let v = Percent.decode(value, plusIsSpace: true) else {
                throw Problem.badRequest("The query of the address is not percent-encoded UTF-8. Encode names and values as HTML forms do.")
            }
            pairs.append((n, v))
        }
    }

    package static func == (a: Query, b: Query) -> Bool { a.pairs.elementsEqual(b.pairs) { $0 == $1 } }

    package var names: [String] { pairs.map(\.name) }
    package var isEmpty: Bool { pairs.isEmpty }

    /// The last value of a name, or nil; an empty value counts as none.
    package func value(_ name: String) -> String? { pairs.last { $0.name == name && !$0.value.isEmpty }?.value }

    /// A name that stands without a value, as `limit=`; nil when there is none among these.
    func emptyName(among names: Set<String>) -> String? { pairs.first { $0.value.isEmpty && names.contains($0.name) }?.name }

    /// A name that is given more than once, though of these each may be given once; nil when there is none.
    func repeatedName(among names: Set<String>) -> String? {
        var seen: Set<String> = []
        return pairs.first { names.contains($0.name) && !seen.insert($0.name).inserted }?.name
    }

    /// All values of a name, which may be repeated.
    package func values(_ name: String) -> [String] { pairs.lazy.filter { $0.name == name && !$0.value.isEmpty }.map(\.value) }

    /// A whole number within a range.
    /// - Throws: a 400 problem that names the range.
    package func integer(_ name: String, in range: ClosedRange<Int64>, default fallback: Int64) throws -> Int64 {
        guard let text = value(name) else { return fallback }
        guard let number = Int64(text), range.contains(number) else {
            throw Problem.badRequest("`\(name)` must be a whole number from \(range.lowerBound) to \(range.upperBound).")
        }
        return number
    }

    /// A moment in RFC 3339.
    /// - Throws: a 400 problem that shows how one is written.
    package func instant(_ name: String) throws -> Instant? {
        guard let text = value(name) else { return nil }
        guard let instant = Instant(text) else {
            throw Problem.badRequest("`\(name)` must be a time in RFC 3339, as 2026-11-21T23:59:06Z or 2026-11-21.")
        }
        return instant
    }
}

/// Percent-encoding (RFC 3986, section 2.1).
package enum Percent {
    /// The text that was encoded, or nil when it is none or no UTF-8.
    package static func decode(_ text: some StringProtocol, plusIsSpace: Bool = false) -> String? {
        let bytes = text.utf8
        guard bytes.contains(where: { $0 == 37 || ($0 == 43 && plusIsSpace) }) else { return String(text) }
        var out: [UInt8] = []
        out.reserveCapacity(bytes.count)
        var i = bytes.makeIterator()
        while let byte = i.next() {
            switch byte {
            case 37:
                guard let high = i.next().flatMap(digit), let low = i.next().flatMap(digit) else { return nil }
                out.append(high << 4 | low)
            case 43 where plusIsSpace: out.append(32)
            default: out.append(byte)
            }
        }
        return String(validating: out, as: UTF8.self)
    }

    private static func digit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 48...57: byte - 48
        case 65...70: byte - 55
        case 97...102: byte - 87
        default: nil
        }
    }
}
