import Foundation
package import Kernel

/// A way to write times, as C's `strptime` has them.
///
/// `%Y` year, `%y` year of two digits (69 to 99 are 19.., as POSIX says), `%m` month, `%b` English month (`Jan` or `January`), `%d` day, `%a` English
/// day of the week (passed over), `%H` hour, `%I` hour of twelve, `%p` AM or PM, `%M` minute, `%S` second, `%f` digits of a second's
/// fraction, `%z` zone (`+0100`, `+01:00`, `Z`), `%%` a percent sign. A space stands for any white space. Numbers may lack leading zeros.
/// Words instead of a format: `iso` (RFC 3339, and what ``Instant/init(rfc3339:)`` takes besides), `seconds` and `milliseconds` since 1970.
package enum TimeFormat: Sendable, Equatable {
    case iso
    case seconds
    case milliseconds
    case pattern([Piece])

    package enum Piece: Sendable, Equatable {
        case letter(UInt8)
        case space
        case part(UInt8)
    }

    private static let parts = Set("YymbdaHIpMSfz".utf8)

    /// The format that text describes, or nil when it has an unknown part.
    package init?(_ text: String) {
        switch text {
        case "iso": self = .iso
        case "seconds": self = .seconds
        case "milliseconds": self = .milliseconds
        default:
            var pieces: [Piece] = []
            var bytes = text.utf8.makeIterator()
            while let byte = bytes.next() {
                switch byte {
                case 37:
                    guard let part = bytes.next() else { return nil }
                    if part == 37 { pieces.append(.letter(37)) } else if Self.parts.contains(part) { pieces.append(.part(part)) } else { return nil }
                case 32: pieces.append(.space)
                default: pieces.append(.letter(byte))
                }
            }
            guard pieces.contains(.part(100)) || pieces.contains(.part(89)) || pieces.contains(.part(121)) else { return nil }
            self = .pattern(pieces)
        }
    }

    /// The moment that `text` names, or nil when it is not in this format. `zone` holds where the text names none.
    package func read(_ text: ArraySlice<UInt8>, zone: Zone) -> Instant? {
        switch self {
        case .iso:
            guard let made = text.withUnsafeBytes({ Instant(rfc3339: $0) }) else { return nil }
            return Self.namesZone(text) ? made : zone.instant(local: made.milliseconds)
        case .seconds, .milliseconds:
            guard let number = Double(String(decoding: text, as: UTF8.self)), number.magnitude < 1e15 else { return nil }
            return Instant(milliseconds: Int64((self == .seconds ? number * 1000 : number).rounded(.down)))
        case .pattern(let pieces):
            var reader = PatternReader(text: text)
            return reader.read(pieces, zone: zone)
        }
    }

    /// Whether RFC 3339 text ends with a zone.
    private static func namesZone(_ text: ArraySlice<UInt8>) -> Bool {
        guard text.count > 10 else { return false }
        return text.dropFirst(11).contains { $0 | 32 == 122 || $0 == 43 || $0 == 45 }
    }
}

/// Reads one text by a pattern.
private struct PatternReader {
    let text: ArraySlice<UInt8>
    var at: Int
    var year = 1970, month = 1, day = 1, hour = 0, minute = 0, second = 0
    var fraction: Int64 = 0
    var afternoon: Bool?
    var twelve = false
    /// Minutes east of Greenwich.
    var offset: Int?

    init(text: ArraySlice<UInt8>) {
        self.text = text
        at = text.startIndex
    }

    mutating func read(_ pieces: [TimeFormat.Piece], zone: Zone) -> Instant? {
        for piece in pieces {
            switch piece {
            case .letter(let letter):
                guard at < text.endIndex, text[at] == letter else { return nil }
                at += 1
            case .space:
                let before = at
                while at < text.endIndex, text[at] == 32 || text[at] == 9 { at += 1 }
                guard at > before else { return nil }
            case .part(let part):
                guard take(part) else { return nil }
            }
        }
        if twelve {
            guard (1...12).contains(hour) else { return nil }
            hour = hour % 12 + (afternoon == true ? 12 : 0)
        }
        guard at == text.endIndex, (1...12).contains(month), day >= 1, day <= Instant.days(in: month, of: year), hour < 24, minute < 60, second <= 60
        else { return nil }
        let days = Int64(Instant.days(year: year, month: month, day: day))
        let local = (days * 1440 + Int64(hour * 60 + minute)) * 60_000 + Int64(second) * 1000 + fraction
        if let offset { return Instant(milliseconds: local - Int64(offset) * 60_000) }
        return zone.instant(local: local)
    }

    private mutating func take(_ part: UInt8) -> Bool {
        switch part {
        case 89:
            guard let made = number(4) else { return false }
            year = made
        case 121, 109, 100, 72, 73, 77, 83:
            guard let made = number(2) else { return false }
            set(part, made)
        case 98:
            let name = word()
            guard let index = Self.months.firstIndex(where: { $0 == name || $0.prefix(3) == name }) else { return false }
            month = index + 1
        case 97: return !word().isEmpty
        case 112:
            let name = word()
            guard name == "am" || name == "pm" else { return false }
            afternoon = name == "pm"
        case 102:
            var scale: Int64 = 100
            let first = at
            while at < text.endIndex, let digit = digit(at) {
                fraction += Int64(digit) * scale
                scale /= 10
                at += 1
            }
            return at > first
        default: return zone()
        }
        return true
    }

    /// Takes a number of two digits.
    private mutating func set(_ part: UInt8, _ made: Int) {
        switch part {
        case 121: year = made + (made < 69 ? 2000 : 1900)
        case 109: month = made
        case 100: day = made
        case 72: hour = made
        case 73:
            hour = made
            twelve = true
        case 77: minute = made
        default: second = made
        }
    }

    private static let months = [
        "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december",
    ]

    private func digit(_ i: Int) -> Int? { text[i] >= 48 && text[i] <= 57 ? Int(text[i] - 48) : nil }

    private mutating func number(_ most: Int) -> Int? {
        let first = at
        var made = 0
        while at < text.endIndex, at - first < most, let digit = digit(at) {
            made = made * 10 + digit
            at += 1
        }
        return at > first ? made : nil
    }

    private mutating func word() -> String {
        let first = at
        while at < text.endIndex, (97...122).contains(text[at] | 32) { at += 1 }
        return String(decoding: text[first..<at], as: UTF8.self).lowercased()
    }

    private mutating func zone() -> Bool {
        guard at < text.endIndex else { return false }
        if text[at] | 32 == 122 {
            at += 1
            offset = 0
            return true
        }
        guard text[at] == 43 || text[at] == 45 else { return false }
        let sign = text[at] == 43 ? 1 : -1
        at += 1
        guard let hours = number(2) else { return false }
        if at < text.endIndex, text[at] == 58 { at += 1 }
        let minutes = number(2) ?? 0
        guard hours < 24, minutes < 60 else { return false }
        offset = sign * (hours * 60 + minutes)
        return true
    }
}

/// A time zone: what the clocks on the wall said.
package struct Zone: Sendable {
    package static let utc = Zone(zone: nil, fixed: 0)

    private let zone: TimeZone?
    /// Milliseconds east of Greenwich, when it never changes.
    private let fixed: Int64

    private init(zone: TimeZone?, fixed: Int64) {
        self.zone = zone
        self.fixed = fixed
    }

    /// A zone by its name in the tz database (`Europe/London`), as `UTC`, or as a fixed offset (`+01:00`). Nil when nothing has that name.
    package init?(_ name: String) {
        if name == "UTC" || name == "Z" {
            self = .utc
        } else if name.hasPrefix("+") || name.hasPrefix("-") {
            guard let noon = Instant("2000-01-01T12:00:00" + name) else { return nil }
            self.init(zone: nil, fixed: 946_728_000_000 - noon.milliseconds)
        } else {
            guard name.contains("/"), let zone = TimeZone(identifier: name) else { return nil }
            self.init(zone: zone, fixed: 0)
        }
    }

    /// The moment at which clocks in this zone showed `local`, milliseconds since 1970 as if the zone were UTC.
    ///
    /// What clocks show twice, in autumn, is taken as the first; what they never show, in spring, as if they had not been changed.
    package func instant(local: Int64) -> Instant {
        guard let zone else { return Instant(milliseconds: local - fixed) }
        func offset(_ utc: Int64) -> Int64 { Int64(zone.secondsFromGMT(for: Date(timeIntervalSince1970: Double(utc) / 1000))) * 1000 }
        let before = offset(local - 86_400_000)
        if offset(local - before) == before { return Instant(milliseconds: local - before) }
        let after = offset(local + 86_400_000)
        return Instant(milliseconds: local - (offset(local - after) == after ? after : before))
    }
}
