import Kernel

/// One setting of the server: what it is called in flags, environment and file, what it takes, and what it is for.
///
/// A setting is declared once, in ``Known``. `sightline serve --help`, docs/configuration.md and every message about a wrong
/// value come from there.
struct Setting<Value: Sendable>: AnySetting {
    /// `queue-bytes`: the key in the file, `--queue-bytes` and `SIGHTLINE_QUEUE_BYTES`.
    let name: String
    /// What stands for the value in the usage: `BYTES`.
    let placeholder: String
    /// What holds when nobody says anything, as one would write it.
    let standard: String
    /// One or two sentences.
    let summary: String
    let form: Form<Value>
    /// False for what cannot stand in the data folder's own file.
    var inDataFolder = true
    /// True for what holds for a server with all its workspaces; of the rest each workspace has its own.
    var isOfServer = false
    /// Why a server on this machine cannot do with a value, as a sentence; nil when it can. Changes nothing.
    var fault: @Sendable (Value) -> String? = { _ in nil }

    var takes: String { form.takes }
    func value(of text: String) -> (any Sendable)? { form.read(text) }
    func wrong(in text: String) -> [String]? { form.wrong(text) }
    func sound(of text: String) -> (any Sendable)? { form.sound(text) }
    func fault(of value: any Sendable) -> String? { (value as? Value).flatMap(fault) }
}

/// A setting of any type.
protocol AnySetting: Sendable {
    var name: String { get }
    var placeholder: String { get }
    var standard: String { get }
    var summary: String { get }
    /// What a value must look like: `a whole number from 0 to 65535`.
    var takes: String { get }
    var inDataFolder: Bool { get }
    var isOfServer: Bool { get }
    /// The value that text stands for, or nil when it is none.
    func value(of text: String) -> (any Sendable)?
    /// The entries of a list that are none; nil for what is no list of several.
    func wrong(in text: String) -> [String]?
    /// A list without its wrong entries, so that what is wrong about the others is told too; nil for what is no list.
    func sound(of text: String) -> (any Sendable)?
    /// Why a server on this machine cannot do with a value of this setting; nil when it can.
    func fault(of value: any Sendable) -> String?
}

extension AnySetting {
    var flag: String { "--" + name }
    var environment: String { "SIGHTLINE_" + name.uppercased().replacing("-", with: "_") }
}

/// How the values of a setting are written.
struct Form<Value: Sendable>: Sendable {
    let takes: String
    let read: @Sendable (String) -> Value?
    /// See ``AnySetting/wrong(in:)``.
    var wrong: @Sendable (String) -> [String]? = { _ in nil }
    /// See ``AnySetting/sound(of:)``.
    var sound: @Sendable (String) -> Value? = { _ in nil }

    /// Entries apart by commas.
    /// - Parameters:
    ///   - special: A word that stands alone, and the value it means: `none`.
    ///   - each: Reads one entry; nil when it is none.
    ///   - made: Makes a value of the entries.
    static func entries<Entry>(
        takes: String, _ special: (word: String, value: Value), each: @escaping @Sendable (String) -> Entry?,
        made: @escaping @Sendable ([Entry]) -> Value
    ) -> Form {
        @Sendable func words(_ text: String) -> [String] { text.split(separator: ",", omittingEmptySubsequences: false).map(\.trimmed) }
        return Form(takes: takes) { text in
            if text == special.word { return special.value }
            let words = words(text)
            let entries = words.compactMap(each)
            return entries.count == words.count ? made(entries) : nil
        } wrong: { text in
            let words = words(text)
            return words.count > 1 ? words.filter { each($0) == nil } : nil
        } sound: { text in
            made(words(text).compactMap(each))
        }
    }
}

extension Form where Value == String {
    static let text = Form(takes: "some text") { $0.isEmpty ? nil : $0 }
    static let folder = Form(takes: "the path of a folder") { $0.isEmpty ? nil : $0 }
}

extension Form where Value == String? {
    /// Nil for `none`.
    static let folderOrNone = Form(takes: "the path of a folder, or `none`") { $0.isEmpty ? nil : .some($0 == "none" ? nil : $0) }
    /// Nil for `auto`.
    static let folderOrAuto = Form(takes: "the path of a folder, or `auto`") { $0.isEmpty ? nil : .some($0 == "auto" ? nil : $0) }
}

extension Form where Value == String? {
    /// Nil for `none`.
    static let fileOrNone = Form(takes: "the path of a file, or `none`") { $0.isEmpty ? nil : .some($0 == "none" ? nil : $0) }
}

extension Form where Value == [AddressRange] {
    static let ranges = entries(
        takes: "IP addresses and ranges of them (`10.0.0.0/8`, `fd00::/8`), several apart by commas, or `none`", ("none", []),
        each: { AddressRange($0) }, made: { $0 })
}

extension Form where Value == Int {
    static func whole(_ range: ClosedRange<Int>) -> Form {
        Form(takes: "a whole number from \(range.lowerBound) to \(range.upperBound)") { text in
            Int(text).flatMap { range.contains($0) ? $0 : nil }
        }
    }

    /// Bytes. A KB is 1024 bytes.
    static func bytes(_ range: ClosedRange<Int>) -> Form {
        Form(takes: "a size from \(Measure.bytes(range.lowerBound)) to \(Measure.bytes(range.upperBound)), as `32 KB` or `4 MB` (a KB is 1024 bytes)")
        { text in
            Measure.read(text, Measure.byteUnits).flatMap { range.contains($0) ? $0 : nil }
        }
    }

    /// Milliseconds.
    static func duration(_ range: ClosedRange<Int>) -> Form {
        Form(takes: "a time from \(Measure.duration(range.lowerBound)) to \(Measure.duration(range.upperBound)), as `90 s`, `12 h` or `30 days`") {
            text in
            Measure.read(text, Measure.timeUnits).flatMap { range.contains($0) ? $0 : nil }
        }
    }
}

extension Form where Value == [String] {
    /// Words apart by commas; `none` for an empty list.
    static func list(_ each: String, _ check: @escaping @Sendable (String) -> Bool) -> Form {
        entries(takes: "\(each), several apart by commas, or `none`", ("none", []), each: { check($0) ? $0 : nil }, made: { $0 })
    }
}

extension Form where Value: RawRepresentable & CaseIterable, Value.RawValue == String {
    static var choice: Form {
        Form(takes: "one of " + Value.allCases.map(\.rawValue).joined(separator: ", ")) { Value(rawValue: $0) }
    }
}

/// Numbers with units.
enum Measure {
    static let byteUnits = ["": 1, "b": 1, "kb": 1 << 10, "mb": 1 << 20, "gb": 1 << 30]
    static let timeUnits = [
        "ms": 1, "s": 1000, "min": 60_000, "h": 3_600_000, "hour": 3_600_000, "hours": 3_600_000, "d": 86_400_000, "day": 86_400_000,
        "days": 86_400_000,
    ]

    /// A whole number and a unit, as `32 KB`; nil for anything else, and when the product is too large.
    static func read(_ text: String, _ units: [String: Int]) -> Int? {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        let unit = String(text.dropFirst(digits.count)).trimmed.lowercased()
        guard let number = Int(digits), let factor = units[unit] else { return nil }
        let product = number.multipliedReportingOverflow(by: factor)
        return product.overflow ? nil : product.partialValue
    }

    /// The largest unit that leaves a whole number: `32 KB`, `1500 B`.
    static func bytes(_ count: Int) -> String {
        for (name, size) in [("GB", 1 << 30), ("MB", 1 << 20), ("KB", 1 << 10)] where count >= size && count % size == 0 {
            return "\(count / size) \(name)"
        }
        return "\(count) B"
    }

    /// Bytes for people, rounded to three digits: `1.2 MB`.
    static func roundedBytes(_ count: Int) -> String {
        for (name, size) in [("GB", 1 << 30), ("MB", 1 << 20), ("KB", 1 << 10)] where count >= size {
            let tenths = (count * 10 + size / 2) / size
            return tenths >= 1000 || tenths % 10 == 0 ? "\((tenths + 5) / 10) \(name)" : "\(tenths / 10).\(tenths % 10) \(name)"
        }
        return "\(count) B"
    }

    static func duration(_ milliseconds: Int) -> String {
        for (name, size) in [("days", 86_400_000), ("h", 3_600_000), ("min", 60_000), ("s", 1000)]
        where milliseconds >= size && milliseconds % size == 0 {
            return milliseconds == 86_400_000 ? "1 day" : "\(milliseconds / size) \(name)"
        }
        return "\(milliseconds) ms"
    }
}

extension StringProtocol {
    /// Without white space at either end.
    var trimmed: String {
        let from = drop(while: \.isWhitespace)
        return String(from.prefix(upTo: from.lastIndex { !$0.isWhitespace }.map(from.index(after:)) ?? from.startIndex))
    }
}
