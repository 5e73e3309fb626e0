import Foundation

/// The report of an import: a CSV file (RFC 4180) of the rows that were refused, left out, or are worth a word.
///
/// It is made with the first such row, so that an import without any leaves none.
final class ImportReport {
    let path: String
    private var file: FileHandle?
    private var waiting = ""
    private(set) var lines = 0

    init(path: String) { self.path = path }

    func add(_ line: ReportLine) throws {
        if file == nil {
            guard FileManager.default.createFile(atPath: path, contents: nil), let made = FileHandle(forWritingAtPath: path) else {
                throw CommandProblem.file(path: path, reason: "the report cannot be written. Name another file with --report.")
            }
            file = made
            waiting = "file,line,kind,message_id,reason\r\n"
        }
        let cells = [line.file, String(line.line), line.kind, line.messageID ?? "", line.reason]
        waiting += cells.map(Self.cell).joined(separator: ",") + "\r\n"
        lines += 1
        if waiting.utf8.count > 1 << 16 { try flush() }
    }

    func close() throws {
        try flush()
        try file?.close()
        file = nil
    }

    private func flush() throws {
        guard let file, !waiting.isEmpty else { return }
        try file.write(contentsOf: Data(waiting.utf8))
        waiting = ""
    }

    /// Quoted when it must be. What a spreadsheet would take for a formula is made text.
    static func cell(_ text: String) -> String {
        let safe = text.first.map { "=+-@\t\r".contains($0) } == true ? "'" + text : text
        guard safe.contains(where: { $0 == "," || $0 == "\"" || $0.isNewline }) else { return safe }
        return "\"" + safe.replacing("\"", with: "\"\"") + "\""
    }
}
