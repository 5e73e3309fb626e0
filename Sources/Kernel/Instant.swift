/// A moment: milliseconds since 1970-01-01T00:00:00Z.
///
/// Storage holds the number, the wire shows RFC 3339. Leap seconds do not exist here, as in POSIX.
package struct Instant: Hashable, Comparable, Sendable {
    package var milliseconds: Int64

    @inlinable package init(milliseconds: Int64) { self.milliseconds = milliseconds }
    @inlinable package static func < (a: Instant, b: Instant) -> Bool { a.milliseconds < b.milliseconds }
    @inlinable package static func + (a: Instant, b: Int64) -> Instant { Instant(milliseconds: a.milliseconds + b) }
    @inlinable package static func - (a: Instant, b: Instant) -> Int64 { a.milliseconds - b.milliseconds }

    /// Whole seconds since 1970, rounded down.
    @inlinable package var seconds: Int64 { milliseconds >= 0 ? milliseconds / 1000 : (milliseconds - 999) / 1000 }
}

extension Instant {
    /// Days since 1970-01-01 of a date of the proleptic Gregorian calendar.
    ///
    /// Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", `days_from_civil`.
    @inlinable package static func days(year: Int, month: Int, day: Int) -> Int {
        let y = month <= 2 ? year - 1 : year
        let era = (y >= 0 ? y : y - 399) / 400
        let yearOfEra = y - era * 400
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }

    /// The date of a number of days since 1970-01-01; the inverse of ``days(year:month:day:)``.
    @inlinable package static func date(days: Int) -> (year: Int, month: Int, day: Int) {
        let z = days + 719_468
        let era = (z >= 0 ? z : z - 146_096) / 146_097
        let dayOfEra = z - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let m = (5 * dayOfYear + 2) / 153
        let month = m < 10 ? m + 3 : m - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * m + 2) / 5 + 1)
    }

    /// Days in a month of the Gregorian calendar.
    @inlinable package static func days(in month: Int, of year: Int) -> Int {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    /// The moment that RFC 3339 text (section 5.6) names, or nil.
    ///
    /// Takes what clients really send: 1 to 9 digits of a second's fraction (digits past the millisecond are dropped),
    /// a space for the `T`, lower case, a missing zone (read as UTC) and a bare date (midnight UTC).
    @inlinable package init?(rfc3339 text: UnsafeRawBufferPointer) {
        let n = text.count
        guard n >= 10, let year = Self.digits(text, 0, 4), let month = Self.digits(text, 5, 2), let day = Self.digits(text, 8, 2),
            text[4] == 45, text[7] == 45, (1...12).contains(month), day >= 1, day <= Self.days(in: month, of: year)
        else { return nil }
        let midnight = Int64(Self.days(year: year, month: month, day: day)) * 86_400_000
        if n == 10 {
            milliseconds = midnight
            return
        }
        guard n >= 19, text[10] | 32 == 116 || text[10] == 32, let hour = Self.digits(text, 11, 2), text[13] == 58,
            let minute = Self.digits(text, 14, 2), text[16] == 58, let second = Self.digits(text, 17, 2),
            hour < 24, minute < 60, second <= 60
        else { return nil }
        var ms = midnight + Int64((hour * 60 + minute) * 60 + second) * 1000
        var i = 19
        if i < n, text[i] == 46 || text[i] == 44 {
            i += 1
            var scale: Int64 = 100
            let first = i
            while i < n, i - first < 9, text[i] >= 48, text[i] <= 57 {
                ms += Int64(text[i] - 48) * scale
                scale /= 10
                i += 1
            }
            if i == first { return nil }
        }
        if i < n {
            if text[i] | 32 == 122 {  // Z
                i += 1
            } else {
                guard text[i] == 43 || text[i] == 45, let h = Self.digits(text, i + 1, 2), h < 24 else { return nil }
                let sign: Int64 = text[i] == 43 ? 1 : -1
                var j = i + 3
                if j < n, text[j] == 58 { j += 1 }
                let m = j < n ? Self.digits(text, j, 2) : 0
                guard let m, m < 60 else { return nil }
                ms -= sign * Int64(h * 60 + m) * 60_000
                i = j < n ? j + 2 : j
            }
        }
        guard i == n else { return nil }
        milliseconds = ms
    }

    /// ``init(rfc3339:)`` of a string.
    package init?(_ text: String) {
        var text = text
        guard let made = text.withUTF8({ Instant(rfc3339: UnsafeRawBufferPointer($0)) }) else { return nil }
        self = made
    }

    @usableFromInline static func digits(_ text: UnsafeRawBufferPointer, _ from: Int, _ count: Int) -> Int? {
        guard from + count <= text.count else { return nil }
        var value = 0
        for i in from..<(from + count) {
            let d = text[i] &- 48
            guard d < 10 else { return nil }
            value = value * 10 + Int(d)
        }
        return value
    }

    /// RFC 3339 in UTC with milliseconds: `2026-11-21T23:59:06.123Z`.
    package var rfc3339: String {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(24)
        append(to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Appends ``rfc3339``. Years outside 0…9999 are clamped, as RFC 3339 cannot say them.
    package func append(to bytes: inout [UInt8]) {
        let clamped = min(max(milliseconds, -62_167_219_200_000), 253_402_300_799_999)
        let days = Int(clamped >= 0 ? clamped / 86_400_000 : (clamped - 86_399_999) / 86_400_000)
        let rest = Int(clamped - Int64(days) * 86_400_000)
        let date = Self.date(days: days)
        func put(_ value: Int, _ digits: Int) {
            var scale = 1
            for _ in 1..<digits { scale *= 10 }
            while scale > 0 {
                bytes.append(UInt8(48 + value / scale % 10))
                scale /= 10
            }
        }
        put(date.year, 4)
        bytes.append(45)
        put(date.month, 2)
        bytes.append(45)
        put(date.day, 2)
        bytes.append(84)
        put(rest / 3_600_000, 2)
        bytes.append(58)
        put(rest / 60_000 % 60, 2)
        bytes.append(58)
        put(rest / 1000 % 60, 2)
        bytes.append(46)
        put(rest % 1000, 3)
        bytes.append(90)
    }
}

extension Instant: Codable, CustomStringConvertible {
    package var description: String { rfc3339 }
    package init(from decoder: any Decoder) throws {
        let text = try decoder.singleValueContainer().decode(String.self)
        guard let made = Instant(text) else {
            throw DecodingError.dataCorrupted(.init(codingPath: decoder.codingPath, debugDescription: "not an RFC 3339 time: \(text)"))
        }
        self = made
    }
    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(rfc3339)
    }
}
