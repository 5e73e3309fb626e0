import CText
import Foundation

extension IdentityRules {
    /// Why a value is not taken as an identifier.
    package enum Refusal: Equatable, Sendable {
        /// The value proves nothing; the pattern that says so.
        case blocked(pattern: String)
        /// The value is none of its kind. What is wrong, to follow the value in a sentence: "has no @".
        case invalid(String)
    }

    /// The most bytes a value may have, in UTF-8, without the white space around it. (An e-mail address: 254, RFC 5321 section 4.5.3.1.3.)
    package static let longestValue = 512
    static let longestAddress = 254

    /// Hands the value, written the one way of its kind, to `use`; or says why it is not taken, and `use` is not called.
    ///
    /// A value that is written so already, in ASCII, is handed on as it lies there: nothing is allocated or copied. What
    /// comes out, put in again, comes out the same.
    /// - Parameters:
    ///   - kind: One of ``kinds``, or ``previous``.
    ///   - value: UTF-8. Anything else is refused.
    package func normalise(_ kind: Kind, _ value: UnsafeRawBufferPointer, _ use: (UnsafeRawBufferPointer) -> Void) -> Refusal? {
        let text = Look.trimmed(value)
        let look = Look(text)
        if look.beyondASCII { return normaliseUnicode(kind, text, use) }
        if let refusal = check(text, look) { return refusal }
        if let pattern = blocked.pattern(blocking: text, of: kind.kind) { return .blocked(pattern: pattern) }
        switch kind.normalise {
        case .trim:
            use(text)
        case .lowercase:
            Look.lowercased(text, look, use)
        case .email:
            if let wrong = Address.problem(of: text) { return .invalid(wrong) }
            Look.lowercased(text, look, use)
        case .phone:
            return normalisePhone(kind, text, use)
        }
        return nil
    }

    /// ``normalise(_:_:_:)`` for what is not hot: a reference as `email:Ann@Example.com` that a person typed.
    package func normalise(_ kind: Kind, _ value: String) -> Result<String, RefusedValue> {
        var value = value
        var found = ""
        let refusal = value.withUTF8 { normalise(kind, UnsafeRawBufferPointer($0)) { found = String(decoding: $0, as: UTF8.self) } }
        return refusal.map { .failure(RefusedValue(refusal: $0)) } ?? .success(found)
    }

    /// A ``Refusal`` as an error.
    package struct RefusedValue: Error, Equatable {
        package let refusal: Refusal
    }

    /// Letters beyond ASCII are rare in identifiers: here a string may be made.
    private func normaliseUnicode(_ kind: Kind, _ value: UnsafeRawBufferPointer, _ use: (UnsafeRawBufferPointer) -> Void) -> Refusal? {
        // Before anything is made of it: what is too long after composing was longer before, three times at most (UAX 15).
        if value.count > 3 * Self.longestValue { return .invalid("has more than \(Self.longestValue) bytes") }
        guard let read = String(validating: value, as: UTF8.self) else { return .invalid("is no UTF-8") }
        var text = Folding.trimmed(read.precomposedStringWithCanonicalMapping)
        if kind.normalise == .phone { text = Folding.ascii(digitsOf: text) }
        if kind.normalise == .lowercase || kind.normalise == .email { text = text.lowercased().precomposedStringWithCanonicalMapping }
        return text.withUTF8 { bytes in
            let text = UnsafeRawBufferPointer(bytes)
            let look = Look(text)
            if let refusal = check(text, look) { return refusal }
            if let pattern = blocked.pattern(blocking: text, of: kind.kind) { return .blocked(pattern: pattern) }
            if kind.normalise == .phone { return normalisePhone(kind, text, use) }
            if kind.normalise == .email, let wrong = Address.problem(of: text) { return .invalid(wrong) }
            use(text)
            return nil
        }
    }

    private func check(_ text: UnsafeRawBufferPointer, _ look: Look) -> Refusal? {
        if text.isEmpty { return .invalid("is empty") }
        if text.count > Self.longestValue { return .invalid("has more than \(Self.longestValue) bytes") }
        if look.control { return .invalid("has a control character in it") }
        return nil
    }

    private func normalisePhone(_ kind: Kind, _ text: UnsafeRawBufferPointer, _ use: (UnsafeRawBufferPointer) -> Void) -> Refusal? {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: 24) { out in
            let count = sl_phone_e164(text.baseAddress?.assumingMemoryBound(to: CChar.self), text.count, country, out.baseAddress, out.count)
            guard count > 0 else { return .invalid("is no phone number, as seen from \(country)") }
            let number = UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(out)[..<count])
            // Once more in its last form: a company blocks its own switchboard as +442079460000, however that was typed.
            if let pattern = blocked.pattern(blocking: number, of: kind.kind) { return .blocked(pattern: pattern) }
            use(number)
            return nil
        }
    }
}

/// What one pass over the bytes of a value tells.
struct Look {
    let beyondASCII: Bool
    let upper: Bool
    /// A control character (U+0000-U+001F, U+007F).
    let control: Bool

    /// Without branches, so that the compiler looks at many bytes at once.
    @inline(__always)
    init(_ text: UnsafeRawBufferPointer) {
        var all: UInt8 = 0
        var uppers: UInt8 = 0
        var controls: UInt8 = 0
        for c in text {
            all |= c
            uppers |= c &- 65 < 26 ? 1 : 0
            controls |= (c < 32 ? 1 : 0) | (c == 127 ? 1 : 0)
        }
        beyondASCII = all >= 128
        upper = uppers != 0
        control = controls != 0
    }

    /// Without the ASCII white space around it.
    @inline(__always)
    static func trimmed(_ text: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
        func blank(_ c: UInt8) -> Bool { c == 32 || c &- 9 < 5 }
        var from = 0
        var to = text.count
        while from < to, blank(text[from]) { from += 1 }
        while to > from, blank(text[to - 1]) { to -= 1 }
        return UnsafeRawBufferPointer(rebasing: text[from..<to])
    }

    /// ASCII in lower case; handed on as it lies there if it is so already.
    @inline(__always)
    static func lowercased(_ text: UnsafeRawBufferPointer, _ look: Look, _ use: (UnsafeRawBufferPointer) -> Void) {
        guard look.upper else { return use(text) }
        withUnsafeTemporaryAllocation(byteCount: text.count, alignment: 1) { copy in
            for i in 0..<text.count { copy[i] = text[i] &- 65 < 26 ? text[i] | 32 : text[i] }
            use(UnsafeRawBufferPointer(copy))
        }
    }
}

/// What an e-mail address must look like. Less than RFC 5321 says: what nobody uses as an address to be known by (quoted
/// names, addresses in brackets) is refused; whether the address exists only a message to it can tell.
enum Address {
    /// What is wrong with an address, or nil. Of a text that is not empty.
    static func problem(of text: UnsafeRawBufferPointer) -> String? {
        guard let at = text.firstIndex(of: 64) else { return "has no @" }
        if text.count > IdentityRules.longestAddress { return "has more than \(IdentityRules.longestAddress) bytes" }
        var before: UInt8 = 46
        for (i, c) in text.enumerated() {
            switch c {
            case 32: return "has a space in it"
            case 34, 40, 41, 44, 58, 59, 60, 62, 91, 92, 93: return "has a \(Character(Unicode.Scalar(c))) in it; write the bare address"
            case 64 where i > at: return "has more than one @"
            case 64 where i == 0: return "has nothing before the @"
            case 64 where i == text.count - 1: return "has nothing after the @"
            case 46 where before == 46 && i > 0: return "has two dots in a row"
            case 46 where before == 46 || before == 64, 64 where before == 46: return "has a dot where a name should be"
            default: before = c
            }
        }
        return before == 46 ? "has a dot where a name should be" : nil
    }
}
