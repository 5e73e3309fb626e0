/// Figures in Prometheus' text format, version 0.0.4
/// (https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format).
///
/// ```swift
/// var out = Exposition()
/// out.family("sightline_queue_bytes", .gauge, "Bytes that wait to be written to the ledger.")
/// out.sample(1024)
/// ```
package struct Exposition: Sendable {
    package enum Kind: String, Sendable { case counter, gauge, histogram }
    package typealias Label = (name: String, value: String)

    package static let type = "text/plain; version=0.0.4; charset=utf-8"

    /// The text so far.
    package private(set) var bytes: [UInt8] = []
    private var family = ""

    package init() {}

    /// Begins a family of samples. Each name once.
    /// - Parameters:
    ///   - name: Letters, digits, `_` and `:`, no digit first.
    ///   - help: One sentence; line feeds and backslashes are escaped.
    package mutating func family(_ name: String, _ kind: Kind, _ help: String) {
        precondition(Self.isName(name), "\(name) is no name of a metric")
        family = name
        bytes += "# HELP \(name) ".utf8
        append(help, escapingQuotes: false)
        bytes += "\n# TYPE \(name) \(kind.rawValue)\n".utf8
    }

    /// A sample of the family begun last.
    /// - Parameters:
    ///   - suffix: `_bucket`, `_sum` or `_count` of a histogram.
    ///   - labels: Names of letters, digits and `_`; values of any text.
    package mutating func sample(_ value: some BinaryInteger, suffix: String = "", labels: [Label] = []) {
        line(String(value), suffix, labels)
    }

    /// A sample that need not be whole.
    package mutating func sample(_ value: Double, suffix: String = "", labels: [Label] = []) { line(Self.text(value), suffix, labels) }

    private mutating func line(_ value: String, _ suffix: String, _ labels: [Label]) {
        bytes += family.utf8
        bytes += suffix.utf8
        for (i, label) in labels.enumerated() {
            precondition(Self.isName(label.name) && !label.name.contains(":"), "\(label.name) is no name of a label")
            bytes += (i == 0 ? "{" : ",").utf8
            bytes += "\(label.name)=\"".utf8
            append(label.value, escapingQuotes: true)
            bytes.append(UInt8(ascii: "\""))
        }
        if !labels.isEmpty { bytes.append(UInt8(ascii: "}")) }
        bytes += " \(value)\n".utf8
    }

    private mutating func append(_ text: String, escapingQuotes: Bool) {
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\\"): bytes += #"\\"#.utf8
            case UInt8(ascii: "\n"): bytes += #"\n"#.utf8
            case UInt8(ascii: "\"") where escapingQuotes: bytes += #"\""#.utf8
            default: bytes.append(byte)
            }
        }
    }

    /// A number as the format writes it: `+Inf` and `NaN` differ from Swift's words.
    static func text(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        return String(value)
    }

    private static func isName(_ text: String) -> Bool {
        guard let first = text.utf8.first, !(48...57).contains(first) else { return false }
        return text.utf8.allSatisfy { byte in
            (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte) || byte == UInt8(ascii: "_")
                || byte == UInt8(ascii: ":")
        }
    }
}
