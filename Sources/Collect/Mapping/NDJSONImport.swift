/// Reads files of items of the tracking API, one JSON object a line, as they would be sent.
///
/// An item without a `messageId` gets one from the hash of its line, so importing the file again adds nothing; two lines that are the
/// same to the byte are then one interaction. Lines end with LF or CRLF; blank lines are passed over; a line may be 1 MiB long.
package final class NDJSONImport: ImportReader {
    /// How long a line may be, in bytes. What is longer than an item may be is refused with its own reason.
    package static let lineLimit = 1 << 20

    package private(set) var progress = ImportProgress()

    private var files: [FileBytes]
    private let itemLimit: Int
    private var buffer: [UInt8] = []
    private var at = 0
    private var line = 0
    private var ended = false
    private var done = 0
    /// The rest of a line that is too long.
    private var leaving = false

    /// - Parameter itemLimit: how large an item may be, in bytes.
    /// - Throws: ``FileProblem`` when a file cannot be opened.
    package init(files: [String], itemLimit: Int = 32 * 1024) throws {
        self.itemLimit = itemLimit
        self.files = try files.reversed().map { try FileBytes(path: $0) }
        progress.bytesTotal = self.files.reduce(0) { $0 + $1.size }
    }

    /// Whether one of the first lines that are not blank begins as an object does; also when there is no such line.
    ///
    /// A file of another kind has none, whatever it is called. That some lines are broken is for the report to say. Of a pipe
    /// nothing is known: what is read of it once cannot be read again.
    /// - Throws: ``FileProblem`` when the file cannot be read.
    package static func looksRight(_ path: String) throws -> Bool {
        guard !FileBytes.isReadOnce(path) else { return true }
        var start: [UInt8] = []
        _ = try FileBytes(path: path).fill(&start)
        let firsts = start.split(separator: 10).compactMap { line in line.first { $0 > 32 } }.prefix(20)
        return firsts.isEmpty || firsts.contains(0x7B)
    }

    package func next() throws -> ImportStep? {
        while let file = files.last {
            guard let end = buffer[at...].firstIndex(of: 10) else {
                if ended {
                    let rest = at..<buffer.count
                    at = buffer.count
                    let step = rest.isEmpty || leaving ? nil : take(rest, file)
                    finish(file)
                    if let step { return step }
                } else if let step = try more(file) {
                    return step
                }
                continue
            }
            let range = at..<end
            at = end + 1
            if leaving {
                leaving = false
                continue
            }
            if let step = take(range, file) { return step }
        }
        return nil
    }

    private func more(_ file: FileBytes) throws -> ImportStep? {
        buffer.removeSubrange(0..<at)
        at = 0
        progress.bytes = done + file.consumed
        var step: ImportStep?
        if leaving {
            buffer.removeAll(keepingCapacity: true)
        } else if buffer.count > Self.lineLimit {
            leaving = true
            buffer.removeAll(keepingCapacity: true)
            line += 1
            progress.rows += 1
            step = refuse(.lineTooLong(limit: Self.lineLimit), file)
        }
        if try !file.fill(&buffer) { ended = true }
        return step
    }

    private func finish(_ file: FileBytes) {
        done += file.size
        progress.bytes = done
        files.removeLast()
        buffer.removeAll(keepingCapacity: true)
        at = 0
        line = 0
        ended = false
        leaving = false
    }

    private func refuse(_ fault: RowFault, _ file: FileBytes) -> ImportStep {
        progress.refused += 1
        return .notice(ImportNotice(kind: .refused, file: file.path, line: line, event: nil, fault: fault))
    }

    /// What a line gives; nil for a blank one.
    private func take(_ range: Range<Int>, _ file: FileBytes) -> ImportStep? {
        line += 1
        var range = range
        func blank(_ byte: UInt8) -> Bool { byte == 32 || byte == 9 || byte == 13 }
        while let last = range.last, blank(buffer[last]) { range = range.lowerBound..<last }
        while let first = range.first, blank(buffer[first]) { range = (first + 1)..<range.upperBound }
        if range.isEmpty { return nil }
        progress.rows += 1
        do throws(JSONLine.Fault) {
            guard let found = try buffer[range].withUnsafeBytes({ JSONLine.check($0) }).get() else {
                return refuse(.notObject, file)
            }
            var item: [UInt8]
            if found.hasMessageID {
                item = Array(buffer[range])
            } else {
                // First in the object, so that a `messageId` that is null or empty still counts as none: RFC 8259 leaves repeated
                // names open, and Collect takes the first.
                item = Array("{\"messageId\":\"ndjson:".utf8)
                item += KeyHash.hex(buffer[range])
                item.append(34)
                if !found.isEmpty { item.append(44) }
                item += buffer[range].dropFirst()
            }
            guard item.count <= itemLimit else { return refuse(.tooLarge(bytes: item.count, limit: itemLimit), file) }
            progress.items += 1
            return .item(ImportItem(bytes: item, file: file.path, line: line))
        } catch {
            return refuse(.notJSON(error.words, at: error.at), file)
        }
    }
}
