/// One row of a CSV file: its fields, unquoted, one behind the other.
package struct CSVRow: Sendable {
    /// The bytes of all fields, without quotes and separators.
    package private(set) var bytes: [UInt8] = []
    private var ends: [Int] = []
    /// The line of the file on which the row begins; the first is 1. A row with line breaks in a field covers several.
    package fileprivate(set) var line = 0

    package init() {}

    /// How many fields the row has.
    package var count: Int { ends.count }

    /// The bytes of field `index`, the first being 0; empty when the row has no such field.
    package subscript(index: Int) -> ArraySlice<UInt8> {
        guard index < ends.count else { return [] }
        return bytes[(index == 0 ? 0 : ends[index - 1])..<ends[index]]
    }

    /// The field as text.
    package func text(_ index: Int) -> String { String(decoding: self[index], as: UTF8.self) }

    /// Adds empty fields until there are `count`.
    mutating func fill(to count: Int) {
        while ends.count < count { ends.append(bytes.count) }
    }

    @inline(__always) fileprivate mutating func clear() {
        bytes.removeAll(keepingCapacity: true)
        ends.removeAll(keepingCapacity: true)
    }
    @inline(__always) fileprivate mutating func append(_ part: UnsafeRawBufferPointer.SubSequence) { bytes.append(contentsOf: part) }
    @inline(__always) fileprivate mutating func endField() { ends.append(bytes.count) }
}

/// Why a row could not be read. The reader goes on behind it.
package enum CSVFault: Error, Sendable, Equatable {
    /// A quote was opened in a field (the first is 1) and never closed.
    case openQuote(field: Int)
    /// Something stands between a closing quote and the next separator.
    case textAfterQuote(field: Int)
    /// The row is longer than the limit, in bytes.
    case tooLong(limit: Int)
    /// A field holds bytes that are no UTF-8.
    case notUTF8(field: Int)
}

/// Reads comma separated values (RFC 4180) from a file, row by row, without holding the file.
///
/// Takes CRLF, LF and, as section 2 allows it in no unquoted field, a carriage return alone as the end of a row; quoted fields with
/// separators, line breaks and doubled quotes in them; and a UTF-8 byte order mark. A quote inside an unquoted field is a letter like
/// any other. Blank lines are passed over. A row that cannot be read is reported and reading goes on with the next *line*, so that a
/// quote that is never closed costs one line and not the file. A row may be 1 MiB long.
///
/// Lines are counted as `grep -n` does, by line feeds, unless the heading ends with a carriage return alone.
package struct CSVReader: ~Copyable {
    /// How long a row may be, in bytes.
    package static let rowLimit = 1 << 20

    /// What a step gave.
    package enum Step: Equatable {
        case row
        /// The row that begins on `line` cannot be read.
        case fault(CSVFault, line: Int)
        case end
    }

    private let file: FileBytes
    private let separator: UInt8
    private var buffer: [UInt8] = []
    private var at = 0
    private var line = 1
    private var ended = false
    /// What ends a line, for counting: LF, or CR in files of old Macintoshes. Zero until the first row was read.
    private var lineEnd: UInt8 = 0
    /// The line that is passed over goes on in what was not read yet.
    private var leaving = false

    /// - Parameters:
    ///   - path: the file.
    ///   - separator: the byte between fields.
    ///   - encoding: how the file's letters are written.
    package init(path: String, separator: UInt8 = 44, encoding: TextEncoding = .utf8) throws(FileProblem) {
        file = try FileBytes(path: path, encoding: encoding)
        self.separator = separator
    }

    /// The size of the file, in bytes.
    package var size: Int { file.size }
    /// Bytes of the file whose rows were given.
    package var consumed: Int { max(0, file.consumed - (buffer.count - at)) }

    /// Reads the next row into `row`, whose memory is used again.
    package mutating func next(_ row: inout CSVRow) throws(FileProblem) -> Step {
        while true {
            if leaving { pass() }
            switch scan(&row) {
            case .more:
                buffer.removeSubrange(0..<at)
                at = 0
                if buffer.count > Self.rowLimit {
                    return leaveLine(.tooLong(limit: Self.rowLimit))
                }
                if try !file.fill(&buffer) { ended = true }
            case .nothing:
                return .end
            case .blank(let end, let breaks):
                at = end
                line += breaks
            case .fault(let fault):
                return leaveLine(fault)
            case .row(let end, let breaks):
                row.line = line
                at = end
                line += breaks
                if let field = Self.firstBroken(row) { return .fault(.notUTF8(field: field + 1), line: row.line) }
                return .row
            }
        }
    }

    private enum Scan {
        case row(end: Int, breaks: Int)
        case blank(end: Int, breaks: Int)
        case fault(CSVFault)
        /// The buffer ends before the row does.
        case more
        case nothing
    }

    /// One row from `at` on. Leaves `at` alone.
    private mutating func scan(_ row: inout CSVRow) -> Scan {
        let (from, ended, separator, counted) = (at, ended, separator, lineEnd)
        row.clear()
        var lineEnd = counted
        let found: Scan = buffer.withUnsafeBytes { bytes in
            let count = bytes.count
            if from == count { return ended ? .nothing : .more }
            var i = from
            var breaks = 0
            while true {
                let field = i
                if i < count, bytes[i] == 34 {
                    i += 1
                    switch Self.quoted(bytes, &i, &breaks, counted, ended, &row) {
                    case .closed: break
                    case .open: return ended ? .fault(.openQuote(field: row.count + 1)) : .more
                    }
                    if i < count, bytes[i] != separator, bytes[i] != 10, bytes[i] != 13 { return .fault(.textAfterQuote(field: row.count + 1)) }
                } else {
                    while i < count, bytes[i] != separator, bytes[i] != 10, bytes[i] != 13 { i += 1 }
                    row.append(bytes[field..<i])
                }
                // What ends the field, and whether a line feed follows a carriage return, may not be read yet.
                if i >= count - 1, !ended, i == count || bytes[i] == 13 { return .more }
                let isBlank = row.count == 0 && i == from
                row.endField()
                if i == count { return isBlank ? .nothing : .row(end: i, breaks: breaks) }
                if bytes[i] == separator {
                    i += 1
                    continue
                }
                let alone = bytes[i] == 13 && (i + 1 == count || bytes[i + 1] != 10)
                if lineEnd == 0, !isBlank { lineEnd = alone ? 13 : 10 }
                i += alone || bytes[i] == 10 ? 1 : 2
                if !alone || lineEnd == 13 { breaks += 1 }
                return isBlank ? .blank(end: i, breaks: breaks) : .row(end: i, breaks: breaks)
            }
        }
        self.lineEnd = lineEnd
        return found
    }

    private enum Quote { case closed, open }

    /// Appends a quoted field, from behind its opening quote to behind its closing one.
    @inline(__always) private static func quoted(
        _ bytes: UnsafeRawBufferPointer, _ i: inout Int, _ breaks: inout Int, _ lineEnd: UInt8, _ ended: Bool, _ row: inout CSVRow
    ) -> Quote {
        let count = bytes.count
        var start = i
        while true {
            while i < count, bytes[i] != 34 {
                if bytes[i] == lineEnd || lineEnd == 0 && bytes[i] == 10 { breaks += 1 }
                i += 1
            }
            // The byte behind the quote decides whether it closes the field.
            if i >= count || (i + 1 == count && !ended) { return .open }
            row.append(bytes[start..<i])
            i += 1
            guard i < count, bytes[i] == 34 else { return .closed }
            start = i
            i += 1
        }
    }

    /// Passes over the line on which the row began.
    private mutating func leaveLine(_ fault: CSVFault) -> Step {
        pass()
        return .fault(fault, line: line - (leaving ? 0 : 1))
    }

    /// Goes behind the next line feed, or to the end of what was read, to go on from there.
    private mutating func pass() {
        let end = lineEnd == 13 ? 13 : 10 as UInt8
        var i = at
        while i < buffer.count, buffer[i] != end { i += 1 }
        leaving = i == buffer.count && !ended
        at = min(i + 1, buffer.count)
        if i < buffer.count || ended { line += 1 }
    }

    /// The first field that is no UTF-8, or nil.
    private static func firstBroken(_ row: CSVRow) -> Int? {
        let plain = row.bytes.withUnsafeBytes { bytes in
            var high: UInt8 = 0
            for byte in bytes { high |= byte }
            return high < 128
        }
        if plain { return nil }
        // Each by itself: a field that ends within a letter must not be completed by the next one.
        return (0..<row.count).first { String(validating: row[$0], as: UTF8.self) == nil }
    }
}
