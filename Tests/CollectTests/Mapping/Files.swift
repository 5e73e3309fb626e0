import Foundation

@testable import Collect

/// A folder of files for one test, gone with it.
final class Files {
    let folder: URL

    init(_ files: [String: String] = [:]) throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "sightline-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        for (name, text) in files { _ = try add(name, Array(text.utf8)) }
    }
    deinit { try? FileManager.default.removeItem(at: folder) }

    func add(_ name: String, _ bytes: [UInt8]) throws -> String {
        let file = folder.appending(path: name)
        try Data(bytes).write(to: file)
        return file.path
    }
    func path(_ name: String) -> String { folder.appending(path: name).path }

    /// What an import of all files of the folder gives.
    func imported(_ yaml: String, itemLimit: Int = 32 * 1024) throws -> Imported {
        try Imported(MappedImport(mapping: Mapping(yaml: yaml, path: "m.yaml"), inputs: [folder.path], itemLimit: itemLimit))
    }
}

/// The fields of all rows of a CSV text, and its faults by line.
func readCSV(_ bytes: [UInt8], separator: UInt8 = 44, encoding: TextEncoding = .utf8) throws -> (
    rows: [[String]], lines: [Int], faults: [Int: CSVFault]
) {
    let files = try Files()
    var reader = try CSVReader(path: files.add("a.csv", bytes), separator: separator, encoding: encoding)
    var row = CSVRow()
    var rows: [[String]] = []
    var lines: [Int] = []
    var faults: [Int: CSVFault] = [:]
    while true {
        switch try reader.next(&row) {
        case .row:
            rows.append((0..<row.count).map { row.text($0) })
            lines.append(row.line)
        case .fault(let fault, let line): faults[line] = fault
        case .end: return (rows, lines, faults)
        }
    }
}

func readCSV(_ text: String) throws -> (rows: [[String]], lines: [Int], faults: [Int: CSVFault]) { try readCSV(Array(text.utf8)) }
